"""What all workers share: the data, the clock and the one line of JSON they print."""

import importlib.metadata
import json
import pathlib
import statistics
import sys
import time
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

ROWS, BATCH, HIDDEN, CLASSES, RATE = 60_000, 32, 128, 10, 0.01
_DIGITS = pathlib.Path(__file__).parents[2] / "src" / "headwater" / "keras" / "datasets" / "digits.npz"

Samples = list[float]
Result = tuple[Samples, dict[str, float]]  # seconds, and what proves that the work was done


def digits(rows: int = ROWS) -> tuple[np.ndarray, np.ndarray]:
    """Images as float32 [rows, 28, 28] in 0..1 and labels as int32 [rows], the shipped digits over and over."""
    with np.load(_DIGITS) as file:
        images = np.concatenate([file["x_train"], file["x_test"]])
        labels = np.concatenate([file["y_train"], file["y_test"]])
    times = -(-rows // len(images))
    x = np.tile(images, (times, 1, 1))[:rows].astype("float32") / np.float32(255)
    return x, np.tile(labels, times)[:rows].astype("int32")


def batches(steps: int) -> Iterable[tuple[np.ndarray, np.ndarray]]:
    """The first `steps` batches, images flat: float32 [32, 784], int32 [32]."""
    x, y = digits(steps * BATCH)
    return zip(x.reshape(steps, BATCH, -1), y.reshape(steps, BATCH), strict=True)


def weights() -> list[np.ndarray]:
    """Glorot-uniform kernels and zero biases of 784-128-10, the same for every framework."""
    random = np.random.default_rng(0)
    layers = []
    for n, m in ((784, HIDDEN), (HIDDEN, CLASSES)):
        limit = (6 / (n + m)) ** 0.5
        layers += [random.uniform(-limit, limit, (n, m)).astype("float32"), np.zeros(m, "float32")]
    return layers


def seconds(work: Callable[[], Any]) -> float:
    """Wall time of `work`, which returns when its result is there."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def per_call(call: Callable[[], Any], finish: Callable[[Any], Any], number: int, repeats: int) -> Samples:
    """Seconds per call, once per repeat; `finish` waits for the last result of each repeat."""

    def loop() -> None:
        for _ in range(number - 1):
            call()
        finish(call())

    loop()
    return [seconds(loop) / number for _ in range(repeats)]


def main(tasks: dict[str, Callable[[int], Result]], packages: Iterable[str]) -> None:
    """Run the task named on the command line, `repeats` times, and print the result."""
    task, repeats = sys.argv[1], int(sys.argv[2])
    samples, check = tasks[task](repeats)
    versions = {name: importlib.metadata.version(name) for name in packages}
    print(json.dumps({"seconds": statistics.median(samples), "samples": samples, "check": check, "versions": versions}))

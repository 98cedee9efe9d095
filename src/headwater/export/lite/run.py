"""Runs LiteRT models in LiteRT's own interpreter, and compares."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from headwater.export.lite.runtime import interpreter

SIGNATURE = "serving_default"


def run(model: bytes, inputs: Sequence[Any], threads: int = 1) -> list[Any]:
    """The outputs of a model's signature ``serving_default``, in its order.

    Args:
        model: The content of a ``.tflite`` file.
        inputs: Arrays, in the order of the model's inputs.
        threads: How many threads LiteRT may use.
    """
    runtime = interpreter().Interpreter(model_content=model, num_threads=threads)
    details = runtime.get_input_details()
    if len(details) != len(inputs):
        raise ValueError(f"Expected {len(details)} inputs ({[d['name'] for d in details]}), received {len(inputs)}.")
    arrays = [np.asarray(x) for x in inputs]
    for detail, array in zip(details, arrays, strict=True):
        if array.dtype != detail["dtype"]:
            raise TypeError(f"Input {detail['name']!r}: expected {np.dtype(detail['dtype'])}, received {array.dtype}.")
        if tuple(detail["shape"]) != array.shape:
            runtime.resize_tensor_input(detail["index"], array.shape, strict=True)
    runtime.allocate_tensors()
    for detail, array in zip(details, arrays, strict=True):
        runtime.set_tensor(detail["index"], array)
    runtime.invoke()
    return [runtime.get_tensor(detail["index"]) for detail in runtime.get_output_details()]


def verify(model: bytes, inputs: Sequence[Any], expected: Sequence[Any], tolerance: float = 1e-5) -> float:
    """Runs a model in LiteRT and compares its outputs with those expected.

    Args:
        model: The content of a ``.tflite`` file.
        inputs: Arrays, in the order of the model's inputs.
        expected: The outputs wanted, in order: arrays or tensors.
        tolerance: The largest difference allowed, absolutely and relative to the value expected.

    Returns:
        The largest absolute difference.

    Raises:
        ValueError: If an output differs in shape, dtype or value.
    """
    found = run(model, inputs)
    if len(found) != len(expected):
        raise ValueError(f"Expected {len(expected)} outputs, LiteRT gave {len(found)}.")
    return max(
        (_difference(i, a, np.asarray(b), tolerance) for i, (a, b) in enumerate(zip(found, expected))), default=0.0
    )


def _difference(position: int, found: Any, wanted: Any, tolerance: float) -> float:
    if found.shape != wanted.shape or found.dtype != wanted.dtype:
        given, made = (f"{a.dtype}{list(a.shape)}" for a in (wanted, found))
        raise ValueError(f"Output {position}: expected {given}, LiteRT gave {made}.")
    if not np.allclose(found, wanted, tolerance, tolerance, equal_nan=True):
        gap = _largest_gap(found, wanted)
        raise ValueError(f"Output {position}: LiteRT differs by up to {gap}, more than {tolerance}.")
    return _largest_gap(found, wanted) if found.size else 0.0


def _largest_gap(found: Any, wanted: Any) -> float:
    return float(np.nanmax(np.abs(np.subtract(found, wanted, dtype=np.result_type(found, np.float64)))))

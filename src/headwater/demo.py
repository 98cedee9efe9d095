"""``python -m headwater.demo``: trains on real digits, shows how fast, and says how to look at it."""

from __future__ import annotations

import argparse
import importlib
import importlib.util
import pathlib
import time
from typing import Any

import headwater as tf


def build() -> Any:
    """The model: 784 inputs, 128 hidden units, 10 classes."""
    layers = tf.keras.layers
    inputs = layers.Input(shape=(28, 28, 1))
    hidden = layers.Dense(128, activation="relu")(layers.Flatten()(inputs))
    return tf.keras.models.Model(inputs, layers.Dense(10, activation="softmax")(hidden))


def export_lite(model: Any, path: pathlib.Path) -> bool:
    """Writes the model as ``.tflite`` where the extra `lite` is installed. Returns whether it was written."""
    names = ("headwater.export", "headwater.export.lite", "ai_edge_litert")
    if not all(importlib.util.find_spec(name) for name in names):
        return False
    path.write_bytes(importlib.import_module("headwater.export.lite").convert_keras_model(model))
    return True


def main(arguments: list[str] | None = None) -> float:
    """Trains, evaluates, logs and saves. Returns the accuracy on the test digits."""
    parser = argparse.ArgumentParser(prog="python -m headwater.demo", description=__doc__)
    parser.add_argument("--epochs", type=int, default=10)
    parser.add_argument("--output", type=pathlib.Path, default=pathlib.Path("headwater-demo"), help="where files go")
    options = parser.parse_args(arguments)
    (x_train, y_train), (x_test, y_test) = tf.keras.datasets.digits.load_data()
    x_train, x_test = x_train / 255.0, x_test / 255.0
    print(f"{len(x_train):,} handwritten digits to learn from, {len(x_test):,} to be tested on.\n")
    model = build()
    model.summary()
    model.compile(optimizer="sgd", loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    logs = options.output / "logs" / time.strftime("%Y%m%d-%H%M%S")
    start = time.perf_counter()
    model.fit(
        x_train, y_train, epochs=options.epochs, validation_data=(x_test, y_test),
        callbacks=[tf.keras.callbacks.TensorBoard(logs)],
    )  # fmt: skip
    seconds = time.perf_counter() - start
    _, accuracy = model.evaluate(x_test, y_test, verbose=0)
    model.save(options.output / "digits.keras")
    print(f"\n{accuracy:.1%} of the test digits are recognized, after {seconds:.1f} s (compilation included).")
    print(f"Saved: {options.output / 'digits.keras'}")
    if export_lite(model, options.output / "digits.tflite"):
        print(f"Saved: {options.output / 'digits.tflite'}")
    print(f"Curves and graph: tensorboard --logdir {options.output / 'logs'}")
    return float(accuracy)


if __name__ == "__main__":
    main()

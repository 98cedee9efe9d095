"""10,000 of MNIST's handwritten digits, shipped with the package."""

from __future__ import annotations

import importlib.resources
from typing import Any

import numpy as np

__all__ = ["load_data"]


def load_data() -> tuple[tuple[Any, Any], tuple[Any, Any]]:
    """``(x_train, y_train), (x_test, y_test)``: 9,000 and 1,000 images, uint8 [n, 28, 28], and labels, uint8 [n].

    >>> (x_train, y_train), (x_test, y_test) = tf.keras.datasets.digits.load_data()
    >>> x_train.shape, y_test.shape
    ((9000, 28, 28), (1000,))
    """
    source = importlib.resources.files("headwater.keras.datasets") / "digits.npz"
    with source.open("rb") as stream, np.load(stream) as data:
        return (data["x_train"], data["y_train"]), (data["x_test"], data["y_test"])

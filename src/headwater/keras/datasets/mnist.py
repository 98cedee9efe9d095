"""MNIST: 70,000 handwritten digits (LeCun, Cortes and Burges)."""

from __future__ import annotations

from typing import Any

import numpy as np

from headwater.keras.utils._files import get_file

__all__ = ["load_data"]

_ORIGIN = "https://storage.googleapis.com/tensorflow/tf-keras-datasets/mnist.npz"
_SHA256 = "731c5ac602752760c8e48fbffcf8c3b850d9dc2a2aedcf2cc48468fc17b673d1"


def load_data(path: str = "mnist.npz") -> tuple[tuple[Any, Any], tuple[Any, Any]]:
    """``(x_train, y_train), (x_test, y_test)``: 60,000 and 10,000 images, uint8 [n, 28, 28], and labels, uint8 [n].

    The file is downloaded on first use and kept in ``~/.keras/datasets``.

    Args:
        path: The file's name in the cache.

    Raises:
        OSError: If it is not there and cannot be downloaded; the message says where to put it.
    """
    with np.load(get_file(path, origin=_ORIGIN, file_hash=_SHA256)) as data:
        return (data["x_train"], data["y_train"]), (data["x_test"], data["y_test"])

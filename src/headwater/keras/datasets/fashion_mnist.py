"""Fashion-MNIST: 70,000 pictures of clothes of ten kinds (Zalando SE, MIT licence)."""

from __future__ import annotations

import gzip
from typing import Any

import numpy as np

from headwater.keras.utils._files import get_file

__all__ = ["load_data"]

_ORIGIN = "https://storage.googleapis.com/tensorflow/tf-keras-datasets/"
_FOLDER = "datasets/fashion-mnist"
# How many bytes stand before the values.
_LABELS_HEADER, _IMAGES_HEADER = 8, 16


def load_data() -> tuple[tuple[Any, Any], tuple[Any, Any]]:
    """``(x_train, y_train), (x_test, y_test)``: 60,000 and 10,000 images, uint8 [n, 28, 28], and labels, uint8 [n].

    The labels are 0 T-shirt, 1 trousers, 2 pullover, 3 dress, 4 coat, 5 sandal, 6 shirt, 7 sneaker, 8 bag and 9 boot.
    The files are downloaded on first use and kept in ``~/.keras/datasets/fashion-mnist``.

    Returns:
        Two pairs of arrays.

    Raises:
        OSError: If a file is not there and cannot be downloaded; the message says where to put it.
    """
    return _part("train"), _part("t10k")


def _part(name: str) -> tuple[Any, Any]:
    labels = _values(f"{name}-labels-idx1-ubyte.gz", _LABELS_HEADER)
    images = _values(f"{name}-images-idx3-ubyte.gz", _IMAGES_HEADER)
    return images.reshape(len(labels), 28, 28), labels


def _values(name: str, header: int) -> Any:
    with gzip.open(get_file(name, origin=_ORIGIN + name, cache_subdir=_FOLDER), "rb") as file:
        return np.frombuffer(file.read(), np.uint8, offset=header).copy()

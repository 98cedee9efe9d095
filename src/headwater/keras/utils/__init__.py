"""`keras.utils`: small tools around models."""

from __future__ import annotations

import random
from typing import Any

import numpy as np

from headwater.keras._random import forget_global_generator
from headwater.keras._state import clear_session
from headwater.keras.backend import is_keras_tensor, standardize_dtype
from headwater.keras.callbacks._progress import Progbar
from headwater.keras.saving import (
    CustomObjectScope,
    custom_object_scope,
    deserialize_keras_object,
    get_custom_objects,
    get_registered_name,
    get_registered_object,
    register_keras_serializable,
    serialize_keras_object,
)
from headwater.keras.training._arrays import pack_x_y_sample_weight, unpack_x_y_sample_weight
from headwater.keras.utils._drawing import model_to_dot, plot_model
from headwater.keras.utils._files import get_file
from headwater.keras.utils._padding import pad_sequences
from headwater.keras.utils._pictures import array_to_img, img_to_array, load_img, save_img
from headwater.ops import random as tf_random

__all__ = [
    "CustomObjectScope", "Progbar", "PyDataset", "Sequence", "array_to_img", "clear_session", "custom_object_scope",
    "deserialize_keras_object", "get_custom_objects", "get_file", "get_registered_name", "get_registered_object",
    "img_to_array", "is_keras_tensor", "load_img", "model_to_dot", "normalize", "pack_x_y_sample_weight",
    "pad_sequences", "plot_model", "register_keras_serializable", "save_img", "serialize_keras_object",
    "set_random_seed", "standardize_dtype", "to_categorical", "unpack_x_y_sample_weight",
]  # fmt: skip


def set_random_seed(seed: int) -> None:
    """Seeds Python, NumPy, `tf.random` and `keras.random`: what follows is the same in every run.

    Args:
        seed: An integer from 0 to 2³² - 1.
    """
    if not isinstance(seed, int) or not 0 <= seed < 2**32:
        raise ValueError(f"Expected a seed from 0 to 2**32 - 1, received {seed!r}.")
    random.seed(seed)
    np.random.seed(seed)
    tf_random.set_seed(seed)
    forget_global_generator()


def to_categorical(x: Any, num_classes: int | None = None) -> Any:
    """Class numbers as one-hot rows.

    Args:
        x: Integers from 0, any shape; a last axis of size 1 is dropped.
        num_classes: How many classes; default the largest number plus 1.

    Returns:
        An array of one axis more, float32.

    >>> tf.keras.utils.to_categorical([0, 2])
    array([[1., 0., 0.],
           [0., 0., 1.]], dtype=float32)
    """
    labels = np.asarray(x, dtype=np.int64)
    if labels.ndim > 1 and labels.shape[-1] == 1:
        labels = labels[..., 0]
    count = int(labels.max()) + 1 if num_classes is None else num_classes
    return np.eye(count, dtype=np.float32)[labels]


def normalize(x: Any, axis: int = -1, order: int = 2) -> Any:
    """An array with norms of 1 along `axis`."""
    norms = np.atleast_1d(np.linalg.norm(x, order, axis))
    norms[norms == 0] = 1
    return x / np.expand_dims(norms, axis)


class PyDataset:
    """A source of batches by number: subclasses define ``__getitem__(index)``, and ``__len__`` or ``num_batches``.

    A `num_batches` of None stands for batches without end.

    Args:
        workers: Accepted for compatibility.
        use_multiprocessing: Accepted for compatibility.
        max_queue_size: Accepted for compatibility.
    """

    def __init__(self, workers: int = 1, use_multiprocessing: bool = False, max_queue_size: int = 10) -> None:
        self.workers = workers
        self.use_multiprocessing = use_multiprocessing
        self.max_queue_size = max_queue_size

    @property
    def num_batches(self) -> int | None:
        """How many batches there are; None: without end."""
        if hasattr(self, "__len__"):
            return len(self)
        raise NotImplementedError(f"{type(self).__name__} must define `num_batches` (a property) or __len__().")

    def __getitem__(self, index: int) -> Any:
        raise NotImplementedError(f"{type(self).__name__} must define __getitem__(index).")

    def on_epoch_begin(self) -> None:
        """Called before each epoch."""

    def on_epoch_end(self) -> None:
        """Called after each epoch."""


Sequence = PyDataset

"""What holds for a whole Keras session: floatx, epsilon, data format, and the names given so far."""

from __future__ import annotations

import collections
import re
import threading
from typing import Any

_FLOATS = ("float16", "bfloat16", "float32", "float64")


class _Settings:
    """The settings users change through `keras.config` and `keras.backend`."""

    def __init__(self) -> None:
        self.floatx = "float32"
        self.epsilon = 1e-7
        self.image_data_format = "channels_last"


settings = _Settings()
# What was made for the session as a whole, by what it is for.
session: dict[str, Any] = {}
_names = threading.local()


def floatx() -> str:
    """The default float dtype, a string.

    >>> tf.keras.backend.floatx()
    'float32'
    """
    return settings.floatx


def set_floatx(value: str) -> None:
    """Sets the default float dtype.

    Args:
        value: ``"float16"``, ``"bfloat16"``, ``"float32"`` or ``"float64"``.
    """
    if value not in _FLOATS:
        raise ValueError(f"Unknown `floatx` value: {value}. Expected one of {_FLOATS}.")
    settings.floatx = value


def epsilon() -> float:
    """The small number that keeps logarithms and divisions finite.

    >>> tf.keras.backend.epsilon()
    1e-07
    """
    return settings.epsilon


def set_epsilon(value: float) -> None:
    """Sets the number `epsilon` gives."""
    settings.epsilon = float(value)


def image_data_format() -> str:
    """Where images have their channels: ``"channels_last"`` or ``"channels_first"``."""
    return settings.image_data_format


def set_image_data_format(data_format: str) -> None:
    """Sets the format `image_data_format` gives."""
    settings.image_data_format = data_format_of(data_format)


def data_format_of(value: str | None) -> str:
    """A layer's data format argument, None meaning the session's. Raises ValueError for others."""
    if value is None:
        return settings.image_data_format
    if str(value).lower() not in ("channels_last", "channels_first"):
        raise ValueError(
            "The `data_format` argument must be one of 'channels_first' or 'channels_last'. "
            f"Received: data_format={value!r}."
        )
    return str(value).lower()


def snake_case(name: str) -> str:
    """A class name as layers are named after it: ``BatchNormalization`` becomes ``batch_normalization``."""
    name = re.sub(r"\W+", "", name)
    name = re.sub(r"(.)([A-Z][a-z]+)", r"\1_\2", name)
    return re.sub(r"([a-z])([A-Z])", r"\1_\2", name).lower().lstrip("_")


def _counts() -> dict[str, int]:
    if not hasattr(_names, "counts"):
        _names.counts = collections.defaultdict(int)
    return _names.counts


def auto_name(prefix: str) -> str:
    """`prefix`, numbered from the second use on: ``dense``, ``dense_1``, ..."""
    count = _counts()[prefix]
    _counts()[prefix] += 1
    return prefix if count == 0 else f"{prefix}_{count}"


def get_uid(prefix: str = "") -> int:
    """How often this was called with `prefix`, this call included."""
    _counts()[prefix] += 1
    return _counts()[prefix]


def clear_session(free_memory: bool = True) -> None:
    """Forgets the names given so far, so that the next Dense layer is ``dense`` again, and the generator of seeds.

    Args:
        free_memory: Accepted for compatibility.
    """
    _counts().clear()
    session.clear()

"""Values as text, the way TensorFlow's C++ side writes them: `tf.strings.as_string`, `tf.strings.format`."""

from __future__ import annotations

from typing import Any

import numpy as np

from headwater.core.errors import InvalidArgumentError

_FLAGS = ("", "0", "+", "-", " ")


def number_formatter(dtype: Any, precision: int, scientific: bool, shortest: bool, width: int, fill: str) -> Any:
    """The function that writes one element of `dtype`, by C's printf rules."""
    dtype = np.dtype(dtype)
    if fill not in _FLAGS:
        raise InvalidArgumentError(None, None, f'Fill argument not supported: "{fill}". Expected one of {_FLAGS}.')
    if scientific and shortest:
        raise InvalidArgumentError(None, None, "Cannot select both scientific and shortest notation.")
    if precision >= 0 and dtype.kind in "iub":
        raise InvalidArgumentError(None, None, f"precision not supported for datatype {dtype.name}.")
    flags = f"%{fill}{width if width > -1 else ''}"
    real = f"{flags}{f'.{precision}' if precision > -1 else ''}{'e' if scientific else 'g' if shortest else 'f'}"
    if dtype.kind == "c":
        return lambda value: f"({real % value.real},{real % value.imag})"
    if dtype.kind == "b":
        left = "-" if fill == "-" else ""
        return lambda value: f"%{left}{width if width > -1 else ''}s" % ("true" if value else "false")
    if dtype.kind in "iu":
        return lambda value: f"{flags}d" % value
    return lambda value: real % float(value)


def summarize(array: Any, edge: int) -> str:
    """An array as text: ``[1 2 ... 8 9]``, with `edge` elements at both ends of each dimension (-1: all)."""
    array = np.asarray(array)
    return _element(array[()]) if array.ndim == 0 else _rows(array, edge, 1)


def _rows(array: Any, edge: int, depth: int) -> str:
    size = array.shape[0]
    shown = list(range(size))
    short = edge >= 0 and size > 2 * edge
    if short:
        shown = [*range(edge), *range(size - edge, size)]
    texts = [_element(array[i]) if array.ndim == 1 else _rows(array[i], edge, depth + 1) for i in shown]
    if short:
        texts.insert(edge, "...")
    gap = " " if array.ndim == 1 else "\n" * (array.ndim - 1) + " " * depth
    return "[" + gap.join(texts) + "]"


def _element(value: Any) -> str:
    if isinstance(value, bytes):
        return '"' + value.decode("utf-8", "backslashreplace") + '"'
    if isinstance(value, bool | np.bool_):
        return "1" if value else "0"
    dtype = np.asarray(value).dtype
    if dtype.kind == "c":
        return f"({_float(value.real)},{_float(value.imag)})"
    return str(value) if dtype.kind in "iu" else _float(value)


def _float(value: Any) -> str:
    """As few digits as identify the number, of the two that C++ tries."""
    few, many = (15, 17) if np.asarray(value).dtype == np.float64 else (6, 9)
    text = f"%.{few}g" % float(value)
    same = type(value)(text) == value or value != value
    return text if same else f"%.{many}g" % float(value)

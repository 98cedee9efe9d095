"""Tensors as text, the way `tf.print` and assertions show them."""

from __future__ import annotations

from typing import Any

import numpy as np

# How a string within a text is written: as a C literal, but for letters beyond ASCII.
_ESCAPES = {code: f"\\{code:03o}" for code in (*range(32), 127)}
_ESCAPES |= {ord(c): f"\\{e}" for c, e in zip("\n\r\t\"'\\", "nrt\"'\\", strict=True)}


def tensor_text(value: Any, summarize: int = 3) -> str:
    """The elements of an array in brackets, long dimensions shortened.

    Args:
        value: An array.
        summarize: How many elements at both ends of each dimension are shown; negative: all.
    """
    array = np.asarray(value)
    if array.ndim == 0:
        return element_text(array[()])
    return _nested(array, summarize, 0)


def _nested(array: Any, summarize: int, depth: int) -> str:
    size = array.shape[0]
    if array.ndim == 1:
        parts = [element_text(x) for x in array[_shown(size, summarize)]]
        separator = " "
    else:
        parts = [_nested(array[i], summarize, depth + 1) for i in _shown(size, summarize)]
        separator = "\n" * (array.ndim - 1) + " " * (depth + 1)
    if summarize >= 0 and size > 2 * summarize:
        parts.insert(summarize, "...")
    return f"[{separator.join(parts)}]"


def _shown(size: int, summarize: int) -> list[int]:
    if summarize < 0 or size <= 2 * summarize:
        return list(range(size))
    return [*range(summarize), *range(size - summarize, size)]


def element_text(value: Any) -> str:
    """One element."""
    if isinstance(value, bytes):
        return f'"{value.decode("utf-8", "backslashreplace").translate(_ESCAPES)}"'
    if isinstance(value, np.bool_ | bool):
        return str(int(value))
    if isinstance(value, np.complexfloating):
        return f"({float_text(value.real)},{float_text(value.imag)})"
    kind = np.asarray(value).dtype
    if kind.kind == "f" or kind.name in ("bfloat16", "float8_e4m3fn", "float8_e5m2"):
        return float_text(value)
    return str(value)


def float_text(value: Any) -> str:
    """The shortest of two precisions that gives the same number back; narrow floats count as float32."""
    kind, short, full = (np.float64, 15, 17) if np.asarray(value).dtype == np.float64 else (np.float32, 6, 9)
    number = float(value)
    text = f"{number:.{short}g}"
    return text if kind(text) == kind(number) else f"{number:.{full}g}" if number == number else "nan"

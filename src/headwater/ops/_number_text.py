"""Numbers as text by C's printf rules, for `tf.strings.as_string`."""

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

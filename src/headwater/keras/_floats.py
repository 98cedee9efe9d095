"""What losses, metrics, activations and regularizers compute of: floats."""

from __future__ import annotations

from typing import Any

from headwater.core.tensor import Tensor, convert_to_tensor
from headwater.keras._state import floatx
from headwater.ops import math


def as_float(values: Any, dtype: Any = None) -> Tensor:
    """Values as a tensor of `dtype`; default: their own if it is a float or complex one, else floatx."""
    tensor = convert_to_tensor(values)
    if dtype is None:
        dtype = tensor.dtype if tensor.dtype.is_floating or tensor.dtype.is_complex else floatx()
    return math.cast(tensor, dtype)

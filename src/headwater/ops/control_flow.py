"""Control flow."""

from __future__ import annotations

from headwater.core import autograph
from headwater.ops import array, math

autograph.set_functions(
    cast=math.cast, range=array.range, shape=array.shape, zeros=array.zeros, zeros_like=array.zeros_like
)

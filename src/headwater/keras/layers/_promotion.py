"""The dtype of inputs that a layer joins: Keras promotes where TensorFlow's own ops refuse."""

from __future__ import annotations

import functools
from typing import Any

import jax.numpy as jnp

from headwater.core import dtypes
from headwater.core.dtypes import DType, as_dtype
from headwater.core.tensor import convert_to_tensor
from headwater.ops import math


def with_one_dtype(inputs: Any) -> list[Any]:
    """The inputs as tensors, cast to the dtype that holds them all: floats win over integers, integers over booleans.

    Inputs that have no such dtype (strings) are left as they are.
    """
    tensors = [convert_to_tensor(x) for x in inputs]
    found = {x.dtype for x in tensors}
    if len(found) == 1 or any(not (d.is_floating or d.is_integer or d.is_bool or d.is_complex) for d in found):
        return tensors
    common = functools.reduce(_common, [x.dtype for x in tensors])
    return [math.cast(x, common) for x in tensors]


def _common(a: DType, b: DType) -> DType:
    wide = as_dtype(jnp.promote_types(a.as_numpy_dtype, b.as_numpy_dtype))
    # No integer holds both uint64 and a signed one.
    return dtypes.float32 if wide.is_floating and a.is_integer and b.is_integer else wide

"""How the arguments of public functions become input tensors: conversion, one dtype, allowed dtypes, static values."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Any

import numpy as np

from headwater.core import dtypes
from headwater.core.context import context
from headwater.core.dimensions import size
from headwater.core.dtypes import DType
from headwater.core.errors import InvalidArgumentError
from headwater.core.infer import constant_value
from headwater.core.shapes import TensorShape
from headwater.core.tensor import EagerTensor, Tensor, convert_to_tensor
from headwater.core.variable import Variable

FLOATING = (dtypes.float32, dtypes.float64, dtypes.float16, dtypes.bfloat16)
COMPLEX = (dtypes.complex64, dtypes.complex128)
INTEGER = (
    dtypes.int32, dtypes.int64, dtypes.uint8, dtypes.int8, dtypes.int16, dtypes.uint16, dtypes.uint32, dtypes.uint64,
)  # fmt: skip
INEXACT = FLOATING + COMPLEX
REAL = FLOATING + INTEGER
NUMBER = FLOATING + INTEGER + COMPLEX
BOOL = (dtypes.bool,)
SIGNED = (*INEXACT, dtypes.int32, dtypes.int64, dtypes.int8, dtypes.int16)


def tensor_of(value: Any, op: str, allowed: Sequence[DType], default: DType | None = None) -> Tensor:
    """`value` as a tensor whose dtype is one of `allowed`.

    A NumPy array of another dtype becomes one of `default`, as in TensorFlow; tensors and Python values are never cast.

    Args:
        value: What to convert.
        op: The op, for the message.
        allowed: The dtypes that it takes.
        default: What NumPy arrays of other dtypes become; if only one dtype is allowed, that one.

    Raises:
        InvalidArgumentError: (TypeError while tracing) if the dtype is another.
    """
    x = value if type(value) is EagerTensor else convert_to_tensor(value)
    if x.dtype in allowed:
        return x
    if default is None and len(allowed) == 1:
        default = allowed[0]
    if default is not None and isinstance(value, np.ndarray | np.generic) and value.dtype.kind in "biuf":
        return convert_to_tensor(value.astype(default.as_numpy_dtype))
    raise dtype_error(op, x.dtype, allowed)


def dtype_error(op: str, received: DType, allowed: Sequence[DType]) -> Exception:
    """The error for an input of a dtype that the op does not take."""
    names = ", ".join(dtype.name for dtype in allowed)
    text = (
        f"Value for attr 'T' of {received.name} is not in the list of allowed values: {names} [Op:{op}]. Convert the "
        f"argument with tf.cast(x, tf.{allowed[0].name})."
    )
    return TypeError(text) if context.graph is not None else InvalidArgumentError(None, None, text)


def matched(*values: Any) -> list[Tensor]:
    """Tensors of one dtype: Python values take the dtype of the first tensor, or else of the first value."""
    for value in values:
        if type(value) is not EagerTensor:
            break
    else:
        return list(values)
    hint = next((v.dtype for v in values if isinstance(v, Tensor | Variable)), None)
    tensors: list[Tensor] = []
    for value in values:
        tensors.append(convert_to_tensor(value, dtype_hint=hint))
        hint = hint or tensors[0].dtype
    return tensors


def matched_numbers(op: str, allowed: Sequence[DType], *values: Any) -> list[Tensor]:
    """`matched` tensors whose dtype is one of `allowed`."""
    tensors = matched(*values)
    for x in tensors:
        if x.dtype not in allowed:
            return [tensor_of(value, op, allowed) for value in values]
    return tensors


def integers(value: Any) -> Tensor:
    """A shape, axes or sizes as an integer tensor: int32, unless it is a tensor or array of another integer dtype."""
    if isinstance(value, Tensor):
        return value
    shape = getattr(value, "as_list", None)
    if shape is not None:
        value = shape()
    if isinstance(value, list | tuple) and not value:
        return convert_to_tensor(np.zeros(0, np.int32))
    return convert_to_tensor(value, dtype_hint=dtypes.int32)


def check_shape(name: str, array: Any, wanted: Sequence[Any]) -> None:
    """Raises ValueError, in a kernel, for an array of another shape."""
    if array.shape != tuple(wanted):
        raise ValueError(f"Expected {name} of shape {list(wanted)}, received {list(array.shape)}.")


def broadcasts_to(shape: Sequence[Any], wanted: Sequence[Any]) -> bool:
    """Whether arrays of a shape broadcast to another one that stays as it is."""
    return len(shape) <= len(wanted) and all(n in (1, m) for n, m in zip(shape[::-1], wanted[::-1], strict=False))


def static_value(value: Any) -> Any:
    """The value of a tensor, NumPy or Python value as a NumPy array if it is known while tracing, else None."""
    if not isinstance(value, Tensor):
        return np.asarray(value)
    return constant_value(value)


def static_rank(x: Tensor, function: str) -> int:
    """The rank of `x`. Raises ValueError if it is not known."""
    rank = x.shape.rank
    if rank is None:
        raise ValueError(f"{function} expects a tensor of known rank, received one of unknown shape. Use set_shape.")
    return rank


@functools.lru_cache(maxsize=4096)
def _integer_array(values: Any, dtype: DType) -> Any:
    """int64 instead of int32 where a value needs it: a dimension may be larger than 2**31."""
    array = np.array(values, np.int64)
    large = dtype is dtypes.int32 and array.size and (array.min() < -(2**31) or array.max() >= 2**31)
    return array if large else array.astype(dtype.as_numpy_dtype)


def _integer_constant(values: Any, dtype: DType) -> EagerTensor:
    # A NumPy array in an eager tensor: static inputs are read on the host, so nothing is copied to the device.
    return EagerTensor(_integer_array(values, dtype))


def static_integers(value: Any, dtype: DType = dtypes.int32) -> Tensor:
    """`integers` for an input that ops read on the host (an axis, a shape): arrays of Python values are shared."""
    if isinstance(value, Tensor):
        return value
    if hasattr(value, "as_list"):
        value = value.as_list()
    if type(value) is int or value is True or value is False:
        return _integer_constant(int(value), dtype)
    if type(value) in (list, tuple) and all(type(v) in (int, bool) for v in value):
        return _integer_constant(tuple(value), dtype)
    if isinstance(value, np.ndarray | np.generic) and value.dtype.kind in "iu":
        return _integer_constant(_nested(value.tolist()), dtype if value.dtype != np.int64 else dtypes.int64)
    tensor = integers(value)
    if not tensor.dtype.is_integer:
        raise TypeError(f"Expected integers (a shape, axis or size), received {value!r} of dtype {tensor.dtype.name}.")
    return tensor


def _nested(value: Any) -> Any:
    return tuple([_nested(v) for v in value]) if isinstance(value, list) else value


def one_axis(axis: int, rank: int) -> int:
    """An axis as a non-negative one, in a kernel. Raises ValueError if it is out of range."""
    if not -rank <= axis < rank:
        raise ValueError(f"Expected an axis in [{-rank}, {rank}), received {axis}.")
    return axis % rank


def dimensions(shape: Any) -> list[int]:
    """The sizes that an array holds, in a kernel; a scalar is one dimension."""
    return [size(d) for d in np.ravel(shape)]


def shape_held_by(tensor: Tensor) -> TensorShape:
    """What is known while tracing of the shape whose dimensions a 1-D tensor holds; a scalar is one dimension."""
    probes = getattr(tensor, "probes", None)
    if probes is None:
        value = constant_value(tensor)
        if value is not None:
            return TensorShape(dimensions(value))
        length = tensor.shape.num_elements()
        return TensorShape(None if length is None else [None] * length)
    if any(np.size(p) != np.size(probes[0]) for p in probes):
        return TensorShape(None)
    sizes = zip(*map(dimensions, probes), strict=True)
    return TensorShape([d[0] if len(set(d)) == 1 else None for d in sizes])

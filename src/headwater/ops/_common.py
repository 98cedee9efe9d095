"""What the op modules share: conversions of arguments."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from headwater.core.infer import constant_value
from headwater.core.op import Op
from headwater.core.tensor import EagerTensor, SymbolicTensor, Tensor, convert_to_tensor
from headwater.core.variable import Variable


def convert_pair(x: Any, y: Any) -> tuple[Tensor, Tensor]:
    """Two operands as tensors: a Python value takes the dtype of the other operand where it can."""
    if isinstance(x, Tensor | Variable) or not isinstance(y, Tensor | Variable):
        x = convert_to_tensor(x)
        return x, convert_to_tensor(y, dtype_hint=x.dtype)
    y = convert_to_tensor(y)
    return convert_to_tensor(x, dtype_hint=y.dtype), y


def convert_same(*values: Any) -> list[Tensor]:
    """Operands as tensors, Python values in the dtype of the first that is a tensor."""
    hint = next((v.dtype for v in values if isinstance(v, Tensor | Variable)), None)
    return [convert_to_tensor(v, dtype_hint=hint) for v in values]


def unary(op: Op) -> Callable[..., Any]:
    """``f(x, name=None)`` that calls `op`."""

    def function(x: Any, name: str | None = None) -> Any:
        return op(x if type(x) is EagerTensor else convert_to_tensor(x), name=name)

    return function


def binary(op: Op) -> Callable[..., Any]:
    """``f(x, y, name=None)`` that calls `op`."""

    def function(x: Any, y: Any, name: str | None = None) -> Any:
        if type(x) is not EagerTensor or type(y) is not EagerTensor:
            x, y = convert_pair(x, y)
        return op(x, y, name=name)

    return function


def as_shape_tensor(shape: Any) -> Tensor:
    """A shape argument (list, TensorShape, tensor, or list with scalar tensors in it) as an integer vector."""
    if hasattr(shape, "as_list") and not isinstance(shape, Tensor):
        shape = shape.as_list()
    if isinstance(shape, list | tuple) and not any(isinstance(s, Tensor | Variable) for s in shape):
        if any(s is None for s in shape):
            raise ValueError(f"Expected known dimensions, received {shape}. Use tf.shape(x) for what varies, or -1.")
        return convert_to_tensor(np.asarray([int(s) for s in shape], np.int32))
    tensor = convert_to_tensor(shape)
    return convert_to_tensor(np.zeros([0], np.int32)) if tensor.shape == (0,) else tensor


def axes(axis: Any) -> tuple[int, ...] | None:
    """An axis argument (None, integer, list that may hold tensors, or tensor) as a hashable attribute."""
    if axis is None:
        return None
    if type(axis) is int:
        return (axis,)
    if isinstance(axis, list | tuple):
        return tuple([single_axis(a) for a in axis])
    return tuple(_known_axes(axis).tolist())


def _known_axes(axis: Any) -> Any:
    """The axes as a NumPy vector of integers."""
    value = constant_value(axis) if isinstance(axis, SymbolicTensor) else np.asarray(axis)
    if value is None:
        raise ValueError("Expected an axis that is known while tracing, received a computed tensor. Use a Python int.")
    if value.size and value.dtype.kind not in "iub":
        raise TypeError(f"Expected an integer axis, received {axis!r} of dtype {value.dtype}.")
    return value.reshape(-1).astype(np.int64)


def single_axis(axis: Any) -> int:
    """A scalar axis argument as a Python integer."""
    if type(axis) is int:
        return axis
    found = axes(axis)
    if found is None or len(found) != 1:
        raise ValueError(f"Expected one axis, received {axis!r}.")
    return found[0]

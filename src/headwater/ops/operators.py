"""Python's operators on tensors and variables: each is one op call."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from headwater.core import dtypes
from headwater.core.context import context
from headwater.core.dtypes import DType
from headwater.core.engine_errors import reraise_foreign
from headwater.core.op import Op
from headwater.core.tensor import EagerTensor, Tensor, convert_to_tensor
from headwater.core.variable import Variable
from headwater.ops import array, linalg, math
from headwater.ops._common import convert_pair
from headwater.ops._inputs import BOOL, NUMBER, REAL, matched_numbers

Operator = Callable[[Any, Any], Any]


def _forward(op: Op, allowed: Sequence[DType], otherwise: Operator | None = None) -> Operator:
    """`op` on inputs of an allowed dtype; `otherwise` is called for what is not eager, plain and allowed."""
    programs = op._jitted  # there from the op's first call on
    arrays = frozenset(np.dtype(dtype.as_numpy_dtype) for dtype in allowed)

    def operator(x: Any, y: Any) -> Any:
        if type(x) is not EagerTensor or type(y) is not EagerTensor:
            x, y = convert_pair(x, y)
        elif context.plain and (dtype := x._array.dtype) is y._array.dtype and dtype in arrays:
            try:  # contextlib.suppress would cost as much as the rest
                return EagerTensor(programs[()](x._array, y._array))
            except Exception as error:  # the first call, strings, several devices, errors: the op knows what to do
                reraise_foreign(error)
        return otherwise(x, y) if otherwise else op(*matched_numbers(op.name, allowed, x, y))

    return operator


def _reflected(function: Operator) -> Operator:
    return lambda x, y: function(y, x)


def _logical_or_bitwise(logical: Op, bitwise: Op) -> Operator:
    def operator(x: Any, y: Any) -> Any:
        x, y = convert_pair(x, y)
        return (logical if x.dtype is dtypes.bool else bitwise)(x, y)

    return operator


def _equality(op: Op) -> Operator:
    def operator(x: Any, y: Any) -> Any:
        if y is None:
            return op is math.NOT_EQUAL
        try:
            a, b = convert_pair(x, y)
        except (TypeError, ValueError):
            return op is math.NOT_EQUAL
        if a.dtype is not b.dtype:
            return op is math.NOT_EQUAL
        return op(a, b) if _may_broadcast(a, b) else convert_to_tensor(op is math.NOT_EQUAL)

    return operator


def _may_broadcast(a: Tensor, b: Tensor) -> bool:
    x, y = a.shape, b.shape
    if x.rank is None or y.rank is None:
        return True
    pairs = zip(reversed(x.as_list()), reversed(y.as_list()), strict=False)
    return all(m == n or m in (1, None) or n in (1, None) for m, n in pairs)


def _invert(x: Any) -> Any:
    return math.logical_not(x) if x.dtype is dtypes.bool else math.INVERT(convert_to_tensor(x))


_BINARY: dict[str, Operator] = {
    "add": _forward(math.ADD, NUMBER, math.add),
    "sub": _forward(math.SUB, NUMBER),
    "mul": _forward(math.MUL, NUMBER + BOOL),
    "truediv": math.divide,
    "floordiv": _forward(math.FLOOR_DIV, REAL),
    "mod": _forward(math.FLOOR_MOD, REAL),
    "pow": _forward(math.POW, NUMBER),
    "matmul": linalg.matmul,
    "and": _logical_or_bitwise(math.LOGICAL_AND, math.BITWISE_AND),
    "or": _logical_or_bitwise(math.LOGICAL_OR, math.BITWISE_OR),
    "xor": _logical_or_bitwise(math.NOT_EQUAL, math.BITWISE_XOR),
}
_COMPARISONS: dict[str, Operator] = {
    "lt": _forward(math.LESS, REAL),
    "le": _forward(math.LESS_EQUAL, REAL),
    "gt": _forward(math.GREATER, REAL),
    "ge": _forward(math.GREATER_EQUAL, REAL),
    "eq": _equality(math.EQUAL),
    "ne": _equality(math.NOT_EQUAL),
}


def install(cls: Any) -> None:
    """Gives a class the operators of tensors."""
    hash_method = cls.__hash__
    for name, function in _BINARY.items():
        setattr(cls, f"__{name}__", function)
        setattr(cls, f"__r{name}__", _reflected(function))
    for name, function in _COMPARISONS.items():
        setattr(cls, f"__{name}__", function)
    cls.__neg__ = lambda x: math.negative(x)
    cls.__abs__ = lambda x: math.abs(x)
    cls.__pos__ = lambda x: convert_to_tensor(x)
    cls.__invert__ = _invert
    cls.__getitem__ = array.slice_variable if cls is Variable else array.slice_tensor
    cls.__hash__ = hash_method


install(Tensor)
install(Variable)

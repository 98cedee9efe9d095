"""TensorFlow op → LiteRT builtin: one small rule per op. What is not here is refused by name (see `convert`).

A rule gets the `Writer`, the node, and the values of its inputs, and writes operators that end in the node's outputs.
Further rules stand in `table_form` (shapes, slices, joining, gathering), `table_nn` (products, convolutions, pooling,
normalisation) and `table_control`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from headwater.core.graph import Node
from headwater.export.forms import axes_of
from headwater.export.lite.program import Value, Writer

Rule = Callable[[Writer, Node, Sequence[Value]], None]

RULES: dict[str, Rule] = {}


class Unsupported(Exception):
    """An op is in the table, but not in this form; says why, and what can be done."""


def rule(*names: str) -> Callable[[Rule], Rule]:
    """Declares the rule for ops of these names."""

    def declare(function: Rule) -> Rule:
        for name in names:
            if name in RULES:
                raise ValueError(f"Op {name!r} has two rules. Expected one.")
            RULES[name] = function
        return function

    return declare


def spec_of(value: Value) -> tuple[Any, Any]:
    """The dtype and shape of an intermediate value like `value`."""
    return value.dtype, value.shape


# One op, one builtin --------------------------------------------------------------------------------------------

_DIRECT = {
    "AddV2": "ADD", "Sub": "SUB", "Mul": "MUL", "RealDiv": "DIV",
    "FloorDiv": "FLOOR_DIV", "FloorMod": "FLOOR_MOD", "Maximum": "MAXIMUM", "Minimum": "MINIMUM", "Pow": "POW",
    "SquaredDifference": "SQUARED_DIFFERENCE", "Atan2": "ATAN2", "AddN": "ADD_N",
    "Neg": "NEG", "Abs": "ABS", "Sign": "SIGN", "Exp": "EXP", "Log": "LOG", "Sqrt": "SQRT", "Rsqrt": "RSQRT",
    "Square": "SQUARE", "Sin": "SIN", "Cos": "COS", "Tanh": "TANH", "Sigmoid": "LOGISTIC",
    "Relu": "RELU", "Relu6": "RELU6", "Elu": "ELU",
    "Floor": "FLOOR", "Ceil": "CEIL", "Round": "ROUND", "Rint": "ROUND",
    "Equal": "EQUAL", "NotEqual": "NOT_EQUAL", "Less": "LESS", "LessEqual": "LESS_EQUAL", "Greater": "GREATER",
    "GreaterEqual": "GREATER_EQUAL", "LogicalAnd": "LOGICAL_AND", "LogicalOr": "LOGICAL_OR",
    "LogicalNot": "LOGICAL_NOT", "SelectV2": "SELECT_V2",
    "ComplexAbs": "COMPLEX_ABS", "Real": "REAL", "Imag": "IMAG",
    "ZerosLike": "ZEROS_LIKE", "BitwiseXor": "BITWISE_XOR", "AssignAdd": "ADD", "AssignSub": "SUB",
}  # fmt: skip


def _direct(code: str) -> Rule:
    def write(w: Writer, node: Node, inputs: Sequence[Value]) -> None:
        w(code, inputs, node.outputs[0])

    return write


RULES.update({name: _direct(code) for name, code in _DIRECT.items()})


@rule("Cast")
def _cast(w: Writer, node: Node, inputs: Sequence[Value]) -> None:
    w("CAST", inputs, node.outputs[0])


@rule("Softmax", "LogSoftmax")
def _softmax(w: Writer, node: Node, inputs: Sequence[Value]) -> None:
    x, out = inputs[0], node.outputs[0]
    code, options = ("SOFTMAX", {"beta": 1.0}) if node.type == "Softmax" else ("LOG_SOFTMAX", {})
    axis = int(node.attrs.get("axis", -1)) % x.rank
    if axis == x.rank - 1:
        w(code, [x], out, **options)
        return
    order = list(range(x.rank))
    order[axis], order[-1] = order[-1], order[axis]
    turned = [x.shape[i] for i in order]
    last = w("TRANSPOSE", [x, w.vector(order, "order")], (x.dtype, turned))
    w("TRANSPOSE", [w(code, [last], (x.dtype, turned), **options), w.vector(order, "order")], out)


@rule("LeakyRelu")
def _leaky_relu(w: Writer, node: Node, inputs: Sequence[Value]) -> None:
    w("LEAKY_RELU", inputs, node.outputs[0], alpha=float(node.attrs.get("alpha", 0.2)))


@rule("OnesLike")
def _ones_like(w: Writer, node: Node, inputs: Sequence[Value]) -> None:
    zeros = w("ZEROS_LIKE", inputs, spec_of(inputs[0]))
    w("ADD", [zeros, w.constant(1, zeros.dtype)], node.outputs[0])


# Ops without a builtin, by formula ------------------------------------------------------------------------------


class _Formula:
    """Arithmetic on values of one shape, for ops that LiteRT has no builtin for."""

    def __init__(self, w: Writer, like: Value) -> None:
        self._w = w
        self._like = like

    def __call__(self, code: str, *terms: Value | float, out: Any = None) -> Value:
        values = [t if isinstance(t, Value) else self._w.constant(t, self._like.dtype) for t in terms]
        return self._w(code, values, out if out is not None else spec_of(self._like))


@rule("Softplus")
def _softplus(w: Writer, node: Node, inputs: Sequence[Value]) -> None:
    f, x = _Formula(w, inputs[0]), inputs[0]
    small = f("LOG", f("ADD", f("EXP", f("NEG", f("ABS", x))), 1.0))
    f("ADD", f("RELU", x), small, out=node.outputs[0])


@rule("Selu")
def _selu(w: Writer, node: Node, inputs: Sequence[Value]) -> None:
    scale, alpha = 1.0507009873554805, 1.6732632423543772
    f, x = _Formula(w, inputs[0]), inputs[0]
    negative = f("MUL", f("ELU", f("MINIMUM", x, 0.0)), alpha)
    f("MUL", f("ADD", f("RELU", x), negative), scale, out=node.outputs[0])


@rule("Softsign")
def _softsign(w: Writer, node: Node, inputs: Sequence[Value]) -> None:
    f, x = _Formula(w, inputs[0]), inputs[0]
    f("DIV", x, f("ADD", f("ABS", x), 1.0), out=node.outputs[0])


@rule("Gelu")
def _gelu(w: Writer, node: Node, inputs: Sequence[Value]) -> None:
    w("GELU", inputs, node.outputs[0], approximate=bool(node.attrs.get("approximate", False)))


@rule("Log1p")
def _log1p(w: Writer, node: Node, inputs: Sequence[Value]) -> None:
    f = _Formula(w, inputs[0])
    f("LOG", f("ADD", inputs[0], 1.0), out=node.outputs[0])


@rule("Expm1")
def _expm1(w: Writer, node: Node, inputs: Sequence[Value]) -> None:
    f = _Formula(w, inputs[0])
    f("SUB", f("EXP", inputs[0]), 1.0, out=node.outputs[0])


@rule("ClipByValue")
def _clip(w: Writer, node: Node, inputs: Sequence[Value]) -> None:
    x, low, high = inputs
    shape = node.outputs[0].shape.as_list()
    w("MINIMUM", [w("MAXIMUM", [x, low], (x.dtype, shape)), high], node.outputs[0])


@rule("DivNoNan")
def _div_no_nan(w: Writer, node: Node, inputs: Sequence[Value]) -> None:
    x, y = inputs
    shape, zero = node.outputs[0].shape.as_list(), w.constant(0, x.dtype, "zero")
    is_zero = w("EQUAL", [y, zero], (np.bool_, y.shape))
    safe = w("SELECT_V2", [is_zero, w.constant(1, x.dtype, "one"), y], spec_of(y))
    w("SELECT_V2", [is_zero, zero, w("DIV", [x, safe], (x.dtype, shape))], node.outputs[0])


@rule("Reciprocal")
def _reciprocal(w: Writer, node: Node, inputs: Sequence[Value]) -> None:
    _Formula(w, inputs[0])("DIV", 1.0, inputs[0], out=node.outputs[0])


@rule("Tan")
def _tan(w: Writer, node: Node, inputs: Sequence[Value]) -> None:
    f, x = _Formula(w, inputs[0]), inputs[0]
    f("DIV", f("SIN", x), f("COS", x), out=node.outputs[0])


@rule("Atan")
def _atan(w: Writer, node: Node, inputs: Sequence[Value]) -> None:
    f, x = _Formula(w, inputs[0]), inputs[0]
    f("ATAN2", x, f("ADD", f("ZEROS_LIKE", x), 1.0), out=node.outputs[0])


@rule("Sinh")
def _sinh(w: Writer, node: Node, inputs: Sequence[Value]) -> None:
    f, x = _Formula(w, inputs[0]), inputs[0]
    f("MUL", f("SUB", f("EXP", x), f("EXP", f("NEG", x))), 0.5, out=node.outputs[0])


@rule("Cosh")
def _cosh(w: Writer, node: Node, inputs: Sequence[Value]) -> None:
    f, x = _Formula(w, inputs[0]), inputs[0]
    f("MUL", f("ADD", f("EXP", x), f("EXP", f("NEG", x))), 0.5, out=node.outputs[0])


@rule("IsNan")
def _is_nan(w: Writer, node: Node, inputs: Sequence[Value]) -> None:
    w("NOT_EQUAL", [inputs[0], inputs[0]], node.outputs[0])


@rule("IsInf", "IsFinite")
def _is_finite(w: Writer, node: Node, inputs: Sequence[Value]) -> None:
    size = _Formula(w, inputs[0])("ABS", inputs[0])
    w("EQUAL" if node.type == "IsInf" else "LESS", [size, w.constant(np.inf, size.dtype)], node.outputs[0])


@rule("Asin", "Acos")
def _arc(w: Writer, node: Node, inputs: Sequence[Value]) -> None:
    f, x = _Formula(w, inputs[0]), inputs[0]
    other = f("SQRT", f("SUB", 1.0, f("SQUARE", x)))
    f("ATAN2", *([x, other] if node.type == "Asin" else [other, x]), out=node.outputs[0])


@rule("Asinh")
def _asinh(w: Writer, node: Node, inputs: Sequence[Value]) -> None:
    f, x = _Formula(w, inputs[0]), inputs[0]
    size = f("ABS", x)  # of negative numbers the sum would cancel
    f("MUL", f("SIGN", x), f("LOG", f("ADD", size, f("SQRT", f("ADD", f("SQUARE", x), 1.0)))), out=node.outputs[0])


@rule("Acosh")
def _acosh(w: Writer, node: Node, inputs: Sequence[Value]) -> None:
    f, x = _Formula(w, inputs[0]), inputs[0]
    f("LOG", f("ADD", x, f("SQRT", f("SUB", f("SQUARE", x), 1.0))), out=node.outputs[0])


@rule("Atanh")
def _atanh(w: Writer, node: Node, inputs: Sequence[Value]) -> None:
    f, x = _Formula(w, inputs[0]), inputs[0]
    f("MUL", f("LOG", f("DIV", f("ADD", x, 1.0), f("SUB", 1.0, x))), 0.5, out=node.outputs[0])


# Abramowitz and Stegun, Handbook of Mathematical Functions, 7.1.26: the error is below 1.5e-7.
_ERF = (0.254829592, -0.284496736, 1.421413741, -1.453152027, 1.061405429)
_ERF_SCALE = 0.3275911


@rule("Erf")
def _erf(w: Writer, node: Node, inputs: Sequence[Value]) -> None:
    f, x = _Formula(w, inputs[0]), inputs[0]
    size = f("ABS", x)
    t = f("DIV", 1.0, f("ADD", f("MUL", size, _ERF_SCALE), 1.0))
    total = f("MUL", t, _ERF[-1])
    for coefficient in _ERF[-2::-1]:
        total = f("MUL", f("ADD", total, coefficient), t)
    rest = f("MUL", total, f("EXP", f("NEG", f("SQUARE", x))))
    f("MUL", f("SIGN", x), f("SUB", 1.0, rest), out=node.outputs[0])


# Reductions -----------------------------------------------------------------------------------------------------

_REDUCTIONS = {
    "Sum": "SUM", "Mean": "MEAN", "Max": "REDUCE_MAX", "Min": "REDUCE_MIN", "Prod": "REDUCE_PROD",
    "Any": "REDUCE_ANY", "All": "REDUCE_ALL",
}  # fmt: skip


def _reduction(code: str) -> Rule:
    def write(w: Writer, node: Node, inputs: Sequence[Value]) -> None:
        axes = w.vector(axes_of(node.attrs.get("axis"), inputs[0].rank), "axes")
        w(code, [inputs[0], axes], node.outputs[0], keepDims=bool(node.attrs.get("keepdims", False)))

    return write


RULES.update({name: _reduction(code) for name, code in _REDUCTIONS.items()})


@rule("EuclideanNorm")
def _norm(w: Writer, node: Node, inputs: Sequence[Value]) -> None:
    x, out = inputs[0], node.outputs[0]
    axes = w.vector(axes_of(node.attrs["axis"], x.rank), "axes")
    keep = bool(node.attrs["keepdims"])
    total = w("SUM", [w("SQUARE", [x], spec_of(x)), axes], (x.dtype, out.shape.as_list()), keepDims=keep)
    w("SQRT", [total], out)


@rule("ArgMax", "ArgMin")
def _arg(w: Writer, node: Node, inputs: Sequence[Value]) -> None:
    code, out = ("ARG_MAX" if node.type == "ArgMax" else "ARG_MIN"), node.outputs[0]
    axis = w.vector(place(node.attrs["axis"], inputs[0].rank), "axis")
    w(code, [inputs[0], axis], out, outputType=type_number(out.dtype.as_numpy_dtype))


def place(axis: Any, rank: int) -> int:
    """An axis counted from the front."""
    return int(axis) % rank


def type_number(dtype: Any) -> int:
    """The schema's number of a dtype that may be asked for as a result."""
    return {"float32": 0, "int32": 2, "int64": 4}[np.dtype(dtype).name]


@rule("Cumsum")
def _cumsum(w: Writer, node: Node, inputs: Sequence[Value]) -> None:
    axis = w.vector(place(node.attrs["axis"], inputs[0].rank), "axis")
    exclusive, reverse = bool(node.attrs["exclusive"]), bool(node.attrs["reverse"])
    w("CUMSUM", [inputs[0], axis], node.outputs[0], exclusive=exclusive, reverse=reverse)

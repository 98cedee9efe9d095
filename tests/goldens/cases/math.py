"""Elementwise `tf.math`: arithmetic, comparison, rounding, special functions, complex numbers, bits."""

from __future__ import annotations

import functools
from typing import Any

import ml_dtypes
import numpy as np

from tests.goldens.case import Case, bools, complexes, floats, ints
from tests.goldens.runner import resolve

# Few shapes on purpose: kernels compiled for one case serve the next.
X = floats(2, 3)
Y = floats(2, 3, seed=1)
ROW = floats(3, seed=2)
POSITIVE = floats(2, 3, low=0.1, high=4.0)
UNIT = floats(2, 3, low=-0.9, high=0.9)
HALF_UNIT = floats(2, 3, low=0.05, high=0.95)
EDGES = np.array([[-np.inf, -1.0, -0.0], [0.0, 1.0, np.nan]], np.float32)
TIES = np.array([[1.0, -2.0, 0.0], [3.0, -0.0, 2.0]], np.float32)
TIED = np.array([[1.0, -1.0, 0.0], [2.0, 0.0, 2.0]], np.float32)
HALVES = np.array([[-2.5, -1.5, -0.5], [0.5, 1.5, 2.5]], np.float32)
N = ints(2, 3)
M = np.array([[2, -3, 4], [-2, 3, 5]], np.int32)
Z = complexes(2, 3)
W = complexes(2, 3, seed=7)


def _call(tf: Any, *args: Any, symbol: str) -> Any:
    return resolve(tf, symbol)(*args)


def _case(name: str, *args: np.ndarray, **options: Any) -> Case:
    """The function at `name` on just these tensors."""
    symbol = "math." + name.split("/")[0]
    return Case("math." + name, functools.partial(_call, symbol=symbol), args, **options)


def _unary() -> list[Case]:
    """Every unary function on an ordinary domain, in float32 and float64, and at the edges of its domain."""
    domains = {
        "abs": X,
        "acos": UNIT,
        "acosh": POSITIVE + 1,
        "asin": UNIT,
        "asinh": X,
        "atan": X,
        "atanh": UNIT,
        "bessel_i0": X,
        "bessel_i0e": X,
        "bessel_i1": X,
        "bessel_i1e": X,
        "ceil": X,
        "cos": X,
        "cosh": X,
        "digamma": POSITIVE,
        "erf": X,
        "erfc": X,
        "erfcinv": POSITIVE / 3,
        "erfinv": UNIT,
        "exp": X,
        "expm1": X,
        "floor": X,
        "lgamma": POSITIVE,
        "log": POSITIVE,
        "log1p": POSITIVE,
        "log_sigmoid": X,
        "ndtri": HALF_UNIT,
        "negative": X,
        "reciprocal": X,
        "reciprocal_no_nan": X,
        "rint": X,
        "round": X,
        "rsqrt": POSITIVE,
        "sigmoid": X,
        "sign": X,
        "sin": X,
        "sinh": X,
        "softplus": X,
        "softsign": X,
        "sqrt": POSITIVE,
        "square": X,
        "tan": X,
        "tanh": X,
    }
    cases = []
    for name, domain in domains.items():
        # Roots at the edge of the gamma functions need a little more room in float32.
        tolerance = {"rtol": 1e-4, "atol": 1e-5} if name in _HARD else {}
        cases.append(_case(name, domain, **tolerance))
        cases.append(_case(f"{name}/float64", domain.astype(np.float64), grad2=False, **_hard64(name)))
        cases.append(_case(f"{name}/edges", EDGES, grad2=False, **tolerance))
    return cases


_HARD = {"digamma", "lgamma", "ndtri", "erfcinv", "erfinv", "bessel_i0", "bessel_i1", "bessel_i0e", "bessel_i1e"}


def _hard64(name: str) -> dict[str, float]:
    return {"rtol": 1e-6, "atol": 1e-7} if name in _HARD else {}


def _low_precision() -> list[Case]:
    names = ("abs", "exp", "log", "sqrt", "tanh", "square", "sigmoid", "softplus", "rsqrt", "erf")
    half = [_case(f"{n}/float16", POSITIVE.astype(np.float16), grad2=False) for n in names]
    brain = [_case(f"{n}/bfloat16", POSITIVE.astype(ml_dtypes.bfloat16), grad2=False) for n in names]
    return half + brain


def _complex_unary() -> list[Case]:
    names = (
        "abs",
        "acos",
        "acosh",
        "angle",
        "asin",
        "asinh",
        "atan",
        "atanh",
        "conj",
        "cos",
        "cosh",
        "exp",
        "expm1",
        "imag",
        "log",
        "log1p",
        "negative",
        "real",
        "reciprocal",
        "rsqrt",
        "sigmoid",
        "sign",
        "sin",
        "sinh",
        "sqrt",
        "square",
        "tan",
        "tanh",
    )
    cases = [_case(f"{n}/complex", Z, rtol=1e-4, atol=1e-5, grad2=False) for n in names]
    return cases + [_case(f"{n}/complex128", Z.astype(np.complex128), grad2=False) for n in ("abs", "exp", "square")]


def _binary() -> list[Case]:
    cases = []
    for name in ("add", "subtract", "multiply", "divide", "truediv", "maximum", "minimum", "squared_difference"):
        cases += [_case(name, X, Y), _case(f"{name}/broadcast", X, ROW)]
    for name in ("divide_no_nan", "multiply_no_nan", "floordiv", "floormod", "mod", "atan2"):
        cases += [_case(name, X, Y, grad2=name != "atan2"), _case(f"{name}/broadcast", X, ROW, grad2=False)]
    for name in ("xlogy", "xdivy", "xlog1py", "pow"):
        cases += [_case(name, POSITIVE, POSITIVE + 0.5), _case(f"{name}/broadcast", POSITIVE, np.abs(ROW) + 0.5)]
    zeros = np.array([[0.0, 1.0, 0.0], [2.0, 0.0, 3.0]], np.float32)
    for name in ("divide_no_nan", "multiply_no_nan", "xlogy", "xdivy", "xlog1py", "pow", "divide"):
        cases.append(_case(f"{name}/zeros", zeros, np.roll(zeros, 1, axis=1), grad2=False))
    for name in ("maximum", "minimum", "squared_difference", "atan2"):
        cases.append(_case(f"{name}/ties", TIES, TIED))
    for name in ("maximum", "minimum"):
        cases.append(_case(f"{name}/nan", EDGES, X, grad2=False))
    for name in (
        "add",
        "subtract",
        "multiply",
        "maximum",
        "minimum",
        "floordiv",
        "floormod",
        "mod",
        "divide",
        "truediv",
        "squared_difference",
    ):
        cases.append(_case(f"{name}/int32", N, M))
    for name in ("add", "multiply", "floordiv", "floormod", "maximum"):
        cases.append(_case(f"{name}/int64", N.astype(np.int64), M.astype(np.int64)))
        cases.append(_case(f"{name}/uint8", (N + 5).astype(np.uint8), (np.abs(M) * 60).astype(np.uint8)))
    for name in ("add", "subtract", "multiply", "divide", "pow", "squared_difference"):
        cases.append(
            _case(f"{name}/complex", Z, W, rtol=1e-4, atol=1e-5, grad2=False, grad=name != "squared_difference")
        )
    for name in ("add", "multiply", "divide", "pow", "maximum"):
        cases.append(_case(f"{name}/float16", np.abs(X).astype(np.float16), Y.astype(np.float16), grad2=False))
        cases.append(_case(f"{name}/float64", np.abs(X).astype(np.float64), Y.astype(np.float64), grad2=False))
        cases.append(
            _case(f"{name}/bfloat16", np.abs(X).astype(ml_dtypes.bfloat16), Y.astype(ml_dtypes.bfloat16), grad2=False)
        )
    cases.append(_case("pow/int32", np.abs(N), np.abs(M)))
    cases.append(_case("pow/negative_base", X, np.array([[2.0, 3.0, 0.0], [1.0, -1.0, 2.0]], np.float32), grad2=False))
    cases.append(_case("nextafter", X.astype(np.float64), Y.astype(np.float64), grad=False))
    return cases


def _with_python_numbers() -> list[Case]:
    """A Python number takes the tensor's dtype, on either side."""
    return [
        Case("math.add/python_right", lambda tf, x: tf.math.add(x, 2), [X]),
        Case("math.multiply/python_left", lambda tf, x: tf.math.multiply(3.0, x), [X]),
        Case("math.divide/python_int", lambda tf, n: tf.math.divide(n, 2), [N]),
        Case("math.floordiv/python", lambda tf, n: tf.math.floordiv(n, 3), [N]),
        Case("math.pow/python_int", lambda tf, x: tf.math.pow(x, 3), [X]),
        Case("math.pow/python_zero", lambda tf, x: tf.math.pow(x, 0), [X], grad2=False),
        Case("math.pow/python_half", lambda tf, x: tf.math.pow(x, 0.5), [POSITIVE]),
        Case("math.maximum/python", lambda tf, x: tf.math.maximum(x, 0.0), [TIES]),
        Case("math.minimum/numpy", lambda tf, x: tf.math.minimum(x, np.float32(1.0)), [X]),
        Case("math.scalar_mul", lambda tf, x: tf.math.scalar_mul(2.5, x), [X]),
        Case("math.scalar_mul/tensor", lambda tf, s, x: tf.math.scalar_mul(s, x), [np.float32(2.5), X], rankless=False),
        Case("math.polyval", lambda tf, x: tf.math.polyval([1.0, -2.0, 0.5], x), [X]),
        Case("math.polyval/tensors", lambda tf, a, b, x: tf.math.polyval([a, b], x), [X, Y, X]),
        Case("math.add/lists", lambda tf: tf.math.add([1, 2], [3, 4])),
        Case("math.add/strings", lambda tf: tf.math.add(tf.constant(["a", "b"]), "c")),
    ]


def _operators() -> list[Case]:
    """Python's operators on tensors mean the same functions."""
    return [
        Case("math.add/operator", lambda tf, x, y: x + y + 1.0, [X, Y]),
        Case("math.subtract/operator", lambda tf, x, y: 1.0 - x - y, [X, Y]),
        Case("math.multiply/operator", lambda tf, x, y: 2.0 * x * y, [X, Y]),
        Case("math.truediv/operator", lambda tf, x, y: 1.0 / x / y, [X, Y]),
        Case("math.floordiv/operator", lambda tf, n, m: (7 // m, n // m, n // 2), [N, M]),
        Case("math.floormod/operator", lambda tf, n, m: (7 % m, n % m, n % 2), [N, M]),
        Case("math.pow/operator", lambda tf, x: (x**2, 2.0**x), [POSITIVE]),
        Case("math.abs/operator", lambda tf, x: abs(-x), [X]),
        Case("math.less/operator", lambda tf, x, y: (x < y, x <= y, x > y, x >= y), [X, Y]),
        Case("math.equal/operator", lambda tf, x, y: (x == y, x != y), [TIES, TIED]),
        Case("math.logical_and/operator", lambda tf, a, b: (a & b, a | b, a ^ b, ~a), [bools(4), bools(4, seed=1)]),
        Case("bitwise.bitwise_and/operator", lambda tf, n, m: (n & m, n | m, n ^ m, ~n), [N, M]),
        Case("linalg.matmul/operator", lambda tf, x, y: x @ tf.transpose(y), [X, Y]),
    ]


def _comparison() -> list[Case]:
    cases = []
    for name in ("equal", "not_equal", "less", "less_equal", "greater", "greater_equal"):
        cases += [_case(name, TIES, TIED), _case(f"{name}/int", N, M), _case(f"{name}/nan", EDGES, EDGES)]
        cases.append(_case(f"{name}/broadcast", X, ROW))
    a, b = bools(2, 3), bools(2, 3, seed=1)
    cases += [_case(n, a, b) for n in ("logical_and", "logical_or", "logical_xor", "equal/bool")]
    cases += [_case("logical_not", a), _case("equal/complex", Z, W), _case("not_equal/complex", Z, Z)]
    cases += [_case(n, EDGES) for n in ("is_finite", "is_inf", "is_nan")]
    cases += [
        Case("math.equal/strings", lambda tf: tf.math.equal(tf.constant(["a", "b"]), tf.constant(["a", "c"]))),
        _case("is_non_decreasing", np.array([1, 1, 3], np.int32), static="refines"),
        _case("is_non_decreasing/no", np.array([1, 0, 3], np.int32), static="refines"),
        _case("is_strictly_increasing", np.array([1, 1, 3], np.int32), static="refines"),
        _case("is_strictly_increasing/yes", np.array([1, 2, 3], np.int32), static="refines"),
    ]
    return cases


def _rounding_and_clipping() -> list[Case]:
    return [
        _case("round/halves", HALVES),
        _case("rint/halves", HALVES),
        _case("round/int", N),
        _case("floor/halves", HALVES),
        _case("ceil/halves", HALVES),
        _case("abs/int", N),
        _case("sign/int", N),
        _case("square/int", N),
        _case("negative/int", N),
        _case("abs/ties", TIES),
        _case("sign/ties", TIES),
        _case("sqrt/zero", np.abs(TIES), grad2=False),
        Case("clip_by_value", lambda tf, x: tf.clip_by_value(x, -1.0, 0.5), [X]),
        Case("clip_by_value/int", lambda tf, n: tf.clip_by_value(n, -1, 2), [N]),
        Case(
            "clip_by_value/tensors",
            lambda tf, x, a, b: tf.clip_by_value(x, a, b),
            [X, -np.abs(ROW), np.abs(ROW)],
            grad2=False,
        ),
        Case("clip_by_value/ties", lambda tf, x: tf.clip_by_value(x, -2.0, 1.0), [TIES], grad2=False),
        Case("clip_by_norm", lambda tf, x: tf.clip_by_norm(x, 1.5), [X]),
        Case("clip_by_norm/axes", lambda tf, x: tf.clip_by_norm(x, 1.5, axes=[1]), [X]),
        Case("clip_by_norm/within", lambda tf, x: tf.clip_by_norm(x, 100.0), [X]),
        Case("clip_by_norm/zeros", lambda tf, x: tf.clip_by_norm(x, 1.0), [np.zeros((2, 3), np.float32)], grad2=False),
        Case("clip_by_global_norm", lambda tf, x, y: tf.clip_by_global_norm([x, y], 1.5), [X, ROW]),
        Case("clip_by_global_norm/none", lambda tf, x, y: tf.clip_by_global_norm([x, None, y], 50.0)[1], [X, ROW]),
        Case("linalg.global_norm", lambda tf, x, y: tf.linalg.global_norm([x, y]), [X, ROW]),
        Case("math.add_n", lambda tf, x, y: tf.math.add_n([x, y, x]), [X, Y]),
        Case("math.add_n/int", lambda tf, n, m: tf.math.add_n([n, m]), [N, M]),
        Case("math.add_n/one", lambda tf, x: tf.math.add_n([x]), [X]),
        Case("math.accumulate_n", lambda tf, x, y: tf.math.accumulate_n([x, y, x]), [X, Y], static="refines"),
    ]


def _special() -> list[Case]:
    a, x = floats(2, 3, low=0.5, high=4.0), floats(2, 3, low=0.2, high=5.0, seed=3)
    tolerance = {"rtol": 2e-4, "atol": 1e-5, "grad2": False}
    return [
        _case("igamma", a, x, **tolerance),
        _case("igammac", a, x, **tolerance),
        _case("betainc", a, x, HALF_UNIT, **tolerance),
        _case("polygamma", np.array([[1, 2, 3], [1, 1, 2]], np.float32), x, **tolerance),
        _case("zeta", a + 1.5, x, **tolerance),
        _case("lbeta", a, **tolerance),
        _case("lbeta/vector", a[0], **tolerance),
        _case("lgamma/negative", X - 0.3, rtol=1e-4, atol=1e-5, grad2=False),
        _case("digamma/negative", X - 0.3, rtol=1e-4, atol=1e-4, grad2=False),
        *(
            _case(f"special.{n}", p, **tolerance)
            for n, p in (
                ("bessel_j0", a),
                ("bessel_j1", a),
                ("bessel_y0", a),
                ("bessel_y1", a),
                ("bessel_k0", a),
                ("bessel_k1", a),
                ("bessel_k0e", a),
                ("bessel_k1e", a),
                ("bessel_i0", X),
                ("bessel_i1", X),
                ("bessel_i0e", X),
                ("bessel_i1e", X),
                ("dawsn", X),
                ("expint", a),
                ("fresnel_cos", X),
                ("fresnel_sin", X),
                ("spence", a),
            )
        ),
    ]


def _complex() -> list[Case]:
    return [
        Case("complex", lambda tf, x, y: tf.complex(x, y), [X, Y]),
        Case("complex/float64", lambda tf, x, y: tf.complex(x, y), [X.astype(np.float64), Y.astype(np.float64)]),
        Case("complex/broadcast", lambda tf, x, y: tf.complex(x, y), [X, ROW]),
        _case("real/float", X),
        _case("imag/float", X, grad=False),
        _case("conj/float", X),
        _case("angle/float", X),
        Case("math.abs/complex_zero", lambda tf, z: tf.math.abs(z), [np.zeros((2,), np.complex64)], grad2=False),
    ]


def _bitwise() -> list[Case]:
    def case(name: str, *args: np.ndarray) -> Case:
        return Case("bitwise." + name, functools.partial(_call, symbol="bitwise." + name.split("/")[0]), args)

    shift = np.array([[0, 1, 2], [3, 4, 5]], np.int32)
    both = ("bitwise_and", "bitwise_or", "bitwise_xor")
    return [
        *(case(n, N, M) for n in both),
        *(case(f"{n}/uint8", N.astype(np.uint8), M.astype(np.uint8)) for n in both),
        case("invert", N),
        case("invert/uint8", N.astype(np.uint8)),
        case("left_shift", N, shift),
        case("right_shift", N, shift),
        case("right_shift/uint8", N.astype(np.uint8), shift.astype(np.uint8)),
    ]


def _truncating() -> list[Case]:
    return [
        Case("truncatediv", lambda tf, n, m: tf.truncatediv(n, m), [N, M]),
        Case("truncatemod", lambda tf, n, m: tf.truncatemod(n, m), [N, M]),
        Case("realdiv", lambda tf, x, y: tf.realdiv(x, y), [X, Y]),
    ]


def _errors() -> list[Case]:
    def error(name: str, fn: Any, *args: np.ndarray) -> Case:
        return Case(name, fn, args, raises=True)

    return [
        error("math.add/error_dtypes", lambda tf, x, n: tf.math.add(x, n), X, N),
        error("math.add/error_operator", lambda tf, x, n: x + n, X, N),
        error("math.add/error_reflected", lambda tf, x, n: n + x, X, N),
        error("math.add/error_float_to_int", lambda tf, n: n + 1.5, N),
        error("math.add/error_string", lambda tf, x: x + "a", X),
        error("math.add/error_shapes", lambda tf, x, y: tf.math.add(x, y), X, floats(2)),
        error("math.multiply/error_widths", lambda tf, x, y: x * y, X, Y.astype(np.float64)),
        error("math.multiply/error_ints", lambda tf, n, m: n * m, N, M.astype(np.int64)),
        error("math.exp/error_int", lambda tf, n: tf.math.exp(n), N),
        error("math.sqrt/error_int", lambda tf, n: tf.math.sqrt(n), N),
        error("math.maximum/error_complex", lambda tf, z: tf.math.maximum(z, z), Z),
        error("math.less/error_complex", lambda tf, z: tf.math.less(z, z), Z),
        error("math.less/error_bool", lambda tf, b: tf.math.less(b, b), bools(3)),
        error("math.floor/error_int", lambda tf, n: tf.math.floor(n), N),
        error("math.logical_and/error_int", lambda tf, n: tf.math.logical_and(n, n), N),
        error("math.is_nan/error_int", lambda tf, n: tf.math.is_nan(n), N),
        error("math.add/error_bool", lambda tf, b: tf.math.add(b, b), bools(3)),
        error("bitwise.bitwise_and/error_float", lambda tf, x: tf.bitwise.bitwise_and(x, x), X),
        error("math.add_n/error_empty", lambda tf: tf.math.add_n([])),
        error("math.add_n/error_shapes", lambda tf, x, y: tf.math.add_n([x, y]), X, ROW),
        error("math.floordiv/error_zero", lambda tf, n: tf.math.floordiv(n, 0), N),
        error("complex/error_int", lambda tf, n: tf.complex(n, n), N),
        error("clip_by_value/error_dtypes", lambda tf, x: tf.clip_by_value(x, tf.constant(1), tf.constant(2)), X),
    ]


CASES = [
    *_unary(),
    *_low_precision(),
    *_complex_unary(),
    *_binary(),
    *_with_python_numbers(),
    *_operators(),
    *_comparison(),
    *_rounding_and_clipping(),
    *_special(),
    *_complex(),
    *_bitwise(),
    *_truncating(),
    *_errors(),
]

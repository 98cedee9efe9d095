"""`tf.math`: each function is defined in the private module named after its kind."""

from __future__ import annotations

import math as _python
from typing import Any

from headwater.core.tape import ADD_N
from headwater.core.tensor import Tensor, convert_to_tensor
from headwater.ops import special
from headwater.ops._activations import (
    LOG_SOFTMAX,
    SOFTMAX,
    SOFTPLUS,
    SOFTSIGN,
    log_sigmoid,
    log_softmax,
    softmax,
    softplus,
    softsign,
)
from headwater.ops._arithmetic import (
    ADD,
    FLOOR_DIV,
    FLOOR_MOD,
    MAXIMUM,
    MINIMUM,
    MUL,
    POW,
    REAL_DIV,
    SQUARED_DIFFERENCE,
    SUB,
    add,
    atan2,
    complex,
    divide,
    divide_no_nan,
    floordiv,
    floormod,
    maximum,
    minimum,
    multiply,
    multiply_no_nan,
    nextafter,
    pow,
    realdiv,
    reciprocal_no_nan,
    scalar_mul,
    squared_difference,
    subtract,
    truediv,
    truncatediv,
    truncatemod,
    xdivy,
    xlog1py,
    xlogy,
)
from headwater.ops._cast import CAST, cast
from headwater.ops._clip import (
    accumulate_n,
    add_n,
    clip_by_global_norm,
    clip_by_norm,
    clip_by_value,
    saturate_cast,
)
from headwater.ops._compare import (
    EQUAL,
    GREATER,
    GREATER_EQUAL,
    LESS,
    LESS_EQUAL,
    LOGICAL_AND,
    LOGICAL_OR,
    NOT_EQUAL,
    equal,
    greater,
    greater_equal,
    less,
    less_equal,
    logical_and,
    logical_or,
    logical_xor,
    not_equal,
)
from headwater.ops._count import (
    bincount,
    confusion_matrix,
    histogram_fixed_width,
    histogram_fixed_width_bins,
    sobol_sample,
)
from headwater.ops._create import zeros_like
from headwater.ops._elementwise import (
    ABS,
    ANGLE,
    EXP,
    IMAG,
    LOG,
    LOGICAL_NOT,
    NEG,
    RSQRT,
    SIGMOID,
    SQRT,
    SQUARE,
    TANH,
    abs,
    acos,
    acosh,
    asin,
    asinh,
    atan,
    atanh,
    ceil,
    conj,
    cos,
    cosh,
    exp,
    expm1,
    floor,
    is_finite,
    is_inf,
    is_nan,
    log,
    log1p,
    logical_not,
    negative,
    real,
    reciprocal,
    rint,
    round,
    rsqrt,
    sigmoid,
    sign,
    sin,
    sinh,
    sqrt,
    square,
    tan,
    tanh,
)
from headwater.ops._inputs import NUMBER, matched, tensor_of
from headwater.ops._normalization import l2_normalize
from headwater.ops._products import MATMUL
from headwater.ops._reduce import (
    ALL,
    ANY,
    MAX,
    MEAN,
    MIN,
    PROD,
    SUM,
    count_nonzero,
    reduce_all,
    reduce_any,
    reduce_euclidean_norm,
    reduce_logsumexp,
    reduce_max,
    reduce_mean,
    reduce_min,
    reduce_prod,
    reduce_std,
    reduce_sum,
    reduce_variance,
    zero_fraction,
)
from headwater.ops._scan import (
    cumprod,
    cumsum,
    cumulative_logsumexp,
)
from headwater.ops._segment import (
    segment_max,
    segment_mean,
    segment_min,
    segment_prod,
    segment_sum,
    unsorted_segment_max,
    unsorted_segment_mean,
    unsorted_segment_min,
    unsorted_segment_prod,
    unsorted_segment_sqrt_n,
    unsorted_segment_sum,
)
from headwater.ops._select import where
from headwater.ops._sort import (
    ARG_MAX,
    ARG_MIN,
    TOP_K,
    approx_max_k,
    approx_min_k,
    argmax,
    argmin,
    argsort,
    in_top_k,
    invert_permutation,
    is_non_decreasing,
    is_strictly_increasing,
    sort,
    top_k,
)
from headwater.ops.bitwise import BITWISE_AND, BITWISE_OR, BITWISE_XOR, INVERT
from headwater.ops.special import (
    bessel_i0,
    bessel_i0e,
    bessel_i1,
    bessel_i1e,
    betainc,
    digamma,
    erf,
    erfc,
    erfcinv,
    erfinv,
    igamma,
    igammac,
    lbeta,
    lgamma,
    ndtri,
    polygamma,
    zeta,
)

__all__ = [  # noqa: RUF022  (functions, then ops)
    "abs", "accumulate_n", "acos", "acosh", "add", "add_n", "angle", "approx_max_k", "approx_min_k", "argmax",
    "argmin", "asin", "asinh", "atan", "atan2", "atanh", "bessel_i0", "bessel_i0e", "bessel_i1", "bessel_i1e",
    "betainc", "bincount", "ceil", "confusion_matrix", "conj", "cos", "cosh", "count_nonzero", "cumprod", "cumsum",
    "cumulative_logsumexp", "digamma", "divide", "divide_no_nan", "equal", "erf", "erfc", "erfcinv", "erfinv",
    "exp", "expm1", "floor", "floordiv", "floormod", "greater", "greater_equal", "igamma", "igammac", "imag",
    "in_top_k", "invert_permutation", "is_finite", "is_inf", "is_nan", "is_non_decreasing",
    "is_strictly_increasing", "l2_normalize", "lbeta", "less", "less_equal", "lgamma", "log", "log1p",
    "log_sigmoid", "log_softmax", "logical_and", "logical_not", "logical_or", "logical_xor", "maximum", "minimum",
    "mod", "multiply", "multiply_no_nan", "ndtri", "negative", "nextafter", "not_equal", "polygamma", "polyval",
    "pow", "real", "reciprocal", "reciprocal_no_nan", "reduce_all", "reduce_any", "reduce_euclidean_norm",
    "reduce_logsumexp", "reduce_max", "reduce_mean", "reduce_min", "reduce_prod", "reduce_std", "reduce_sum",
    "reduce_variance", "rint", "round", "rsqrt", "scalar_mul", "segment_max", "segment_mean", "segment_min",
    "segment_prod", "segment_sum", "sigmoid", "sign", "sin", "sinh", "sobol_sample", "softmax", "softplus",
    "softsign", "special", "sqrt", "square", "squared_difference", "subtract", "tan", "tanh", "top_k", "truediv",
    "unsorted_segment_max", "unsorted_segment_mean", "unsorted_segment_min", "unsorted_segment_prod",
    "unsorted_segment_sqrt_n", "unsorted_segment_sum", "xdivy", "xlog1py", "xlogy", "zero_fraction", "zeta",
    # The ops.
    "ABS", "ADD", "ADD_N", "ALL", "ANGLE", "ANY", "ARG_MAX", "ARG_MIN", "BITWISE_AND", "BITWISE_OR", "BITWISE_XOR",
    "CAST", "EQUAL", "EXP", "FLOOR_DIV", "FLOOR_MOD", "GREATER", "GREATER_EQUAL", "IMAG", "INVERT", "LESS",
    "LESS_EQUAL", "LOG", "LOGICAL_AND", "LOGICAL_NOT", "LOGICAL_OR", "LOG_SOFTMAX", "MATMUL", "MAX", "MAXIMUM",
    "MEAN", "MIN", "MINIMUM", "MUL", "NEG", "NOT_EQUAL", "POW", "PROD", "REAL_DIV", "RSQRT", "SIGMOID", "SOFTMAX",
    "SOFTPLUS", "SOFTSIGN", "SQRT", "SQUARE", "SQUARED_DIFFERENCE", "SUB", "SUM", "TANH", "TOP_K", "cast",
    "convert_to_tensor",
]  # fmt: skip

# What the root namespace takes from here.
ROOT_NAMES = (
    "abs", "acos", "acosh", "add", "add_n", "argmax", "argmin", "argsort", "asin", "asinh", "atan", "atan2",
    "atanh", "clip_by_global_norm", "clip_by_norm", "clip_by_value", "complex", "cos", "cosh", "cumsum", "divide",
    "equal", "exp", "floor", "greater", "greater_equal", "histogram_fixed_width", "histogram_fixed_width_bins",
    "less", "less_equal", "logical_and", "logical_not", "logical_or", "maximum", "minimum", "multiply", "negative",
    "not_equal", "pow", "realdiv", "reduce_all", "reduce_any", "reduce_logsumexp", "reduce_max", "reduce_mean",
    "reduce_min", "reduce_prod", "reduce_sum", "round", "saturate_cast", "scalar_mul", "sigmoid", "sign", "sin",
    "sinh", "sort", "sqrt", "square", "subtract", "tan", "tanh", "truediv", "truncatediv", "truncatemod",
)  # fmt: skip

mod = floormod


def imag(input: Any, name: str | None = None) -> Tensor:
    """Gives the imaginary part; zeros for real numbers.

    >>> tf.math.imag([1 + 2j]).numpy()
    array([2.])
    """
    x = tensor_of(input, "Imag", NUMBER)
    return IMAG(x, name=name) if x.dtype.is_complex else zeros_like(x, name=name)


def angle(input: Any, name: str | None = None) -> Tensor:
    """Gives the angle of complex numbers in the plane; of real ones 0, or pi where negative.

    >>> tf.math.angle([1j, -1 + 0j]).numpy().round(4)
    array([1.5708, 3.1416])
    """
    x = tensor_of(input, "Angle", NUMBER)
    if x.dtype.is_complex:
        return ANGLE(x, name=name)
    return where(less(x, zeros_like(x)), convert_to_tensor(_python.pi, x.dtype), zeros_like(x), name=name)


def polyval(coeffs: list[Any], x: Any, name: str | None = None) -> Tensor:
    """Evaluates a polynomial by Horner's rule.

    Args:
        coeffs: The coefficients, that of the highest power first.
        x: Where.
        name: A name for the operation.

    Raises:
        ValueError: If `coeffs` is not a list.

    >>> tf.math.polyval([1.0, 0.0, -1.0], 3.0).numpy()
    np.float32(8.0)
    """
    if not isinstance(coeffs, list):
        raise ValueError(f"Argument coeffs must be list type. Received type {type(coeffs)}.")
    tensor = convert_to_tensor(x)
    if not coeffs:
        return zeros_like(tensor, name=name)
    result, *rest = [convert_to_tensor(c, dtype_hint=tensor.dtype) for c in coeffs]
    for coefficient in rest:
        result = add(coefficient, multiply(result, tensor))
    return result

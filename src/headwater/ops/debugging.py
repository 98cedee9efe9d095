"""`tf.debugging`: assertions on tensors, and on which devices ops run."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np

from headwater.core import dtypes
from headwater.core.context import context
from headwater.core.dtypes import as_dtype
from headwater.core.errors import InvalidArgumentError
from headwater.core.infer import constant_value
from headwater.core.logs import placement
from headwater.core.op import Op
from headwater.core.tensor import EagerTensor, Tensor, convert_to_tensor
from headwater.core.variable import Variable
from headwater.ops import math
from headwater.ops._common import convert_pair
from headwater.ops._text import element_text
from headwater.ops.array import identity
from headwater.ops.array import rank as _rank_of
from headwater.ops.array import shape as _shape_of

ROOT_NAMES = ("Assert", "assert_equal", "assert_greater", "assert_less", "assert_rank")
__all__ = [
    "Assert", "assert_all_finite", "assert_equal", "assert_greater", "assert_greater_equal", "assert_integer",
    "assert_less", "assert_less_equal", "assert_near", "assert_negative", "assert_non_negative",
    "assert_non_positive", "assert_none_equal", "assert_positive", "assert_proper_iterable", "assert_rank",
    "assert_rank_at_least", "assert_rank_in", "assert_same_float_dtype", "assert_scalar", "assert_shapes",
    "assert_type", "check_numerics", "get_log_device_placement", "is_numeric_tensor", "set_log_device_placement",
]  # fmt: skip


# Assert -----------------------------------------------------------------------------------------------------------


def _assert_kernel(condition: Any, *data: Any, texts: tuple[str | None, ...], summarize: int) -> tuple[()]:
    if not condition.all():
        rest = iter(data)
        lines = [t if t is not None else _summary(next(rest), summarize) for t in texts]
        raise InvalidArgumentError(None, None, "assertion failed: " + "\n".join(f"[{line}]" for line in lines))
    return ()


_ASSERT = Op("Assert", _assert_kernel, effect="effect", same_dtype=False, spec=lambda inputs, attrs: [])


def _summary(array: Any, summarize: int) -> str:
    flat = np.asarray(array).reshape(-1)
    shown = [element_text(x) for x in (flat if summarize < 0 else flat[:summarize])]
    return ", ".join([*shown, *(["..."] if 0 <= summarize < flat.size else [])])


def Assert(condition: Any, data: Any, summarize: int | None = None, name: str | None = None) -> None:
    """Raises an error, when it runs, unless the condition holds.

    Args:
        condition: A boolean tensor; all of its elements must be true.
        data: Tensors and texts for the message.
        summarize: How many elements of each tensor are shown (default 3; -1: all).
        name: Accepted for compatibility.

    Raises:
        InvalidArgumentError: If the condition does not hold.

    >>> tf.debugging.Assert(tf.constant(True), ["fine"])
    """
    shown = 3 if summarize is None else int(summarize)
    tensor = convert_to_tensor(condition, dtypes.bool if isinstance(condition, bool) else None)
    if isinstance(tensor, EagerTensor) and context.graph is None:
        if not np.all(tensor._numpy()):
            lines = [_eager_text(x, shown) for x in data]
            raise InvalidArgumentError(
                None, None, f"Expected '{condition}' to be true. Summarized data: " + "\n".join(lines)
            )
        return
    texts: list[str | None] = []
    tensors = []
    for x in data:
        if isinstance(x, Tensor | Variable | np.ndarray):
            tensors.append(convert_to_tensor(x))
            texts.append(None)
        else:
            texts.append(str(x))
    known = constant_value(tensor)
    if known is not None and known.all():
        return
    _ASSERT(tensor, *tensors, texts=tuple(texts), summarize=shown, name=name)


def _eager_text(value: Any, summarize: int) -> str:
    if isinstance(value, str | bytes):
        return str(value.encode() if isinstance(value, str) else value)
    flat = np.asarray(convert_to_tensor(value)).reshape(-1).tolist()
    shown = flat if summarize < 0 else flat[:summarize]
    return ", ".join([*map(str, shown), *(["..."] if len(shown) < len(flat) else [])])


# Comparisons ------------------------------------------------------------------------------------------------------


def _check(x: Any, y: Any, holds: Callable[[Any, Any], Any], sign: str, message: Any, summarize: Any) -> None:
    """Asserts that ``x sign y`` holds for all elements: now if both are known, else when the graph runs."""
    x, y = convert_pair(x, y)
    a, b = constant_value(x), constant_value(y)
    if a is not None and b is not None:
        _check_arrays(a, b, sign, message, 3 if summarize is None else summarize)
        return
    start = [message] if message else []
    Assert(
        math.reduce_all(holds(x, y)), [*start, f"Condition x {sign} y did not hold element-wise:", "x =", x, "y =", y],
        summarize,
    )  # fmt: skip


_NUMPY = {
    "==": np.equal, "!=": np.not_equal, "<": np.less, "<=": np.less_equal, ">": np.greater, ">=": np.greater_equal,
}  # fmt: skip


def _check_arrays(a: Any, b: Any, sign: str, message: Any, summarize: int) -> None:
    try:
        a_full, b_full = np.broadcast_arrays(a, b)
        good = _NUMPY[sign](a_full, b_full)
    except ValueError:
        if sign == "!=":
            return
        a_full, b_full, good = a, b, np.zeros(1, bool)
    if np.all(good):
        return
    lines = [str(message)] if message else []
    lines.append(f"Condition x {sign} y did not hold.")
    if a.shape == b.shape:
        bad = np.argwhere(~good)[:summarize] if summarize >= 0 else np.argwhere(~good)
        where = tuple(bad.T) if a.ndim else ()
        lines += [f"Indices of first {len(bad)} different values:", str(bad)]
        lines += ["Corresponding x values:", str(np.atleast_1d(a_full[where]))]
        lines += ["Corresponding y values:", str(np.atleast_1d(b_full[where]))]
    for name, value in (("x", a), ("y", b)):
        flat = value.reshape(-1) if summarize < 0 else value.reshape(-1)[: max(summarize, 0)]
        lines += [f"First {flat.size} elements of {name}:", str(flat)]
    raise InvalidArgumentError(None, None, "\n".join(lines))


def assert_equal(
    x: Any, y: Any, message: str | None = None, summarize: int | None = None, name: str | None = None
) -> None:
    """Raises InvalidArgumentError unless ``x == y`` for all elements.

    Args:
        x: A tensor.
        y: A tensor of the same dtype, of a shape that broadcasts.
        message: The beginning of the error message.
        summarize: How many elements the message shows.
        name: Accepted for compatibility.

    >>> tf.debugging.assert_equal([1, 2], [1, 2])
    """
    _check(x, y, math.equal, "==", message, summarize)


def assert_none_equal(
    x: Any, y: Any, summarize: int | None = None, message: str | None = None, name: str | None = None
) -> None:
    """Raises InvalidArgumentError unless ``x != y`` for all elements; see `assert_equal`.

    >>> tf.debugging.assert_none_equal([1, 2], [3, 4])
    """
    _check(x, y, math.not_equal, "!=", message, summarize)


def assert_less(
    x: Any, y: Any, message: str | None = None, summarize: int | None = None, name: str | None = None
) -> None:
    """Raises InvalidArgumentError unless ``x < y`` for all elements; see `assert_equal`.

    >>> tf.debugging.assert_less([1, 2], 3)
    """
    _check(x, y, math.less, "<", message, summarize)


def assert_less_equal(
    x: Any, y: Any, message: str | None = None, summarize: int | None = None, name: str | None = None
) -> None:
    """Raises InvalidArgumentError unless ``x <= y`` for all elements; see `assert_equal`.

    >>> tf.debugging.assert_less_equal([1, 3], 3)
    """
    _check(x, y, math.less_equal, "<=", message, summarize)


def assert_greater(
    x: Any, y: Any, message: str | None = None, summarize: int | None = None, name: str | None = None
) -> None:
    """Raises InvalidArgumentError unless ``x > y`` for all elements; see `assert_equal`.

    >>> tf.debugging.assert_greater([4, 5], 3)
    """
    _check(x, y, math.greater, ">", message, summarize)


def assert_greater_equal(
    x: Any, y: Any, message: str | None = None, summarize: int | None = None, name: str | None = None
) -> None:
    """Raises InvalidArgumentError unless ``x >= y`` for all elements; see `assert_equal`.

    >>> tf.debugging.assert_greater_equal([3, 5], 3)
    """
    _check(x, y, math.greater_equal, ">=", message, summarize)


def _against_zero(x: Any, holds: Any, sign: str, message: Any, summarize: Any) -> None:
    tensor = convert_to_tensor(x)
    _check(tensor, convert_to_tensor(np.zeros((), tensor.dtype.as_numpy_dtype)), holds, sign, message, summarize)


def assert_positive(x: Any, message: str | None = None, summarize: int | None = None, name: str | None = None) -> None:
    """Raises InvalidArgumentError unless ``x > 0`` for all elements.

    >>> tf.debugging.assert_positive([1, 2])
    """
    _against_zero(x, math.greater, ">", message, summarize)


def assert_negative(x: Any, message: str | None = None, summarize: int | None = None, name: str | None = None) -> None:
    """Raises InvalidArgumentError unless ``x < 0`` for all elements.

    >>> tf.debugging.assert_negative([-1, -2])
    """
    _against_zero(x, math.less, "<", message, summarize)


def assert_non_negative(
    x: Any, message: str | None = None, summarize: int | None = None, name: str | None = None
) -> None:
    """Raises InvalidArgumentError unless ``x >= 0`` for all elements.

    >>> tf.debugging.assert_non_negative([0, 2])
    """
    _against_zero(x, math.greater_equal, ">=", message, summarize)


def assert_non_positive(
    x: Any, message: str | None = None, summarize: int | None = None, name: str | None = None
) -> None:
    """Raises InvalidArgumentError unless ``x <= 0`` for all elements.

    >>> tf.debugging.assert_non_positive([0, -2])
    """
    _against_zero(x, math.less_equal, "<=", message, summarize)


def assert_near(
    x: Any,
    y: Any,
    rtol: Any = None,
    atol: Any = None,
    message: str | None = None,
    summarize: int | None = None,
    name: str | None = None,
) -> None:
    """Raises InvalidArgumentError unless ``|x - y| <= atol + rtol * |y|`` for all elements.

    Args:
        x: A floating-point tensor.
        y: A tensor of the same dtype, of a shape that broadcasts.
        rtol: The relative tolerance; None: 10 times the dtype's epsilon.
        atol: The absolute tolerance; None: 10 times the dtype's epsilon.
        message: The beginning of the error message.
        summarize: How many elements the message shows.
        name: Accepted for compatibility.

    >>> tf.debugging.assert_near([1.0, 2.0], [1.0, 2.0])
    """
    x, y = convert_pair(x, y)
    epsilon = 10 * float(np.finfo(np.dtype(y.dtype.as_numpy_dtype)).eps)
    rtol = convert_to_tensor(epsilon if rtol is None else rtol, x.dtype)
    atol = convert_to_tensor(epsilon if atol is None else atol, x.dtype)
    near = math.reduce_all(math.abs(x - y) <= atol + rtol * math.abs(y))
    start = [message] if message else []
    text = f"x and y not equal to tolerance rtol = {rtol}, atol = {atol}"
    Assert(near, [*start, text, f"x (shape={x.shape} dtype={x.dtype.name}) = ", x, "y = ", y], summarize)


# Shapes and dtypes ------------------------------------------------------------------------------------------------


def _fail(kind: type[Exception], message: Any, text: str) -> Exception:
    return kind(f"{message}.  {text}" if message else text)


def _check_rank(x: Any, allowed: Callable[[int], bool], wanted: str, message: Any, when_unknown: Any) -> None:
    tensor = convert_to_tensor(x)
    found = tensor.shape.rank
    if found is None:
        Assert(when_unknown(_rank_of(tensor)), [f"{message or ''} Tensor must have rank {wanted}."])
    elif not allowed(found):
        label = getattr(tensor, "name", "")
        raise _fail(
            ValueError, message, f"Tensor {label} must have rank {wanted}.  Received rank {found}, shape {tensor.shape}"
        )


def _known_rank(value: Any) -> int:
    known = constant_value(convert_to_tensor(value))
    if known is None or np.ndim(known) or known.dtype.kind not in "iu":
        raise ValueError(f"Expected a rank that is known while tracing, a scalar integer; received {value!r}.")
    return int(known)


def assert_rank(x: Any, rank: Any, message: str | None = None, name: str | None = None) -> None:
    """Raises ValueError unless `x` has that many dimensions.

    >>> tf.debugging.assert_rank([1, 2], 1)
    """
    wanted = _known_rank(rank)
    _check_rank(x, lambda r: r == wanted, str(wanted), message, lambda r: math.equal(r, wanted))


def assert_rank_at_least(x: Any, rank: Any, message: str | None = None, name: str | None = None) -> None:
    """Raises ValueError unless `x` has that many dimensions or more.

    >>> tf.debugging.assert_rank_at_least([[1, 2]], 1)
    """
    wanted = _known_rank(rank)
    _check_rank(x, lambda r: r >= wanted, f"at least {wanted}", message, lambda r: math.greater_equal(r, wanted))


def assert_rank_in(x: Any, ranks: Iterable[Any], message: str | None = None, name: str | None = None) -> None:
    """Raises ValueError unless the number of dimensions of `x` is one of `ranks`.

    >>> tf.debugging.assert_rank_in([1, 2], [0, 1])
    """
    wanted = tuple([_known_rank(r) for r in ranks])

    def later(found: Any) -> Any:
        return math.reduce_any(math.equal(found, convert_to_tensor(np.asarray(wanted, np.int32))))

    _check_rank(x, lambda r: r in wanted, f"in {wanted}", message, later)


def assert_scalar(tensor: Any, name: str | None = None, message: str | None = None) -> Tensor:
    """Raises ValueError unless the tensor is a scalar; returns it.

    >>> tf.debugging.assert_scalar(3)
    <tf.Tensor: shape=(), dtype=int32, numpy=3>
    """
    tensor = convert_to_tensor(tensor)
    if tensor.shape.rank != 0:
        raise _fail(ValueError, message, f"Expected scalar shape, saw shape: {tensor.shape}.")
    return tensor


def assert_integer(x: Any, message: str | None = None, name: str | None = None) -> None:
    """Raises TypeError unless `x` has an integer dtype.

    >>> tf.debugging.assert_integer([1, 2])
    """
    tensor = convert_to_tensor(x)
    if not tensor.dtype.is_integer:
        raise _fail(TypeError, message, f'Expected "x" to be integer type.  Found: tensor of dtype {tensor.dtype!r}')


def assert_type(tensor: Any, tf_type: Any, message: str | None = None, name: str | None = None) -> None:
    """Raises TypeError unless the tensor has that dtype.

    >>> tf.debugging.assert_type([1, 2], tf.int32)
    """
    found, wanted = convert_to_tensor(tensor).dtype, as_dtype(tf_type)
    if found is not wanted:
        raise _fail(TypeError, message, f"tensor must be of type {wanted!s}; got {found!s}")


def assert_same_float_dtype(tensors: Any = None, dtype: Any = None) -> Any:
    """Raises ValueError unless all tensors have one dtype, a floating one; returns it.

    >>> tf.debugging.assert_same_float_dtype([tf.constant(1.0)])
    tf.float32
    """
    found = None if dtype is None else as_dtype(dtype)
    first: Any = None
    for x in tensors or ():
        tensor = convert_to_tensor(x)
        if found is None:
            found, first = tensor.dtype, tensor
        elif tensor.dtype is not found:
            of = f" as {first}" if first is not None else ""
            raise ValueError(f"{tensor}, type={tensor.dtype!r}, must be of the same type ({found!r}){of}.")
    found = dtypes.float32 if found is None else found
    if not found.is_floating:
        raise ValueError(f"Expected floating point type, got {found!r}.")
    return found


def assert_shapes(
    shapes: Any, data: Any = None, summarize: int | None = None, message: str | None = None, name: str | None = None
) -> None:
    """Raises ValueError unless tensors have the shapes given, in which names stand for sizes that must agree.

    Args:
        shapes: ``(tensor, shape)`` pairs (or a mapping); a shape has integers, names, None or "." (any size), or "*"
            or ... for any number of dimensions at its beginning or end.
        data: Accepted for compatibility.
        summarize: Accepted for compatibility.
        message: The beginning of the error message.
        name: Accepted for compatibility.

    >>> x, y = tf.zeros([2, 3]), tf.zeros([3])
    >>> tf.debugging.assert_shapes([(x, ("N", "D")), (y, ("D",))])
    """
    sizes: dict[Any, tuple[Any, str]] = {}
    pairs = list(shapes.items() if isinstance(shapes, Mapping) else shapes)
    for x, symbols in pairs:
        tensor = convert_to_tensor(x.deref() if hasattr(x, "deref") else x)
        symbols = _symbols(symbols)
        places = _places(tensor, symbols, message)
        for axis, symbol in places:
            if symbol not in (None, "."):
                _check_size(tensor, axis, symbol, sizes, message)


def _symbols(symbols: Any) -> list[Any]:
    if hasattr(symbols, "as_list"):
        return list(symbols.as_list())
    return list(symbols) if isinstance(symbols, list | tuple | str) else [symbols]


def _places(tensor: Tensor, symbols: list[Any], message: Any) -> list[tuple[int, Any]]:
    """Which axis each symbol is about."""
    any_number = [i for i, s in enumerate(symbols) if s is Ellipsis or s == "*"]
    if any(i not in (0, len(symbols) - 1) for i in any_number) or len(any_number) > 1:
        raise ValueError(f"assert_shapes: '*' or ... may stand only once, at the beginning or end of {symbols}.")
    if not any_number:
        assert_rank(tensor, len(symbols), message)
        return list(enumerate(symbols))
    rest = [s for i, s in enumerate(symbols) if i not in any_number]
    assert_rank_at_least(tensor, len(rest), message)
    return list(enumerate(rest)) if any_number[0] else [(i - len(rest), s) for i, s in enumerate(rest)]


def _check_size(tensor: Tensor, axis: int, symbol: Any, sizes: dict[Any, tuple[Any, str]], message: Any) -> None:
    shape = tensor.shape
    found = shape[axis] if shape.rank is not None else None
    label = f"shape={shape} dtype={tensor.dtype.name}"
    if isinstance(symbol, int | np.integer):
        wanted, source = int(symbol), "Specified explicitly"
    elif symbol in sizes:
        wanted, source = sizes[symbol]
    else:
        if found is not None:
            sizes[symbol] = found, f"Specified by tensor {label} dimension {axis}"
        return
    if found is not None and found != wanted:
        raise _fail(
            ValueError, message,
            f"{source}.  Tensor {label} dimension {axis} must have size {wanted}.  Received size {found}, shape "
            f"{shape}",
        )  # fmt: skip
    if found is None:
        Assert(math.equal(_size(tensor, axis), wanted), [f"{source}.  Dimension {axis} must have size {wanted}."])


def _size(tensor: Tensor, axis: int) -> Tensor:
    return _shape_of(tensor)[axis]


def assert_proper_iterable(values: Any) -> None:
    """Raises TypeError unless `values` can be iterated over as a collection: not a tensor, string or array.

    >>> tf.debugging.assert_proper_iterable([1, 2])
    """
    if isinstance(values, Tensor | Variable | np.ndarray | bytes | str) or not hasattr(values, "__iter__"):
        raise TypeError(f'Expected argument "values" to be a "proper" iterable.  Found: {type(values)}')


def is_numeric_tensor(tensor: Any) -> bool:
    """Whether the value is a tensor of numbers.

    >>> tf.debugging.is_numeric_tensor(tf.constant(1.0))
    True
    """
    if not isinstance(tensor, Tensor | Variable):
        return False
    return bool(tensor.dtype.is_integer or tensor.dtype.is_floating or tensor.dtype.is_complex)


# Numbers ----------------------------------------------------------------------------------------------------------


def _numerics_kernel(x: Any, *, message: str) -> Any:
    values = x.astype(np.float32) if x.dtype.kind == "V" or x.dtype.name == "bfloat16" else x
    found = [name for name, test in (("Inf", np.isinf), ("NaN", np.isnan)) if test(values).any()]
    if found:
        raise InvalidArgumentError(None, None, f"{message} : Tensor had {' and '.join(found)} values")
    return x


_CHECK_NUMERICS = Op(
    "CheckNumerics",
    _numerics_kernel,
    effect="effect",
    spec=lambda inputs, attrs: (inputs[0].dtype, inputs[0].shape),
    gradient=lambda inputs, outputs, found, attrs: [identity(found[0])],
)


def check_numerics(tensor: Any, message: str, name: str | None = None) -> Tensor:
    """The tensor, if it holds neither infinities nor NaNs.

    Args:
        tensor: A floating-point tensor.
        message: The beginning of the error message.
        name: A name for the result.

    Raises:
        InvalidArgumentError: If some element is infinite or NaN.

    >>> tf.debugging.check_numerics(tf.constant(1.0), "x")
    <tf.Tensor: shape=(), dtype=float32, numpy=1.0>
    """
    tensor = convert_to_tensor(tensor)
    if not tensor.dtype.is_floating:
        raise TypeError(f"check_numerics expects a floating-point tensor, received dtype {tensor.dtype.name}.")
    return _CHECK_NUMERICS(tensor, message=str(message), name=name)


def assert_all_finite(x: Any, message: str, name: str | None = None) -> Tensor:
    """The tensor, if it holds neither infinities nor NaNs; see `check_numerics`.

    >>> tf.debugging.assert_all_finite(tf.constant(1.0), "x")
    <tf.Tensor: shape=(), dtype=float32, numpy=1.0>
    """
    return check_numerics(x, message, name)


# Devices ----------------------------------------------------------------------------------------------------------


def set_log_device_placement(enabled: bool) -> None:
    """Says, at level INFO of `tf.get_logger`, on which device each eager op and each executable runs.

    The nodes of a function's executable are named when it first runs: one executable runs on one device. A logger whose
    level was not set shows these lines while this is on.

    Args:
        enabled: Whether to log.

    >>> tf.debugging.set_log_device_placement(True)
    >>> x = tf.constant(1.0) + 2.0  # Executing op AddV2 in device /job:localhost/replica:0/task:0/device:CPU:0
    >>> tf.debugging.set_log_device_placement(False)
    """
    placement.switch(bool(enabled))


def get_log_device_placement() -> bool:
    """Whether devices are logged.

    >>> tf.debugging.get_log_device_placement()
    False
    """
    return placement.is_logged

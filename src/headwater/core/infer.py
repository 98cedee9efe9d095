"""The output dtype and static shape of an op, from its kernel: one rule for all ops.

Kernels are evaluated abstractly (`jax.eval_shape`). Unknown dimensions are replaced by each of a few *probe* sizes,
and what differs between them is unknown. Values that follow from shapes and constants alone (``tf.shape(x)[0] * 2``)
are computed at each probe size too, so ``tf.reshape(x, [tf.shape(x)[0], -1])`` has the shape it should. Unknown ranks
are probed likewise.
"""

from __future__ import annotations

import contextlib
import functools
import itertools
from collections.abc import Iterator, Sequence
from typing import Any

import jax
import numpy as np

from headwater.core import dtypes
from headwater.core.dtypes import DType, from_numpy
from headwater.core.engine_errors import reraise_foreign
from headwater.core.op import STRING_CODE, Op, StaticValue, is_differentiable
from headwater.core.shapes import TensorShape, broadcast_shapes
from headwater.core.tensor import Tensor

# Two sizes with many divisors, so that splits and reshapes of unknown dimensions work out, and 1, so that what is cut
# off at a constant (``x[:10]``) is not mistaken for a known size. Small enough for kernels that loop over a dimension.
PROBES = (2520, 5040, 1)
# Where a kernel needs more elements than a probe has (``top_k(x, 10_000)``), it is tried with this many times more.
_ENLARGE = 1024
# What depends on what shows at a small size as well.
_SMALL = 12
_PROBE_RANKS = (1, 2, 3, 4, 5, 0)

# Values of more elements than this are not followed through shape arithmetic.
FOLD_LIMIT = 1024

OutputSpec = tuple[DType, TensorShape, Any]


class _Failed:
    """Marks a probe at which the kernel rejects its inputs."""

    def __init__(self, error: BaseException) -> None:
        self.error = error


def infer(op: Op, inputs: Sequence[Tensor], attrs: dict[str, Any]) -> tuple[list[OutputSpec], bool]:
    """The outputs of an op call.

    Args:
        op: The op.
        inputs: Its input tensors.
        attrs: Its attributes.

    Returns:
        ``[(dtype, shape, probes), ...]`` for each output, and whether the op gives a tuple.

    Raises:
        ValueError: If the op cannot take inputs of these shapes.
    """
    if op.spec is not None:
        specs = op.spec(inputs, attrs)
        many = isinstance(specs, list)
        result = specs if many else [specs]
    elif op.elementwise:
        outputs, many = _evaluate(op, [((), _numpy_dtype(x)) for x in inputs], {}, attrs)
        shape = _broadcast(op, inputs)
        result = [(_dtype(o.dtype), shape) for o in outputs]
    else:
        result, many = _infer_by_probes(op, inputs, attrs)
    if op.spec is None and not any(x.dtype is dtypes.string for x in inputs):  # then codes are plain numbers
        result = [(dtypes.uint64 if dtype is dtypes.string else dtype, shape) for dtype, shape in result]
    probes = _probe_values(op, inputs, attrs, result)
    return [(dtype, shape, probe) for (dtype, shape), probe in zip(result, probes, strict=True)], many


def constant_value(tensor: Tensor) -> Any:
    """The value of a tensor as a NumPy array where it is known while tracing, else None."""
    probes = getattr(tensor, "probes", None)
    if probes is not None:
        first = probes[0]
        same = all(p.shape == first.shape and np.array_equal(p, first) for p in probes[1:])
        return first if same else None
    return tensor._numpy() if hasattr(tensor, "_numpy") else None


def _broadcast(op: Op, inputs: Sequence[Tensor]) -> TensorShape:
    try:
        return broadcast_shapes(*[x.shape for x in inputs])
    except ValueError as error:
        raise ValueError(
            f"{error} [Op:{op.name}] Expected shapes that broadcast. Check or reshape the inputs."
        ) from None


def _numpy_dtype(tensor: Tensor) -> Any:
    return STRING_CODE if tensor.dtype is dtypes.string else np.dtype(tensor.dtype.as_numpy_dtype)


def _dtype(dtype: Any) -> DType:
    return from_numpy(np.dtype(dtype))


# Evaluation at one size ------------------------------------------------------------------------------------------


def _evaluate(op: Op, avals: Sequence[tuple[Any, Any]], static: dict[int, Any], attrs: dict[str, Any]) -> Any:
    """``(outputs with .shape and .dtype, whether a tuple)`` of the kernel for inputs of these shapes and dtypes."""
    key = tuple(avals), tuple((i, StaticValue(v)) for i, v in static.items()), tuple(attrs.items())
    try:
        return _evaluate_cached(op, *key)
    except TypeError as error:
        if "unhashable" not in str(error):
            raise
        return _evaluate_now(op, *key)


def _evaluate_now(op: Op, avals: Any, static: Any, attrs: Any) -> Any:
    fixed = {i: v.array for i, v in static}

    def kernel(*arrays: Any) -> Any:
        rest = iter(arrays)
        return op.kernel(*[fixed[i] if i in fixed else next(rest) for i in range(len(avals))], **dict(attrs))

    arrays = [jax.ShapeDtypeStruct(s, d) for i, (s, d) in enumerate(avals) if i not in fixed]
    result = jax.eval_shape(kernel, *arrays)
    many = isinstance(result, tuple | list)
    outputs = []
    for output in result if many else [result]:  # a STRING_CODE from numbers is a plain uint64, of strings a string
        is_text = output.dtype == STRING_CODE and any(d == STRING_CODE for _, d in avals)
        outputs.append(_Output(np.shape(output), np.dtype(object) if is_text else output.dtype))
    return outputs, many


class _Output:
    __slots__ = ("dtype", "shape")

    def __init__(self, shape: tuple[int, ...], dtype: Any) -> None:
        self.shape = shape
        self.dtype = dtype


@functools.lru_cache(maxsize=16384)
def _evaluate_cached(op: Op, avals: Any, static: Any, attrs: Any) -> Any:
    return _evaluate_now(op, avals, static, attrs)


# Dependence -----------------------------------------------------------------------------------------------------


def used_inputs(op: Op, inputs: Sequence[Tensor], attrs: dict[str, Any]) -> Sequence[int]:
    """Positions of the inputs that the outputs depend on: the gradient of a sum, say, does not depend on the terms."""
    everything = range(len(inputs))
    if op.graphs or op.uses_inputs:
        return everything
    if all(x.shape.rank is not None for x in inputs):
        used = _used_of_known_rank(op, inputs, attrs)
        return everything if used is None else used
    stand_ins = [[x if x.shape.rank is not None else _StandIn(x, [None] * r) for x in inputs] for r in _PROBE_RANKS]
    found = [used for x in stand_ins if (used := _used_of_known_rank(op, x, attrs)) is not None]
    return sorted(set().union(*found)) if found else everything


def _used_of_known_rank(op: Op, inputs: Sequence[Any], attrs: dict[str, Any]) -> Sequence[int] | None:
    """What `used_inputs` says, or None if it cannot be found out at these ranks."""
    static = {i: probe(inputs[i], 0) for i in op.static if i < len(inputs)}
    if any(value is None for value in static.values()):
        return None
    known = tuple((i, StaticValue(v)) for i, v in static.items())
    for shapes in _candidates([list(x.shape) for x in inputs]):
        try:
            avals = tuple([(s, _numpy_dtype(x)) for s, x in zip(shapes, inputs)])
            return _used_cached(op, _consistent(op, avals, static, attrs), known, tuple(attrs.items()))
        except Exception as error:  # not evaluated at this size, or attributes that cannot be hashed
            reraise_foreign(error)
    return None


def _candidates(dims: list[list[int | None]]) -> Iterator[list[tuple[int, ...]]]:
    for size in (_SMALL, PROBES[0]):
        yield [tuple(size if d is None else d for d in shape) for shape in dims]
    for size in (_SMALL, PROBES[0]):
        yield from _guesses(dims, size)


def _consistent(op: Op, avals: tuple[Any, ...], static: dict[int, Any], attrs: dict[str, Any]) -> tuple[Any, ...]:
    """The inputs of a gradient op, its cotangents in the shapes that the outputs have for the other inputs."""
    if op.gradient_of is None:
        return avals
    call, rest = op.differentiated(attrs)
    inputs = _consistent(op.gradient_of, avals[: call.inputs], static, rest)
    outputs, _ = _evaluate(op.gradient_of, inputs, static, rest)
    shapes = [o.shape for o in outputs if is_differentiable(o.dtype)]
    return inputs + tuple([(shapes[i], dtype) for i, (_, dtype) in zip(call.given, avals[call.inputs :])])


@functools.lru_cache(maxsize=4096)
def _used_cached(op: Op, avals: Any, static: Any, attrs: Any) -> tuple[int, ...]:
    fixed = {i: v.array for i, v in static}
    free = [i for i in range(len(avals)) if i not in fixed]

    def kernel(*arrays: Any) -> Any:
        given = dict(zip(free, arrays)) | fixed
        return op.kernel(*[given[i] for i in range(len(avals))], **dict(attrs))

    jaxpr = jax.make_jaxpr(kernel)(*[jax.ShapeDtypeStruct(*avals[i]) for i in free]).jaxpr
    used = _used_variables(jaxpr, [True] * len(jaxpr.outvars))
    return tuple([i for i, wanted in zip(free, used) if wanted])


def _used_variables(jaxpr: Any, wanted_outputs: Sequence[bool]) -> list[bool]:
    """Which inputs of a jaxpr the wanted outputs depend on."""
    needed = {v for v, wanted in zip(jaxpr.outvars, wanted_outputs) if wanted and _carries_gradient(v)}
    for equation in reversed(jaxpr.eqns):
        wanted = [v in needed for v in equation.outvars]
        if not any(wanted):
            continue
        inner = getattr(equation.params.get("jaxpr"), "jaxpr", None)
        exact = inner is not None and equation.primitive.name in ("jit", "pjit")
        uses = _used_variables(inner, wanted) if exact else [True] * len(equation.invars)
        needed.update(v for v, use in zip(equation.invars, uses) if use and _carries_gradient(v))
    return [v in needed for v in jaxpr.invars]


def _carries_gradient(variable: Any) -> bool:
    """Whether a jaxpr's variable is no literal, and of a dtype that gradients flow through."""
    return not hasattr(variable, "val") and np.issubdtype(variable.aval.dtype, np.inexact)


# Evaluation at the probes ----------------------------------------------------------------------------------------


def _infer_by_probes(op: Op, inputs: Sequence[Tensor], attrs: dict[str, Any]) -> Any:
    if any(x.shape.rank is None for x in inputs):
        return _infer_unknown_rank(op, inputs, attrs)
    unknown_static = [i for i in op.static if i < len(inputs) and probe(inputs[i], 0) is None]
    if unknown_static:
        return _infer_unknown_static(op, inputs, attrs, unknown_static)
    exact = all(x.shape.is_fully_defined() for x in inputs) and all(
        constant_value(inputs[i]) is not None for i in op.static if i < len(inputs)
    )
    try:
        results = [_at_probe(op, inputs, attrs, k) for k in ((0,) if exact else range(len(PROBES)))]
    except Exception as error:
        reraise_foreign(error)
        if op.unknown is not None and not exact:
            return _unknown(op, inputs, attrs)
        varying = [i for i in op.static if i < len(inputs) and constant_value(inputs[i]) is None]
        if varying:  # what holds for the lengths to come (`20 - n` left to pad) need not hold at a probe
            with contextlib.suppress(ValueError):
                return _infer_unknown_static(op, inputs, attrs, varying)
        raise _shape_error(op, inputs, error) from None
    return _compare(results)


def _unknown(op: Op, inputs: Sequence[Tensor], attrs: dict[str, Any]) -> Any:
    specs = op.unknown(inputs, attrs)  # type: ignore[misc]
    return (specs, True) if isinstance(specs, list) else ([specs], False)


def _at_probe(op: Op, inputs: Sequence[Tensor], attrs: dict[str, Any], k: int) -> Any:
    static = {i: probe(inputs[i], k) for i in op.static if i < len(inputs)}
    dims = [list(x.shape) for x in inputs]
    avals = [
        (tuple(PROBES[k] if d is None else d for d in s), _numpy_dtype(x)) for s, x in zip(dims, inputs, strict=True)
    ]
    try:
        return _evaluate(op, avals, static, attrs)
    except Exception as error:
        reraise_foreign(error)
        if k == len(PROBES) - 1:
            return None  # the size-1 probe only refines
        enlarged = [tuple(_ENLARGE * PROBES[k] if d is None else d for d in s) for s in dims]
        for guess in _guesses(dims, PROBES[k], enlarged):
            try:
                return _evaluate(op, [(g, d) for g, (_, d) in zip(guess, avals, strict=True)], static, attrs)
            except Exception as failure:
                reraise_foreign(failure)
        raise error


def _guesses(dims: list[list[int | None]], probe: int, *more: Any) -> Iterator[list[tuple[int, ...]]]:
    """Assignments of known sizes to unknown dimensions: an unknown one may have to equal a known one.

    First those that change few of them. Then `more`, and sizes of 1, which broadcast where another would not fit. Whole
    shapes taken over from a known input of the same rank come last: they say most that need not be so.
    """
    sizes = {d for shape in dims for d in shape if d is not None}
    yield from _sizes_for_unknown(dims, probe, sorted(sizes - {1}))
    yield from more
    if 1 in sizes:
        yield from _sizes_for_unknown(dims, probe, [*sorted(sizes - {1}), 1])
    for model in dims:
        if None not in model:
            yield [
                tuple([size if d is None else d for d, size in zip(shape, model if len(shape) == len(model) else fill)])  # type: ignore[misc]
                for shape in dims
                for fill in [[probe] * len(shape)]
            ]


def _sizes_for_unknown(dims: list[list[int | None]], probe: int, sizes: list[int]) -> Iterator[list[tuple[int, ...]]]:
    """`dims` with some of `sizes` for some unknown dimensions and the probe for the others: the fewest first."""
    places = [(i, j) for i, shape in enumerate(dims) for j, d in enumerate(shape) if d is None]
    if not places or not sizes or (len(sizes) + 1) ** len(places) > 256:
        return
    choices = itertools.product([probe, *sizes], repeat=len(places))
    for choice in sorted(choices, key=lambda c: sum(x != probe for x in c))[1:]:
        filled = [list(shape) for shape in dims]
        for (i, j), size in zip(places, choice):
            filled[i][j] = size
        yield [tuple(shape) for shape in filled]  # type: ignore[arg-type]


def _compare(results: Sequence[Any]) -> Any:
    outputs, many = results[0]
    found = []
    for position, output in enumerate(outputs):
        shapes = [r[0][position].shape for r in results if r is not None]
        shape = TensorShape(None)
        if all(len(s) == len(shapes[0]) for s in shapes):
            shape = TensorShape([sizes[0] if len(set(sizes)) == 1 else None for sizes in zip(*shapes, strict=True)])
        found.append((_dtype(output.dtype), shape))
    return found, many


def _infer_unknown_rank(op: Op, inputs: Sequence[Tensor], attrs: dict[str, Any]) -> Any:
    results: list[Any] = []
    last: Exception | None = None
    for rank in _PROBE_RANKS:
        stand_ins = [_StandIn(x, [None] * rank) if x.shape.rank is None else x for x in inputs]
        try:
            results.append(_infer_by_probes(op, stand_ins, attrs))  # type: ignore[arg-type]
        except Exception as error:
            reraise_foreign(error)
            last = error
    if not results:
        raise last or ValueError(f"{op.name} takes no inputs of any rank")
    outputs, many = results[0]
    return [
        (dtype, shape if all(r[0][i][1] == shape for r in results) else TensorShape(None))
        for i, (dtype, shape) in enumerate(outputs)
    ], many


def _infer_unknown_static(op: Op, inputs: Sequence[Tensor], attrs: dict[str, Any], positions: list[int]) -> Any:
    """A shape, axis or size that is known only at run time: the result's rank may follow, its dimensions do not."""
    results: list[Any] = []
    last: Exception | None = None
    for fill in (1, 0, 2, 3):
        stand_ins: list[Any] = list(inputs)
        for i in positions:
            stand_ins[i] = _StandIn(inputs[i], inputs[i].shape, _filled(inputs[i], fill))
        try:
            results.append(_infer_by_probes(op, stand_ins, attrs))
        except Exception as error:
            reraise_foreign(error)
            last = error
    if not results and op.unknown is not None:
        return _unknown(op, inputs, attrs)
    if not results:
        raise last or ValueError(f"{op.name} takes no such inputs")
    outputs, many = results[0]
    merged = []
    for i, (dtype, shape) in enumerate(outputs):
        for other, _ in results[1:]:
            shape = shape.most_specific_compatible_shape(other[i][1])
        if len(results) == 1:
            shape = TensorShape(None if shape.rank is None else [None] * shape.rank)
        if any(None in inputs[p].shape for p in positions):
            shape = TensorShape(None)
        merged.append((dtype, shape))
    return merged, many


def _filled(tensor: Tensor, fill: int) -> Any:
    """A value for a tensor: its own elements where they are the same at every probe, `fill` elsewhere."""
    values = [probe(tensor, k) for k in range(len(PROBES))]
    if values[0] is not None and all(v.shape == values[0].shape for v in values):
        return np.where(np.all([v == values[0] for v in values], axis=0), values[0], np.asarray(fill, values[0].dtype))
    dims = [1 if d is None else d for d in tensor.shape]
    return np.full(dims, fill, dtype=tensor.dtype.as_numpy_dtype)


class _StandIn:
    """A tensor's dtype with another shape, for probing."""

    def __init__(self, tensor: Any, shape: Any, value: Any = None) -> None:
        self.dtype = tensor.dtype
        self.shape = TensorShape(shape)
        self.probes = tensor.probes if value is None and hasattr(tensor, "probes") else None
        if value is not None:
            self.probes = [value] * len(PROBES)


def _shape_error(op: Op, inputs: Sequence[Tensor], error: BaseException) -> ValueError:
    shapes = ", ".join(f"{x.dtype.name}{x.shape}" for x in inputs)
    reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
    return ValueError(f"{op.name} cannot take inputs {shapes}: {reason} [Op:{op.name}]")


# Values known while tracing --------------------------------------------------------------------------------------


def probe(tensor: Any, k: int) -> Any:
    """The value of a tensor at probe size `k`, or None if it does not follow from shapes and constants."""
    probes = getattr(tensor, "probes", None)
    if probes is not None:
        return probes[k]
    return tensor._numpy() if hasattr(tensor, "_numpy") else None


def can_fold(op: Op) -> bool:
    """Whether the op may be computed while tracing and lowering from inputs that are known then."""
    return op.effect == "pure" and not op.graphs


def _probe_values(op: Op, inputs: Sequence[Tensor], attrs: dict[str, Any], result: Any) -> list[Any]:
    nothing = [None] * len(result)
    if not can_fold(op) or any(d is dtypes.string for d, _ in result):
        return nothing
    if op.shape_only:
        if any(x.shape.rank is None for x in inputs):
            return nothing
        values = [_shape_values(op, inputs, attrs, k) for k in range(len(PROBES))]
    else:
        small = all((shape.num_elements() or FOLD_LIMIT + 1) <= FOLD_LIMIT for _, shape in result)
        if not inputs or not small or any(probe(x, 0) is None for x in inputs):
            return nothing
        with jax.ensure_compile_time_eval():
            try:
                values = [_many(op._run_jitted([probe(x, k) for x in inputs], attrs)) for k in range(len(PROBES))]
            except Exception as error:
                reraise_foreign(error)
                return nothing
    return [[np.asarray(values[k][i]) for k in range(len(PROBES))] for i in range(len(result))]


def _shape_values(op: Op, inputs: Sequence[Tensor], attrs: dict[str, Any], k: int) -> tuple[Any, ...]:
    dims = [tuple(PROBES[k] if d is None else d for d in x.shape) for x in inputs]
    return _many(
        op.kernel(*[jax.ShapeDtypeStruct(d, _numpy_dtype(x)) for d, x in zip(dims, inputs, strict=True)], **attrs)
    )


def _many(result: Any) -> tuple[Any, ...]:
    return tuple(result) if isinstance(result, tuple | list) else (result,)

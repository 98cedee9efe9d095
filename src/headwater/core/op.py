"""`Op`: one record per operation, from which everything else about the operation follows.

An op is TensorFlow's name plus a *kernel*: a pure function from JAX arrays (positional) and static attributes
(keyword) to a JAX array or a tuple of them. From the kernel follow eager execution (jitted once per attributes), the
shape rule (`headwater.core.infer`), the lowering, the gradient op (`jax.vjp` of the kernel) and the tangent op
(`jax.jvp`). Calling an `Op` is the only way in which anything is computed or recorded.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Literal, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from headwater.core import transfer
from headwater.core.checks import Check
from headwater.core.context import context
from headwater.core.dtypes import DType, from_numpy
from headwater.core.engine_errors import map_engine_error, reraise_foreign
from headwater.core.errors import InvalidArgumentError, OpError, ResourceExhaustedError
from headwater.core.logs import placement
from headwater.core.shaped import eager_programs
from headwater.core.tensor import EagerTensor, Tensor
from headwater.core.watch import Watch, enabled

Effect = Literal["pure", "host", "effect"]

# While a kernel of a pure op moves strings around, they stand as numbers of this dtype.
STRING_CODE = np.dtype(np.uint64)

_REGISTRY: dict[str, Op] = {}

# Bytes that no device has: XLA ends the process where it is asked for sizes beyond its integers.
_LARGEST = 2**43


class Op:
    """One operation.

    Args:
        name: TensorFlow's name, such as ``"AddV2"``.
        kernel: The computation. A tuple result means several outputs.
        elementwise: The outputs have the broadcast shape of the inputs, and the inputs one dtype unless
            `same_dtype` says otherwise.
        same_dtype: Which inputs must agree in dtype: all (True), none (False), or those at some positions.
        static: Positions of inputs whose *values* decide the output's shape or the program (a shape, an axis, a
            size). The kernel gets them as NumPy arrays. Where such a value is known only when the graph runs, the
            runtime cuts the graph there.
        effect: ``"pure"``; ``"host"``: the kernel gets and gives NumPy arrays and runs on the host (strings);
            ``"effect"``: the same, and it is run for what it does (printing), so never dropped or reordered.
        spec: Gives ``(dtype, shape)`` of the output (a list of them for several) from the input tensors and the
            attributes, where abstract evaluation of the kernel cannot.
        unknown: Like `spec`, for calls where sizes or values of `static` inputs are not known and the kernel rejects
            all that the shape rule tries in their place.
        gradient: Gives the input gradients (tensors, `IndexedSlices` or None) from ``(inputs, outputs, cotangents,
            attributes)`` by calling ops, where the kernel's vjp is not what is wanted.
        differentiable: False: gradients stop here.
        uses_inputs: The gradient counts as depending on all inputs, even if it only compares them or there is nothing
            to do, so that the second gradient is zeros, not None.
        shape_only: The result follows from the shapes of the inputs alone (``Shape``, ``Size``); the kernel then
            returns NumPy arrays and may look at nothing but ``.shape``, ``.ndim`` and ``.dtype``.
        check: What makes the *values* of the inputs invalid, where TensorFlow's kernel on a CPU raises an error.
        graphs: Names of the attributes that hold Graphs (control flow, calls).
        connected: Gives the positions of the inputs that gradients flow to from ``(inputs, attributes)``, where not all
            differentiable inputs count. Others have no gradient, rather than zero.
        stages: Runs the op from concrete arrays in Python, Graph by Graph, where one of its Graphs cannot be one
            XLA program.
        small: Computes the same with NumPy where the result is small, and gives None elsewhere. Run eagerly on a CPU,
            so that nothing is compiled for every shape.
        register: False for ops that are derived from another.
    """

    def __init__(
        self,
        name: str,
        kernel: Callable[..., Any],
        *,
        elementwise: bool = False,
        same_dtype: bool | Sequence[int] | None = None,
        static: Sequence[int] = (),
        effect: Effect = "pure",
        spec: Callable[..., Any] | None = None,
        unknown: Callable[..., Any] | None = None,
        gradient: Callable[..., Any] | None = None,
        differentiable: bool = True,
        uses_inputs: bool = False,
        shape_only: bool = False,
        check: Check | None = None,
        graphs: Sequence[str] = (),
        connected: Callable[..., Sequence[int]] | None = None,
        stages: Callable[..., Any] | None = None,
        small: Callable[..., Any] | None = None,
        register: bool = True,
    ) -> None:
        self.name = name
        self.kernel = kernel
        self.elementwise = elementwise
        self.same_dtype = elementwise if same_dtype is None else same_dtype
        self.static = frozenset(static)
        self.effect = effect
        self.spec = spec
        self.unknown = unknown
        self.gradient = gradient
        self.differentiable = (differentiable and effect == "pure") or gradient is not None
        self.uses_inputs = uses_inputs
        self.shape_only = shape_only
        self.check = check
        self.graphs = tuple(graphs)
        self.connected = connected
        self.stages = stages
        self.small = small
        self._depth = 0
        self.gradient_of: Op | None = None
        self._jitted: dict[Any, Any] = {}
        self._short = effect == "pure" and not static and not graphs
        if register:
            if name in _REGISTRY:
                raise ValueError(f"Op {name!r} is declared twice. Expected one declaration per op.")
            _REGISTRY[name] = self

    def __repr__(self) -> str:
        return f"<Op {self.name}>"

    @property
    def on_host(self) -> bool:
        """Whether the kernel runs on the host, on NumPy arrays."""
        return self.effect != "pure"

    @property
    def is_derived(self) -> bool:
        """Whether this is the gradient or tangent op of another op."""
        return self._depth > 0

    # Calls ------------------------------------------------------------------------------------------------------

    def __call__(self, *inputs: Tensor, name: str | None = None, **attrs: Any) -> Any:
        """Computes (or, while tracing, adds a node for) this op: a tensor, or a tuple of them."""
        if self.same_dtype:
            self._check_dtypes(inputs)
        if context.plain and self._short:
            return self._wrap(self._run_jitted([x._array for x in inputs], attrs))
        if context.graph is not None:
            outputs = context.graph.add(self, inputs, attrs, name)
            if context.recorders:
                inputs = tuple([context.graph.own(x) for x in inputs])  # a tensor has one identity in a Graph
        else:
            outputs = self._wrap(self.run([x._array for x in inputs], attrs))
        for recorder in context.recorders:
            recorder.record(self, inputs, attrs, outputs if type(outputs) is tuple else (outputs,))
        return outputs

    def _wrap(self, result: Any) -> Any:
        if placement.is_logged:
            placement.log(self.name, result)
        if type(result) is tuple or type(result) is list:
            return tuple([EagerTensor(array) for array in result])
        return EagerTensor(result)

    def _check_dtypes(self, inputs: Sequence[Tensor]) -> None:
        checked = inputs if self.same_dtype is True else [inputs[i] for i in self.same_dtype if i < len(inputs)]  # type: ignore[union-attr]
        if len(checked) < 2:
            return
        first = checked[0].dtype
        for position, tensor in enumerate(checked):
            if tensor.dtype is not first:
                text = (
                    f"cannot compute {self.name} as input #{position}(zero-based) was expected to be a {first.name} "
                    f"tensor but is a {tensor.dtype.name} tensor [Op:{self.name}]. Tensors are not promoted "
                    f"implicitly; use tf.cast(x, tf.{first.name})."
                )
                raise TypeError(text) if context.graph is not None else InvalidArgumentError(None, self, text)

    # Execution on arrays ----------------------------------------------------------------------------------------

    def run(self, arrays: Sequence[Any], attrs: dict[str, Any]) -> Any:
        """Runs the op now on concrete arrays, and returns arrays."""
        if self.stages is not None and (attrs.get("_host") or any(attrs[key].is_staged for key in self.graphs)):
            return self.stages(arrays, attrs)
        if any(array.dtype == object for array in arrays) and not self.on_host:
            return self._run_on_codes(arrays, attrs)
        if self.on_host:
            return self._run_on_host(arrays, attrs)
        if context.device is not None:
            arrays = [a if i in self.static else jax.device_put(a, context.device) for i, a in enumerate(arrays)]
        return self._run_jitted(arrays, attrs)

    def _run_on_host(self, arrays: Sequence[Any], attrs: dict[str, Any]) -> Any:
        try:
            result = self.kernel(*[np.asarray(a) for a in arrays], **attrs)
        except OpError:
            raise
        except (TypeError, ValueError, IndexError, OverflowError) as error:
            reraise_foreign(error)
            raise self._error(error, arrays) from error
        if isinstance(result, tuple | list):
            return tuple([from_host(item) for item in result])
        return from_host(result)

    def _run_jitted(self, arrays: Sequence[Any], attrs: dict[str, Any]) -> Any:
        if self.small is not None and (result := self._run_small(arrays, attrs)) is not None:
            return result
        if self.static:
            attrs = dict(attrs)
            dynamic = []
            for index, array in enumerate(arrays):
                if index in self.static:
                    attrs[f"_static_{index}"] = StaticValue(np.asarray(array))
                else:
                    dynamic.append(array)
            arrays = dynamic
        cache = attrs[self.graphs[0]].op_cache.setdefault(self, {}) if self.graphs else self._jitted
        try:
            function = cache[tuple(attrs.items())] if attrs else cache[()]
        except KeyError:
            function = cache[tuple(attrs.items())] = self._compiled(attrs)
            if not self.graphs:
                eager_programs.add(cache, tuple(attrs.items()), getattr(function, "program", function))
        except TypeError:  # an attribute that cannot be hashed: nothing to cache by
            function = functools.partial(self._apply, attrs)
        try:
            return function(*arrays)
        except OpError:
            raise
        except Exception as error:
            reraise_foreign(error)
            if any(array.dtype == object for array in arrays):
                return self._run_on_codes(arrays, attrs)
            if "incompatible devices" in str(error):
                return function(*jax.device_put(arrays, min(_devices(arrays), key=lambda d: d.id)))
            raise self._error(error, arrays) from None

    def _run_small(self, arrays: Sequence[Any], attrs: dict[str, Any]) -> Any:
        """What the op's NumPy form gives; None where it does not apply."""
        if jax.default_backend() != "cpu" or context.device is not None or any(a.dtype == object for a in arrays):
            return None
        result = self.small(*[np.asarray(a) for a in arrays], **attrs)  # type: ignore[misc]
        return None if result is None else transfer.given(result)

    def _run_on_codes(self, arrays: Sequence[Any], attrs: dict[str, Any]) -> Any:
        """Runs the kernel on strings: they are replaced by their rank among all strings present, and back."""
        texts = [np.asarray(a).ravel() for a in arrays if a.dtype == object]
        table, codes = np.unique(np.concatenate(texts), return_inverse=True)
        parts = iter(np.split(codes.astype(STRING_CODE), np.cumsum([len(t) for t in texts])[:-1]))
        coded = [next(parts).reshape(a.shape) if a.dtype == object else a for a in arrays]
        result = self._run_jitted(coded, attrs)
        back = [
            np.asarray(table[np.asarray(r)], object) if r.dtype == STRING_CODE else r
            for r in (result if isinstance(result, tuple | list) else [result])
        ]
        return tuple(back) if isinstance(result, tuple | list) else back[0]

    def _compiled(self, attrs: dict[str, Any]) -> Any:
        """The kernel with these attributes, compiled; where its inputs or its Graphs are checked, with that."""
        kernel = functools.partial(self._apply, attrs)
        watch = Watch(() if self.is_derived else self.inner_nodes(attrs))
        if watch:
            watched = jax.jit(watch.around(kernel))
            return _calling(watched, lambda *arrays: watch.verified(watched(*arrays)))
        program = jax.jit(kernel)
        if self.check is None or not enabled():
            return program
        return _calling(program, functools.partial(self._checked_call, attrs, program))

    def _checked_call(self, attrs: dict[str, Any], program: Any, *arrays: Any) -> Any:
        """The compiled kernel on arrays whose values are checked."""
        full, rest = self._arguments(attrs, arrays)
        self.check.verify(None, full, self, rest)  # type: ignore[union-attr]
        result = program(*arrays)
        self.check.verify(result, full, self, rest)  # type: ignore[union-attr]
        return result

    def _apply(self, attrs: dict[str, Any], *arrays: Any) -> Any:
        """The kernel on arrays, static inputs taken from `attrs`."""
        full, rest = self._arguments(attrs, arrays)
        result = self.kernel(*full, **rest)
        for array in result if isinstance(result, tuple | list) else (result,):
            if array.size * array.dtype.itemsize > _LARGEST:
                text = f"OOM when allocating tensor with shape{list(array.shape)} and type {array.dtype}"
                raise ResourceExhaustedError(None, None, f"{text} [Op:{self.name}]: no device holds as much.")
        return result

    def _arguments(self, attrs: dict[str, Any], arrays: Sequence[Any]) -> tuple[Sequence[Any], dict[str, Any]]:
        """What the kernel takes, with static inputs from `attrs`."""
        if not self.static:
            return arrays, attrs
        rest = iter(arrays)
        count = len(arrays) + sum(1 for key in attrs if key.startswith("_static_"))
        full = [attrs[f"_static_{i}"].array if f"_static_{i}" in attrs else next(rest) for i in range(count)]
        return full, {k: v for k, v in attrs.items() if not k.startswith("_static_")}

    def inner_nodes(self, attrs: dict[str, Any]) -> Iterator[Any]:
        """All nodes of the Graphs in these attributes, and of the Graphs in them."""
        for key in self.graphs:
            for node in attrs[key].nodes:
                yield node
                yield from node.op.inner_nodes(node.attrs)

    def _error(self, error: BaseException, arrays: Sequence[Any]) -> BaseException:
        shapes = ", ".join(f"{a.dtype}{list(a.shape)}" for a in arrays)
        return map_engine_error(error, f"{self.name} received inputs {shapes}, which it cannot take [Op:{self.name}]")

    # Derived ops ------------------------------------------------------------------------------------------------

    @functools.cached_property
    def _gradient_op(self) -> Op:
        depth = self._depth + 1
        derived = self._derived("Grad", _gradient_kernel, lambda inputs, attrs: [
            (inputs[i].dtype, inputs[i].shape) for i in attrs[f"_call{depth}"].wrt
        ])  # fmt: skip
        derived.gradient_of = self
        return derived

    @functools.cached_property
    def _tangent_op(self) -> Op:
        return self._derived("Tangent", _tangent_kernel, self.spec and self._tangent_spec)

    def _tangent_spec(self, inputs: Sequence[Tensor], attrs: dict[str, Any]) -> Any:
        """The tangents have the dtypes and shapes of the results."""
        call, rest = self._tangent_op.differentiated(attrs)
        specs = self.spec(inputs[: call.inputs], rest)  # type: ignore[misc]
        return [(d, s) for d, s in (specs if isinstance(specs, list) else [specs]) if is_differentiable(d)]

    def _derived(self, suffix: str, rule: Any, spec: Any) -> Op:
        key, kernel = f"_call{self._depth + 1}", self.kernel

        def derived(*arrays: Any, **attrs: Any) -> Any:
            return rule(kernel, attrs.pop(key), arrays, attrs)

        derived_op = Op(
            self.name + suffix, derived, static=tuple(self.static), uses_inputs=self.uses_inputs, graphs=self.graphs,
            spec=spec, register=False,
        )  # fmt: skip
        derived_op._depth = self._depth + 1
        return derived_op

    def differentiated(self, attrs: dict[str, Any]) -> tuple[_Call, dict[str, Any]]:
        """What a derived op's attributes say: which call it differentiates, and that call's attributes."""
        key = f"_call{self._depth}"
        return attrs[key], {k: v for k, v in attrs.items() if k != key}

    def pull_back(
        self, inputs: Sequence[Tensor], attrs: dict[str, Any], wrt: Sequence[int], cotangents: Sequence[Tensor | None]
    ) -> tuple[Tensor, ...]:
        """The gradients of the inputs at positions `wrt`, by one call of the derived gradient op.

        Args:
            inputs: The inputs of a call of this op.
            attrs: Its attributes.
            wrt: Positions of differentiable inputs.
            cotangents: The gradient of each differentiable output, or None for zero.
        """
        given = tuple([i for i, g in enumerate(cotangents) if g is not None])
        starts = [g for g in cotangents if g is not None]
        call: dict[str, Any] = {f"_call{self._depth + 1}": _Call(tuple(wrt), len(inputs), given)}
        return self._gradient_op(*inputs, *starts, **attrs, **call)

    def push_forward(
        self, inputs: Sequence[Tensor], attrs: dict[str, Any], wrt: Sequence[int], tangents: Sequence[Tensor]
    ) -> tuple[Tensor, ...]:
        """The tangents of the differentiable outputs, from those of the inputs at positions `wrt`."""
        call: dict[str, Any] = {f"_call{self._depth + 1}": _Call(tuple(wrt), len(inputs), ())}
        return self._tangent_op(*inputs, *tangents, **attrs, **call)


class _Call(NamedTuple):
    """Which call a derived op differentiates: input positions, input count, outputs with a cotangent."""

    wrt: tuple[int, ...]
    inputs: int
    given: tuple[int, ...]


def _calling(program: Any, function: Any) -> Any:
    """A partial or a lambda that says which compiled program it calls: programs are counted and dropped."""
    function.program = program
    return function


def op(name: str, **options: Any) -> Callable[[Callable[..., Any]], Op]:
    """Declares an op: ``@op("Reshape", static=(1,))`` above its kernel. Options are those of `Op`."""
    return lambda kernel: Op(name, kernel, **options)


def get_op(name: str) -> Op:
    """The op of that name. Raises KeyError if none is declared."""
    return _REGISTRY[name]


def all_ops() -> dict[str, Op]:
    """Every declared op by name."""
    return dict(_REGISTRY)


class StaticValue:
    """A small NumPy array that can be hashed, as part of a cache key."""

    __slots__ = ("_hash", "array")

    def __init__(self, array: Any) -> None:
        self.array = array
        content = tuple(array.ravel()) if array.dtype == object else array.tobytes()
        self._hash = hash((array.dtype.str, array.shape, content))

    def __hash__(self) -> int:
        return self._hash

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, StaticValue)
            and self.array.dtype == other.array.dtype
            and np.array_equal(self.array, other.array)
        )

    def __repr__(self) -> str:
        return repr(self.array)


def from_host(value: Any) -> Any:
    """What a host kernel gave, as an array the engine holds: a JAX array, or an object array of bytes."""
    array = np.asarray(value)
    if array.dtype.kind in "SU":
        array = (np.strings.encode(array, "utf-8") if array.dtype.kind == "U" else array).astype(object)
    return array if array.dtype == object else transfer.put(array)


def is_differentiable(dtype: DType | Any) -> bool:
    """Whether gradients flow through values of this dtype."""
    dtype = dtype if isinstance(dtype, DType) else from_numpy(np.dtype(dtype))
    return bool(dtype.is_floating or dtype.is_complex)


def _devices(arrays: Sequence[Any]) -> set[Any]:
    return set().union(*[a.devices() for a in arrays if isinstance(a, jax.Array)])


def conjugate(array: Any) -> Any:
    """Between TensorFlow's gradient of a complex value and JAX's, which is its conjugate."""
    return jnp.conj(array) if jnp.iscomplexobj(array) else array


def _closed_over(kernel: Any, inputs: Sequence[Any], wrt: Sequence[int], attrs: dict[str, Any]) -> Any:
    """`kernel` as a function of the inputs at `wrt`, giving the tuple of its differentiable outputs."""

    def function(*chosen: Any) -> Any:
        full = list(inputs)
        for position, value in zip(wrt, chosen, strict=True):
            full[position] = value
        result = kernel(*full, **attrs)
        result = tuple(result) if isinstance(result, tuple | list) else (result,)
        return tuple([array for array in result if is_differentiable(array.dtype)])

    return function


def _gradient_kernel(kernel: Any, call: _Call, arrays: Sequence[Any], attrs: dict[str, Any]) -> Any:
    inputs, given = arrays[: call.inputs], arrays[call.inputs :]
    function = _closed_over(kernel, inputs, call.wrt, attrs)
    derivatives = (*context.derivatives, "reverse")
    before = context.enter(derivatives=derivatives, checks=None)  # the op itself has checked
    try:
        outputs, pull_back = jax.vjp(function, *[inputs[i] for i in call.wrt])
        return _pulled_back(call, given, outputs, pull_back)
    finally:
        context.restore(before)


def _pulled_back(call: _Call, given: Sequence[Any], outputs: Any, pull_back: Any) -> Any:
    known = {i: conjugate(c) for i, c in zip(call.given, given, strict=True)}
    cotangents = tuple([known[i] if i in known else jnp.zeros_like(o) for i, o in enumerate(outputs)])
    return tuple([conjugate(g) for g in pull_back(cotangents)])


def _tangent_kernel(kernel: Any, call: _Call, arrays: Sequence[Any], attrs: dict[str, Any]) -> Any:
    inputs, tangents = arrays[: call.inputs], arrays[call.inputs :]
    function = _closed_over(kernel, inputs, call.wrt, attrs)
    before = context.enter(derivatives=(*context.derivatives, "forward"), checks=None)
    try:
        return jax.jvp(function, [inputs[i] for i in call.wrt], list(tangents))[1]
    finally:
        context.restore(before)

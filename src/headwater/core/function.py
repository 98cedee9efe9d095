"""`function`: Python functions as Graphs, traced once per kind of arguments, cached and reused."""

from __future__ import annotations

import functools
import threading
import warnings
import weakref
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from headwater.core import autograph as autograph_module
from headwater.core import nest
from headwater.core import variable as variable_module
from headwater.core.concrete import ConcreteFunction
from headwater.core.context import context
from headwater.core.errors import InaccessibleTensorError
from headwater.core.explain import describe, differences
from headwater.core.graph import Graph, Node, State, tracing
from headwater.core.runtime import execute
from headwater.core.shaped import give_back_memory
from headwater.core.signature import (
    BY_VALUE,
    Encoder,
    Signature,
    key_without_shapes,
    relaxed,
    specs_of,
    watch_objects,
)
from headwater.core.spec import TensorSpec
from headwater.core.stand_ins import Kinds, StandIn, Template, replaced
from headwater.core.tensor import EagerTensor, SymbolicTensor, Tensor, convert_to_tensor

# One lock for all tracing: functions trace each other in any order.
_trace_lock = threading.RLock()
_run_eagerly = False

# So many traces keep their executables while new ones are made; each takes a megabyte and a half.
_MAX_COMPILED = 32

# So many calls in a row that trace are suspicious unless the user said how many traces to expect.
_MANY_TRACES = 5


def run_functions_eagerly(run_eagerly: bool) -> None:
    """Makes every `tf.function` run its Python code directly (True), or as a graph (False).

    >>> tf.config.run_functions_eagerly(True)
    >>> tf.config.functions_run_eagerly()
    True
    >>> tf.config.run_functions_eagerly(False)
    """
    global _run_eagerly
    _run_eagerly = bool(run_eagerly)


def functions_run_eagerly() -> bool:
    """Whether functions run their Python code directly."""
    return _run_eagerly


class _Trace:
    """A cached trace: what was traced, for which arguments."""

    __slots__ = ("concrete", "description", "key", "references", "specs")

    def __init__(self, concrete: ConcreteFunction, key: Any, specs: Any, description: Any, references: Any) -> None:
        self.concrete = concrete
        self.key = key
        self.specs = specs
        self.description = description
        self.references = references


class Function:
    """What `tf.function` returns: calls find, or make, the trace for the kind of arguments they get."""

    def __init__(
        self,
        python_function: Callable[..., Any],
        name: str | None = None,
        input_signature: Any = None,
        autograph: bool = True,
        jit_compile: bool | None = None,
        reduce_retracing: bool = False,
        experimental_autograph_options: Any = None,
        skip: int = 0,
    ) -> None:
        self._python_function = python_function
        self._name = str(name or getattr(python_function, "__name__", type(python_function).__name__))
        self._signature = Signature(python_function, input_signature, skip)
        self._options = {
            "name": name, "input_signature": input_signature, "autograph": autograph, "jit_compile": jit_compile,
            "reduce_retracing": reduce_retracing,
        }  # fmt: skip
        self._autograph = autograph
        self._reduce_retracing = reduce_retracing
        self._converted: Callable[..., Any] | None = None
        self._cache: dict[Any, ConcreteFunction] = {}
        self._templates: dict[Any, Template | None] = {}
        self._traces: list[_Trace] = []
        self._relaxed: list[_Trace] = []
        self._tracing_count = 0
        self._max_traces: int | None = None
        self._streak = 0
        self._created_variables: list[Any] = []
        self._bound: dict[int, tuple[Any, Function]] = {}
        functools.update_wrapper(self, python_function, updated=())
        self.__wrapped__ = python_function

    # Calling ----------------------------------------------------------------------------------------------------

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if _run_eagerly:
            return self._python_function(*args, **kwargs)
        if kwargs or len(args) != self._signature.simple_count:
            args, kwargs = self._signature.bind(args, kwargs)
        encoder = Encoder()
        for value in args:
            encoder.add(value)
        if kwargs:
            encoder.add(kwargs)
        key = self._key(encoder)
        concrete = self._cache.get(key)
        if concrete is None:
            concrete = self._find_or_trace(key, encoder, args, kwargs, encoder.leaves)
        else:
            self._streak = 0
        if context.plain:
            outputs = concrete.program([x._array for x in encoder.leaves])
            if concrete.single:
                return EagerTensor(outputs[0])
            return concrete.structure([EagerTensor(array) for array in outputs])
        return concrete.call_flat(encoder.leaves)

    def _key(self, encoder: Encoder) -> Any:
        if self._signature.input_signature is not None:
            count = len(nest.flatten(self._signature.input_signature))
            if count == len(encoder.leaves):
                return ("signature", tuple([e for e in encoder.key if not hasattr(e[0], "itemsize")]), context.replica)
        return (*encoder.key, context.replica) if context.replica is not None else tuple(encoder.key)

    def _find_or_trace(
        self, key: Any, encoder: Encoder, args: Any, kwargs: Any, values: Sequence[Any] | None
    ) -> ConcreteFunction:
        with _trace_lock:
            scoped = key
            outer = context.graph
            if outer is not None:
                scoped = (key, id(outer))
                if scoped in self._cache:
                    return self._cache[scoped]
            if key in self._cache:
                return self._cache[key]
            specs = self._specs(encoder)
            for trace in self._relaxed:
                if trace.key == key_without_shapes(encoder.key) and _all_fit(specs, trace.specs):
                    self._cache[key] = trace.concrete
                    return trace.concrete
            concrete = self._for_variables(key, encoder, specs, args, kwargs, values)
            if concrete is not None:
                self._cache[key] = concrete
                return concrete
            trace = self._trace(key, encoder, specs, args, kwargs, values)
            captures_outer = any(isinstance(x, SymbolicTensor) for x, _ in trace.concrete.graph.captured)
            self._cache[scoped if captures_outer else key] = trace.concrete
            if captures_outer:
                weakref.finalize(outer, self._cache.pop, scoped, None)
            return trace.concrete

    def _for_variables(
        self, key: Any, encoder: Encoder, specs: list[TensorSpec], args: Any, kwargs: Any, values: Any
    ) -> ConcreteFunction | None:
        """The trace that serves all variables of their kinds, for those among the arguments; None if there is none."""
        kinds = Kinds(args, kwargs)
        if not kinds.variables:
            return None
        kind = self._key(kinds)
        if kind not in self._templates and context.graph is None:
            self._templates[kind] = self._template(key, encoder, specs, args, kwargs, values, kinds.variables)
        template = self._templates.get(kind)
        if template is None:
            return None
        return template.bound_to(kinds.variables, functools.partial(self._cache.pop, key, None))

    def _template(
        self, key: Any, encoder: Encoder, specs: list[TensorSpec], args: Any, kwargs: Any, values: Any, variables: Any
    ) -> Template | None:
        count, traces, relaxed_traces = self._tracing_count, len(self._traces), len(self._relaxed)
        stand_ins = [StandIn(v) for v in variables]
        inner_args, inner_kwargs = [replaced(x, variables, stand_ins) for x in (args, kwargs)]
        try:
            trace = self._trace(key, encoder, specs, inner_args, inner_kwargs, values)
        except Exception:
            if not any(s.is_told_apart for s in stand_ins):
                raise
        if not any(s.is_told_apart for s in stand_ins):
            return Template(trace.concrete, stand_ins)
        self._tracing_count = count
        del self._traces[traces:], self._relaxed[relaxed_traces:]
        return None

    def _specs(self, encoder: Encoder) -> list[TensorSpec]:
        if self._signature.input_signature is not None:
            flat = [s for s in nest.flatten(self._signature.input_signature) if isinstance(s, TensorSpec)]
            if len(flat) == len(encoder.leaves):
                return flat
        return specs_of(encoder.leaves)

    # Tracing ----------------------------------------------------------------------------------------------------

    def _trace(
        self, key: Any, encoder: Encoder, specs: list[TensorSpec], args: Any, kwargs: Any, values: Any
    ) -> _Trace:
        general = key_without_shapes(encoder.key)
        if self._reduce_retracing:
            for earlier in reversed(self._traces):
                if key_without_shapes(earlier.key) == general and (merged := relaxed(earlier.specs, specs)) is not None:
                    specs = merged
                    break
        description: list[Any] = []
        for name, value in zip(self._signature.argument_names(len(args)), args, strict=True):
            describe(value, name, description)
        for name in sorted(kwargs):
            describe(kwargs[name], name, description)
        concrete = self._make(specs, args, kwargs, values)
        references = watch_objects(encoder.objects, functools.partial(_forget, weakref.ref(self), key))
        trace = _Trace(concrete, tuple(encoder.key), specs, description, references)
        self._traces.append(trace)
        if any(not s.shape.is_fully_defined() for s in specs):
            self._relaxed.append(_Trace(concrete, general, specs, description, references))
        self._drop_oldest_executables()
        self._check_count()
        return trace

    def _drop_oldest_executables(self) -> None:
        """Where ever new kinds of arguments come, those of the oldest trace that has some."""
        if len(self._traces) > _MAX_COMPILED:
            compiled = [t.concrete for t in self._traces if t.concrete.is_compiled]
            if len(compiled) >= _MAX_COMPILED:
                compiled[0].drop_executables()
                give_back_memory()

    def _check_count(self) -> None:
        if self._max_traces is not None and len(self._traces) > self._max_traces:
            raise AssertionError(
                f"{self._name} was traced {len(self._traces)} times; expected at most {self._max_traces}.\n"
                + self.explain_retraces()
            )
        self._streak += 1
        if self._streak == _MANY_TRACES and self._max_traces is None:
            warnings.warn(
                f"The last {_MANY_TRACES} calls of {self._name!r} all triggered retracing, which is slow. See "
                "explain_retraces() of the function for the arguments that cause it.",
                stacklevel=6,
            )

    def _make(self, specs: list[TensorSpec], args: Any, kwargs: Any, values: Any) -> ConcreteFunction:
        first = not self._traces
        concrete = self._trace_once(specs, args, kwargs, values, may_create=first)
        if concrete.graph.created_variables:
            self._created_variables += concrete.graph.created_variables
            concrete = self._trace_once(specs, args, kwargs, values, may_create=False)
        return concrete

    def _trace_once(
        self, specs: list[TensorSpec], args: Any, kwargs: Any, values: Any, may_create: bool
    ) -> ConcreteFunction:
        self._tracing_count += 1
        graph = Graph(self._name, outer=context.graph)
        graph.may_create_variables = may_create
        graph.concrete_inputs = [
            getattr(v, "_array", None) if isinstance(v, EagerTensor) else None for v in values or ()
        ]
        names = self._signature.argument_names(len(args))
        with tracing(graph):
            scope = context.enter(scope="", device=None)
            try:
                counter: Iterator[TensorSpec] = iter(specs)
                inner_args = [_symbolic(a, n, counter, graph) for a, n in zip(args, names, strict=True)]
                inner_kwargs = {k: _symbolic(kwargs[k], k, counter, graph) for k in sorted(kwargs)}
                result = self._to_graph()(*inner_args, **inner_kwargs)
                structure, outputs = _capture_outputs(graph, result, self._name)
            finally:
                context.restore(scope)
        graph.outputs = outputs
        graph.prune()
        graph.concrete_inputs = None
        rest = iter([TensorSpec(s.shape, s.dtype, x.node.name) for s, x in zip(specs, graph.inputs, strict=True)])
        arguments = tuple([_spec_structure(a, n, rest) for a, n in zip(args, names, strict=True)])
        keywords = {k: _spec_structure(kwargs[k], k, rest) for k in sorted(kwargs)}
        return ConcreteFunction(graph, (arguments, keywords), structure, self._name, names)

    def _to_graph(self) -> Callable[..., Any]:
        if self._converted is None:
            convert = autograph_module.convert_function if self._autograph else autograph_module.do_not_convert
            self._converted = convert(self._python_function)
        return self._converted

    def get_concrete_function(self, *args: Any, **kwargs: Any) -> ConcreteFunction:
        """The trace for these arguments, tensors or `TensorSpec`s; traces if there is none.

        Raises:
            ValueError: If no arguments are given, there is no input_signature, and not exactly one trace exists.
        """
        if self._signature.input_signature is not None and not args and not kwargs:
            args = self._signature.input_signature
        if self._signature.input_signature is not None or kwargs or len(args) != self._signature.simple_count:
            args, kwargs = self._signature.bind(args, kwargs)
        encoder = Encoder()
        for value in args:
            encoder.add(value)
        if kwargs:
            encoder.add(kwargs)
        key = self._key(encoder)
        found = self._cache.get(key)
        return found if found is not None else self._find_or_trace(key, encoder, args, kwargs, None)

    # Looking at it ----------------------------------------------------------------------------------------------

    @property
    def python_function(self) -> Callable[..., Any]:
        """The Python function."""
        return self._python_function

    @property
    def name(self) -> str:
        """The function's name."""
        return self._name

    @property
    def input_signature(self) -> Any:
        """The input_signature, or None."""
        return self._signature.input_signature

    @property
    def function_spec(self) -> Signature:
        """How the function takes arguments."""
        return self._signature

    def experimental_get_tracing_count(self) -> int:
        """How many times the function has been traced."""
        return self._tracing_count

    def pretty_printed_concrete_signatures(self, verbose: bool = True) -> str:
        """The arguments and results of every trace, in words."""
        return "\n\n".join(t.concrete.pretty_printed_signature(verbose) for t in self._traces)

    def explain_retraces(self) -> str:
        """For each trace after the first: which argument differed from the closest earlier trace, and what to do.

        >>> @tf.function
        ... def f(x, n):
        ...     return x * n
        >>> _ = f(tf.ones([2]), 1), f(tf.ones([2]), 2)
        >>> print(f.explain_retraces())
        f: traced 2 times.
        Trace 2, compared with trace 1:
          n: Python value int 1 became int 2. Pass a tensor (tf.constant) instead, so that one trace serves all values.
        """
        lines = [f"{self._name}: traced {len(self._traces)} times."]
        for number, trace in enumerate(self._traces[1:], start=2):
            closest, found = min(
                (
                    (i, differences(t.description, trace.description))
                    for i, t in enumerate(self._traces[: number - 1], 1)
                ),
                key=lambda pair: len(pair[1]),
            )
            lines.append(f"Trace {number}, compared with trace {closest}:")
            lines += [f"  {d}" for d in found] or ["  the same kinds of arguments, but other objects or scopes."]
        return "\n".join(lines)

    def assert_max_traces(self, count: int) -> Function:
        """Makes it an error (AssertionError, with the explanation) to trace more than `count` times."""
        self._max_traces = count
        self._check_count()
        return self

    def __get__(self, instance: Any, owner: Any = None) -> Any:
        if instance is None:
            return self
        found = self._bound.get(id(instance))
        if found is not None:
            return found[1]
        try:
            reference: Any = weakref.ref(instance)
        except TypeError:
            reference = lambda: instance  # noqa: E731
        method = _weak_method(self._python_function, reference)
        bound = Function(method, skip=1, **self._options)
        bound._name = self._name
        self._bound[id(instance)] = (reference, bound)
        if isinstance(reference, weakref.ref):
            weakref.finalize(instance, self._bound.pop, id(instance), None)
        return bound

    def __repr__(self) -> str:
        return f"<headwater.function of {self._name} at 0x{id(self):X}>"


def _weak_method(function: Callable[..., Any], reference: Callable[[], Any]) -> Callable[..., Any]:
    """`function` as a method of an object that it does not keep alive."""

    def call(*args: Any, **kwargs: Any) -> Any:
        instance = reference()
        if instance is None:
            raise ReferenceError(
                f"The object whose method {function.__name__!r} is called is gone: nothing but the call refers to it. "
                "Keep it in a variable: `model = Model()`, then `model.method(x)`."
            )
        return autograph_module.call_converted(function, (instance, *args), kwargs)

    functools.update_wrapper(call, function)
    call.__ag_do_not_convert__ = True  # type: ignore[attr-defined]
    return call


def _forget(reference: Any, key: Any) -> None:
    owner = reference()
    if owner is not None:
        owner._cache.pop(key, None)


def _all_fit(specs: Sequence[TensorSpec], wanted: Sequence[TensorSpec]) -> bool:
    return len(specs) == len(wanted) and all(a.is_subtype_of(b) for a, b in zip(specs, wanted, strict=True))


def _symbolic(value: Any, name: str, specs: Iterator[TensorSpec], graph: Graph) -> Any:
    """An argument as the traced function sees it: tensors become inputs of the Graph."""
    if isinstance(value, list | tuple):
        items = [_symbolic(v, f"{name}_{i}", specs, graph) for i, v in enumerate(value)]
        return nest.pack_sequence_as_shallow(value, items)
    if isinstance(value, dict):
        items_by_key = {k: _symbolic(value[k], f"{name}_{k}", specs, graph) for k in sorted(value)}
        return nest.pack_sequence_as_shallow(value, [items_by_key[k] for k in sorted(value)])
    if isinstance(value, nest.CompositeTensor):
        return value._with_components(tuple([_symbolic(p, name, specs, graph) for p in value._components()]))
    if _is_tensor_argument(value):
        spec = next(specs)
        return graph.add_input(spec.dtype, spec.shape, spec.name or name)
    return value


def _is_tensor_argument(value: Any) -> bool:
    return isinstance(value, Tensor | TensorSpec | np.ndarray | np.generic)


def _spec_structure(value: Any, name: str, specs: Iterator[TensorSpec]) -> Any:
    if isinstance(value, nest.CompositeTensor):
        return value._with_components(tuple([_spec_structure(p, name, specs) for p in value._components()]))
    if nest.is_nested(value):
        leaves = [_spec_structure(v, name, specs) for v in nest.flatten(value)]
        return nest.pack_sequence_as(value, leaves)
    if _is_tensor_argument(value):
        spec = next(specs)
        return TensorSpec(spec.shape, spec.dtype, spec.name or name)
    return value if isinstance(value, BY_VALUE) else weakref.ref(value) if hasattr(value, "__weakref__") else value


def _capture_outputs(graph: Graph, result: Any, name: str) -> tuple[Any, list[Tensor]]:
    if isinstance(result, Node):
        result = None
    leaves: list[Any] = []
    for x in nest.flatten(result, expand_composites=True):
        if x is None or isinstance(x, Node):
            leaves.append(None)
            continue
        try:
            leaves.append(graph.own(convert_to_tensor(x)))
        except InaccessibleTensorError:
            raise
        except (TypeError, ValueError) as error:
            raise TypeError(
                f"To be compatible with tf.function, Python functions must return zero or more Tensors or "
                f"ExtensionTypes or None values; in compilation of {name}, found return value of type "
                f"{type(x).__name__}: {x!r}, which is not a Tensor or ExtensionType. ({error})"
            ) from None
    structure = nest.pack_sequence_as(result, leaves, expand_composites=True)
    return structure, [x for x in leaves if x is not None]


def _lift(value: SymbolicTensor) -> EagerTensor:
    """Computes, outside the function being traced, a value that was built inside it (an initial value)."""
    graph = value.graph
    needed: set[int] = set()
    stack: list[Any] = [value]
    while stack:
        tensor = stack.pop()
        if id(tensor) not in needed:
            needed.add(id(tensor))
            stack.extend(tensor.node.inputs)
    part = Graph(f"initial value in {graph.name}")
    part.inputs, part.captures = graph.inputs, graph.captures
    # What else the function does to its variables so far is left out.
    part.states = {key: State(s.variable, s.entry) for key, s in graph.states.items()}
    part.nodes = [n for n in graph.nodes if any(id(x) in needed for x in n.outputs)]
    part.outputs = [value]
    arrays = list(graph.concrete_inputs or [])
    unknown = [x for i, x in enumerate(graph.inputs) if id(x) in needed and (i >= len(arrays) or arrays[i] is None)]
    if unknown or graph.outer is not None:
        raise ValueError(
            f"The initial value {value!r} of a variable depends on arguments of the function being traced, which have "
            "no value yet. Make the variable outside, or pass a function (a lambda) as initial value."
        )
    used = [i for i, x in enumerate(graph.inputs) if id(x) in needed]
    part.inputs = [graph.inputs[i] for i in used]
    captures = [outer._array for outer, _ in part.captured]
    entries = [s.variable._expose() for s in part.states.values()]
    return EagerTensor(execute(part, [arrays[i] for i in used], captures, entries)[0][0])


variable_module.lift_initial_value[:] = [_lift]


def function(
    func: Callable[..., Any] | None = None,
    input_signature: Any = None,
    autograph: bool = True,
    jit_compile: bool | None = None,
    reduce_retracing: bool = False,
    experimental_implements: str | None = None,
    experimental_autograph_options: Any = None,
    experimental_attributes: Any = None,
    experimental_relax_shapes: bool | None = None,
    experimental_compile: bool | None = None,
    experimental_follow_type_hints: bool | None = None,
) -> Any:
    """Compiles a Python function into a graph, one per kind of arguments, made once and reused.

    Args:
        func: The function; None makes a decorator.
        input_signature: `TensorSpec`s of the arguments: one trace serves all that fit.
        autograph: Whether Python control flow on tensors becomes part of the graph.
        jit_compile: Accepted for compatibility; graphs are always compiled by XLA.
        reduce_retracing: Whether a second shape leads to a trace for any such shape.
        experimental_implements: Accepted for compatibility.
        experimental_autograph_options: Accepted for compatibility.
        experimental_attributes: Accepted for compatibility.
        experimental_relax_shapes: Deprecated name of `reduce_retracing`.
        experimental_compile: Deprecated name of `jit_compile`.
        experimental_follow_type_hints: Accepted for compatibility.

    Returns:
        A `Function`, or a decorator that makes one.

    >>> @tf.function
    ... def f(x):
    ...     return x + 1
    >>> f(tf.constant(2))
    <tf.Tensor: shape=(), dtype=int32, numpy=3>
    """
    options: dict[str, Any] = {
        "input_signature": input_signature,
        "autograph": autograph,
        "jit_compile": jit_compile if experimental_compile is None else experimental_compile,
        "reduce_retracing": bool(reduce_retracing or experimental_relax_shapes),
    }

    def decorate(inner: Callable[..., Any]) -> Function:
        if not callable(inner):
            raise TypeError(f"tf.function expects a callable, received {inner!r}.")
        if isinstance(inner, Function):
            inner = inner.python_function
        return Function(inner, **options)

    return decorate if func is None else decorate(func)

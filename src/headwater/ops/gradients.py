"""Gradients the user defines or controls: `tf.custom_gradient`, `tf.recompute_grad`, `tf.gradients`."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from headwater.core import autograph, control, nest
from headwater.core.context import context
from headwater.core.graph import Graph, tracing
from headwater.core.lowering import as_function
from headwater.core.op import Op, is_differentiable
from headwater.core.runtime import execute
from headwater.core.tape import (
    ZEROS_LIKE,
    ForwardAccumulator,
    GradientTape,
    UnconnectedGradients,
    dense,
)
from headwater.core.tensor import EagerTensor, Tensor, convert_to_tensor
from headwater.core.variable import Variable

__all__ = ["custom_gradient", "grad_pass_through", "gradients", "recompute_grad"]
ROOT_NAMES = (*__all__,)


def custom_gradient(f: Callable[..., Any] | None = None) -> Any:
    """Gives a function a gradient of its own.

    Args:
        f: Takes tensors (and keyword arguments), returns ``(result, grad)``; ``grad`` takes one gradient per tensor of
            the result and returns one per positional argument. If `f` reads trainable variables, ``grad`` takes a
            keyword ``variables`` too and returns ``(argument gradients, list of variable gradients)``.

    Returns:
        A function that gives the result alone.

    >>> @tf.custom_gradient
    ... def log1pexp(x):
    ...     e = tf.exp(x)
    ...     return tf.math.log(1 + e), lambda upstream: upstream * (1 - 1 / (1 + e))
    >>> x = tf.constant(100.0)
    >>> with tf.GradientTape() as tape:
    ...     tape.watch(x)
    ...     y = log1pexp(x)
    >>> tape.gradient(y, x)
    <tf.Tensor: shape=(), dtype=float32, numpy=1.0>
    """
    if f is None:
        return custom_gradient

    @functools.wraps(f)
    def decorated(*args: Any, **kwargs: Any) -> Any:
        if context.graph is not None:
            return _in_graph(f, args, kwargs)
        if not context.recorders:
            return autograph.call_converted(f, args, kwargs)[0]
        return _on_tape(f, args, kwargs)

    decorated.__ag_do_not_convert__ = True  # type: ignore[attr-defined]
    return decorated


# What both ways share ---------------------------------------------------------------------------------------------


def _is_input(value: Any) -> bool:
    """Whether an argument is passed as a tensor; others are constants."""
    return isinstance(value, Tensor | Variable | np.ndarray | np.generic | int | float | complex) and not isinstance(
        value, bool
    )


def _as_tensor(value: Any) -> Any:
    return convert_to_tensor(value) if _is_input(value) and not isinstance(value, Variable) else value


def _result(pair: Any, f: Any) -> tuple[Any, Callable[..., Any]]:
    if not isinstance(pair, tuple | list) or len(pair) != 2 or not callable(pair[1]):
        raise ValueError(
            f"tf.custom_gradient: {getattr(f, '__name__', f)!r} must return (result, gradient function), "
            f"received {pair!r}."
        )
    return pair[0], pair[1]


def _takes_variables(function: Callable[..., Any]) -> bool:
    parameters = inspect.signature(inspect.unwrap(function)).parameters.values()
    return any(p.name == "variables" or p.kind is p.VAR_KEYWORD for p in parameters)


def _check_variables(variables: Sequence[Variable], function: Callable[..., Any]) -> None:
    if variables and not _takes_variables(function):
        raise TypeError(
            "If using @custom_gradient with a function that uses variables, then grad_fn must accept a 'variables' "
            f"keyword argument. The function uses {[v.name for v in variables]}."
        )


def _input_gradients(
    function: Callable[..., Any], given: Sequence[Any], variables: Sequence[Variable], arguments: Sequence[Any]
) -> list[Any]:
    """Calls the user's gradient function: one gradient per argument (or per tensor among them), then per variable."""
    if variables:
        pair = autograph.call_converted(function, tuple(given), {"variables": list(variables)})
        if not isinstance(pair, tuple | list) or len(pair) != 2:
            raise ValueError("grad_fn with variables must return (gradients of arguments, gradients of variables).")
        found, of_variables = pair[0], nest.flatten(pair[1])
        if len(of_variables) != len(variables):
            raise ValueError(
                f"Must return gradient for each variable: expected {len(variables)}, got {len(of_variables)}."
            )
    else:
        found, of_variables = autograph.call_converted(function, tuple(given), {}), []
    flat = nest.flatten(found)
    is_tensor = [isinstance(x, Tensor | Variable) for x in arguments]
    if len(flat) == sum(is_tensor):
        rest = iter(flat)
        flat = [next(rest) if x else None for x in is_tensor]
    if len(flat) != len(arguments):
        raise ValueError(
            f"custom_gradient function expected to return {len(arguments)} gradients, but returned {len(flat)} instead."
        )
    return [*flat, *of_variables]


# Eager, on a tape -------------------------------------------------------------------------------------------------


class _Reads:
    """A recorder that notes which variables are read, and as which tensors."""

    def __init__(self) -> None:
        self.found: dict[int, tuple[Variable, Tensor]] = {}

    def record(self, *call: Any) -> None: ...

    def follows(self, tensor: Tensor) -> bool:
        return False

    def watch_read(self, variable: Variable, tensor: Tensor) -> None:
        if variable.trainable:
            self.found.setdefault(variable._uid, (variable, tensor))

    def __enter__(self) -> _Reads:
        context.enter(recorders=(*context.recorders, self))
        return self

    def __exit__(self, *exception: object) -> None:
        context.enter(recorders=tuple([r for r in context.recorders if r is not self]))


def _on_tape(f: Callable[..., Any], args: Any, kwargs: Any) -> Any:
    arguments = nest.flatten(args)
    args = nest.map_structure(_as_tensor, args)
    places = [i for i, x in enumerate(arguments) if _is_input(x)]
    flat = nest.flatten(args)
    inputs = [convert_to_tensor(flat[i]) for i in places]
    given_variables = {x._uid for x in nest.flatten(args) if isinstance(x, Variable)}
    with _Reads() as reads:
        result, gradient = _result(f(*args, **kwargs), f)
    used = [(v, x) for uid, (v, x) in reads.found.items() if uid not in given_variables]
    variables = [v for v, _ in used]
    _check_variables(variables, gradient)
    raw = [convert_to_tensor(x) for x in nest.flatten(result)]
    # What was recorded inside serves higher orders only: the results are other tensors, made by the custom call.
    outputs = [EagerTensor(x._array) for x in raw]

    def pull(_: Any, __: Any, found: Sequence[Any], ___: Any) -> list[Any]:
        given = [ZEROS_LIKE(x) if g is None else g for x, g in zip(outputs, found, strict=True)]
        gradients = _input_gradients(gradient, given, variables, arguments)
        return [*[gradients[i] for i in places], *gradients[len(arguments) :]]

    op = Op("CustomGradient", lambda *xs: xs, gradient=pull, register=False)
    for recorder in context.recorders:
        if isinstance(recorder, ForwardAccumulator):
            _same_tangents(recorder, raw, outputs)
        else:
            recorder.record(op, [*inputs, *[x for _, x in used]], {}, outputs)
    return nest.pack_sequence_as(result, outputs)


def _same_tangents(accumulator: ForwardAccumulator, before: Sequence[Tensor], after: Sequence[Tensor]) -> None:
    for old, new in zip(before, after, strict=True):
        if id(old) in accumulator._tangents:
            accumulator._tangents[id(new)] = accumulator._tangents[id(old)]
            accumulator._kept.append(new)


# In a graph -------------------------------------------------------------------------------------------------------
# The op holds two Graphs: `forward` gives the results, then what `backward` needs (residuals); `backward` takes the
# cotangents of the results as inputs and the residuals as captures, and gives the gradients of some operands.


def _custom_kernel(*operands: Any, forward: Graph, backward: Graph, call: _CustomCall) -> Any:
    run = _forward_function(forward, call)
    if context.forward_mode:
        return run([jnp.asarray(a) for a in operands])[0]

    @jax.custom_vjp
    def custom(*arrays: Any) -> Any:
        return run(arrays)[0]

    def bwd(kept: Any, cotangents: Any) -> Any:
        residuals, arrays = kept
        smooth = [jnp.conj(cotangents[i]) for i in call.smooth]
        gradients = as_function(backward)(smooth, residuals, [])[0]
        by_position = dict(zip(call.wrt, gradients, strict=True))
        return tuple([_cotangent(a, by_position.get(i)) for i, a in enumerate(arrays)])

    custom.defvjp(lambda *arrays: (lambda pair: (pair[0], (pair[1], arrays)))(run(arrays)), bwd)
    return custom(*[jnp.asarray(a) for a in operands])


def _cotangent(array: Any, gradient: Any) -> Any:
    if not jnp.issubdtype(array.dtype, jnp.inexact):
        return np.zeros(array.shape, jax.dtypes.float0)
    return (
        jnp.zeros_like(array) if gradient is None else jnp.conj(jnp.asarray(gradient, array.dtype)).reshape(array.shape)
    )


def _forward_function(forward: Graph, call: _CustomCall) -> Callable[..., Any]:
    """``operands -> ((results, final states), residuals)``."""

    def run(operands: Sequence[Any], call_graph: Any = None) -> Any:
        inputs, rest = operands[: call.inputs], operands[call.inputs :]
        captures, entries = control._arguments(call.layout, rest)
        runner = as_function(forward) if call_graph is None else call_graph
        outputs, states = runner(list(inputs), captures, entries)
        finals = control._finals(forward, call.layout, rest, states, call.written)
        asarray = jnp.asarray if call_graph is None else lambda x: x
        return tuple([asarray(x) for x in (*outputs[: call.results], *finals)]), [
            asarray(x) for x in outputs[call.results :]
        ]

    return run


class _CustomCall:
    """The layout of a custom call: an attribute, so it can be hashed (by identity).

    Attributes:
        inputs: How many operands are inputs of the forward Graph; captures and states follow.
        results: How many outputs of it are results.
        smooth: Which results have gradients.
        layout: Where the forward Graph finds its captures and states among the operands.
        written: Which states are changed.
        wrt: Which operands `backward` gives gradients for.
    """

    def __init__(self, inputs: int, results: int, smooth: tuple[int, ...], layout: Any, written: Any, wrt: Any) -> None:
        self.inputs = inputs
        self.results = results
        self.smooth = smooth
        self.layout = layout
        self.written = written
        self.wrt = wrt


def _custom_stages(operands: Sequence[Any], attrs: dict[str, Any]) -> Any:
    forward = attrs["forward"]
    run = _forward_function(forward, attrs["call"])
    return run(operands, lambda i, c, s: execute(forward, i, c, s))[0]


def _custom_spec(inputs: Sequence[Tensor], attrs: dict[str, Any]) -> Any:
    call: _CustomCall = attrs["call"]
    rest = inputs[call.inputs :]
    return [(x.dtype, x.shape) for x in (*attrs["forward"].outputs[: call.results], *[rest[i] for i in call.written])]


def _custom_gradient(inputs: Any, outputs: Any, found: Sequence[Any], attrs: dict[str, Any]) -> Any:
    """The gradient where the Graphs run in stages: the forward pass again, for the residuals, then the backward one."""
    forward, backward, call = attrs["forward"], attrs["backward"], attrs["call"]
    if not forward.is_staged and not backward.is_staged:
        return NotImplemented
    results = _RESIDUALS(*inputs, forward=forward, call=call)
    given = [ZEROS_LIKE(outputs[i]) if found[i] is None else dense(found[i]) for i in call.smooth]
    gradients = _BACKWARD(*given, *results, backward=backward)
    by_position = dict(zip(call.wrt, gradients, strict=True))
    return [by_position.get(i) for i in range(len(inputs))]


_CUSTOM = Op(
    "CustomGradient",
    _custom_kernel,
    graphs=("forward", "backward"),
    stages=_custom_stages,
    spec=_custom_spec,
    gradient=_custom_gradient,
    same_dtype=False,
)

_RESIDUALS = Op(
    "CustomGradientResiduals",
    lambda *operands, forward, call: tuple(_forward_function(forward, call)(operands)[1]),
    graphs=("forward",),
    stages=lambda operands, attrs: tuple(
        _forward_function(attrs["forward"], attrs["call"])(
            operands, lambda i, c, s: execute(attrs["forward"], i, c, s)
        )[1]
    ),
    spec=lambda inputs, attrs: [(x.dtype, x.shape) for x in attrs["forward"].outputs[attrs["call"].results :]],
)

_BACKWARD = Op(
    "CustomGradientBackward",
    lambda *operands, backward: tuple(_backward(as_function(backward), backward, operands)),
    graphs=("backward",),
    stages=lambda operands, attrs: tuple(
        _backward(lambda i, c, s: execute(attrs["backward"], i, c, s), attrs["backward"], operands)
    ),
    spec=lambda inputs, attrs: [(x.dtype, x.shape) for x in attrs["backward"].outputs],
)


def _backward(run: Any, backward: Graph, operands: Sequence[Any]) -> Any:
    count = len(backward.inputs)
    return run(list(operands[:count]), list(operands[count:]), [])[0]


def _in_graph(f: Callable[..., Any], args: Any, kwargs: Any) -> Any:
    flat = nest.flatten(args)
    places = [i for i, x in enumerate(flat) if _is_input(x)]
    inputs = [convert_to_tensor(flat[i]) for i in places]
    specs = [(x.dtype, x.shape) for x in inputs]
    name = getattr(f, "__name__", "custom_gradient")
    found: list[Any] = []

    def body(*tensors: Tensor) -> Any:
        leaves = list(flat)
        for place, tensor in zip(places, tensors, strict=True):
            leaves[place] = tensor
        result, gradient = _result(autograph.call_converted(f, tuple(nest.pack_sequence_as(args, leaves)), kwargs), f)
        found.append(gradient)
        return result

    forward, structure = control.trace_body(body, specs, name, prune=False)
    gradient = found[0]
    variables = [s.variable for s in forward.states.values() if s.variable.trainable]
    _check_variables(variables, gradient)
    results = list(forward.outputs)
    smooth = tuple([i for i, x in enumerate(results) if is_differentiable(x.dtype)])
    backward, wrt, residuals = _trace_backward(forward, gradient, results, smooth, variables, flat, places)
    forward.outputs = [*results, *residuals]
    forward.prune()
    operands = control.Operands([forward])
    written = tuple([operands.state_positions[i] for i in operands.written])
    positions = tuple([len(inputs) + operands.position(k) if isinstance(k, Variable) else k for k, _ in wrt])
    call = _CustomCall(len(inputs), len(results), smooth, operands.layouts[0], written, positions)
    made = _CUSTOM(*inputs, *operands.tensors, forward=forward, backward=backward, call=call, name=name)
    operands.write_back(made[len(results) :])
    rest = iter(made[: len(results)])
    leaves = [None if x is None else next(rest) for x in nest.flatten(structure, expand_composites=True)]
    return nest.pack_sequence_as(structure, leaves, expand_composites=True)


def _trace_backward(
    forward: Graph,
    gradient: Any,
    results: Sequence[Tensor],
    smooth: Sequence[int],
    variables: Any,
    arguments: Any,
    places: Sequence[int],
) -> tuple[Graph, list[Any], list[Any]]:
    """Traces the user's gradient function: its Graph, which operands it gives gradients for, and its residuals."""
    backward = Graph(f"gradient of {forward.name}", outer=forward)
    with tracing(backward):
        given: list[Any] = [None] * len(results)
        for i in smooth:
            given[i] = backward.add_input(results[i].dtype, results[i].shape, f"grad{i}")
        given = [ZEROS_LIKE(backward.own(x)) if g is None else g for x, g in zip(results, given, strict=True)]
        found = _input_gradients(gradient, given, variables, arguments)
        found = [*[found[i] for i in places], *found[len(arguments) :]]
        keys: list[Any] = [*range(len(places)), *variables]
        dtypes = [x.dtype for x in (*forward.inputs, *variables)]
        wrt = [
            (key, backward.own(convert_to_tensor(dense(g), dtype)))
            for key, g, dtype in zip(keys, found, dtypes, strict=True)
            if g is not None and is_differentiable(dtype)
        ]
    if any(s.modified for s in backward.states.values()):
        raise ValueError("tf.custom_gradient: the gradient function must not assign to variables.")
    backward.outputs = [x for _, x in wrt]
    # Variables read by the gradient have the values they had at the end of the forward pass: residuals like others.
    for uid, state in backward.states.items():
        backward.captures[id(state)] = (forward.states[uid].value, state.entry)
    backward.states = {}
    backward.prune()
    captured = backward.captured
    return backward, wrt, [forward.own(outer) for outer, _ in captured]


# Recomputation ----------------------------------------------------------------------------------------------------


def _recompute_kernel(*operands: Any, **attrs: Any) -> Any:
    return jax.checkpoint(functools.partial(control.CALL.kernel, **attrs))(*operands)


_RECOMPUTE = Op(
    "RecomputeGrad", _recompute_kernel, graphs=("graph",), stages=control.CALL.stages, spec=control.CALL.spec
)


def recompute_grad(f: Callable[..., Any]) -> Callable[..., Any]:
    """A function like `f` that keeps nothing for its gradient, but is computed again for it.

    Args:
        f: Takes and returns tensors.

    >>> square = tf.recompute_grad(lambda x: x * x)
    >>> x = tf.constant(3.0)
    >>> with tf.GradientTape() as tape:
    ...     tape.watch(x)
    ...     y = square(x)
    >>> tape.gradient(y, x)
    <tf.Tensor: shape=(), dtype=float32, numpy=6.0>
    """

    @functools.wraps(f)
    def recomputed(*args: Any, **kwargs: Any) -> Any:
        if context.graph is None and not context.recorders:
            return f(*args, **kwargs)
        inputs = [convert_to_tensor(x) for x in nest.flatten(args)]

        def body(*tensors: Tensor) -> Any:
            return autograph.call_converted(f, tuple(nest.pack_sequence_as(args, list(tensors))), kwargs)

        graph, structure = control.trace_body(body, [(x.dtype, x.shape) for x in inputs], "recompute_grad")
        results = control.call(graph, inputs, op=_RECOMPUTE)
        rest = iter(results)
        leaves = [None if x is None else next(rest) for x in nest.flatten(structure, expand_composites=True)]
        return nest.pack_sequence_as(structure, leaves, expand_composites=True)

    recomputed.__ag_do_not_convert__ = True  # type: ignore[attr-defined]
    return recomputed


def grad_pass_through(f: Callable[..., Any]) -> Callable[..., Any]:
    """A function like `f` with the gradient of the identity.

    Args:
        f: Takes one tensor and returns one of the same shape.

    >>> x = tf.constant(1.6)
    >>> with tf.GradientTape() as tape:
    ...     tape.watch(x)
    ...     y = tf.grad_pass_through(tf.round)(x)
    >>> tape.gradient(y, x)
    <tf.Tensor: shape=(), dtype=float32, numpy=1.0>
    """

    @custom_gradient
    def passed(*args: Any, **kwargs: Any) -> Any:
        def gradient(*given: Any, variables: Any = None) -> Any:
            found = given[0] if len(given) == 1 else given
            return (found, [None] * len(variables)) if variables is not None else found

        return autograph.call_converted(f, args, kwargs), gradient

    return functools.wraps(f)(passed)


# Gradients without a tape -----------------------------------------------------------------------------------------


def gradients(
    ys: Any,
    xs: Any,
    grad_ys: Any = None,
    name: str = "gradients",
    gate_gradients: bool = False,
    aggregation_method: Any = None,
    stop_gradients: Any = None,
    unconnected_gradients: UnconnectedGradients | str = UnconnectedGradients.NONE,
) -> list[Any]:
    """The gradients of the sum of `ys` with respect to each of `xs`, inside a `tf.function`.

    Args:
        ys: A tensor or a list of tensors.
        xs: A tensor or variable, or a list of them, that `ys` were computed from in the same function.
        grad_ys: One gradient per element of `ys` to start from; None means ones.
        name: Accepted for compatibility.
        gate_gradients: Accepted for compatibility.
        aggregation_method: Accepted for compatibility.
        stop_gradients: Tensors that count as constants.
        unconnected_gradients: ``"none"`` or ``"zero"`` for those that `ys` do not depend on.

    Returns:
        A list with one tensor, `IndexedSlices` or None per element of `xs`.

    Raises:
        RuntimeError: Outside a `tf.function`, where there is no graph to go back through.

    >>> @tf.function
    ... def f(x):
    ...     return tf.gradients(x * x, [x])
    >>> f(tf.constant(3.0))
    [<tf.Tensor: shape=(), dtype=float32, numpy=6.0>]
    """
    graph = context.graph
    if graph is None:
        raise RuntimeError(
            "tf.gradients is not supported when eager execution is enabled. Use tf.GradientTape instead, or call it "
            "inside a tf.function."
        )
    targets = [graph.own(convert_to_tensor(y)) for y in nest.flatten(ys)]
    sources = [_source(graph, x) for x in nest.flatten(xs)]
    stopped = {id(x) for x in nest.flatten(stop_gradients)} if stop_gradients is not None else set()
    tape = GradientTape(watch_accessed_variables=False)
    tape.watch([x for x in sources if is_differentiable(x.dtype)])
    for node in graph.nodes:
        if not any(id(x) in stopped for x in node.outputs):
            tape.record(node.op, node.inputs, node.attrs, node.outputs)
    given = None if grad_ys is None else nest.flatten(grad_ys)
    return tape.gradient(targets, sources, given, unconnected_gradients)


def _source(graph: Graph, x: Any) -> Tensor:
    if isinstance(x, Variable):
        graph.read(x)
        return graph.states[x._uid].entry
    return graph.own(convert_to_tensor(x))

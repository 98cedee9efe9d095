"""Gradients the user defines or controls: `tf.custom_gradient`, `tf.recompute_grad`, `tf.gradients`."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from headwater.core import autograph, control, nest, watch
from headwater.core.context import context
from headwater.core.forward import ForwardAccumulator
from headwater.core.graph import Graph, tracing, walk
from headwater.core.op import Op, is_differentiable
from headwater.core.recorder import Recorder
from headwater.core.runtime import execute
from headwater.core.tape import (
    ZEROS_LIKE,
    GradientTape,
    UnconnectedGradients,
    dense,
)
from headwater.core.tensor import EagerTensor, Tensor, convert_to_tensor
from headwater.core.variable import Variable
from headwater.ops._custom_gradient import (
    Arguments,
    as_tensor,
    call_in_graph,
    check_variables,
    checked_result,
    input_gradients,
)

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
            return call_in_graph(f, args, kwargs)
        if not context.recorders:
            return autograph.call_converted(f, args, kwargs)[0]
        return _on_tape(f, args, kwargs)

    decorated.__ag_do_not_convert__ = True  # type: ignore[attr-defined]
    return decorated


# Eager, on a tape -------------------------------------------------------------------------------------------------


class _Reads(Recorder):
    """Notes which variables are read, and as which tensors."""

    def __init__(self) -> None:
        super().__init__()
        self.found: dict[int, tuple[Variable, Tensor]] = {}

    def watch_read(self, variable: Variable, tensor: Tensor) -> None:
        if variable.trainable:
            self.found.setdefault(variable._uid, (variable, tensor))

    def __enter__(self) -> _Reads:
        self.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self.stop()


def _on_tape(f: Callable[..., Any], args: Any, kwargs: Any) -> Any:
    arguments = Arguments(f, args, kwargs)
    passed = [as_tensor(arguments.leaves[i]) for i in arguments.places]
    inputs = [convert_to_tensor(x) for x in passed]
    given_variables = {x._uid for x in passed if isinstance(x, Variable)}
    args, kwargs = arguments.filled(passed)
    with _Reads() as reads:
        result, gradient = checked_result(f(*args, **kwargs), f)
    used = [(v, x) for uid, (v, x) in reads.found.items() if uid not in given_variables]
    variables = [v for v, _ in used]
    check_variables(variables, gradient)
    raw = [convert_to_tensor(x) for x in nest.flatten(result)]
    # What was recorded inside serves higher orders only: the results are other tensors, made by the custom call.
    outputs = [EagerTensor(x._array) for x in raw]

    def pull(_: Any, __: Any, found: Sequence[Any], ___: Any) -> list[Any]:
        given = [ZEROS_LIKE(x) if g is None else g for x, g in zip(outputs, found, strict=True)]
        return input_gradients(gradient, given, variables, arguments)

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


# Recomputation ----------------------------------------------------------------------------------------------------


def _recompute_kernel(*operands: Any, **attrs: Any) -> Any:
    run = watch.apart(functools.partial(control.CALL.kernel, **attrs), watch.concern(walk(attrs["graph"])))
    results, status = jax.checkpoint(run)(*operands)
    watch.note(status)
    return results


_RECOMPUTE = Op(
    "RecomputeGrad",
    _recompute_kernel,
    graphs=("graph",),
    stages=control.CALL.stages,
    spec=control.CALL.spec,
    connected=control.call_connected,
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

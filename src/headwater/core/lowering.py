"""From Graph to JAX: one walk that calls each node's kernel, computing early what is known early.

During the walk a value is either a NumPy array (known now: constants, shapes, and what follows from them) or a JAX
tracer. Ops whose inputs are all known are computed at once, which is how shape arithmetic reaches ``Reshape``.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import jax
import numpy as np

from headwater.core.context import context
from headwater.core.engine_errors import map_engine_error, reraise_foreign
from headwater.core.errors import InternalError, OpError
from headwater.core.graph import CONST, Graph, Node
from headwater.core.infer import FOLD_LIMIT, can_fold
from headwater.core.watch import examine

Environment = dict[int, Any]  # id of a symbolic tensor -> its value


def evaluate(nodes: Iterable[Node], env: Environment) -> None:
    """Computes `nodes` in order, reading and extending `env`."""
    for node in nodes:
        try:
            inputs = [env[id(x)] for x in node.inputs]
            result = _evaluate_node(node, inputs)
            if node.op.check is not None:
                examine(node, result, _known(node, inputs))
        except OpError as error:
            if "Defined at" not in error.message:
                error.message += f"\nDefined at: {node.place}"
            raise
        for tensor, value in zip(node.outputs, result if node.many else (result,), strict=True):
            env[id(tensor)] = value


def _known(node: Node, inputs: list[Any]) -> list[Any]:
    """The inputs, those that decide the program in terms of the dimensions where these stand for any size."""
    return inputs if context.dimensions is None else context.dimensions.static(node.op.static, inputs)


def _evaluate_node(node: Node, inputs: list[Any]) -> Any:
    op = node.op
    if op is CONST:
        return node.attrs["value"]
    try:
        if op.shape_only:
            return op.kernel(*inputs, **node.attrs)
        if inputs and can_fold(op) and all(type(x) is np.ndarray for x in inputs):
            return _fold(node, inputs)
        if context.dimensions is not None:
            return _apply_symbolic(node, inputs)
        return _apply(node, inputs)
    except OpError:
        raise
    except Exception as error:
        reraise_foreign(error)
        if isinstance(error, jax.errors.TracerArrayConversionError | jax.errors.ConcretizationTypeError):
            raise InternalError(None, op, f"{op.name}: its kernel needs values that are not known: {error}") from error
        shapes = ", ".join(f"{x.dtype}{list(x.shape)}" for x in inputs)
        raise map_engine_error(error, f"{op.name} cannot take inputs {shapes}") from None


def _apply(node: Node, inputs: list[Any]) -> Any:
    op = node.op
    for position in op.static:
        if position < len(inputs) and type(inputs[position]) is not np.ndarray:
            raise InternalError(None, op, f"{op.name}: input {position} must be known when the program is built")
    result = op.kernel(*inputs, **node.attrs)
    return result if op.differentiable else jax.lax.stop_gradient(result)


def _apply_symbolic(node: Node, inputs: list[Any]) -> Any:
    """As `_apply`, where dimensions stand for any size."""
    known = _known(node, inputs)
    result = _apply(node, known)
    if can_fold(node.op):
        context.dimensions.follow(functools.partial(node.op.kernel, **node.attrs), known, result)
    return result


def _fold(node: Node, inputs: list[Any]) -> Any:
    sizes = [x.shape.num_elements() for x in node.outputs]
    if any(size is None or size > FOLD_LIMIT for size in sizes):
        return node.op.kernel(*inputs, **node.attrs)
    with jax.ensure_compile_time_eval():
        try:
            result = node.op._run_jitted(inputs, node.attrs)
        except OpError:
            if context.checks is None or node.op.check is None:
                raise
            result = node.op.kernel(*inputs, **node.attrs)  # reported when the program runs: it may never come here
        if node.many:
            return tuple([np.asarray(r) for r in result])
        return np.asarray(result)


def as_function(graph: Graph) -> Callable[..., Any]:
    """The Graph as a pure JAX function ``(inputs, captures, states) -> (outputs, final states)``.

    All arguments and results are lists in the order of the Graph's own lists; states that are not modified are
    returned as they came.
    """
    captured = [inner for _, inner in graph.captured]
    states = list(graph.states.values())

    def function(inputs: Sequence[Any], captures: Sequence[Any], entries: Sequence[Any]) -> Any:
        env: Environment = {}
        bind(env, graph.inputs, inputs)
        bind(env, captured, captures)
        bind(env, [s.entry for s in states], entries)
        evaluate(graph.nodes, env)
        return [env[id(x)] for x in graph.outputs], [env[id(s.value)] for s in states]

    return function


def bind(env: Environment, tensors: Sequence[Any], values: Sequence[Any]) -> None:
    """Gives placeholders their values."""
    for tensor, value in zip(tensors, values, strict=True):
        env[id(tensor)] = value

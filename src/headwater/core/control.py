"""Ops that carry Graphs: calls, conditionals, loops, and maps over an axis; and the functions that trace them.

These are part of the graph language itself, as the other ops are its vocabulary. A sub-Graph's captures and the
states it touches become operands of the node; states it changes become results, which the enclosing Graph writes back.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import jax
import numpy as np
from jax import lax

from headwater.core import checks, dtypes, nest, watch
from headwater.core.context import context
from headwater.core.graph import Graph, assigned, describe_location, tracing, user_location, walk
from headwater.core.loops import while_loop
from headwater.core.lowering import as_function
from headwater.core.op import Op
from headwater.core.runtime import execute
from headwater.core.shapes import TensorShape, as_shape
from headwater.core.tensor import EagerTensor, SymbolicTensor, Tensor, convert_to_tensor

# Operands -------------------------------------------------------------------------------------------------------


class Operands:
    """The outer tensors that one or more sub-Graphs need, each once, in a fixed order."""

    def __init__(self, graphs: Sequence[Graph]) -> None:
        self.tensors: list[Tensor] = []
        self._positions: dict[int, int] = {}
        outer = context.graph
        variables = {uid: s.variable for g in graphs for uid, s in g.states.items()}
        self.variables = list(variables.values())
        self.written = [
            i
            for i, (uid, _) in enumerate(variables.items())
            if any(uid in g.states and g.states[uid].modified for g in graphs)
        ]
        entries = [outer.read(v) if outer is not None else v._read() for v in self.variables]
        self.state_positions = [self.add(x, always=True) for x in entries]
        self._by_uid = dict(zip(variables, self.state_positions, strict=True))
        self.layouts = tuple([self._layout(g) for g in graphs])

    def add(self, tensor: Tensor, always: bool = False) -> int:
        """The position of an operand, added unless it is there."""
        if always or id(tensor) not in self._positions:
            self._positions[id(tensor)] = len(self.tensors)
            self.tensors.append(tensor)
            return len(self.tensors) - 1
        return self._positions[id(tensor)]

    def position(self, variable: Any) -> int:
        """Where a variable's value is among the operands."""
        return self._by_uid[variable._uid]

    def _layout(self, graph: Graph) -> Any:
        captures = tuple([self.add(outer) for outer, _ in graph.captured])
        return captures, tuple([self._by_uid[uid] for uid in graph.states])

    def write_back(self, finals: Sequence[Tensor]) -> None:
        """Makes the results for changed states their variables' values."""
        for index, value in zip(self.written, finals, strict=True):
            self.variables[index]._store(value, False, fresh=True)


def _arguments(layout: Any, operands: Sequence[Any]) -> tuple[list[Any], list[Any]]:
    """A sub-Graph's captures and state entries, picked from the operands."""
    captures, states = layout
    return [operands[i] for i in captures], [operands[i] for i in states]


def _finals(graph: Graph, layout: Any, operands: Sequence[Any], states: Sequence[Any], written: Any) -> list[Any]:
    """The values at exit of the changed states (`written`: their operand positions), touched by this Graph or not."""
    own = dict(zip(layout[1], states, strict=True))
    return [assigned(operands[p], own[p]) if p in own else operands[p] for p in written]


def _connected(graph: Graph, layout: Any) -> set[int]:
    """Positions, among the operands of a sub-Graph's node, of those that gradients flow to."""
    outer = (*[inner for _, inner in graph.captured], *[s.entry for s in graph.states.values()])
    found = graph.connected
    return {i for x, i in zip(outer, (*layout[0], *layout[1]), strict=True) if id(x) in found}


def trace_body(function: Callable[..., Any], specs: Sequence[Any], name: str, prune: bool = True) -> tuple[Graph, Any]:
    """Traces `function` into a sub-Graph of the current one.

    Args:
        function: Called with one tensor per spec; may return any structure of tensors.
        specs: ``(dtype, shape)`` of the Graph's inputs.
        name: The Graph's name.
        prune: Whether nodes that the results do not need are dropped.

    Returns:
        The Graph, whose outputs are the flattened results, and the structure returned (None leaves kept).
    """
    graph = Graph(name, outer=context.graph)
    with tracing(graph):
        inputs = [graph.add_input(dtype, shape, f"arg{i}") for i, (dtype, shape) in enumerate(specs)]
        structure = function(*inputs)
        leaves = [None if x is None else graph.own(_as_tensor(x, name)) for x in _flatten(structure)]
    graph.outputs = [x for x in leaves if x is not None]
    if prune:
        graph.prune()
    return graph, nest.pack_sequence_as(structure, leaves, expand_composites=True)


def _flatten(structure: Any) -> list[Any]:
    return nest.flatten(structure, expand_composites=True)


def _as_tensor(value: Any, where: str) -> Tensor:
    try:
        return convert_to_tensor(value)
    except (TypeError, ValueError) as error:
        raise TypeError(
            f"{where} must return tensors, or values that convert to them (or None); received {value!r} of type "
            f"{type(value).__name__}. {error}"
        ) from None


def _repack(structure: Any, tensors: Sequence[Tensor]) -> Any:
    rest = iter(tensors)
    leaves = [None if x is None else next(rest) for x in _flatten(structure)]
    return nest.pack_sequence_as(structure, leaves, expand_composites=True)


# Call -----------------------------------------------------------------------------------------------------------


def _call_kernel(*operands: Any, graph: Graph, layout: Any, written: Any) -> Any:
    count = len(graph.inputs)
    rest = operands[count:]
    captures, entries = _arguments(layout, rest)
    outputs, states = as_function(graph)(list(operands[:count]), captures, entries)
    return (*outputs, *_finals(graph, layout, rest, states, written))


def _call_stages(operands: Sequence[Any], attrs: dict[str, Any]) -> Any:
    graph, layout, written = attrs["graph"], attrs["layout"], attrs["written"]
    count = len(graph.inputs)
    rest = operands[count:]
    outputs, states = execute(graph, operands[:count], *_arguments(layout, rest))
    return (*outputs, *_finals(graph, layout, rest, states, written))


def _call_spec(inputs: Sequence[Tensor], attrs: dict[str, Any]) -> Any:
    graph = attrs["graph"]
    rest = inputs[len(graph.inputs) :]
    return [(x.dtype, x.shape) for x in (*graph.outputs, *[rest[i] for i in attrs["written"]])]


def call_connected(inputs: Sequence[Tensor], attrs: dict[str, Any]) -> Sequence[int]:
    """The positions of operands of a call that gradients flow to."""
    graph = attrs["graph"]
    own = [i for i, x in enumerate(graph.inputs) if id(x) in graph.connected]
    return [*own, *sorted(len(graph.inputs) + i for i in _connected(graph, attrs["layout"]))]


CALL = Op(
    "PartitionedCall", _call_kernel, graphs=("graph",), stages=_call_stages, spec=_call_spec, connected=call_connected
)


def call(graph: Graph, inputs: Sequence[Tensor], name: str | None = None, op: Op | None = None) -> list[Tensor]:
    """Adds a call of a finished Graph (by `CALL` or an op like it) to the Graph being traced; returns its outputs."""
    operands = Operands([graph])
    written = tuple([operands.state_positions[i] for i in operands.written])
    results = (op or CALL)(
        *inputs, *operands.tensors, graph=graph, layout=operands.layouts[0], written=written, name=name
    )
    operands.write_back(results[len(graph.outputs) :])
    return list(results[: len(graph.outputs)])


# If -------------------------------------------------------------------------------------------------------------


def _branch(graph: Graph, layout: Any, written: Any, operands: Sequence[Any]) -> list[Any]:
    captures, entries = _arguments(layout, operands)
    outputs, states = as_function(graph)([], captures, entries)
    return [*outputs, *_finals(graph, layout, operands, states, written)]


def _traced_only(operands: Sequence[Any]) -> tuple[list[Any], Callable[[Sequence[Any]], list[Any]]]:
    """Operands to pass to a JAX control-flow primitive, and how to put them back among those known already."""
    places = [i for i, x in enumerate(operands) if not isinstance(x, np.ndarray)]

    def restore(passed: Sequence[Any]) -> list[Any]:
        full = list(operands)
        for place, value in zip(places, passed, strict=True):
            full[place] = value
        return full

    return [operands[i] for i in places], restore


def _case_kernel(index: Any, *operands: Any, layouts: Any, written: Any, count: int, **graphs: Graph) -> Any:
    branches = [graphs[f"branch{i}"] for i in range(count)]
    passed, restore = _traced_only(operands)
    calls = [
        lambda args, graph=graph, layout=layout: [
            jax.numpy.asarray(x) for x in _branch(graph, layout, written, restore(args))
        ]
        for graph, layout in zip(branches, layouts, strict=True)
    ]
    if isinstance(index, np.ndarray):
        return tuple(calls[_chosen(index, count)](passed))
    checked = watch.concern(node for graph in branches for node in walk(graph))
    arms = [watch.apart(call, checked) for call in calls]
    if index.dtype == bool:
        results, status = lax.cond(index, arms[0], arms[1], passed)
    else:
        out_of_range = (index < 0) | (index >= count)
        results, status = lax.switch(jax.numpy.where(out_of_range, count - 1, index), arms, passed)
    watch.note(status)
    return tuple(results)


def _chosen(index: Any, count: int) -> int:
    """Which branch an index means: a true boolean the first one, an integer out of range the last one."""
    if index.dtype == bool:
        return 0 if index else 1
    return int(index) if 0 <= index < count else count - 1


def _case_stages(operands: Sequence[Any], attrs: dict[str, Any]) -> Any:
    choice = _chosen(np.asarray(operands[0]), attrs["count"])
    graph, layout, rest = attrs[f"branch{choice}"], attrs["layouts"][choice], operands[1:]
    outputs, states = execute(graph, [], *_arguments(layout, rest))
    return (*outputs, *_finals(graph, layout, rest, states, attrs["written"]))


def _case_spec(inputs: Sequence[Tensor], attrs: dict[str, Any]) -> Any:
    graphs = [attrs[f"branch{i}"] for i in range(attrs["count"])]
    specs = []
    for outputs in zip(*[g.outputs for g in graphs], strict=True):
        shape = outputs[0].shape
        for other in outputs[1:]:
            shape = shape.most_specific_compatible_shape(other.shape)
        specs.append((outputs[0].dtype, shape))
    return [*specs, *[(inputs[1 + i].dtype, inputs[1 + i].shape) for i in attrs["written"]]]


def _case_connected(inputs: Sequence[Tensor], attrs: dict[str, Any]) -> Sequence[int]:
    graphs = [attrs[f"branch{i}"] for i in range(attrs["count"])]
    found = [_connected(graph, layout) for graph, layout in zip(graphs, attrs["layouts"], strict=True)]
    return [1 + i for i in sorted(set[int]().union(*found))]


_CASES: dict[int, Op] = {}


def _case_op(count: int) -> Op:
    """The ``If`` op (two branches) or the ``Case`` op of that many branches."""
    if count not in _CASES:
        graphs = tuple([f"branch{i}" for i in range(count)])
        name = "If" if count == 2 else f"Case{count}"
        _CASES[count] = Op(
            name, _case_kernel, graphs=graphs, stages=_case_stages, spec=_case_spec, connected=_case_connected
        )
    return _CASES[count]


def branch(index: Tensor, functions: Sequence[Callable[[], Any]], names: Sequence[str], what: str) -> Any:
    """Traces a conditional: `functions[0]` if a boolean `index` is true, else by position.

    Args:
        index: A scalar; boolean (two functions), or an integer, where out of range means the last function.
        functions: Functions without arguments that return the same structure of tensors.
        names: How errors call the functions.
        what: How errors call the conditional.

    Returns:
        The structure that the functions return.

    Raises:
        TypeError, ValueError: If the functions return different structures or dtypes.
    """
    traced = [trace_body(function, [], name) for function, name in zip(functions, names, strict=True)]
    first_graph, structure = traced[0]
    for name, (graph, other) in zip(names[1:], traced[1:], strict=True):
        _check_same(structure, other, names[0], name, what)
        _check_dtypes(first_graph, graph, names[0], name, what)
    if index.shape.rank not in (0, None):
        raise ValueError(f"{what}: expected a scalar condition, received shape {index.shape}. Use tf.reduce_all/any.")
    return _repack(structure, join(index, [graph for graph, _ in traced]))


def join(index: Tensor, graphs: Sequence[Graph]) -> list[Tensor]:
    """Adds a conditional on traced branches without inputs, with outputs of the same dtypes.

    Args:
        index: As for `branch`.
        graphs: The traces.

    Returns:
        The results: what the branch taken gives.
    """
    for graph in graphs:
        graph.prune()
    operands = Operands(graphs)
    written = tuple([operands.state_positions[i] for i in operands.written])
    attrs: dict[str, Any] = {f"branch{i}": g for i, g in enumerate(graphs)}
    results = _case_op(len(graphs))(
        index, *operands.tensors, layouts=operands.layouts, written=written, count=len(graphs), name="cond",
        _host=_shapes_differ(graphs), **attrs,
    )  # fmt: skip
    count = len(graphs[0].outputs)
    operands.write_back(results[count:])
    return list(results[:count])


def _shapes_differ(graphs: Sequence[Graph]) -> bool:
    """Whether the branches give results of different shapes: then the host must choose between them."""
    outputs = zip(*[g.outputs for g in graphs], strict=True)
    return any(not same[0].shape.is_compatible_with(x.shape) for same in outputs for x in same[1:])


def _check_same(first: Any, other: Any, name: str, other_name: str, what: str) -> None:
    try:
        nest.assert_same_structure(first, other, expand_composites=True)
        pairs = zip(_flatten(first), _flatten(other), strict=True)
        if any((a is None) != (b is None) for a, b in pairs):
            raise ValueError("one returns None where the other returns a tensor")
    except (TypeError, ValueError) as error:
        raise type(error)(
            f"{what}: {name} and {other_name} must return the same structure. Received {first!r} and {other!r}: "
            f"{error} (at {describe_location(user_location())})"
        ) from None


def _check_dtypes(first: Graph, other: Graph, name: str, other_name: str, what: str) -> None:
    for position, (a, b) in enumerate(zip(first.outputs, other.outputs, strict=True)):
        if a.dtype is not b.dtype:
            raise TypeError(
                f"{what}: {name} and {other_name} must return the same dtypes. Result {position} is {a.dtype.name} in "
                f"the one and {b.dtype.name} in the other. Use tf.cast. (at {describe_location(user_location())})"
            )


# While ----------------------------------------------------------------------------------------------------------


def _loop_parts(carry_operands: Sequence[Any], attrs: dict[str, Any]) -> Any:
    count, written = attrs["count"], attrs["written"]
    operands = list(carry_operands[count:])
    carry = [*carry_operands[:count], *[operands[i] for i in written]]

    def with_states(carry: Sequence[Any], operands: Sequence[Any]) -> tuple[list[Any], list[Any]]:
        full = list(operands)
        for position, value in zip(written, carry[count:], strict=True):
            full[position] = value
        return list(carry[:count]), full

    return carry, operands, with_states


def _while_kernel(*inputs: Any, **attrs: Any) -> Any:
    carry, operands, with_states = _loop_parts(inputs, attrs)
    graphs, layouts, written = (attrs["cond"], attrs["body"]), attrs["layouts"], attrs["written"]
    passed, restore = _traced_only(operands)
    carry = [jax.numpy.asarray(x) for x in carry]

    def test(carry: Sequence[Any], passed: Sequence[Any]) -> Any:
        variables, full = with_states(carry, restore(passed))
        return as_function(graphs[0])(variables, *_arguments(layouts[0], full))[0][0]

    def body(carry: Sequence[Any], passed: Sequence[Any]) -> Any:
        variables, full = with_states(carry, restore(passed))
        outputs, states = as_function(graphs[1])(variables, *_arguments(layouts[1], full))
        result = [*outputs, *_finals(graphs[1], layouts[1], full, states, written)]
        return tuple([jax.numpy.asarray(x) for x in result])

    trips = None if attrs["trips"] is None else operands[attrs["trips"]]
    checked = watch.concern(node for graph in graphs for node in walk(graph))
    if isinstance(trips, np.ndarray):
        steps = max(int(trips), 0)
        if steps == 0:
            return tuple(carry)  # the body may take slices that are not there
        return tuple(_scan(body, carry, passed, steps, checked))
    if checked:
        return tuple(_checked_while(test, body, tuple(carry), tuple(passed)))
    return tuple(while_loop(test, body, tuple(carry), tuple(passed)))


def _scan(body: Any, carry: Sequence[Any], passed: Sequence[Any], steps: int, checked: bool) -> Any:
    step = watch.apart(lambda c: body(c, passed), checked)

    def one(state: Any, _: Any) -> Any:
        result, status = step(state[0])
        return (result, checks.merged(state[1], status)), None

    start = tuple(carry), checks.clear() if checked else ()
    (result, status), _ = lax.scan(one, start, None, length=steps)
    watch.note(status)
    return result


def _checked_while(test: Any, body: Any, carry: Any, passed: Any) -> Any:
    """A loop that stops when a check fails, its condition's included: it may not end otherwise."""
    again, step = watch.apart(test, True), watch.apart(body, True)

    def next_state(state: Any, passed: Any) -> Any:
        carry, made = step(state[0], passed)
        go, tested = again(carry, passed)
        status = checks.merged(state[2], made, tested)
        return carry, go & checks.passes(status), status

    go, status = again(carry, passed)
    start = carry, go & checks.passes(status), status
    carry, _, status = while_loop(lambda state, _: state[1], next_state, start, passed)
    watch.note(status)
    return carry


def _while_stages(inputs: Sequence[Any], attrs: dict[str, Any]) -> Any:
    carry, operands, with_states = _loop_parts(inputs, attrs)
    cond, body, layouts, written = attrs["cond"], attrs["body"], attrs["layouts"], attrs["written"]
    while True:
        variables, full = with_states(carry, operands)
        if not bool(np.asarray(execute(cond, variables, *_arguments(layouts[0], full))[0][0])):
            return tuple(carry)
        outputs, states = execute(body, variables, *_arguments(layouts[1], full))
        carry = [*outputs, *_finals(body, layouts[1], full, states, written)]


def _while_spec(inputs: Sequence[Tensor], attrs: dict[str, Any]) -> Any:
    rest = inputs[attrs["count"] :]
    return [(x.dtype, x.shape) for x in (*attrs["body"].inputs, *[rest[i] for i in attrs["written"]])]


def _while_connected(inputs: Sequence[Tensor], attrs: dict[str, Any]) -> Sequence[int]:
    count = attrs["count"]
    return [*range(count), *sorted(count + i for i in _connected(attrs["body"], attrs["layouts"][1]))]


WHILE = Op(
    "While", _while_kernel, graphs=("cond", "body"), stages=_while_stages, spec=_while_spec, connected=_while_connected
)


def loop(
    test: Callable[..., Any],
    body: Callable[..., Any],
    loop_vars: Sequence[Any],
    *,
    shape_invariants: Sequence[Any] | None = None,
    trips: int | Tensor | None = None,
    names: Sequence[str] | None = None,
    what: str = "tf.while_loop",
) -> Any:
    """Traces a loop.

    Args:
        test: Takes the loop variables, returns a boolean scalar.
        body: Takes the loop variables, returns their next values as a sequence of the same structure.
        loop_vars: The initial values, a sequence of nested structures.
        shape_invariants: For each leaf the shape that holds in all iterations, or None for that of the initial value.
            Where it leaves a dimension open that the initial value knows, the loop runs on the host.
        trips: The number of iterations (less than 1: none) where it is known before the loop. If it is known when the
            program is built, the loop differentiates like straight-line code.
        names: The user's names of the loop variables, for errors.
        what: How errors call the loop.

    Returns:
        The final values, in the structure of `loop_vars`.

    Raises:
        ValueError, TypeError: If the structure, a dtype or a shape changes in the body.
    """
    leaves = _flatten(list(loop_vars))
    tensors = [_as_tensor(x, what) for x in leaves]
    shapes = [x.shape for x in tensors]
    varying = False
    if shape_invariants is not None:
        for i, invariant in enumerate(shape_invariants):
            if invariant is not None and as_shape(invariant) != shapes[i]:
                varying = varying or not shapes[i].is_subtype_of(as_shape(invariant)) or shapes[i].is_fully_defined()
                shapes[i] = as_shape(invariant)
    specs = [(x.dtype, shape) for x, shape in zip(tensors, shapes, strict=True)]
    structure = nest.pack_sequence_as(list(loop_vars), tensors, expand_composites=True)

    def call(function: Callable[..., Any], args: Sequence[Tensor]) -> Any:
        return function(*nest.pack_sequence_as(structure, list(args), expand_composites=True))

    body_graph, result = trace_body(lambda *args: call(body, args), specs, f"{what} body")
    _check_loop(structure, result, body_graph, specs, names, what)
    cond_graph, _ = trace_body(lambda *args: call(test, args), specs, f"{what} condition")
    if len(cond_graph.outputs) != 1 or cond_graph.outputs[0].dtype is not dtypes.bool:
        raise TypeError(f"{what}: the condition must return one boolean scalar, received {cond_graph.outputs}.")
    operands = Operands([cond_graph, body_graph])
    written = tuple([operands.state_positions[i] for i in operands.written])
    trips_at = None if trips is None else operands.add(convert_to_tensor(trips))
    attrs: dict[str, Any] = {"trips": trips_at, "_host": varying}
    results = WHILE(
        *tensors, *operands.tensors, cond=cond_graph, body=body_graph, layouts=operands.layouts, written=written,
        count=len(tensors), name="while", **attrs,
    )  # fmt: skip
    operands.write_back(results[len(tensors) :])
    return nest.pack_sequence_as(structure, list(results[: len(tensors)]), expand_composites=True)


def _check_loop(
    structure: Any, result: Any, graph: Graph, specs: Sequence[Any], names: Sequence[str] | None, what: str
) -> None:
    where = f" (at {describe_location(user_location())})"
    try:
        nest.assert_same_structure(structure, result, check_types=False, expand_composites=True)
    except (TypeError, ValueError) as error:
        raise ValueError(
            f"{what}: the body must return the same structure as the loop variables. Expected {structure!r}, received "
            f"{result!r}: {error}{where}"
        ) from None
    if len(graph.outputs) != len(specs):
        raise ValueError(f"{what}: a loop variable became None in the body. Expected a tensor.{where}")
    for i, (output, (dtype, shape)) in enumerate(zip(graph.outputs, specs, strict=True)):
        name = names[i] if names is not None and i < len(names) else f"loop variable {i}"
        if output.dtype is not dtype:
            raise TypeError(
                f"{what}: '{name}' has dtype {dtype.name} before the loop, but dtype {output.dtype.name} after one "
                f"iteration. Expected the same dtype. Use tf.cast.{where}"
            )
        if not output.shape.is_subtype_of(shape):
            if output.shape.is_compatible_with(shape) and isinstance(output, SymbolicTensor):
                continue  # known to less precision only; checked when the program is built
            raise ValueError(
                f"{what}: '{name}' has shape {shape} before the loop, but shape {output.shape} after one iteration. "
                f"Expected the same shape. Use shape_invariants (tf.autograph.experimental.set_loop_options) to let "
                f"it vary.{where}"
            )


# Map ------------------------------------------------------------------------------------------------------------


def _vmap_kernel(*operands: Any, graph: Graph, layout: Any) -> Any:
    count = len(graph.inputs)
    captures, entries = _arguments(layout, operands[count:])

    def single(*inputs: Any) -> Any:
        return tuple([jax.numpy.asarray(x) for x in as_function(graph)(list(inputs), captures, entries)[0]])

    results, status = jax.vmap(watch.apart(single, watch.concern(walk(graph))))(*operands[:count])
    watch.note(status)
    return results


def _vmap_spec(inputs: Sequence[Tensor], attrs: dict[str, Any]) -> Any:
    graph = attrs["graph"]
    sizes = [x.shape[0] for x in inputs[: len(graph.inputs)] if x.shape.rank]
    rows = TensorShape([next((n for n in sizes if n is not None), None)])
    return [(x.dtype, rows.concatenate(x.shape)) for x in graph.outputs]


VMAP = Op("VectorizedMap", _vmap_kernel, graphs=("graph",), spec=_vmap_spec, connected=call_connected)


def vectorized_map(function: Callable[..., Any], elements: Any) -> Any:
    """`function` applied to all slices along the first axis of `elements` at once.

    Args:
        function: Takes a structure like `elements` with the first axis removed; returns a structure of tensors.
        elements: A structure of tensors with the same first dimension.

    Returns:
        The results of `function`, stacked along a new first axis.
    """
    tensors = [convert_to_tensor(x) for x in _flatten(elements)]
    specs = [(x.dtype, x.shape[1:]) for x in tensors]
    graph, structure = trace_body(
        lambda *args: function(nest.pack_sequence_as(elements, list(args), expand_composites=True)),
        specs,
        "vectorized_map",
    )
    operands = Operands([graph])
    if operands.written:
        raise ValueError("vectorized_map: the function must not assign to variables. Use tf.map_fn.")
    results = VMAP(*tensors, *operands.tensors, graph=graph, layout=operands.layouts[0])
    return _repack(structure, results)


def is_eager(value: Any) -> bool:
    """Whether the value is known while tracing: no tensor, or an eager one outside a trace."""
    return not isinstance(value, Tensor) or (isinstance(value, EagerTensor) and context.graph is None)

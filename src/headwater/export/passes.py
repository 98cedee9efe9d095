"""What every exporter does to a Graph first: bind its state, inline calls, fold constants, drop what nobody reads.

`freeze` makes an inference Graph: variables and captured tensors become constants, called functions become part of
their caller, and what follows from constants is computed once, here. Its result is a Graph like any other: it can be
run, and exported. Its conditionals and loops have closed sub-Graphs: operands in one order, shared by all of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from headwater.core.control import CALL, WHILE
from headwater.core.dtypes import from_numpy
from headwater.core.errors import InvalidArgumentError
from headwater.core.graph import CONST, Graph, Node
from headwater.core.infer import PROBES, constant_value
from headwater.core.shapes import TensorShape
from headwater.core.tensor import INLINE_CONSTANT_SIZE, SymbolicTensor

# Ops that give their first input back, as far as inference is concerned.
PASS_THROUGH = frozenset({
    "Identity", "IdentityN", "StopGradient", "PreventGradient", "EnsureShape", "CheckNumerics", "Snapshot",
})  # fmt: skip

# Results of more elements are computed by the exported program, rather than stored in it.
_LARGEST_FOLDED = 1 << 22


def freeze(graph: Graph, shapes: Sequence[TensorShape | None] | None = None) -> Graph:
    """The inference Graph of a traced Graph.

    Args:
        graph: A finished Graph that no other encloses, such as ``concrete_function.graph``.
        shapes: More specific shapes for the inputs, or None where they stay as traced.

    Returns:
        A Graph without captures and states, with the same inputs and outputs.

    Raises:
        InvalidArgumentError: If the Graph assigns to variables, or a shape does not fit.

    >>> v = tf.Variable([1.0, 2.0])
    >>> traced = tf.function(lambda x: x * (v + 1.0)).get_concrete_function(tf.TensorSpec([None, 2]))
    >>> [node.type for node in freeze(traced.graph).nodes]
    ['Const', 'Mul']
    """
    changed = [state.variable.name for state in graph.states.values() if state.modified]
    if changed:
        raise InvalidArgumentError(
            None, None,
            f"{graph.name}: expected a function without side effects, received one that assigns to the variables "
            f"{changed}. Export the inference function: the model called with training=False, without random numbers.",
        )  # fmt: skip
    frozen = Graph(graph.name)
    freezer = _Freezer(frozen)
    env: dict[int, Any] = {}
    for position, tensor in enumerate(graph.inputs):
        shape = shapes[position] if shapes is not None else None
        env[id(tensor)] = frozen.add_input(tensor.dtype, _narrowed(tensor, shape), tensor.node.name)
        frozen.inputs[-1].node.location = tensor.node.location
    env |= {id(inner): np.asarray(outer.numpy()) for outer, inner in graph.captured}
    for state in graph.states.values():
        value = env[id(state.entry)] = np.asarray(state.variable.numpy())
        freezer.names[id(value)] = state.variable.name.partition(":")[0]
    freezer.nodes(graph.nodes, env)
    frozen.outputs = [freezer.tensor(env[id(x)]) for x in graph.outputs]
    drop_unused(frozen)
    return frozen


def _narrowed(tensor: SymbolicTensor, shape: TensorShape | None) -> TensorShape:
    if shape is None:
        return tensor.shape
    if not tensor.shape.is_compatible_with(shape):
        raise InvalidArgumentError(
            None, None, f"Input {tensor.node.name!r}: expected a shape that fits {tensor.shape}, received {shape}."
        )
    return tensor.shape.merge_with(shape)


class _Freezer:
    """Writes nodes into `graph`, where values are NumPy arrays as long as they are known."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.names: dict[int, str] = {}  # id of a constant -> the name of the variable it was
        self._constants: dict[int, tuple[Any, SymbolicTensor]] = {}

    def nodes(self, nodes: Iterable[Node], env: dict[int, Any], prefix: str = "") -> None:
        """Adds `nodes`, reading and extending `env` (id of a tensor -> its value here)."""
        for node in nodes:
            results = self._node(node, [env[id(x)] for x in node.inputs], prefix)
            for tensor, value in zip(node.outputs, results, strict=True):
                env[id(tensor)] = value

    def tensor(self, value: Any, name: str = "Const") -> SymbolicTensor:
        """A value as a tensor of the Graph."""
        if isinstance(value, SymbolicTensor):
            return value
        found = self._constants.get(id(value))
        if found is None:
            node = Node(CONST, (), {"value": value}, self.graph.unique_name(self.names.get(id(value), name)))
            probes = [value] * len(PROBES) if value.size <= INLINE_CONSTANT_SIZE else None
            made = SymbolicTensor(self.graph, node, 0, from_numpy(value.dtype), TensorShape(value.shape), probes)
            node.outputs = (made,)
            self.graph.nodes.append(node)
            found = self._constants[id(value)] = (value, made)
        return found[1]

    # Kinds of nodes ---------------------------------------------------------------------------------------------

    def _node(self, node: Node, inputs: list[Any], prefix: str) -> Sequence[Any]:
        if node.op is CONST:
            return [node.attrs["value"]]
        if node.op is CALL:
            return self._inline(node.attrs["graph"], node, inputs, prefix)
        if node.type in PASS_THROUGH:
            return inputs[: len(node.outputs)]
        if node.op is WHILE:
            return self._loop(node, inputs, prefix)
        if "branch0" in node.op.graphs:
            return self._conditional(node, inputs, prefix)
        if all(isinstance(x, np.ndarray) for x in inputs) and _can_fold(node):
            return _as_list(node.op.run(inputs, node.attrs))
        if node.type == "Reshape":
            inputs = [inputs[0], _fixed_shape(node, inputs[1])]
        return self._add(node, inputs, node.attrs, prefix)

    def _add(self, node: Node, inputs: Sequence[Any], attrs: dict[str, Any], prefix: str) -> Sequence[Any]:
        name = prefix + node.name
        tensors = [self.tensor(x, f"{name}/const") for x in inputs]
        self.graph.add(node.op, tensors, attrs, name)
        made = self.graph.nodes[-1]
        made.location = node.location
        if node.op.effect == "pure" and not node.op.graphs:
            known = [constant_value(x) for x in made.outputs]
            if all(x is not None for x in known):
                self.graph.nodes.pop()
                return known
        return made.outputs

    def _inline(self, graph: Graph, node: Node, inputs: Sequence[Any], prefix: str) -> Sequence[Any]:
        count = len(graph.inputs)
        inner = dict(zip([id(x) for x in graph.inputs], inputs[:count], strict=True))
        return self._body(
            graph, node.attrs["layout"], node.attrs["written"], inputs[count:], inner, f"{prefix}{node.name}/"
        )

    def _body(
        self, graph: Graph, layout: Any, written: Any, operands: Sequence[Any], env: dict[int, Any], prefix: str
    ) -> list[Any]:
        """The results of a sub-Graph: its outputs, then the changed states (`written`: their operand positions)."""
        env |= {id(inner): operands[p] for (_, inner), p in zip(graph.captured, layout[0], strict=True)}
        states = list(graph.states.values())
        env |= {id(s.entry): operands[p] for s, p in zip(states, layout[1], strict=True)}
        self.nodes(graph.nodes, env, prefix)
        finals = {p: env[id(s.value)] for s, p in zip(states, layout[1], strict=True)}
        return [*[env[id(x)] for x in graph.outputs], *[finals.get(p, operands[p]) for p in written]]

    def _conditional(self, node: Node, inputs: list[Any], prefix: str) -> Sequence[Any]:
        attrs = node.attrs
        graphs = [attrs[key] for key in node.op.graphs]
        index, operands = inputs[0], inputs[1:]
        if isinstance(index, np.ndarray):
            choice = (0 if index else 1) if index.dtype == bool else int(index)
            choice = choice if 0 <= choice < len(graphs) else len(graphs) - 1
            return self._body(
                graphs[choice], attrs["layouts"][choice], attrs["written"], operands, {}, f"{prefix}{node.name}/"
            )
        dynamic = [x for x in operands if isinstance(x, SymbolicTensor)]
        closed = {
            key: self._closed(graph, layout, attrs["written"], [], dynamic, operands)
            for key, graph, layout in zip(node.op.graphs, graphs, attrs["layouts"], strict=True)
        }
        layouts = ((tuple(range(len(dynamic))), ()),) * len(graphs)
        return self._add(node, [index, *dynamic], attrs | closed | {"layouts": layouts, "written": ()}, prefix)

    def _loop(self, node: Node, inputs: list[Any], prefix: str) -> Sequence[Any]:
        attrs = node.attrs
        count, written = attrs["count"], attrs["written"]
        operands = list(inputs[count:])
        carry = [*inputs[:count], *[operands[p] for p in written]]
        dynamic = [x for p, x in enumerate(operands) if isinstance(x, SymbolicTensor) and p not in written]
        carried = [(x.dtype, x.shape) for x in node.outputs]
        places = {p: count + i for i, p in enumerate(written)}
        cond_layout, body_layout = attrs["layouts"]
        closed = {
            "cond": self._closed(attrs["cond"], cond_layout, (), carried, dynamic, operands, places),
            "body": self._closed(attrs["body"], body_layout, written, carried, dynamic, operands, places),
        }
        layout = (tuple(range(len(dynamic))), ())
        changes = {"layouts": (layout, layout), "written": (), "count": len(carry)}
        return self._add(node, [*carry, *dynamic], attrs | closed | changes, prefix)

    def _closed(
        self,
        graph: Graph,
        layout: Any,
        written: Any,
        carried: Sequence[Any],
        dynamic: Sequence[SymbolicTensor],
        operands: Sequence[Any],
        places: dict[int, int] | None = None,
    ) -> Graph:
        """A sub-Graph whose inputs are `carried` and whose captures are all of `dynamic`, constants written in."""
        closed = Graph(graph.name, outer=self.graph)
        freezer = _Freezer(closed)
        freezer.names = self.names
        for i, (dtype, shape) in enumerate(carried):
            closed.add_input(dtype, shape, f"arg{i}")
        seen: dict[int, Any] = {}
        for x in dynamic:
            seen[id(x)] = closed.placeholder(x.dtype, x.shape, "capture")
            closed.captures[len(closed.captures)] = (x, seen[id(x)])
        inner = [seen.get(id(x), x) for x in operands]
        for position, place in (places or {}).items():
            inner[position] = closed.inputs[place]
        env = {id(x): y for x, y in zip(graph.inputs, closed.inputs, strict=False)}
        results = freezer._body(graph, layout, written, inner, env, "")
        closed.outputs = [freezer.tensor(x) for x in results]
        drop_unused(closed)
        return closed


def _can_fold(node: Node) -> bool:
    sizes = [x.shape.num_elements() for x in node.outputs]
    return (
        node.op.effect == "pure" and not node.op.graphs and all(n is not None and n <= _LARGEST_FOLDED for n in sizes)
    )


def _as_list(results: Any) -> list[Any]:
    return [np.asarray(r) for r in (results if isinstance(results, tuple | list) else [results])]


def _fixed_shape(node: Node, shape: Any) -> Any:
    """The target of a Reshape as a constant with at most one -1, where the static shape allows it."""
    known = node.outputs[0].shape
    if isinstance(shape, np.ndarray) or known.rank is None or known.as_list().count(None) > 1:
        return shape
    return np.asarray([-1 if d is None else d for d in known.as_list()], np.int32)


def drop_unused(graph: Graph) -> None:
    """Removes the nodes that no output depends on: training's leftovers, assertions, printing."""
    wanted = {id(x) for x in graph.outputs}
    kept = []
    for node in reversed(graph.nodes):
        if any(id(x) in wanted for x in node.outputs):
            wanted.update(id(x) for x in node.inputs)
            kept.append(node)
    graph.nodes = kept[::-1]

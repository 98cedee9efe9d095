"""`Graph`: a traced computation, pure and typed, in TensorFlow's op vocabulary, with its state made explicit.

A Graph has inputs, captures (outer tensors, by value), states (variables, each with its value at entry and at exit),
nodes in order, and outputs. It is therefore a pure function ``(inputs, captures, states) -> (outputs, states')``.
Everything that runs, differentiates, replicates or exports a computation consumes a Graph.
"""

from __future__ import annotations

import contextlib
import copy
import importlib
import itertools
import os
import sys
import threading
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import jax
import numpy as np

from headwater.core.context import context
from headwater.core.dtypes import DType, from_numpy
from headwater.core.errors import InaccessibleTensorError
from headwater.core.infer import FOLD_LIMIT, PROBES, infer
from headwater.core.op import Op, is_differentiable
from headwater.core.shapes import TensorShape
from headwater.core.tensor import INLINE_CONSTANT_SIZE, EagerTensor, SymbolicTensor, Tensor, to_device

Location = tuple[str, int, str]  # file, line, function

# Structural ops: they have no kernel to run; lowering binds their outputs.
PLACEHOLDER = Op("Placeholder", lambda: None, differentiable=False)
CONST = Op("Const", lambda *, value: value, differentiable=False)
IDENTITY = Op("Identity", lambda x: x)


def assigned(before: Any, value: Any) -> Any:
    """`value`, which a variable was given after `before`. Gradients reach the variable, not the value."""
    if not is_differentiable(value.dtype):
        return value
    return _with_tangent_of(before, value) if before.shape == value.shape else jax.lax.stop_gradient(value)


@jax.custom_jvp
def _with_tangent_of(before: Any, value: Any) -> Any:
    return value


_with_tangent_of.defjvp(lambda primals, tangents: (primals[1], tangents[0]))


ASSIGNED = Op(
    "AssignedValue", assigned, spec=lambda inputs, attrs: (inputs[1].dtype, inputs[1].shape),
    connected=lambda inputs, attrs: (0,),
)  # fmt: skip

# What recorders are told of a capture: the outer tensor is the input, the tensor that stands for it the output.
CAPTURE = Op("Capture", lambda x: x, gradient=lambda inputs, outputs, found, attrs: found, register=False)

_PACKAGE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
_INTERNAL = (_PACKAGE, os.sep + "malt" + os.sep, "<frozen", os.sep + "contextlib.py")
_SOURCE_MAPS: dict[str, Any] = {}  # generated file -> function(line) -> Location


class Node:
    """One op call of a Graph.

    Attributes:
        op: The `Op`.
        inputs: Its input tensors, all of the same Graph.
        attrs: Its static attributes.
        outputs: Its output tensors.
        name: Unique within the Graph.
        location: The user's file, line and function.
        device: The XLA device asked for, or None.
    """

    __slots__ = ("attrs", "device", "inputs", "location", "many", "name", "op", "outputs")

    def __init__(self, op: Op, inputs: Sequence[Any], attrs: dict[str, Any], name: str) -> None:
        self.op = op
        self.inputs = tuple(inputs)
        self.attrs = attrs
        self.name = name
        self.location = user_location()
        self.device = context.device
        self.outputs: tuple[SymbolicTensor, ...] = ()
        self.many = False

    @property
    def type(self) -> str:
        """The op's name."""
        return self.op.name

    @property
    def on_host(self) -> bool:
        """Whether the node cannot be part of an XLA program."""
        if self.op.on_host or self.attrs.get("_host") or any(self.attrs[key].is_staged for key in self.op.graphs):
            return True
        return any(x.dtype.name == "string" for x in (*self.inputs, *self.outputs)) and self.op is not PLACEHOLDER

    @property
    def place(self) -> str:
        """The user's line and the node's name, for errors."""
        return f"{describe_location(self.location)} (node {self.name!r})"

    def __repr__(self) -> str:
        return f"<Node {self.name!r} {self.op.name} at {describe_location(self.location)}>"


class State:
    """A variable as one Graph sees it.

    Attributes:
        variable: The variable.
        entry: Its value when the Graph starts.
        value: Its value at this point of the trace; at the end, its value at exit.
    """

    __slots__ = ("entry", "value", "variable")

    def __init__(self, variable: Any, entry: SymbolicTensor) -> None:
        self.variable = variable
        self.entry = entry
        self.value: SymbolicTensor = entry

    @property
    def modified(self) -> bool:
        """Whether the Graph assigned to the variable."""
        return self.value is not self.entry


class Graph:
    """A computation being traced, or traced.

    Args:
        name: A name for error messages and exports.
        outer: The Graph in whose trace this one is traced, or None.
    """

    def __init__(self, name: str = "graph", outer: Graph | None = None) -> None:
        self.name = name
        self.outer = outer
        self.inputs: list[SymbolicTensor] = []
        self.captures: dict[int, tuple[Tensor, SymbolicTensor]] = {}
        self.states: dict[int, State] = {}
        self.nodes: list[Node] = []
        self.outputs: list[Tensor] = []
        self.op_cache: dict[Op, dict[Any, Any]] = {}
        self.runtime: Any = None
        self.may_create_variables = True
        self.created_variables: list[Any] = []
        self.concrete_inputs: list[Any] | None = None
        self._names: dict[str, int] = {}
        self._staged: bool | None = None
        self._connected: set[int] | None = None

    # Building ---------------------------------------------------------------------------------------------------

    def add(self, op: Op, inputs: Sequence[Tensor], attrs: dict[str, Any], name: str | None = None) -> Any:
        """Adds a node; returns its output tensor, or a tuple of them."""
        own = [x if type(x) is SymbolicTensor and x._graph() is self else self.own(x) for x in inputs]
        specs, many = infer(op, own, attrs)
        node = Node(op, own, attrs, self.unique_name(name or op.name))
        node.many = many
        node.outputs = tuple([SymbolicTensor(self, node, i, d, s, p) for i, (d, s, p) in enumerate(specs)])
        self.nodes.append(node)
        return node.outputs if many else node.outputs[0]

    def unique_name(self, name: str) -> str:
        """`name` in the current name scope, made unique in this Graph."""
        full = f"{context.scope}/{name}" if context.scope else name
        count = self._names.get(full, 0)
        self._names[full] = count + 1
        return full if count == 0 else f"{full}_{count}"

    def placeholder(self, dtype: DType, shape: TensorShape, name: str) -> SymbolicTensor:
        """A tensor that lowering binds to an input, a capture or a variable's value."""
        node = Node(PLACEHOLDER, (), {}, self.unique_name(name))
        node.outputs = (SymbolicTensor(self, node, 0, dtype, shape),)
        return node.outputs[0]

    def add_input(self, dtype: DType, shape: TensorShape, name: str) -> SymbolicTensor:
        """A new input, after those there are."""
        tensor = self.placeholder(dtype, shape, name)
        self.inputs.append(tensor)
        return tensor

    def constant(self, array: Any, name: str | None = None) -> Tensor:
        """A constant of a NumPy array. Large ones are passed to the program rather than written into it."""
        if array.size > INLINE_CONSTANT_SIZE and array.dtype != object:
            return self.own(EagerTensor(to_device(array)))
        array = np.array(array)  # the user may write into theirs before the graph is lowered
        node = Node(CONST, (), {"value": array}, self.unique_name(name or "Const"))
        probes = None if array.dtype == object else [array] * len(PROBES)
        tensor = SymbolicTensor(self, node, 0, from_numpy(array.dtype), TensorShape(array.shape), probes)
        node.outputs = (tensor,)
        self.nodes.append(node)
        return tensor

    def own(self, tensor: Tensor) -> SymbolicTensor:
        """`tensor` as seen in this Graph: itself, or a capture of an outer tensor."""
        if isinstance(tensor, SymbolicTensor):
            if tensor.graph is self:
                return tensor
            if self.outer is None or tensor.graph is None:
                raise InaccessibleTensorError(
                    f"{tensor!r} is out of scope: it belongs to another tf.function, branch or loop body (defined at "
                    f"{describe_location(tensor.node.location)}), and is used in {self.name!r}. Expected a tensor of "
                    "this function or of one that encloses it. Return it from where it was made, or keep it in a "
                    "tf.Variable."
                )
            tensor = self.outer.own(tensor)
        value = _inlined_value(tensor)
        if value is None and isinstance(tensor, EagerTensor) and self.outer is not None:
            tensor = self.outer.own(tensor)
        key = id(tensor if value is None else value)  # equal constants often share their array
        found = self.captures.get(key)
        return found[1] if found is not None else self._capture(key, tensor, value)

    def _capture(self, key: int, tensor: Tensor, value: Any) -> SymbolicTensor:
        inner: Any
        if value is None:
            inner = self.placeholder(tensor.dtype, tensor.shape, "capture")
            inner.probes = getattr(tensor, "probes", None)
        else:
            inner = self.constant(np.asarray(value))
        self.captures[key] = (tensor, inner)
        for recorder in context.recorders:
            recorder.record(CAPTURE, (tensor,), {}, (inner,))
        return inner

    def prune(self) -> None:
        """Drops the nodes that no output, state or effect needs, once the trace is finished."""
        needed = {id(x) for x in self.outputs} | {id(s.value) for s in self.states.values()}
        kept = []
        for node in reversed(self.nodes):
            if has_effect(node) or any(id(x) in needed for x in node.outputs):
                kept.append(node)
                needed.update(id(x) for x in node.inputs)
        self.nodes = kept[::-1]
        self._staged = self._connected = None

    # State ------------------------------------------------------------------------------------------------------

    def read(self, variable: Any) -> Tensor:
        """The value of a variable at this point of the trace."""
        state = self._state(variable)
        if state.modified and state.value.node.op is not ASSIGNED and is_differentiable(variable.dtype):
            state.value = self.add(ASSIGNED, (state.entry, state.value), {})
        for recorder in context.recorders:
            recorder.watch_read(variable, state.value)
        return state.value

    def _state(self, variable: Any) -> State:
        state = self.states.get(variable._uid)
        if state is None:
            if self.outer is not None:
                self.outer._state(variable)
            state = State(variable, self.placeholder(variable._dtype, variable.shape, variable._graph_name))
            self.states[variable._uid] = state
        return state

    def write(self, variable: Any, value: Tensor) -> None:
        """Makes `value` the variable's value from this point on."""
        self._state(variable).value = self.own(value)

    def bound_to(self, variables: dict[int, Any]) -> Graph:
        """The same computation for other variables, given by the uid of those that it was traced with."""
        bound = copy.copy(self)
        bound.states = {}
        for number, state in self.states.items():
            variable = variables.get(number, state.variable)
            bound.states[variable._uid] = other = State(variable, state.entry)
            other.value = state.value
        return bound

    # Looking at it ----------------------------------------------------------------------------------------------

    @property
    def captured(self) -> list[tuple[Tensor, SymbolicTensor]]:
        """``(outer tensor, its placeholder here)`` of captures that are not written in as constants."""
        return [(outer, inner) for outer, inner in self.captures.values() if inner.node.op is PLACEHOLDER]

    @property
    def known_captures(self) -> list[int]:
        """Positions in `captured` of values that follow from shapes and constants: programs are built for them."""
        return [i for i, (outer, _) in enumerate(self.captured) if getattr(outer, "probes", None) is not None]

    @property
    def is_staged(self) -> bool:
        """Whether some node cannot be part of one XLA program, so that the Graph runs in stages."""
        if self._staged is None:
            known = known_tensors(self)
            ends = [*self.inputs, *self.outputs, *[inner for _, inner in self.captured]]
            self._staged = any(x.dtype.name == "string" for x in ends) or any(
                node.on_host or any(id(node.inputs[i]) not in known for i in node.op.static if i < len(node.inputs))
                for node in self.nodes
            )
        return self._staged

    @property
    def connected(self) -> set[int]:
        """Ids of the tensors that gradients of the outputs, or of variables assigned to, flow to."""
        if self._connected is None:
            found = {id(x) for x in (*self.outputs, *[s.entry for s in self.states.values() if s.modified])}
            for node in reversed(self.nodes):
                if node.op.differentiable and any(id(y) in found and is_differentiable(y.dtype) for y in node.outputs):
                    connected = node.op.connected
                    positions = range(len(node.inputs)) if connected is None else connected(node.inputs, node.attrs)
                    found.update(id(node.inputs[i]) for i in positions)
            self._connected = found
        return self._connected

    @property
    def name_scope(self) -> str:
        """The name scope new nodes get."""
        return context.scope

    def get_operations(self) -> list[Node]:
        """The nodes in order, placeholders first."""
        return [x.node for x in self.inputs] + list(self.nodes)

    def get_operation_by_name(self, name: str) -> Node:
        """The node of that name. Raises KeyError if there is none."""
        for node in self.get_operations():
            if node.name == name:
                return node
        raise KeyError(f"The name {name!r} refers to an Operation not in the graph {self.name!r}.")

    def get_tensor_by_name(self, name: str) -> SymbolicTensor:
        """The tensor called ``node:index``. Raises KeyError if there is none."""
        node, _, index = name.partition(":")
        if not index.isdigit():
            raise ValueError(f"Expected the name of a tensor, such as 'AddV2:0', received {name!r}.")
        outputs = self.get_operation_by_name(node).outputs
        if int(index) >= len(outputs):
            raise KeyError(f"The name {name!r} refers to a Tensor which does not exist: {node!r} has {len(outputs)}.")
        return outputs[int(index)]

    def as_graph_def(self) -> Any:
        """The Graph as a TensorFlow GraphDef message.

        >>> concrete = tf.function(lambda x: x + 1).get_concrete_function(tf.TensorSpec([]))
        >>> [node.op for node in concrete.graph.as_graph_def().node]
        ['Placeholder', 'Const', 'AddV2', 'Identity']
        """
        # Messages are made in the export room, which stands above this one and is loaded when it is asked for.
        return importlib.import_module("headwater.export.graphdef").graph_def(self)

    def as_default(self) -> contextlib.AbstractContextManager[Graph]:
        """Makes this the Graph that ops are added to."""
        return tracing(self)

    def __repr__(self) -> str:
        return f"<Graph {self.name!r}: {len(self.inputs)} inputs, {len(self.nodes)} nodes, {len(self.outputs)} outputs>"


def _inlined_value(tensor: Tensor) -> Any:
    """The array of a captured tensor that is written into the program; those that gradients may flow to are not."""
    if is_differentiable(tensor.dtype):
        return None
    if isinstance(tensor, EagerTensor):
        return tensor._array if tensor._array.size <= INLINE_CONSTANT_SIZE else None
    return tensor.node.attrs["value"] if isinstance(tensor, SymbolicTensor) and tensor.node.op is CONST else None


def known_tensors(graph: Graph) -> set[int]:
    """Ids of tensors whose value is known when the Graph is lowered for concrete shapes."""
    known = {id(inner) for outer, inner in graph.captures.values() if getattr(outer, "probes", None) is not None}
    for node in graph.nodes:
        small = all((x.shape.num_elements() or FOLD_LIMIT + 1) <= FOLD_LIMIT for x in node.outputs)
        from_known = bool(node.inputs) and small and all(id(x) in known for x in node.inputs)
        foldable = node.op.effect == "pure" and not node.op.graphs and not node.on_host
        if node.op is CONST or (foldable and (node.op.shape_only or from_known)):
            known.update(id(x) for x in node.outputs)
    return known


@contextlib.contextmanager
def tracing(graph: Graph | None) -> Iterator[Any]:
    """Makes `graph` the one that ops are added to (None: ops run eagerly).

    Recorders go along where the current Graph (or eager code) encloses it, and forget at the end what they saw there.
    """
    enclosed = graph is not None and graph.outer is context.graph
    followers = tuple([r for r in context.recorders if enclosed and r.enter(graph)])
    before = context.enter(graph=graph, recorders=followers)
    try:
        yield graph
    finally:
        context.restore(before)
        for recorder in followers:
            recorder.leave()


@contextlib.contextmanager
def untaped() -> Iterator[None]:
    """No tape sees what happens in the block."""
    before = context.enter(recorders=())
    try:
        yield
    finally:
        context.restore(before)


@contextlib.contextmanager
def init_scope() -> Iterator[None]:
    """Lifts the block out of the function being traced: what it creates is made now, once.

    >>> @tf.function
    ... def f():
    ...     with tf.init_scope():
    ...         return float(tf.constant(2.0))
    """
    before = context.enter(graph=None, recorders=(), scope="")
    try:
        yield
    finally:
        context.restore(before)


def has_effect(node: Node) -> bool:
    """Whether the node does more than compute its outputs, itself or in one of its Graphs."""
    return node.op.effect == "effect" or any(
        inner.op.effect == "effect" for key in node.op.graphs for inner in walk(node.attrs[key])
    )


def walk(graph: Graph) -> Iterator[Node]:
    """All nodes of a Graph and of the Graphs in it."""
    return walk_nodes(graph.nodes)


def walk_nodes(nodes: Iterable[Node]) -> Iterator[Node]:
    """These nodes and all nodes of the Graphs in them."""
    for node in nodes:
        yield node
        yield from node.op.inner_nodes(node.attrs)


# Source locations ------------------------------------------------------------------------------------------------


def user_location() -> Location:
    """The innermost line of the running code that is the user's."""
    frame: Any = sys._getframe(1)
    while frame is not None:
        file = frame.f_code.co_filename
        if not file.startswith(_INTERNAL[0]) and _INTERNAL[1] not in file and not file.startswith("<frozen"):
            return file, frame.f_lineno, frame.f_code.co_name
        frame = frame.f_back
    return "<unknown>", 0, ""


def register_source_map(file: str, locate: Any) -> None:
    """Says how lines of a generated file map to the user's: ``locate(line)`` gives a Location or None."""
    _SOURCE_MAPS[file] = locate


def origin(location: Location) -> Location:
    """The user's own line for a location that may be in a generated file."""
    locate = _SOURCE_MAPS.get(location[0])
    return (locate and locate(location[1])) or location


def describe_location(location: Location) -> str:
    """``file:line, in function``."""
    file, line, function = origin(location)
    return f"{file}:{line}, in {function}"


_uid = itertools.count(1)
_uid_lock = threading.Lock()


def uid() -> int:
    """A number that no earlier call gave."""
    with _uid_lock:
        return next(_uid)

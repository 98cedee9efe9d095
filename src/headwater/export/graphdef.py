"""A Graph as TensorFlow's ``GraphDef``: what TensorBoard's graph tab shows.

Nodes keep their names, so scopes become groups. A variable is a ``VarHandleOp`` that is read at entry, and assigned at
exit if the Graph changes it; conditionals, loops and calls are TensorFlow's stateless ones, their sub-Graphs functions
of the library. Ops that only the engine has (gradients, ``MulGrad``) keep the engine's names.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import numpy as np
from tensorboard.compat.proto.attr_value_pb2 import AttrValue
from tensorboard.compat.proto.function_pb2 import FunctionDef
from tensorboard.compat.proto.graph_pb2 import GraphDef
from tensorboard.compat.proto.node_def_pb2 import NodeDef
from tensorboard.compat.proto.tensor_pb2 import TensorProto
from tensorboard.compat.proto.tensor_shape_pb2 import TensorShapeProto

from headwater.core.control import CALL, WHILE
from headwater.core.dtypes import DType, as_dtype, from_numpy
from headwater.core.graph import CONST, Graph, Node, describe_location
from headwater.core.infer import constant_value
from headwater.core.shapes import TensorShape
from headwater.core.tensor import Tensor
from headwater.export.forms import ARG_REDUCTIONS, CONSTANT_INPUTS, REDUCTIONS, TYPES, axes_of, slice_form
from headwater.export.inference import inference_function, inputs_of

# The version of GraphDef's meaning: that of the TensorFlow whose op forms these are (2.21).
_PRODUCER, _MIN_CONSUMER = 2474, 12

# Inside functions an output is named after its argument in TensorFlow's op definition, where that is not "output".
_OUTPUT_NAMES = {
    name: argument
    for argument, names in {
        "z": (
            "AddV2", "Sub", "Mul", "RealDiv", "FloorDiv", "FloorMod", "Maximum", "Minimum", "Pow", "SquaredDifference",
            "Equal", "NotEqual", "Less", "LessEqual", "Greater", "GreaterEqual", "LogicalAnd", "LogicalOr",
            "BitwiseAnd", "BitwiseOr", "BitwiseXor", "Atan2",
        ),
        "y": (
            "Neg", "Abs", "Square", "Exp", "Log", "Log1p", "Expm1", "Sqrt", "Rsqrt", "Sin", "Cos", "Tan", "Tanh",
            "Sinh", "Cosh", "Sigmoid", "Cast", "LogicalNot", "Invert", "Floor", "Ceil", "Round", "Rint", "Sign",
            "Reciprocal", "Erf", "IsNan", "IsInf", "IsFinite", "ZerosLike", "OnesLike", "Transpose", "FusedBatchNormV3",
        ),
        "activations": ("Relu", "Relu6", "Elu", "Selu", "LeakyRelu", "Softplus", "Softsign"),
        "softmax": ("Softmax",), "logsoftmax": ("LogSoftmax",), "product": ("MatMul",), "sum": ("AddN",),
        "value": ("ReadVariableOp",), "out": ("Cumsum",), "resource": ("VarHandleOp",),
    }.items()
    for name in names
}  # fmt: skip

# Our attribute -> TensorFlow's, per op.
_ADJOINTS = {"transpose_a": "adj_x", "transpose_b": "adj_y"}
_ATTRIBUTES: dict[str, dict[str, str]] = {
    "BatchMatMul": _ADJOINTS, "BatchMatMulV2": _ADJOINTS, "BatchMatMulV3": _ADJOINTS,
    **{name: {"keepdims": "keep_dims"} for name in REDUCTIONS},
}  # fmt: skip

# Variables being values here, their updates are plain arithmetic.
_RENAMED = {"AssignAdd": "AddV2", "AssignSub": "Sub"}
# Ops that give more in TensorFlow than here (what only gradients read).
_OUTPUT_COUNTS = {"FusedBatchNormV3": 6}
# Attributes of ours that TensorFlow's ops do not have, because there they could have one value only.
_DROPPED: dict[str, dict[str, Any]] = {
    "Softmax": {"axis": -1},
    "LogSoftmax": {"axis": -1},
    "AvgPool": {"explicit_paddings": ()},
    "GatherNd": {"batch_dims": 0},
}


def graph_def(graph: Graph) -> GraphDef:
    """The ``GraphDef`` of a traced Graph.

    Args:
        graph: A finished Graph that no other encloses, such as ``concrete_function.graph``.

    Returns:
        A ``GraphDef`` message. Captured tensors are placeholders in it.

    >>> traced = tf.function(lambda x: x * 2.0).get_concrete_function(tf.TensorSpec([None], name="x"))
    >>> [(node.name, node.op) for node in graph_def(traced.graph).node]
    [('x', 'Placeholder'), ('Const', 'Const'), ('Mul', 'Mul'), ('Identity', 'Identity')]
    """
    message = GraphDef()
    message.versions.producer, message.versions.min_consumer = _PRODUCER, _MIN_CONSUMER
    writer = _Body(message.node, _Library(message), in_function=False)
    for tensor in (*graph.inputs, *[inner for _, inner in graph.captured]):
        writer.placeholder(tensor)
    readers = _first_readers(graph)
    for state in graph.states.values():
        writer.variable(state, readers.get(id(state.entry)))
    writer.nodes(graph.nodes)
    updates = [writer.assignment(state) for state in graph.states.values() if state.modified]
    for output in graph.outputs:
        made = writer.node("Identity", "Identity", [writer.refs[id(output)]], {"T": output.dtype}, [output])
        made.input.extend(f"^{name}" for name in updates)
    return message


def _first_readers(graph: Graph) -> dict[int, str]:
    """The name of the first node that reads each tensor, by the tensor's id."""
    return {id(x): node.name for node in reversed(graph.nodes) for x in node.inputs}


def model_graph_def(model: Any) -> GraphDef:
    """The ``GraphDef`` of a Keras model's inference.

    Args:
        model: A model. One whose inputs are not known yet (a subclass that was never called) gives an empty message.
    """
    return graph_def(inference_function(model).graph) if inputs_of(model) else GraphDef()


class _Library:
    """The functions of a GraphDef, one per sub-Graph and layout."""

    def __init__(self, message: GraphDef) -> None:
        self._message = message
        self._names: dict[str, int] = {}

    def add(
        self,
        graph: Graph,
        arguments: Sequence[tuple[DType, TensorShape]],
        places: dict[int, int],
        results: Sequence[Any],
    ) -> str:
        """Writes a sub-Graph as a function.

        Args:
            graph: The sub-Graph.
            arguments: dtype and shape of the function's arguments.
            places: Which argument stands for which tensor of the sub-Graph, by the tensor's id.
            results: The tensors that the function returns, or positions of arguments that it returns unchanged.

        Returns:
            The function's name.
        """
        base = re.sub(r"[^A-Za-z0-9_]", "_", graph.name).strip("_") or "function"
        number = self._names[base] = self._names.get(base, -1) + 1
        function: FunctionDef = FunctionDef()
        function.signature.name = f"{base}_{number}"
        body = _Body(function.node_def, self, in_function=True)
        for i, (dtype, shape) in enumerate(arguments):
            function.signature.input_arg.add(name=f"arg{i}", type=dtype.as_datatype_enum)
            function.arg_attr[i].attr["_output_shapes"].list.shape.append(_shape(shape))
        body.refs = {key: f"arg{place}" for key, place in places.items()}
        body.nodes(graph.nodes)
        for i, result in enumerate(results):
            dtype = arguments[result][0] if isinstance(result, int) else result.dtype
            function.signature.output_arg.add(name=f"result{i}", type=dtype.as_datatype_enum)
            function.ret[f"result{i}"] = f"arg{result}" if isinstance(result, int) else body.refs[id(result)]
        self._message.library.function.append(function)
        return function.signature.name


class _Body:
    """The nodes of a GraphDef or of one of its functions."""

    def __init__(self, nodes: Any, library: _Library, in_function: bool) -> None:
        self.refs: dict[int, str] = {}  # id of a tensor -> how an input names it
        self._nodes = nodes
        self._library = library
        self._in_function = in_function
        self._names: set[str] = set()

    # Nodes ------------------------------------------------------------------------------------------------------

    def node(
        self, name: str, op: str, inputs: Sequence[str], attrs: dict[str, Any], outputs: Sequence[Tensor]
    ) -> NodeDef:
        """Adds a node whose outputs are `outputs`."""
        made = self._nodes.add(name=self._unique(name), op=op, input=inputs)
        for key, value in attrs.items():
            made.attr[key].CopyFrom(attr_value(value))
        made.attr["_output_shapes"].list.shape.extend([_shape(x.shape) for x in outputs])
        for i, tensor in enumerate(outputs):
            self.refs[id(tensor)] = self._reference(made, i)
        return made

    def _reference(self, made: NodeDef, i: int) -> str:
        if self._in_function:
            return f"{made.name}:{_OUTPUT_NAMES.get(made.op, 'output')}:{i}"
        return f"{made.name}:{i}" if i else str(made.name)

    def _unique(self, name: str) -> str:
        clean = re.sub(r"[^A-Za-z0-9_.\\/>-]", "_", name)
        clean = clean if re.match(r"[A-Za-z0-9.]", clean) else f"n{clean}"
        found, count = clean, 0
        while found in self._names:
            count += 1
            found = f"{clean}_{count}"
        self._names.add(found)
        return found

    def constant(self, name: str, value: Any) -> str:
        """Adds a constant; returns how to name it."""
        array = np.asarray(value)
        made = self.node(name, "Const", [], {"dtype": from_numpy(array.dtype), "value": array}, [])
        made.attr["_output_shapes"].list.shape.append(_shape(TensorShape(array.shape)))
        return self._reference(made, 0)

    def placeholder(self, tensor: Any) -> None:
        """Adds an input or a captured tensor."""
        attrs = {"dtype": tensor.dtype, "shape": tensor.shape}
        self.node(tensor.node.name, "Placeholder", [], attrs, [tensor])

    def variable(self, state: Any, reader: str | None) -> None:
        """Adds a variable, and the reading of it at entry, which is drawn beside the first node that uses it."""
        variable = state.variable
        name = variable.name.partition(":")[0]
        attrs = {"dtype": variable.dtype, "shape": variable.shape, "shared_name": name, "container": ""}
        handle = self.node(name, "VarHandleOp", [], attrs, [])
        handle.attr["_output_shapes"].list.shape.append(TensorShapeProto())
        name = f"{reader or handle.name}/ReadVariableOp"
        self.node(name, "ReadVariableOp", [handle.name], {"dtype": variable.dtype}, [state.entry])
        self.refs[id(state)] = handle.name

    def assignment(self, state: Any) -> str:
        """Adds the assignment of a variable's value at exit; returns the node's name."""
        handle = self.refs[id(state)]
        inputs = [handle, self.refs[id(state.value)]]
        return str(self.node(f"{handle}/Assign", "AssignVariableOp", inputs, {"dtype": state.value.dtype}, []).name)

    def nodes(self, nodes: Sequence[Node]) -> None:
        """Adds the nodes of a Graph."""
        for node in nodes:
            self._add(node)

    def _add(self, node: Node) -> None:
        op, inputs, attrs = node.type, [self.refs[id(x)] for x in node.inputs], dict(node.attrs)
        axes = _swapped_axes(node)
        if axes is not None:
            self._add_swapped(node, inputs[0], axes)
            return
        if node.op is CONST:
            attrs = {"dtype": node.outputs[0].dtype, "value": attrs["value"]}
        elif node.op.graphs:
            op, attrs = self._with_functions(node)
        else:
            inputs, attrs = self._form(node, inputs, attrs)
        made = self.node(node.name, _RENAMED.get(op, op), inputs, attrs, node.outputs)
        if node.op is WHILE:  # what the loop only reads is an output too
            made.attr["_output_shapes"].list.shape.extend([_shape(x.shape) for x in node.inputs[len(node.outputs) :]])
        for _ in range(_OUTPUT_COUNTS.get(node.type, 0) - len(node.outputs)):
            made.attr["_output_shapes"].list.shape.append(TensorShapeProto(unknown_rank=True))
        made.attr["_location"].s = describe_location(node.location).encode()
        if node.device is not None:
            made.device = f"/device:{node.device.platform.upper()}:{node.device.id}"

    def _add_swapped(self, node: Node, x: str, axes: tuple[int, int]) -> None:
        """Adds an op that TensorFlow has for the last axis only, or not at all, with its axes swapped."""
        rank = node.outputs[0].shape.rank or 0
        order = list(range(rank))
        order[axes[0]], order[axes[1]] = order[axes[1]], order[axes[0]]
        attrs = {"T": node.outputs[0].dtype, "Tperm": as_dtype("int32")}
        perm = self.constant(f"{node.name}/perm", np.asarray(order, np.int32))
        if node.type != "MatrixTranspose":
            turned = self.node(f"{node.name}/transpose", "Transpose", [x, perm], attrs, [])
            inner = self.node(f"{node.name}/last", node.type, [self._reference(turned, 0)], {"T": attrs["T"]}, [])
            for made in (turned, inner):
                made.attr["_output_shapes"].list.shape.append(TensorShapeProto(unknown_rank=True))
            x = self._reference(inner, 0)
        self.node(node.name, "Transpose", [x, perm], attrs, node.outputs)

    # TensorFlow's form of a call --------------------------------------------------------------------------------

    def _form(self, node: Node, inputs: list[str], attrs: dict[str, Any]) -> tuple[list[str], dict[str, Any]]:
        names, dropped = _ATTRIBUTES.get(node.type, {}), _DROPPED.get(node.type, {})
        kept = {
            names.get(k, k): v
            for k, v in attrs.items()
            if not k.startswith("_") and (k not in dropped or dropped[k] != v)
        }
        dtypes = [x.dtype for x in node.inputs]
        if node.type in CONSTANT_INPUTS:
            self._constant_input(node, inputs, dtypes, kept)
        elif node.type == "StridedSlice":
            inputs = self._slice(node, inputs, kept)
        for attribute, position in TYPES.get(node.type, {"T": 0}).items():
            if -len(dtypes) <= position < len(dtypes):
                kept[attribute] = dtypes[position]
        return inputs, kept | _computed(node)

    def _constant_input(self, node: Node, inputs: list[str], dtypes: list[DType], attrs: dict[str, Any]) -> None:
        """Makes an input of the attribute that is one in TensorFlow."""
        key, position, name = CONSTANT_INPUTS[node.type]
        value = attrs.pop(key)
        rank = node.inputs[0].shape.rank
        if value is None or node.type in REDUCTIONS:
            value = axes_of(value, rank) if node.type != "Transpose" else range(rank or 0)[::-1]
        if value is None:
            return
        position = len(inputs) if position < 0 else position
        inputs.insert(position, self.constant(f"{node.name}/{name}", np.asarray(value, np.int32)))
        dtypes.insert(position, as_dtype("int32"))

    def _slice(self, node: Node, inputs: list[str], attrs: dict[str, Any]) -> list[str]:
        form = slice_form(attrs["spec"], constant_value(node.inputs[1]))
        if form is None:
            return inputs
        del attrs["spec"]
        masks = form._asdict()
        bounds = [np.asarray(masks.pop(key), np.int32) for key in ("begin", "end", "strides")]
        names = [f"{node.name}/stack", f"{node.name}/stack_1", f"{node.name}/stack_2"]
        attrs |= masks
        return [inputs[0], *[self.constant(name, bound) for name, bound in zip(names, bounds, strict=True)]]

    # Ops with sub-Graphs ----------------------------------------------------------------------------------------

    def _with_functions(self, node: Node) -> tuple[str, dict[str, Any]]:
        attrs = node.attrs
        shapes = {"output_shapes": [x.shape for x in node.outputs]}
        outs = [x.dtype for x in node.outputs]
        if node.op is WHILE:
            return "StatelessWhile", self._loop(node) | {"parallel_iterations": 10}
        if "branch0" in node.op.graphs:
            arguments = node.inputs[1:]
            names = [
                self._function(attrs[key], [], arguments, layout, attrs["written"])
                for key, layout in zip(node.op.graphs, attrs["layouts"], strict=True)
            ]
            types = {"Tin": [x.dtype for x in arguments], "Tout": outs} | shapes
            if node.inputs[0].dtype.name == "bool":
                branches = {"then_branch": Function(names[0]), "else_branch": Function(names[1])}
                return "StatelessIf", branches | types | {"Tcond": node.inputs[0].dtype}
            return "StatelessCase", {"branches": [Function(n) for n in names]} | types
        graph = attrs["graph"]
        count = len(graph.inputs)
        name = self._function(
            graph, node.inputs[:count], node.inputs[count:], attrs["layout"], attrs.get("written", ())
        )
        kind = "PartitionedCall" if node.op is CALL else node.type
        return kind, {"f": Function(name), "Tin": [x.dtype for x in node.inputs], "Tout": outs}

    def _function(
        self, graph: Graph, inputs: Sequence[Tensor], operands: Sequence[Tensor], layout: Any, written: Sequence[int]
    ) -> str:
        """A branch or called Graph as a function of its inputs and the operands."""
        count = len(inputs)
        places = {id(x): i for i, x in enumerate(graph.inputs)}
        places |= {id(inner): count + p for (_, inner), p in zip(graph.captured, layout[0], strict=True)}
        states = dict(zip(layout[1], graph.states.values(), strict=True))
        places |= {id(s.entry): count + p for p, s in states.items()}
        results = [*graph.outputs, *[_final(states, p, count + p) for p in written]]
        return self._library.add(graph, [(x.dtype, x.shape) for x in (*inputs, *operands)], places, results)

    def _loop(self, node: Node) -> dict[str, Any]:
        """Both functions of a loop: of the loop variables and the operands, all of which the body gives back."""
        attrs, count = node.attrs, node.attrs["count"]
        arguments = [(x.dtype, x.shape) for x in (*node.outputs[:count], *node.inputs[count:])]
        names = {}
        for key, layout in zip(("cond", "body"), attrs["layouts"], strict=True):
            graph = attrs[key]
            places = {id(x): i for i, x in enumerate(graph.inputs)}
            places |= {id(inner): count + p for (_, inner), p in zip(graph.captured, layout[0], strict=True)}
            states = dict(zip(layout[1], graph.states.values(), strict=True))
            places |= {id(s.entry): count + p for p, s in states.items()}
            changed = [
                _final(states, p, count + p) if p in attrs["written"] else count + p
                for p in range(len(arguments) - count)
            ]
            results = graph.outputs if key == "cond" else [*graph.outputs, *changed]
            names[key] = Function(self._library.add(graph, arguments, places, results))
        return names | {"T": [d for d, _ in arguments], "output_shapes": [s for _, s in arguments]}


def _final(states: dict[int, Any], position: int, argument: int) -> Any:
    """What a sub-Graph returns for a state: its value at exit, or (not touched) its argument."""
    return states[position].value if position in states else argument


def _swapped_axes(node: Node) -> tuple[int, int] | None:
    """Which axes to swap around a node so that TensorFlow has an op for it; None for most nodes."""
    rank = node.outputs[0].shape.rank if node.outputs else None
    if rank is None:
        return None
    if node.type == "MatrixTranspose":
        return rank - 2, rank - 1
    axis = node.attrs["axis"] % rank if node.type in ("Softmax", "LogSoftmax") else rank - 1
    return None if axis == rank - 1 else (axis, rank - 1)


def _computed(node: Node) -> dict[str, Any]:
    """Attributes that TensorFlow has and we do not need."""
    if node.type == "Cast":
        return {"DstT": node.outputs[0].dtype, "Truncate": False}
    if node.type in ("Pack", "AddN", "ConcatV2", "Einsum"):
        return {"N": len(node.inputs)}
    if node.type in ("Shape", "Size"):
        return {"out_type": node.outputs[0].dtype}
    return {"output_type": node.outputs[0].dtype} if node.type in ARG_REDUCTIONS else {}


# Attributes ------------------------------------------------------------------------------------------------------


class Function(str):
    """The name of a library function, as an attribute."""


def attr_value(value: Any) -> AttrValue:
    """A Python value as an ``AttrValue``; what has no form there becomes its text."""
    message = AttrValue()
    if isinstance(value, Function):
        message.func.name = str(value)
    elif isinstance(value, bool | np.bool_):
        message.b = bool(value)
    elif isinstance(value, int | np.integer):
        message.i = int(value)
    elif isinstance(value, float | np.floating):
        message.f = float(value)
    elif isinstance(value, str | bytes):
        message.s = value.encode() if isinstance(value, str) else value
    elif isinstance(value, TensorShape):
        message.shape.CopyFrom(_shape(value))
    elif isinstance(value, np.ndarray):
        message.tensor.CopyFrom(tensor_proto(value))
    elif isinstance(value, DType | np.dtype | type):
        message.type = _as_dtype(value).as_datatype_enum
    elif isinstance(value, list | tuple):
        _fill_list(message, value)
    else:
        message.s = str(value).encode()
    return message


def _as_dtype(value: Any) -> DType:
    return value if isinstance(value, DType) else from_numpy(np.dtype(value))


def _fill_list(message: AttrValue, values: Sequence[Any]) -> None:
    message.list.SetInParent()
    parts = [attr_value(v) for v in values]
    kinds = {part.WhichOneof("value") for part in parts}
    if len(kinds) > 1 or kinds & {"list", None}:
        message.s = repr(values).encode()
        return
    for kind in kinds:
        field = getattr(message.list, kind)
        field.extend([getattr(part, kind) for part in parts])


def tensor_proto(array: Any) -> TensorProto:
    """An array as a ``TensorProto``."""
    array = np.asarray(array)
    message = TensorProto(dtype=from_numpy(array.dtype).as_datatype_enum, tensor_shape=_shape(TensorShape(array.shape)))
    if array.dtype == object:
        message.string_val.extend([x if isinstance(x, bytes) else str(x).encode() for x in array.ravel()])
    else:
        message.tensor_content = array.tobytes()
    return message


def _shape(shape: TensorShape) -> TensorShapeProto:
    if shape.rank is None:
        return TensorShapeProto(unknown_rank=True)
    return TensorShapeProto(dim=[TensorShapeProto.Dim(size=-1 if d is None else d) for d in shape.as_list()])

"""The graph of layers behind a functional model: found from its inputs and outputs, run, and saved."""

from __future__ import annotations

import collections
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from headwater.core import nest
from headwater.core.shapes import TensorShape
from headwater.core.tensor import Tensor, convert_to_tensor
from headwater.core.variable import Variable
from headwater.keras import _serialization
from headwater.keras._tensor import KerasTensor, Node
from headwater.keras.layers._base import Layer
from headwater.keras.layers._input import InputLayer
from headwater.ops import array, math


class Network:
    """Nodes in the order they run, between given inputs and outputs.

    Args:
        inputs: A structure of KerasTensors.
        outputs: A structure of KerasTensors.
        name: The model's name, for errors.
    """

    def __init__(self, inputs: Any, outputs: Any, name: str) -> None:
        self.inputs_structure = inputs
        self.outputs_structure = outputs
        self.inputs: list[KerasTensor] = nest.flatten(inputs)
        self.outputs: list[KerasTensor] = nest.flatten(outputs)
        for x in [*self.inputs, *self.outputs]:
            if not isinstance(x, KerasTensor):
                raise ValueError(
                    f"All `inputs` and `outputs` values must be KerasTensors. Received: {x!r} of type {type(x)}"
                )
        self._declared = [TensorShape([None, *x.shape[1:]] if x.shape.rank else x.shape) for x in self.inputs]
        self.nodes = self._find_nodes(name)
        self.layers = self._order_layers()

    def _find_nodes(self, name: str) -> list[Node]:
        """The nodes needed, each after those whose outputs it takes."""
        known = {id(x) for x in self.inputs}
        nodes: list[Node] = []
        done: set[int] = set()
        stack: list[tuple[KerasTensor, bool]] = [(x, False) for x in reversed(self.outputs)]
        while stack:
            tensor, ready = stack.pop()
            node = node_of(tensor)
            if id(tensor) in known or node is None or id(node) in done:
                continue
            if not node.inputs:
                raise ValueError(
                    f"`inputs` not connected to `outputs` in model '{name}': {tensor!r} comes from layer "
                    f"'{node.layer.name}', which is not among the inputs. Expected every output to follow from "
                    f"the inputs."
                )
            if ready:
                done.add(id(node))
                nodes.append(node)
            else:
                stack.append((tensor, True))
                stack += [(x, False) for x in reversed(node.inputs)]
        return nodes

    def _order_layers(self) -> list[Layer]:
        """Layers by depth, farthest from the outputs first; at equal depth in the order they are reached."""
        depth: dict[int, int] = collections.defaultdict(int)
        order: dict[int, int] = {}
        sources = [node_of(x) for x in self.inputs]
        for node in [*[n for n in sources if n is not None], *self.nodes]:
            order.setdefault(id(node.layer), len(order))
        layers = {id(n.layer): n.layer for n in [*[n for n in sources if n is not None], *self.nodes]}
        node_depth: dict[int, int] = collections.defaultdict(int)
        for node in reversed(self.nodes):
            own = max(node_depth[id(node)], depth[id(node.layer)])
            depth[id(node.layer)] = own
            node_depth[id(node)] = own
            for x in node.inputs:
                maker = node_of(x)
                if maker is not None:
                    node_depth[id(maker)] = max(node_depth[id(maker)], own + 1)
                    depth[id(maker.layer)] = max(depth[id(maker.layer)], own + 1)
        keys = sorted(layers, key=lambda k: (-depth[k], order[k]))
        return [layers[k] for k in keys]

    # Running ----------------------------------------------------------------------------------------------------

    def run(self, inputs: Any) -> Any:
        """The outputs for these inputs (a structure like that of the model's inputs)."""
        values: dict[int, Any] = {
            id(x): fit_input(v, x) for x, v in zip(self.inputs, self._arranged(inputs), strict=True)
        }
        for node in self.nodes:
            args, kwargs = node.arguments(lambda x: values[id(x)])
            outputs = nest.flatten(node.layer(*args, **kwargs))
            for tensor, value in zip(node.outputs, outputs, strict=True):
                values[id(tensor)] = value
        outputs = nest.map_structure(lambda x: values[id(x)], self.outputs_structure)
        return outputs[0] if isinstance(outputs, list | tuple) and len(outputs) == 1 else outputs

    def check_sizes(self, inputs: Any) -> None:
        """Raises ValueError for inputs with other sizes than declared; the batch may have any size."""
        for value, spec, wanted in zip(self._arranged(inputs), self.inputs, self._declared, strict=True):
            found = getattr(value, "shape", None)
            if found is not None and len(found) == wanted.rank and not wanted.is_compatible_with(found):
                raise ValueError(
                    f"Input {spec.name!r} is incompatible with the model: expected shape={tuple(wanted)}, found "
                    f"shape={tuple(found)}"
                )

    def _arranged(self, inputs: Any) -> list[Any]:
        """The inputs flat, in the order of the model's: by name where they come as a dict."""
        if isinstance(inputs, dict) and not isinstance(self.inputs_structure, dict):
            names = [x.name for x in self.inputs]
            if all(n in inputs for n in names):
                return [inputs[n] for n in names]
        if isinstance(inputs, dict) and isinstance(self.inputs_structure, dict):
            missing = sorted(set(self.inputs_structure) - set(inputs))
            if missing:
                raise ValueError(f"Missing data for input {missing}: expected {sorted(self.inputs_structure)}.")
            inputs = {key: inputs[key] for key in self.inputs_structure}
        flat = nest.flatten(inputs)
        if len(flat) != len(self.inputs):
            raise ValueError(
                f"The model expects {len(self.inputs)} input(s) {[x.name for x in self.inputs]}, but received "
                f"{len(flat)}."
            )
        return flat

    # Configs ----------------------------------------------------------------------------------------------------

    def get_config(self) -> dict[str, Any]:
        """Layers, their calls, inputs and outputs."""
        kept = {id(node) for node in self.nodes} | {id(node_of(x)) for x in self.inputs}
        position: dict[tuple[int, int], int] = {}  # a layer's node -> its number among those that are kept
        for layer in self.layers:
            count = 0
            for index, node in enumerate(layer._inbound_nodes):
                if id(node) in kept:
                    position[id(layer), index] = count
                    count += 1

        def place(x: KerasTensor) -> list[Any]:
            layer, index, output = x.history  # type: ignore[misc]
            return [layer.name, position.get((id(layer), index), 0), output]

        layers = []
        for layer in self.layers:
            config = _serialization.serialize_keras_object(layer)
            config["name"] = layer.name
            config["inbound_nodes"] = [
                _node_config(n, place) for n in layer._inbound_nodes if id(n) in kept and n.inputs
            ]
            layers.append(config)
        return {
            "layers": layers,
            "input_layers": nest.map_structure(place, self.inputs_structure),
            "output_layers": nest.map_structure(place, self.outputs_structure),
        }


def node_of(tensor: KerasTensor) -> Node | None:
    """The call that made the tensor."""
    if tensor.history is None:
        return None
    layer, index, _ = tensor.history
    return layer._inbound_nodes[index]


def _node_config(node: Node, place: Any) -> dict[str, Any]:
    def encode(value: Any) -> Any:
        if isinstance(value, KerasTensor):
            config = {"shape": list(value.shape), "dtype": value.dtype.name, "keras_history": place(value)}
            return {"class_name": "__keras_tensor__", "config": config}
        if isinstance(value, tuple):
            return [encode(v) for v in value]
        if isinstance(value, list):
            return [encode(v) for v in value]
        if isinstance(value, dict):
            return {k: encode(v) for k, v in value.items()}
        return _serialization.serialize_keras_object(value)

    return {"args": [encode(a) for a in node.args], "kwargs": {k: encode(v) for k, v in node.kwargs.items()}}


def is_optional(spec: KerasTensor) -> bool:
    """Whether None may be given for this input."""
    return spec.history is not None and getattr(spec.history[0], "optional", False)


def fit_input(value: Any, spec: KerasTensor) -> Any:
    """A model's input as a tensor of the declared dtype and rank; a last axis of size 1 is added or dropped."""
    if value is None and is_optional(spec):
        return None
    if not isinstance(value, Tensor | KerasTensor):
        value = convert_to_tensor(value) if isinstance(value, Variable) else convert_to_tensor(np.asarray(value))
    if isinstance(value, KerasTensor):
        return value
    if value.dtype is not spec.dtype and value.dtype.name != "string":
        value = math.cast(value, spec.dtype)
    found, wanted = value.shape.rank, spec.shape.rank
    if found is not None and wanted is not None:
        if found == wanted + 1 and value.shape[-1] == 1:
            value = array.squeeze(value, axis=-1)
        elif found == wanted - 1 and spec.shape[-1] == 1:
            value = array.expand_dims(value, axis=-1)
    if value.shape.rank not in (None, spec.shape.rank) and spec.shape.rank is not None:
        raise ValueError(
            f"Input {spec.name!r} is incompatible with the model: expected shape={tuple(spec.shape)}, found "
            f"shape={tuple(value.shape)}"
        )
    return value


def network_from_config(config: dict[str, Any], copy: Callable[[dict[str, Any]], Any] | None = None) -> tuple[Any, Any]:
    """Inputs and outputs of the functional model a config describes; `copy` makes the layers of their configs."""
    copy = copy or _serialization._deserialize
    made: dict[str, Any] = {}
    waiting: list[tuple[Any, dict[str, Any]]] = []
    for entry in config["layers"]:
        layer = copy({k: v for k, v in entry.items() if k != "inbound_nodes"})
        made[entry.get("name") or layer.name] = layer
        waiting += [(layer, node) for node in entry.get("inbound_nodes", [])]
    calls: dict[str, list[Any]] = {
        n: [layer.output] if isinstance(layer, InputLayer) else [] for n, layer in made.items()
    }
    names = {id(layer): n for n, layer in made.items()}

    def find(place: Sequence[Any]) -> Any:
        name, node, output = place
        if len(calls[name]) <= node:
            raise _NotYet
        return nest.flatten(calls[name][node])[output]

    while waiting:
        left = []
        for layer, node in waiting:
            try:
                args = [_decode(a, find) for a in node["args"]]
                kwargs = {k: _decode(v, find) for k, v in node.get("kwargs", {}).items()}
            except _NotYet:
                left.append((layer, node))
                continue
            kwargs = {k: v for k, v in kwargs.items() if v is not None}
            calls[names[id(layer)]].append(layer(*args, **kwargs))
        if len(left) == len(waiting):
            raise ValueError(
                f"The config's layers cannot be connected: {[layer.name for layer, _ in left]} lack inputs."
            )
        waiting = left
    return _places(config["input_layers"], find), _places(config["output_layers"], find)


class _NotYet(Exception):
    """A node's input is not made yet."""


def _decode(value: Any, find: Any) -> Any:
    if isinstance(value, dict) and value.get("class_name") == "__keras_tensor__":
        return find(value["config"]["keras_history"])
    if isinstance(value, list):
        return [_decode(v, find) for v in value]
    if isinstance(value, dict) and "class_name" not in value:
        return {k: _decode(v, find) for k, v in value.items()}
    return _serialization._deserialize(value)


def _places(places: Any, find: Any) -> Any:
    if isinstance(places, dict):
        return {k: _places(v, find) for k, v in places.items()}
    if isinstance(places, list | tuple) and len(places) == 3 and isinstance(places[0], str):
        return find(places)
    found = [_places(p, find) for p in places]
    return tuple(found) if isinstance(places, tuple) else found

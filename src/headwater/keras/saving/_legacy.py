"""Whole models in one HDF5 file (``.h5``), as Keras 2 wrote them and Keras 3 still does."""

from __future__ import annotations

import json
import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np

from headwater.keras import _serialization
from headwater.keras._variables import path_of
from headwater.keras.saving._guard import Group, read_json

# An attribute of HDF5 holds no more than this.
_ATTRIBUTE_BYTES = 64_000


def is_legacy(file: Group) -> bool:
    """Whether the file has this layout, rather than that of Keras 3's weights."""
    return "model_weights" in file or "layer_names" in file.attrs or "layer_names0" in file.attrs


# Writing ---------------------------------------------------------------------------------------------------------


def write_model(model: Any, file: Any, version: str, include_optimizer: bool = True) -> None:
    """Writes config, weights and optimizer state into an open HDF5 file."""
    config = _serialization.serialize_keras_object(model)
    file.attrs["backend"] = "tensorflow"
    file.attrs["keras_version"] = version
    file.attrs["model_config"] = json.dumps({"class_name": config["class_name"], "config": config["config"]}).encode()
    optimizer = getattr(model, "optimizer", None) if include_optimizer else None
    if optimizer is not None:
        compiled = dict(config.get("compile_config") or {})
        given = compiled.pop("optimizer")
        compiled["optimizer_config"] = {k: given[k] for k in ("class_name", "config")}
        file.attrs["training_config"] = json.dumps(compiled).encode()
    group = file.create_group("model_weights")
    group.attrs["backend"], group.attrs["keras_version"] = "tensorflow", version
    _put_names(group, "layer_names", [layer.name for layer in model.layers])
    for layer in model.layers:
        _write_weights(group.create_group(layer.name), _weights_of(layer))
    _write_weights(group.create_group("top_level_model_weights"), model._own_variables())
    if optimizer is not None and optimizer.variables:
        _write_weights(file.create_group("optimizer_weights"), optimizer.variables)


def _weights_of(layer: Any) -> list[Any]:
    return [*layer.trainable_weights, *layer.non_trainable_weights]


def _write_weights(group: Any, variables: Sequence[Any]) -> None:
    names: list[str] = []
    for variable in variables:
        name = path_of(variable)
        count = sum(n == name or n.rpartition("_")[0] == name for n in names)
        names.append(name if name not in names else f"{name}_{count}")
        group.create_dataset(names[-1], data=variable.numpy())
    _put_names(group, "weight_names", names)


def _put_names(group: Any, key: str, names: Sequence[str]) -> None:
    data = np.asarray([n.encode() for n in names])
    chunks = [data]
    while any(c.nbytes > _ATTRIBUTE_BYTES for c in chunks):
        chunks = np.array_split(data, len(chunks) + 1)
    if len(chunks) == 1:
        group.attrs[key] = data
    else:
        for index, chunk in enumerate(chunks):
            group.attrs[f"{key}{index}"] = chunk


# Reading ---------------------------------------------------------------------------------------------------------


def read_model(file: Group, path: Any, custom_objects: Any, compile: bool, safe_mode: bool) -> Any:
    """The model in an open HDF5 file."""
    if "model_config" not in file.attrs:
        raise ValueError(f"{path} holds no model, perhaps weights alone: expected a file that Model.save() wrote.")
    config = _modern(read_json(file.attrs["model_config"], f"{path}: the attribute 'model_config'"))
    model = _serialization.deserialize_keras_object(config, custom_objects, safe_mode=safe_mode)
    read_layers(file, model)
    given = file.attrs.get("training_config") if compile else None
    if given is not None:
        compiled = read_json(given, f"{path}: the attribute 'training_config'")
        compiled["optimizer"] = compiled.pop("optimizer_config")
        with _serialization._registry.CustomObjectScope(custom_objects):
            model.compile_from_config(compiled)
        _read_optimizer(file, model.optimizer)
    return model


def _modern(config: Any) -> Any:
    """A config of Keras 2 as Keras 3 would write it: calls of layers are dicts of arguments."""
    if isinstance(config, list):
        return [_modern(x) for x in config]
    if not isinstance(config, dict):
        return config
    config = {k: _modern(v) for k, v in config.items()}
    if isinstance(config.get("inbound_nodes"), list):
        config["inbound_nodes"] = [_modern_node(n) if isinstance(n, list) else n for n in config["inbound_nodes"]]
    return config


def _modern_node(node: list[Any]) -> dict[str, Any]:
    places = [node] if node and isinstance(node[0], str) else node
    tensors = [{"class_name": "__keras_tensor__", "config": {"keras_history": list(p[:3])}} for p in places]
    options = {k: v for p in places for k, v in (p[3] if len(p) > 3 else {}).items()}
    return {"args": [tensors if len(tensors) > 1 else tensors[0]], "kwargs": options}


def read_layers(file: Group, model: Any, by_name: bool = False, skip_mismatch: bool = False) -> None:
    """Sets the weights of a model's layers, in their order or by their names."""
    group = file.get("model_weights", file)
    saved = {name: _read_arrays(group[name]) for name in _names(group, "layer_names")}
    if by_name:
        pairs = [(layer, saved[layer.name]) for layer in model.layers if layer.name in saved]
    else:
        layers = [layer for layer in model.layers if layer.weights]
        arrays = [a for a in saved.values() if a]
        if len(layers) != len(arrays):
            raise ValueError(
                f"Layer count mismatch when loading weights from file. Model expected {len(layers)} layers, found "
                f"{len(arrays)} saved layers."
            )
        pairs = list(zip(layers, arrays, strict=True))
    if "top_level_model_weights" in group and model._own_variables():
        pairs.append((model, _read_arrays(group["top_level_model_weights"])))
    for layer, arrays in pairs:
        _assign(layer, model._own_variables() if layer is model else _weights_of(layer), arrays, skip_mismatch)


def _assign(layer: Any, variables: Sequence[Any], arrays: Sequence[Any], skip_mismatch: bool) -> None:
    fits = len(variables) == len(arrays) and all(
        tuple(v.shape) == a.shape for v, a in zip(variables, arrays, strict=False)
    )
    if not fits:
        message = (
            f"Layer '{layer.name}' expects weights of shapes {[tuple(v.shape) for v in variables]}, received "
            f"{[a.shape for a in arrays]} from the file."
        )
        if not skip_mismatch:
            raise ValueError(f"{message} Pass skip_mismatch=True to leave such layers as they are.")
        warnings.warn(f"{message} It is left as it is.", stacklevel=3)
        return
    for variable, array in zip(variables, arrays, strict=True):
        variable.assign(array.astype(variable.dtype.as_numpy_dtype))


def _read_arrays(group: Group) -> list[Any]:
    return [group[name] for name in _names(group, "weight_names")]


def _names(group: Group, key: str) -> list[str]:
    keys = [key] if key in group.attrs else sorted((k for k in group.attrs if _is_chunk(k, key)), key=_number)
    return [n.decode() if isinstance(n, bytes) else str(n) for k in keys for n in group.attrs[k]]


def _is_chunk(name: str, key: str) -> bool:
    return name.startswith(key) and name[len(key) :].isdigit()


def _number(name: str) -> int:
    return int(name.lstrip("abcdefghijklmnopqrstuvwxyz_"))


def _read_optimizer(file: Group, optimizer: Any) -> None:
    if "optimizer_weights" not in file or optimizer is None:
        return
    arrays = _read_arrays(file["optimizer_weights"])
    optimizer.load_own_variables({str(index): array for index, array in enumerate(arrays)})

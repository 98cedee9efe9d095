"""Objects as configurations (JSON) and back, in Keras 3's form."""

from __future__ import annotations

import inspect
import types
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

from headwater.core.dtypes import DType, as_dtype
from headwater.core.shapes import TensorShape
from headwater.core.spec import TensorSpec
from headwater.core.tensor import Tensor, convert_to_tensor
from headwater.keras import _code, _registry

_LAMBDA = "__lambda__"


def serialize_keras_object(obj: Any) -> Any:
    """The configuration of an object: JSON values, and for objects a dict with module, class name and config.

    >>> tf.keras.saving.serialize_keras_object(tf.keras.initializers.Zeros())["class_name"]
    'Zeros'
    """
    try:
        return _serialize(obj)
    except RecursionError:
        raise ValueError(
            f"A {type(obj).__name__} cannot be saved: its configuration contains itself, or is nested too deeply. "
            "Expected lists and dicts that do not contain themselves."
        ) from None


def _serialize(obj: Any) -> Any:
    if obj is None or isinstance(obj, str | bool | int | float):
        return obj
    if isinstance(obj, list | tuple):
        values = [_serialize(x) for x in obj]
        return tuple(values) if isinstance(obj, tuple) else values
    if isinstance(obj, dict):
        return obj if isinstance(obj, _code.LiveFunction) else {k: _serialize(v) for k, v in obj.items()}
    for kind, write in _WRITERS:
        if isinstance(obj, kind):
            return write(obj)
    return _serialize_instance(obj)


def _special(name: str, **config: Any) -> dict[str, Any]:
    return {"class_name": name, "config": config}


def _serialize_array(array: Any) -> Any:
    return _special("__numpy__", value=array.tolist(), dtype=array.dtype.name) if array.ndim else array.item()


def _serialize_spec(spec: TensorSpec) -> dict[str, Any]:
    shape = spec.shape.as_list() if spec.shape.rank is not None else None
    names = {"spec_name": type(spec).__name__, "module": type(spec).__module__, "registered_name": None}
    return {"class_name": "__typespec__", "config": [shape, spec.dtype.name, spec.name], **names}


def _serialize_class(cls: type) -> dict[str, Any]:
    return {
        "module": "builtins",
        "class_name": "type",
        "config": _registry.get_registered_name(cls),
        "registered_name": "type",
    }


def _serialize_function(function: Any) -> Any:
    if function.__name__ == "<lambda>":
        warnings.warn(
            "A lambda is saved as Python code. Loading it needs safe_mode=False, which trusts the file to run any "
            "code. Use a named function, registered with @keras.saving.register_keras_serializable(), instead.",
            stacklevel=2,
        )
        return _special(_LAMBDA, value=_code.dump(function), module=function.__module__)
    if not getattr(function, "_keras_name", False):
        _registry.record(function)
    return {
        "module": "builtins",
        "class_name": "function",
        "config": _registry.get_registered_name(function),
        "registered_name": _registry.registered_name(function) or "function",
    }


# How values that are neither plain nor objects with a config are written.
_WRITERS: list[tuple[Any, Callable[[Any], Any]]] = [
    (bytes, lambda x: _special("__bytes__", value=x.decode("utf-8"))),
    (slice, lambda x: _special("__slice__", **{k: _serialize(getattr(x, k)) for k in ("start", "stop", "step")})),
    (types.EllipsisType, lambda x: _special("__ellipsis__")),
    (TensorShape, lambda x: x.as_list() if x.rank is not None else None),
    (DType, lambda x: x.name),
    (TensorSpec, _serialize_spec),
    (Tensor, lambda x: _special("__tensor__", value=x._numpy().tolist(), dtype=x.dtype.name)),
    (np.generic, lambda x: x.item()),
    (np.ndarray, _serialize_array),
    (types.FunctionType | types.BuiltinFunctionType, _serialize_function),
    (type, _serialize_class),
]


def _serialize_instance(obj: Any) -> dict[str, Any]:
    cls = type(obj)
    if not hasattr(obj, "get_config"):
        raise TypeError(f"Cannot serialize {obj!r} of type {cls.__name__}: expected an object with get_config().")
    registered = _registry.registered_name(cls)
    if not _registry.is_builtin(cls):
        _registry.record(cls)
    if registered is None and not _registry.is_builtin(cls):
        registered = cls.__name__
    class_name, module = _saved_class(obj)
    given = obj.get_config()
    if not isinstance(given, dict):
        raise TypeError(f"get_config() of {obj!r} must give a dict, received {given!r}.")
    config = {"module": module, "class_name": class_name, "config": _serialize(given), "registered_name": registered}
    if hasattr(obj, "get_build_config") and (build := obj.get_build_config()) is not None:
        config["build_config"] = _serialize(build)
    if hasattr(obj, "get_compile_config") and (compiled := obj.get_compile_config()):
        config["compile_config"] = _serialize(compiled)
    return config


def _saved_class(obj: Any) -> tuple[str, str]:
    """Class name and module as real Keras would write them."""
    name = getattr(obj, "_saved_class_name", None) or type(obj).__name__
    return name, getattr(obj, "_saved_module", None) or _registry.module_of(type(obj))


def deserialize_keras_object(
    config: Any, custom_objects: dict[str, Any] | None = None, safe_mode: bool = True, **kwargs: Any
) -> Any:
    """The object a configuration describes.

    Args:
        config: What `serialize_keras_object` gave.
        custom_objects: Classes and functions by name.
        safe_mode: Whether Python code in the configuration is refused.
        **kwargs: Accepted for compatibility.

    Returns:
        The object.

    Raises:
        TypeError: If a class is not known.
        ValueError: If the configuration holds Python code and `safe_mode` is set, or is nested too deeply.
    """
    outer = _registry.safe_mode_scope()
    with _registry.safe_mode(safe_mode if outer is None else outer), _registry.CustomObjectScope(custom_objects):
        try:
            return _deserialize(config)
        except (RecursionError, MemoryError) as error:
            reason = "is nested too deeply" if isinstance(error, RecursionError) else f"needs too much memory: {error}"
            raise ValueError(
                f"The configuration cannot be read, it {reason}. Expected one that serialize_keras_object wrote."
            ) from None


def _deserialize(config: Any) -> Any:
    if isinstance(config, str):
        found = _registry.get_registered_object(config)
        return config if found is None else found
    if config is None or isinstance(config, bool | int | float):
        return config
    if isinstance(config, list | tuple):
        values = [_deserialize(x) for x in config]
        return tuple(values) if isinstance(config, tuple) else values
    if not isinstance(config, dict):
        raise TypeError(f"Could not parse config: {config!r}.")
    if "class_name" not in config or "config" not in config:
        return {key: _deserialize(value) for key, value in config.items()}
    special = _SPECIAL.get(config["class_name"])
    return _instance(config) if special is None else special(config)


def refuse_code(what: str) -> None:
    """Raises ValueError in safe mode: `what` is Python code."""
    if _registry.in_safe_mode():
        raise ValueError(
            f"The configuration holds {what}, which could run any code. If you trust its source, pass "
            "safe_mode=False; else use a registered function instead."
        )


def _lambda(config: dict[str, Any]) -> Any:
    refuse_code("a Python lambda")
    value = config["config"]
    parts = value["value"] if "value" in value else [value.get(k) for k in ("code", "defaults", "closure")]
    return _code.load(parts, value.get("module"))


def _array(config: dict[str, Any]) -> Any:
    return np.asarray(config["value"], as_dtype(config["dtype"]).as_numpy_dtype)


def _spec(config: dict[str, Any]) -> TensorSpec:
    if config.get("spec_name") != "TensorSpec":
        raise TypeError(f"Could not read a type of the kind {config.get('spec_name')!r}. Expected 'TensorSpec'.")
    shape, dtype, name = config["config"]
    return TensorSpec(shape, as_dtype(dtype), name)


def _class(config: dict[str, Any]) -> Any:
    return find_class({"class_name": str(config["config"]).rpartition(">")[2], "registered_name": config["config"]})


def _function(config: dict[str, Any]) -> Any:
    name = config["config"] if isinstance(config["config"], str) else config["config"]["name"]
    for key in (config.get("registered_name"), name):
        found = _registry.get_registered_object(key) if key and key != "function" else None
        if found is not None:
            return found
    if str(config.get("module", "")).startswith(("keras", "headwater", "builtins")):
        return name  # a function of Keras itself: every argument that takes one takes its name
    raise TypeError(_unknown("function", name))


_SPECIAL: dict[str, Callable[[dict[str, Any]], Any]] = {
    "__tuple__": lambda c: tuple([_deserialize(x) for x in c["config"]["value"]]),
    "__bytes__": lambda c: c["config"]["value"].encode("utf-8"),
    "__tensor__": lambda c: convert_to_tensor(_array(c["config"])),
    "__numpy__": lambda c: _array(c["config"]),
    "__slice__": lambda c: slice(*[_deserialize(c["config"][k]) for k in ("start", "stop", "step")]),
    "__ellipsis__": lambda c: Ellipsis,
    "__typespec__": _spec,
    "function": _function,
    "type": _class,
    _LAMBDA: _lambda,
}


def find_class(config: dict[str, Any]) -> Any:
    """The class a configuration names. Raises TypeError if it is not known."""
    name, module = config["class_name"], str(config.get("module") or "")
    for key in (config.get("registered_name"), name):
        found = _registry.get_registered_object(key) if key else None
        if found is not None:
            return found
    found = _registry.builtin_class(name, module)
    if found is not None and (not module or module.split(".")[0] in ("keras", "headwater", "tf_keras", "tensorflow")):
        return found
    raise TypeError(_unknown("class", name))


def _unknown(kind: str, name: str) -> str:
    return (
        f"Could not locate {kind} '{name}'. Expected one of Keras or a registered one. Pass it in custom_objects="
        f"{{'{name}': ...}}, or register it with @keras.saving.register_keras_serializable()."
    )


def _instance(config: dict[str, Any]) -> Any:
    cls = find_class(config)
    inner = config["config"]
    if isinstance(inner, dict) and not hasattr(cls, "_reads_own_config") and not _has_own_reader(cls):
        inner = objects_in(inner)
        if _registry.is_builtin(cls):
            inner = _without_unset(cls, inner)
    try:
        instance = cls.from_config(inner)
    except TypeError as error:
        raise TypeError(
            f"<class '{cls.__name__}'> could not be made from its config: {error}. Expected __init__ to take what "
            f"get_config() gives, or from_config() to be overridden. Config: {config['config']}"
        ) from error
    if (build := config.get("build_config")) and hasattr(instance, "build_from_config") and not instance.built:
        instance.build_from_config(build)
    if (compiled := config.get("compile_config")) and hasattr(instance, "compile_from_config"):
        instance.compile_from_config(compiled)
    return instance


def _without_unset(cls: type, config: dict[str, Any]) -> dict[str, Any]:
    """The config without options that only other versions of Keras have, where they are not used."""
    names = {n for base in cls.__mro__ if "__init__" in vars(base) for n in inspect.signature(base.__init__).parameters}  # type: ignore[misc]
    return {k: v for k, v in config.items() if k in names or v not in (None, False)}


def _has_own_reader(cls: type) -> bool:
    """Whether a user's class defines `from_config`: it gets the config as `get_config` gave it."""
    owner = next((base for base in cls.__mro__ if "from_config" in vars(base)), object)
    return owner is not object and not owner.__module__.startswith("headwater.")


def objects_in(config: dict[str, Any]) -> dict[str, Any]:
    """A config's values with the nested objects made; strings stay names."""
    return {key: _argument(value) for key, value in config.items()}


def _argument(value: Any) -> Any:
    """A config value: nested objects are made, strings stay names."""
    if isinstance(value, dict) and "class_name" in value and "config" in value:
        return _deserialize(value)
    if isinstance(value, list | tuple):
        values = [_argument(v) for v in value]
        return tuple(values) if isinstance(value, tuple) else values
    return objects_in(value) if isinstance(value, dict) else value


_registry.tools["serialize"] = serialize_keras_object

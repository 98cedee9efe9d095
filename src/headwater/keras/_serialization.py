"""Objects as configurations (JSON) and back, in Keras 3's form."""

from __future__ import annotations

import base64
import inspect
import types
from typing import Any

import numpy as np

from headwater.core.dtypes import DType
from headwater.core.shapes import TensorShape
from headwater.core.tensor import Tensor, convert_to_tensor
from headwater.keras import _registry

_LAMBDA = "__lambda__"


def serialize_keras_object(obj: Any) -> Any:
    """The configuration of an object: JSON values, and for objects a dict with module, class name and config.

    >>> tf.keras.saving.serialize_keras_object(tf.keras.initializers.Zeros())["class_name"]
    'Zeros'
    """
    if obj is None or isinstance(obj, str | bool | int | float):
        return obj
    if isinstance(obj, bytes):
        return {"class_name": "__bytes__", "config": {"value": obj.decode("utf-8")}}
    if isinstance(obj, list):
        return [serialize_keras_object(x) for x in obj]
    if isinstance(obj, tuple):
        return {"class_name": "__tuple__", "config": {"value": [serialize_keras_object(x) for x in obj]}}
    if isinstance(obj, dict):
        return {key: serialize_keras_object(value) for key, value in obj.items()}
    if isinstance(obj, TensorShape):
        return obj.as_list() if obj.rank is not None else None
    if isinstance(obj, DType):
        return obj.name
    if isinstance(obj, Tensor):
        return {"class_name": "__tensor__", "config": {"value": obj._numpy().tolist(), "dtype": obj.dtype.name}}
    if isinstance(obj, np.generic):
        return obj.item()
    if isinstance(obj, np.ndarray):
        return {"class_name": "__numpy__", "config": {"value": obj.tolist(), "dtype": obj.dtype.name}}
    if isinstance(obj, types.FunctionType | types.BuiltinFunctionType):
        return _serialize_function(obj)
    if isinstance(obj, type):
        return {"class_name": "__typespec__", "module": obj.__module__, "spec_name": obj.__name__}
    return _serialize_instance(obj)


def _serialize_function(function: Any) -> Any:
    if function.__name__ == "<lambda>":
        raise ValueError(
            "A lambda cannot be saved: expected a named function, registered with "
            "@keras.saving.register_keras_serializable()."
        )
    return {
        "module": "builtins",
        "class_name": "function",
        "config": function.__name__,
        "registered_name": _registry.registered_name(function) or "function",
    }


def _serialize_instance(obj: Any) -> dict[str, Any]:
    cls = type(obj)
    if not hasattr(obj, "get_config"):
        raise TypeError(f"Cannot serialize {obj!r} of type {cls.__name__}: expected an object with get_config().")
    registered = _registry.registered_name(cls)
    if registered is None and not _registry.is_builtin(cls):
        registered = cls.__name__
    class_name, module = _saved_class(obj)
    config = {
        "module": module,
        "class_name": class_name,
        "config": serialize_plain(obj.get_config()),
        "registered_name": registered,
    }
    if hasattr(obj, "get_build_config") and (build := obj.get_build_config()) is not None:
        config["build_config"] = serialize_plain(build)
    if hasattr(obj, "get_compile_config") and (compiled := obj.get_compile_config()):
        config["compile_config"] = serialize_plain(compiled)
    return config


def serialize_plain(config: dict[str, Any]) -> dict[str, Any]:
    """A config dict with its values serialized; tuples become lists, as real Keras writes shapes."""
    return {key: _plain(value) for key, value in config.items()}


def _plain(value: Any) -> Any:
    if isinstance(value, tuple | list) and all(v is None or isinstance(v, int | float | str | bool) for v in value):
        return list(value)
    if isinstance(value, list):
        return [_plain(v) for v in value]
    if isinstance(value, dict):
        return {k: _plain(v) for k, v in value.items()}
    return serialize_keras_object(value)


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
        ValueError: If the configuration holds Python code and `safe_mode` is set.
    """
    with _registry.safe_mode(safe_mode), _registry.CustomObjectScope(custom_objects):
        return _deserialize(config)


def _deserialize(config: Any) -> Any:
    if isinstance(config, str):
        found = _registry.get_registered_object(config)
        return config if found is None else found
    if config is None or isinstance(config, bool | int | float):
        return config
    if isinstance(config, list | tuple):
        return [_deserialize(x) for x in config]
    if not isinstance(config, dict):
        raise TypeError(f"Could not parse config: {config!r}.")
    if "class_name" not in config or "config" not in config:
        return {key: _deserialize(value) for key, value in config.items()}
    special = _SPECIAL.get(config["class_name"])
    if special is not None:
        return special(config)
    if config["class_name"] == "function":
        return _function(config)
    return _instance(config)


def _lambda(config: dict[str, Any]) -> Any:
    if _registry.in_safe_mode():
        raise ValueError(
            "The configuration holds a Python lambda, which could run any code. If you trust its source, pass "
            "safe_mode=False; else use a registered function instead."
        )
    import marshal  # noqa: PLC0415  (only for code the user says is trusted)

    value = config["config"]
    code = marshal.loads(base64.b64decode(value["code"].encode()))
    defaults = value.get("defaults")
    return types.FunctionType(code, {"np": np}, argdefs=tuple(defaults) if defaults else None)


_SPECIAL: dict[str, Any] = {
    "__tuple__": lambda c: tuple([_deserialize(x) for x in c["config"]["value"]]),
    "__bytes__": lambda c: c["config"]["value"].encode("utf-8"),
    "__tensor__": lambda c: convert_to_tensor(np.asarray(c["config"]["value"], c["config"]["dtype"])),
    "__numpy__": lambda c: np.asarray(c["config"]["value"], c["config"]["dtype"]),
    "__slice__": lambda c: slice(*[_deserialize(c["config"][k]) for k in ("start", "stop", "step")]),
    "__ellipsis__": lambda c: Ellipsis,
    _LAMBDA: _lambda,
}


def _function(config: dict[str, Any]) -> Any:
    name = config["config"] if isinstance(config["config"], str) else config["config"]["name"]
    for key in (config.get("registered_name"), name):
        found = _registry.get_registered_object(key) if key and key != "function" else None
        if found is not None:
            return found
    if str(config.get("module", "")).startswith(("keras", "headwater", "builtins")):
        return name  # a function of Keras itself: every argument that takes one takes its name
    raise TypeError(_unknown("function", name))


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
    if isinstance(inner, dict) and not hasattr(cls, "_reads_own_config"):
        inner = {key: _argument(value) for key, value in inner.items()}
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


def _argument(value: Any) -> Any:
    """A config value: nested objects are made, strings stay names."""
    if isinstance(value, dict) and "class_name" in value and "config" in value:
        return _deserialize(value)
    if isinstance(value, list):
        return [_argument(v) for v in value]
    if isinstance(value, dict):
        return {k: _argument(v) for k, v in value.items()}
    return value

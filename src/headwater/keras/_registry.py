"""Classes and functions by name: what a saved configuration may refer to."""

from __future__ import annotations

import contextlib
import functools
import threading
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

T = TypeVar("T")

# "serialize" makes plain values of a config: set by `_serialization`, which stands above this module.
tools: dict[str, Callable[[Any], Any]] = {}

_by_name: dict[str, Any] = {}
_name_of: dict[Any, str] = {}
_local = threading.local()

# Every class of ours by its name, and the public module real Keras would name it by.
_builtin: dict[str, type] = {}
_builtin_of_module: dict[tuple[str, str], type] = {}
_builtin_module: dict[type, str] = {}


def builtin(module: str, *names: str) -> Callable[[T], T]:
    """Declares a class of Keras itself: ``@builtin("keras.layers")``. `names` are further names it goes by."""

    def decorate(cls: T) -> T:
        for name in (cls.__name__, *names):  # type: ignore[attr-defined]
            _builtin[name] = _builtin_of_module[module, name] = cls  # type: ignore[assignment]
        _builtin_module[cls] = module  # type: ignore[index]
        if hasattr(cls, "get_config") and not hasattr(cls.get_config, "is_plain"):
            cls.get_config = _plain_config(cls.get_config)
        return cls

    return decorate


def _plain_config(get_config: Callable[..., Any]) -> Callable[..., Any]:
    """`get_config` whose values are plain (strings, numbers, lists, dicts), so that it can be written as JSON."""

    @functools.wraps(get_config)
    def plain(self: Any) -> dict[str, Any]:
        return tools["serialize"](get_config(self))

    plain.is_plain = True  # type: ignore[attr-defined]
    return plain


def builtin_class(name: str, module: str = "") -> type | None:
    """The class of Keras itself with that name, in that module if there is one; or None.

    Losses and metrics share names, so a module as saved decides: ``keras.losses`` and ``keras.src.losses.losses`` are
    the same.
    """
    parts = module.replace("keras.src.", "keras.").split(".")
    return _builtin_of_module.get((".".join(parts[:2]), name)) or _builtin.get(name)


def module_of(cls: type) -> str:
    """The module a configuration names for the class."""
    return _builtin_module.get(cls, cls.__module__)


def is_builtin(cls: type) -> bool:
    """Whether the class is one of Keras itself."""
    return cls in _builtin_module


def register_keras_serializable(package: str = "Custom", name: str | None = None) -> Callable[[T], T]:
    """Lets saved models refer to a class or function.

    Args:
        package: The first part of the name it is saved under.
        name: The second part; default: the object's own name.

    Returns:
        A decorator.

    >>> @tf.keras.saving.register_keras_serializable("my_package")
    ... class Doubling(tf.keras.layers.Layer):
    ...     def call(self, x):
    ...         return x + x
    >>> tf.keras.saving.get_registered_name(Doubling)
    'my_package>Doubling'
    """

    def decorate(item: T) -> T:
        full = f"{package}>{name if name is not None else item.__name__}"  # type: ignore[attr-defined]
        if isinstance(item, type) and not hasattr(item, "get_config"):
            raise ValueError(f"Cannot register a class that does not have a get_config() method: {item}.")
        _by_name[full] = item
        _name_of[item] = full
        return item

    return decorate


def get_registered_name(item: Any) -> str:
    """The name the object is registered under, else its own."""
    return _name_of.get(item) or item.__name__


def get_registered_object(name: str, custom_objects: dict[str, Any] | None = None) -> Any:
    """The object of that name: in the scope, in `custom_objects`, or registered; else None."""
    for table in (_scope(), custom_objects or {}, _by_name):
        if name in table:
            return table[name]
    return None


def registered_name(item: Any) -> str | None:
    """The name under which the object is registered, or None."""
    return _name_of.get(item)


def _scope() -> dict[str, Any]:
    if not hasattr(_local, "scope"):
        _local.scope = {}
    return _local.scope


class CustomObjectScope(contextlib.AbstractContextManager[None]):
    """Inside the block, names in `custom_objects` are found when configurations are read.

    Args:
        custom_objects: Classes and functions by name.
    """

    def __init__(self, custom_objects: dict[str, Any] | None) -> None:
        self.custom_objects = custom_objects or {}

    def __enter__(self) -> None:
        self._before = dict(_scope())
        _scope().update(self.custom_objects)

    def __exit__(self, *exception: object) -> None:
        _scope().clear()
        _scope().update(self._before)


custom_object_scope = CustomObjectScope


def get_custom_objects() -> dict[str, Any]:
    """The registered objects by name; may be changed."""
    return _by_name


@contextlib.contextmanager
def safe_mode(enabled: bool) -> Iterator[None]:
    """Whether configurations read in the block may hold Python code (no, unless `enabled` is False)."""
    before = safe_mode_scope()
    _local.safe = enabled
    try:
        yield
    finally:
        _local.safe = before


@contextlib.contextmanager
def recording() -> Iterator[dict[str, Any]]:
    """Collects the classes and functions, by name, that configurations written in the block refer to."""
    before = getattr(_local, "record", None)
    found: dict[str, Any] = {}
    _local.record = found
    try:
        yield found
    finally:
        _local.record = before


def record(item: Any) -> None:
    """Notes that a configuration refers to the class or function, which is not one of Keras itself."""
    if getattr(_local, "record", None) is not None:
        _local.record[get_registered_name(item)] = item


def safe_mode_scope() -> bool | None:
    """What the enclosing `safe_mode` block says, or None outside of any."""
    return getattr(_local, "safe", None)


def in_safe_mode() -> bool:
    """Whether configurations with Python code are refused."""
    return safe_mode_scope() is not False

"""Arguments that name an object: ``"relu"``, a config, a class, an instance or a function."""

from __future__ import annotations

from typing import Any

from headwater.keras import _registry
from headwater.keras._serialization import deserialize_keras_object, objects_in
from headwater.keras._state import snake_case


class Configurable:
    """What is described by a config: `get_config` gives the arguments of `__init__`."""

    def get_config(self) -> dict[str, Any]:
        """The arguments that make an equal object."""
        return {}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Any:
        """An object from what `get_config` gave."""
        return cls(**objects_in(config))


def resolve(identifier: Any, table: dict[str, Any], kind: str) -> Any:
    """What `identifier` names.

    Args:
        identifier: None, a name in `table` (any case), a config, a class, or the thing itself.
        table: Classes and functions by name.
        kind: What is looked for, for the error: ``"initializer"``.

    Returns:
        None, an instance (classes are instantiated), or a function.
    """
    if identifier is None:
        return None
    if isinstance(identifier, dict):
        identifier = _from_config(identifier, table)
    if isinstance(identifier, str):
        found = _registry.get_registered_object(identifier)
        if found is None:
            found = table.get(identifier, table.get(identifier.lower()))
        if found is None:
            raise ValueError(
                f"Could not interpret {kind} identifier: {identifier!r}. Expected one of {sorted(table)}, a registered "
                "name, an instance or a callable."
            )
        identifier = found
    if isinstance(identifier, type):
        return identifier()
    if callable(identifier) or hasattr(identifier, "get_config"):
        return identifier
    raise ValueError(f"Could not interpret {kind} identifier: {identifier!r}. Expected a name, a config or a callable.")


def described(config: Any, table: dict[str, Any], kind: str, custom_objects: dict[str, Any] | None = None) -> Any:
    """What a configuration describes: an instance, or the function or class of that name.

    Args:
        config: A name, or what `serialize` gave.
        table: Classes and functions by name.
        kind: What is looked for, for the error.
        custom_objects: Further classes and functions by name.
    """
    with _registry.CustomObjectScope(custom_objects):
        found = config if isinstance(config, str) else _from_config(config, table)
        if not isinstance(found, str):
            return found
        own = _registry.get_registered_object(found)
        if own is None and found not in table:
            raise ValueError(f"Could not find {kind} {found!r}. Expected one of {sorted(table)}, or a registered name.")
        return table[found] if own is None else own


def _from_config(config: Any, table: dict[str, Any]) -> Any:
    """What the configuration describes; where it names no module, a class of `table`."""
    cls = table.get(str(config.get("class_name"))) if isinstance(config, dict) else None
    if isinstance(cls, type) and not config.get("module"):
        config = {**config, "module": _registry.module_of(cls), "class_name": cls.__name__}
    return deserialize_keras_object(config)


def table_of(*classes: type, **aliases: Any) -> dict[str, Any]:
    """Classes by their name, by its snake case, and by aliases."""
    table: dict[str, Any] = {}
    for cls in classes:
        table[cls.__name__] = table[cls.__name__.lower()] = table[snake_case(cls.__name__)] = cls
    return table | aliases


def plain_name(function: Any) -> Any:
    """A function as it stands in a config: its name where Keras knows it, else itself."""
    return function.__name__ if getattr(function, "_keras_name", False) else function

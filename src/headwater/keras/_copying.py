"""Models, layers, optimizers and metrics under Python's own `pickle` and `copy`: by their config and their weights."""

from __future__ import annotations

import json
import pickle
from collections.abc import Callable
from typing import Any

from headwater.keras import _registry, _serialization

# "write" (model -> bytes) and "read" (bytes, custom objects -> model): set by `saving`, which stands above the layers.
archive: dict[str, Callable[..., Any]] = {}


class _Named(dict[str, Any]):
    """The user's classes that a config names. They are pickled by their place in their module, so they need one."""

    def __deepcopy__(self, memo: dict[int, Any]) -> _Named:
        return self

    def __reduce__(self) -> Any:
        for thing in self.values():
            if "<locals>" in getattr(thing, "__qualname__", ""):
                raise pickle.PicklingError(
                    f"Cannot pickle {thing.__qualname__}, which is defined inside a function: a process that reads it "
                    "could not find it. Expected it at the top of its module."
                )
        return dict, (dict(self),)


def reduce(item: Any) -> tuple[Any, tuple[bytes, dict[str, Any]]]:
    """What `pickle` keeps of a model or layer: a ``.keras`` archive, and the user's classes it names."""
    with _registry.recording() as named:
        data = archive["write"](item)
    return _restore, (data, _Named(named))


def _restore(data: bytes, named: dict[str, Any]) -> Any:
    return archive["read"](data, named)


def reduce_state(item: Any) -> tuple[Any, tuple[str, list[Any], dict[str, Any]]]:
    """What `pickle` keeps of a metric: its config and the values of its variables."""
    with _registry.recording() as named:
        config = json.dumps(_serialization.serialize_keras_object(item))
    return _restore_state, (config, [v.numpy() for v in item.variables], _Named(named))


def _restore_state(config: str, values: list[Any], named: dict[str, Any]) -> Any:
    item = _serialization.deserialize_keras_object(json.loads(config), named, safe_mode=False)
    for variable, value in zip(item.variables, values, strict=False):  # some make theirs at their first update
        variable.assign(value)
    return item

"""What layers find in their attributes: weights, layers and metrics, also within lists, tuples, sets and dicts."""

from __future__ import annotations

from typing import Any

from headwater.core.variable import Variable


class Held:
    """Holds a value in an attribute that is not searched for weights and layers."""

    __slots__ = ("value",)

    def __init__(self, value: Any) -> None:
        self.value = value


def unique(items: list[Any]) -> list[Any]:
    return list({id(x): x for x in items}.values())


def declare(variable: Variable, layer_trainable: bool) -> None:
    """Makes a variable trainable if it was made so and its layer is."""
    if not hasattr(variable, "_made_trainable"):
        variable._made_trainable = variable._trainable  # type: ignore[attr-defined]
    variable._trainable = variable._made_trainable and layer_trainable  # type: ignore[attr-defined]


def is_trainable(variable: Variable) -> bool:
    return getattr(variable, "_made_trainable", variable._trainable)

"""What objects hold: weights, layers and metrics are found among the attributes of their owners."""

from __future__ import annotations

from typing import Any


def attributes_of(owner: Any, kind: type) -> list[Any]:
    """Attributes of `owner` of a kind, also within lists, tuples, sets and dicts, in order of assignment."""
    found: dict[int, Any] = {}
    entered: set[int] = set()  # containers may contain themselves
    stack = list(vars(owner).values())[::-1]
    while stack:
        value = stack.pop()
        if isinstance(value, kind):
            found[id(value)] = value
        elif isinstance(value, list | tuple | set | dict) and id(value) not in entered:
            entered.add(id(value))
            stack += list(value.values() if isinstance(value, dict) else value)[::-1]
    return list(found.values())

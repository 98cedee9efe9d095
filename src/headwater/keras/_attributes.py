"""What objects hold: weights, layers and metrics are found among the attributes of their owners."""

from __future__ import annotations

from typing import Any


def attributes_of(owner: Any, kind: type) -> list[Any]:
    """Attributes of `owner` of a kind, also within lists, tuples, sets and dicts, in the order in which they came."""
    found = _within(list(vars(owner).values()), kind)
    order = vars(owner).get(_ORDER)
    return found if order is None else sorted(found, key=lambda item: order.place(item))


def holds(value: Any, kind: Any) -> bool:
    """Whether a value is of a kind, or holds what is."""
    return bool(_within([value], kind))


def remember(owner: Any, value: Any, kind: Any) -> None:
    """Notes that what is of a kind in `value` came to `owner` now, unless it was there before."""
    if found := _within([value], kind):
        order = vars(owner).setdefault(_ORDER, _Order())
        for item in found:
            order.add(item)


def forget(owner: Any, item: Any) -> None:
    """Notes that an attribute is no longer there."""
    if (order := vars(owner).get(_ORDER)) is not None:
        order.items.pop(id(item), None)


_ORDER = "_order_of_arrival"


class _Order:
    """What came to an owner, in order: a list may get its parts long after it was assigned."""

    def __init__(self) -> None:
        self.items: dict[int, tuple[int, Any]] = {}
        self._count = 0

    def add(self, item: Any) -> None:
        self._count += 1
        self.items.setdefault(id(item), (self._count, item))

    def place(self, item: Any) -> int:
        """The number of an item; those that came unnoticed are last."""
        return self.items[id(item)][0] if id(item) in self.items else self._count + 1


def _within(values: list[Any], kind: Any) -> list[Any]:
    found: dict[int, Any] = {}
    entered: set[int] = set()  # containers may contain themselves
    stack = values[::-1]
    while stack:
        value = stack.pop()
        if isinstance(value, kind):
            found[id(value)] = value
        elif isinstance(value, list | tuple | set | dict) and id(value) not in entered:
            entered.add(id(value))
            stack += list(value.values() if isinstance(value, dict) else value)[::-1]
    return list(found.values())

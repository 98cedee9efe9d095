"""Lists, dicts and sets in attributes of layers: what is put into them later counts, or is refused."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, SupportsIndex

Check = Callable[[Any], None]


def _anything(value: Any) -> None:
    """What no layer owns takes anything."""


def tracked(value: Any, check: Check) -> Any:
    """Plain lists, dicts and sets as ones that show `check` what is put into them, also within tuples.

    Args:
        value: An attribute's value.
        check: Raises for values that may not be added any more.

    Returns:
        A copy that is tracked; other values are given back.
    """
    kind = _KINDS.get(type(value))
    if kind is not None:
        return kind(value, check)
    return tuple([tracked(v, check) for v in value]) if type(value) is tuple else value


class TrackedList(list[Any]):
    """A list in an attribute of a layer."""

    def __init__(self, values: Iterable[Any] = (), check: Check = _anything) -> None:
        self._check = check
        super().__init__([tracked(v, check) for v in values])

    def _admit(self, value: Any) -> Any:
        self._check(value)
        return tracked(value, self._check)

    def append(self, value: Any) -> None:
        super().append(self._admit(value))

    def insert(self, index: SupportsIndex, value: Any) -> None:
        super().insert(index, self._admit(value))

    def extend(self, values: Iterable[Any]) -> None:
        super().extend([self._admit(v) for v in values])

    def __iadd__(self, values: Iterable[Any]) -> TrackedList:  # type: ignore[misc]
        self.extend(values)
        return self

    def __setitem__(self, index: Any, value: Any) -> None:
        super().__setitem__(index, [self._admit(v) for v in value] if isinstance(index, slice) else self._admit(value))

    def __reduce__(self) -> Any:
        return list, (list(self),)


class TrackedDict(dict[Any, Any]):
    """A dict in an attribute of a layer."""

    def __init__(self, values: Any = (), check: Check = _anything) -> None:
        self._check = check
        super().__init__({k: tracked(v, check) for k, v in dict(values).items()})

    def __setitem__(self, key: Any, value: Any) -> None:
        self._check(value)
        super().__setitem__(key, tracked(value, self._check))

    def setdefault(self, key: Any, default: Any = None) -> Any:
        if key not in self:
            self[key] = default
        return self[key]

    def update(self, *values: Any, **named: Any) -> None:
        for key, value in dict(*values, **named).items():
            self[key] = value

    def __ior__(self, values: Any) -> TrackedDict:  # type: ignore[misc]
        self.update(values)
        return self

    def __reduce__(self) -> Any:
        return dict, (dict(self),)


class TrackedSet(set[Any]):
    """A set in an attribute of a layer."""

    def __init__(self, values: Iterable[Any] = (), check: Check = _anything) -> None:
        self._check = check
        super().__init__(values)

    def add(self, value: Any) -> None:
        self._check(value)
        super().add(value)

    def update(self, *others: Iterable[Any]) -> None:
        for other in others:
            for value in other:
                self.add(value)

    def __ior__(self, values: Any) -> TrackedSet:  # type: ignore[misc]
        self.update(values)
        return self

    def __reduce__(self) -> Any:
        return set, (list(self),)


_KINDS: dict[type, Any] = {list: TrackedList, dict: TrackedDict, set: TrackedSet}

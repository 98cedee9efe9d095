"""What arguments must be, declared beside the constructor that takes them; one checker, and bad values for tests.

@arguments(units=Integer(1), rate=Number(0, 1))
def __init__(self, units, rate=0.5): ...
"""

from __future__ import annotations

import functools
import inspect
import math
from collections.abc import Callable
from typing import Any, TypeVar

import numpy as np

from headwater.core.tensor import Tensor
from headwater.core.variable import Variable

F = TypeVar("F", bound=Callable[..., Any])


class Check:
    """What one argument must be.

    Args:
        wrong_type: The error for values of another type; values out of range are ValueErrors.
        optional: Whether None will do.
    """

    expected = "another value"

    def __init__(self, wrong_type: type[Exception] = ValueError, optional: bool = False) -> None:
        self.wrong_type = wrong_type
        self.optional = optional

    def convert(self, value: Any) -> Any:
        """The value as the constructor takes it. Raises TypeError for another type, ValueError if out of range."""
        raise TypeError

    def bad_values(self) -> list[Any]:
        """Values that are refused, for tests."""
        return [object()] if self.optional else [None, object()]

    def __call__(self, name: str, value: Any, owner: str) -> Any:
        if value is None and self.optional:
            return None
        try:
            return self.convert(value)
        except (TypeError, ValueError) as error:
            kind = self.wrong_type if isinstance(error, TypeError) else ValueError
            raise kind(
                f"{owner}: expected `{name}` to be {self.expected}{' or None' if self.optional else ''}. Received: "
                f"{name}={value!r} (of type {type(value).__name__})."
            ) from None


def _as_int(value: Any, booleans: bool = False) -> int:
    """An integer, NumPy's included."""
    if isinstance(value, bool | np.bool_) and not booleans:
        raise TypeError
    if not isinstance(value, int | np.integer) and not (isinstance(value, np.ndarray) and value.ndim == 0):
        raise TypeError
    return int(value.__index__())


class Integer(Check):
    """An integer of at least `least`."""

    def __init__(self, least: int | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.least = least
        self.expected = {None: "an integer", 0: "a non-negative integer"}.get(least, "a positive integer")

    def convert(self, value: Any) -> int:
        number = _as_int(value)
        if self.least is not None and number < self.least:
            raise ValueError
        return number

    def bad_values(self) -> list[Any]:
        return [*super().bad_values(), "3", 2.5, *([] if self.least is None else [self.least - 1])]


class Number(Check):
    """A number from `least` to `most`; not NaN."""

    def __init__(self, least: float | None = None, most: float | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.least, self.most = least, most
        least_only = "a number" if least is None else "a non-negative number" if least == 0 else f"at least {least}"
        self.expected = least_only if most is None else f"a float value between {least} and {most}"

    def convert(self, value: Any) -> Any:
        if isinstance(value, np.generic | np.ndarray):
            value = value.item() if value.size == 1 else None
        if not isinstance(value, int | float):
            raise TypeError
        if math.isnan(value) or (self.least is not None and value < self.least):
            raise ValueError
        if self.most is not None and value > self.most:
            raise ValueError
        return value

    def bad_values(self) -> list[Any]:
        limits = [] if self.least is None else [self.least - 0.5]
        return [*super().bad_values(), "a", math.nan, *limits, *([] if self.most is None else [self.most + 0.5])]


class Value(Number):
    """A number as `Number` has it, or a tensor or variable, whose value is not looked at."""

    def convert(self, value: Any) -> Any:
        return value if isinstance(value, Tensor | Variable) else super().convert(value)


class Positive(Value):
    """A number above 0, a tensor or a variable."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.expected = "a positive number"

    def convert(self, value: Any) -> Any:
        value = super().convert(value)
        if not isinstance(value, Tensor | Variable) and value <= 0:
            raise ValueError
        return value

    def bad_values(self) -> list[Any]:
        return [*super().bad_values(), 0, -1.5]


class Function(Check):
    """Something that can be called."""

    expected = "a function"

    def convert(self, value: Any) -> Any:
        if not callable(value):
            raise TypeError
        return value

    def bad_values(self) -> list[Any]:
        return [*super().bad_values(), 3, "a"]


class Rate(Value):
    """A learning rate: a number, a tensor, or a schedule."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.expected = "a number, a LearningRateSchedule or a function"

    def convert(self, value: Any) -> Any:
        return value if callable(value) else super().convert(value)


class Boolean(Check):
    """True or False."""

    expected = "a boolean"

    def convert(self, value: Any) -> bool:
        if not isinstance(value, bool | np.bool_):
            raise TypeError
        return bool(value)

    def bad_values(self) -> list[Any]:
        return [*super().bad_values(), "no", 1]


class Flag(Boolean):
    """True or False, or 1 or 0."""

    def convert(self, value: Any) -> bool:
        return super().convert(bool(value) if isinstance(value, int | np.integer) and value in (0, 1) else value)

    def bad_values(self) -> list[Any]:
        return ["no", 2, *Check.bad_values(self)]


class OneOf(Check):
    """One of some names, in any case."""

    def __init__(self, *names: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.names = names
        self.expected = f"one of {names}"

    def convert(self, value: Any) -> str:
        if not isinstance(value, str):
            raise TypeError
        if value.lower() not in self.names:
            raise ValueError
        return value.lower()

    def bad_values(self) -> list[Any]:
        return [*super().bad_values(), "x", 3]


class Axes(Check):
    """An integer, or several; `count` of them if that is given."""

    def __init__(self, count: int | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.count = count
        self.expected = "an integer or a list of " + ("integers" if count is None else f"{count} integers")

    def convert(self, value: Any) -> Any:
        if not isinstance(value, list | tuple) and not (isinstance(value, np.ndarray) and value.ndim == 1):
            return _as_int(value)
        try:
            found = [_as_int(v) for v in value]
        except TypeError:
            raise ValueError from None  # a list, but of other things
        if self.count is not None and len(found) != self.count:
            raise ValueError
        return tuple(found) if isinstance(value, tuple) else found

    def bad_values(self) -> list[Any]:
        return [*super().bad_values(), "a", {"a": 1}, 1.5, (1, "a"), *([] if self.count is None else [(1,)])]


class Sizes(Check):
    """A list of sizes, each at least `least`.

    Args:
        least: The smallest size.
        unknown: A further size, of which there may be `most_unknown`.
        **kwargs: See `Check`.
    """

    def __init__(self, least: int = 1, unknown: Any = None, most_unknown: int | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.least, self.unknown, self.most_unknown = least, unknown, most_unknown
        known = f"a list of integers of at least {least}"
        several = {None: f", or {unknown} where any size will do", 0: "", 1: f", of which one may be {unknown}"}
        self.expected = known + several.get(most_unknown, f", of which {most_unknown} may be {unknown}")

    def convert(self, value: Any) -> Any:
        if hasattr(value, "as_list"):
            value = value.as_list()
        if not isinstance(value, list | tuple | np.ndarray):
            raise TypeError
        found = tuple([n if n is None or n == self.unknown else _as_int(n) for n in value])
        unknown = [n for n in found if n is None or n == self.unknown]
        if any(n < self.least for n in found if n is not None and n != self.unknown):
            raise ValueError
        if self.most_unknown is not None and len(unknown) > self.most_unknown:
            raise ValueError
        return found

    def bad_values(self) -> list[Any]:
        few = [] if self.most_unknown is None else [(self.unknown,) * (self.most_unknown + 1)]
        return [*super().bad_values(), "a", 3, (2, 1.5), (2, self.least - 2), *few]


def arguments(**checks: Check) -> Callable[[F], F]:
    """Declares what arguments of a constructor must be. Integers of NumPy become Python's.

    Args:
        **checks: A `Check` by argument.

    Returns:
        A decorator.
    """

    def decorate(function: F) -> F:
        parameters = list(inspect.signature(function).parameters)
        places = {parameters.index(name): name for name in checks if name in parameters}

        @functools.wraps(function)
        def checked(*args: Any, **kwargs: Any) -> Any:
            owner = type(args[0]).__name__
            given = list(args)
            for place, name in places.items():
                if place < len(given):
                    given[place] = checks[name](name, given[place], owner)
            for name in checks.keys() & kwargs.keys():
                kwargs[name] = checks[name](name, kwargs[name], owner)
            return function(*given, **kwargs)

        checked.argument_checks = checks  # type: ignore[attr-defined]
        return checked  # type: ignore[return-value]

    return decorate

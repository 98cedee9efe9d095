"""`Module`: an object that finds the variables among its attributes; and `name_scope`."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeVar

from headwater.core.context import context
from headwater.core.variable import Variable

_F = TypeVar("_F", bound=Callable[..., Any])


class name_scope:
    """A context that prefixes the names of variables and ops made in it.

    Args:
        name: The prefix, within the current one; ending in ``/``: the whole prefix; None or empty: no prefix.

    >>> with tf.name_scope("encoder") as scope:
    ...     tf.Variable(1, name="w").name
    'encoder/w:0'
    >>> scope
    'encoder/'
    """

    def __init__(self, name: str | None) -> None:
        if name is not None and not isinstance(name, str):
            raise ValueError(f"name for name_scope must be a string, received {name!r}.")
        self._name = name or ""
        self._before: list[Any] = []

    @property
    def name(self) -> str:
        """The prefix as given."""
        return self._name

    def __enter__(self) -> str:
        if self._name.endswith("/") or not self._name:
            scope = self._name.rstrip("/")
        else:
            scope = f"{context.scope}/{self._name}" if context.scope else self._name
        self._before.append(context.enter(scope=scope))
        return scope + "/" if scope else ""

    def __exit__(self, *error: Any) -> None:
        context.restore(self._before.pop())


class Module:
    """Base of objects that hold variables and other modules in their attributes, lists and dictionaries.

    Args:
        name: A Python identifier; the class's name in snake case by default.

    Raises:
        ValueError: If the name is not an identifier.

    >>> class Dense(tf.Module):
    ...     def __init__(self):
    ...         super().__init__()
    ...         self.w = tf.Variable([1.0], name="w")
    >>> Dense().trainable_variables
    (<tf.Variable 'w:0' shape=(1,) dtype=float32, numpy=array([1.], dtype=float32)>,)
    """

    # Attributes that are not looked into.
    _TF_MODULE_IGNORED_PROPERTIES: frozenset[str] = frozenset()

    def __init__(self, name: str | None = None) -> None:
        if name is None:
            name = _snake_case(type(self).__name__)
        elif not name.isidentifier():
            raise ValueError(
                f"{name!r} is not a valid module name. Module names must be valid Python identifiers (e.g. a valid "
                "class name)."
            )
        self._name = name
        with name_scope(name) as scope:
            self._name_scope = name_scope(scope)

    @property
    def name(self) -> str:
        """The module's name."""
        return self._name

    @property
    def name_scope(self) -> name_scope:
        """The scope of the module's variables."""
        return self._name_scope

    @property
    def variables(self) -> tuple[Variable, ...]:
        """All variables of the module and its submodules: by attribute name, submodules last."""
        return tuple(self._flatten(predicate=_is_variable))

    @property
    def trainable_variables(self) -> tuple[Variable, ...]:
        """Those that are trainable."""
        return tuple(self._flatten(predicate=lambda value: _is_variable(value) and value.trainable))

    @property
    def non_trainable_variables(self) -> tuple[Variable, ...]:
        """Those that are not."""
        return tuple(self._flatten(predicate=lambda value: _is_variable(value) and not value.trainable))

    @property
    def submodules(self) -> tuple[Module, ...]:
        """All modules in attributes of this one, and in theirs."""
        return tuple(self._flatten(predicate=lambda value: isinstance(value, Module)))

    def _flatten(self, recursive: bool = True, predicate: Callable[[Any], bool] | None = None) -> Iterator[Any]:
        """The leaves of all attributes that satisfy `predicate`, each once."""
        return _find(self, recursive, predicate or (lambda value: True), {id(self)})

    @classmethod
    def with_name_scope(cls, method: _F) -> _F:
        """Decorates a method so that it runs in the module's name scope.

        >>> class Model(tf.Module):
        ...     @tf.Module.with_name_scope
        ...     def build(self):
        ...         return tf.Variable(1, name="w").name
        >>> Model().build()
        'model/w:0'
        """

        @functools.wraps(method)
        def scoped(self: Module, *args: Any, **kwargs: Any) -> Any:
            with self.name_scope:
                return method(self, *args, **kwargs)

        return scoped  # type: ignore[return-value]


def _is_variable(value: Any) -> bool:
    return isinstance(value, Variable)


def _find(module: Module, recursive: bool, predicate: Callable[[Any], bool], seen: set[int]) -> Iterator[Any]:
    inner: list[Module] = []
    attributes = vars(module)
    for key in sorted(attributes):
        if key in module._TF_MODULE_IGNORED_PROPERTIES:
            continue
        for leaf in _leaves(attributes[key]):
            if id(leaf) in seen:
                continue
            seen.add(id(leaf))
            if predicate(leaf):
                yield leaf
            if recursive and isinstance(leaf, Module):
                inner.append(leaf)
    for submodule in inner:
        yield from _find(submodule, recursive, predicate, seen)


def _leaves(value: Any) -> Iterator[Any]:
    """The values in nested lists, tuples and mappings."""
    if isinstance(value, Mapping):
        try:
            keys = sorted(value)
        except TypeError:  # keys of several types have no order but their own
            keys = list(value)
        for key in keys:
            yield from _leaves(value[key])
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _leaves(item)
    else:
        yield value


def _snake_case(name: str) -> str:
    name = re.sub(r"((?<=[a-z0-9])[A-Z]|(?!^)(?<!_)[A-Z](?=[a-z]))", r"_\1", name)
    return name.lower()

"""Nested structures, by TensorFlow's rules: lists, tuples, named tuples, mappings (by sorted key).

Composite tensors (`CompositeTensor`) count as leaves unless `expand_composites` is set.
"""

from __future__ import annotations

import collections.abc
from collections.abc import Callable, Iterator
from typing import Any


class CompositeTensor:
    """A value made of several tensors (sparse, ragged, indexed slices, tensor arrays)."""

    def _components(self) -> tuple[Any, ...]:
        """The parts, tensors or nested structures of them."""
        raise TypeError(f"{type(self).__name__} must define _components")

    def _with_components(self, components: tuple[Any, ...]) -> Any:
        """The same kind of value with other parts."""
        raise TypeError(f"{type(self).__name__} must define _with_components")


def is_nested(structure: Any) -> bool:
    """Whether the value is a list, tuple, mapping or named tuple (strings are not).

    >>> tf.nest.is_nested([1]), tf.nest.is_nested("ab")
    (True, False)
    """
    return isinstance(structure, list | tuple | collections.abc.Mapping)


def _is_namedtuple(value: Any) -> bool:
    return isinstance(value, tuple) and hasattr(value, "_fields")


def _sorted_keys(mapping: Any) -> list[Any]:
    if isinstance(mapping, collections.OrderedDict):
        keys = list(mapping)
    else:
        keys = list(mapping.keys())
    try:
        return sorted(keys)
    except TypeError:
        raise TypeError(f"nest only supports dicts with sortable keys, received keys {keys}.") from None


def _children(structure: Any, expand: bool) -> list[Any] | None:
    """The parts of a structure in order, or None for a leaf."""
    if isinstance(structure, list | tuple):
        return list(structure)
    if isinstance(structure, collections.abc.Mapping):
        return [structure[key] for key in _sorted_keys(structure)]
    if expand and isinstance(structure, CompositeTensor):
        return list(structure._components())
    return None


def _rebuild(structure: Any, children: list[Any]) -> Any:
    if _is_namedtuple(structure):
        return type(structure)(*children)
    if isinstance(structure, list | tuple):
        return type(structure)(children) if type(structure) in (list, tuple) else _rebuild_sequence(structure, children)
    if isinstance(structure, CompositeTensor):
        return structure._with_components(tuple(children))
    by_key = dict(zip(_sorted_keys(structure), children, strict=True))
    items = [(key, by_key[key]) for key in structure]
    if isinstance(structure, collections.defaultdict):
        return type(structure)(structure.default_factory, items)
    return type(structure)(items)


def _rebuild_sequence(structure: Any, children: list[Any]) -> Any:
    try:
        return type(structure)(children)
    except TypeError:
        return list(children) if isinstance(structure, list) else tuple(children)


def _leaves(structure: Any, expand: bool) -> Iterator[Any]:
    children = _children(structure, expand)
    if children is None:
        yield structure
    else:
        for child in children:
            yield from _leaves(child, expand)


def flatten(structure: Any, expand_composites: bool = False) -> list[Any]:
    """The leaves of a structure in order (mappings by sorted key).

    Args:
        structure: A nested structure, or a single leaf.
        expand_composites: Whether composite tensors are taken apart too.

    Returns:
        A list of leaves.

    >>> tf.nest.flatten({"b": [2, 3], "a": 1})
    [1, 2, 3]
    """
    return list(_leaves(structure, expand_composites))


def pack_sequence_as(structure: Any, flat_sequence: Any, expand_composites: bool = False) -> Any:
    """A structure like `structure` with the given leaves.

    Args:
        structure: The structure to imitate.
        flat_sequence: The leaves, in the order of `flatten`.
        expand_composites: Whether composite tensors were taken apart.

    Returns:
        The new structure.

    Raises:
        ValueError: If the number of leaves differs.

    >>> tf.nest.pack_sequence_as({"a": 0, "b": [0, 0]}, [1, 2, 3])
    {'a': 1, 'b': [2, 3]}
    """
    if not is_nested(flat_sequence):
        raise TypeError(f"flat_sequence must be a list or tuple, received {type(flat_sequence).__name__}.")
    leaves = list(flat_sequence)
    expected = len(flatten(structure, expand_composites))
    if len(leaves) != expected:
        raise ValueError(
            f"Could not pack the sequence: the structure has {expected} leaves, but flat_sequence has {len(leaves)}. "
            f"Structure: {structure!r}."
        )
    rest = iter(leaves)
    return _pack(structure, rest, expand_composites)


def _pack(structure: Any, rest: Iterator[Any], expand: bool) -> Any:
    children = _children(structure, expand)
    if children is None:
        return next(rest)
    return _rebuild(structure, [_pack(child, rest, expand) for child in children])


def map_structure(func: Callable[..., Any], *structure: Any, **kwargs: Any) -> Any:
    """Applies `func` to corresponding leaves of structures of one form.

    Args:
        func: Takes as many arguments as there are structures.
        *structure: Nested structures of the same form.
        **kwargs: ``check_types`` (default True) and ``expand_composites`` (default False).

    Returns:
        A structure of the results, in the form of the first.

    Raises:
        ValueError, TypeError: If the structures differ.

    >>> tf.nest.map_structure(lambda x, y: x + y, {"a": 1, "b": (2,)}, {"a": 10, "b": (20,)})
    {'a': 11, 'b': (22,)}
    """
    expand = kwargs.get("expand_composites", False)
    if not callable(func):
        raise TypeError(f"func must be callable, received {func!r}.")
    if not structure:
        raise ValueError("Must provide at least one structure.")
    for other in structure[1:]:
        assert_same_structure(structure[0], other, kwargs.get("check_types", True), expand)
    results = [func(*leaves) for leaves in zip(*[flatten(s, expand) for s in structure], strict=True)]
    return pack_sequence_as(structure[0], results, expand)


def assert_same_structure(nest1: Any, nest2: Any, check_types: bool = True, expand_composites: bool = False) -> None:
    """Raises unless both structures have the same form.

    Args:
        nest1: A structure.
        nest2: Another.
        check_types: Whether lists, tuples and mappings must agree in type.
        expand_composites: Whether composite tensors are taken apart.

    Raises:
        ValueError: If the numbers of parts or the keys differ.
        TypeError: If types differ and `check_types` is set.
    """
    first, second = _children(nest1, expand_composites), _children(nest2, expand_composites)
    if first is None and second is None:
        return
    if first is None or second is None:
        whole, leaf = (nest2, nest1) if first is None else (nest1, nest2)
        raise ValueError(
            "The two structures don't have the same nested structure: one has the nested part "
            f"{whole!r} where the other has the leaf {leaf!r}."
        )
    if check_types and not _same_type(nest1, nest2):
        raise TypeError(
            f"The two structures don't have the same sequence type: {type(nest1).__name__} and {type(nest2).__name__}."
        )
    if isinstance(nest1, collections.abc.Mapping) and set(nest1) != set(nest2):
        raise ValueError(f"The two dictionaries don't have the same keys: {list(nest1)} and {list(nest2)}.")
    if len(first) != len(second):
        raise ValueError(
            f"The two structures don't have the same number of elements: {len(first)} ({nest1!r}) and "
            f"{len(second)} ({nest2!r})."
        )
    for a, b in zip(first, second, strict=True):
        assert_same_structure(a, b, check_types, expand_composites)


def _same_type(a: Any, b: Any) -> bool:
    if isinstance(a, collections.abc.Mapping) and isinstance(b, collections.abc.Mapping):
        return True
    if _is_namedtuple(a) and _is_namedtuple(b):
        return type(a).__name__ == type(b).__name__ and a._fields == b._fields
    return type(a) is type(b) or isinstance(a, type(b)) or isinstance(b, type(a))


def pack_sequence_as_shallow(structure: Any, children: list[Any]) -> Any:
    """The same container with other direct children (mappings: in the order of sorted keys)."""
    return _rebuild(structure, children)

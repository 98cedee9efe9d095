"""The outputs of a model, flat and by name: what `compile` and `fit` are given is laid out along them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from headwater.core import nest


class Outputs:
    """The outputs of a model.

    Args:
        structure: What the model gives: a tensor, or lists, tuples and dicts of them.
        names: The names of the layers that give them, or None where the model does not know.

    Attributes:
        names: A name for each output, as targets and metrics may refer to it: its key in a dict, else that of its
            layer; ``output_0`` and so on where there is neither.
        known: Whether the names are the model's own.
    """

    def __init__(self, structure: Any, names: list[str] | None) -> None:
        self.structure = nest.map_structure(lambda x: None, structure)
        self.count = len(nest.flatten(structure))
        layers = names if names and len(names) == self.count else None
        self.known = layers is not None or isinstance(structure, dict)
        given = iter(layers or [f"output_{i}" for i in range(self.count)])
        self.names: list[str] = list(_names(self.structure, given, ()))

    def flat(self, values: Any, what: str) -> list[Any]:
        """One value per output, from a structure like the outputs' or a dict by name; None where there is none."""
        if values is None:
            return [None] * self.count
        if isinstance(values, dict) and not isinstance(self.structure, dict):
            return [values.get(name) for name in self.names]
        if isinstance(values, dict) and all(v is None for v in self.structure.values()):
            return [values.get(key) for key in sorted(self.structure)]
        found = nest.flatten(values)
        if len(found) != self.count:
            raise ValueError(
                f"Expected `{what}` for {self.count} outputs ({self.names}), received {len(found)} values."
            )
        return found

    def targets(self, values: Any, with_loss: list[int]) -> list[Any]:
        """One target per output; a list may leave out those of outputs without a loss."""
        if isinstance(values, list | tuple) and len(values) == len(with_loss) != self.count:
            given = dict(zip(with_loss, values, strict=True))
            return [given.get(i) for i in range(self.count)]
        return self.flat(values, "y")

    def spread(self, given: Any, what: str) -> list[Any]:
        """What is given for each output; a single value is for all, a list may hold several for one."""
        if self.count == 1 and not isinstance(given, dict):
            return [given]
        return list(self._spread(given, self.structure, iter(self.names), what))

    def _spread(self, given: Any, structure: Any, names: Iterator[str], what: str) -> Iterator[Any]:
        if structure is None:
            name = next(names)
            yield self._for_one(given, name, what) if isinstance(given, dict) else given
            return
        keys = sorted(structure) if isinstance(structure, dict) else range(len(structure))
        if isinstance(given, dict) and isinstance(structure, dict):
            _no_others(given, [str(key) for key in keys], what)
            parts = [given.get(key) for key in keys]
        elif isinstance(given, dict):
            _no_others(given, self.names, what)
            yield from [given.get(name) for name in names]
            return
        elif isinstance(given, list | tuple) and len(given) != len(keys):
            _same_length(given, self.names, what)
            yield from given
            return
        else:
            parts = list(given) if isinstance(given, list | tuple) else [given] * len(keys)
        for key, part in zip(keys, parts, strict=True):
            yield from self._spread(part, structure[key], names, what)

    def _for_one(self, given: dict[str, Any], name: str, what: str) -> Any:
        """What a dict holds for an output; of a model with one output whose name is not known, its only value."""
        if self.count == 1 and not self.known and len(given) == 1:
            return next(iter(given.values()))
        _no_others(given, [name], what)
        return given.get(name)


def _names(structure: Any, layers: Iterator[str], path: tuple[str, ...]) -> Iterator[str]:
    """The name of each output."""
    if isinstance(structure, dict):
        for key in sorted(structure):
            yield from _names(structure[key], layers, (*path, str(key)))
    elif isinstance(structure, list | tuple):
        for part in structure:
            inner = list(_names(part, layers, ()))
            yield from ["/".join([*path, name]) for name in inner]
    else:
        layer = next(layers)
        yield "/".join(path) or layer


def _no_others(given: dict[str, Any], names: list[str], what: str) -> None:
    unknown = sorted(str(key) for key in set(given) - set(names))
    if unknown:
        raise ValueError(f"In the dict argument `{what}`, keys {unknown} do not match any output. Expected: {names}.")


def _same_length(given: Any, names: list[str], what: str) -> None:
    if len(given) != len(names):
        raise ValueError(
            f"Expected one entry of `{what}` per output ({len(names)}: {names}), received {len(given)}: {given}."
        )

"""`FunctionType`: what the arguments of one trace were, in words, and whether others fit."""

from __future__ import annotations

import inspect
import weakref
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from headwater.core import nest
from headwater.core.spec import TensorSpec, TypeSpec


class FunctionType:
    """The parameters of a trace, each with the structure of specs and literals it was traced for.

    Args:
        arguments: Structures of the positional arguments.
        keywords: Structures of the keyword arguments.
        names: The names of the positional arguments.
        output: The structure of the results' specs.
    """

    def __init__(
        self, arguments: Sequence[Any], keywords: Mapping[str, Any], names: Sequence[str], output: Any
    ) -> None:
        self._traced = dict(zip(names, arguments, strict=True)) | dict(keywords)
        self.output = output
        positional, named = inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY
        self.parameters = {
            name: inspect.Parameter(name, named if name in keywords else positional) for name in self._traced
        }

    def bind(self, args: Sequence[Any], kwargs: Mapping[str, Any]) -> list[Any]:
        """The tensor-like values of a call, in order. Literals may be left out.

        Raises:
            TypeError: If an argument is missing, superfluous, or not what was traced.
        """
        try:
            given = inspect.Signature(list(self.parameters.values())).bind_partial(*args, **kwargs).arguments
            leaves: list[Any] = []
            for name, traced in self._traced.items():
                if name in given:
                    _match(traced, given[name], leaves)
                elif any(isinstance(x, TypeSpec) for x in nest.flatten(traced)):
                    raise TypeError(f"missing a required argument: {name!r}")
        except TypeError as error:
            raise TypeError(
                f"Binding inputs to tf.function failed due to `{error}`. Received args: {tuple(args)} and kwargs: "
                f"{dict(kwargs)} for signature: {self}."
            ) from None
        return leaves

    def lines(self) -> list[str]:
        """A line for each parameter."""
        return [f"{name} ({p.kind.name}): {type_text(self._traced[name])}" for name, p in self.parameters.items()]

    def __str__(self) -> str:
        texts = [f"{name}: {type_text(traced)}" for name, traced in self._traced.items()]
        return f"({', '.join(texts)}) -> {type_text(self.output)}"

    __repr__ = __str__


def type_text(structure: Any) -> str:
    """A structure of specs and literals in TensorFlow's words."""
    if isinstance(structure, TensorSpec):
        return repr(TensorSpec(structure.shape, structure.dtype))
    if isinstance(structure, Mapping):
        return f"Dict[{', '.join(f'[{k!r}, {type_text(v)}]' for k, v in sorted(structure.items()))}]"
    if isinstance(structure, list | tuple):
        return f"{'List' if isinstance(structure, list) else 'Tuple'}[{', '.join(map(type_text, structure))}]"
    return repr(structure) if isinstance(structure, TypeSpec | weakref.ref) else f"Literal[{structure!r}]"


def _match(traced: Any, value: Any, leaves: list[Any]) -> None:
    """Adds the tensors of `value` to `leaves`; TypeError if what is around them is not what was traced."""
    if isinstance(traced, TensorSpec):
        leaves.append(value)
    elif isinstance(traced, nest.CompositeTensor):
        leaves += nest.flatten(value, expand_composites=True)
    elif nest.is_nested(traced):
        mapping = isinstance(traced, Mapping)
        if mapping != isinstance(value, Mapping) or not nest.is_nested(value) or len(value) != len(traced):
            raise TypeError(f"Can not cast {value!r} to {type_text(traced)}")
        keys = sorted(traced) if mapping else range(len(traced))
        if mapping and set(value) != set(traced):
            raise TypeError(f"Can not cast {value!r} to {type_text(traced)}")
        for key in keys:
            _match(traced[key], value[key], leaves)
    elif not _is_literal(traced, value):
        raise TypeError(f"Can not cast {value!r} to {type_text(traced)}")


def _is_literal(traced: Any, value: Any) -> bool:
    if isinstance(traced, weakref.ref):
        return traced() is value
    if traced is value:
        return True
    plain = isinstance(value, bool | int | float | complex | str | bytes | np.generic)
    return plain and isinstance(traced, bool) == isinstance(value, bool) and bool(traced == value)

"""What distinguishes one trace of a function from another: the encoding of its arguments as a cache key.

Tensors and NumPy arrays count by dtype and shape, Python numbers and strings by type and value, variables and other
objects by identity (held weakly), containers by type, length and keys.
"""

from __future__ import annotations

import collections.abc
import inspect
import weakref
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from headwater.core import nest
from headwater.core.shapes import TensorShape
from headwater.core.spec import TensorSpec, TypeSpec
from headwater.core.tensor import EagerTensor, Tensor, convert_to_tensor
from headwater.core.variable import Variable

BY_VALUE = (bool, int, float, complex, str, bytes, type(None))


class Encoder:
    """Encodes one call's arguments: `key` for the cache, and `leaves`, the tensor-like values in order."""

    __slots__ = ("key", "leaves", "objects")

    def __init__(self) -> None:
        self.key: list[Any] = []
        self.leaves: list[Any] = []
        self.objects: list[Any] = []

    def add(self, value: Any) -> None:
        """Encodes `value` and everything in it."""
        kind = type(value)
        if kind is EagerTensor:
            array = value._array
            self.key.append((array.dtype, array.shape))
            self.leaves.append(value)
        elif kind in BY_VALUE:
            self.key.append((kind, value if value == value else repr(value)))
        elif isinstance(value, Tensor | TensorSpec):
            dims = None if value.shape.rank is None else tuple(value.shape)
            self.key.append((np.dtype(value.dtype.as_numpy_dtype), dims))
            self.leaves.append(value)
        elif isinstance(value, np.ndarray | np.generic):
            tensor = convert_to_tensor(value)
            self.add(tensor)
        elif isinstance(value, list | tuple):
            self.key.append((kind, len(value)))
            for item in value:
                self.add(item)
        elif isinstance(value, collections.abc.Mapping):
            names = sorted(value)
            self.key.append((kind, tuple(names)))
            for name in names:
                self.add(value[name])
        elif isinstance(value, nest.CompositeTensor):
            parts = value._components()
            self.key.append((kind, len(parts)))
            for part in parts:
                self.add(part)
        else:
            self._add_object(value)

    def _add_object(self, value: Any) -> None:
        if isinstance(value, Variable):
            self.key.append(("variable", value._uid))
            return
        self.key.append(("object", id(value)))
        self.objects.append(value)


class Signature:
    """How a Python function takes arguments, and which `input_signature` it was given.

    Args:
        python_function: The function.
        input_signature: A sequence of (structures of) `TensorSpec`, one per positional argument, or None.
        skip: Leading parameters that are bound already (``self``).
    """

    def __init__(self, python_function: Callable[..., Any], input_signature: Any, skip: int = 0) -> None:
        try:
            full = inspect.signature(python_function)
            parameters = list(full.parameters.values())[skip:]
            self.python: inspect.Signature | None = full.replace(parameters=parameters)
        except (TypeError, ValueError):
            self.python, parameters = None, []
        self.parameters = parameters
        self.input_signature = None if input_signature is None else tuple(input_signature)
        if self.input_signature is not None:
            self._check_input_signature()
        plain = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.POSITIONAL_ONLY)
        # With this many positional arguments and no keywords there is nothing to bind.
        simple = all(p.kind in plain for p in parameters) and self.python is not None
        self.simple_count = len(parameters) if simple and self.input_signature is None else -1

    def _check_input_signature(self) -> None:
        for spec in nest.flatten(self.input_signature):
            if not isinstance(spec, TypeSpec):
                raise TypeError(
                    "input_signature must be a possibly nested sequence of TensorSpec objects, received "
                    f"{spec!r} of type {type(spec).__name__}."
                )
        variadic = any(p.kind is inspect.Parameter.VAR_POSITIONAL for p in self.parameters)
        if self.python is not None and not variadic and len(self.input_signature or ()) > len(self.parameters):
            raise TypeError(
                f"input_signature has {len(self.input_signature or ())} entries, but the function takes only "
                f"{len(self.parameters)} arguments: {self.python}."
            )

    def bind(self, args: Sequence[Any], kwargs: dict[str, Any]) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """The call's arguments in canonical form: defaults filled in, keywords moved to their positions.

        Raises:
            TypeError: If they do not fit the function.
        """
        if self.python is None:
            return tuple(args), kwargs
        bound = self.python.bind(*args, **kwargs)
        if self.input_signature is None:
            bound.apply_defaults()
            return bound.args, bound.kwargs
        return self._bind_to_signature(bound)

    def _bind_to_signature(self, bound: inspect.BoundArguments) -> tuple[tuple[Any, ...], dict[str, Any]]:
        specs = self.input_signature or ()
        named = [p.name for p in self.parameters[: len(specs)]]
        extra = {k: v for k, v in bound.kwargs.items() if k not in named}
        missing = [p for p in self.parameters[: len(specs)] if p.name not in bound.arguments]
        for p in missing:
            if p.default is inspect.Parameter.empty:
                raise TypeError(f"missing argument {p.name!r}: expected {specs[named.index(p.name)]}.")
        bound.apply_defaults()
        values = [*bound.args, *[v for k, v in bound.kwargs.items() if k in named]]
        if len(values) < len(specs):
            raise TypeError(f"expected {len(specs)} arguments for input_signature {specs}, received {len(values)}.")
        converted = [_conform(spec, value) for spec, value in zip(specs, values, strict=False)]
        return (*converted, *values[len(specs) :]), extra

    def argument_names(self, count: int) -> list[str]:
        """Names for `count` positional arguments."""
        names: list[str] = []
        for p in self.parameters:
            if p.kind is inspect.Parameter.VAR_POSITIONAL:
                names += [f"{p.name}_{i}" for i in range(count - len(names))]
            else:
                names.append(p.name)
        return (names + [f"arg{i}" for i in range(len(names), count)])[:count]


def _conform(spec: Any, value: Any) -> Any:
    """`value` as tensors that satisfy `spec`."""
    if nest.is_nested(spec):
        mappings = isinstance(spec, collections.abc.Mapping), isinstance(value, collections.abc.Mapping)
        same_keys = not mappings[0] or not mappings[1] or set(spec) == set(value)
        if mappings[0] != mappings[1] or not nest.is_nested(value) or len(spec) != len(value) or not same_keys:
            raise TypeError(
                f"Structure of Python function inputs does not match input_signature: expected {spec!r}, received "
                f"{value!r}."
            )
        keys = sorted(spec) if mappings[0] else range(len(spec))
        return nest.pack_sequence_as_shallow(spec, [_conform(spec[k], value[k]) for k in keys])
    if not isinstance(spec, TensorSpec):
        if not spec.is_compatible_with(value):
            raise TypeError(f"Expected an argument of {spec}, received {value!r}.")
        return value
    if isinstance(value, TensorSpec):
        return spec
    try:
        tensor = convert_to_tensor(value, None if isinstance(value, Tensor | Variable | np.ndarray) else spec.dtype)
    except (TypeError, ValueError) as error:
        raise TypeError(f"Expected an argument convertible to {spec}, received {value!r}: {error}") from None
    if not spec.is_compatible_with(tensor):
        raise TypeError(
            f"Binding inputs to tf.function failed: expected {spec}, received a tensor of dtype {tensor.dtype.name} "
            f"and shape {tensor.shape}. Cast or reshape it, or widen the input_signature."
        )
    return tensor


def specs_of(leaves: Sequence[Any]) -> list[TensorSpec]:
    """The specs of encoded tensor leaves."""
    return [TensorSpec(x.shape, x.dtype, x.name if isinstance(x, TensorSpec) else None) for x in leaves]


def watch_objects(objects: Sequence[Any], forget: Callable[[], None]) -> list[Any]:
    """Weak references to arguments; `forget` is called when one of them goes, for its id may be used again."""
    references = []
    for value in objects:
        try:
            references.append(weakref.ref(value, lambda _: forget()))
        except TypeError:
            references.append(value)  # cannot be held weakly; kept alive so that its id stays its own
    return references


def relaxed(first: Sequence[TensorSpec], other: Sequence[TensorSpec]) -> list[TensorSpec] | None:
    """Specs that cover both, or None if something else than shapes differs."""
    if len(first) != len(other) or any(a.dtype is not b.dtype for a, b in zip(first, other, strict=True)):
        return None
    merged = []
    for a, b in zip(first, other, strict=True):
        shape = a.shape.most_specific_compatible_shape(b.shape)
        merged.append(TensorSpec(shape if shape.rank is not None else TensorShape(None), a.dtype, a.name))
    return merged


def key_without_shapes(key: Sequence[Any]) -> tuple[Any, ...]:
    """The key with tensor shapes left out: what must agree for traces to be merged."""
    return tuple([entry[0] if isinstance(entry[0], np.dtype) else entry for entry in key])

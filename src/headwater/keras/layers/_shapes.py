"""Shapes of a layer's inputs, outputs and weights, in structures like those of the tensors."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from headwater.core import nest
from headwater.core.shapes import TensorShape
from headwater.core.tensor import Tensor
from headwater.core.variable import Variable
from headwater.keras._tensor import KerasTensor

_MOST_ELEMENTS = 2**48


def weight_shape(shape: Any, layer: str, name: str | None) -> tuple[int, ...]:
    """The shape of a weight, all of whose sizes must be known."""
    given = () if shape is None else (shape,) if isinstance(shape, int | np.integer) else tuple(shape)
    if not all(isinstance(n, int | np.integer) and n >= 0 for n in given):
        raise ValueError(
            f"Layer '{layer}': the weight {name!r} cannot have the shape {given}. Expected a known size, an integer, "
            "for every axis; if some are None, give the model's Input the sizes that build() needs."
        )
    if math.prod(given) > _MOST_ELEMENTS:
        raise ValueError(f"Layer '{layer}': the weight {name!r} of shape {given} is larger than any memory.")
    return tuple(int(n) for n in given)


def shapes_of(value: Any) -> Any:
    """The shapes of a structure of tensors, as tuples."""
    if value is None:
        return None
    return nest.map_structure(lambda x: tuple(x.shape) if hasattr(x, "shape") else None, value)


def spec_of(value: Any) -> Any:
    return KerasTensor(value.shape, value.dtype) if isinstance(value, Tensor | Variable) else value


def is_shape(value: Any) -> bool:
    return isinstance(value, TensorShape) or (
        isinstance(value, list | tuple) and all(n is None or isinstance(n, int | np.integer) for n in value)
    )


def map_shapes(function: Callable[[Any], Any], shapes: Any) -> Any:
    if is_shape(shapes):
        return function(shapes)
    if isinstance(shapes, dict):
        return {k: map_shapes(function, v) for k, v in shapes.items()}
    found = [map_shapes(function, v) for v in shapes]
    return tuple(found) if isinstance(shapes, tuple) else found


def as_tuples(shapes: Any) -> Any:
    return map_shapes(tuple, shapes)

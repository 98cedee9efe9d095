"""Several computations in one program: far less to compile than each of their ops by itself."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import headwater as tf


def together(given: Any, *computations: Callable[..., Any]) -> list[Any]:
    """What the computations give for an array, or for the arrays of a tuple."""
    arguments = given if isinstance(given, tuple) else (given,)
    function = tf.function(lambda *tensors: [compute(*tensors) for compute in computations], autograph=False)
    return function(*[tf.constant(argument) for argument in arguments])


def traced_shape(model: Callable[[Any], Any], *shape: int) -> list[int]:
    """The shape of what a model gives for floats of a shape, found by tracing its call."""
    traced = tf.function(model).get_concrete_function(tf.TensorSpec(shape, tf.float32))
    return traced.output_shapes.as_list()

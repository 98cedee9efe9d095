"""A Keras model's inference as a traced function: what exporters start from."""

from __future__ import annotations

from typing import Any

from headwater.core import nest
from headwater.core.concrete import ConcreteFunction
from headwater.core.function import function
from headwater.core.spec import TensorSpec


def inference_function(model: Any) -> ConcreteFunction:
    """A Keras model called with ``training=False``, traced for the shapes of its inputs.

    Args:
        model: A model whose inputs are known: functional, sequential with an input shape, or called before.

    Returns:
        A concrete function of one tensor per input.

    Raises:
        ValueError: If the model's inputs are not known.
    """
    inputs = inputs_of(model)
    if not inputs:
        raise ValueError(
            f"Expected a model whose inputs are known, received {getattr(model, 'name', model)!r}, which is not built. "
            "Start it with keras.Input(shape), or trace it yourself: "
            "tf.function(model).get_concrete_function(tf.TensorSpec(...))."
        )
    names = [str(getattr(x, "name", f"input_{i}")).partition(":")[0] for i, x in enumerate(inputs)]
    specs = [TensorSpec(x.shape, x.dtype, name) for x, name in zip(inputs, names, strict=True)]

    def serve(*args: Any) -> Any:
        return model(nest.pack_sequence_as(model.input, list(args)), training=False)

    return function(serve, autograph=False).get_concrete_function(*specs)


def inputs_of(model: Any) -> list[Any]:
    """The model's symbolic inputs, in order; none if it has not been built."""
    return list(getattr(model, "inputs", None) or [])

"""`KerasTensor`: the place of a value in a functional model that is being put together."""

from __future__ import annotations

from typing import Any

from headwater.core import nest
from headwater.core.dtypes import DType, as_dtype
from headwater.core.shapes import TensorShape
from headwater.core.tensor import register_tensor_conversion_function
from headwater.keras._state import auto_name


class KerasTensor:
    """A symbolic value made by calling layers on `Input`s.

    Args:
        shape: Its shape; the first dimension is the batch, usually None.
        dtype: Its dtype.
        name: Its name.
    """

    __array_priority__ = 200

    def __init__(self, shape: Any, dtype: Any = "float32", name: str | None = None, **kwargs: Any) -> None:
        self.shape = TensorShape(shape)
        self._dtype = as_dtype(dtype)
        self.name = name or auto_name("keras_tensor")
        self.history: tuple[Any, int, int] | None = None  # layer, index of its call, index of the output
        self.sparse = False
        self.ragged = False

    @property
    def dtype(self) -> DType:
        """The dtype."""
        return self._dtype

    @property
    def ndim(self) -> int:
        """The number of dimensions."""
        return len(self.shape)

    @property
    def _keras_history(self) -> Any:
        return self.history

    def __array__(self, *args: Any, **kwargs: Any) -> Any:
        raise ValueError(f"{self!r} is symbolic: it has no value. Call a model made with it on data.")

    def __bool__(self) -> bool:
        raise TypeError(
            "A symbolic KerasTensor cannot be used as a boolean. Use keras layers that choose, or tf.where."
        )

    def __iter__(self) -> Any:
        raise TypeError(
            "Iterating over a symbolic KerasTensor is not supported. Expected a tensor with a value. Index it instead."
        )

    def __repr__(self) -> str:
        return (
            f"<KerasTensor shape={tuple(self.shape)}, dtype={self._dtype.name}, sparse=False, ragged=False, "
            f"name={self.name}>"
        )


def _refuse(value: Any, dtype: Any = None, name: Any = None, as_ref: bool = False) -> Any:
    raise ValueError(
        "A KerasTensor cannot be used as input to a tf function. A KerasTensor is a symbolic placeholder for a shape "
        "and dtype, used when constructing functional models. Expected a layer around the tf function: "
        f"`keras.layers.Lambda(tf_function)(x)`, or a layer of yours whose call() uses it. Received: {value!r}"
    )


register_tensor_conversion_function(KerasTensor, _refuse)


class Node:
    """One call of a layer on KerasTensors.

    Attributes:
        layer: The layer.
        args: Its positional arguments.
        kwargs: Its keyword arguments.
        outputs: The KerasTensors it gave, flat.
        inputs: The KerasTensors among the arguments, flat.
    """

    def __init__(self, layer: Any, args: tuple[Any, ...], kwargs: dict[str, Any], outputs: Any) -> None:
        self.layer = layer
        self.args = args
        self.kwargs = kwargs
        self.structure = outputs
        self.outputs = [x for x in nest.flatten(outputs) if isinstance(x, KerasTensor)]
        self.inputs = [x for x in nest.flatten((args, kwargs)) if isinstance(x, KerasTensor)]
        index = len(layer._inbound_nodes)
        for position, tensor in enumerate(self.outputs):
            tensor.history = (layer, index, position)
        layer._inbound_nodes.append(self)

    def arguments(self, replace: Any) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """The call's arguments with each KerasTensor x replaced by ``replace(x)``."""
        swap = lambda x: replace(x) if isinstance(x, KerasTensor) else x  # noqa: E731
        return (
            tuple([nest.map_structure(swap, a) for a in self.args]),
            {k: nest.map_structure(swap, v) for k, v in self.kwargs.items()},
        )


def has_keras_tensors(structure: Any) -> bool:
    """Whether the arguments of a call contain KerasTensors."""
    return any(isinstance(x, KerasTensor) for x in nest.flatten(structure))

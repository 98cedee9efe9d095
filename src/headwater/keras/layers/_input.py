"""`Input`: where data enters a functional model."""

from __future__ import annotations

from typing import Any

import numpy as np

from headwater.core.dtypes import as_dtype
from headwater.keras._registry import builtin
from headwater.keras._state import floatx
from headwater.keras._tensor import KerasTensor, Node
from headwater.keras.layers._base import Layer


@builtin("keras.layers")
class InputLayer(Layer):
    """The layer behind an `Input`.

    Args:
        shape: The shape without the batch dimension.
        batch_size: The batch size, or None.
        dtype: The dtype.
        sparse: Accepted False only.
        batch_shape: The shape with the batch dimension, in place of `shape`.
        input_tensor: Accepted None only.
        optional: Whether None may be given in its place.
        name: Its name.
    """

    is_built_at_once = True

    def __init__(
        self,
        shape: Any = None,
        batch_size: int | None = None,
        dtype: Any = None,
        sparse: bool | None = None,
        ragged: bool | None = None,
        batch_shape: Any = None,
        input_tensor: Any = None,
        optional: bool = False,
        name: str | None = None,
        **kwargs: Any,
    ) -> None:
        batch_shape = kwargs.pop("batch_input_shape", batch_shape)
        shape = kwargs.pop("input_shape", shape)
        if kwargs:
            raise ValueError(f"Unrecognized keyword arguments passed to InputLayer: {kwargs}")
        if sparse or ragged or input_tensor is not None:
            raise ValueError(
                "InputLayer takes dense inputs only: expected sparse, ragged and input_tensor to be unset."
            )
        super().__init__(name=name)
        if (shape is None) == (batch_shape is None):
            raise ValueError("You must pass a `shape` argument, and not both `shape` and `batch_shape`.")
        if batch_size is not None and shape is None:
            raise ValueError("You cannot pass both `batch_size` and `batch_shape` at the same time.")
        if shape is not None:
            batch_shape = (batch_size, *_as_tuple(shape))
        self.batch_shape = tuple(batch_shape)
        self._dtype = as_dtype(dtype or floatx()).name
        self.optional = bool(optional)
        self.sparse = self.ragged = False
        output = KerasTensor(self.batch_shape, self._dtype, name=self._name)
        Node(self, (), {}, output)

    @property
    def dtype(self) -> str:
        """The dtype of the input."""
        return self._dtype

    def call(self, *args: Any, **kwargs: Any) -> Any:
        raise TypeError("An InputLayer cannot be called.")

    def get_config(self) -> dict[str, Any]:
        return {
            "batch_shape": self.batch_shape, "dtype": self._dtype, "sparse": False, "ragged": False,
            "name": self._name, "optional": self.optional,
        }  # fmt: skip


def _as_tuple(shape: Any) -> tuple[Any, ...]:
    if hasattr(shape, "as_list"):
        shape = shape.as_list()
    return (int(shape),) if isinstance(shape, int | np.integer) else tuple(shape)


def Input(
    shape: Any = None,
    batch_size: int | None = None,
    dtype: Any = None,
    sparse: bool | None = None,
    batch_shape: Any = None,
    name: str | None = None,
    tensor: Any = None,
    optional: bool = False,
    **kwargs: Any,
) -> KerasTensor:
    """The place where data enters a functional model.

    Args:
        shape: The shape without the batch dimension; None for unknown sizes.
        batch_size: The batch size, or None.
        dtype: The dtype; default floatx.
        sparse: Accepted False only.
        batch_shape: The shape with the batch dimension, in place of `shape`.
        name: The input's name.
        tensor: Accepted None only.
        optional: Whether None may be given in its place.
        **kwargs: ``batch_input_shape``, the older name of `batch_shape`.

    Returns:
        A `KerasTensor`.

    >>> tf.keras.Input(shape=(28, 28)).shape
    TensorShape([None, 28, 28])
    """
    layer = InputLayer(
        shape=shape, batch_size=batch_size, dtype=dtype, sparse=sparse, batch_shape=batch_shape, name=name,
        input_tensor=tensor, optional=optional, **kwargs,
    )  # fmt: skip
    return layer.output

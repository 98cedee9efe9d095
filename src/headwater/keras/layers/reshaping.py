"""Layers that change shapes."""

from __future__ import annotations

import math as python_math
from collections.abc import Sequence
from typing import Any

from headwater.keras._arguments import Integer, Sizes, arguments
from headwater.keras._registry import builtin
from headwater.keras._state import data_format_of
from headwater.keras.layers._base import Layer
from headwater.keras.layers._spec import InputSpec
from headwater.ops import array


@builtin("keras.layers")
class Flatten(Layer):
    """All axes but the batch, as one.

    Args:
        data_format: ``"channels_first"`` moves the channels last before flattening.
        **kwargs: See `Layer`.

    >>> tf.keras.layers.Flatten()(tf.zeros([2, 3, 4])).shape
    TensorShape([2, 12])
    """

    def __init__(self, data_format: str | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.data_format = data_format_of(data_format)
        self.input_spec = InputSpec(min_ndim=1)

    def call(self, inputs: Any) -> Any:
        rank = inputs.shape.rank
        if self.data_format == "channels_first" and rank > 2:
            inputs = array.transpose(inputs, [0, *range(2, rank), 1])
        sizes = inputs.shape.as_list()[1:]
        if None in sizes:
            return array.reshape(inputs, [array.shape(inputs)[0], -1])
        return array.reshape(inputs, [-1, python_math.prod(sizes)])

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "data_format": self.data_format}


@builtin("keras.layers")
class Reshape(Layer):
    """Another shape for each sample; one size may be -1.

    Args:
        target_shape: The shape without the batch dimension.
        **kwargs: See `Layer`.
    """

    is_built_at_once = True

    @arguments(target_shape=Sizes(least=0, unknown=-1, most_unknown=1, wrong_type=TypeError))
    def __init__(self, target_shape: Sequence[int], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.target_shape = tuple(-1 if n is None else n for n in target_shape)

    def call(self, inputs: Any) -> Any:
        batch, *sizes = inputs.shape.as_list()
        target = self._target(sizes)
        known = batch if batch is not None else array.shape(inputs)[0] if -1 in target else -1
        return array.reshape(inputs, [known, *target])

    def _target(self, sizes: list[int | None]) -> list[int]:
        """The target's sizes, as far as they are known; the last unknown one is -1."""
        target = list(self.target_shape)
        if None in sizes:
            return target
        known = python_math.prod(n for n in target if n != -1)
        total = python_math.prod(n for n in sizes if n is not None)
        if (known != total) if -1 not in target else (total % known if known else total):
            raise ValueError(
                f"The total size of the tensor must be unchanged. Received: input_shape={tuple(sizes)}, "
                f"target_shape={self.target_shape}"
            )
        return [total // max(known, 1) if n == -1 else n for n in target]

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "target_shape": self.target_shape}


@builtin("keras.layers")
class Permute(Layer):
    """The axes of each sample in another order.

    Args:
        dims: Axes from 1.
        **kwargs: See `Layer`.
    """

    @arguments(dims=Sizes(least=1, unknown=0, most_unknown=0, wrong_type=TypeError))
    def __init__(self, dims: Sequence[int], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.dims = tuple(dims)
        if sorted(dims) != list(range(1, len(dims) + 1)):
            raise ValueError(f"Invalid permutation argument `dims`: expected the axes from 1. Received: dims={dims}")
        self.input_spec = InputSpec(ndim=len(self.dims) + 1)

    def call(self, inputs: Any) -> Any:
        return array.transpose(inputs, [0, *self.dims])

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "dims": self.dims}


@builtin("keras.layers")
class RepeatVector(Layer):
    """Each sample `n` times along a new axis 1.

    Args:
        n: How often.
        **kwargs: See `Layer`.
    """

    @arguments(n=Integer(1, wrong_type=TypeError))
    def __init__(self, n: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.n = n
        self.input_spec = InputSpec(ndim=2)

    def call(self, inputs: Any) -> Any:
        return array.stack([inputs] * self.n, axis=1)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "n": self.n}

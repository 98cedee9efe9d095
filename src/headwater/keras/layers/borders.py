"""Layers that pad, crop and repeat the positions of sequences, images and volumes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from headwater.keras._arguments import Integer, OneOf, arguments
from headwater.keras._registry import builtin
from headwater.keras._state import data_format_of
from headwater.keras.layers._base import Layer
from headwater.keras.layers._spec import InputSpec
from headwater.keras.layers.convolutional import sizes
from headwater.ops import array, image, math


def _pairs(value: Any, rank: int, name: str) -> tuple[tuple[int, ...], ...]:
    """What is added or taken before and after each dimension: from one number, one per dimension, or pairs."""
    if isinstance(value, int | np.integer):
        value = (value,) * rank
    if not isinstance(value, list | tuple | np.ndarray) or len(value) != rank:
        raise ValueError(f"`{name}` should have {rank} elements, each an integer or two. Received: {name}={value}.")
    return tuple([sizes(v, 2, name, smallest=0) for v in value])


class _Spatial(Layer):
    """What these layers share: a number of dimensions between the batch and the channels, or after both."""

    rank: int
    is_built_at_once = True

    def __init__(self, data_format: str | None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.data_format = data_format_of(data_format)
        self.input_spec = InputSpec(ndim=self.rank + 2)

    @property
    def _axes(self) -> range:
        first = 1 if self.data_format == "channels_last" else 2
        return range(first, first + self.rank)

    def _around(self, pairs: Sequence[tuple[int, ...]]) -> list[tuple[int, ...]]:
        """A pair per axis of the input."""
        around: list[tuple[int, ...]] = [(0, 0)] * (self.rank + 2)
        around[self._axes.start : self._axes.stop] = pairs
        return around


# Padding --------------------------------------------------------------------------------------------------------


class _ZeroPadding(_Spatial):
    def __init__(self, padding: Any = 1, data_format: str | None = None, **kwargs: Any) -> None:
        super().__init__(data_format, **kwargs)
        self._pads = _pairs([padding] if self.rank == 1 else padding, self.rank, "padding")
        self.padding = self._pads[0] if self.rank == 1 else self._pads

    def call(self, inputs: Any) -> Any:
        return array.pad(inputs, self._around(self._pads))

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "padding": self.padding, "data_format": self.data_format}


@builtin("keras.layers")
class ZeroPadding1D(_ZeroPadding):
    """Adds steps of zeros before and after sequences.

    Args:
        padding: How many: an integer, or one for before and one for after.
        data_format: ``"channels_last"`` or ``"channels_first"``.
        **kwargs: See `Layer`.

    >>> tf.keras.layers.ZeroPadding1D((1, 2))(tf.ones([1, 2, 1]))[0, :, 0].numpy()
    array([0., 1., 1., 0., 0.], dtype=float32)
    """

    rank = 1


@builtin("keras.layers")
class ZeroPadding2D(_ZeroPadding):
    """Adds rows and columns of zeros around images.

    Args:
        padding: How many: an integer, one for the height and one for the width, or a pair (before, after) for each.
        data_format: ``"channels_last"`` or ``"channels_first"``.
        **kwargs: See `Layer`.

    >>> tf.keras.layers.ZeroPadding2D(((1, 0), (2, 2)))(tf.ones([1, 4, 4, 3])).shape
    TensorShape([1, 5, 8, 3])
    """

    rank = 2


@builtin("keras.layers")
class ZeroPadding3D(_ZeroPadding):
    """Adds zeros around volumes; arguments as those of `ZeroPadding2D`, for three dimensions."""

    rank = 3


# Cropping -------------------------------------------------------------------------------------------------------


class _Cropping(_Spatial):
    def __init__(self, cropping: Any = 1, data_format: str | None = None, **kwargs: Any) -> None:
        super().__init__(data_format, **kwargs)
        self._cuts = _pairs([cropping] if self.rank == 1 else cropping, self.rank, "cropping")
        self.cropping = self._cuts[0] if self.rank == 1 else self._cuts

    def call(self, inputs: Any) -> Any:
        for axis, cut in zip(self._axes, self._cuts, strict=True):
            size = inputs.shape[axis]
            if size is not None and sum(cut) >= size:
                raise ValueError(
                    "Values in `cropping` must be smaller than the input's sizes together. Received: "
                    f"inputs.shape={inputs.shape}, cropping={self.cropping}"
                )
        return inputs[tuple([slice(before, -after or None) for before, after in self._around(self._cuts)])]

    def get_config(self) -> dict[str, Any]:
        config = {**super().get_config(), "cropping": self.cropping}
        return config if self.rank == 1 else {**config, "data_format": self.data_format}


@builtin("keras.layers")
class Cropping1D(_Cropping):
    """Takes away the first and last steps of sequences.

    Args:
        cropping: How many: an integer, or one for the first and one for the last.
        **kwargs: See `Layer`.

    >>> tf.keras.layers.Cropping1D((1, 0))(tf.constant([[[1.0], [2.0], [3.0]]]))[0, :, 0].numpy()
    array([2., 3.], dtype=float32)
    """

    rank = 1

    def __init__(self, cropping: Any = (1, 1), **kwargs: Any) -> None:
        super().__init__(cropping, "channels_last", **kwargs)


@builtin("keras.layers")
class Cropping2D(_Cropping):
    """Takes away rows and columns at the borders of images.

    Args:
        cropping: How many: an integer, one for the height and one for the width, or a pair (first, last) for each.
        data_format: ``"channels_last"`` or ``"channels_first"``.
        **kwargs: See `Layer`.

    >>> tf.keras.layers.Cropping2D(((1, 0), (2, 2)))(tf.ones([1, 4, 8, 3])).shape
    TensorShape([1, 3, 4, 3])
    """

    rank = 2

    def __init__(self, cropping: Any = ((0, 0), (0, 0)), data_format: str | None = None, **kwargs: Any) -> None:
        super().__init__(cropping, data_format, **kwargs)


@builtin("keras.layers")
class Cropping3D(_Cropping):
    """Takes away the borders of volumes; arguments as those of `Cropping2D`, for three dimensions."""

    rank = 3

    def __init__(self, cropping: Any = ((1, 1), (1, 1), (1, 1)), data_format: str | None = None, **kwargs: Any) -> None:
        super().__init__(cropping, data_format, **kwargs)


# Repeating ------------------------------------------------------------------------------------------------------


class _UpSampling(_Spatial):
    _factors: tuple[int, ...]

    def call(self, inputs: Any) -> Any:
        for axis, factor in zip(self._axes, self._factors, strict=True):
            inputs = array.repeat(inputs, factor, axis=axis)
        return inputs


@builtin("keras.layers")
class UpSampling1D(_UpSampling):
    """Each step of sequences several times.

    Args:
        size: How often.
        **kwargs: See `Layer`.

    >>> tf.keras.layers.UpSampling1D(2)(tf.constant([[[1.0], [2.0]]]))[0, :, 0].numpy()
    array([1., 1., 2., 2.], dtype=float32)
    """

    rank = 1

    @arguments(size=Integer(1, wrong_type=TypeError))
    def __init__(self, size: int = 2, **kwargs: Any) -> None:
        super().__init__("channels_last", **kwargs)
        self.size = size
        self._factors = (size,)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "size": self.size}


@builtin("keras.layers")
class UpSampling2D(_UpSampling):
    """Larger images: pixels repeated, or interpolated.

    Args:
        size: The factors of height and width: an integer or two.
        data_format: ``"channels_last"`` or ``"channels_first"``.
        interpolation: ``"nearest"``, ``"bilinear"``, ``"bicubic"``, ``"lanczos3"`` or ``"lanczos5"``.
        **kwargs: See `Layer`.

    >>> tf.keras.layers.UpSampling2D((1, 2))(tf.zeros([1, 4, 4, 3])).shape
    TensorShape([1, 4, 8, 3])
    """

    rank = 2

    @arguments(interpolation=OneOf("nearest", "bilinear", "bicubic", "lanczos3", "lanczos5"))
    def __init__(
        self, size: Any = (2, 2), data_format: str | None = None, interpolation: str = "nearest", **kwargs: Any
    ) -> None:
        super().__init__(data_format, **kwargs)
        self.size = self._factors = sizes(size, 2, "size")
        self.interpolation = interpolation

    def call(self, inputs: Any) -> Any:
        if self.interpolation == "nearest":
            return super().call(inputs)
        first = self.data_format == "channels_first"
        x = array.transpose(inputs, [0, 2, 3, 1]) if first else inputs
        x = math.cast(image.resize(x, array.shape(x)[1:3] * self.size, self.interpolation), inputs.dtype)
        return array.transpose(x, [0, 3, 1, 2]) if first else x

    def get_config(self) -> dict[str, Any]:
        names = ("size", "data_format", "interpolation")
        return {**super().get_config(), **{name: getattr(self, name) for name in names}}


@builtin("keras.layers")
class UpSampling3D(_UpSampling):
    """Each position of volumes several times along each dimension.

    Args:
        size: How often: an integer or three.
        data_format: ``"channels_last"`` or ``"channels_first"``.
        **kwargs: See `Layer`.
    """

    rank = 3

    def __init__(self, size: Any = (2, 2, 2), data_format: str | None = None, **kwargs: Any) -> None:
        super().__init__(data_format, **kwargs)
        self.size = self._factors = sizes(size, 3, "size")

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "size": self.size, "data_format": self.data_format}

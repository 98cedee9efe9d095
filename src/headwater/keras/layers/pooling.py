"""Layers that take the largest, or the mean, of windows or of whole images."""

from __future__ import annotations

from typing import Any

from headwater.keras._arguments import OneOf, arguments
from headwater.keras._registry import builtin
from headwater.keras._state import data_format_of
from headwater.keras.layers._base import Layer
from headwater.keras.layers._spec import InputSpec
from headwater.keras.layers.convolutional import sizes
from headwater.ops import array, math, nn


class _Pooling(Layer):
    """Windows of images (or sequences, as images of height 1)."""

    rank: int
    is_built_at_once = True

    @arguments(padding=OneOf("valid", "same"))
    def __init__(
        self,
        pool_size: Any = 2,
        strides: Any = None,
        padding: str = "valid",
        data_format: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.pool_size = sizes(pool_size, self.rank, "pool_size")
        self.strides = self.pool_size if strides is None else sizes(strides, self.rank, "strides")
        self.padding = padding
        self.data_format = data_format_of(data_format)
        self.input_spec = InputSpec(ndim=self.rank + 2)

    def _pool(self, x: Any, size: list[int], strides: list[int], padding: str) -> Any:
        raise TypeError(f"{type(self).__name__} must define _pool")

    def call(self, inputs: Any) -> Any:
        x, axis = inputs, self.rank + 1
        if self.data_format == "channels_first":
            x = array.transpose(x, [0, *range(2, axis + 1), 1])
        size, strides = list(self.pool_size), list(self.strides)
        if self.rank == 1:
            x, size, strides = array.expand_dims(x, 1), [1, *size], [1, *strides]
        x = self._pool(x, size, strides, self.padding.upper())
        x = array.squeeze(x, axis=1) if self.rank == 1 else x
        return array.transpose(x, [0, axis, *range(1, axis)]) if self.data_format == "channels_first" else x

    def get_config(self) -> dict[str, Any]:
        names = ("pool_size", "strides", "padding", "data_format")
        return {**super().get_config(), **{name: getattr(self, name) for name in names}}


class _Max(_Pooling):
    def _pool(self, x: Any, size: list[int], strides: list[int], padding: str) -> Any:
        return (nn.max_pool3d if self.rank == 3 else nn.max_pool2d)(x, size, strides, padding)


class _Average(_Pooling):
    computes_in_floats = True

    def _pool(self, x: Any, size: list[int], strides: list[int], padding: str) -> Any:
        return (nn.avg_pool3d if self.rank == 3 else nn.avg_pool2d)(x, size, strides, padding)


@builtin("keras.layers", "MaxPool1D")
class MaxPooling1D(_Max):
    """The largest element of each window of sequences; arguments as those of `MaxPooling2D`."""

    rank = 1


@builtin("keras.layers", "MaxPool2D")
class MaxPooling2D(_Max):
    """The largest element of each window of images.

    Args:
        pool_size: The window's size: an integer or two.
        strides: Steps between windows; default the window's size.
        padding: ``"valid"`` or ``"same"``.
        data_format: ``"channels_last"`` or ``"channels_first"``.
        **kwargs: See `Layer`.

    >>> tf.keras.layers.MaxPooling2D()(tf.zeros([1, 28, 28, 3])).shape
    TensorShape([1, 14, 14, 3])
    """

    rank = 2


@builtin("keras.layers", "AvgPool1D")
class AveragePooling1D(_Average):
    """The mean of each window of sequences; arguments as those of `MaxPooling2D`."""

    rank = 1


@builtin("keras.layers", "AvgPool2D")
class AveragePooling2D(_Average):
    """The mean of each window of images; arguments as those of `MaxPooling2D`."""

    rank = 2


@builtin("keras.layers", "MaxPool3D")
class MaxPooling3D(_Max):
    """The largest element of each window of volumes; arguments as those of `MaxPooling2D`, for three dimensions."""

    rank = 3


@builtin("keras.layers", "AvgPool3D")
class AveragePooling3D(_Average):
    """The mean of each window of volumes; arguments as those of `MaxPooling2D`, for three dimensions."""

    rank = 3


class _Global(Layer):
    """All positions of each sample at once."""

    rank: int
    is_built_at_once = True

    def __init__(self, data_format: str | None = None, keepdims: bool = False, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.data_format = data_format_of(data_format)
        self.keepdims = keepdims
        self.input_spec = InputSpec(ndim=self.rank + 2)

    def _axes(self) -> list[int]:
        first = 1 if self.data_format == "channels_last" else 2
        return list(range(first, first + self.rank))

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "data_format": self.data_format, "keepdims": self.keepdims}


class _GlobalMax(_Global):
    def call(self, inputs: Any) -> Any:
        return math.reduce_max(inputs, axis=self._axes(), keepdims=self.keepdims)


class _GlobalAverage(_Global):
    computes_in_floats = True

    def call(self, inputs: Any) -> Any:
        x = math.cast(inputs, self.compute_dtype) if inputs.dtype.is_integer else inputs
        return math.reduce_mean(x, axis=self._axes(), keepdims=self.keepdims)


@builtin("keras.layers", "GlobalMaxPool1D")
class GlobalMaxPooling1D(_GlobalMax):
    """The largest element of each channel of sequences."""

    rank = 1


@builtin("keras.layers", "GlobalMaxPool2D")
class GlobalMaxPooling2D(_GlobalMax):
    """The largest element of each channel of images."""

    rank = 2


@builtin("keras.layers", "GlobalAvgPool1D")
class GlobalAveragePooling1D(_GlobalAverage):
    """The mean of each channel of sequences; steps that are masked do not count."""

    rank = 1

    def __init__(self, data_format: str | None = None, keepdims: bool = False, **kwargs: Any) -> None:
        super().__init__(data_format, keepdims, **kwargs)
        self.supports_masking = True

    def call(self, inputs: Any, mask: Any = None) -> Any:
        if mask is None:
            return super().call(inputs)
        (axis,) = self._axes()
        counted = array.expand_dims(math.cast(mask, inputs.dtype), 3 - axis)
        total = math.reduce_sum(inputs * counted, axis=axis, keepdims=self.keepdims)
        return total / math.reduce_sum(counted, axis=axis, keepdims=self.keepdims)

    def compute_mask(self, inputs: Any, previous_mask: Any = None) -> Any:
        return None


@builtin("keras.layers", "GlobalAvgPool2D")
class GlobalAveragePooling2D(_GlobalAverage):
    """The mean of each channel of images.

    Args:
        data_format: ``"channels_last"`` or ``"channels_first"``.
        keepdims: Whether height and width stay, as 1.
        **kwargs: See `Layer`.
    """

    rank = 2


@builtin("keras.layers", "GlobalMaxPool3D")
class GlobalMaxPooling3D(_GlobalMax):
    """The largest element of each channel of volumes."""

    rank = 3


@builtin("keras.layers", "GlobalAvgPool3D")
class GlobalAveragePooling3D(_GlobalAverage):
    """The mean of each channel of volumes."""

    rank = 3


MaxPool1D, MaxPool2D, MaxPool3D = MaxPooling1D, MaxPooling2D, MaxPooling3D
AvgPool1D, AvgPool2D, AvgPool3D = AveragePooling1D, AveragePooling2D, AveragePooling3D
GlobalMaxPool1D, GlobalMaxPool2D, GlobalMaxPool3D = GlobalMaxPooling1D, GlobalMaxPooling2D, GlobalMaxPooling3D
GlobalAvgPool1D, GlobalAvgPool2D = GlobalAveragePooling1D, GlobalAveragePooling2D
GlobalAvgPool3D = GlobalAveragePooling3D

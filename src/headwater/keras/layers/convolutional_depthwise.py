"""Convolutions in which each channel has filters of its own; and those that mix the channels afterwards."""

from __future__ import annotations

from typing import Any

from headwater.keras._arguments import Integer, OneOf, arguments
from headwater.keras._registry import builtin
from headwater.keras.layers.convolutional import _KEPT, _Convolution
from headwater.ops import array, nn


class _PerChannel(_Convolution):
    """What has filters for each channel, `depth_multiplier` of them."""

    kernel_role = "depthwise"
    depth_multiplier: int

    def _check_steps(self) -> None:
        """Any steps go together."""

    def _kernel_shape(self, channels: int) -> tuple[int, ...]:
        return (*self.kernel_size, channels, self.depth_multiplier)

    def _convolve(self, inputs: Any, kernel: Any) -> Any:
        """Convolves; sequences as images of one row."""
        rows = 2 - self.rank
        first = 1 if self._channels_last else 2
        if rows:
            inputs, kernel = array.expand_dims(inputs, first), array.expand_dims(kernel, 0)
        strides, dilations = [[1] * rows + list(steps) for steps in (self.strides, self.dilation_rate)]
        strides = [1, *strides, 1] if self._channels_last else [1, 1, *strides]
        data_format = "NHWC" if self._channels_last else "NCHW"
        outputs = nn.depthwise_conv2d(inputs, kernel, strides, self.padding.upper(), data_format, dilations)
        return array.squeeze(outputs, axis=first) if rows else outputs

    def get_config(self) -> dict[str, Any]:
        config = super().get_config()
        del config["groups"]
        return {**config, "depth_multiplier": self.depth_multiplier}


class _Depthwise(_PerChannel):
    """What convolutions by channel share: their arguments."""

    @arguments(depth_multiplier=Integer(1), padding=OneOf("valid", "same"))
    def __init__(
        self, kernel_size: Any, strides: Any = 1, padding: str = "valid", depth_multiplier: int = 1,
        data_format: str | None = None, dilation_rate: Any = 1, activation: Any = None, use_bias: bool = True,
        depthwise_initializer: Any = "glorot_uniform", bias_initializer: Any = "zeros",
        depthwise_regularizer: Any = None, bias_regularizer: Any = None, activity_regularizer: Any = None,
        depthwise_constraint: Any = None, bias_constraint: Any = None, **kwargs: Any,
    ) -> None:  # fmt: skip
        super().__init__(
            None, kernel_size, strides, padding, data_format, dilation_rate, 1,  # type: ignore[arg-type]
            activation, use_bias, depthwise_initializer, bias_initializer, depthwise_regularizer, bias_regularizer,
            activity_regularizer, depthwise_constraint, bias_constraint, **kwargs,
        )  # fmt: skip
        self.depth_multiplier = depth_multiplier

    def _bias_size(self, channels: int) -> int:
        return channels * self.depth_multiplier

    def get_config(self) -> dict[str, Any]:
        config = super().get_config()
        del config["filters"]
        return config


@builtin("keras.layers")
class DepthwiseConv1D(_Depthwise):
    """A convolution of sequences in which each channel has `depth_multiplier` filters of its own.

    Args:
        kernel_size: The window's length.
        strides: Steps between windows.
        padding: ``"valid"`` or ``"same"``.
        depth_multiplier: How many filters each channel has.
        **kwargs: The arguments of `DepthwiseConv2D`.

    >>> tf.keras.layers.DepthwiseConv1D(3, depth_multiplier=2)(tf.zeros([1, 10, 4])).shape
    TensorShape([1, 8, 8])
    """

    rank = 1


@builtin("keras.layers")
class DepthwiseConv2D(_Depthwise):
    """A convolution of images in which each channel has `depth_multiplier` filters of its own.

    Args:
        kernel_size: The window's size: an integer or two.
        strides: Steps between windows.
        padding: ``"valid"`` or ``"same"``.
        depth_multiplier: How many filters each channel has.
        data_format: ``"channels_last"`` or ``"channels_first"``.
        dilation_rate: Steps within a window.
        activation: A function or its name.
        use_bias: Whether there is a bias.
        depthwise_initializer: First values of the kernel, shape [height, width, channels, depth_multiplier].
        bias_initializer: First values of the bias.
        depthwise_regularizer: A penalty on the kernel.
        bias_regularizer: A penalty on the bias.
        activity_regularizer: A penalty on the output.
        depthwise_constraint: Applied to the kernel after updates.
        bias_constraint: Applied to the bias after updates.
        **kwargs: See `Layer`.

    >>> tf.keras.layers.DepthwiseConv2D(3)(tf.zeros([1, 28, 28, 4])).shape
    TensorShape([1, 26, 26, 4])
    """

    rank = 2


class _Separable(_PerChannel):
    """What separable convolutions share: filters by channel, then filters of size 1 over all channels."""

    @arguments(filters=Integer(1), depth_multiplier=Integer(1), padding=OneOf("valid", "same"))
    def __init__(
        self, filters: int, kernel_size: Any, strides: Any = 1, padding: str = "valid", data_format: str | None = None,
        dilation_rate: Any = 1, depth_multiplier: int = 1, activation: Any = None, use_bias: bool = True,
        depthwise_initializer: Any = "glorot_uniform", pointwise_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros", depthwise_regularizer: Any = None, pointwise_regularizer: Any = None,
        bias_regularizer: Any = None, activity_regularizer: Any = None, depthwise_constraint: Any = None,
        pointwise_constraint: Any = None, bias_constraint: Any = None, **kwargs: Any,
    ) -> None:  # fmt: skip
        super().__init__(
            filters, kernel_size, strides, padding, data_format, dilation_rate, 1, activation, use_bias,
            depthwise_initializer, bias_initializer, depthwise_regularizer, bias_regularizer, activity_regularizer,
            depthwise_constraint, bias_constraint, **kwargs,
        )  # fmt: skip
        self.depth_multiplier = depth_multiplier
        self._keep("pointwise", pointwise_initializer, pointwise_regularizer, pointwise_constraint)

    def build(self, input_shape: Any) -> None:
        channels = self._channels(input_shape)
        mixing = (*[1] * self.rank, channels * self.depth_multiplier, self.filters)
        self.depthwise_kernel = self._make("depthwise", self._kernel_shape(channels), "depthwise_kernel")
        self.pointwise_kernel = self._make("pointwise", mixing, "pointwise_kernel")
        self.bias = self._make("bias", (self.filters,), "bias") if self.use_bias else None

    def call(self, inputs: Any) -> Any:
        by_channel = self._convolve(inputs, self.in_compute_dtype(self.depthwise_kernel))
        mixing = self.in_compute_dtype(self.pointwise_kernel)
        return self._finish(nn.convolution(by_channel, mixing, 1, "VALID", self._format))

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), **{f"pointwise_{what}": getattr(self, f"pointwise_{what}") for what in _KEPT}}


@builtin("keras.layers", "SeparableConvolution1D")
class SeparableConv1D(_Separable):
    """A convolution of sequences by channel, then one of length 1 that mixes the channels.

    Args:
        filters: How many output channels.
        kernel_size: The window's length.
        strides: Steps between windows.
        padding: ``"valid"`` or ``"same"``.
        **kwargs: The arguments of `SeparableConv2D`.

    >>> tf.keras.layers.SeparableConv1D(6, 3)(tf.zeros([1, 10, 4])).shape
    TensorShape([1, 8, 6])
    """

    rank = 1


@builtin("keras.layers", "SeparableConvolution2D")
class SeparableConv2D(_Separable):
    """A convolution of images by channel, then one of size 1 that mixes the channels (Chollet, 2017).

    Args:
        filters: How many output channels.
        kernel_size: The window's size: an integer or two.
        strides: Steps between windows.
        padding: ``"valid"`` or ``"same"``.
        data_format: ``"channels_last"`` or ``"channels_first"``.
        dilation_rate: Steps within a window.
        depth_multiplier: How many filters each channel has.
        activation: A function or its name.
        use_bias: Whether there is a bias.
        depthwise_initializer: First values of the kernel by channel, [height, width, channels, depth_multiplier].
        pointwise_initializer: First values of the mixing kernel, [1, 1, channels * depth_multiplier, filters].
        bias_initializer: First values of the bias.
        depthwise_regularizer: A penalty on the kernel by channel.
        pointwise_regularizer: A penalty on the mixing kernel.
        bias_regularizer: A penalty on the bias.
        activity_regularizer: A penalty on the output.
        depthwise_constraint: Applied to the kernel by channel after updates.
        pointwise_constraint: Applied to the mixing kernel after updates.
        bias_constraint: Applied to the bias after updates.
        **kwargs: See `Layer`.

    >>> tf.keras.layers.SeparableConv2D(6, 3)(tf.zeros([1, 28, 28, 4])).shape
    TensorShape([1, 26, 26, 6])
    """

    rank = 2


SeparableConvolution1D = SeparableConv1D
SeparableConvolution2D = SeparableConv2D

"""Transposed convolutions over one, two or three dimensions: from the shape a convolution gives to the one it takes."""

from __future__ import annotations

from typing import Any

from headwater.keras._arguments import Integer, OneOf, arguments
from headwater.keras._registry import builtin
from headwater.keras.layers.convolutional import _Convolution, sizes
from headwater.ops import array, nn


def _grown(size: Any, kernel: int, stride: int, dilation: int, padding: str, extra: int | None) -> Any:
    """The size, over one dimension, of which a convolution makes `size`; `extra` says which of several."""
    kernel = (kernel - 1) * dilation + 1
    if padding == "same":
        return size * stride if extra is None else (size - 1) * stride + kernel % 2 + extra
    return (size - 1) * stride + kernel + (max(stride - kernel, 0) if extra is None else extra)


class _Transposed(_Convolution):
    """What transposed convolutions share: the shape of the output, and a kernel [..., filters, channels]."""

    @arguments(filters=Integer(1), padding=OneOf("valid", "same"))
    def __init__(
        self, filters: int, kernel_size: Any, strides: Any = 1, padding: str = "valid", output_padding: Any = None,
        data_format: str | None = None, dilation_rate: Any = 1, activation: Any = None, use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform", bias_initializer: Any = "zeros", kernel_regularizer: Any = None,
        bias_regularizer: Any = None, activity_regularizer: Any = None, kernel_constraint: Any = None,
        bias_constraint: Any = None, **kwargs: Any,
    ) -> None:  # fmt: skip
        super().__init__(
            filters, kernel_size, strides, padding, data_format, dilation_rate, 1, activation, use_bias,
            kernel_initializer, bias_initializer, kernel_regularizer, bias_regularizer, activity_regularizer,
            kernel_constraint, bias_constraint, **kwargs,
        )  # fmt: skip
        self.output_padding = None if output_padding is None else sizes(output_padding, self.rank, "output_padding", 0)
        if any(extra >= stride for extra, stride in zip(self.output_padding or (), self.strides, strict=False)):
            raise ValueError(
                "Expected `output_padding` to be less than `strides` in every dimension. Received: "
                f"output_padding={self.output_padding}, strides={self.strides}"
            )

    def _kernel_shape(self, channels: int) -> tuple[int, ...]:
        return (*self.kernel_size, self.filters, channels)

    def _output_shape(self, shape: Any) -> list[Any]:
        """The output's shape, where sizes are integers or tensors; None where they are None."""
        first = 1 if self._channels_last else 2
        spatial = [
            None if size is None else _grown(size, kernel, stride, dilation, self.padding, extra)
            for size, kernel, stride, dilation, extra in zip(
                shape[first : first + self.rank], self.kernel_size, self.strides, self.dilation_rate,
                self.output_padding or [None] * self.rank, strict=True,
            )
        ]  # fmt: skip
        return [shape[0], *spatial, self.filters] if self._channels_last else [shape[0], self.filters, *spatial]

    def compute_output_shape(self, input_shape: Any) -> tuple[Any, ...]:
        """The output's shape for inputs of this shape."""
        return tuple(self._output_shape(tuple(input_shape)))

    def _convolve(self, inputs: Any, kernel: Any) -> Any:
        known, current = inputs.shape.as_list(), array.shape(inputs)
        outputs = nn.conv_transpose(
            inputs, kernel, self._output_shape([current[i] if n is None else n for i, n in enumerate(known)]),
            list(self.strides), self.padding.upper(), self._format, list(self.dilation_rate),
        )  # fmt: skip
        outputs.set_shape(self._output_shape(known))
        return outputs

    def get_config(self) -> dict[str, Any]:
        config = super().get_config()
        del config["groups"]
        return {**config, "output_padding": self.output_padding}


@builtin("keras.layers", "Convolution1DTranspose")
class Conv1DTranspose(_Transposed):
    """The transpose of `Conv1D`, of sequences [batch, steps, channels].

    Args:
        filters: How many output channels.
        kernel_size: The window's length.
        strides: Steps between windows.
        padding: ``"valid"`` or ``"same"``.
        output_padding: What the output is longer by than the shortest one possible; less than `strides`.
        **kwargs: The arguments of `Conv2DTranspose`.

    >>> tf.keras.layers.Conv1DTranspose(3, 2, strides=2)(tf.zeros([1, 5, 4])).shape
    TensorShape([1, 10, 3])
    """

    rank = 1


@builtin("keras.layers", "Convolution2DTranspose")
class Conv2DTranspose(_Transposed):
    """The transpose of `Conv2D`, of images [batch, height, width, channels].

    Args:
        filters: How many output channels.
        kernel_size: The window's size: an integer or two.
        strides: Steps between windows.
        padding: ``"valid"`` or ``"same"``.
        output_padding: What the output is larger by than the smallest one possible: an integer or two, less than
            `strides`; default: with ``"same"``, such that the output is `strides` times as large as the input.
        data_format: ``"channels_last"`` or ``"channels_first"``.
        dilation_rate: Steps within a window.
        activation: A function or its name.
        use_bias: Whether there is a bias.
        kernel_initializer: First values of the kernel, shape [height, width, filters, channels].
        bias_initializer: First values of the bias.
        kernel_regularizer: A penalty on the kernel.
        bias_regularizer: A penalty on the bias.
        activity_regularizer: A penalty on the output.
        kernel_constraint: Applied to the kernel after updates.
        bias_constraint: Applied to the bias after updates.
        **kwargs: See `Layer`.

    >>> tf.keras.layers.Conv2DTranspose(8, 3, strides=2, padding="same")(tf.zeros([1, 7, 7, 1])).shape
    TensorShape([1, 14, 14, 8])
    """

    rank = 2


@builtin("keras.layers", "Convolution3DTranspose")
class Conv3DTranspose(_Transposed):
    """The transpose of `Conv3D`, of volumes [batch, depth, height, width, channels].

    Args:
        filters: How many output channels.
        kernel_size: The window's size: an integer or three.
        strides: Steps between windows.
        padding: ``"valid"`` or ``"same"``.
        data_format: ``"channels_last"`` or ``"channels_first"``.
        output_padding: What the output is larger by than the smallest one possible; less than `strides`.
        *args: The arguments of `Conv2DTranspose` from `dilation_rate` on.
        **kwargs: The same by name.

    >>> tf.keras.layers.Conv3DTranspose(3, 2)(tf.zeros([1, 2, 3, 4, 1])).shape
    TensorShape([1, 3, 4, 5, 3])
    """

    rank = 3

    def __init__(
        self, filters: int, kernel_size: Any, strides: Any = 1, padding: str = "valid", data_format: str | None = None,
        output_padding: Any = None, *args: Any, **kwargs: Any,
    ) -> None:  # fmt: skip
        super().__init__(filters, kernel_size, strides, padding, output_padding, data_format, *args, **kwargs)


Convolution1DTranspose = Conv1DTranspose
Convolution2DTranspose = Conv2DTranspose
Convolution3DTranspose = Conv3DTranspose

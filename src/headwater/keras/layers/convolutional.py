"""Convolutions over one, two or three dimensions."""

from __future__ import annotations

import operator
from typing import Any

import numpy as np

from headwater.keras import activations, constraints, initializers, regularizers
from headwater.keras._arguments import Integer, OneOf, arguments
from headwater.keras._registry import builtin
from headwater.keras._state import data_format_of
from headwater.keras.layers._base import Layer
from headwater.keras.layers._spec import InputSpec
from headwater.ops import array, nn

_KEPT = ("initializer", "regularizer", "constraint")
_FORMATS = {1: ("NWC", "NCW"), 2: ("NHWC", "NCHW"), 3: ("NDHWC", "NCDHW")}


def sizes(value: Any, rank: int, name: str, smallest: int = 1) -> tuple[int, ...]:
    """An integer, or one per dimension, as a tuple."""
    given = (value,) * rank if isinstance(value, int | np.integer) else value
    try:
        found = tuple([operator.index(n) for n in given])
    except TypeError:
        found = ()
    if len(found) != rank or any(n < smallest for n in found):
        raise ValueError(
            f"The `{name}` argument must be an integer or a tuple of {rank} integers of at least {smallest}. Received: "
            f"{name}={value}"
        )
    return found


class _Convolution(Layer):
    """What convolutions share: arguments, kernel and bias."""

    rank: int
    computes_in_floats = True
    # What the arguments about the kernel are named after.
    kernel_role = "kernel"

    @arguments(filters=Integer(1, optional=True), groups=Integer(1), padding=OneOf("valid", "same", "causal"))
    def __init__(
        self, filters: int, kernel_size: Any, strides: Any = 1, padding: str = "valid", data_format: str | None = None,
        dilation_rate: Any = 1, groups: int = 1, activation: Any = None, use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform", bias_initializer: Any = "zeros", kernel_regularizer: Any = None,
        bias_regularizer: Any = None, activity_regularizer: Any = None, kernel_constraint: Any = None,
        bias_constraint: Any = None, **kwargs: Any,
    ) -> None:  # fmt: skip
        super().__init__(activity_regularizer=activity_regularizer, **kwargs)
        self.filters = filters
        self.kernel_size = sizes(kernel_size, self.rank, "kernel_size")
        self.strides = sizes(strides, self.rank, "strides")
        self.padding = padding
        allowed = ("valid", "same", "causal") if self.rank == 1 else ("valid", "same")
        if self.padding not in allowed:
            raise ValueError(f"The `padding` argument must be one of {allowed}. Received: padding={padding}")
        self.data_format = data_format_of(data_format)
        self.dilation_rate = sizes(dilation_rate, self.rank, "dilation_rate")
        self._check_steps()
        self.groups = groups
        self.activation = activations.get(activation)
        self.use_bias = use_bias
        self._keep(self.kernel_role, kernel_initializer, kernel_regularizer, kernel_constraint)
        self._keep("bias", bias_initializer, bias_regularizer, bias_constraint)
        self.input_spec = InputSpec(min_ndim=self.rank + 2)
        if filters is not None and filters % groups:
            raise ValueError(
                f"The number of filters must be divisible by `groups`. Received: filters={filters}, groups={groups}"
            )

    def _check_steps(self) -> None:
        """Raises ValueError for steps between windows that do not go with those within."""
        if max(self.strides) > 1 and max(self.dilation_rate) > 1:
            raise ValueError(
                "`strides > 1` not supported in conjunction with `dilation_rate > 1`. Received: "
                f"strides={self.strides} and dilation_rate={self.dilation_rate}"
            )

    def _keep(self, role: str, initializer: Any, regularizer: Any, constraint: Any) -> None:
        """Keeps what the arguments say about a weight."""
        setattr(self, f"{role}_initializer", initializers.get(initializer))
        setattr(self, f"{role}_regularizer", regularizers.get(regularizer))
        setattr(self, f"{role}_constraint", constraints.get(constraint))

    def _make(self, role: str, shape: tuple[int, ...], name: str) -> Any:
        """A weight, as the arguments say."""
        kept = [getattr(self, f"{role}_{what}") for what in _KEPT]
        return self.add_weight(shape, kept[0], name=name, regularizer=kept[1], constraint=kept[2])

    @property
    def _channels_last(self) -> bool:
        return self.data_format == "channels_last"

    @property
    def _format(self) -> str:
        return _FORMATS[self.rank][0 if self._channels_last else 1]

    def _channels(self, input_shape: Any) -> int:
        axis = -1 if self._channels_last else 1
        count = input_shape[axis]
        if count is None:
            raise ValueError(f"The channel dimension of the inputs must be known. Received: input_shape={input_shape}.")
        if count % self.groups:
            raise ValueError(
                f"The number of input channels must be divisible by groups={self.groups}. Received: {count}."
            )
        self.input_spec = InputSpec(min_ndim=self.rank + 2, axes={axis: count})
        return int(count)

    def _kernel_shape(self, channels: int) -> tuple[int, ...]:
        return (*self.kernel_size, channels // self.groups, self.filters)

    def _bias_size(self, channels: int) -> int:
        return self.filters

    def build(self, input_shape: Any) -> None:
        channels = self._channels(input_shape)
        self.kernel = self._make(self.kernel_role, self._kernel_shape(channels), "kernel")
        self.bias = self._make("bias", (self._bias_size(channels),), "bias") if self.use_bias else None

    def _convolve(self, inputs: Any, kernel: Any) -> Any:
        padding = self.padding.upper()
        if self.padding == "causal":
            left = self.dilation_rate[0] * (self.kernel_size[0] - 1)
            pads = [[0, 0], [left, 0], [0, 0]] if self._channels_last else [[0, 0], [0, 0], [left, 0]]
            inputs, padding = array.pad(inputs, pads), "VALID"
        return nn.convolution(
            inputs, kernel, strides=list(self.strides), padding=padding, data_format=self._format,
            dilations=list(self.dilation_rate),
        )  # fmt: skip

    def call(self, inputs: Any) -> Any:
        return self._finish(self._convolve(inputs, self.in_compute_dtype(self.kernel)))

    def _finish(self, outputs: Any) -> Any:
        """Adds the bias and applies the activation."""
        if self.bias is not None:
            bias = self.in_compute_dtype(self.bias)
            if self._channels_last:
                outputs = nn.bias_add(outputs, bias)
            else:
                outputs = outputs + array.reshape(bias, [1, -1] + [1] * self.rank)
        return outputs if self.activation is None else self.activation(outputs)

    def get_config(self) -> dict[str, Any]:
        names = ["filters", "kernel_size", "strides", "padding", "data_format", "dilation_rate", "groups", "use_bias"]
        names += [f"{role}_{what}" for role in (self.kernel_role, "bias") for what in _KEPT]
        own = {name: getattr(self, name) for name in names}
        return {**super().get_config(), **own, "activation": activations.serialize(self.activation)}


@builtin("keras.layers", "Convolution1D")
class Conv1D(_Convolution):
    """A convolution of sequences [batch, steps, channels].

    Args:
        filters: How many output channels.
        kernel_size: The window's length.
        strides: Steps between windows.
        padding: ``"valid"``, ``"same"`` or ``"causal"``.
        **kwargs: The arguments of `Conv2D`.
    """

    rank = 1


@builtin("keras.layers", "Convolution2D")
class Conv2D(_Convolution):
    """A convolution of images [batch, height, width, channels].

    Args:
        filters: How many output channels.
        kernel_size: The window's size: an integer or two.
        strides: Steps between windows.
        padding: ``"valid"`` or ``"same"``.
        data_format: ``"channels_last"`` or ``"channels_first"``.
        dilation_rate: Steps within a window.
        groups: Into how many groups the channels are divided.
        activation: A function or its name.
        use_bias: Whether there is a bias.
        kernel_initializer: First values of the kernel, shape [height, width, channels / groups, filters].
        bias_initializer: First values of the bias.
        kernel_regularizer: A penalty on the kernel.
        bias_regularizer: A penalty on the bias.
        activity_regularizer: A penalty on the output.
        kernel_constraint: Applied to the kernel after updates.
        bias_constraint: Applied to the bias after updates.
        **kwargs: See `Layer`.

    >>> tf.keras.layers.Conv2D(8, 3)(tf.zeros([1, 28, 28, 1])).shape
    TensorShape([1, 26, 26, 8])
    """

    rank = 2


@builtin("keras.layers", "Convolution3D")
class Conv3D(_Convolution):
    """A convolution of volumes [batch, depth, height, width, channels]; arguments as those of `Conv2D`."""

    rank = 3


Convolution1D = Conv1D
Convolution2D = Conv2D
Convolution3D = Conv3D

"""Layers that keep means and variances in bounds."""

from __future__ import annotations

from typing import Any

from headwater.core.tensor import convert_to_tensor
from headwater.keras import constraints, initializers, regularizers
from headwater.keras._arguments import Axes, Integer, Number, arguments
from headwater.keras._registry import builtin
from headwater.keras._state import epsilon as smallest
from headwater.keras.layers._base import Layer
from headwater.keras.layers._spec import InputSpec
from headwater.ops import array, math


class _Scaled(Layer):
    """What normalizing layers share: a scale (gamma) and an offset (beta)."""

    computes_in_floats = True

    def __init__(
        self, center: bool, scale: bool, beta_initializer: Any, gamma_initializer: Any, beta_regularizer: Any,
        gamma_regularizer: Any, beta_constraint: Any, gamma_constraint: Any, **kwargs: Any,
    ) -> None:  # fmt: skip
        super().__init__(**kwargs)
        self.center = center
        self.scale = scale
        self.beta_initializer = initializers.get(beta_initializer)
        self.gamma_initializer = initializers.get(gamma_initializer)
        self.beta_regularizer = regularizers.get(beta_regularizer)
        self.gamma_regularizer = regularizers.get(gamma_regularizer)
        self.beta_constraint = constraints.get(beta_constraint)
        self.gamma_constraint = constraints.get(gamma_constraint)
        self.supports_masking = True

    def _add_scale(self, shape: tuple[int, ...]) -> None:
        self.gamma = self.beta = None
        if self.scale:
            self.gamma = self.add_weight(
                shape, self.gamma_initializer, autocast=False, regularizer=self.gamma_regularizer,
                constraint=self.gamma_constraint, name="gamma",
            )  # fmt: skip
        if self.center:
            self.beta = self.add_weight(
                shape, self.beta_initializer, autocast=False, regularizer=self.beta_regularizer,
                constraint=self.beta_constraint, name="beta",
            )  # fmt: skip

    def _scale_config(self) -> dict[str, Any]:
        names = ("center", "scale", "beta_initializer", "gamma_initializer", "beta_regularizer", "gamma_regularizer",
                 "beta_constraint", "gamma_constraint")  # fmt: skip
        return {name: getattr(self, name) for name in names}


@builtin("keras.layers")
class BatchNormalization(_Scaled):
    """Mean 0 and variance 1 per channel, over the batch (Ioffe and Szegedy, 2015).

    While training the batch's own mean and variance are used, and moving averages of them are kept for later. A layer
    that is not trainable uses the averages always.

    Args:
        axis: The axis of the channels.
        momentum: How much of the moving averages is kept.
        epsilon: Added to the variance.
        center: Whether there is an offset beta.
        scale: Whether there is a scale gamma.
        moving_mean_initializer: First values of the moving mean.
        moving_variance_initializer: First values of the moving variance.
        **kwargs: See `Layer`; and initializers, regularizers and constraints of beta and gamma.
    """

    @arguments(axis=Integer(wrong_type=TypeError), momentum=Number(), epsilon=Number())
    def __init__(
        self, axis: int = -1, momentum: float = 0.99, epsilon: float = 1e-3, center: bool = True, scale: bool = True,
        beta_initializer: Any = "zeros", gamma_initializer: Any = "ones", moving_mean_initializer: Any = "zeros",
        moving_variance_initializer: Any = "ones", beta_regularizer: Any = None, gamma_regularizer: Any = None,
        beta_constraint: Any = None, gamma_constraint: Any = None, synchronized: bool = False, **kwargs: Any,
    ) -> None:  # fmt: skip
        if kwargs.pop("renorm", False):
            raise ValueError("BatchNormalization: batch renormalization is not supported; expected renorm=False.")
        kwargs.pop("renorm_clipping", None)
        kwargs.pop("renorm_momentum", None)
        super().__init__(center, scale, beta_initializer, gamma_initializer, beta_regularizer, gamma_regularizer,
                         beta_constraint, gamma_constraint, **kwargs)  # fmt: skip
        self.axis = axis
        self.momentum = float(momentum)
        self.epsilon = epsilon
        self.moving_mean_initializer = initializers.get(moving_mean_initializer)
        self.moving_variance_initializer = initializers.get(moving_variance_initializer)
        self.synchronized = synchronized

    def build(self, input_shape: Any) -> None:
        size = input_shape[self.axis]
        if size is None:
            raise ValueError(f"Axis {self.axis} of the input must have a known size. Received: {input_shape}.")
        self._add_scale((size,))
        self.moving_mean = self.add_weight(
            (size,), self.moving_mean_initializer, trainable=False, autocast=False, name="moving_mean"
        )
        self.moving_variance = self.add_weight(
            (size,), self.moving_variance_initializer, trainable=False, autocast=False, name="moving_variance"
        )
        self.input_spec = InputSpec(ndim=len(input_shape), axes={self.axis % len(input_shape): size})

    def call(self, inputs: Any, training: Any = None, mask: Any = None) -> Any:
        rank = inputs.shape.rank
        axis = self.axis % rank
        others = [i for i in range(rank) if i != axis]
        shape = [-1 if i == axis else 1 for i in range(rank)]
        x = math.cast(inputs, "float32") if inputs.dtype.size < 4 else inputs
        if training and self.trainable:
            mean, variance = _moments(x, others) if mask is None else _masked_moments(x, others, mask)
            self._follow(self.moving_mean, mean)
            self._follow(self.moving_variance, variance)
        else:
            mean, variance = convert_to_tensor(self.moving_mean), convert_to_tensor(self.moving_variance)
        factor = math.rsqrt(variance + self.epsilon)
        if self.gamma is not None:
            factor = factor * self.gamma
        offset = -mean * factor
        if self.beta is not None:
            offset = offset + self.beta
        return math.cast(x * array.reshape(factor, shape) + array.reshape(offset, shape), inputs.dtype)

    def _follow(self, average: Any, value: Any) -> None:
        kept = convert_to_tensor(average) * self.momentum
        average.assign(kept + math.cast(value, average.dtype) * (1.0 - self.momentum), read_value=False)

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(), "axis": self.axis, "momentum": self.momentum, "epsilon": self.epsilon,
            **self._scale_config(), "moving_mean_initializer": self.moving_mean_initializer,
            "moving_variance_initializer": self.moving_variance_initializer, "synchronized": self.synchronized,
        }  # fmt: skip


def _moments(x: Any, axes: list[int], keepdims: bool = False) -> tuple[Any, Any]:
    mean = math.reduce_mean(x, axis=axes, keepdims=True)
    variance = math.reduce_mean(math.square(x - mean), axis=axes, keepdims=keepdims)
    return (mean if keepdims else array.squeeze(mean, axis=axes)), variance


def _masked_moments(x: Any, axes: list[int], mask: Any) -> tuple[Any, Any]:
    """Mean and variance of what the mask counts: those of nothing are 0."""
    mask = math.cast(mask, x.dtype)
    while mask.shape.rank < x.shape.rank:
        mask = array.expand_dims(mask, -1)
    counted = mask + array.zeros_like(x)
    total = math.reduce_sum(counted, axis=axes, keepdims=True) + smallest()
    mean = math.reduce_sum(x * counted, axis=axes, keepdims=True) / total
    variance = math.reduce_sum(math.square(x - mean) * counted, axis=axes, keepdims=True) / total
    return array.squeeze(mean, axis=axes), array.squeeze(variance, axis=axes)


@builtin("keras.layers")
class LayerNormalization(_Scaled):
    """Mean 0 and variance 1 of each sample, over `axis` (Ba et al., 2016).

    Args:
        axis: An axis or several.
        epsilon: Added to the variance.
        center: Whether there is an offset beta.
        scale: Whether there is a scale gamma.
        **kwargs: See `Layer`; and initializers, regularizers and constraints of beta and gamma.
    """

    @arguments(axis=Axes(wrong_type=TypeError), epsilon=Number())
    def __init__(
        self, axis: Any = -1, epsilon: float = 1e-3, center: bool = True, scale: bool = True,
        beta_initializer: Any = "zeros", gamma_initializer: Any = "ones", beta_regularizer: Any = None,
        gamma_regularizer: Any = None, beta_constraint: Any = None, gamma_constraint: Any = None, **kwargs: Any,
    ) -> None:  # fmt: skip
        if kwargs.pop("rms_scaling", False):
            raise ValueError("LayerNormalization: expected rms_scaling=False.")
        super().__init__(center, scale, beta_initializer, gamma_initializer, beta_regularizer, gamma_regularizer,
                         beta_constraint, gamma_constraint, **kwargs)  # fmt: skip
        self.axis = list(axis) if isinstance(axis, list | tuple) else axis
        self.epsilon = epsilon

    def _axes(self, rank: int) -> list[int]:
        given = self.axis if isinstance(self.axis, list) else [self.axis]
        return sorted(a % rank for a in given)

    def build(self, input_shape: Any) -> None:
        self._add_scale(tuple(input_shape[a] for a in self._axes(len(input_shape))))

    def call(self, inputs: Any) -> Any:
        rank = inputs.shape.rank
        axes = self._axes(rank)
        x = math.cast(inputs, "float32") if inputs.dtype.size < 4 else inputs
        mean, variance = _moments(x, axes, keepdims=True)
        shape = [inputs.shape[i] if i in axes else 1 for i in range(rank)]
        x = (x - mean) * math.rsqrt(variance + self.epsilon)
        if self.gamma is not None:
            x = x * array.reshape(self.gamma, shape)
        if self.beta is not None:
            x = x + array.reshape(self.beta, shape)
        return math.cast(x, inputs.dtype)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "axis": self.axis, "epsilon": self.epsilon, **self._scale_config()}


@builtin("keras.layers")
class GroupNormalization(_Scaled):
    """Mean 0 and variance 1 of each group of channels of each sample (Wu and He, 2018).

    Args:
        groups: How many groups; -1: each channel by itself. It must divide the number of channels.
        axis: The axis of the channels.
        epsilon: Added to the variance.
        center: Whether there is an offset beta.
        scale: Whether there is a scale gamma.
        **kwargs: See `Layer`; and initializers, regularizers and constraints of beta and gamma.

    >>> tf.keras.layers.GroupNormalization(2)(tf.constant([[1.0, 3.0, 10.0, 10.0]])).numpy().round(2)
    array([[-1.,  1.,  0.,  0.]], dtype=float32)
    """

    @arguments(groups=Integer(), axis=Integer(wrong_type=TypeError), epsilon=Number())
    def __init__(
        self, groups: int = 32, axis: int = -1, epsilon: float = 1e-3, center: bool = True, scale: bool = True,
        beta_initializer: Any = "zeros", gamma_initializer: Any = "ones", beta_regularizer: Any = None,
        gamma_regularizer: Any = None, beta_constraint: Any = None, gamma_constraint: Any = None, **kwargs: Any,
    ) -> None:  # fmt: skip
        super().__init__(center, scale, beta_initializer, gamma_initializer, beta_regularizer, gamma_regularizer,
                         beta_constraint, gamma_constraint, **kwargs)  # fmt: skip
        if groups < 1 and groups != -1:
            raise ValueError(f"`groups` must be positive, or -1 for instance normalization. Received: groups={groups}")
        self.groups = groups
        self.axis = axis
        self.epsilon = epsilon

    def build(self, input_shape: Any) -> None:
        size = input_shape[self.axis]
        if size is None:
            raise ValueError(f"Axis {self.axis} of the input must have a known size. Received: {input_shape}.")
        groups = size if self.groups == -1 else self.groups
        if groups > size or size % groups:
            raise ValueError(
                f"The number of groups ({groups}) must divide the number of channels ({size}), and cannot be more. "
                f"Received: input_shape={input_shape}"
            )
        self.groups = groups
        self._add_scale((size,))
        self.input_spec = InputSpec(ndim=len(input_shape), axes={self.axis % len(input_shape): size})

    def call(self, inputs: Any) -> Any:
        rank = inputs.shape.rank
        axis = self.axis % rank
        x = math.cast(inputs, "float32") if inputs.dtype.size < 4 else inputs
        shape, size = array.shape_of(inputs), inputs.shape[axis]
        parts = [self.groups, size // self.groups]
        x = array.reshape(x, array.concat([shape[:axis], parts, shape[axis + 1 :]], 0))
        mean, variance = _moments(x, [i for i in range(1, rank + 1) if i != axis], keepdims=True)
        x = array.reshape((x - mean) * math.rsqrt(variance + self.epsilon), shape)
        along = [-1 if i == axis else 1 for i in range(rank)]
        if self.gamma is not None:
            x = x * array.reshape(self.gamma, along)
        if self.beta is not None:
            x = x + array.reshape(self.beta, along)
        return math.cast(array.ensure_shape(x, inputs.shape), inputs.dtype)

    def get_config(self) -> dict[str, Any]:
        own = {"groups": self.groups, "axis": self.axis, "epsilon": self.epsilon}
        return {**super().get_config(), **own, **self._scale_config()}


@builtin("keras.layers")
class UnitNormalization(Layer):
    """Each sample as a vector of length 1.

    Args:
        axis: An axis or several.
        **kwargs: See `Layer`.

    >>> tf.keras.layers.UnitNormalization()(tf.constant([[3.0, 4.0]])).numpy()
    array([[0.6, 0.8]], dtype=float32)
    """

    is_built_at_once = True
    computes_in_floats = True

    @arguments(axis=Axes(wrong_type=TypeError))
    def __init__(self, axis: Any = -1, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.axis = list(axis) if isinstance(axis, list | tuple) else axis
        self.supports_masking = True

    def call(self, inputs: Any) -> Any:
        squares = math.reduce_sum(math.square(inputs), axis=self.axis, keepdims=True)
        return inputs * math.rsqrt(math.maximum(squares, 1e-12))

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "axis": self.axis}


@builtin("keras.layers")
class RMSNormalization(Layer):
    """Each sample divided by the root of its mean square, times a scale (Zhang and Sennrich, 2019).

    Args:
        axis: The axis, or several that are the last.
        epsilon: Added to the mean square.
        **kwargs: See `Layer`.

    >>> tf.keras.layers.RMSNormalization()(tf.constant([[3.0, 4.0]])).numpy().round(3)
    array([[0.849, 1.131]], dtype=float32)
    """

    computes_in_floats = True

    @arguments(axis=Axes(wrong_type=TypeError), epsilon=Number())
    def __init__(self, axis: Any = -1, epsilon: float = 1e-6, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.axis = list(axis) if isinstance(axis, list | tuple) else axis
        self.epsilon = epsilon

    def _axes(self, rank: int) -> list[int]:
        return sorted(a % rank for a in (self.axis if isinstance(self.axis, list) else [self.axis]))

    def build(self, input_shape: Any) -> None:
        shape = tuple([input_shape[a] for a in self._axes(len(input_shape))])
        self.scale = self.add_weight(shape, "ones", autocast=False, name="scale")

    def call(self, inputs: Any) -> Any:
        rank = inputs.shape.rank
        axes = self._axes(rank)
        x = math.cast(inputs, "float32") if inputs.dtype.size < 4 else inputs
        x = x * math.rsqrt(math.reduce_mean(math.square(x), axis=axes, keepdims=True) + self.epsilon)
        shape = [inputs.shape[i] if i in axes else 1 for i in range(rank)]
        return math.cast(x * array.reshape(self.scale, shape), inputs.dtype)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "axis": self.axis, "epsilon": self.epsilon}

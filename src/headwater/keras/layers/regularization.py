"""Layers that act while training only, to keep models from learning by heart."""

from __future__ import annotations

from typing import Any

from headwater.keras._arguments import Integer, Number, Sizes, arguments
from headwater.keras._random import SeedGenerator
from headwater.keras._registry import builtin
from headwater.keras._state import data_format_of
from headwater.keras.layers._base import Layer
from headwater.keras.layers._spec import InputSpec
from headwater.ops import array, math, random


@builtin("keras.layers")
class Dropout(Layer):
    """Sets a random part of the inputs to 0 while training, and scales up the rest (Srivastava et al., 2014).

    Args:
        rate: The part that is dropped.
        noise_shape: The shape of the random mask, 1 where it is shared; None: that of the inputs.
        seed: An int, for the same masks in every run.
        **kwargs: See `Layer`.

    >>> tf.keras.layers.Dropout(0.5)(tf.ones([2])).numpy()
    array([1., 1.], dtype=float32)
    """

    is_built_at_once = True

    @arguments(rate=Number(0, 1), noise_shape=Sizes(1, optional=True), seed=Integer(optional=True))
    def __init__(self, rate: float, noise_shape: Any = None, seed: int | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.rate = rate
        self.noise_shape = noise_shape
        self.seed = seed
        self.supports_masking = True
        if rate > 0:
            self.seed_generator = SeedGenerator(seed)

    def _mask_shape(self, inputs: Any) -> Any:
        if self.noise_shape is None:
            return array.shape_of(inputs)
        shape = array.shape(inputs)
        return [shape[i] if n is None else n for i, n in enumerate(self.noise_shape)]

    def call(self, inputs: Any, training: Any = False) -> Any:
        if not training or self.rate == 0:
            return inputs
        if self.rate == 1:
            return array.zeros_like(inputs)
        draw = random.stateless_uniform(self._mask_shape(inputs), math.cast(self.seed_generator.next(), "int64"))
        kept = math.cast(draw >= self.rate, inputs.dtype)
        return inputs * kept * (1.0 / (1.0 - self.rate))

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "rate": self.rate, "seed": self.seed, "noise_shape": self.noise_shape}


class _SpatialDropout(Dropout):
    """Drops whole channels."""

    rank: int

    def __init__(
        self, rate: float, data_format: str | None = None, seed: int | None = None, name: str | None = None,
        dtype: Any = None, **kwargs: Any,
    ) -> None:  # fmt: skip
        super().__init__(rate, seed=seed, name=name, dtype=dtype, **kwargs)
        self.data_format = data_format_of(data_format)
        self.input_spec = InputSpec(ndim=self.rank + 2)

    def _mask_shape(self, inputs: Any) -> Any:
        shape = array.shape(inputs)
        ones = [1] * self.rank
        return [shape[0], *ones, shape[-1]] if self.data_format == "channels_last" else [shape[0], shape[1], *ones]

    def get_config(self) -> dict[str, Any]:
        config = super().get_config()
        config.pop("noise_shape")
        return {**config, "data_format": self.data_format}


@builtin("keras.layers")
class SpatialDropout1D(_SpatialDropout):
    """Sets random channels of sequences to 0 while training, in all steps, and scales up the rest.

    Args:
        rate: The part of the channels that is dropped.
        seed: An int, for the same masks in every run.
        name: Its name.
        dtype: Its dtype or policy.
        **kwargs: See `Layer`.
    """

    rank = 1

    def __init__(
        self, rate: float, seed: int | None = None, name: str | None = None, dtype: Any = None, **kwargs: Any
    ) -> None:
        super().__init__(rate, "channels_last", seed, name, dtype, **kwargs)

    def get_config(self) -> dict[str, Any]:
        config = super().get_config()
        config.pop("data_format")
        return config


@builtin("keras.layers")
class SpatialDropout2D(_SpatialDropout):
    """Sets random channels of images to 0 while training, at all places, and scales up the rest (Tompson et al., 2014).

    Args:
        rate: The part of the channels that is dropped.
        data_format: ``"channels_last"`` or ``"channels_first"``.
        seed: An int, for the same masks in every run.
        name: Its name.
        dtype: Its dtype or policy.
        **kwargs: See `Layer`.

    >>> x = tf.keras.layers.SpatialDropout2D(0.5, seed=1)(tf.ones([1, 2, 2, 8]), training=True)
    >>> bool(tf.reduce_all(x == x[:, :1, :1]))
    True
    """

    rank = 2


@builtin("keras.layers")
class SpatialDropout3D(_SpatialDropout):
    """Sets random channels of volumes to 0 while training; arguments as those of `SpatialDropout2D`."""

    rank = 3


@builtin("keras.layers")
class GaussianDropout(Layer):
    """Multiplies by normal noise of mean 1 while training (Srivastava et al., 2014).

    Args:
        rate: As of `Dropout`: the noise's standard deviation is ``sqrt(rate / (1 - rate))``.
        seed: An int, for the same noise in every run.
        **kwargs: See `Layer`.
    """

    is_built_at_once = True

    @arguments(rate=Number(0, 1), seed=Integer(optional=True))
    def __init__(self, rate: float, seed: int | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.rate = rate
        self.seed = seed
        self.supports_masking = True
        if rate > 0:
            self.seed_generator = SeedGenerator(seed)

    def call(self, inputs: Any, training: Any = False) -> Any:
        if not training or self.rate == 0:
            return inputs
        deviation = (self.rate / (1.0 - self.rate)) ** 0.5 if self.rate < 1 else float("inf")
        seed = math.cast(self.seed_generator.next(), "int64")
        return inputs * random.stateless_normal(array.shape_of(inputs), seed, 1.0, deviation, inputs.dtype)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "rate": self.rate, "seed": self.seed}


# What `selu` tends to far below 0.
_SELU_FLOOR = -1.6732632423543772 * 1.0507009873554805


@builtin("keras.layers")
class AlphaDropout(Dropout):
    """Dropout that keeps mean and variance of what `selu` gives (Klambauer et al., 2017).

    Args:
        rate: The part that is dropped.
        noise_shape: The shape of the random mask, 1 where it is shared; None: that of the inputs.
        seed: An int, for the same masks in every run.
        **kwargs: See `Layer`.
    """

    def call(self, inputs: Any, training: Any = False) -> Any:
        if not training or self.rate == 0:
            return inputs
        draw = random.stateless_uniform(self._mask_shape(inputs), math.cast(self.seed_generator.next(), "int64"))
        kept = math.cast(draw >= self.rate, inputs.dtype)
        if self.rate == 1:
            return array.zeros_like(inputs)
        scale = ((1.0 - self.rate) * (1.0 + self.rate * _SELU_FLOOR**2)) ** -0.5
        shift = -scale * _SELU_FLOOR * self.rate
        return scale * (inputs * kept + _SELU_FLOOR * (1.0 - kept)) + shift


@builtin("keras.layers")
class GaussianNoise(Layer):
    """Adds normal noise while training.

    Args:
        stddev: The noise's standard deviation.
        seed: An int, for the same noise in every run.
        **kwargs: See `Layer`.
    """

    is_built_at_once = True

    @arguments(stddev=Number(0, 1), seed=Integer(optional=True))
    def __init__(self, stddev: float, seed: int | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.stddev = stddev
        self.seed = seed
        self.supports_masking = True
        if stddev > 0:
            self.seed_generator = SeedGenerator(seed)

    def call(self, inputs: Any, training: Any = False) -> Any:
        if not training or self.stddev == 0:
            return inputs
        seed = math.cast(self.seed_generator.next(), "int64")
        return inputs + random.stateless_normal(array.shape_of(inputs), seed, 0.0, self.stddev, inputs.dtype)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "stddev": self.stddev, "seed": self.seed}


@builtin("keras.layers")
class ActivityRegularization(Layer):
    """Adds a penalty on its inputs to the loss.

    Args:
        l1: The factor of the absolute values.
        l2: The factor of the squares.
        **kwargs: See `Layer`.
    """

    is_built_at_once = True

    def __init__(self, l1: float = 0.0, l2: float = 0.0, **kwargs: Any) -> None:
        super().__init__(activity_regularizer={"class_name": "L1L2", "config": {"l1": l1, "l2": l2}}, **kwargs)
        self.l1 = l1
        self.l2 = l2
        self.supports_masking = True

    def call(self, inputs: Any) -> Any:
        return inputs

    def get_config(self) -> dict[str, Any]:
        config = super().get_config()
        config.pop("activity_regularizer", None)
        return {**config, "l1": self.l1, "l2": self.l2}

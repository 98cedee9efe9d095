"""Layers that act while training only, to keep models from learning by heart."""

from __future__ import annotations

from typing import Any

from headwater.keras._arguments import Integer, Number, Sizes, arguments
from headwater.keras._random import SeedGenerator
from headwater.keras._registry import builtin
from headwater.keras.layers._base import Layer
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

"""`keras.optimizers.schedules`: learning rates that depend on the iteration."""

from __future__ import annotations

import math as python_math
from collections.abc import Sequence
from typing import Any

import numpy as np

from headwater.core.tensor import Tensor, convert_to_tensor
from headwater.keras._arguments import Flag, Positive, Value, arguments
from headwater.keras._lookup import Configurable
from headwater.keras._registry import builtin
from headwater.keras._serialization import deserialize_keras_object as deserialize
from headwater.keras._serialization import serialize_keras_object as serialize
from headwater.ops import array, math

__all__ = [
    "CosineDecay", "CosineDecayRestarts", "ExponentialDecay", "InverseTimeDecay", "LearningRateSchedule",
    "PiecewiseConstantDecay", "PolynomialDecay", "deserialize", "serialize",
]  # fmt: skip


class LearningRateSchedule(Configurable):
    """Base of schedules: subclasses define ``__call__(step)``, a scalar."""

    def __call__(self, step: Any) -> Any:
        raise NotImplementedError(
            f"Learning rate schedule '{type(self).__name__}' must override `__call__(self, step)`."
        )


def _float(step: Any) -> Any:
    return math.cast(convert_to_tensor(step), "float32")


class _Named(LearningRateSchedule):
    """A schedule whose arguments are its attributes."""

    _arguments: tuple[str, ...] = ()

    def get_config(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in self._arguments}


@builtin("keras.optimizers.schedules")
class ExponentialDecay(_Named):
    """``initial * decay_rate ** (step / decay_steps)``; with `staircase` the quotient is floored.

    >>> tf.keras.optimizers.schedules.ExponentialDecay(0.1, 10, 0.5)(10).numpy()
    np.float32(0.05)
    """

    _arguments = ("initial_learning_rate", "decay_steps", "decay_rate", "staircase", "name")

    @arguments(initial_learning_rate=Value(), decay_steps=Positive(), decay_rate=Value(), staircase=Flag())
    def __init__(
        self, initial_learning_rate: float, decay_steps: int, decay_rate: float, staircase: bool = False,
        name: str = "ExponentialDecay",
    ) -> None:  # fmt: skip
        self.initial_learning_rate = initial_learning_rate
        self.decay_steps = decay_steps
        self.decay_rate = decay_rate
        self.staircase = staircase
        self.name = name

    def __call__(self, step: Any) -> Any:
        power = _float(step) / float(self.decay_steps)
        power = math.floor(power) if self.staircase else power
        return self.initial_learning_rate * math.pow(convert_to_tensor(np.float32(self.decay_rate)), power)


@builtin("keras.optimizers.schedules")
class InverseTimeDecay(ExponentialDecay):
    """``initial / (1 + decay_rate * step / decay_steps)``; with `staircase` the quotient is floored."""

    @arguments(initial_learning_rate=Value(), decay_steps=Positive(), decay_rate=Value(), staircase=Flag())
    def __init__(
        self, initial_learning_rate: float, decay_steps: int, decay_rate: float, staircase: bool = False,
        name: str = "InverseTimeDecay",
    ) -> None:  # fmt: skip
        super().__init__(initial_learning_rate, decay_steps, decay_rate, staircase, name)

    def __call__(self, step: Any) -> Any:
        power = _float(step) / float(self.decay_steps)
        power = math.floor(power) if self.staircase else power
        return self.initial_learning_rate / (1.0 + self.decay_rate * power)


@builtin("keras.optimizers.schedules")
class PiecewiseConstantDecay(_Named):
    """``values[i]``, where i is the number of boundaries that the step has passed."""

    _arguments = ("boundaries", "values", "name")

    def __init__(self, boundaries: Sequence[float], values: Sequence[float], name: str = "PiecewiseConstant") -> None:
        if len(boundaries) != len(values) - 1:
            raise ValueError(
                "The length of boundaries should be 1 less than the length of values. Received: "
                f"boundaries={boundaries} of length {len(boundaries)}, and values={values} of length {len(values)}."
            )
        self.boundaries = list(boundaries)
        self.values = list(values)
        self.name = name

    def __call__(self, step: Any) -> Any:
        step = _float(step)
        rate = convert_to_tensor(np.float32(self.values[0]))
        for boundary, value in zip(self.boundaries, self.values[1:], strict=True):
            rate = array.where(step > float(boundary), np.float32(value), rate)
        return rate


@builtin("keras.optimizers.schedules")
class PolynomialDecay(_Named):
    """From the initial rate to `end_learning_rate` in `decay_steps`, by a power of the part that is left."""

    _arguments = ("initial_learning_rate", "decay_steps", "end_learning_rate", "power", "cycle", "name")

    @arguments(
        initial_learning_rate=Value(), decay_steps=Positive(), end_learning_rate=Value(), power=Value(), cycle=Flag()
    )
    def __init__(
        self, initial_learning_rate: float, decay_steps: int, end_learning_rate: float = 0.0001, power: float = 1.0,
        cycle: bool = False, name: str = "PolynomialDecay",
    ) -> None:  # fmt: skip
        self.initial_learning_rate = initial_learning_rate
        self.decay_steps = decay_steps
        self.end_learning_rate = end_learning_rate
        self.power = power
        self.cycle = cycle
        self.name = name

    def __call__(self, step: Any) -> Any:
        step = _float(step)
        length: Any = float(self.decay_steps)
        if self.cycle:
            length = length * math.maximum(math.ceil(step / length), 1.0)
        else:
            step = math.minimum(step, length)
        left = math.pow(1.0 - step / length, float(self.power))
        return (self.initial_learning_rate - self.end_learning_rate) * left + self.end_learning_rate


@builtin("keras.optimizers.schedules")
class CosineDecay(_Named):
    """A cosine from the initial rate to ``alpha`` times it, after an optional linear warm-up."""

    _arguments = ("initial_learning_rate", "decay_steps", "alpha", "name", "warmup_target", "warmup_steps")

    @arguments(initial_learning_rate=Value(), decay_steps=Positive(), alpha=Value())
    def __init__(
        self, initial_learning_rate: float, decay_steps: int, alpha: float = 0.0, name: str = "CosineDecay",
        warmup_target: float | None = None, warmup_steps: int = 0,
    ) -> None:  # fmt: skip
        self.initial_learning_rate = initial_learning_rate
        self.decay_steps = decay_steps
        self.alpha = alpha
        self.name = name
        self.warmup_target = warmup_target
        self.warmup_steps = warmup_steps

    def _decay(self, step: Any, start: float) -> Any:
        done = math.minimum(step, float(self.decay_steps)) / float(self.decay_steps)
        cosine = 0.5 * (1.0 + math.cos(python_math.pi * done))
        return start * ((1.0 - self.alpha) * cosine + self.alpha)

    def __call__(self, step: Any) -> Any:
        step = _float(step)
        if self.warmup_target is None:
            return self._decay(step, self.initial_learning_rate)
        warm = self.initial_learning_rate + (self.warmup_target - self.initial_learning_rate) * step / self.warmup_steps
        later = self._decay(step - float(self.warmup_steps), self.warmup_target)
        return array.where(step < float(self.warmup_steps), warm, later)


@builtin("keras.optimizers.schedules")
class CosineDecayRestarts(_Named):
    """Cosine decays one after another, each `t_mul` times as long and starting `m_mul` times as high."""

    _arguments = ("initial_learning_rate", "first_decay_steps", "t_mul", "m_mul", "alpha", "name")

    @arguments(initial_learning_rate=Value(), first_decay_steps=Positive(), t_mul=Value(), m_mul=Value(), alpha=Value())
    def __init__(
        self, initial_learning_rate: float, first_decay_steps: int, t_mul: float = 2.0, m_mul: float = 1.0,
        alpha: float = 0.0, name: str = "SGDRDecay",
    ) -> None:  # fmt: skip
        self.initial_learning_rate = initial_learning_rate
        self.first_decay_steps = first_decay_steps
        self.t_mul = t_mul
        self.m_mul = m_mul
        self.alpha = alpha
        self.name = name

    def __call__(self, step: Any) -> Any:
        done = _float(step) / float(self.first_decay_steps)
        if self.t_mul == 1.0:
            period = math.floor(done)
            done = done - period
        else:
            period = math.floor(math.log(1.0 - done * (1.0 - self.t_mul)) / python_math.log(self.t_mul))
            start = (1.0 - _power(self.t_mul, period)) / (1.0 - self.t_mul)
            done = (done - start) / _power(self.t_mul, period)
        cosine = 0.5 * _power(self.m_mul, period) * (1.0 + math.cos(python_math.pi * done))
        return self.initial_learning_rate * ((1.0 - self.alpha) * cosine + self.alpha)


def _power(base: float, exponent: Tensor) -> Any:
    return math.pow(convert_to_tensor(np.float32(base)), exponent)

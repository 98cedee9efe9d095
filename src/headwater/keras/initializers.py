"""`keras.initializers`: first values of weights.

Values are drawn on the host from a counter-based generator (Philox), so making a model compiles nothing. An instance
without a seed picks one when it is made; an instance with a seed gives the same values at every call, as in Keras 3.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from headwater.core.dtypes import as_dtype
from headwater.core.shapes import as_shape
from headwater.core.tensor import Tensor, convert_to_tensor
from headwater.keras._lookup import Configurable, resolve, table_of
from headwater.keras._random import SeedGenerator, make_seed
from headwater.keras._registry import builtin
from headwater.keras._serialization import deserialize_keras_object as deserialize
from headwater.keras._serialization import serialize_keras_object as serialize
from headwater.keras._state import floatx

__all__ = [
    "Constant", "GlorotNormal", "GlorotUniform", "HeNormal", "HeUniform", "Identity", "IdentityInitializer",
    "Initializer", "LecunNormal", "LecunUniform", "Ones", "Orthogonal", "OrthogonalInitializer", "RandomNormal",
    "RandomUniform", "TruncatedNormal", "VarianceScaling", "Zeros", "constant", "deserialize", "get", "glorot_normal",
    "glorot_uniform", "he_normal", "he_uniform", "identity", "lecun_normal", "lecun_uniform", "ones", "orthogonal",
    "random_normal", "random_uniform", "serialize", "truncated_normal", "variance_scaling", "zeros",
]  # fmt: skip

# The standard deviation of a normal distribution cut at two of its standard deviations.
_TRUNCATED_DEVIATION = 0.87962566103423978


@builtin("keras.initializers")
class Initializer(Configurable):
    """Base of initializers: subclasses define ``__call__(shape, dtype=None)``."""

    def __call__(self, shape: Sequence[int], dtype: Any = None, **kwargs: Any) -> Tensor:
        """A tensor of that shape and dtype (default: floatx)."""
        name = as_dtype(dtype or floatx())
        values = self._values(tuple([int(n) for n in as_shape(shape) if n is not None]))
        return convert_to_tensor(np.asarray(values).astype(name.as_numpy_dtype))

    def _values(self, shape: tuple[int, ...]) -> Any:
        raise TypeError(f"{type(self).__name__} must define __call__(shape, dtype=None)")

    def clone(self) -> Initializer:
        """An equal initializer."""
        return self.from_config(self.get_config())


@builtin("keras.initializers")
class Zeros(Initializer):
    """Zeros.

    >>> tf.keras.initializers.Zeros()([2])
    <tf.Tensor: shape=(2,), dtype=float32, numpy=array([0., 0.], dtype=float32)>
    """

    def _values(self, shape: tuple[int, ...]) -> Any:
        return np.zeros(shape)


@builtin("keras.initializers")
class Ones(Initializer):
    """Ones."""

    def _values(self, shape: tuple[int, ...]) -> Any:
        return np.ones(shape)


@builtin("keras.initializers")
class Constant(Initializer):
    """One value everywhere, or a given array.

    Args:
        value: A number, or an array of the weight's shape.
    """

    def __init__(self, value: Any = 0.0) -> None:
        self.value = value

    def _values(self, shape: tuple[int, ...]) -> Any:
        return np.broadcast_to(np.asarray(self.value), shape)

    def get_config(self) -> dict[str, Any]:
        return {"value": self.value}


@builtin("keras.initializers", "Identity")
class IdentityInitializer(Initializer):
    """The identity matrix times `gain`; only for matrices."""

    def __init__(self, gain: float = 1.0) -> None:
        self.gain = gain

    def _values(self, shape: tuple[int, ...]) -> Any:
        if len(shape) != 2:
            raise ValueError(f"Identity matrix initializer can only be used for 2D matrices. Received: shape={shape}")
        return self.gain * np.eye(*shape)

    def get_config(self) -> dict[str, Any]:
        return {"gain": self.gain}


class _Random(Initializer):
    """An initializer that draws numbers."""

    def __init__(self, seed: Any = None) -> None:
        seed = int(seed) if isinstance(seed, np.integer) else seed
        if seed is not None and not isinstance(seed, int | SeedGenerator):
            raise ValueError(
                "`seed` argument should be an instance of `keras.random.SeedGenerator()` or an integer. Received: "
                f"seed={seed!r}"
            )
        self._init_seed = seed
        self.seed = make_seed() if seed is None else seed

    def _generator(self) -> np.random.Generator:
        seed = self.seed.next_host_seed() if hasattr(self.seed, "next_host_seed") else int(self.seed)
        return np.random.Generator(np.random.Philox(seed % 2**64))

    def get_config(self) -> dict[str, Any]:
        return {"seed": self._init_seed}


@builtin("keras.initializers")
class RandomNormal(_Random):
    """Normally distributed values.

    Args:
        mean: The mean.
        stddev: The standard deviation.
        seed: An int or `SeedGenerator`.
    """

    def __init__(self, mean: float = 0.0, stddev: float = 0.05, seed: Any = None) -> None:
        super().__init__(seed)
        self.mean = mean
        self.stddev = stddev

    def _values(self, shape: tuple[int, ...]) -> Any:
        return self._generator().normal(self.mean, self.stddev, shape)

    def get_config(self) -> dict[str, Any]:
        return {"mean": self.mean, "stddev": self.stddev, **super().get_config()}


@builtin("keras.initializers")
class TruncatedNormal(RandomNormal):
    """Normally distributed values; those more than two standard deviations off are drawn again."""

    def _values(self, shape: tuple[int, ...]) -> Any:
        return self.mean + self.stddev * _truncated(self._generator(), shape)


@builtin("keras.initializers")
class RandomUniform(_Random):
    """Uniformly distributed values in ``[minval, maxval)``."""

    def __init__(self, minval: float = -0.05, maxval: float = 0.05, seed: Any = None) -> None:
        super().__init__(seed)
        self.minval = minval
        self.maxval = maxval

    def _values(self, shape: tuple[int, ...]) -> Any:
        return self._generator().uniform(self.minval, self.maxval, shape)

    def get_config(self) -> dict[str, Any]:
        return {"minval": self.minval, "maxval": self.maxval, **super().get_config()}


@builtin("keras.initializers")
class VarianceScaling(_Random):
    """Values whose variance is ``scale / n``, with n from the number of inputs and outputs of a unit.

    Args:
        scale: The factor.
        mode: ``"fan_in"``, ``"fan_out"`` or ``"fan_avg"``.
        distribution: ``"truncated_normal"``, ``"untruncated_normal"`` or ``"uniform"``.
        seed: An int or `SeedGenerator`.
    """

    def __init__(
        self, scale: float = 1.0, mode: str = "fan_in", distribution: str = "truncated_normal", seed: Any = None
    ) -> None:
        super().__init__(seed)
        if scale <= 0.0:
            raise ValueError(f"Argument `scale` must be positive float. Received: scale={scale}")
        modes = ("fan_in", "fan_out", "fan_avg")
        if mode not in modes:
            raise ValueError(f"Invalid `mode` argument: {mode!r}. Expected one of {modes}.")
        distribution = "truncated_normal" if distribution == "normal" else distribution.lower()
        kinds = ("uniform", "truncated_normal", "untruncated_normal")
        if distribution not in kinds:
            raise ValueError(f"Invalid `distribution` argument: {distribution!r}. Expected one of {kinds}.")
        self.scale = scale
        self.mode = mode
        self.distribution = distribution

    def _values(self, shape: tuple[int, ...]) -> Any:
        fan_in, fan_out = compute_fans(shape)
        n = {"fan_in": fan_in, "fan_out": fan_out, "fan_avg": (fan_in + fan_out) / 2}[self.mode]
        variance = self.scale / max(1.0, n)
        if self.distribution == "uniform":
            limit = math.sqrt(3.0 * variance)
            return self._generator().uniform(-limit, limit, shape)
        if self.distribution == "untruncated_normal":
            return self._generator().normal(0.0, math.sqrt(variance), shape)
        return math.sqrt(variance) / _TRUNCATED_DEVIATION * _truncated(self._generator(), shape)

    def get_config(self) -> dict[str, Any]:
        return {"scale": self.scale, "mode": self.mode, "distribution": self.distribution, **super().get_config()}


class _Scaled(VarianceScaling):
    """A `VarianceScaling` that goes by a name of its own."""

    _arguments: tuple[float, str, str]

    def __init__(self, seed: Any = None) -> None:
        super().__init__(*self._arguments, seed=seed)

    def get_config(self) -> dict[str, Any]:
        return {"seed": self._init_seed}


@builtin("keras.initializers")
class GlorotUniform(_Scaled):
    """Uniform in ``±sqrt(6 / (fan_in + fan_out))`` (Glorot and Bengio, 2010)."""

    _arguments = (1.0, "fan_avg", "uniform")


@builtin("keras.initializers")
class GlorotNormal(_Scaled):
    """Truncated normal, ``stddev = sqrt(2 / (fan_in + fan_out))`` (Glorot and Bengio, 2010)."""

    _arguments = (1.0, "fan_avg", "truncated_normal")


@builtin("keras.initializers")
class HeNormal(_Scaled):
    """Truncated normal, ``stddev = sqrt(2 / fan_in)`` (He et al., 2015)."""

    _arguments = (2.0, "fan_in", "truncated_normal")


@builtin("keras.initializers")
class HeUniform(_Scaled):
    """Uniform in ``±sqrt(6 / fan_in)`` (He et al., 2015)."""

    _arguments = (2.0, "fan_in", "uniform")


@builtin("keras.initializers")
class LecunNormal(_Scaled):
    """Truncated normal, ``stddev = sqrt(1 / fan_in)`` (LeCun et al., 1998)."""

    _arguments = (1.0, "fan_in", "truncated_normal")


@builtin("keras.initializers")
class LecunUniform(_Scaled):
    """Uniform in ``±sqrt(3 / fan_in)`` (LeCun et al., 1998)."""

    _arguments = (1.0, "fan_in", "uniform")


@builtin("keras.initializers", "Orthogonal")
class OrthogonalInitializer(_Random):
    """An orthogonal matrix times `gain` (Saxe et al., 2014); earlier axes are taken together as rows."""

    def __init__(self, gain: float = 1.0, seed: Any = None) -> None:
        super().__init__(seed)
        self.gain = gain

    def _values(self, shape: tuple[int, ...]) -> Any:
        if len(shape) < 2:
            raise ValueError(
                f"The tensor to initialize must be at least two-dimensional. Received: shape={shape} of rank "
                f"{len(shape)}."
            )
        rows, columns = math.prod(shape[:-1]), shape[-1]
        q, r = np.linalg.qr(self._generator().normal(size=(max(rows, columns), min(rows, columns))))
        q = q * np.sign(np.diag(r))
        return self.gain * (q.T if rows < columns else q).reshape(shape)

    def get_config(self) -> dict[str, Any]:
        return {"gain": self.gain, **super().get_config()}


def compute_fans(shape: Sequence[int]) -> tuple[float, float]:
    """How many inputs and outputs a unit with weights of this shape has (spatial axes first, as in convolutions)."""
    if not shape:
        return 1, 1
    if len(shape) == 1:
        return shape[0], shape[0]
    field = math.prod(shape[:-2])
    return shape[-2] * field, shape[-1] * field


def _truncated(generator: np.random.Generator, shape: tuple[int, ...]) -> Any:
    values = generator.standard_normal(shape)
    while (far := np.abs(values) > 2).any():
        values = np.where(far, generator.standard_normal(shape), values)
    return values


Orthogonal = OrthogonalInitializer
Identity = IdentityInitializer
zeros = Zeros
ones = Ones
constant = Constant
random_normal = RandomNormal
random_uniform = RandomUniform
truncated_normal = TruncatedNormal
variance_scaling = VarianceScaling
glorot_uniform = GlorotUniform
glorot_normal = GlorotNormal
he_normal = HeNormal
he_uniform = HeUniform
lecun_normal = LecunNormal
lecun_uniform = LecunUniform
orthogonal = Orthogonal
identity = Identity

_TABLE = table_of(
    Zeros, Ones, Constant, RandomNormal, RandomUniform, TruncatedNormal, VarianceScaling, GlorotUniform, GlorotNormal,
    HeNormal, HeUniform, LecunNormal, LecunUniform, OrthogonalInitializer, IdentityInitializer,
    orthogonal=Orthogonal, identity=Identity, normal=RandomNormal, uniform=RandomUniform, one=Ones, zero=Zeros,
)  # fmt: skip


def get(identifier: Any) -> Any:
    """The initializer that a name, config, class or instance stands for; None stays None."""
    if isinstance(identifier, np.ndarray | Tensor):
        return Constant(np.asarray(identifier))
    return resolve(identifier, _TABLE, "initializer")

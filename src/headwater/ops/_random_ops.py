"""The random ops: pure functions of a shape, a key and a counter."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from headwater.core.checks import Check
from headwater.core.dtypes import as_dtype
from headwater.core.op import Op, op
from headwater.ops import _philox
from headwater.ops._inputs import shape_held_by


def _shape(shape: Any) -> tuple[int, ...]:
    return tuple(int(s) for s in shape)


def _spec(inputs: Any, attrs: Any) -> Any:
    dtype = as_dtype(attrs["dtype"]) if "dtype" in attrs else inputs[3].dtype
    return dtype, shape_held_by(inputs[0])


def _drawn(name: str, draw: Any) -> Op:
    """An op that fills a shape from a key and a counter."""

    def kernel(shape: Any, key: Any, counter: Any, *, dtype: Any) -> Any:
        return draw(key, counter, _shape(shape), dtype)

    return Op(name, kernel, static=(0,), differentiable=False, spec=_spec)


GET_KEY_COUNTER = Op("StatelessRandomGetKeyCounter", lambda seed: _philox.scramble(seed), differentiable=False)
UNIFORM = _drawn("StatelessRandomUniformV2", _philox.uniform)
NORMAL = _drawn("StatelessRandomNormalV2", _philox.normal)
TRUNCATED_NORMAL = _drawn("StatelessTruncatedNormalV2", _philox.truncated_normal)
UNIFORM_FULL_INT = _drawn("StatelessRandomUniformFullIntV2", _philox.uniform_bits)
UNIFORM_INT = Op(
    "StatelessRandomUniformIntV2",
    lambda shape, key, counter, low, high: _philox.uniform_int(key, counter, _shape(shape), low, high),
    static=(0,),
    differentiable=False,
    spec=_spec,
    check=Check(
        lambda shape, key, counter, low, high: (low >= high, (low, high), ()),
        lambda found, known, attrs: f"Need minval < maxval, got {found[0]} >= {found[1]}",
        values=(-1, -2),
    ),
)


def _jax_key(key: Any, counter: Any) -> Any:
    """A JAX random key, for the distributions JAX has."""
    return jax.random.wrap_key_data(_philox.bits32(key, counter, (2,)), impl="threefry2x32")


# The shape of gamma and Poisson numbers ends in that of their parameters: the argument is what comes before it, or
# with `whole`, the whole shape, to which the parameters broadcast.


def _full_shape(shape: Any, whole: bool, *parameters: Any) -> tuple[int, ...]:
    inner = () if whole else jnp.broadcast_shapes(*[p.shape for p in parameters])
    return (*_shape(shape), *inner)


@op("StatelessRandomGammaV3", static=(0,))
def GAMMA(shape: Any, key: Any, counter: Any, alpha: Any, beta: Any, *, whole: bool) -> Any:
    full = _full_shape(shape, whole, alpha, beta)
    drawn = jax.random.gamma(_jax_key(key, counter), jnp.broadcast_to(alpha, full), full, alpha.dtype)
    return jnp.maximum(drawn / beta, jnp.finfo(alpha.dtype).tiny)


@op("StatelessRandomPoisson", static=(0,), differentiable=False)
def POISSON(shape: Any, key: Any, counter: Any, rate: Any, *, dtype: Any, whole: bool) -> Any:
    full = _full_shape(shape, whole, rate)
    return jax.random.poisson(_jax_key(key, counter), rate.astype(jnp.float32), full, jnp.int64).astype(dtype)


@op("StatelessRandomBinomial", static=(0,), differentiable=False, spec=_spec)
def BINOMIAL(shape: Any, key: Any, counter: Any, counts: Any, probs: Any, *, dtype: Any) -> Any:
    wide = jnp.float64 if probs.dtype == np.float64 else jnp.float32
    drawn = jax.random.binomial(
        _jax_key(key, counter), counts.astype(wide), probs.astype(wide), _shape(shape), dtype=wide
    )
    return drawn.astype(dtype)


@op("StatelessMultinomial", static=(1,), differentiable=False)
def CATEGORICAL(logits: Any, samples: Any, key: Any, counter: Any, *, dtype: Any) -> Any:
    """Classes by inverting the cumulative distribution, as TensorFlow does."""
    weights = jnp.exp(logits.astype(jnp.float64) - jnp.max(logits, axis=1, keepdims=True))
    total = jnp.cumsum(weights, axis=1)
    where = _philox.uniform(key, counter, (logits.shape[0], int(samples)), np.float64) * total[:, -1:]
    return jax.vmap(lambda row, values: jnp.searchsorted(row, values, side="right"))(total, where).astype(dtype)


@op("StatelessShuffle")
def SHUFFLE(value: Any, key: Any, counter: Any) -> Any:
    """The rows in the order of random 64-bit words."""
    if value.shape[0] < 2:
        return value
    order = jnp.argsort(_philox.bits64(key, counter, (value.shape[0],)))
    return jnp.take(value, order, axis=0)


@op("StatelessParameterizedTruncatedNormal", static=(0,))
def PARAMETERIZED_TRUNCATED_NORMAL(
    shape: Any, key: Any, counter: Any, means: Any, stddevs: Any, low: Any, high: Any
) -> Any:
    """By inverting the cumulative distribution between the two cuts."""
    bounds = (low - means) / stddevs, (high - means) / stddevs
    drawn = jax.random.truncated_normal(_jax_key(key, counter), *bounds, _shape(shape), means.dtype)
    return lax.stop_gradient(drawn) * stddevs + means

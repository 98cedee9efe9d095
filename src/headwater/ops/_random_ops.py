"""The random ops: pure functions of a shape, a key and a counter."""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jax.scipy.special import ndtr

from headwater.core.checks import Check, Verdict, first, place_name
from headwater.core.dtypes import as_dtype
from headwater.core.op import Op, op
from headwater.ops import _philox, _philox_order, _philox_rejection
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


# The shape of gamma, Poisson and binomial numbers ends in that of their parameters; with `whole` the argument is that
# shape, else what comes before it. All numbers for one set of parameters stand together in the stream.


def _layout(shape: Any, whole: bool, *parameters: Any) -> tuple[tuple[int, ...], Any, list[Any]]:
    """The result's shape, each number's place in the stream and its parameters."""
    inner = jnp.broadcast_shapes(*[p.shape for p in parameters])
    full = _shape(shape) if whole else (*_shape(shape), *inner)
    sets, samples = math.prod(inner), _samples(full, inner)
    number = jnp.arange(samples)[:, None] + jnp.arange(sets)[None, :] * samples
    return full, number.reshape(full), [jnp.broadcast_to(p, full) for p in parameters]


def _samples(full: tuple[int, ...], inner: tuple[int, ...]) -> int:
    """How many numbers there are for each set of parameters. Raises ValueError unless the shape ends in theirs."""
    count = len(full) - len(inner)
    if count < 0 or full[count:] != inner:
        raise ValueError(
            f"Shape passed in must end with broadcasted shape: received shape {full} for parameters of shape {inner}."
        )
    return math.prod(full[:count])


@jax.custom_jvp
def _gamma(alpha: Any, key: Any, counter: Any, number: Any) -> Any:
    return _philox_rejection.gamma(key, counter, number, alpha.astype(jnp.float64)).astype(alpha.dtype)


@_gamma.defjvp
def _gamma_slope(primals: Any, tangents: Any) -> Any:
    """How a number moves with `alpha`: Figurnov, Mohamed, Mnih, "Implicit reparameterization gradients" (2018)."""
    drawn = _gamma(*primals)
    alpha = primals[0]
    wide = jnp.promote_types(alpha.dtype, jnp.float32)
    slope = lax.random_gamma_grad(alpha.astype(wide), drawn.astype(wide)).astype(alpha.dtype)
    return drawn, slope * tangents[0]


@op("StatelessRandomGammaV3", static=(0,))
def GAMMA(shape: Any, key: Any, counter: Any, alpha: Any, beta: Any, *, whole: bool) -> Any:
    _, number, (alpha, beta) = _layout(shape, whole, alpha, beta)
    return jnp.maximum(_gamma(alpha, key, counter, number) / beta, jnp.finfo(alpha.dtype).tiny)


@op("StatelessRandomPoisson", static=(0,), differentiable=False)
def POISSON(shape: Any, key: Any, counter: Any, rate: Any, *, dtype: Any, whole: bool) -> Any:
    _, number, rates = _layout(shape, whole, rate)
    return _counts(_philox_rejection.poisson(key, counter, number, rates[0].astype(jnp.float64)), dtype)


def _counts(drawn: Any, dtype: Any) -> Any:
    if jnp.issubdtype(dtype, jnp.integer):  # the largest integer is no float64 number: stay below
        drawn = jnp.minimum(drawn, np.nextafter(float(jnp.iinfo(dtype).max), 0))
    return drawn.astype(dtype)


@op("StatelessRandomBinomial", static=(0,), differentiable=False, spec=_spec)
def BINOMIAL(shape: Any, key: Any, counter: Any, counts: Any, probs: Any, *, dtype: Any) -> Any:
    _, number, parameters = _layout(shape, True, counts, probs)
    return _counts(_philox_rejection.binomial(key, counter, number, *parameters), dtype)


@op("BinomialReserved", differentiable=False)
def BINOMIAL_RESERVED(shape: Any, counts: Any, probs: Any) -> Any:
    """How many numbers further a draw moves a generator: 50 for each number, in fours."""
    sets = math.prod(jnp.broadcast_shapes(counts.shape, probs.shape))
    samples = jnp.prod(shape.astype(jnp.int64)) // max(sets, 1)
    return (200 * sets * (samples + 3) // 4)[None]


@op("StatelessMultinomial", static=(1,), differentiable=False)
def CATEGORICAL(logits: Any, samples: Any, key: Any, counter: Any, *, dtype: Any) -> Any:
    """Classes by inverting the cumulative distribution, as TensorFlow does."""
    weights = jnp.exp(logits.astype(jnp.float64) - jnp.max(logits, axis=1, keepdims=True))
    total = jnp.cumsum(weights, axis=1)
    where = _philox.uniform(key, counter, (logits.shape[0], int(samples)), np.float64) * total[:, -1:]
    return jax.vmap(lambda row, values: jnp.searchsorted(row, values, side="right"))(total, where).astype(dtype)


@op("RandomShuffle")
def SHUFFLE(value: Any, key: Any, counter: Any) -> Any:
    """The rows in the order of random 64-bit words."""
    if value.shape[0] < 2:
        return value
    order = jnp.argsort(_philox.bits64(key, counter, (value.shape[0],)))
    return jnp.take(value, order, axis=0)


@op("StatelessShuffle")
def STATELESS_SHUFFLE(value: Any, key: Any, counter: Any) -> Any:
    """The rows in an order that TensorFlow gives, too: one swap after the other."""
    if value.shape[0] < 2:
        return value
    return jnp.take(value, _philox_order.permutation(key, counter, value.shape[0]), axis=0)


@functools.partial(jax.custom_jvp, nondiff_argnums=(2,))
def _bounded_normal(key: Any, counter: Any, full: tuple[int, ...], *parameters: Any) -> Any:
    inner = jnp.broadcast_shapes(*[p.shape for p in parameters])
    samples = _samples(full, inner)
    sets = [jnp.broadcast_to(p, inner).reshape(-1) for p in parameters]
    if math.prod(full) == 0:
        return jnp.zeros(full, parameters[0].dtype)
    return _philox_rejection.bounded_normal(key, counter, samples, sets).T.reshape(full)


@_bounded_normal.defjvp
def _bounded_normal_slope(full: tuple[int, ...], primals: Any, tangents: Any) -> Any:
    """How a number moves so that the probability of smaller ones stays the same.

    As in TensorFlow, the bounds are taken to move with mean and standard deviation.
    """
    drawn = _bounded_normal(primals[0], primals[1], full, *primals[2:])
    mean, scale, low, high = primals[2:]
    z, lower, upper = ((x - mean) / scale for x in (drawn, low, high))
    flip = jnp.where(lower > 0, -1, 1).astype(z.dtype)  # small probabilities are precise below zero

    def mass(a: Any, b: Any) -> Any:
        return jnp.abs(ndtr(flip * b) - ndtr(flip * a))

    by_low = jnp.exp((z * z - lower * lower) / 2) * mass(z, upper) / mass(lower, upper)
    by_high = jnp.exp((z * z - upper * upper) / 2) * mass(lower, z) / mass(lower, upper)
    by_low, by_high = jnp.where(jnp.isinf(lower), 0, by_low), jnp.where(jnp.isinf(upper), 0, by_high)
    slopes = (jnp.ones_like(z), z, by_low, by_high)
    return drawn, sum(slope * t for slope, t in zip(slopes, tangents[2:], strict=True))


def _unfit(shape: Any, key: Any, counter: Any, means: Any, stddevs: Any, low: Any, high: Any) -> Verdict:
    bounded = (low < high) & ((abs(low) < np.inf) | (abs(high) < np.inf))
    bad = ~((stddevs > 0) & bounded & (abs(means) < np.inf))
    found, place = first(bad)
    return found, (place,), bad.shape


def _say_unfit(found: list[int], known: Sequence[int], attrs: dict[str, Any]) -> str:
    return (
        "Invalid parameters: expected finite means, stddevs > 0, and minvals < maxvals with one of them finite; "
        f"received others{' at ' + place_name(found[0], known) if known else ''}"
    )


@op("StatelessParameterizedTruncatedNormal", static=(0,), check=Check(_unfit, _say_unfit, values=(3, 4, 5, 6)))
def PARAMETERIZED_TRUNCATED_NORMAL(
    shape: Any, key: Any, counter: Any, means: Any, stddevs: Any, low: Any, high: Any
) -> Any:
    """Normal numbers between bounds."""
    return _bounded_normal(key, counter, _shape(shape), means, stddevs, low, high)


# The key of three words that a seed of two makes.
_FIRST_KEY = np.uint32(498247692)


@op("RandomIndexShuffle", differentiable=False)
def INDEX_SHUFFLE(index: Any, seed: Any, largest: Any) -> Any:
    """The places of indices in a permutation of ``0 ... largest``."""
    seeds = jnp.moveaxis(jnp.asarray(seed), -1, 0).astype(jnp.uint32)
    shape = jnp.broadcast_shapes(index.shape, seeds.shape[1:], largest.shape)
    words = [jnp.broadcast_to(x, shape).astype(jnp.uint64) for x in (index, _FIRST_KEY, *seeds, largest)]
    return _philox_order.index_permutation(words[0], tuple(words[1:-1]), words[-1]).astype(index.dtype)

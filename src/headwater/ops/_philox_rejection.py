"""Distributions drawn from Philox blocks by rejection: gamma, Poisson, binomial and normal between two bounds.

How many words a number needs is not known before, so each number owns some blocks of the stream and reads what it
needs from their beginning: numbers are computed in any order, and are the same on every device. All numbers are tried
together until the last one is accepted. The order in which words are used is TensorFlow's, so its numbers follow.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from headwater.ops import _philox

# Blocks that belong to one number; a sum of geometric numbers needs fewer.
_OWN_BLOCKS = 256
_OWN_BLOCKS_OF_SUMS = 42


class _Spare(NamedTuple):
    """What is unused of the block read last: its first number, and whether it is still there."""

    value: Any
    left: Any


def _no_spare(like: Any) -> _Spare:
    return _Spare(jnp.zeros(like.shape, jnp.float64), jnp.zeros(like.shape, bool))


class _Stream:
    """Each number's own part of the stream. A block holds two numbers, of which the second is used first."""

    def __init__(self, key: Any, counter: Any, number: Any, own: int = _OWN_BLOCKS) -> None:
        self._key, self._counter = key, counter
        self._start = number.astype(jnp.uint64) * np.uint64(own)

    def next(self, pair: Callable[..., Any], block: Any, spare: _Spare, wanted: Any) -> tuple[Any, Any, _Spare]:
        """A number of each part where `wanted`, and what follows it: the next block and the spare number."""
        words = lax.optimization_barrier(_philox.blocks(self._key, self._counter, self._start + block))
        first, second = lax.optimization_barrier(tuple(pair(words, jnp.float64)))
        fresh = wanted & ~spare.left
        value = jnp.where(spare.left, spare.value, second)
        after = _Spare(jnp.where(fresh, first, spare.value), jnp.where(wanted, fresh, spare.left))
        return value, block + fresh.astype(jnp.uint64), after


def _unfinished(done: Any, block: Any) -> Any:
    return jnp.any(~done & (block < _OWN_BLOCKS))


def _blocks_at_start(like: Any) -> Any:
    return jnp.zeros(like.shape, jnp.uint64)


# Gamma ----------------------------------------------------------------------------------------------------------


def gamma(key: Any, counter: Any, number: Any, alpha: Any) -> Any:
    """Gamma numbers in float64; NaN unless ``alpha > 0``.

    Source: Marsaglia, Tsang, "A simple method for generating gamma variables" (2000), with their boost of `alpha` below
    1; for `alpha` 1, the exponential distribution's inverse.

    Args:
        key: Philox' key.
        counter: Philox' counter.
        number: Each number's place in the stream.
        alpha: The shape parameters, of the same shape, float64.
    """
    stream = _Stream(key, counter, number)
    small = alpha < 1
    shift = alpha + jnp.where(small, 2 / 3, -1 / 3)
    slope = 1 / 3 / jnp.sqrt(shift)

    def unfinished(state: Any) -> Any:
        return _unfinished(state[0], state[2])

    def attempt(state: Any) -> Any:
        done, result, block, normals, uniforms = state
        x, block, normals = stream.next(_philox.normals, block, normals, ~done)
        v = 1 + slope * x
        positive = ~done & (v > 0)
        u, block, uniforms = stream.next(_philox.uniforms, block, uniforms, positive)
        v, square = v * v * v, x * x
        passes = (u < 1 - 0.0331 * square * square) | (jnp.log(u) < 0.5 * square + shift * (1 - v + jnp.log(v)))
        accepted = positive & passes
        return done | accepted, jnp.where(accepted, shift * v, result), block, normals, uniforms

    exponential = alpha == 1
    empty = _no_spare(alpha)
    start = ~(alpha > 0) | exponential, jnp.full(alpha.shape, jnp.nan), _blocks_at_start(alpha), empty, empty
    _, result, block, _, uniforms = lax.while_loop(unfinished, attempt, start)
    u, _, _ = stream.next(_philox.uniforms, block, uniforms, small | exponential)
    result = jnp.where(small, result * u ** (1 / alpha), result)
    return jnp.where(exponential, -jnp.log1p(-u), result)


# Counts ---------------------------------------------------------------------------------------------------------


def poisson(key: Any, counter: Any, number: Any, rate: Any) -> Any:
    """Poisson numbers in float64, for rates of the same shape as `number`: zero if negative.

    Source: below a rate of 10, Knuth, "The art of computer programming" 2, 3.4.1; else the algorithm PTRS of Hörmann,
    "The transformed rejection method for generating Poisson random variables" (1993).
    """
    stream = _Stream(key, counter, number)
    small = rate < 10
    few = _poisson_by_product(stream, jnp.where(small, rate, 0), small)
    many = _poisson_by_rejection(stream, jnp.where(small, 10, rate), small | jnp.isinf(rate))
    return jnp.where(small, few, jnp.where(jnp.isinf(rate), rate, many))


def _poisson_by_product(stream: _Stream, rate: Any, chosen: Any) -> Any:
    bound = jnp.exp(-rate)

    def attempt(state: Any) -> Any:
        done, count, product, block, spare = state
        u, block, spare = stream.next(_philox.uniforms, block, spare, ~done)
        product = jnp.where(done, product, product * u)
        done = done | (product <= bound)
        return done, jnp.where(done, count, count + 1), product, block, spare

    start = ~chosen, jnp.zeros(rate.shape), jnp.ones(rate.shape), _blocks_at_start(rate), _no_spare(rate)
    return lax.while_loop(lambda state: _unfinished(state[0], state[3]), attempt, start)[1]


def _poisson_by_rejection(stream: _Stream, rate: Any, done: Any) -> Any:
    b = 0.931 + 2.53 * jnp.sqrt(rate)
    a = -0.059 + 0.02483 * b
    inverse_alpha = 1.1239 + 1.1328 / (b - 3.4)

    def judge(u: Any, v: Any, near: Any) -> tuple[Any, Any]:
        k = jnp.floor((2 * a / near + b) * u + rate + 0.43)
        at_once = (near >= 0.07) & (v <= 0.9277 - 3.6224 / (b - 2))
        possible = (k >= 0) & ~((near < 0.013) & (v > near))
        left = jnp.log(v * inverse_alpha / (a / (near * near) + b))
        return k, at_once | (possible & (left <= k * jnp.log(rate) - rate - lax.lgamma(k + 1)))

    return _transformed_rejection(stream, done, judge)


def _transformed_rejection(stream: _Stream, done: Any, judge: Callable[..., Any]) -> Any:
    """Hörmann's method: `judge` takes two uniform numbers, the first around zero, and how near that is to its ends."""

    def attempt(state: Any) -> Any:
        done, count, block, spare = state
        u, block, spare = stream.next(_philox.uniforms, block, spare, ~done)
        v, block, spare = stream.next(_philox.uniforms, block, spare, ~done)
        u = u - 0.5
        k, passes = judge(u, v, 0.5 - jnp.abs(u))
        accepted = ~done & passes
        return done | accepted, jnp.where(accepted, k, count), block, spare

    start = done, jnp.full(done.shape, jnp.nan), _blocks_at_start(done), _no_spare(done)
    return lax.while_loop(lambda state: _unfinished(state[0], state[2]), attempt, start)[1]


def binomial(key: Any, counter: Any, number: Any, counts: Any, probs: Any) -> Any:
    """Binomial numbers in float64, for counts and probabilities of one dtype and the same shape as `number`.

    Source: with fewer than 10 expected, sums of geometric numbers (Devroye, "Non-uniform random variate generation",
    1986, X.4); else the algorithm BTRS of Hörmann, "The generation of binomial random variates" (1993). Probabilities
    above a half count failures.
    """
    p = jnp.where(probs > 0.5, 1 - probs, probs)
    few = counts * p < 10
    counts, p, probs = (x.astype(jnp.float64) for x in (counts, p, probs))
    sure = (counts <= 0) | (probs <= 0) | (probs >= 1)
    unknown = ~jnp.isfinite(counts) | jnp.isnan(probs)
    sums = _Stream(key, counter, number, _OWN_BLOCKS_OF_SUMS)
    drawn = jnp.where(
        few,
        _binomial_by_geometric(sums, counts, p, few & ~sure & ~unknown),
        _binomial_by_rejection(_Stream(key, counter, number), counts, p, few | sure | unknown),
    )
    drawn = jnp.where(probs > 0.5, counts - drawn, drawn)
    drawn = jnp.where(sure, jnp.where((counts > 0) & (probs >= 1), counts, 0), drawn)
    return jnp.where(unknown, jnp.nan, drawn)


def _binomial_by_geometric(stream: _Stream, counts: Any, p: Any, chosen: Any) -> Any:
    scale = jnp.log1p(-p)

    def attempt(state: Any) -> Any:
        done, count, total, block, spare = state
        u, block, spare = stream.next(_philox.uniforms, block, spare, ~done)
        total = total + jnp.ceil(jnp.log(u) / scale)
        done = done | (total > counts)
        return done, jnp.where(done, count, count + 1), total, block, spare

    start = ~chosen, jnp.zeros(p.shape), jnp.zeros(p.shape), _blocks_at_start(p), _no_spare(p)
    return lax.while_loop(lambda state: _unfinished(state[0], state[3]), attempt, start)[1]


def _binomial_by_rejection(stream: _Stream, n: Any, p: Any, done: Any) -> Any:
    spread = jnp.sqrt(n * p * (1 - p))
    b = 1.15 + 2.53 * spread
    a = -0.0873 + 0.0248 * b + 0.01 * p
    alpha = (2.83 + 5.1 / b) * spread
    odds = p / (1 - p)
    mode = jnp.floor((n + 1) * p)

    def judge(u: Any, v: Any, near: Any) -> tuple[Any, Any]:
        k = jnp.floor((2 * a / near + b) * u + n * p + 0.5)
        at_once = (near >= 0.07) & (v <= 0.92 - 4.2 / b)
        left = jnp.log(v * alpha / (a / (near * near) + b))
        right = (
            (mode + 0.5) * jnp.log((mode + 1) / (odds * (n - mode + 1)))
            + (n + 1) * jnp.log((n - mode + 1) / (n - k + 1))
            + (k + 0.5) * jnp.log(odds * (n - k + 1) / (k + 1))
            + _stirling_tail(mode) + _stirling_tail(n - mode) - _stirling_tail(k) - _stirling_tail(n - k)
        )  # fmt: skip
        return k, at_once | ((k >= 0) & (k <= n) & (left <= right))

    return _transformed_rejection(stream, done, judge)


# How far Stirling's formula is from log(k!), for k of 0 to 9.
_TAILS = np.array(
    [
        math.lgamma(k + 1) - ((k + 0.5) * math.log(k + 1) - (k + 1) + 0.5 * math.log(2 * math.pi))
        for k in range(10)
    ]
)  # fmt: skip


def _stirling_tail(k: Any) -> Any:
    square = (k + 1) * (k + 1)
    series = (1 / 12 - (1 / 360 - 1 / 1260 / square) / square) / (k + 1)
    return jnp.where(k < 10, jnp.asarray(_TAILS)[jnp.clip(k, 0, 9).astype(jnp.int32)], series)


# Normal between bounds ------------------------------------------------------------------------------------------

# Numbers are drawn one after the other from one stream in runs of this length: about as many as TensorFlow computes in
# one thread; how it cuts more depends on the machine. The next run begins where it would if each number before had
# taken this many attempts.
_RUN = 1024
_ATTEMPTS = 1000
# Bounds further than this from the mean, on one side, keep enough normal numbers to draw those.
_WIDE = 1.3


class _Bounds(NamedTuple):
    """What the method needs to know of one pair of bounds, which are `low` and `high` in standard deviations."""

    low: Any
    high: Any
    mean: Any
    scale: Any
    by_normal: Any
    by_uniform: Any


def _bounds(means: Any, stddevs: Any, low: Any, high: Any) -> _Bounds:
    """Mirrored where that makes the one finite bound, or the one nearer to the mean, the lower one."""
    mirrored = (low == -jnp.inf) | (high < means)
    low, high = jnp.where(mirrored, high, low), jnp.where(mirrored, low, high)
    scale = jnp.where(mirrored, -stddevs, stddevs)
    low, high = (low - means) / scale, (high - means) / scale
    by_normal = ((low < -_WIDE) & (high >= 0)) | ((high > _WIDE) & (low <= 0))
    root = jnp.sqrt(low * low + 4)
    by_uniform = high - low < 2 * jnp.exp(0.5 + low * (low - root) / 4) / (low + root)
    return _Bounds(low, high, means, scale, by_normal, by_uniform)


def _candidates(bounds: _Bounds, words: Any, more: Any) -> list[tuple[Any, Any]]:
    """The numbers a round offers, with which of them pass.

    Source: Robert, "Simulation of truncated normal variables" (1995): normal numbers, uniform ones or exponential ones,
    whichever pass most often.
    """
    low, kind = bounds.low, bounds.low.dtype
    normals = [x.astype(kind) for x in _philox.normals(words, kind)]
    first, second = _philox.uniforms(words, kind), _philox.uniforms(more, kind)
    slope = (low + jnp.sqrt(low * low + 4)) / 2
    found = []
    for i in range(len(normals)):
        even = first[i] * (bounds.high - low) + low
        slack = (jnp.where(low < 0, 0, low * low) - even * even) / 2
        tail = low - jnp.log(first[i - i % 2]) / slope
        bend = jnp.where(low < slope, slope - tail, low - slope)
        by_tail = (first[i | 1] <= jnp.exp(-bend * bend / 2)) & (tail < bounds.high) & (i % 2 == 0)
        by_even = second[i] <= jnp.exp(slack)
        by_normal = (normals[i] >= low) & (normals[i] <= bounds.high)
        value = jnp.where(bounds.by_normal, normals[i], jnp.where(bounds.by_uniform, even, tail))
        passes = jnp.where(bounds.by_normal, by_normal, jnp.where(bounds.by_uniform, by_even, by_tail))
        found.append((value * bounds.scale + bounds.mean, passes))
    return found


def bounded_normal(key: Any, counter: Any, samples: int, parameters: Sequence[Any]) -> Any:
    """`samples` normal numbers for each mean, standard deviation, lower and upper bound: ``[parameters, samples]``.

    NaN where a standard deviation is not positive, the bounds are in the wrong order or both infinite.
    """
    means, stddevs, low, high = parameters
    good = (stddevs > 0) & (low < high) & (jnp.isfinite(low) | jnp.isfinite(high)) & jnp.isfinite(means)
    usable = [jnp.where(good, p, safe) for p, safe in zip(parameters, (0, 1, -1, 1), strict=True)]
    drawn = _one_after_the_other(key, counter, samples, _bounds(*[p.astype(means.dtype) for p in usable]))
    return jnp.where(good[:, None], drawn, jnp.nan)


def _one_after_the_other(key: Any, counter: Any, samples: int, bounds: _Bounds) -> Any:
    total = bounds.low.shape[0] * samples
    per_block = 2 if bounds.low.dtype == np.float64 else 4
    run = min(total, _RUN)
    first = jnp.arange(0, total, run)
    limit = jnp.minimum(first + run, total)
    begin = ((first * 2 * _ATTEMPTS + per_block - 1) // per_block).astype(jnp.uint64)
    rows = jnp.arange(first.shape[0])

    def attempt(state: Any) -> Any:
        place, block, out = state
        here = jax.tree.map(lambda p: p[jnp.minimum(place, total - 1) // samples], bounds)
        words, more = (_philox.blocks(key, counter, begin + block + np.uint64(i)) for i in (0, 1))
        going = place < limit
        for value, passes in _candidates(here, words, more):
            taken = going & passes
            column = jnp.where(taken, place - first, run)  # beyond the end: dropped
            out = out.at[rows, column].set(value, mode="drop")
            place = place + taken
            # What is left of a block is not used for other parameters.
            going = going & ~(taken & ((place % samples == 0) | (place >= limit)))
        return place, block + jnp.where(here.by_uniform & ~here.by_normal, np.uint64(2), np.uint64(1)), out

    start = first, jnp.zeros(first.shape, jnp.uint64), jnp.zeros([first.shape[0], run], bounds.low.dtype)
    _, _, out = lax.while_loop(lambda state: jnp.any(state[0] < limit), attempt, start)
    return out.reshape(-1)[:total].reshape(-1, samples)

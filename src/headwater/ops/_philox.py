"""Philox4x32-10, the counter-based generator of TensorFlow's random ops, and the distributions drawn from its bits.

Source: Salmon, Moraes, Dror, Shaw, "Parallel random numbers: as easy as 1, 2, 3" (SC 2011). A block is a function of a
64-bit key and a 128-bit counter and holds four 32-bit words. `key` is a uint64 vector of one element and `counter` of
two (low, high), as in TensorFlow's ops; the same key and counter give the same numbers on every device.
"""

from __future__ import annotations

import math
from typing import Any

import jax.numpy as jnp
import numpy as np
from jax import lax

_MULTIPLIERS = (np.uint64(0xD2511F53), np.uint64(0xCD9E8D57))
_KEY_STEPS = (np.uint32(0x9E3779B9), np.uint32(0xBB67AE85))
_ROUNDS = 10

# The key under which TensorFlow mixes a pair of seeds into a key and a counter.
_SCRAMBLING_KEY = np.uint64(0x02461E293EC8F720)

# Elements a draw advances the counter by, per element drawn: distributions that reject may use this many words.
COUNTER_STEP = 256

# Normals are cut off here by `truncated_normal`, in standard deviations.
TRUNCATION = 2.0


def _words(value: Any) -> tuple[Any, Any]:
    return value.astype(jnp.uint32), (value >> np.uint64(32)).astype(jnp.uint32)


def _rounds(key: Any, counter: tuple[Any, Any, Any, Any]) -> tuple[Any, Any, Any, Any]:
    k0, k1 = _words(key)
    c0, c1, c2, c3 = counter
    for _ in range(_ROUNDS):
        low0, high0 = _words(c0.astype(jnp.uint64) * _MULTIPLIERS[0])
        low1, high1 = _words(c2.astype(jnp.uint64) * _MULTIPLIERS[1])
        c0, c1, c2, c3 = high1 ^ c1 ^ k0, low1, high0 ^ c3 ^ k1, low0
        k0, k1 = k0 + _KEY_STEPS[0], k1 + _KEY_STEPS[1]
    return c0, c1, c2, c3


def blocks(key: Any, counter: Any, offsets: Any) -> tuple[Any, Any, Any, Any]:
    """The four words of the blocks at ``counter + offsets`` (a uint64 array): four arrays shaped like `offsets`."""
    key, counter = jnp.asarray(key), jnp.asarray(counter)  # NumPy arrays where known: their scalars warn of overflow
    low = counter[0] + offsets
    high = counter[1] + (low < counter[0]).astype(jnp.uint64)
    return _rounds(key[0], (*_words(low), *_words(high)))


def scramble(seed: Any) -> tuple[Any, Any]:
    """The key and counter TensorFlow's stateless ops draw from for a seed of two integers."""
    first, second = jnp.asarray(seed).astype(jnp.uint64)
    m0, m1, m2, m3 = _rounds(jnp.asarray(_SCRAMBLING_KEY), (*_words(first), *_words(second)))
    return _join(m0, m1)[None], jnp.stack([jnp.zeros([], jnp.uint64), _join(m2, m3)])


def _join(low: Any, high: Any) -> Any:
    return low.astype(jnp.uint64) | (high.astype(jnp.uint64) << np.uint64(32))


def skip(counter: Any, delta: Any) -> Any:
    """`counter` (low, high) advanced by `delta` elements."""
    step = jnp.asarray(delta).astype(jnp.uint64) * np.uint64(COUNTER_STEP)
    counter = jnp.asarray(counter)
    low = counter[0] + step
    return jnp.stack([low, counter[1] + (low < step).astype(jnp.uint64)])


# Bits -----------------------------------------------------------------------------------------------------------
# Every element computes its own block and takes its word: with no data moved between elements XLA makes one tight loop
# of it, which is several times faster than computing each block once and interleaving the words.


def _own_block(key: Any, counter: Any, shape: tuple[int, ...], per_block: int) -> tuple[Any, Any]:
    """For each element the words of its block, and its place among the `per_block` elements of that block."""
    index = lax.iota(jnp.uint64, math.prod(shape))
    words = blocks(key, counter, index // np.uint64(per_block))
    return words, (index % np.uint64(per_block)).astype(jnp.uint32)


def bits32(key: Any, counter: Any, shape: tuple[int, ...]) -> Any:
    """Uniform 32-bit words."""
    (w0, w1, w2, w3), lane = _own_block(key, counter, shape, 4)
    return jnp.where(lane < 2, jnp.where(lane == 0, w0, w1), jnp.where(lane == 2, w2, w3)).reshape(shape)


def _word_pairs(key: Any, counter: Any, shape: tuple[int, ...]) -> tuple[Any, Any]:
    """Two words per element, for results of 64 bits."""
    (w0, w1, w2, w3), lane = _own_block(key, counter, shape, 2)
    return jnp.where(lane == 0, w0, w2).reshape(shape), jnp.where(lane == 0, w1, w3).reshape(shape)


def bits64(key: Any, counter: Any, shape: tuple[int, ...]) -> Any:
    """Uniform 64-bit words: two 32-bit words each, the first the lower half."""
    return _join(*_word_pairs(key, counter, shape))


# Uniform --------------------------------------------------------------------------------------------------------


def uniform(key: Any, counter: Any, shape: tuple[int, ...], dtype: Any) -> Any:
    """Uniform numbers in [0, 1): random bits as the mantissa of a number in [1, 2), minus 1."""
    if dtype == np.float64:
        return _double(*_word_pairs(key, counter, shape))
    return _fraction(bits32(key, counter, shape), dtype)


def _fraction(word: Any, dtype: Any) -> Any:
    """A 32-bit word as a float in [0, 1): of its lower bits as many as the mantissa holds."""
    dtype = jnp.dtype(dtype)
    info = jnp.finfo(dtype)
    unsigned = {2: np.uint16, 4: np.uint32}[dtype.itemsize]
    mantissa = word.astype(unsigned) & unsigned((1 << info.nmant) - 1)
    one = np.ones([], dtype).view(unsigned)
    return lax.bitcast_convert_type(mantissa | one, dtype) - dtype.type(1)


def _double(first: Any, second: Any) -> Any:
    high = (first & np.uint32(0xFFFFF)) | np.uint32(1023 << 20)
    return lax.bitcast_convert_type(_join(second, high), jnp.float64) - 1.0


def uniform_int(key: Any, counter: Any, shape: tuple[int, ...], low: Any, high: Any) -> Any:
    """Uniform integers in [low, high), by the remainder of a random word."""
    draw = bits64 if low.dtype.itemsize == 8 else bits32
    unsigned = np.uint64 if low.dtype.itemsize == 8 else np.uint32
    width = high.astype(unsigned) - low.astype(unsigned)
    return (low.astype(unsigned) + draw(key, counter, shape) % width).astype(low.dtype)


def uniform_bits(key: Any, counter: Any, shape: tuple[int, ...], dtype: Any) -> Any:
    """Integers uniform over all values of the dtype."""
    return (bits64 if jnp.dtype(dtype).itemsize == 8 else bits32)(key, counter, shape).astype(dtype)


# Normal ---------------------------------------------------------------------------------------------------------


def normal(key: Any, counter: Any, shape: tuple[int, ...], dtype: Any) -> Any:
    """Standard normal numbers, by the transform of Box and Muller (1958)."""
    if dtype == np.float64:
        words, lane = _own_block(key, counter, shape, 2)
        radius, angle = _polar(_double(*words[:2]), _double(*words[2:]))
        return (jnp.where(lane == 0, jnp.sin(angle), jnp.cos(angle)) * radius).reshape(shape)
    (w0, w1, w2, w3), lane = _own_block(key, counter, shape, 4)
    first, second = jnp.where(lane < 2, w0, w2), jnp.where(lane < 2, w1, w3)
    radius, angle = _polar(_fraction(first, jnp.float32), _fraction(second, jnp.float32))
    return (_sine(angle, lane % np.uint32(2)) * radius).reshape(shape).astype(dtype)


def _polar(first: Any, second: Any) -> tuple[Any, Any]:
    """Radius and angle of a point with normal coordinates, from two uniform numbers."""
    kind = first.dtype.type
    return jnp.sqrt(kind(-2) * jnp.log(jnp.maximum(first, kind(1e-7)))), second * kind(2 * math.pi)


# pi/2 in three parts of which the first two have few bits, so that small multiples of them are exact.
_HALF_PI = (np.float32(1.5703125), np.float32(4.837512969970703e-04), np.float32(7.549790126404332e-08))
_SINE = tuple([np.float32((-1) ** k / math.factorial(2 * k + 1)) for k in range(5)])
_COSINE = tuple([np.float32((-1) ** k / math.factorial(2 * k)) for k in range(6)])


def _sine(angle: Any, quarters: Any) -> Any:
    """``sin(angle + quarters * pi / 2)`` in float32 for angles in [0, 2 pi].

    XLA's own sine reduces arguments of any size and is much slower: here the reduction is to the nearest multiple of
    pi / 2, and two Taylor polynomials do the rest.
    """
    nearest = jnp.round(angle * np.float32(2 / math.pi))
    rest = angle - nearest * _HALF_PI[0] - nearest * _HALF_PI[1] - nearest * _HALF_PI[2]
    square = rest * rest
    quadrant = nearest.astype(jnp.uint32) + quarters
    value = jnp.where(quadrant % 2 == 0, rest * _polynomial(_SINE, square), _polynomial(_COSINE, square))
    return jnp.where(quadrant & 2 == 0, value, -value)


def _polynomial(coefficients: tuple[Any, ...], x: Any) -> Any:
    value = coefficients[-1]
    for coefficient in coefficients[-2::-1]:
        value = value * x + coefficient
    return value


def truncated_normal(key: Any, counter: Any, shape: tuple[int, ...], dtype: Any) -> Any:
    """Standard normal numbers redrawn until they are within two standard deviations.

    As in TensorFlow, every group of four (float64: two) elements owns 256 (128) blocks and takes from its first ones
    whatever passes, in order.
    """
    wide = dtype == np.float64
    group = 2 if wide else 4
    size = math.prod(shape)
    starts = lax.iota(jnp.uint64, -(-size // group)) * np.uint64(group * COUNTER_STEP // 4)

    def unfinished(state: Any) -> Any:
        return jnp.any(state[1] < group) & (state[2] < COUNTER_STEP // 4)

    def more(state: Any) -> Any:
        chosen, filled, block = state
        words = lax.optimization_barrier(blocks(key, counter, starts + block))
        draws = normals(words, dtype)
        chosen, filled = _accept(chosen, filled, lax.optimization_barrier(draws))
        return chosen, filled, block + np.uint64(1)

    nothing = tuple([jnp.zeros(starts.shape, jnp.float64 if wide else jnp.float32) for _ in range(group)])
    chosen, _, _ = lax.while_loop(unfinished, more, (nothing, jnp.zeros(starts.shape, jnp.int32), jnp.uint64(0)))
    return _interleave(chosen)[:size].reshape(shape).astype(dtype)


def _interleave(columns: tuple[Any, ...]) -> Any:
    """``stack(columns, axis=-1).ravel()``, as selection, which XLA:CPU makes a fast loop of."""
    columns = lax.optimization_barrier(columns)
    lane = lax.broadcasted_iota(jnp.int32, (columns[0].shape[0], len(columns)), 1)
    result = columns[-1][:, None]
    for place, column in enumerate(columns[:-1]):
        result = jnp.where(lane == place, column[:, None], result)
    return result.reshape(-1)


def uniforms(words: Any, dtype: Any) -> list[Any]:
    """All uniform numbers of a block: two of float64, or four of a smaller dtype."""
    w0, w1, w2, w3 = words
    return [_double(w0, w1), _double(w2, w3)] if dtype == np.float64 else [_fraction(w, dtype) for w in words]


def normals(words: Any, dtype: Any) -> list[Any]:
    """All normal numbers of a block: two of float64, or four of float32 for a smaller dtype."""
    w0, w1, w2, w3 = words
    if dtype == np.float64:
        radius, angle = _polar(_double(w0, w1), _double(w2, w3))
        return [jnp.sin(angle) * radius, jnp.cos(angle) * radius]
    draws = []
    for first, second in ((w0, w1), (w2, w3)):
        radius, angle = _polar(_fraction(first, jnp.float32), _fraction(second, jnp.float32))
        draws += [_sine(angle, np.uint32(quarters)) * radius for quarters in (0, 1)]
    return draws


def _accept(chosen: tuple[Any, ...], filled: Any, draws: Any) -> tuple[tuple[Any, ...], Any]:
    """Puts the draws that are not cut off into the next places of each group."""
    for value in draws:
        passes = jnp.abs(value) < TRUNCATION
        chosen = tuple([jnp.where(passes & (filled == i), value, old) for i, old in enumerate(chosen)])
        filled = filled + passes.astype(jnp.int32)
    return chosen, filled

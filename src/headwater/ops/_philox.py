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

# Attempts a truncated draw makes before it gives up on an element (probability of needing more: 0.046 ** 32).
_ATTEMPTS = 32


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
    low = counter[0] + offsets
    high = counter[1] + (low < counter[0]).astype(jnp.uint64)
    return _rounds(key[0], (*_words(low), *_words(high)))


def scramble(seed: Any) -> tuple[Any, Any]:
    """The key and counter TensorFlow's stateless ops draw from for a seed of two integers."""
    first, second = seed.astype(jnp.uint64)
    m0, m1, m2, m3 = _rounds(jnp.asarray(_SCRAMBLING_KEY), (*_words(first), *_words(second)))
    return _join(m0, m1)[None], jnp.stack([jnp.zeros([], jnp.uint64), _join(m2, m3)])


def _join(low: Any, high: Any) -> Any:
    return low.astype(jnp.uint64) | (high.astype(jnp.uint64) << np.uint64(32))


def skip(counter: Any, delta: Any) -> Any:
    """`counter` (low, high) advanced by `delta` elements."""
    step = jnp.asarray(delta).astype(jnp.uint64) * np.uint64(COUNTER_STEP)
    low = counter[0] + step
    return jnp.stack([low, counter[1] + (low < step).astype(jnp.uint64)])


# Bits -----------------------------------------------------------------------------------------------------------


def _size(shape: tuple[int, ...]) -> int:
    return math.prod(shape)


def _interleave(parts: tuple[Any, ...], shape: tuple[int, ...]) -> Any:
    # Without the barrier XLA would compute every block once per word.
    parts = lax.optimization_barrier(parts)
    return jnp.stack(parts, axis=-1).reshape(-1)[: _size(shape)].reshape(shape)


def bits32(key: Any, counter: Any, shape: tuple[int, ...]) -> Any:
    """Uniform 32-bit words."""
    return _interleave(blocks(key, counter, _offsets(-(-_size(shape) // 4))), shape)


def bits64(key: Any, counter: Any, shape: tuple[int, ...]) -> Any:
    """Uniform 64-bit words: two 32-bit words each, the first the lower half."""
    w0, w1, w2, w3 = blocks(key, counter, _offsets(-(-_size(shape) // 2)))
    return _interleave((_join(w0, w1), _join(w2, w3)), shape)


def _offsets(count: int) -> Any:
    return lax.iota(jnp.uint64, count)


# Uniform --------------------------------------------------------------------------------------------------------


def uniform(key: Any, counter: Any, shape: tuple[int, ...], dtype: Any) -> Any:
    """Uniform numbers in [0, 1): random bits as the mantissa of a number in [1, 2), minus 1."""
    if dtype == np.float64:
        w0, w1, w2, w3 = blocks(key, counter, _offsets(-(-_size(shape) // 2)))
        return _interleave((_double(w0, w1), _double(w2, w3)), shape)
    return _fraction(bits32(key, counter, shape), dtype)


def _fraction(word: Any, dtype: Any) -> Any:
    """A 32-bit word as a float in [0, 1): of its lower bits as many as the mantissa holds."""
    dtype = jnp.dtype(dtype)
    info = jnp.finfo(dtype)  # type: ignore[no-untyped-call]
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
    wide = dtype == np.float64
    words = blocks(key, counter, _offsets(-(-_size(shape) // (2 if wide else 4))))
    pairs = _box_muller_double(*words) if wide else (*_box_muller(*words[:2]), *_box_muller(*words[2:]))
    return _interleave(pairs, shape).astype(dtype)


def _box_muller(first: Any, second: Any) -> tuple[Any, Any]:
    return _polar(jnp.maximum(_fraction(first, jnp.float32), jnp.float32(1e-7)), _fraction(second, jnp.float32))


def _box_muller_double(w0: Any, w1: Any, w2: Any, w3: Any) -> tuple[Any, Any]:
    return _polar(jnp.maximum(_double(w0, w1), 1e-7), _double(w2, w3))


def _polar(first: Any, second: Any) -> tuple[Any, Any]:
    angle = second * first.dtype.type(2 * math.pi)
    radius = jnp.sqrt(first.dtype.type(-2) * jnp.log(first))
    return jnp.sin(angle) * radius, jnp.cos(angle) * radius


def truncated_normal(key: Any, counter: Any, shape: tuple[int, ...], dtype: Any) -> Any:
    """Standard normal numbers redrawn until they are within two standard deviations.

    As in TensorFlow, every group of four (float64: two) elements owns 256 (128) blocks and takes from its first ones
    whatever passes, in order.
    """
    wide = dtype == np.float64
    group = 2 if wide else 4
    groups = -(-_size(shape) // group)
    starts = _offsets(groups) * np.uint64(group * COUNTER_STEP // 4)
    batch = 4 if wide else 2  # blocks drawn at first: almost always enough
    chosen, filled = _accept(key, counter, starts, 0, batch, jnp.zeros([groups, group], _wide(dtype)), None)

    def unfinished(state: Any) -> Any:
        return jnp.any(state[1] < group) & (state[2] < _ATTEMPTS)

    def more(state: Any) -> Any:
        values, count, block = state
        values, count = _accept(key, counter, starts, block, 1, values, count)
        return values, count, block + 1

    chosen, filled, _ = lax.while_loop(unfinished, more, (chosen, filled, jnp.int32(batch)))
    return chosen.reshape(-1)[: _size(shape)].reshape(shape).astype(dtype)


def _wide(dtype: Any) -> Any:
    return jnp.float64 if dtype == np.float64 else jnp.float32


def _accept(key: Any, counter: Any, starts: Any, block: Any, count: int, chosen: Any, filled: Any) -> tuple[Any, Any]:
    """Appends to each group the draws of its blocks ``block .. block + count - 1`` that are not cut off."""
    filled = jnp.zeros(starts.shape, jnp.int32) if filled is None else filled
    places = np.arange(chosen.shape[1], dtype=np.int32)
    for step in range(count):
        words = blocks(key, counter, starts + (jnp.asarray(block) + step).astype(jnp.uint64))
        wide = chosen.dtype == np.float64
        draws = _box_muller_double(*words) if wide else (*_box_muller(*words[:2]), *_box_muller(*words[2:]))
        for value in lax.optimization_barrier(draws):
            passes = jnp.abs(value) < TRUNCATION
            here = passes[:, None] & (filled[:, None] == places)
            chosen = jnp.where(here, value[:, None], chosen)
            filled = filled + passes.astype(jnp.int32)
    return chosen, filled

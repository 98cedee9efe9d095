"""Random orders drawn from Philox words: all of one, or where single indices come to stand in one of any size."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp
import numpy as np
from jax import lax

from headwater.ops import _philox


def permutation(key: Any, counter: Any, size: int) -> Any:
    """A random order of `size` numbers. Source: Durstenfeld, "Algorithm 235: Random permutation" (1964)."""
    words = _philox.bits32(key, counter, (size,))

    def swap(i: Any, order: Any) -> Any:
        j = i + (words[i] % (size - i).astype(jnp.uint32)).astype(i.dtype)
        return order.at[jnp.stack([i, j])].set(order[jnp.stack([j, i])])

    return lax.fori_loop(0, size - 1, swap, jnp.arange(size))


# A cipher of few rounds permutes words of any even number of bits, at least these.
_LEAST_BITS = 16
_KEY_MASK = np.uint64(0xFFFFFFFC)


def index_permutation(index: Any, keys: tuple[Any, ...], largest: Any) -> Any:
    """Where indices come to stand in a permutation of ``0 ... largest``, all uint64 of one shape; a key is three words.

    Source: the block cipher Simon with four rounds (Beaulieu and others, eprint 2013/404), repeated until the result is
    in range (Black, Rogaway, "Ciphers with arbitrary finite domains", 2002).
    """
    size = 64 - lax.clz(jnp.maximum(largest, np.uint64(1)) - np.uint64(1))
    half = jnp.maximum(size + size % 2, np.uint64(_LEAST_BITS)) // 2
    mask = (np.uint64(1) << half) - np.uint64(1)

    def turned(x: Any, places: int) -> Any:
        """Rotated to the left."""
        count = np.uint64(places % 64) if places > 0 else half - np.uint64(-places)
        return ((x << count) | (x >> (half - count))) & mask

    def mixed(x: Any) -> Any:
        return (turned(x, 1) & turned(x, 8)) ^ turned(x, 2)

    k0, k1, k2 = (k & mask for k in keys)
    k3 = (_KEY_MASK & mask) ^ np.uint64(1) ^ k0 ^ turned(k2, -3) ^ turned(k2, -4)

    def encrypted(value: Any) -> Any:
        left, right = (value >> half) & mask, value & mask
        for first, second in ((k0, k1), (k2, k3)):
            left = left ^ mixed(right) ^ first
            right = right ^ mixed(left) ^ second
        return (left << half) | right

    def again(value: Any) -> Any:
        return jnp.where(value > largest, encrypted(value), value)

    found = lax.while_loop(lambda value: jnp.any(value > largest), again, encrypted(index))
    return jnp.where(largest == 0, np.uint64(0), found)

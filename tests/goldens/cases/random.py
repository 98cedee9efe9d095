"""`tf.random`: what follows from a seed exactly, and dtypes and shapes of what does not."""

from __future__ import annotations

from typing import Any

import numpy as np

from tests.goldens.case import Case, floats

SEED = [1, 2]
# Sines and logarithms of different mathematical libraries differ in the last bits.
CLOSE = 3e-6


def _stateless() -> list[Case]:
    return [
        Case("random.stateless_uniform", lambda tf: tf.random.stateless_uniform([2, 5], SEED)),
        Case("random.stateless_uniform/bounds", lambda tf: tf.random.stateless_uniform([7], SEED, -2.0, 3.0), rtol=1e-6, atol=CLOSE),
        Case("random.stateless_uniform/float64", lambda tf: tf.random.stateless_uniform([7], SEED, dtype=tf.float64)),
        Case("random.stateless_uniform/float16", lambda tf: tf.random.stateless_uniform([7], SEED, dtype=tf.float16)),
        Case("random.stateless_uniform/bfloat16", lambda tf: tf.random.stateless_uniform([7], SEED, dtype=tf.bfloat16)),
        Case("random.stateless_uniform/int32", lambda tf: tf.random.stateless_uniform([7], SEED, -3, 1000, tf.int32)),
        Case("random.stateless_uniform/int64", lambda tf: tf.random.stateless_uniform([7], SEED, -3, 2**40, tf.int64)),
        Case("random.stateless_uniform/full", lambda tf: tf.random.stateless_uniform([3], SEED, None, None, tf.int32)),
        Case("random.stateless_uniform/uint64", lambda tf: tf.random.stateless_uniform([3], SEED, None, None, tf.uint64)),
        Case("random.stateless_uniform/negative_seed", lambda tf: tf.random.stateless_uniform([3], [-1, -(2**31)])),
        Case("random.stateless_uniform/int64_seed", lambda tf, s: tf.random.stateless_uniform([3], s), [np.array([2**60, -5])], rankless=False, unknown=False),
        Case("random.stateless_uniform/empty", lambda tf: tf.random.stateless_uniform([0, 3], SEED)),
        Case("random.stateless_uniform/scalar", lambda tf: tf.random.stateless_uniform([], SEED)),
        Case("random.stateless_uniform/error_seed", lambda tf: tf.random.stateless_uniform([2], [1, 2, 3]), raises=True, function=False),
        Case("random.stateless_normal", lambda tf: tf.random.stateless_normal([3, 7], SEED), atol=CLOSE),
        Case("random.stateless_normal/moments", lambda tf, m: tf.random.stateless_normal([3, 4], SEED, m, 2.0), [floats(4)], grad2=False, atol=CLOSE, unknown=False, rankless=False),
        Case("random.stateless_normal/float64", lambda tf: tf.random.stateless_normal([7], SEED, dtype=tf.float64)),
        Case("random.stateless_normal/float16", lambda tf: tf.random.stateless_normal([7], SEED, dtype=tf.float16)),
        Case("random.stateless_truncated_normal", lambda tf: tf.random.stateless_truncated_normal([333], SEED), atol=CLOSE),
        Case("random.stateless_truncated_normal/float64", lambda tf: tf.random.stateless_truncated_normal([333], SEED, 1.0, 2.0, tf.float64)),
        Case("random.stateless_categorical", lambda tf, x: tf.random.stateless_categorical(x, 9, SEED), [floats(1, 5)], unknown=False, rankless=False),
        Case("random.stateless_gamma", lambda tf, a: tf.random.stateless_gamma([3, 2], SEED, a), [floats(2, low=0.5)], values=False, grad=False, unknown=False, rankless=False),
        Case("random.stateless_poisson", lambda tf, a: tf.random.stateless_poisson([3, 2], SEED, a), [floats(2, low=0.5)], values=False, grad=False, unknown=False, rankless=False),
        Case("random.stateless_binomial", lambda tf: tf.random.stateless_binomial([3, 2], SEED, 10.0, 0.5), values=False),
        Case("random.split", lambda tf: tf.random.split(SEED, 3)),
        Case("random.fold_in", lambda tf: tf.random.fold_in(SEED, 3)),
        Case("random.create_rng_state", lambda tf: tf.random.create_rng_state(2**70 + 5, "philox")),
        Case("random.create_rng_state/vector", lambda tf: tf.random.create_rng_state([5, 6], "philox")),
    ]  # fmt: skip


def _generator(make: Any) -> Any:
    return lambda tf: make(tf, tf.random.Generator.from_seed(5))


def _generators() -> list[Case]:
    cases = [
        ("normal", lambda tf, g: [g.normal([3], 1.0, 2.0), g.normal([2]), g.state.read_value()]),
        ("uniform", lambda tf, g: [g.uniform([3]), g.uniform([2, 2], 0, 9, tf.int32), g.uniform_full_int([2])]),
        ("truncated_normal", lambda tf, g: [g.truncated_normal([9]), g.state.read_value()]),
        ("make_seeds", lambda tf, g: [g.make_seeds(3), g.key]),
        ("skip", lambda tf, g: [g.skip(7), g.state.read_value()]),
        ("split", lambda tf, g: [child.normal([2]) for child in g.split(2)]),
        ("state", lambda tf, g: tf.random.Generator.from_state([1, 2, 3], "philox").normal([3])),
        ("key_counter", lambda tf, g: tf.random.Generator.from_key_counter(3, [1, 2], "philox").uniform([3])),
    ]
    return [
        Case(f"random.Generator/{name}", _generator(make), function=False, grad=False, atol=CLOSE)
        for name, make in cases
    ]


def _stateful() -> list[Case]:
    return [
        Case("random.uniform", lambda tf: tf.random.uniform([2, 3], 1.0, 2.0), values=False),
        Case("random.uniform/int32", lambda tf: tf.random.uniform([2, 3], 1, 7, tf.int32), values=False),
        Case("random.uniform/from_shape", lambda tf, x: tf.random.uniform(tf.shape(x)), [floats(2, 3)], grad=False, values=False, static="refines"),
        Case("random.uniform/error", lambda tf: tf.random.uniform([2], dtype=tf.int32), raises=True),
        Case("random.normal", lambda tf: tf.random.normal([2, 3], 1.0, 2.0), values=False),
        Case("random.normal/float64", lambda tf: tf.random.normal([2, 3], dtype=tf.float64), values=False),
        Case("random.truncated_normal", lambda tf: tf.random.truncated_normal([2, 3]), values=False),
        Case("random.gamma", lambda tf, a: tf.random.gamma([3], a), [floats(2, low=0.5)], values=False, grad=False, rankless=False, static="refines"),
        Case("random.poisson", lambda tf, a: tf.random.poisson([3], a), [floats(2, low=0.5)], values=False, grad=False, rankless=False, static="refines"),
        Case("random.categorical", lambda tf, x: tf.random.categorical(x, 4), [floats(2, 3)], values=False, grad=False, rankless=False, static="refines"),
        Case("random.categorical/int32", lambda tf, x: tf.random.categorical(x, 4, tf.int32), [floats(2, 3)], values=False, grad=False, rankless=False, static="refines"),
        Case("random.shuffle", lambda tf, x: tf.random.shuffle(x), [floats(5, 2)], values=False, grad=False, rankless=False),
    ]  # fmt: skip


CASES: list[Case] = [*_stateless(), *_generators(), *_stateful()]

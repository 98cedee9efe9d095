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
        Case("random.stateless_gamma", lambda tf, a: tf.random.stateless_gamma([3, 2], SEED, a), [floats(2, low=0.5)], grad2=False, unknown=False, rankless=False),
        Case("random.stateless_gamma/alphas", lambda tf: tf.random.stateless_gamma([9, 6], SEED, [0.01, 0.3, 1.0, 1.5, 20.0, 1e4]), function=False),
        Case("random.stateless_gamma/beta", lambda tf, b: tf.random.stateless_gamma([5, 3, 2], SEED, [[0.5], [1.0], [7.0]], b), [floats(2, low=0.5)], grad2=False, function=False),
        Case("random.stateless_gamma/float64", lambda tf: tf.random.stateless_gamma([9], [-3, 2**31 - 1], 0.7, dtype=tf.float64), function=False),
        Case("random.stateless_gamma/float16", lambda tf: tf.random.stateless_gamma([9], SEED, 2.0, dtype=tf.float16), function=False),
        Case("random.stateless_gamma/not_positive", lambda tf: tf.random.stateless_gamma([2], SEED, [-1.0, 2.0]), function=False),
        Case("random.stateless_gamma/error_shape", lambda tf: tf.random.stateless_gamma([3, 2], SEED, [[1.0], [2.0], [3.0]]), raises=True, function=False),
        Case("random.stateless_poisson", lambda tf, a: tf.random.stateless_poisson([3, 2], SEED, a), [floats(2, low=0.5)], grad=False, unknown=False, rankless=False),
        Case("random.stateless_poisson/rates", lambda tf: tf.random.stateless_poisson([9, 8], [5, 6], [0.0, 0.5, 3.0, 9.99, 10.0, 33.3, 1e7, -1.0]), function=False),
        Case("random.stateless_poisson/float64", lambda tf: tf.random.stateless_poisson([5, 3], SEED, np.array([4.0, 4e6, np.inf]), tf.float64), function=False),
        Case("random.stateless_binomial", lambda tf: tf.random.stateless_binomial([3, 2], SEED, 10.0, 0.5)),
        Case("random.stateless_binomial/few", lambda tf: tf.random.stateless_binomial([9, 4], SEED, [1.0, 9.0, 30.0, 1e4], [0.5, 0.7, 0.1, 0.9999]), function=False),
        Case("random.stateless_binomial/many", lambda tf: tf.random.stateless_binomial([9, 3], SEED, [30.0, 100.0, 1e6], [0.5, 0.8, 0.01], tf.float32), function=False),
        Case("random.stateless_binomial/sure", lambda tf: tf.random.stateless_binomial([2, 6], SEED, [-1.0, 0.0, 5.0, 5.0, 5.0, 5.0], [0.5, 0.5, 0.0, 1.0, -1.0, 2.0]), function=False),
        Case("random.stateless_binomial/float64", lambda tf: tf.random.stateless_binomial([4, 3, 2], SEED, np.array([[10.0], [20.0], [300.0]]), np.array([0.2, 0.9]), tf.int64), function=False),
        Case("random.stateless_binomial/error_shape", lambda tf: tf.random.stateless_binomial([3, 2], SEED, [[10.0], [20.0], [30.0]], 0.3), raises=True, function=False),
        Case("random.stateless_parameterized_truncated_normal", lambda tf: tf.random.stateless_parameterized_truncated_normal([50], SEED)),
        Case("random.stateless_parameterized_truncated_normal/methods", lambda tf: tf.random.stateless_parameterized_truncated_normal([9, 6], SEED, 0.0, 1.0, [-1.0, -2.0, 2.0, -9.0, 0.1, -np.inf], [1.0, 2.0, 9.0, -3.0, 0.2, -2.0]), atol=CLOSE, function=False),
        Case("random.stateless_parameterized_truncated_normal/float64", lambda tf: tf.random.stateless_parameterized_truncated_normal([9, 2], SEED, np.float64(0.5), np.float64(2.0), np.array([-1.0, -4.0]), np.array([1.0, 3.0])), function=False),
        Case("random.stateless_parameterized_truncated_normal/grad", lambda tf, m, s: tf.random.stateless_parameterized_truncated_normal([5, 3], SEED, m, s, -1.0, 1.5), [floats(3), floats(3, low=0.5)], grad2=False, function=False, rtol=1e-4, atol=1e-4),
        Case("random.stateless_parameterized_truncated_normal/error", lambda tf: tf.random.stateless_parameterized_truncated_normal([5], SEED, 0.0, 1.0, 2.0, 1.0), raises=True, function=False),
        Case("random.experimental.stateless_shuffle", lambda tf, x: tf.random.experimental.stateless_shuffle(x, SEED), [floats(50, 2)], grad=False, unknown=False, rankless=False),
        Case("random.experimental.stateless_shuffle/one", lambda tf, x: tf.random.experimental.stateless_shuffle(x, SEED), [floats(1, 2)], grad=False, function=False),
        Case("random.experimental.index_shuffle", lambda tf: tf.random.experimental.index_shuffle(tf.range(10), [5, 8], 9)),
        Case("random.experimental.index_shuffle/large", lambda tf: tf.random.experimental.index_shuffle(np.array([0, 3, 10**12]), SEED, 10**12), function=False),
        Case("random.experimental.index_shuffle/edges", lambda tf: [tf.random.experimental.index_shuffle(0, SEED, m) for m in (0, 1, 65535, 65536)], function=False),
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
        (
            "binomial",
            lambda tf, g: [
                g.binomial([4], 10.0, 0.5),
                g.binomial([2, 3], [10.0, 200.0, 30.0], 0.9),
                g.state.read_value(),
            ],
        ),
        ("state", lambda tf, g: tf.random.Generator.from_state([1, 2, 3], "philox").normal([3])),
        ("key_counter", lambda tf, g: tf.random.Generator.from_key_counter(3, [1, 2], "philox").uniform([3])),
    ]
    return [
        Case(f"random.Generator/{name}", _generator(make), function=False, grad=False, atol=CLOSE)
        for name, make in cases
    ]  # fmt: skip


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

"""Random numbers: streams, seeds, generators, distributions. TensorFlow's exact values are in the goldens."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

import headwater as tf
from headwater.core.context import context


def _draws() -> list[Any]:
    return [
        tf.random.normal([3]),
        tf.random.uniform([2], -1.0, 1.0),
        tf.random.truncated_normal([2]),
        tf.random.shuffle(np.arange(6)),
        tf.random.uniform([2], 0, 100, tf.int32),
        tf.random.categorical([[0.0, 1.0, 2.0]], 3),
        tf.random.gamma([2], 1.5),
        tf.random.poisson([2], 3.0),
    ]


def _values(tensors: Any) -> list[Any]:
    return [t.numpy().tolist() for t in tensors]


def test_same_seed_same_stream_eager_and_traced() -> None:
    tf.random.set_seed(7)
    eager = [_values(_draws()), _values(_draws())]
    traced = tf.function(_draws)
    tf.random.set_seed(7)
    assert [_values(traced()), _values(traced())] == eager
    assert eager[0] != eager[1]
    tf.random.set_seed(8)
    assert _values(_draws()) != eager[0]


def test_op_seed_repeats_after_set_seed_only() -> None:
    def pair() -> list[float]:
        return [float(tf.random.uniform([], seed=5)), float(tf.random.uniform([], seed=5))]

    tf.random.set_seed(1)
    first = pair()
    assert first[0] != first[1]
    tf.random.set_seed(1)
    assert pair() == first
    tf.random.set_seed(2)
    assert pair() != first


def test_ops_with_one_seed_in_a_function_have_a_state_each() -> None:
    @tf.function
    def f() -> Any:
        return tf.random.uniform([], seed=1), tf.random.uniform([], seed=1)

    tf.random.set_seed(3)
    first, second = _values(f()), _values(f())
    assert first[0] == first[1] != second[0] == second[1]
    tf.random.set_seed(3)
    assert _values(f()) == first


def test_without_any_seed_streams_differ() -> None:
    assert float(tf.random.normal([])) != float(tf.random.normal([]))


def test_draws_in_a_loop_and_with_an_unknown_shape() -> None:
    @tf.function(input_signature=[tf.TensorSpec([None, 2])])
    def f(x: Any) -> Any:
        return tf.random.uniform(tf.array.shape(x))

    assert f.get_concrete_function().output_shapes.as_list() == [None, 2]
    assert f(np.zeros([5, 2], np.float32)).shape == [5, 2]


class _Replica:
    def __init__(self, number: int) -> None:
        self.replica_id_in_sync_group = number


def test_replicas_draw_independent_numbers() -> None:
    found = []
    for number in (0, 1):
        tf.random.set_seed(4)
        before = context.enter(replica=_Replica(number))
        try:
            found.append(_values([tf.random.normal([3])]))
        finally:
            context.restore(before)
    assert found[0] != found[1]


def test_generator_saves_and_restores_its_state() -> None:
    g = tf.random.Generator.from_seed(12)
    copy = tf.random.Generator(copy_from=g)
    assert _values([g.normal([3]), g.uniform([2], 0, 9, tf.int64)]) == _values(
        [copy.normal([3]), copy.uniform([2], 0, 9, tf.int64)]
    )
    g.reset_from_seed(12)
    skipped = tf.random.Generator.from_seed(12)
    skipped.skip(3)
    g.normal([3])
    assert g.state.numpy().tolist() == skipped.state.numpy().tolist()
    children = g.split(3)
    assert len({int(child.key) for child in children}) == 3
    g.reset([1, 2, 3])
    assert g.state.numpy().tolist() == [1, 2, 3]
    g.reset_from_key_counter(5, [6, 7])
    assert int(g.key) == 5
    assert tf.random.Generator.from_key_counter(5, [6, 7], "philox").state.numpy().tolist() == [6, 7, 5]


def test_generator_in_a_function_moves_its_state() -> None:
    g, h = tf.random.Generator.from_seed(1), tf.random.Generator.from_seed(1)
    f = tf.function(lambda: g.normal([4]))
    assert _values([f(), f()]) == _values([h.normal([4]), h.normal([4])])
    assert g.state.numpy().tolist() == h.state.numpy().tolist()


def test_hidden_streams_are_not_listed_among_variables() -> None:
    v = tf.Variable(1.0)
    concrete = tf.function(lambda: v + tf.random.normal([])).get_concrete_function()
    assert [x is v for x in concrete.variables] == [True]
    assert float(concrete()) != float(concrete())


def test_threefry_state_has_two_words() -> None:
    g = tf.random.Generator.from_seed(3, alg="threefry")
    assert g.state.shape == [2]
    assert g.algorithm == 2
    assert g.normal([5]).shape == [5]
    with pytest.raises(ValueError, match="must have shape"):
        tf.random.Generator.from_state([1, 2, 3], "threefry")
    with pytest.raises(ValueError, match="unsupported value 'mersenne'"):
        tf.random.Generator.from_seed(3, alg="mersenne")


@pytest.mark.parametrize(
    ("draw", "mean", "variance"),
    [
        (lambda: tf.random.stateless_uniform([20000], [1, 1]), 0.5, 1 / 12),
        (lambda: tf.random.stateless_normal([20000], [2, 1], 3.0, 2.0), 3.0, 4.0),
        (lambda: tf.random.stateless_truncated_normal([20000], [3, 1]), 0.0, 0.7737),
        (lambda: tf.random.stateless_gamma([20000], [4, 1], 2.5, 2.0), 1.25, 0.625),
        (lambda: tf.random.stateless_poisson([20000], [5, 1], 4.0), 4.0, 4.0),
        (lambda: tf.random.stateless_binomial([20000], [6, 1], 10.0, 0.3), 3.0, 2.1),
        (lambda: tf.random.stateless_uniform([20000], [7, 1], 0, 10, tf.int32), 4.5, 99 / 12),
        (lambda: tf.random.stateless_parameterized_truncated_normal([20000], [8, 1], minvals=0.0, maxvals=9.0),
         math.sqrt(2 / math.pi), 1 - 2 / math.pi),
    ],
)  # fmt: skip
def test_moments(draw: Any, mean: float, variance: float) -> None:
    values = np.asarray(draw().numpy(), np.float64)
    standard_error = math.sqrt(variance / values.size)
    assert abs(values.mean() - mean) < 5 * standard_error
    assert abs(values.var() - variance) < 0.05 * variance


def test_normal_numbers_have_the_normal_distribution() -> None:
    values = np.sort(tf.random.stateless_normal([10000], [9, 9]).numpy())
    expected = np.array([0.5 * (1 + math.erf(v / math.sqrt(2))) for v in values])
    distance = np.abs(expected - (np.arange(10000) + 0.5) / 10000).max()
    assert distance < 1.63 / math.sqrt(10000)  # Kolmogorov-Smirnov at 1 %


def test_categorical_follows_its_logits() -> None:
    drawn = tf.random.stateless_categorical([[0.0, math.log(3.0)]], 10000, [1, 2]).numpy()
    assert abs(drawn.mean() - 0.75) < 0.02


def test_shuffle_permutes_rows_together() -> None:
    x = np.arange(40).reshape(20, 2)
    tf.random.set_seed(5)
    shuffled = tf.random.shuffle(x).numpy()
    assert shuffled.tolist() != x.tolist()
    assert sorted(shuffled.tolist()) == x.tolist()
    words = np.array([b"a", b"b", b"c"], object)
    assert sorted(tf.random.shuffle(words).numpy().tolist()) == words.tolist()


def test_gradients_reach_the_parameters() -> None:
    mean, alpha = tf.convert_to_tensor(1.0), tf.convert_to_tensor(2.0)
    with tf.GradientTape() as tape:
        tape.watch([mean, alpha])
        x = tf.random.normal([4], mean) + tf.random.gamma([4], alpha)
    gradients = tape.gradient(x, [mean, alpha])
    assert float(gradients[0]) == 4.0
    assert float(gradients[1]) > 0


@pytest.mark.parametrize(
    ("call", "error", "match"),
    [
        (lambda: tf.random.uniform([2], dtype=tf.int32), ValueError, "Must specify maxval"),
        (lambda: tf.random.uniform([2], 5, 3, tf.int32), tf.errors.InvalidArgumentError, "minval < maxval"),
        (lambda: tf.random.uniform([2], dtype=tf.string), ValueError, "Accepted dtypes"),
        (lambda: tf.random.stateless_uniform([2], 5), tf.errors.InvalidArgumentError, r"shape \[2\]"),
        (lambda: tf.random.stateless_uniform([2], [1, 2], 1, None, tf.int32), ValueError, "both None or not None"),
        (lambda: tf.random.categorical([0.5], 1), ValueError, "should be a matrix"),
        (lambda: tf.random.Generator(), ValueError, "from_seed"),
    ],
)
def test_errors(call: Any, error: Any, match: str) -> None:
    with pytest.raises(error, match=match):
        call()

"""Gradients where functions are infinite, not defined, or NaN: a zero that arrives stays zero, as in TensorFlow."""

import numpy as np
import pytest

import headwater as tf

INF, NAN = np.inf, np.nan


def gradients(f, values, upstream):
    """First derivatives, and second ones."""
    x = tf.constant(values)
    with tf.GradientTape() as outer:
        outer.watch(x)
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = f(x)
        first = tape.gradient(y, x, output_gradients=tf.fill(tf.shape(y), upstream))
    return first, outer.gradient(first, x)


@pytest.mark.parametrize("function", [tf.sqrt, tf.math.rsqrt, tf.math.reciprocal], ids=lambda f: f.__name__)
@pytest.mark.parametrize("how", [lambda f: f, tf.function], ids=["eager", "function"])
def test_a_zero_gradient_stays_zero(function, how):
    found = how(lambda: gradients(function, [0.0, -1.0, INF, NAN], 0.0))()
    np.testing.assert_array_equal(np.asarray(found), np.zeros([2, 4]))
    with tf.autodiff.ForwardAccumulator(x := tf.constant([0.0, 4.0]), tf.constant([0.0, 1.0])) as accumulator:
        y = function(x)
    assert np.isfinite(accumulator.jvp(y)).all() and float(accumulator.jvp(y)[0]) == 0.0


MASKED = {
    "norm": lambda x: tf.norm(x, axis=1),
    "euclidean norm": lambda x: tf.math.reduce_euclidean_norm(x, axis=1),
    "deviation": lambda x: tf.math.reduce_std(x, axis=1),
    "distance": lambda x: tf.sqrt(tf.reduce_sum((x[:, :1] - x[:, 1:]) ** 2, axis=1)),
    "chosen": lambda x: tf.where(x[:, 0] > 0.0, tf.math.rsqrt(x[:, 0]), 0.0),
}


@pytest.mark.parametrize("name", MASKED)
def test_masked_rows_have_no_gradient(name):
    x = tf.constant([[0.0, 0.0], [3.0, 4.0]])
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = MASKED[name](x) * [0.0, 1.0]
    found = tape.gradient(y, x).numpy()
    assert (found[0] == 0).all() and np.isfinite(found[1]).all() and (found[1] != 0).any()


POINTS = {  # function, points, first derivatives, second ones: recorded from TensorFlow
    "sqrt": (tf.sqrt, [0.0, 4.0, INF], [INF, 0.25, 0], [-INF, -1 / 32, 0]),
    "asin": (tf.asin, [1.0, 0.5], [INF, 1.1547005], [INF, 0.7698004]),
    "atanh": (tf.atanh, [1.0, 0.5], [INF, 4 / 3], [INF, 16 / 9]),
    "relu": (tf.nn.relu, [NAN, 0.0, 1.0], [0, 0, 1], [0, 0, 0]),
    "relu6": (tf.nn.relu6, [NAN, 1.0, 6.0], [0, 1, 0], [0, 0, 0]),
    "digamma": (tf.math.digamma, [INF, 1.0], [0, 1.6449341], [0, -2.4041138]),
    "lgamma": (tf.math.lgamma, [INF, 1.0], [INF, -0.5772157], [0, 1.6449341]),
    "softplus": (tf.nn.softplus, [10.0, -10.0], [0.9999546, 4.5397868e-05], [4.5396e-05, 4.5396e-05]),
    "expm1": (tf.math.expm1, [-10.0], [4.539993e-05], [4.539993e-05]),
    "clip": (lambda x: tf.clip_by_value(x, -1.0, 1.0) + 0.0 * x * x, [2.0, 0.5], [0, 1], [0, 0]),
}


@pytest.mark.parametrize("name", POINTS)
def test_derivatives_at_the_edges(name):
    function, points, first, second = POINTS[name]
    found = gradients(function, points, 1.0)
    np.testing.assert_allclose(found[0], first, rtol=3e-6 if name in ("digamma", "lgamma") else 2e-7)
    np.testing.assert_allclose(found[1], second, rtol=1e-4)


def test_no_gradient_at_nan_through_a_clip_and_values_at_infinity():
    x = tf.constant([NAN, 0.0])
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = tf.clip_by_value(x, -1.0, 1.0)
    assert tape.gradient(y, x).numpy().tolist() == [0.0, 1.0]
    assert tf.math.zeta([2.0], [INF]).numpy().tolist() == [0.0]
    assert tf.math.polygamma([1.0, 2.0], [INF, INF]).numpy().tolist() == [0.0, 0.0]

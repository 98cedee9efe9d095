"""Gradients the user defines: eager, in functions, on tapes inside and outside, in loops, to second order."""

import numpy as np
import pytest

import headwater as tf

c = tf.constant


def slope(f, x):
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = f(x)
    return tape.gradient(y, x)


def everywhere(f, x):
    """The gradient on an eager tape, on a tape around a function, and on a tape inside one."""
    x = c(x)
    inside = tf.function(lambda x: slope(f, x))
    nested = tf.function(lambda x: tf.function(f)(x) * 1.0)
    return [float(slope(f, x)), float(slope(tf.function(f), x)), float(inside(x)), float(slope(nested, x))]


@tf.custom_gradient
def clipped(x):
    def grad(upstream):
        return tf.clip_by_value(upstream, -1.0, 1.0) * 10.0

    return x * x, grad


@tf.custom_gradient
def log1pexp(x):
    e = tf.exp(x)
    return tf.math.log(1 + e), lambda upstream: upstream * (1 - 1 / (1 + e))


def test_the_gradient_is_the_users():
    assert everywhere(clipped, 3.0) == [10.0] * 4
    assert float(clipped(c(3.0))) == 9.0
    assert everywhere(log1pexp, 100.0) == [1.0] * 4


def test_in_loops_and_branches():
    def loop(x):
        for _ in tf.range(3):
            x = clipped(x)
        return x

    def branch(x):
        if x > 0:
            return clipped(x)
        return x

    def dynamic(x):
        return tf.while_loop(
            lambda i, x: i < tf.cast(x * 0 + 3, tf.int32), lambda i, x: (i + 1, clipped(x)), (c(0), x)
        )[1]

    for f in (loop, branch, dynamic):
        assert float(slope(tf.function(f), c(1.0))) == 10.0


def test_second_order():
    def derivatives(f, x):
        with tf.GradientTape() as outer:
            outer.watch(x)
            first = slope(f, x)
        return first, outer.gradient(first, x)

    s = 1 / (1 + np.exp(-0.5))
    x = c(0.5)
    results = [
        derivatives(log1pexp, x), derivatives(tf.function(log1pexp), x),
        tf.function(lambda x: derivatives(log1pexp, x))(x),
    ]  # fmt: skip
    for found in results:
        np.testing.assert_allclose(found, [s, s * (1 - s)], rtol=1e-5)


def test_several_arguments_results_and_keywords():
    @tf.custom_gradient
    def f(x, y, scale=1.0):
        return (x * y * scale, x + y), lambda a, b: (a * 10.0, b * 20.0)

    def slopes(g, pick):
        x, y = c(1.0), c(2.0)
        with tf.GradientTape() as tape:
            tape.watch([x, y])
            first, second = g(x, y)
            z = first + 3 * second if pick == "both" else first
        return [float(v) for v in tape.gradient(z, [x, y])]

    for g in (lambda x, y: f(x, y, scale=2.0), tf.function(lambda x, y: f(x, y, scale=2.0))):
        assert slopes(g, "both") == [10.0, 60.0]
        assert slopes(g, "first") == [10.0, 0.0]


def test_variables():
    v = tf.Variable(2.0)

    @tf.custom_gradient
    def f(x):
        def grad(upstream, variables=None):
            assert [w.name for w in variables] == [v.name]
            return upstream * 100.0, [upstream * 7.0]

        return x * v, grad

    @tf.custom_gradient
    def careless(x):
        return x * v, lambda upstream: upstream

    def slopes(g):
        def inner(x):
            with tf.GradientTape() as tape:
                tape.watch(x)
                y = g(x)
            return tape.gradient(y, [x, v])

        return inner

    for g in (slopes(f), slopes(tf.function(f)), tf.function(slopes(f))):
        assert [float(d) for d in g(c(3.0))] == [100.0, 7.0]
    for g in (slopes(careless), slopes(tf.function(careless))):
        with pytest.raises(TypeError, match="grad_fn must accept a 'variables' keyword"):
            g(c(3.0))


def test_what_it_must_return():
    with pytest.raises(ValueError, match="must return"):
        slope(tf.custom_gradient(lambda x: x), c(1.0))
    with pytest.raises(ValueError, match="expected to return 1 gradients, but returned 2"):
        slope(tf.custom_gradient(lambda x: (x, lambda dy: (dy, dy))), c(1.0))


def test_forward_mode_differentiates_the_function_itself():
    x = c(0.5)
    expected = 1 / (1 + np.exp(-0.5))
    for f in (log1pexp, tf.function(log1pexp)):
        with tf.autodiff.ForwardAccumulator(x, c(1.0)) as accumulator:
            y = f(x)
        np.testing.assert_allclose(accumulator.jvp(y), expected, rtol=1e-5)


def test_recompute_grad():
    v = tf.Variable(2.0)
    calls = []

    @tf.recompute_grad
    def f(x):
        calls.append(1)
        return tf.sin(x) * v

    np.testing.assert_allclose(everywhere(f, 1.0), [2 * np.cos(1.0)] * 4, rtol=1e-5)
    with tf.GradientTape() as tape:
        y = f(c(1.0))
    np.testing.assert_allclose(tape.gradient(y, v), np.sin(1.0), rtol=1e-5)
    np.testing.assert_allclose(f(c(1.0)), 2 * np.sin(1.0), rtol=1e-5)


def test_stop_gradient_and_grad_pass_through():
    assert everywhere(lambda x: tf.stop_gradient(x) * x, 3.0) == [3.0] * 4
    assert everywhere(tf.grad_pass_through(tf.round), 1.6) == [1.0] * 4
    assert float(tf.grad_pass_through(tf.round)(c(1.6))) == 2.0


def test_gradients_in_a_function():
    v = tf.Variable(2.0)

    @tf.function
    def f(x):
        y = x * x * v
        return tf.gradients(y, [x, v]), tf.gradients([y], x, grad_ys=[10.0])[0], tf.gradients(y, c(1.0))

    (dx, dv), scaled, nothing = f(c(3.0))
    assert [float(dx), float(dv), float(scaled), nothing] == [12.0, 9.0, 120.0, [None]]
    with pytest.raises(RuntimeError, match="GradientTape"):
        tf.gradients(c(1.0), c(1.0))


@tf.custom_gradient
def scaled_difference(x, y, scale=1.0):
    def gradient(upstream):
        return upstream * 10.0 * scale, upstream * 20.0 * scale

    return (x - y) * scale, gradient


@tf.custom_gradient
def only_the_first(x, scale=None):
    return x * scale, lambda upstream: upstream * 7.0


@pytest.mark.parametrize("how", [lambda f: f, tf.function], ids=["eager", "function"])
def test_keyword_arguments(how):
    x, y = tf.constant(4.0), tf.constant(5.0)

    def f():
        with tf.GradientTape(persistent=True) as tape:
            tape.watch([x, y])
            calls = [
                scaled_difference(x, y, scale=2.0),
                scaled_difference(x, y=y),
                scaled_difference(y=y, x=x),
            ]
            one = only_the_first(x, scale=y)
        return [tape.gradient(z, [x, y]) for z in calls], tape.gradient(one, [x, y], unconnected_gradients="zero")

    found, one = how(f)()
    assert [[float(g) for g in pair] for pair in found] == [[20.0, 40.0], [10.0, 20.0], [10.0, 20.0]]
    assert [float(g) for g in one] == [7.0, 0.0]

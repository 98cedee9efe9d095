"""Gradients: tapes eager and traced, any order, jacobians, forward mode."""

import numpy as np
import pytest

import headwater as tf


def close(actual, expected, rtol=1e-5):
    np.testing.assert_allclose(np.asarray(actual), expected, rtol=rtol)


@pytest.fixture(params=["eager", "traced"])
def run(request):
    """Runs a function of tensors as it is, or as a graph."""
    return (lambda f: f) if request.param == "eager" else (lambda f: tf.function(f, autograph=False))


def test_gradient_of_watched_tensors_and_variables(run):
    v = tf.Variable(3.0)

    def f(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = x * x * v
        return tape.gradient(y, {"x": x, "v": v})

    found = run(f)(tf.constant(2.0))
    close(found["x"], 12)
    close(found["v"], 4)


def test_unwatched_sources_have_no_gradient(run):
    frozen = tf.Variable(2.0, trainable=False)

    def f(x):
        with tf.GradientTape(persistent=True) as tape:
            y = x * frozen
        zero = tf.UnconnectedGradients.ZERO
        return tape.gradient(y, [x, frozen]), tape.gradient(y, [x], unconnected_gradients=zero)

    (a, b), (c,) = run(f)(tf.constant(1.0))
    assert a is None and b is None
    close(c, 0)


def test_watching_variables_by_hand(run):
    a, b = tf.Variable(2.0), tf.Variable(3.0)

    def f():
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(a)
            y = a * b
        assert [v is a for v in tape.watched_variables()] == [True]
        return tape.gradient(y, [a, b])

    da, db = run(f)()
    close(da, 3)
    assert db is None


def test_nested_tapes_give_higher_orders(run):
    def f(x):
        with tf.GradientTape() as t3:
            t3.watch(x)
            with tf.GradientTape() as t2:
                t2.watch(x)
                with tf.GradientTape() as t1:
                    t1.watch(x)
                    y = x**4
                d1 = t1.gradient(y, x)
            d2 = t2.gradient(d1, x)
        return d1, d2, t3.gradient(d2, x)

    for found, expected in zip(run(f)(tf.constant(2.0)), (32, 48, 48)):
        close(found, expected)


def test_persistent_tapes_and_single_use_ones(run):
    def f(x):
        with tf.GradientTape(persistent=True) as tape:
            tape.watch(x)
            y = x * x
            z = y * y
        results = tape.gradient(z, x), tape.gradient(z, y), tape.gradient(y, x)
        with tf.GradientTape() as once:
            once.watch(x)
            y = x * x
        once.gradient(y, x)
        with pytest.raises(RuntimeError, match="persistent=True"):
            once.gradient(y, x)
        return results

    for found, expected in zip(run(f)(tf.constant(3.0)), (108, 18, 6)):
        close(found, expected)


def test_output_gradients_and_several_targets(run):
    def f(x):
        with tf.GradientTape(persistent=True) as tape:
            tape.watch(x)
            y, z = x * 2.0, x * x
        weights = tf.constant([1.0, 10.0])
        return tape.gradient(y, x, output_gradients=weights), tape.gradient([y, z], x)

    a, b = run(f)(tf.constant([1.0, 2.0]))
    close(a, [2, 20])
    close(b, [4, 6])


def test_stop_recording_and_reset(run):
    def f(x):
        with tf.GradientTape(persistent=True) as tape:
            tape.watch(x)
            y = x * x
            with tape.stop_recording():
                hidden = x * x
            z = y + hidden
            first = tape.gradient(z, x)
            tape.reset()
            tape.watch(x)
            w = x * 3.0
        return first, tape.gradient(w, x), tape.gradient(y, x)

    a, b, c = run(f)(tf.constant(2.0))
    close(a, 4)
    close(b, 3)
    assert c is None


def test_an_intermediate_result_can_be_a_source(run):
    def f(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = x * x
            z = y * y
        return tape.gradient(z, [y, x])

    dy, dx = run(f)(tf.constant(2.0))
    close(dy, 8)
    close(dx, 32)


def test_jacobians(run):
    def f(x):
        with tf.GradientTape(persistent=True) as tape:
            tape.watch(x)
            y = tf.matmul(x, x, transpose_b=True)
            z = x * x
        return tape.jacobian(y, x), tape.batch_jacobian(z, x)

    x = tf.constant([[1.0, 2.0], [3.0, 4.0]])
    jacobian, batch = run(f)(x)
    assert jacobian.shape == (2, 2, 2, 2)
    expected = np.zeros((2, 2, 2, 2))
    for i in range(2):
        for j in range(2):
            expected[i, j, i] += x.numpy()[j]
            expected[i, j, j] += x.numpy()[i]
    close(jacobian, expected)
    close(batch, np.stack([np.diag(row) for row in 2 * x.numpy()]))


@pytest.mark.parametrize(
    ("function", "shape"),
    [
        (lambda x: tf.tanh(x) * 2.0, [None, None]),
        (lambda x: x[:, ::2] * x[:, 1:2], [None, None]),
        (lambda x: tf.matmul(x, x, transpose_b=True), [None, 3]),
        (lambda x: tf.reduce_sum(x, axis=-1)[:, tf.newaxis], [None, None]),
        (lambda x: x[..., tf.newaxis] ** 2, [2, None]),
    ],
)
def test_jacobians_where_dimensions_are_unknown(function, shape):
    def both(x):
        with tf.GradientTape(persistent=True) as tape:
            tape.watch(x)
            y = function(x)
        return tape.jacobian(y, x), tape.batch_jacobian(y, x)

    x = tf.constant([[0.5, -1.0, 2.0], [1.5, 0.25, -0.75]])
    traced = tf.function(both, input_signature=[tf.TensorSpec(shape, tf.float32)])
    for found, expected in zip(traced(x), both(x), strict=True):
        assert found.shape == expected.shape
        close(found, expected)


@pytest.mark.parametrize(
    "function",
    [
        lambda x: tf.map_fn(lambda row: row[::2] * row[0], x),
        lambda x: tf.scan(lambda total, row: total * 0.5 + row, x),
        lambda x: tf.function(lambda rows: tf.tanh(rows[:, ::2]))(x),
        lambda x: tf.cond(x[0, 0] > 0.0, lambda: x[:, ::2] * 2.0, lambda: x[:, ::2]),
    ],
    ids=["map_fn", "scan", "call", "cond"],
)
def test_tangents_where_dimensions_are_unknown(function):
    def tangent(x):
        with tf.autodiff.ForwardAccumulator(x, tf.ones_like(x)) as accumulator:
            y = function(x)
        return accumulator.jvp(y)

    x = tf.constant([[0.5, -1.0, 2.0], [1.5, 0.25, -0.75]])
    close(tf.function(tangent, input_signature=[tf.TensorSpec([None, None])])(x), tangent(x))


def test_jacobian_of_a_disconnected_source_is_none():
    x, y = tf.constant([1.0]), tf.constant([2.0])
    with tf.GradientTape() as tape:
        tape.watch([x, y])
        z = x * 2.0
    dx, dy = tape.jacobian(z, [x, y])
    close(dx, [[2]])
    assert dy is None


def test_complex_gradients_follow_tensorflow():
    z = tf.constant(1.0 + 2.0j)
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(z)
        y = z * z
    # TensorFlow gives the conjugate of the holomorphic derivative.
    close(tape.gradient(y, z), 2 * (1 - 2j))


def test_integer_targets_and_sources_warn():
    x = tf.constant(1)
    with tf.GradientTape() as tape:
        with pytest.warns(UserWarning, match="must be floating"):
            tape.watch(x)
        y = x * 2
    with pytest.warns(UserWarning, match="must be floating"):
        assert tape.gradient(y, x) is None


def test_sources_of_other_kinds_are_rejected():
    with tf.GradientTape() as tape, pytest.raises(ValueError, match=r"expected a tf\.Tensor"):
        tape.watch("x")
    with pytest.raises(TypeError, match="Expected tensors or variables"):
        tape.gradient(tf.constant(1.0), [3.0])


def test_tape_around_a_function_call():
    v = tf.Variable([1.0, 2.0])

    @tf.function
    def f(x, k):
        return tf.reduce_sum(x * v * v) * tf.cast(k, tf.float32)

    x = tf.constant([3.0, 4.0])
    with tf.GradientTape(persistent=True) as outer:
        outer.watch(x)
        with tf.GradientTape(persistent=True) as tape:
            tape.watch(x)
            y = f(x, tf.constant(2))
        dx, dv = tape.gradient(y, [x, v])
    close(dx, [2, 8])
    close(dv, [12, 32])
    close(outer.gradient(dv, v), [12, 16])
    close(outer.gradient(dx, v), [4, 8])


def test_gradient_of_a_tensor_captured_by_a_function():
    x = tf.constant(3.0)
    f = tf.function(lambda: x * x)
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = f()
    close(tape.gradient(y, x), 6)


def test_gradients_stop_at_assignments(run):
    v = tf.Variable(1.0)

    def f(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            v.assign(x * 3.0)
            y = v * x
        return tape.gradient(y, [x, v])

    dx, dv = run(f)(tf.constant(2.0))
    close(dx, 6)
    close(dv, 2)


def test_gradients_through_stages():
    @tf.function
    def f(x, n):
        return tf.reduce_sum(tf.reshape(x * x, [n, -1])[0])

    x = tf.constant([1.0, 2.0, 3.0, 4.0])
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = f(x, tf.constant(2))
    close(tape.gradient(y, x), [2, 4, 0, 0])


def test_forward_accumulator(run):
    v = tf.Variable(2.0)

    def f(x):
        with tf.autodiff.ForwardAccumulator(x, tf.constant([1.0, 0.0])) as acc:
            y = x * x * v
            z = tf.constant(1.0)
        with tf.autodiff.ForwardAccumulator(v, tf.constant(1.0)) as by_variable:
            w = v * v
        return acc.jvp(y), acc.jvp(z), by_variable.jvp(w)

    a, b, c = run(f)(tf.constant([3.0, 4.0]))
    close(a, [12, 0])
    assert b is None
    close(c, 4)


def test_forward_over_reverse():
    x = tf.constant([1.0, 2.0])
    with tf.autodiff.ForwardAccumulator(x, tf.constant([1.0, 0.0])) as acc:
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = tf.reduce_sum(x**3) * x[1]
        gradient = tape.gradient(y, x)
    close(acc.jvp(gradient), [12, 3])


def _powers(x, n):
    return tf.while_loop(lambda i, s: i < n, lambda i, s: (i + 1, tf.sin(s) * x + s), [0, x])[1]


def _nested_powers(x, n):
    def inner(i, s):
        return tf.while_loop(lambda j, r: j < i, lambda j, r: (j + 1, r * x + tf.cos(r)), [0, s])[1]

    return tf.while_loop(lambda i, s: i < n, lambda i, s: (i + 1, inner(i, s)), [0, x])[1]


def _pushed(f):
    def tangent(x):
        with tf.autodiff.ForwardAccumulator(x, tf.constant([1.0, 2.0, -1.0])) as acc:
            y = f(x)
        return acc.jvp(y)

    return tangent


def _pulled(f):
    def gradient(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = f(x)
        return tape.gradient(y, x)

    return gradient


def _squared(f):
    return lambda x: tf.reduce_sum(f(x) ** 2)


# Derivatives in the direction (1, 2, -1), as TensorFlow computes them eagerly; in functions it cannot.
_LOOP_DERIVATIVES = {
    "forward over reverse": (_powers, lambda f: _pushed(_pulled(_squared(f))), [74.5265, 0.1989, -3.3648]),
    "reverse over forward": (_powers, lambda f: _pulled(_pushed(_squared(f))), [74.5265, 0.1989, -3.3648]),
    "forward over forward": (_powers, lambda f: _pushed(_pushed(f)), [15.3411, -1.8312, 0.5357]),
    "forward over reverse twice": (
        _powers, lambda f: _pushed(_pulled(_squared(_pulled(_squared(f))))), [17639.8, 0.0552, -21.8998],
    ),
    "nested, forward over reverse": (
        _nested_powers, lambda f: _pushed(_pulled(_squared(f))), [1.5405, 23.2822, -26.0465],
    ),
    "nested, reverse over forward": (
        _nested_powers, lambda f: _pulled(_pushed(_squared(f))), [1.5405, 23.2822, -26.0465],
    ),
}  # fmt: skip


@pytest.mark.parametrize("kind", _LOOP_DERIVATIVES)
def test_tangents_and_gradients_through_loops_of_unknown_length(kind):
    loop, derived, expected = _LOOP_DERIVATIVES[kind]
    run = tf.function(lambda x, n: derived(lambda x: loop(x, n))(x))
    close(run(tf.constant([0.3, -0.5, 1.1]), tf.constant(4)), expected, 1e-3)


def test_mixed_tapes_see_only_their_own_watch():
    x, y = tf.constant(2.0), tf.constant(3.0)
    with tf.GradientTape() as a, tf.GradientTape() as b:
        a.watch(x)
        b.watch(y)
        z = x * y
    close(a.gradient(z, x), 3)
    close(b.gradient(z, y), 2)


def test_a_tape_cannot_be_entered_twice():
    with tf.GradientTape() as tape, pytest.raises(ValueError, match="already-active"):
        tape.__enter__()


def test_what_is_its_own_target_has_gradient_one(run):
    v, frozen = tf.Variable(3.0), tf.Variable(3.0, trainable=False)

    def f(x):
        with tf.GradientTape(persistent=True) as tape:
            tape.watch(x)
            y = v * frozen * x
        return [tape.gradient(s, s) for s in (x, y, v, frozen)], tape.gradient([v, y], v), tape.gradient(v, x)

    ones, both, none = run(f)(tf.constant(2.0))
    close(ones, [1, 1, 1, 1])
    close(both, 7)
    assert none is None


def test_watched_variables_are_known_after_the_gradient():
    v, frozen = tf.Variable(3.0), tf.Variable(3.0, trainable=False)
    with tf.GradientTape() as tape:
        y = v * frozen
    tape.gradient(y, v)
    assert [w is v for w in tape.watched_variables()] == [True]
    with tf.GradientTape() as tape:
        y = v * frozen
        tape.reset()
        assert tape.watched_variables() == ()


def test_each_read_of_a_variable_is_a_tensor_of_its_own(run):
    v = tf.Variable(3.0)

    def f():
        a, b = v.value(), v.read_value()
        with tf.GradientTape() as tape:
            tape.watch(a)
            y = a * b * v
        return tape.gradient(y, [a, v])

    close(run(f)(), [9, 9])


def assign_and_square(v, x):
    v.assign(x * 2.0)
    return v * v


def assign_in_branch(v, x):
    return tf.cond(x > 0.0, lambda: assign_and_square(v, x), lambda: 0.0)


def assign_in_loop(v, x):
    return tf.while_loop(lambda i, y: i < 1, lambda i, y: (i + 1, assign_and_square(v, x)), [0, 0.0])[1]


def assign_in_call(v, x):
    return tf.function(assign_and_square)(v, x)


@pytest.mark.parametrize("change", [assign_and_square, assign_in_branch, assign_in_loop, assign_in_call])
def test_gradients_do_not_flow_through_assignments(run, change):
    v = tf.Variable(2.0)

    def f(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = change(v, x) + v
        return tape.gradient(y, [x, v], unconnected_gradients="zero")

    close(run(f)(tf.constant(3.0)), [0, 13])


def test_inputs_that_a_call_ignores_have_no_gradient(run):
    ignores = tf.function(lambda a, b: a * 2.0 * tf.cast(b > 0.0, tf.float32))
    stops = tf.function(lambda a: tf.stop_gradient(a) * 2.0)

    def f(x, y):
        with tf.GradientTape(persistent=True) as tape:
            tape.watch([x, y])
            z, stopped = ignores(x, y), stops(x)
            chosen = tf.cond(x > 0.0, lambda: tf.round(y) * x, lambda: x)
        return tape.gradient(z, [x, y]), tape.gradient(stopped, x), tape.gradient(chosen, [x, y])

    (dx, dy), stopped, (cx, _) = run(f)(tf.constant(2.0), tf.constant(3.0))
    assert float(dx) == 2.0 and dy is None and stopped is None and float(cx) == 3.0

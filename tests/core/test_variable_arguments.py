"""Variables as arguments of functions: which of them share a trace, and that each is the one that was passed."""

import numpy as np
import pytest

import headwater as tf


def counted(function):
    """The function as `tf.function`, and what counts its traces."""
    f = tf.function(function)
    return f, f.experimental_get_tracing_count


def _update(v, x):
    v.assign_add(x)
    return v * 2.0


def test_variables_of_a_kind_share_a_trace():
    f, traces = counted(_update)
    a, b = tf.Variable(1.0), tf.Variable(5.0)
    x = tf.constant(1.0)
    assert [float(f(v, x)) for v in (a, b, a, b)] == [4.0, 12.0, 6.0, 14.0]
    assert (float(a), float(b)) == (3.0, 7.0) and traces() == 1


# What makes variables differ, and how many traces there are of both, as TensorFlow counts them.
_KINDS = {
    "another shape": (lambda: tf.Variable([1.0, 2.0]), 2),
    "another dtype": (lambda: tf.Variable(1.0, dtype="float64"), 2),
    "not trained": (lambda: tf.Variable(1.0, trainable=False), 2),
    "another name": (lambda: tf.Variable(1.0, name="other"), 1),
}


@pytest.mark.parametrize("kind", _KINDS)
def test_what_kind_a_variable_is_of(kind):
    make, expected = _KINDS[kind]
    f, traces = counted(lambda v: v * 2)
    other = make()
    f(tf.Variable(1.0))
    np.testing.assert_array_equal(f(other).numpy(), other.numpy() * 2)
    assert traces() == expected


def test_the_same_variable_twice_is_another_trace():
    def swap(v, w):
        v.assign(w + 1.0)
        w.assign(v * 2.0)
        return v + w

    f, traces = counted(swap)
    p, q = tf.Variable(1.0), tf.Variable(2.0)
    assert float(f(p, q)) == 9.0 and float(f(q, p)) == 12.0 and traces() == 1
    assert float(f(p, p)) == 36.0 and float(f(q, q)) == 20.0 and traces() == 2
    assert (float(p), float(q)) == (18.0, 10.0)


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_a_variable_that_the_function_knows_already(order):
    known, other = tf.Variable(1.0), tf.Variable(10.0)

    def f(v):
        v.assign_add(1.0)
        return v + known

    run = tf.function(f)
    given = [(known, 4.0), (other, 13.0 if order == (0, 1) else 12.0)]
    for i in order:
        variable, result = given[i]
        assert float(run(variable)) == result
    assert float(run(known)) == 6.0 and float(run(other)) == 15.0


def test_gradients_of_each_variable():
    f, traces = counted(lambda v, x: v * v * x)
    for value in (2.0, 3.0):
        v = tf.Variable(value)
        with tf.GradientTape() as tape:
            y = f(v, tf.constant(2.0))
        assert float(tape.gradient(y, v)) == 4.0 * value
        with tf.autodiff.ForwardAccumulator(v, tf.constant(1.0)) as acc:
            y = f(v, tf.constant(2.0))
        assert float(acc.jvp(y)) == 4.0 * value
    assert traces() == 1


def test_variables_in_structures_branches_loops_and_inner_functions():
    inner, inner_traces = counted(_update)

    def f(variables, n):
        for _ in tf.range(n):
            variables["a"].assign_add(variables["b"])
        if variables["a"] > 10.0:
            variables["b"].assign(0.0)
        return inner(variables["a"], tf.constant(0.5)) + variables["b"]

    run, traces = counted(f)
    n = tf.constant(3)
    p, q, r, s = [tf.Variable(v) for v in (1.0, 2.0, 3.0, 4.0)]
    inner(p, tf.constant(0.0))
    assert float(run({"a": p, "b": q}, n)) == 17.0 and float(run({"a": r, "b": s}, n)) == 31.0
    assert [float(v) for v in (p, q, r, s)] == [7.5, 2.0, 15.5, 0.0]
    assert traces() == 1 and inner_traces() == 1


def test_optimizers_tell_variables_apart():
    a, b = tf.Variable(0.0), tf.Variable(0.0)
    optimizer = tf.keras.optimizers.SGD(1.0, momentum=0.5)
    optimizer.build([a, b])
    step = tf.function(lambda v, g: optimizer.apply_gradients([(g, v)]))
    for v, g in ((a, 1.0), (b, 10.0), (a, 1.0)):
        step(v, tf.constant(g))
    assert (float(a), float(b)) == (-2.5, -10.0)


def test_a_value_read_while_tracing_is_that_of_the_variable():
    def f(v):
        with tf.init_scope():
            start = v.numpy()
        return v + start

    run = tf.function(f, autograph=False)
    assert float(run(tf.Variable(1.0))) == 2.0 and float(run(tf.Variable(5.0))) == 10.0


def test_concrete_functions_of_a_variable():
    f = tf.function(_update)
    a, b = tf.Variable(1.0), tf.Variable(5.0)
    x = tf.constant(1.0)
    of_a, of_b = f.get_concrete_function(a, x), f.get_concrete_function(b, x)
    assert float(of_b(b, x)) == 12.0 and float(of_a(a, x)) == 4.0
    assert of_a.variables[0] is a and of_b.variables[0] is b and f.experimental_get_tracing_count() == 1


def test_errors_of_the_function_are_raised_after_one_trace():
    calls = []

    def f(v):
        calls.append(v)
        raise ValueError("not this one")

    with pytest.raises(ValueError, match="not this one"):
        tf.function(f)(tf.Variable(1.0))
    assert len(calls) == 1

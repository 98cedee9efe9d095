"""Control flow as parts of a Graph: states through branches and loops, gradients, shapes, the host fallback."""

import numpy as np
import pytest

import headwater as tf
from headwater.core import control


def close(actual, expected):
    np.testing.assert_allclose(np.asarray(actual), expected, rtol=1e-5)


def branch(pred, true_fn, false_fn):
    return control.branch(pred, [true_fn, false_fn], ["true_fn", "false_fn"], "tf.cond")


def graph(f):
    return tf.function(f, autograph=False)


def test_branches_thread_variables():
    v, w = tf.Variable(1), tf.Variable(10)

    @graph
    def f(p):
        def left():
            v.assign_add(1)
            return v + 0

        def right():
            w.assign(w * v)
            return w + 0

        return branch(p, left, right), v + w

    assert [int(x) for x in f(tf.constant(True))] == [2, 12]
    assert [int(x) for x in f(tf.constant(False))] == [20, 22]
    assert (int(v), int(w)) == (2, 20)


def test_case_by_index_clamps_to_the_last():
    @graph
    def f(i, x):
        return control.branch(i, [lambda: x + 1, lambda: x * 10, lambda: -x], ["a", "b", "c"], "tf.switch_case")

    assert [int(f(tf.constant(i), tf.constant(5))) for i in (0, 1, 2, 7, -1)] == [6, 50, -5, -5, -5]


def test_gradient_through_branches_and_captures():
    @graph
    def f(x, y):
        with tf.GradientTape() as tape:
            tape.watch([x, y])
            z = branch(x > y, lambda: x * x * y, lambda: y * 5.0)
        return tape.gradient(z, [x, y])

    a, b = f(tf.constant(3.0), tf.constant(2.0))
    close(a, 12)
    close(b, 9)
    a, b = f(tf.constant(1.0), tf.constant(2.0))
    close(a, 0)
    close(b, 5)


@pytest.mark.parametrize(
    ("other", "error", "text"),
    [
        (lambda x: (x, x), ValueError, "same structure"),
        (lambda x: tf.cast(x, tf.int32), TypeError, "same dtypes"),
        (lambda x: None, ValueError, "None"),
        (lambda x: object(), TypeError, "must return tensors"),
    ],
)
def test_branches_must_agree(other, error, text):
    with pytest.raises(error, match=text):
        graph(lambda x: branch(x > 0, lambda: x, lambda: other(x)))(tf.constant(1.0))


def power_loop(x, n, trips=None):
    """x ** (2 ** n) by squaring."""
    return control.loop(lambda i, x: i < n, lambda i, x: (i + 1, x * x), [tf.constant(0), x], trips=trips)[1]


@pytest.mark.parametrize(("trips", "order"), [(None, 1), (None, 2), (3, 1), (3, 2), (3, 3)])
def test_gradients_through_loops_to_any_order(trips, order):
    @graph
    def f(x, n):
        tapes = [tf.GradientTape() for _ in range(order)]
        for tape in tapes:
            tape.__enter__()
            tape.watch(x)
        y = power_loop(x, n, trips)
        for tape in reversed(tapes):
            tape.__exit__()
            y = tape.gradient(y, x)
        return y

    x = 1.1
    expected = np.prod([8 - k for k in range(order)]) * x ** (8 - order)
    close(f(tf.constant(x), tf.constant(3)), expected)


@pytest.mark.parametrize("trips", [0, 1, 63, 64, 65, 128, 129, 1000])
def test_long_loops_recompute_right(trips):
    @graph
    def f(x, w, n):
        with tf.GradientTape() as tape:
            tape.watch([x, w])
            y = control.loop(
                lambda i, s: i < n,
                lambda i, s: (i + 1, s * w + tf.cast(i, tf.float64)),
                [tf.constant(0), x],
            )[1]
        return y, tape.gradient(y, [x, w])

    def reference(x, w, n):
        s, ds_dx, ds_dw = x, 1.0, 0.0
        for i in range(n):
            ds_dw = ds_dw * w + s
            s, ds_dx = s * w + i, ds_dx * w
        return s, ds_dx, ds_dw

    args = 1.5, 0.99
    y, (dx, dw) = f(tf.constant(args[0], tf.float64), tf.constant(args[1], tf.float64), tf.constant(trips))
    for found, expected in zip((y, dx, dw), reference(*args, trips)):
        close(found, expected)


def test_loops_carry_variables():
    v = tf.Variable(1.0)
    seen = tf.Variable(0)

    @graph
    def f(n):
        def body(i):
            v.assign(v * 2.0)
            seen.assign_add(i)
            return (i + 1,)

        control.loop(lambda i: i < n, body, [tf.constant(0)])
        return v.read_value()

    assert float(f(tf.constant(5))) == 32 and int(seen) == 10
    assert float(f(tf.constant(1))) == 64


def test_loop_conditions_may_read_variables():
    v = tf.Variable(0)

    @graph
    def f():
        control.loop(lambda i: v < 7, lambda i: (i + v.assign_add(2) * 0,), [tf.constant(0)])
        return v + 0

    assert int(f()) == 8


def test_branches_in_loops_in_branches():
    @graph
    def f(p, n):
        def heavy():
            return control.loop(
                lambda i, s: i < n,
                lambda i, s: (i + 1, branch(i % 2 == 0, lambda: s + i, lambda: s * 2)),
                [tf.constant(0), tf.constant(1)],
            )[1]

        return branch(p, heavy, lambda: n)

    assert int(f(tf.constant(True), tf.constant(4))) == ((1 + 0) * 2 + 2) * 2
    assert int(f(tf.constant(False), tf.constant(4))) == 4


@pytest.mark.parametrize(
    ("body", "error", "text"),
    [
        (
            lambda i, x: (i + 1, tf.cast(x, tf.int32)),
            TypeError,
            "'x' has dtype float32 before the loop, but dtype int32",
        ),
        (lambda i, x: (i + 1, tf.stack([x, x])), ValueError, "'x' has shape .* but shape"),
        (lambda i, x: (i + 1,), ValueError, "same structure"),
        (lambda i, x: (i + 1, None), ValueError, "None"),
    ],
)
def test_loop_variables_must_keep_their_kind(body, error, text):
    with pytest.raises(error, match=text):
        graph(lambda x: control.loop(lambda i, x: i < 3, body, [tf.constant(0), x], names=["i", "x"]))(tf.ones([2]))


def test_shapes_may_vary_where_declared():
    @graph
    def f(n):
        return control.loop(
            lambda i, x: i < n,
            lambda i, x: (i + 1, tf.reshape(tf.stack([x, x]), [-1])),
            [tf.constant(0), tf.ones([1])],
            shape_invariants=[None, tf.TensorShape([None])],
        )[1]

    assert f(tf.constant(3)).shape == (8,)
    assert f(tf.constant(0)).shape == (1,)


def test_vectorized_map_and_its_gradient():
    w = tf.Variable([1.0, 2.0])

    def f(x):
        with tf.GradientTape() as tape:
            y = control.vectorized_map(lambda row: tf.reduce_sum(row * w), x)
        return y, tape.gradient(y, w)

    x = tf.constant([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]])
    for run in (f, graph(f)):
        y, dw = run(x)
        close(y, [5, 11, 17])
        close(dw, [9, 12])


def test_indexing_by_a_loop_variable():
    @graph
    def f(x):
        return control.loop(
            lambda i, s: i < tf.shape(x)[0], lambda i, s: (i + 1, s + x[i, ::-1]), [tf.constant(0), tf.zeros([2])]
        )[1]

    close(f(tf.constant([[1.0, 2.0], [3.0, 4.0]])), [6, 4])

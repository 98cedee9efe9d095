"""`tf.cond`, `tf.case`, `tf.switch_case`, `tf.while_loop` and the maps, eager and in graphs."""

import numpy as np
import pytest

import headwater as tf

c = tf.constant
RUNNERS = pytest.mark.parametrize("run", [lambda f: f, tf.function], ids=["eager", "graph"])


def close(actual, expected):
    np.testing.assert_allclose(np.asarray(actual), expected, rtol=1e-5)


# Conditionals


@RUNNERS
def test_cond(run):
    def f(x):
        return tf.cond(x > 0, lambda: {"a": x * 2, "b": (x,)}, lambda: {"a": -x, "b": (x * 0,)})

    f = run(f)
    assert int(f(c(3))["a"]) == 6
    assert int(f(c(-3))["a"]) == 3
    assert int(f(c(-3))["b"][0]) == 0


def test_cond_takes_only_the_branch_it_needs():
    v = tf.Variable(0)

    @tf.function
    def f(p):
        tf.cond(p, lambda: v.assign_add(1), lambda: v.assign_add(10))
        return v + 0

    assert [int(f(c(True))), int(f(c(False)))] == [1, 11]


def test_cond_errors():
    with pytest.raises(TypeError, match="callable"):
        tf.cond(c(True), 1, 2)
    with pytest.raises(TypeError, match="same dtypes"):
        tf.function(lambda p: tf.cond(p, lambda: 1, lambda: 2.0))(c(True))
    with pytest.raises((TypeError, ValueError), match="same structure"):
        tf.function(lambda p: tf.cond(p, lambda: (1, 2), lambda: 1))(c(True))
    with pytest.raises(TypeError, match="boolean scalar"):
        tf.function(lambda p: tf.cond(p, lambda: 1, lambda: 2))(c(1))


@RUNNERS
@pytest.mark.parametrize(("x", "expected"), [(1, 10), (4, 20), (9, 30)])
def test_case(run, x, expected):
    def f(x):
        pairs = [(x < 3, lambda: c(10)), (x < 6, lambda: c(20))]
        return tf.case(pairs, default=lambda: c(30))

    assert int(run(f)(c(x))) == expected


@RUNNERS
def test_case_checks_its_predicates(run):
    def none(x):
        return tf.case([(x > 5, lambda: c(1)), (x > 6, lambda: c(2))])

    def several(x):
        return tf.case([(x > 0, lambda: c(1)), (x > 1, lambda: c(2))], exclusive=True)

    with pytest.raises(tf.errors.InvalidArgumentError, match="None of conditions"):
        run(none)(c(1))
    with pytest.raises(tf.errors.InvalidArgumentError, match="more than 1 conditions"):
        run(several)(c(3))
    assert int(run(several)(c(1))) == 1


@RUNNERS
@pytest.mark.parametrize(("index", "expected"), [(0, 10), (1, 20), (2, 30), (7, 30), (-1, 30)])
def test_switch_case(run, index, expected):
    functions = [lambda: c(10), lambda: c(20), lambda: c(30)]
    assert int(run(lambda i: tf.switch_case(i, functions))(c(index))) == expected
    keyed = dict(enumerate(functions[:2]))
    assert int(run(lambda i: tf.switch_case(i, keyed, default=lambda: c(30)))(c(index))) == expected


def test_switch_case_errors():
    with pytest.raises(ValueError, match=r"contiguous range of \[0 to 2\)"):
        tf.switch_case(c(0), {0: lambda: c(1), 2: lambda: c(2)})
    with pytest.raises(TypeError, match="functions"):
        tf.switch_case(c(0), [1, 2])


def test_gradients_through_cond_and_switch_case():
    def slope(f, x):
        x = c(x)
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = f(x)
        return tape.gradient(y, x)

    f = tf.function(lambda x: tf.cond(x > 0, lambda: x * x, lambda: -3 * x))
    close([slope(f, 2.0), slope(f, -2.0)], [4, -3])
    g = tf.function(lambda x: tf.switch_case(tf.cast(x, tf.int32), [lambda: x * 5, lambda: x**3]))
    close([slope(g, 0.5), slope(g, 1.5)], [5, 6.75])


# Loops


@RUNNERS
def test_while_loop_structures(run):
    def f(n):
        return tf.while_loop(
            lambda i, state: i < n,
            lambda i, state: (i + 1, {"sum": state["sum"] + i, "pair": (state["pair"][1], state["pair"][0])}),
            (c(0), {"sum": 0, "pair": (c(1.0), c(2.0))}),
        )

    i, state = run(f)(c(5))
    assert (int(i), int(state["sum"])) == (5, 10)
    assert [float(x) for x in state["pair"]] == [2, 1]


@RUNNERS
def test_while_loop_keeps_the_container(run):
    assert [int(x) for x in run(lambda: tf.while_loop(lambda i: i < 3, lambda i: [i + 1], [c(0)]))()] == [3]
    assert isinstance(run(lambda: tf.while_loop(lambda i: i < 3, lambda i: (i + 1,), (c(0),)))(), tuple)


@RUNNERS
def test_maximum_iterations(run):
    def f(limit):
        return tf.while_loop(lambda i: i < 10, lambda i: [i + 1], [c(0)], maximum_iterations=limit)[0]

    assert int(run(f)(c(4))) == 4
    assert int(run(f)(c(40))) == 10
    assert int(run(lambda: f(3))()) == 3


def test_shape_invariants():
    @tf.function
    def f(n):
        return tf.while_loop(
            lambda i, x: i < n,
            lambda i, x: (i + 1, tf.concat([x, x], 0)),
            [c(0), tf.ones([1])],
            shape_invariants=[tf.TensorShape([]), tf.TensorShape([None])],
        )[1]

    assert f(c(3)).shape == (8,)
    assert f.get_concrete_function(c(3)).graph.outputs[0].shape.as_list() == [None]


def test_while_loop_errors():
    with pytest.raises(TypeError, match="callable"):
        tf.while_loop(1, 2, [c(0)])
    with pytest.raises(ValueError, match="one element"):
        tf.while_loop(lambda: True, list, [])
    for body, kind, text in [
        (lambda i, x: (i + 1,), ValueError, "nested structure"),
        (lambda i, x: (i + 1, tf.cast(x, tf.int32)), TypeError, "dtype float32 before the loop"),
        (lambda i, x: (i + 1, tf.stack([x, x])), ValueError, "shape_invariants"),
    ]:
        with pytest.raises(kind, match=text):
            tf.function(lambda body=body: tf.while_loop(lambda i, x: i < 3, body, [c(0), c(1.0)]))()
    with pytest.raises(ValueError, match="scalar"):
        tf.function(lambda: tf.while_loop(lambda x: x > 0, lambda x: x, [tf.ones([2])]))()


def newton(x, n):
    return tf.while_loop(lambda i, y: i < n, lambda i, y: (i + 1, 0.5 * (y + x / y)), [c(0), tf.ones_like(x)])[1]


@pytest.mark.parametrize("where", ["outside", "inside", "eager"])
def test_gradients_of_while_loop_to_second_order(where):
    def derivatives(f):
        def g(x, n):
            with tf.GradientTape() as outer:
                outer.watch(x)
                with tf.GradientTape() as tape:
                    tape.watch(x)
                    y = f(x, n)
                slope = tape.gradient(y, x)
            return slope, outer.gradient(slope, x)

        return g

    f = {"outside": derivatives(tf.function(newton)), "inside": tf.function(derivatives(newton))}.get(where)
    f = f or derivatives(newton)
    slope, curvature = f(c(4.0, tf.float64), c(12))
    close(slope, 0.25)
    close(curvature, -0.25 * 4**-1.5)


def test_gradients_of_nested_loops_with_captures():
    def f(x, w):
        def inner(j, y):
            return j + 1, y * w + x

        def outer(i, y):
            return i + 1, tf.while_loop(lambda j, y: j < i, inner, [c(0), y])[1]

        return tf.while_loop(lambda i, y: i < 4, outer, [c(0), x])[1]

    def slopes(g):
        x, w = c(1.5), c(0.8)
        with tf.GradientTape() as tape:
            tape.watch([x, w])
            y = g(x, w)
        return tape.gradient(y, [x, w])

    close(slopes(tf.function(f)), slopes(f))


def test_gradients_reach_variables_read_in_a_loop():
    v = tf.Variable(1.1)

    @tf.function
    def f(n):
        return tf.while_loop(lambda i, y: i < n, lambda i, y: (i + 1, y * v), [c(0), c(1.0)])[1]

    with tf.GradientTape() as tape:
        y = f(c(5))
    close(tape.gradient(y, v), 5 * 1.1**4)


def test_back_prop_false_stops_gradients():
    x = c(2.0)
    with tf.GradientTape() as tape:
        tape.watch(x)
        f = tf.function(
            lambda x: tf.while_loop(lambda i, y: i < 3, lambda i, y: (i + 1, y * x), [c(0), x], back_prop=False)[1]
        )
        y = f(x) + x
    close(tape.gradient(y, x), 1)


# Maps and folds


@RUNNERS
def test_map_fn(run):
    close(run(lambda x: tf.map_fn(lambda r: r * r, x))(c([1, 2, 3])), [1, 4, 9])
    a, b = run(
        lambda x: tf.map_fn(lambda r: (r, tf.cast(r, tf.float32)), x, fn_output_signature=(tf.int32, tf.float32))
    )(c([1, 2]))
    assert (a.dtype, b.dtype) == (tf.int32, tf.float32)
    pairs = {"a": c([[1, 2], [3, 4]]), "b": c([5, 6])}
    close(
        run(lambda p: tf.map_fn(lambda d: d["a"] * d["b"], p, fn_output_signature=tf.int32))(pairs), [[5, 10], [18, 24]]
    )
    spec = tf.TensorSpec([2], tf.float32)
    out = run(lambda x: tf.map_fn(lambda r: tf.stack([r, r]), x, fn_output_signature=spec))(tf.zeros([0]))
    assert out.shape == (0, 2)


def test_map_fn_over_an_unknown_number_of_rows():
    @tf.function(input_signature=[tf.TensorSpec([None, 2])])
    def f(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = tf.map_fn(lambda r: tf.reduce_sum(r * r), x)
        return y, tape.gradient(y, x)

    y, dx = f(c([[1.0, 2.0], [3.0, 4.0]]))
    close(y, [5, 25])
    close(dx, [[2, 4], [6, 8]])


def test_map_fn_errors():
    with pytest.raises(TypeError, match="callable"):
        tf.map_fn(1, c([1]))
    with pytest.raises(ValueError, match="scalars"):
        tf.map_fn(lambda x: x, c(1))
    with pytest.raises(ValueError, match="first dimension"):
        tf.map_fn(lambda p: p[0], (c([1]), c([1, 2])))
    with pytest.raises(tf.errors.InvalidArgumentError, match="TensorArray dtype is int32"):
        tf.map_fn(lambda x: tf.cast(x, tf.float32), c([1]))


@RUNNERS
def test_scan_and_folds(run):
    x = c([1, 2, 3])
    close(run(lambda x: tf.scan(lambda a, b: a + b, x))(x), [1, 3, 6])
    close(run(lambda x: tf.scan(lambda a, b: a + b, x, initializer=10, reverse=True))(x), [16, 15, 13])
    close(run(lambda x: tf.scan(lambda a, b: a * 10 + b, x, reverse=True))(x), [321, 32, 3])
    close(run(lambda x: tf.foldl(lambda a, b: a * 10 + b, x))(x), 123)
    close(run(lambda x: tf.foldr(lambda a, b: a * 10 + b, x))(x), 321)
    close(run(lambda x: tf.foldr(lambda a, b: a * 10 + b, x, initializer=7))(x), 7321)
    fib = run(lambda n: tf.scan(lambda a, _: (a[1], a[0] + a[1]), tf.range(6), initializer=(c(0), c(1)))[0])(c(0))
    close(fib, [1, 1, 2, 3, 5, 8])


@RUNNERS
def test_vectorized_map(run):
    x = c([[1.0, 2.0], [3.0, 4.0]])
    close(run(lambda x: tf.vectorized_map(lambda r: tf.reduce_sum(r), x))(x), [3, 7])


def test_vectorized_map_falls_back_where_variables_change():
    v = tf.Variable(0)

    @tf.function
    def f(x):
        return tf.vectorized_map(lambda r: v.assign_add(r) + 0, x)

    close(f(c([1, 2, 3])), [1, 3, 6])
    assert int(v) == 6


def test_order_helpers():
    assert tf.group(c(1), c(2)) is None
    assert tf.no_op() is None
    first, nothing = tf.tuple([c(1), None])
    assert (int(first), nothing) == (1, None)
    seen = []
    with tf.control_dependencies([c(1), lambda: seen.append(1)]):
        seen.append(2)
    assert seen == [1, 2]

"""Gradients of one value by its ways into a Graph (captured, variable, argument, made inside) and control flow.

The reference is the same program run eagerly, where control flow is Python's.
"""

import numpy as np
import pytest

import headwater as tf

START = [2.0, 3.0]


def autograph_if(c):
    if c[1] > 0.0:
        y = c[0] * c[1] * c[1]
    else:
        y = c[0]
    return y


def autograph_for(c):
    total = 0.0
    for i in tf.range(2):
        total += c[i] * c[1] * c[0]
    return total


def autograph_while(c):
    total = c[0]
    while total < 20.0:
        total *= c[1]
    return total


def list_of_products(c):
    array = tf.TensorArray(tf.float32, 3)
    _, array = tf.while_loop(lambda i, a: i < 3, lambda i, a: (i + 1, a.write(i, c[0] * c[1])), [0, array])
    return tf.reduce_sum(array.stack() ** 2)


square_of = tf.function(lambda v: v * v[1])

CONSTRUCTS = {
    "plain": lambda c: c[0] * c[1] * c[1],
    "cond": lambda c: tf.cond(c[1] > 0.0, lambda: c[0] * c[1] * c[1], lambda: c[0]),
    "nested cond": lambda c: tf.cond(
        c[1] > 0.0, lambda: tf.cond(c[0] > 9.0, lambda: c[1], lambda: c[0] * c[1] * c[1]), lambda: c[0]
    ),
    "switch_case": lambda c: tf.switch_case(1, [lambda: c[0], lambda: c[0] * c[1] * c[1], lambda: c[1]]),
    "case": lambda c: tf.case([(c[0] > 9.0, lambda: c[0]), (c[1] > 0.0, lambda: c[0] * c[1] ** 2)], lambda: c[1]),
    "while_loop": lambda c: tf.while_loop(lambda i, a: a < 20.0, lambda i, a: (i + 1, a * c[1]), [0, c[0]])[1],
    "map_fn": lambda c: tf.reduce_sum(tf.map_fn(lambda v: v * c[1] * c[0], c)),
    "vectorized_map": lambda c: tf.reduce_sum(tf.vectorized_map(lambda v: v * c[1] * c[0], c)),
    "scan": lambda c: tf.reduce_sum(tf.scan(lambda a, v: a * c[1] + v, c, c[0])),
    "foldl": lambda c: tf.foldl(lambda a, v: a * c[1] + v, c, c[0]),
    "inner function": lambda c: tf.reduce_sum(square_of(c) * c[1]),
    "inner function that captures": lambda c: tf.reduce_sum(tf.function(lambda v: v * c[1] * c)(c)),
    "recompute_grad": lambda c: tf.recompute_grad(lambda v: v[0] * v[1] * v[1])(c),
    "autograph if": autograph_if,
    "autograph for": autograph_for,
    "autograph while": autograph_while,
    "TensorArray": list_of_products,
}


SECOND = ("plain", "cond", "vectorized_map", "inner function that captures", "autograph if")  # others compile slowly


def derivatives(f, source, second=True):
    """First derivatives of two results by a persistent tape, and the second one of the first result."""
    if not second:
        return first_derivatives(f, source)
    with tf.GradientTape() as outer:
        outer.watch(source)
        with tf.GradientTape(persistent=True) as tape:
            tape.watch(source)
            y = f(source)
            z = y * y
        first = tape.gradient(y, source)
        total = tf.reduce_sum(tf.convert_to_tensor(first) ** 2)
    return tf.convert_to_tensor(first), tape.gradient(z, source), outer.gradient(total, source)


def first_derivatives(f, source):
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(source)
        y = f(source)
        z = y * y
    return tf.convert_to_tensor(tape.gradient(y, source)), tape.gradient(z, source)


def close(found, expected):
    for a, b in zip(tf.nest.flatten(found), tf.nest.flatten(expected), strict=True):
        np.testing.assert_allclose(np.asarray(tf.convert_to_tensor(a)), np.asarray(b), rtol=1e-5)


@pytest.fixture(scope="module")
def expected():
    known = {}

    def of(name):
        if name not in known:
            known[name] = derivatives(CONSTRUCTS[name], tf.constant(START), name in SECOND)
        return known[name]

    return of


@pytest.mark.parametrize("name", CONSTRUCTS)
def test_tape_inside_the_function(name, expected):
    f, captured, variable = CONSTRUCTS[name], tf.constant(START), tf.Variable(START)

    @tf.function
    def inside(argument):
        made = tf.constant(START)
        return [derivatives(f, source, name in SECOND) for source in (captured, variable, argument, made)]

    for found in inside(tf.constant(START)):
        close(found, expected(name))


@pytest.mark.parametrize("name", CONSTRUCTS)
def test_tape_outside_the_function(name, expected):
    f, captured, variable = CONSTRUCTS[name], tf.constant(START), tf.Variable(START)
    called = tf.function(lambda argument: (f(captured), f(variable), f(argument)))
    for i, source in enumerate((captured, variable)):
        close(derivatives(lambda _, i=i: called(tf.constant(START))[i], source, name in SECOND), expected(name))
    close(derivatives(lambda x: called(x)[2], tf.constant(START), name in SECOND), expected(name))


@pytest.mark.parametrize("name", ["cond", "while_loop", "inner function that captures", "autograph for"])
def test_other_ways_to_differentiate_what_is_captured(name, expected):
    f, x = CONSTRUCTS[name], tf.constant(START)

    @tf.function
    def inside():
        made = tf.constant(START)
        with tf.GradientTape(persistent=True) as tape:
            tape.watch([x, made])
            rows = [f(x) * x, f(made) * made]
        with tf.autodiff.ForwardAccumulator(x, tf.constant([1.0, 0.0])) as accumulator:
            y = f(x)
        jacobians = [tape.jacobian(rows[0], x), tape.jacobian(rows[1], made)]
        return tf.gradients(f(x), x)[0], tf.gradients(f(made), made)[0], jacobians, accumulator.jvp(y)

    first = expected(name)[0]
    by_graph, by_graph_made, jacobians, tangent = inside()
    close([by_graph, by_graph_made, tangent], [first, first, first[0]])
    y = f(tf.constant(START))
    for jacobian in jacobians:
        close(jacobian, tf.constant(START)[:, None] * first[None] + y * tf.eye(2))


# Gradients taken in another Graph than the one of the tape


def in_branch(tape, y, x):
    return tf.cond(x > 0.0, lambda: tape.gradient(y, x), lambda: x)


def in_branch_of_what_it_computes(tape, y, x):
    return tf.cond(x > 0.0, lambda: tape.gradient(y + x * x * 0.0, x), lambda: x)


def in_loop(tape, y, x):
    total = 0.0
    for _ in tf.range(3):
        total += tape.gradient(y, x)
    return total / 3.0


def in_inner_function(tape, y, x):
    return tf.function(lambda: tape.gradient(y, x))()


@pytest.mark.parametrize("how", [in_branch, in_branch_of_what_it_computes, in_loop, in_inner_function])
@pytest.mark.parametrize("kind", ["argument", "captured"])
def test_gradients_taken_in_an_inner_graph(how, kind):
    x = tf.constant(3.0)

    @tf.function
    def f(argument):
        source = argument if kind == "argument" else x
        with tf.GradientTape(persistent=True) as tape:
            tape.watch(source)
            y = source * source * x if kind == "argument" else source * source * argument
            return how(tape, y, source)

    assert float(f(tf.constant(3.0))) == 18.0


def test_an_eager_tape_goes_along_into_a_function():
    x, v = tf.constant(3.0), tf.Variable(2.0)
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(x)
        y = x * x

        @tf.function
        def f():
            return tape.gradient(y * v * x, [x, v])

        assert [float(g) for g in f()] == [54.0, 27.0]
    assert tape.gradient(y, x) == 6.0 and [w is v for w in tape.watched_variables()] == [True]


def test_tapes_in_the_bodies_of_loops():
    x, v = tf.constant(3.0), tf.Variable(2.0)

    @tf.function
    def f(a):
        total = 0.0
        for i in tf.range(3):
            with tf.GradientTape(persistent=True) as tape:
                tape.watch([a, x])
                y = a * x * v * tf.cast(i, tf.float32)
            total += tape.gradient(y, a) + tape.gradient(y, x) + tape.gradient(y, v)
        return total

    assert float(f(tf.constant(5.0))) == 3 * (6.0 + 10.0 + 15.0)

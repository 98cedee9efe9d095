"""`tf.TensorArray`, eager and in graphs: writes, loops, growth, gradients."""

import numpy as np
import pytest

import headwater as tf

c = tf.constant
RUNNERS = pytest.mark.parametrize("run", [lambda f: f, tf.function], ids=["eager", "graph"])


def close(actual, expected):
    np.testing.assert_allclose(np.asarray(actual), expected, rtol=1e-5)


def ta(**options):
    return tf.TensorArray(tf.float32, **options)


@RUNNERS
def test_write_read_stack(run):
    def f(x):
        a = ta(size=3, clear_after_read=False).write(0, x).write(2, x * 2)
        return a.read(0), a.stack(), a.size(), a.gather([2, 0])

    first, stacked, size, gathered = run(f)(c([1.0, 2.0]))
    close(first, [1, 2])
    close(stacked, [[1, 2], [0, 0], [2, 4]])
    assert int(size) == 3
    close(gathered, [[2, 4], [1, 2]])


@RUNNERS
def test_unstack_scatter_split_concat(run):
    close(run(lambda x: ta(size=2).unstack(x).read(1))(c([[1.0], [2.0]])), [2])
    close(run(lambda x: ta(size=3).scatter([2, 0], x).stack())(c([[1.0], [2.0]])), [[2], [0], [1]])
    close(run(lambda x: ta(size=2).split(x, [2, 2]).stack())(c([1.0, 2.0, 3.0, 4.0])), [[1, 2], [3, 4]])
    close(run(lambda x: ta(size=2).unstack(x).concat())(c([[1.0, 2.0], [3.0, 4.0]])), [1, 2, 3, 4])
    close(run(lambda x: ta(size=0, dynamic_size=True).scatter([3], x).stack())(c([[5.0]])), [[0], [0], [0], [5]])


def test_elements_of_different_sizes_when_eager():
    a = ta(size=2, infer_shape=False).split(c([1.0, 2.0, 3.0]), [1, 2])
    close(a.concat(), [1, 2, 3])


@RUNNERS
def test_properties(run):
    seen = []

    def f(x):
        a = ta(size=2, element_shape=[None])
        b = a.write(0, x)
        seen.append((a.dtype, a.dynamic_size, b.element_shape.as_list()))
        return b.identity().stack()

    run(f)(c([1.0, 2.0]))
    assert seen == [(tf.float32, False, [2])]


@RUNNERS
def test_errors(run):
    with pytest.raises(tf.errors.OutOfRangeError, match="not resizeable and size is: 2"):
        run(lambda: ta(size=2).write(2, 1.0).stack())()
    with pytest.raises(tf.errors.OutOfRangeError, match="array size is: 2"):
        run(lambda: ta(size=2, element_shape=[]).read(2))()
    with pytest.raises(tf.errors.InvalidArgumentError, match="dtype is float32 but Op is trying to write dtype int32"):
        run(lambda: ta(size=2).write(0, c(1)).stack())()
    with pytest.raises(ValueError, match=r"Incompatible shape for value \(\(2,\)\), expected \(\(1,\)\)"):
        run(lambda: ta(size=2).write(0, [1.0]).write(1, [1.0, 2.0]).stack())()
    with pytest.raises(ValueError, match="shape of its elements"):
        run(lambda: ta(size=2).stack())()
    with pytest.raises(ValueError, match="Size must be declared"):
        ta()


def test_an_element_is_read_once_unless_kept():
    a = ta(size=1).write(0, 1.0)
    a.read(0)
    with pytest.raises(tf.errors.InvalidArgumentError, match="Could not read index 0 twice"):
        a.read(0)


def rows(n):
    a = ta(size=n)
    for i in tf.range(n):
        a = a.write(i, tf.cast(i, tf.float32) * tf.ones([2]))
    return a.stack()


def test_a_loop_finds_the_shape_of_the_elements():
    f = tf.function(rows)
    close(f(c(3)), [[0, 0], [1, 1], [2, 2]])
    assert f(c(0)).shape == (0, 2)


def growing(x):
    a = ta(size=0, dynamic_size=True)
    for i in tf.range(4):
        a = a.write(i, x * tf.cast(i, tf.float32))
    return a.stack()


def test_growth_in_a_counted_loop_is_one_program():
    f = tf.function(growing)
    graph = f.get_concrete_function(c([1.0, 2.0])).graph
    assert not graph.is_staged
    assert graph.outputs[0].shape == (4, 2)
    x = c([1.0, 2.0])
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = f(x)
    close(y, [[0, 0], [1, 2], [2, 4], [3, 6]])
    close(tape.gradient(y, x), [6, 6])


def test_growth_by_any_index():
    @tf.function
    def countdown(n):
        a = tf.TensorArray(tf.int32, size=0, dynamic_size=True)
        while n > 0:
            a = a.write(a.size(), n)
            n -= 1
        return a.stack(), a.size()

    stacked, size = countdown(c(5))
    close(stacked, [5, 4, 3, 2, 1])
    assert int(size) == 5

    @tf.function
    def evens(n):
        a = tf.TensorArray(tf.int32, size=0, dynamic_size=True)
        for i in tf.range(n):
            if i % 2 == 0:
                a = a.write(a.size(), i)
        return a.stack()

    close(evens(c(7)), [0, 2, 4, 6])

    @tf.function
    def until(x):
        a = ta(size=0, dynamic_size=True)
        for row in x:
            if tf.reduce_sum(row) > 5.0:
                break
            a = a.write(a.size(), row)
        return a.stack()

    close(until(c([[1.0, 1], [2, 2], [3, 3], [1, 1]])), [[1, 1], [2, 2]])


def test_conditional_writes():
    @tf.function
    def f(x):
        a = ta(size=2)
        if x > 0:
            a = a.write(0, x)
        return a.stack()

    close(f(c(5.0)), [5, 0])
    close(f(c(-5.0)), [0, 0])


def test_as_argument_result_and_loop_variable():
    @tf.function
    def put(a, x):
        return a.write(1, x)

    close(put(ta(size=2, element_shape=[]), c(3.0)).stack(), [0, 3])

    @tf.function
    def loop(n):
        a = ta(size=n, element_shape=[])
        return tf.while_loop(lambda i, a: i < n, lambda i, a: (i + 1, a.write(i, tf.cast(i, tf.float32))), [0, a])[
            1
        ].stack()

    close(loop(c(3)), [0, 1, 2])


def test_arrays_in_nested_loops():
    @tf.function
    def f(n):
        outer = tf.TensorArray(tf.int32, size=n)
        for i in tf.range(n):
            inner = tf.TensorArray(tf.int32, size=3)
            for j in tf.range(3):
                inner = inner.write(j, i * j)
            outer = outer.write(i, inner.stack())
        return outer.stack()

    close(f(c(3)), np.outer(range(3), range(3)))


@pytest.mark.parametrize("where", ["outside", "inside"])
def test_gradients_through_a_recurrence(where):
    def recurrence(x, w):
        inputs = ta(size=0, dynamic_size=True, clear_after_read=False).unstack(x)
        outputs = ta(size=tf.shape(x)[0])
        state = tf.zeros([2])
        for i in tf.range(tf.shape(x)[0]):
            state = tf.tanh(inputs.read(i) + w * state)
            outputs = outputs.write(i, state)
        return tf.reduce_sum(outputs.stack() ** 2)

    def slopes(x, w, f):
        with tf.GradientTape() as tape:
            tape.watch([x, w])
            y = f(x, w)
        return tape.gradient(y, [x, w])

    x, w = c(np.linspace(-1, 1, 8).reshape(4, 2), tf.float32), c(0.7)
    expected = slopes(x, w, recurrence)
    if where == "outside":
        found = slopes(x, w, tf.function(recurrence, input_signature=[tf.TensorSpec([None, 2]), tf.TensorSpec([])]))
    else:
        found = tf.function(lambda x, w: slopes(x, w, recurrence))(x, w)
    for a, b in zip(found, expected, strict=True):
        close(a, b)

"""`tf.print`, `tf.py_function`, `tf.numpy_function`: Python that runs with the graph."""

import io
import logging
import sys

import numpy as np
import pytest

import headwater as tf

c = tf.constant
RUNNERS = pytest.mark.parametrize("run", [lambda f: f, tf.function], ids=["eager", "graph"])


def printed(capsys, *values, **options):
    tf.print(*values, output_stream=sys.stdout, **options)
    return capsys.readouterr().out


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (c([1, 2, 3]), "[1 2 3]"),
        (c([[1.5, 2], [3, 4]]), "[[1.5 2]\n [3 4]]"),
        (c([[[1, 2], [3, 4]], [[5, 6], [7, 8]]]), "[[[1 2]\n  [3 4]]\n\n [[5 6]\n  [7 8]]]"),
        (tf.range(20), "[0 1 2 ... 17 18 19]"),
        (tf.range(6), "[0 1 2 3 4 5]"),
        (
            tf.reshape(tf.range(24), [8, 3]),
            "[[0 1 2]\n [3 4 5]\n [6 7 8]\n ...\n [15 16 17]\n [18 19 20]\n [21 22 23]]",
        ),
        (tf.zeros([0]), "[]"),
        (c(True), "1"),
        (c([True, False]), "[1 0]"),
        (c("s"), "s"),  # a string alone is shown as it is
        (c("a\n'"), "a\n'"),
        (tf.Variable("v"), "v"),
        ([c("s")], '["s"]'),
        (c(["a\nb", "\t'\"\\", "\0\x7f", "é"]), r'["a\nb" "\t\'\"\\" "\000\177" "é"]'),
        (c([0.1, 2.0], tf.float16), "[0.0999755859 2]"),
        (c(0.1, tf.bfloat16), "0.100097656"),
        (np.array([1.5, 2.0]), "array([1.5, 2. ])"),
        (np.float32(0.1), "np.float32(0.1)"),
        (tf.float32, "tf.float32"),
        (tf.TensorShape([1, None]), "TensorShape([1, None])"),
        (range(3), "[0, 1, 2]"),
        (c([["a", "b"]]), '[["a" "b"]]'),
        (c(1e-8), "1e-08"),
        (c(123456789.0), "123456792"),
        (c([1 / 3, 2 / 3]), "[0.333333343 0.666666687]"),
        (c(1 / 3, tf.float64), "0.33333333333333331"),
        (c(1e6), "1e+06"),
        (c(123456.789), "123456.789"),
        (c(-0.0), "-0"),
        (c([float("inf"), float("-inf"), float("nan")]), "[inf -inf nan]"),
        (c(1.5, tf.float16), "1.5"),
        (c(3, tf.bfloat16), "3"),
        (c(1 + 2.5j), "(1,2.5)"),
        (tf.Variable([1, 2]), "[1 2]"),
        (7, "7"),
        ("text", "text"),
        (b"x", "b'x'"),
        (None, "None"),
        ((1, 2), "(1, 2)"),
        ([1, "a"], "[1, 'a']"),
        ({"b": 1, "a": (c(2), "x")}, "{'a': (2, 'x'), 'b': 1}"),
        ([c([1, 2]), 3], "[[1 2], 3]"),
        ((c(1),), "(1,)"),
        ({}, "{}"),
        ("braces {}", "braces {}"),
    ],
)
def test_print_formats_like_tensorflow(capsys, value, text):
    assert printed(capsys, value) == text + "\n"
    tf.function(lambda: tf.print(value, output_stream=sys.stdout))()
    assert capsys.readouterr().out == text + "\n"


def test_print_options(capsys):
    assert printed(capsys, c([1, 2, 3]), 7) == "[1 2 3] 7\n"
    assert printed(capsys, 1, 2, sep="|", end="!") == "1|2!"
    assert printed(capsys, tf.range(9), summarize=1) == "[0 ... 8]\n"
    assert printed(capsys, tf.range(9), summarize=-1) == "[0 1 2 3 4 5 6 7 8]\n"


def test_print_goes_where_it_is_told(capsys, tmp_path, caplog):
    tf.print("to stderr")
    assert capsys.readouterr().err == "to stderr\n"
    path = tmp_path / "log.txt"
    tf.print("one", output_stream=f"file://{path}")
    tf.print("two", output_stream=f"file://{path}")
    assert path.read_text() == "one\ntwo\n"
    stream = io.StringIO()
    tf.print("three", output_stream=stream)
    assert stream.getvalue() == "three\n"
    with caplog.at_level(logging.INFO, logger="tensorflow"):
        tf.print("four", output_stream=logging.INFO)
    assert caplog.messages == ["four"]
    with pytest.raises(ValueError, match="Unknown output stream"):
        tf.print(1, output_stream="nowhere")


def test_print_runs_at_each_call_in_order(capsys):
    @tf.function
    def f(n):
        tf.print("start", output_stream=sys.stdout)
        for i in tf.range(n):
            if i % 2 == 0:
                tf.print("even", i, output_stream=sys.stdout)
        tf.print("end", output_stream=sys.stdout)
        return n

    f(c(3))
    f(c(1))
    assert capsys.readouterr().out.split("\n") == ["start", "even 0", "even 2", "end", "start", "even 0", "end", ""]


@RUNNERS
def test_numpy_function(run):
    def f(x):
        y = tf.numpy_function(lambda a: np.sinh(a), [x], tf.float32)
        a, b = tf.numpy_function(lambda a: (a.astype(np.int64), a + 1), [x], [tf.int64, tf.float32])
        return y, a, b

    y, a, b = run(f)(c([0.0, 1.0]))
    np.testing.assert_allclose(y, np.sinh([0.0, 1.0]), rtol=1e-6)
    assert (a.dtype, b.dtype) == (tf.int64, tf.float32)


@pytest.mark.parametrize(
    ("function", "expected"),
    [
        (lambda x, y: x * y, [2.0, 6.0]),
        (lambda x, y: (x * x, y), [2.0, 6.0]),
        (lambda x, y: tf.cond(y[0] > 0.0, lambda: x * y[0], lambda: x), [2.0, 2.0]),
        (lambda x, y: tf.reduce_sum(x) * tf.ensure_shape(y, [2]) + x, [9.0, 9.0]),
    ],
)
def test_gradients_pass_numpy_functions_by(function, expected):
    v = tf.Variable([1.0, 1.0])

    @tf.function
    def f(x):
        y = tf.numpy_function(lambda a: a * 2, [x], tf.float32)
        v.assign_add(tf.ensure_shape(y, [2]))
        return function(x, y)

    x = c([1.0, 3.0])
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = f(x)
    np.testing.assert_allclose(tape.gradient(y, x), expected)
    np.testing.assert_allclose(v, [3.0, 7.0])


def test_a_gradient_prints_nothing_again(capsys):
    @tf.function
    def f(x):
        tf.print("called", output_stream=sys.stdout)
        return x * tf.numpy_function(lambda a: a * 2, [x], tf.float32)

    x = c(3.0)
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = f(x)
    assert float(tape.gradient(y, x)) == 6.0
    assert capsys.readouterr().out == "called\n"


@RUNNERS
def test_numpy_function_on_strings_and_scalars(run):
    out = run(lambda s: tf.numpy_function(lambda b: b"<" + b + b">", [s], tf.string))(c("a"))
    assert out.numpy() == b"<a>"
    assert float(run(lambda: tf.numpy_function(lambda: 1.5, [], tf.float32))()) == 1.5


@RUNNERS
def test_numpy_function_checks_dtypes(run):
    with pytest.raises(tf.errors.InvalidArgumentError, match="is float64, but expects float32"):
        run(lambda x: tf.numpy_function(lambda a: a + 1.5, [x], tf.float32))(c(1))
    with pytest.raises(tf.errors.InvalidArgumentError, match="returned 1 values, but Tout has 2"):
        run(lambda x: tf.numpy_function(lambda a: [a], [x], [tf.int32, tf.int32]))(c(1))


@RUNNERS
def test_py_function_gets_eager_tensors(run):
    seen = []

    def inner(x):
        seen.append(x.numpy().tolist())
        return [x + 1, 2.0]

    a, b = run(lambda x: tf.py_function(inner, [x], [tf.int32, tf.float32]))(c([1, 2]))
    assert seen == [[1, 2]]
    assert (a.numpy().tolist(), float(b)) == ([2, 3], 2.0)
    assert run(lambda x: tf.py_function(lambda y: None, [x], []))(c(1)) == []


@RUNNERS
def test_exceptions_in_python_functions(run):
    with pytest.raises(tf.errors.UnknownError, match="ZeroDivisionError: division by zero"):
        run(lambda x: tf.py_function(lambda y: 1 / 0, [x], tf.int32))(c(1))
    with pytest.raises(tf.errors.InvalidArgumentError, match="TypeError: Cannot convert"):
        run(lambda x: tf.py_function(lambda y: 1.5, [x], tf.int32))(c(1))
    with pytest.raises(ValueError, match="callable"):
        tf.py_function(1, [], tf.int32)


@pytest.mark.parametrize("where", ["eager", "outside", "inside"])
def test_gradients_of_py_function(where):
    def f(x, y):
        return tf.py_function(lambda a, b: a**3 * b, [x, y], tf.float32)

    def slopes(g):
        def inner(x, y):
            with tf.GradientTape() as tape:
                tape.watch([x, y])
                z = g(x, y)
            return tape.gradient(z, [x, y])

        return inner

    h = {"eager": slopes(f), "outside": slopes(tf.function(f)), "inside": tf.function(slopes(f))}[where]
    assert [float(g) for g in h(c(2.0), c(3.0))] == [36.0, 8.0]


def test_python_functions_in_loops_see_each_step():
    seen = []

    @tf.function
    def f(n):
        total = 0
        for i in tf.range(n):
            total += tf.ensure_shape(tf.numpy_function(lambda k: (seen.append(int(k)), k)[1], [i], tf.int32), [])
        return total

    assert int(f(c(4))) == 6
    assert seen == [0, 1, 2, 3]


def test_python_functions_as_decorators():
    @tf.py_function(Tout=tf.float32)
    def add(x, y=2.0):
        return x + y

    @tf.numpy_function(Tout=[tf.float32, tf.int32])
    def both(x, k):
        return x + 1, np.int32(k)

    for run in (lambda f: f, tf.function):
        assert float(run(lambda x: add(x))(c(1.0))) == 3
        assert float(run(lambda x: add(x, y=c(5.0)))(c(1.0))) == 6
        assert [float(x) for x in run(lambda x: both(k=4, x=x))(c(1.0))] == [2, 4]
    with pytest.raises(TypeError, match="Tout"):
        tf.py_function(lambda x: x, [1.0])
    with pytest.raises(tf.errors.InvalidArgumentError, match="returned None"):
        tf.py_function(lambda x: None, [1.0], tf.float32)


@pytest.mark.parametrize(
    ("raised", "mapped"),
    [
        (ValueError, tf.errors.InvalidArgumentError),
        (KeyError, tf.errors.UnknownError),
        (StopIteration, tf.errors.OutOfRangeError),
        (NotImplementedError, tf.errors.UnimplementedError),
        (MemoryError, tf.errors.ResourceExhaustedError),
    ],
)
def test_what_python_functions_raise(raised, mapped):
    def fail(x):
        raise raised("mine")

    for call in (
        lambda: tf.py_function(fail, [1], tf.int32),
        tf.function(lambda: tf.py_function(fail, [1], tf.int32)),
        tf.function(lambda: tf.numpy_function(fail, [1], tf.int32)),
    ):
        with pytest.raises(mapped, match="mine"):
            call()
    with pytest.raises(raised, match="mine"):  # eagerly it is an ordinary call
        tf.numpy_function(fail, [1], tf.int32)

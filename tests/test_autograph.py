"""Python control flow in `tf.function`: what converts, what it gives, and what errors say."""

import functools
import math
import warnings

import numpy as np
import pytest

import headwater as tf


def c(value, dtype=None):
    return tf.constant(value, dtype)


def both(f, *args):
    """The result of a function on eager tensors and as a graph, which must agree; as NumPy values."""
    plain = tf.nest.map_structure(np.asarray, f(*[c(a) for a in args]))
    traced = tf.nest.map_structure(np.asarray, tf.function(f)(*[c(a) for a in args]))
    for a, b in zip(tf.nest.flatten(plain), tf.nest.flatten(traced), strict=True):
        np.testing.assert_allclose(a, b)
    return traced


# Conditionals


def sign(x):
    if x > 0:
        y = 1
    elif x < 0:
        y = -1
    else:
        y = 0
    return y


def early(x):
    if x > 10:  # noqa: SIM102 - nested on purpose
        if x > 20:
            return x
    if x < 0:
        return -x
    return x + 1


def ternary(x):
    return (x if x > 0 else -x) + (1 if x > 5 else 2)


def logic(x):
    if (0 < x < 5 and not x == 3) or x == 100:  # noqa: SIM201 - `not` is what is tested
        return 1
    return 0


def in_try(x):
    y = x
    try:
        if x > 0:
            y = x * 2
    finally:
        z = 1
    return y + z


@pytest.mark.parametrize("function", [sign, early, ternary, logic, in_try])
@pytest.mark.parametrize("x", [-3, 0, 3, 4, 7, 15, 25, 100])
def test_conditionals(function, x):
    both(function, x)


def test_python_conditions_run_as_python():
    seen = []

    @tf.function
    def f(x, flag):
        if flag:
            seen.append("yes")
            x = x + 1
        else:
            seen.append("no")
        return x

    assert int(f(c(1), True)) == 2
    assert int(f(c(1), False)) == 1
    assert seen == ["yes", "no"]


def test_both_branches_are_traced_once():
    seen = []

    @tf.function
    def f(x):
        if x > 0:
            seen.append("yes")
        else:
            seen.append("no")
        return x

    f(c(1))
    f(c(-1))
    assert seen == ["yes", "no"]


def test_branches_with_results_of_different_shapes():
    @tf.function
    def f(x):
        if tf.reduce_sum(x) > 0:
            y = x
        else:
            y = tf.concat([x, x], 0)
        return y

    assert f(c([1.0, 2.0])).shape == (2,)
    assert f(c([-1.0, -2.0])).shape == (4,)


def test_an_early_return_of_a_size_known_only_at_run_time():
    @tf.function(input_signature=[tf.TensorSpec([None])])
    def f(x):
        for row in x:
            if row > 2.0:
                return x * row
        return -x

    np.testing.assert_allclose(f(c([1.0, 3.0])), [3, 9])
    np.testing.assert_allclose(f(c([1.0, 2.0, 0.5])), [-1, -2, -0.5])


def test_objects_that_branches_leave_alone_pass_through():
    v = tf.Variable(1.0)

    @tf.function
    def f(x):
        w = None
        if x > 0:
            w = v
        else:
            w = v
        w.assign_add(x)
        return w

    f(c(2.0))
    assert v.numpy() == 3.0


# Loops


def collatz(n):
    steps = tf.constant(0)
    while n > 1:
        if n % 2 == 0:
            n = n // 2
        else:
            n = 3 * n + 1
        steps += 1
    return steps


def skip_and_stop(n):
    total = 0
    for i in tf.range(n):
        if i % 2 == 0:
            continue
        if i > 8:
            break
        total += i
    return total


def find(n):
    for i in tf.range(n):
        if i * i > 30:
            return i
    return -1


def nested(n):
    total = 0
    for i in tf.range(n):
        for j in tf.range(i):
            if j > 2:
                break
            total += i * j
    return total


def backwards(n):
    digits = 0
    for i in tf.range(n, 0, -2):
        digits = digits * 10 + i
    return digits


def python_loop_with_tensor_break(n):
    for i in range(5):
        n += i
        if n > 6:
            break
    return n


def endless(n):
    while True:
        n += 2
        if n > 20:
            break
    return n


def defined_inside(n):
    while n > 0:
        last = n * 2
        n -= 1
    return last


def none_first(n):
    best = None
    for i in tf.range(n):
        best = i * 2
    return best


LOOPS = [collatz, skip_and_stop, find, nested, backwards, python_loop_with_tensor_break, endless, none_first]


@pytest.mark.parametrize("function", LOOPS)
@pytest.mark.parametrize("n", [1, 2, 7, 12])
def test_loops(function, n):
    both(function, n)


def test_a_variable_first_set_in_the_loop():
    assert int(tf.function(defined_inside)(c(3))) == 2


def test_loop_over_rows():
    def f(x):
        total = tf.zeros([2])
        for row in x:
            if tf.reduce_sum(row) > 5.0:
                break
            total += row
        return total

    both(f, np.array([[1, 1], [2, 2], [9, 9], [1, 1]], np.float32))
    dynamic = tf.function(f, input_signature=[tf.TensorSpec([None, 2])])
    np.testing.assert_allclose(dynamic(tf.ones([3, 2])), [3, 3])


def test_python_iterables_are_unrolled():
    @tf.function
    def f(x):
        for k in [1, 2, 3]:
            x = x * k
        for name, value in {"a": 1, "b": 2}.items():
            x = x + value * len(name)
        return x

    assert int(f(c(2))) == 15
    assert not [n for n in f.get_concrete_function(c(2)).graph.nodes if n.op.name == "While"]


def test_range_is_not_materialised():
    @tf.function
    def f(n):
        total = 0
        for i in tf.range(n):
            total += i
        return total

    graph = f.get_concrete_function(c(3)).graph
    assert [n.op.name for n in graph.nodes if n.op.name in ("Range", "While")] == ["While"]
    assert not graph.is_staged
    assert int(f(c(10_000))) == sum(range(10_000))


def test_loops_carry_variables():
    v = tf.Variable(1.0)

    @tf.function
    def f(n):
        for i in tf.range(n):
            v.assign_add(tf.cast(i, tf.float32))
            if i == 3:
                continue
            v.assign(v * 2.0)
        return v

    expected = 1.0
    for i in range(5):
        expected += i
        if i != 3:
            expected *= 2
    assert float(f(c(5))) == expected == v.numpy()


def test_attributes_and_items_are_loop_variables():
    class Box:
        pass

    def f(n):
        box, items = Box(), {"count": 0}
        box.total = 0
        while n > 0:
            box.total = box.total + n
            items["count"] = items["count"] + 1
            n -= 1
        return box.total, items["count"]

    assert both(f, 4) == (10, 4)


def test_set_loop_options():
    @tf.function
    def limited(n):
        count = 0
        while n > 0:
            tf.autograph.experimental.set_loop_options(maximum_iterations=3)
            count += 1
            n -= 1
        return count

    assert int(limited(c(10))) == 3
    assert int(limited(c(2))) == 2

    @tf.function
    def limited_range(n):
        total = 0
        for i in tf.range(10):
            tf.autograph.experimental.set_loop_options(maximum_iterations=n)
            total += i
        return total

    assert int(limited_range(c(4))) == 6

    @tf.function
    def growing(n):
        x = tf.constant([0])
        for i in tf.range(n):
            tf.autograph.experimental.set_loop_options(shape_invariants=[(x, tf.TensorShape([None]))])
            x = tf.concat([x, [i]], 0)
        return x

    np.testing.assert_array_equal(growing(c(3)), [0, 0, 1, 2])


# Calls


def test_callees_are_converted():
    def inner(x):
        if x > 0:
            return x
        return -x

    class Model:
        def __init__(self):
            self.k = tf.Variable(3)

        def helper(self, x, scale=1):
            return x * scale if x > 0 else -x

        @staticmethod
        def fixed(x):
            return inner(x)

        @classmethod
        def of_class(cls, x):
            return inner(x) + 1

        def __call__(self, x):
            if x > 1:
                x = x + self.k
            return x

        @tf.function
        def run(self, x):
            partial = functools.partial(self.helper, scale=2)
            return [self.helper(x), partial(x), self.fixed(x), self.of_class(x), self(x), inner(x)]

    m = Model()
    assert [int(r) for r in m.run(c(3))] == [3, 6, 3, 4, 6, 3]
    assert [int(r) for r in m.run(c(-3))] == [3, 3, 3, 4, -3, 3]
    assert int(tf.function(m)(c(5))) == 8


def test_super_in_a_converted_method():
    class Base:
        def go(self, x):
            return x if x > 0 else x - 1

    class Derived(Base):
        def go(self, x):
            return super().go(x) * 10

    assert int(tf.function(Derived().go)(c(-4))) == -50


def test_recursion_decorators_and_nested_functions():
    def factorial(n):
        return 1 if n <= 1 else n * factorial(n - 1)

    def twice(f):
        @functools.wraps(f)
        def wrapper(*args):
            return f(f(*args))

        return wrapper

    @tf.function
    @twice
    def f(x):
        def inner(y):
            pick = lambda z: z if z > 0 else -z  # noqa: E731
            if y > 3:
                return pick(y) * factorial(3)
            return pick(y) + 1

        return inner(x)

    assert int(f(c(-2))) == 4
    assert int(f(c(4))) == 144


def test_lambdas_are_told_apart():
    f, g = (lambda x: x if x > 0 else -x), (lambda x: x + 1 if x > 0 else -x)
    h = lambda x: (lambda x: x if x > 1 else x * 2)(x)  # noqa: E731
    # fmt: off
    multiline = (lambda  # noqa: E731
                 x: (x if x > 0
                     else -x))
    # fmt: on
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert [int(tf.function(k)(c(3))) for k in (f, g, h, multiline)] == [3, 4, 3, 3]
        assert [int(tf.function(k)(c(-3))) for k in (f, g, h, multiline)] == [3, 3, -6, 3]


def test_exceptions_are_handled_as_python_does():
    @tf.function
    def f(x, values):
        try:
            y = values["missing"]
        except KeyError as error:
            y = len(error.args)
        if x > 0:
            return x + y
        return x - y

    assert int(f(c(3), {"a": 1})) == 4
    assert int(f(c(-3), {"a": 1})) == -4


def test_layers_of_the_users_are_converted():
    class Cell(tf.keras.layers.Layer):
        def call(self, x, training=False):
            if tf.reduce_sum(x) > 0.0:
                x = x * 2.0
            for _ in tf.range(2):
                x = x + 1.0
            return x + 100.0 if training else x

    model = tf.keras.Sequential([Cell()])
    np.testing.assert_allclose(model.predict(np.ones((2, 3), np.float32), verbose=0), np.full((2, 3), 4.0))
    np.testing.assert_allclose(tf.function(lambda x: Cell()(x, training=True))(-tf.ones([1, 2])), [[101.0, 101.0]])
    np.testing.assert_allclose(Cell()(-tf.ones([1, 2])), [[1.0, 1.0]])


def test_builtins_on_tensors():
    @tf.function(input_signature=[tf.TensorSpec([None])])
    def f(x):
        return len(x), int(x[0]), float(x[0]), max(x[0], 2.0), min(x), abs(x[0])

    assert [float(r) for r in f(c([-1.5, 2.5, 0.0]))] == [3, -1, -1.5, 2, -1.5, 1.5]

    @tf.function
    def g(n):
        total = 0
        for i in range(n):
            total += i
        return total

    assert int(g(c(5))) == 10


def test_library_code_is_called_as_it_is():
    @tf.function
    def f(x):
        return x * math.sqrt(np.square(3)) + len(sorted([2, 1]))

    assert float(f(c(1.0))) == 5.0


def test_do_not_convert():
    @tf.autograph.experimental.do_not_convert
    def f(x):
        return x if x > 0 else -x

    with pytest.raises(TypeError, match="Python `bool`"):
        tf.function(lambda x: f(x))(c(1))
    with pytest.raises(TypeError, match="Python `bool`"):
        tf.function(sign, autograph=False)(c(1))


def test_functions_without_source_run_as_they_are():
    scope = {}
    exec(compile("def f(x):\n    return x + 1", "<nowhere>", "exec"), scope)
    with pytest.warns(UserWarning, match="(?s)AutoGraph could not transform.*do_not_convert"):
        assert int(tf.function(scope["f"])(c(1))) == 2


def test_to_graph_and_to_code():
    converted = tf.autograph.to_graph(sign)
    assert converted(c(3)) == 1
    assert int(tf.function(lambda x: converted(x), autograph=False)(c(-3))) == -1
    assert "ag__.if_stmt" in tf.autograph.to_code(sign)
    with pytest.raises(ValueError, match="Python function"):
        tf.autograph.to_graph(3)


def test_print_stays_pythons(capsys):
    @tf.function
    def f(x):
        print("tracing", x.shape)
        return x

    f(c(1))
    f(c(2))
    assert capsys.readouterr().out == "tracing ()\n"


def test_assert_statements():
    @tf.function
    def f(x, flag=True):
        assert flag, "never"
        assert x > 0, f"bad {x.dtype.name}"
        return x

    assert int(f(c(3))) == 3
    with pytest.raises(tf.errors.InvalidArgumentError, match="bad int32"):
        f(c(-3))
    with pytest.raises(AssertionError, match="never"):
        f(c(3), False)


# Errors


def undefined_in_else(x):
    if x > 0:
        y = x
    return y


def no_return_in_else(x):
    if x > 0:
        return x


def branch_dtypes(x):
    if x > 0:
        y = 1
    else:
        y = 2.0
    return y


def branch_structures(x):
    if x > 0:
        y = (x, x)
    else:
        y = x
    return y


def none_in_main(x):
    if x > 0:
        y = None
    else:
        y = x
    return y


def read_before_definition(x):
    while x > 0:
        y = y + x  # noqa: F821
        x -= 1
    return y


def loop_dtype(x):
    y = 0
    while x > 0:
        y = tf.cast(y, tf.float32) + 1.5
        x -= 1
    return y


def loop_shape(x):
    y = tf.zeros([1])
    while x > 0:
        y = tf.concat([y, y], 0)
        x -= 1
    return y


def loop_none(x):
    y = 1
    while x > 0:
        y = None
        x -= 1
    return y


def number_condition(x):
    if x:
        return 1
    return 2


def vector_condition(x):
    if tf.stack([x, x]) > 0:
        return 1
    return 2


def raises(x):
    if x > 0:
        raise KeyError("mine")
    return x


@pytest.mark.parametrize(
    ("function", "kind", "text"),
    [
        (undefined_in_else, ValueError, "'y' must also be initialized in the else branch"),
        (no_return_in_else, ValueError, "the else branch must also have a return statement"),
        (branch_dtypes, TypeError, "'y' has dtype int32 in the main branch, but dtype float32 in the else branch"),
        (branch_structures, ValueError, "'y' does not have the same nested structure"),
        (none_in_main, ValueError, "'y' is None at the end of the main branch"),
        (read_before_definition, ValueError, "'y' must be defined before the loop"),
        (loop_dtype, TypeError, "'y' has dtype int32 before the loop, but dtype float32 after one iteration"),
        (loop_shape, ValueError, r"'y' has shape \(1,\) before the loop, but shape \(2,\) after one iteration"),
        (loop_none, ValueError, "'y' is None at the end of the iteration"),
        (number_condition, ValueError, "expected to be `tf.bool` scalar.*tf.cast"),
        (vector_condition, ValueError, "expected to be `tf.bool` scalar.*tf.reduce_all"),
        (raises, KeyError, "mine"),
    ],
)
def test_errors_name_the_cause_and_the_users_line(function, kind, text):
    with pytest.raises(kind, match=text) as caught:
        tf.function(function)(c(1))
    notes = [n for n in caught.value.__notes__ if n.startswith("in user code:")]
    assert len(notes) == 1
    assert __file__ in notes[0]
    assert f"in {function.__name__}" in notes[0]
    assert f"line {function.__code__.co_firstlineno + 0}," not in notes[0]


def test_the_line_in_an_error_is_the_very_line():
    with pytest.raises(KeyError) as caught:
        tf.function(raises)(c(1))
    line = raises.__code__.co_firstlineno + 2
    note = caught.value.__notes__[0]
    assert f'File "{__file__}", line {line}, in raises\n        raise KeyError("mine")' in note


def test_nodes_know_the_users_line():
    def f(x):
        if x > 0:
            x = x * 2
        return x

    graph = tf.function(f).get_concrete_function(c(1)).graph
    node = next(n for n in graph.nodes if n.op.name == "If")
    assert f"{__file__}:{f.__code__.co_firstlineno + 1}, in f" in repr(node)
    inner = next(n for n in node.attrs["branch0"].nodes if n.op.name == "Mul")
    assert f"{__file__}:{f.__code__.co_firstlineno + 2}, in f" in repr(inner)


# Gradients


def power(x, n):
    y = tf.ones_like(x)
    for _ in tf.range(n):
        y = y * x
    return y


@pytest.mark.parametrize("fixed", [True, False])
def test_gradients_of_loops(fixed):
    f = tf.function(lambda x: power(x, 4)) if fixed else tf.function(lambda x: power(x, tf.cast(x * 0 + 4, tf.int32)))
    x = c(1.5)
    with tf.GradientTape() as outer:
        outer.watch(x)
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = f(x)
        slope = tape.gradient(y, x)
    np.testing.assert_allclose(slope, 4 * 1.5**3, rtol=1e-5)
    np.testing.assert_allclose(outer.gradient(slope, x), 12 * 1.5**2, rtol=1e-5)


def test_gradients_through_branches_inside_loops():
    def f(x):
        y = x
        for i in tf.range(4):
            if i % 2 == 0:
                y = y * x
            else:
                y = tf.sin(y)
        return y

    def slope(g):
        x = c(0.7)
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = g(x)
        return tape.gradient(y, x)

    def inside(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = f(x)
        return tape.gradient(y, x)

    np.testing.assert_allclose(slope(f), slope(tf.function(f)), rtol=1e-5)
    np.testing.assert_allclose(slope(f), tf.function(inside)(c(0.7)), rtol=1e-5)


def test_training_loop_inside_a_function():
    w = tf.Variable(5.0)

    @tf.function
    def train(steps):
        for _ in tf.range(steps):
            with tf.GradientTape() as tape:
                loss = tf.square(w - 2.0)
            w.assign_sub(0.1 * tape.gradient(loss, w))
        return loss

    train(c(100))
    np.testing.assert_allclose(w.numpy(), 2.0, atol=1e-5)


def search(x):
    for i in range(4):
        if i == 5:
            break
    else:
        x = x + 10
    for i in [1, 2]:
        if i == 2:
            break
    else:
        x = x + 100
    while i < 4:
        i += 1
    else:
        x = x + 1000
    return x


def nested_search(x):
    for i in range(3):
        for j in range(3):
            if j == i + 1:
                break
        else:
            break  # of the outer loop
        x = x * 2
    else:
        x = x * 0
    return x


def returning_search(x):
    for i in range(3):
        if i == 1:
            return x + i
    else:
        x = x * 0
    return x


def tensor_break(x):
    for i in range(3):
        if x > i:
            break
    else:
        x = x + 100
    return x


@pytest.mark.parametrize("function", [search, nested_search, returning_search, tensor_break])
@pytest.mark.parametrize("value", [1, -1])
def test_else_blocks_of_loops(function, value):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert int(tf.function(function)(tf.constant(value))) == function(value)


def for_else(x):
    for v in x:
        if v > 2:
            break
    else:
        x = x + 1
    return x


def while_else(x):
    while x[0] < 3:
        x = x + 1
    else:
        x = x * 2
    return x


@pytest.mark.parametrize("function", [for_else, while_else])
def test_else_blocks_of_loops_over_tensors(function):
    with pytest.raises(tf.errors.OperatorNotAllowedInGraphError, match=r"else.*set a flag"):
        tf.function(function)(tf.constant([1, 2]))

"""`tf.function`: traces, cache keys, arguments, results, variables, nesting, explanations."""

import collections
import gc
import weakref

import numpy as np
import pytest

import headwater as tf


def counting(**options):
    """A function that notes each trace and returns its argument plus one."""
    traces = []

    @tf.function(**options)
    def f(x):
        traces.append(x)
        return x + 1

    return f, traces


def test_one_trace_per_dtype_and_shape():
    f, traces = counting()
    for value in ([1.0, 2.0], [3.0, 4.0]):
        np.testing.assert_allclose(f(tf.constant(value)), np.add(value, 1))
    assert len(traces) == 1
    f(tf.constant([1, 2]))
    f(tf.constant([1.0]))
    assert len(traces) == f.experimental_get_tracing_count() == 3


def test_python_values_are_part_of_the_key_and_arrays_are_not():
    f, traces = counting()
    f(1), f(1), f(2), f(True), f(1.0)
    assert len(traces) == 4
    f(np.float32(1)), f(np.float32(2))
    assert len(traces) == 5


def test_signed_zeros_and_nans_are_told_apart():
    @tf.function
    def f(x):
        return 1.0 / tf.constant(x)

    assert f(0.0).numpy() == np.inf
    assert np.isnan(f(float("nan")))


def test_python_side_effects_happen_once_per_trace():
    f, traces = counting()
    for _ in range(5):
        f(tf.ones([2]))
    assert len(traces) == 1


def test_input_signature_makes_one_trace():
    f, traces = counting(input_signature=[tf.TensorSpec([None, 4], tf.float32)])
    for rows in (1, 5, 9):
        assert f(tf.ones([rows, 4])).shape == (rows, 4)
    assert [t.shape.as_list() for t in traces] == [[None, 4]]
    assert f([[1.0, 2.0, 3.0, 4.0]]).shape == (1, 4)


@pytest.mark.parametrize(
    "bad", [np.ones((2, 3), np.float32), np.ones((2, 4), np.int32), np.ones(4, np.float32), "text"]
)
def test_input_signature_rejects_what_does_not_fit(bad):
    f, _ = counting(input_signature=[tf.TensorSpec([None, 4], tf.float32)])
    with pytest.raises(TypeError, match="float32"):
        f(bad)


def test_input_signature_with_structures_and_defaults():
    spec = {"a": tf.TensorSpec([None]), "b": [tf.TensorSpec([], tf.int32)]}

    @tf.function(input_signature=[spec])
    def f(x):
        return tf.reduce_sum(x["a"]) + tf.cast(x["b"][0], tf.float32)

    assert f({"a": [1.0, 2.0], "b": [3]}).numpy() == 6

    @tf.function(input_signature=[tf.TensorSpec([], tf.int32), tf.TensorSpec([], tf.int32)])
    def g(x, y=4):
        return x + y

    assert g(1).numpy() == 5
    assert g(1, y=2).numpy() == 3


def test_input_signature_longer_than_the_parameters_is_an_error():
    with pytest.raises(TypeError, match="takes only 1"):
        tf.function(lambda x: x, input_signature=[tf.TensorSpec([]), tf.TensorSpec([])])


def test_keywords_defaults_and_positions_share_a_trace():
    traces = []

    @tf.function
    def f(x, y=2, *, z=3):
        traces.append(1)
        return x * y + z

    x = tf.constant(5)
    assert {int(f(x)), int(f(x, 2)), int(f(x, y=2)), int(f(x=x, z=3))} == {13}
    assert len(traces) == 1


def test_wrong_arguments_are_type_errors():
    f, _ = counting()
    with pytest.raises(TypeError, match="argument"):
        f()
    with pytest.raises(TypeError, match="argument"):
        f(1, 2)


def test_structures_in_and_out():
    Point = collections.namedtuple("Point", "x y")

    @tf.function
    def f(p, d, pair):
        return Point(p.y, p.x), {"k": d["k"] + 1, "n": None}, [pair[0], (pair[1],)]

    p, d, rest = f(Point(tf.constant(1), tf.constant(2)), {"k": tf.constant(3)}, [tf.constant(4), tf.constant(5)])
    assert isinstance(p, Point)
    assert (int(p.x), int(p.y), int(d["k"]), d["n"]) == (2, 1, 4, None)
    assert int(rest[0]) == 4 and int(rest[1][0]) == 5


def test_results_that_are_not_tensors():
    assert tf.function(lambda: None)() is None
    assert int(tf.function(lambda: 3)()) == 3
    with pytest.raises(TypeError, match="return zero or more Tensors"):
        tf.function(object)()


def test_outer_tensors_are_captured_by_value():
    outer = tf.constant([1.0, 2.0])
    big = tf.ones([100])

    @tf.function
    def f(x):
        return x + outer, tf.reduce_sum(big)

    a, b = f(tf.constant(1.0))
    assert a.numpy().tolist() == [2, 3] and b.numpy() == 100
    assert len(f.get_concrete_function(tf.constant(1.0)).captured_inputs) == 2


def test_methods_have_their_own_traces_and_are_let_go():
    class Model:
        def __init__(self, k):
            self.k = k

        @tf.function
        def __call__(self, x):
            return x * self.k

        @tf.function
        def other(self, x, y=1):
            return self(x) + y

    a, b = Model(2), Model(3)
    x = tf.constant(5)
    assert [int(a(x)), int(b(x)), int(a.other(x)), int(a.other(x, y=2))] == [10, 15, 11, 12]
    assert a.other.experimental_get_tracing_count() == 2
    gone = weakref.ref(a)
    del a
    gc.collect()
    assert gone() is None


def test_callable_objects_and_bound_methods():
    class Adder:
        def __init__(self):
            self.total = tf.Variable(0)

        def __call__(self, x):
            self.total.assign_add(x)
            return self.total

        def plain(self, x):
            return x + 1

    adder = Adder()
    f = tf.function(adder)
    f(1), f(1)
    assert int(adder.total) == 2
    assert int(tf.function(adder.plain)(tf.constant(1))) == 2


def test_arguments_are_held_weakly():
    class Config:
        value = 3

    f = tf.function(lambda c: tf.constant(c.value))
    config = Config()
    assert int(f(config)) == 3
    gone = weakref.ref(config)
    del config
    gc.collect()
    assert gone() is None
    other = Config()
    other.value = 4
    assert int(f(other)) == 4


def test_functions_in_functions():
    inner_traces = []

    @tf.function
    def inner(x):
        inner_traces.append(1)
        return x * 2

    @tf.function
    def outer(x):
        return inner(x) + inner(x)

    assert int(outer(tf.constant(3))) == 12
    assert int(inner(tf.constant(3))) == 6
    assert len(inner_traces) == 1


def test_inner_function_closing_over_outer_tensor():
    @tf.function
    def outer(x):
        @tf.function
        def inner(y):
            return x + y

        return inner(x * 2) + inner(x * 3)

    assert int(outer(tf.constant(1))) == 7
    assert int(outer(tf.constant(10))) == 70


def test_a_tensor_of_another_function_is_out_of_scope():
    leaked = []

    @tf.function
    def f(x):
        leaked.append(x + 1)
        return x

    f(tf.constant(1))
    with pytest.raises(TypeError, match="cannot be used here"):
        leaked[0] + 1
    with pytest.raises(TypeError, match="out of scope"):
        tf.function(lambda x: x + leaked[0])(tf.constant(1))


def test_variables_read_and_written():
    v = tf.Variable(1.0)

    @tf.function
    def f(x):
        before = v + 0.0
        v.assign_add(x)
        return before, v.read_value()

    assert [float(t) for t in f(tf.constant(2.0))] == [1.0, 3.0]
    assert [float(t) for t in f(tf.constant(2.0))] == [3.0, 5.0]
    assert float(v) == 5
    assert [x is v for x in f.get_concrete_function(tf.constant(1.0)).variables] == [True]


def test_a_tensor_read_before_a_call_keeps_its_value():
    v = tf.Variable([1.0, 2.0])

    @tf.function
    def bump():
        v.assign(v * 2)

    kept = v.read_value()
    bump()
    bump()
    np.testing.assert_allclose(kept, [1, 2])
    np.testing.assert_allclose(v, [4, 8])


def test_variables_are_created_on_the_first_call_only():
    class Layer:
        v = None

        @tf.function
        def __call__(self, x):
            if self.v is None:
                self.v = tf.Variable(tf.ones([2]) * 3.0)
            return x * self.v

    layer = Layer()
    np.testing.assert_allclose(layer(tf.constant(2.0)), [6, 6])
    np.testing.assert_allclose(layer(tf.constant(3.0)), [9, 9])

    @tf.function
    def f():
        return tf.Variable(1.0) + 1.0

    with pytest.raises(ValueError, match="singleton"):
        f()


def test_initial_value_may_depend_on_the_arguments():
    made = []

    @tf.function
    def f(x):
        if not made:
            made.append(tf.Variable(tf.zeros_like(x) + 1.0))
        return made[0] + x

    np.testing.assert_allclose(f(tf.constant([1.0, 2.0])), [2, 3])


def test_reduce_retracing():
    f, traces = counting(reduce_retracing=True)
    for n in (1, 2, 3, 4):
        assert f(tf.ones([n])).shape == (n,)
    assert [t.shape.as_list() for t in traces] == [[1], [None]]


def test_get_concrete_function():
    f, traces = counting()
    concrete = f.get_concrete_function(tf.TensorSpec([None], tf.float32))
    np.testing.assert_allclose(concrete(tf.constant([1.0, 2.0])), [2, 3])
    np.testing.assert_allclose(concrete(x=tf.constant([1.0])), [2])
    assert concrete.structured_outputs == tf.TensorSpec([None], tf.float32)
    with pytest.raises(tf.errors.InvalidArgumentError, match="must be float32"):
        concrete(tf.constant([1]))
    assert len(traces) == 1
    text = f.pretty_printed_concrete_signatures()
    assert "TensorSpec(shape=(None,), dtype=tf.float32, name=None)" in text


def test_a_concrete_function_is_called_like_the_python_function():
    f = tf.function(lambda d, k=1.5, *, mode="a", n=None: d["a"] + d["b"] * k)
    concrete = f.get_concrete_function({"a": tf.TensorSpec([]), "b": tf.TensorSpec([])}, n=3)
    d = {"a": tf.constant(1.0), "b": 2.0}
    for call in (
        lambda: concrete(d), lambda: concrete(d, 1.5), lambda: concrete(d=d, k=1.5, mode="a", n=3),
        lambda: concrete(tf.constant(1.0), tf.constant(2.0)), lambda: concrete(d_a=d["a"], d_b=tf.constant(2.0)),
        lambda: concrete.inference_fn(d),
    ):  # fmt: skip
        assert float(call()) == 4
    assert concrete.structured_input_signature[0][0]["b"].name == "d_b"
    spec = "TensorSpec(shape=(), dtype=tf.float32, name=None)"
    expected = f"(d: Dict[['a', {spec}], ['b', {spec}]], k: Literal[1.5], mode: Literal['a'], n: Literal[3]) -> {spec}"
    assert str(concrete.function_type) == concrete.pretty_printed_signature(verbose=False) == expected
    assert "k (POSITIONAL_OR_KEYWORD): Literal[1.5]\n  mode (KEYWORD_ONLY)" in concrete.pretty_printed_signature()


@pytest.mark.parametrize(
    ("args", "kwargs", "reason"),
    [
        ((2.0,), {"b": 3}, r"Can not cast 3 to Literal\[2\]"),
        ((2.0, 3), {}, r"Can not cast 3 to Literal\[2\]"),
        ((2.0, True), {}, r"Can not cast True to Literal\[2\]"),
        ((2.0, 2, None), {}, r"Can not cast None to Tuple\["),
        ((2.0, 2, (1.0, 2.0, 3.0)), {}, "Can not cast"),
        ((), {}, "missing a required argument: 'a'"),
        ((2.0,), {"c": 1}, "unexpected keyword argument 'c'"),
        ((2.0,), {"a": 2.0}, "multiple values for argument 'a'"),
        ((2.0, 2, (1.0, 2.0), 4), {}, "too many positional arguments"),
    ],
)
def test_arguments_that_were_not_traced(args, kwargs, reason):
    spec = tf.TensorSpec([], tf.float32)
    concrete = tf.function(lambda a, b, t: a**b + t[0]).get_concrete_function(spec, 2, (spec, spec))
    with pytest.raises(TypeError, match="Binding inputs to tf.function failed due to `.*" + reason):
        concrete(*args, **kwargs)


def test_signatures_in_words():
    f = tf.function(lambda x, y: x)
    f(tf.constant(1.0), 2), f([1, -1], "a")
    spec = "TensorSpec(shape=(), dtype=tf.int32, name=None)"
    first, second = f.pretty_printed_concrete_signatures().split("\n\n")
    assert first.splitlines()[2] == "  y (POSITIONAL_OR_KEYWORD): Literal[2]"
    assert second.splitlines()[1] == "  x (POSITIONAL_OR_KEYWORD): List[Literal[1], Literal[-1]]"
    assert second.splitlines()[4] == f"  List[{spec}, {spec}]"


def test_graphs_are_looked_into_by_name():
    graph = tf.function(lambda x: x + 1).get_concrete_function(tf.TensorSpec([])).graph
    assert graph.get_operation_by_name("AddV2").type == "AddV2"
    assert graph.get_tensor_by_name("AddV2:0").shape == []
    assert [n.op for n in graph.as_graph_def().node][:3] == ["Placeholder", "Const", "AddV2"]
    for wrong in ("Mul:0", "AddV2:1"):
        with pytest.raises(KeyError, match="refers to"):
            graph.get_tensor_by_name(wrong)
    with pytest.raises(ValueError, match="name of a tensor"):
        graph.get_tensor_by_name("AddV2")


def test_several_variables_with_random_initial_values():
    made = []
    steps = tf.Variable(1.0)

    @tf.function
    def f(x):
        steps.assign_add(x)
        if not made:
            made.append(tf.Variable(tf.random.normal([2])))
            made.append(tf.Variable(tf.random.normal([2]) + made[0]))
            made.append(tf.Variable(tf.random.uniform([], seed=2)))
            made.append(tf.Variable(steps * 2.0))
        return made[1] - made[0]

    drawn = f(tf.constant(1.0)).numpy()
    assert (drawn != made[0].numpy()).all() and 0 <= made[2].numpy() < 1
    assert made[3].numpy() == 4 and steps.numpy() == 2


def test_a_method_of_an_object_that_is_gone():
    class Model:
        @tf.function
        def double(self, x):
            return x * 2

    with pytest.raises(ReferenceError, match="Keep it in a variable"):
        Model().double(tf.constant(1.0))


def test_explain_retraces_names_the_argument_and_the_remedy():
    @tf.function
    def f(x, n=1):
        return x * n

    f(tf.ones([2])), f(tf.ones([3])), f(tf.ones([2]), 2), f(tf.constant([1]))
    f(tf.ones([2]), 2), f(tf.ones([2]), tf.constant(2.0))
    text = f.explain_retraces()
    assert "x: shape (2,) became (3,). Use reduce_retracing=True" in text
    assert "n: Python value int 1 became int 2. Pass a tensor" in text
    assert "x: dtype float32 became int32. Use tf.cast" in text
    assert "n: value int" in text and "became tensor" in text


def test_assert_max_traces():
    f, _ = counting()
    f.assert_max_traces(1)
    f(tf.ones([1]))
    with pytest.raises(AssertionError, match=r"expected at most 1(.|\n)*shape \(1,\) became \(2,\)"):
        f(tf.ones([2]))


def test_many_traces_warn_once():
    f, _ = counting()
    for n in range(4):
        f(tf.ones([n + 1]))
    with pytest.warns(UserWarning, match="explain_retraces"):
        f(tf.ones([9]))
    f(tf.ones([10]))


def test_run_functions_eagerly():
    calls = []

    @tf.function
    def f(x):
        calls.append(x.numpy())
        return x

    tf.config.run_functions_eagerly(True)
    try:
        f(tf.constant(1)), f(tf.constant(1))
    finally:
        tf.config.run_functions_eagerly(False)
    assert calls == [1, 1]


def test_decorator_forms_keep_name_and_docs():
    @tf.function
    def documented(x):
        """The docs."""
        return x

    assert documented.__name__ == "documented" and documented.__doc__ == "The docs."
    assert documented.python_function(3) == 3
    with pytest.raises(TypeError, match="callable"):
        tf.function(3)


def test_errors_while_running_name_the_users_line():
    @tf.function(input_signature=[tf.TensorSpec([None])])
    def f(x):
        return x + tf.ones([3])  # the culprit

    with pytest.raises(tf.errors.InvalidArgumentError, match=r"Defined at: .*test_function\.py:\d+, in f"):
        f(tf.ones([2]))


def test_numpy_arrays_become_tensors_and_share_the_trace():
    f, traces = counting()
    f(np.ones((2,), np.float32)), f(tf.ones([2])), f(np.zeros((2,), np.float32))
    assert len(traces) == 1
    f(np.ones(2))
    assert traces[-1].dtype == tf.float64


def test_functions_called_with_variables():
    traces = []

    @tf.function
    def f(v):
        traces.append(1)
        v.assign_add(1.0)
        return v * 2

    a, b = tf.Variable(1.0), tf.Variable(10.0)
    assert float(f(a)) == 4 and float(f(b)) == 22 and float(f(a)) == 6
    assert len(traces) == 1


def test_host_stages_inside_a_function():
    @tf.function
    def f(x, n):
        y = tf.reshape(x * 2, [n, -1])  # the shape is known only at run time
        return y + 1, tf.range(n)

    y, r = f(tf.range(6), tf.constant(2))
    assert y.shape == (2, 3) and r.numpy().tolist() == [0, 1]
    y, r = f(tf.range(6), tf.constant(3))
    assert y.shape == (3, 2) and r.numpy().tolist() == [0, 1, 2]
    assert f.experimental_get_tracing_count() == 1


def test_strings_pass_through_functions():
    @tf.function
    def f(s, x):
        return tf.reshape(s, [2, 1]), s == "b", x + 1

    s, same, x = f(tf.constant(["a", "b"]), tf.constant(1))
    assert s.numpy().tolist() == [[b"a"], [b"b"]] and same.numpy().tolist() == [False, True] and int(x) == 2


def test_a_tensor_of_a_loop_that_is_returned_is_out_of_scope() -> None:
    @tf.function
    def collect(n: tf.Tensor) -> list[tf.Tensor]:
        found = []
        for i in tf.range(n):
            found.append(i)
        return found

    with pytest.raises(TypeError, match="out of scope"):
        collect(tf.constant(3))

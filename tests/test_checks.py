"""Values that TensorFlow's kernels refuse on a CPU raise: eagerly, in functions, in control flow, in Keras' steps."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import pytest

import headwater as tf
from headwater.core.graph import walk
from headwater.core.op import get_op
from headwater.core.watch import Watch

Invalid = tf.errors.InvalidArgumentError
ROWS = [[7, 8, 9, 11], [13, 17, 19, 23], [29, 31, 37, 41]]


class Row(NamedTuple):
    """A call that a good value passes and a bad one does not."""

    name: str
    function: Any
    good: Any
    bad: Any
    message: str
    error: Any = Invalid


def _variable() -> Any:
    return tf.Variable([1.0, 2.0])


def _on_variable(use: Any) -> Any:
    variable = _variable()
    return lambda i: use(variable, i)


def _slices(indices: Any) -> Any:
    return tf.IndexedSlices(tf.constant([1.0]), indices)


TABLE = [
    # Taking.
    Row("gather", lambda i: tf.gather([10, 20, 30], i), [0, 2], [0, 7], r"indices\[1\] = 7 is not in \[0, 3\)"),
    Row("gather/negative", lambda i: tf.gather([10, 20, 30], i), [0], [-1], r"indices\[0\] = -1 is not in \[0, 3\)"),
    Row("gather/matrix", lambda i: tf.gather([1, 2, 3], i), [[0, 1], [2, 0]], [[0, 1], [2, 3]], r"\[1,1\] = 3 is not"),
    Row("gather/scalar", lambda i: tf.gather([1, 2, 3], i), 2, 5, r"indices = 5 is not in \[0, 3\)"),
    Row("gather/axis", lambda i: tf.gather(ROWS, i, axis=1), [3], [4], r"= 4 is not in \[0, 4\)"),
    Row(
        "gather/batch_dims", lambda i: tf.gather(ROWS, i, axis=1, batch_dims=1), [[0], [1], [3]], [[0], [4], [-1]],
        r"indices\[1,0\] = 4 is not in \[0, 4\)",
    ),
    Row(
        "bounded_normal",
        lambda s: tf.random.stateless_parameterized_truncated_normal([3], [1, 2], 0.0, s, [-1.0, 0.0, 1.0], 2.0),
        [1.0, 2.0, 1.0], [1.0, -1.0, 1.0], r"stddevs > 0.* at \[1\]",
    ),
    Row(
        "bounded_normal/bounds",
        lambda low: tf.random.stateless_parameterized_truncated_normal([2], [1, 2], 0.0, 1.0, low, 2.0), -1.0, 3.0,
        "minvals < maxvals",
    ),
    Row("gather/string", lambda i: tf.gather(tf.constant(["a", "b"]), i), [1], [2], r"= 2 is not in \[0, 2\)"),
    Row("gather/int64", lambda i: tf.gather([1, 2], i), np.int64([1]), np.int64([2**40]), r"= 1099511627776 is not in"),
    Row("gather/uint8", lambda i: tf.gather([1, 2], i), np.uint8([1]), np.uint8([200]), r"= 200 is not in \[0, 2\)"),
    Row(
        "gather_nd", lambda i: tf.gather_nd([[0.0, 1], [2, 3]], i), [[0, 0], [1, 1]], [[0, 0], [1, 2]],
        r"indices\[1\] = \[1, 2\] does not index into param shape \[2,2\]",
    ),
    Row("gather_nd/slices", lambda i: tf.gather_nd([[0.0, 1], [2, 3]], i), [[1]], [[-1]], r"= \[-1\] does not index"),
    Row("embedding_lookup", lambda i: tf.nn.embedding_lookup(tf.ones([3, 2]), i), [2], [3], r"= 3 is not in \[0, 3\)"),
    Row(
        "embedding_lookup/tables", lambda i: tf.nn.embedding_lookup([tf.ones([2, 2]), tf.ones([2, 2])], i), [3], [4],
        r"= 4 is not in \[0, 4\)",
    ),
    Row("x[i]", lambda i: tf.constant([1.0, 2.0])[i], 1, 2, "slice index 2 of dimension 0 out of bounds"),
    Row("x[i]/negative", lambda i: tf.constant([1.0, 2.0])[i], -2, -3, "slice index -3 of dimension 0 out of bounds"),
    Row("x[0, i]", lambda i: tf.constant(ROWS)[1, i], 3, 4, "slice index 4 of dimension 1 out of bounds"),
    Row("slice/begin", lambda b: tf.slice([1.0, 2.0, 3.0], b, [2]), [1], [2], r"size\[0\] in \[0, 1\], but got 2"),
    Row("slice/size", lambda s: tf.slice([1.0, 2.0, 3.0], [1], s), [2], [3], r"size\[0\] in \[0, 2\], but got 3"),
    # Putting.
    Row("scatter_nd", lambda i: tf.scatter_nd(i, [1.0], [3]), [[2]], [[5]], r"= \[5\] does not index into shape \[3\]"),
    Row("tensor_scatter_nd", lambda i: tf.tensor_scatter_nd_update(tf.zeros([3]), i, [1.0]), [[2]], [[3]], r"= \[3\]"),
    Row("tensor_scatter_nd_add", lambda i: tf.tensor_scatter_nd_add(tf.zeros([3]), i, [1.0]), [[2]], [[-1]], r"\[-1\]"),
    Row("tensor_scatter_nd_max", lambda i: tf.tensor_scatter_nd_max(tf.zeros([3]), i, [1.0]), [[2]], [[9]], r"\[9\]"),
    Row("scatter_nd_update", _on_variable(lambda v, i: v.scatter_nd_update(i, [1.0])), [[1]], [[2]], r"= \[2\] does"),
    Row("scatter_add", _on_variable(lambda v, i: v.scatter_add(_slices(i))), [1], [7], r"= 7 is not in \[0, 2\)"),
    Row("scatter_update", _on_variable(lambda v, i: v.scatter_update(_slices(i))), [1], [-1], r"= -1 is not in \[0, "),
    Row("sparse_read", _on_variable(lambda v, i: v.sparse_read(i)), [1], [2], r"= 2 is not in \[0, 2\)"),
    Row("Variable.gather_nd", _on_variable(lambda v, i: v.gather_nd(i)), [[1]], [[2]], r"= \[2\] does not index"),
    Row(
        "convert IndexedSlices",
        lambda i: tf.convert_to_tensor(tf.IndexedSlices(tf.ones([1, 2]), i, tf.constant([3, 2]))), [2], [3],
        r"= 3 is not in \[0, 3\)",
    ),
    # Groups.
    Row(
        "unsorted_segment_sum", lambda i: tf.math.unsorted_segment_sum([1.0, 2.0], i, 2), [-1, 1], [0, 2],
        r"segment_ids\[1\] = 2 is out of range \[0, 2\)",
    ),
    Row("unsorted_segment_max", lambda i: tf.math.unsorted_segment_max([1.0], i, 1), [0], [1], "out of range"),
    Row("unsorted_segment_mean", lambda i: tf.math.unsorted_segment_mean([1.0], i, 1), [0], [1], "out of range"),
    Row("segment_sum", lambda i: tf.math.segment_sum([1.0, 2.0], i), [0, 1], [1, 0], "not increasing"),
    Row("segment_mean", lambda i: tf.math.segment_mean([1.0, 2.0], i), [0, 1], [-1, 0], "Segment id -1 out of range"),
    Row(
        "dynamic_partition", lambda i: tf.dynamic_partition([1.0, 2.0], i, 2), [1, 0], [0, 5],
        r"partitions\[1\] = 5 is not in \[0, 2\)",
    ),
    Row("dynamic_stitch", lambda i: tf.dynamic_stitch([i, [1]], [[1.0, 2.0], [5.0]]), [2, 0], [0, -1], r"indices\[1\]"),
    Row(
        "confusion_matrix", lambda i: tf.math.confusion_matrix(i, [0], num_classes=2), [1], [5],
        r"`labels` out of bound: .* received labels\[0\] = 5",
    ),
    Row("confusion_matrix/negative", lambda i: tf.math.confusion_matrix([0], i), [1], [-1], "`predictions` contains"),
    Row("bincount", lambda i: tf.math.bincount(i), [1, 2], [1, -1], r"non-negative!: arr\[1\] = -1"),
    Row("invert_permutation", lambda i: tf.math.invert_permutation(i), [1, 0], [0, 3], "3 is not between 0 and 2"),
    Row("invert_permutation/twice", lambda i: tf.math.invert_permutation(i), [1, 0], [1, 1], "1 is duplicated"),
    Row("unravel_index", lambda i: tf.unravel_index(i, [2, 3]), [5], [6], r"indices\[0\] = 6 is not less than 6"),
    # Lengths and ranges.
    Row(
        "reverse_sequence", lambda n: tf.reverse_sequence(tf.ones([1, 3]), n, seq_axis=1), [3], [4],
        r"seq_lens\(0\) > input.dims\(1\)",
    ),
    Row("repeat", lambda n: tf.repeat([1, 2], n), [1, 0], [1, -1], "non-negative"),
    Row("one_hot/depth", lambda d: tf.one_hot([1], d), 3, -1, "depth must be non-negative, got: -1"),
    Row("tile", lambda n: tf.tile([1, 2], n), [2], [-1], r"multiples\[0\] >= 0, but got -1"),
    Row("histogram", lambda r: tf.histogram_fixed_width([1.0], r), [0.0, 1.0], [5.0, 1.0], "value_range should"),
    Row("uniform", lambda n: tf.random.stateless_uniform([2], [1, 2], 5, n, tf.int32), 6, 3, "got 5 >= 3"),
    Row(
        "crop_and_resize", lambda i: tf.image.crop_and_resize(tf.ones([1, 4, 4, 1]), [[0.0, 0.0, 1.0, 1.0]], i, [2, 2]),
        [0], [1], r"box_index\[0\] = 1", tf.errors.OutOfRangeError,
    ),
    # Classes.
    Row(
        "sparse cross-entropy",
        lambda i: tf.nn.sparse_softmax_cross_entropy_with_logits(i, tf.zeros([2, 3])), [0, 2], [0, 3],
        r"a label value of 3 which is outside the valid range of \[0, 3\), in labels\[1\]",
    ),
    Row("SparseCategoricalCrossentropy", lambda i: tf.keras.losses.SparseCategoricalCrossentropy()(i, [[0.2, 0.8]]),
        [1], [-1], "a label value of -1"),
    # Whole numbers.
    Row("//", lambda y: tf.constant([3, 0]) // y, [1, 2], [1, 0], r"Integer division by zero: y\[1\] = 0"),
    Row("%", lambda y: 3 % y, [1, 2], [0, 1], "Integer division by zero"),
    Row("floordiv/uint8", lambda y: tf.math.floordiv(np.uint8([3]), y), np.uint8([2]), np.uint8([0]), "by zero"),
    Row("truncatediv", lambda y: tf.truncatediv([3], y), [2], [0], "Integer division by zero"),
    Row("truncatemod", lambda y: tf.truncatemod(3, y), 2, 0, "Integer division by zero"),
    Row("**", lambda y: tf.constant([1, 3]) ** y, [0, 2], [2, -1], r"negative integer powers.*: y\[1\] = -1"),
    # Matrices.
    Row("inv", tf.linalg.inv, [[1.0, 0.0], [0.0, 1.0]], [[1.0, 1.0], [1.0, 1.0]], "not invertible"),
    Row("solve", lambda a: tf.linalg.solve(a, np.ones([2, 1])), np.eye(2), np.diag([0.0, 1.0]), "not invertible"),
    Row("eigvalsh", tf.linalg.eigvalsh, [[1.0, 0.0], [0.0, 1.0]], [[np.nan, 0.0], [0.0, 1.0]], "not successful"),
]  # fmt: skip
BY_NAME = {row.name: row for row in TABLE}
rows = pytest.mark.parametrize("row", TABLE, ids=[row.name for row in TABLE])


@rows
def test_eagerly(row: Row) -> None:
    row.function(tf.constant(row.good))
    with pytest.raises(row.error, match=row.message):
        row.function(tf.constant(row.bad))


@rows
def test_in_a_function(row: Row) -> None:
    bad = tf.constant(row.bad)
    function = tf.function(row.function, input_signature=[tf.TensorSpec(bad.shape, bad.dtype)])
    function(tf.constant(row.good))
    with pytest.raises(row.error, match=row.message) as caught:
        function(bad)
    assert "test_checks.py" in str(caught.value)
    function(tf.constant(row.good))


# Where the call stands --------------------------------------------------------------------------------------------


def _branch(use: Any, i: Any) -> Any:
    return tf.cond(tf.reduce_sum(tf.ones([2])) > 0, lambda: use(i), lambda: tf.zeros_like(use(i)))


def _switch(use: Any, i: Any) -> Any:
    return tf.switch_case(tf.reduce_sum(tf.ones([1], tf.int32)), [lambda: tf.zeros_like(use(i)), lambda: use(i)])


def _counted(use: Any, i: Any) -> Any:
    total = tf.zeros_like(use(i * 0 + 1))
    for _ in tf.range(3):
        total += use(i)
    return total


def _while(use: Any, i: Any) -> Any:
    start = (tf.constant(0), tf.zeros_like(use(i * 0 + 1)))
    return tf.while_loop(
        lambda n, t: n < tf.reduce_sum(tf.ones([3], tf.int32)), lambda n, t: (n + 1, t + use(i)), start
    )


def _condition(use: Any, i: Any) -> Any:
    return tf.while_loop(lambda n: tf.reduce_sum(use(i)) > n, lambda n: [n], [tf.constant(10**6)])


def _taped(use: Any, i: Any) -> Any:
    x = tf.ones([])
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = tf.reduce_sum(tf.cast(use(i), tf.float32) * x)
    return tape.gradient(y, x)


def _custom(use: Any, i: Any) -> Any:
    @tf.custom_gradient
    def scaled(x: Any) -> Any:
        return x * tf.cast(use(i), tf.float32), lambda dy: dy

    return scaled(tf.ones([]))


def _inner(use: Any, i: Any) -> Any:
    return tf.function(lambda i: use(i) + 1)(i)


PLACES = {
    "branch": _branch,
    "switch_case": _switch,
    "for": _counted,
    "while": _while,
    "condition": _condition,
    "map_fn": lambda use, i: tf.map_fn(use, tf.stack([i * 0 + 1, i])),
    "vectorized_map": lambda use, i: tf.vectorized_map(use, tf.stack([i * 0 + 1, i])),
    "scan": lambda use, i: tf.scan(lambda _, j: use(j), tf.stack([i * 0 + 1, i]), use(i * 0 + 1)),
    "tape": _taped,
    "custom_gradient": _custom,
    "recompute_grad": lambda use, i: tf.recompute_grad(lambda x: x * tf.cast(use(i), tf.float32))(tf.ones([])),
    "inner function": _inner,
}


@pytest.mark.parametrize("how", ["function", "jit_compile", "tape outside"])
@pytest.mark.parametrize("place", PLACES)
def test_every_place(place: str, how: str) -> None:
    params = tf.constant([10, 20, 30])

    def program(i: Any, x: Any) -> Any:
        return tf.nest.map_structure(
            lambda y: tf.cast(y, tf.float32) * x, PLACES[place](lambda j: tf.gather(params, j), i)
        )

    function = tf.function(program, jit_compile=how == "jit_compile" or None)
    x = tf.constant(1.0)
    with tf.GradientTape() as tape:
        if how == "tape outside":
            tape.watch(x)
        function(tf.constant(2), x)
        with pytest.raises(Invalid, match=r"indices = 3 is not in \[0, 3\)"):
            function(tf.constant(3), x)


@pytest.mark.parametrize("place", ["branch", "while", "tape", "map_fn", "vectorized_map"])
def test_every_place_eagerly(place: str) -> None:
    with pytest.raises(Invalid, match="Integer division by zero"):
        PLACES[place](lambda j: 7 // (j - 1), tf.constant(1))


def test_what_is_not_reached_does_not_raise() -> None:
    @tf.function
    def guarded(i: Any) -> Any:
        fallback = tf.constant(1) // tf.constant(0) if i > 100 else tf.constant(5)
        return tf.gather([1, 2, 3], i) if i < 3 else fallback

    assert int(guarded(tf.constant(2))) == 3
    assert int(guarded(tf.constant(7))) == 5
    with pytest.raises(Invalid, match="Integer division by zero"):
        guarded(tf.constant(101))


def test_a_loop_that_an_error_should_end_ends() -> None:
    @tf.function
    def find_zero(x: Any) -> Any:
        i = 0
        while x[i] != 0:
            i += 1
        return i

    assert int(find_zero(tf.constant([4, 0, 1]))) == 1
    with pytest.raises(IndexError, match="slice index 3 of dimension 0"):
        find_zero(tf.constant([4, 2, 1]))


def test_the_first_that_fails_is_named() -> None:
    @tf.function
    def two(i: Any, y: Any) -> Any:
        return tf.gather([1, 2], i) // y

    with pytest.raises(Invalid, match=r"indices = 4 .*\n.*test_checks.py:\d+, in two \(node 'GatherV2'\)"):
        two(tf.constant(4), tf.constant(0))
    with pytest.raises(Invalid, match="Integer division by zero"):
        two(tf.constant(1), tf.constant(0))


def test_bounds_are_those_of_the_call() -> None:
    function = tf.function(tf.gather, input_signature=[tf.TensorSpec([None]), tf.TensorSpec([None], tf.int32)])
    for size in (3, 5, 3):
        with pytest.raises(Invalid, match=rf"indices\[1\] = 9 is not in \[0, {size}\)"):
            function(tf.ones([size]), tf.constant([0, 9]))


def test_programs_in_stages() -> None:
    @tf.function
    def staged(i: Any, text: Any) -> Any:
        return tf.strings.length(text) + tf.gather([1, 2], i)

    assert int(staged(tf.constant(1), tf.constant("abc"))) == 5
    with pytest.raises(Invalid, match=r"(?s)indices = 2 is not in \[0, 2\).*Defined at: .*test_checks.py"):
        staged(tf.constant(2), tf.constant("abc"))


@pytest.mark.parametrize(
    ("function", "checked"),
    [
        (lambda x, i: x * 2.0, False),
        (lambda x, i: x // 2.0 + x % 3.0 + x**2, False),
        (lambda x, i: i // 2 + i % 10 + i**2, False),
        (lambda x, i: tf.gather(tf.ones([3]), [0, 2]), False),
        (lambda x, i: tf.map_fn(lambda y: y * 2.0, tf.ones([3, 2])), False),
        (lambda x, i: i // tf.shape(x)[0], True),
        (lambda x, i: tf.gather(x, i), True),
    ],
)
def test_only_what_can_fail_is_checked(function: Any, checked: bool) -> None:
    concrete = tf.function(function).get_concrete_function(tf.TensorSpec([None]), tf.TensorSpec([], tf.int32))
    assert bool(Watch(walk(concrete.graph))) is checked


# State ------------------------------------------------------------------------------------------------------------


def test_a_failing_step_changes_no_variable() -> None:
    w, steps = tf.Variable([1.0, 2.0, 3.0]), tf.Variable(0)

    @tf.function
    def step(i: Any) -> Any:
        steps.assign_add(1)
        w.assign_sub(tf.gather(w, i) * tf.ones([3]))

    with pytest.raises(Invalid):
        step(tf.constant(3))
    np.testing.assert_array_equal(w.numpy(), [1.0, 2.0, 3.0])
    step(tf.constant(0))
    np.testing.assert_array_equal(w.numpy(), [0.0, 1.0, 2.0])
    assert int(steps) == 1


def _classifier() -> Any:
    layers = [tf.keras.Input((3,)), tf.keras.layers.Dense(3, activation="softmax")]
    model = tf.keras.Sequential(layers)
    model.compile("sgd", "sparse_categorical_crossentropy")
    return model


def test_labels_out_of_range_in_fit() -> None:
    model, x, y = _classifier(), np.ones((8, 3), "f4"), np.array([0, 1, 2, 0, 1, 3, 2, 1])
    model.fit(x[:2], y[:2], batch_size=2, verbose=0)
    reference = _classifier()
    reference.set_weights(model.get_weights())
    with pytest.raises(Invalid, match=r"label value of 3 which is outside the valid range of \[0, 3\), in labels\[1\]"):
        model.fit(x, y, batch_size=2, shuffle=False, verbose=0)
    reference.fit(x[:4], y[:4], batch_size=2, shuffle=False, verbose=0)  # the two steps before it
    np.testing.assert_allclose(model.get_weights()[0], reference.get_weights()[0], rtol=1e-6)
    with pytest.raises(Invalid, match="label value of 3"):
        model.evaluate(x, y, verbose=0)
    model.fit(x[:2], y[:2], verbose=0)


@pytest.mark.parametrize("rows", [1, 200])
def test_token_ids_out_of_range(rows: int) -> None:
    model = tf.keras.Sequential([tf.keras.Input((1,), dtype="int32"), tf.keras.layers.Embedding(3, 2)])
    model.compile("sgd", "mse")
    x = np.zeros((rows, 1), "int32")
    model.predict(x, verbose=0, batch_size=2)
    x[-1] = 7
    with pytest.raises(Invalid, match=r"= 7 is not in \[0, 3\)"):
        model.predict(x, verbose=0, batch_size=2)
    with pytest.raises(Invalid, match=r"= 7 is not in \[0, 3\)"):
        model.fit(x, np.zeros((rows, 1, 2)), verbose=0, batch_size=2)


@pytest.mark.parametrize("n", [3, 4])
@pytest.mark.parametrize(
    "loss", ["categorical_crossentropy", "binary_crossentropy", "kl_divergence", "categorical_hinge"]
)
def test_class_numbers_where_distributions_are_expected(loss: str, n: int) -> None:
    model = tf.keras.Sequential([tf.keras.Input((3,)), tf.keras.layers.Activation("softmax")])
    model.compile("sgd", loss)
    with pytest.raises(ValueError, match=rf"(?s){loss}.*(y_true|labels).*a sparse loss"):
        model.evaluate(np.ones((n, 3), "f4"), np.arange(n) % 3, verbose=0)
    model.evaluate(np.ones((n, 3), "f4"), np.eye(3)[np.arange(n) % 3], verbose=0)


_EYE = np.eye(3, dtype=np.float32)


@pytest.mark.parametrize(
    ("name", "result", "inputs", "attrs"),
    [
        ("MatrixInverse", _EYE, [_EYE], {"adjoint": False}),
        ("MatrixSolve", _EYE, [_EYE, _EYE], {"adjoint": False}),
        ("SelfAdjointEigV2", None, [_EYE], {"compute_v": True}),
        ("Eig", None, [_EYE], {"compute_v": True}),
        ("Lu", (_EYE, np.arange(3)), [_EYE], {"output_idx_type": np.dtype(np.int32)}),
        ("InvertPermutation", None, [np.array([2, 0, 1])], {}),
    ],
)
def test_looking_at_numpy_arrays_compiles_nothing(name, result, inputs, attrs):
    check = get_op(name).check
    verdict = check._find(*((result,) if check.of_result else ()), *inputs, **attrs)
    assert isinstance(verdict[0], np.bool_) and not verdict[0]

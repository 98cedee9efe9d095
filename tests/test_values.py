"""Right values where shapes, integers and roundings are at their edges; eagerly and in a function."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import headwater as tf

Z = tf.zeros
BIG = tf.constant([50000, 46341, -(2**31), 7])
IMAGE = tf.constant(np.full((4, 4, 3), 200, np.uint8))


def _both(call: Callable[[], Any]) -> list[Any]:
    return [np.asarray(call()), np.asarray(tf.function(call)())]


def _check(call: Callable[[], Any], expected: Any) -> None:
    for found in _both(call):
        expected = np.asarray(expected)
        assert found.shape == expected.shape
        np.testing.assert_array_equal(found, expected)


_SHAPES = {
    "a number": 3,
    "a NumPy integer": np.int64(3),
    "a narrow NumPy integer": np.uint8(3),
    "a 0-d array": np.array(3),
    "a tensor": tf.constant(3),
    "a long tensor": tf.constant(3, tf.int64),
    "a size": tf.size([1, 2, 3]),
    "a static shape": tf.TensorShape(3),
    "a list of a NumPy integer": [np.int64(3)],
    "a list of a tensor": [tf.constant(3)],
}


@pytest.mark.parametrize("shape", _SHAPES.values(), ids=_SHAPES)
def test_what_a_shape_of_one_dimension_may_be(shape: Any) -> None:
    _check(lambda: tf.zeros(shape), [0, 0, 0])
    _check(lambda: tf.ones(shape, tf.int32), [1, 1, 1])
    _check(lambda: tf.fill(shape, 2.0), [2, 2, 2])
    _check(lambda: tf.reshape([[1.0], [2.0], [3.0]], shape), [1, 2, 3])
    np.testing.assert_array_equal(tf.zeros_initializer()(shape), [0, 0, 0])


def test_a_scalar_shape_known_only_at_run_time_is_one_dimension() -> None:
    f = tf.function(lambda n, x: (tf.zeros(n), tf.reshape(x, tf.size(x))), input_signature=[
        tf.TensorSpec([], tf.int32), tf.TensorSpec([None, 2]),
    ])  # fmt: skip
    zeros, flat = f(tf.constant(4), tf.ones([3, 2]))
    assert zeros.shape == [4] and flat.shape == [6]


@pytest.mark.parametrize("shape", [3, np.int64(3), (3,), tf.TensorShape([3])], ids=str)
def test_an_initializers_shape(shape: Any) -> None:
    assert tf.keras.initializers.Ones()(shape).shape == [3]


@pytest.mark.parametrize(
    ("axis", "error"), [(0.0, TypeError), ([0.5], TypeError), ("0", TypeError), (np.float32(0), TypeError)]
)
def test_an_axis_is_an_integer(axis: Any, error: type[Exception]) -> None:
    with pytest.raises(error):
        tf.reduce_sum([[1.0]], axis)


def test_an_axis_may_be_a_list_that_holds_tensors() -> None:
    _check(lambda: tf.reduce_sum([[1.0, 2.0]], [tf.constant(0), 1]), 3.0)
    _check(lambda: tf.gather([[1.0, 2.0]], [[1]], batch_dims=tf.constant(1)), [[2.0]])


def test_true_is_also_the_number_one() -> None:
    _check(lambda: tf.constant([2.0]) * True, [2.0])
    _check(lambda: tf.constant([2]) + True, [3])
    with pytest.raises(TypeError):
        tf.constant([True], tf.float32)


@pytest.mark.parametrize("dtype", ["int8", "uint8", "int16", "uint16", "int32", "uint32"])
def test_the_mean_of_integers_does_not_wrap(dtype: str) -> None:
    top = np.iinfo(dtype).max
    x = tf.constant([[top, top, top], [top, top, top - 3]], dtype)
    for found in _both(lambda: tf.reduce_mean(x, 1, keepdims=True)):
        assert found.dtype == dtype and found.tolist() == [[top], [top - 1]]
    assert int(tf.reduce_mean(x)) == top - 1  # towards zero


def test_means_of_pictures_and_of_negative_integers() -> None:
    _check(lambda: tf.reduce_mean(IMAGE, [0, 1]), [200, 200, 200])
    _check(lambda: tf.reduce_mean([-1, 0, -1]), 0)
    assert tf.keras.layers.GlobalAveragePooling2D()(IMAGE[None]).numpy().tolist() == [[200.0] * 3]
    with pytest.raises(tf.errors.InvalidArgumentError):
        tf.nn.avg_pool2d(IMAGE[None], 2, 2, "VALID")


_OVERFLOWS = {
    "product": lambda a: a * a,
    "square": tf.square,
    "power": lambda a: a**2,
    "sum of one": lambda a: (a + 0) * (a + 0),
    "reduce_prod": lambda a: tf.reduce_prod(tf.stack([a, a]), 0),
    "einsum": lambda a: tf.einsum("i,i->i", a, a),
    "squared difference": lambda a: tf.math.squared_difference(a, 0),
}


@pytest.mark.parametrize("square", _OVERFLOWS.values(), ids=_OVERFLOWS)
def test_a_compiled_square_may_be_negative(square: Any) -> None:
    wrapped = BIG.numpy() * BIG.numpy()
    for call in (lambda a: square(a) < 0, lambda a: tf.abs(square(a)), lambda a: tf.where(square(a) < 0, 1, 2)):
        eager = call(BIG).numpy()
        np.testing.assert_array_equal(tf.function(call)(BIG), eager)
        np.testing.assert_array_equal(tf.function(call, jit_compile=True)(BIG), eager)
    np.testing.assert_array_equal(tf.function(square)(BIG), wrapped)


def test_the_smallest_integer_stays_negative() -> None:
    _check(lambda: tf.abs(BIG) < 0, [False, False, True, False])


@pytest.mark.parametrize("divisor", [3.0, 7.0, 10.0, 49.0])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_division_by_one_number_is_correctly_rounded(divisor: float, dtype: str) -> None:
    x = np.arange(1, 200, dtype=dtype)
    _check(lambda: tf.constant(x) / divisor, x / x.dtype.type(divisor))


def test_division_of_integers_that_divide() -> None:
    _check(lambda: tf.cast(tf.constant([49, 98, 147]) / 49, tf.int32), [1, 2, 3])
    _check(lambda: tf.constant([np.nan, np.inf, -0.0]) / 49.0, np.float32([np.nan, np.inf, -0.0]))


@pytest.mark.parametrize(
    "call",
    [
        tf.math.l2_normalize,
        lambda x: tf.math.l2_normalize(x[None], 1, epsilon=1.0)[0],
        lambda x: tf.keras.activations.relu(x, max_value=3.0),
        lambda x: tf.keras.activations.relu(x, negative_slope=0.5, threshold=1.0),
        lambda x: tf.keras.layers.ReLU(max_value=6.0)(x),
        lambda x: tf.clip_by_norm(x, 1.0),
        tf.nn.relu6,
    ],
)
def test_nan_is_not_cut_off(call: Callable[[Any], Any]) -> None:
    x = tf.constant([np.nan, 5.0])
    assert np.isnan(call(x)[0]) and np.isnan(tf.function(call)(x)[0])
    if call is tf.math.l2_normalize:
        assert np.isnan(call(x)[1])


def test_gradients_of_division() -> None:
    x, y = tf.constant([3.0, 4.0]), tf.constant(2.0)
    with tf.GradientTape() as outer:
        outer.watch(y)
        with tf.GradientTape() as inner:
            inner.watch([x, y])
            z = x / y
        dx, dy = inner.gradient(z, [x, y])
    assert dx.numpy().tolist() == [0.5, 0.5] and float(dy) == -1.75 and float(outer.gradient(dy, y)) == 1.75


@pytest.mark.parametrize("value", [7.5e10, 1e8 + 1, 1234.567])
def test_equal_numbers_do_not_vary(value: float) -> None:
    x = tf.constant([[value] * 3], tf.float32)
    _check(lambda: tf.math.reduce_variance(x, 1), [0.0])
    _check(lambda: tf.math.reduce_std(x), 0.0)
    _check(lambda: tf.nn.moments(x, [1])[1], [0.0])
    assert tf.keras.layers.LayerNormalization()(x).numpy().tolist() == [[0.0] * 3]


@pytest.mark.parametrize(
    ("bounds", "count"), [((0.0, 1.0, 0.01), 100), ((0.0, 0.3, 0.1), 3), ((1.0, 0.0, -0.1), 10), ((0.0, 1.0, 0.3), 4)]
)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_range_of_floats(bounds: Any, count: int, dtype: str) -> None:
    start, _, step = (np.dtype(dtype).type(b) for b in bounds)
    _check(lambda: tf.range(*bounds, dtype=dtype), start + np.arange(count, dtype=dtype) * step)


def test_range_and_linspace_at_their_edges() -> None:
    _check(lambda: tf.range(2**31, 2**31 + 2), [2**31, 2**31 + 1])
    _check(lambda: tf.linspace(-1.0, 1.0, 7)[3], 0.0)
    _check(lambda: tf.linspace(0.0, 1.0, 0), np.zeros(0))
    for bad in (lambda: tf.range(5, 0), lambda: tf.range(0, 5, 0)):
        with pytest.raises(tf.errors.InvalidArgumentError):
            bad()


_EMPTY = {
    "reshape [0, -1]": (lambda: tf.reshape(Z([0, 2, 3]), [0, -1]), [0, 6]),
    "reshape [2, -1, 3]": (lambda: tf.reshape(Z([2, 0, 3]), [2, -1, 3]), [2, 0, 3]),
    "reshape by shape": (lambda: tf.reshape(Z([0, 4]), [tf.shape(Z([0, 4]))[0], -1]), [0, 4]),
    "segment_sum": (lambda: tf.math.segment_sum(Z([0, 2]), Z([0], tf.int32)), [0, 2]),
    "segment_max": (lambda: tf.math.segment_max(Z([0]), Z([0], tf.int64)), [0]),
    "scan": (lambda: tf.scan(lambda a, v: a + v, Z([0, 2]), tf.ones([2])), [0, 2]),
    "foldl": (lambda: tf.foldl(lambda a, v: a + v, Z([0, 2]), tf.ones([2])), [2]),
    "gather_nd": (lambda: tf.gather_nd(tf.ones([2, 3]), Z([4, 0], tf.int32)), [4, 2, 3]),
    "gather_nd by batch": (lambda: tf.gather_nd(tf.ones([2, 3]), Z([2, 0], tf.int32), batch_dims=1), [2, 3]),
    "moments": (lambda: tf.nn.moments(Z([0, 2]), [0])[1], [2]),
    "matrix_rank": (lambda: tf.linalg.matrix_rank(Z([0, 2])), []),
}


@pytest.mark.parametrize(("call", "shape"), _EMPTY.values(), ids=_EMPTY)
def test_nothing_goes_through(call: Any, shape: list[int]) -> None:
    assert [list(found.shape) for found in _both(call)] == [shape, shape]


@pytest.mark.parametrize("spec", [tf.TensorSpec([0, 2]), tf.TensorSpec([None, 2])], ids=str)
def test_loops_over_no_rows(spec: Any) -> None:
    @tf.function(input_signature=[spec])
    def f(x: Any) -> Any:
        total, rows = tf.zeros([2]), tf.TensorArray(tf.float32, tf.shape(x)[0])
        for i in tf.range(tf.shape(x)[0]):
            total += x[i]
            rows = rows.write(i, x[i])
        return total, tf.map_fn(lambda v: v * 2, x), rows.stack()

    assert [t.shape.as_list() for t in f(Z([0, 2]))] == [[2], [0, 2], [0, 2]]


def test_arrays_and_lists_of_nothing() -> None:
    assert tf.TensorArray(tf.float32, 0).stack().shape == [0]
    assert tf.unstack(Z([0, 2])) == []
    assert tf.map_fn(lambda v: v, Z([0, 2])).shape[0] == 0
    with pytest.raises(tf.errors.OutOfRangeError):
        tf.function(lambda: tf.TensorArray(tf.float32, 0).write(0, 1.0).size())()


@pytest.mark.parametrize(
    "dtypes", [(tf.int32, tf.int64), (tf.int64, tf.int32), (tf.int32, tf.float32), (tf.float32, tf.float64)]
)
def test_quotients_of_different_dtypes_are_refused(dtypes: tuple[tf.DType, tf.DType]) -> None:
    x, y = tf.constant(2, dtypes[0]), tf.constant(4, dtypes[1])
    for divide in (lambda: x / y, lambda: tf.function(lambda: x / y)(), lambda: tf.divide(x, y)):
        with pytest.raises(TypeError, match="same dtype"):
            divide()


@pytest.mark.parametrize("empty", [[], [[], []], np.zeros([0, 2]), ()])
def test_one_hot_of_nothing(empty: object) -> None:
    assert tf.one_hot(empty, 3).shape == [*np.shape(empty), 3]
    assert tf.one_hot(empty, 3, dtype=tf.int32).dtype is tf.int32


_SORTED = ["segment_sum", "segment_mean", "segment_max", "segment_min", "segment_prod"]
_SEGMENTS = [*[(n, [0, 0, 2], ()) for n in _SORTED],
             *[(f"unsorted_segment_{n}", [1, 0, 1], (3,)) for n in ("mean", "sqrt_n")]]  # fmt: skip


@pytest.mark.parametrize(("name", "ids", "count"), _SEGMENTS)
@pytest.mark.parametrize("shape", [(3,), (3, 1), (3, 2, 2)], ids=str)
def test_segments_of_slices_whose_rank_is_unknown(name: str, ids: Any, count: Any, shape: tuple[int, ...]) -> None:
    def call(x: Any) -> Any:
        return getattr(tf.math, name)(x, tf.constant(ids), *count)

    x = tf.constant(np.arange(1.0, 1 + np.prod(shape)).reshape(shape))
    traced = tf.function(call, input_signature=[tf.TensorSpec(None, tf.float64)])
    np.testing.assert_allclose(traced(x), call(x))


_NUMBERS = [[1, 2, 3], [4, 5, 6], [7, 8, 9]]


@pytest.mark.parametrize(
    "call",
    [
        lambda x, n: tf.linalg.set_diag(x, n),
        lambda x, n: tf.tensor_scatter_nd_update(x, [[0]], n[None]),
        lambda x, n: tf.tensor_scatter_nd_max(x, n[:, None] - 1, x),
        lambda x, n: tf.scatter_nd(n[:, None], x, [4, 3]),
        lambda x, n: tf.math.segment_max(x, n // 2),
        lambda x, n: tf.math.unsorted_segment_min(x, n, 4),
        lambda x, n: tf.dynamic_stitch([n - 1], [x]),
        lambda x, n: tf.reverse_sequence(x, n, 1, 0),
        lambda x, n: tf.math.bincount(n, x[0], minlength=4, maxlength=4),
        lambda x, n: tf.linalg.matvec(x, n),
        lambda x, n: tf.searchsorted(x, n[:, None]),
    ],
)
def test_constants_beside_what_is_known_at_run_time_alone(call: Any) -> None:
    numbers = tf.constant([1, 2, 3])
    traced = tf.function(lambda n: call(tf.constant(_NUMBERS), n))(numbers)
    np.testing.assert_array_equal(traced, call(tf.constant(_NUMBERS), numbers))

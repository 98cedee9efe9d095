"""Variables: assignment, names, checks, sharing of buffers."""

import copy
import pickle

import numpy as np
import pytest

import headwater as tf


def test_names_and_texts():
    v = tf.Variable(3, name="my_var")
    assert v.name == "my_var:0" and tf.Variable(1).name == "Variable:0"
    assert repr(v) == "<tf.Variable 'my_var:0' shape=() dtype=int32, numpy=3>"
    assert repr(v.assign_add(1)) == "<tf.Variable 'UnreadVariable' shape=() dtype=int32, numpy=4>"


def test_assignment():
    v = tf.Variable([1.0, 2.0])
    assert v.assign([3, 4]).numpy().tolist() == [3, 4]
    v.assign_add([1.0, 1.0])
    v.assign_sub(tf.constant([0.5, 0.5]))
    np.testing.assert_allclose(v, [3.5, 4.5])
    assert v.assign([0.0, 0.0], read_value=False) is None


@pytest.mark.parametrize(
    ("value", "error", "text"),
    [
        ([1.0], ValueError, r"variable shape \(2,\), and the assigned value shape \(1,\)"),
        (tf.constant([1, 2]), ValueError, "dtype int32 to variable"),
        ("a", TypeError, "expected numbers"),
    ],
)
def test_bad_assignments(value, error, text):
    v = tf.Variable([1.0, 2.0])
    with pytest.raises(error, match=text):
        v.assign(value)
    with pytest.raises(error):
        tf.function(lambda: v.assign(value))()
    np.testing.assert_allclose(v, [1, 2])


def test_shapes_with_unknown_dimensions():
    v = tf.Variable([[1.0, 2.0]], shape=[None, 2])
    assert v.shape == [None, 2]
    v.assign(tf.ones([3, 2]))
    assert v.numpy().shape == (3, 2)
    f = tf.function(lambda: (v.assign(tf.ones([4, 2])), tf.shape(v))[1])
    assert f().numpy().tolist() == [4, 2]
    with pytest.raises(ValueError, match="incompatible"):
        v.assign(tf.ones([3, 3]))
    with pytest.raises(ValueError, match="not compatible"):
        tf.Variable([1.0], shape=[2])
    assert tf.Variable([1.0], validate_shape=False).shape.rank is None


def test_initial_values():
    assert tf.Variable(lambda: tf.ones([2])).shape == [2]
    assert tf.Variable(1, dtype=tf.float32).dtype is tf.float32
    assert tf.Variable(np.arange(3)).dtype is tf.int64
    assert tf.Variable(["a", "b"]).dtype is tf.string
    with pytest.raises(ValueError, match="initial_value"):
        tf.Variable()
    with pytest.raises(ValueError, match="dtype"):
        tf.Variable(tf.constant(1), dtype=tf.float32)


def test_operators_and_conversion():
    v = tf.Variable([1.0, 2.0])
    assert (v + 1).numpy().tolist() == [2, 3] and (2 * v).numpy().tolist() == [2, 4] and v[0].numpy() == 1
    assert (v == [1.0, 5.0]).numpy().tolist() == [True, False]
    assert tf.reduce_sum(v).numpy() == 3 and np.sum(v) == 3 and len(v) == 2
    assert float(tf.Variable(2.5)) == 2.5 and int(tf.Variable(2)) == 2
    with pytest.raises(TypeError, match="unhashable"):
        hash(v)
    assert v.ref().deref() is v


def test_copies_are_independent():
    v = tf.Variable([1.0], name="w", trainable=False)
    other = copy.deepcopy({"v": v})["v"]
    other.assign([5.0])
    assert v.numpy().tolist() == [1] and other.name == "w:0" and not other.trainable
    assert pickle.loads(pickle.dumps(v)).numpy().tolist() == [1]


def test_initial_tensor_is_not_shared():
    t = tf.constant([1.0, 2.0])
    v = tf.Variable(t)
    bump = tf.function(lambda: v.assign_add([1.0, 1.0]))
    bump()
    np.testing.assert_allclose(t, [1, 2])
    v.assign(t)
    bump()
    np.testing.assert_allclose(t, [1, 2])
    np.testing.assert_allclose(v, [2, 3])


def test_numpy_is_refused_while_tracing():
    v = tf.Variable(1.0)
    with pytest.raises(TypeError, match="not available inside"):
        tf.function(lambda: v.numpy())()


def test_creator_scopes():
    made = []

    def creator(next_creator, **kwargs):
        made.append(kwargs["name"])
        kwargs["trainable"] = False
        return next_creator(**kwargs)

    with tf.variable_creator_scope(creator):
        v = tf.Variable(1.0, name="a")
    assert made == ["a"] and not v.trainable and tf.Variable(1.0).trainable


def test_scatter_updates():
    v = tf.Variable([[1.0, 1.0], [2.0, 2.0], [3.0, 3.0]])
    slices = tf.IndexedSlices(tf.constant([[10.0, 10.0], [20.0, 20.0]]), tf.constant([0, 2]))
    v.scatter_add(slices)
    np.testing.assert_allclose(v, [[11, 11], [2, 2], [23, 23]])
    v.scatter_update(slices)
    np.testing.assert_allclose(v, [[10, 10], [2, 2], [20, 20]])
    v.scatter_sub(slices)
    np.testing.assert_allclose(v, [[0, 0], [2, 2], [0, 0]])
    v.scatter_max(tf.IndexedSlices(tf.constant([[5.0, -1.0]]), tf.constant([1])))
    np.testing.assert_allclose(v, [[0, 0], [5, 2], [0, 0]])
    v.scatter_nd_update([[0], [1]], [[1.0, 2.0], [3.0, 4.0]])
    np.testing.assert_allclose(v, [[1, 2], [3, 4], [0, 0]])
    v.scatter_nd_add([[0, 1]], [8.0])
    np.testing.assert_allclose(v[0], [1, 10])
    assert v.sparse_read([1]).numpy().tolist() == [[3, 4]]
    assert v.gather_nd([[0, 1]]).numpy().tolist() == [10]


def test_assigning_slices():
    v = tf.Variable([1, 2, 3, 4])
    v[1:3].assign([20, 30])
    assert v.numpy().tolist() == [1, 20, 30, 4]
    v[0].assign(7)
    assert v.numpy().tolist() == [7, 20, 30, 4]

    @tf.function(autograph=False)
    def f(x):
        v[-1].assign(x)
        return v + 0

    assert f(tf.constant(9)).numpy().tolist() == [7, 20, 30, 9]

"""Static shapes: unknown dimensions, unknown rank, and values that follow from shapes."""

import jax.numpy as jnp
import pytest

import headwater as tf
from headwater.core import infer
from headwater.core.infer import constant_value
from headwater.core.op import Op


def shape_of(f, *specs):
    """The static shape that tracing gives for specs of these shapes."""
    found = []

    def traced(*args):
        found.append(f(*args).shape)

    tf.function(traced, autograph=False).get_concrete_function(*[tf.TensorSpec(s) for s in specs])
    return None if found[0].rank is None else found[0].as_list()


@pytest.mark.parametrize(
    ("f", "shapes", "expected"),
    [
        (lambda x: x + 1.0, [[None, 3]], [None, 3]),
        (lambda x: x + tf.ones([5]), [[None]], [5]),
        (lambda x: x + tf.ones([1]), [[None]], [None]),
        (lambda x: x + tf.ones([4, 1]), [[None]], [4, None]),
        (lambda x: x + tf.ones([4, 1]), [None], None),
        (lambda x, y: x + y, [[None, 3], [7, 1]], [7, 3]),
        (tf.matmul, [[None, None], [784, 128]], [None, 128]),
        (tf.matmul, [[None, 4], [4, None]], [None, None]),
        (tf.matmul, [[None, None], [1, 3]], [None, 3]),
        (tf.matmul, [[None, None, None], [1, 1]], [None, None, 1]),
        (tf.matmul, [[3, 1], [None, None]], [3, None]),
        (lambda x, y: tf.tensordot(x, y, 1), [[None, None], [1, 2]], [None, 2]),
        (lambda x, y: tf.einsum("ij,jk->ik", x, y), [[None, None], [1, 1]], [None, 1]),
        (tf.linalg.matvec, [[None, None], [1]], [None]),
        (tf.linalg.matvec, [[None, None, None], [2, 1]], [2, None]),
        (lambda x: tf.nn.conv2d(x, tf.ones([1, 1, 1, 4]), 1, "SAME"), [[None] * 4], [None, None, None, 4]),
        (lambda x: tf.reduce_sum(x, 1), [[None, 3, None]], [None, None]),
        (tf.reduce_sum, [None], []),
        (lambda x: tf.reshape(x, [-1]), [[None, 3]], [None]),
        (lambda x: tf.reshape(x, [-1, 784]), [[None, 28, 28, 1]], [None, 784]),
        (lambda x: tf.reshape(x, [tf.shape(x)[0], -1]), [[None, 28, 28]], [None, 784]),
        (lambda x: tf.reshape(x, [tf.shape(x)[1], tf.shape(x)[0]]), [[None, 3]], [3, None]),
        (lambda x: tf.reshape(x, [2, 3]), [None], [2, 3]),
        (lambda x: x[:10], [[None, 2]], [None, 2]),
        (lambda x: x[0], [[None, 2]], [2]),
        (lambda x: x[..., tf.newaxis], [[None, 2]], [None, 2, 1]),
        (lambda x: x[:, 1:], [[3, None]], [3, None]),
        (lambda x: tf.zeros(tf.shape(x)), [[None, 2]], [None, 2]),
        (lambda x: tf.zeros([tf.shape(x)[0] * 2, 3]), [[None, 2]], [None, 3]),
        (lambda x: tf.range(tf.shape(x)[0]), [[None]], [None]),
        (lambda x: tf.shape(x), [[None, 2]], [2]),
        (lambda x: tf.stack([x, x]), [[None]], [2, None]),
    ],
)
def test_static_shapes(f, shapes, expected):
    assert shape_of(f, *shapes) == expected


@pytest.mark.parametrize(
    ("f", "shapes"),
    [
        (lambda x: tf.matmul(x, tf.ones([3, 3])), [[None, 4]]),
        (lambda x: x + tf.ones([3]), [[4]]),
        (lambda x: tf.reshape(x, [5]), [[2, 3]]),
    ],
)
def test_impossible_shapes_are_value_errors(f, shapes):
    with pytest.raises(ValueError, match="Op:"):
        shape_of(f, *shapes)


@pytest.mark.parametrize(
    ("f", "static", "expected"),
    [
        (lambda x, left: tf.pad(x, [[0, left], [0, 0]]), [None, 2], [[3, 4], [3, 4], [3, 4], [0, 0]]),
        (lambda x, left: tf.concat([x, tf.tile([[9, 9]], [left, 1])], 0), [None, 2], [[3, 4], [3, 4], [3, 4], [9, 9]]),
        (lambda x, left: tf.slice(tf.range(4), [left], [4 - left]), [None], [1, 2, 3]),
        (lambda x, left: tf.split(tf.range(4), [4 - left, left])[0], [None], [0, 1, 2]),
        (lambda x, left: tf.repeat(tf.constant([5, 6]), left), [None], [5, 6]),
        (lambda x, left: tf.one_hot(0, left, dtype=tf.int32), [None], [1]),
    ],
)
def test_what_is_left_of_a_fixed_length(f, static, expected):
    traced = []

    @tf.function(input_signature=[tf.TensorSpec([None, 2], tf.int32)], autograph=False)
    def g(x):
        traced.append(f(x, 4 - tf.shape(x)[0]))
        return traced[0]

    assert g(tf.constant([[3, 4]] * 3)).numpy().tolist() == expected
    assert traced[0].shape.as_list() == static


def test_constants_are_known_while_tracing():
    seen = []

    @tf.function(autograph=False)
    def f(x):
        seen.append(
            [constant_value(t) for t in (tf.shape(x), tf.reshape(tf.shape(x), [2, 1])[1, 0] * 2, tf.constant(3) + 1, x)]
        )
        return x

    f.get_concrete_function(tf.TensorSpec([None, 5]))
    shape, product, constant, unknown = seen[0]
    assert shape is None and product == 10 and constant == 4 and unknown is None


def test_each_op_is_declared_once():
    with pytest.raises(ValueError, match="declared twice"):
        Op("AddV2", jnp.add)


@pytest.mark.parametrize(
    ("call", "rank"),
    [
        (lambda x: tf.nn.avg_pool2d(x, 2, 2, "VALID"), 4),
        (lambda x: tf.nn.avg_pool3d(x, 2, 2, "SAME"), 5),
        (lambda x: tf.image.extract_patches(x, [1, 2, 2, 1], [1, 2, 2, 1], [1, 1, 1, 1], "VALID"), 4),
        (lambda x: tf.repeat(x, 3, axis=1), 2),
    ],
)
def test_what_a_gradient_depends_on_is_found_at_the_first_size(call, rank):
    def second(x):
        with tf.GradientTape() as outer:
            outer.watch(x)
            with tf.GradientTape() as inner:
                inner.watch(x)
                y = tf.reduce_sum(call(x) ** 2)
            loss = tf.reduce_sum(inner.gradient(y, x) ** 2)
        return outer.gradient(loss, x)

    infer._used_cached.cache_clear()
    traced = tf.function(second).get_concrete_function(tf.TensorSpec([None] * rank))
    ops = [node.op for node in traced.graph.nodes]
    assert any(op.gradient_of is not None for op in ops)
    assert infer._used_cached.cache_info().misses <= len(ops)

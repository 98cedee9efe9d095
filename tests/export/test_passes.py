"""Frozen Graphs compute what the traced ones do, with their state bound and their constants folded."""

import numpy as np
import pytest

import headwater as tf
from headwater.core import control
from headwater.core.concrete import ConcreteFunction
from headwater.core.graph import walk
from headwater.export.passes import freeze

X = np.arange(12, dtype=np.float32).reshape(3, 4) - 5


def traced(function, *specs):
    return tf.function(function, autograph=False).get_concrete_function(*specs)


def run_both(concrete, *arrays):
    """The frozen Graph, and its results, which are those of the function itself."""
    frozen = freeze(concrete.graph)
    again = ConcreteFunction(frozen, None, list(frozen.outputs), "frozen")
    found = again.call_flat([tf.convert_to_tensor(x) for x in arrays])
    wanted = concrete.call_flat([tf.convert_to_tensor(x) for x in arrays])
    for a, b in zip(found, wanted if isinstance(wanted, list | tuple) else [wanted], strict=True):
        np.testing.assert_allclose(a.numpy(), b.numpy(), rtol=1e-6)
    return frozen


def types(graph):
    return [node.type for node in walk(graph)]


def test_variables_and_captures_become_constants_and_calls_are_inlined():
    kernel = tf.Variable(np.ones([4, 2], np.float32), name="dense/kernel")
    captured = tf.convert_to_tensor(np.ones([3, 100], np.float32))
    inner = tf.function(lambda x: tf.linalg.matmul(x, kernel) + tf.math.reduce_sum(captured), autograph=False)
    frozen = run_both(traced(lambda x: inner(x) * 2.0, tf.TensorSpec([None, 4])), X)
    assert types(frozen) == ["Const", "MatMul", "Const", "AddV2", "Const", "Mul"]
    assert not frozen.states
    assert not frozen.captured
    assert frozen.nodes[0].name == "dense/kernel"


def test_shape_arithmetic_is_resolved():
    concrete = traced(lambda x: tf.array.reshape(x, [tf.array.shape(x)[0], -1]), tf.TensorSpec([None, 2, 2]))
    frozen = run_both(concrete, X.reshape(3, 2, 2))
    assert types(frozen) == ["Const", "Reshape"]
    assert frozen.nodes[0].attrs["value"].tolist() == [-1, 4]


def test_fixed_batch_makes_shapes_static():
    concrete = traced(lambda x: x * 2.0, tf.TensorSpec([None, 4]))
    assert freeze(concrete.graph, [tf.TensorShape([1, 4])]).outputs[0].shape == (1, 4)
    with pytest.raises(tf.errors.InvalidArgumentError, match="expected a shape that fits"):
        freeze(concrete.graph, [tf.TensorShape([1, 5])])


def test_nodes_keep_their_users_lines():
    concrete = traced(lambda x: x * 2.0, tf.TensorSpec([4]))
    (node,) = [n for n in freeze(concrete.graph).nodes if n.type == "Mul"]
    (original,) = [n for n in concrete.graph.nodes if n.type == "Mul"]
    assert node.location == original.location


def test_unused_nodes_are_dropped():
    def function(x):
        tf.math.reduce_sum(x)
        return x + 1.0

    assert "Sum" not in types(run_both(traced(function, tf.TensorSpec([None, 4])), X))


def test_conditionals_are_closed_and_known_ones_resolved():
    scale = tf.Variable(3.0)

    def function(x, known):
        y = x * 2.0
        choose = tf.convert_to_tensor(known) if known is not None else tf.math.reduce_sum(x) > 0.0
        return control.branch(choose, [lambda: y * scale, lambda: y], ["true", "false"], "tf.cond")

    frozen = run_both(traced(lambda x: function(x, None), tf.TensorSpec([None, 4])), X)
    (node,) = [n for n in frozen.nodes if n.type == "If"]
    assert len(node.inputs) == 2
    assert [len(node.attrs[key].captured) for key in ("branch0", "branch1")] == [1, 1]
    assert types(run_both(traced(lambda x: function(x, True), tf.TensorSpec([None, 4])), X)) == [
        "Const", "Mul", "Const", "Mul"
    ]  # fmt: skip


def test_loops_are_closed():
    step = tf.Variable(np.ones([4], np.float32))

    def function(x, n):
        y = x * 2.0
        loop = lambda i, z: (i + 1, z + step * y)  # noqa: E731
        return control.loop(lambda i, z: i < n, loop, [tf.convert_to_tensor(0), x])[1]

    frozen = run_both(traced(function, tf.TensorSpec([3, 4]), tf.TensorSpec([], tf.int32)), X, np.int32(3))
    (node,) = [n for n in frozen.nodes if n.type == "While"]
    assert len(node.inputs) == 4
    assert len(node.attrs["body"].captured) == len(node.attrs["cond"].captured) == 2


def test_functions_with_side_effects_are_refused():
    count = tf.Variable(0.0, name="count")

    def function(x):
        count.assign_add(1.0)
        return x + count

    with pytest.raises(tf.errors.InvalidArgumentError, match="assigns to the variables \\['count:0'\\]"):
        freeze(traced(function, tf.TensorSpec([])).graph)

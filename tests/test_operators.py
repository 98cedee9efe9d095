"""Python's operators take the dtypes that the functions of the same name take, eagerly and traced."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

import pytest

import headwater as tf

_REFUSED = [
    (operator.add, "bool"),
    (operator.floordiv, "bool"),
    (operator.mod, "bool"),
    (operator.pow, "bool"),
    (operator.sub, "bool"),
    (operator.lt, "bool"),
    (operator.ge, "bool"),
    (operator.gt, "complex64"),
    (operator.le, "complex64"),
]


@pytest.mark.parametrize(("function", "dtype"), _REFUSED)
def test_an_operator_refuses_what_its_function_refuses(function: Callable[..., Any], dtype: str) -> None:
    x = tf.cast([1, 0], dtype)
    for _ in range(2):  # the second call would find the program of the first
        with pytest.raises(tf.errors.InvalidArgumentError, match=f"{dtype} is not in the list of allowed values"):
            function(x, x)
    with pytest.raises(TypeError, match=dtype):
        tf.function(function).get_concrete_function(x, x)


def test_refusing_one_dtype_leaves_the_others() -> None:
    with pytest.raises(tf.errors.InvalidArgumentError):
        operator.lt(tf.constant([True]), tf.constant([False]))
    assert (tf.constant([1]) < tf.constant([2])).numpy().tolist() == [True]
    assert (tf.constant([1.5], tf.bfloat16) + tf.constant([2.0], tf.bfloat16)).numpy().tolist() == [3.5]


def test_booleans_multiply_and_strings_add() -> None:
    assert (tf.constant([True, True]) * tf.constant([True, False])).numpy().tolist() == [True, False]
    assert (tf.constant(["a"]) + tf.constant(["b"])).numpy().tolist() == [b"ab"]
    assert (tf.constant(["a"]) + "b").numpy().tolist() == [b"ab"]
    assert ("b" + tf.constant(["a"])).numpy().tolist() == [b"ba"]


def test_addition_broadcasts_and_names_both_dtypes_that_differ() -> None:
    assert (tf.ones([2, 1]) + tf.ones([3])).shape == (2, 3)
    with pytest.raises(tf.errors.InvalidArgumentError, match="expected to be a int32 tensor but is a float"):
        tf.constant([1]) + tf.constant([1.5])
    with pytest.raises(tf.errors.InvalidArgumentError):
        tf.ones([2]) + tf.ones([3])


def test_tensors_of_shapes_that_do_not_fit_are_not_equal() -> None:
    a, b = tf.constant([1, 2]), tf.constant([1, 2, 3])
    equal, different = a == b, a != b
    assert tf.is_tensor(equal) and equal.dtype is tf.bool and not equal.numpy()
    assert different.shape == [] and different.numpy()
    assert tf.function(lambda x, y: x != y)(a, b).numpy()


@pytest.mark.parametrize(("value", "slope"), [(1.0, [0.0, 1.0, 0.0]), (3.0, [0.0, 1.0, 0.0]), (6.0, [0.0, 1.0, 0.0])])
def test_of_bounds_that_exclude_each_other_the_lower_wins(value: float, slope: list[float]) -> None:
    x = [tf.Variable(v) for v in (value, 5.0, 2.0)]
    with tf.GradientTape() as tape:
        y = tf.clip_by_value(*x)
    assert y.numpy() == 5.0
    gradients = tape.gradient(y, x)
    assert [0.0 if g is None else float(g) for g in gradients] == slope


@pytest.mark.parametrize("paddings", [[[1]], [[1, 1, 0, 0]], [1, 1]])
def test_paddings_are_pairs(paddings: list[list[int]]) -> None:
    with pytest.raises(tf.errors.InvalidArgumentError):
        tf.pad([[1, 2], [3, 4]], paddings)

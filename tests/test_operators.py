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

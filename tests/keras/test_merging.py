"""Layers that join inputs of several dtypes: the result's dtype holds them all, as in Keras."""

from __future__ import annotations

import numpy as np
import pytest

import headwater as tf

_LAYERS = {
    "Add": [[3.5]],
    "Subtract": [[0.5]],
    "Multiply": [[3.0]],
    "Average": [[1.75]],
    "Maximum": [[2.0]],
    "Minimum": [[1.5]],
    "Concatenate": [[2.0, 1.5]],
    "Dot": [[3.0]],
}


def _layer(name: str) -> tf.keras.layers.Layer:
    return getattr(tf.keras.layers, name)(**({"axes": 1} if name == "Dot" else {}))


@pytest.mark.parametrize("name", _LAYERS)
def test_integers_are_joined_with_floats(name: str) -> None:
    result = _layer(name)([tf.constant([[2]], tf.int64), tf.constant([[1.5]])])
    assert result.dtype == tf.float32
    np.testing.assert_array_equal(result, _LAYERS[name])


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        ("bool", "uint8", "uint8"),
        ("bool", "float16", "float16"),
        ("int8", "uint8", "int16"),
        ("uint16", "int16", "int32"),
        ("uint32", "int32", "int64"),
        ("uint64", "int8", "float32"),
        ("int64", "bfloat16", "bfloat16"),
        ("float16", "bfloat16", "float32"),
        ("float64", "float32", "float64"),
        ("complex64", "float32", "complex64"),
    ],
)
def test_the_dtype_holds_both_in_either_order(first: str, second: str, expected: str) -> None:
    layer = tf.keras.layers.Concatenate(autocast=False)
    x, y = tf.cast([[1]], first), tf.cast([[0]], second)
    for inputs in ([x, y], [y, x]):
        assert layer(inputs).dtype == expected


def test_three_dtypes_at_once() -> None:
    result = tf.keras.layers.add([tf.constant([[True]]), tf.constant([[3]]), tf.constant([[0.5]])])
    np.testing.assert_array_equal(result, np.array([[4.5]], "float32"))


def test_a_functional_model_of_a_table_with_columns_of_several_dtypes() -> None:
    age, fare = tf.keras.Input((1,), dtype="int64"), tf.keras.Input((1,))
    model = tf.keras.Model([age, fare], tf.keras.layers.Concatenate()([age, fare]))
    result = model.predict([np.array([[41], [7]]), np.array([[7.25], [8.5]], "float32")], verbose=0)
    np.testing.assert_array_equal(result, np.array([[41, 7.25], [7, 8.5]], "float32"))


def test_a_gradient_reaches_the_floats() -> None:
    x = tf.Variable([[1.5]])
    with tf.GradientTape() as tape:
        y = tf.keras.layers.Multiply()([tf.constant([[4]]), x])
    np.testing.assert_array_equal(tape.gradient(y, x), [[4.0]])


def test_strings_join_strings_only() -> None:
    words = tf.constant([["a"]])
    assert tf.keras.layers.Concatenate()([words, words]).numpy().tolist() == [[b"a", b"a"]]
    with pytest.raises((tf.errors.InvalidArgumentError, ValueError), match="string"):
        tf.keras.layers.Concatenate()([words, tf.constant([[1]])])


def test_the_ops_themselves_still_refuse() -> None:
    with pytest.raises(tf.errors.InvalidArgumentError, match="expected to be a int64 tensor"):
        tf.concat([tf.constant([[1]], tf.int64), tf.constant([[1.5]])], 1)

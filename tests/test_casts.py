"""Floats that an integer dtype cannot hold, and shifts that are too far: what TensorFlow gives on common processors."""

import numpy as np
import pytest

import headwater as tf

INT32, INT64 = -(2**31), -(2**63)
VALUES = [np.nan, np.inf, -np.inf, 3e9, -3e9, 300.7, -300.7, 1e20, -1.5, 127.9, 128.0, 256.0]
EXPECTED = {
    "int8": [0, 0, 0, 0, 0, 44, -44, 0, -1, 127, -128, 0],
    "uint8": [0, 0, 0, 0, 0, 44, 212, 0, 255, 127, 128, 0],
    "int16": [0, 0, 0, 0, 0, 300, -300, 0, -1, 127, 128, 256],
    "uint16": [0, 0, 0, 0, 0, 300, 65236, 0, 65535, 127, 128, 256],
    "int32": [INT32, INT32, INT32, INT32, INT32, 300, -300, INT32, -1, 127, 128, 256],
    "int64": [INT64, INT64, INT64, 3 * 10**9, -3 * 10**9, 300, -300, INT64, -1, 127, 128, 256],
    "uint32": [0, 0, 0, 3 * 10**9, 1294967296, 300, 2**32 - 300, 0, 2**32 - 1, 127, 128, 256],
    "uint64": [2**63, 2**63, 2**63, 3 * 10**9, 2**64 - 3 * 10**9, 300, 2**64 - 300, 2**63, 2**64 - 1, 127, 128, 256],
}


@pytest.mark.parametrize("dtype", EXPECTED)
def test_floats_out_of_range(dtype):
    assert tf.cast(tf.constant(VALUES), dtype).numpy().tolist() == EXPECTED[dtype]


@pytest.mark.parametrize("source", ["float64", "float16", "bfloat16"])
def test_floats_of_other_widths(source):
    x = tf.constant(np.array([np.nan, np.inf, -300.0, 1.5]), source)
    assert tf.cast(x, tf.uint8).numpy().tolist() == [0, 0, 212, 1]
    assert tf.cast(x, tf.int32).numpy().tolist() == [INT32, INT32, -300, 1]


def test_in_a_function():
    found = tf.function(lambda x: tf.cast(tf.minimum(tf.asin(x), 0.8), tf.int32))(tf.constant([1.0, 2.0]))
    assert found.numpy().tolist() == [0, INT32]


def test_large_uint64():
    x = tf.constant([9.3e18, 1.8e19], tf.float64)
    assert tf.cast(x, tf.uint64).numpy().tolist() == [93 * 10**17, 18 * 10**18]


@pytest.mark.parametrize("dtype", ["int32", "uint32", "uint8", "int16"])
def test_white_is_the_largest_number(dtype):
    assert tf.image.convert_image_dtype([1.0, 0.0], dtype).numpy().tolist() == [tf.as_dtype(dtype).max, 0]


@pytest.mark.parametrize(
    ("dtype", "left", "right"),
    [("int8", [-128, -128, 100], [0, 0, 100]), ("int32", [INT32, 640, 100], [0, 0, 100])],
)
def test_shifts_are_at_most_the_width(dtype, left, right):
    x, y = tf.constant([1, 5, 100], dtype), tf.constant([33, 7, -1], dtype)
    assert tf.bitwise.left_shift(x, y).numpy().tolist() == left
    assert tf.bitwise.right_shift(x, y).numpy().tolist() == right
    assert tf.bitwise.right_shift(-x, y).numpy().tolist() == [-1, -1, -100]

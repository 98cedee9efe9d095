"""NumPy arrays become what an op takes: its only dtype, or the one it prefers. Tensors and Python values never do."""

import numpy as np
import pytest

import headwater as tf

ONES = np.array([1, 0, 2])
REALS = np.array([0.7, 2.0])
PICTURE = np.arange(12, dtype=np.uint8).reshape(1, 2, 2, 3)

# What is computed of a NumPy array, and the answer.
ACCEPTED = {
    "where": (lambda x: tf.where(x, 1, 2), ONES, [1, 2, 1]),
    "where of reals": (lambda x: tf.where(x, 1, 2), np.array([0.5, 0.0]), [1, 2]),
    "logical_and": (lambda x: tf.logical_and(x, [True, True, False]), ONES, [True, False, False]),
    "logical_xor": (lambda x: tf.math.logical_xor(x, x), ONES, [False, False, False]),
    "logical_not": (tf.logical_not, ONES, [False, True, False]),
    "reduce_all": (tf.reduce_all, ONES, False),
    "reduce_any": (tf.reduce_any, np.array([0.0, 0.5]), True),
    "one_hot": (lambda x: tf.one_hot(x, 3), REALS, [[1, 0, 0], [0, 0, 1]]),
    "one_hot of bools": (lambda x: tf.one_hot(x, 2), np.array([True, False]), [[0, 1], [1, 0]]),
    "one_hot of a NumPy number": (lambda x: tf.one_hot(x, 2), np.float32(1), [0, 1]),
    "bincount": (tf.math.bincount, REALS, [1, 0, 1]),
    "invert_permutation": (tf.math.invert_permutation, np.array([1.0, 0.0]), [1, 0]),
    "in_top_k": (lambda x: tf.math.in_top_k(x, [[1.0, 2.0]], 1), np.array([1.0]), [True]),
    "reverse_sequence": (lambda x: tf.reverse_sequence([[1, 2, 3]], x, 1), np.array([2.0]), [[2, 1, 3]]),
    "unravel_index": (lambda x: tf.unravel_index(x, [2, 2]), np.array([3.0]), [[1], [1]]),
    "fft": (tf.signal.fft, np.array([1, 2]), [3, -1]),
    "fft of reals": (tf.signal.ifft, np.array([1.0, 2.0]), [1.5, -0.5]),
    "rgb_to_hsv": (lambda x: tf.image.rgb_to_hsv(x)[..., 2], PICTURE, [[[2, 5], [8, 11]]]),
    "lrn": (lambda x: tf.nn.lrn(x, bias=0.0, depth_radius=0, beta=1.0), np.full([1, 1, 1, 1], 2), [[[[0.5]]]]),
    "crop_and_resize": (
        lambda x: tf.image.crop_and_resize(PICTURE, x, x[0, :1], [1, 1]), np.array([[0, 0, 1, 1]]),
        [[[[4.5, 5.5, 6.5]]]],
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", ACCEPTED)
def test_array_is_cast(name):
    function, array, answer = ACCEPTED[name]
    assert function(array).numpy().tolist() == answer


@pytest.mark.parametrize("name", ["where", "one_hot", "logical_and"])
def test_array_is_cast_in_a_function(name):
    function, array, answer = ACCEPTED[name]
    assert tf.function(lambda: function(array))().numpy().tolist() == answer


def test_dtype_that_is_taken_stays():
    assert tf.signal.fft(np.array([1 + 0j])).dtype == tf.complex128
    assert tf.image.rgb_to_hsv(PICTURE.astype(np.float64)).dtype == tf.float64
    assert tf.math.invert_permutation(np.array([1, 0], np.int64)).dtype == tf.int64


REFUSED = {
    "where": lambda x: tf.where(x, 1, 2),
    "logical_not": tf.logical_not,
    "reduce_all": tf.reduce_all,
    "bitwise": lambda x: tf.bitwise.invert(tf.cast(x, tf.float32)),
    "one_hot of reals": lambda x: tf.one_hot(tf.cast(x, tf.float32), 3),
    "fft": lambda x: tf.signal.fft(tf.cast(x, tf.float32)),
}


@pytest.mark.parametrize("name", REFUSED)
def test_tensors_and_lists_are_not_cast(name):
    for value in (tf.constant(ONES), ONES.tolist()):
        with pytest.raises((tf.errors.InvalidArgumentError, TypeError), match=r"tf\.cast"):
            REFUSED[name](value)


@pytest.mark.parametrize("labels", [np.array([1.0]), tf.constant([1.0])])
def test_labels_of_reals_are_refused(labels):
    with pytest.raises(tf.errors.InvalidArgumentError, match="float"):
        tf.nn.sparse_softmax_cross_entropy_with_logits(labels, [[1.0, 2.0]])


@pytest.mark.parametrize("array", [np.array(["a"]), np.array([1 + 0j]), np.array([None])])
def test_arrays_that_are_no_real_numbers_are_refused(array):
    with pytest.raises((tf.errors.InvalidArgumentError, ValueError, TypeError)):
        tf.one_hot(array, 2)

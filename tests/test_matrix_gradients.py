"""Gradients of matrix functions that have no formula in JAX; the numbers are TensorFlow's."""

import numpy as np
import pytest

import headwater as tf

REAL = np.array([[[2.0, 1.0], [0.5, 3.0]]])
TURNING = np.array([[[1.0, -2.0], [1.5, 1.0]]])  # its eigenvalues are complex
COMPLEX = REAL + 1j * REAL.transpose(0, 2, 1)
ROOTS = np.array([[[4.0, 1.0], [1.0, 3.0]], [[2.0, 0.5], [0.1, 3.0]]])
WEIGHTS = np.array([[1.0, 2.0], [3.0, 5.0]])


def _squares(m):
    return tf.math.real(tf.linalg.eig(m)[0] ** 2)


def _vectors(m):
    return tf.abs(tf.linalg.eig(m)[1]) ** 4


def _cubes(m):
    return tf.math.real(tf.linalg.eigvals(m) ** 3)


CASES = {
    "values": (_squares, REAL, [[[4, 1], [2, 6]]]),
    "complex values": (_squares, TURNING, [[[2, 3], [-4, 2]]]),
    "values of a complex matrix": (_squares, COMPLEX, [[[4 - 4j, 1 - 2j], [2 - 1j, 6 - 6j]]]),
    "vectors": (_vectors, REAL, [[[-0.3422848, -0.1492942], [-0.385981, 0.3422848]]]),
    "complex vectors": (_vectors, TURNING, [[[0, -0.0699708], [-0.0932945, 0]]]),
    "values alone": (_cubes, REAL, [[[13.5, 7.5], [15, 28.5]]]),
    "root": (
        lambda m: WEIGHTS * tf.linalg.sqrtm(m),
        ROOTS,
        [[[0.1752973, 0.4281604], [0.698993, 1.3721299]], [[0.3093737, 0.6189455], [0.867565, 1.4081715]]],
    ),
}


def _gradient(function, x):
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = tf.reduce_sum(function(x))
    return tape.gradient(y, x)


@pytest.mark.parametrize("name", CASES)
def test_gradient(name):
    function, matrices, expected = CASES[name]
    np.testing.assert_allclose(_gradient(function, tf.constant(matrices)), expected, 1e-5, 1e-6)


@pytest.mark.parametrize("name", ["vectors", "root"])
def test_gradient_in_a_function(name):
    function, matrices, expected = CASES[name]
    found = tf.function(lambda x: _gradient(function, x))(tf.constant(matrices))
    np.testing.assert_allclose(found, expected, 1e-5, 1e-6)


def test_second_order_of_the_root():
    x = tf.constant(ROOTS)
    found = _gradient(lambda m: _gradient(CASES["root"][0], m) ** 2, x)
    expected = [[[-0.0557971, -0.1750785], [-0.1736112, -0.6711676]], [[-0.2511329, -0.4766232], [-0.4024324, -0.8112]]]
    np.testing.assert_allclose(found, expected, 1e-5)


def test_root_of_one_number_is_its_square_root():
    x = tf.constant([[4.0 + 1.0j]])
    expected = _gradient(tf.sqrt, x)
    np.testing.assert_allclose(_gradient(tf.linalg.sqrtm, x), expected, 1e-6)


def test_equal_values_do_not_turn_vectors():
    assert np.isfinite(_gradient(_vectors, tf.constant(np.eye(2)))).all()

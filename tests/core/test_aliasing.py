"""Tensors share no memory with the NumPy arrays they were made of, nor with those they become."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import headwater as tf

LARGE = 1_000_000


def aligned(count: int, dtype: str = "f4") -> Any:
    """Ones at an address where a device could take the memory over."""
    size = np.dtype(dtype).itemsize * count
    memory = np.empty(size + 64, "u1")
    offset = -memory.ctypes.data % 64
    array = memory[offset : offset + size].view(dtype)
    array[:] = 1
    return array


def on_cpu(make: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def made(array: Any) -> Any:
        with tf.device("/CPU:0"):
            return make(array)

    return made


def assigned(array: Any) -> Any:
    return tf.Variable(np.zeros_like(array)).assign(array)


def through_numpy_function(array: Any) -> Any:
    return tf.numpy_function(lambda: array, [], tf.as_dtype(array.dtype))


def through_py_function(array: Any) -> Any:
    return tf.py_function(lambda: array, [], tf.as_dtype(array.dtype))


_identity = tf.function(lambda x: tf.identity(x))

MAKERS = {
    "constant": tf.constant,
    "constant on a device": on_cpu(tf.constant),
    "convert_to_tensor": tf.convert_to_tensor,
    "Variable": tf.Variable,
    "Variable on a device": on_cpu(tf.Variable),
    "assign": assigned,
    "identity": tf.identity,
    "stack": lambda a: tf.stack([a, a]),
    "function argument": _identity,
    "function argument on a device": on_cpu(_identity),
    "numpy_function": through_numpy_function,
    "py_function": through_py_function,
    "cast": lambda a: tf.cast(a, tf.float64),
}


@pytest.mark.parametrize("name", MAKERS)
@pytest.mark.parametrize(("count", "repeats"), [(16, 2), (10_000, 4), (LARGE, 8)])
def test_writing_into_an_array_leaves_the_tensor_made_of_it(name: str, count: int, repeats: int) -> None:
    for _ in range(repeats):
        array = aligned(count)
        tensor = MAKERS[name](array)
        array[:] = 0
        assert np.asarray(tensor).all()


@pytest.mark.parametrize("dtype", ["i1", "u2", "i8", "f8", "?", "c8"])
def test_arrays_of_every_kind_are_copied(dtype: str) -> None:
    for make in (tf.constant, on_cpu(tf.constant)):
        array = aligned(4096, dtype)
        tensor = make(array)
        array[:] = 0
        assert np.asarray(tensor).all()


@pytest.mark.parametrize("view", [lambda a: a[::2], lambda a: a.reshape(100, 100).T, lambda a: a[7:, None]])
def test_views_are_copied_as_they_are_seen(view: Callable[[Any], Any]) -> None:
    array = np.arange(10_000.0)
    expected = view(array).copy()
    tensor = tf.constant(view(array))
    array[:] = 0
    np.testing.assert_array_equal(tensor.numpy(), expected)


def test_an_array_in_a_function_counts_as_it_was_when_traced() -> None:
    for count in (3, LARGE):  # written into the graph, and passed to it
        array = np.ones(count)

        @tf.function
        def total() -> Any:
            return tf.reduce_sum(tf.constant(array))  # noqa: B023

        concrete = total.get_concrete_function()
        array[:] = 0
        assert float(concrete()) == count


def test_strings_share_no_memory() -> None:
    array = np.array([b"a", b"b"], object)
    tensor = tf.constant(array)
    array[0] = b"z"
    np.asarray(tensor)[0] = b"y"
    tensor.numpy()[0] = b"x"
    assert tensor.numpy().tolist() == [b"a", b"b"]


def test_an_assignment_in_place_leaves_the_array() -> None:
    array = aligned(1000)
    with tf.device("/CPU:0"):
        variable = tf.Variable(array)
    add = tf.function(lambda: variable.assign_add(tf.ones([1000])))
    for _ in range(3):
        add()
    assert (array == 1).all()
    assert (variable.numpy() == 4).all()


@pytest.mark.parametrize("make", [tf.constant, tf.Variable])
def test_numpy_gives_memory_of_the_callers_own(make: Callable[[Any], Any]) -> None:
    tensor = make(np.ones(1000))
    tensor.numpy()[:] = 0
    assert (tensor.numpy() == 1).all()
    assert not np.asarray(tf.constant([1.0, 2.0])).flags.writeable


def test_models_keep_no_memory_of_what_they_are_given() -> None:
    model = tf.keras.Sequential([tf.keras.Input((1000,)), tf.keras.layers.Dense(1000, use_bias=False)])
    kernel, batch = np.ones((1000, 1000), "f4"), aligned(1000).reshape(1, 1000)
    model.set_weights([kernel])
    kernel[:] = 0
    outputs = [model(batch), model.predict_on_batch(batch)]
    batch[:] = 0
    assert all((np.asarray(y) == 1000).all() for y in outputs)
    model.get_weights()[0][:] = 0
    assert (model.get_weights()[0] == 1).all()

"""Weights under mixed precision: read in the compute dtype of the layer called, kept in float32; scaled losses."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

import headwater as tf

layers, optimizers = tf.keras.layers, tf.keras.optimizers


@pytest.fixture(autouse=True)
def _mixed() -> Iterator[None]:
    tf.keras.mixed_precision.set_global_policy("mixed_float16")
    yield
    tf.keras.mixed_precision.set_global_policy("float32")


class Own(layers.Layer):
    """A layer that uses its weight by a function."""

    def __init__(self, use: Callable[[Any, Any], Any], **arguments: Any) -> None:
        super().__init__(**arguments)
        self.use = use

    def build(self, input_shape: Any) -> None:
        self.k = self.add_weight(shape=(input_shape[-1], 2), initializer="ones", name="k")
        self.kept = self.add_weight(shape=(2,), initializer="ones", autocast=False, name="kept")

    def call(self, x: Any) -> Any:
        return self.use(self, x)


def _assigning(layer: Any, x: Any) -> Any:
    layer.k.assign_add(tf.ones_like(layer.k) * tf.cast(2.0, x.dtype))
    return x @ layer.k


@pytest.mark.parametrize(
    ("use", "value"),
    [
        (lambda layer, x: x @ layer.k, 3.0),
        (lambda layer, x: tf.cast(x, layer.k.dtype) @ layer.k.value(), 3.0),
        (lambda layer, x: tf.cond(x[0, 0] > 0, lambda: x @ layer.k, lambda: x[:, :2]), 3.0),
        (lambda layer, x: tf.nn.embedding_lookup(layer.k, [0, 1]) + x[0, 0], 2.0),
        (lambda layer, x: tf.cast(tf.cast(x[:, :2], tf.float32) + layer.kept, x.dtype), 2.0),
        (_assigning, 9.0),
    ],
)
def test_weights_are_read_in_the_compute_dtype(use: Any, value: float) -> None:
    for run in (lambda layer: layer(tf.ones([2, 3])), lambda layer: tf.function(layer)(tf.ones([2, 3]))):
        layer = Own(use)
        layer.build((2, 3))
        output = run(layer)
        assert output.dtype == tf.float16
        np.testing.assert_array_equal(output, np.full((2, 2), value))
        assert layer.k.dtype == tf.float32
        assert tf.convert_to_tensor(layer.k).dtype == tf.float32


def test_gradients_arrive_in_the_dtype_of_the_weight() -> None:
    layer = Own(lambda layer, x: x @ layer.k)
    with tf.GradientTape() as tape:
        total = tf.reduce_sum(layer(tf.ones([2, 3])))
    gradient = tape.gradient(total, layer.k)
    assert gradient.dtype == tf.float32
    np.testing.assert_array_equal(gradient, np.full((3, 2), 2.0))


def test_the_innermost_layer_decides() -> None:
    inner = Own(lambda layer, x: x @ layer.k, dtype="float32")

    class Outer(layers.Layer):
        def call(self, x: Any) -> Any:
            return inner(x), x

    found, given = Outer()(tf.ones([2, 3]))
    assert (found.dtype, given.dtype) == (tf.float32, tf.float16)
    assert Own(lambda layer, x: x + layer.k[0, 0], autocast=False)(tf.ones([2, 3])).dtype == tf.float32


def test_tiny_gradients_are_not_lost() -> None:
    dense = [layers.Dense(1, use_bias=False, kernel_initializer="ones") for _ in range(2)]
    model = tf.keras.Sequential([tf.keras.Input((1,)), *dense])
    model.compile(optimizers.SGD(1e7), lambda y, p: tf.reduce_mean(p) * 1e-8)
    model.fit(np.ones((4, 1)), np.ones((4, 1)), verbose=0)
    np.testing.assert_allclose(model.get_weights()[0], [[0.9]], rtol=1e-2)
    assert isinstance(model.optimizer, optimizers.LossScaleOptimizer)
    assert model.get_compile_config()["optimizer"] is model.optimizer.inner_optimizer
    model.compile(optimizers.SGD(0.1), "mse", auto_scale_loss=False)
    assert isinstance(model.optimizer, optimizers.SGD)


@pytest.mark.parametrize("in_function", [False, True])
def test_steps_that_are_not_finite_change_nothing_but_the_scale(in_function: bool) -> None:
    optimizer = optimizers.LossScaleOptimizer(optimizers.SGD(1.0), initial_scale=8.0, dynamic_growth_steps=2)
    variable = tf.Variable([1.0])
    optimizer.build([variable])
    step = lambda g: optimizer.apply([g], [variable])  # noqa: E731
    step = tf.function(step) if in_function else step
    seen = []
    for gradient in (np.inf, 4.0, 4.0, np.nan, 8.0):
        step(tf.constant([gradient], tf.float32))
        seen.append([variable.numpy()[0], optimizer.dynamic_scale.numpy(), optimizer.iterations.numpy()])
    np.testing.assert_allclose(seen, [[1, 4, 0], [0, 4, 1], [-1, 8, 2], [-1, 4, 2], [-3, 4, 3]])

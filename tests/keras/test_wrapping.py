"""Layers around other layers: what they do with steps, masks, losses, states and seeds."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import headwater as tf

keras = tf.keras
layers = keras.layers
X = np.arange(12, dtype=np.float32).reshape(2, 3, 2)


class _Losing(layers.Layer):
    """Adds a loss and takes a mask."""

    def __init__(self) -> None:
        super().__init__()
        self.supports_masking = True

    def call(self, inputs: Any, mask: Any = None) -> Any:
        self.add_loss(tf.reduce_sum(inputs))
        return inputs if mask is None else tf.where(mask[:, None], inputs, -1.0)


def _in_a_graph(layer: Any, *shape: int | None) -> Any:
    return tf.function(lambda x: layer(x, training=True), input_signature=[tf.TensorSpec(shape, tf.float32)])


@pytest.mark.parametrize("shape", [(2, 3, 2), (None, None, 2)])
def test_losses_of_all_steps_are_added(shape: Any) -> None:
    layer = layers.TimeDistributed(_Losing())
    layer(X)
    assert float(sum(layer.losses)) == X.sum()
    losses = tf.function(lambda x: [layer(x), sum(layer.losses)], input_signature=[tf.TensorSpec(shape, tf.float32)])(X)
    assert float(losses[1]) == X.sum()


def test_each_step_gets_its_mask() -> None:
    mask = np.array([[True, False, True], [False, True, True]])
    wanted = np.where(mask[:, :, None], X, -1.0)
    layer = layers.TimeDistributed(_Losing())
    np.testing.assert_array_equal(layer(X, mask=mask), wanted)
    np.testing.assert_array_equal(tf.function(lambda x, m: layer(x, mask=m))(X, mask), wanted)


def test_states_change_step_by_step_in_graphs_too() -> None:
    found = []
    for traced in (False, True):
        layer = layers.TimeDistributed(layers.BatchNormalization(momentum=0.5))
        layer.build((2, 3, 2))
        (_in_a_graph(layer, None, None, 2) if traced else lambda x, made=layer: made(x, training=True))(X)
        found.append(layer.get_weights())
    for eager, graph in zip(*found, strict=True):
        np.testing.assert_allclose(graph, eager, rtol=1e-6)


def test_each_step_drops_others() -> None:
    layer = layers.TimeDistributed(layers.Dropout(0.5, seed=1))
    dropped = _in_a_graph(layer, 1, 6, 20)(np.ones((1, 6, 20), np.float32)).numpy()[0]
    assert len({tuple(row) for row in dropped}) == 6


def test_gradients_and_training_reach_the_layer_inside() -> None:
    model = keras.Sequential([keras.Input((None, 2)), layers.TimeDistributed(layers.Dense(1))])
    model.compile("sgd", "mse")
    before = model.get_weights()
    model.fit(X, np.ones((2, 3, 1), np.float32), verbose=0)
    assert all((a != b).any() for a, b in zip(before, model.get_weights(), strict=True))
    assert model.predict(X, verbose=0).shape == (2, 3, 1)


def test_wrappers_of_ones_own_come_back_from_their_config() -> None:
    @keras.saving.register_keras_serializable("tests")
    class Twice(layers.Wrapper):
        def call(self, inputs: Any) -> Any:
            return self.layer(self.layer(inputs))

    layer = Twice(layers.Dense(2), name="mine")
    first = layer(X).numpy()
    again = keras.layers.deserialize(keras.layers.serialize(layer))
    again(X)
    again.set_weights(layer.get_weights())
    np.testing.assert_array_equal(again(X), first)
    assert (again.name, type(again.layer)) == ("mine", layers.Dense)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: layers.Wrapper(3), "isn't a supported layer type"),
        (lambda: layers.TimeDistributed(tf.nn.relu), "with a `keras.layers.Layer` instance"),
        (lambda: layers.TimeDistributed(layers.Dense(1))(X[0]), "at least 3 dimensions"),
        (lambda: layers.SpectralNormalization(layers.Flatten())(X), "no attribute 'kernel' nor 'embeddings'"),
        (lambda: layers.EinsumDense("ab,bc", 3)(X[0]), "Invalid einsum equation"),
        (lambda: layers.EinsumDense("ab,cd->ad", 3)(X[0]), "'c' did not have a match"),
        (lambda: layers.EinsumDense("ab,bc->ac", 3, bias_axes="x")(X[0]), "Bias dimension 'x'"),
        (lambda: layers.EinsumDense("abc,cde->abde", (7, 4, 6))(X), "do not match at shared dimension 'b'"),
    ],
)
def test_what_does_not_fit(make: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make()

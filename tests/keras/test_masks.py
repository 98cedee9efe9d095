"""Masks: attached by Embedding and Masking, passed on from layer to layer, and taken into account."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest

import headwater as tf
from tests.keras.together import together

keras = tf.keras
layers = keras.layers
IDS = np.array([[1, 0], [2, 3]])
OTHER = np.array([[0, 0], [2, 0]])
MASK = [[True, False], [True, True]]


def _mask(x: Any) -> Any:
    mask = getattr(x, "_keras_mask", None)
    return None if mask is None else np.array(mask).tolist()


def _embedded(ids: Any = IDS, masked: bool = True, **kwargs: Any) -> Any:
    return layers.Embedding(4, 2, mask_zero=masked, **kwargs)(ids)


@pytest.mark.parametrize(
    "layer",
    [lambda: layers.Dense(3), lambda: layers.Dropout(0.5), lambda: layers.LayerNormalization(), lambda: layers.ReLU(),
     lambda: layers.Activation("tanh"), lambda: layers.Identity(),
     lambda: layers.Dense(3, dtype="mixed_bfloat16"), lambda: keras.Sequential([layers.Dense(3), layers.ReLU()])],
)  # fmt: skip
def test_layers_pass_masks_on(layer: Any) -> None:
    made, embedding = layer(), layers.Embedding(4, 2, mask_zero=True)
    (mask,) = together(IDS, lambda ids: made(embedding(ids))._keras_mask)
    assert mask.numpy().tolist() == MASK


@pytest.mark.parametrize("layer", [lambda: layers.Dropout(0.5), lambda: keras.Sequential([layers.Dense(2)])])
def test_layers_pass_masks_on_eagerly(layer: Any) -> None:
    assert _mask(layer()(_embedded())) == MASK


@pytest.mark.parametrize(
    "layer", [lambda: layers.Conv1D(1, 1), lambda: layers.Flatten(), lambda: layers.Permute((2, 1))]
)
def test_layers_that_do_not_say_so(layer: Any) -> None:
    with pytest.warns(UserWarning, match="does not support masking"):
        together(IDS, lambda ids: _unmasked(layer()(_embedded(ids))))


def _unmasked(x: Any) -> Any:
    assert getattr(x, "_keras_mask", None) is None
    return x


def test_without_a_mask_there_is_no_warning() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert _mask(layers.Flatten()(_embedded(masked=False))) is None


@pytest.mark.parametrize(
    ("name", "kwargs", "both", "one"),
    [
        ("Add", {}, MASK, None), ("Maximum", {}, MASK, None), ("Average", {}, MASK, None),
        ("Concatenate", {}, MASK, [[True, True]] * 2), ("Dot", {"axes": 1}, None, None),
        ("Concatenate", {"axis": 1}, [[True, False, False, False], [True, True, True, False]],
         [[True, False, True, True], [True, True, True, True]]),
    ],
)  # fmt: skip
def test_masks_of_several_inputs(name: str, kwargs: Any, both: Any, one: Any) -> None:
    layer = getattr(layers, name)
    assert _mask(layer(**kwargs)([_embedded(), _embedded(OTHER)])) == both
    assert _mask(layer(**kwargs)([_embedded(), _embedded(OTHER, masked=False)])) == one


class Summing(layers.Layer):
    """Takes the mask in `call`, and says that nothing is left of it."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.supports_masking = True

    def call(self, x: Any, mask: Any = None) -> Any:
        return tf.reduce_sum(x if mask is None else x * tf.cast(mask, x.dtype)[..., None], axis=1)

    def compute_mask(self, inputs: Any, previous_mask: Any = None) -> Any:
        return None


class Kept(Summing):
    def call(self, x: Any, mask: Any = None) -> Any:
        return x + 1.0

    def compute_mask(self, inputs: Any, previous_mask: Any = None) -> Any:
        return previous_mask


class Attending(layers.Layer):
    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.supports_masking = True

    def call(self, query: Any, value: Any, query_mask: Any = None, value_mask: Any = None) -> Any:
        return tf.stack([tf.reduce_sum(tf.cast(m, "int32")) for m in (query_mask, value_mask)])


def test_layers_of_ones_own() -> None:
    ones = layers.Embedding(4, 2, mask_zero=True, embeddings_initializer="ones")
    found = together(
        (IDS, OTHER, np.ones((2, 2, 2), "float32"), np.array(MASK)),
        lambda ids, *_: _unmasked(Summing()(ones(ids))),
        lambda ids, *_: Summing()(ones(ids), mask=tf.constant([[False, False], [True, False]])),
        lambda _, __, cube, mask: layers.ReLU()(Kept()(cube, mask=mask))._keras_mask,
        lambda ids, other, *_: Attending()(ones(ids), value=ones(other)),
    )
    assert [value.numpy().tolist() for value in found] == [[[1, 1], [2, 2]], [[0, 0], [1, 1]], MASK, [3, 1]]


def test_models_give_and_take_masks() -> None:
    inputs = keras.Input((2,))
    x = layers.Embedding(4, 2, mask_zero=True)(inputs)
    model = keras.Model(inputs, [layers.Dense(2)(x), layers.GlobalAveragePooling1D()(x)])
    mask, second = together(IDS, lambda ids: model(ids)[0]._keras_mask, lambda ids: model(ids)[1])
    assert mask.numpy().tolist() == MASK
    table = model.get_weights()[0]
    np.testing.assert_allclose(second, [table[1], (table[2] + table[3]) / 2], rtol=1e-6)
    np.testing.assert_allclose(model.predict(IDS, verbose=0)[1], second, rtol=1e-6)


def test_masking() -> None:
    x = np.array([[[0, 0], [1, 0], [1, 1]]], "float32")
    (first,), (mask, y) = together(
        x, lambda x: [layers.Masking()(x)._keras_mask], lambda x: [(y := layers.Masking(1.0)(x))._keras_mask, y]
    )
    assert first.numpy().tolist() == [[False, True, True]]
    assert mask.numpy().tolist() == [[True, True, False]]
    assert y.numpy().tolist() == [[[0, 0], [1, 0], [0, 0]]]


def test_softmax() -> None:
    x = tf.constant([[1.0, 2.0, 3.0]])
    both = layers.Softmax(axis=(1, 2))
    found = together(
        (x, np.ones((1, 2, 3), "float32")),
        lambda x, cube: layers.Softmax()(x, mask=tf.constant([[True, False, True]])),
        lambda x, cube: layers.Softmax()(x, mask=np.zeros(3, bool)),
        lambda x, cube: both(cube),
        lambda x, cube: both(cube[:, :, :2], mask=np.array([[[True, False], [True, True]]])),
    )
    np.testing.assert_allclose(found[0], [[0.1192029, 0, 0.8807971]])
    assert found[1].numpy().tolist() == [[0, 0, 0]]
    np.testing.assert_allclose(found[2], np.full((1, 2, 3), 1 / 6), rtol=1e-6)
    np.testing.assert_allclose(found[3], [[[1 / 3, 0], [1 / 3, 1 / 3]]], rtol=1e-6)
    for shape in ((2,), (1, 1, 3)):
        with pytest.raises(ValueError, match="must be broadcastable"):
            layers.Softmax()(x, mask=np.ones(shape, bool))


def test_means_of_what_counts() -> None:
    x = np.array([[[1, 2], [3, 4], [9, 9]]], "float32")
    pool = layers.GlobalAveragePooling1D
    found = together(
        (x, np.array([[True, True, False]])),
        lambda x, mask: pool()(x, mask=mask),
        lambda x, mask: pool(keepdims=True)(x, mask=mask),
        lambda x, mask: pool("channels_first")(x, mask=mask[:, 1:]),
    )
    assert [value.numpy().tolist() for value in found] == [[[2, 3]], [[[2, 3]]], [[1, 3, 9]]]


@pytest.mark.parametrize("axis", [-1, 1])
def test_batch_normalization(axis: int) -> None:
    x = np.arange(12.0).reshape(2, 3, 2).astype("float32")
    mask = np.array([[True, False, True], [True, True, False]])
    layer = layers.BatchNormalization(momentum=0.0, axis=axis)
    together((x, mask), lambda x, mask: layer(x, training=True, mask=mask))
    if axis == -1:
        np.testing.assert_allclose(layer.moving_mean, [4.5, 5.5], rtol=1e-5)
        np.testing.assert_allclose(layer.moving_variance, [8.75, 8.75], rtol=1e-5)
    else:
        counted = np.where(mask[..., None], x, np.nan)
        np.testing.assert_allclose(layer.moving_mean, np.nanmean(counted, (0, 2)), rtol=1e-5)
    np.testing.assert_array_equal(*together((x, mask), lambda x, mask: layer(x, mask=mask), lambda x, _: layer(x)))

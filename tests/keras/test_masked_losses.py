"""Losses and metrics leave out what the mask of the predictions leaves out. The numbers are those of Keras 3."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import headwater as tf

keras = tf.keras
layers = keras.layers
IDS = np.array([[1, 2, 0], [3, 0, 0]])
Y = np.array([[[1.0], [0.0], [5.0]], [[2.0], [7.0], [1.0]]], "float32")
WEIGHT = np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]], "float32")
LABELS = np.array([[1, 0, -1], [2, -1, 0]])
HALF = keras.initializers.Constant(0.5)


def _masked(values: Any, mask: Any) -> Any:
    tensor = tf.constant(values)
    tensor._keras_mask = tf.constant(mask)
    return tensor


def _halves(steps: int = 3) -> Any:
    return _masked(np.full((2, steps, 1), 0.5, "float32"), IDS[:, :steps] != 0)


@pytest.mark.parametrize(
    ("reduction", "plain", "weighted"),
    [
        ("sum_over_batch_size", 0.9166667, 3.25), ("mean", 0.9166667, 3.25), ("sum", 2.75, 9.75),
        ("none", [[0.25, 0.25, 0], [2.25, 0, 0]], [[0.25, 0.5, 0], [9, 0, 0]]),
        ("mean_with_sample_weight", 0.9166667, 1.3928572),
    ],
)  # fmt: skip
def test_reductions(reduction: str, plain: Any, weighted: Any) -> None:
    loss = keras.losses.MeanSquaredError(reduction=reduction)
    np.testing.assert_allclose(loss(Y, _halves()), plain, rtol=1e-6)
    np.testing.assert_allclose(loss(Y, _halves(), WEIGHT), weighted, rtol=1e-6)


@pytest.mark.parametrize(
    ("reduction", "values"),
    [
        ("sum_over_batch_size", [1.2526588, 1.3040076, 5.2295027, 5.507854]),
        ("sum", [5.0106354, 3.9120231, 20.918011, 16.523562]),
        ("mean_with_sample_weight", [1.2526588, 1.3040076, 1.6090777, 1.8359513]),
    ],
)
def test_a_loss_may_leave_out_more(reduction: str, values: list[float]) -> None:
    loss = keras.losses.SparseCategoricalCrossentropy(ignore_class=-1, reduction=reduction)
    given = np.full((2, 3, 3), 1 / 3, "float32")
    given[0, 0], given[1, 2] = [0.2, 0.6, 0.2], [0.1, 0.2, 0.7]
    masked = _masked(given, [[True, True, True], [False, True, True]])
    found = [loss(LABELS, y_pred, weight) for weight in (None, WEIGHT) for y_pred in (given, masked)]
    np.testing.assert_allclose(found, values, rtol=1e-6)


def test_losses_of_ones_own_and_masks_that_leave_nothing() -> None:
    class Distance(keras.losses.Loss):
        def call(self, y_true: Any, y_pred: Any) -> Any:
            return tf.reduce_mean(tf.abs(y_true - y_pred), -1)

    assert float(Distance()(Y, _halves())) == pytest.approx(0.8333333)
    assert float(keras.losses.MeanSquaredError()(Y, _masked(0 * Y, np.zeros((2, 3), bool)))) == 0.0


def test_a_weight_per_sequence() -> None:
    found = keras.losses.MeanSquaredError("sum")(Y, _halves(), np.array([1.0, 2.0], "float32"))
    assert float(found) == 0.5 + 2 * 2.25


@pytest.mark.parametrize(("weight", "absolute", "mean"), [(None, 0.8333333, 2.0), (WEIGHT, 1.0714285, 2.7564101)])
def test_metrics(weight: Any, absolute: float, mean: float) -> None:
    metric = keras.metrics.MeanAbsoluteError()
    metric.update_state(Y, _halves(), weight)
    assert float(metric.result()) == pytest.approx(absolute)
    values = keras.metrics.Mean()
    for steps in (3, 2):  # each sequence counts as much, however long
        part = None if weight is None else weight[:, :steps]
        values.update_state(np.arange(2.0 * steps).reshape(2, steps), part)
    assert float(values.result()) == pytest.approx(mean)


def test_training() -> None:
    inputs = keras.Input((3,), dtype="int32")
    outputs = layers.Dense(1, kernel_initializer="ones")(layers.Embedding(4, 1, HALF, mask_zero=True)(inputs))
    model = keras.Model(inputs, outputs)
    model.compile(keras.optimizers.SGD(0.1), "mse", metrics=["mae"], weighted_metrics=["mse"])
    np.testing.assert_allclose(model.evaluate(IDS, Y, verbose=0), [0.9166667, 0.8333334, 0.9166667], rtol=1e-6)
    found = model.evaluate(IDS, Y, sample_weight=WEIGHT, verbose=0)
    np.testing.assert_allclose(found, [3.25, 0.8333334, 1.3928571], rtol=1e-6)
    history = model.fit(IDS, Y, epochs=2, verbose=0).history
    np.testing.assert_allclose(history["loss"], [0.9166667, 0.6921999], rtol=1e-6)
    np.testing.assert_allclose(history["mae"], [0.8333334, 0.7333333], rtol=1e-6)
    table, kernel, bias = model.get_weights()
    np.testing.assert_allclose(table[:, 0], [0.5, 0.5571334, 0.4253667, 0.6889], rtol=1e-6)
    np.testing.assert_allclose([kernel[0, 0], bias[0]], [1.0945333, 0.168], rtol=1e-6)

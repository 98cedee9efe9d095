"""Models with steps of their own, with and without `call`; callbacks that stop and say."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import headwater as tf

layers, callbacks = tf.keras.layers, tf.keras.callbacks
X = np.random.RandomState(0).uniform(size=(8, 4)).astype("float32")


class Pair(tf.keras.Model):
    """Two networks and no `call`."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.second = layers.Dense(3, kernel_initializer="ones"), layers.Dense(1)
        self.tracker = tf.keras.metrics.Mean(name="distance")

    def train_step(self, data: Any) -> Any:
        x = data["x"] if isinstance(data, dict) else data
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(self.second(self.first(x))))
        weights = self.trainable_weights
        self.optimizer.apply_gradients(zip(tape.gradient(loss, weights), weights, strict=True))
        self.tracker.update_state(loss)
        return {"distance": self.tracker.result()}

    def test_step(self, data: Any) -> Any:
        self.tracker.update_state(tf.reduce_mean(data))
        return {"distance": self.tracker.result()}


def _pair(**options: Any) -> Any:
    model = Pair()
    model.compile("sgd", **options)
    return model


@pytest.mark.parametrize("options", [{}, {"run_eagerly": True}])
def test_a_model_without_call_is_trained_by_its_step(options: Any) -> None:
    model = _pair(**options)
    history = model.fit(X, epochs=3, batch_size=4, verbose=0).history["distance"]
    assert history[2] < history[0]
    assert len(model.trainable_weights) == 4
    np.testing.assert_allclose(model.evaluate(X, verbose=0), X.mean(), rtol=1e-5)


@pytest.mark.parametrize("data", [{"x": X}, (X[:4] for _ in range(2)), tf.constant(X)])
def test_any_data_reaches_the_step(data: Any) -> None:
    assert np.isfinite(_pair().fit(data, verbose=0).history["distance"]).all()


def test_a_call_that_the_step_does_not_use_is_not_called() -> None:
    class Refusing(Pair):
        def call(self, x: Any) -> Any:
            raise RuntimeError("not to be called")

    model = Refusing()
    model.compile("sgd")
    model.fit(X, verbose=0)
    model.train_on_batch(X)


def test_what_is_not_defined_is_said() -> None:
    model = tf.keras.Model()
    model.compile("sgd", "mse")
    with pytest.raises(NotImplementedError, match="call"):
        model.fit(X, X, verbose=0)


def _line() -> Any:
    model = tf.keras.Sequential([tf.keras.Input((1,)), layers.Dense(1, kernel_initializer="ones")])
    model.compile("sgd", "mse")
    return model


def test_training_ends_at_the_first_loss_that_is_not_a_number() -> None:
    x = np.ones((20, 1), np.float32)
    x[3] = np.nan
    seen: list[int] = []
    watch = callbacks.LambdaCallback(on_train_batch_end=lambda batch, logs: seen.append(batch))
    _line().fit(x, x, batch_size=1, shuffle=False, verbose=0, callbacks=[callbacks.TerminateOnNaN(), watch])
    assert seen == [0, 1, 2, 3]
    with pytest.raises(RuntimeError, match="batch 3"):
        _line().fit(
            x, x, batch_size=1, shuffle=False, verbose=0, callbacks=[callbacks.TerminateOnNaN(raise_error=True)]
        )


def test_checkpoints_say_what_improved(tmp_path: Any, capsys: Any) -> None:
    x = np.ones((4, 1), np.float32)

    class Script(callbacks.Callback):
        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            logs["val_loss"] = [2.0, 3.0, 1.0][epoch]

    path = tmp_path / "m.keras"
    saver = callbacks.ModelCheckpoint(path, save_best_only=True, verbose=1)
    _line().fit(x, x, epochs=3, verbose=0, callbacks=[Script(), saver])
    said = capsys.readouterr().out
    for text in (
        "Epoch 1: val_loss improved from None to 2.00000, saving model to",
        "Epoch 2: val_loss did not improve from 2.00000",
        "Epoch 3: val_loss improved from 2.00000 to 1.00000",
    ):
        assert text in said
    assert saver.best == 1.0
    saver.best = 0.5
    assert saver.best == 0.5


def test_data_sets_by_number_may_be_endless() -> None:
    class Endless(tf.keras.utils.PyDataset):
        @property
        def num_batches(self) -> Any:
            return None

        def __getitem__(self, index: int) -> Any:
            return np.full((2, 1), index, np.float32), np.zeros((2, 1), np.float32)

    model = tf.keras.Sequential([tf.keras.Input((1,)), layers.Dense(1, use_bias=False, kernel_initializer="ones")])
    model.compile(tf.keras.optimizers.SGD(0.0), "mse")
    losses = model.fit(Endless(), steps_per_epoch=2, epochs=2, verbose=0).history["loss"]
    np.testing.assert_allclose(losses, [0.5, 6.5])

"""`fit`, `evaluate`, `predict`: many steps per dispatch and one by one give the same; callbacks, data sources, "
"errors."""

from __future__ import annotations

import pathlib
from typing import Any

import numpy as np
import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

import headwater as tf

layers, callbacks = tf.keras.layers, tf.keras.callbacks
X = np.random.RandomState(0).uniform(size=(70, 4)).astype("float32")
Y = X.sum(1, keepdims=True)


def _model(optimizer: Any = "sgd", **options: Any) -> Any:
    tf.keras.utils.set_random_seed(1)
    model = tf.keras.Sequential([layers.Input((4,)), layers.Dense(3, activation="tanh"), layers.Dense(1)])
    model.compile(optimizer, "mse", metrics=["mae"], **options)
    return model


class EveryBatch(callbacks.Callback):
    def __init__(self) -> None:
        super().__init__()
        self.seen: list[tuple[int, list[str]]] = []

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        self.seen.append((batch, sorted(logs)))


def test_many_steps_per_dispatch_give_what_single_steps_give() -> None:
    runs = []
    watcher = EveryBatch()
    for options in ({}, {"callbacks": [watcher]}, {"eager": True}):
        model = _model("adam", run_eagerly=bool(options.pop("eager", False)))
        np.random.seed(5)
        history = model.fit(X, Y, epochs=3, batch_size=16, verbose=0, **options).history
        runs.append([*[np.array(history[k]) for k in sorted(history)], *model.get_weights()])
    assert [b for b, _ in watcher.seen] == [0, 1, 2, 3, 4] * 3
    assert watcher.seen[0][1] == ["loss", "mae"]
    for run in runs[1:]:
        for a, b in zip(runs[0], run, strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-6)


def test_a_step_is_traced_once() -> None:
    count = 0

    class Counting(tf.keras.Model):
        def __init__(self) -> None:
            super().__init__()
            self.dense = layers.Dense(1)

        def call(self, x: Any) -> Any:
            return self.dense(x)

        def train_step(self, data: Any) -> Any:
            nonlocal count
            count += 1
            return super().train_step(data)

    model = Counting()
    model.compile("sgd", "mse")
    model.fit(X, Y, epochs=3, verbose=0)
    model.fit(X, Y, epochs=1, verbose=0)
    assert count == 1


def test_autograph_reaches_call_and_train_step() -> None:
    class Branching(tf.keras.Model):
        def __init__(self) -> None:
            super().__init__()
            self.dense = layers.Dense(1)

        def call(self, x: Any) -> Any:
            y = self.dense(x)
            if tf.reduce_sum(x) > 0.0:
                y = y * 2.0
            return y

    model = Branching()
    model.compile("sgd", "mse")
    model.fit(X, Y, epochs=1, verbose=0)
    np.testing.assert_allclose(model.predict(X[:3], verbose=0), 2 * model.dense(X[:3]).numpy(), rtol=1e-5)


def test_own_train_step_with_own_metrics() -> None:
    class Own(tf.keras.Model):
        def __init__(self) -> None:
            super().__init__()
            self.dense = layers.Dense(1)
            self.tracker = tf.keras.metrics.Mean(name="distance")

        def call(self, x: Any) -> Any:
            return self.dense(x)

        def train_step(self, data: Any) -> Any:
            x, y = data
            with tf.GradientTape() as tape:
                loss = tf.reduce_mean(tf.abs(self(x, training=True) - y))
            gradients = tape.gradient(loss, self.trainable_variables)
            self.optimizer.apply_gradients(zip(gradients, self.trainable_variables, strict=True))
            self.tracker.update_state(loss)
            return {"distance": self.tracker.result()}

    tf.keras.utils.set_random_seed(1)
    model = Own()
    model.compile(tf.keras.optimizers.Adam(0.05))
    history = model.fit(X, Y, epochs=4, verbose=0).history
    assert list(history) == ["distance"]
    assert history["distance"][-1] < history["distance"][0]


def test_data_sources_agree() -> None:
    class Batches(tf.keras.utils.PyDataset):
        def __len__(self) -> int:
            return 5

        def __getitem__(self, index: int) -> Any:
            return X[index * 16 : (index + 1) * 16], Y[index * 16 : (index + 1) * 16]

    def generator() -> Any:
        source = Batches()
        while True:
            yield from (source[i] for i in range(5))

    results = []
    for arguments in ({"x": X, "y": Y, "batch_size": 16}, {"x": Batches()}, {"x": generator(), "steps_per_epoch": 5},
                      {"x": tf.constant(X), "y": tf.constant(Y), "batch_size": 16}):  # fmt: skip
        model = _model()
        model.fit(**arguments, shuffle=False, epochs=2, verbose=0)
        results.append(model.get_weights())
    for weights in results[1:]:
        for a, b in zip(results[0], weights, strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-7)


def test_a_generator_goes_on_and_says_when_it_ends() -> None:
    def generator() -> Any:
        yield from ((X[i : i + 10], Y[i : i + 10]) for i in range(0, 70, 10))

    source, model, watcher = generator(), _model(), EveryBatch()
    model.fit(source, steps_per_epoch=2, epochs=2, verbose=0, callbacks=[watcher])
    assert [b for b, _ in watcher.seen] == [0, 1, 0, 1]
    with pytest.warns(UserWarning, match="expected 2 batches for this epoch, received 1"):
        model.fit(source, steps_per_epoch=2, epochs=2, verbose=0, callbacks=[watcher])
    assert [b for b, _ in watcher.seen] == [0, 1, 0, 1, 0, 1, 0]
    with pytest.warns(UserWarning, match="received 0"):
        history = model.fit(generator(), epochs=2, verbose=0).history
    assert len(history["loss"]) == 2


def test_batches_by_number_hear_of_epochs() -> None:
    heard: list[str] = []

    class Batches(tf.keras.utils.PyDataset):
        def __len__(self) -> int:
            return 5

        def __getitem__(self, index: int) -> Any:
            return X[:4], Y[:4]

        def on_epoch_begin(self) -> None:
            heard.append("begin")

        def on_epoch_end(self) -> None:
            heard.append("end")

    _model().fit(Batches(), steps_per_epoch=2, epochs=2, verbose=0)
    assert heard == ["begin", "end"] * 2


def test_shuffling_within_batches() -> None:
    seen: list[Any] = []

    class Seeing(tf.keras.Model):
        def call(self, x: Any) -> Any:
            return x

        def train_step(self, data: Any) -> Any:
            seen.append(data[0].numpy()[:, 0].astype(int).tolist())
            return {}

    model = Seeing()
    model.compile(run_eagerly=True)
    np.random.seed(0)
    model.fit(np.arange(50.0)[:, None], np.zeros((50, 1)), batch_size=20, shuffle="batch", verbose=0)
    assert [sorted(batch) for batch in seen] == [list(range(20)), list(range(20, 40)), list(range(40, 50))]
    assert seen[0] != sorted(seen[0])


def test_arrays_changed_between_fits_are_seen() -> None:
    big = np.zeros((300, 4000), "float32")
    y = np.ones((300, 1), "float32")
    model = tf.keras.Sequential([layers.Input((4000,)), layers.Dense(1, use_bias=False, kernel_initializer="zeros")])
    model.compile(tf.keras.optimizers.SGD(1e-4), "mse")
    model.fit(big, y, verbose=0, shuffle=False)
    assert not model.get_weights()[0].any()
    big[:, 0] = 1.0
    model.fit(big, y, verbose=0, shuffle=False)
    assert model.get_weights()[0].any()


def test_shuffling_depends_on_the_seed_only() -> None:
    def run(shuffle: bool) -> Any:
        model = _model()
        np.random.seed(3)
        model.fit(X, Y, epochs=2, verbose=0, shuffle=shuffle)
        return model.get_weights()[0]

    np.testing.assert_array_equal(run(True), run(True))
    assert not np.array_equal(run(True), run(False))


def test_evaluate_predict_and_single_batches() -> None:
    model = _model()
    loss, mae = model.evaluate(X, Y, verbose=0, batch_size=16)
    predicted = model.predict(X, verbose=0, batch_size=16)
    assert predicted.shape == (70, 1)
    np.testing.assert_allclose(loss, ((predicted - Y) ** 2).mean(), rtol=1e-5)
    np.testing.assert_allclose(mae, np.abs(predicted - Y).mean(), rtol=1e-5)
    assert model.evaluate(X, Y, verbose=0, return_dict=True).keys() == {"loss", "mae"}
    np.testing.assert_allclose(model.predict_on_batch(X), predicted, rtol=1e-5)
    before = model.test_on_batch(X, Y)[0]
    model.train_on_batch(X, Y)
    model.reset_metrics()
    assert model.test_on_batch(X, Y)[0] < before


class EveryPrediction(callbacks.Callback):
    def __init__(self, last: int | None = None) -> None:
        super().__init__()
        self.begun: list[int] = []
        self.outputs: list[Any] = []
        self.last = last

    def on_predict_batch_begin(self, batch: int, logs: Any = None) -> None:
        self.begun.append(batch)

    def on_predict_batch_end(self, batch: int, logs: Any = None) -> None:
        self.outputs.append(logs["outputs"])
        self.model.stop_predicting = batch == self.last


def _noisy_pair() -> Any:
    """A model with two outputs by name, one of them with noise drawn in each step."""
    tf.keras.utils.set_random_seed(2)
    inputs = layers.Input((4,))
    noise = layers.Dropout(0.5, seed=3)(inputs, training=True)
    return tf.keras.Model(inputs, {"sum": layers.Dense(1)(inputs), "noise": noise})


@pytest.mark.parametrize(
    ("rows", "arguments"), [(301, {}), (300, {}), (301, {"steps": 70}), (200, {}), (8, {}), (2, {})]
)
def test_many_predictions_per_dispatch_are_those_of_single_steps(rows: int, arguments: dict[str, Any]) -> None:
    x = np.random.RandomState(1).uniform(size=(rows, 4)).astype("float32")
    watcher = EveryPrediction()
    many = _noisy_pair().predict(x, batch_size=3, verbose=0, **arguments)
    single = _noisy_pair().predict(x, batch_size=3, verbose=0, callbacks=[watcher], **arguments)
    batches = arguments.get("steps", -(-rows // 3))
    assert watcher.begun == list(range(batches))
    assert [len(o["sum"]) for o in watcher.outputs] == [min(3, rows - 3 * i) for i in range(batches)]
    for name in ("sum", "noise"):
        assert many[name].shape == (min(rows, 3 * batches), single[name].shape[1])
        np.testing.assert_allclose(many[name], single[name], rtol=1e-6)
    assert np.ptp((many["noise"] == 0).sum(1)) > 0 or rows < 8  # the noise differs from row to row


def test_data_of_any_length_is_predicted_by_the_same_program() -> None:
    model = _model()
    x = np.tile(X, (5, 1))
    model.predict(x[:131], batch_size=1, verbose=0)
    (program,) = model._runner("predict")._programs.values()
    for rows in (64, 200, 350):
        outputs = model.predict(x[:rows], batch_size=1, verbose=0)
        np.testing.assert_allclose(outputs[-64:], model(x[rows - 64 : rows]), rtol=1e-6, atol=3e-7)
    assert program._compiled._cache_size() == 1


def test_scalars_and_values_on_the_host_are_predicted_step_by_step() -> None:
    class Host(tf.keras.Model):
        def call(self, x: Any) -> Any:
            return tf.py_function(lambda a: a.numpy() * 2, [x], tf.float32)

    np.testing.assert_array_equal(Host().predict(X, batch_size=1, verbose=0), X * 2)

    class Single(tf.keras.Model):
        def call(self, x: Any) -> Any:
            return tf.reduce_sum(x)

    watcher = EveryPrediction()
    with pytest.raises(ValueError, match="zero-dimensional"):
        Single().predict(X, batch_size=10, verbose=0, callbacks=[watcher])
    np.testing.assert_allclose(watcher.outputs, X.reshape(7, 40).sum(1), rtol=1e-6)


def test_callbacks_end_evaluation_and_prediction() -> None:
    class Stop(callbacks.Callback):
        def on_test_batch_end(self, batch: int, logs: Any = None) -> None:
            self.model.stop_evaluating = batch == 1

    model = _model()
    assert len(model.predict(X, batch_size=16, verbose=0, callbacks=[EveryPrediction(last=2)])) == 48
    assert len(model.predict(X, batch_size=16, verbose=0)) == 70
    part = model.evaluate(X, Y, batch_size=16, verbose=0, callbacks=[Stop()])
    assert part == model.evaluate(X[:32], Y[:32], batch_size=16, verbose=0) != model.evaluate(X, Y, verbose=0)


def test_several_inputs_and_outputs_by_name() -> None:
    a, b = layers.Input((3,), name="a"), layers.Input((1,), name="b")
    joined = layers.Concatenate()([a, b])
    model = tf.keras.Model([a, b], {"u": layers.Dense(1, name="u")(joined), "v": layers.Dense(2, name="v")(joined)})
    model.compile("sgd", {"u": "mse", "v": "mae"}, loss_weights={"u": 1.0, "v": 0.5}, metrics={"v": ["mse"]})
    data = {"a": X[:, :3], "b": X[:, 3:]}
    history = model.fit(data, {"u": Y, "v": X[:, :2]}, epochs=1, verbose=0).history
    assert set(history) == {"loss", "u_loss", "v_loss", "v_mse"}
    np.testing.assert_allclose(history["loss"], np.add(history["u_loss"], 0.5 * np.array(history["v_loss"])), rtol=1e-5)
    assert model.predict(data, verbose=0)["v"].shape == (70, 2)


def test_frozen_layers_do_not_change() -> None:
    model = _model()
    model.layers[0].trainable = False
    model.compile("sgd", "mse")
    before = [w.numpy() for w in model.weights]
    model.fit(X, Y, verbose=0)
    after = model.get_weights()
    np.testing.assert_array_equal(before[0], after[0])
    assert not np.array_equal(before[2], after[2])


# Callbacks -------------------------------------------------------------------------------------------------------


def test_callbacks_hear_everything_in_order() -> None:
    heard: list[str] = []

    class Ear(callbacks.Callback):
        def __getattribute__(self, name: str) -> Any:
            if name.startswith("on_") and "batch" not in name:
                return lambda *args, **kwargs: heard.append(name)
            return super().__getattribute__(name)

    _model().fit(X, Y, epochs=1, verbose=0, validation_data=(X, Y), callbacks=[Ear()])
    assert heard == ["on_train_begin", "on_epoch_begin", "on_test_begin", "on_test_end", "on_epoch_end", "on_train_end"]


def test_early_stopping_restores_the_best_weights() -> None:
    model = _model(tf.keras.optimizers.SGD(0.0))
    stopping = callbacks.EarlyStopping(monitor="loss", patience=2, restore_best_weights=True)
    history = model.fit(X, Y, epochs=20, verbose=0, callbacks=[stopping])
    assert len(history.epoch) == 3
    assert stopping.stopped_epoch == 2


def test_learning_rate_callbacks() -> None:
    model = _model()
    history = model.fit(
        X, Y, epochs=3, verbose=0, callbacks=[callbacks.LearningRateScheduler(lambda e, r: 0.1 / (e + 1))]
    )
    np.testing.assert_allclose(history.history["learning_rate"], [0.1, 0.05, 0.1 / 3], rtol=1e-6)
    model = _model(tf.keras.optimizers.SGD(0.0))
    model.optimizer.learning_rate = 1e-9
    plateau = callbacks.ReduceLROnPlateau(monitor="loss", factor=0.5, patience=1)
    model.fit(X, Y, epochs=4, verbose=0, callbacks=[plateau])
    assert float(model.optimizer.learning_rate) < 1e-9


def test_nan_stops_training() -> None:
    model = _model()
    model.fit(X * np.nan, Y, epochs=5, verbose=0, callbacks=[callbacks.TerminateOnNaN()])
    assert len(model.history.epoch) == 1


def test_checkpoints_and_csv(tmp_path: pathlib.Path) -> None:
    model = _model()
    checkpoint = callbacks.ModelCheckpoint(tmp_path / "m-{epoch:02d}.keras", monitor="loss", save_best_only=True)
    model.fit(X, Y, epochs=2, verbose=0, callbacks=[checkpoint, callbacks.CSVLogger(tmp_path / "log.csv")])
    assert [p.name for p in sorted(tmp_path.iterdir())] == ["log.csv", "m-01.keras", "m-02.keras"]
    lines = (tmp_path / "log.csv").read_text().splitlines()
    assert lines[0] == "epoch,loss,mae,val_loss,val_mae"  # a validation may come in a later epoch
    assert len(lines) == 3
    with pytest.raises(ValueError, match=r"must end in `\.keras`"):
        callbacks.ModelCheckpoint("weights.h5")


def test_tensorboard_event_files(tmp_path: pathlib.Path) -> None:
    board = callbacks.TensorBoard(tmp_path, histogram_freq=1, update_freq="batch")
    model = _model()
    history = model.fit(X, Y, epochs=2, verbose=0, validation_data=(X, Y), callbacks=[board]).history
    read = {name: EventAccumulator(str(tmp_path / name)).Reload() for name in ("train", "validation")}
    tags = set(read["train"].Tags()["tensors"])
    assert {"epoch_loss", "epoch_mae", "epoch_learning_rate", "batch_loss", "keras"} <= tags
    assert any(tag.endswith("/kernel/histogram") for tag in tags)
    events = read["validation"].Tensors("epoch_loss")
    assert [e.step for e in events] == [0, 1]
    np.testing.assert_allclose([e.tensor_proto.float_val[0] for e in events], history["val_loss"], rtol=1e-6)
    assert [e.step for e in read["train"].Tensors("batch_loss")] == [0, 1, 2, 3, 4, 5]


def test_progress_bar(capsys: pytest.CaptureFixture[str]) -> None:
    _model().fit(X, Y, epochs=2, verbose=1, validation_data=(X, Y))
    text = capsys.readouterr().out
    assert "Epoch 1/2" in text
    assert "\x1b[1m3/3\x1b[0m" in text
    last = text.rstrip().rsplit("\r", 1)[-1]
    assert [part.split(":")[0] for part in last.split(" - ")[1:]] == ["loss", "mae", "val_loss", "val_mae"]
    _model().fit(X, Y, epochs=1, verbose=2)
    line = capsys.readouterr().out
    assert line.startswith("3/3 - ")
    assert "\x1b" not in line


# Errors ----------------------------------------------------------------------------------------------------------


def test_errors() -> None:
    model = tf.keras.Sequential([layers.Dense(1)])
    with pytest.raises(ValueError, match=r"must call `compile\(\)` before calling `fit\(\)`"):
        model.fit(X, Y)
    with pytest.raises(ValueError, match="Could not interpret optimizer identifier: 'sdg'"):
        model.compile("sdg")
    with pytest.raises(ValueError, match="Could not interpret loss identifier"):
        model.compile("sgd", "msee")
    model.compile("sgd", "mse")
    with pytest.raises(ValueError, match="Data cardinality is ambiguous"):
        model.fit(X, Y[:5], verbose=0)
    with pytest.raises(ValueError, match=r"at least one sample, received arrays of shapes \[\(0, 4\)\]"):
        model.predict(X[:0], verbose=0)
    with pytest.raises(ValueError, match="not sufficient to split"):
        model.fit(X, Y, validation_split=0.999, verbose=0)
    with pytest.raises(ValueError, match="`y` and `sample_weight` should not be passed"):
        model.fit((pair for pair in [(X, Y)]), Y, verbose=0)
    model.compile("sgd")
    with pytest.raises(ValueError, match="No loss to compute"):
        model.fit(X, Y, verbose=0)
    a = layers.Input((2,))
    with pytest.raises(ValueError, match="not connected"):
        tf.keras.Model(layers.Input((2,)), layers.Dense(1)(a))


def test_averages_of_a_scaled_optimizer_take_the_place_of_weights() -> None:
    keras = tf.keras
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(2)])
    inner = keras.optimizers.SGD(0.1, use_ema=True, ema_momentum=0.5)
    model.compile(keras.optimizers.LossScaleOptimizer(inner), "mse")
    seen = []

    class Watch(keras.callbacks.Callback):
        def on_test_begin(self, logs: Any = None) -> None:
            seen.append([self.model.get_weights()[0], inner.average_of(self.model.weights[0]).numpy()])

    swap = keras.callbacks.SwapEMAWeights()
    x, y = X[:4], np.ones((4, 2), np.float32)
    model.fit(x, y, epochs=2, validation_data=(x, y), callbacks=[Watch(), swap, Watch()], verbose=0)
    before, after = seen[-2:]
    np.testing.assert_array_equal(after, before[::-1])
    assert not np.array_equal(*before)
    model.compile("sgd", "mse")
    with pytest.raises(ValueError, match="keeps no averages"):
        model.fit(x, y, validation_data=(x, y), callbacks=[swap], verbose=0)

"""Models as files: round trips, custom objects, safety, errors."""

from __future__ import annotations

import json
import pathlib
import zipfile
from typing import Any

import h5py
import numpy as np
import pytest

import headwater as tf
from tests.keras.together import together

layers = tf.keras.layers
X = np.random.RandomState(0).uniform(size=(20, 6, 6, 1)).astype("float32")


def _branching() -> Any:
    inputs = layers.Input((6, 6, 1))
    x = layers.Conv2D(3, 3, activation="relu", kernel_regularizer="l2")(inputs)
    x = layers.BatchNormalization()(x)
    shared = layers.Conv2D(3, 1, name="shared")
    x = layers.Add()([shared(x), shared(shared(x))])
    inner = tf.keras.Sequential([layers.Flatten(), layers.Dropout(0.2), layers.Dense(5)], name="inner")
    model = tf.keras.Model(inputs, [layers.Dense(2, activation="softmax")(inner(x)), layers.GlobalMaxPooling2D()(x)])
    model.compile(tf.keras.optimizers.Adam(0.01, clipnorm=1.0), ["sparse_categorical_crossentropy", "mse"])
    model.fit(X, [np.arange(20) % 2, np.ones((20, 3))], verbose=0)
    return model


def test_round_trip_of_a_branching_model(tmp_path: pathlib.Path) -> None:
    model = _branching()
    model.save(tmp_path / "m.keras")
    again = tf.keras.models.load_model(tmp_path / "m.keras")
    for a, b in zip(model.predict(X, verbose=0), again.predict(X, verbose=0), strict=True):
        np.testing.assert_array_equal(a, b)
    assert [layer.name for layer in again.layers] == [layer.name for layer in model.layers]
    assert [v.name for v in again.weights] == [v.name for v in model.weights]
    for a, b in zip(model.optimizer.variables, again.optimizer.variables, strict=True):
        np.testing.assert_array_equal(a.numpy(), b.numpy())
    assert again.optimizer.clipnorm == 1.0
    targets = [np.arange(20) % 2, np.ones((20, 3))]
    np.testing.assert_allclose(again.evaluate(X, targets, verbose=0), model.evaluate(X, targets, verbose=0), rtol=1e-6)


def test_the_archive_is_the_one_keras_writes(tmp_path: pathlib.Path) -> None:
    _branching().save(tmp_path / "m.keras")
    with zipfile.ZipFile(tmp_path / "m.keras") as archive:
        assert archive.namelist() == ["metadata.json", "config.json", "model.weights.h5"]
        config = json.loads(archive.read("config.json"))
        with archive.open("model.weights.h5") as stream, h5py.File(stream, "r") as file:
            groups: list[str] = []
            file.visit(groups.append)
    assert {"keras_version", "date_saved"} == set(
        json.loads(zipfile.ZipFile(tmp_path / "m.keras").read("metadata.json"))
    )
    assert config["class_name"] == "Functional"
    dense = next(layer for layer in config["config"]["layers"] if layer["class_name"] == "Dense")
    assert dense["module"] == "keras.layers"
    assert dense["inbound_nodes"][0]["args"][0]["class_name"] == "__keras_tensor__"
    assert {
        "layers/conv2d/vars/0",
        "layers/conv2d_1/vars/1",
        "optimizer/vars/0",
        "layers/sequential/layers/dense/vars/0",
    } <= set(groups)


def test_weights_alone(tmp_path: pathlib.Path) -> None:
    first, second = _branching(), _branching()
    first.save_weights(tmp_path / "w.weights.h5")
    second.load_weights(tmp_path / "w.weights.h5")
    np.testing.assert_array_equal(first.predict(X, verbose=0)[0], second.predict(X, verbose=0)[0])
    other = tf.keras.Sequential([layers.Input((3,)), layers.Dense(2)])
    with pytest.raises(ValueError, match=r"expected shape \(3, 2\) for variable .* received shape \(5, 2\)"):
        other.load_weights(tmp_path / "w.weights.h5")
    with pytest.raises(ValueError, match="must end in"):
        first.save_weights(tmp_path / "w.txt")


@tf.keras.saving.register_keras_serializable("tests")
class Doubling(layers.Layer):
    def __init__(self, factor: float = 2.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.factor = factor

    def call(self, x: Any) -> Any:
        return x * self.factor


class Unregistered(Doubling):
    pass


@tf.keras.saving.register_keras_serializable("tests")
class Network(tf.keras.Model):
    def __init__(self, units: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.units = units
        self.blocks = [layers.Dense(units), layers.Dense(units)]
        self._last = Doubling(3.0)

    def call(self, x: Any) -> Any:
        for block in self.blocks:
            x = block(x)
        return self._last(x)

    def get_config(self) -> Any:
        return {**super().get_config(), "units": self.units}


def test_custom_objects(tmp_path: pathlib.Path) -> None:
    x = np.ones((2, 3), "float32")
    model = tf.keras.Sequential([layers.Input((3,)), Doubling(5.0)])
    model.save(tmp_path / "m.keras")
    np.testing.assert_array_equal(tf.keras.models.load_model(tmp_path / "m.keras").predict(x, verbose=0), x * 5)
    model = tf.keras.Sequential([layers.Input((3,)), Unregistered(4.0)])
    model.save(tmp_path / "u.keras")
    with pytest.raises(TypeError, match="Could not locate class 'Unregistered'"):
        tf.keras.models.load_model(tmp_path / "u.keras")
    loaded = tf.keras.models.load_model(tmp_path / "u.keras", custom_objects={"Unregistered": Unregistered})
    np.testing.assert_array_equal(loaded.predict(x, verbose=0), x * 4)


def test_models_defined_by_call(tmp_path: pathlib.Path) -> None:
    x = np.ones((2, 3), "float32")
    model = Network(4)
    expected = model(x).numpy()
    model.save(tmp_path / "n.keras")
    again = tf.keras.models.load_model(tmp_path / "n.keras")
    np.testing.assert_array_equal(again(x).numpy(), expected)


def test_code_is_refused() -> None:
    config = {"module": "keras.layers", "class_name": "Lambda", "registered_name": None, "config": {
        "name": "lambda", "function": {"class_name": "__lambda__", "config": {"code": "4wAA", "defaults": None}},
    }}  # fmt: skip
    with pytest.raises(ValueError, match="safe_mode=False"):
        tf.keras.saving.deserialize_keras_object(config)


def test_a_failed_save_leaves_the_old_file(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model = tf.keras.Sequential([layers.Input((2,)), layers.Dense(1)])
    path = tmp_path / "m.keras"
    model.save(path)
    before = path.read_bytes()

    def fail(*args: Any, **kwargs: Any) -> None:
        raise OSError("disk full")

    monkeypatch.setattr(zipfile.ZipFile, "writestr", fail)
    with pytest.raises(OSError, match="disk full"):
        model.save(path)
    assert path.read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == ["m.keras"]
    monkeypatch.undo()
    with pytest.raises(FileExistsError):
        model.save(path, overwrite=False)
    with pytest.raises(ValueError, match=r"expected a `\.keras` file name"):
        model.save(tmp_path / "m.txt")
    with pytest.raises(ValueError, match="File not found or not"):
        tf.keras.models.load_model(tmp_path / "missing.keras")


def test_json_and_clones() -> None:
    model = _branching()
    again = tf.keras.models.model_from_json(model.to_json())
    again.set_weights(model.get_weights())
    np.testing.assert_array_equal(again.predict(X, verbose=0)[0], model.predict(X, verbose=0)[0])
    clone = tf.keras.models.clone_model(model)
    assert [w.shape for w in clone.weights] == [w.shape for w in model.weights]
    assert not np.array_equal(clone.get_weights()[0], model.get_weights()[0])


def test_transposed_convolutions_and_their_older_names(tmp_path: pathlib.Path) -> None:
    make = (layers.Conv2DTranspose, layers.Convolution2DTranspose)
    model = tf.keras.Sequential([
        layers.Input((2, 3, 1)),
        *(kind(2, 3, strides=2, padding="same", output_padding=1, activation="relu") for kind in make),
    ])  # fmt: skip
    assert model.output_shape == (None, 8, 12, 2)
    model.save(tmp_path / "m.keras")
    again = tf.keras.models.load_model(tmp_path / "m.keras")
    assert again.get_config() == model.get_config()
    np.testing.assert_array_equal(*together(X[:2, :2, :3], again, model))


def test_a_loss_says_what_it_computes() -> None:
    loss = tf.keras.losses.BinaryCrossentropy(from_logits=True)
    assert "binary_crossentropy" in repr(loss) and "'from_logits': True" in repr(loss)
    assert repr(tf.keras.losses.get("mse")).startswith("<function mean_squared_error")

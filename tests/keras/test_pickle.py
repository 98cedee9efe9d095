"""Models, layers, metrics and the rest under `pickle`, `copy` and `json`; legacy `.h5` files; what configs may hold."""

from __future__ import annotations

import copy
import json
import pathlib
import pickle
from typing import Any

import h5py
import numpy as np
import pytest

import headwater as tf
from tests.keras.together import together

keras = tf.keras
layers = keras.layers
X = np.random.RandomState(0).uniform(size=(6, 4)).astype("float32")
COPIES = {"pickle": lambda x: pickle.loads(pickle.dumps(x)), "deepcopy": copy.deepcopy}
each_way = pytest.mark.parametrize("way", COPIES)


def _plus_one(x: Any) -> Any:
    return x + 1.0


class Applied(layers.Layer):
    def __init__(self, function: Any, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.function = function

    def call(self, x: Any) -> Any:
        return self.function(x)


class Subclassed(keras.Model):
    def __init__(self, units: int = 2, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.units = units
        self.dense = layers.Dense(units)

    def call(self, x: Any) -> Any:
        return self.dense(x)


@pytest.fixture(scope="module")
def trained() -> Any:
    model = keras.Sequential([layers.Input((4,)), layers.Dense(3, activation="relu"), layers.Dense(1)])
    model.compile(keras.optimizers.Adam(keras.optimizers.schedules.CosineDecay(0.1, 10)), "mse", metrics=["mae"])
    model.fit(X, X[:, :1], verbose=0)
    return model


@each_way
def test_a_trained_model(way: str, trained: Any) -> None:
    again = COPIES[way](trained)
    np.testing.assert_array_equal(*together(X, again, trained))
    for a, b in zip(trained.optimizer.variables, again.optimizer.variables, strict=True):
        np.testing.assert_array_equal(a.numpy(), b.numpy())
    again.set_weights([w * 0 for w in again.get_weights()])
    assert np.abs(trained.get_weights()[0]).sum() > 0


@each_way
@pytest.mark.filterwarnings("ignore:A lambda is saved")
def test_what_the_user_made(way: str) -> None:
    model = keras.Sequential(
        [layers.Input((4,)), Applied(_plus_one), layers.Lambda(lambda x: _plus_one(x)), layers.Dense(1, _plus_one)]
    )
    again = COPIES[way](model)
    np.testing.assert_array_equal(*together(X, again, model))
    subclassed = Subclassed(3)
    subclassed.build(X.shape)
    np.testing.assert_array_equal(*together(X, COPIES[way](subclassed), subclassed))


@each_way
def test_a_layer_and_a_metric_keep_their_state(way: str) -> None:
    layer = layers.BatchNormalization()
    layer.build(X.shape)
    layer.set_weights(np.arange(16).reshape(4, 4))
    np.testing.assert_array_equal(COPIES[way](layer).get_weights(), layer.get_weights())
    assert not COPIES[way](layers.Dense(2)).built
    metric = keras.metrics.Mean(name="mine")
    metric.update_state([1.0, 4.0])
    again = COPIES[way](metric)
    assert (again.name, float(again.result())) == ("mine", 2.5)
    metric.update_state([10.0])
    assert float(again.result()) == 2.5


OBJECTS = {
    "dense": lambda: layers.Dense(2, kernel_regularizer="l2", kernel_constraint="max_norm", dtype="mixed_bfloat16"),
    "norm": lambda: layers.BatchNormalization(gamma_initializer=keras.initializers.Constant(2.0)),
    "conv": lambda: layers.Conv2D(np.int64(2), np.int32(3), activation="relu"),
    "prelu": lambda: layers.PReLU(shared_axes=[1]),
    "dropout": lambda: layers.Dropout(np.float32(0.5)),
    "input": lambda: layers.InputLayer((2,), optional=True),
    "model": lambda: keras.Sequential([layers.Input((2,)), layers.Dense(1)]),
    "adam": lambda: keras.optimizers.Adam(keras.optimizers.schedules.CosineDecay(0.1, 10)),
    "sgd": lambda: keras.optimizers.SGD(np.float32(0.1), momentum=0.9),
    "schedule": lambda: keras.optimizers.schedules.ExponentialDecay(0.1, 10, 0.9),
    "initializer": lambda: keras.initializers.Constant(np.arange(3)),
    "orthogonal": lambda: keras.initializers.Orthogonal(seed=np.int64(3)),
    "regularizer": lambda: keras.regularizers.L1L2(np.float32(0.1), 1),
    "constraint": lambda: keras.constraints.MinMaxNorm(0.1),
    "metric": lambda: keras.metrics.Mean(),
    "policy": lambda: keras.DTypePolicy("mixed_float16"),
}


@pytest.mark.parametrize("name", OBJECTS)
def test_configs_are_json(name: str) -> None:
    item = OBJECTS[name]()
    config = json.loads(json.dumps(item.get_config()))
    again = type(item).from_config(config)
    assert json.loads(json.dumps(again.get_config())) == config


@pytest.mark.parametrize(
    "value",
    [slice(1, None, 2), ..., tf.TensorSpec((None, 2), tf.int32, "x"), layers.Dense, b"ab", np.arange(3), _plus_one,
     tf.float16, {"a": [slice(1), ...]}, np.float64(2.5)],
    ids=lambda value: type(value).__name__,
)  # fmt: skip
def test_values_within_configs(value: Any) -> None:
    text = json.dumps(keras.saving.serialize_keras_object(value))
    again = keras.saving.deserialize_keras_object(json.loads(text), custom_objects={"_plus_one": _plus_one})
    np.testing.assert_equal(again, value.name if value is tf.float16 else value)


@keras.saving.register_keras_serializable("tests")
class Wrapping(layers.Layer):
    def __init__(self, inner: Any, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.inner = inner

    def call(self, x: Any) -> Any:
        return self.inner(x)

    def get_config(self) -> Any:
        return {**super().get_config(), "inner": keras.saving.serialize_keras_object(self.inner)}

    @classmethod
    def from_config(cls, config: Any) -> Any:
        inner = keras.saving.deserialize_keras_object(config.pop("inner"))
        assert isinstance(inner, layers.Dense)
        return cls(inner, **config)


def test_a_layer_may_read_its_own_config(tmp_path: pathlib.Path) -> None:
    model = keras.Sequential([layers.Input((4,)), Wrapping(layers.Dense(2))])
    model.save(tmp_path / "m.keras")
    np.testing.assert_array_equal(*together(X, keras.models.load_model(tmp_path / "m.keras"), model))


# Legacy files ----------------------------------------------------------------------------------------------------


def test_legacy_files_hold_models_and_their_training(trained: Any, tmp_path: pathlib.Path) -> None:
    trained.save(tmp_path / "m.h5")
    again = keras.models.load_model(tmp_path / "m.h5")
    assert int(again.optimizer.iterations) == int(trained.optimizer.iterations) == 1
    assert keras.models.load_model(tmp_path / "m.h5", compile=False).optimizer is None
    other = keras.Sequential([layers.Input((4,)), layers.Dense(3, activation="relu"), layers.Dense(1)])
    other.load_weights(tmp_path / "m.h5")
    expected, *found = together(X, trained, again, other)
    for values in found:
        np.testing.assert_array_equal(values, expected)
    smaller = keras.Sequential([layers.Input((4,)), layers.Dense(3, name=trained.layers[0].name)])
    with pytest.raises(ValueError, match="Model expected 1 layers, found 2"):
        smaller.load_weights(tmp_path / "m.h5")
    smaller.load_weights(tmp_path / "m.h5", by_name=True)
    np.testing.assert_array_equal(smaller.get_weights()[0], trained.get_weights()[0])


def test_legacy_files_of_branching_models(tmp_path: pathlib.Path) -> None:
    inputs = layers.Input((4,))
    inner = keras.Sequential([layers.Input((4,)), layers.Dense(3), layers.BatchNormalization()])
    model = keras.Model(inputs, [layers.Add()([inner(inputs), inner(layers.Dense(4)(inputs))]), inputs])
    model.save(tmp_path / "m.h5")
    again = keras.models.load_model(tmp_path / "m.h5")
    np.testing.assert_array_equal(*together(X, lambda x: again(x)[0], lambda x: model(x)[0]))


def test_configs_of_keras_2_are_read(tmp_path: pathlib.Path) -> None:
    model = keras.Sequential([layers.Input((4,), name="in"), layers.Dense(2, name="d")], name="m")
    model.save(tmp_path / "m.h5")
    dense = {"name": "d", "trainable": True, "dtype": "float32", "units": 2, "activation": "linear", "use_bias": True,
             "kernel_initializer": {"class_name": "GlorotUniform", "config": {"seed": None}}}  # fmt: skip
    first = {"batch_input_shape": [None, 4], "dtype": "float32", "sparse": False, "ragged": False, "name": "in"}
    config = {"class_name": "Functional", "config": {"name": "m", "trainable": True, "layers": [
        {"class_name": "InputLayer", "config": first, "name": "in", "inbound_nodes": []},
        {"class_name": "Dense", "config": dense, "name": "d", "inbound_nodes": [[["in", 0, 0, {}]]]},
    ], "input_layers": [["in", 0, 0]], "output_layers": [["d", 0, 0]]}}  # fmt: skip
    with h5py.File(tmp_path / "m.h5", "a") as file:
        file.attrs["model_config"] = json.dumps(config)
    np.testing.assert_array_equal(keras.models.load_model(tmp_path / "m.h5")(X).numpy(), model(X).numpy())


@pytest.mark.parametrize("ending", [".keras", ".h5"])
@pytest.mark.parametrize("dtype", ["bfloat16", "float16", "float64"])
def test_weights_of_every_float(ending: str, dtype: str, tmp_path: pathlib.Path) -> None:
    model = keras.Sequential([layers.Input((4,)), layers.Dense(2, dtype=dtype)])
    model.save(tmp_path / f"m{ending}")
    again = keras.models.load_model(tmp_path / f"m{ending}")
    assert again.get_weights()[0].dtype == model.get_weights()[0].dtype
    np.testing.assert_array_equal(again.get_weights()[0], model.get_weights()[0])


class _Named(tf.keras.layers.Layer):
    def call(self, x: Any) -> Any:
        return x


@pytest.mark.parametrize("optimizer", ["adam", "sgd", "loss scale"])
@pytest.mark.parametrize("how", ["pickle", "deepcopy", "keras", "h5"])
def test_compiled_but_untrained_models_come_back_without_a_warning(
    how: str, optimizer: str, tmp_path: pathlib.Path
) -> None:
    model = tf.keras.Sequential([tf.keras.Input((3,)), tf.keras.layers.Dense(1)])
    made = (
        tf.keras.optimizers.LossScaleOptimizer(tf.keras.optimizers.Adam()) if optimizer == "loss scale" else optimizer
    )
    model.compile(made, "mse")
    model.optimizer.learning_rate = 0.125
    if how in ("keras", "h5"):
        model.save(tmp_path / f"m.{how}")
        again = tf.keras.models.load_model(tmp_path / f"m.{how}")
    else:
        again = copy.deepcopy(model) if how == "deepcopy" else pickle.loads(pickle.dumps(model))
    assert float(again.optimizer.learning_rate) == 0.125


def test_classes_made_in_functions_are_copied_but_not_pickled() -> None:
    class Local(_Named):
        pass

    model = tf.keras.Sequential([tf.keras.Input((3,)), Local()])
    assert type(copy.deepcopy(model).layers[0]) is Local
    with pytest.raises(pickle.PicklingError, match=r"<locals>.Local, which is defined inside a function: .* Expected"):
        pickle.dumps(model)
    with pytest.raises(pickle.PicklingError, match="Local"):
        pickle.dumps(Local())

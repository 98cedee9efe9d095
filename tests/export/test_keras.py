"""The demo's model, trained on real digits, as a LiteRT model and in TensorBoard's graph tab."""

import warnings
from pathlib import Path

import numpy as np
import pytest
from google.protobuf import text_format
from tensorboard.backend.event_processing.data_provider import MultiplexerDataProvider
from tensorboard.backend.event_processing.plugin_event_multiplexer import EventMultiplexer
from tensorboard.compat.proto.graph_pb2 import GraphDef
from tensorboard.context import RequestContext
from tensorboard.plugins.base_plugin import TBContext

import headwater as tf
from headwater.export.graphdef import model_graph_def
from headwater.export.lite import convert_keras_model, verify

with warnings.catch_warnings():
    # What TensorBoard vendors (bleach, html5lib) warns of its own age when imported.
    warnings.simplefilter("ignore", DeprecationWarning)
    from tensorboard.plugins.graph.graphs_plugin import GraphsPlugin


@pytest.fixture(scope="module")
def digits():
    (x_train, y_train), (x_test, y_test) = tf.keras.datasets.digits.load_data()
    return (x_train / np.float32(255), y_train), (x_test / np.float32(255), y_test)


@pytest.fixture(scope="module")
def logdir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("logs")


@pytest.fixture(scope="module")
def model(digits, logdir):
    layers = tf.keras.layers
    model = tf.keras.Sequential([
        tf.keras.Input((28, 28), name="pixels"),
        layers.Flatten(name="flatten"),
        layers.Dense(128, activation="relu", name="hidden"),
        layers.Dropout(0.2, name="dropout"),
        layers.Dense(10, activation="softmax", name="digit"),
    ], name="mlp")  # fmt: skip
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    model.fit(*digits[0], epochs=1, verbose=0, callbacks=[tf.keras.callbacks.TensorBoard(logdir)])
    return model


def test_trained_model_predicts_the_same_in_litert(model, digits):
    images, labels = digits[1]
    expected = model.predict(images, verbose=0)
    content = convert_keras_model(model)
    assert verify(content, [images], [expected], tolerance=1e-5) < 1e-5
    assert verify(content, [images[:1]], [expected[:1]], tolerance=1e-5) < 1e-5
    assert np.mean(expected.argmax(1) == labels) > 0.85


def test_converter_of_tf_lite(model, digits, tmp_path):
    converter = tf.lite.TFLiteConverter.from_keras_model(model)
    converter.batch_size = 1
    path = tmp_path / "model.tflite"
    path.write_bytes(converter.convert())
    interpreter = tf.lite.Interpreter(model_path=str(path))
    runner = interpreter.get_signature_runner("serving_default")
    image = digits[1][0][:1]
    (found,) = runner(pixels=image).values()
    np.testing.assert_allclose(found, model(image).numpy(), atol=1e-5)
    assert interpreter.get_input_details()[0]["shape_signature"].tolist() == [1, 28, 28]


def test_functional_model_with_several_inputs_and_outputs():
    layers = tf.keras.layers
    left, right = tf.keras.Input((3,), name="left"), tf.keras.Input((3,), name="right")
    shared = layers.Dense(4, activation="tanh")
    model = tf.keras.Model([left, right], [shared(left), layers.Dense(2)(shared(right))])
    x, y = (np.random.default_rng(i).normal(size=(5, 3)).astype(np.float32) for i in range(2))
    verify(convert_keras_model(model), [x, y], model([tf.constant(x), tf.constant(y)]))


def test_model_that_was_not_built_is_refused():
    model = tf.keras.Sequential([tf.keras.layers.Dense(2)])
    with pytest.raises(ValueError, match=r"Start it with keras\.Input"):
        convert_keras_model(model)
    assert not model_graph_def(model).node


def test_callback_shows_the_model_in_the_graph_tab(model, logdir):
    multiplexer = EventMultiplexer()
    multiplexer.AddRunsFromDirectory(str(logdir))
    multiplexer.Reload()
    plugin = GraphsPlugin(TBContext(data_provider=MultiplexerDataProvider(multiplexer, str(logdir))))
    info = plugin.info_impl(RequestContext(), "")["train"]
    assert info["run_graph"]
    assert info["tags"]["keras"]["conceptual_graph"]
    operations = _nodes(plugin, None, False)
    assert operations["mlp/hidden/Relu"].op == "Relu"
    assert operations["mlp/digit/Softmax"].op == "Softmax"
    assert any(node.op == "VarHandleOp" for node in operations.values())
    layers = _nodes(plugin, "keras", True)
    assert list(layers) == ["mlp/pixels", "mlp/flatten", "mlp/hidden", "mlp/dropout", "mlp/digit"]
    assert list(layers["mlp/digit"].input) == ["mlp/dropout"]


def _nodes(plugin, tag, conceptual):
    text, _ = plugin.graph_impl(RequestContext(), "train", tag, conceptual, "")
    return {node.name: node for node in text_format.Parse(text, GraphDef()).node}


@pytest.mark.parametrize("padding", ["valid", "same"])
def test_transposed_convolutions(padding):
    layer = tf.keras.layers.Conv2DTranspose(3, 3, strides=2, padding=padding)
    model = tf.keras.Sequential([tf.keras.Input((3, 4, 2)), layer])
    image = np.random.RandomState(0).uniform(size=(1, 3, 4, 2)).astype("float32")
    assert verify(convert_keras_model(model), [image], [model(image).numpy()], tolerance=1e-5) < 1e-5

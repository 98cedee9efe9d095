"""What every layer must do: config round trip, shapes, dtypes, names, serialization, effects of every argument."""

from __future__ import annotations

import inspect
from typing import Any

import numpy as np
import pytest

import headwater as tf

layers = tf.keras.layers

# Layer class -> arguments, input shapes, other values of each argument that must change something.
ROWS: dict[str, tuple[dict[str, Any], list[tuple[int, ...]]]] = {
    "Dense": ({"units": 3}, [(2, 4)]),
    "Activation": ({"activation": "relu"}, [(2, 4)]),
    "Flatten": ({}, [(2, 3, 4)]),
    "Reshape": ({"target_shape": (2, 2)}, [(2, 4)]),
    "Permute": ({"dims": (2, 1)}, [(2, 3, 4)]),
    "RepeatVector": ({"n": 3}, [(2, 4)]),
    "Rescaling": ({"scale": 0.5, "offset": 1.0}, [(2, 4)]),
    "ReLU": ({"max_value": 1.0, "negative_slope": 0.1, "threshold": 0.2}, [(2, 4)]),
    "LeakyReLU": ({"negative_slope": 0.2}, [(2, 4)]),
    "ELU": ({"alpha": 0.5}, [(2, 4)]),
    "PReLU": ({}, [(2, 4)]),
    "Softmax": ({"axis": -1}, [(2, 4)]),
    "Conv1D": ({"filters": 3, "kernel_size": 2}, [(2, 6, 4)]),
    "Conv2D": ({"filters": 3, "kernel_size": 2}, [(2, 6, 5, 4)]),
    "Conv3D": ({"filters": 2, "kernel_size": 2}, [(1, 3, 4, 3, 2)]),
    "DepthwiseConv2D": ({"kernel_size": 2}, [(2, 6, 5, 4)]),
    "DepthwiseConv1D": ({"kernel_size": 2, "depth_multiplier": 2}, [(2, 6, 4)]),
    "SeparableConv1D": ({"filters": 3, "kernel_size": 2}, [(2, 6, 4)]),
    "SeparableConv2D": ({"filters": 3, "kernel_size": 2, "depth_multiplier": 2}, [(2, 6, 5, 4)]),
    "EinsumDense": ({"equation": "abc,cd->abd", "output_shape": (None, 3), "bias_axes": "d"}, [(2, 3, 4)]),
    "TimeDistributed": ({"layer": layers.Dense(3)}, [(2, 3, 4)]),
    "SpectralNormalization": ({"layer": layers.Dense(3)}, [(2, 4)]),
    "Conv1DTranspose": ({"filters": 3, "kernel_size": 2, "strides": 2}, [(2, 6, 4)]),
    "Conv2DTranspose": ({"filters": 3, "kernel_size": 2, "output_padding": 0}, [(2, 3, 4, 4)]),
    "Conv3DTranspose": ({"filters": 2, "kernel_size": 2}, [(1, 2, 3, 2, 2)]),
    "MaxPooling1D": ({}, [(2, 6, 4)]),
    "MaxPooling2D": ({}, [(2, 6, 5, 4)]),
    "AveragePooling1D": ({}, [(2, 6, 4)]),
    "AveragePooling2D": ({}, [(2, 6, 5, 4)]),
    "GlobalMaxPooling1D": ({}, [(2, 6, 4)]),
    "GlobalMaxPooling2D": ({}, [(2, 6, 5, 4)]),
    "GlobalAveragePooling1D": ({}, [(2, 6, 4)]),
    "GlobalAveragePooling2D": ({}, [(2, 6, 5, 4)]),
    "MaxPooling3D": ({}, [(1, 4, 2, 5, 3)]),
    "AveragePooling3D": ({}, [(1, 4, 2, 5, 3)]),
    "GlobalMaxPooling3D": ({}, [(1, 2, 3, 2, 3)]),
    "GlobalAveragePooling3D": ({}, [(1, 2, 3, 2, 3)]),
    "ZeroPadding1D": ({"padding": (1, 2)}, [(2, 3, 4)]),
    "ZeroPadding2D": ({"padding": ((1, 0), (2, 1))}, [(2, 3, 2, 4)]),
    "ZeroPadding3D": ({"padding": (1, 0, 2)}, [(1, 3, 2, 2, 2)]),
    "Cropping1D": ({"cropping": (1, 2)}, [(2, 5, 4)]),
    "Cropping2D": ({"cropping": ((1, 0), (0, 1))}, [(2, 3, 2, 4)]),
    "Cropping3D": ({"cropping": (1, 0, 0)}, [(1, 3, 2, 2, 2)]),
    "UpSampling1D": ({"size": 3}, [(2, 3, 4)]),
    "UpSampling2D": ({"size": (2, 3), "interpolation": "bilinear"}, [(2, 3, 2, 4)]),
    "UpSampling3D": ({"size": (2, 1, 2)}, [(1, 3, 2, 2, 2)]),
    "BatchNormalization": ({}, [(2, 4)]),
    "GroupNormalization": ({"groups": 2}, [(2, 3, 4)]),
    "UnitNormalization": ({}, [(2, 4)]),
    "RMSNormalization": ({}, [(2, 4)]),
    "SpatialDropout1D": ({"rate": 0.5}, [(2, 3, 4)]),
    "SpatialDropout2D": ({"rate": 0.5}, [(2, 3, 2, 4)]),
    "SpatialDropout3D": ({"rate": 0.5}, [(1, 3, 2, 2, 2)]),
    "GaussianDropout": ({"rate": 0.5}, [(2, 4)]),
    "AlphaDropout": ({"rate": 0.5}, [(2, 4)]),
    "LayerNormalization": ({}, [(2, 4)]),
    "Dropout": ({"rate": 0.5}, [(2, 4)]),
    "GaussianNoise": ({"stddev": 0.5}, [(2, 4)]),
    "ActivityRegularization": ({"l1": 0.1}, [(2, 4)]),
    "Identity": ({}, [(2, 4)]),
    "Masking": ({"mask_value": 0.5}, [(2, 3, 4)]),
    "Add": ({}, [(2, 4), (2, 4)]),
    "Subtract": ({}, [(2, 4), (2, 4)]),
    "Multiply": ({}, [(2, 4), (2, 4)]),
    "Average": ({}, [(2, 4), (2, 4)]),
    "Maximum": ({}, [(2, 4), (2, 4)]),
    "Minimum": ({}, [(2, 4), (2, 4)]),
    "Concatenate": ({}, [(2, 4), (2, 3)]),
    "Dot": ({"axes": 1}, [(2, 4), (2, 4)]),
}
each_layer = pytest.mark.parametrize("name", ROWS)


def given(kind: str, **more: Any) -> dict[str, Any]:
    """The arguments of a row; a layer among them is a new one, of the dtype that is asked for."""
    arguments = {**ROWS[kind][0], **more}
    if "layer" in arguments:
        inner = arguments["layer"]
        dtypes = {"dtype": more["dtype"]} if "dtype" in more else {}
        arguments["layer"] = type(inner).from_config({**inner.get_config(), **dtypes})
    return arguments


def _make(kind: str, **more: Any) -> Any:
    return getattr(layers, kind)(**given(kind, **more))


def _inputs(name: str, dtype: str = "float32") -> Any:
    values = [np.random.RandomState(i).uniform(-1, 1, s).astype(dtype) for i, s in enumerate(ROWS[name][1])]
    return values if len(values) > 1 else values[0]


@each_layer
def test_the_config_makes_an_equal_layer(name: str) -> None:
    layer = _make(name, name="mine", trainable=False)
    first = layer(_inputs(name)).numpy()
    config = layer.get_config()
    again = type(layer).from_config(
        tf.keras.saving.deserialize_keras_object(tf.keras.saving.serialize_keras_object(config))
    )
    again(_inputs(name))
    again.set_weights(layer.get_weights())
    np.testing.assert_array_equal(again(_inputs(name)).numpy(), first)
    assert again.get_config().keys() == config.keys()
    assert (again.name, again.trainable) == ("mine", False)
    assert set(config) >= set(ROWS[name][0]) - ({"l1"} if name != "ActivityRegularization" else set())


@each_layer
def test_symbolic_shapes_are_those_of_values(name: str) -> None:
    layer = _make(name)
    shapes = ROWS[name][1]
    symbolic = [tf.keras.Input(shape[1:]) for shape in shapes]
    output = layer(symbolic if len(symbolic) > 1 else symbolic[0])
    value = layer(_inputs(name))
    assert output.shape[0] is None
    assert tuple(output.shape)[1:] == tuple(value.shape)[1:]
    assert output.dtype is value.dtype
    given = [(None, *s[1:]) for s in shapes]
    assert layer.compute_output_shape(given if len(given) > 1 else given[0]) == tuple(output.shape)


@each_layer
def test_computes_in_the_dtype_of_its_policy(name: str) -> None:
    assert _make(name, dtype="float64")(_inputs(name, "float64")).dtype is tf.float64
    layer = _make(name, dtype="mixed_bfloat16")
    assert layer(_inputs(name)).dtype is tf.bfloat16
    assert all(w.dtype is tf.float32 for w in layer.weights)


@each_layer
def test_the_same_traced_and_eager(name: str) -> None:
    layer = _make(name)
    inputs = tf.nest.map_structure(tf.constant, _inputs(name))
    eager = layer(inputs).numpy()
    np.testing.assert_allclose(tf.function(lambda x: layer(x))(inputs).numpy(), eager, rtol=1e-5, atol=1e-6)


@each_layer
def test_every_argument_is_in_the_config(name: str) -> None:
    parameters = inspect.signature(getattr(layers, name).__init__).parameters.values()
    names = {p.name for p in parameters if p.kind not in (p.VAR_KEYWORD, p.VAR_POSITIONAL)} - {
        "self",
        "activity_regularizer",
        "autocast",
    }
    assert names <= set(_make(name).get_config())


def _weight(variable: Any) -> Any:
    values = np.random.RandomState(3).normal(size=variable.shape).astype("float32")
    return values - 1 if "kernel" in variable.name else np.abs(values)


def test_every_layer_has_a_row() -> None:
    found = {n for n in layers.__all__ if inspect.isclass(getattr(layers, n)) and getattr(layers, n).__name__ == n}
    assert found - set(ROWS) == {"Layer", "InputLayer", "InputSpec", "Lambda", "Embedding", "Wrapper"}


@pytest.mark.parametrize(
    ("name", "argument", "value"),
    [
        ("Dense", "activation", "relu"), ("Dense", "use_bias", False), ("Dense", "kernel_initializer", "ones"),
        ("Dense", "bias_initializer", "ones"), ("Dense", "kernel_regularizer", "l2"), ("Dense",
        "activity_regularizer", "l2"),
        ("Conv2D", "strides", 2), ("Conv2D", "padding", "same"), ("Conv2D", "dilation_rate", 2), ("Conv2D",
        "groups", 1),
        ("Conv2D", "activation", "relu"), ("Conv2D", "bias_regularizer", "l1"), ("MaxPooling2D", "pool_size", 3),
        ("MaxPooling2D", "padding", "same"), ("MaxPooling2D", "strides", 1), ("BatchNormalization", "epsilon", 0.5),
        ("BatchNormalization", "center", False), ("LayerNormalization", "epsilon", 0.5), ("LayerNormalization",
        "scale", False),
        ("GlobalAveragePooling2D", "keepdims", True), ("PReLU", "alpha_initializer", "ones"), ("Concatenate",
        "axis", 0),
    ],
)  # fmt: skip
def test_arguments_have_an_effect(name: str, argument: str, value: Any) -> None:
    if (argument, name) in (("groups", "Conv2D"), ("axis", "Concatenate")):
        inputs = [np.ones((2, 3), "float32")] * 2 if name == "Concatenate" else _inputs(name)
        base = _make(name) if name == "Concatenate" else _make(name, filters=4)
        other = _make(name, axis=0) if name == "Concatenate" else _make(name, filters=4, groups=2)
    else:
        inputs, base, other = _inputs(name), _make(name), _make(name, **{argument: value})

    def seen(layer: Any) -> Any:
        layer(inputs)
        before = [w.numpy() for w in layer.weights]
        layer.set_weights([_weight(w) for w in layer.weights])
        return [
            layer(inputs).numpy(),
            *[np.array(x) for x in layer.losses],
            *[b for b in before if (b == b.flat[0]).all()],
        ]

    first, second = seen(base), seen(other)
    same = len(first) == len(second) and all(
        a.shape == b.shape and np.allclose(a, b) for a, b in zip(first, second, strict=True)
    )
    assert not same


def test_dropout_drops_while_training_only() -> None:
    layer = layers.Dropout(0.4, seed=1)
    x = np.ones((200, 50), "float32")
    np.testing.assert_array_equal(layer(x, training=False), x)
    dropped = layer(x, training=True).numpy()
    assert set(np.unique(dropped).round(4)) == {0.0, np.float32(1 / 0.6).round(4)}
    assert abs((dropped == 0).mean() - 0.4) < 0.02
    assert not np.array_equal(layer(x, training=True).numpy(), dropped)
    np.testing.assert_array_equal(layers.Dropout(0.4, seed=1)(x, training=True).numpy(), dropped)
    shared = layers.Dropout(0.5, noise_shape=(None, 1))(x, training=True).numpy()
    assert all(len(np.unique(row)) == 1 for row in shared)


def test_names_are_numbered_and_variables_carry_them() -> None:
    tf.keras.backend.clear_session()
    first, second = layers.Dense(2), layers.Dense(2)
    second.build((None, 3))
    assert (first.name, second.name) == ("dense", "dense_1")
    assert [w.name for w in second.weights] == ["kernel", "bias"]
    assert [w.path for w in second.weights] == ["dense_1/kernel", "dense_1/bias"]


def test_layers_inside_attributes_are_found() -> None:
    class Block(layers.Layer):
        def __init__(self) -> None:
            super().__init__()
            self.first = layers.Dense(2)
            self.rest = [layers.Dense(2), {"x": layers.Dense(2)}]
            self.scale = self.add_weight(shape=(), initializer="ones", name="scale")

        def call(self, x: Any) -> Any:
            return self.rest[1]["x"](self.rest[0](self.first(x))) * self.scale

    block = Block()
    block(np.ones((1, 2), "float32"))
    assert len(block.weights) == 7
    assert len(block.trainable_variables) == 7
    block.trainable = False
    assert block.trainable_variables == []
    assert not block.rest[0].trainable
    assert len(block.non_trainable_variables) == 7
    block.trainable = True
    assert len(block.trainable_variables) == 7


def test_add_loss_and_training_reach_inner_layers() -> None:
    seen = []

    class Inner(layers.Layer):
        def call(self, x: Any, training: Any = None) -> Any:
            seen.append(training)
            self.add_loss(tf.reduce_sum(x))
            return x

    class Outer(layers.Layer):
        def __init__(self) -> None:
            super().__init__()
            self.inner = Inner()

        def call(self, x: Any) -> Any:
            return self.inner(x)

    outer = Outer()
    for training in (True, False):
        outer(tf.ones([2]), training=training)
    outer(tf.ones([2]))
    assert seen == [True, False, None]
    assert [float(x) for x in outer.losses] == [2.0]


def test_errors_say_what_was_expected() -> None:
    dense = layers.Dense(2)
    dense(np.ones((1, 3), "float32"))
    with pytest.raises(ValueError, match=r"expected axis -1 of input shape to have value 3, but received .*\(1, 4\)"):
        dense(np.ones((1, 4), "float32"))
    with pytest.raises(ValueError, match="min_ndim=2, found ndim=1"):
        dense(np.ones(3, "float32"))
    with pytest.raises(ValueError, match="positive integer"):
        layers.Dense(0)
    with pytest.raises(ValueError, match="Unrecognized keyword arguments"):
        layers.Dense(2, colour="red")
    with pytest.raises(ValueError, match="Could not interpret activation function identifier"):
        layers.Dense(2, activation="rleu")
    with pytest.raises(ValueError, match=r"A KerasTensor cannot be used as input to a tf function"):
        tf.nn.relu(tf.keras.Input((2,)))

    class Forgetful(layers.Layer):
        def __init__(self) -> None:
            pass

    with pytest.raises(RuntimeError, match="forgot to call"):
        Forgetful()(np.ones(2))


def test_embedding_takes_rows() -> None:
    layer = layers.Embedding(4, 2)
    table = np.arange(8, dtype="float32").reshape(4, 2)
    layer.build()
    layer.set_weights([table])
    np.testing.assert_array_equal(layer(np.array([[3, 0]])).numpy(), table[[[3, 0]]])
    assert layer(tf.keras.Input((5,), dtype="int32")).shape.as_list() == [None, 5, 2]


@pytest.mark.parametrize("axis", [-1, 0])
def test_sparsemax_gives_the_nearest_distribution(axis: int) -> None:
    x = np.random.RandomState(0).uniform(-1, 1, (4, 5)).astype("float32")
    found = tf.keras.activations.sparsemax(x, axis=axis).numpy()
    np.testing.assert_allclose(found.sum(axis), 1.0, rtol=1e-6)
    assert (found >= 0).all()
    assert (found == 0).any()
    rows, kept = np.moveaxis(x, axis, -1), np.moveaxis(found, axis, -1)
    for row, nearest in zip(rows, kept, strict=True):  # where it is not 0, it is the row less one number
        excess = (row - nearest)[nearest > 0]
        np.testing.assert_allclose(excess, excess[0], atol=1e-6)
        assert (row[nearest == 0] <= excess[0] + 1e-6).all()


def test_ids_that_are_no_rows_are_refused() -> None:
    layer = layers.Embedding(4, 2)
    ids = np.array([[3, 0]])
    wanted = layer(ids).numpy()
    for dtype in (np.int8, np.uint8, np.float32):
        np.testing.assert_array_equal(layer(ids.astype(dtype)), wanted)
    for call in (layer, tf.function(lambda x: layer(x))):
        for bad in (4, -1, -5):
            with pytest.raises(tf.errors.InvalidArgumentError, match=rf"= {bad} is not in \[0, 4\)"):
                call(np.array([[0, bad]]))


@pytest.mark.parametrize("name", ["Add", "Subtract", "Multiply", "Average", "Maximum", "Minimum"])
def test_booleans_are_no_numbers(name: str) -> None:
    yes = np.array([[True, False]])
    with pytest.raises(tf.errors.InvalidArgumentError, match="bool is not in the list of allowed values"):
        getattr(layers, name)()([yes, yes])
    assert getattr(layers, name)()([yes, np.array([[3, 4]])]).shape == (1, 2)

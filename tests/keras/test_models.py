"""Models as they are put together: any batch size, copies, configs, optional inputs; and what layers take and keep."""

from __future__ import annotations

import io
import json
from typing import Any

import numpy as np
import pytest

import headwater as tf
from tests.keras.together import together, traced_shape

keras = tf.keras
layers = keras.layers


def _ones(*shape: int) -> Any:
    return np.ones(shape, "float32")


def _called(*layers_: Any) -> Any:
    model = keras.Sequential(list(layers_))
    model(_ones(32, 3))
    return model


def _nested() -> Any:
    model = keras.Sequential([keras.Sequential([layers.Dense(2)]), layers.Dense(1)])
    model(_ones(32, 3))
    return model


def _loaded(tmp_path: Any) -> Any:
    _called(layers.Dense(1)).save(tmp_path / "m.keras")
    return keras.models.load_model(tmp_path / "m.keras")


def _built() -> Any:
    model = keras.Sequential([layers.Dense(1)])
    model.build((4, 3))
    return model


class Holding(keras.Model):
    def __init__(self) -> None:
        super().__init__()
        self.inner = keras.Sequential([layers.Dense(2), layers.Dense(1)])

    def call(self, x: Any) -> Any:
        return self.inner(x)


def _held() -> Any:
    model = Holding()
    model(_ones(32, 3))
    return model


def _fixed() -> Any:
    inputs = keras.Input((3,), batch_size=4)
    return keras.Model(inputs, layers.Dense(1)(inputs))


MODELS = {
    "called": lambda _: _called(layers.Dense(1)), "nested": lambda _: _nested(), "loaded": _loaded,
    "built": lambda _: _built(), "held": lambda _: _held(), "functional": lambda _: _fixed(),
    "reshaped": lambda _: _called(layers.Reshape((-1, 1)), layers.Flatten(), layers.Dense(1)),
    "normalized": lambda _: _called(layers.BatchNormalization(), layers.Dropout(0.5), layers.Dense(1)),
}  # fmt: skip


@pytest.mark.parametrize("name", MODELS)
def test_batches_of_any_size(name: str, tmp_path: Any) -> None:
    model = MODELS[name](tmp_path)
    for rows in (32, 1, 33):
        assert traced_shape(model, rows, 3) == [rows, 1]


def test_batches_of_any_size_eagerly_and_in_functions() -> None:
    for model in (_called(layers.Dense(1)), tf.function(keras.Sequential([layers.Dense(1)]))):
        for rows in (32, 1, 33):
            assert model(_ones(rows, 3)).shape == (rows, 1)


def test_sequential_knows_what_it_was_built_for() -> None:
    model = _called(layers.Dense(1))
    assert (model.input_shape, model.output_shape, model.built) == ((32, 3), (32, 1), True)
    assert keras.Sequential([model, layers.Dense(1)]).built
    assert not keras.Sequential([layers.Flatten()]).built
    model.add(layers.Dense(2))
    assert traced_shape(model, 5, 3) == [5, 2]
    with pytest.raises(ValueError, match=r"already been configured to use input shape \(32, 3\)"):
        model.build((None, 4))
    longer = keras.Sequential([layers.Conv1D(2, 2)])
    longer(_ones(1, 7, 4))
    assert traced_shape(longer, 2, 9, 4) == [2, 8, 2]
    with pytest.raises(ValueError, match=r"expected shape=\(1, 7, 4\), found shape=\(5, 4\)"):
        longer(_ones(5, 4))


def test_functional_models_check_all_other_sizes() -> None:
    with pytest.raises(ValueError, match=r"expected shape=\(None, 3\), found shape=\(4, 5\)"):
        _fixed()(_ones(4, 5))


class Shifted(layers.Layer):
    def call(self, x: Any, shift: Any = None) -> Any:
        return x if shift is None else x + shift


def test_optional_inputs() -> None:
    x, shift = keras.Input((2,), name="x"), keras.Input((2,), name="shift", optional=True)
    model = keras.Model({"x": x, "shift": shift}, Shifted()(x, shift=shift))
    again = keras.Model.from_config(json.loads(json.dumps(model.get_config())), {"Shifted": Shifted})
    for m in (model, again):
        assert m({"x": _ones(1, 2), "shift": _ones(1, 2)}).numpy().tolist() == [[2, 2]]
        assert m({"x": _ones(1, 2), "shift": None}).numpy().tolist() == [[1, 1]]


def test_optional_inputs_may_be_left_out_of_data() -> None:
    x, shift = keras.Input((2,), name="x"), keras.Input((2,), name="shift", optional=True)
    model = keras.Model([x, shift], Shifted()(x, shift=shift))
    model.compile("sgd", "mse")
    ones = _ones(3, 2)
    for data in ([ones, None], {"x": ones, "shift": None}):
        np.testing.assert_array_equal(model.predict(data, batch_size=2, verbose=0), ones)
    np.testing.assert_array_equal(model.predict([ones, ones], batch_size=2, verbose=0), 2 * ones)
    assert model.evaluate([ones, None], ones, verbose=0) == 0.0
    assert model.train_on_batch([ones, None], 3 * ones) == 4.0
    assert model.fit([ones, None], 3 * ones, batch_size=2, verbose=0).history["loss"] == [4.0]
    with pytest.raises(ValueError, match="received None within y"):
        model.fit([ones, None], [None], verbose=0)


class Picked(layers.Layer):
    def call(self, x: Any) -> Any:
        return x["a"] + 2 * x["b"]


@pytest.mark.parametrize(
    ("first", "data", "value"),
    [(layers.Add, [_ones(3, 2), _ones(3, 2)], 4), (Picked, {"a": _ones(3, 2), "b": _ones(3, 2)}, 6)],
)
def test_sequential_of_several_inputs(first: Any, data: Any, value: float, tmp_path: Any) -> None:
    model = keras.Sequential([first(), layers.Dense(1, kernel_initializer="ones")])
    assert model.predict(data, verbose=0).tolist() == [[value]] * 3
    assert (model.built, len(model.weights)) == (True, 2)
    inputs = tf.nest.map_structure(lambda x: keras.Input(x.shape[1:]), data)
    assert keras.Model(inputs, model(inputs)).output_shape == (None, 1)
    model.save(tmp_path / "m.keras")
    again = keras.models.load_model(tmp_path / "m.keras", {"Picked": Picked})
    assert again.predict(data, verbose=0).tolist() == [[value]] * 3


@pytest.mark.parametrize("outputs", [lambda y: (y, y), lambda y: [y, y], lambda y: {"a": y, "b": y}])
def test_configs_keep_the_structure_of_outputs(outputs: Any) -> None:
    inputs = keras.Input((2,))
    model = keras.Model((inputs,), outputs(layers.Dense(1)(inputs)))
    again = keras.Model.from_config(model.get_config())
    assert type(again(_ones(1, 2))) is type(model(_ones(1, 2))) is type(outputs(0))


def test_a_list_of_one_output_is_that_output() -> None:
    inputs = keras.Input((2,))
    assert keras.Model([inputs], [layers.Dense(1)(inputs)])(_ones(3, 2)).shape == (3, 1)


# Copies ----------------------------------------------------------------------------------------------------------


def _without_bias(layer: Any) -> Any:
    return type(layer).from_config(
        {**layer.get_config(), **({"use_bias": False} if hasattr(layer, "use_bias") else {})}
    )


def test_clones() -> None:
    inner = keras.Sequential([keras.Input((3,)), layers.Dense(2), layers.Lambda(lambda x: x * 2)])
    inputs = keras.Input((3,))
    model = keras.Model(inputs, layers.Dense(1)(inner(inputs)))
    model.compile("sgd", "mse")
    clone = keras.models.clone_model(model)
    assert clone.compiled
    assert clone.optimizer is not model.optimizer
    clone.set_weights(model.get_weights())
    np.testing.assert_array_equal(*together(_ones(2, 3), clone, model))
    seen: list[str] = []

    def note(layer: Any) -> Any:
        seen.append(type(layer).__name__)
        return _without_bias(layer)

    sequential = keras.Sequential([keras.Input((3,)), layers.Dense(2), layers.ReLU(), layers.Dense(1)])
    assert [len(layer.weights) for layer in keras.models.clone_model(sequential, clone_function=note).layers] == [
        1,
        0,
        1,
    ]
    assert seen == ["Dense", "ReLU", "Dense"]
    nested = keras.Model(inputs, layers.Dense(1)(sequential(inputs)))
    assert len(keras.models.clone_model(nested, clone_function=note, recursive=True).weights) == 3
    other = keras.models.clone_model(nested, input_tensors=keras.Input((3,), name="other"))
    assert other.input_names == ["other"]
    with pytest.raises(ValueError, match="only supported for Sequential models or Functional models"):
        keras.models.clone_model(Holding(), clone_function=note)


# Layers ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("value", [np.array([[1, 2]]), np.array([[1, 2]], "uint8"), tf.constant([[1, 2]])])
@pytest.mark.parametrize(
    ("layer", "expected"),
    [
        (lambda: layers.Dense(1, kernel_initializer="ones"), [[3]]), (lambda: layers.PReLU(), [[1, 2]]),
        (lambda: layers.LayerNormalization(epsilon=1e-7), [[-1, 1]]),
        (lambda: layers.Activation("tanh"), np.tanh([[1, 2]])),
        (lambda: layers.BatchNormalization(epsilon=0.0), [[1, 2]]), (lambda: layers.Rescaling(2.0), [[2, 4]]),
    ],
)  # fmt: skip
def test_integers_are_computed_with_as_floats(layer: Any, expected: Any, value: Any) -> None:
    result = layer()(value)
    assert result.dtype is tf.float32
    np.testing.assert_allclose(result, expected, rtol=1e-5)
    assert layer()(keras.Input((2,), dtype="int32")).dtype is tf.float32


def test_means_of_booleans_and_integers() -> None:
    images = np.array([[[[200], [255]], [[250], [255]]]], "uint8")
    found = together(
        (images, np.array([[[True], [False]]])), lambda x, _: layers.GlobalAveragePooling2D()(x),
        lambda x, _: layers.AveragePooling2D()(x), lambda _, x: layers.GlobalAveragePooling1D()(x),
    )  # fmt: skip
    assert [value.numpy().tolist() for value in found] == [[[240]], [[[[240]]]], [[0.5]]]
    assert layers.Flatten()(images).dtype is tf.uint8


def test_penalties_and_constraints_of_integers() -> None:
    values = np.array([[1, -2], [3, 4]])
    layer = layers.ActivityRegularization(l2=0.5)
    functions = (
        *(keras.regularizers.L1(0.1), keras.regularizers.L2(0.1), keras.regularizers.L1L2(0.1, 0.1)),
        *(keras.constraints.NonNeg(), keras.constraints.UnitNorm(), keras.constraints.Constraint()),
        lambda x: (layer(x), layer.losses[0])[1],
    )
    *penalties, positive, unit, same, activity = together(values, *functions)
    np.testing.assert_allclose(penalties, [1.0, 3.0, 4.0], rtol=1e-6)
    assert positive.numpy().tolist() == [[1, 0], [3, 4]]
    np.testing.assert_allclose(np.linalg.norm(unit, axis=0), [1, 1], rtol=1e-5)
    assert same.numpy().tolist() == values.tolist()
    assert float(activity) == 7.5


def test_layers_without_weights_are_built_at_once() -> None:
    at_once = [layers.ReLU(), layers.Dropout(0.5), layers.Activation("relu"), layers.MaxPooling1D(), layers.Softmax()]
    later = [layers.Dense(1), layers.Flatten(), layers.Add(), layers.Lambda(abs), layers.PReLU(), layers.Layer()]
    assert [layer.built for layer in at_once + later] == [True] * len(at_once) + [False] * len(later)


def test_subclasses_of_layers_without_weights_may_have_some() -> None:
    class Scaled(layers.ReLU):
        def build(self, input_shape: Any) -> None:
            self.factor = self.add_weight((), "ones", name="factor")

        def call(self, x: Any) -> Any:
            return super().call(x) * self.factor

    layer = Scaled()
    assert not layer.built
    assert layer(_ones(1, 2)).numpy().tolist() == [[1, 1]]
    assert len(layer.weights) == 1


def test_what_may_be_changed_afterwards() -> None:
    layer = layers.Dense(2, activation="relu", kernel_initializer="ones")
    layer.activation = None
    layer.dtype_policy = "mixed_bfloat16"
    (value,) = together(-_ones(1, 3), layer)
    assert value.numpy().astype("float32").tolist() == [[-3, -3]]
    assert layer.get_config()["activation"] == "linear"
    assert (layer.kernel.dtype, layer.dtype_policy.name) == (tf.float32, "mixed_bfloat16")
    for name, value in [("a", layers.Dense(1)), ("b", [layers.Dense(1)]), ("c", keras.metrics.Mean())]:
        with pytest.raises(ValueError, match=f"'{layer.name}' is built already, so attribute `{name}` cannot add"):
            setattr(layer, name, value)
    with pytest.raises(ValueError, match="is built already, so weight 'w'"):
        layer.add_weight((2,), name="w")
    layer.note = "more"
    model = _fixed()
    model.extra = layers.Dense(3)
    assert len(model.layers) == 2


def test_a_subclass_may_add_weights_around_its_base() -> None:
    class Biased(layers.Dense):
        def build(self, input_shape: Any) -> None:
            super().build(input_shape)
            self.extra = self.add_weight((self.units,), "ones", name="extra")

    layer = Biased(2)
    layer.build((None, 3))
    assert [len(layer.weights), len(_called(Biased(1)).weights)] == [3, 3]


@pytest.mark.parametrize(
    "shapes", [lambda s: (s[0], 7), lambda s: [(s[0], 7), (s[0], 1)], lambda s: ((s[0], 7), (s[0], 1))]
)
def test_a_layer_that_says_its_shapes_is_not_traced(shapes: Any) -> None:
    class Told(layers.Layer):
        def compute_output_shape(self, input_shape: Any) -> Any:
            return shapes(input_shape)

        def call(self, x: Any) -> Any:
            raise RuntimeError("traced")

    output = Told(dtype="mixed_float16")(keras.Input((2,)))
    first = output[0] if isinstance(output, list | tuple) else output
    assert (first.shape, first.dtype) == ((None, 7), tf.float16)


@pytest.mark.parametrize(
    ("target", "given", "expected"),
    [((3, 5), (2, None), (2, 3, 5)), ((-1, 5), (2, None), (2, None, 5)), ((-1,), (None, None, 3), (None, None)),
     ((-1, 3), (None, 2, 3), (None, 2, 3)), ((), (None, 1), (None,)), ((2, None), (None, 6), (None, 2, 3))],
)  # fmt: skip
def test_reshape(target: Any, given: Any, expected: Any) -> None:
    assert layers.Reshape(target)(keras.Input(batch_shape=given)).shape.as_list() == list(expected)


def test_merging_checks_shapes() -> None:
    a, b = _ones(2, 3, 4), _ones(2, 5, 4)
    for make, inputs, message in [
        (layers.Concatenate, [a, b], "matching shapes except for the concatenation axis"),
        (layers.Concatenate, [a, _ones(2, 3)], "matching shapes"), (layers.Add, [a, b], "incompatible shapes"),
        (layers.Add, [_ones(2, 3), _ones(3, 3)], "different batch sizes"), (layers.Add, a, "a list of inputs"),
        (lambda: layers.Dot(1), [a, b], r"axis values 3 \(at axis 1\) != 5"),
        (lambda: layers.Dot(0), [a, a], "other than that of the batch"),
        (lambda: layers.Concatenate(axis=5), [a, a], "expected an axis in"),
    ]:  # fmt: skip
        with pytest.raises(ValueError, match=message):
            make()(inputs)
    inputs = [keras.Input((3, 4)), keras.Input((5, 4))]
    with pytest.raises(ValueError, match="matching shapes"):
        layers.Concatenate()(inputs)


@pytest.mark.parametrize(
    ("axes", "shapes"),
    [((2, 2), [(2, 3, 4), (2, 5, 4, 6)]), ((3, 1), [(2, 3, 4, 5), (2, 5, 4)]), ((2, 3), [(2, 3, 4, 5), (2, 6, 7, 4)]),
     (-1, [(2, 3, 4), (2, 5, 4)]), (1, [(2, 3), (2, 3)]), ((1, 2), [(2, 3), (2, 4, 3)])],
)  # fmt: skip
def test_dot_of_every_rank(axes: Any, shapes: Any) -> None:
    x, y = [np.random.RandomState(i).normal(size=s).astype("float32") for i, s in enumerate(shapes)]
    a, b = (axes, axes) if isinstance(axes, int) else axes
    expected = np.stack([np.tensordot(p, q, ([a % x.ndim - 1], [b % y.ndim - 1])) for p, q in zip(x, y, strict=True)])
    expected = expected[:, None] if expected.ndim == 1 else expected
    np.testing.assert_allclose(layers.Dot(axes)([x, y]), expected, rtol=1e-4, atol=1e-5)


def test_summaries() -> None:
    model = Holding()
    model(_ones(1, 3))
    model.compile("adam", "mse")
    lines: list[str] = []
    model.summary(print_fn=lines.append)
    text = "\n".join(lines)
    assert "(1, 1)" in text
    assert "Total params: 11 (44.00 B)" in text


def test_older_names() -> None:
    backend = keras.backend
    variable = backend.variable([1, 2])
    backend.set_value(variable, [3, 4])
    assert backend.get_value(variable).tolist() == [3, 4]
    assert backend.int_shape(keras.Input((3,))) == (None, 3)
    mean, dot, flat = together(
        (np.array([1, 2]), _ones(2, 3)),
        lambda x, _: backend.mean(x),
        lambda _, y: backend.dot(y, tf.transpose(y)),
        lambda _, y: backend.batch_flatten(y[..., None]),
    )
    assert float(mean) == 1.5
    assert (dot.shape, flat.shape) == ((2, 2), (2, 3))
    assert layers.deserialize(layers.serialize(layers.Dense(3))).units == 3


def test_pictures() -> None:
    utils = keras.utils
    pixels = np.arange(24, dtype="float32").reshape(2, 4, 3)
    stream = io.BytesIO()
    utils.save_img(stream, pixels, file_format="png", scale=False)
    stream.seek(0)
    picture = utils.load_img(stream)
    np.testing.assert_array_equal(utils.img_to_array(picture), pixels)
    assert utils.img_to_array(picture, "channels_first").shape == (3, 2, 4)
    stream.seek(0)
    assert utils.img_to_array(utils.load_img(stream, "grayscale", target_size=(3, 5))).shape == (3, 5, 1)
    stream.seek(0)
    cut = utils.load_img(stream, target_size=(2, 2), keep_aspect_ratio=True)
    np.testing.assert_array_equal(utils.img_to_array(cut), pixels[:, 1:3])
    for bad in ({"color_mode": "blue"}, {"interpolation": "x"}):
        with pytest.raises(ValueError, match="to be one of"):
            utils.load_img(stream, **bad)
    with pytest.raises(ValueError, match="rank 3"):
        utils.array_to_img(pixels[0])

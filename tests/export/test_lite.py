"""LiteRT models from whole functions: signatures, dynamic batches, fusion, control flow, and what is refused."""

import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema
from ai_edge_litert.interpreter import Interpreter

import headwater as tf
from headwater.core import control
from headwater.export.lite import convert_concrete_function, run, verify

RNG = np.random.default_rng(0)


def normal(*shape):
    return (RNG.normal(size=shape) / np.sqrt(shape[0])).astype(np.float32)


def traced(function, *specs):
    return tf.function(function, autograph=False).get_concrete_function(*specs)


def operators(model):
    """The names of a model's operators, subgraph by subgraph."""
    names = {code: name for name, code in vars(schema.BuiltinOperator).items() if not name.startswith("_")}
    made = schema.ModelT.InitFromPackedBuf(model)
    return [[names[made.operatorCodes[op.opcodeIndex].builtinCode] for op in s.operators] for s in made.subgraphs]


def perceptron():
    hidden, digit = tf.Variable(normal(784, 128)), tf.Variable(normal(128, 10))
    biases = tf.Variable(normal(128)), tf.Variable(normal(10))

    def network(pixels):
        x = tf.array.reshape(tf.math.cast(pixels, tf.float32) / 255.0, [-1, 784])
        x = tf.nn.relu(tf.nn.bias_add(tf.linalg.matmul(x, hidden), biases[0]))
        return {"digit": tf.nn.softmax(tf.linalg.matmul(x, digit) + biases[1])}

    return traced(network, tf.TensorSpec([None, 28, 28], tf.uint8, name="pixels"))


def pixels(count):
    return RNG.integers(0, 256, size=(count, 28, 28)).astype(np.uint8)


@pytest.mark.parametrize("count", [1, 7, 100])
def test_one_model_serves_every_batch_size(count):
    function = perceptron()
    x = pixels(count)
    gap = verify(convert_concrete_function(function), [x], [function(tf.convert_to_tensor(x))["digit"]])
    assert gap < 1e-5


def test_activations_and_biases_are_fused():
    (names,) = operators(convert_concrete_function(perceptron()))
    assert names == ["CAST", "DIV", "RESHAPE", "FULLY_CONNECTED", "FULLY_CONNECTED", "SOFTMAX"]


def test_signature_names_inputs_and_outputs():
    runner = Interpreter(model_content=convert_concrete_function(perceptron())).get_signature_runner("serving_default")
    x = pixels(3)
    assert runner(pixels=x)["digit"].shape == (3, 10)


@pytest.mark.parametrize(("batch", "signature"), [(None, [-1, 28, 28]), (1, [1, 28, 28])])
def test_batch_may_be_fixed(batch, signature):
    model = convert_concrete_function(perceptron(), batch=batch)
    (detail,) = Interpreter(model_content=model).get_input_details()
    assert detail["shape_signature"].tolist() == signature
    assert detail["shape"].tolist() == [1, 28, 28]


def test_constants_are_aligned_in_the_file():
    model = convert_concrete_function(perceptron())
    parsed = schema.Model.GetRootAs(model)
    for i in range(parsed.BuffersLength()):
        buffer = parsed.Buffers(i)
        if not buffer.DataIsNone():
            start = buffer._tab.Vector(buffer._tab.Offset(4))
            assert start % 16 == 0


def test_convolution_takes_in_batch_norm_bias_and_activation():
    kernel, depthwise = tf.Variable(normal(3, 3, 3, 8)), tf.Variable(normal(3, 3, 8, 1))
    statistics = [np.abs(normal(8)) + 0.5 for _ in range(4)]

    def network(x):
        x = tf.nn.bias_add(tf.nn.conv2d(x, kernel, 1, "SAME"), statistics[0])
        x = tf.nn.relu6(tf.nn.batch_normalization(x, *statistics, 1e-3))
        x = tf.nn.depthwise_conv2d(x, depthwise, [1, 2, 2, 1], "VALID")
        x = tf.nn.relu(tf.nn.batch_normalization(x, *statistics, 1e-3))
        return tf.nn.max_pool2d(x, 2, 2, "SAME")

    function = traced(network, tf.TensorSpec([None, 9, 9, 3]))
    model = convert_concrete_function(function)
    assert operators(model) == [["CONV_2D", "DEPTHWISE_CONV_2D", "MAX_POOL_2D"]]
    images = normal(4, 9, 9, 3)
    verify(model, [images], [function(tf.convert_to_tensor(images))])


def test_values_that_others_read_are_not_fused():
    kernel = tf.Variable(normal(4, 4))

    def network(x):
        y = tf.linalg.matmul(x, kernel)
        return tf.nn.relu(y), y

    function = traced(network, tf.TensorSpec([None, 4]))
    model = convert_concrete_function(function)
    assert operators(model) == [["FULLY_CONNECTED", "RELU"]]
    x = normal(3, 4)
    verify(model, [x], function(tf.convert_to_tensor(x)))


def test_conditionals_and_loops_become_subgraphs():
    kernel = tf.Variable(normal(4, 4))

    def network(x, n):
        choose = tf.math.reduce_sum(x) > 0.0
        y = control.branch(choose, [lambda: tf.linalg.matmul(x, kernel), lambda: x], ["true", "false"], "tf.cond")
        return control.loop(lambda i, z: i < n, lambda i, z: (i + 1, z + y), [tf.convert_to_tensor(0), y])[1]

    function = traced(network, tf.TensorSpec([3, 4], name="x"), tf.TensorSpec([], tf.int32, name="n"))
    model = convert_concrete_function(function)
    assert operators(model)[0][-2:] == ["IF", "WHILE"]
    for sign in (1, -1):
        for count in (0, 3):
            x = sign * np.abs(normal(3, 4))
            verify(model, [x, np.int32(count)], [function(tf.convert_to_tensor(x), tf.convert_to_tensor(count))])


def test_range_of_a_size_known_at_run_time():
    function = traced(
        lambda x: x + tf.math.cast(tf.array.range(tf.array.shape(x)[0]), tf.float32), tf.TensorSpec([None])
    )
    x = normal(5)
    verify(convert_concrete_function(function), [x], [x + np.arange(5, dtype=np.float32)])


def test_outputs_may_be_inputs_constants_or_twice_the_same():
    def network(x):
        y = x * 2.0
        return x, y, y, tf.convert_to_tensor(np.ones(2, np.float32))

    function = traced(network, tf.TensorSpec([None, 2]))
    x = normal(3, 2)
    verify(convert_concrete_function(function), [x], [x, 2 * x, 2 * x, np.ones(2, np.float32)])


def test_everything_unsupported_is_listed_with_the_users_line():
    def network(x):
        y = tf.nn.moments(tf.math.cast(x, tf.float64), [0])[0]
        return tf.nn.crelu(x), y

    with pytest.raises(tf.errors.UnimplementedError) as caught:
        convert_concrete_function(traced(network, tf.TensorSpec([None, 2])))
    text = str(caught.value)
    assert "CRelu" in text
    assert "float64. Use tf.cast" in text
    assert text.count(f"{__file__}:") >= 3
    assert "Express them by other operations" in text


def test_forms_that_litert_lacks_are_refused():
    kernel = tf.Variable(normal(3, 3, 4, 2))
    function = traced(lambda x: tf.nn.conv2d(x, kernel, 1, "SAME", data_format="NCHW"), tf.TensorSpec([1, 4, 5, 5]))
    with pytest.raises(tf.errors.UnimplementedError, match=r"Conv2D with the layout NCHW; .* Build the model with"):
        convert_concrete_function(function)


def test_verify_finds_differences():
    model = convert_concrete_function(traced(lambda x: x + 1.0, tf.TensorSpec([2])))
    x = np.zeros(2, np.float32)
    assert run(model, [x])[0].tolist() == [1, 1]
    with pytest.raises(ValueError, match=r"differs by up to 1\.0"):
        verify(model, [x], [x])
    with pytest.raises(ValueError, match=r"expected float32\[3\], LiteRT gave float32\[2\]"):
        verify(model, [x], [np.ones(3, np.float32)])
    with pytest.raises(TypeError, match="expected float32, received int32"):
        verify(model, [x.astype(np.int32)], [x])
    with pytest.raises(ValueError, match="Expected 1 inputs"):
        verify(model, [x, x], [x])

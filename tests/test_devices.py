"""`tf.device`, `tf.config`, `tf.test`: devices of a session with several virtual CPU devices."""

# ruff: noqa: PT009, PT027  the class under test is a unittest.TestCase

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

import headwater as tf

pytestmark = pytest.mark.devices


def _device(number: int) -> str:
    return f"/job:localhost/replica:0/task:0/device:CPU:{number}"


def test_eager_results_land_on_the_device() -> None:
    with tf.device("/CPU:1"):
        made = [tf.constant([1.0]) + 1, tf.zeros([2]), tf.range(3), tf.random.normal([2])]
        with tf.device("/job:localhost/replica:0/task:0/device:CPU:2"):
            inner = tf.constant(1)
    assert {x.device for x in made} == {_device(1)}
    assert inner.device == _device(2)
    assert tf.constant(1).device == _device(0)


def test_a_function_called_on_a_device_runs_there() -> None:
    f = tf.function(lambda x: x * 2)
    with tf.device("/CPU:1"):
        assert f(tf.constant(1.0)).device == _device(1)
    assert f(tf.constant(1.0)).device == _device(0)


def test_a_device_inside_a_function_places_its_program() -> None:
    @tf.function
    def f(x: Any) -> Any:
        with tf.device("/CPU:1"):
            return x + 1

    result = f(tf.constant(1.0))
    assert result.device == _device(1)
    assert float(result) == 2.0


def test_soft_placement() -> None:
    with tf.device("/GPU:7"):
        assert tf.constant(1).device == _device(0)
    tf.config.set_soft_device_placement(False)
    try:
        with pytest.raises(tf.errors.InvalidArgumentError, match=r"Could not satisfy.*GPU:7.*CPU:0"):
            tf.device("/GPU:7")
    finally:
        tf.config.set_soft_device_placement(True)
    with pytest.raises(ValueError, match="Unknown attribute 'oven:1'"):
        tf.device("/oven:1")


def test_device_specs() -> None:
    spec = tf.DeviceSpec.from_string("/job:ps/replica:1/task:2/cpu:3")
    assert spec.to_string() == "/job:ps/replica:1/task:2/device:CPU:3"
    assert tf.DeviceSpec(device_type="GPU").to_string() == "/device:GPU:*"
    assert spec.make_merged_spec(tf.DeviceSpec(task=5)).task == 5
    assert spec.replace(job="x").job == "x"
    with tf.device(tf.DeviceSpec(device_type="CPU", device_index=3)):
        assert tf.constant(1).device == _device(3)


@pytest.fixture
def placements(caplog: pytest.LogCaptureFixture) -> Iterator[Any]:
    """What was logged since the last call, as (name, number of the CPU device)."""

    def take() -> list[tuple[str, int]]:
        lines = [m.removeprefix("Executing op ").replace(": (", " ", 1) for m in caplog.messages]
        caplog.clear()
        return [(line.split(" ")[0], int(line.rsplit(":", 1)[1])) for line in lines]

    tf.debugging.set_log_device_placement(True)
    yield take
    tf.debugging.set_log_device_placement(False)


def test_placements_of_eager_ops(placements: Any) -> None:
    x = tf.constant([1.0])
    assert tf.debugging.get_log_device_placement()
    with tf.device("/CPU:2"):
        x + 1.0
    with tf.GradientTape() as tape:
        tape.watch(x)
        x * x
    tf.strings.length("text")
    assert placements() == [("AddV2", 2), ("Mul", 0), ("StringLength", 0)]
    tf.debugging.set_log_device_placement(False)
    x + x
    assert placements() == []


def test_placements_of_functions(placements: Any) -> None:
    v = tf.Variable(1.0)

    @tf.function
    def f(x: Any) -> Any:
        return tf.sin(x) * v

    x = tf.constant(2.0)
    with tf.device("/CPU:1"):
        f(x)
    assert placements() == [("Sin", 1), ("Mul", 1), ("f", 1)]
    f(x)
    assert placements() == [("f", 0)]
    with tf.GradientTape() as tape:
        y = f(x)
    tape.gradient(y, v)
    assert placements() == [("f", 0), ("OnesLike", 0), ("fGrad", 0)]


def test_placements_of_functions_in_stages(placements: Any) -> None:
    @tf.function
    def f(x: Any) -> Any:
        return tf.strings.length(tf.strings.as_string(tf.sin(x))) + 1

    for nodes in ([["Sin", "Const"], ["Const", "AddV2"]], [[], []]):
        f(tf.constant(2.0))
        names = [*nodes[0], "AsString", "StringLength", *nodes[1], "f"]
        assert placements() == [(name, 0) for name in names]


def test_placements_of_training_and_prediction(placements: Any) -> None:
    layers = [tf.keras.layers.Input((2,)), tf.keras.layers.Dense(1, name="head")]
    model = tf.keras.Sequential(layers, name="placed")
    model.compile("sgd", "mse")
    x = np.ones((96, 2), np.float32)
    placements()
    model.fit(x, x[:, :1], batch_size=1, verbose=0)
    model.predict(x, batch_size=1, verbose=0)
    names = [name for name, _ in placements()]
    assert names.index("placed/head/MatMul") < names.index("train_step") < names.index("predict_step")


def test_logging_placements_shows_them_by_itself() -> None:
    program = """
        import logging
        import headwater as tf
        assert tf.get_logger() is logging.getLogger("tensorflow")
        tf.get_logger().info("hidden")
        tf.debugging.set_log_device_placement(True)
        tf.constant(1) + 1
        tf.get_logger().setLevel("ERROR")
        tf.constant(1) - 1
        tf.get_logger().setLevel("NOTSET")
        tf.debugging.set_log_device_placement(False)
        tf.get_logger().warning("shown")
    """
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, "-c", textwrap.dedent(program)]
    done = subprocess.run(command, check=True, capture_output=True, text=True, env=environment)
    assert done.stderr.splitlines() == [
        f"INFO:tensorflow:Executing op AddV2 in device {_device(0)}", "WARNING:tensorflow:shown"
    ]  # fmt: skip


def test_configuration_after_the_start_is_refused() -> None:
    tf.constant(1)
    cpu = tf.config.list_physical_devices("CPU")[0]
    with pytest.raises(RuntimeError, match="Virtual devices cannot be modified"):
        tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 9)
    with pytest.raises(RuntimeError, match="Intra op parallelism cannot be modified"):
        tf.config.threading.set_intra_op_parallelism_threads(3)
    tf.config.set_visible_devices(tf.config.list_physical_devices())
    with pytest.raises(ValueError, match="memory growth"):
        tf.config.experimental.set_memory_growth(cpu, True)


def test_configuration_before_the_start() -> None:
    program = """
        import headwater as tf
        cpus = tf.config.list_physical_devices("CPU")
        tf.config.set_visible_devices([], "GPU")
        tf.config.threading.set_intra_op_parallelism_threads(1)
        tf.config.set_logical_device_configuration(cpus[0], [tf.config.LogicalDeviceConfiguration()] * 3)
        assert len(tf.config.list_logical_devices("CPU")) == 3
        assert len(tf.config.get_logical_device_configuration(cpus[0])) == 3
        assert tf.config.threading.get_intra_op_parallelism_threads() == 1
        tf.config.experimental.enable_op_determinism()
        try:
            tf.random.normal([1])
        except RuntimeError as error:
            assert "require a seed" in str(error)
        else:
            raise AssertionError
        tf.random.set_seed(1)
        tf.random.normal([1])
    """
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    subprocess.run([sys.executable, "-c", textwrap.dedent(program)], check=True, env=environment)


def test_settings_are_remembered() -> None:
    tf.config.optimizer.set_jit(True)
    assert tf.config.optimizer.get_jit() == "autoclustering"
    tf.config.optimizer.set_jit(False)
    assert tf.config.optimizer.get_jit() == ""
    tf.config.optimizer.set_experimental_options({"constant_folding": True})
    assert tf.config.optimizer.get_experimental_options()["constant_folding"] is True
    assert tf.config.get_soft_device_placement()


def test_dlpack_round_trip() -> None:
    x = tf.constant([[1.0, 2.0]])
    y = tf.experimental.dlpack.from_dlpack(tf.experimental.dlpack.to_dlpack(x))
    assert y.numpy().tolist() == [[1.0, 2.0]]
    assert tf.experimental.dlpack.from_dlpack(np.arange(3)).numpy().tolist() == [0, 1, 2]


class _Case(tf.test.TestCase):
    def runTest(self) -> None:
        self.assertAllClose({"a": tf.constant([1.0])}, {"a": [1.0 + 1e-8]})
        self.assertAllEqual(tf.constant([1, 2]), [1, 2])
        self.assertAllInRange(tf.constant([1, 2]), 1, 2)
        self.assertNotAllClose([1.0], [2.0])
        self.assertEqual(self.evaluate([tf.constant(1)])[0], 1)
        with self.assertRaises(AssertionError):
            self.assertAllClose([1.0], [1.1])
        with self.assertRaises(AssertionError):
            self.assertAllEqual([1, 2], [[1, 2], [1, 2]])
        with self.assertRaises(AssertionError):
            self.assertAllGreater([1, 3], 2)


def test_test_case() -> None:
    result = _Case().run()
    assert result is not None
    assert result.wasSuccessful(), result.failures + result.errors


def test_tensor_protos() -> None:
    values = [np.arange(6, dtype=np.int64).reshape(2, 3), np.array([b"a", b"b"], object), np.float16([1.5, 2]),
              np.complex64([1 + 2j, 3]), np.float32(2), np.array([True, False])]  # fmt: skip
    for value in values:
        back = tf.make_ndarray(tf.make_tensor_proto(value))
        assert back.dtype == value.dtype
        assert back.tolist() == value.tolist()
    assert tf.make_ndarray(tf.make_tensor_proto(7, shape=[2, 2])).tolist() == [[7, 7], [7, 7]]
    with pytest.raises(TypeError, match="Expected Tensor's shape"):
        tf.make_tensor_proto([1, 2], shape=[3], verify_shape=True)

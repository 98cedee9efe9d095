"""Event files: what is written is what TensorBoard reads."""

from __future__ import annotations

import pathlib
import zlib
from typing import Any

import numpy as np
import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.util import tensor_util

import headwater as tf


def _read(folder: pathlib.Path) -> Any:
    return EventAccumulator(str(folder), size_guidance={"tensors": 0}).Reload()


def _values(read: Any, tag: str) -> list[Any]:
    return [(e.step, tensor_util.make_ndarray(e.tensor_proto)) for e in read.Tensors(tag)]


def test_scalars_text_and_plugins(tmp_path: pathlib.Path) -> None:
    writer = tf.summary.create_file_writer(tmp_path)
    with writer.as_default():
        for step in range(3):
            assert bool(tf.summary.scalar("loss", 1.0 / (step + 1), step=step, description="how far off"))
        tf.summary.text("note", "**hello**", step=7)
    writer.close()
    read = _read(tmp_path)
    assert [(s, float(v)) for s, v in _values(read, "loss")] == [(0, 1.0), (1, 0.5), (2, np.float32(1 / 3))]
    assert _values(read, "note")[0][1].item() == b"**hello**"
    assert read.SummaryMetadata("loss").plugin_data.plugin_name == "scalars"
    assert read.SummaryMetadata("loss").summary_description == "how far off"
    assert read.SummaryMetadata("note").plugin_data.plugin_name == "text"


def test_histograms_and_images(tmp_path: pathlib.Path) -> None:
    values = np.random.RandomState(0).normal(size=1000)
    pixels = np.random.RandomState(1).uniform(size=(2, 4, 5, 3))
    with tf.summary.create_file_writer(tmp_path).as_default(step=3):
        tf.summary.histogram("h", values, buckets=10)
        tf.summary.histogram("constant", np.ones(5))
        tf.summary.image("i", pixels, max_outputs=1)
    read = _read(tmp_path)
    step, table = _values(read, "h")[0]
    assert step == 3
    assert table.shape == (10, 3)
    assert table[:, 2].sum() == 1000
    np.testing.assert_array_equal(table[1:, 0], table[:-1, 1])
    assert _values(read, "constant")[0][1][:, 2].sum() == 5
    width, height, image = _values(read, "i")[0][1]
    assert (width, height) == (b"5", b"4")
    body = image[image.index(b"IDAT") + 4 :]
    rows = np.frombuffer(zlib.decompressobj().decompress(body), np.uint8).reshape(4, 16)[:, 1:].reshape(4, 5, 3)
    np.testing.assert_allclose(rows / 255, pixels[0], atol=0.003)


def test_inside_a_function_summaries_are_written_at_each_run(tmp_path: pathlib.Path) -> None:
    step = tf.Variable(0, dtype=tf.int64)
    writer = tf.summary.create_file_writer(tmp_path)

    @tf.function
    def work(x: Any) -> Any:
        tf.summary.scalar("x", x, step=step)
        return x + 1.0

    with writer.as_default():
        for value in (1.0, 2.0):
            work(tf.constant(value))
            step.assign_add(1)
    assert [(s, float(v)) for s, v in _values(_read(tmp_path), "x")] == [(0, 1.0), (1, 2.0)]


def test_steps_conditions_and_no_writer(tmp_path: pathlib.Path) -> None:
    assert not bool(tf.summary.scalar("nowhere", 1.0, step=0))
    with tf.summary.create_file_writer(tmp_path).as_default():
        with pytest.raises(ValueError, match="No step set"):
            tf.summary.scalar("x", 1.0)
        tf.summary.experimental.set_step(4)
        with tf.summary.record_if(False):
            tf.summary.scalar("x", 1.0)
        tf.summary.scalar("x", 2.0)
        tf.summary.experimental.set_step(None)
        with tf.summary.create_noop_writer().as_default():
            tf.summary.scalar("x", 3.0, step=9)
    assert [(s, float(v)) for s, v in _values(_read(tmp_path), "x")] == [(4, 2.0)]
    writer = tf.summary.create_file_writer(tmp_path)
    with writer.as_default(), pytest.raises(ValueError, match="Expected a scalar"):
        tf.summary.scalar("x", [1.0, 2.0], step=0)
    writer.close()
    with pytest.raises(RuntimeError, match="already closed"), writer.as_default():
        pass

"""A real TensorBoard server shows our Graph."""

import json
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from google.protobuf import text_format
from tensorboard.compat.proto.graph_pb2 import GraphDef

import headwater as tf
from headwater.export.events import graph_event, write_events

SECONDS_TO_START = 60


@pytest.fixture
def address(tmp_path: Path) -> Iterator[str]:
    """Where a TensorBoard serves a run whose graph is that of a small function."""
    kernel = tf.Variable(tf.ones([3, 2]), name="dense/kernel")
    function = tf.function(lambda x: tf.matmul(x, kernel), autograph=False)
    concrete = function.get_concrete_function(tf.TensorSpec([None, 3], name="x"))
    write_events(str(tmp_path / "train"), [graph_event(concrete.graph)])
    log = tmp_path / "log"
    arguments = [
        sys.executable,
        "-m",
        "tensorboard.main",
        "--logdir",
        str(tmp_path),
        "--host",
        "127.0.0.1",
        "--port",
        "0",
    ]
    with log.open("w") as output:
        server = subprocess.Popen([*arguments, "--load_fast=false"], stdout=output, stderr=output)
        try:
            yield _address(server, log)
        finally:
            server.terminate()
            server.wait(10)


def _address(server: "subprocess.Popen[bytes]", log: Path) -> str:
    """The address that the server says it listens on."""
    for _ in range(SECONDS_TO_START * 10):
        words = [word for word in log.read_text().split() if word.startswith("http://127.0.0.1:")]
        if words:
            return words[0].rstrip("/")
        assert server.poll() is None, log.read_text()
        time.sleep(0.1)
    raise AssertionError(f"TensorBoard did not start: {log.read_text()}")


def _get(url: str) -> bytes:
    with urllib.request.urlopen(url, timeout=20) as answer:
        content: bytes = answer.read()
    return content


@pytest.mark.server
def test_tensorboard_serves_the_graph(address: str) -> None:
    for _ in range(SECONDS_TO_START * 10):
        runs = json.loads(_get(f"{address}/data/plugin/graphs/info"))
        if "train" in runs:
            break
        time.sleep(0.1)
    assert runs["train"]["run_graph"]
    text = _get(f"{address}/data/plugin/graphs/graph?run=train&conceptual=false").decode()
    nodes = {node.name: node.op for node in text_format.Parse(text, GraphDef()).node}
    assert nodes["dense/kernel"] == "VarHandleOp"
    assert nodes["x"] == "Placeholder"
    with pytest.raises(urllib.error.HTTPError):
        _get(f"{address}/data/plugin/graphs/graph?run=nothing&conceptual=false")

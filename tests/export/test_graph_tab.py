"""TensorBoard's own graph plugin reads our Graphs."""

import json
import warnings
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from google.protobuf import text_format
from tensorboard.backend.event_processing.data_provider import MultiplexerDataProvider
from tensorboard.backend.event_processing.plugin_event_multiplexer import EventMultiplexer
from tensorboard.compat.proto.graph_pb2 import GraphDef
from tensorboard.context import RequestContext
from tensorboard.plugins.base_plugin import TBContext

import headwater as tf
from headwater.core import control
from headwater.core.context import context
from headwater.export.events import graph_event, keras_model_graph_def, keras_model_summary, tagged_graphs, write_events
from headwater.export.graphdef import attr_value, graph_def

with warnings.catch_warnings():
    # What TensorBoard vendors (bleach, html5lib) warns of its own age when imported.
    warnings.simplefilter("ignore", DeprecationWarning)
    from tensorboard.plugins.graph.graphs_plugin import GraphsPlugin

MODEL_JSON = {
    "class_name": "Sequential",
    "config": {
        "name": "sequential",
        "layers": [
            {"class_name": "InputLayer", "config": {"name": "pixels", "dtype": "float32", "batch_shape": [None, 784]}},
            {"class_name": "Dense", "config": {"name": "hidden", "dtype": "float32", "units": 128}},
            {"class_name": "Dense", "config": {"name": "digit", "dtype": "float32", "units": 10}},
        ],
    },
}


def concrete():
    kernel = tf.Variable(np.ones([4, 3], np.float32), name="dense/kernel")
    count = tf.Variable(0.0, name="count")

    @tf.function(autograph=False)
    def inner(x):
        return tf.linalg.matmul(x, kernel)

    @tf.function(autograph=False)
    def network(x, n):
        count.assign_add(1.0)
        y = inner(tf.array.reshape(x, [tf.array.shape(x)[0], -1]))
        z = control.branch(tf.math.reduce_sum(y) > 0.0, [lambda: y * 2.0, lambda: y], ["true", "false"], "tf.cond")
        return control.loop(lambda i, z: i < n, lambda i, z: (i + 1, z + kernel[0]), [tf.convert_to_tensor(0), z])[1]

    return network.get_concrete_function(tf.TensorSpec([None, 2, 2], name="x"), tf.TensorSpec([], tf.int32, name="n"))


def read_back(logdir: Path):
    multiplexer = EventMultiplexer()
    multiplexer.AddRunsFromDirectory(str(logdir))
    multiplexer.Reload()
    provider = MultiplexerDataProvider(multiplexer, str(logdir))
    return GraphsPlugin(TBContext(data_provider=provider)), RequestContext()


def nodes(plugin, context, run, tag=None, conceptual=False):
    text, _ = plugin.graph_impl(context, run, tag, conceptual, "")
    return {node.name: node for node in text_format.Parse(text, GraphDef()).node}


def test_run_graph_is_shown(tmp_path):
    write_events(str(tmp_path / "train"), [graph_event(concrete().graph)])
    plugin, request = read_back(tmp_path)
    assert plugin.info_impl(request, "")["train"]["run_graph"]
    found = nodes(plugin, request, "train")
    assert found["x"].op == "Placeholder"
    assert [d.size for d in found["x"].attr["_output_shapes"].list.shape[0].dim] == [-1, 2, 2]
    assert found["dense/kernel"].op == "VarHandleOp"
    assert list(found["inner/ReadVariableOp"].input) == ["dense/kernel"]
    assert found["inner"].op == "PartitionedCall"
    assert list(found["inner"].input) == ["Reshape", "inner/ReadVariableOp"]
    assert found["cond"].op == "StatelessIf"
    assert found["while"].op == "StatelessWhile"
    assert list(found["count/Assign"].input) == ["count", "AssignAdd"]
    assert list(found["Identity"].input) == ["while:1", "^count/Assign"]


def test_tagged_graph_and_keras_model_are_shown(tmp_path):
    model = SimpleNamespace(to_json=lambda: json.dumps(MODEL_JSON))
    write_events(str(tmp_path), [tagged_graphs("step", [concrete().graph]), keras_model_summary(model)])
    plugin, request = read_back(tmp_path)
    tags = plugin.info_impl(request, "")["."]["tags"]
    assert tags["step"]["op_graph"]
    assert tags["keras"]["conceptual_graph"]
    assert nodes(plugin, request, ".", "step")["cond"].op == "StatelessIf"
    layers = nodes(plugin, request, ".", "keras", conceptual=True)
    assert list(layers) == ["sequential/pixels", "sequential/hidden", "sequential/digit"]
    assert list(layers["sequential/digit"].input) == ["sequential/hidden"]
    assert layers["sequential/hidden"].attr["keras_class"].s == b"Dense"
    assert keras_model_graph_def(model).node[1].name == "sequential/hidden"


def test_summary_writer_writes_graphs(tmp_path):
    double = tf.function(lambda x: x + x, autograph=False)
    double(tf.constant(1.0))
    writer = tf.summary.create_file_writer(str(tmp_path))
    with writer.as_default(step=3):
        assert tf.summary.graph(concrete().graph)
        tf.summary.trace_on(graph=True)
        double(tf.constant(1.0))
        double(tf.constant(2.0))
        tf.summary.trace_export("called")
        double(tf.constant([1.0]))
    writer.close()
    plugin, request = read_back(tmp_path)
    assert plugin.info_impl(request, "")["."]["tags"].keys() == {"called"}
    assert [node.op for node in nodes(plugin, request, ".", "called").values()] == ["Placeholder", "AddV2", "Identity"]
    assert "cond" in nodes(plugin, request, ".")


def test_traces_end():
    tf.summary.trace_on()
    tf.summary.trace_off()
    assert context.plain
    with pytest.raises(ValueError, match="trace_on"):
        tf.summary.trace_export("nothing", step=0)


def test_functions_are_closed_and_complete():
    message = graph_def(concrete().graph)
    functions = {f.signature.name: f for f in message.library.function}
    assert sorted(functions) == sorted(
        ["inner_0", "true_0", "false_0", "tf_while_loop_condition_0", "tf_while_loop_body_0"]
    )
    for function in functions.values():
        known = {arg.name for arg in function.signature.input_arg}
        for node in function.node_def:
            assert {name for name in node.input if ":" not in name} <= known
            known.add(node.name)
            assert all(name.partition(":")[0] in known for name in node.input)
        assert all(name.partition(":")[0] in known for name in function.ret.values())
        assert len(function.ret) == len(function.signature.output_arg)
    loop = next(node for node in message.node if node.op == "StatelessWhile")
    body = functions[loop.attr["body"].func.name]
    assert len(body.signature.input_arg) == len(body.signature.output_arg) == len(loop.input)


def test_nodes_know_the_users_line():
    message = graph_def(concrete().graph)
    reshape = next(node for node in message.node if node.name == "Reshape")
    assert Path(__file__).name in reshape.attr["_location"].s.decode()


def test_slices_and_reductions_have_tensorflows_form():
    @tf.function(autograph=False)
    def f(x):
        return tf.math.reduce_sum(x[..., 1:3, -1], axis=-1, keepdims=True)

    message = graph_def(f.get_concrete_function(tf.TensorSpec([None, 4, 5])).graph)
    found = {node.name: node for node in message.node}
    masks = {key: found["strided_slice"].attr[f"{key}_mask"].i for key in ("begin", "end", "ellipsis", "shrink_axis")}
    assert masks == {"begin": 0, "end": 4, "ellipsis": 1, "shrink_axis": 4}
    assert found["Sum"].attr["keep_dims"].b
    axes = found[found["Sum"].input[1]].attr["value"].tensor
    assert np.frombuffer(axes.tensor_content, np.int32).tolist() == [1]


def test_softmax_over_another_axis_is_written_between_transposes():
    function = tf.function(lambda x: tf.nn.softmax(x, axis=0), autograph=False)
    message = graph_def(function.get_concrete_function(tf.TensorSpec([None, 3], name="x")).graph)
    operations = [node.op for node in message.node]
    assert operations == ["Placeholder", "Const", "Transpose", "Softmax", "Transpose", "Identity"]
    assert list(message.node[3].input) == ["Softmax/transpose"]
    assert list(message.node[4].input) == ["Softmax/last", "Softmax/perm"]


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        (True, "b"), (3, "i"), (0.5, "f"), ("SAME", "s"), (tf.float32, "type"), (np.dtype("int32"), "type"),
        ((1, 2), "list"), (tf.TensorShape([None, 2]), "shape"), (np.ones(2), "tensor"), (object(), "s"),
        (("mixed", 1), "s"),
    ],
)  # fmt: skip
def test_attribute_kinds(value, kind):
    assert attr_value(value).WhichOneof("value") == kind

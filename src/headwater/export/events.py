"""Graphs as TensorBoard reads them from event files: the traced Graph, and a Keras model's layers.

TensorBoard's graph tab knows three kinds, all written here: the run's own graph (`graph_event`), graphs under a tag
(`tagged_graphs`), and the "conceptual" graph of a Keras model (`keras_model_summary`).
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Sequence
from typing import Any

from tensorboard.compat.proto.config_pb2 import RunMetadata
from tensorboard.compat.proto.event_pb2 import Event
from tensorboard.compat.proto.graph_pb2 import GraphDef
from tensorboard.compat.proto.summary_pb2 import Summary
from tensorboard.compat.proto.types_pb2 import DT_STRING
from tensorboard.plugins.graph import keras_util
from tensorboard.plugins.graph.metadata import PLUGIN_NAME_KERAS_MODEL, PLUGIN_NAME_RUN_METADATA_WITH_GRAPH
from tensorboard.summary.writer.event_file_writer import EventFileWriter

from headwater.core.graph import Graph
from headwater.export.graphdef import graph_def

_VERSION = b"1"  # of the format of these plugins' content


def graph_event(graph: Graph) -> Event:
    """The event that makes a Graph the graph of its run.

    >>> traced = tf.function(lambda x: -x).get_concrete_function(tf.TensorSpec([2], name="x"))
    >>> len(GraphDef.FromString(graph_event(traced.graph).graph_def).node)
    3
    """
    return Event(wall_time=time.time(), graph_def=graph_def(graph).SerializeToString())


def tagged_graphs(tag: str, graphs: Iterable[Graph]) -> Summary:
    """A summary that shows Graphs under a tag, as ``tf.summary.trace_export`` writes it."""
    metadata = RunMetadata()
    for graph in graphs:
        metadata.function_graphs.add().pre_optimization_graph.CopyFrom(graph_def(graph))
    return _summary(tag, PLUGIN_NAME_RUN_METADATA_WITH_GRAPH, metadata.SerializeToString())


def tagged_event(tag: str, graphs: Iterable[Graph], step: int) -> Event:
    """The event with the summary of `tagged_graphs`."""
    return Event(wall_time=time.time(), step=step, summary=tagged_graphs(tag, graphs))


def keras_model_summary(model: Any, tag: str = "keras") -> Summary:
    """A summary that shows the layers of a Keras model.

    Args:
        model: A model that has ``to_json()``.
        tag: Under which TensorBoard lists it.
    """
    return _summary(tag, PLUGIN_NAME_KERAS_MODEL, model.to_json().encode())


def keras_model_graph_def(model: Any) -> GraphDef:
    """The layers of a Keras model as TensorBoard draws them: one node per layer."""
    return keras_util.keras_model_to_graph_def(json.loads(model.to_json()))


def write_events(logdir: str, events: Sequence[Event | Summary], step: int = 0) -> None:
    """Writes events and summaries to a new event file.

    Args:
        logdir: The run's directory.
        events: What to write.
        step: The step of the summaries.
    """
    writer = EventFileWriter(logdir)
    try:
        for item in events:
            event = item if isinstance(item, Event) else Event(wall_time=time.time(), step=step, summary=item)
            writer.add_event(event)
    finally:
        writer.close()


def _summary(tag: str, plugin: str, content: bytes) -> Summary:
    summary = Summary()
    value = summary.value.add(tag=tag)
    value.metadata.plugin_data.plugin_name = plugin
    value.metadata.plugin_data.content = _VERSION
    value.tensor.dtype = DT_STRING
    value.tensor.tensor_shape.SetInParent()
    value.tensor.string_val.append(content)
    return summary

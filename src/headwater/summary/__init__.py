"""`tf.summary`: event files for TensorBoard."""

from headwater.summary import experimental
from headwater.summary._trace import trace_export, trace_off, trace_on
from headwater.summary._values import graph, histogram, image, keras_model, scalar, text, write
from headwater.summary._writer import (
    SummaryWriter,
    create_file_writer,
    create_noop_writer,
    flush,
    record_if,
    should_record_summaries,
)

__all__ = [
    "SummaryWriter", "create_file_writer", "create_noop_writer", "experimental", "flush", "graph", "histogram",
    "image", "keras_model", "record_if", "scalar", "should_record_summaries", "text", "trace_export",
    "trace_off", "trace_on", "write",
]  # fmt: skip

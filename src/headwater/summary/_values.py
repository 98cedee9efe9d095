"""Scalars, histograms, images, text and graphs as events."""

from __future__ import annotations

import functools
import io
import struct
import zlib
from typing import Any

import numpy as np

from headwater.core.context import context
from headwater.core.graph import Graph
from headwater.core.tensor import convert_to_tensor
from headwater.summary._writer import defaults, emit

_BUCKETS = 30


def _event(step: int, tag: str, array: Any, plugin: str, content: bytes, kind: int, description: str | None) -> Any:
    """An event with one tensor; `kind` is TensorBoard's data class (1 scalar, 2 tensor, 3 blob sequence)."""
    from tensorboard.compat.proto import event_pb2, summary_pb2  # noqa: PLC0415  (slow to import, needed here only)
    from tensorboard.util import tensor_util  # noqa: PLC0415  (the same)

    metadata = summary_pb2.SummaryMetadata(
        plugin_data=summary_pb2.SummaryMetadata.PluginData(plugin_name=plugin, content=content),
        summary_description=description or "",
        data_class=kind,
    )
    value = summary_pb2.Summary.Value(tag=tag, metadata=metadata, tensor=tensor_util.make_tensor_proto(array))
    return event_pb2.Event(step=step, summary=summary_pb2.Summary(value=[value]))


def _tag(name: str) -> str:
    return f"{context.scope}/{name}" if context.scope else name


def scalar(name: str, data: Any, step: Any = None, description: str | None = None) -> Any:
    """Writes a number.

    Args:
        name: Its name in TensorBoard.
        data: A scalar.
        step: The step; default that of `set_step` or the writer.
        description: Text shown beside it.

    Returns:
        Whether it was written.
    """
    tensor = convert_to_tensor(data)
    if tensor.shape.rank not in (0, None):
        raise ValueError(f"Expected a scalar for summary {name!r}, received shape {tensor.shape}.")
    return emit(functools.partial(_scalar, _tag(name), description), [tensor], step)


def _scalar(tag: str, description: str | None, step: int, data: Any) -> Any:
    return _event(step, tag, np.float32(data), "scalars", b"", 1, description)


def histogram(
    name: str, data: Any, step: Any = None, buckets: int | None = None, description: str | None = None
) -> Any:
    """Writes how values are distributed.

    Args:
        name: Its name in TensorBoard.
        data: Numbers of any shape.
        step: The step.
        buckets: How many buckets; default 30.
        description: Text shown beside it.
    """
    count = _BUCKETS if buckets is None else int(buckets)
    return emit(functools.partial(_histogram, _tag(name), description, count), [data], step)


def _histogram(tag: str, description: str | None, buckets: int, step: int, data: Any) -> Any:
    table = histogram_table(np.asarray(data, np.float64).reshape(-1), buckets)
    return _event(step, tag, table.astype(np.float64), "histograms", b"", 2, description)


def histogram_table(values: Any, buckets: int) -> Any:
    """Left edge, right edge and count of each bucket, shape [buckets, 3]."""
    if buckets == 0 or values.size == 0:
        return np.zeros((buckets, 3))
    low, high = values.min(), values.max()
    if low == high:
        table = np.zeros((buckets, 3))
        table[:, :2] = low
        table[-1] = [low - 0.5, low + 0.5, values.size] if buckets == 1 else [low, low, values.size]
        return table
    counts, edges = np.histogram(values, buckets, (low, high))
    return np.stack([edges[:-1], edges[1:], counts], axis=1)


def image(name: str, data: Any, step: Any = None, max_outputs: int = 3, description: str | None = None) -> Any:
    """Writes images as PNG.

    Args:
        name: Their name in TensorBoard.
        data: Shape [n, height, width, channels], 1 to 4 channels; floats in 0..1, or uint8.
        step: The step.
        max_outputs: How many images at most.
        description: Text shown beside them.
    """
    return emit(functools.partial(_image, _tag(name), description, int(max_outputs)), [data], step)


def _image(tag: str, description: str | None, limit: int, step: int, data: Any) -> Any:
    data = np.asarray(data)
    if data.ndim != 4:
        raise ValueError(f"Expected images of shape [n, height, width, channels], received shape {data.shape}.")
    if data.dtype.kind == "f":
        data = (np.clip(data, 0, 1) * 255 + 0.5).astype(np.uint8)
    parts = [png(one) for one in data[:limit].astype(np.uint8)]
    size = [str(data.shape[2]).encode(), str(data.shape[1]).encode()]
    return _event(step, tag, np.array([*size, *parts], object), "images", b"", 3, description)


def png(pixels: Any) -> bytes:
    """uint8 pixels, shape [height, width, 1..4], as a PNG file."""
    height, width, channels = pixels.shape
    color = {1: 0, 2: 4, 3: 2, 4: 6}[channels]
    rows = np.concatenate([np.zeros((height, 1), np.uint8), pixels.reshape(height, -1)], axis=1)
    out = io.BytesIO()
    out.write(b"\x89PNG\r\n\x1a\n")
    header = struct.pack(">IIBBBBB", width, height, 8, color, 0, 0, 0)
    for kind, body in ((b"IHDR", header), (b"IDAT", zlib.compress(rows.tobytes())), (b"IEND", b"")):
        out.write(struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body)))
    return out.getvalue()


def text(name: str, data: Any, step: Any = None, description: str | None = None) -> Any:
    """Writes text (Markdown).

    Args:
        name: Its name in TensorBoard.
        data: A string, or an array of strings.
        step: The step.
        description: Text shown beside it.
    """
    return emit(functools.partial(_text, _tag(name), description), [data], step)


def _text(tag: str, description: str | None, step: int, data: Any) -> Any:
    return _event(step, tag, np.asarray(data, object), "text", b"", 2, description)


def write(tag: str, tensor: Any, step: Any = None, metadata: Any = None, name: str | None = None) -> Any:
    """Writes a tensor under a tag, with metadata for a TensorBoard plugin (a ``SummaryMetadata`` proto)."""
    return emit(functools.partial(_tensor, tag, metadata), [tensor], step)


def _tensor(tag: str, metadata: Any, step: int, data: Any) -> Any:
    event = _event(step, tag, np.asarray(data), "", b"", 2, None)
    if metadata is not None:
        event.summary.value[0].metadata.CopyFrom(metadata)
    return event


def keras_model(name: str, config: str, step: Any = None) -> Any:
    """Writes a model's config (JSON) for TensorBoard's graph tab."""
    return emit(functools.partial(_keras_model, name), [convert_to_tensor(config)], step)


def _keras_model(tag: str, step: int, data: Any) -> Any:
    return _event(step, tag, np.asarray(data, object).reshape(1), "graph_keras_model", b"1", 3, None)


def graph(graph_data: Any) -> bool:
    """Writes a graph for TensorBoard's graph tab, through the default writer; returns whether it was written.

    Args:
        graph_data: A traced Graph (``concrete_function.graph``) or a `GraphDef` proto.
    """
    from tensorboard.compat.proto import event_pb2  # noqa: PLC0415  (slow to import, needed here only)

    if defaults.writer is None or not defaults.writer.writes:
        return False
    if isinstance(graph_data, Graph):
        graph_data = graph_data.as_graph_def()
    defaults.writer.add(event_pb2.Event(graph_def=graph_data.SerializeToString()))
    return True

"""Rules for shapes, slices, joining and gathering (see `table`)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from headwater.core.graph import Node
from headwater.export.forms import Slice, slice_form
from headwater.export.lite.program import Value, Writer
from headwater.export.lite.table import Unsupported, place, rule, spec_of, type_number


@rule("Reshape", "Squeeze", "ExpandDims")
def _reshape(w: Writer, node: Node, inputs: Sequence[Value]) -> None:
    x, out = inputs[0], node.outputs[0]
    shape = out.shape.as_list()
    if shape.count(None) <= 1:
        target = [-1 if d is None else d for d in shape]
        w("RESHAPE", [x, w.vector(target, "shape")], out, newShape=target)
    elif node.type == "Reshape":
        w("RESHAPE", inputs, out)
    elif node.type == "ExpandDims":
        w("EXPAND_DIMS", [x, w.vector(place(node.attrs["axis"], x.rank + 1), "axis")], out)
    else:
        ones = [i for i, d in enumerate(x.shape) if d == 1]
        dims = [place(d, x.rank) for d in node.attrs["squeeze_dims"] or ones]
        w("SQUEEZE", [x], out, squeezeDims=dims)


@rule("Shape")
def _shape(w: Writer, node: Node, inputs: Sequence[Value]) -> None:
    w("SHAPE", inputs, node.outputs[0], outType=type_number(node.outputs[0].dtype.as_numpy_dtype))


@rule("Size")
def _size(w: Writer, node: Node, inputs: Sequence[Value]) -> None:
    dtype = node.outputs[0].dtype.as_numpy_dtype
    sizes = w("SHAPE", inputs, (dtype, (inputs[0].rank,)), outType=type_number(dtype))
    w("REDUCE_PROD", [sizes, w.vector([0], "axes")], node.outputs[0], keepDims=False)


@rule("Transpose")
def _transpose(w: Writer, node: Node, inputs: Sequence[Value]) -> None:
    order = node.attrs["perm"]
    rank = inputs[0].rank
    places = range(rank)[::-1] if order is None else [place(p, rank) for p in order]
    w("TRANSPOSE", [inputs[0], w.vector(list(places), "perm")], node.outputs[0])


@rule("MatrixTranspose")
def _swap(w: Writer, node: Node, inputs: Sequence[Value]) -> None:
    order = list(range(inputs[0].rank))
    order[-1], order[-2] = order[-2], order[-1]
    w("TRANSPOSE", [inputs[0], w.vector(order, "perm")], node.outputs[0])


@rule("BroadcastTo")
def _broadcast(w: Writer, node: Node, inputs: Sequence[Value]) -> None:
    w("BROADCAST_TO", inputs, node.outputs[0])


@rule("Fill")
def _fill(w: Writer, node: Node, inputs: Sequence[Value]) -> None:
    w("FILL", inputs, node.outputs[0])


@rule("Range")
def _range(w: Writer, node: Node, inputs: Sequence[Value]) -> None:
    w("RANGE", inputs, node.outputs[0])


# Joining and splitting ------------------------------------------------------------------------------------------


@rule("Pack")
def _pack(w: Writer, node: Node, inputs: Sequence[Value]) -> None:
    axis = place(node.attrs["axis"], inputs[0].rank + 1)
    w("PACK", inputs, node.outputs[0], axis=axis, valuesCount=len(inputs))


@rule("Unpack")
def _unpack(w: Writer, node: Node, inputs: Sequence[Value]) -> None:
    axis = place(node.attrs["axis"], inputs[0].rank)
    w.many("UNPACK", inputs, node.outputs, axis=axis, num=len(node.outputs))


@rule("ConcatV2")
def _concat(w: Writer, node: Node, inputs: Sequence[Value]) -> None:
    w("CONCATENATION", inputs, node.outputs[0], axis=place(node.attrs["axis"], inputs[0].rank))


@rule("Split")
def _split(w: Writer, node: Node, inputs: Sequence[Value]) -> None:
    axis = w.vector(place(node.attrs["axis"], inputs[0].rank), "axis")
    w.many("SPLIT", [axis, inputs[0]], node.outputs, numSplits=len(node.outputs))


@rule("SplitV")
def _split_v(w: Writer, node: Node, inputs: Sequence[Value]) -> None:
    axis = w.vector(place(node.attrs["axis"], inputs[0].rank), "axis")
    sizes = w("CAST", [inputs[1]], (np.int32, inputs[1].shape)) if inputs[1].dtype != np.int32 else inputs[1]
    w.many("SPLIT_V", [inputs[0], sizes, axis], node.outputs, numSplits=len(node.outputs))


@rule("Tile")
def _tile(w: Writer, node: Node, inputs: Sequence[Value]) -> None:
    w("TILE", inputs, node.outputs[0])


@rule("Repeat")
def _repeat(w: Writer, node: Node, inputs: Sequence[Value]) -> None:
    x, counts, out = inputs[0], inputs[1].data, node.outputs[0]
    axis = place(node.attrs["axis"], x.rank)
    if counts is None:
        raise Unsupported("repeats that are known at run time only. Use a Python number.")
    size = x.shape[axis]
    if size is not None:
        places = np.repeat(np.arange(size), np.broadcast_to(counts, size))
        w("GATHER", [x, w.vector(places, "places")], out, axis=axis, batchDims=0)
    elif np.ndim(counts) or x.shape.count(None) > 1:
        raise Unsupported("repeats along an axis of unknown size. Give the input's shape.")
    else:
        _repeat_all(w, x, int(counts), axis, out)


def _repeat_all(w: Writer, x: Value, count: int, axis: int, out: Any) -> None:
    """Each entry along an axis of unknown size `count` times: as a new axis, which is repeated and joined to it."""
    before, after = x.shape[: axis + 1], x.shape[axis + 1 :]
    apart = w("EXPAND_DIMS", [x, w.vector(axis + 1, "axis")], (x.dtype, (*before, 1, *after)))
    times = [count if i == axis + 1 else 1 for i in range(apart.rank)]
    apart = w("TILE", [apart, w.vector(times, "times")], (x.dtype, (*before, count, *after)))
    w("RESHAPE", [apart, w.vector([-1 if i == axis else d for i, d in enumerate(x.shape)], "shape")], out)


@rule("PadV2")
def _pad(w: Writer, node: Node, inputs: Sequence[Value]) -> None:
    x, pairs = inputs[0], inputs[1]
    if inputs[2].data is not None and not inputs[2].data and x.dtype == np.float32:
        w("PAD", [x, pairs], node.outputs[0])
    else:
        w("PADV2", [x, pairs, inputs[2]], node.outputs[0])


@rule("MirrorPad")
def _mirror_pad(w: Writer, node: Node, inputs: Sequence[Value]) -> None:
    w("MIRROR_PAD", inputs, node.outputs[0], mode=["REFLECT", "SYMMETRIC"].index(node.attrs["mode"]))


@rule("ReverseV2")
def _reverse(w: Writer, node: Node, inputs: Sequence[Value]) -> None:
    value, rank = inputs[0], inputs[0].rank
    axes = sorted(place(a, rank) for a in node.attrs["axis"])
    if not axes:
        w("RESHAPE", [value, w.vector([-1 if d is None else d for d in value.shape])], node.outputs[0])
    for i, axis in enumerate(axes):  # one after the other: the builtin takes neighbouring axes only
        out = node.outputs[0] if i == len(axes) - 1 else spec_of(value)
        value = w("REVERSE_V2", [value, w.vector([axis], "axis")], out)


@rule("SpaceToBatchND", "BatchToSpaceND")
def _blocks(w: Writer, node: Node, inputs: Sequence[Value]) -> None:
    if inputs[0].rank not in (3, 4):
        raise Unsupported(f"a tensor of rank {inputs[0].rank}; LiteRT takes rank 3 or 4.")
    code = "SPACE_TO_BATCH_ND" if node.type.startswith("Space") else "BATCH_TO_SPACE_ND"
    w(code, inputs, node.outputs[0])


@rule("SpaceToDepth", "DepthToSpace")
def _depth(w: Writer, node: Node, inputs: Sequence[Value]) -> None:
    if (node.attrs.get("data_format") or "NHWC") != "NHWC":
        raise Unsupported("channels first. Use NHWC.")
    code = "SPACE_TO_DEPTH" if node.type.startswith("Space") else "DEPTH_TO_SPACE"
    w(code, inputs, node.outputs[0], blockSize=int(node.attrs["block_size"]))


# Slices and gathering -------------------------------------------------------------------------------------------


@rule("Slice")
def _slice(w: Writer, node: Node, inputs: Sequence[Value]) -> None:
    w("SLICE", inputs, node.outputs[0])


@rule("StridedSlice", "StridedSliceDynamic")
def _strided_slice(w: Writer, node: Node, inputs: Sequence[Value]) -> None:
    x, starts, spec = inputs[0], inputs[1], node.attrs["spec"]
    known = starts.data if starts.data is not None else np.zeros([d or 0 for d in starts.shape], np.int32)
    form = slice_form(spec, known)
    assert form is not None
    if starts.data is None:
        bounds = _bounds_at_run_time(w, spec, starts, form)
    else:
        bounds = [w.vector(form.begin, "begin"), w.vector(form.end, "end"), w.vector(form.strides, "strides")]
    w(
        "STRIDED_SLICE", [x, *bounds], node.outputs[0], beginMask=form.begin_mask, endMask=form.end_mask,
        ellipsisMask=form.ellipsis_mask, newAxisMask=form.new_axis_mask, shrinkAxisMask=form.shrink_axis_mask,
    )  # fmt: skip


def _bounds_at_run_time(w: Writer, spec: Sequence[Any], starts: Value, form: Slice) -> list[Value]:
    """Begins, ends and strides as vectors, whose parts come from `starts` where `spec` says so."""
    columns: list[list[Value]] = [[], [], []]
    for entry, *numbers in zip(spec, form.begin, form.end, form.strides, strict=True):
        parts = [w.vector([number], "bound") for number in numbers]
        if entry[0] in ("at", "span"):
            parts[0] = _element(w, starts, entry[1])
            size = w.vector([numbers[1] - numbers[0]], "size")
            parts[1] = w("ADD", [parts[0], size], (np.int32, (1,)))
        elif entry[0] == "bounds":
            parts = [p if k is None else _element(w, starts, k) for p, k in zip(parts, entry[1:], strict=True)]
        for column, part in zip(columns, parts, strict=True):
            column.append(part)
    return [c[0] if len(c) == 1 else w("CONCATENATION", c, (np.int32, (len(c),)), axis=0) for c in columns]


def _element(w: Writer, vector: Value, position: int) -> Value:
    """One element of an integer vector, as a vector of one."""
    begin, size = w.vector([position], "position"), w.vector([1], "size")
    found = w("SLICE", [vector, begin, size], (vector.dtype, (1,)))
    return found if found.dtype == np.int32 else w("CAST", [found], (np.int32, (1,)))


@rule("GatherV2")
def _gather(w: Writer, node: Node, inputs: Sequence[Value]) -> None:
    batch = int(node.attrs.get("batch_dims", 0))
    axis = place(node.attrs["axis"], inputs[0].rank)
    w("GATHER", inputs[:2], node.outputs[0], axis=axis, batchDims=batch)


@rule("GatherNd")
def _gather_nd(w: Writer, node: Node, inputs: Sequence[Value]) -> None:
    if node.attrs.get("batch_dims"):
        raise Unsupported("batch_dims. Put the batch position into the indices.")
    w("GATHER_ND", inputs, node.outputs[0])


@rule("ScatterNd")
def _scatter_nd(w: Writer, node: Node, inputs: Sequence[Value]) -> None:
    w("SCATTER_ND", inputs, node.outputs[0])


@rule("OneHot")
def _one_hot(w: Writer, node: Node, inputs: Sequence[Value]) -> None:
    w("ONE_HOT", inputs, node.outputs[0], axis=int(node.attrs["axis"]))


@rule("TopKV2")
def _top_k(w: Writer, node: Node, inputs: Sequence[Value]) -> None:
    if node.outputs[1].dtype.name != "int32":
        raise Unsupported("indices of dtype int64. Use index_type=tf.int32.")
    w.many("TOPK_V2", inputs, node.outputs)


@rule("Sort")
def _sort(w: Writer, node: Node, inputs: Sequence[Value]) -> None:
    """The greatest of all elements are all of them, in descending order."""
    value, axis = inputs[0], place(node.attrs["axis"], inputs[0].rank)
    size = value.shape[axis]
    if axis != value.rank - 1 or size is None:
        raise Unsupported("sorting along another axis than the last, or one of unknown size. Use tf.transpose first.")
    ascending = node.attrs["direction"] == "ASCENDING"
    count, places = w.constant(np.int32(size), name="k"), (np.dtype(np.int32), value.shape)
    found = w.many("TOPK_V2", [value, count], [spec_of(value) if ascending else node.outputs[0], places])[0]
    if ascending:
        w("REVERSE_V2", [found, w.vector([axis], "axis")], node.outputs[0])


@rule("UnsortedSegmentSum", "UnsortedSegmentMax", "UnsortedSegmentMin", "UnsortedSegmentProd")
def _segments(w: Writer, node: Node, inputs: Sequence[Value]) -> None:
    w(f"UNSORTED_SEGMENT_{node.type[-3:].upper() if node.type[-4:] != 'Prod' else 'PROD'}", inputs, node.outputs[0])

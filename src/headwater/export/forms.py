"""How calls of our ops look in TensorFlow's own form, where attributes and inputs differ; shared by the exporters."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

REDUCTIONS = frozenset({"Sum", "Mean", "Max", "Min", "Prod", "Any", "All", "EuclideanNorm"})
ARG_REDUCTIONS = frozenset({"ArgMax", "ArgMin"})


class Constant(NamedTuple):
    """An attribute of ours that is a constant input in TensorFlow: its position there, and the node's name."""

    attribute: str
    position: int
    name: str


CONSTANT_INPUTS = {
    "ConcatV2": Constant("axis", -1, "axis"),
    "Transpose": Constant("perm", 1, "perm"),
    "ExpandDims": Constant("axis", 1, "dim"),
    "GatherV2": Constant("axis", 2, "axis"),
    "Split": Constant("axis", 0, "split_dim"),
    "SplitV": Constant("axis", 2, "split_dim"),
    "ReverseV2": Constant("axis", 1, "axis"),
    "Cumsum": Constant("axis", 1, "axis"),
    "Cumprod": Constant("axis", 1, "axis"),
    **{name: Constant("axis", 1, "reduction_indices") for name in REDUCTIONS},
    **{name: Constant("axis", 1, "dimension") for name in ARG_REDUCTIONS},
}

# TensorFlow's type attributes: which input each is the dtype of. Ops that are not here have "T" alone, of the first.
TYPES: dict[str, dict[str, int]] = {
    **{name: {"T": 0, "Tidx": 1} for name in (*REDUCTIONS, *ARG_REDUCTIONS, "Cumsum", "Cumprod", "ReverseV2")},
    **{name: {} for name in ("LogicalAnd", "LogicalOr", "LogicalNot")},
    "Any": {"Tidx": 1},
    "All": {"Tidx": 1},
    "Cast": {"SrcT": 0},
    "ConcatV2": {"T": 0, "Tidx": -1},
    "Transpose": {"T": 0, "Tperm": 1},
    "ExpandDims": {"T": 0, "Tdim": 1},
    "GatherV2": {"Tparams": 0, "Tindices": 1, "Taxis": 2},
    "GatherNd": {"Tparams": 0, "Tindices": 1},
    "ScatterNd": {"Tindices": 0, "T": 1},
    "Split": {"T": 1},
    "SplitV": {"T": 0, "Tlen": 1},
    "Reshape": {"T": 0, "Tshape": 1},
    "Fill": {"index_type": 0, "T": 1},
    "Range": {"Tidx": 0},
    "Slice": {"T": 0, "Index": 1},
    "StridedSlice": {"T": 0, "Index": 1},
    "Tile": {"T": 0, "Tmultiples": 1},
    "PadV2": {"T": 0, "Tpaddings": 1},
    "MirrorPad": {"T": 0, "Tpaddings": 1},
    "BroadcastTo": {"T": 0, "Tidx": 1},
    "SelectV2": {"T": 1},
    "OneHot": {"TI": 0, "T": 2},
    "TopKV2": {"T": 0, "Tk": 1},
    "SpaceToBatchND": {"T": 0, "Tblock_shape": 1, "Tpaddings": 2},
    "BatchToSpaceND": {"T": 0, "Tblock_shape": 1, "Tcrops": 2},
    "Conv2DBackpropInput": {"T": 2},
    "FusedBatchNormV3": {"T": 0, "U": 1},
    **{f"UnsortedSegment{kind}": {"T": 0, "Tindices": 1, "Tnumsegments": 2} for kind in ("Sum", "Max", "Min", "Prod")},
}


class Slice(NamedTuple):
    """A strided slice: bounds and strides per part, and TensorFlow's five masks."""

    begin: list[int]
    end: list[int]
    strides: list[int]
    begin_mask: int
    end_mask: int
    ellipsis_mask: int
    new_axis_mask: int
    shrink_axis_mask: int


def slice_form(spec: Sequence[tuple[Any, ...]], starts: Any) -> Slice | None:
    """The slice that `spec` describes (see `ops.array.STRIDED_SLICE`); None if a position is known only at run time.

    >>> slice_form((("index", 0), ("range", None, 3, None)), [])
    Slice(begin=[0, 0], end=[1, 3], strides=[1, 1], begin_mask=2, end_mask=0, ellipsis_mask=0, ...)
    """
    if starts is None and any(entry[0] in ("at", "span", "bounds") for entry in spec):
        return None
    parts = [_part(entry, starts) for entry in spec]
    masks = [sum(1 << i for i, part in enumerate(parts) if mask in part[3]) for mask in _MASKS]
    return Slice([p[0] for p in parts], [p[1] for p in parts], [p[2] for p in parts], *masks)


_MASKS = ("begin", "end", "ellipsis", "new", "shrink")


def _part(entry: tuple[Any, ...], starts: Any) -> tuple[int, int, int, list[str]]:
    """``(begin, end, stride, masks)`` of one part."""
    kind = entry[0]
    if kind == "new":
        return 0, 1, 1, ["new"]
    if kind == "rest":
        return 0, 0, 1, ["ellipsis"]
    if kind in ("index", "at"):
        index = int(entry[1] if kind == "index" else starts[entry[1]])
        return index, index + 1, 1, ["shrink", "end"] if index == -1 else ["shrink"]
    if kind == "span":
        return int(starts[entry[1]]), int(starts[entry[1]]) + int(entry[2]), 1, []
    begin, end, step = [None if i is None else int(starts[i]) for i in entry[1:]] if kind == "bounds" else entry[1:]
    masks = [name for name, bound in (("begin", begin), ("end", end)) if bound is None]
    return begin or 0, end or 0, 1 if step is None else step, masks


def axes_of(axis: Any, rank: int | None) -> list[int] | None:
    """An ``axis`` attribute as a list of positions from the front; None if that needs a rank that is unknown."""
    if axis is not None and all(a >= 0 for a in np.atleast_1d(axis)):
        return [int(a) for a in np.atleast_1d(axis)]
    if rank is None:
        return None
    return list(range(rank)) if axis is None else [int(a) % rank for a in np.atleast_1d(axis)]

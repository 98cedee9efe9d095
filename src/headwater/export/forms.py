"""How calls of our ops look in TensorFlow's own form, where attributes and inputs differ; shared by the exporters."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

REDUCTIONS = frozenset({"Sum", "Mean", "Max", "Min", "Prod", "Any", "All"})
ARG_REDUCTIONS = frozenset({"ArgMax", "ArgMin"})


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

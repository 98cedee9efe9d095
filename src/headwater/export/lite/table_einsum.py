"""The rule for Einsum: transposes, one matrix product, reshapes (see `table`)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from headwater.core.graph import Node
from headwater.export.lite.program import Shape, Value, Writer
from headwater.export.lite.table import Unsupported, rule


@rule("Einsum")
def _einsum(w: Writer, node: Node, inputs: Sequence[Value]) -> None:
    equation = node.attrs["equation"].replace(" ", "")
    terms, _, result = equation.partition("->")
    operands = terms.split(",")
    if "." in equation or "->" not in equation or any(len(set(t)) != len(t) for t in operands) or len(operands) > 2:
        raise Unsupported(f"the equation {equation!r}: LiteRT gets two operands, and no ellipsis or repeated letters.")
    values = [_summed(w, v, t, result, operands) for v, t in zip(inputs, operands, strict=True)]
    if len(values) == 1:
        value, term = values[0]
        w("TRANSPOSE", [value, w.vector([term.index(c) for c in result], "perm")], node.outputs[0])
    else:
        product(w, node.outputs[0], values, result)


def _summed(w: Writer, value: Value, term: str, result: str, operands: Sequence[str]) -> tuple[Value, str]:
    """The operand without the dimensions that occur nowhere else."""
    others = result + "".join(t for t in operands if t is not term)
    alone = [i for i, c in enumerate(term) if c not in others]
    if not alone:
        return value, term
    kept = [d for i, d in enumerate(value.shape) if i not in alone]
    total = w("SUM", [value, w.vector(alone, "axes")], (value.dtype, kept), keepDims=False)
    return total, "".join(c for c in term if c in others)


def product(w: Writer, out: Any, values: Sequence[tuple[Value, str]], result: str) -> Value:
    """Two operands, each with its letters, multiplied and summed over the letters that `result` lacks."""
    (x, left), (y, right) = values
    sizes = dict(zip(right, y.shape, strict=True)) | dict(zip(left, x.shape, strict=True))
    batch = [c for c in left if c in right and c in result]
    inner = [c for c in left if c in right and c not in result]
    rows, columns = ([c for c in term if c not in (*batch, *inner)] for term in (left, right))
    lead = tuple(sizes[c] for c in batch)
    a = _matrix(w, x, left, [batch, rows, inner], sizes)
    b = _matrix(w, y, right, [batch, columns, inner], sizes)
    found = w("BATCH_MATMUL", [a, b], (x.dtype, (*lead, a.shape[-2], b.shape[-2])), adjX=False, adjY=True)
    made = [*batch, *rows, *columns]
    shape = tuple(sizes[c] for c in made)
    order = [made.index(c) for c in result]
    if order == sorted(order):
        return w("RESHAPE", [found, _target(w, shape)], out)
    split = found if found.shape == shape else w("RESHAPE", [found, _target(w, shape)], (x.dtype, shape))
    return w("TRANSPOSE", [split, w.vector(order, "perm")], out)


def _matrix(w: Writer, value: Value, term: str, groups: Sequence[list[str]], sizes: dict[str, int | None]) -> Value:
    """The operand as [*batch, rows, inner]: its letters in the order of `groups`, the last two groups joined each."""
    batch, rows, inner = groups
    order = [term.index(c) for c in (*batch, *rows, *inner)]
    shape = (*[sizes[c] for c in batch], *[_joined([sizes[c] for c in group]) for group in (rows, inner)])
    if value.data is not None:
        return w.constant(np.transpose(value.data, order).reshape(shape), name="operand")
    if order != sorted(order):
        turned = [value.shape[i] for i in order]
        value = w("TRANSPOSE", [value, w.vector(order, "perm")], (value.dtype, turned))
    if value.shape == shape and len(rows) == len(inner) == 1:
        return value
    return w("RESHAPE", [value, _target(w, shape)], (value.dtype, shape))


def _joined(sizes: Sequence[int | None]) -> int | None:
    known = [size for size in sizes if size is not None]
    return math.prod(known) if len(known) == len(sizes) else None


def _target(w: Writer, shape: Shape) -> Value:
    if shape.count(None) > 1:
        raise Unsupported("several unknown dimensions. Convert with a fixed batch size, or give shapes.")
    return w.vector([-1 if d is None else d for d in shape], "shape")

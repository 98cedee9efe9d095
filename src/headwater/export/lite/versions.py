"""The version of each builtin operator that a model needs: the lowest that knows how the operator is used.

A version too high is refused by runtimes that could run the operator, one too low is taken by runtimes that cannot.
The numbers are those of LiteRT's own table (``op_version.cc``).
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from headwater.export.lite.program import Operator

_INT64, _INT32, _BOOL, _FLOAT16 = (np.dtype(d) for d in (np.int64, np.int32, np.bool_, np.float16))


def version(op: Operator) -> int:
    """The version of `op`."""
    rule = _RULES.get(op.code)
    return 1 if rule is None else rule(op)


def _arithmetic(wide: int, int64: int, broadcast_rank: int = 4) -> Callable[[Operator], int]:
    def rule(op: Operator) -> int:
        if _first(op) == _INT64 and int64:
            return int64
        shapes = {value.shape for value in op.inputs if value is not None}
        return wide if wide and len(shapes) > 1 and op.outputs[0].rank > broadcast_rank else 1

    return rule


def _by_dtype(table: dict[np.dtype, int]) -> Callable[[Operator], int]:
    return lambda op: table.get(_first(op), 1)


def _by_rank(above: int, number: int) -> Callable[[Operator], int]:
    return lambda op: number if op.inputs[0] is not None and op.inputs[0].rank > above else 1


def _first(op: Operator) -> np.dtype:
    value = op.inputs[0]
    return value.dtype if value is not None else np.dtype(np.float32)


def _fully_connected(op: Operator) -> int:
    if len(op.inputs) < 3 or op.inputs[2] is None:
        return 6
    return 5 if op.options.get("keepNumDims") else 1


def _convolution(op: Operator) -> int:
    x, w = op.inputs[0], op.inputs[1]
    grouped = x is not None and w is not None and x.shape[-1] != w.shape[-1]
    return 6 if grouped else 1


def _depthwise(op: Operator) -> int:
    return 2 if max(op.options.get("dilationWFactor", 1), op.options.get("dilationHFactor", 1)) > 1 else 1


def _transpose_conv(op: Operator) -> int:
    if op.options.get("fusedActivationFunction"):
        return 4
    return 3 if len(op.inputs) > 3 else 1


def _resize(op: Operator) -> int:
    return 3 if op.options.get("halfPixelCenters") or op.options.get("alignCorners") else 1


def _transpose(op: Operator) -> int:
    rank = op.outputs[0].rank
    return 6 if rank > 5 else 4 if rank == 5 else 3 if _first(op) == _BOOL else 1


def _strided_slice(op: Operator) -> int:
    if op.options.get("ellipsisMask") or op.options.get("newAxisMask"):
        return 6
    return 4 if op.inputs[0] is not None and op.inputs[0].rank > 4 else 1


def _gather(op: Operator) -> int:
    return 5 if op.options.get("batchDims") else 3 if _first(op) == _BOOL else 1


def _fill(op: Operator) -> int:
    return {_BOOL: 2, _FLOAT16: 4}.get(op.outputs[0].dtype, 1)


_RULES: dict[str, Callable[[Operator], int]] = {
    "ADD": _arithmetic(3, 4),
    "SUB": _arithmetic(3, 4),
    "MUL": _arithmetic(4, 5),
    "DIV": _arithmetic(2, 0),
    "MAXIMUM": _arithmetic(3, 0),
    "MINIMUM": _arithmetic(3, 0),
    "FLOOR_DIV": _by_dtype({np.dtype(np.float32): 2}),
    "ABS": _by_dtype({_INT32: 5}),
    "SIGN": _by_dtype({_INT32: 2}),
    "FULLY_CONNECTED": _fully_connected,
    "CONV_2D": _convolution,
    "DEPTHWISE_CONV_2D": _depthwise,
    "TRANSPOSE_CONV": _transpose_conv,
    "RESIZE_BILINEAR": _resize,
    "RESIZE_NEAREST_NEIGHBOR": _resize,
    "TRANSPOSE": _transpose,
    "UNPACK": _by_dtype({_BOOL: 3}),
    "SLICE": _by_rank(4, 5),
    "STRIDED_SLICE": _strided_slice,
    "PAD": _by_rank(4, 4),
    "PADV2": _by_rank(4, 4),
    "BROADCAST_TO": lambda op: 2,
    "GATHER": _gather,
    "GATHER_ND": _by_dtype({_BOOL: 5}),
    "FILL": _fill,
    "RANGE": _by_dtype({_INT64: 2}),
    "REVERSE_V2": _by_dtype({_BOOL: 2}),
}

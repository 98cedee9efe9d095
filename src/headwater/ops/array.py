"""The root namespace's functions on the form of tensors: making, shaping, joining, cutting, indexing, casting."""

from __future__ import annotations

from headwater.core.tape import ONES_LIKE, ZEROS_LIKE
from headwater.core.tensor import convert_to_tensor
from headwater.ops._cast import BITCAST, CAST, bitcast, cast
from headwater.ops._create import (
    EYE,
    FILL,
    ONE_HOT,
    RANGE,
    constant,
    eye,
    fill,
    linspace,
    meshgrid,
    one_hot,
    ones,
    ones_like,
    range,
    required_space_to_batch_paddings,
    sequence_mask,
    shape_of,
    zeros,
    zeros_like,
)
from headwater.ops._gather import (
    GATHER,
    GATHER_ND,
    SCATTER_ND,
    gather,
    gather_nd,
    scatter_nd,
    tensor_scatter_nd_add,
    tensor_scatter_nd_max,
    tensor_scatter_nd_min,
    tensor_scatter_nd_sub,
    tensor_scatter_nd_update,
)
from headwater.ops._join import (
    CONCAT,
    PACK,
    PAD,
    REVERSE,
    SPLIT,
    SPLIT_V,
    TILE,
    UNPACK,
    batch_to_space,
    concat,
    pad,
    repeat,
    reverse,
    reverse_sequence,
    roll,
    space_to_batch,
    space_to_batch_nd,
    split,
    stack,
    tile,
    unstack,
)
from headwater.ops._partition import dynamic_partition, dynamic_stitch
from headwater.ops._select import (
    SELECT,
    WHERE,
    boolean_mask,
    searchsorted,
    unique,
    unique_with_counts,
    where,
)
from headwater.ops._shape import (
    BROADCAST_TO,
    ENSURE_SHAPE,
    EXPAND_DIMS,
    IDENTITY,
    RANK,
    RESHAPE,
    SHAPE,
    SIZE,
    SQUEEZE,
    STOP_GRADIENT,
    TRANSPOSE,
    broadcast_dynamic_shape,
    broadcast_static_shape,
    broadcast_to,
    ensure_shape,
    expand_dims,
    get_static_value,
    guarantee_const,
    identity,
    identity_n,
    rank,
    reshape,
    shape,
    shape_n,
    size,
    squeeze,
    stop_gradient,
    transpose,
    unravel_index,
)
from headwater.ops._slice import SLICE, STRIDED_SLICE, slice, slice_tensor, slice_variable, strided_slice

newaxis = None

# What the root namespace takes from here.
ROOT_NAMES = (
    "batch_to_space", "bitcast", "boolean_mask", "broadcast_dynamic_shape", "broadcast_static_shape",
    "broadcast_to", "cast", "concat", "constant", "convert_to_tensor", "dynamic_partition", "dynamic_stitch",
    "ensure_shape", "expand_dims", "eye", "fill", "gather", "gather_nd", "get_static_value", "guarantee_const",
    "identity", "identity_n", "linspace", "meshgrid", "newaxis", "one_hot", "ones", "ones_like", "pad", "range",
    "rank", "repeat", "required_space_to_batch_paddings", "reshape", "reverse", "reverse_sequence", "roll",
    "scatter_nd", "searchsorted", "sequence_mask", "shape", "shape_n", "size", "slice", "space_to_batch",
    "space_to_batch_nd", "split", "squeeze", "stack", "stop_gradient", "strided_slice", "tensor_scatter_nd_add",
    "tensor_scatter_nd_max", "tensor_scatter_nd_min", "tensor_scatter_nd_sub", "tensor_scatter_nd_update", "tile",
    "transpose", "unique", "unique_with_counts", "unravel_index", "unstack", "where", "zeros", "zeros_like",
)  # fmt: skip

__all__ = [
    *ROOT_NAMES,
    # The ops, and what the operators are made of.
    "BITCAST", "BROADCAST_TO", "CAST", "CONCAT", "ENSURE_SHAPE", "EXPAND_DIMS", "EYE", "FILL", "GATHER",
    "GATHER_ND", "IDENTITY", "ONES_LIKE", "ONE_HOT", "PACK", "PAD", "RANGE", "RANK", "RESHAPE", "REVERSE",
    "SCATTER_ND", "SELECT", "SHAPE", "SIZE", "SLICE", "SPLIT", "SPLIT_V", "SQUEEZE", "STOP_GRADIENT",
    "STRIDED_SLICE", "TILE", "TRANSPOSE", "UNPACK", "WHERE", "ZEROS_LIKE", "shape_of", "slice_tensor",
    "slice_variable",
]  # fmt: skip

"""The root namespace's functions on the form of tensors: making, shaping, joining, cutting, indexing, casting."""

from __future__ import annotations

from headwater.core.tape import ONES_LIKE, ZEROS_LIKE
from headwater.core.tensor import convert_to_tensor
from headwater.ops._cast import BITCAST, CAST, cast, bitcast
from headwater.ops._create import (
    EYE,
    FILL,
    ONE_HOT,
    RANGE,
    constant,
    shape_of,
    fill,
    zeros,
    ones,
    zeros_like,
    ones_like,
    eye,
    range,
    linspace,
    meshgrid,
    one_hot,
    sequence_mask,
    required_space_to_batch_paddings,
)
from headwater.ops._gather import (
    GATHER,
    GATHER_ND,
    SCATTER_ND,
    gather,
    gather_nd,
    scatter_nd,
    tensor_scatter_nd_update,
    tensor_scatter_nd_add,
    tensor_scatter_nd_sub,
    tensor_scatter_nd_max,
    tensor_scatter_nd_min,
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
    concat,
    stack,
    unstack,
    split,
    tile,
    repeat,
    pad,
    reverse,
    reverse_sequence,
    roll,
    space_to_batch,
    space_to_batch_nd,
    batch_to_space,
)
from headwater.ops._select import (
    SELECT,
    WHERE,
    where,
    boolean_mask,
    unique,
    unique_with_counts,
    dynamic_partition,
    dynamic_stitch,
    searchsorted,
)
from headwater.ops._shape import (
    BROADCAST_TO,
    ENSURE_SHAPE,
    EXPAND_DIMS,
    IDENTITY,
    RESHAPE,
    SHAPE,
    SIZE,
    RANK,
    SQUEEZE,
    STOP_GRADIENT,
    TRANSPOSE,
    shape,
    shape_n,
    size,
    rank,
    broadcast_static_shape,
    broadcast_dynamic_shape,
    get_static_value,
    reshape,
    transpose,
    expand_dims,
    squeeze,
    broadcast_to,
    ensure_shape,
    identity,
    identity_n,
    stop_gradient,
    guarantee_const,
    unravel_index,
)
from headwater.ops._slice import SLICE, STRIDED_SLICE, slice_tensor, slice_variable, slice, strided_slice

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

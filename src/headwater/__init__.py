"""Headwater: TensorFlow 2's programming model and model life cycle on XLA, without TensorFlow.

>>> import headwater as tf
>>> tf.constant(2) + 3
<tf.Tensor: shape=(), dtype=int32, numpy=5>
"""

from headwater import (
    autodiff,
    autograph,
    config,
    dtypes,
    experimental,
    keras,
    lite,
    summary,
    sysconfig,
    test,
    train,
    version,
)
from headwater.core import errors, nest
from headwater.core.dtypes import (
    DType,
    as_dtype,
    bfloat16,
    bool,
    complex64,
    complex128,
    double,
    float16,
    float32,
    float64,
    half,
    int8,
    int16,
    int32,
    int64,
    resource,
    string,
    uint8,
    uint16,
    uint32,
    uint64,
    variant,
)
from headwater.core.function import function
from headwater.core.graph import Graph, init_scope
from headwater.core.module import Module, name_scope
from headwater.core.shapes import TensorShape
from headwater.core.spec import IndexedSlices, TensorSpec, TypeSpec
from headwater.core.tape import GradientTape, UnconnectedGradients
from headwater.core.tensor import Tensor, register_tensor_conversion_function
from headwater.core.variable import Variable, variable_creator_scope
from headwater.ops import (
    array,
    audio,
    bitwise,
    control_flow,
    debugging,
    image,
    io,
    linalg,
    math,
    nn,
    operators,
    random,
    script,
    signal,
    strings,
    tensor_array,
)
from headwater.ops.constant import (
    executing_eagerly,
    inside_function,
    is_symbolic_tensor,
    is_tensor,
    make_ndarray,
    make_tensor_proto,
    type_spec_from_value,
)
from headwater.ops.devices import DeviceSpec, device
from headwater.ops.initializers import (
    constant_initializer,
    ones_initializer,
    random_normal_initializer,
    random_uniform_initializer,
    zeros_initializer,
)

# Functions at the root, written by scripts/root_names.py from the modules' ROOT_NAMES.
# isort: split
from headwater.ops.array import (
    batch_to_space,
    bitcast,
    boolean_mask,
    broadcast_dynamic_shape,
    broadcast_static_shape,
    broadcast_to,
    cast,
    concat,
    constant,
    convert_to_tensor,
    dynamic_partition,
    dynamic_stitch,
    ensure_shape,
    expand_dims,
    eye,
    fill,
    gather,
    gather_nd,
    get_static_value,
    guarantee_const,
    identity,
    identity_n,
    linspace,
    meshgrid,
    newaxis,
    one_hot,
    ones,
    ones_like,
    pad,
    range,
    rank,
    repeat,
    required_space_to_batch_paddings,
    reshape,
    reverse,
    reverse_sequence,
    roll,
    scatter_nd,
    searchsorted,
    sequence_mask,
    shape,
    shape_n,
    size,
    slice,
    space_to_batch,
    space_to_batch_nd,
    split,
    squeeze,
    stack,
    stop_gradient,
    strided_slice,
    tensor_scatter_nd_add,
    tensor_scatter_nd_max,
    tensor_scatter_nd_min,
    tensor_scatter_nd_sub,
    tensor_scatter_nd_update,
    tile,
    transpose,
    unique,
    unique_with_counts,
    unravel_index,
    unstack,
    where,
    zeros,
    zeros_like,
)
from headwater.ops.control_flow import case, cond, control_dependencies, group, no_op, switch_case, tuple, while_loop
from headwater.ops.debugging import Assert, assert_equal, assert_greater, assert_less, assert_rank
from headwater.ops.gradients import custom_gradient, grad_pass_through, gradients, recompute_grad
from headwater.ops.linalg import eig, eigvals, einsum, matmul, norm, tensordot
from headwater.ops.linalg import sqrtm as matrix_square_root
from headwater.ops.maps import foldl, foldr, map_fn, scan, vectorized_map
from headwater.ops.math import (
    abs,
    acos,
    acosh,
    add,
    add_n,
    argmax,
    argmin,
    argsort,
    asin,
    asinh,
    atan,
    atan2,
    atanh,
    clip_by_global_norm,
    clip_by_norm,
    clip_by_value,
    complex,
    cos,
    cosh,
    cumsum,
    divide,
    equal,
    exp,
    floor,
    greater,
    greater_equal,
    histogram_fixed_width,
    histogram_fixed_width_bins,
    less,
    less_equal,
    logical_and,
    logical_not,
    logical_or,
    maximum,
    minimum,
    multiply,
    negative,
    not_equal,
    pow,
    realdiv,
    reduce_all,
    reduce_any,
    reduce_logsumexp,
    reduce_max,
    reduce_mean,
    reduce_min,
    reduce_prod,
    reduce_sum,
    round,
    saturate_cast,
    scalar_mul,
    sigmoid,
    sign,
    sin,
    sinh,
    sort,
    sqrt,
    square,
    subtract,
    tan,
    tanh,
    truediv,
    truncatediv,
    truncatemod,
)
from headwater.ops.script import numpy_function, print, py_function
from headwater.ops.strings import as_string
from headwater.ops.tensor_array import TensorArray

# isort: split
# End of what scripts/root_names.py writes.

__version__ = "0.1.0"

"""Headwater: TensorFlow 2's programming model and model life cycle on XLA, without TensorFlow.

>>> import headwater as tf
>>> tf.constant(2) + 3
<tf.Tensor: shape=(), dtype=int32, numpy=5>
"""

from headwater import autodiff, config
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
from headwater.core.shapes import TensorShape
from headwater.core.spec import IndexedSlices, TensorSpec, TypeSpec
from headwater.core.tape import GradientTape, UnconnectedGradients
from headwater.core.tensor import Tensor, convert_to_tensor, register_tensor_conversion_function
from headwater.core.variable import Variable, variable_creator_scope
from headwater.ops import array, linalg, math, nn, operators
from headwater.ops.array import fill, newaxis, ones, ones_like, range, reshape, shape, stack, zeros, zeros_like
from headwater.ops.linalg import matmul
from headwater.ops.math import cast, reduce_sum
from headwater.ops.nn import sigmoid, tanh

__version__ = "0.1.0"

constant = convert_to_tensor

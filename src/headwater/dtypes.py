"""`tf.dtypes`: the dtypes and what converts between them."""

import headwater.ops.operators  # noqa: F401  what Python's operators do with tensors
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
from headwater.ops._arithmetic import complex
from headwater.ops._cast import cast
from headwater.ops._clip import saturate_cast

__all__ = [
    "DType", "as_dtype", "bfloat16", "bool", "cast", "complex", "complex64", "complex128", "double", "float16",
    "float32", "float64", "half", "int8", "int16", "int32", "int64", "resource", "saturate_cast", "string", "uint8",
    "uint16", "uint32", "uint64", "variant",
]  # fmt: skip

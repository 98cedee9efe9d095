"""What a value is, seen from outside: `tf.is_tensor`, `tf.type_spec_from_value`, and `TensorProto` both ways."""

from __future__ import annotations

from typing import Any

import numpy as np

from headwater.core import dtypes
from headwater.core.context import context
from headwater.core.dtypes import DType, as_dtype
from headwater.core.nest import CompositeTensor
from headwater.core.spec import IndexedSlices, TensorSpec, TypeSpec
from headwater.core.tensor import Tensor, convert_to_tensor, to_numpy
from headwater.core.variable import Variable

__all__ = [
    "executing_eagerly", "inside_function", "is_symbolic_tensor", "is_tensor", "make_ndarray", "make_tensor_proto",
    "type_spec_from_value",
]  # fmt: skip

# Fields of TensorProto that hold values of one kind, by dtype; other numbers come as tensor_content only.
_FIELDS = {
    "float32": "float_val", "float64": "double_val", "int32": "int_val", "int16": "int_val", "int8": "int_val",
    "uint8": "int_val", "uint16": "int_val", "int64": "int64_val", "bool": "bool_val", "uint32": "uint32_val",
    "uint64": "uint64_val", "string": "string_val", "float16": "half_val", "bfloat16": "half_val",
    "complex64": "scomplex_val", "complex128": "dcomplex_val",
}  # fmt: skip


def is_tensor(x: Any) -> bool:
    """Whether the value is a tensor, a variable, or made of tensors.

    >>> tf.is_tensor(tf.constant(1)), tf.is_tensor(1)
    (True, False)
    """
    return isinstance(x, Tensor | Variable | CompositeTensor)


def is_symbolic_tensor(tensor: Any) -> bool:
    """Whether the value is a tensor of a graph being traced.

    >>> tf.is_symbolic_tensor(tf.constant(1))
    False
    """
    return isinstance(tensor, Tensor) and not hasattr(tensor, "_numpy")


def executing_eagerly() -> bool:
    """Whether ops run at once; False inside a `tf.function`.

    >>> tf.executing_eagerly()
    True
    """
    return context.graph is None


def inside_function() -> bool:
    """Whether a `tf.function` is being traced.

    >>> tf.inside_function()
    False
    """
    return context.graph is not None


def type_spec_from_value(value: Any) -> TypeSpec:
    """The spec of a tensor or of what converts to one.

    Raises:
        TypeError: If the value has no tensor form.

    >>> tf.type_spec_from_value(tf.constant([1, 2]))
    TensorSpec(shape=(2,), dtype=tf.int32, name=None)
    """
    spec = getattr(value, "_type_spec", None)
    if isinstance(spec, TypeSpec):
        return spec
    if isinstance(value, IndexedSlices | CompositeTensor):
        raise TypeError(f"Could not build a TypeSpec for {value!r} of type {type(value).__name__}.")
    try:
        tensor = value if isinstance(value, Tensor | Variable) else convert_to_tensor(value)
    except (TypeError, ValueError) as error:
        raise TypeError(
            f"Could not build a TypeSpec for {value!r} of unsupported type {type(value)}. ({error})"
        ) from None
    return TensorSpec(tensor.shape, tensor.dtype)


def make_tensor_proto(values: Any, dtype: Any = None, shape: Any = None, verify_shape: bool = False) -> Any:
    """A value as a `TensorProto`.

    Args:
        values: What converts to a tensor.
        dtype: The dtype; None lets the value decide.
        shape: The shape; a single value is repeated to fill it.
        verify_shape: Whether `values` must have exactly that shape.

    Raises:
        TypeError: If `verify_shape` and the shape is another.

    >>> tf.make_ndarray(tf.make_tensor_proto([1, 2]))
    array([1, 2], dtype=int32)
    """
    from tensorboard.compat.proto import tensor_pb2, tensor_shape_pb2  # noqa: PLC0415  protos are slow to import

    found = None if dtype is None else as_dtype(dtype)
    array = values.numpy() if isinstance(values, Tensor) else to_numpy(values, found)
    array = np.asarray(array, object if isinstance(array, bytes) else None)
    kind = dtypes.string if array.dtype == object else dtypes.from_numpy(array.dtype)
    wanted = array.shape if shape is None else tuple(int(s) for s in shape)
    if wanted != array.shape:
        if verify_shape or array.size not in (1, int(np.prod(wanted))):
            raise TypeError(f"Expected Tensor's shape: {wanted}, got {array.shape}.")
        array = array.reshape(wanted) if array.size != 1 else np.full(wanted, array.reshape(-1)[0], array.dtype)
    dims = [tensor_shape_pb2.TensorShapeProto.Dim(size=s) for s in wanted]
    proto = tensor_pb2.TensorProto(
        dtype=kind.as_datatype_enum, tensor_shape=tensor_shape_pb2.TensorShapeProto(dim=dims)
    )
    if kind is dtypes.string:
        proto.string_val.extend(array.reshape(-1).tolist())
    elif array.size == 1 and kind.name in ("float32", "float64", "int32", "int64", "bool"):
        getattr(proto, _FIELDS[kind.name]).append(array.reshape(-1)[0].item())
    else:
        proto.tensor_content = np.ascontiguousarray(array).tobytes()
    return proto


def make_ndarray(tensor: Any) -> Any:
    """The NumPy array a `TensorProto` holds; strings as an array of bytes objects.

    >>> tf.make_ndarray(tf.make_tensor_proto("text"))
    array(b'text', dtype=object)
    """
    kind = as_dtype(tensor.dtype)
    shape = [d.size for d in tensor.tensor_shape.dim]
    if tensor.tensor_content:
        return np.frombuffer(tensor.tensor_content, kind.as_numpy_dtype).reshape(shape).copy()
    if kind.name not in _FIELDS:
        raise TypeError(f"Unsupported tensor type: {kind}. Expected one of {sorted(_FIELDS)}.")
    return _filled(_field_values(tensor, kind), shape)


def _field_values(tensor: Any, kind: DType) -> Any:
    listed = getattr(tensor, _FIELDS[kind.name])
    if kind is dtypes.string:
        values = np.empty(len(listed), object)
        values[:] = list(listed)
        return values
    if _FIELDS[kind.name] == "half_val":
        return np.asarray(listed, np.uint16).view(kind.as_numpy_dtype)
    if kind.is_complex:
        pairs = np.asarray(listed).reshape(-1, 2)
        return (pairs[:, 0] + 1j * pairs[:, 1]).astype(kind.as_numpy_dtype)
    return np.asarray(listed, kind.as_numpy_dtype)


def _filled(values: Any, shape: list[int]) -> Any:
    """The values in a shape, the last one repeated (as TensorFlow shortens constants)."""
    count = int(np.prod(shape))
    if len(values) == 0 < count:
        values = np.zeros(1, values.dtype) if values.dtype != object else np.array([b""], object)
    if len(values) < count:
        values = np.concatenate([values, np.repeat(values[-1:], count - len(values))])
    return values.reshape(shape)

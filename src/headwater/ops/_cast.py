"""Changes of dtype."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp
import numpy as np
from jax import lax

from headwater.core import dtypes
from headwater.core.dtypes import as_dtype, from_numpy
from headwater.core.errors import UnimplementedError
from headwater.core.op import op
from headwater.core.tensor import Tensor, convert_to_tensor


@op("Cast", elementwise=True)
def CAST(x: Any, *, DstT: Any) -> Any:
    if jnp.iscomplexobj(x) and np.dtype(DstT).kind not in "cb":
        x = jnp.real(x)
    if DstT == np.bool_:
        return x != 0
    whole = jnp.issubdtype(x.dtype, jnp.floating) and np.dtype(DstT).kind in "iu"
    return _whole_numbers(x, np.dtype(DstT)) if whole else x.astype(DstT)


def _whole_numbers(x: Any, target: np.dtype[Any]) -> Any:
    """Floats as integers by the rule of C on most processors: XLA would take the nearest integer that there is.

    What a register cannot hold (NaN too) is its smallest number; narrower integers take the register's last bits.
    """
    register = np.int32 if target.itemsize < 4 or target == np.int32 else np.int64
    low = float(np.iinfo(register).min)
    x = x.astype(jnp.promote_types(x.dtype, jnp.float32))
    number = jnp.where((x >= low) & (x < -low), x, low).astype(register).astype(target)
    if target != np.uint64:
        return number
    return jnp.where((x >= -low) & (x < -2 * low), x.astype(target), number)


def cast(x: Any, dtype: Any, name: str | None = None) -> Tensor:
    """Converts to another dtype. Floats become integers by dropping what follows the point.

    What no int32 (for the wide dtypes: int64) can hold, NaN too, becomes its smallest number; narrower integers take
    its last bits, so that -1.0 is the uint8 255. Use `tf.saturate_cast` for the nearest one instead.

    Args:
        x: A tensor of numbers or truth values.
        dtype: The dtype to convert to.
        name: A name for the operation.

    Returns:
        A tensor of `x`'s shape; `x` itself if it has the dtype already.

    Raises:
        UnimplementedError: For strings. Use `tf.strings.to_number` or `tf.strings.as_string`.

    >>> tf.cast([1.8, -2.2], tf.int32).numpy()
    array([ 1, -2], dtype=int32)
    """
    target = as_dtype(dtype)
    tensor = convert_to_tensor(x)
    if tensor.dtype is target:
        return tensor
    if dtypes.string in (tensor.dtype, target):
        raise UnimplementedError(
            None, None, f"Cast {tensor.dtype.name} to {target.name} is not supported. Use tf.strings.to_number."
        )
    return CAST(tensor, DstT=np.dtype(target.as_numpy_dtype), name=name)


def _bitcast_spec(inputs: Any, attrs: dict[str, Any]) -> Any:
    x, target = inputs[0], from_numpy(attrs["type"])
    if x.shape.rank is None or target.size == x.dtype.size:
        return target, x.shape
    if target.size < x.dtype.size:
        return target, x.shape.concatenate([x.dtype.size // target.size])
    ratio = target.size // x.dtype.size
    if not x.shape.rank or x.shape[-1] not in (ratio, None):
        raise ValueError(
            f"Expected a last dimension of {ratio} to cast {x.dtype.name} to {target.name}, got {x.shape}."
        )
    return target, x.shape[:-1]


@op("Bitcast", differentiable=False, spec=_bitcast_spec)
def BITCAST(x: Any, *, type: Any) -> Any:
    return lax.bitcast_convert_type(x, type)


def bitcast(input: Any, type: Any, name: str | None = None) -> Tensor:
    """Reads the same bits as another dtype.

    A wider dtype takes the last dimension with it; a narrower one adds one.

    >>> tf.bitcast([1.0], tf.int32).numpy()
    array([1065353216], dtype=int32)
    """
    return BITCAST(convert_to_tensor(input), type=np.dtype(as_dtype(type).as_numpy_dtype), name=name)

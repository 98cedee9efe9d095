"""NumPy arrays onto the device: always copies that share no memory with the array, for users write into theirs.

JAX itself may keep the array's memory, or copy it only when the device gets to it.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import jax
import numpy as np

# From this size on it pays to lay the copy out so that the CPU device can take it over as it is.
_LARGE = 1 << 18
_ALIGNMENT = 64


def put(array: Any, device: Any = None) -> Any:
    """A device array of a NumPy array's values at this moment.

    Args:
        array: A NumPy array. A JAX array, which nobody can write into, is not copied.
        device: Where to; None means the default device.
    """
    if isinstance(array, jax.Array):
        return array if device is None else jax.device_put(array, device)
    if device is not None or array.nbytes >= _LARGE:
        return jax.device_put(_aligned_copy(array), device)
    return given(np.array(array))


def copied(array: Any) -> Any:
    """A copy of a tensor's array in memory of its own. Compiles nothing, as `jnp.array` does for each shape."""
    return array.copy() if isinstance(array, np.ndarray) else jax.device_put(array, may_alias=False)


def given(array: Any) -> Any:
    """A device array of a NumPy array that nobody else holds, on the default device. Compiles nothing.

    `jnp.asarray` compiles a program for each shape, and `jax.device_put` takes fifty times as long.
    """
    direct = _direct()
    device = jax.config.jax_default_device  # type: ignore[attr-defined]
    if direct is None or device is not None or array.dtype.kind not in "biufcV":
        return jax.device_put(array)
    return direct(array)


@functools.cache
def _direct() -> Callable[[Any], Any] | None:
    """How JAX itself hands an array to the CPU, or None where it cannot be had."""
    try:
        from jax._src.core import ShapedArray  # noqa: PLC0415 - not public: its absence must not be an error
        from jax._src.lib import xla_client  # noqa: PLC0415

        batched_device_put = xla_client.batched_device_put
    except (ImportError, AttributeError):
        return None
    if jax.default_backend() != "cpu" or not jax.config.jax_enable_x64:  # type: ignore[attr-defined]
        return None
    device = jax.local_devices()[0]
    sharding = jax.sharding.SingleDeviceSharding(device)
    shaped = functools.lru_cache(1024)(ShapedArray)

    def direct(array: Any) -> Any:
        return batched_device_put(shaped(array.shape, array.dtype), sharding, [array], [device], False)

    try:
        direct(np.zeros(1, np.int32))
    except (TypeError, RuntimeError):
        return None
    return direct


def _aligned_copy(array: Any) -> Any:
    """A copy that is contiguous and aligned, in memory that nobody else holds."""
    memory = np.empty(array.nbytes + _ALIGNMENT, np.uint8)
    offset = -memory.__array_interface__["data"][0] % _ALIGNMENT
    copy: Any = np.ndarray(array.shape, array.dtype, memory, offset)
    copy[...] = array
    return copy

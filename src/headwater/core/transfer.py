"""NumPy arrays onto the device: always copies that share no memory with the array, for users write into theirs.

JAX itself may keep the array's memory, or copy it only when the device gets to it.
"""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
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
    return jnp.asarray(np.array(array))


def _aligned_copy(array: Any) -> Any:
    """A copy that is contiguous and aligned, in memory that nobody else holds."""
    memory = np.empty(array.nbytes + _ALIGNMENT, np.uint8)
    offset = -memory.__array_interface__["data"][0] % _ALIGNMENT
    copy: Any = np.ndarray(array.shape, array.dtype, memory, offset)
    copy[...] = array
    return copy

"""`tf.experimental`."""

from __future__ import annotations

import types
from typing import Any

import jax.dlpack

import headwater.ops.operators  # noqa: F401  what Python's operators do with tensors
from headwater.core.tensor import EagerTensor, Tensor, convert_to_tensor

__all__ = ["dlpack"]


def _to_dlpack(tf_tensor: Any) -> Any:
    """An eager tensor as a DLPack capsule, without a copy.

    Args:
        tf_tensor: The tensor.

    Raises:
        ValueError: If it is symbolic.
    """
    tensor = convert_to_tensor(tf_tensor)
    if not isinstance(tensor, EagerTensor):
        raise ValueError(f"Expected an eager tensor, received {tensor!r}.")
    return tensor._array.__dlpack__()


class _Capsule:
    """An array that is known by its DLPack capsule alone; capsules hold memory of the CPU."""

    def __init__(self, capsule: Any) -> None:
        self._capsule = capsule

    def __dlpack__(self, **options: Any) -> Any:
        return self._capsule

    def __dlpack_device__(self) -> tuple[int, int]:
        return (1, 0)


def _from_dlpack(dlcapsule: Any) -> Tensor:
    """A tensor of a DLPack capsule, or of an array that exports one, without a copy where the runtime allows.

    Args:
        dlcapsule: A capsule of CPU memory, or an object with ``__dlpack__``.
    """
    source = dlcapsule if hasattr(dlcapsule, "__dlpack__") else _Capsule(dlcapsule)
    return EagerTensor(jax.dlpack.from_dlpack(source))


dlpack = types.SimpleNamespace(from_dlpack=_from_dlpack, to_dlpack=_to_dlpack)

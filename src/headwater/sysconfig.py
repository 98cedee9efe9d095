"""`tf.sysconfig`: how the package was built."""

from __future__ import annotations

from typing import Any

from headwater.ops.devices import has_accelerator

__all__ = ["get_build_info", "get_compile_flags", "get_link_flags"]


def get_build_info() -> dict[str, Any]:
    """Whether the installed XLA supports accelerators.

    >>> sorted(tf.sysconfig.get_build_info())
    ['is_cuda_build', 'is_rocm_build', 'is_tensorrt_build']
    """
    return {"is_cuda_build": has_accelerator("GPU"), "is_rocm_build": False, "is_tensorrt_build": False}


def get_compile_flags() -> list[str]:
    """Flags for compiling against the package: none, it has no native code.

    >>> tf.sysconfig.get_compile_flags()
    []
    """
    return []


def get_link_flags() -> list[str]:
    """Flags for linking against the package: none, it has no native code.

    >>> tf.sysconfig.get_link_flags()
    []
    """
    return []

"""`tf.device`, `tf.DeviceSpec`: TensorFlow's device names, and the XLA devices they stand for."""

from __future__ import annotations

import dataclasses
import importlib.util
import threading
from typing import Any

import jax

from headwater.core.context import context
from headwater.core.errors import InvalidArgumentError
from headwater.core.tensor import device_kind

__all__ = ["DeviceSpec", "device"]

ACCELERATORS = {"GPU": ("jax_cuda12_plugin", "jax_cuda13_plugin", "jax_rocm7_plugin"), "TPU": ("libtpu",)}


class DeviceSettings:
    """What `tf.config` decides about devices.

    Attributes:
        soft_placement: Whether an absent device means the CPU.
        visible: By device type, the indices of physical devices that may be used; types not listed: all.
    """

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.soft_placement = True
        self.visible: dict[str, list[int]] = {}


settings = DeviceSettings()


def is_initialized() -> bool:
    """Whether XLA's devices have been started, after which they cannot be configured."""
    count: int = jax.config.jax_num_cpu_devices  # type: ignore[attr-defined]
    try:  # JAX answers this only by refusing another setting
        jax.config.update("jax_num_cpu_devices", max(count, 0) + 1)
    except RuntimeError:
        return True
    jax.config.update("jax_num_cpu_devices", count)
    return False


def has_accelerator(kind: str) -> bool:
    """Whether support for this type of device is installed; looks at packages only and starts nothing."""
    return any(importlib.util.find_spec(name) is not None for name in ACCELERATORS.get(kind, ()))


def local_devices(kind: str | None = None) -> list[Any]:
    """The visible XLA devices of this process, of one type or all. Starts XLA."""
    found = []
    for platform in ("cpu", *[k.lower() for k in ACCELERATORS if has_accelerator(k)]):
        try:
            found += jax.local_devices(backend=platform)
        except RuntimeError:  # a plugin without its hardware
            continue
    chosen = [d for d in found if kind in (None, device_kind(d))]
    return [d for d in chosen if _is_visible(device_kind(d), d.local_hardware_id or 0)]


def _is_visible(kind: str, index: int) -> bool:
    # Virtual CPU devices all belong to the one physical CPU.
    return kind not in settings.visible or (0 if kind == "CPU" else index) in settings.visible[kind]


@dataclasses.dataclass(frozen=True)
class DeviceSpec:
    """A device, fully or partly named.

    Args:
        job: The job, such as ``"worker"``.
        replica: The replica's number.
        task: The task's number.
        device_type: ``"CPU"``, ``"GPU"`` or ``"TPU"``.
        device_index: The device's number among those of its type.

    >>> tf.DeviceSpec.from_string("/job:worker/task:1/GPU:0").to_string()
    '/job:worker/task:1/device:GPU:0'
    """

    job: str | None = None
    replica: int | None = None
    task: int | None = None
    device_type: str | None = None
    device_index: int | None = None

    @classmethod
    def from_string(cls, spec: str) -> DeviceSpec:
        """Reads a name such as ``/job:worker/replica:0/task:1/device:GPU:0`` or ``/cpu:0``.

        Raises:
            ValueError: If it is not a device name.
        """
        fields: dict[str, Any] = {}
        for part in filter(None, spec.split("/")):
            words = part.split(":")
            if words[0] == "device":
                words = words[1:]
            key = words[0].lower()
            try:
                if key == "job":
                    fields["job"] = words[1]
                elif key in ("replica", "task"):
                    fields[key] = int(words[1])
                elif key in ("cpu", "gpu", "tpu", "xla_cpu", "xla_gpu") and len(words) <= 2:
                    fields["device_type"] = key.removeprefix("xla_").upper()
                    if len(words) == 2 and words[1] != "*":
                        fields["device_index"] = int(words[1])
                else:
                    raise ValueError(part)
            except (ValueError, IndexError):
                raise ValueError(
                    f"Unknown attribute '{part}' is encountered while parsing the device spec: '{spec}'. Expected a "
                    "name such as '/CPU:0' or '/job:localhost/replica:0/task:0/device:GPU:1'."
                ) from None
        return cls(**fields)

    def to_string(self) -> str:
        """The name."""
        parts = [f"/{key}:{getattr(self, key)}" for key in ("job", "replica", "task") if getattr(self, key) is not None]
        if self.device_type is not None:
            parts.append(f"/device:{self.device_type}:{'*' if self.device_index is None else self.device_index}")
        return "".join(parts)

    def make_merged_spec(self, dev: DeviceSpec) -> DeviceSpec:
        """This spec with what `dev` says in its place."""
        return dataclasses.replace(self, **{k: v for k, v in dataclasses.asdict(dev).items() if v is not None})

    def replace(self, **fields: Any) -> DeviceSpec:
        """This spec with some fields changed."""
        return dataclasses.replace(self, **fields)

    def __repr__(self) -> str:
        fields = ", ".join(f"{key}={value}" for key, value in dataclasses.asdict(self).items())
        return f"<DeviceSpec({fields})>"


def find_device(spec: Any) -> Any:
    """The XLA device a name, `DeviceSpec` or device of `tf.config` stands for; None for the default one.

    Raises:
        InvalidArgumentError: If there is no such device, and soft placement is off.
    """
    if spec is None:
        return None
    name = spec if isinstance(spec, str) else getattr(spec, "name", None) or spec.to_string()
    wanted = DeviceSpec.from_string(name.replace("/physical_device:", "/device:"))
    if wanted.device_type is None:
        return None
    candidates = local_devices(wanted.device_type)
    index = wanted.device_index or 0
    if index < len(candidates):
        return candidates[index]
    if settings.soft_placement:
        return jax.local_devices(backend="cpu")[0]
    everything = local_devices()
    kinds = sorted({device_kind(d) for d in everything})
    raise InvalidArgumentError(
        None,
        None,
        f"Could not satisfy device specification '{full_name(wanted.device_type, index)}'. enable_soft_placement=0. "
        f"Supported device types [{', '.join(kinds)}]. All available devices "
        f"[{', '.join(full_name(kind, i) for kind in kinds for i in range(len(local_devices(kind))))}]. Use one of "
        "them, or tf.config.set_soft_device_placement(True).",
    )


def full_name(kind: str, index: int) -> str:
    """TensorFlow's full name of a device of this process."""
    return f"/job:localhost/replica:0/task:0/device:{kind}:{index}"


class device:
    """A context in which ops run, and tensors are made, on a device.

    Args:
        device_name: A name such as ``"/GPU:0"``, a `DeviceSpec`, a device of `tf.config`, or None for the default.

    >>> with tf.device("/CPU:0"):
    ...     x = tf.constant([1.0])
    >>> x.device
    '/job:localhost/replica:0/task:0/device:CPU:0'
    """

    def __init__(self, device_name: Any) -> None:
        self._device = find_device(device_name)
        self._entered: list[Any] = []

    def __enter__(self) -> None:
        default = jax.default_device(self._device)
        default.__enter__()
        self._entered.append((context.enter(device=self._device), default))

    def __exit__(self, *error: Any) -> None:
        before, default = self._entered.pop()
        context.restore(before)
        default.__exit__(*error)

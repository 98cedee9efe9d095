"""`tf.config`: which devices there are and how they are used."""

from __future__ import annotations

import dataclasses
import os
import types
from typing import Any

import jax

from headwater.core.function import functions_run_eagerly, run_functions_eagerly
from headwater.core.tensor import device_kind
from headwater.ops._streams import streams
from headwater.ops.devices import ACCELERATORS, find_device, has_accelerator, is_initialized, local_devices, settings

__all__ = [
    "LogicalDevice", "LogicalDeviceConfiguration", "PhysicalDevice", "experimental", "functions_run_eagerly",
    "get_logical_device_configuration", "get_soft_device_placement", "get_visible_devices", "list_logical_devices",
    "list_physical_devices", "optimizer", "run_functions_eagerly", "set_logical_device_configuration",
    "set_soft_device_placement", "set_visible_devices", "threading",
]  # fmt: skip


@dataclasses.dataclass(frozen=True)
class PhysicalDevice:
    """A device of this machine, whether or not it is used."""

    name: str
    device_type: str

    def __repr__(self) -> str:
        return f"PhysicalDevice(name={self.name!r}, device_type={self.device_type!r})"


@dataclasses.dataclass(frozen=True)
class LogicalDevice:
    """A device that ops can run on: a physical one, or part of one."""

    name: str
    device_type: str

    def __repr__(self) -> str:
        return f"LogicalDevice(name={self.name!r}, device_type={self.device_type!r})"


@dataclasses.dataclass(frozen=True)
class LogicalDeviceConfiguration:
    """How a logical device is made.

    Args:
        memory_limit: Accepted for compatibility: XLA shares a GPU's memory by its own rule.
        experimental_priority: Accepted for compatibility.
        experimental_device_ordinal: Accepted for compatibility.
    """

    memory_limit: float | None = None
    experimental_priority: int | None = None
    experimental_device_ordinal: int | None = None


class _Settings:
    """What was asked for, where nothing else remembers it."""

    def __init__(self) -> None:
        self.logical: dict[str, list[LogicalDeviceConfiguration]] = {}
        self.memory_growth: dict[str, bool] = {}
        self.jit: bool | str = False
        self.optimizer_options: dict[str, Any] = {}
        self.threads = {"inter": 0, "intra": 0}
        self.tensor_float_32 = True


_settings = _Settings()


def _before_start(what: str) -> None:
    if is_initialized():
        raise RuntimeError(
            f"{what} cannot be modified after being initialized: something has been computed already. Call this at "
            "the start of the program."
        )


# Devices --------------------------------------------------------------------------------------------------------


def list_physical_devices(device_type: str | None = None) -> list[PhysicalDevice]:
    """The devices of this machine.

    Without support for accelerators installed this starts nothing, so that devices can still be configured.

    >>> tf.config.list_physical_devices("CPU")
    [PhysicalDevice(name='/physical_device:CPU:0', device_type='CPU')]
    """
    found = [PhysicalDevice("/physical_device:CPU:0", "CPU")]
    for kind in ACCELERATORS:
        if has_accelerator(kind):
            try:
                count = len(jax.local_devices(backend=kind.lower()))
            except RuntimeError:  # support is installed, the hardware is not there
                continue
            found += [PhysicalDevice(f"/physical_device:{kind}:{i}", kind) for i in range(count)]
    return [d for d in found if device_type in (None, d.device_type)]


def list_logical_devices(device_type: str | None = None) -> list[LogicalDevice]:
    """The devices ops can run on.

    >>> tf.config.list_logical_devices("CPU")[0]
    LogicalDevice(name='/device:CPU:0', device_type='CPU')
    """
    counts: dict[str, int] = {}
    found = []
    for device in local_devices(device_type):
        kind = device_kind(device)
        found.append(LogicalDevice(f"/device:{kind}:{counts.get(kind, 0)}", kind))
        counts[kind] = counts.get(kind, 0) + 1
    return found


def get_visible_devices(device_type: str | None = None) -> list[PhysicalDevice]:
    """The physical devices that are used.

    >>> tf.config.get_visible_devices("CPU")
    [PhysicalDevice(name='/physical_device:CPU:0', device_type='CPU')]
    """
    devices = list_physical_devices(device_type)
    return [
        d for d in devices if d.device_type not in settings.visible or _number(d) in settings.visible[d.device_type]
    ]


def set_visible_devices(devices: Any, device_type: str | None = None) -> None:
    """Says which physical devices are used.

    Args:
        devices: A `PhysicalDevice` or a list of them; the rest is not used.
        device_type: The type that is meant; None: all types.

    Raises:
        ValueError: If a device is of another type, or not there.
        RuntimeError: If devices have been used already and this would change which.
    """
    devices = list(devices) if isinstance(devices, list | tuple) else [devices]
    known = list_physical_devices()
    for device in devices:
        if device not in known:
            raise ValueError(f"Unrecognized device: {device!r}. Expected one of {known}.")
        if device_type is not None and device.device_type != device_type:
            raise ValueError(f"Unrecognized device: {device!r}. Expected devices of type {device_type}.")
    kinds = {d.device_type for d in known} if device_type is None else {device_type}
    chosen = {kind: [_number(d) for d in devices if d.device_type == kind] for kind in kinds}
    if any(settings.visible.get(kind) != chosen[kind] for kind in kinds):
        everything = {kind: [_number(d) for d in known if d.device_type == kind] for kind in kinds}
        if chosen != {kind: settings.visible.get(kind, everything[kind]) for kind in kinds}:
            _before_start("Visible devices")
        settings.visible.update(chosen)
    if not is_initialized() and not any(settings.visible.get(kind, [0]) for kind in ACCELERATORS):
        jax.config.update("jax_platforms", "cpu")


def _number(device: PhysicalDevice) -> int:
    return int(device.name.rsplit(":", 1)[1])


def get_logical_device_configuration(device: PhysicalDevice) -> list[LogicalDeviceConfiguration] | None:
    """The logical devices a physical one is split into, or None.

    >>> tf.config.get_logical_device_configuration(tf.config.list_physical_devices("CPU")[0])
    """
    return _settings.logical.get(device.name)


def set_logical_device_configuration(device: PhysicalDevice, logical_devices: Any) -> None:
    """Splits the CPU into several devices, to try out distribution on one machine.

    Args:
        device: A physical device.
        logical_devices: A list of `LogicalDeviceConfiguration`, one per device wanted.

    Raises:
        RuntimeError: If something has been computed already.
        ValueError: If an accelerator is to be split into more than one device.
    """
    wanted = list(logical_devices)
    if device not in list_physical_devices():
        raise ValueError(f"Unrecognized device: {device!r}. Expected one of {list_physical_devices()}.")
    if _settings.logical.get(device.name) == wanted:
        return
    _before_start("Virtual devices")
    if device.device_type == "CPU":
        jax.config.update("jax_num_cpu_devices", len(wanted))
    elif len(wanted) > 1:
        raise ValueError(
            f"{device} cannot be split into {len(wanted)} devices: XLA gives a program whole accelerators. Use virtual "
            "CPU devices to try out distribution."
        )
    _settings.logical[device.name] = wanted


def get_soft_device_placement() -> bool:
    """Whether an op for a device that is not there runs on the CPU.

    >>> tf.config.get_soft_device_placement()
    True
    """
    return settings.soft_placement


def set_soft_device_placement(enabled: bool) -> None:
    """Says whether an op for a device that is not there runs on the CPU (True) or is an error (False).

    >>> tf.config.set_soft_device_placement(True)
    """
    settings.soft_placement = bool(enabled)


# Memory and determinism -----------------------------------------------------------------------------------------


def _set_memory_growth(device: PhysicalDevice, enable: bool) -> None:
    """Says whether a GPU's memory is taken as needed (True) or most of it at once; the same for all GPUs."""
    if device.device_type == "CPU":
        raise ValueError("Cannot set memory growth on non-GPU and non-Pluggable devices")
    if _settings.memory_growth.get(device.name, False) != enable:
        _before_start("Physical devices")
        os.environ["XLA_PYTHON_CLIENT_PREALLOCATE"] = "false" if enable else "true"
        _settings.memory_growth[device.name] = bool(enable)


def _get_memory_growth(device: PhysicalDevice) -> bool:
    """Whether the device's memory is taken as needed."""
    return _settings.memory_growth.get(device.name, False)


def _get_memory_info(device: str) -> dict[str, int]:
    """Bytes in use on a device, ``{"current": ..., "peak": ...}``."""
    found = find_device(device)
    numbers = found.memory_stats() if found is not None else None
    if not numbers:
        raise ValueError(f"Memory of {device!r} is not counted. Expected a GPU or TPU.")
    return {"current": numbers["bytes_in_use"], "peak": numbers["peak_bytes_in_use"]}


def _get_device_details(device: PhysicalDevice) -> dict[str, Any]:
    """What is known of a physical device; empty for the CPU."""
    if device.device_type == "CPU":
        return {}
    return {"device_name": local_devices(device.device_type)[_number(device)].device_kind}


def _enable_op_determinism() -> None:
    """Makes every op give the same result in each run, on GPUs too. Random ops then need a seed."""
    streams.deterministic = True
    if not is_initialized():
        flags = os.environ.get("XLA_FLAGS", "")
        os.environ["XLA_FLAGS"] = f"{flags} --xla_gpu_deterministic_ops=true".strip()


def _enable_tensor_float_32_execution(enabled: bool) -> None:
    """Says whether GPUs may multiply float32 matrices with shorter mantissas."""
    _settings.tensor_float_32 = bool(enabled)
    jax.config.update("jax_default_matmul_precision", None if enabled else "highest")


def _tensor_float_32_execution_enabled() -> bool:
    """Whether GPUs may multiply float32 matrices with shorter mantissas."""
    return _settings.tensor_float_32


# Threads and the optimizer --------------------------------------------------------------------------------------


def _set_threads(kind: str, count: int) -> None:
    if _settings.threads[kind] == count:
        return
    _before_start(f"{kind.capitalize()} op parallelism")
    if kind == "intra" and count:
        os.environ["NPROC"] = str(count)  # the size of XLA:CPU's thread pool
    _settings.threads[kind] = int(count)


def _set_intra_op_parallelism_threads(num_threads: int) -> None:
    """Sets the number of threads the CPU computes with; 0: as many as it has."""
    _set_threads("intra", num_threads)


def _set_inter_op_parallelism_threads(num_threads: int) -> None:
    """Accepted for compatibility: XLA schedules ops by itself."""
    _set_threads("inter", num_threads)


def _get_intra_op_parallelism_threads() -> int:
    """The number of threads the CPU computes with; 0: as many as it has."""
    return _settings.threads["intra"]


def _get_inter_op_parallelism_threads() -> int:
    """The number that was set; 0 by default."""
    return _settings.threads["inter"]


def _set_jit(enabled: bool | str) -> None:
    """Accepted for compatibility: functions are always compiled by XLA."""
    _settings.jit = enabled


def _get_jit() -> str:
    """``"autoclustering"`` if `set_jit` was called with True, else an empty string or what it was called with."""
    return "autoclustering" if _settings.jit is True else _settings.jit or ""


def _set_experimental_options(options: dict[str, Any]) -> None:
    """Remembers options of TensorFlow's graph optimizer; XLA has its own."""
    _settings.optimizer_options.update(options)


def _get_experimental_options() -> dict[str, Any]:
    """The options that were set, and those that are never off."""
    options = dict(_settings.optimizer_options)
    for name in ("disable_model_pruning", "disable_meta_optimizer"):
        options.setdefault(name, False)
    return options


optimizer = types.SimpleNamespace(
    get_experimental_options=_get_experimental_options,
    get_jit=_get_jit,
    set_experimental_options=_set_experimental_options,
    set_jit=_set_jit,
)

threading = types.SimpleNamespace(
    get_inter_op_parallelism_threads=_get_inter_op_parallelism_threads,
    get_intra_op_parallelism_threads=_get_intra_op_parallelism_threads,
    set_inter_op_parallelism_threads=_set_inter_op_parallelism_threads,
    set_intra_op_parallelism_threads=_set_intra_op_parallelism_threads,
)

experimental = types.SimpleNamespace(
    VirtualDeviceConfiguration=LogicalDeviceConfiguration,
    enable_op_determinism=_enable_op_determinism,
    enable_tensor_float_32_execution=_enable_tensor_float_32_execution,
    get_device_details=_get_device_details,
    get_memory_growth=_get_memory_growth,
    get_memory_info=_get_memory_info,
    get_virtual_device_configuration=get_logical_device_configuration,
    get_visible_devices=get_visible_devices,
    list_logical_devices=list_logical_devices,
    list_physical_devices=list_physical_devices,
    set_memory_growth=_set_memory_growth,
    set_virtual_device_configuration=set_logical_device_configuration,
    set_visible_devices=set_visible_devices,
    tensor_float_32_execution_enabled=_tensor_float_32_execution_enabled,
)

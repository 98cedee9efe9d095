"""What a layer says about its inputs, and the check of it."""

from __future__ import annotations

from typing import Any

from headwater.core import nest
from headwater.core.dtypes import as_dtype


class InputSpec:
    """What an input must look like.

    Args:
        dtype: Its dtype.
        shape: Its shape, None where any size will do.
        ndim: Its rank.
        max_ndim: Its largest rank.
        min_ndim: Its smallest rank.
        axes: Sizes by axis.
        allow_last_axis_squeeze: Whether a last axis of size 1 may be missing.
        name: The name the input is found under in a dict.
    """

    def __init__(
        self,
        dtype: Any = None,
        shape: Any = None,
        ndim: int | None = None,
        max_ndim: int | None = None,
        min_ndim: int | None = None,
        axes: dict[int, int | None] | None = None,
        allow_last_axis_squeeze: bool = False,
        name: str | None = None,
        optional: bool = False,
    ) -> None:
        self.dtype = None if dtype is None else as_dtype(dtype).name
        self.shape = None if shape is None else tuple(shape)
        self.ndim = len(self.shape) if self.shape is not None else ndim
        self.max_ndim = max_ndim
        self.min_ndim = min_ndim
        self.axes = {int(k): v for k, v in (axes or {}).items()}
        self.allow_last_axis_squeeze = allow_last_axis_squeeze
        self.name = name
        self.optional = optional

    def get_config(self) -> dict[str, Any]:
        """The arguments that make an equal spec."""
        names = ("dtype", "shape", "ndim", "max_ndim", "min_ndim", "axes")
        return {name: getattr(self, name) for name in names}

    def __repr__(self) -> str:
        parts = [f"{k}={v}" for k, v in self.get_config().items() if v]
        return f"InputSpec({', '.join(parts)})"


def check_inputs(spec: Any, args: tuple[Any, ...], layer: str) -> None:
    """Raises ValueError if the first argument of a layer's call does not fit its input spec."""
    if spec is None or not args:
        return
    specs = nest.flatten(spec)
    inputs = nest.flatten(args[0])
    if len(inputs) != len(specs):
        raise ValueError(f"Layer '{layer}' expected {len(specs)} input(s). Received {len(inputs)} instead.")
    for index, (value, one) in enumerate(zip(inputs, specs, strict=True)):
        shape = getattr(value, "shape", None)
        if one is None or shape is None or getattr(shape, "rank", 0) is None:
            continue
        problem = _problem(tuple(shape), one)
        if problem:
            raise ValueError(f"Input {index} of layer '{layer}' is incompatible with the layer: {problem}")


def _problem(shape: tuple[Any, ...], spec: InputSpec) -> str | None:
    rank = len(shape)
    if spec.ndim is not None and rank != spec.ndim and not spec.allow_last_axis_squeeze:
        return f"expected ndim={spec.ndim}, found ndim={rank}. Full shape received: {shape}"
    if spec.max_ndim is not None and rank > spec.max_ndim:
        return f"expected max_ndim={spec.max_ndim}, found ndim={rank}"
    if spec.min_ndim is not None and rank < spec.min_ndim:
        return f"expected min_ndim={spec.min_ndim}, found ndim={rank}. Full shape received: {shape}"
    for axis, size in spec.axes.items():
        if size is not None and axis < rank and shape[axis] not in (size, None):
            return f"expected axis {axis} of input shape to have value {size}, but received input with shape {shape}"
    if spec.shape is not None and rank == len(spec.shape):
        for wanted, found in zip(spec.shape, shape, strict=True):
            if wanted is not None and found is not None and wanted != found:
                return f"expected shape={spec.shape}, found shape={shape}"
    return None

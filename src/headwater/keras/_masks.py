"""Masks: which elements of a tensor count. They are attached to tensors and follow them from layer to layer."""

from __future__ import annotations

import warnings
from typing import Any

from headwater.core import nest
from headwater.core.tensor import Tensor


def mask_of(value: Any) -> Any:
    """The mask attached to a tensor, or None."""
    return getattr(value, "_keras_mask", None)


def attach(value: Any, mask: Any) -> None:
    """Attaches a mask to a tensor."""
    if mask is not None and isinstance(value, Tensor):
        value._keras_mask = mask  # type: ignore[attr-defined]


def masks_of(structure: Any) -> Any:
    """The masks of a structure of tensors in the same structure, or None if there are none."""
    if not isinstance(structure, list | tuple | dict):
        return mask_of(structure)
    masks = nest.map_structure(mask_of, structure)
    return masks if any(m is not None for m in nest.flatten(masks)) else None


def fill_arguments(names: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
    """Gives a layer's call the masks of its inputs: as ``mask``, or as ``NAME_mask`` for the argument NAME."""
    if "mask" in names and kwargs.get("mask") is None and len(args) == 1:
        if (mask := masks_of(args[0])) is not None:
            kwargs["mask"] = mask
        return
    given = dict(zip(list(names)[1:], args, strict=False)) | kwargs
    for name, value in given.items():
        wanted = f"{name}_mask"
        if wanted in names and given.get(wanted) is None and (mask := masks_of(value)) is not None:
            kwargs[wanted] = mask


def pass_on(layer: Any, inputs: Any, outputs: Any, given: Any = None) -> None:
    """Attaches the masks of a layer's outputs, which `compute_mask` makes of those given, or of those of the inputs."""
    previous = masks_of(inputs) if given is None else given
    if not layer.supports_masking:
        if previous is not None and any(mask_of(x) is None for x in nest.flatten(outputs)):
            warnings.warn(
                f"Layer '{layer.name}' (of type {type(layer).__name__}) was passed an input with a mask attached to "
                "it. However, this layer does not support masking and will therefore destroy the mask information. "
                "Set supports_masking in it, and define compute_mask() if it changes shapes.",
                stacklevel=4,
            )
        return
    flat = nest.flatten(outputs)
    if all(mask_of(x) is not None for x in flat):
        return
    masks = layer.compute_mask(inputs, previous)
    if masks is None:
        return
    for output, mask in zip(flat, masks if isinstance(masks, list | tuple) else [masks], strict=False):
        if mask_of(output) is None:
            attach(output, mask)

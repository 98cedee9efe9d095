"""Why a function was traced again: arguments described leaf by leaf, and compared."""

from __future__ import annotations

import collections.abc
from collections.abc import Sequence
from typing import Any

import numpy as np

from headwater.core.signature import BY_VALUE
from headwater.core.spec import TensorSpec
from headwater.core.tensor import Tensor, convert_to_tensor


def describe(value: Any, path: str, out: list[tuple[str, str, Any]]) -> None:
    """Lists ``(path, kind, detail)`` of every leaf, for explanations: kind is tensor, value, object or structure."""
    if isinstance(value, np.ndarray | np.generic):
        value = convert_to_tensor(value)
    if isinstance(value, Tensor | TensorSpec):
        out.append((path, "tensor", (value.dtype.name, value.shape)))
    elif isinstance(value, list | tuple):
        out.append((path, "structure", f"{type(value).__name__} of length {len(value)}"))
        for i, item in enumerate(value):
            describe(item, f"{path}[{i}]", out)
    elif isinstance(value, collections.abc.Mapping):
        out.append((path, "structure", f"{type(value).__name__} with keys {sorted(map(str, value))}"))
        for key in sorted(value, key=str):
            describe(value[key], f"{path}[{key!r}]", out)
    elif type(value) in BY_VALUE:
        out.append((path, "value", f"{type(value).__name__} {value!r}"))
    else:
        out.append((path, "object", f"{type(value).__name__} object"))


def differences(before: Sequence[Any], after: Sequence[Any]) -> list[str]:
    old, new = {p: (k, d) for p, k, d in before}, {p: (k, d) for p, k, d in after}
    return [
        text for path in (*new, *[p for p in old if p not in new])
        if (text := _difference(path, old.get(path), new.get(path))) is not None
    ]  # fmt: skip


def _difference(path: str, old: Any, new: Any) -> str | None:
    if old == new and (old is None or old[0] != "object"):
        return None
    if old is None or new is None:
        return f"{path}: was {'absent' if old is None else 'there'} before. Pass the same structure in every call."
    if old[0] == new[0] == "tensor":
        if old[1][0] != new[1][0]:
            return f"{path}: dtype {old[1][0]} became {new[1][0]}. Use tf.cast before the call."
        return (
            f"{path}: shape {old[1][1]} became {new[1][1]}. Use reduce_retracing=True, or an input_signature with None "
            "where sizes vary."
        )
    if old[0] == new[0] == "value":
        return (
            f"{path}: Python value {old[1]} became {new[1]}. Pass a tensor (tf.constant) instead, so that one trace "
            "serves all values."
        )
    if old[0] == new[0] == "object":
        return f"{path}: another {new[1]}. Objects count by identity; pass the same one, or only its tensors."
    return f"{path}: {old[0]} {old[1]} became {new[0]} {new[1]}. Pass the same kind of argument in every call."

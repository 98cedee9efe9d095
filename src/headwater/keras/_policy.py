"""Dtype policies: in which dtype a layer computes, and in which it keeps its weights."""

from __future__ import annotations

from typing import Any

from headwater.core.dtypes import as_dtype
from headwater.keras._lookup import Configurable
from headwater.keras._registry import builtin
from headwater.keras._state import floatx

_global: list[DTypePolicy] = []


@builtin("keras", "Policy")
class DTypePolicy(Configurable):
    """The dtypes of a layer.

    Args:
        name: A dtype name, or ``"mixed_float16"`` or ``"mixed_bfloat16"``: compute in that dtype, keep weights in
            float32. Default: the global policy.

    >>> tf.keras.mixed_precision.Policy("mixed_bfloat16").compute_dtype
    'bfloat16'
    """

    def __init__(self, name: Any = None, **kwargs: Any) -> None:
        name = dtype_policy().name if name is None else name
        if isinstance(name, int | float):
            raise TypeError(f"'name' must be a string, such as 'mixed_float16'. Received: name={name!r}")
        if not isinstance(name, str):
            name = _dtype_name(name)
        self._name = name
        if name.startswith("mixed_"):
            if name not in ("mixed_float16", "mixed_bfloat16"):
                raise ValueError(f"Cannot convert '{name}' to a mixed precision DTypePolicy. Use 'mixed_bfloat16'.")
            self._compute, self._variable = name.removeprefix("mixed_"), "float32"
        else:
            self._compute = self._variable = _dtype_name(name)

    @property
    def name(self) -> str:
        """The policy's name."""
        return self._name

    @property
    def compute_dtype(self) -> str:
        """The dtype layers compute in."""
        return self._compute

    @property
    def variable_dtype(self) -> str:
        """The dtype of weights."""
        return self._variable

    def get_config(self) -> dict[str, Any]:
        return {"name": self._name}

    def __eq__(self, other: object) -> bool:
        return isinstance(other, DTypePolicy) and other._name == self._name

    def __hash__(self) -> int:
        return hash(self._name)

    def __repr__(self) -> str:
        return f'<DTypePolicy "{self._name}">'


def _dtype_name(name: Any) -> str:
    try:
        return as_dtype(name).name
    except TypeError:
        raise ValueError(
            f"Cannot convert {name!r} to a DTypePolicy. Expected a dtype such as 'float32', or 'mixed_float16' or "
            "'mixed_bfloat16'."
        ) from None


def dtype_policy() -> DTypePolicy:
    """The policy of layers that are given none."""
    return _global[0] if _global else DTypePolicy(floatx())


def set_dtype_policy(policy: Any) -> None:
    """Sets the policy of layers that are given none.

    Args:
        policy: A policy or its name.
    """
    if not isinstance(policy, str | DTypePolicy):
        raise ValueError(
            "Invalid `policy` argument. Expected the name of a policy (such as 'mixed_float16') or a `DTypePolicy`. "
            f"Received: policy={policy!r} (of type {type(policy).__name__})"
        )
    _global[:] = [get(policy)]


def get(identifier: Any) -> DTypePolicy:
    """The policy that a name, dtype, config or policy stands for; None is the global one."""
    if identifier is None:
        return dtype_policy()
    if isinstance(identifier, DTypePolicy):
        return identifier
    if isinstance(identifier, dict):
        return DTypePolicy(**identifier.get("config", identifier))
    return DTypePolicy(identifier)

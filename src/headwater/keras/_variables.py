"""Names of variables: Keras calls a variable by the last part of its path through the model."""

from __future__ import annotations

from typing import Any

from headwater.core.variable import Variable


def placed(variable: Variable) -> Variable:
    """A variable that was made with its path as name: ``v.path`` is ``"dense/kernel"``, ``v.name`` is ``"kernel"``."""
    variable.path = variable._graph_name  # type: ignore[attr-defined]
    variable._name = variable._graph_name.rpartition("/")[2]
    return variable


def path_of(variable: Any) -> str:
    """The path of a variable, or the name of one that was made outside of Keras."""
    return getattr(variable, "path", None) or variable.name.removesuffix(":0")

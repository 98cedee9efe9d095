"""Python functions as data and back: only for code whose source the user says to trust."""

from __future__ import annotations

import base64
import builtins
import importlib
import marshal
import sys
import types
from typing import Any

import numpy as np


class LiveFunction(dict[str, Any]):
    """The config of a function of this process, which still knows the function."""

    def __init__(self, function: Any) -> None:
        config = dict(zip(("code", "defaults", "closure"), dump(function), strict=True))
        super().__init__(class_name="__lambda__", config={**config, "module": function.__module__})
        self.function = function


def dump(function: Any) -> list[Any]:
    """Code (base64), default arguments and closed-over values of a function."""
    code = base64.b64encode(marshal.dumps(function.__code__)).decode("ascii")
    closure = [cell.cell_contents for cell in function.__closure__ or ()]
    return [code, list(function.__defaults__) if function.__defaults__ else None, closure or None]


def load(parts: Any, module: str | None = None) -> Any:
    """The function that `dump` took apart.

    It finds the names of its module, if that is loaded; else `np`, `tf` and `keras`.
    """
    code, defaults, closure = [*parts, None, None][:3]
    package = importlib.import_module("headwater")
    names = {"np": np, "numpy": np, "tf": package, "keras": package.keras, "K": package.keras.backend}
    home = vars(sys.modules[module]) if module in sys.modules else {}
    return types.FunctionType(
        marshal.loads(base64.b64decode(code)),
        {"__builtins__": builtins, **names, **home},
        argdefs=tuple(_unlisted(defaults)) if defaults else None,
        closure=tuple(types.CellType(x) for x in _unlisted(closure)) if closure else None,
    )


def _unlisted(values: Any) -> list[Any]:
    return [tuple(v) if isinstance(v, list) else v for v in values]

"""The case tables: every module here is one area and defines `CASES`."""

from __future__ import annotations

import importlib
import pkgutil

from tests.goldens.case import Case

AREAS = tuple(sorted(module.name for module in pkgutil.iter_modules(__path__) if not module.name.startswith("_")))


def load(area: str) -> list[Case]:
    """The cases of one area, in order."""
    cases: list[Case] = importlib.import_module(f"tests.goldens.cases.{area}").CASES
    return cases

"""The case tables: every module here is one area and defines `CASES`."""

from __future__ import annotations

import importlib
import pkgutil

<<<<<<< HEAD
from goldens.case import Case
=======
from tests.goldens.case import Case
>>>>>>> main

AREAS = tuple(sorted(module.name for module in pkgutil.iter_modules(__path__) if not module.name.startswith("_")))


def load(area: str) -> list[Case]:
    """The cases of one area, in order."""
<<<<<<< HEAD
    cases: list[Case] = importlib.import_module(f"goldens.cases.{area}").CASES
=======
    cases: list[Case] = importlib.import_module(f"tests.goldens.cases.{area}").CASES
>>>>>>> main
    return cases

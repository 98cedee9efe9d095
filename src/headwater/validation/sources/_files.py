"""Which files are meant, and how DuckDB is told."""

from __future__ import annotations

import glob
import os
import re
from collections.abc import Sequence
from typing import Any

from headwater.validation._errors import DataError
from headwater.validation.figures.duck import literal

_SPECIAL = re.compile(r"([*?[])")


def found_files(location: Any) -> list[str]:
    """The files that a path, a pattern or a list of them names.

    A path that exists is that file, whatever characters it has.

    Raises:
        FileNotFoundError: If one names no file.
        DataError: If one is a folder.
    """
    places = [location] if isinstance(location, str | os.PathLike) else list(location)
    files: list[str] = []
    for place in [os.fspath(p) for p in places]:
        matched = [place] if os.path.exists(place) else sorted(glob.glob(place, recursive=True))
        if not matched:
            raise FileNotFoundError(f"{place}: no such file, and no file fits it as a pattern.")
        files += matched
    if not files:
        raise ValueError("Expected at least one file, received an empty list.")
    for file in files:
        if os.path.isdir(file):
            raise DataError("is a folder. Expected a file, or a pattern such as 'folder/*.csv'.", file)
    return files


def plain_name(file: str) -> str:
    """A file's name in lower case, without the number of a part such as ``-00002-of-00010``."""
    return re.sub(r"-\d+-of-\d+", "", os.path.basename(file).lower())


def file_list(files: Sequence[str]) -> str:
    """Files as an SQL list. DuckDB takes names as patterns, so what means something in patterns is put in brackets."""
    names = [literal(_SPECIAL.sub(r"[\1]", file)) for file in files]
    return f"[{', '.join(names)}]"

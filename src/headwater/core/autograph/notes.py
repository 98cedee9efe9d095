"""Exceptions that leave converted code are told where in the user's code they come from."""

from __future__ import annotations

import functools
import linecache
import os
import sys
import traceback
from collections.abc import Callable, Iterator
from typing import Any

_GENERATED: dict[str, Callable[[int], Any]] = {}
_INTERNAL = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))) + os.sep


def add_generated(file: str, locate: Callable[[int], Any]) -> None:
    """Says how lines of a generated file map to the user's."""
    _GENERATED[file] = locate


def noted(function: Callable[..., Any]) -> Callable[..., Any]:
    """`function`, whose exceptions get a note with the user's lines."""

    @functools.wraps(function)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        try:
            return function(*args, **kwargs)
        except Exception as error:
            add_note(error)
            raise

    return wrapper


def add_note(error: BaseException) -> None:
    """Adds the user's lines that the exception passed through, once."""
    if any(note.startswith("in user code:") for note in getattr(error, "__notes__", ())):
        return
    lines = ["in user code:", ""]
    for file, line, name in _user_frames(error):
        lines.append(f'    File "{file}", line {line}, in {name}')
        if source := linecache.getline(file, line).strip():
            lines.append(f"        {source}")
    if len(lines) > 2:
        error.add_note("\n".join(lines))


def _user_frames(error: BaseException) -> Iterator[tuple[str, int, str]]:
    last = None
    for frame, number in traceback.walk_tb(error.__traceback__):
        file = frame.f_code.co_filename
        if file in _GENERATED:
            place = _GENERATED[file](number)
        elif file.startswith((_INTERNAL, sys.prefix, sys.base_prefix, "<frozen")):
            continue
        else:
            place = (file, number, frame.f_code.co_name)
        if place is not None and place != last:
            yield place
        last = place

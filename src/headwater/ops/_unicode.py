"""Byte strings as Unicode characters, with TensorFlow's ways of treating what is not well formed."""

from __future__ import annotations

import codecs
import functools
import threading
from typing import NamedTuple

from headwater.core.errors import InvalidArgumentError

ERRORS = ("strict", "replace", "ignore")


class Rules(NamedTuple):
    """How bytes are read: an encoding, and what becomes of malformed input and control characters."""

    encoding: str
    errors: str
    replacement: int
    control: bool


_bad = threading.local()


def _note(error: UnicodeError) -> tuple[str, int]:
    assert isinstance(error, UnicodeDecodeError)
    _bad.spans[error.start] = error.end
    return "\ufffd", error.end


codecs.register_error("headwater.note", _note)


@functools.lru_cache
def codec_name(encoding: str) -> str:
    """Python's name of an encoding. Raises ValueError for an unknown one."""
    try:
        return codecs.lookup(encoding).name
    except LookupError:
        raise ValueError(
            f"Could not find an encoding named {encoding!r}. Expected one such as 'UTF-8', 'UTF-16-BE', 'UTF-32-BE'."
        ) from None


def check_errors(errors: str) -> str:
    """`errors` if it is a known policy. Raises ValueError if not."""
    if errors not in ERRORS:
        raise ValueError(f"errors must be one of {ERRORS}, received {errors!r}.")
    return errors


def characters(text: bytes, rules: Rules) -> list[tuple[int, int]]:
    """``(code point, byte offset)`` of each character."""
    _bad.spans = {}
    name = codec_name(rules.encoding)
    decoded = text.decode(name, "headwater.note")
    found, at = [], 0
    for character in decoded:
        point = ord(character)
        end = _bad.spans.get(at)
        if end is not None and rules.errors == "strict":
            raise InvalidArgumentError(
                None,
                None,
                f"Invalid formatting on input string {text!r}. Expected {rules.encoding}, or errors='replace'.",
            )
        if end is not None:
            if rules.errors == "replace":
                found.append((rules.replacement, at))
        else:
            end = at + len(character.encode(name))
            found.append((rules.replacement if rules.control and point < 32 else point, at))
        at = end
    return found


def encode(points: list[int], encoding: str, errors: str, replacement: int) -> bytes:
    """Code points as bytes; those that are none are replaced, left out or an error."""
    good = []
    for point in points:
        if 0 <= point < 0x110000 and not 0xD800 <= point < 0xE000:
            good.append(chr(point))
        elif errors == "strict":
            raise InvalidArgumentError(
                None, None, f"Code point is out of range for Unicode, or a noncharacter: {point}."
            )
        elif errors == "replace":
            good.append(chr(replacement))
    return "".join(good).encode(codec_name(encoding))

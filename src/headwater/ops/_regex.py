"""TensorFlow's regular expressions (RE2's syntax) on Python's `re`."""

from __future__ import annotations

import functools
import re

from headwater.core.errors import InvalidArgumentError

_POSIX = {
    "alnum": "0-9A-Za-z", "alpha": "A-Za-z", "ascii": r"\x00-\x7F", "blank": r"\t ", "cntrl": r"\x00-\x1F\x7F",
    "digit": "0-9", "graph": "!-~", "lower": "a-z", "print": " -~", "punct": r"!-/:-@\[-`{-~", "space": r"\t\n\v\f\r ",
    "upper": "A-Z", "word": r"0-9A-Za-z_", "xdigit": "0-9A-Fa-f",
}  # fmt: skip

# In RE2 "$" is the very end of the text, and "\z" its other name.
_TOKENS = re.compile(r"\\Q(?P<quoted>.*?)(?:\\E|\Z)|\\z|\\.|\[:(?P<posix>\w+):\]|[\[\]$]", re.DOTALL)


@functools.lru_cache(maxsize=512)
def compile_pattern(pattern: bytes) -> re.Pattern[str]:
    """A pattern of RE2's syntax. Raises InvalidArgumentError if it is not one that can be matched here."""
    text = pattern.decode("utf-8", "surrogateescape")
    multiline = re.match(r"\(\?[a-zA-Z]*m", text) is not None
    in_class = False

    def translate(found: re.Match[str]) -> str:
        nonlocal in_class
        token = found.group()
        if found["quoted"] is not None:
            return re.escape(found["quoted"])
        if found["posix"] is not None and in_class:
            return _POSIX.get(found["posix"], token)
        if token in "[]":
            in_class = token == "["
        if token == "\\z" or (token == "$" and not in_class and not multiline):
            return r"\Z"
        if token[:2] in ("\\p", "\\P", "\\C"):
            raise InvalidArgumentError(
                None, None, f"Invalid pattern: {text}, error: {token} is not supported here. Use a character class."
            )
        return token

    try:
        return re.compile(_TOKENS.sub(translate, text), re.ASCII)
    except re.error as error:
        raise InvalidArgumentError(
            None, None, f"Invalid pattern: {text}, error: {error}. Expected a regular expression of RE2's syntax."
        ) from None


@functools.lru_cache(maxsize=512)
def _parts(rewrite: bytes, groups: int) -> tuple[str | int, ...]:
    """A rewrite as text and group numbers."""
    text = rewrite.decode("utf-8", "surrogateescape")
    parts: list[str | int] = []
    for found in re.finditer(r"\\(\d)|\\(\\)|\\(.?)|([^\\]+)", text, re.DOTALL):
        if found[1] is not None and int(found[1]) <= groups:
            parts.append(int(found[1]))
        elif found[4] is not None or found[2] is not None:
            parts.append(found[4] or "\\")
        else:
            raise InvalidArgumentError(
                None,
                None,
                f"Invalid rewrite pattern: {text}: {found.group()!r} is neither a group of the pattern (it has "
                f"{groups}) nor an escaped backslash.",
            )
    return tuple(parts)


def replace(text: bytes, pattern: bytes, rewrite: bytes, everywhere: bool) -> bytes:
    """`text` with what matches replaced: the first match or all that do not overlap."""
    compiled = compile_pattern(pattern)
    parts = _parts(rewrite, compiled.groups)
    source = text.decode("utf-8", "surrogateescape")
    result: list[str] = []
    end = 0
    last = -1  # the end of the previous match: an empty one there is not counted again
    for found in compiled.finditer(source):
        if found.end() == found.start() == last:
            continue
        result.append(source[end : found.start()])
        result += [p if isinstance(p, str) else found[p] or "" for p in parts]
        end = last = found.end()
        if not everywhere:
            break
    return ("".join(result) + source[end:]).encode("utf-8", "surrogateescape")


def matches(text: bytes, pattern: bytes) -> bool:
    """Whether the whole text matches."""
    return compile_pattern(pattern).fullmatch(text.decode("utf-8", "surrogateescape")) is not None

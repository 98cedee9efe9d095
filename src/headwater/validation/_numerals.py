"""Numbers written as strings, read as TensorFlow Data Validation reads them."""

from __future__ import annotations

import math
import re

INT_MIN, INT_MAX = -(2**63), 2**63 - 1

SPACE = " \t\n\v\f\r"

# Patterns, case ignored, for Python and for DuckDB alike.
INT = r"[+-]?[0-9]+"
DECIMAL = r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:e[+-]?[0-9]+)?|[+-]?inf(?:inity)?"
NAN = r"[+-]?nan(?:\([0-9a-z_]*\))?"
HEX = r"[+-]?0x(?:[0-9a-f]+\.?[0-9a-f]*|\.[0-9a-f]+)(?:p[+-]?[0-9]+)?"


def as_int(text: str) -> int | None:
    """The 64-bit integer that `text` is in decimal, or None.

    >>> as_int(" +12 "), as_int("1_000"), as_int("9223372036854775808")
    (12, None, None)
    """
    text = text.strip(SPACE)
    if not re.fullmatch(INT, text) or len(text) > 4000:
        return None
    number = int(text)
    return number if INT_MIN <= number <= INT_MAX else None


def as_float(text: str) -> float | None:
    """The number that `text` is, decimal or hexadecimal, infinite or NaN, or None.

    >>> as_float("1e3"), as_float("0x1p3"), as_float("-inf"), as_float("1,5")
    (1000.0, 8.0, -inf, None)
    """
    text = text.strip(SPACE)
    if _is(text, DECIMAL):
        return float(text)
    if _is(text, HEX):
        return _from_hex(text)
    return math.nan if _is(text, NAN) else None


def _is(text: str, pattern: str) -> bool:
    return re.fullmatch(pattern, text, re.IGNORECASE) is not None


def _from_hex(text: str) -> float:
    try:
        return float.fromhex(text)
    except OverflowError:
        return float("-inf" if text.startswith("-") else "inf")

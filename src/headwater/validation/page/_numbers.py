"""How figures are written."""

from __future__ import annotations

import math


def number(value: float | None) -> str:
    """A count or a measured value, with four significant digits where it is not whole.

    >>> [number(x) for x in (None, 1234567, 3.14159, 0.00001234, float("nan"), 2.0, 12345.678)]
    ['–', '1,234,567', '3.142', '1.234e-05', 'nan', '2', '12,346']
    """
    if value is None:
        return "–"
    if not math.isfinite(value):
        return str(float(value))
    if value == int(value) and abs(value) < 1e15:
        return f"{int(value):,}"
    size = abs(value)
    if not 1e-4 <= size < 1e9:
        return f"{value:.4g}"
    text = f"{value:,.{max(0, 3 - math.floor(math.log10(size)))}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def share(value: float | None) -> str:
    """A part of a whole; what is not quite nothing or everything does not look so.

    >>> [share(x) for x in (None, 0, 1e-6, 0.001234, 0.5, 0.99999, 1)]
    ['–', '0%', '<0.01%', '0.12%', '50%', '>99.99%', '100%']
    """
    if value is None or math.isnan(value):
        return "–"
    percent = 100 * value
    if 0 < percent < 0.01:
        return "<0.01%"
    if 99.99 < percent < 100:
        return ">99.99%"
    digits = 2 if percent < 1 or percent > 99 else 1
    return f"{percent:.{digits}f}".rstrip("0").rstrip(".") + "%"


def significant(value: float, digits: int = 6) -> float:
    """A value with few digits, for the data embedded in the page."""
    rounded = float(f"{value:.{digits}g}")
    return int(rounded) if rounded == int(rounded) and abs(rounded) < 1e15 else rounded

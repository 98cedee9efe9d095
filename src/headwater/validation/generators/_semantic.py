"""What values mean: natural language, times, images. A feature is of such a domain if 80 % of its values are.

What is found is a custom statistic, `domain_info`, from which schemas are inferred.
"""

from __future__ import annotations

import dataclasses
import itertools
import re
from collections.abc import Iterable
from typing import Any

from headwater.validation.figures.duck import literal
from headwater.validation.figures.plan import Kind
from headwater.validation.generators._base import Data, StatsGenerator

_TEXTS = (Kind.STRING, Kind.BYTES, Kind.BLOB)
_ENOUGH = 100
_SHARE = 0.8

# Natural language: at least three words, of 2.5 to 8 characters on average, in the first 100 characters.
_START = "left(t, 100)"
_WORDS = f"len(string_split_regex(trim({_START}, E' \\t\\r\\n'), '\\s+'))"
_LETTERS = f"length(regexp_replace({_START}, '\\s', '', 'g'))"
_LANGUAGE = f"{_WORDS} >= 3 AND {_LETTERS} BETWEEN 2.5 * {_WORDS} AND 8 * {_WORDS}"

# Times: what the directives of strptime stand for, and the formats in the order in which they are preferred.
_DAYS_OF_WEEK = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
)  # fmt: skip


def _any_of(words: Iterable[str]) -> str:
    return f"(?:{'|'.join(words)})"


def _up_to(last: int, first: int = 0) -> list[str]:
    """Whole numbers as one or two digits."""
    return [f"{n:02}" for n in range(first, last + 1)] + [str(n) for n in range(first, min(last, 9) + 1)]


_DIRECTIVES = {
    "%a": _any_of(_DAYS_OF_WEEK),
    "%b": _any_of(month[:3] for month in _MONTHS),
    "%B": _any_of(_MONTHS),
    "%d": _any_of([*_up_to(31, first=1), *(f" {n}" for n in range(1, 10))]),
    "%f": "[0-9]{1,6}",
    "%H": _any_of(_up_to(23)),
    "%M": _any_of(_up_to(59)),
    "%m": _any_of(_up_to(12, first=1)),
    "%S": _any_of(_up_to(59)),
    "%Y": "[0-9]{4}",
    "%y": "[0-9]{2}",
}
# Year first, month first, day first; with separators, or with nothing between digits if the year has four.
_ORDERS = ("%Y %m %d", "%y %m %d", "%m %d %Y", "%m %d %y", "%d %m %Y", "%d %m %y", "%d %B %Y", "%d %B %y")
_DATES = [
    order.replace(" ", separator)
    for order in _ORDERS
    for separator in ("-", "/", "")
    if separator or ("%Y" in order and "%B" not in order)
]
_CLOCKS = ("%H:%M", "%H:%M:%S", "%H:%M:%S.%f")
_BOTH = [f"{date}{between}{clock}" for date, clock, between in itertools.product(_DATES, _CLOCKS, "T ")]
_FORMATS = {
    form: re.sub("%[A-Za-z]", lambda directive: _DIRECTIVES[directive[0]], form) + r"\n?"
    for form in (*_DATES, *_CLOCKS, "%a %b %d %H:%M:%S %Y", *_BOTH)
}
_LOOK_AT = 2_000

# Whole numbers as times: the number of the format, and how many of its units are in a day. From 1990 until 2030.
_UNITS = {5: 1, 1: 86_400, 2: 86_400_000, 3: 86_400_000_000, 4: 86_400_000_000_000}
_DAYS = (7_305, 21_915)

# Images: how they begin.
_SIGNATURES = {"bmp": b"BM", "gif": b"GIF8", "jpeg": b"\xff\xd8\xff", "png": b"\x89PNG\r\n\x1a\n"}


class SemanticDomains(StatsGenerator):
    """Finds natural language, times and images in the values of features.

    Args:
        rate: The share of examples to look at; None: all.
    """

    def __init__(self, rate: float | None = None) -> None:
        self._rate = rate

    def add(self, data: Data, statistics: Any) -> None:
        """Adds custom statistics to features that are of such a domain."""
        if self._rate is not None:
            sample = f"(SELECT * FROM {data.relation} USING SAMPLE {self._rate * 100} PERCENT (bernoulli, 1))"
            data = dataclasses.replace(data, relation=sample)
        for name, feature in data.features.items():
            ways = (_language, _text_times, _images) if feature.kind in _TEXTS else ()
            for way in (_number_times,) if feature.kind is Kind.INT else ways:
                for custom in way(data, name):
                    data.feature(statistics, name).custom_stats.add(**custom)


def _texts(data: Data, name: str) -> str:
    """The values as texts `t`; NULL where they are none."""
    text = "try(decode(x))" if data.features[name].kind.is_binary else "x"
    return f"(SELECT {text} AS t FROM {data.values(name)})"


def _is_enough(matched: int, considered: int) -> bool:
    return considered >= _ENOUGH and matched / considered >= _SHARE


def _found(domain: str, ratio_name: str, matched: int, considered: int) -> list[dict[str, Any]]:
    if not _is_enough(matched, considered):
        return []
    return [{"name": "domain_info", "str": domain}, {"name": ratio_name, "num": matched / considered}]


def _language(data: Data, name: str) -> list[dict[str, Any]]:
    query = f"SELECT count(*), count(*) FILTER ({_LANGUAGE}) FROM {_texts(data, name)} WHERE t <> ''"
    considered, matched = data.fetch(query)[0]
    return _found("natural_language_domain {}", "natural_language_match_rate", matched, considered)


def _text_times(data: Data, name: str) -> list[dict[str, Any]]:
    texts = _texts(data, name)
    sample = [t for (t,) in data.fetch(f"SELECT t FROM {texts} USING SAMPLE {_LOOK_AT} ROWS") if t is not None]
    likely = [form for form, pattern in _FORMATS.items() if any(re.fullmatch(pattern, t) for t in sample)]
    if not likely:
        return []
    wanted = ", ".join(f"count(*) FILTER (regexp_full_match(t, {literal(_FORMATS[form])}))" for form in likely)
    considered, decoded, *counts = data.fetch(f"SELECT count(*), count(t), {wanted} FROM {texts}")[0]
    if decoded < considered:
        return []
    matched = max(counts)
    domain = f"time_domain {{string_format: '{likely[counts.index(matched)]}'}}"
    return _found(domain, "time_match_ratio", matched, considered)


def _number_times(data: Data, name: str) -> list[dict[str, Any]]:
    low, high = _DAYS
    wanted = ", ".join(f"count(*) FILTER (x >= {low * unit} AND x < {high * unit})" for unit in _UNITS.values())
    considered, *counts = data.fetch(f"SELECT count(*), {wanted} FROM {data.values(name)}")[0]
    matched = max(counts)
    unit = list(_UNITS)[counts.index(matched)]
    return _found(f"time_domain {{integer_format: {unit}}}", "time_match_ratio", matched, considered)


def _images(data: Data, name: str) -> list[dict[str, Any]]:
    column = "x" if data.features[name].kind.is_binary else "encode(x)"
    wanted = ", ".join(f"count(*) FILTER ({_begins(column, start)})" for start in _SIGNATURES.values())
    considered, *counts = data.fetch(f"SELECT count(*), {wanted} FROM {data.values(name)}")[0]
    if not _is_enough(sum(counts), considered):
        return []
    by_format = {"UNKNOWN": considered - sum(counts), **dict(zip(_SIGNATURES, counts, strict=True))}
    buckets = [{"label": label, "sample_count": count} for label, count in by_format.items() if count]
    return [
        {"name": "domain_info", "str": "image_domain {}"},
        {"name": "image_format_histogram", "rank_histogram": {"buckets": buckets}},
    ]


def _begins(column: str, start: bytes) -> str:
    """SQL of whether bytes begin so."""
    after = start[:-1] + bytes([start[-1] + 1]) if start[-1] < 255 else start[:-2] + bytes([start[-2] + 1])
    low, high = ("".join(f"\\x{byte:02X}" for byte in bound) for bound in (start, after))
    return f"{column} >= '{low}'::BLOB AND {column} < '{high}'::BLOB"

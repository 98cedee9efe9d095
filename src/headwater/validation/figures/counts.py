"""Figures from counts: relations of different values `x` and how often each occurs (or what it weighs), `n`.

Counts add up: those of parts of a data set, taken anywhere, give the figures of the whole.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from headwater.validation.figures.plan import Cuts, Distribution, Kind, Texts

# Up to so many different numbers are handled here in Python; more stay in SQL.
FEW = 100_000


def number(value: float) -> str:
    """A number as SQL."""
    return f"{value!r}::DOUBLE" if math.isfinite(value) else f"'{value}'::DOUBLE"


def few(connection: Any, counts: str) -> list[tuple[float, Any]] | None:
    """The counts in ascending order, or None if there are more than `FEW`."""
    query = f"SELECT x::DOUBLE AS v, n FROM (SELECT * FROM {counts} LIMIT {FEW + 1}) ORDER BY v"
    found: list[tuple[float, Any]] = connection.execute(query).fetchall()
    return None if len(found) > FEW else found


def of_few(counts: list[tuple[float, Any]], cuts: Cuts) -> Distribution:
    """The distribution of ascending counts."""
    nan = counts.pop()[1] if counts and math.isnan(counts[-1][0]) else 0  # DuckDB sorts NaN last
    return Distribution.of_counts(counts, cuts, nan)


def distribution(connection: Any, counts: str, cuts: Cuts) -> Distribution:
    """The distribution of numbers, however many different ones there are."""
    found = few(connection, counts)
    return _of_many(connection, counts, cuts) if found is None else of_few(found, cuts)


def _of_many(connection: Any, counts: str, cuts: Cuts) -> Distribution:
    connection.execute(f"CREATE OR REPLACE TEMP TABLE many AS SELECT x::DOUBLE AS x, n FROM {counts}")
    total, nan, zeros, negative, positive, least, greatest, mean = connection.execute(
        "SELECT sum(n) FILTER (NOT isnan(x)), sum(n) FILTER (isnan(x)), sum(n) FILTER (x = 0), "
        "sum(n) FILTER (x = '-inf'), sum(n) FILTER (x = 'inf'), min(x) FILTER (isfinite(x)), "
        "max(x) FILTER (isfinite(x)), sum(n * x) FILTER (isfinite(x)) / sum(n) FILTER (isfinite(x)) FROM many"
    ).fetchone()
    ranks = cuts.quantile_ranks(total)
    wanted = ", ".join(f"min(x) FILTER (below > {rank!r})" for rank in ranks)
    sums = "(SELECT x, sum(n) OVER (ORDER BY x ROWS UNBOUNDED PRECEDING) AS below FROM many WHERE NOT isnan(x))"
    quantiles = connection.execute(f"SELECT {wanted} FROM {sums}").fetchone()
    minimum = -math.inf if negative else least
    maximum = math.inf if positive else greatest
    bounds = sorted({minimum, maximum, least, greatest, *quantiles, *cuts.standard_bounds(least, greatest)})
    below, squares = _below(connection, bounds, mean)
    whole = not negative and not positive
    std = math.sqrt(squares / total) if whole else None
    connection.execute("DROP TABLE many")
    return Distribution(
        total, nan or 0, zeros or 0, mean if whole else None, std, minimum, maximum, list(quantiles), below,
        (least, greatest),
    )  # fmt: skip


def _below(connection: Any, bounds: Sequence[float], mean: float) -> tuple[dict[float, Any], float]:
    wanted = ", ".join(f"coalesce(sum(n) FILTER (x <= {number(bound)}), 0)" for bound in bounds)
    squares = f"sum(n * (x - {number(mean)}) ** 2) FILTER (isfinite(x))"
    *below, square = connection.execute(f"SELECT {wanted}, {squares} FROM many WHERE NOT isnan(x)").fetchone()
    return dict(zip(bounds, below, strict=True)), square


def texts(connection: Any, counts: str, kind: Kind, top: int) -> Texts:
    """Figures of texts, and the most frequent of them."""
    length = "octet_length(x)" if kind.is_binary else "strlen(x)"
    invalid = "sum(n) FILTER (try(decode(x)) IS NULL)" if kind.is_binary else "0"
    wanted = f"count(*), sum(n), sum(n * {length}), max({length}), min({length}), {invalid}"
    query = (
        f"WITH g AS MATERIALIZED (SELECT * FROM {counts}) SELECT (SELECT row({wanted}) FROM g), "
        f"(SELECT list(row(x, n)) FROM (SELECT x, n FROM g ORDER BY n DESC, x DESC LIMIT {top}))"
    )
    (unique, count, total, longest, shortest, broken), most = connection.execute(query).fetchone()
    return Texts(
        count or 0, unique, [tuple(pair) for pair in most or ()], float(total / count) if count else 0.0,
        int(broken or 0), longest or 0, shortest or 0,
    )  # fmt: skip

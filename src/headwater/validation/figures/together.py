"""Many columns counted together: one statement for all of them, with a row for each value of each column.

A statement of our own for each column takes milliseconds, whatever the data; with thousands of columns these add up.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from operator import itemgetter
from typing import Any

from headwater.validation.figures.counts import of_few
from headwater.validation.figures.plan import Cuts, Distribution, Kind, Texts

# Numbers with more different values than this are left to others.
FEW = 2_000


def numbers(
    connection: Any, relation: str, rows: int, columns: Sequence[str], weight: str | None, cuts: Cuts
) -> dict[int, Distribution]:
    """The distributions of columns of numbers, by the column's index; without those that hardly repeat.

    Args:
        connection: The DuckDB connection.
        relation: What can stand in FROM.
        rows: How many rows it has.
        columns: Its columns.
        weight: Its column of weights, or None for each value to count 1.
        cuts: How distributions are cut.
    """
    counts = _counts(relation, [f"{column}::DOUBLE" for column in columns], weight)
    large: set[int] = set()
    if rows > FEW:
        connection.execute(f"CREATE OR REPLACE TEMP TABLE together AS {counts}")
        many = connection.execute(f"SELECT i FROM together GROUP BY i HAVING count(*) > {FEW}").fetchall()
        large = {i for (i,) in many}
        counts = f"SELECT * FROM together WHERE NOT list_contains({sorted(large)}::INTEGER[], i)"
    counted = connection.execute(f"SELECT i, x, n FROM ({counts}) ORDER BY i, x").fetchall()
    if rows > FEW:
        connection.execute("DROP TABLE together")
    found = {i: [(x, n) for _, x, n in group] for i, group in itertools.groupby(counted, itemgetter(0))}
    return {i: of_few(found.get(i, []), cuts) for i in range(len(columns)) if i not in large}


def texts(
    connection: Any, relation: str, columns: Sequence[str], weight: str | None, kind: Kind, top: int
) -> list[Texts]:
    """Figures of columns of texts, or of bytes, and the most frequent of them. See `numbers`."""
    length = "octet_length(x)" if kind.is_binary else "strlen(x)"
    invalid = "sum(n) FILTER (try(decode(x)) IS NULL)" if kind.is_binary else "0"
    query = (
        f"WITH g AS ({_counts(relation, columns, weight)}) "
        f"SELECT i, sum(n), count(*), list(row(x, n) ORDER BY n DESC, x DESC)[:{top}], sum(n * {length}), {invalid}, "
        f"max({length}), min({length}) FROM g GROUP BY i"
    )
    found = {
        i: Texts(n, unique, most, float(total / n) if n else 0.0, int(broken or 0), longest, shortest)
        for i, n, unique, most, total, broken, longest, shortest in connection.execute(query).fetchall()
    }
    return [found.get(i, Texts()) for i in range(len(columns))]


def _counts(relation: str, columns: Sequence[str], weight: str | None) -> str:
    """A row for each value `x` of each column `i`, with how often it occurs (or what it weighs), `n`."""
    count, kept = (f"sum({weight}::DOUBLE)", f", {weight}") if weight else ("count(*)", "")
    long = f"SELECT unnest(range({len(columns)})) AS i, unnest([{', '.join(columns)}]) AS x{kept} FROM {relation}"
    return f"SELECT i, x, {count} AS n FROM ({long}) WHERE x IS NOT NULL GROUP BY i, x"

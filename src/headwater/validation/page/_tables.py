"""The tables of features: what is there without a script, and the data from which the script draws the rest."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from headwater.validation.page._charts import SIDES, small_chart, top_labels
from headwater.validation.page._columns import TABLES, Column, figures
from headwater.validation.page._distance import distances
from headwater.validation.page._features import QUANTILES, STANDARD, Bucket, Dataset, Feature
from headwater.validation.page._html import Html, element, visible
from headwater.validation.page._numbers import number, significant

MOST_TOP_VALUES = 20
LONGEST_VALUE = 60
FIRST_FIGURE = 3
"""Number of the column after name and chart."""
DISTANCE = Column(
    "distance", "Distance", "L-infinity of strings, Jensen–Shannon divergence of numbers", lambda side: None
)


@dataclass(frozen=True)
class Row:
    """A feature as the page knows it: its number there, the numbers of its anomalies and how many reasons they have."""

    index: int
    feature: Feature
    anomalies: list[int]
    reasons: int


def heading(key: str, label: str, help: str = "", **attributes: object) -> Html:
    """The head of a sortable column."""
    return element(
        "th", element("button", label, type="button", title=help or None), scope="col", data_key=key, **attributes
    )


def sortable(kind: str, title: str, heads: Sequence[str], rows: Sequence[Html]) -> Html:
    """A table whose columns can all be sorted by."""
    return _captioned(kind, title, [heading(head.lower(), head) for head in heads], rows)


def _captioned(kind: str, title: str, heads: Sequence[Html], rows: Sequence[Html]) -> Html:
    return element(
        "table",
        element("caption", title, element("span", number(len(rows)), class_="count")),
        element("thead", element("tr", heads)),
        element("tbody", rows),
        class_=kind,
    )


def feature_tables(rows: Sequence[Row], compared: bool) -> list[Html]:
    """One table for each kind of feature that there is."""
    return [
        _table(kind, title, columns, [row for row in rows if row.feature.kind == kind], compared)
        for kind, title, columns in TABLES
        if any(row.feature.kind == kind for row in rows)
    ]


def _table(kind: str, title: str, columns: Sequence[Column], rows: Sequence[Row], compared: bool) -> Html:
    heads = [
        heading("name", "Feature"),
        element("th", "Distribution", scope="col"),
        *(heading(column.key, column.label, column.help) for column in (*columns, *[DISTANCE] * compared)),
    ]
    body = [_row(row, columns, compared) for row in rows]
    return _captioned(f"features {kind}" + " pair" * compared, title, heads, body)


def _row(row: Row, columns: Sequence[Column], compared: bool) -> Html:
    feature = row.feature
    cells = [_cell(column, feature) for column in columns]
    if compared:
        distance = next(iter(distances(feature).values()), None)
        cells.append(element("td", number(distance and significant(distance, 3)), data_s=order(distance)))
    return element(
        "tr",
        element("th", _name(row), scope="row"),
        element("td", small_chart(feature)),
        cells,
        id=f"f{row.index}",
        data_t=feature.known[0].type,
        data_a=row.reasons or None,
    )


def _name(row: Row) -> list[Html | None]:
    count = row.reasons
    return [
        element("button", row.feature.name, type="button", class_="name"),
        element("small", " → ".join(dict.fromkeys(side.type for side in row.feature.known))),
        element("a", f"{count} anomal{'y' if count == 1 else 'ies'}", href=f"#a{row.anomalies[0]}", class_="flag")
        if count
        else None,
    ]


def _cell(column: Column, feature: Feature) -> Html:
    values = feature.each(column.figure)
    texts = [element("span", column.show(value), class_="high" if column.is_high(value) else None) for value in values]
    return element("td", texts, data_s=order(column.order(feature)))


def order(value: float | None) -> float | None:
    """What a cell is sorted by; None, and so after all others, where there is no figure."""
    return None if value is None or value != value else significant(value)


def overview(datasets: Sequence[Dataset], rows: Sequence[Row]) -> Html:
    """What the data sets are called and how large they are: the legend of all charts."""
    counts = [sum(row.feature.sides[side] is not None for row in rows) for side in range(len(datasets))]
    return element(
        "ul",
        [
            element(
                "li",
                element("b", visible(dataset.name)),
                f" {number(dataset.examples)} examples, {number(count)} features",
                class_=side,
            )
            for dataset, count, side in zip(datasets, counts, SIDES)
        ],
        class_="legend",
    )


def details(row: Row) -> dict[str, Any]:
    """What the script draws below a feature when it is opened."""
    feature = row.feature
    charts = {
        "standard": feature.each(lambda side: _flat(side.histogram(STANDARD))),
        "quantiles": feature.each(lambda side: _flat(side.histogram(QUANTILES))),
        "lengths": [_flat(side.lengths) if side else [] for side in feature.sides],
    }
    found: dict[str, Any] = {
        "name": feature.name,
        "kind": feature.kind,
        "figures": [*figures(feature), *([name, number(value)] for name, value in distances(feature).items())],
        "charts": {name: sides for name, sides in charts.items() if any(sides)},
        "anomalies": row.anomalies,
    }
    if feature.kind == "categorical":
        found["top"], found["ranks"] = _top(feature), feature.each(lambda side: _ranks(side.top_values))
        found["values"] = feature.each(lambda side: significant(side.values))
    return found


def _flat(buckets: Sequence[Bucket]) -> list[float]:
    return [significant(value) for bucket in _merged(buckets) for value in bucket]


def _merged(buckets: Sequence[Bucket]) -> list[Bucket]:
    """Neighbouring buckets of one and the same single value as one."""
    found: list[Bucket] = []
    for low, high, count in buckets:
        if found and low == high == found[-1][0] == found[-1][1]:
            count += found.pop()[2]
        found.append((low, high, count))
    return found


def _top(feature: Feature) -> list[list[Any]]:
    tables = [dict(side.top_values) if side else {} for side in feature.sides]
    return [
        [visible(label, LONGEST_VALUE), *(significant(table.get(label, 0)) for table in tables)]
        for label in top_labels(feature, MOST_TOP_VALUES)
    ]


def _ranks(top_values: Sequence[tuple[str, float]]) -> list[float]:
    """Frequencies at ranks that grow by a tenth, enough for a logarithmic curve: rank, frequency, rank, frequency..."""
    found: list[float] = []
    rank = 1
    while rank <= len(top_values):
        found += [rank, significant(top_values[rank - 1][1])]
        rank = max(rank + 1, int(rank * 1.15))
    return found

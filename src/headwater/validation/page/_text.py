"""The same for terminals: tables of text, coloured where the terminal shows colours."""

from __future__ import annotations

import textwrap
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from headwater.validation.page._anomalies import Anomaly, Distance, distances, nothing_found, read
from headwater.validation.page._columns import TABLES, Column
from headwater.validation.page._features import Dataset, Feature
from headwater.validation.page._html import visible
from headwater.validation.page._numbers import number
from headwater.validation.page._schema import HEADINGS, schema_rows

BOLD, DIM, RED, GREEN, YELLOW = 1, 2, 31, 32, 33
WIDEST, NARROWEST = 44, 30
"""Characters shown of a name, and the least that a broken column gets."""
Cell = tuple[str, int | None]
"""Text, and the number of the colour it is written in."""


def paint(text: str, colour: int | None) -> str:
    """Text in a terminal's colour."""
    return text if colour is None else f"\x1b[{colour}m{text}\x1b[0m"


def table(
    head: Sequence[str],
    rows: Iterable[Sequence[Cell | str]],
    colours: bool = False,
    right: int = 99,
    fit: int | None = None,
) -> str:
    """Columns of text under their headings; those from number `right` on are aligned to the right.

    The last column is broken into lines where the table is to `fit` into so many characters.
    """
    cells: list[list[Cell]] = [[(cell, None) if isinstance(cell, str) else cell for cell in row] for row in rows]
    widths = [max([_width(title), *(_width(row[at][0]) for row in cells)], default=0) for at, title in enumerate(head)]
    if fit is not None:
        last = max(NARROWEST, fit - sum(widths[:-1]) - 2 * (len(widths) - 1))
        cells = [line for row in cells for line in _broken(row, last)]
    lines: list[list[Cell]] = [[(title, BOLD) for title in head], *cells]
    return "\n".join(_line(line, widths, colours, right) for line in lines)


def _broken(row: list[Cell], last: int) -> Iterator[list[Cell]]:
    text, colour = row[-1]
    first, *others = textwrap.wrap(text, last) or [""]
    yield [*row[:-1], (first, colour)]
    for other in others:
        yield [*[("", None)] * (len(row) - 1), (other, colour)]


def _line(cells: Sequence[Cell], widths: Sequence[int], colours: bool, right: int) -> str:
    written = []
    for at, ((text, colour), width) in enumerate(zip(cells, widths)):
        padding = " " * (width - _width(text))
        painted = paint(text, colour if colours else None)
        written.append(padding + painted if at >= right else painted + padding)
    return "  ".join(written).rstrip()


def _width(text: str) -> int:
    """Columns that a text takes up in a terminal."""
    if text.isascii():
        return len(text)
    return sum(
        0 if unicodedata.combining(character) else 2 if unicodedata.east_asian_width(character) in "WF" else 1
        for character in text
    )


def statistics_text(datasets: Sequence[Dataset], features: Sequence[Feature], colours: bool = False) -> str:
    """A table for each kind of feature; with two data sets, two lines a feature."""
    tables = [
        f"{title}\n" + _features_text([feature for feature in features if feature.kind == kind], columns, colours)
        for kind, title, columns in TABLES
        if any(feature.kind == kind for feature in features)
    ]
    return "\n\n".join([summary(datasets), *tables])


def summary(datasets: Sequence[Dataset]) -> str:
    """What the data sets are called and how large they are, a line each."""
    return "\n".join(
        f"{visible(dataset.name)}: {number(dataset.examples)} examples, "
        f"{number(len(dataset.message.features))} features"
        for dataset in datasets
    )


def _features_text(features: Sequence[Feature], columns: Sequence[Column], colours: bool) -> str:
    rows: list[Sequence[Cell | str]] = []
    for feature in features:
        for at in range(len(feature.sides)):
            name = visible(".".join(feature.path), WIDEST) if at == 0 else ""
            values = [(column, feature.each(column.figure)[at]) for column in columns]
            rows.append(
                [name, *((column.show(value), RED if column.is_high(value) else None) for column, value in values)]
            )
    return table(["Feature", *(column.label for column in columns)], rows, colours, right=1)


def schema_text(schema: Any, colours: bool = False) -> str:
    """One line a feature."""
    rows = [
        [visible(".".join(path), WIDEST), *(visible(text, WIDEST) for text in texts)]
        for path, texts in schema_rows(schema)
    ]
    return table(HEADINGS[:-1], rows, colours)


def anomalies_text(anomalies: Any, colours: bool = False, width: int | None = None) -> str:
    """What is wrong, feature by feature, and the distances that have a threshold; pages list all that were measured.

    Descriptions are broken into lines where there is a width to fit into.
    """
    found = read(anomalies)
    limited = [distance for distance in distances(anomalies) if distance.threshold is not None]
    if not found:
        parts = [paint(nothing_found(anomalies), (RED if anomalies.data_missing else GREEN) if colours else None)]
    else:
        rows = [row for anomaly in found for row in _anomaly_rows(anomaly)]
        parts = [table(("Feature", "Severity", "Anomaly", "Description"), rows, colours, fit=width)]
    if limited:
        head = ("Feature", "Kind", "Measure", "Distance", "Threshold")
        parts.append(table(head, [_measured_row(distance) for distance in limited], colours, right=3))
    return "\n\n".join(parts)


def _anomaly_rows(anomaly: Anomaly) -> Iterator[list[Cell | str]]:
    shade = {"error": RED, "warning": YELLOW}.get(anomaly.severity)
    heads: list[Cell | str] = [(visible(anomaly.name, WIDEST), BOLD), (anomaly.severity, shade)]
    for _, short, text in anomaly.reasons:
        yield [*heads, visible(short), visible(text)]
        heads = ["", ""]


def _measured_row(distance: Distance) -> list[Cell | str]:
    name, value = visible(distance.feature, WIDEST), number(distance.value)
    colour = RED if distance.is_high else None
    return [(name, BOLD), distance.kind, distance.measure, (value, colour), number(distance.threshold)]

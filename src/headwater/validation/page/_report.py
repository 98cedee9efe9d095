"""One page of everything that is known: statistics of one or two data sets, a schema, anomalies."""

from __future__ import annotations

import functools
import importlib.resources
from collections.abc import Sequence
from typing import Any

from headwater.validation.page._anomalies import anomalies_section, read
from headwater.validation.page._columns import TABLES
from headwater.validation.page._cross import cross_section
from headwater.validation.page._features import Dataset, Feature
from headwater.validation.page._html import Html, document, element, joined, visible
from headwater.validation.page._schema import HEADINGS, schema_section
from headwater.validation.page._tables import DISTANCE, FIRST_FIGURE, Row, details, feature_tables, overview

Section = tuple[str, str, int | None, list[Html]]
"""Key, title, how many, content."""


def report(
    title: str,
    datasets: Sequence[Dataset] = (),
    features: Sequence[Feature] = (),
    schema: Any = None,
    anomalies: Any = None,
    updated_schema: Any = None,
) -> str:
    """The page as a self-contained HTML document; sections for what is given."""
    found = read(anomalies) if anomalies is not None else []
    numbers: dict[Any, list[int]] = {}
    for number, anomaly in enumerate(found):
        numbers.setdefault(anomaly.path, []).append(number)
    rows = []
    for index, feature in enumerate(features):
        of_feature = numbers.get(feature.path, [])
        rows.append(Row(index, feature, of_feature, sum(len(found[number].reasons) for number in of_feature)))
    places = {row.feature.path: row.index for row in rows}
    sections: list[Section] = []
    if datasets:
        tables = [*feature_tables(rows, len(datasets) == 2), *cross_section(datasets)]
        sections.append(("features", "Features", len(rows), [_tools(), *tables]))
    if anomalies is not None:
        content = anomalies_section(found, anomalies, updated_schema, places.get)
        sections.append(("anomalies", "Anomalies", len(found), content))
    if schema is not None:
        sections.append(("schema", "Schema", None, schema_section(schema)))
    data = {
        "names": [visible(dataset.name) for dataset in datasets],
        "features": [details(row) for row in rows],
        "anomalies": [" · ".join(anomaly.shorts) for anomaly in found],
    }
    header = element("header", element("h1", visible(title)), overview(datasets, rows) if datasets else None)
    body = element("main", header, _tabs(sections), [_section(*section) for section in sections], class_="headwater")
    return document(
        title=visible(title),
        body=body,
        data=data,
        style=_asset("page.css") + _labels(),
        script=_asset("charts.js") + _asset("page.js"),
    )


@functools.cache
def _asset(name: str) -> str:
    return (importlib.resources.files(__package__) / name).read_text("utf-8")


def _labels() -> str:
    """On narrow screens, where a row is a card, every figure stands below the name of its column."""
    labels = {
        (kind, place): column.label
        for kind, _, columns in TABLES
        for place, column in enumerate((*columns, DISTANCE), FIRST_FIGURE)
    } | {("schema", place): label for place, label in enumerate(HEADINGS[1:-1], 2)}
    rules = "".join(
        f'.headwater .{kind}>tbody>tr>td:nth-child({place})::before{{content:"{label}"}}'
        for (kind, place), label in labels.items()
    )
    return f"@media (max-width: 760px) {{{rules}}}"


def _tabs(sections: Sequence[Section]) -> Html | None:
    if len(sections) < 2:
        return None
    links = [
        element(
            "a", title, count is not None and element("span", count, class_="count"), href=f"#{key}", id=f"to-{key}"
        )
        for key, title, count, _ in sections
    ]
    return element("nav", links, aria_label="Parts of this page")


def _section(key: str, title: str, _count: int | None, content: list[Html]) -> Html:
    return element("section", element("h2", title), content, id=key)


def _tools() -> Html:
    """Where the script puts search, filters and switches: nothing that would not work without it."""
    return element("form", class_="tools", role="search", aria_label="Find and sort features", hidden=True)


def notebook_frame(page: str, title: str, height: int) -> Html:
    """The page in a frame without access to the notebook around it."""
    frame = {"srcdoc": page, "title": title, "sandbox": "allow-scripts", "width": "100%", "height": height}
    return joined(element("iframe", **frame, style="border:0;width:100%"))

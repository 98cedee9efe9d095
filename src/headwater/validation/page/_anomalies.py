"""The anomalies as a table: which feature, what is wrong, why, and which schema would accept the data."""

from __future__ import annotations

import difflib
import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

from headwater.validation._protos import anomalies_pb2
from headwater.validation.page._features import Path, path_of
from headwater.validation.page._html import Html, element, visible
from headwater.validation.page._numbers import number
from headwater.validation.page._schema import Definitions
from headwater.validation.page._tables import order, sortable

MEASURES = ("Unknown", "L-infinity", "Jensen–Shannon divergence", "Normalized absolute difference")
WHOLE_DATASET = "the whole data set"
LONGEST_DESCRIPTION = 2_000
CONTEXT = 2
"""Unchanged lines around a change of the schema."""
MOST_LINES, MOST_CHANGES = 2_000, 80
"""Lines of a definition that are compared, and of the comparison that are shown."""


@dataclass(frozen=True)
class Anomaly:
    """An anomaly's texts; the path is empty for those of the whole data set."""

    path: Path
    severity: str
    summary: str
    reasons: list[tuple[str, str, str]]
    """Type, short description, description."""

    @property
    def shorts(self) -> list[str]:
        """The short description of every reason."""
        return [visible(short) for _, short, _ in self.reasons]

    @property
    def name(self) -> str:
        return visible(".".join(self.path)) if self.path else WHOLE_DATASET


def read(anomalies: Any) -> list[Anomaly]:
    """All anomalies by the order of their features' names, those of the whole data set first."""
    found = [_anomaly((), anomalies.dataset_anomaly_info)] if anomalies.HasField("dataset_anomaly_info") else []
    for key in sorted(anomalies.anomaly_info):
        info = anomalies.anomaly_info[key]
        found.append(_anomaly(path_of(info) if info.path.step else (key,), info))
    return found


def _anomaly(path: Path, info: Any) -> Anomaly:
    named = anomalies_pb2.AnomalyInfo.Type.Name
    reasons = [(named(reason.type), reason.short_description, reason.description) for reason in info.reason]
    return Anomaly(
        path,
        anomalies_pb2.AnomalyInfo.Severity.Name(info.severity).lower(),
        info.short_description,
        reasons or [("", info.short_description, info.description)],
    )


class Distance(NamedTuple):
    """A distance that was measured; its threshold is None where the schema sets none."""

    feature: str
    kind: str
    measure: str
    value: float
    threshold: float | None

    @property
    def is_high(self) -> bool:
        return self.threshold is not None and self.value > self.threshold


def distances(anomalies: Any) -> list[Distance]:
    """Every distance that was measured."""
    return [
        Distance(".".join(path_of(info)), kind, MEASURES[measured.type], measured.value, _threshold(measured))
        for info in anomalies.drift_skew_info
        for kind in ("skew", "drift")
        for measured in getattr(info, f"{kind}_measurements")
    ]


def _threshold(measured: Any) -> float | None:
    return measured.threshold if measured.HasField("threshold") else None


def nothing_found(anomalies: Any) -> str:
    """What to say where no anomaly is listed; without a single example nothing can be."""
    if anomalies.data_missing:
        return "There is no data: not a single example."
    return "No anomalies: the data is as the schema says."


def anomalies_section(
    found: list[Anomaly], anomalies: Any, updated_schema: Any, link: Callable[[Path], int | None]
) -> list[Html]:
    """The table of anomalies and that of the measured distances."""
    if not found:
        kind = "missing" if anomalies.data_missing else "fine"
        return [element("p", nothing_found(anomalies), class_=kind), *_measured(anomalies)]
    before, after = Definitions(anomalies.baseline), Definitions(updated_schema or anomalies.baseline)
    rows = [
        _row(index, anomaly, link(anomaly.path), _change(before[anomaly.path], after[anomaly.path]))
        for index, anomaly in enumerate(found)
    ]
    return [
        sortable("anomalies", "Anomalies", ("Feature", "Severity", "Anomaly", "Description"), rows),
        *_measured(anomalies),
    ]


def _row(index: int, anomaly: Anomaly, feature: int | None, change: Html | None) -> Html:
    name = anomaly.name if feature is None else element("a", anomaly.name, href=f"#f{feature}")
    reasons = [
        element("li", visible(text or short, LONGEST_DESCRIPTION), kind and element("code", kind))
        for kind, short, text in anomaly.reasons
    ]
    return element(
        "tr",
        element("th", name, scope="row"),
        element("td", element("span", anomaly.severity, class_=f"severity {anomaly.severity}")),
        element("td", visible(anomaly.summary)),
        element("td", element("ul", reasons), change),
        id=f"a{index}",
    )


def _change(before: str, after: str) -> Html | None:
    """The lines of the schema that would change for it to accept the data."""
    lines = list(itertools.islice(_differing(_lines(before), _lines(after)), MOST_CHANGES))
    if not lines:
        return None
    return element("details", element("summary", "Schema that would accept this"), element("pre", lines))


def _lines(text: str) -> list[str]:
    return text.splitlines()[:MOST_LINES]


def _differing(before: list[str], after: list[str]) -> Iterator[Html]:
    tags = {"+": "ins", "-": "del", " ": "span", "@": "i"}
    for line in list(difflib.unified_diff(before, after, n=CONTEXT, lineterm=""))[2:]:
        text = "⋯" if line[0] == "@" else visible(line)
        yield element(tags[line[0]], text + "\n")


def _measured(anomalies: Any) -> list[Html]:
    found = distances(anomalies)
    if not found:
        return []
    head = ("Feature", "Between", "Measure", "Distance", "Threshold")
    return [sortable("measured", "Measured distances", head, [_measured_row(distance) for distance in found])]


def _measured_row(distance: Distance) -> Html:
    between = {"skew": "training and serving", "drift": "this and the previous data"}[distance.kind]
    value = element("span", number(distance.value), class_="high" if distance.is_high else None)
    return element(
        "tr",
        element("th", visible(distance.feature), scope="row"),
        element("td", between),
        element("td", distance.measure),
        element("td", value, data_s=order(distance.value)),
        element("td", number(distance.threshold), data_s=order(distance.threshold)),
    )

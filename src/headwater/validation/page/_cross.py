"""Correlations between features, where the statistics hold them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from headwater.validation.page._charts import SIDES
from headwater.validation.page._features import Dataset
from headwater.validation.page._html import Html, element, visible
from headwater.validation.page._numbers import number
from headwater.validation.page._tables import order, sortable

MOST_PAIRS = 500


def cross_section(datasets: Sequence[Dataset]) -> list[Html]:
    """The strongest correlations of each data set; nothing where none were computed."""
    return [
        _table(dataset, side, len(datasets) > 1)
        for dataset, side in zip(datasets, SIDES)
        if any(cross.HasField("num_cross_stats") for cross in dataset.message.cross_features)
    ]


def _table(dataset: Dataset, side: str, named: bool) -> Html:
    pairs = [cross for cross in dataset.message.cross_features if cross.HasField("num_cross_stats")]
    pairs.sort(key=lambda cross: -abs(cross.num_cross_stats.correlation))
    head = ("Feature", "Other feature", "Count", "Correlation", "Covariance")
    title = f"Cross features of {visible(dataset.name)}" if named else "Cross features"
    return sortable(f"cross {side}", title, head, [_row(cross) for cross in pairs[:MOST_PAIRS]])


def _row(cross: Any) -> Html:
    figures = (cross.count, cross.num_cross_stats.correlation, cross.num_cross_stats.covariance)
    return element(
        "tr",
        element("th", visible(".".join(cross.path_x.step)), scope="row"),
        element("td", visible(".".join(cross.path_y.step))),
        [element("td", number(figure), data_s=order(figure)) for figure in figures],
    )

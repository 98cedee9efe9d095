"""What users call: the same names and arguments as in TensorFlow Data Validation."""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from headwater.validation._files import write_atomically
from headwater.validation.page._features import Dataset, choose, features_of, slice_of
from headwater.validation.page._report import notebook_frame, report
from headwater.validation.page._text import anomalies_text, schema_text, statistics_text

TALLEST, ROOM, ROW = 760, 190, 58
"""Heights in pixels: of the largest frame in a notebook, of what is above its rows, and of a row."""


@dataclass(frozen=True, repr=False)
class Page:
    """A page that notebooks show in a frame of its own and terminals as text. Only what is shown is made.

    Args:
        write: Makes the page.
        tell: Makes the same tables as plain text.
        rows: How many rows the longest table has.
    """

    write: Callable[[], str]
    tell: Callable[[], str]
    rows: int = 0

    @cached_property
    def html(self) -> str:
        """The whole page, a self-contained document."""
        return self.write()

    @cached_property
    def text(self) -> str:
        """Its tables as plain text."""
        return self.tell()

    def _repr_html_(self) -> str:
        return notebook_frame(self.html, "Data validation", min(TALLEST, ROOM + ROW * self.rows))

    def __repr__(self) -> str:
        return self.text

    def show(self) -> None:
        """Shows it in the notebook or IPython session that is running, and prints it as text where none is."""
        shell = sys.modules.get("IPython")
        if shell is not None and shell.get_ipython() is not None:
            importlib.import_module("IPython.display").display(self)
        else:
            print(self.text)


def visualize_statistics(
    lhs_statistics: Any,
    rhs_statistics: Any = None,
    lhs_name: str = "lhs_statistics",
    rhs_name: str = "rhs_statistics",
    allowlist_features: Iterable[Any] | None = None,
    denylist_features: Iterable[Any] | None = None,
) -> None:
    """Shows statistics, of two data sets side by side if two are given.

    In a notebook this is the page that `get_statistics_html` returns, in a frame; elsewhere tables are printed.

    Args:
        lhs_statistics: A `DatasetFeatureStatisticsList`; of several slices, "All Examples" is shown.
        rhs_statistics: The statistics to compare with.
        lhs_name: What the first data set is called.
        rhs_name: What the second data set is called.
        allowlist_features: Only these features: names, or paths (lists of steps, or `FeaturePath`) of nested ones.
        denylist_features: All but these features.

    Raises:
        ValueError: Both lists are given, or there is no data set to show.
    """
    names = (lhs_name, rhs_name)
    statistics_page(_chosen(lhs_statistics, rhs_statistics, names), allowlist_features, denylist_features).show()


def get_statistics_html(
    lhs_statistics: Any,
    rhs_statistics: Any = None,
    lhs_name: str = "lhs_statistics",
    rhs_name: str = "rhs_statistics",
    allowlist_features: Iterable[Any] | None = None,
    denylist_features: Iterable[Any] | None = None,
) -> str:
    """The page of statistics as one HTML document, which needs no other file and no network.

    The arguments and errors are those of `visualize_statistics`.
    """
    names = (lhs_name, rhs_name)
    return statistics_page(_chosen(lhs_statistics, rhs_statistics, names), allowlist_features, denylist_features).html


def compare_slices(statistics: Any, lhs_slice_key: str, rhs_slice_key: str) -> None:
    """Shows two slices of a data set side by side.

    Args:
        statistics: A `DatasetFeatureStatisticsList` with slices.
        lhs_slice_key: The name of the first slice, "All Examples" or one like "country_US".
        rhs_slice_key: The name of the second slice.

    Raises:
        ValueError: There is no such slice.
    """
    keys = (lhs_slice_key, rhs_slice_key)
    statistics_page([Dataset(key, slice_of(statistics, key)) for key in keys]).show()


def display_schema(schema: Any) -> None:
    """Shows what a schema allows, feature by feature."""
    Page(lambda: report("Schema", schema=schema), lambda: schema_text(schema), len(schema.feature)).show()


def display_anomalies(anomalies: Any) -> None:
    """Shows what is wrong, feature by feature, and the distances measured; a terminal only those with a threshold."""
    rows = len(anomalies.anomaly_info) * 2 + len(anomalies.drift_skew_info)
    Page(lambda: report("Anomalies", anomalies=anomalies), lambda: anomalies_text(anomalies), rows).show()


def write_html(
    path: str | os.PathLike[str],
    lhs_statistics: Any = None,
    rhs_statistics: Any = None,
    lhs_name: str = "lhs_statistics",
    rhs_name: str = "rhs_statistics",
    *,
    schema: Any = None,
    anomalies: Any = None,
    updated_schema: Any = None,
    title: str = "Data validation",
) -> None:
    """Writes one self-contained page of all that is given. The file appears whole or not at all.

    Args:
        path: The file to write.
        lhs_statistics: Statistics of the data.
        rhs_statistics: Statistics to compare with.
        lhs_name: What the data is called.
        rhs_name: What the data to compare with is called.
        schema: A `Schema`, shown in a part of its own.
        anomalies: `Anomalies`, linked with the features they concern.
        updated_schema: A schema that would accept the data; the changes are shown with the anomalies.
        title: The heading.

    Raises:
        ValueError: There is nothing to show.
    """
    if lhs_statistics is None and schema is None and anomalies is None:
        raise ValueError(
            "Expected statistics, a schema or anomalies; received none of them. Remedy: pass at least one."
        )
    datasets = [] if lhs_statistics is None else _chosen(lhs_statistics, rhs_statistics, (lhs_name, rhs_name))
    page = report(title, datasets, features_of(datasets), schema, anomalies, updated_schema)
    write_atomically(path, page.encode())


def _chosen(lhs: Any, rhs: Any, names: Sequence[str]) -> list[Dataset]:
    return [choose(statistics, name) for statistics, name in zip((lhs, rhs), names) if statistics is not None]


def statistics_page(
    datasets: Sequence[Dataset], allowlist: Iterable[Any] | None = None, denylist: Iterable[Any] | None = None
) -> Page:
    """The page of one or two data sets."""
    features = features_of(datasets, allowlist, denylist)
    title = " and ".join(dataset.name for dataset in datasets)
    return Page(lambda: report(title, datasets, features), lambda: statistics_text(datasets, features), len(features))

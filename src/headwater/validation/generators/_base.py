"""What generators are, and what they are given."""

from __future__ import annotations

import abc
import dataclasses
from collections.abc import Mapping
from typing import Any

from headwater.validation._errors import DataError
from headwater.validation.figures.plan import Feature


@dataclasses.dataclass(frozen=True)
class Data:
    """A data set, or a slice of it, that statistics are computed of.

    Args:
        connection: The DuckDB connection the data is in.
        relation: What can stand in FROM.
        features: The features by their names.
        weight: The column of weights, or None.
    """

    connection: Any
    relation: str
    features: Mapping[str, Feature]
    weight: str | None

    def query(self, sql: str, **names: str) -> list[tuple[Any, ...]]:
        """The rows of a query.

        Args:
            sql: DuckDB's SQL, in which ``{examples}`` stands for the data, and other names in braces for columns.
            names: For each of these the feature it means. What a feature is called never becomes part of the SQL.

        Raises:
            DataError: If there is no such feature.
        """
        columns = {key: self.column(name) for key, name in names.items()}
        return self.fetch(sql.format(examples=f"(SELECT * FROM {self.relation})", **columns))

    def fetch(self, sql: str) -> list[tuple[Any, ...]]:
        """The rows of a query that is complete, made of `relation`, `column`, `values` and `listed`."""
        rows: list[tuple[Any, ...]] = self.connection.execute(sql).fetchall()
        return rows

    def column(self, name: str) -> str:
        """What SQL calls a feature."""
        if name not in self.features:
            raise DataError(f"there is no feature {name!r}. The features are {list(self.features)}.")
        return self.features[name].column

    def values(self, name: str) -> str:
        """A relation of the values `x` of a feature, one per row, without those that are missing."""
        column, depth = self.column(name), self.features[name].depth
        flat = f"{'flatten(' * (depth - 1)}{column}{')' * (depth - 1)}"
        value = f"unnest({flat})" if depth else column
        return f"(SELECT x FROM (SELECT {value} AS x FROM {self.relation}) WHERE x IS NOT NULL)"

    def listed(self, name: str) -> str:
        """SQL of a row's values of a feature as a list, which is empty or NULL if there are none."""
        column = self.column(name)
        return column if self.features[name].depth else f"[{column}]"

    def feature(self, statistics: Any, name: str) -> Any:
        """The statistics of a feature, to add to; added if they are not there."""
        for message in statistics.features:
            if list(message.path.step) == [name]:
                return message
        message = statistics.features.add()
        message.path.step.append(name)
        return message


class StatsGenerator(abc.ABC):
    """Computes statistics of its own. Data is in DuckDB, so that it may be larger than memory."""

    @abc.abstractmethod
    def add(self, data: Data, statistics: Any) -> None:
        """Adds to the statistics of a data set.

        Args:
            data: The data set, or a slice of it.
            statistics: Its `DatasetFeatureStatistics`, with the common statistics and those of generators before.
        """

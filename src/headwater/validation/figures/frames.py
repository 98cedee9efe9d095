"""Figures of a data set, feature by feature and list by list, wherever the counting is done."""

from __future__ import annotations

import abc
import dataclasses
import math
from collections.abc import Iterator, Sequence
from typing import Any

from headwater.validation.figures.plan import (
    Cuts,
    DatasetFigures,
    Distribution,
    Feature,
    FeatureFigures,
    Kind,
    Number,
    Texts,
    Valency,
)


@dataclasses.dataclass(frozen=True)
class Asked:
    """What is asked of the values of every feature."""

    cuts: Cuts
    top: int

    @classmethod
    def nothing(cls) -> Asked:
        """Nothing but counts."""
        return cls(Cuts(1, 1), 1)


@dataclasses.dataclass(frozen=True)
class Values:
    """The values of a feature: a column of a relation, with nulls where there is none."""

    relation: Any
    column: str
    feature: Feature
    weight: str | None

    @property
    def kind(self) -> Kind:
        """What the values are."""
        return self.feature.kind


class Frames(abc.ABC):
    """Computes figures of relations. Those who know how to count fill in the abstract methods.

    Args:
        asked: What is asked.
    """

    def __init__(self, asked: Asked) -> None:
        self._asked = asked

    def dataset(self, name: str, relation: Any, features: Sequence[Feature], weight: str | None) -> DatasetFigures:
        """The figures of a relation.

        Args:
            name: The data set's name.
            relation: The relation.
            features: Its features.
            weight: The column of weights, or None.
        """
        rows, total = self._totals(relation, weight)
        found = self._frame(relation, rows, features, weight)
        return DatasetFigures(name, rows, total if weight is None else float(total or 0), found)

    def _frame(self, relation: Any, rows: int, features: Sequence[Feature], weight: str | None) -> list[FeatureFigures]:
        single = [f for f in features if f.depth == 0 and f.kind is not Kind.STRUCT]
        found = {f.path: [x] for f, x in zip(single, self._singles(relation, rows, single, weight), strict=True)}
        for feature in features:
            if feature.path not in found:
                found[feature.path] = list(self._several(relation, feature, weight))
        return [figures for f in features for figures in found[f.path]]

    def _singles(
        self, relation: Any, rows: int, features: Sequence[Feature], weight: str | None
    ) -> list[FeatureFigures]:
        """Features of at most one value per row, all from the same scans."""
        found = self._values([Values(relation, f.column, f, weight) for f in features])
        weights: Sequence[tuple[float | None, float | None]] = [(None, None)] * len(features)
        if weight is not None and features:
            weights = self._weights(relation, [f.column for f in features], weight)
        for figures, (present, missing) in zip(found, weights, strict=True):
            n = figures.count
            counts = [(1, n, present), (None, rows - n, missing)]
            figures.rows = Valency([count for count in counts if count[1]])
        return found

    def _several(self, relation: Any, feature: Feature, weight: str | None) -> Iterator[FeatureFigures]:
        """A feature of lists or structures, and the features within."""
        levels, column = [], feature.column
        whole = self._valency(relation, column, feature.depth, weight)
        for _ in range(feature.depth):
            levels.append(whole if feature.depth == 1 else self._valency(relation, column, 1, weight))
            relation, column = self._unnested(relation, column, weight)
        if feature.kind is not Kind.STRUCT:
            figures = self._values([Values(relation, column, feature, weight)])[0]
            figures.rows, figures.levels = whole, levels
            yield figures
            return
        yield FeatureFigures(feature, whole, levels)
        instances = self._instances(relation, column, feature.fields, weight)
        yield from self._frame(instances, whole.total, feature.fields, weight)

    def _values(self, values: Sequence[Values]) -> list[FeatureFigures]:
        """The figures of the values of columns of one relation."""
        found = [FeatureFigures(v.feature, Valency()) for v in values]
        for kinds in ((Kind.INT, Kind.FLOAT), (Kind.STRING, Kind.CATEGORY), (Kind.BYTES, Kind.BLOB)):
            alike = [i for i, v in enumerate(values) if v.kind in kinds]
            if alike:
                self._fill([found[i] for i in alike], [values[i] for i in alike])
        return found

    def _fill(self, found: Sequence[FeatureFigures], values: Sequence[Values]) -> None:
        """Fills in figures of values of the same kind."""
        weighted = values[0].weight is not None
        if values[0].kind.is_numeric:
            for figures, numbers in zip(found, self._numbers(values, weighted=False), strict=True):
                figures.numbers = numbers
            if weighted:
                for figures, numbers in zip(found, self._numbers(values, weighted=True), strict=True):
                    figures.weighted_numbers = numbers
        else:
            for figures, texts in zip(found, self._texts(values, weighted=False), strict=True):
                figures.texts = texts
            if weighted:
                for figures, texts in zip(found, self._texts(values, weighted=True), strict=True):
                    figures.weighted_texts = texts

    # How to count ---------------------------------------------------------------------------------------------------

    @abc.abstractmethod
    def _totals(self, relation: Any, weight: str | None) -> tuple[int, float | None]:
        """The number of rows, and their weight."""

    @abc.abstractmethod
    def _weights(
        self, relation: Any, columns: Sequence[str], weight: str
    ) -> Sequence[tuple[float | None, float | None]]:
        """For each column: the weight of rows with and without a value."""

    @abc.abstractmethod
    def _valency(self, relation: Any, column: str, depth: int, weight: str | None) -> Valency:
        """How many values a column of lists has in a row, counted `depth` levels down."""

    @abc.abstractmethod
    def _unnested(self, relation: Any, column: str, weight: str | None) -> tuple[Any, str]:
        """A relation with a row for each element of the lists of a column, and the column of the elements."""

    @abc.abstractmethod
    def _instances(self, relation: Any, column: str, fields: Sequence[Feature], weight: str | None) -> Any:
        """A relation with a row for each structure in a column, and a column for each of its fields."""

    @abc.abstractmethod
    def _numbers(self, values: Sequence[Values], weighted: bool) -> Sequence[Distribution]:
        """How the numbers of columns of one relation are distributed, each counting 1 or its weight."""

    @abc.abstractmethod
    def _texts(self, values: Sequence[Values], weighted: bool) -> Sequence[Texts]:
        """Figures of the texts of columns of one relation, each counting 1 or its weight."""


# From scans to distributions --------------------------------------------------------------------------------------


@dataclasses.dataclass
class Moments:
    """What the first scan says of a column of numbers, completed by the other scans."""

    count: Number
    finite: Number
    negative: Number
    positive: Number
    least: float
    greatest: float
    zeros: Number
    mean: float
    squares: float = dataclasses.field(default=0.0, init=False)
    ranks: list[Number] = dataclasses.field(default_factory=list, init=False)
    at_rank: dict[Number, float] = dataclasses.field(default_factory=dict, init=False)
    below: dict[float, Number] = dataclasses.field(default_factory=dict, init=False)

    @property
    def total(self) -> Number:
        """How many numbers, without NaN."""
        return self.finite + self.negative + self.positive

    def rank(self, cuts: Cuts) -> list[Number]:
        """Sets the ranks of the quantiles, from the least finite number up; returns those of finite numbers."""
        ranks = cuts.quantile_ranks(self.total) if self.total else []
        self.ranks = [(math.floor(r) if isinstance(self.total, int) else r) - self.negative for r in ranks]
        return sorted({r for r in self.ranks if 0 <= r < self.finite})

    def bounds(self, cuts: Cuts) -> list[float]:
        """Between which finite numbers are to be counted; nothing if there are none."""
        if not self.finite:
            return []
        return sorted(
            {self.least, self.greatest, *self.at_rank.values(), *cuts.standard_bounds(self.least, self.greatest)}
        )

    def distribution(self) -> Distribution:
        """What follows from it all."""
        if not self.total:
            return Distribution(nan=self.count)
        whole = self.finite == self.total
        below = {b: n + self.negative for b, n in self.below.items()}
        if self.negative:
            below = {-math.inf: self.negative, **below}
        if self.positive:
            below[math.inf] = self.total
        return Distribution(
            self.total,
            self.count - self.total,
            self.zeros,
            self.mean if whole else None,
            math.sqrt(self.squares / self.total) if whole else None,
            -math.inf if self.negative else self.least if self.finite else math.inf,
            math.inf if self.positive else self.greatest if self.finite else -math.inf,
            [self._element(rank) for rank in self.ranks],
            below,
            (self.least, self.greatest) if self.finite else None,
        )

    def _element(self, rank: Number) -> float:
        if rank < 0:
            return -math.inf
        return self.at_rank[rank] if rank < self.finite else math.inf

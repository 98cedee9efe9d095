"""What statistics consist of, whoever computes them.

A data set is a `Frame`: rows of features. A feature holds no, one or several values per row (`depth` lists deep); the
instances of a structured feature are the rows of a frame of their own. Whoever computes gives `FrameFigures`.
"""

from __future__ import annotations

import bisect
import dataclasses
import enum
import itertools
import math
from collections.abc import Iterable, Mapping, Sequence

Number = int | float


class Kind(enum.Enum):
    """What a feature's values are."""

    INT = "INT"
    FLOAT = "FLOAT"
    STRING = "STRING"
    BYTES = "BYTES"
    CATEGORY = "CATEGORY"  # whole numbers that are names, held as texts
    BLOB = "BLOB"  # bytes of which only the size matters
    STRUCT = "STRUCT"

    @property
    def is_numeric(self) -> bool:
        """Whether the values are numbers."""
        return self in (Kind.INT, Kind.FLOAT)

    @property
    def is_text(self) -> bool:
        """Whether the values are texts or bytes."""
        return self in (Kind.STRING, Kind.BYTES, Kind.CATEGORY, Kind.BLOB)

    @property
    def is_binary(self) -> bool:
        """Whether the values are bytes, which need not be texts."""
        return self in (Kind.BYTES, Kind.BLOB)


@dataclasses.dataclass(frozen=True)
class Feature:
    """One feature of a frame.

    Args:
        path: Its name, after those of the features it is part of.
        kind: What its values are.
        column: The name of its column in the frame's relation.
        depth: 0: at most one value per row; 1: a list of values; 2: a list of lists; …
        fields: The features of its instances, if it is structured, each as (name, kind, depth, fields).
    """

    path: tuple[str, ...]
    kind: Kind
    column: str
    depth: int = 0
    fields: tuple[Feature, ...] = ()


@dataclasses.dataclass(frozen=True)
class Cuts:
    """How a distribution is cut: numbers of buckets of equal width and of equal content."""

    standard: int
    quantiles: int

    def standard_bounds(self, low: float, high: float) -> list[float]:
        """Upper bounds of the buckets of equal width between two finite numbers."""
        if low == high:
            return [high]
        width = (high - low) / self.standard
        return [*[low + width * k for k in range(1, self.standard)], high]

    def quantile_ranks(self, total: Number) -> list[Number]:
        """Ranks of the upper bounds of the buckets of equal content, and of the median, which comes last."""
        shares = [k / self.quantiles for k in range(1, self.quantiles)] + [0.5]
        return [share * total for share in shares]


def _sum(values: Sequence[float]) -> float:
    """The sum, exact but for the last rounding; infinite where it is too large."""
    try:
        return math.fsum(values)
    except OverflowError:
        return sum(values)


@dataclasses.dataclass
class Distribution:
    """Numbers and how they are distributed; NaN counts apart.

    Args:
        total: How many numbers (their weight).
        nan: How many NaN.
        zeros: How many zeros.
        mean: Their mean; None: it is not defined.
        std: Their standard deviation (population); None: it is not defined.
        minimum: The least.
        maximum: The greatest.
        quantiles: The numbers at `Cuts.quantile_ranks`: the first whose rank from above exceeds them.
        below: For bounds in ascending order, how many numbers are at most that bound. The bounds include the least
            number, the quantiles and the standard bounds between the least and greatest finite numbers.
        finite: The least and the greatest finite number; None if there is none.
    """

    total: Number = 0
    nan: Number = 0
    zeros: Number = 0
    mean: float | None = None
    std: float | None = None
    minimum: float | None = None
    maximum: float | None = None
    quantiles: Sequence[float] = ()
    below: Mapping[float, Number] = dataclasses.field(default_factory=dict)
    finite: tuple[float, float] | None = None

    @classmethod
    def of_counts(cls, counts: Iterable[tuple[float, Number]], cuts: Cuts, nan: Number = 0) -> Distribution:
        """The distribution of numbers given as (number, how often), in ascending order, without NaN."""
        every = list(counts)
        pairs = [(v, n) for v, n in every if n]
        if not pairs:
            return cls(nan=nan)
        values = [v for v, _ in pairs]
        sums = list(itertools.accumulate(n for _, n in pairs))
        total = sums[-1]
        # Buckets of equal width lie between all numbers, whatever they weigh.
        whole = math.isfinite(every[0][0]) and math.isfinite(every[-1][0])  # they ascend
        finite = every if whole else [pair for pair in every if math.isfinite(pair[0])]
        ends = (finite[0][0], finite[-1][0]) if finite else None
        quantiles = [
            values[min(bisect.bisect_right(sums, rank), len(values) - 1)] for rank in cuts.quantile_ranks(total)
        ]
        bounds = sorted(
            {values[0], values[-1], *quantiles, *(cuts.standard_bounds(*ends) if ends else ()), *(ends or ())}
        )
        below = {b: sums[i - 1] if (i := bisect.bisect_right(values, b)) else 0 for b in bounds}
        mean = std = None
        if whole:
            mean = _sum([v * n for v, n in pairs]) / total
            std = math.sqrt(_sum([n * (v - mean) * (v - mean) for v, n in pairs]) / total)
        zeros = sum(n for v, n in pairs if v == 0)
        return cls(total, nan, zeros, mean, std, values[0], values[-1], quantiles, below, ends)


@dataclasses.dataclass
class Valency:
    """One level of lists: how many are there, and how long they are.

    Args:
        counts: (length, how many lists, their weight or None), ascending; a length of None, which comes last, is a
            place without a list.
    """

    counts: Sequence[tuple[int | None, int, float | None]] = ()

    @property
    def lengths(self) -> list[tuple[int, int]]:
        """(length, how many lists), ascending."""
        return [(k, n) for k, n, _ in self.counts if k is not None]

    @property
    def present(self) -> int:
        """Lists that are there."""
        return sum(n for _, n in self.lengths)

    @property
    def missing(self) -> int:
        """Places without one."""
        return sum(n for k, n, _ in self.counts if k is None)

    @property
    def total(self) -> int:
        """The number of values in all lists."""
        return sum(k * n for k, n in self.lengths)

    @property
    def weighted(self) -> tuple[float, float, float] | None:
        """The weights of the lists, of places without one, and of the values; None without weights."""
        if not any(w is not None for _, _, w in self.counts):
            return None
        heavy = [(k, w or 0.0) for k, _, w in self.counts]
        return (
            math.fsum(w for k, w in heavy if k is not None),
            math.fsum(w for k, w in heavy if k is None),
            math.fsum(k * w for k, w in heavy if k is not None),
        )


@dataclasses.dataclass
class Texts:
    """Texts and how often they occur.

    Args:
        count: How many texts.
        unique: How many different ones.
        top: The most frequent with their frequencies: by frequency, then by value, both descending.
        mean_length: The mean length in bytes.
        invalid: How many are not valid UTF-8.
        longest: The longest in bytes.
        shortest: The shortest in bytes.
    """

    count: int = 0
    unique: int = 0
    top: Sequence[tuple[str | bytes, Number]] = ()
    mean_length: float = 0.0
    invalid: int = 0
    longest: int = 0
    shortest: int = 0


@dataclasses.dataclass
class FeatureFigures:
    """The figures of one feature: how many values a row has, its lists level by level, and its values by kind."""

    feature: Feature
    rows: Valency
    levels: Sequence[Valency] = ()
    numbers: Distribution | None = None
    weighted_numbers: Distribution | None = None
    texts: Texts | None = None
    weighted_texts: Texts | None = None

    @property
    def count(self) -> int:
        """How many values there are."""
        if self.numbers is not None:
            return int(self.numbers.total + self.numbers.nan)
        return self.texts.count if self.texts is not None else 0


@dataclasses.dataclass
class DatasetFigures:
    """The figures of a data set or of a slice of it."""

    name: str
    examples: int
    weight: float | None
    features: Sequence[FeatureFigures]

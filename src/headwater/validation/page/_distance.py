"""How far apart a feature is in two data sets."""

from __future__ import annotations

import math
from collections.abc import Iterable

from headwater.validation.page._features import QUANTILES, STANDARD, Bucket, Feature, Side


def distances(feature: Feature) -> dict[str, float]:
    """The distances that can be computed, by name; none unless both data sets have values of the same kind."""
    sides = [side for side in feature.sides if side and side.kind == feature.kind and side.values]
    if len(feature.sides) != 2 or len(sides) != 2:
        return {}
    if feature.kind == "categorical":
        shares = [{label: count / side.values for label, count in side.top_values} for side in sides]
        labels = dict.fromkeys(label for table in shares for label in table)
        pairs = [(shares[0].get(label, 0.0), shares[1].get(label, 0.0)) for label in labels]
        return {"L-infinity": max((abs(p - q) for p, q in pairs), default=0.0), "Jensen–Shannon": _divergence(pairs)}
    histograms = [_finest(side) for side in sides]
    return {"Jensen–Shannon": _divergence(_common_cells(*histograms))} if all(histograms) else {}


def _finest(side: Side) -> list[Bucket]:
    return side.histogram(QUANTILES) or side.histogram(STANDARD)


def _divergence(pairs: Iterable[tuple[float, float]]) -> float:
    """Jensen–Shannon divergence in bits, 0 (alike) to 1 (nothing in common)."""
    return max(0.0, sum(_half(p, (p + q) / 2) + _half(q, (p + q) / 2) for p, q in pairs))


def _half(p: float, mean: float) -> float:
    return p * math.log2(p / mean) / 2 if p > 0 else 0.0


def _common_cells(left: list[Bucket], right: list[Bucket]) -> list[tuple[float, float]]:
    """Shares of both histograms in the cells between all their bounds, and at the bounds that hold a point mass."""
    bounds = sorted({bound for low, high, _ in (*left, *right) for bound in (low, high)})
    place = {bound: index for index, bound in enumerate(bounds)}
    cells = [[0.0, 0.0] for _ in range(2 * len(bounds))]  # even: the bounds themselves; odd: what follows each
    for side, buckets in enumerate((left, right)):
        total = sum(count for *_, count in buckets) or 1.0
        for low, high, count in buckets:
            if low == high:
                cells[2 * place[low]][side] += count / total
                continue
            for index in range(place[low], place[high]):
                part = (bounds[index + 1] / 2 - bounds[index] / 2) / (high / 2 - low / 2)
                cells[2 * index + 1][side] += count / total * part
    return [(p, q) for p, q in cells]

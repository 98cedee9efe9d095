"""Drift in figures, whether or not anybody has set a threshold."""

from __future__ import annotations

from typing import NamedTuple

from headwater.validation._evidence import default_dataset
from headwater.validation._paths import FeaturePath
from headwater.validation._protos import statistics_pb2
from headwater.validation.anomalies._measures import MEASURES, Pair


class Drift(NamedTuple):
    """A distance between the values of a feature in two data sets.

    Args:
        path: the feature.
        measure: L_INFTY, NORMALIZED_ABSOLUTE_DIFFERENCE or JENSEN_SHANNON_DIVERGENCE.
        value: the distance, 0 to 1.
        where: the value of the feature where the difference is largest; empty if the measure knows of none.
        noise: the distance that two random samples of these sizes from the same distribution exceed in one of twenty
            cases; None where that is not known, as for strings of which only the most frequent are counted. A threshold
            below it raises false alarms.
    """

    path: FeaturePath
    measure: str
    value: float
    where: str
    noise: float | None


def measure_drift(
    statistics: statistics_pb2.DatasetFeatureStatisticsList,
    previous_statistics: statistics_pb2.DatasetFeatureStatisticsList,
) -> list[Drift]:
    """Measures how far the values of each feature are from those in other data, such as yesterday's.

    The measures are those that the thresholds in a schema's `drift_comparator` and `skew_comparator` limit:

    - L_INFTY, for strings: by how much the share of any one string changed. 0.1 says: the share of some string changed
      by ten percentage points, and of none by more. For numbers: by how much the share of values up to any one number
      changed (the Kolmogorov–Smirnov distance), read from the histogram of quantiles if there is one. 0.1 says: there
      is a number below which ten percentage points more (or less) of the values lie than before. It sees shifts
      wherever most values are; ask for finer quantiles (`StatsOptions.num_quantiles_histogram_buckets`) to see shifts
      of less than about 0.02. TensorFlow Data Validation always says 0 for numbers.
    - NORMALIZED_ABSOLUTE_DIFFERENCE, for strings: the largest change of one string's count, as a share of all values of
      both data sets; it also sees growth.
    - JENSEN_SHANNON_DIVERGENCE: in bits, 0 for equal shares, 1 where no value is in both. For numbers it is of the
      histogram of equal widths, whose bounds are the extremes: one outlier puts nearly all values into one bucket, and
      the figure says little, however many examples there are. Where it is to limit numbers, set
      `source { type: QUANTILES }` in the schema, or better, a threshold of `infinity_norm`.

    Random samples differ even if nothing changed, the more the smaller they are: for numbers L_INFTY stays below about
    1.36·√(1/n + 1/m) in 19 of 20 cases, 0.06 for 1,000 examples beside 1,000, and 0.006 for 100,000. `noise` says so
    for each figure.

    Args:
        statistics: of the data; of several slices, that of all examples counts.
        previous_statistics: of the data to compare with.

    Returns:
        All distances of all features that are in both.

    Raises:
        TypeError: if an argument is of another type.
        ValueError: if statistics contradict themselves.

    >>> import headwater.validation as tfdv
    >>> before = tfdv.generate_statistics_from_dataframe({"fare": np.arange(1000.0)})
    >>> today = tfdv.generate_statistics_from_dataframe({"fare": np.arange(1000.0) + 100})
    >>> drift = tfdv.measure_drift(today, before)[0]
    >>> drift.measure, round(drift.value, 2), round(drift.noise, 2)
    ('L_INFTY', 0.1, 0.06)
    """
    current, other = default_dataset(statistics), default_dataset(previous_statistics)
    return [
        Drift(path, measure.name, found.value, found.where, found.noise)
        for path, evidence in current.features.items()
        if path in other.features
        for measure in MEASURES
        if (found := measure.apply(Pair(evidence, other.features[path]))) is not None
    ]

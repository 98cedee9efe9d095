"""Writes the sample messages of the page's tests. Run by hand where TensorFlow Data Validation 1.16 is installed."""

from __future__ import annotations

import pathlib

import numpy as np
import pyarrow as pa
import tensorflow_data_validation as tfdv
from tensorflow_data_validation.statistics import stats_impl

FOLDER = pathlib.Path(__file__).parent
COMPANIES = (
    "Flash Cab",
    "Taxi Affiliation",
    "Sun Taxi",
    "City Service",
    "Medallion",
    "Globe",
    "Blue Diamond",
    "Chi Star",
)


def listed(values, missing=None) -> pa.Array:
    """A column of one value a row, or none where `missing`."""
    rows = [None if missing is not None and missing[i] else [v] for i, v in enumerate(values.tolist())]
    return pa.array(rows)


def trips(rows: int, seed: int, later: bool = False) -> pa.RecordBatch:
    """Taxi trips. The `later` ones have drifted and hold faults."""
    rng = np.random.default_rng(seed)
    distance = rng.lognormal(1.35 if later else 1.0, 0.8, rows).astype(np.float32)
    fare = (2.5 + 2.1 * distance + rng.normal(0, 0.6, rows)).astype(np.float32)
    payments = ["Cash", "Card", "No charge", "Unknown", *(["Crypto"] if later else [])]
    shares = [0.3, 0.54, 0.03, 0.02, 0.11] if later else [0.5, 0.44, 0.03, 0.03]
    weights = 1 / np.arange(1, len(COMPANIES) + 1)
    if later:
        distance[:40], fare[:25] = np.nan, -fare[:25]
    columns = {
        "trip_distance": listed(distance),
        "fare": listed(fare),
        "tip": listed(np.where(rng.random(rows) < 0.62, 0, fare * 0.15).astype(np.float32)),
        "tolls": listed(np.full(rows, 3.5, np.float32), rng.random(rows) < 0.93),
        "passengers": listed(rng.choice([1, 2, 3, 4, 6], rows, p=[0.7, 0.17, 0.06, 0.04, 0.03])),
        "start_hour": listed(rng.binomial(23, 0.62, rows)),
        "pickup_zone": listed(rng.integers(1, 78, rows), rng.random(rows) < (0.35 if later else 0.06)),
        "payment": listed(rng.choice(payments, rows, p=shares)),
        "company": listed(rng.choice(COMPANIES, rows, p=weights / weights.sum())),
        "driver": listed(np.char.add("driver-", rng.integers(0, 4000, rows).astype(str))),
        "stops": pa.array([rng.integers(1, 78, n).tolist() for n in rng.geometric(0.55, rows)]),
        "tags": pa.array(
            [rng.choice(["airport", "shared", "night", "event"], n).tolist() for n in rng.integers(0, 4, rows)]
        ),
        "vehicle": pa.array([[{"wheels": [4], "fuel": [f]}] for f in rng.choice(["gas", "hybrid"], rows).tolist()]),
    }
    if later:
        columns["start_hour"] = listed(rng.binomial(25, 0.62, rows).astype(str))
        columns["surge"] = listed(rng.random(rows).astype(np.float32))
        del columns["tolls"]
    else:
        columns["rating"] = listed(rng.choice([1, 2, 3, 4, 5], rows, p=[0.02, 0.03, 0.1, 0.25, 0.6]))
    return pa.RecordBatch.from_pydict(columns)


def main() -> None:
    options = {"num_rank_histogram_buckets": 40}
    train = stats_impl.generate_statistics_in_memory(trips(8000, 1), tfdv.StatsOptions(**options))
    serving = stats_impl.generate_statistics_in_memory(trips(5000, 2, later=True), tfdv.StatsOptions(**options))
    sliced = stats_impl.generate_statistics_in_memory(
        trips(3000, 3),
        tfdv.StatsOptions(
            weight_feature="fare",
            feature_allowlist=["trip_distance", "fare", "payment"],
            experimental_slice_functions=[tfdv.experimental_get_feature_value_slicer({"payment": None})],
        ),
    )
    schema = tfdv.infer_schema(train)
    schema.default_environment.extend(["TRAINING", "SERVING"])
    tfdv.get_feature(schema, "rating").not_in_environment.append("SERVING")
    tfdv.get_feature(schema, "trip_distance").float_domain.disallow_nan = True
    tfdv.get_feature(schema, "fare").float_domain.min = 0
    tfdv.get_feature(schema, "pickup_zone").presence.min_fraction = 0.9
    tfdv.get_feature(schema, "payment").drift_comparator.infinity_norm.threshold = 0.05
    tfdv.get_feature(schema, "trip_distance").drift_comparator.jensen_shannon_divergence.threshold = 0.005
    anomalies = tfdv.validate_statistics(serving, schema, environment="TRAINING", previous_statistics=train)
    tfdv.write_stats_text(train, str(FOLDER / "train.stats.pbtxt"))
    tfdv.write_stats_text(serving, str(FOLDER / "serving.stats.pbtxt"))
    tfdv.write_stats_text(sliced, str(FOLDER / "sliced.stats.pbtxt"))
    tfdv.write_schema_text(schema, str(FOLDER / "schema.pbtxt"))
    tfdv.write_schema_text(tfdv.update_schema(schema, serving), str(FOLDER / "updated_schema.pbtxt"))
    tfdv.write_anomalies_text(anomalies, str(FOLDER / "anomalies.pbtxt"))


if __name__ == "__main__":
    main()

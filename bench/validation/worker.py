"""One measurement in a process: `worker.py MODULE TASK CSV PARQUET TABLES` prints seconds and peak memory as JSON."""

import importlib
import json
import pathlib
import resource
import sys
import time

START = time.perf_counter()
MODULE, TASK, CSV, PARQUET, TABLES = sys.argv[1:]
tfdv = importlib.import_module(MODULE)
IMPORTED = time.perf_counter()


def csv() -> object:
    """Statistics of a CSV file."""
    return tfdv.generate_statistics_from_csv(CSV)


def tables() -> object:
    """Statistics of several small CSV files."""
    return [tfdv.generate_statistics_from_csv(str(file)) for file in sorted(pathlib.Path(TABLES).glob("*.csv"))][-1]


def validate_parquet() -> object:
    """A Parquet file looked at, and validated against the schema that follows from it."""
    if MODULE == "tensorflow_data_validation":  # it does not read Parquet: through pandas
        import pandas as pd  # noqa: PLC0415

        statistics = tfdv.generate_statistics_from_dataframe(pd.read_parquet(PARQUET))
    else:
        statistics = tfdv.generate_statistics_from_parquet(PARQUET)
    anomalies = tfdv.validate_statistics(statistics, tfdv.infer_schema(statistics))
    assert not anomalies.anomaly_info, anomalies
    return statistics


def parquet() -> object:
    """Statistics of a Parquet file."""
    return tfdv.generate_statistics_from_parquet(PARQUET)


def table() -> object:
    """Statistics of a table in memory; reading it does not count."""
    import pandas as pd  # noqa: PLC0415

    global IMPORTED
    data = pd.read_parquet(PARQUET)
    IMPORTED = time.perf_counter()
    return tfdv.generate_statistics_from_dataframe(data)


TASKS = (csv, tables, parquet, validate_parquet, table)
statistics = {task.__name__: task for task in TASKS}[TASK]()
end = time.perf_counter()
trip = statistics.datasets[0].features[-1].string_stats
print(
    json.dumps(
        {
            "work": end - IMPORTED,
            "process": end - START,
            "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
            "examples": statistics.datasets[0].num_examples,
            "unique_trips": trip.unique,
        }
    )
)

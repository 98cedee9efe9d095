"""Data to compute statistics of, and what is to come out."""

import pathlib

import duckdb
import numpy as np
import pytest
from google.protobuf import text_format

from headwater.validation._protos import statistics_pb2
from tests.validation.goldens.statistics.cases import Case
from tests.validation.protos import differences

GOLDENS = pathlib.Path(__file__).parent / "goldens" / "statistics" / "data"


def golden(name: str):
    text = (GOLDENS / f"{name.replace(' ', '_')}.pbtxt").read_text()
    return text_format.Parse(text, statistics_pb2.DatasetFeatureStatisticsList())


def parquet(case: Case, path) -> str:
    connection = duckdb.connect()
    columns = ", ".join(f'"{name}" {kind}' for name, (kind, _) in case.columns.items())
    connection.execute(f"CREATE TABLE t ({columns})")
    rows = list(zip(*(values for _, values in case.columns.values()), strict=True))
    connection.executemany(f"INSERT INTO t VALUES ({', '.join('?' * len(case.columns))})", rows)
    connection.execute(f"COPY t TO '{path}' (FORMAT parquet)")
    return str(path)


def assert_same(ours, theirs):
    """Equal but for what TFDV approximates: it smears the counts of buckets of equal width over their neighbours."""
    for mine, their in zip(ours.datasets[0].features, theirs.datasets[0].features, strict=True):
        for exact, smeared in zip(histograms(mine), histograms(their), strict=True):
            if exact.type == statistics_pb2.Histogram.STANDARD:
                total = sum(bucket.sample_count for bucket in exact.buckets)
                for a, b in zip(exact.buckets, smeared.buckets, strict=True):
                    assert a.sample_count == int(a.sample_count) == pytest.approx(b.sample_count, abs=0.08 * total)
                    a.sample_count = b.sample_count
    assert list(differences(ours, theirs)) == []


def histograms(feature):
    yield from feature.num_stats.histograms
    yield from feature.num_stats.weighted_numeric_stats.histograms
    yield from (c.histogram for c in feature.custom_stats if c.HasField("histogram"))


def big(path, rows: int = 20_000) -> str:
    """Numbers that hardly repeat, with ties, infinities and NaN among them."""
    duckdb.sql(
        f"SELECT hash(i) % 1000000007 AS a, CASE WHEN i % 3 = 0 THEN 5.5 ELSE sqrt(hash(i, 1) % 1000003) END AS b, "
        f"CASE i % 997 WHEN 0 THEN 'NaN'::DOUBLE WHEN 1 THEN 'Infinity'::DOUBLE WHEN 2 THEN '-Infinity'::DOUBLE "
        f"ELSE ln(1 + hash(i, 2) % 1000003) END AS c, i % 7 AS d FROM range({rows}) t(i)"
    ).write_parquet(str(path))
    return str(path)


def assert_of_big(found, path):
    """Figures of `big`, against NumPy."""
    expected = {
        name: duckdb.sql(f"SELECT {name}::DOUBLE AS {name} FROM '{path}'").fetchnumpy()[name] for name in "abcd"
    }
    for feature in found.features:
        values = np.sort(expected[feature.path.step[0]])
        values = values[~np.isnan(values)]
        stats, (standard, quantiles) = feature.num_stats, feature.num_stats.histograms
        assert stats.min == values[0] and stats.max == values[-1]
        assert stats.median == values[len(values) // 2]
        assert [b.high_value for b in quantiles.buckets[:-1]] == [values[len(values) * k // 10] for k in range(1, 10)]
        assert sum(b.sample_count for b in quantiles.buckets) == pytest.approx(len(values))
        finite = values[np.isfinite(values)]
        buckets = [b for b in standard.buckets if np.isfinite(b.high_value)]
        bounds = [b.high_value for b in buckets]
        assert np.cumsum([b.sample_count for b in buckets]).tolist() == [(finite <= b).sum() for b in bounds]
        if np.isfinite(values).all():
            assert stats.mean == pytest.approx(values.mean(), rel=1e-12)
            assert stats.std_dev == pytest.approx(values.std(), rel=1e-9)
        else:
            assert np.isnan(stats.mean)
            assert standard.num_nan == quantiles.num_nan == len(expected["c"]) - len(values)

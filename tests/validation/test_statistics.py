"""Statistics: TFDV's figures where it is exact, exact ones where it is not."""

import pathlib

import duckdb
import pytest
from google.protobuf import text_format

import headwater.validation as tfdv
from headwater.validation._protos import statistics_pb2
from tests.validation.goldens.statistics.cases import CASES, CSV, Case
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


@pytest.mark.parametrize("name", list(CASES))
def test_figures_are_tfdvs(name, tmp_path):
    case = CASES[name]
    path = parquet(case, tmp_path / "data.parquet")
    ours = tfdv.generate_statistics_from_parquet(path, stats_options=tfdv.StatsOptions(**case.options))
    assert_same(ours, golden(name))


@pytest.mark.parametrize("name", list(CSV))
def test_csv_figures_are_tfdvs(name, tmp_path):
    path = tmp_path / "data.csv"
    path.write_text(CSV[name])
    assert_same(tfdv.generate_statistics_from_csv(path), golden(f"csv {name}"))

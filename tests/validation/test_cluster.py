"""Statistics through Ibis: the figures that DuckDB's SQL gives, on DuckDB and (`make cluster`) on Spark."""

import contextlib
import importlib.util

import duckdb
import pytest

import headwater.validation as tfdv
from headwater.validation.figures import portable
from tests.validation.data import assert_of_big, assert_same, big, golden, parquet
from tests.validation.goldens.statistics.cases import CASES
from tests.validation.protos import differences

ibis = pytest.importorskip("ibis")

# PySpark leaves sockets open, and warns of versions of pandas that it has not been tested with.
pytestmark = [
    pytest.mark.filterwarnings("ignore::FutureWarning:pyspark"),
    pytest.mark.filterwarnings("ignore:Exception ignored in. <socket:pytest.PytestUnraisableExceptionWarning"),
]


@contextlib.contextmanager
def spark():
    from pyspark.sql import SparkSession  # noqa: PLC0415

    local = {"spark.ui.enabled": "false", "spark.driver.host": "127.0.0.1", "spark.sql.shuffle.partitions": "2",
             "spark.driver.bindAddress": "127.0.0.1"}  # fmt: skip
    session = SparkSession.builder.master("local[2]").config(map=local).getOrCreate()
    session.sparkContext.setLogLevel("ERROR")
    try:
        yield ibis.pyspark.connect(session)
    finally:
        session.stop()


@contextlib.contextmanager
def duck():
    yield ibis.duckdb.connect()


@pytest.fixture(scope="module", params=[duck, pytest.param(spark, marks=pytest.mark.cluster)])
def engine(request):
    if request.param is spark and importlib.util.find_spec("pyspark") is None:
        pytest.skip("needs pyspark; `make cluster` brings it")
    with request.param() as backend:
        yield backend


@pytest.mark.parametrize("name", list(CASES))
def test_figures_are_tfdvs(engine, name, tmp_path):
    case = CASES[name]
    table = engine.read_parquet(parquet(case, tmp_path / "data.parquet"))
    assert_same(
        tfdv.generate_statistics_from_ibis(table, stats_options=tfdv.StatsOptions(**case.options)), golden(name)
    )


@pytest.mark.parametrize("few", [100_000, 300])
def test_quantiles_of_many_numbers(engine, few, tmp_path, monkeypatch):
    path = big(tmp_path / "big.parquet")
    monkeypatch.setattr(portable, "FEW", few)
    monkeypatch.setattr(portable, "_SAMPLE", 500)
    assert_of_big(tfdv.generate_statistics_from_ibis(engine.read_parquet(path)).datasets[0], path)


def test_weights_of_many_numbers(engine, tmp_path, monkeypatch):
    path = big(tmp_path / "big.parquet", 5_000)
    options = tfdv.StatsOptions(weight_feature="a", feature_allowlist=["b", "c", "d"])
    expected = tfdv.generate_statistics_from_parquet(path, stats_options=options)
    monkeypatch.setattr(portable, "FEW", 300)
    found = tfdv.generate_statistics_from_ibis(engine.read_parquet(path), stats_options=options)
    assert list(differences(found, expected)) == []


def test_types_and_hostile_names(engine, tmp_path):
    path = str(tmp_path / "types.parquet")
    duckdb.sql(
        """SELECT i % 2 = 0 AS "a; DROP TABLE x", i::DECIMAL(9, 2) AS "`b`", DATE '2024-02-01' + i::INT AS "c""d",
        i::UTINYINT AS "e.f", [i % 2 = 0] AS " ", 'x' || i AS "select" FROM range(10) t(i)"""
    ).write_parquet(path)
    found = tfdv.generate_statistics_from_ibis(engine.read_parquet(path))
    assert list(differences(found, tfdv.generate_statistics_from_parquet(path))) == []


def test_slices_and_samples(engine, tmp_path):
    path = str(tmp_path / "slices.parquet")
    duckdb.sql(
        "SELECT i % 3 AS a, CASE WHEN i % 5 > 0 THEN 'v' || i % 2 END AS b, i AS x FROM range(1000) t(i)"
    ).write_parquet(path)
    slicers = [tfdv.get_feature_value_slicer({"a": [1, 2], "b": None}), tfdv.get_feature_value_slicer({"b": None})]
    options = tfdv.StatsOptions(slice_functions=slicers)
    table = engine.read_parquet(path)
    found = tfdv.generate_statistics_from_ibis(table, tmp_path / "out.pb", options)
    assert [d.name for d in found.datasets] == ["All Examples", "a_1_b_v0", "a_1_b_v1", "a_2_b_v0", "a_2_b_v1", "b_v0",
                                                "b_v1"]  # fmt: skip
    assert list(differences(found, tfdv.generate_statistics_from_parquet(path, stats_options=options))) == []
    assert tfdv.load_statistics(tmp_path / "out.pb") == found
    sampled = tfdv.generate_statistics_from_ibis(table, stats_options=tfdv.StatsOptions(sample_rate=0.5)).datasets[0]
    assert 350 < sampled.num_examples < 650
    totals = {
        f.num_stats.common_stats.tot_num_values for f in sampled.features if f.path.step[0] in "ax"
    }  # one sample for all features
    assert totals == {sampled.num_examples}


def test_errors():
    with pytest.raises(TypeError, match="Expected an Ibis table, received dict"):
        tfdv.generate_statistics_from_ibis({"a": [1]})
    options = tfdv.StatsOptions(feature_allowlist=["b"])
    with pytest.raises(tfdv.DataError, match=r"no columns \['b'\]"):
        tfdv.generate_statistics_from_ibis(ibis.memtable({"a": [1]}), stats_options=options)
    by_lists = tfdv.StatsOptions(slice_functions=[tfdv.get_feature_value_slicer({"a": None})])
    with pytest.raises(tfdv.DataError, match=r"column .a.: has values of type array<int64>\. Expected single values"):
        tfdv.generate_statistics_from_ibis(ibis.memtable({"a": [[1, 2]]}), stats_options=by_lists)

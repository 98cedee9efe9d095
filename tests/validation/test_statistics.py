"""Statistics: TFDV's figures where it is exact, exact ones where it is not."""

import numpy as np
import pyarrow as pa
import pytest

import headwater.validation as tfdv
from headwater.validation._protos import statistics_pb2
from headwater.validation.figures import duck, together
from tests.validation.data import assert_of_big, assert_same, big, golden, parquet
from tests.validation.goldens.statistics.cases import CASES, CSV


@pytest.mark.parametrize("way", ["together", "apart"])
@pytest.mark.parametrize("name", list(CASES))
def test_figures_are_tfdvs(name, way, tmp_path, monkeypatch):
    if way == "apart":
        monkeypatch.setattr(together, "FEW", -1)
    case = CASES[name]
    path = parquet(case, tmp_path / "data.parquet")
    ours = tfdv.generate_statistics_from_parquet(path, stats_options=tfdv.StatsOptions(**case.options))
    assert_same(ours, golden(name))


@pytest.mark.parametrize("name", list(CSV))
def test_csv_figures_are_tfdvs(name, tmp_path):
    path = tmp_path / "data.csv"
    path.write_text(CSV[name])
    assert_same(tfdv.generate_statistics_from_csv(path), golden(f"csv {name}"))


@pytest.mark.parametrize("way", ["scans", "many numbers", "counts"])
def test_ways_of_computing_agree(way, tmp_path, monkeypatch):
    path = big(tmp_path / "big.parquet")
    monkeypatch.setattr(duck, "_REPEATING", 2.0 if way == "counts" else -1.0)
    monkeypatch.setattr(duck, "_MANY", 100 if way == "many numbers" else 10**9)
    found = tfdv.generate_statistics_from_parquet(path).datasets[0]
    monkeypatch.undo()
    assert_of_big(found, path)


@pytest.mark.parametrize(
    "column",
    [[[], []], [None, None], [[None], []], [None, []], [[[]], [[], []]]],
    ids=["empty lists", "nothing", "a list of nothing", "a list or nothing", "lists of empty lists"],
)
def test_columns_without_any_value(column):
    table = pa.table({"a": pa.array(column), "b": [1, 2]})
    dataset = tfdv.generate_statistics_from_dataframe(table).datasets[0]
    a, b = dataset.features
    assert dataset.num_examples == 2 and b.num_stats.mean == 1.5
    assert a.type == statistics_pb2.FeatureNameStatistics.STRING and a.string_stats.unique == 0
    assert a.string_stats.common_stats.num_missing == sum(x is None for x in column)


def test_fields_of_structures_without_any_value():
    table = pa.table({"a": [{"b": None, 'c"': [], "d": 1}, {"b": None, 'c"': [], "d": 2}]})
    features = tfdv.generate_statistics_from_dataframe(table).datasets[0].features
    assert [tuple(f.path.step) for f in features] == [("a",), ("a", "b"), ("a", 'c"'), ("a", "d")]


def test_columns_of_the_same_name_are_refused():
    table = pa.Table.from_arrays([pa.array([1]), pa.array([2])], names=["a", "a"])
    with pytest.raises(tfdv.DataError, match=r"several columns called \['a'\]"):
        tfdv.generate_statistics_from_dataframe(table)


@pytest.mark.parametrize("jobs", [0, -2])
def test_numbers_of_jobs(jobs):
    assert tfdv.generate_statistics_from_dataframe({"a": np.arange(3)}, n_jobs=-1).datasets[0].num_examples == 3
    with pytest.raises(ValueError, match="n_jobs"):
        tfdv.generate_statistics_from_dataframe({"a": np.arange(3)}, n_jobs=jobs)

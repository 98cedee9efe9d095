"""Statistics: TFDV's figures where it is exact, exact ones where it is not."""

import pytest

import headwater.validation as tfdv
from headwater.validation.figures import duck
from tests.validation.data import assert_of_big, assert_same, big, golden, parquet
from tests.validation.goldens.statistics.cases import CASES, CSV


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


@pytest.mark.parametrize("way", ["scans", "many numbers", "counts"])
def test_ways_of_computing_agree(way, tmp_path, monkeypatch):
    path = big(tmp_path / "big.parquet")
    monkeypatch.setattr(duck, "_REPEATING", 2.0 if way == "counts" else -1.0)
    monkeypatch.setattr(duck, "_MANY", 100 if way == "many numbers" else 10**9)
    found = tfdv.generate_statistics_from_parquet(path).datasets[0]
    monkeypatch.undo()
    assert_of_big(found, path)

"""Statistics of parts, merged: exactly those of the whole."""

import duckdb
import numpy as np
import pytest

import headwater.validation as tfdv
from headwater.validation.figures import counts
from tests.validation.goldens.statistics.cases import CASES
from tests.validation.protos import differences
from tests.validation.test_statistics import big, parquet


def split(path: str, folder, parts: int) -> list[str]:
    """The rows of a Parquet file in several files; the last of them is empty."""
    files = []
    for part in range(parts + 1):
        files.append(str(folder / f"part{part}.parquet"))
        query = (
            f"SELECT * EXCLUDE i FROM (SELECT *, row_number() OVER () % {parts} AS i FROM '{path}') WHERE i = {part}"
        )
        duckdb.execute(f"COPY ({query}) TO '{files[-1]}'")
    return files


@pytest.mark.parametrize("name", list(CASES))
def test_merged_shards_give_the_statistics_of_the_whole(name, tmp_path):
    options = tfdv.StatsOptions(**CASES[name].options)
    path = parquet(CASES[name], tmp_path / "data.parquet")
    for i, part in enumerate(split(path, tmp_path, 3)):
        tfdv.write_shard(tmp_path / f"{i}.shard", part, stats_options=options)
    merged = tfdv.merge_shards(tmp_path / "*.shard", tmp_path / "all.shard", stats_options=options)
    whole = tfdv.generate_statistics_from_parquet(path, stats_options=options)
    assert list(differences(merged, whole, rel=1e-12)) == []
    again = tfdv.merge_shards(tmp_path / "all.shard", stats_options=options)
    assert list(differences(again, merged, rel=1e-12)) == []


@pytest.mark.parametrize("few", [10, 10**9], ids=["in SQL", "in Python"])
def test_many_different_numbers(few, tmp_path, monkeypatch):
    path = big(tmp_path / "data.parquet")
    for i, part in enumerate(split(path, tmp_path, 2)):
        tfdv.write_shard(tmp_path / f"{i}.shard", part)
    whole = tfdv.generate_statistics_from_parquet(path)
    monkeypatch.setattr(counts, "FEW", few)
    merged = tfdv.merge_shards(tmp_path / "*.shard")
    assert list(differences(merged, whole, rel=1e-9)) == []


def test_shards_of_other_data_are_refused(tmp_path):
    tfdv.write_shard(tmp_path / "a.shard", {"x": np.array([1])})
    tfdv.write_shard(tmp_path / "b.shard", {"x": np.array([1.5])})
    with pytest.raises(tfdv.DataError, match=r"b\.shard: is of other data than .*a\.shard"):
        tfdv.merge_shards([tmp_path / "a.shard", tmp_path / "b.shard"])


def test_what_is_no_shard_is_refused(tmp_path):
    (tmp_path / "text").write_text("hello")
    with pytest.raises(tfdv.DataError, match="text"):
        tfdv.merge_shards(tmp_path / "text")
    duckdb.sql("SELECT 1 AS a").write_parquet(str(tmp_path / "other"))
    with pytest.raises(tfdv.DataError, match="Expected a shard"):
        tfdv.merge_shards(tmp_path / "other")


def test_a_failed_shard_leaves_nothing_behind(tmp_path):
    (tmp_path / "bad.csv").write_text("a,b\n1,2\n1,2,3\n")
    with pytest.raises(tfdv.DataError, match="line 3"):
        tfdv.write_shard(tmp_path / "x.shard", tmp_path / "bad.csv")
    assert [p.name for p in tmp_path.iterdir()] == ["bad.csv"]


def test_shards_have_no_slices(tmp_path):
    options = tfdv.StatsOptions(slice_functions=[tfdv.get_feature_value_slicer({"x": None})])
    with pytest.raises(ValueError, match="no slices"):
        tfdv.write_shard(tmp_path / "x.shard", {"x": np.array([1])}, stats_options=options)

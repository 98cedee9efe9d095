"""DuckDB stays open between calls, and small files are read once: nobody may notice."""

import os
import subprocess
import sys

import numpy as np
import pytest

import headwater.validation as tfdv
from headwater.validation.sources._connection import connected, data_errors


def test_nothing_of_one_call_is_left_to_the_next():
    def means():
        found = tfdv.generate_statistics_from_dataframe({"a": np.arange(3.0), "b": np.ones(3)})
        return [feature.num_stats.mean for feature in found.datasets[0].features]

    assert means() == [1, 1]
    with connected(tfdv.StatsOptions()) as connection:
        assert connection.execute("SELECT count(*) FROM duckdb_views() WHERE NOT internal").fetchone() == (0,)
        assert connection.execute("SELECT count(*) FROM duckdb_tables()").fetchone() == (0,)
        connection.execute("CREATE TABLE kept AS SELECT * FROM range(10)")
        connection.execute("CREATE TEMP TABLE kept_too AS SELECT * FROM range(10)")
        assert means() == [1, 1], "calls within calls have a data base of their own"
    with pytest.raises(tfdv.DataError), connected(tfdv.StatsOptions(memory_limit="200MB")) as connection, data_errors():
        connection.execute("SELECT * FROM kept")
    with connected(tfdv.StatsOptions(), ordered=True) as connection:
        assert connection.execute("SELECT count(*) FROM duckdb_tables()").fetchone() == (0,)
        (limit,) = connection.execute("SELECT current_setting('memory_limit')").fetchone()
    assert limit != "190.7 MiB"


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork")
def test_a_forked_process_has_a_data_base_of_its_own():
    script = """
import multiprocessing, numpy as np, headwater.validation as tfdv
def mean(_):
    return tfdv.generate_statistics_from_dataframe({"a": np.arange(5000.0)}).datasets[0].features[0].num_stats.mean
if __name__ == "__main__":
    assert mean(0) == 2499.5
    with multiprocessing.get_context("fork").Pool(2) as pool:
        print(pool.map(mean, range(4)), mean(0))
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=120, check=False)
    assert done.stdout.split() == ["[2499.5,", "2499.5,", "2499.5,", "2499.5]", "2499.5"], done.stderr


@pytest.mark.parametrize("rows", [5, 300_000])
def test_whole_numbers_at_the_edge_of_64_bits(tmp_path, rows):
    file = tmp_path / "edges.csv"
    values = ["0"] * rows + [str(2**63 - 1), str(-(2**63)), "00000000000000000000000012", "1"]
    file.write_text("fits,large\n" + "\n".join(f"{v},{v.replace(str(2**63 - 1), str(2**63))}" for v in values))
    fits, large = tfdv.generate_statistics_from_csv(file).datasets[0].features
    assert (fits.type, large.type) == (fits.INT, large.STRING)

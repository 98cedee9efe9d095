"""`headwater validate`: what it prints, what it writes, and its exit codes."""

import json
import subprocess
import sys

import pytest

from headwater import cli

ROWS = "fare,payment\n" + "".join(f"{5 + k % 7},{['Cash', 'Card'][k % 2]}\n" for k in range(50))


@pytest.fixture
def trips(tmp_path):
    path = tmp_path / "trips.csv"
    path.write_text(ROWS)
    return path


@pytest.fixture
def schema(trips, tmp_path):
    path = tmp_path / "schema.pbtxt"
    assert cli.main(["validate", str(trips), "--write-schema", str(path)]) == cli.FINE
    return path


def test_data_that_fits(trips, schema, capsys):
    assert cli.main(["validate", str(trips), "--schema", str(schema)]) == cli.FINE
    assert "No anomalies" in capsys.readouterr().out


def test_data_that_do_not_fit(trips, schema, tmp_path, capsys):
    trips.write_text(ROWS + "9,Crypto\n")
    page, out, stats = (tmp_path / name for name in ("page.html", "anomalies.json", "stats.pbtxt"))
    words = ["validate", str(trips), "--schema", str(schema)]
    written = ["--html", str(page), "--json", str(out), "--stats", str(stats)]
    assert cli.main([*words, *written]) == cli.ANOMALIES
    assert "Unexpected string values" in capsys.readouterr().out
    found = json.loads(out.read_text())
    assert found["examples"] == 51
    assert [a["feature"] for a in found["anomalies"]] == ["payment"]
    assert found["anomalies"][0]["reasons"][0]["type"] == "ENUM_TYPE_UNEXPECTED_STRING_VALUES"
    assert "Crypto" in page.read_text()
    assert cli.main(["validate", str(stats), "--schema", str(schema)]) == cli.ANOMALIES


def test_json_on_standard_output_is_all_there_is(trips, schema, capsys):
    assert cli.main(["validate", str(trips), "--schema", str(schema), "--json", "-"]) == cli.FINE
    assert json.loads(capsys.readouterr().out)["anomalies"] == []


def test_errors_name_what_is_wrong(trips, tmp_path, capsys):
    assert cli.main(["validate", str(tmp_path / "absent.csv")]) == cli.FAILED
    assert "absent.csv: no such file" in capsys.readouterr().err
    (tmp_path / "data.unknown").write_text("x")
    assert cli.main(["validate", str(tmp_path / "data.unknown")]) == cli.FAILED
    assert "--format" in capsys.readouterr().err
    (tmp_path / "bad.pbtxt").write_text("feature { nonsense: 1 }")
    assert cli.main(["validate", str(trips), "--schema", str(tmp_path / "bad.pbtxt")]) == cli.FAILED
    assert "bad.pbtxt, line 1" in capsys.readouterr().err
    with pytest.raises(SystemExit) as stopped:
        cli.main(["validate"])
    assert stopped.value.code == cli.FAILED


def test_the_command_starts_without_the_engine():
    code = "import sys; from headwater import cli; cli._parser(); print('jax' in sys.modules, 'duckdb' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "False"]

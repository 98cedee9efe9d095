"""`headwater validate`: what it prints, what it writes, and its exit codes."""

import json
import subprocess
import sys

import pytest

from headwater import cli
from headwater.validation._protos import anomalies_pb2
from headwater.validation.page._text import anomalies_text

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


@pytest.mark.parametrize("words", [["--help"], ["validate", "--help"]])
def test_the_command_starts_without_the_engine(words):
    code = (
        "import sys; from headwater import cli\n"
        f"try: cli.main({words})\n"
        "except SystemExit: print('jax' in sys.modules, 'duckdb' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split()[-2:] == ["False", "False"]


@pytest.mark.parametrize("option", ["--html", "--json", "--stats", "--write-schema"])
def test_data_are_never_written_over(option, trips, capsys):
    assert cli.main(["validate", str(trips), option, str(trips)]) == cli.FAILED
    assert "is read, and would be written" in capsys.readouterr().err
    assert trips.read_text() == ROWS


def test_what_cannot_be_written_is_found_out_before_reading(trips, tmp_path, capsys):
    words = ["validate", str(trips), "--html", str(tmp_path / "no" / "page.html")]
    assert cli.main(words) == cli.FAILED
    assert "there is no folder" in capsys.readouterr().err
    same = str(tmp_path / "same")
    assert cli.main(["validate", str(trips), "--html", same, "--json", same]) == cli.FAILED
    assert "written twice" in capsys.readouterr().err


def test_environments_need_a_schema(trips, schema, capsys):
    assert cli.main(["validate", str(trips), "--environment", "SERVING"]) == cli.FAILED
    assert "--schema" in capsys.readouterr().err
    words = ["validate", str(trips), "--schema", str(schema), "--environment", "NOWHERE"]
    assert cli.main(words) == cli.FAILED
    assert "NOWHERE" in capsys.readouterr().err


def test_the_mended_schema_accepts_the_data(trips, schema):
    trips.write_text(ROWS + "9,Crypto\n")
    words = ["validate", str(trips), "--schema", str(schema)]
    assert cli.main(words) == cli.ANOMALIES
    assert cli.main([*words, "--write-schema", str(schema)]) == cli.ANOMALIES
    assert cli.main(words) == cli.FINE


def test_data_sets_are_compared(trips, tmp_path, capsys):
    other = tmp_path / "earlier" / "trips.csv"
    other.parent.mkdir()
    other.write_text(ROWS)
    page = tmp_path / "page.html"
    assert cli.main(["validate", str(trips), "--previous", str(other), "--html", str(page)]) == cli.FINE
    text = capsys.readouterr().out
    assert f"{trips}: 50 examples, 2 features" in text and f"{other}: 50 examples" in text
    assert str(other) in page.read_text()


def test_columns_of_files_without_a_header(tmp_path, capsys):
    path = tmp_path / "plain.csv"
    path.write_text("1,a\n2,b\n")
    assert cli.main(["validate", str(path), "--columns", "number,letter"]) == cli.FINE
    text = capsys.readouterr().out
    assert "2 examples" in text and "number" in text and "letter" in text


def test_files_of_several_kinds_are_refused(trips, tmp_path, capsys):
    (tmp_path / "more.json").write_text('{"fare": 3}')
    assert cli.main(["validate", str(trips), str(tmp_path / "more.json")]) == cli.FAILED
    assert "csv and json" in capsys.readouterr().err


def test_data_without_an_example_are_not_fine(trips, schema, capsys):
    trips.write_text("fare,payment\n")
    words = ["validate", str(trips), "--schema", str(schema)]
    assert cli.main(words) == cli.ANOMALIES
    assert "There is no data" in capsys.readouterr().out
    assert cli.main([*words, "--json", "-"]) == cli.ANOMALIES
    assert json.loads(capsys.readouterr().out)["data_missing"]


def test_faults_of_ours_do_not_look_like_anomalies(trips, monkeypatch, capsys):
    monkeypatch.setattr("headwater.validation._command._found", lambda options: 1 / 0)
    assert cli.main(["validate", str(trips)]) == cli.FAILED
    assert "ZeroDivisionError" in capsys.readouterr().err


def test_terminals_are_told_nothing_by_the_data(tmp_path, capsys):
    path = tmp_path / "evil.csv"
    path.write_text("a\x1b[2J,b\n\x1b[31mred,1\n")
    cli.main(["validate", str(path)])
    cli.main(["validate", str(tmp_path / "\x1b[2J.csv")])
    shown = capsys.readouterr()
    assert "\x1b" not in shown.out + shown.err
    assert "a\\x1b[2J" in shown.out and "\\x1b[2J.csv: no such file" in shown.err


def test_long_descriptions_are_broken_on_terminals(schema):
    anomalies = anomalies_pb2.Anomalies()
    anomalies.anomaly_info["payment"].description = "word " * 60
    lines = anomalies_text(anomalies, width=80).splitlines()
    assert len(lines) > 5 and max(map(len, lines)) <= 80
    assert len(anomalies_text(anomalies).splitlines()) == 2

"""Data that is broken or means harm: an error that names the place, or the right figures; never a loss."""

import gzip
import json
import os
import subprocess
import sys

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import headwater.validation as tfdv
from headwater.validation.figures import duck, together
from headwater.validation.sources import _wide

NAMES = ["a", "A", 'a"b', "x'; DROP TABLE raw; --", "x\ny", "", " ", "A_1", "ünï", "c1", "</script>", "%s{}"]


def write(folder, content, name="data.csv"):
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def shown(feature):
    """What is known of a feature: its name, how many values it has, and what they are."""
    stats = feature.string_stats if feature.HasField("string_stats") else feature.num_stats
    values = stats.max if feature.HasField("num_stats") else sorted(t.value for t in stats.top_values)
    return feature.path.step[0], stats.common_stats.num_non_missing, values


def read(folder, content, **options):
    return [shown(f) for f in features(tfdv.generate_statistics_from_csv(write(folder, content), **options))]


def features(statistics):
    return statistics.datasets[0].features


ROWS = "1,x\n" * 3000
LONG = "a,b\n" + ROWS

# The file, the line and column at fault, and a part of what is said.
WRONG = {
    "too few fields": ("a,b\n1,2\n3\n4,5\n", 3, None, "has 1 fields. Expected 2"),
    "too many fields": ("a,b\n1,2\n3,4,5\n", 3, None, "has 3 fields. Expected 2"),
    "too many fields, late": (LONG + "3,4,5\n" + ROWS, 3002, None, "has 3 fields"),
    "rows of several lines": ('a,b\n\n1,"x\ny"\n1,2,3\n', 5, None, "has 3 fields"),
    "open quote": ('a,b\n1,"x\n3,4\n', 2, None, "quoted field that does not end"),
    "open quote, late": (LONG + '1,"x\n3,4\n', 3002, None, "quoted field that does not end"),
    "text after a quote": ('a,b\n1,"x"y\n3,4\n', 2, None, "goes on after its closing"),
    "not UTF-8": (b"a,b\n1,x\n2,\xff\xfe\n", 3, "b", "not valid UTF-8"),
    "not UTF-8, late": (LONG.encode() + b"2,\xfc\n", 3002, "b", "not valid UTF-8"),
    "not UTF-8 within lines": (b'a,b,c\n1,"x\n\xfcy",3\n', 2, "b", "not valid UTF-8"),
    "header not UTF-8": (b"a,\xff\n1,x\n", 1, None, "header is not valid UTF-8"),
    "UTF-16": ("a,b\n1,x\n".encode("utf-16"), 1, None, "not valid UTF-8"),
    "line ends mixed": ("a,b\n1,x\r\n3,y\n", 2, None, "ends in another way"),
    "line ends mixed, late": (LONG + "3,y\r\n5,z\n", 3002, None, "ends in another way"),
    "carriage return alone": ("a,b\n1,x\r3,y\n5,z\n", 2, None, "ends in another way"),
    "a name twice": ("a,b,a\n1,2,3\n", 1, None, "names columns twice: ['a']"),
    "empty": ("", None, None, "is empty. Expected a header"),
    "only line ends": ("\n\n", None, None, "is empty. Expected a header"),
    "large name": ("a," + "x" * 3_000_000 + "\n1,2\n", 1, None, "field larger than"),
}


@pytest.mark.parametrize("name", list(WRONG))
def test_wrong_csv_is_refused_with_its_place(name, tmp_path):
    content, line, column, reason = WRONG[name]
    path = write(tmp_path, content)
    with pytest.raises(tfdv.DataError) as raised:
        tfdv.generate_statistics_from_csv(path)
    error = raised.value
    assert (error.file, error.row, error.column) == (str(path), line, column)
    assert str(error).startswith(f"{path}") and reason in str(error)


# The file, and what is found in it.
UNUSUAL = {
    "quote within": ('a,b\n1,x"y\n', [("a", 1, 1.0), ("b", 1, ['x"y'])]),
    "quoted": ('a,b\n1,"x,""y""\nz"\n', [("a", 1, 1.0), ("b", 1, ['x,"y"\nz'])]),
    "mixed types": ("a\n1\nfoo\n2.5\n", [("a", 3, ["1", "2.5", "foo"])]),
    "NUL": (b"a\x00,b\n1\x00,x\x00y\n", [("a\0", 1, ["1\0"]), ("b", 1, ["x\0y"])]),
    "carriage returns": ("a,b\r1,x\r3,y\r", [("a", 2, 3.0), ("b", 2, ["x", "y"])]),
    "CRLF": ("a,b\r\n1,x\r\n3,y\r\n", [("a", 2, 3.0), ("b", 2, ["x", "y"])]),
    "byte order mark": (b"\xef\xbb\xbfa,b\n1,x\n", [("a", 1, 1.0), ("b", 1, ["x"])]),
    "blank lines": ("a,b\n\n1,x\n\n2,y\n\n", [("a", 2, 2.0), ("b", 2, ["x", "y"])]),
    "only a header": ("a,b\n", [("a", 0, []), ("b", 0, [])]),
    "no line end": ("a,b\n1,2", [("a", 1, 1.0), ("b", 1, 2.0)]),
    "large whole numbers": ("a\n1.5\n9223372036854775808\n", [("a", 2, ["1.5", "9223372036854775808"])]),
    "large field": (
        "a,b\n1," + "x" * 3_000_000 + "\n2,y\n",
        [("a", 2, 2.0), ("b", 2, ["__LARGE_BYTES__", "y"])],
    ),
    "large quoted field": (
        'a,b\n1,"' + "x\n" * 1_500_000 + '"\n2,y\n',
        [("a", 2, 2.0), ("b", 2, ["__LARGE_BYTES__", "y"])],
    ),
}


@pytest.mark.parametrize("name", list(UNUSUAL))
def test_unusual_csv_is_read(name, tmp_path):
    content, expected = UNUSUAL[name]
    assert read(tmp_path, content) == expected


@pytest.mark.parametrize("end", ["", '"\n'])
def test_huge_fields_are_refused(end, tmp_path):
    """A quote left open makes the rest of a file one field. The files here take hardly any room on disk."""
    path = write(tmp_path, 'a,b\n1,x\n2,"')
    with path.open("r+b") as file:
        file.truncate(int(os.environ.get("HEADWATER_LARGE_FIELD", "100_000_000")))
        file.seek(0, os.SEEK_END)
        file.write(end.encode())
    with pytest.raises(tfdv.DataError, match=r"line 3: (has a quoted field .* or is larger|is longer) than"):
        tfdv.generate_statistics_from_csv(path)


@pytest.mark.parametrize("seed", range(20))
def test_noise_is_read_or_refused(seed, tmp_path):
    symbols = np.frombuffer(b'a1,\n\r"\x00\xff \t;.-\\', "S1")
    content = b"a,b\n" + b"".join(np.random.default_rng(seed).choice(symbols, 300, p=[0.3, *[0.7 / 13] * 13]).tolist())
    path = write(tmp_path, content)
    try:
        found = tfdv.generate_statistics_from_csv(path).datasets[0]
    except tfdv.DataError as error:
        where = error.file
    else:
        where = str(path)
        assert {f.path.step[0] for f in found.features} == {"a", "b"} and found.num_examples
    assert where == str(path)


@pytest.mark.parametrize("delimiter", ["", "||", '"', "\n"])
def test_delimiters_are_one_character(delimiter, tmp_path):
    with pytest.raises(ValueError, match="delimiter must be one character"):
        read(tmp_path, "a,b\n1,2\n", delimiter=delimiter)


# Columns --------------------------------------------------------------------------------------------------------


def test_names_of_columns_stay_what_they_are(tmp_path):
    """Nothing in a name becomes part of a statement, and names that DuckDB takes for the same are not."""
    columns = {name: [i, i + 1] for i, name in enumerate(NAMES)}
    expected = [(name, 2, float(i + 1)) for i, name in enumerate(NAMES)]
    table = pa.table(list(map(pa.array, columns.values())), names=NAMES)
    pq.write_table(table, tmp_path / "data.parquet")
    pd.DataFrame(columns).to_csv(tmp_path / "data.csv", index=False)
    for statistics in (
        tfdv.generate_statistics_from_parquet(tmp_path / "data.parquet"),
        tfdv.generate_statistics_from_csv(tmp_path / "data.csv"),
        tfdv.generate_statistics_from_dataframe(table),
        tfdv.generate_statistics_from_dataframe(pd.DataFrame(columns)),
        tfdv.generate_statistics_from_dataframe({name: np.array(values) for name, values in columns.items()}),
    ):
        assert [shown(f) for f in features(statistics)] == expected


def test_names_are_those_of_the_outer_columns(tmp_path):
    inner = pa.array([[{"a": 1, "b": {"c": "x"}}], None])
    table = pa.table([inner, pa.array([1, 2]), pa.array([[1], [2]])], names=["s", "n", "N"])
    pq.write_table(table, tmp_path / "data.parquet")
    paths = [list(f.path.step) for f in features(tfdv.generate_statistics_from_parquet(tmp_path / "data.parquet"))]
    assert paths == [["s"], ["s", "a"], ["s", "b"], ["s", "b", "c"], ["n"], ["N"]]


@pytest.mark.parametrize("slicing", [False, True])
def test_values_do_not_become_statements(slicing, tmp_path):
    rows = "".join('"' + name.replace('"', '""') + '",1\n' for name in NAMES if name)
    path = write(tmp_path, "text,n\n" + rows)
    slicers = [tfdv.get_feature_value_slicer({"text": None})] if slicing else None
    found = tfdv.generate_statistics_from_csv(path, stats_options=tfdv.StatsOptions(slice_functions=slicers))
    expected = sorted(name for name in NAMES if name)
    assert [t.value for t in found.datasets[0].features[0].string_stats.top_values] == expected[::-1]
    names = [dataset.name for dataset in found.datasets]
    assert names == (["All Examples", *(f"text_{name}" for name in expected)] if slicing else [""])
    assert all(dataset.num_examples == 1 for dataset in found.datasets[1:])


def wide(columns: int, rows: int) -> str:
    values = [[str(r * i % 97), f"{r / 7}", f"t{r % 7}", ""] for r in range(rows) for i in (r,)]
    return "".join(
        ",".join(row) + "\n"
        for row in [
            [f"col{i}" for i in range(columns)],
            *([row[i % 4] for i in range(columns)] for row in values),
        ]
    )


def test_ten_thousand_columns(tmp_path):
    path = write(tmp_path, wide(10_000, 20))
    found = features(tfdv.generate_statistics_from_csv(path))
    assert [f.path.step[0] for f in found] == [f"col{i}" for i in range(10_000)]
    assert shown(found[9_998]) == ("col9998", 20, [f"t{i}" for i in range(7)])


def test_wide_data_has_the_same_figures(tmp_path, monkeypatch):
    content = wide(60, 50)
    path = write(tmp_path, content)
    options = tfdv.StatsOptions(
        weight_feature="col0", slice_functions=[tfdv.get_feature_value_slicer({"col2": ["t1", "t3"]})]
    )
    monkeypatch.setattr(duck, "_SCANNED", 1000)
    expected = tfdv.generate_statistics_from_csv(path, stats_options=options)
    monkeypatch.setattr(duck, "_SCANNED", 4)
    assert tfdv.generate_statistics_from_csv(path, stats_options=options) == expected
    monkeypatch.setattr(_wide, "MANY", 20)
    monkeypatch.setattr(_wide, "_AT_ONCE", 7)
    assert tfdv.generate_statistics_from_csv(path, stats_options=options) == expected


@pytest.mark.parametrize(
    ("content", "line", "column", "reason"),
    [
        (b"a,b,c\n1,2,3\n\n1,2\n", 4, None, "has 2 fields"),
        (b'a,b,c\n1,2,"x\ny"\n1,"\xff",3\n', 4, "b", "UTF-8"),
        (b'a,b,c\n1,2,"x"y\n', 2, None, "expected after"),
        (b'a,b,c\n1,2,3\n1,2,"x\n', 3, None, "unexpected end"),
    ],
)
def test_wrong_wide_csv_is_refused_with_its_place(content, line, column, reason, tmp_path, monkeypatch):
    monkeypatch.setattr(_wide, "MANY", 2)
    path = write(tmp_path, content)
    with pytest.raises(tfdv.DataError, match=reason) as raised:
        tfdv.generate_statistics_from_csv(path)
    assert (raised.value.file, raised.value.row, raised.value.column) == (str(path), line, column)


# Files ----------------------------------------------------------------------------------------------------------


def test_names_of_files_are_not_patterns(tmp_path):
    odd = write(tmp_path, "a\n1\n", "a [1]*?'.csv")
    write(tmp_path, "a\n7\n7\n", "a 1xx'.csv")
    assert [shown(f) for f in features(tfdv.generate_statistics_from_csv(odd))] == [("a", 1, 1.0)]


def test_patterns_links_and_compression(tmp_path):
    write(tmp_path, "a\n1\n", "x.csv")
    (tmp_path / "y.csv.gz").write_bytes(gzip.compress(b"a\n2\n"))
    (tmp_path / "link.csv").symlink_to(tmp_path / "x.csv")
    found = tfdv.generate_statistics_from_csv([str(tmp_path / "*.csv"), str(tmp_path / "y.csv.gz")])
    assert shown(features(found)[0]) == ("a", 3, 2.0)


@pytest.mark.parametrize(
    ("name", "error", "reason"),
    [
        ("nothing.csv", FileNotFoundError, "no such file"),
        ("nothing*.csv", FileNotFoundError, "no file fits it"),
        ("dangling.csv", OSError, "dangling.csv"),
        ("loop.csv", OSError, "loop.csv"),
        ("", tfdv.DataError, "is a folder"),
    ],
)
def test_files_that_are_not_there(name, error, reason, tmp_path):
    (tmp_path / "dangling.csv").symlink_to(tmp_path / "gone")
    (tmp_path / "loop.csv").symlink_to(tmp_path / "loop.csv")
    with pytest.raises(error, match=reason):
        tfdv.generate_statistics_from_csv(tmp_path / name)


def test_headers_of_files_are_the_same(tmp_path):
    write(tmp_path, "a,b\n1,2\n", "1.csv")
    other = write(tmp_path, "a,c\n1,2\n", "2.csv")
    with pytest.raises(tfdv.DataError, match="differs from that of") as raised:
        tfdv.generate_statistics_from_csv(tmp_path / "*.csv")
    assert raised.value.file == str(other)


# Parquet, JSON --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "other", [{"b": ["x"]}, {"a": ["x"]}, {"a": [1], "b": [1]}, {"a": [1.5]}, {"a": [[1]]}], ids=str
)
def test_parquet_files_have_the_same_columns(other, tmp_path):
    """Otherwise a column of the second file would be lost, or its fractions."""
    pq.write_table(pa.table({"a": [1]}), tmp_path / "1.parquet")
    pq.write_table(pa.table(other), tmp_path / "2.parquet")
    with pytest.raises(tfdv.DataError, match="same columns of the same types") as raised:
        tfdv.generate_statistics_from_parquet(tmp_path / "*.parquet")
    assert raised.value.file == str(tmp_path / "2.parquet")


def test_damaged_parquet_never_crashes():
    """Cut off or with bits flipped, in a process of its own: the right figures, other figures, or an error of ours."""
    code = """if True:
        import random, tempfile, pathlib
        import pyarrow as pa, pyarrow.parquet as pq
        import headwater.validation as tfdv
        path = pathlib.Path(tempfile.mkdtemp()) / "data.parquet"
        n = range(500)
        table = {"i": list(n), "s": [f"s{i % 9}" for i in n], "l": [[i] * (i % 4) for i in n]}
        pq.write_table(pa.table(table), path)
        whole = path.read_bytes()
        random.seed(7)
        refused = 0
        for n in range(75):
            data = bytearray(whole)
            if n % 3 == 0:
                data = data[: random.randrange(len(data))]
            else:
                data[random.randrange(len(data))] ^= 1 << random.randrange(8)
            path.write_bytes(data)
            try:
                tfdv.generate_statistics_from_parquet(path)
            except (tfdv.DataError, MemoryError) as error:
                assert str(path) in str(error), error
                refused += 1
        print("refused", refused)
    """
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout.split()[-1]) >= 25


@pytest.mark.parametrize("content", [b"", b"a,b\n1,2\n", b"PAR1", b"PAR1" * 10])
def test_what_is_no_parquet_is_refused(content, tmp_path):
    path = write(tmp_path, content, "data.parquet")
    with pytest.raises(tfdv.DataError) as raised:
        tfdv.generate_statistics_from_parquet(path)
    assert raised.value.file == str(path)


def test_json_of_late_surprises_loses_nothing(tmp_path):
    rows = '{"a":1}\n' * 30_000 + '{"a":1.5,"b":"x"}\n'
    found = features(tfdv.generate_statistics_from_json(write(tmp_path, rows, "data.json")))
    assert [shown(f) for f in found] == [("a", 30_001, 1.5), ("b", 1, ["x"])]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ('{"a":1}\n{"a":', "unexpected end of data"),
        (b'{"a":"\xff"}\n', "UTF-8"),
        ("[1, 2]", "Expected JSON objects"),
        ("", "Expected JSON objects"),
        (json.dumps({"a": 1}) + "x", "Malformed"),
    ],
)
def test_wrong_json_is_refused(content, reason, tmp_path):
    path = write(tmp_path, content, "data.json")
    with pytest.raises(tfdv.DataError, match=reason) as raised:
        tfdv.generate_statistics_from_json(path)
    assert raised.value.file == str(path)


def test_too_little_memory_says_what_to_do(tmp_path):
    path = write(tmp_path, "a\n" + "".join(f"{i:0100}x\n" for i in range(20_000)))
    with pytest.raises((MemoryError, ValueError), match="memory"):
        tfdv.generate_statistics_from_csv(path, stats_options=tfdv.StatsOptions(memory_limit="1MB"))


@pytest.mark.parametrize("few", [2_000, -1])
def test_fractions_may_be_large(few, tmp_path, monkeypatch):
    monkeypatch.setattr(together, "FEW", few)
    path = write(tmp_path, b"a,b\n1e300,1.5\n-1.5e308,-9223372036854775809.5\n-1.5e308,\n")
    found = features(tfdv.generate_statistics_from_csv(path))
    assert [f.num_stats.min for f in found] == [-1.5e308, -9223372036854775808.0]
    assert [f.num_stats.std_dev for f in found] == [np.inf, 4611686018427387904.0]

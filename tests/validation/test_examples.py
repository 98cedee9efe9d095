"""Examples held against the schema one by one: which, their statistics, and the values at fault."""

from __future__ import annotations

import gzip
import json
import math
import random
import runpy
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet
import pytest

import headwater as tf
import headwater.validation as tfdv
from headwater.validation._protos import schema_pb2, statistics_pb2, text_format

HERE = Path(__file__).parent / "goldens" / "anomalies"
GOLDENS: dict[str, Any] = json.loads(gzip.decompress((HERE / "examples.json.gz").read_bytes()))
TRIPS = HERE / "trips.csv"
RECORDS = runpy.run_path(str(HERE / "example_cases.py"))["RECORDS"]

EMPTY = "n_INT_TYPE_SMALL_INT", 5  # no values at all, of which TFDV says that the least is 0


def _options(schema: str, **rest: Any) -> tfdv.StatsOptions:
    return tfdv.StatsOptions(schema=text_format.Parse(schema, schema_pb2.Schema()), **rest)


def _ids(samples: dict[str, list[dict[str, Any]]]) -> dict[str, list[int]]:
    return {name: sorted(np.ravel([example["id"] for example in found])) for name, found in sorted(samples.items())}


def _expected(case: dict[str, Any]) -> dict[str, list[int]]:
    return {name: [i for i in ids if (name, i) != EMPTY] for name, ids in case["examples"].items()}


def _records() -> Any:
    return pa.table({name: pa.array(values) for name, values in RECORDS.items()})


@pytest.mark.parametrize("name", GOLDENS["csv"])
def test_the_examples_are_those_that_tfdv_finds(name: str) -> None:
    case = GOLDENS["csv"][name]
    statistics, samples = tfdv.validate_examples_in_csv(TRIPS, _options(case["schema"]), num_sampled_examples=100)
    assert _ids(samples) == case["examples"]
    assert {dataset.name for dataset in statistics.datasets} == set(case["statistics"])


@pytest.mark.parametrize("name", GOLDENS["records"])
def test_examples_of_several_values_are_those_that_tfdv_finds(name: str) -> None:
    case = GOLDENS["records"][name]
    _, samples = tfdv.validate_examples_in_dataframe(_records(), _options(case["schema"]), num_sampled_examples=100)
    assert _ids(samples) == _expected(case)


@pytest.fixture
def record_files(tmp_path: Path) -> list[Path]:
    """The records in two files."""
    files = [tmp_path / "a.tfrecord", tmp_path / "b.tfrecord"]
    for file, rows in zip(files, (range(3), range(3, 7))):
        with tf.io.TFRecordWriter(str(file)) as writer:
            for row in rows:
                writer.write(_record(row).SerializeToString())
    return files


def _record(row: int) -> Any:
    example = tf.train.Example()
    for name, values in RECORDS.items():
        if (found := values[row]) is not None:
            held = example.features.feature[name]
            kind = {"pay": "bytes_list", "code": "bytes_list", "fare": "float_list"}.get(name, "int64_list")
            getattr(held, kind).value.extend(v.encode() if isinstance(v, str) else v for v in found)
    return example


@pytest.mark.parametrize("name", GOLDENS["records"])
def test_records_are_those_that_tfdv_finds(name: str, record_files: list[Path]) -> None:
    case = GOLDENS["records"][name]
    options = _options(case["schema"])
    _, samples = tfdv.validate_examples_in_tfrecord(record_files, options, num_sampled_examples=100)
    assert _ids(samples) == _expected(case)


def test_values_of_records_come_with_their_places(record_files: list[Path]) -> None:
    options = _options(GOLDENS["records"]["domains"]["schema"])
    found = list(tfdv.anomalous_values_in_tfrecord(record_files, options))
    places = [(Path(value.file or "").name, value.row, value.value) for value in found if value.column == "pay"]
    assert places == [("a.tfrecord", 3, "[Cash, Crypto]"), ("b.tfrecord", 1, "[A, B, Cash]")]


@pytest.mark.parametrize("name", ["domains", "other types", "senseless"])
def test_the_statistics_of_the_examples_are_those_that_tfdv_gives(name: str) -> None:
    case = GOLDENS["csv"][name]
    statistics = tfdv.validate_examples_in_csv(TRIPS, _options(case["schema"]))
    for dataset in statistics.datasets:
        theirs = text_format.Parse(case["statistics"][dataset.name], statistics_pb2.DatasetFeatureStatistics())
        assert _counts(dataset) == _counts(theirs), dataset.name


def _counts(dataset: Any) -> Any:
    """What TensorFlow Data Validation counts exactly."""
    found = {}
    for feature in dataset.features:
        common = (feature.string_stats if feature.HasField("string_stats") else feature.num_stats).common_stats
        seen = (common.num_non_missing, common.num_missing, common.tot_num_values, common.max_num_values)
        found[feature.path.step[0]] = (feature.type, *seen, feature.string_stats.unique)
    return dataset.num_examples, found


def test_examples_that_are_well_make_an_empty_data_set(tmp_path: Path) -> None:
    options = _options(GOLDENS["csv"]["nothing to say"]["schema"])
    written = tmp_path / "statistics.pb"
    statistics = tfdv.validate_examples_in_csv(TRIPS, options, output_path=written)
    assert statistics == statistics_pb2.DatasetFeatureStatisticsList(datasets=[{}])
    assert tfdv.load_statistics(written) == statistics


# --------------------------------------------------------------------------- the checks of statistics say the same

DOMAINS = (
    "int_domain { min: 0 max: 2 }",
    "float_domain { min: -1 max: 1.1 disallow_nan: true disallow_inf: true }",
    "bool_domain {}",
    'bool_domain { true_value: "x" false_value: "1" }',
    'string_domain { value: ["x", "1", ""] }',
    'string_domain { value: "x" } distribution_constraints { min_domain_mass: 0.4 }',
    "",
)
COUNTS = (
    "value_count { min: 2 max: 3 }",
    "value_counts { value_count { max: 1 } }",
    "value_counts { value_count { max: 2 } value_count { min: 2 max: 2 } }",
    "shape { dim { size: 2 } }",
    "shape { dim { size: 2 } dim { size: 2 } }",
    "",
)
VALUES: dict[str, tuple[Any, ...]] = {
    "BYTES": ("x", "y", "1", " 2\t", "+3", "1_0", "0x1p-3", "1e400", "-.5e1", "nan(a)", "-inf", "9" * 19, "\0'", "é"),
    "INT": (0, 1, 2, 3, -1, 2**62),
    "FLOAT": (0.0, 1.0, 1.1, 1.1000001, -1.5, math.nan, math.inf, -math.inf, 1e39),
}
KINDS = {"BYTES": pa.string(), "INT": pa.int64(), "FLOAT": pa.float64()}


def _column(pick: random.Random) -> tuple[str, Any]:
    """A column of six examples: of values, of lists, or of lists of lists; some missing, none empty."""
    kind = pick.choice(list(VALUES))
    depth = pick.choice([0, 1, 1, 2])

    def of_depth(depth: int) -> Any:
        if not depth:
            return pick.choice(VALUES[kind])
        return [of_depth(depth - 1) for _ in range(pick.randint(1, 3))]

    type_ = KINDS[kind]
    for _ in range(depth):
        type_ = pa.list_(type_)
    return kind, pa.array([None if pick.random() < 0.1 else of_depth(depth) for _ in range(6)], type_)


def _feature(pick: random.Random, name: str, kind: str) -> str:
    type_ = kind if pick.random() < 0.8 else pick.choice(list(VALUES))
    return f'feature {{ name: "{name}" type: {type_} {pick.choice(DOMAINS)} {pick.choice(COUNTS)} }}'


@pytest.mark.parametrize("seed", range(5))
def test_conditions_find_what_the_checks_find_in_the_statistics_of_each_example(seed: int) -> None:
    pick = random.Random(seed)
    columns = {name: _column(pick) for name in "abcdef"}
    table = pa.table({"id": range(6), **{name: values for name, (_, values) in columns.items()}})
    schema = " ".join(_feature(pick, name, kind) for name, (kind, _) in columns.items())
    options = _options(f'feature {{ name: "id" type: INT }} {schema}')
    _, samples = tfdv.validate_examples_in_dataframe(table, options, num_sampled_examples=6)
    found = {(name, i) for name, ids in _ids(samples).items() for i in ids}
    assert found == {(name, i) for i in range(6) for name in _names(table.slice(i, 1), options.schema)}
    assert len(found) > 5


def _names(example: Any, schema: Any) -> set[str]:
    anomalies = tfdv.validate_statistics(tfdv.generate_statistics_from_dataframe(example), schema)
    named = type(anomalies).DESCRIPTOR.file.message_types_by_name["AnomalyInfo"].enum_types_by_name["Type"]
    return {
        f"{name}_{named.values_by_number[reason.type].name}"
        for name, info in anomalies.anomaly_info.items()
        for reason in info.reason
        if named.values_by_number[reason.type].name != "FEATURE_TYPE_NOT_PRESENT"
    }


# --------------------------------------------------------------------------- the values at fault


def _write(path: Path, text: str) -> Path:
    path.write_text(text)
    return path


def _places(values: Any) -> list[tuple[Any, ...]]:
    return [(value.row, value.column, value.value, value.reason) for value in values]


def test_values_at_fault_come_with_their_places(tmp_path: Path) -> None:
    file = _write(tmp_path / "a.csv", 'pay,fare\n"Cash\nor\nso",5\nCard,-1\n,2\nCrypto,200\n')
    options = _options(
        'feature { name: "pay" type: BYTES presence { min_fraction: 1 } string_domain { value: ["Card", "Crypto"] } }'
        'feature { name: "fare" type: INT int_domain { min: 0 max: 100 } }'
    )
    assert _places(tfdv.anomalous_values_in_csv(file, options)) == [
        (1, "pay", "Cash\nor\nso", "ENUM_TYPE_UNEXPECTED_STRING_VALUES"),
        (2, "fare", "-1", "INT_TYPE_SMALL_INT"),
        (3, "pay", None, "FEATURE_TYPE_LOW_FRACTION_PRESENT"),
        (4, "fare", "200", "INT_TYPE_BIG_INT"),
    ]


def test_of_a_column_of_another_type_only_those_values_are_at_fault_that_make_it_so(tmp_path: Path) -> None:
    rows = [*map(str, range(5000)), "1O", *map(str, range(100)), "2.5"]
    file = _write(tmp_path / "a.csv", "\n".join(["n,x", *(f"{row},{i}" for i, row in enumerate(rows))]) + "\n")
    options = _options('feature { name: "n" type: INT } feature { name: "x" type: BYTES }')
    assert _places(tfdv.anomalous_values_in_csv(file, options)) == [
        (5001, "n", "1O", "UNEXPECTED_DATA_TYPE"),
        (5102, "n", "2.5", "UNEXPECTED_DATA_TYPE"),
    ]


def test_rows_are_counted_per_file(tmp_path: Path) -> None:
    files = [_write(tmp_path / f"{name}.csv", f"n\n{rows}\n") for name, rows in zip("abc", ("1\n-1", "-2", "3\n\n-4"))]
    files.insert(1, _write(tmp_path / "empty.csv", "n\n"))
    options = _options('feature { name: "n" type: INT int_domain { min: 0 } }')
    found = list(tfdv.anomalous_values_in_csv(files, options))
    assert [(Path(value.file or "").name, value.row, value.value) for value in found] == [
        ("a.csv", 2, "-1"),
        ("b.csv", 1, "-2"),
        ("c.csv", 3, "-4"),
    ]


def test_rows_keep_their_order_among_many(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    numbers = rng.integers(0, 1000, 300_000)
    file = tmp_path / "n.parquet"
    pa.parquet.write_table(pa.table({"n": numbers}), file, row_group_size=10_000)
    _write(tmp_path / "n.csv", "n\n" + "\n".join(map(str, numbers)) + "\n")
    options = _options('feature { name: "n" type: INT int_domain { max: 990 } }')
    expected = [(int(i) + 1, str(numbers[i])) for i in np.flatnonzero(numbers > 990)]
    for values in (
        tfdv.anomalous_values_in_parquet(file, options),
        tfdv.anomalous_values_in_csv(tmp_path / "n.csv", options),
        tfdv.anomalous_values_in_dataframe({"n": numbers}, options),
    ):
        assert [(value.row, value.value) for value in values] == expected


def test_values_are_an_arrow_stream() -> None:
    options = _options('feature { name: "n" type: INT int_domain { min: 0 } }')
    with tfdv.anomalous_values_in_dataframe({"n": np.array([3, -4])}, options) as values:
        table = pa.table(values)
    assert table.to_pylist() == [
        {"file": None, "row": 2, "column": "n", "value": "-4", "reason": "INT_TYPE_SMALL_INT"},
    ]
    with pytest.raises(ValueError, match="gone through"):
        list(values)


def test_nothing_at_fault_is_an_empty_stream() -> None:
    options = _options('feature { name: "n" type: INT }')
    assert list(tfdv.anomalous_values_in_dataframe({"n": np.array([3, -4])}, options)) == []
    assert pa.table(tfdv.anomalous_values_in_dataframe({"n": np.array([3])}, options)).num_rows == 0


HOSTILE = ("'; DROP TABLE raw; --", 'a"b', "new\nline", "{x}", "c0", "\u202e", "%s", "x" * 300)


def test_no_name_and_no_value_becomes_sql() -> None:
    columns = {name: pa.array([*HOSTILE, "stranger's"]) for name in HOSTILE}
    schema = schema_pb2.Schema()
    for name in HOSTILE:
        schema.feature.add(name=name, type=schema_pb2.BYTES).string_domain.value.extend([*HOSTILE, "with \0 inside"])
    options = tfdv.StatsOptions(schema=schema)
    found = list(tfdv.anomalous_values_in_dataframe(pa.table(columns), options))
    assert [(value.row, value.column, value.value) for value in found] == [
        (len(HOSTILE) + 1, name, "stranger's") for name in HOSTILE
    ]
    names = [f"{tfdv.FeaturePath([name]).serialized()}_ENUM_TYPE_UNEXPECTED_STRING_VALUES" for name in HOSTILE]
    statistics = tfdv.validate_examples_in_dataframe(pa.table(columns), options)
    assert [dataset.name for dataset in statistics.datasets] == names


def test_fields_of_structs_are_looked_at() -> None:
    trips = [[{"fare": 5.0}, {"fare": -1.0}], None, [{"fare": None}], [{"fare": 7.0}]]
    table = pa.table({"trip": pa.array(trips)})
    options = _options(
        'feature { name: "trip" type: STRUCT value_count { max: 1 } struct_domain {'
        '  feature { name: "fare" type: FLOAT float_domain { min: 0 } }'
        '  feature { name: "gone" type: INT presence { min_count: 1 } } } }'
    )
    found = [(value.row, value.column, value.reason) for value in tfdv.anomalous_values_in_dataframe(table, options)]
    assert found == [(1, "trip", "FEATURE_TYPE_HIGH_NUMBER_VALUES"), (1, "trip.fare", "FLOAT_TYPE_SMALL_FLOAT")]
    _, samples = tfdv.validate_examples_in_dataframe(table, options, num_sampled_examples=9)
    assert {name: len(examples) for name, examples in samples.items()} == {
        "trip_FEATURE_TYPE_HIGH_NUMBER_VALUES": 1,
        "trip.fare_FLOAT_TYPE_SMALL_FLOAT": 1,
        "trip.gone_SCHEMA_MISSING_COLUMN": 4,
    }


def test_bytes_are_texts_if_they_are_utf8() -> None:
    blobs = [b"Cash", "Crédit".encode(), b"\xff\xfe", b"42", None]
    table = pa.table({"pay": pa.array(blobs), "pays": pa.array([[blob] for blob in blobs])})
    enumeration = 'type: BYTES string_domain { value: ["Cash", "Crédit"] }'
    options = _options(f'feature {{ name: "pay" {enumeration} }} feature {{ name: "pays" {enumeration} }}')
    found = [(v.row, v.column, v.reason) for v in tfdv.anomalous_values_in_dataframe(table, options)]
    assert found == [
        (row, column, reason)
        for row, reason in [(3, "ENUM_TYPE_INVALID_UTF8"), (4, "ENUM_TYPE_UNEXPECTED_STRING_VALUES")]
        for column in ("pay", "pays")
    ]


def test_categories_are_the_numbers_that_they_are() -> None:
    options = _options('feature { name: "n" type: INT int_domain { min: 2 max: 9 is_categorical: true } }')
    found = tfdv.anomalous_values_in_dataframe({"n": np.array([2, 10, 1])}, options)
    assert _places(found) == [(2, "n", "10", "INT_TYPE_BIG_INT"), (3, "n", "1", "INT_TYPE_SMALL_INT")]


def test_what_cannot_be_done_is_said(tmp_path: Path) -> None:
    options = _options('feature { name: "n" type: INT }')
    ragged = _write(tmp_path / "a.csv", "n,m\n1,2\n3\n")
    for find in (tfdv.validate_examples_in_csv, tfdv.anomalous_values_in_csv):
        with pytest.raises(ValueError, match="expected stats_options with a schema"):
            find(TRIPS, tfdv.StatsOptions())
        with pytest.raises(TypeError, match="expected StatsOptions, received Schema"):
            find(TRIPS, options.schema)
        with pytest.raises(FileNotFoundError, match="no such file"):
            find(tmp_path / "gone.csv", options)
        with pytest.raises(tfdv.DataError, match=r"a\.csv"):
            find(ragged, options)

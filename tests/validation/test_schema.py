"""Reading, changing and keeping schemas, and what is said when they or statistics make no sense."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

import headwater.validation as tfdv
from headwater.validation import FeaturePath
from headwater.validation._protos import path_pb2, schema_pb2, statistics_pb2, text_format

TRIPS = """
feature { name: "fare" type: FLOAT float_domain { min: 0 } }
feature { name: "payment" type: BYTES domain: "payments" }
feature { name: "company" type: BYTES domain: "companies" }
feature { name: "stops" type: STRUCT struct_domain { feature { name: "place.name" type: BYTES string_domain {} } } }
feature { name: "note" type: BYTES }
string_domain { name: "payments" value: ["Cash", "Card"] }
default_environment: "train"
"""


def _schema(text: str = TRIPS) -> Any:
    return text_format.Parse(text, schema_pb2.Schema())


def _statistics(text: str) -> Any:
    return text_format.Parse(text, statistics_pb2.DatasetFeatureStatisticsList())


def _data(*features: str) -> Any:
    return _statistics(f"datasets {{ num_examples: 10 {' '.join(features)} }}")


NAMED_A = 'name: "a"'


def _counted(name: str, kind: str = "INT", stats: str = "num_stats", more: str = "") -> str:
    return (
        f"features {{ {name} type: {kind} {stats} {{ common_stats {{ num_non_missing: 10 min_num_values: 1 "
        f"max_num_values: 1 tot_num_values: 10 }} {more} }} }}"
    )


# --------------------------------------------------------------------------- paths


def test_paths() -> None:
    path = FeaturePath(["trip", "fare.usd"])
    assert path.steps() == ("trip", "fare.usd")
    assert path.parent() == FeaturePath(["trip"]) and path.parent().parent() == FeaturePath([])
    assert FeaturePath(["trip"]).child("fare.usd") == path and hash(path) == hash(FeaturePath(("trip", "fare.usd")))
    assert str(path) == "trip.fare.usd" and FeaturePath.from_string("trip.fare").steps() == ("trip", "fare")
    assert FeaturePath.from_proto(path.to_proto()) == path
    assert path.to_proto() == path_pb2.Path(step=["trip", "fare.usd"])


@pytest.mark.parametrize(
    ("step", "serialized"),
    [
        ("plain", "plain"),
        ("two words", "two words"),
        ("a.b", "'a.b'"),
        ("a'b", "'a''b'"),
        ("", "''"),
        ("(a.b)", "(a.b)"),
        ("(a", "'(a'"),
        ("(a)b", "'(a)b'"),
        ("'", "''''"),
    ],
)
def test_paths_are_serialized_as_in_tfdv(step: str, serialized: str) -> None:
    assert FeaturePath(["s", step]).serialized() == f"s.{serialized}"


# --------------------------------------------------------------------------- features and domains


def test_features_are_found_by_name_and_path() -> None:
    schema = _schema()
    assert tfdv.get_feature(schema, "fare") == schema.feature[0]
    nested = tfdv.get_feature(schema, FeaturePath(["stops", "place.name"]))
    nested.presence.min_count = 3
    assert schema.feature[3].struct_domain.feature[0].presence.min_count == 3


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("fares", r"'fares' not found in the schema.*'fare', 'payment'.*Remedy"),
        ("stops.place", r"'stops.place' not found.*FeaturePath\(\["),
        (FeaturePath(["stops", "place"]), r"'stops.place' not found.*'place.name'"),
        (FeaturePath(["fare", "usd"]), r"step 'fare' of the path 'fare.usd' to be a STRUCT.*FLOAT.*Remedy"),
    ],
)
def test_features_that_are_not_there(path: str | FeaturePath, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        tfdv.get_feature(_schema(), path)


def test_domains_are_found_where_they_stand() -> None:
    schema = _schema()
    assert tfdv.get_domain(schema, "fare") == schema_pb2.FloatDomain(min=0)
    assert list(tfdv.get_domain(schema, "payment").value) == ["Cash", "Card"]
    with pytest.raises(ValueError, match=r"'note' has no domain.*set_domain"):
        tfdv.get_domain(schema, "note")
    with pytest.raises(ValueError, match=r"'companies' not found in the schema, which defines 'payments'.*Remedy"):
        tfdv.get_domain(schema, "company")


@pytest.mark.parametrize(
    "domain",
    [
        schema_pb2.IntDomain(min=1),
        schema_pb2.FloatDomain(max=2.5),
        schema_pb2.StringDomain(value=["x"]),
        schema_pb2.BoolDomain(true_value="yes"),
        schema_pb2.NaturalLanguageDomain(),
        schema_pb2.ImageDomain(max_image_byte_size=3),
        schema_pb2.TimeOfDayDomain(string_format="%H"),
    ],
)
def test_domains_are_set(domain: Any) -> None:
    schema = _schema()
    tfdv.set_domain(schema, "note", domain)
    assert tfdv.get_domain(schema, "note") == domain


def test_a_domain_is_replaced_with_a_warning() -> None:
    schema = _schema()
    with pytest.warns(UserWarning, match="domain of feature 'fare' is replaced"):
        tfdv.set_domain(schema, "fare", "payments")
    assert schema.feature[0].domain == "payments" and not schema.feature[0].HasField("float_domain")


def test_what_is_no_domain_is_refused() -> None:
    schema = _schema()
    with pytest.raises(TypeError, match=r"expected a domain, received int.*BoolDomain.*IntDomain"):
        tfdv.set_domain(schema, "note", 3)
    with pytest.raises(ValueError, match=r"'cheques' not found.*'payments'"):
        tfdv.set_domain(schema, "note", "cheques")
    with pytest.raises(TypeError, match="'stops' is a struct"):
        tfdv.set_domain(schema, "stops", schema_pb2.IntDomain())
    assert schema == _schema()


# --------------------------------------------------------------------------- files


def test_a_schema_survives_its_file(tmp_path: Path) -> None:
    schema = _schema()
    schema.feature[4].name = 'quotes " and \\ and \n and é and \x00'
    tfdv.write_schema_text(schema, tmp_path / "schema.pbtxt")
    assert tfdv.load_schema_text(tmp_path / "schema.pbtxt") == schema
    assert (tmp_path / "schema.pbtxt").read_text().startswith('feature {\n  name: "fare"\n')


def test_a_schema_is_written_whole_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "schema.pbtxt"
    tfdv.write_schema_text(_schema(), path)
    path.chmod(0o640)
    before = path.read_text()

    def full(_: int) -> None:
        raise OSError("no space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        with pytest.raises(OSError, match="no space"):
            tfdv.write_schema_text(schema_pb2.Schema(), path)
    assert path.read_text() == before and os.listdir(tmp_path) == ["schema.pbtxt"]
    tfdv.write_schema_text(schema_pb2.Schema(), path)
    assert path.read_text() == "" and path.stat().st_mode & 0o777 == 0o640


@pytest.mark.parametrize(
    ("content", "line", "message"),
    [
        (b'feature {\n  name: "a"\n  typ: INT\n}\n', 3, r"line 3: column 3: .*no field named \"typ\".*Remedy"),
        (b'feature {\n  name: "a"\n', 2, r"Expected \"}\""),
        (b"feature { type: WHOLE }", 1, "no value named WHOLE"),
        (b"feature {\n  name: 3\n}", 2, "Expected string"),
        (b"feature {\n  name: '\xff'\n}", 2, "byte 0xff is not UTF-8"),
        (b"\x0a\x07\x0a\x01a\x18\x02", 2, "Expected a Schema message in text format"),  # a binary schema
        (b"feature { struct_domain { " * 3000 + b"} }" * 3000, 1, "nested too deeply"),
    ],
)
def test_a_malformed_schema_is_named_with_its_place(tmp_path: Path, content: bytes, line: int, message: str) -> None:
    path = tmp_path / "schema.pbtxt"
    path.write_bytes(content)
    with pytest.raises(tfdv.DataError, match=message) as raised:
        tfdv.load_schema_text(path)
    assert raised.value.file == str(path) and raised.value.row == line
    assert "Expected a Schema message" in str(raised.value)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"none\.pbtxt"):
        tfdv.load_schema_text(tmp_path / "none.pbtxt")


# --------------------------------------------------------------------------- arguments


def test_arguments_of_other_types_are_refused() -> None:
    statistics, schema = _statistics("datasets {}"), schema_pb2.Schema()
    calls: list[Any] = [
        lambda: tfdv.infer_schema(schema),
        lambda: tfdv.update_schema(statistics, statistics),
        lambda: tfdv.validate_statistics(statistics.datasets[0], schema),
        lambda: tfdv.validate_statistics(statistics, None),
        lambda: tfdv.validate_statistics(statistics, schema, previous_statistics=schema),
        lambda: tfdv.validate_statistics(statistics, schema, serving_statistics=schema),
        lambda: tfdv.get_feature(statistics, "a"),
        lambda: tfdv.get_domain("schema.pbtxt", "a"),
        lambda: tfdv.write_schema_text(statistics, "never.pbtxt"),
    ]
    for call in calls:
        with pytest.raises(TypeError, match=r"expected (statistics as|a Schema).*received.*Remedy"):
            call()
    assert not Path("never.pbtxt").exists()


def test_an_unknown_environment_is_refused() -> None:
    statistics = _statistics("datasets { num_examples: 10 }")
    with pytest.raises(ValueError, match=r"Environment serve not found in the schema, which has 'train'.*Remedy"):
        tfdv.validate_statistics(statistics, _schema(), environment="serve")
    assert not tfdv.validate_statistics_in_environment(statistics, _schema(), "train").anomaly_info


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('feature { name: "a" type: INT } feature { name: "a" type: FLOAT }', "2 features named 'a'; expected one"),
        ('string_domain { name: "d" } string_domain { name: "d" }', "2 string domains named 'd'"),
        (
            'feature { name: "s" type: STRUCT struct_domain { feature { name: "a" } feature { name: "a" } } }',
            "2 features named 's.a'",
        ),
    ],
)
def test_names_that_stand_for_two_things_are_refused(text: str, message: str) -> None:
    statistics = _statistics("datasets { num_examples: 10 }")
    with pytest.raises(ValueError, match=message):
        tfdv.validate_statistics(statistics, _schema(text))
    with pytest.raises(ValueError, match=message):
        tfdv.update_schema(_schema(text), statistics)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", r"received 0: \[\]"),
        ('datasets { name: "x" } datasets { name: "y" }', r"one named 'All Examples'; received 2: \['x', 'y'\]"),
        ("datasets { " + _counted(NAMED_A) * 2 + "}", "hold the feature 'a' twice"),
        ("datasets { " + _counted('path { step: "s" step: "a" }') + "}", "'s.a' but not the struct 's' around it"),
    ],
)
def test_statistics_that_contradict_themselves_are_refused(text: str, message: str) -> None:
    for call in (tfdv.infer_schema, lambda statistics: tfdv.validate_statistics(statistics, schema_pb2.Schema())):
        with pytest.raises(ValueError, match=message):
            call(_statistics(text))


def test_transformations_of_an_inferred_schema_are_applied_in_turn() -> None:
    def rename(schema: Any, statistics: Any) -> Any:
        schema.feature[0].name += f" of {statistics.num_examples}"
        return schema

    statistics = _data(_counted(NAMED_A))
    schema = tfdv.infer_schema(statistics, schema_transformations=[rename, rename])
    assert schema.feature[0].name == "a of 10 of 10"


# --------------------------------------------------------------------------- where we differ from TFDV


def test_a_time_of_day_is_a_domain() -> None:
    feature = 'feature { name: "a" type: BYTES time_of_day_domain { string_format: "%H" } }'
    statistics = _data(_counted(NAMED_A, "STRING", "string_stats"))
    assert not tfdv.validate_statistics(statistics, _schema(feature)).anomaly_info


def test_invalid_utf8_in_one_feature_leaves_others_their_shared_domain() -> None:
    shared = 'feature { name: "b" type: BYTES domain: "d" } string_domain { name: "d" value: "x" }'
    schema = _schema('feature { name: "a" type: BYTES domain: "d" }' + shared)
    invalid = _counted(NAMED_A, "STRING", "string_stats", "invalid_utf8_count: 1")
    updated = tfdv.update_schema(schema, _data(invalid))
    assert updated == _schema('feature { name: "a" type: BYTES }' + shared)


# --------------------------------------------------------------------------- proposals


def test_anomalies_can_say_how_the_schema_would_have_to_change() -> None:
    schema = _schema(
        'feature { name: "a" type: INT int_domain { min: 0 max: 5 } }'
        'feature { name: "p" type: BYTES domain: "d" } feature { name: "gone" type: INT presence { min_count: 1 } }'
        'string_domain { name: "d" value: "x" }'
    )
    ranks = 'rank_histogram { buckets { label: "y" sample_count: 10 } }'
    statistics = _data(
        _counted(NAMED_A, more="min: -4 max: 3"),
        _counted('name: "p"', "STRING", "string_stats", ranks),
        _counted('name: "new"'),
    )
    anomalies = tfdv.validate_statistics(statistics, schema, enable_diff_regions=True).anomaly_info
    before, changed, after = anomalies["a"].diff_regions
    assert list(before.unchanged.contents)[1] == '  name: "a"'
    assert list(changed.changed.left_contents) == ["    min: 0"] and changed.changed.left_start == 5
    assert list(changed.changed.right_contents) == ["    min: -4"] and changed.changed.right_start == 5
    assert (after.unchanged.left_start, after.unchanged.right_start) == (6, 6)
    [added] = [region.added for region in anomalies["p"].diff_regions if region.HasField("added")]
    assert list(added.contents) == ['  value: "y"']
    [new] = anomalies["new"].diff_regions
    assert new.added.start == 1 and '  name: "new"' in new.added.contents
    assert any("  lifecycle_stage: DEPRECATED" in region.added.contents for region in anomalies["gone"].diff_regions)
    assert not any(info.diff_regions for info in tfdv.validate_statistics(statistics, schema).anomaly_info.values())

"""Statistics of TFRecord files: TFDV's figures, and errors that say which record."""

import json
import pathlib
import random
import tracemalloc

import pytest
from google.protobuf import text_format

import headwater.validation as tfdv
from headwater import cli
from headwater.data.examples import read_sequence_examples
from headwater.ops._example_protos import messages
from headwater.ops._records import TFRecordWriter
from headwater.validation._protos import statistics_pb2
from headwater.validation.sources import _tfrecord, _wide
from tests.validation.data import assert_same
from tests.validation.goldens.tfrecord.cases import CASES, SEQUENCES
from tests.validation.protos import differences

GOLDENS = pathlib.Path(__file__).parent / "goldens" / "tfrecord" / "data"


def golden(name):
    text = (GOLDENS / f"{name.replace(' ', '_')}.pbtxt").read_text()
    return text_format.Parse(text, statistics_pb2.DatasetFeatureStatisticsList())


def fill(feature, values):
    if values is not None:
        target = getattr(feature, f"{values[0]}_list")
        target.SetInParent()
        target.value.extend(values[1])


def example(record):
    message = messages()["Example"]()
    for name, values in record.items():
        fill(message.features.feature[name], values)
    return message.SerializeToString()


def sequence_example(context, lists):
    message = messages()["SequenceExample"].FromString(example(context))
    for name, features in lists.items():
        target = message.feature_lists.feature_list[name].feature
        for values in features:
            fill(target.add(), values)
    return message.SerializeToString()


def written(path, contents, compression=""):
    with TFRecordWriter(path, compression) as writer:
        for content in contents:
            writer.write(content)
    return path


def options_of(case):
    given = dict(case.options)
    if slices := given.pop("slices", None):
        given["slice_functions"] = [tfdv.get_feature_value_slicer(slices)]
    return tfdv.StatsOptions(**given)


def assert_same_figures(ours, theirs):
    """Whatever the order of data sets and features, which TFDV leaves to chance, and of equally frequent values.

    TFDV orders those by what they are, but in tables by what is shown of them, as is done here for all data.
    """
    for statistics in (ours, theirs):
        statistics.datasets.sort(key=lambda dataset: dataset.name)
        for dataset in statistics.datasets:
            dataset.features.sort(key=lambda feature: list(feature.path.step))
            for feature in (f for f in dataset.features if f.HasField("string_stats")):
                feature.string_stats.top_values.sort(key=lambda top: (-top.frequency, top.value))
                ranks = feature.string_stats.rank_histogram.buckets
                for rank, bucket in enumerate(sorted(ranks, key=lambda bucket: (-bucket.sample_count, bucket.label))):
                    ranks.append(bucket)
                    ranks[-1].low_rank = ranks[-1].high_rank = rank
                del ranks[: len(ranks) // 2]
    for mine, their in zip(ours.datasets, theirs.datasets, strict=True):
        one, other = (statistics_pb2.DatasetFeatureStatisticsList(datasets=[x]) for x in (mine, their))
        assert_same(one, other)


# Figures ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", list(CASES))
def test_figures_are_tfdvs(name, tmp_path):
    case = CASES[name]
    path = written(tmp_path / "a.tfrecord", map(example, case.records))
    assert_same_figures(tfdv.generate_statistics_from_tfrecord(path, stats_options=options_of(case)), golden(name))


def test_figures_of_sequence_examples_are_tfdvs(tmp_path):
    path = written(tmp_path / "a.tfrecord", [sequence_example(*record) for record in SEQUENCES])
    assert_same_figures(tfdv.generate_statistics_from_tfrecord(path), golden("sequences"))
    whole = tfdv.generate_statistics_from_dataframe(read_sequence_examples(path, sequence_column="##SEQUENCE##"))
    assert_same_figures(whole, golden("whole sequences"))


@pytest.mark.parametrize("compression", ["GZIP", "ZLIB"])
def test_several_files_compressed_or_not(tmp_path, compression):
    records = CASES["trips"].records
    written(tmp_path / "1.tfrecord", map(example, records[:50]))
    written(tmp_path / "2.tfrecord.gz", map(example, records[50:]), compression)
    out = tmp_path / "statistics.pbtxt"
    found = tfdv.generate_statistics_from_tfrecord(str(tmp_path / "*.tfrecord*"), out)
    assert list(differences(tfdv.load_stats_text(out), found)) == []
    assert_same_figures(found, golden("trips"))


def test_some_features_at_a_time_give_the_same(tmp_path, monkeypatch):
    case = CASES["weights"]
    path = written(tmp_path / "a.tfrecord", map(example, case.records))
    monkeypatch.setattr(_wide, "MANY", 1)
    monkeypatch.setattr(_wide, "_AT_ONCE", 1)
    assert_same_figures(tfdv.generate_statistics_from_tfrecord(path, stats_options=options_of(case)), golden("weights"))


def test_thousands_of_features(tmp_path):
    record = {f"feature {k}": ("int64", [k]) for k in range(2500)}
    path = written(tmp_path / "a.tfrecord", [example(record)] * 3)
    (dataset,) = tfdv.generate_statistics_from_tfrecord(path).datasets
    assert {f.path.step[0]: f.num_stats.mean for f in dataset.features} == {f"feature {k}": k for k in range(2500)}


def test_names_that_sql_would_trip_over(tmp_path):
    names = ["a", "A", "", 'x" FROM examples; --', "a_1", "n\0l", "n\0m", "ü", "c0"]
    path = written(tmp_path / "a.tfrecord", [example({name: ("int64", [k]) for k, name in enumerate(names)})])
    (dataset,) = tfdv.generate_statistics_from_tfrecord(path).datasets
    assert {f.path.step[0]: f.num_stats.max for f in dataset.features} == {name: k for k, name in enumerate(names)}
    slicer = tfdv.get_feature_value_slicer({'x" FROM examples; --': None})
    sliced = tfdv.generate_statistics_from_tfrecord(path, None, tfdv.StatsOptions(slice_functions=[slicer]))
    assert [d.name for d in sliced.datasets] == ["All Examples", 'x" FROM examples; --_3']


def test_slices_by_odd_values(tmp_path):
    records = [{"s": ("bytes", [b"it's", b"\0"])}, {"s": ("bytes", [b"it's"])}]
    path = written(tmp_path / "a.tfrecord", map(example, records))
    options = tfdv.StatsOptions(slice_functions=[tfdv.get_feature_value_slicer({"s": None})])
    found = tfdv.generate_statistics_from_tfrecord(path, stats_options=options)
    assert {d.name: d.num_examples for d in found.datasets} == {"All Examples": 2, "s_it's": 2, "s_\0": 1}
    written(path, [example({"s": ("bytes", [b"\xff"])})])
    with pytest.raises(tfdv.DataError, match="not valid UTF-8"):
        tfdv.generate_statistics_from_tfrecord(path, stats_options=options)


def test_shards_have_the_same_figures(tmp_path):
    records = CASES["weights"].records
    options = tfdv.StatsOptions(weight_feature="w", feature_allowlist=["w", "a"])
    for k, part in enumerate((records[:1], records[1:])):
        path = written(tmp_path / f"{k}.tfrecord-00001-of-00002", map(example, part))
        tfdv.write_shard(tmp_path / f"{k}.shard", path, stats_options=options)
    merged = tfdv.merge_shards(str(tmp_path / "*.shard"))
    path = written(tmp_path / "all.tfrecord", map(example, records))
    assert_same_figures(merged, tfdv.generate_statistics_from_tfrecord(path, stats_options=options))


def test_memory_does_not_grow_with_the_file(tmp_path):
    rng, peaks = random.Random(1), []
    contents = [example({"a": ("float", [rng.random()] * 8), "s": ("bytes", [b"x" * 1000])}) for _ in range(500)]
    for times in (30, 90):
        path = written(tmp_path / "a.tfrecord", contents * times, "GZIP")
        tracemalloc.start()
        tfdv.generate_statistics_from_tfrecord(path)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < 1.2 * peaks[0]


# Errors ----------------------------------------------------------------------------------------------------------


def damaged(kind, path):
    """Five records of which the third is damaged: the file, where the record begins, and what is said of it."""
    good, odd = example({"a": ("int64", [1])}), example({"a": ("float", [1.0])})
    third = {"no message": b"\x0a\x05abc", "torn": example({"a": ("int64", [1])})[:-1], "other kind": odd}.get(
        kind, good
    )
    written(path, [good, good, third, good, good])
    begin, data = 2 * (16 + len(good)), bytearray(path.read_bytes())
    if kind == "content":
        data[begin + 14] ^= 1
    elif kind == "length":
        data[begin] ^= 1
    elif kind == "cut off":
        del data[begin + 20 :]
    path.write_bytes(data)
    return begin


REASONS = {
    "content": "the record's content does not fit its checksum",
    "length": "the record's length does not fit its checksum",
    "cut off": "the file ends 20 bytes into the record: it is truncated",
    "no message": "is no Example",
    "torn": "is no Example",
    "other kind": "column 'a': expected values of kind int64, received float",
}


@pytest.mark.parametrize("kind", list(REASONS))
def test_the_command_says_which_record_is_damaged(kind, tmp_path, capsys):
    path = tmp_path / "a.tfrecord"
    begin = damaged(kind, path)
    assert cli.main(["validate", str(path)]) == cli.FAILED
    out, err = capsys.readouterr()
    assert not out
    assert f"headwater: {path}, record 3, at byte {begin}" in err
    assert REASONS[kind] in err
    with pytest.raises(tfdv.DataError) as error:
        tfdv.generate_statistics_from_tfrecord(path)
    assert (error.value.file, error.value.row, error.value.offset) == (str(path), 3, begin)


def test_records_of_random_bytes_are_errors_or_have_figures(tmp_path):
    rng, path, failed = random.Random(7), tmp_path / "a.tfrecord", 0
    whole = example({"a": ("int64", [1, 300]), "b": ("float", [0.5]), "s": ("bytes", [b"x", b"yz"]), "n": None})
    for _ in range(120):
        content = bytearray(whole)
        for _ in range(rng.choice([1, 1, 2, 4])):
            content[rng.randrange(len(content))] ^= 1 << rng.randrange(8)
        written(path, [whole, bytes(content[: rng.choice([None, None, rng.randrange(len(content))])]), whole])
        try:
            (dataset,) = tfdv.generate_statistics_from_tfrecord(path).datasets
        except tfdv.DataError as error:
            failed += 1
            place = error.row
        else:
            place = None
            assert dataset.num_examples == 3
        assert place in (None, 2, 3)
    assert 40 < failed < 115


def test_a_file_that_cannot_be_opened(tmp_path, monkeypatch):
    path = written(tmp_path / "a.tfrecord", [example({"a": ("int64", [1])})])
    kinds_of = _tfrecord.kinds_of

    def vanishing(files, options):
        kinds = kinds_of(files, options)
        path.unlink()
        return kinds

    monkeypatch.setattr(_tfrecord, "kinds_of", vanishing)
    with pytest.raises(tfdv.DataError, match=r"a\.tfrecord"):
        tfdv.generate_statistics_from_tfrecord(path)


def test_values_are_looked_at_only_in_the_second_pass(tmp_path):
    torn = example({"a": ("int64", [1])}).replace(b"\x0a\x01\x01", b"\x0a\x01\xff")
    path = written(tmp_path / "a.tfrecord", [example({"a": ("int64", [1])}), torn])
    with pytest.raises(tfdv.DataError, match=r"record 2, at byte .*: is no Example"):
        tfdv.generate_statistics_from_tfrecord(path)


@pytest.mark.parametrize("compression", ["GZIP", "ZLIB"])
def test_the_command_says_where_a_compressed_file_ends(compression, tmp_path, capsys):
    content = example({"a": ("bytes", [bytes(random.Random(1).randbytes(100))])})
    path = written(tmp_path / "a.tfrecord.gz", [content] * 5, compression)
    path.write_bytes(path.read_bytes()[:-30])
    assert cli.main(["validate", str(path)]) == cli.FAILED
    assert f"{path}, record " in (message := capsys.readouterr().err)
    assert "the compressed data is truncated" in message


@pytest.mark.parametrize(
    "content", [b"fare,payment\n5,Cash\n" * 10, b"PAR1" + bytes(50), b"\x1f\x8b" + bytes(30), b"x"]
)
def test_other_files_are_no_record_files(content, tmp_path, capsys):
    path = tmp_path / "a.tfrecord"
    path.write_bytes(content)
    assert cli.main(["validate", str(path)]) == cli.FAILED
    assert f"{path}, record 1, at byte 0: the " in capsys.readouterr().err


def test_names_that_are_not_there(tmp_path):
    path = written(tmp_path / "a.tfrecord", [example({"a": ("int64", [1])})])
    for options in ({"feature_allowlist": ["a", "b"]}, {"weight_feature": "b"}):
        with pytest.raises(tfdv.DataError, match="'b'"):
            tfdv.generate_statistics_from_tfrecord(path, stats_options=tfdv.StatsOptions(**options))


@pytest.mark.parametrize("weights", [[1.0, 2.0], [], None])
def test_weights_must_be_one_per_example(weights, tmp_path):
    odd = {} if weights is None else {"w": ("float", weights)}
    path = written(tmp_path / "a.tfrecord", map(example, [{"w": ("float", [1.0])}, odd]))
    with pytest.raises(tfdv.DataError, match=r"column 'w': 1 of 2 examples have not exactly one value"):
        tfdv.generate_statistics_from_tfrecord(path, stats_options=tfdv.StatsOptions(weight_feature="w"))


# The command -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name", ["trips.tfrecord", "trips.TFRecords", "trips.tfrecord.gz", "trips.tfrecord-00001-of-00003",
             "trips_tfrecord-00000-of-00001.gz"],
)  # fmt: skip
def test_the_command_knows_record_files_by_their_names(name, tmp_path, capsys):
    records = CASES["trips"].records
    path = written(tmp_path / name, map(example, records), "GZIP" if name.endswith("gz") else "")
    schema = tmp_path / "schema.pbtxt"
    assert cli.main(["validate", str(path), "--write-schema", str(schema)]) == cli.FINE
    assert "200" in capsys.readouterr().out
    assert cli.main(["validate", str(path), "--schema", str(schema)]) == cli.FINE
    written(path, map(example, [*records, {"paid": ("bytes", [b"Crypto"])}]))
    capsys.readouterr()
    assert cli.main(["validate", str(path), "--schema", str(schema), "--json", "-"]) == cli.ANOMALIES
    assert "paid" in [anomaly["feature"] for anomaly in json.loads(capsys.readouterr().out)["anomalies"]]

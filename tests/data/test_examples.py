"""Examples as columns: the same as Google's parser reads, whatever the bytes."""

from __future__ import annotations

import pathlib
import random
from collections.abc import Callable
from typing import Any

import duckdb
import hypothesis
import numpy as np
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given
from hypothesis import strategies as st

from headwater.core.errors import InvalidArgumentError, NotFoundError
from headwater.data import _arrow, _columns, _wire
from headwater.data._columns import FeatureColumns
from headwater.data._decode import Decoder
from headwater.data.examples import ExampleError, RecordError, read_examples, read_sequence_examples
from headwater.ops._records import TFRecordWriter
from tests.data.messages import (
    EXAMPLES,
    SEQUENCE_EXAMPLES,
    block,
    chunk_of,
    example,
    outcome,
    read_naively,
    record_lists,
    sequence_example,
    varint,
)

Writer = Callable[..., pathlib.Path]

_NO_BYTES = np.array([], "S1")

_quick = hypothesis.settings(
    max_examples=50, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)  # fmt: skip


@pytest.fixture
def write(tmp_path: pathlib.Path) -> Writer:
    """Writes records to a file."""

    def written(contents: list[bytes], name: str = "a.tfrecord", compression: str = "") -> pathlib.Path:
        with TFRecordWriter(tmp_path / name, compression) as writer:
            for content in contents:
                writer.write(content)
        return tmp_path / name

    return written


def _read(contents: list[bytes], message: str = "Example") -> list[dict[str, tuple[str, list[Any]]]]:
    decoder = Decoder(*(FeatureColumns(None, depth) for depth in range(1, 2 + (message == "SequenceExample"))))
    parts = decoder.decode(chunk_of(contents))
    return [{name: (column.kind, column.to_list()) for name, column in part.items()} for part in parts]


def _columns_of(examples: Any) -> dict[str, list[Any]]:
    """All batches' columns, as PyArrow reads the stream."""
    table = pa.table(examples)
    return {name: table[name].to_pylist() for name in table.column_names}


# The same as Google's parser ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("few", [1, 24, 1000])  # messages that are parsed in plain Python: hardly any, some, all
@_quick
@given(data=st.data())
def test_random_examples(few: int, data: st.DataObject) -> None:
    contents = data.draw(record_lists(EXAMPLES))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_wire, "_FEW", few)
        assert outcome(_read, contents) == outcome(read_naively, contents)


@pytest.mark.parametrize("few", [1, 24])
@_quick
@given(data=st.data())
def test_random_sequence_examples(few: int, data: st.DataObject) -> None:
    contents = data.draw(record_lists(SEQUENCE_EXAMPLES))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_wire, "_FEW", few)
        arguments = contents, "SequenceExample"
        assert outcome(_read, *arguments) == outcome(read_naively, *arguments)


def _damaged(content: bytes, rng: random.Random) -> bytes:
    """Some flipped bits, or a part only."""
    data = bytearray(content)
    if rng.random() < 0.3:
        return bytes(data[: rng.randrange(len(data))])
    for _ in range(rng.choice([1, 1, 1, 2, 8])):
        data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
    return bytes(data)


_WHOLE = example(a=[1, 300, -5], b=[0.5, -2.0], name=[b"x", b"", b"much longer than a word"], empty=None)
_WHOLE_SEQUENCE = sequence_example({"user": [7], "tags": [b"a"]}, {"words": [[b"to", b"be"], None, []], "n": [[1, 2]]})


@pytest.mark.parametrize("few", [1, 1000])
@pytest.mark.parametrize(
    ("message", "whole"), [("Example", _WHOLE), ("SequenceExample", _WHOLE_SEQUENCE)], ids=["features", "lists"]
)
def test_damaged_messages_are_errors_or_what_google_reads(
    monkeypatch: pytest.MonkeyPatch, few: int, message: str, whole: bytes
) -> None:
    monkeypatch.setattr(_wire, "_FEW", few)
    rng, seen = random.Random(few), set()
    for _ in range(400):
        contents = [whole] * rng.randrange(4)
        contents.insert(rng.randrange(len(contents) + 1), _damaged(whole, rng))
        expected = outcome(read_naively, contents, message)
        assert outcome(_read, contents, message) == expected, contents
        seen.add(expected if expected in ("malformed", "conflict") else "read")
    assert seen >= {"malformed", "read"}


def test_damaged_files_are_errors_or_read(write: Writer) -> None:
    file = write([_WHOLE] * 5)
    whole, rng, failed = file.read_bytes(), random.Random(1), 0
    for k in range(300):
        file.write_bytes(_damaged(whole, rng))
        rows = 0
        try:
            rows = sum(batch.rows for batch in read_examples(file, verify=k % 2 == 0))
        except (RecordError, ExampleError) as error:
            failed += str(error).startswith(str(file))
        assert rows <= 5
    assert failed > 200


def test_a_field_that_occurs_again_and_unknown_ones() -> None:
    int64 = lambda *values: block(3, block(1, b"".join(map(varint, values))))  # noqa: E731
    entry = block(1, block(1, b"a") + block(9, b"?") + block(2, int64(1) + block(7, b"??") + int64(2)))
    content = block(1, entry) + block(5, b"unknown") + block(1, block(1, block(1, b"b") + block(2, b"")))
    twice = block(1, entry + block(1, block(2, int64(3)) + block(1, b"a")))
    for contents in ([content], [twice], [content, twice] * 40, [b"", content] * 40):
        found = _read(contents)
        assert found == read_naively(contents)
        expected = {content: [1, 2], twice: [3], b"": None}
        assert found[0]["a"][1] == [expected[c] for c in contents]


def test_no_list_an_empty_list_and_no_feature_differ() -> None:
    contents = [example(a=[]), example(a=None), example(), example(a=[4])]
    contents[0] = block(1, block(1, block(1, b"a") + block(2, block(3, b""))))
    assert _read(contents) == [{"a": ("int64", [[], None, None, [4]])}]


# Files -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("compression", ["", "GZIP", "ZLIB"])
@pytest.mark.parametrize("batch_size", [1, 2, 100])
def test_features_that_come_later_and_go(write: Writer, compression: str, batch_size: int) -> None:
    contents = [example(a=[1]), example(a=[2, 3], late=[b"x"]), example(late=[b"", b"y"], only=[0.5])]
    file = write(contents, compression=compression)
    found = read_examples(file, batch_size=batch_size, raw="bytes")
    assert found.kinds == {"a": "int64", "late": "bytes", "only": "float"}
    assert _columns_of(found) == {
        "a": [[1], [2, 3], None],
        "late": [None, [b"x"], [b"", b"y"]],
        "only": [None, None, [0.5]],
        "bytes": contents,
    }
    assert [(b.file, b.first, b.rows) for b in found] == [
        (str(file), first, min(batch_size, 3 - first)) for first in range(0, 3, batch_size)
    ]


def test_several_files_of_other_features(write: Writer, tmp_path: pathlib.Path) -> None:
    one, two = write([example(a=[1])], "1.tfrecord"), write([example(b=[b"x"])], "2.tfrecord.gz", "GZIP")
    expected = {"a": [[1], None], "b": [None, [b"x"]]}
    for files in ([one, two], tmp_path / "*.tfrecord*", [str(one), bytes(two)]):
        assert _columns_of(read_examples(files)) == expected


def test_some_features(write: Writer) -> None:
    file = write([example(a=[1], b=[b"x"], c=[0.5]), example(b=[b"y"])])
    assert _columns_of(read_examples(file, ["b", "none"])) == {"b": [[b"x"], [b"y"]], "none": [None, None]}
    kinds = {"c": "float", "none": "bytes"}
    assert _columns_of(read_examples(file, kinds)) == {"c": [[0.5], None], "none": [None, None]}
    assert pa.table(read_examples(file, kinds)).schema.field("none").type == pa.list_(pa.binary())
    assert read_examples(file, []).kinds == {}
    assert (read_examples(file, ["b", "none"]).absent, read_examples(file, kinds).absent) == (("none",), ())
    with pytest.raises(ExampleError, match=r"record 1, at byte 0, feature 'a': expected values of kind bytes, rec"):
        list(read_examples(file, {"a": "bytes"}))


def test_given_kinds_spare_the_first_pass(write: Writer, monkeypatch: pytest.MonkeyPatch) -> None:
    file = write([example(a=[1])])
    passes = []
    batches = _examples_class()._batches

    def counted(self: Any, *args: Any, **kwargs: Any) -> Any:
        passes.append(1)
        return batches(self, *args, **kwargs)

    monkeypatch.setattr(_examples_class(), "_batches", counted)
    pa.table(read_examples(file, {"a": "int64"}))
    assert len(passes) == 1
    pa.table(read_examples(file))
    assert len(passes) == 3


def _examples_class() -> Any:
    return type(read_examples([__file__]))


def test_a_feature_of_two_kinds_is_an_error_that_says_where(write: Writer) -> None:
    contents = [example(a=[1], b=[b"x"]), example(b=[b"y"]), example(a=[0.5])]
    file = write(contents)
    for batch_size in (1, 10):
        with pytest.raises(InvalidArgumentError) as error:
            list(read_examples(file, batch_size=batch_size))
        offset = sum(16 + len(content) for content in contents[:2])
        assert str(error.value) == (
            f"{file}, record 3, at byte {offset}, feature 'a': expected values of kind int64, received float. Write "
            "one kind of values for each feature, or leave this one out by naming those to read."
        )
        assert (error.value.record, error.value.feature, error.value.offset) == (3, "a", offset)
    assert _columns_of(read_examples(file, ["b"])) == {"b": [[b"x"], [b"y"], None]}


@pytest.mark.parametrize("broken", [b"\x0a\x05abc", b"no message", block(1, block(1, block(1, b"\xff")))])
def test_a_record_that_is_no_example(write: Writer, broken: bytes) -> None:
    good = example(a=[1])
    file = write([good, good, broken, good])
    with pytest.raises(ExampleError, match="is no Example") as error:
        list(read_examples(file))
    assert (error.value.record, error.value.offset) == (3, 2 * (16 + len(good)))


def test_arguments(write: Writer, tmp_path: pathlib.Path) -> None:
    file = write([example(a=[1])])
    with pytest.raises(NotFoundError, match="no such file"):
        read_examples(tmp_path / "none*")
    for arguments, message in (
        ({"batch_size": 0}, "batch_size"), ({"features": "a"}, r"write \['a'\]"), ({"features": {"a": "int"}}, "kind"),
    ):  # fmt: skip
        with pytest.raises(ValueError, match=message):
            read_examples(file, **arguments)
    with pytest.raises(ValueError, match="at least one file"):
        read_examples([])
    with pytest.raises(ValueError, match="compression"):
        list(read_examples(file, compression="zip"))


def test_streams_are_released_whoever_has_them(write: Writer) -> None:
    examples = read_examples(write([example(a=[1])] * 3), batch_size=1)

    def use() -> None:
        for k in range(5):
            examples.__arrow_c_stream__()  # not taken
            reader = pa.RecordBatchReader.from_stream(examples)
            assert [reader.read_next_batch().num_rows for _ in range(k % 3)] == [1] * (k % 3)  # not read to its end

    before = set(_arrow._sources)
    held = examples.__arrow_c_stream__()
    use()
    assert len(set(_arrow._sources) - before) == 1
    assert pa.RecordBatchReader.from_stream(_Stream(held)).read_all().num_rows == 3
    del held
    use()
    assert set(_arrow._sources) == before


def test_errors_pass_by_what_is_released(write: Writer) -> None:
    def fail(number: int) -> None:
        reader = pa.RecordBatchReader.from_stream(examples)
        batches = [reader.read_next_batch() for _ in range(number)]
        capsule = examples.__arrow_c_stream__()
        raise KeyError(number, batches and capsule)

    examples = read_examples(write([example(a=[1])] * 3), batch_size=1)
    for number in range(4):
        with pytest.raises(KeyError) as error:
            fail(number)
        assert error.value.args[0] == number


class _Stream:
    """What a consumer wants of a capsule."""

    def __init__(self, capsule: Any) -> None:
        self._capsule = capsule

    def __arrow_c_stream__(self, requested_schema: Any = None) -> Any:
        return self._capsule


def test_sequence_examples(write: Writer) -> None:
    contents = [
        sequence_example({"user": [7]}, {"words": [[b"to", b"be"], _NO_BYTES, None, [b"or"]], "user": [[0.5]]}),
        sequence_example({}, {"words": []}),
        sequence_example({"user": [8, 9]}, {}),
    ]
    contents[1] += block(2, block(1, block(1, b"words")))
    file = write(contents)
    (batch,) = read_sequence_examples(file)
    assert batch.columns["user"].to_list() == [[7], None, [8, 9]]
    words = [[[b"to", b"be"], [], None, [b"or"]], [], None]
    assert batch.sequences["words"].to_list() == words
    assert batch.sequences["user"].to_list() == [[[0.5]], None, None]
    with pytest.raises(OSError, match="received two named 'user'"):
        pa.table(read_sequence_examples(file))
    table = pa.table(read_sequence_examples(file, sequence_column="##SEQUENCE##"))
    assert table.column_names == ["user", "##SEQUENCE##"]
    assert [row["words"] for row in table["##SEQUENCE##"].to_pylist()] == words
    assert _columns_of(read_sequence_examples(file, ["user"], {"words": "bytes"})) == {
        "user": [[7], None, [8, 9]],
        "words": words,
    }


# DuckDB ------------------------------------------------------------------------------------------------------------


def test_duckdb_scans_the_stream(write: Writer) -> None:
    contents = [
        example(k=[i], name=[b"even", b"%d" % i] if i % 2 == 0 else _NO_BYTES, x=[i / 2]) for i in range(10_000)
    ]
    stream = read_examples(write(contents), batch_size=512)
    with duckdb.connect() as connection:
        connection.register("examples", stream)
        for _ in range(2):  # a stream is made for every scan
            figures = "count(*), sum(k[1]), count(name), sum(len(name)), max(x[1]), min(decode(name[2]))"
            assert connection.sql(f"SELECT {figures} FROM examples").fetchall() == [
                (10_000, 49_995_000, 10_000, 10_000, 4999.5, "0")
            ]
        where = "SELECT name FROM examples WHERE k[1] = 4"
        assert connection.sql(where).fetchall() == [([b"even", b"4"],)]


def _sum(connection: Any, stream: Any) -> Any:
    connection.register("examples", stream)
    return connection.sql("SELECT sum(a[1]) FROM examples").fetchall()


def test_duckdb_says_what_is_wrong_with_the_file(write: Writer) -> None:
    file = write([example(a=[1])] * 3)
    file.write_bytes(file.read_bytes()[:-1])
    for features in (None, {"a": "int64"}):
        stream = read_examples(file, features)
        with duckdb.connect() as connection, pytest.raises(duckdb.Error, match=r"a.tfrecord, record 3, at"):
            _sum(connection, stream)
    told: list[BaseException] = []
    with pytest.raises(OSError, match="record 3"):
        pa.RecordBatchReader.from_stream(_Stream(stream.stream(told.append))).read_all()
    assert [error.record for error in told] == [3]


# Awkward files -----------------------------------------------------------------------------------------------------


def test_records_with_features_of_their_own(write: Writer, monkeypatch: pytest.MonkeyPatch) -> None:
    contents = [example(**{f"feature {i} {k}": [i, k] for k in range(3)}) for i in range(200)]
    expected = read_naively(contents)
    for cells in (_columns._CELLS, 1000):
        monkeypatch.setattr(_columns, "_CELLS", cells)
        columns = _columns_of(read_examples(write(contents)))
        assert columns == {name: values for name, (_, values) in expected[0].items()}


def test_many_features(write: Writer) -> None:
    content = example(**{f"{i}": [i] for i in range(10_000)})
    (batch,) = read_examples(write([content] * 3))
    assert len(batch.columns) == 10_000
    assert all(column.to_list() == [[int(name)]] * 3 for name, column in batch.columns.items())


def test_a_large_value_among_small_ones(write: Writer) -> None:
    large = bytes(8 << 20)
    found = read_examples(write([example(a=[b"x"])] * 5 + [example(a=[large])] + [example(a=[b"y"])] * 5))
    values = [value for batch in found for value in batch.columns["a"].to_list()]
    assert values == [[b"x"]] * 5 + [[large]] + [[b"y"]] * 5


@pytest.mark.parametrize("shape", ["packed", "unpacked"])
def test_extreme_numbers(shape: str) -> None:
    numbers = [0, 1, -1, 127, 128, 2**63 - 1, -(2**63), 2**56, 2**56 - 1]
    written = map(varint, numbers)
    values = block(1, b"".join(written)) if shape == "packed" else b"".join(b"\x08" + number for number in written)
    content = block(1, block(1, block(1, b"a") + block(2, block(3, values))))
    assert _read([content] * 50) == [{"a": ("int64", [numbers] * 50)}]


def test_floats_keep_their_bits(write: Writer) -> None:
    bits = np.array([0, 1, 0x7F800000, 0xFF800000, 0x7FC00001, 0x80000000, 0x3F800000], np.uint32)
    content = block(1, block(1, block(1, b"a") + block(2, block(2, block(1, bits.tobytes())))))
    (batch,) = read_examples(write([content]))
    np.testing.assert_array_equal(batch.columns["a"].values.view(np.uint32), bits)

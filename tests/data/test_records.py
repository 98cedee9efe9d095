"""Record files in chunks: framing, checksums, compression, damage."""

from __future__ import annotations

import gzip
import pathlib
import pickle
import struct
import zlib
from collections.abc import Iterable
from typing import Any

import numpy as np
import pytest

from headwater.core.errors import DataLossError, NotFoundError
from headwater.data import records
from headwater.data.records import Chunk, RecordError, read_chunks, read_records
from headwater.ops._records import TFRecordWriter, masked_crc


def _write(path: pathlib.Path, contents: list[bytes], compression: str = "") -> bytes:
    with TFRecordWriter(path, compression) as writer:
        for content in contents:
            writer.write(content)
    return path.read_bytes()


def _contents(chunk: Chunk) -> list[bytes]:
    return [chunk.data[b:e] for b, e in zip(chunk.begin.tolist(), chunk.end.tolist(), strict=True)]


def _all(chunks: Iterable[Chunk]) -> list[bytes]:
    return [content for chunk in chunks for content in _contents(chunk)]


_SIZES = [0, 1, 7, 200, 3, 5000, 12, 0, 1 << 16, 4]
_RECORDS = [bytes(np.random.default_rng(k).integers(0, 256, n, dtype=np.uint8)) for k, n in enumerate(_SIZES)]


@pytest.mark.parametrize("compression", ["", "GZIP", "ZLIB"])
@pytest.mark.parametrize("rows", [1, 3, 100])
@pytest.mark.parametrize("size", [1, 13, 4096, 1 << 22])
def test_chunks(tmp_path: pathlib.Path, compression: str, rows: int, size: int) -> None:
    path = tmp_path / "a.tfrecord"
    _write(path, _RECORDS, compression)
    for kind in (compression, None):
        found = list(read_chunks(path, kind, rows=rows, size=size))
        assert _all(found) == _RECORDS
        assert [c.first for c in found] == np.cumsum([0, *(len(c.begin) for c in found)])[:-1].tolist()
        assert all(len(c.begin) <= rows and c.data.endswith(records.PADDING) for c in found)
        assert all(len(c.data) <= 2 * max(size, max(map(len, _RECORDS)) + 16) + 64 for c in found)


def test_offsets_are_those_of_the_decompressed_file(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "a.tfrecord"
    whole = _write(path, _RECORDS)
    _write(path, _RECORDS, "GZIP")
    for chunk in read_chunks(path, size=100, rows=2):
        for begin, content in zip(chunk.begin.tolist(), _contents(chunk), strict=True):
            assert whole[chunk.offset + begin :][: len(content)] == content


def test_no_records(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "a.tfrecord"
    for compression in ("", "GZIP", "ZLIB"):
        _write(path, [], compression)
        assert list(read_chunks(path)) == list(read_records(path, compression)) == []
        path.write_bytes(b"")
        assert list(read_records(path, compression)) == []
    with pytest.raises(NotFoundError):
        list(read_chunks(tmp_path / "none"))
    with pytest.raises(ValueError, match="compression"):
        list(read_chunks(path, "zip"))


def test_several_compressed_parts(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "a.tfrecord"
    parts = [_write(path, [b"one"]), _write(path, [b"two", b"three"])]
    for compress, kind in ((gzip.compress, "GZIP"), (zlib.compress, "ZLIB")):
        path.write_bytes(b"".join(map(compress, parts)))
        assert list(read_records(path, kind)) == list(read_records(path)) == [b"one", b"two", b"three"]


def test_a_length_that_looks_like_a_compressed_file(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "a.tfrecord"
    for start in (b"\x1f\x8b", b"\x78\x9c"):
        content = bytes(int.from_bytes(start, "little"))
        assert _write(path, [content])[:2] == start
        assert list(read_records(path)) == [content]


@pytest.mark.parametrize("compression", ["", "GZIP", "ZLIB"])
def test_every_truncation_is_an_error_after_the_whole_records(tmp_path: pathlib.Path, compression: str) -> None:
    path = tmp_path / "a.tfrecord"
    contents = [b"one", b"", b"three" * 3]
    whole = _write(path, contents, compression)
    ends = np.cumsum([16 + len(c) for c in contents]).tolist()
    for size in range(1, len(whole)):
        path.write_bytes(whole[:size])
        found: list[bytes] = []
        if not compression and size in ends:
            assert list(read_records(path)) == contents[: ends.index(size) + 1]
            continue
        with pytest.raises(RecordError, match=r"truncated") as error:
            found.extend(read_records(path, compression))
        assert error.value.file == str(path)
        assert error.value.record == 1 + len(found)
        assert error.value.offset == [0, *ends][len(found)]
        if not compression:
            assert found == contents[: sum(end <= size for end in ends)]


def test_every_flipped_bit_is_an_error(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "a.tfrecord"
    contents = [b"one", b"", b"three"]
    whole = _write(path, contents)
    starts = np.cumsum([0, *(16 + len(c) for c in contents)])
    for bit in range(8 * len(whole)):
        data = bytearray(whole)
        data[bit // 8] ^= 1 << bit % 8
        path.write_bytes(data)
        hit = int(np.searchsorted(starts, bit // 8, "right"))
        found: list[bytes] = []
        with pytest.raises(RecordError, match="checksum") as error:
            found.extend(read_records(path, ""))
        assert (error.value.record, error.value.offset) == (hit, starts[hit - 1])
        assert found == contents[: hit - 1]  # the records before it are given
        with pytest.raises(RecordError):
            list(read_chunks(path))


def test_the_message_says_where_and_what(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "a.tfrecord"
    whole = bytearray(_write(path, [b"one", b"two"]))
    whole[19 + 13] ^= 1
    path.write_bytes(whole)
    with pytest.raises(DataLossError) as error:
        list(read_records(path))
    assert str(error.value) == (
        f"{path}, record 2, at byte 19: the record's content does not fit its checksum. Copy or write the file again; "
        "for a damaged one, the records before this one can still be read."
    )
    again = pickle.loads(pickle.dumps(error.value))
    assert (str(again), again.record, again.file) == (str(error.value), 2, str(path))
    assert list(read_records(path, verify=False)) == [b"one", bytes([ord("t"), ord("w") ^ 1, ord("o")])]


class _Counted:
    """A file that knows the most that was asked of it."""

    def __init__(self, file: Any) -> None:
        self.file, self.most = file, 0

    def read(self, size: int) -> bytes:
        self.most = max(self.most, size)
        return self.file.read(size)


@pytest.mark.parametrize("length", [1 << 20, 1 << 30, (1 << 31) - 1, 1 << 31, 1 << 62, (1 << 64) - 1])
@pytest.mark.parametrize("compression", ["", "GZIP"])
def test_a_length_that_lies_costs_no_memory(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch, length: int, compression: str
) -> None:
    path = tmp_path / "a.tfrecord"
    head = struct.pack("<Q", length)
    content = head + struct.pack("<I", masked_crc(head)) + b"few bytes"
    path.write_bytes(gzip.compress(content) if compression else content)
    files: list[_Counted] = []
    opened = records._opened.__wrapped__

    def counted(*args: Any) -> Any:
        for file, size in opened(*args):
            files.append(_Counted(file))
            yield files[-1], size

    monkeypatch.setattr(records, "_opened", records.contextlib.contextmanager(counted))
    for verify in (True, False):
        with pytest.raises(RecordError, match=r"truncated|Expected less than 2 GiB") as error:
            list(read_chunks(path, size=64, verify=verify))
        assert error.value.record == 1
    assert max(file.most for file in files) <= 64


def test_a_bomb_is_read_in_pieces(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "a.tfrecord"
    contents = [bytes(1 << 20)] * 8
    assert len(_write(path, contents, "ZLIB")) < 20_000
    assert max(len(chunk.data) for chunk in read_chunks(path, size=1 << 18)) < 5 << 20
    assert list(read_records(path)) == contents


def test_a_large_record_is_read_in_linear_time(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "a.tfrecord"
    content = bytes(1 << 22)
    _write(path, [content, b"x"])
    reads = []

    class Scan(records._Scan):
        def _more(self) -> bool:
            reads.append(len(self.data))
            return super()._more()

    with open(path, "rb") as file:
        scan = Scan(str(path), file, None, 64, True)
        assert _all(scan.chunks(10)) == [content, b"x"]
    assert sum(reads) < 4 * len(content)


@pytest.mark.parametrize("compression", ["GZIP", "ZLIB"])
def test_records_before_damage_in_a_compressed_file_are_given(tmp_path: pathlib.Path, compression: str) -> None:
    path = tmp_path / "a.tfrecord"
    contents = [np.random.default_rng(k).bytes(1000) for k in range(3000)]
    whole = bytearray(_write(path, contents, compression))
    middle = len(whole) // 2
    whole[middle : middle + 400] = bytes(400)
    path.write_bytes(whole)
    found: list[bytes] = []
    with pytest.raises(RecordError, match=r"decompressed from here on|checksum") as error:
        found.extend(read_records(path))
    assert found == contents[: len(found)]
    assert 1300 < len(found) < 1600
    assert (error.value.record, error.value.offset) == (len(found) + 1, 1016 * len(found))


def test_zeros_after_a_compressed_file_are_no_records(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "a.tfrecord"
    for compression in ("GZIP", "ZLIB"):
        whole = _write(path, [b"one"], compression)
        path.write_bytes(whole + bytes(1 << 19) + whole + bytes(3))
        assert list(read_records(path)) == [b"one", b"one"]

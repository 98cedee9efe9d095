"""Record files of `tf.train.Example` and `tf.train.SequenceExample` as columns.

Nothing here needs the engine, nor any other package but NumPy. Files are read in chunks: memory stays bounded whatever
their size.
"""

from __future__ import annotations

import dataclasses
import functools
import glob
import itertools
import os
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import numpy as np

from headwater.core.errors import NotFoundError
from headwater.data import _arrow
from headwater.data._columns import Column, FeatureColumns, Level, TooWideError
from headwater.data._decode import Decoder, raw_column
from headwater.data._errors import ExampleError, RecordError
from headwater.data.records import Chunk, read_chunks
from headwater.ops.gfile import local_path

__all__ = [
    "Batch", "Column", "ExampleError", "Examples", "Level", "RecordError", "read_examples", "read_sequence_examples",
]  # fmt: skip

Kinds = dict[str, str]
Wanted = Iterable[str] | Mapping[str, str] | None

_KINDS = ("int64", "float", "bytes", "null")


@dataclasses.dataclass(frozen=True)
class Batch:
    """Some records that follow each other in a file, as columns.

    Args:
        file: The file.
        first: How many records stand before these in the file.
        rows: How many records these are.
        columns: Columns by feature; those of the context of `SequenceExample`s.
        sequences: Columns by feature list, for `SequenceExample`s.
        raw: The records' own bytes, if they were asked for.
    """

    file: str
    first: int
    rows: int
    columns: dict[str, Column]
    sequences: dict[str, Column]
    raw: Column | None


@dataclasses.dataclass(frozen=True)
class Examples:
    """What `read_examples` returns: batches to iterate over, and an Arrow stream."""

    files: tuple[str, ...]
    wanted: tuple[tuple[str, ...] | Kinds | None, ...]  # features, and feature lists of `SequenceExample`s
    compression: str | None
    batch_size: int
    verify: bool
    raw: str | None
    sequence_column: str | None = None

    def __post_init__(self) -> None:
        if self.batch_size < 1:
            raise ValueError(f"Expected a batch_size of at least 1, received {self.batch_size}.")

    def __iter__(self) -> Iterator[Batch]:
        return self._batches(_decoder(self.wanted), values=True)

    @property
    def kinds(self) -> Kinds:
        """The kinds of the features by name, sorted: ``"int64"``, ``"float"``, ``"bytes"``, or ``"null"`` (no values).

        Unless given, they are found out by reading all files once.
        """
        return self._all_kinds[0]

    @property
    def sequence_kinds(self) -> Kinds:
        """The kinds of the feature lists of `SequenceExample`s, likewise."""
        return dict(*self._all_kinds[1:])

    @property
    def absent(self) -> tuple[str, ...]:
        """The names that were asked for and are in no record; none where kinds were given with the names."""
        return tuple(name for part in self._learnt.parts for name in part.absent()) if self._reads_twice else ()

    def __arrow_c_stream__(self, requested_schema: Any = None) -> Any:
        return self.stream()

    def stream(self, failed: Callable[[BaseException], object] | None = None) -> Any:
        """An Arrow stream, as a capsule.

        Args:
            failed: Is told what goes wrong in the stream, of which its consumer learns the text only.
        """
        return _arrow.stream_capsule(self._field, self._values(), failed)

    def _batches(self, decoder: Decoder, values: bool) -> Iterator[Batch]:
        for file in self.files:
            for chunk in read_chunks(file, self.compression, rows=self.batch_size, verify=self.verify):
                yield from self._decoded(decoder, file, chunk, values)

    def _decoded(self, decoder: Decoder, file: str, chunk: Chunk, values: bool) -> Iterator[Batch]:
        try:
            columns, *sequences = decoder.decode(chunk, file, values)
        except TooWideError:
            for half in _halves(chunk):
                yield from self._decoded(decoder, file, half, values)
            return
        raw = None if self.raw is None else raw_column(chunk)
        yield Batch(file, chunk.first, len(chunk.begin), columns, dict(*sequences), raw)

    # Arrow ---------------------------------------------------------------------------------------------------------

    @property
    def _reads_twice(self) -> bool:
        """Whether a pass over the files has to find out kinds."""
        return not all(isinstance(wanted, dict) for wanted in self.wanted)

    @functools.cached_property
    def _learnt(self) -> Decoder:
        """A decoder that knows the kinds."""
        decoder = _decoder(self.wanted)
        if self._reads_twice:
            for _ in self._batches(decoder, values=False):
                pass
        return decoder

    @property
    def _all_kinds(self) -> tuple[Kinds, ...]:
        return tuple(part.all_kinds() for part in self._learnt.parts)

    def _field(self) -> _arrow.Field:
        context, *sequences = (
            tuple(_field(name, kind, depth) for name, kind in kinds.items())
            for depth, kinds in enumerate(self._all_kinds, 1)
        )
        if self.sequence_column is not None:
            sequences = [(_arrow.Field(self.sequence_column, "struct", *sequences),)]
        raw = () if self.raw is None else (_field(self.raw, "bytes", 0),)
        fields = (*context, *itertools.chain(*sequences), *raw)
        if twice := [name for name, count in Counter(field.name for field in fields).items() if count > 1]:
            raise ValueError(f"Expected columns of different names, received two named {twice[0]!r}. {_NAMES_REMEDY}")
        return _arrow.Field("", "struct", fields)

    def _values(self) -> Iterator[_arrow.Values]:
        for batch in self._batches(_decoder(self._all_kinds), values=True):
            sequences = tuple(map(_values, batch.sequences.values()))
            if self.sequence_column is not None:
                sequences = (_arrow.Values(batch.rows, (None,), sequences),)
            raw = () if batch.raw is None else (_values(batch.raw),)
            columns = (*map(_values, batch.columns.values()), *sequences, *raw)
            yield _arrow.Values(batch.rows, (None,), columns)


_NAMES_REMEDY = "Name one column for all feature lists (sequence_column), another one for raw, or leave one out."


def _decoder(wanted: Iterable[tuple[str, ...] | Kinds | None]) -> Decoder:
    return Decoder(*(FeatureColumns(names, depth) for depth, names in enumerate(wanted, 1)))


def _halves(chunk: Chunk) -> tuple[Chunk, Chunk]:
    half = len(chunk.begin) // 2
    begin, end = np.split(chunk.begin, [half]), np.split(chunk.end, [half])
    return (
        chunk._replace(begin=begin[0], end=end[0]),
        chunk._replace(begin=begin[1], end=end[1], first=chunk.first + half),
    )


def _field(name: str, kind: str, depth: int) -> _arrow.Field:
    """The type of a column of lists within lists."""
    field = _arrow.Field("item" if depth else name, kind)
    for level in range(depth, 0, -1):
        field = _arrow.Field(name if level == 1 else "item", "list", (field,))
    return field


def _values(column: Column) -> _arrow.Values:
    data = (column.values,) if column.ends is None else (column.ends, column.values)
    length = len(data[0]) - (column.ends is not None)
    values = _arrow.Values(length, () if column.kind == "null" else (None, *data))
    for level in reversed(column.levels):
        validity, nulls = _arrow.bits(level.valid)
        values = _arrow.Values(len(level.valid), (validity, level.offsets), (values,), nulls)
    return values


def _found(files: Any) -> tuple[str, ...]:
    """The files that paths and patterns mean. A path that exists is no pattern."""
    several = [files] if isinstance(files, str | bytes | os.PathLike) else list(files)
    found: list[str] = []
    for file in map(local_path, several):
        matching = [file] if os.path.exists(file) else sorted(glob.glob(file, recursive=True))
        if not matching:
            raise NotFoundError(None, None, f"{file}: no such file, and no pattern of files that exist.")
        found += matching
    if not found:
        raise ValueError("Expected at least one file, received none.")
    return tuple(found)


def _checked(wanted: Wanted) -> tuple[str, ...] | Kinds | None:
    if wanted is None:
        return None
    if isinstance(wanted, str):
        raise ValueError(f"Expected several names of features, received the text {wanted!r}: write [{wanted!r}].")
    if not isinstance(wanted, Mapping):
        return tuple(dict.fromkeys(wanted))
    for name, kind in wanted.items():
        if kind not in _KINDS:
            raise ValueError(f"Expected one of {', '.join(_KINDS)} as kind of feature {name!r}, received {kind!r}.")
    return dict(wanted)


def read_examples(
    files: Any,
    features: Wanted = None,
    *,
    compression: str | None = None,
    batch_size: int = 4096,
    verify: bool = True,
    raw: str | None = None,
) -> Examples:
    """Reads record files of `tf.train.Example`, as batches of columns and as an Arrow stream.

    A feature's column has a list per record; null where the record lacks the feature or gives it no kind of values.

    Args:
        files: A path or glob pattern, or several.
        features: The names of the features to read; or names and kinds (``"int64"``, ``"float"`` or ``"bytes"``), which
            spares an Arrow stream the first pass that finds them out. None: all.
        compression: ``"GZIP"``, ``"ZLIB"``, ``""`` for none, or None to find out for each file.
        batch_size: The most records in a batch.
        verify: Whether to compare the records with their checksums.
        raw: A name for a further column, with the records' own bytes.

    Returns:
        The batches, to iterate over as often as wanted; each time, the files are read again. Also a table for whoever
        takes Arrow streams: DuckDB, Polars, PyArrow.

    Raises:
        NotFoundError: If a path or pattern fits no file.
        ValueError: If an argument is not one of those above.

    While reading:
        RecordError: If a file is damaged (a `DataLossError`; it says which record, at which byte).
        ExampleError: If a record is no `Example`, or a feature has values of several kinds (an `InvalidArgumentError`).

    >>> import tempfile
    >>> from headwater.data.examples import read_examples
    >>> path = tf.io.gfile.join(tempfile.mkdtemp(), "a.tfrecord")
    >>> with tf.io.TFRecordWriter(path) as writer:
    ...     for name, ages in ((b"Ada", [36]), (b"Kurt", [])):
    ...         example = tf.train.Example()
    ...         example.features.feature["name"].bytes_list.value.append(name)
    ...         example.features.feature["ages"].int64_list.value.extend(ages)
    ...         writer.write(example.SerializeToString())
    >>> (batch,) = read_examples(path)
    >>> {name: column.to_list() for name, column in sorted(batch.columns.items())}
    {'ages': [[36], []], 'name': [[b'Ada'], [b'Kurt']]}
    >>> batch.columns["ages"].values, batch.columns["ages"].levels[0].offsets
    (array([36]), array([0, 1, 1], dtype=int32))
    """
    return Examples(_found(files), (_checked(features),), compression, batch_size, verify, raw)


def read_sequence_examples(
    files: Any,
    context: Wanted = None,
    sequences: Wanted = None,
    *,
    compression: str | None = None,
    batch_size: int = 4096,
    verify: bool = True,
    raw: str | None = None,
    sequence_column: str | None = None,
) -> Examples:
    """Reads record files of `tf.train.SequenceExample`, as batches of columns and as an Arrow stream.

    The context's columns are those of `read_examples`. A feature list's column has a list of lists per record.

    Args:
        files: As in `read_examples`.
        context: The features of the context to read, as ``features`` in `read_examples`.
        sequences: The feature lists to read, likewise.
        compression: As in `read_examples`.
        batch_size: As in `read_examples`.
        verify: As in `read_examples`.
        raw: As in `read_examples`.
        sequence_column: In the Arrow stream, a name for one column with the feature lists as its fields (TensorFlow
            Data Validation calls it ``"##SEQUENCE##"``). None: they stand beside the context's columns, if no two have
            the same name.

    Returns:
        As `read_examples`.

    Raises:
        NotFoundError: If a path or pattern fits no file.
        ValueError: If an argument is not one of those above, or two columns of a stream had the same name.

    >>> import tempfile
    >>> from headwater.data.examples import read_sequence_examples
    >>> path = tf.io.gfile.join(tempfile.mkdtemp(), "a.tfrecord")
    >>> example = tf.train.SequenceExample()
    >>> example.context.feature["user"].int64_list.value.append(7)
    >>> for words in ([b"to", b"be"], [], [b"or"]):
    ...     example.feature_lists.feature_list["words"].feature.add().bytes_list.value.extend(words)
    >>> with tf.io.TFRecordWriter(path) as writer:
    ...     writer.write(example.SerializeToString())
    >>> (batch,) = read_sequence_examples(path)
    >>> batch.columns["user"].to_list(), batch.sequences["words"].to_list()
    ([[7]], [[[b'to', b'be'], [], [b'or']]])
    """
    wanted = (_checked(context), _checked(sequences))
    return Examples(_found(files), wanted, compression, batch_size, verify, raw, sequence_column)

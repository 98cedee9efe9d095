"""Records in chunks, decoded into columns; what is rare in them by Google's parser first."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from headwater.data._columns import Column, FeatureColumns, WrongKindError
from headwater.data._errors import ExampleError
from headwater.data._wire import Ints, OddError, Wire, fields, gather, select
from headwater.data.records import PADDING, Chunk

_PARTS = (0x0A, 0x12)  # the tags of the context, which is that of an Example's features, and of the feature lists
_ROUNDS = 3  # of finding odd records; then all the others count as odd


class Decoder:
    """Decodes chunks of records.

    Args:
        context: Makes the columns of the features of an `Example`, or of the context of a `SequenceExample`.
        sequences: Makes those of the feature lists of a `SequenceExample`; left out for an `Example`.
    """

    def __init__(self, context: FeatureColumns, *sequences: FeatureColumns) -> None:
        self.parts = (context, *sequences)
        self._message = "SequenceExample" if sequences else "Example"

    def decode(self, chunk: Chunk, file: str | None = None, values: bool = True) -> list[dict[str, Column]]:
        """The columns of each part. Without `values`, only the features' kinds are learnt.

        Raises:
            ExampleError: If a record is no such message, or a feature has several kinds.
            TooWideError: If the records have too many different features to be decoded at once.
        """
        records = _Records(chunk, file, self._message)
        while True:
            try:
                return self._decode(Wire(records.data), records.begin, records.end, values)
            except OddError as error:
                records.mend(error.positions)
            except WrongKindError as error:
                message = f"expected values of kind {error.expected}, received {error.received}. {_KIND_REMEDY}"
                raise records.error(error.record, message, error.feature) from None

    def _decode(self, wire: Wire, begin: Ints, end: Ints, values: bool) -> list[dict[str, Column]]:
        parts = fields(wire, begin, end)
        spans = [select(parts, tag).once(len(begin))[1:] for tag, _ in zip(_PARTS, self.parts, strict=False)]
        return [part.read(wire, *span, values) for part, span in zip(self.parts, spans, strict=True)]


_KIND_REMEDY = "Write one kind of values for each feature, or leave this one out by naming those to read."


class _Records:
    """The records of a chunk; odd ones are replaced by how Google's parser understands and writes them."""

    def __init__(self, chunk: Chunk, file: str | None, message: str) -> None:
        self.data, self.begin, self.end = chunk.data, chunk.begin, chunk.end
        self._chunk, self._file, self._message = chunk, file, message
        self._mended = np.zeros(len(chunk.begin), np.bool_)
        self._rounds = 0

    def error(self, record: int, message: str, feature: str | None = None) -> ExampleError:
        chunk = self._chunk
        offset = chunk.offset + int(chunk.begin[record]) - 12
        return ExampleError(
            message=message, file=self._file, record=chunk.first + record + 1, offset=offset, feature=feature
        )

    def mend(self, positions: Ints) -> None:
        """Mends the records at some positions. Raises `ExampleError`."""
        odd = np.zeros(len(self.begin), np.bool_)
        odd[np.searchsorted(self.begin, positions, "right") - 1] = True
        if (still := odd & self._mended).any():
            raise self.error(int(np.argmax(still)), f"is no {self._message}: {_MESSAGE_REMEDY}")
        self._rounds += 1
        if self._rounds == _ROUNDS:
            odd = ~self._mended
        spans = zip(self.begin.tolist(), self.end.tolist(), strict=True)
        contents = [self.data[begin:end] for begin, end in spans]
        for record in np.flatnonzero(odd).tolist():
            contents[record] = self._written_again(record, contents[record])
        self._mended |= odd
        size = np.array([len(content) for content in contents])
        self.begin = np.cumsum(size + 1) - size - 1  # a byte between records: where one ends is not in the next
        self.end = self.begin + size
        self.data = b"\0".join(contents) + PADDING

    def _written_again(self, record: int, content: bytes) -> bytes:
        from google.protobuf.message import DecodeError  # noqa: PLC0415  rarely needed

        from headwater.ops._example_protos import messages  # noqa: PLC0415

        try:
            message: Any = messages(maps=False)[self._message].FromString(content)
        except (DecodeError, ValueError) as error:
            raise self.error(record, f"is no {self._message}: {error}. {_MESSAGE_REMEDY}") from None
        message.DiscardUnknownFields()
        again: Any = messages()[self._message].FromString(message.SerializeToString())  # the last of equal keys
        return bytes(again.SerializeToString())


_MESSAGE_REMEDY = "Expected a message that is whole and has UTF-8 names; was the file written with other messages?"


def raw_column(chunk: Chunk) -> Column:
    """The records' own bytes."""
    ends = np.concatenate(([0], np.cumsum(chunk.end - chunk.begin))).astype(np.int32)
    data: npt.NDArray[np.uint8] = gather(Wire(chunk.data), chunk.begin, chunk.end)
    return Column("bytes", (), data, ends)

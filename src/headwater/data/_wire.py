"""The wire format of Protocol Buffers, for many messages at once.

Messages are spans of one buffer. What a parser does field by field is done here for the k-th field of all messages in
one go, with arrays of positions. Whatever is rare (groups, overlong tags) or wrong is left to Google's parser:
`OddError` says where it stands.
"""

from __future__ import annotations

from array import array
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from headwater.data.records import PADDING

Ints = npt.NDArray[np.int64]
Bytes = npt.NDArray[np.uint8]
Words = npt.NDArray[np.uint64]

VARINT, FIXED64, LEN, _GROUP, _END, FIXED32 = range(6)  # the lowest three bits of a tag

_UNKNOWN = 0xFF  # stands for every tag of more than one byte
_FEW = 24  # with fewer messages left, plain Python is quicker than a step for all of them
_LONGEST = 0x7FFFFFFF
_LONG = 48  # bytes: from here on, copying spans one by one is quicker than picking bytes

_BLOCK = 1 << 22  # bytes or numbers at once: arrays of positions are larger than what they point at

LOWER = np.array([(1 << 8 * k) - 1 for k in range(9)], np.uint64)  # words of k bytes


class OddError(Exception):
    """Bytes that are no message, or that are better left to Google's parser.

    Args:
        positions: Where they are: positions in the buffer, in or at the beginning of the messages they belong to.
    """

    def __init__(self, positions: Ints) -> None:
        super().__init__()
        self.positions = np.atleast_1d(positions)


class Wire:
    """A buffer of messages.

    Args:
        data: The messages' bytes, then `headwater.data.records.PADDING`.
    """

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.bytes: Bytes = np.frombuffer(data, np.uint8)
        self._words: Words = np.frombuffer(data, "<u8", len(data) // 8)

    def words(self, position: Ints) -> Words:
        """The eight bytes at each position. Two aligned words: NumPy picks unaligned ones ten times slower."""
        index = position >> 3
        shift = ((position & 7) << 3).view(np.uint64)
        return (self._words[index] >> shift) | ((self._words[index + 1] << 1) << (63 - shift))


class Fields(NamedTuple):
    """Fields of messages. Those of one message stand in their order, if not next to each other.

    Args:
        owner: The message of each field.
        tag: Field number and wire type: ``number << 3 | type``, or 255 where that takes more than a byte.
        begin: Where the payload begins.
        end: And where it ends.
    """

    owner: Ints
    tag: Bytes
    begin: Ints
    end: Ints

    def once(self, messages: int) -> tuple[Bytes, Ints, Ints]:
        """Tag, begin and end of each message's only field; zeros where there is none.

        Raises:
            OddError: If a message has several.
        """
        if len(self.owner) == messages and np.array_equal(self.owner, np.arange(messages)):
            return self[1:]
        if (many := np.bincount(self.owner, minlength=messages)[self.owner] > 1).any():
            raise OddError(self.begin[many])
        tag, begin, end = np.zeros(messages, np.uint8), *np.zeros((2, messages), np.int64)
        tag[self.owner], begin[self.owner], end[self.owner] = self[1:]
        return tag, begin, end

    def grouped(self) -> Fields:
        """Message by message."""
        if (self.owner[1:] >= self.owner[:-1]).all():
            return self
        order = np.argsort(self.owner, kind="stable")
        return self.at(order)

    def at(self, which: npt.NDArray[Any]) -> Fields:
        """Some of the fields."""
        return Fields(self.owner[which], self.tag[which], self.begin[which], self.end[which])


_NO_FIELDS = Fields(np.zeros(0, np.int64), np.zeros(0, np.uint8), *np.zeros((2, 0), np.int64))


def fields(wire: Wire, begin: Ints, end: Ints) -> list[Fields]:
    """The fields of the messages that stand at some spans: the first of all, then the second of all that have one, ...

    Raises:
        OddError: If there is something else than fields.
    """
    steps: list[Fields] = []
    owner, position = np.arange(len(begin)), begin
    while True:
        more = position < end
        if not more.all():
            owner, position, end = owner[more], position[more], end[more]
        if len(owner) < _FEW:
            break
        steps.append(Fields(owner, *_heads(wire, position, end)))
        position = steps[-1].end
    if len(owner):
        steps.append(_one_by_one(wire.data, owner, position, end))
    return steps


def select(steps: list[Fields], *tags: int) -> Fields:
    """The fields that have one of the tags."""
    found = [selected for step in steps if len((selected := _selected(step, tags)).owner)]
    if len(found) < 2:
        return found[0] if found else _NO_FIELDS
    return Fields(*(np.concatenate(columns) for columns in zip(*found, strict=True)))


def _selected(step: Fields, tags: tuple[int, ...]) -> Fields:
    wanted = step.tag == tags[0]
    for tag in tags[1:]:
        wanted |= step.tag == tag
    return step if wanted.all() else step.at(wanted)


def _heads(wire: Wire, position: Ints, limit: Ints) -> tuple[Bytes, Ints, Ints]:
    """Tag, and begin and end of the payload, of the field at each position."""
    tag = wire.bytes[position]
    size = wire.bytes[position + 1]
    begin = position + 2
    end = begin + size
    plain = ((tag & 0x87) == LEN) & (tag > LEN) & (size < 0x80)  # one byte of tag, one of length
    if not plain.all():
        rare = np.flatnonzero(~plain)
        tag[rare], begin[rare], end[rare] = _any_heads(wire, position[rare])
    if (beyond := end > limit).any():
        raise OddError(position[beyond])
    return tag, begin, end


def _any_heads(wire: Wire, position: Ints) -> tuple[Ints, Ints, Ints]:
    tag, size = varints(wire.words(position))
    odd = (tag < 8) | (size == 0) | (size > 5) | (tag > 0xFFFFFFFF) | ((size > 1) & (tag < 0x80))
    begin = position + size
    number, size = varints(wire.words(begin))
    kind = tag & 7
    is_length = kind == LEN
    odd |= is_length & ((size == 0) | (size > 5) | (number > _LONGEST))
    odd |= (kind > FIXED32) | (kind == _GROUP) | (kind == _END)
    if odd.any():
        raise OddError(position[odd])
    if (long := (kind == VARINT) & (size == 0)).any():
        size[long] = 8 + varints(wire.words(begin[long] + 8))[1]
    begin = begin + size * is_length
    length = np.where(is_length, number, np.where(kind == VARINT, size, np.where(kind == FIXED64, 8, 4)))
    return np.where(tag < 0x80, tag, _UNKNOWN), begin, begin + length


# Numbers ----------------------------------------------------------------------------------------------------------


def varints(word: Words) -> tuple[Ints, Ints]:
    """The variable-length numbers that eight bytes begin with, and how many bytes they take (0: more than eight)."""
    stops = ~word & 0x8080808080808080  # the highest bit of each byte that ends a number
    first = stops & (~stops + 1)
    mask = first ^ (first - 1)
    size = (np.bitwise_count(mask) >> 3).astype(np.int64)
    size[first == 0] = 0
    value: Ints = _squeezed(word & mask).view(np.int64)
    return value, size


def _squeezed(x: Any) -> Any:
    """The lower seven bits of all eight bytes of words, side by side."""
    x = x & 0x7F7F7F7F7F7F7F7F
    x = (x & 0x007F007F007F007F) | ((x & 0x7F007F007F007F00) >> 1)
    x = (x & 0x00003FFF00003FFF) | ((x & 0x3FFF00003FFF0000) >> 2)
    return (x & 0x000000000FFFFFFF) | ((x & 0x0FFFFFFF00000000) >> 4)


def integers(wire: Wire, begin: Ints, end: Ints) -> tuple[Ints, Ints]:
    """The numbers that fill some spans, one span after the other, and how many each has. Raises `OddError`."""
    size = end - begin
    value, width = varints(wire.words(begin))
    if (width == size).all():
        return value, np.ones_like(size)
    data = gather(wire, begin, end)
    stop = np.flatnonzero(data < 0x80)  # the last byte of each number
    bounds = np.concatenate(([0], np.cumsum(size)))
    full = np.flatnonzero(size)
    if (cut_off := data[bounds[full + 1] - 1] >= 0x80).any():
        raise OddError(begin[full[cut_off]])
    if len(stop) == len(data):
        return data.astype(np.int64), size
    value, too_long = _joined(data, stop)
    if len(too_long):
        raise OddError(begin[np.searchsorted(bounds, stop[too_long], "right") - 1])
    return value, np.diff(np.searchsorted(stop, bounds))


def _joined(data: Bytes, stop: Ints) -> tuple[Ints, Ints]:
    """The numbers whose last bytes are known, and which of them are too long."""
    wire = Wire(data.tobytes() + PADDING)
    values, too_long = np.empty(len(stop), np.int64), [np.zeros(0, np.int64)]
    for at in range(0, len(stop), _BLOCK):
        last = stop[at : at + _BLOCK]
        start = np.concatenate(([stop[at - 1] + 1 if at else 0], last[:-1] + 1))
        width = last - start + 1
        value = _squeezed(wire.words(start) & LOWER[np.minimum(width, 8)])
        if len(long := np.flatnonzero(width > 8)):
            more = wire.words(start[long] + 8)  # one or two bytes of them
            value[long] |= ((more & 0x7F) << 56) | ((more >> 8 & 1) << 63) * (width[long] > 9)
            too_long.append(at + np.flatnonzero(width > 10))
        values[at : at + _BLOCK] = value.view(np.int64)
    return values, np.concatenate(too_long)


def gather(wire: Wire, begin: Ints, end: Ints) -> Bytes:
    """The bytes of some spans, side by side."""
    size = end - begin
    total = int(size.sum())
    if total > _BLOCK and len(size) > 1:
        half = len(size) // 2
        return np.concatenate((gather(wire, begin[:half], end[:half]), gather(wire, begin[half:], end[half:])))
    if total >= _LONG * len(size):
        view = memoryview(wire.data)
        spans = zip(begin.tolist(), end.tolist(), strict=True)
        return np.frombuffer(b"".join([view[start:stop] for start, stop in spans]), np.uint8)
    if (size == size[:1]).all():
        return wire.bytes[(begin[:, None] + np.arange(size[0])).ravel()]
    return wire.bytes[np.arange(total) + np.repeat(begin - np.cumsum(size) + size, size)]


# One message after the other ---------------------------------------------------------------------------------------


def _one_by_one(data: bytes, owner: Ints, position: Ints, limit: Ints) -> Fields:
    """The fields of a few messages."""
    found = array("q")
    for message, at, stop in zip(owner.tolist(), position.tolist(), limit.tolist(), strict=True):
        while at < stop:
            tag, size, begin = data[at], data[at + 1], at + 2
            if tag & 0x87 == LEN and tag > LEN and size < 0x80:
                end = begin + size
            else:
                tag, begin, end = _any_head(data, at)
            if end > stop:
                raise OddError(np.array([at]))
            found.extend((message, tag, begin, end))
            at = end
    table = np.frombuffer(found, np.int64).reshape(-1, 4).T
    return Fields(table[0], table[1].astype(np.uint8), table[2], table[3])


def _any_head(data: bytes, at: int) -> tuple[int, int, int]:
    tag, begin = _varint(data, at, 5)
    kind = tag & 7
    if kind in (FIXED32, FIXED64):
        end = begin + (4 if kind == FIXED32 else 8)
    elif kind == VARINT:
        end = _varint(data, begin, 10)[1]
    else:
        size, begin = _varint(data, begin, 5)
        end = begin + size
    if not 8 <= tag <= 0xFFFFFFFF or (tag < 0x80 and data[at] >= 0x80) or kind not in (VARINT, FIXED64, LEN, FIXED32):
        raise OddError(np.array([at]))
    return tag if tag < 0x80 else _UNKNOWN, begin, end


def _varint(data: bytes, at: int, longest: int) -> tuple[int, int]:
    """A number, and where it ends. There is always an end: the padding's zeros."""
    value = 0
    for k in range(longest):
        byte = data[at + k]
        value |= (byte & 0x7F) << 7 * k
        if byte < 0x80:
            return value, at + k + 1
    raise OddError(np.array([at]))

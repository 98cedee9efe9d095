"""`Example` and `SequenceExample` messages, many at a time, as columns.

The messages' levels are taken apart one after the other, each for all messages at once:

    record -> Features -> entries of the map -> name and Feature -> list of one kind -> values
    record -> FeatureLists -> entries of the map -> name and FeatureList -> Features -> ...

Features are sorted by name and record in between, so that the values of a column come out side by side.
"""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from headwater.data._names import Names
from headwater.data._wire import Bytes, Ints, OddError, Wire, fields, gather, integers, select

Offsets = npt.NDArray[np.int32]

# Tags: field number << 3 | wire type
_FIRST, _SECOND = 0x0A, 0x12  # messages, strings, and packed numbers in fields 1 and 2
_INTEGER, _FLOAT = 0x08, 0x0D  # single numbers in field 1


@dataclasses.dataclass(frozen=True)
class Level:
    """Lists: list ``i`` has the elements from ``offsets[i]`` to ``offsets[i + 1]``.

    Args:
        offsets: int32 ``[lists + 1]``.
        valid: bool ``[lists]``; a list that is not valid is null, and has no elements.
    """

    offsets: Offsets
    valid: npt.NDArray[np.bool_]


_NO_LISTS = Level(np.zeros(1, np.int32), np.zeros(0, np.bool_))


@dataclasses.dataclass(frozen=True)
class Column:
    """The values of a feature in some records, as Arrow lays them out.

    Args:
        kind: ``"int64"``, ``"float"``, ``"bytes"``, or ``"null"`` where no record has values.
        levels: From the outside in: one for a feature (a list per record), two for a feature list (a list of lists per
            record), none for the records themselves.
        values: int64, float32, or for bytes uint8: all values, one after the other.
        ends: For bytes, int32 ``[values + 1]``: value ``i`` has the bytes from ``ends[i]`` to ``ends[i + 1]``.
    """

    kind: str
    levels: tuple[Level, ...]
    values: npt.NDArray[Any]
    ends: Offsets | None = None

    def to_list(self) -> list[Any]:
        """The values as Python objects: per record a list, a list of lists, or None; bytes for the records."""
        found: list[Any] = self.values.tolist()
        if self.ends is not None:
            data, ends = self.values.tobytes(), self.ends.tolist()
            found = [data[begin:end] for begin, end in itertools.pairwise(ends)]
        for level in reversed(self.levels):
            at = level.offsets.tolist()
            spans = zip(at, at[1:], level.valid.tolist(), strict=False)
            found = [found[begin:end] if valid else None for begin, end, valid in spans]
        return found


# Values of one kind ------------------------------------------------------------------------------------------------


class _Values(NamedTuple):
    """Values of lists, one list after the other.

    Args:
        counts: How many values each list has.
        values: The values; of bytes the bytes.
        ends: Where the values end, for bytes; with a zero before them.
    """

    counts: Ints
    values: npt.NDArray[Any]
    ends: Ints | None = None

    def between(self, start: int, stop: int) -> tuple[npt.NDArray[Any], Offsets | None]:
        """Some of the values."""
        if self.ends is None:
            return self.values[start:stop], None
        ends = self.ends[start : stop + 1]
        return self.values[ends[0] : ends[-1]], (ends - ends[0]).astype(np.int32)


def _integers(wire: Wire, begin: Ints, end: Ints) -> _Values:
    runs = select(fields(wire, begin, end), _FIRST, _INTEGER).grouped()
    values, count = integers(wire, runs.begin, runs.end)
    return _Values(_totals(runs.owner, count, len(begin)), values)


def _floats(wire: Wire, begin: Ints, end: Ints) -> _Values:
    runs = select(fields(wire, begin, end), _FIRST, _FLOAT).grouped()
    size = runs.end - runs.begin
    if (torn := size & 3 != 0).any():
        raise OddError(runs.begin[torn])
    return _Values(_totals(runs.owner, size >> 2, len(begin)), gather(wire, runs.begin, runs.end).view("<f4"))


def _bytes(wire: Wire, begin: Ints, end: Ints) -> _Values:
    runs = select(fields(wire, begin, end), _FIRST).grouped()
    count = _totals(runs.owner, np.ones_like(runs.owner), len(begin))
    ends = np.concatenate(([0], np.cumsum(runs.end - runs.begin)))
    return _Values(count, gather(wire, runs.begin, runs.end), ends)


def _totals(owner: Ints, amount: Ints, owners: int) -> Ints:
    if len(owner) == owners and np.array_equal(owner, np.arange(owners)):
        return amount
    return np.bincount(owner, amount, owners).astype(np.int64)


class _Kind(NamedTuple):
    name: str
    read: Callable[[Wire, Ints, Ints], _Values]


_KINDS = {  # by their tags in a Feature
    0x0A: _Kind("bytes", _bytes),
    0x12: _Kind("float", _floats),
    0x1A: _Kind("int64", _integers),
}
_CELLS = 1 << 24  # records times names, at most, to be decoded at once
_NULL = 0  # the kind of a Feature without a list

DTYPES: dict[str, Any] = {"int64": np.int64, "float": np.float32, "bytes": np.uint8, "null": np.int64}  # by kind


# Features ----------------------------------------------------------------------------------------------------------


class _Entries(NamedTuple):
    """Entries of the maps of records, sorted by name and record.

    Args:
        names: The number of each name that occurs.
        edges: Where the entries of each begin, and how many entries there are.
        record: Of each entry.
        begin: Where the value's message begins.
        end: And where it ends.
    """

    names: Ints
    edges: Ints
    record: Ints
    begin: Ints
    end: Ints


class _Features(NamedTuple):
    """What is in some Feature messages.

    Args:
        kind: The tag of each one's list.
        values: By tag: the values of all of the kind.
        counts: How many values each feature has.
    """

    kind: Bytes
    values: dict[int, _Values]
    counts: Ints


def _entries(wire: Wire, begin: Ints, end: Ints, names: Names) -> _Entries:
    entry = select(fields(wire, begin, end), _FIRST)
    total, records = len(entry.owner), len(begin)
    parts = fields(wire, entry.begin, entry.end)
    _, *key = select(parts, _FIRST).once(total)
    _, *value = select(parts, _SECOND).once(total)
    number, which = names.find(wire, *key), np.arange(total)
    if not names.wanted.all():
        which = np.flatnonzero(names.wanted[number])
        number = number[which]
    occurs = np.bincount(number, minlength=len(names.names)) > 0
    names_here = np.flatnonzero(occurs)
    cells = len(names_here) * records
    if cells > _CELLS and records > 1:
        raise TooWideError
    place = (np.cumsum(occurs) * records - records)[number] + entry.owner[which]
    if not (place[1:] > place[:-1]).all():
        table = np.full(cells, -1, np.int32)
        table[place] = which
        if (again := table[place] != which).any():
            raise OddError(entry.begin[which[again]])
        place = np.flatnonzero(table >= 0)
        which = table[place].astype(np.int64)
    rows = np.arange(0, cells + 1, records)
    edges = np.searchsorted(place, rows)
    record = place - np.repeat(rows[:-1], np.diff(edges))
    return _Entries(names_here, edges, record, value[0][which], value[1][which])


def _features(wire: Wire, begin: Ints, end: Ints, values: bool) -> _Features:
    kind, begin, end = select(fields(wire, begin, end), *_KINDS).once(len(begin))
    found, count = {}, np.zeros(len(begin), np.int64)
    for tag, (_, read) in _KINDS.items() if values else ():
        if len(which := np.flatnonzero(kind == tag)):
            found[tag] = read(wire, begin[which], end[which])
            count[which] = found[tag].counts
    return _Features(kind, found, count)


class TooWideError(Exception):
    """The records have so many different names that their columns would be mostly empty."""


class WrongKindError(Exception):
    """A feature has values of different kinds.

    Args:
        record: The place among the records of the buffer.
        feature: The feature's name.
        expected: The kind it had before.
        received: The kind it has in the record.
    """

    def __init__(self, record: int, feature: str, expected: str, received: str) -> None:
        super().__init__(record, feature, expected, received)
        self.record, self.feature, self.expected, self.received = record, feature, expected, received


class FeatureColumns:
    """Makes the columns of the features (or of the feature lists) of records.

    Args:
        wanted: The features' names, or names and kinds; None: all features.
        depth: 1 for features, 2 for feature lists.
    """

    def __init__(self, wanted: Iterable[str] | Mapping[str, str] | None, depth: int) -> None:
        self.wanted = None if wanted is None else tuple(wanted)
        self.kinds: dict[str, str] = dict(wanted) if isinstance(wanted, Mapping) else {}
        self.depth = depth
        self._names = Names(self.wanted)

    def all_kinds(self) -> dict[str, str]:
        """The kinds by name, of all wanted names or all that were met."""
        names = sorted(self._names.names) if self.wanted is None else self.wanted
        return {name: self.kinds.get(name, "null") for name in names}

    def absent(self) -> list[str]:
        """The wanted names that were not met."""
        met = frozenset(self._names.names)
        return [name for name in self.wanted or () if name not in met]

    def read(self, wire: Wire, begin: Ints, end: Ints, values: bool = True) -> dict[str, Column]:
        """The columns of maps at some spans, one per record. Without `values`, only `kinds` are learnt, of all names.

        Raises:
            OddError: If a message is better left to Google's parser.
            TooWideError: If there are too many names for so many records.
            WrongKindError: If a feature has several kinds.
        """
        entries = _entries(wire, begin, end, self._names)
        owner, count, bounds = np.arange(len(entries.record)), None, entries.edges
        spans = entries.begin, entries.end
        if self.depth == 2:
            owner, _, first, last = select(fields(wire, *spans), _FIRST).grouped()
            spans = first, last
            count = np.bincount(owner, minlength=len(entries.record))
            bounds = np.concatenate(([0], np.cumsum(count)))[bounds]
        features = _features(wire, *spans, values)
        names = [self._names.names[number] for number in entries.names.tolist()]
        tags = self._tags(names, features.kind, bounds, lambda which: int(entries.record[owner[which]]))
        if not values:
            return {}
        present = features.kind != _NULL if count is None else np.ones(len(entries.record), np.bool_)
        outer = _outer_levels(entries, len(begin), features.counts if count is None else count, present)
        inner = _inner_levels(features, bounds) if self.depth == 2 else [()] * len(names)
        contents = _contents(features, bounds, tags)
        found = {
            name: Column(self.kinds.get(name, "null"), (level, *more), *(content or self._no_values(name)))
            for name, level, more, content in zip(names, outer, inner, contents, strict=True)
        }
        wanted = sorted(found) if self.wanted is None else self.wanted
        return {name: found[name] if name in found else self._absent(name, len(begin)) for name in wanted}

    def _absent(self, name: str, rows: int) -> Column:
        """The column of a feature that is in none of the records."""
        levels = (Level(np.zeros(rows + 1, np.int32), np.zeros(rows, np.bool_)), *[_NO_LISTS] * (self.depth - 1))
        return Column(self.kinds.get(name, "null"), levels, *self._no_values(name))

    def _no_values(self, name: str) -> tuple[npt.NDArray[Any], Offsets | None]:
        kind = self.kinds.get(name, "null")
        return np.zeros(0, DTYPES[kind]), np.zeros(1, np.int32) if kind == "bytes" else None

    def _tags(self, names: list[str], kind: Bytes, bounds: Ints, record: Callable[[int], int]) -> list[int]:
        """The kind of each name's features, as a tag. Raises `WrongKindError`."""
        tags = []
        for name, start, stop in zip(names, bounds.tolist(), bounds[1:].tolist(), strict=False):
            part = kind[start:stop]
            tag = int(part.max(initial=_NULL))
            if tag and (self.kinds.get(name) != _KINDS[tag].name or not ((part == tag) | (part == _NULL)).all()):
                for which in np.flatnonzero(part).tolist():
                    received = _KINDS[int(part[which])].name
                    if (expected := self.kinds.setdefault(name, received)) != received:
                        raise WrongKindError(record(start + which), name, expected, received)
            tags.append(tag)
        return tags


def _outer_levels(entries: _Entries, records: int, count: Ints, present: npt.NDArray[np.bool_]) -> list[Level]:
    names = len(entries.names)
    group = np.repeat(np.arange(names), np.diff(entries.edges))
    offsets, valid = np.zeros((names, records + 1), np.int32), np.zeros((names, records), np.bool_)
    place = group * records + entries.record
    valid.ravel()[place] = present
    place += group + 1
    offsets.ravel()[place] = count
    return [Level(*rows) for rows in zip(np.cumsum(offsets, axis=1, dtype=np.int32), valid, strict=True)]


def _inner_levels(features: _Features, bounds: Ints) -> list[tuple[Level, ...]]:
    """The levels of the features within feature lists."""
    ends = np.concatenate(([0], np.cumsum(features.counts)))
    valid = features.kind != _NULL
    spans = itertools.pairwise(bounds.tolist())
    return [
        (Level((ends[start : stop + 1] - ends[start]).astype(np.int32), valid[start:stop]),) for start, stop in spans
    ]


def _contents(
    features: _Features, bounds: Ints, tags: list[int]
) -> Iterable[tuple[npt.NDArray[Any], Offsets | None] | None]:
    """The values of each name's features, None where there is none."""
    ends = {
        tag: np.concatenate(([0], np.cumsum(features.counts * (features.kind == tag))))[bounds].tolist()
        for tag in features.values
    }
    for k, tag in enumerate(tags):
        yield features.values[tag].between(*ends[tag][k : k + 2]) if tag else None

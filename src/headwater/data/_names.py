"""The names of features, found for many keys at once."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np
import numpy.typing as npt

from headwater.data._wire import LOWER, Ints, OddError, Wire, Words
from headwater.data.records import PADDING

_WORDS = 8  # names of more words are compared one by one
_LEAST_BITS = 14
_FACTOR = 0x9E3779B97F4A7C15


class Names:
    """Names by number, in the order in which they were met.

    Args:
        wanted: The names that matter; None: all.
    """

    def __init__(self, wanted: Collection[str] | None = None) -> None:
        self.names: list[str] = []
        self.wanted: npt.NDArray[np.bool_] = np.zeros(0, np.bool_)
        self._which = wanted if wanted is None else frozenset(wanted)
        self._numbers: dict[bytes, int] = {}
        self._words: Words = np.zeros((_WORDS, 0), np.uint64)
        self._size: Ints = np.zeros(0, np.int64)
        self._hashes: Words = np.zeros(0, np.uint64)
        self._table: Ints = np.zeros(0, np.int64)  # names by the highest bits of their hashes
        self._shift = np.uint64(64)

    def find(self, wire: Wire, begin: Ints, end: Ints) -> Ints:
        """The number of each key; names that are met for the first time get one. Raises `OddError`."""
        size = end - begin
        words = _key_words(wire, begin, size)
        hashes = _hashed(words, size)
        number, found = self._look_up(words, size, hashes)
        if not found.all():
            rest = np.flatnonzero(~found)
            first = rest[np.unique(hashes[rest], return_index=True)[1]]
            self._add(wire, begin[first], end[first])
            number[rest], found[rest] = self._look_up(words[:, rest], size[rest], hashes[rest])
            rest = np.flatnonzero(~found)  # long names, and names whose place in the table another one took
            number[rest] = self._add(wire, begin[rest], end[rest])
        return number

    def _look_up(self, words: Words, size: Ints, hashes: Words) -> tuple[Ints, npt.NDArray[np.bool_]]:
        """The names that have the hashes, and whether they are equal to the keys."""
        if not len(self.names):
            return np.zeros(len(size), np.int64), np.zeros(len(size), np.bool_)
        number = self._table[hashes >> self._shift]
        found = (self._size[number] == size) & (size <= 8 * _WORDS)
        for mine, theirs in zip(self._words, words, strict=False):
            found &= mine[number] == theirs
        return number, found

    def _add(self, wire: Wire, begin: Ints, end: Ints) -> list[int]:
        """The number of each key, one by one."""
        keys = [wire.data[start:stop] for start, stop in zip(begin.tolist(), end.tolist(), strict=True)]
        added = {key: _text(key) for key in keys if key not in self._numbers}
        if None in added.values():
            raise OddError(begin[[added.get(key, "") is None for key in keys]])
        if added:
            self._numbers |= {key: len(self.names) + k for k, key in enumerate(added)}
            self.names += [text for text in added.values() if text is not None]
            self._index(list(added))
        return [self._numbers[key] for key in keys]

    def _index(self, added: list[bytes]) -> None:
        """Makes names known to `_look_up`."""
        end = np.cumsum([len(key) for key in added])
        size = np.diff(end, prepend=0)
        words = _key_words(Wire(b"".join(added) + PADDING), end - size, size)
        filled = np.zeros((_WORDS, len(added)), np.uint64)
        filled[: len(words)] = words
        self._words = np.concatenate((self._words, filled), axis=1)
        self._size = np.concatenate((self._size, size))
        self._hashes = np.concatenate((self._hashes, _hashed(words, size)))
        bits = max(_LEAST_BITS, 4 + len(self.names).bit_length())
        self._shift = np.uint64(64 - bits)
        self._table = np.zeros(1 << bits, np.int64)
        self._table[self._hashes >> self._shift] = np.arange(len(self._hashes))
        which = self._which
        wanted = [which is None or name in which for name in self.names[-len(added) :]]
        self.wanted = np.concatenate((self.wanted, np.array(wanted, np.bool_)))


def _text(key: bytes) -> str | None:
    try:
        return key.decode()
    except UnicodeDecodeError:
        return None


def _key_words(wire: Wire, begin: Ints, size: Ints) -> Words:
    """The bytes of keys, as far as they are compared: ``[words, keys]``, with zeros behind shorter keys."""
    count = min(int(size.max(initial=0)) + 7 >> 3, _WORDS)
    words = np.empty((count, len(size)), np.uint64)
    for k in range(count):
        words[k] = wire.words(begin + np.minimum(8 * k, size)) & LOWER[np.clip(size - 8 * k, 0, 8)]
    return words


def _hashed(words: Words, size: Ints) -> Words:
    value = size.astype(np.uint64)
    for word in words:
        value = (value ^ word) * _FACTOR
        value ^= value >> 29
    return value

"""Messages byte by byte, and what Google's parser makes of them: what tests compare with."""

from __future__ import annotations

from typing import Any

import numpy as np
from google.protobuf.message import DecodeError
from hypothesis import strategies as st

from headwater.data.examples import ExampleError
from headwater.data.records import PADDING, Chunk
from headwater.ops._example_protos import messages

LISTS = {"bytes": "bytes_list", "float": "float_list", "int64": "int64_list"}


def chunk_of(contents: list[bytes]) -> Chunk:
    """Records as they stand in a file, without their checksums."""
    size = np.array([len(content) for content in contents], np.int64)
    begin = np.cumsum(size + 16) - size - 4
    return Chunk(b"".join(bytes(12) + content + bytes(4) for content in contents) + PADDING, begin, begin + size, 0, 0)


def example(**features: Any) -> bytes:
    """A serialized Example; a value of None is a feature without a list."""
    found = messages()["Example"]()
    for name, values in features.items():
        fill(found.features.feature[name], values)
    return bytes(found.SerializeToString())


def sequence_example(context: dict[str, Any], lists: dict[str, list[Any]]) -> bytes:
    """A serialized SequenceExample."""
    found = messages()["SequenceExample"]()
    for name, values in context.items():
        fill(found.context.feature[name], values)
    for name, features in lists.items():
        target = found.feature_lists.feature_list[name].feature
        for values in features:
            fill(target.add(), values)
    return bytes(found.SerializeToString())


def fill(feature: Any, values: Any) -> None:
    """Sets a Feature: of a list of Python values, or of an array, whose dtype then decides."""
    if values is not None:
        kind = np.asarray(values).dtype.kind
        target = {"S": feature.bytes_list, "f": feature.float_list}.get(kind, feature.int64_list)
        target.SetInParent()
        target.value.extend(values)


# The naive reading -------------------------------------------------------------------------------------------------


class ConflictError(Exception):
    """A feature has values of different kinds."""


def read_naively(contents: list[bytes], message: str = "Example") -> list[dict[str, tuple[str, list[Any]]]]:
    """Columns of the features (and of the feature lists): name to kind and values, by Google's parser."""
    parsed = [messages(maps=False)[message].FromString(content) for content in contents]
    if message == "Example":
        return [_columns([{e.key: _values(e.value) for e in p.features.feature} for p in parsed])]
    context = [{e.key: _values(e.value) for e in p.context.feature} for p in parsed]
    lists = [{e.key: [_values(f) for f in e.value.feature] for e in p.feature_lists.feature_list} for p in parsed]
    return [_columns(context), _columns(lists)]


def _values(feature: Any) -> tuple[str, list[Any]] | None:
    kind = feature.WhichOneof("kind")
    return None if kind is None else (kind.removesuffix("_list"), list(getattr(feature, kind).value))


def _columns(rows: list[dict[str, Any]]) -> dict[str, tuple[str, list[Any]]]:
    columns = {}
    for name in sorted({name for row in rows for name in row}):
        values = [row.get(name) for row in rows]
        kinds = {kind for value in values for kind in _kinds(value)}
        if len(kinds) > 1:
            raise ConflictError(name)
        columns[name] = (kinds.pop() if kinds else "null", [_bare(value) for value in values])
    return columns


def _kinds(value: Any) -> set[str]:
    if value is None:
        return set()
    return {value[0]} if isinstance(value, tuple) else {kind for item in value for kind in _kinds(item)}


def _bare(value: Any) -> Any:
    if value is None:
        return None
    return value[1] if isinstance(value, tuple) else [_bare(item) for item in value]


def outcome(read: Any, *arguments: Any) -> Any:
    """What a reading gives, comparable (a NaN equals itself): columns, or the name of what is wrong."""
    try:
        columns = read(*arguments)
    except (DecodeError, ConflictError, ExampleError) as error:
        return "malformed" if isinstance(error, DecodeError) or " is no " in str(error) else "conflict"
    return repr(columns)


# Random messages, byte by byte -------------------------------------------------------------------------------------


def varint(value: int, overlong: int = 0) -> bytes:
    """A variable-length number, with more bytes than it needs."""
    value &= (1 << 64) - 1
    found = bytearray()
    while value > 0x7F or overlong > 0:
        if value <= 0x7F:
            overlong -= 1
        found.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes(found) + bytes([value])


def block(number: int, payload: bytes, overlong: int = 0) -> bytes:
    """A field of bytes."""
    return varint(number << 3 | 2) + varint(len(payload), overlong) + payload


_integers = st.one_of(
    st.integers(0, 127), st.integers(-(2**63), 2**63 - 1), st.sampled_from([-1, 128, 2**31, 2**56, 2**62, -(2**63)])
)
_floats = st.floats(width=32)
_bytes = st.one_of(st.binary(max_size=4), st.binary(min_size=120, max_size=140), st.just(b"\n\x02\x08\x01"))
_overlong = st.sampled_from([0] * 9 + [1, 2])

_unknown = st.one_of(
    st.builds(lambda number, value: varint(number << 3) + varint(value), st.integers(9, 3000), _integers),
    st.builds(lambda number, data: block(number, data), st.integers(9, 3000), st.binary(max_size=5)),
    st.builds(
        lambda number, data: varint(number << 3 | 1) + data, st.integers(4, 99), st.binary(min_size=8, max_size=8)
    ),
    st.builds(
        lambda number, data: varint(number << 3 | 5) + data, st.integers(4, 99), st.binary(min_size=4, max_size=4)
    ),
    st.sampled_from([b"\x2b\x2c", b"\x2b\x08\x01\x2c", b"\x93\x01\x9b\x01\x9c\x01\x94\x01"]),  # groups
)


def _fields(known: st.SearchStrategy[bytes], most: int) -> st.SearchStrategy[bytes]:
    """Some known fields, rarely with unknown ones between them."""
    some = st.lists(known, max_size=most)
    return st.one_of(some, some, st.lists(st.one_of(known, _unknown), max_size=most)).map(b"".join)


_BYTES_LIST = _fields(st.builds(block, st.just(1), _bytes, _overlong), 4)
_FLOAT_LIST = _fields(
    st.one_of(
        st.lists(_floats, max_size=4).map(lambda values: block(1, np.array(values, "<f4").tobytes())),
        _floats.map(lambda value: b"\x0d" + np.array(value, "<f4").tobytes()),
    ),
    3,
)
_INT64_LIST = _fields(
    st.one_of(
        st.lists(st.builds(varint, _integers, _overlong), max_size=5).map(lambda values: block(1, b"".join(values))),
        st.builds(varint, _integers, _overlong).map(lambda value: b"\x08" + value),
    ),
    3,
)
_BY_KIND = {"bytes": (1, _BYTES_LIST), "float": (2, _FLOAT_LIST), "int64": (3, _INT64_LIST)}
_NAMES = {
    "a": "int64", "b": "float", "c": "bytes", "": "int64", "a name of more than eight bytes": "bytes", "aé": "float",
    "n" * 70: "int64",
}  # fmt: skip


def _feature(kind: str) -> st.SearchStrategy[bytes]:
    number, values = _BY_KIND[kind]
    one = values.map(lambda payload: block(number, payload))
    return st.one_of(one, one, one, st.just(b""), _fields(one, 3))


def _entry(name: str, value: st.SearchStrategy[bytes]) -> st.SearchStrategy[bytes]:
    """An entry of a map, in the usual order or rarely in another one."""
    key = st.just(block(1, name.encode()))
    usual = st.tuples(key, value.map(lambda payload: block(2, payload)))
    rare = st.lists(st.one_of(key, value.map(lambda payload: block(2, payload)), _unknown), max_size=4)
    return st.one_of(usual, usual, usual, rare).map(lambda parts: block(1, b"".join(parts)))


def _map(value: Any) -> st.SearchStrategy[bytes]:
    return _fields(st.sampled_from(sorted(_NAMES)).flatmap(lambda name: _entry(name, value(_NAMES[name]))), 6)


_features = _map(_feature)
_feature_lists = _map(lambda kind: _fields(_feature(kind).map(lambda payload: block(1, payload)), 3))


def _message(*parts: st.SearchStrategy[bytes]) -> st.SearchStrategy[bytes]:
    numbered = [part.map(lambda payload, n=n: block(n, payload)) for n, part in enumerate(parts, 1)]
    usual = st.tuples(*numbered).map(b"".join)
    return st.one_of(usual, usual, _fields(st.one_of(*numbered), 3))


EXAMPLES = _message(_features)
SEQUENCE_EXAMPLES = _message(_features, _feature_lists)


@st.composite
def record_lists(draw: st.DrawFn, record: st.SearchStrategy[bytes]) -> list[bytes]:
    """Few different records, many times."""
    some = draw(st.lists(record, min_size=1, max_size=4))
    count = draw(st.sampled_from([1, 3, 40, 90]))
    rng = draw(st.randoms(use_true_random=False))
    return [rng.choice(some) for _ in range(count)]

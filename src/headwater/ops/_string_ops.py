"""The string ops. Kernels run on the host: they get and give NumPy arrays, strings as objects of type bytes."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from headwater.core import dtypes
from headwater.core.dtypes import as_dtype
from headwater.core.errors import InvalidArgumentError
from headwater.core.op import Op, op
from headwater.core.shapes import TensorShape, broadcast_shapes
from headwater.ops import _fingerprint, _number_text, _regex, _unicode
from headwater.ops._text import tensor_text


def texts(values: Sequence[Any], shape: Sequence[int]) -> Any:
    """Byte strings as an array of a shape."""
    array = np.empty(len(values), object)
    array[:] = values
    return array.reshape(tuple(shape))


def each(function: Callable[..., Any], dtype: Any = object) -> Callable[..., Any]:
    """A kernel that applies a function of a value (and of the attributes) to every element."""

    def kernel(x: Any, **attrs: Any) -> Any:
        values = [function(value, **attrs) for value in x.reshape(-1).tolist()]
        return texts(values, x.shape) if dtype is object else np.asarray(values, dtype).reshape(x.shape)

    return kernel


def same_shape(dtype: Any) -> Callable[..., Any]:
    """The rule of ops that give a `dtype` for every element of the first input."""
    return lambda inputs, attrs: (dtype, inputs[0].shape)


def _text_op(name: str, function: Callable[..., Any]) -> Op:
    return Op(name, each(function), effect="host", spec=same_shape(dtypes.string))


def _number_op(name: str, function: Callable[..., Any], dtype: Any) -> Op:
    kernel = each(function, np.dtype(dtype.as_numpy_dtype))
    return Op(name, kernel, effect="host", spec=same_shape(dtype))


def vector(dtype: Any) -> Callable[..., Any]:
    """The rule of ops whose result is a vector of unknown length."""
    return lambda inputs, attrs: (dtype, TensorShape([None]))


# Element by element ---------------------------------------------------------------------------------------------


def _cased(method: str) -> Callable[..., bytes]:
    def change(text: bytes, *, encoding: str) -> bytes:
        if encoding == "utf-8":
            return getattr(text.decode("utf-8", "surrogateescape"), method)().encode("utf-8", "surrogateescape")
        return getattr(text, method)()

    return change


LOWER = _text_op("StringLower", _cased("lower"))
UPPER = _text_op("StringUpper", _cased("upper"))
STRIP = _text_op("StringStrip", lambda text: text.strip(b" \t\n\v\f\r"))
LENGTH = _number_op(
    "StringLength",
    lambda text, *, unit: len(text) if unit == "BYTE" else sum((byte & 0xC0) != 0x80 for byte in text),
    dtypes.int32,
)
REPLACE = _text_op(
    "RegexReplace",
    lambda text, *, pattern, rewrite, replace_global: _regex.replace(text, pattern, rewrite, replace_global),
)
FULL_MATCH = _number_op("RegexFullMatch", lambda text, *, pattern: _regex.matches(text, pattern), dtypes.bool)
HASH_FAST = _number_op(
    "StringToHashBucketFast", lambda text, *, num_buckets: _fingerprint.fingerprint64(text) % num_buckets, dtypes.int64
)
HASH = _number_op(
    "StringToHashBucket", lambda text, *, num_buckets: _fingerprint.murmur64(text) % num_buckets, dtypes.int64
)
HASH_STRONG = _number_op(
    "StringToHashBucketStrong",
    lambda text, *, num_buckets, key: _fingerprint.siphash(text, key) % num_buckets,
    dtypes.int64,
)


@op("StringToNumber", effect="host", spec=lambda inputs, attrs: (as_dtype(attrs["out_type"]), inputs[0].shape))
def TO_NUMBER(x: Any, *, out_type: Any) -> Any:
    """Numbers from their decimal text."""
    parse = _parse_integer if out_type.kind in "iu" else _parse_float
    with np.errstate(over="ignore"):
        values = [parse(text, out_type) for text in x.reshape(-1).tolist()]
        return np.asarray(values, out_type).reshape(x.shape)


def _parse_integer(text: bytes, dtype: Any) -> int:
    try:
        value = int(text)
        info = np.iinfo(dtype)
        if b"_" not in text and info.min <= value <= info.max:
            return value
    except ValueError:
        pass
    raise _not_a_number(text)


def _parse_float(text: bytes, dtype: Any) -> float:
    plain = text.strip()
    try:
        if b"_" in plain:
            raise _not_a_number(text)
        if b"x" in plain.lower():
            return float.fromhex(plain.decode())
        return float(plain)
    except ValueError:
        raise _not_a_number(text) from None


def _not_a_number(text: bytes) -> InvalidArgumentError:
    shown = text.decode("utf-8", "backslashreplace")
    return InvalidArgumentError(
        None, None, f"StringToNumberOp could not correctly convert string: {shown}. Expected a number."
    )


@op("AsString", effect="host", spec=same_shape(dtypes.string))
def AS_STRING(x: Any, *, precision: int, scientific: bool, shortest: bool, width: int, fill: str) -> Any:
    """Numbers as text."""
    if x.dtype == object:
        return texts([f"%{fill}{width if width > 0 else ''}s".encode() % t for t in x.reshape(-1).tolist()], x.shape)
    write = _number_text.number_formatter(x.dtype, precision, scientific, shortest, width, fill)
    values = x.reshape(-1).astype(np.float32) if x.dtype.name == "bfloat16" else x.reshape(-1)
    return texts([write(value).encode() for value in values.tolist()], x.shape)


def _substring_spec(inputs: Any, attrs: Any) -> Any:
    return dtypes.string, broadcast_shapes(inputs[0].shape, inputs[1].shape)


@op("Substr", effect="host", spec=_substring_spec)
def SUBSTR(x: Any, pos: Any, size: Any, *, unit: str) -> Any:
    """Parts of strings, from a position, of a length."""
    x, pos, size = np.broadcast_arrays(x, pos, size)
    rows = zip(x.reshape(-1).tolist(), pos.reshape(-1).tolist(), size.reshape(-1).tolist(), strict=True)
    return texts([_part(text, p, n, unit, i) for i, (text, p, n) in enumerate(rows)], x.shape)


def _part(text: bytes, position: int, size: int, unit: str, index: int) -> bytes:
    source: Any = text if unit == "BYTE" else text.decode("utf-8", "surrogateescape")
    if not -len(source) <= position <= len(source):
        raise InvalidArgumentError(
            None, None, f"pos {position} out of range for string {text!r} at index {index}. Expected a position in it."
        )
    start = position + len(source) if position < 0 else position
    part = source[start : start + max(size, 0)]
    return part if unit == "BYTE" else part.encode("utf-8", "surrogateescape")


# Joining and splitting ------------------------------------------------------------------------------------------


@op(
    "StringJoin",
    effect="host",
    spec=lambda inputs, attrs: (dtypes.string, broadcast_shapes(*[x.shape for x in inputs])),
)
def JOIN(*xs: Any, separator: bytes) -> Any:
    """Joins strings element by element; scalars go with every element."""
    arrays = np.broadcast_arrays(*xs)
    rows = zip(*[a.reshape(-1).tolist() for a in arrays], strict=True)
    return texts([separator.join(row) for row in rows], arrays[0].shape)


def _reduced(inputs: Any, attrs: Any) -> Any:
    shape, axis = inputs[0].shape, attrs["axis"]
    if shape.rank is None:
        return dtypes.string, TensorShape([] if axis is None and not attrs["keepdims"] else None)
    reduced = range(shape.rank) if axis is None else [a % shape.rank for a in axis]
    if attrs["keepdims"]:
        return dtypes.string, TensorShape([1 if i in reduced else d for i, d in enumerate(shape)])
    return dtypes.string, TensorShape([d for i, d in enumerate(shape) if i not in reduced])


@op("ReduceJoin", effect="host", spec=_reduced)
def REDUCE_JOIN(x: Any, *, axis: tuple[int, ...] | None, keepdims: bool, separator: bytes) -> Any:
    """Joins all strings along axes: along the first one first, then its results along the next."""
    order = list(range(x.ndim)) if axis is None else [a % x.ndim for a in reversed(axis)]
    kept = [i for i in range(x.ndim) if i not in order]
    moved = x.transpose([*kept, *order]).reshape([x.shape[i] for i in kept] + [-1])
    shape = [1 if i in order else x.shape[i] for i in range(x.ndim) if keepdims or i not in order]
    rows = moved.reshape(-1, moved.shape[-1]).tolist() if x.size else [[]] * int(np.prod(shape))
    return texts([separator.join(row) for row in rows], shape)


@op("StringSplitV2", effect="host", spec=vector(dtypes.string))
def SPLIT(x: Any, *, sep: bytes, maxsplit: int) -> Any:
    """The parts of one string between separators; an empty separator means runs of white space."""
    parts = x.item().split(sep or None, maxsplit)
    return texts(parts, [len(parts)])


@op("StringBytesSplit", effect="host", spec=vector(dtypes.string))
def BYTES_SPLIT(x: Any) -> Any:
    """The bytes of one string."""
    text = x.item()
    return texts([text[i : i + 1] for i in range(len(text))], [len(text)])


@op("UnsortedSegmentJoin", effect="host", spec=lambda inputs, attrs: (dtypes.string, _segments(inputs, attrs)))
def SEGMENT_JOIN(x: Any, ids: Any, *, num_segments: int, separator: bytes) -> Any:
    """Joins the strings of each segment."""
    rows = x.reshape(ids.size, -1)
    parts: list[list[list[bytes]]] = [[[] for _ in range(rows.shape[1])] for _ in range(num_segments)]
    for segment, row in zip(ids.reshape(-1).tolist(), rows.tolist(), strict=True):
        if segment >= num_segments:
            raise InvalidArgumentError(
                None, None, f"segment_ids must be < num_segments, received {segment} for {num_segments} segments."
            )
        for place, text in enumerate(row):
            if segment >= 0:
                parts[segment][place].append(text)
    joined = [separator.join(part) for row_parts in parts for part in row_parts]
    return texts(joined, [num_segments, *x.shape[ids.ndim :]])


def _segments(inputs: Any, attrs: Any) -> TensorShape:
    if inputs[0].shape.rank is None or inputs[1].shape.rank is None:
        return TensorShape(None)
    return TensorShape([attrs["num_segments"], *inputs[0].shape[inputs[1].shape.rank :]])


@op("StringNGrams", effect="host", spec=lambda inputs, attrs: (dtypes.string, _ngram_shape(inputs[0].shape)))
def NGRAMS(x: Any, *, widths: tuple[int, ...], separator: bytes, pads: Any, padding: int | None, short: bool) -> Any:
    """Runs of strings along the last dimension, joined."""
    rows = [
        _ngrams_of(row, widths, separator, pads, padding, short)
        for row in x.reshape(math.prod(x.shape[:-1]), x.shape[-1]).tolist()
    ]
    return texts([text for row in rows for text in row], [*x.shape[:-1], len(rows[0]) if rows else 0])


def _ngrams_of(
    row: list[bytes], widths: tuple[int, ...], separator: bytes, pads: Any, padding: int | None, short: bool
) -> list[bytes]:
    found = []
    for width in widths:
        size = 0 if pads is None else width - 1 if padding is None else min(padding, width - 1)
        padded = [*[pads[0]] * size, *row, *[pads[1]] * size] if pads else row
        found += [separator.join(padded[i : i + width]) for i in range(len(padded) - width + 1)]
    if short and not found and row:
        found = [separator.join(row)]
    return found


def _ngram_shape(shape: TensorShape) -> TensorShape:
    return TensorShape(None) if shape.rank is None else TensorShape([*shape[:-1], None])


@op("StringFormat", effect="host", spec=lambda inputs, attrs: (dtypes.string, TensorShape([])))
def FORMAT(*xs: Any, template: str, placeholder: str, summarize: int) -> Any:
    """A template with values in the places of its placeholders."""
    parts = template.split(placeholder)
    values = [tensor_text(x, summarize) for x in xs]
    text = parts[0] + "".join(v + p for v, p in zip(values, parts[1:], strict=True))
    return texts([text.encode()], [])


# Unicode --------------------------------------------------------------------------------------------------------


@op("UnicodeTranscode", effect="host", spec=same_shape(dtypes.string))
def TRANSCODE(x: Any, *, rules: _unicode.Rules, output: str) -> Any:
    """Strings from one encoding to another."""
    found = [[point for point, _ in _unicode.characters(text, rules)] for text in x.reshape(-1).tolist()]
    return texts([_unicode.encode(points, output, rules.errors, rules.replacement) for points in found], x.shape)


@op("UnicodeEncode", effect="host", spec=lambda inputs, attrs: (dtypes.string, inputs[0].shape[:-1]))
def UNICODE_ENCODE(x: Any, *, output: str, errors: str, replacement: int) -> Any:
    """Strings from code points along the last dimension."""
    rows = x.reshape(math.prod(x.shape[:-1]), x.shape[-1]).tolist()
    return texts([_unicode.encode(row, output, errors, replacement) for row in rows], x.shape[:-1])


@op(
    "UnicodeDecodeWithOffsets",
    effect="host",
    spec=lambda inputs, attrs: [(dtypes.int32, TensorShape([None])), (dtypes.int64, TensorShape([None]))],
)
def UNICODE_DECODE(x: Any, *, rules: _unicode.Rules) -> Any:
    """Code points and byte offsets of one string."""
    found = np.asarray(_unicode.characters(x.item(), rules), np.int64).reshape(-1, 2)
    return found[:, 0].astype(np.int32), found[:, 1]

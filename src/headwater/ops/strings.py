"""`tf.strings`: text. Strings are sequences of bytes; functions that know of characters say so."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from headwater.core import dtypes
from headwater.core.dtypes import as_dtype
from headwater.core.tensor import EagerTensor, Tensor, convert_to_tensor
from headwater.core.variable import Variable
from headwater.ops import _regex, _unicode
from headwater.ops import _string_ops as ops
from headwater.ops._common import axes

__all__ = [
    "as_string", "bytes_split", "format", "join", "length", "lower", "ngrams", "reduce_join", "regex_full_match",
    "regex_replace", "split", "strip", "substr", "to_hash_bucket", "to_hash_bucket_fast", "to_hash_bucket_strong",
    "to_number", "unicode_decode", "unicode_decode_with_offsets", "unicode_encode", "unicode_split",
    "unicode_split_with_offsets", "unicode_transcode", "unsorted_segment_join", "upper",
]  # fmt: skip
ROOT_NAMES = ("as_string",)

_UNITS = ("BYTE", "UTF8_CHAR")
_TO_NUMBER = (dtypes.float32, dtypes.float64, dtypes.int32, dtypes.int64, dtypes.uint32, dtypes.uint64)


def _text(value: Any, what: str = "input") -> Tensor:
    tensor = convert_to_tensor(value, None if isinstance(value, Tensor | Variable | np.ndarray) else dtypes.string)
    if tensor.dtype is not dtypes.string:
        raise TypeError(f"Expected {what} of dtype string, received {tensor.dtype.name}. Use tf.strings.as_string.")
    return tensor


def _bytes(value: Any, what: str) -> bytes:
    """A text argument that is part of the program: Python text or an eager scalar."""
    if isinstance(value, EagerTensor):
        value = value.numpy()
    if isinstance(value, str):
        return value.encode()
    if isinstance(value, bytes):
        return value
    raise TypeError(f"Expected `{what}` to be text known while tracing, received {value!r}.")


def _unit(unit: str) -> str:
    if unit not in _UNITS:
        raise ValueError(f"unit must be one of {_UNITS}, received {unit!r}.")
    return unit


# Case, space, length --------------------------------------------------------------------------------------------


def lower(input: Any, encoding: str = "", name: str | None = None) -> Tensor:
    """Strings with their upper-case letters made lower: ASCII ones, or with ``encoding="utf-8"`` all.

    >>> tf.strings.lower("ÀB", encoding="utf-8").numpy().decode()
    'àb'
    """
    return ops.LOWER(_text(input), encoding=_case_encoding(encoding), name=name)


def upper(input: Any, encoding: str = "", name: str | None = None) -> Tensor:
    """Strings with their lower-case letters made upper: ASCII ones, or with ``encoding="utf-8"`` all.

    >>> tf.strings.upper(["ab", "c"])
    <tf.Tensor: shape=(2,), dtype=string, numpy=array([b'AB', b'C'], dtype=object)>
    """
    return ops.UPPER(_text(input), encoding=_case_encoding(encoding), name=name)


def _case_encoding(encoding: str) -> str:
    if encoding.lower() not in ("", "utf-8"):
        raise ValueError(f"encoding must be '' or 'utf-8', received {encoding!r}.")
    return encoding.lower()


def strip(input: Any, name: str | None = None) -> Tensor:
    r"""Strings without white space at their ends.

    >>> tf.strings.strip(" a b\n")
    <tf.Tensor: shape=(), dtype=string, numpy=b'a b'>
    """
    return ops.STRIP(_text(input), name=name)


def length(input: Any, unit: str = "BYTE", name: str | None = None) -> Tensor:
    """The number of bytes or, with ``unit="UTF8_CHAR"``, characters of each string.

    >>> tf.strings.length("é"), tf.strings.length("é", unit="UTF8_CHAR")
    (<tf.Tensor: shape=(), dtype=int32, numpy=2>, <tf.Tensor: shape=(), dtype=int32, numpy=1>)
    """
    return ops.LENGTH(_text(input), unit=_unit(unit), name=name)


def substr(input: Any, pos: Any, len: Any, unit: str = "BYTE", name: str | None = None) -> Tensor:
    """Parts of strings.

    Args:
        input: Strings.
        pos: Where each part begins; negative positions count from the end. Broadcasts with `input`.
        len: How long it is at most, in the shape of `pos`.
        unit: ``"BYTE"`` or ``"UTF8_CHAR"``.
        name: A name for the op.

    Raises:
        InvalidArgumentError: If a position is outside its string.

    >>> tf.strings.substr(["hello", "world"], 1, 3)
    <tf.Tensor: shape=(2,), dtype=string, numpy=array([b'ell', b'orl'], dtype=object)>
    """
    start = convert_to_tensor(pos)
    size = convert_to_tensor(len, dtype_hint=start.dtype)
    return ops.SUBSTR(_text(input), start, size, unit=_unit(unit), name=name)


# Joining and splitting ------------------------------------------------------------------------------------------


def join(inputs: Any, separator: Any = "", name: str | None = None) -> Tensor:
    """Joins tensors of strings element by element.

    Args:
        inputs: A list of tensors of one shape; scalars go with every element.
        separator: What is put between.
        name: A name for the op.

    >>> tf.strings.join([["a", "b"], "c"], "-")
    <tf.Tensor: shape=(2,), dtype=string, numpy=array([b'a-c', b'b-c'], dtype=object)>
    """
    tensors = [_text(x, "inputs") for x in inputs]
    if not tensors:
        return _text("")
    return ops.JOIN(*tensors, separator=_bytes(separator, "separator"), name=name)


def reduce_join(
    inputs: Any, axis: Any = None, keepdims: bool = False, separator: Any = "", name: str | None = None
) -> Tensor:
    """Joins all strings along axes.

    Args:
        inputs: Strings.
        axis: An axis or several, joined along one after the other; None: all, from the last to the first.
        keepdims: Whether joined axes stay, with size 1.
        separator: What is put between.
        name: A name for the op.

    >>> tf.strings.reduce_join([["a", "b"], ["c", "d"]], axis=-1, separator=" ")
    <tf.Tensor: shape=(2,), dtype=string, numpy=array([b'a b', b'c d'], dtype=object)>
    """
    return ops.REDUCE_JOIN(
        _text(inputs), axis=axes(axis), keepdims=bool(keepdims), separator=_bytes(separator, "separator"), name=name
    )


def unsorted_segment_join(
    inputs: Any, segment_ids: Any, num_segments: Any, separator: Any = "", name: str | None = None
) -> Tensor:
    """Joins the strings of each segment, in order.

    >>> tf.strings.unsorted_segment_join(["a", "b", "c"], [1, 0, 1], 2, ":")
    <tf.Tensor: shape=(2,), dtype=string, numpy=array([b'b', b'a:c'], dtype=object)>
    """
    return ops.SEGMENT_JOIN(
        _text(inputs),
        convert_to_tensor(segment_ids),
        num_segments=int(num_segments),
        separator=_bytes(separator, "separator"),
        name=name,
    )


def _one_string(value: Any, function: str) -> Tensor:
    tensor = _text(value)
    if tensor.shape.rank != 0:
        raise ValueError(
            f"tf.strings.{function} expects one string (a scalar), received shape {tensor.shape}: the parts of several "
            "strings differ in number, and so have no dense tensor. Split them one by one, or join them first."
        )
    return tensor


def split(input: Any, sep: Any = None, maxsplit: int = -1, name: str | None = None) -> Tensor:
    """The parts of a string.

    Args:
        input: One string.
        sep: What separates the parts; None or empty: runs of white space.
        maxsplit: How often to split at most; -1: wherever possible.
        name: A name for the op.

    >>> tf.strings.split("a b  c")
    <tf.Tensor: shape=(3,), dtype=string, numpy=array([b'a', b'b', b'c'], dtype=object)>
    """
    separator = b"" if sep is None else _bytes(sep, "sep")
    return ops.SPLIT(_one_string(input, "split"), sep=separator, maxsplit=int(maxsplit), name=name)


def bytes_split(input: Any, name: str | None = None) -> Tensor:
    """The bytes of one string.

    >>> tf.strings.bytes_split("ab")
    <tf.Tensor: shape=(2,), dtype=string, numpy=array([b'a', b'b'], dtype=object)>
    """
    return ops.BYTES_SPLIT(_one_string(input, "bytes_split"), name=name)


def ngrams(
    data: Any,
    ngram_width: int | Sequence[int],
    separator: Any = " ",
    pad_values: Any = None,
    padding_width: int | None = None,
    preserve_short_sequences: bool = False,
    name: str | None = None,
) -> Tensor:
    """Runs of neighbouring strings along the last dimension, each joined.

    Args:
        data: Strings, of at least one dimension.
        ngram_width: How many strings make a run; several widths give the runs of each in turn.
        separator: What is put between.
        pad_values: A string, or one for the left and one for the right end, to pad with; None: no padding.
        padding_width: How many to pad with; None: one less than the width.
        preserve_short_sequences: Whether a row too short for any run gives itself.
        name: A name for the op.

    >>> tf.strings.ngrams(["a", "b", "c"], 2)
    <tf.Tensor: shape=(2,), dtype=string, numpy=array([b'a b', b'b c'], dtype=object)>
    """
    widths = (ngram_width,) if isinstance(ngram_width, int) else tuple(ngram_width)
    if any(width < 1 for width in widths):
        raise ValueError(f"All ngram_widths must be greater than or equal to 1, received {ngram_width}.")
    if isinstance(pad_values, str | bytes):
        pad_values = (pad_values, pad_values)
    pads = None if pad_values is None else tuple([_bytes(p, "pad_values") for p in pad_values])
    return ops.NGRAMS(
        _text(data),
        widths=widths,
        separator=_bytes(separator, "separator"),
        pads=pads,
        padding=padding_width,
        short=bool(preserve_short_sequences),
        name=name,
    )


# Regular expressions --------------------------------------------------------------------------------------------


def regex_replace(
    input: Any, pattern: Any, rewrite: Any, replace_global: bool = True, name: str | None = None
) -> Tensor:
    r"""Strings with what matches a pattern replaced.

    Args:
        input: Strings.
        pattern: A regular expression of RE2's syntax.
        rewrite: What to put in place; ``\1`` is the first group of the match, ``\0`` all of it.
        replace_global: Whether every match is replaced, or only the first.
        name: A name for the op.

    Raises:
        InvalidArgumentError: If the pattern or the rewrite is not well formed.

    >>> tf.strings.regex_replace("one 1 two 2", "[0-9]", "#")
    <tf.Tensor: shape=(), dtype=string, numpy=b'one # two #'>
    """
    found, text = _bytes(pattern, "pattern"), _bytes(rewrite, "rewrite")
    _regex.compile_pattern(found)
    return ops.REPLACE(_text(input), pattern=found, rewrite=text, replace_global=bool(replace_global), name=name)


def regex_full_match(input: Any, pattern: Any, name: str | None = None) -> Tensor:
    """Whether each string matches a regular expression from end to end.

    >>> tf.strings.regex_full_match(["abc", "ab"], "a.*c")
    <tf.Tensor: shape=(2,), dtype=bool, numpy=array([ True, False])>
    """
    found = _bytes(pattern, "pattern")
    _regex.compile_pattern(found)
    return ops.FULL_MATCH(_text(input), pattern=found, name=name)


# Numbers --------------------------------------------------------------------------------------------------------


def to_number(input: Any, out_type: Any = dtypes.float32, name: str | None = None) -> Tensor:
    """The numbers that strings spell.

    Args:
        input: Strings.
        out_type: float32, float64, int32, int64, uint32 or uint64.
        name: A name for the op.

    Raises:
        InvalidArgumentError: If a string is not such a number.

    >>> tf.strings.to_number(["1.5", "-2e3"])
    <tf.Tensor: shape=(2,), dtype=float32, numpy=array([ 1.5e+00, -2.0e+03], dtype=float32)>
    """
    found = as_dtype(out_type)
    if found not in _TO_NUMBER:
        raise TypeError(f"out_type must be one of {_TO_NUMBER}, received {found}.")
    return ops.TO_NUMBER(_text(input), out_type=np.dtype(found.as_numpy_dtype), name=name)


def as_string(
    input: Any,
    precision: int = -1,
    scientific: bool = False,
    shortest: bool = False,
    width: int = -1,
    fill: str = "",
    name: str | None = None,
) -> Tensor:
    """Numbers as text.

    Args:
        input: Numbers or truth values.
        precision: Digits after the point; -1: six.
        scientific: Whether to write an exponent.
        shortest: Whether to leave out zeros at the end.
        width: At least so many characters.
        fill: What to pad with on the left: space, ``"0"``; ``"-"`` pads on the right, ``"+"`` writes signs.
        name: A name for the op.

    >>> tf.strings.as_string([1.5, 2.0], precision=2)
    <tf.Tensor: shape=(2,), dtype=string, numpy=array([b'1.50', b'2.00'], dtype=object)>
    """
    return ops.AS_STRING(
        convert_to_tensor(input),
        precision=int(precision),
        scientific=bool(scientific),
        shortest=bool(shortest),
        width=int(width),
        fill=fill,
        name=name,
    )


def format(template: str, inputs: Any, placeholder: str = "{}", summarize: int = 3, name: str | None = None) -> Tensor:
    """A template with tensors in the places of its placeholders.

    Args:
        template: The text.
        inputs: A tensor or a list of them, one per placeholder.
        placeholder: What marks a place.
        summarize: How many elements to write at both ends of each dimension; -1: all.
        name: A name for the op.

    >>> tf.strings.format("x = {}", tf.range(10)).numpy()
    b'x = [0 1 2 ... 7 8 9]'
    """
    values = list(inputs) if isinstance(inputs, list | tuple) else [inputs]
    if template.count(placeholder) != len(values):
        raise ValueError(
            f"The template expects {template.count(placeholder)} tensors, but the inputs only has {len(values)}. "
            "Please ensure that the number of placeholders in template matches inputs length."
        )
    tensors = [convert_to_tensor(value) for value in values]
    return ops.FORMAT(*tensors, template=template, placeholder=placeholder, summarize=int(summarize), name=name)


# Hashes ---------------------------------------------------------------------------------------------------------


def _buckets(num_buckets: int) -> int:
    if num_buckets < 1:
        raise ValueError(f"num_buckets must be at least 1, received {num_buckets}.")
    return int(num_buckets)


def to_hash_bucket(input: Any, num_buckets: int, name: str | None = None) -> Tensor:
    """A bucket for each string, by MurmurHash64A. Prefer `to_hash_bucket_fast`.

    >>> tf.strings.to_hash_bucket(["a", "hello"], 1000).numpy()
    array([868, 938])
    """
    return ops.HASH(_text(input), num_buckets=_buckets(num_buckets), name=name)


def to_hash_bucket_fast(input: Any, num_buckets: int, name: str | None = None) -> Tensor:
    """A bucket for each string, by FarmHash's Fingerprint64, which never changes.

    >>> tf.strings.to_hash_bucket_fast(["a", "hello world"], 1000).numpy()
    array([939,  11])
    """
    return ops.HASH_FAST(_text(input), num_buckets=_buckets(num_buckets), name=name)


def to_hash_bucket_strong(input: Any, num_buckets: int, key: Sequence[int], name: str | None = None) -> Tensor:
    """A bucket for each string, by SipHash-2-4 under a secret key, so that no one can aim at a bucket.

    Args:
        input: Strings.
        num_buckets: How many buckets there are.
        key: Two integers.
        name: A name for the op.

    >>> tf.strings.to_hash_bucket_strong(["a", "hello world"], 1000, [1, 2]).numpy()
    array([646, 446])
    """
    if len(key) != 2:
        raise ValueError(f"Key must have two elements, received {list(key)}.")
    pair = (int(key[0]), int(key[1]))
    return ops.HASH_STRONG(_text(input), num_buckets=_buckets(num_buckets), key=pair, name=name)


# Unicode --------------------------------------------------------------------------------------------------------


def _rules(encoding: str, errors: str, replacement: int, control: bool = False) -> _unicode.Rules:
    _unicode.codec_name(encoding)
    return _unicode.Rules(encoding, _unicode.check_errors(errors), int(replacement), bool(control))


def unicode_transcode(
    input: Any,
    input_encoding: str,
    output_encoding: str,
    errors: str = "replace",
    replacement_char: int = 65533,
    replace_control_characters: bool = False,
    name: str | None = None,
) -> Tensor:
    r"""Strings from one encoding to another.

    Args:
        input: Strings.
        input_encoding: The encoding they are in.
        output_encoding: ``"UTF-8"``, ``"UTF-16-BE"`` or ``"UTF-32-BE"``.
        errors: What becomes of malformed input: ``"replace"``, ``"ignore"`` (left out) or ``"strict"`` (an error).
        replacement_char: The code point put in its place.
        replace_control_characters: Whether control characters are replaced too.
        name: A name for the op.

    >>> tf.strings.unicode_transcode("hé", "UTF-8", "UTF-16-BE").numpy()
    b'\x00h\x00\xe9'
    """
    rules = _rules(input_encoding, errors, replacement_char, replace_control_characters)
    _unicode.codec_name(output_encoding)
    return ops.TRANSCODE(_text(input), rules=rules, output=output_encoding, name=name)


def unicode_encode(
    input: Any, output_encoding: str, errors: str = "replace", replacement_char: int = 65533, name: str | None = None
) -> Tensor:
    """Strings from code points along the last dimension.

    >>> tf.strings.unicode_encode([104, 233], "UTF-8").numpy().decode()
    'hé'
    """
    _unicode.codec_name(output_encoding)
    return ops.UNICODE_ENCODE(
        convert_to_tensor(input),
        output=output_encoding,
        errors=_unicode.check_errors(errors),
        replacement=int(replacement_char),
        name=name,
    )


def unicode_decode_with_offsets(
    input: Any,
    input_encoding: str,
    errors: str = "replace",
    replacement_char: int = 65533,
    replace_control_characters: bool = False,
    name: str | None = None,
) -> tuple[Tensor, Tensor]:
    """The code points of one string (int32), and the byte each begins at (int64).

    >>> [x.numpy().tolist() for x in tf.strings.unicode_decode_with_offsets("éa", "UTF-8")]
    [[233, 97], [0, 2]]
    """
    rules = _rules(input_encoding, errors, replacement_char, replace_control_characters)
    return ops.UNICODE_DECODE(_one_string(input, "unicode_decode"), rules=rules, name=name)


def unicode_decode(
    input: Any,
    input_encoding: str,
    errors: str = "replace",
    replacement_char: int = 65533,
    replace_control_characters: bool = False,
    name: str | None = None,
) -> Tensor:
    """The code points of one string.

    >>> tf.strings.unicode_decode("hé", "UTF-8").numpy()
    array([104, 233], dtype=int32)
    """
    return unicode_decode_with_offsets(
        input, input_encoding, errors, replacement_char, replace_control_characters, name
    )[0]


def unicode_split_with_offsets(
    input: Any, input_encoding: str, errors: str = "replace", replacement_char: int = 65533, name: str | None = None
) -> tuple[Tensor, Tensor]:
    """The characters of one string, in its encoding, and the byte each begins at.

    >>> tf.strings.unicode_split_with_offsets("éa", "UTF-8")[1].numpy().tolist()
    [0, 2]
    """
    points, offsets = unicode_decode_with_offsets(input, input_encoding, errors, replacement_char, False, name)
    letters = ops.UNICODE_ENCODE(
        points[..., None],
        output=input_encoding,
        errors=errors,
        replacement=int(replacement_char),
    )
    return letters, offsets


def unicode_split(
    input: Any, input_encoding: str, errors: str = "replace", replacement_char: int = 65533, name: str | None = None
) -> Tensor:
    """The characters of one string, in its encoding.

    >>> len(tf.strings.unicode_split("hé", "UTF-8"))
    2
    """
    return unicode_split_with_offsets(input, input_encoding, errors, replacement_char, name)[0]

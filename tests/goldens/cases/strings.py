"""`tf.strings`: every function on bytes, and on UTF-8 where it knows of characters."""

from __future__ import annotations

from typing import Any

import numpy as np

from tests.goldens.case import Case, strings

WORDS = strings(b"Hello World", b"", b" a\tb \n", "h\u00e9llo \u00c0".encode())
GRID = np.array([[b"a", b"bc"], [b"", b"d e"]], object)
LONG = np.array([b"x" * n for n in (0, 1, 3, 4, 7, 8, 16, 17, 32, 33, 64, 65, 127, 128, 129, 1000)], object)
ONE = np.array(b"a b,c  d", object)


def _each(name: str, call: Any, args: Any = (WORDS,), **options: Any) -> Case:
    return Case(f"strings.{name}", call, args, **options)


def _simple() -> list[Case]:
    return [
        _each("lower", lambda tf, s: tf.strings.lower(s)),
        _each("lower/utf8", lambda tf, s: tf.strings.lower(s, encoding="utf-8")),
        _each("upper", lambda tf, s: tf.strings.upper(s)),
        _each("upper/utf8", lambda tf, s: tf.strings.upper(s, encoding="utf-8")),
        _each("strip", lambda tf, s: tf.strings.strip(s)),
        _each("length", lambda tf, s: tf.strings.length(s)),
        _each("length/utf8", lambda tf, s: tf.strings.length(s, unit="UTF8_CHAR")),
        _each("substr", lambda tf, s: tf.strings.substr(s, 1, 3), [strings(b"hello", b"ab")], static="refines"),
        _each("substr/negative", lambda tf, s: tf.strings.substr(s, -2, 2), [strings(b"hello", b"ab")], static="refines"),
        _each("substr/utf8", lambda tf, s: tf.strings.substr(s, 1, 2, unit="UTF8_CHAR"), [strings("h\u00e9llo".encode(), b"abc")], static="refines"),
        _each("substr/each", lambda tf, s: tf.strings.substr(s, [1, 0], [2, 1]), [strings(b"hello", b"ab")], static="refines"),
        _each("substr/error", lambda tf, s: tf.strings.substr(s, 9, 1), [strings(b"ab")], raises=True),
        _each("join", lambda tf, s: tf.strings.join([s, "x", s], "-"), static="refines"),
        _each("reduce_join", lambda tf, s: tf.strings.reduce_join(s), [GRID]),
        _each("reduce_join/axis", lambda tf, s: tf.strings.reduce_join(s, axis=0, separator="+"), [GRID], static="refines"),
        _each("reduce_join/axes", lambda tf, s: tf.strings.reduce_join(s, axis=[0, 1], separator="+"), [GRID], static="refines"),
        _each("reduce_join/keepdims", lambda tf, s: tf.strings.reduce_join(s, axis=-1, keepdims=True), [GRID], static="refines"),
        _each("split", lambda tf, s: tf.strings.split(s), [ONE], unknown=False),
        _each("split/sep", lambda tf, s: tf.strings.split(s, ","), [ONE], unknown=False),
        _each("split/maxsplit", lambda tf, s: tf.strings.split(s, " ", maxsplit=1), [ONE], unknown=False),
        _each("bytes_split", lambda tf, s: tf.strings.bytes_split(s), [ONE], unknown=False),
        _each("unsorted_segment_join", lambda tf, s: tf.strings.unsorted_segment_join(s, [1, 0, 1, 2], 4, ":"), rankless=False, unknown=False),
        _each("ngrams", lambda tf, s: tf.strings.ngrams(s, 2), [GRID], function=False),
        _each("ngrams/padded", lambda tf, s: tf.strings.ngrams(s, 3, pad_values=("<", ">")), [GRID], function=False),
        Case("add/strings", lambda tf, s: s + "!", [WORDS]),
    ]  # fmt: skip


def _patterns() -> list[Case]:
    patterns = [
        ("groups", "(l+)o", r"<\1>"), ("word", r"\bW\w*", "x"), ("posix", "[[:upper:][:space:]]", "_"),
        ("empty", "x*", "-"), ("end", "o$", "0"), ("flags", "(?i)hello", "bye"), ("whole", ".+", r"\0\0"),
    ]  # fmt: skip
    return [
        *[
            _each(f"regex_replace/{name}", lambda tf, s, p=p, r=r: tf.strings.regex_replace(s, p, r))
            for name, p, r in patterns
        ],
        _each("regex_replace/once", lambda tf, s: tf.strings.regex_replace(s, "l", "L", replace_global=False)),
        _each("regex_replace/error", lambda tf, s: tf.strings.regex_replace(s, "(", "x"), raises=True, function=False),
        _each("regex_full_match", lambda tf, s: tf.strings.regex_full_match(s, "H.*d")),
    ]


def _numbers() -> list[Case]:
    numbers = strings(b"1", b"-2.5", b" 3e2 ", b"inf", b"0x10")
    values = np.array([1.5, -2.0, 1 / 3, 1e20, np.nan], np.float32)
    forms: list[tuple[str, dict[str, Any]]] = [
        ("precision", {"precision": 2}), ("scientific", {"scientific": True}), ("shortest", {"shortest": True}),
        ("width", {"width": 12}), ("left", {"width": 12, "fill": "-"}), ("sign", {"precision": 1, "fill": "+"}),
    ]  # fmt: skip
    return [
        _each("to_number", lambda tf, s: tf.strings.to_number(s), [numbers]),
        _each("to_number/float64", lambda tf, s: tf.strings.to_number(s, tf.float64), [numbers]),
        _each("to_number/int32", lambda tf, s: tf.strings.to_number(s, tf.int32), [strings(b"12", b"-7")]),
        _each("to_number/int64", lambda tf, s: tf.strings.to_number(s, tf.int64), [strings(b"12", b"-9000000000")]),
        _each("to_number/error", lambda tf, s: tf.strings.to_number(s), [strings(b"twelve")], raises=True),
        _each("to_number/error_range", lambda tf, s: tf.strings.to_number(s, tf.int32), [strings(b"9000000000")], raises=True),
        _each("as_string", lambda tf, x: tf.strings.as_string(x), [values], grad=False),
        *[_each(f"as_string/{n}", lambda tf, x, o=o: tf.strings.as_string(x, **o), [values], grad=False) for n, o in forms],
        _each("as_string/int64", lambda tf, x: tf.strings.as_string(x), [np.array([1, -20])]),
        _each("as_string/zeros", lambda tf, x: tf.strings.as_string(x, width=5, fill="0"), [np.array([1, -20])]),
        _each("as_string/bool", lambda tf, x: tf.strings.as_string(x), [np.array([True, False])]),
        _each("as_string/float64", lambda tf, x: tf.strings.as_string(x, shortest=True), [values.astype(np.float64)], grad=False),
        _each("as_string/complex", lambda tf, x: tf.strings.as_string(x), [np.array([1 + 2j], np.complex64)], grad=False),
        _each("format", lambda tf, x: tf.strings.format("x: {}!", x), [values], grad=False),
        _each("format/several", lambda tf, x, s: tf.strings.format("{} and {}", [x, s]), [np.arange(24).reshape(4, 6), GRID]),
        _each("format/all", lambda tf, x: tf.strings.format("<>", x, placeholder="<>", summarize=-1), [np.arange(12)]),
    ]  # fmt: skip


def _hashes() -> list[Case]:
    return [
        _each("to_hash_bucket", lambda tf, s: tf.strings.to_hash_bucket(s, 2**40), [LONG]),
        _each("to_hash_bucket_fast", lambda tf, s: tf.strings.to_hash_bucket_fast(s, 2**62), [LONG]),
        _each("to_hash_bucket_strong", lambda tf, s: tf.strings.to_hash_bucket_strong(s, 2**62, [1, 2]), [LONG]),
    ]


def _unicode() -> list[Case]:
    good, bad = np.array("h\u00e9\u20ac\U0001f600".encode(), object), np.array(b"a\xff\xe2\x82b\x01", object)
    both = strings(good.item(), bad.item())
    return [
        _each("unicode_transcode", lambda tf, s: tf.strings.unicode_transcode(s, "UTF-8", "UTF-16-BE"), [both]),
        _each("unicode_transcode/ignore", lambda tf, s: tf.strings.unicode_transcode(s, "UTF-8", "UTF-8", errors="ignore"), [both]),
        _each("unicode_transcode/control", lambda tf, s: tf.strings.unicode_transcode(s, "UTF-8", "UTF-8", replacement_char=63, replace_control_characters=True), [both]),
        _each("unicode_transcode/error", lambda tf, s: tf.strings.unicode_transcode(s, "UTF-8", "UTF-8", errors="strict"), [both], raises=True),
        _each("unicode_encode", lambda tf, x: tf.strings.unicode_encode(x, "UTF-8"), [np.array([[97, 233], [8364, 128512]], np.int32)], unknown=False),
        _each("unicode_decode", lambda tf, s: tf.strings.unicode_decode(s, "UTF-8"), [good], unknown=False),
        _each("unicode_decode/bad", lambda tf, s: tf.strings.unicode_decode(s, "UTF-8"), [bad], unknown=False),
        _each("unicode_decode_with_offsets", lambda tf, s: tf.strings.unicode_decode_with_offsets(s, "UTF-8"), [good], unknown=False),
        _each("unicode_split", lambda tf, s: tf.strings.unicode_split(s, "UTF-8"), [good], unknown=False),
        _each("unicode_split_with_offsets", lambda tf, s: tf.strings.unicode_split_with_offsets(s, "UTF-8"), [good], unknown=False),
    ]  # fmt: skip


CASES: list[Case] = [*_simple(), *_patterns(), *_numbers(), *_hashes(), *_unicode()]

"""The one place where text becomes HTML or JSON: escaped, made visible, under a content security policy."""

from __future__ import annotations

import base64
import hashlib
import html
import json
import re
import unicodedata
from typing import Any

LONGEST_TEXT = 200
"""Characters shown of a name or a value; a gigabyte in one field must not become a gigabyte of page."""

# Characters that are not seen, or change how their neighbours are: controls, formats (bidirectional marks, zero-width
# ones), surrogates, private use and unassigned ones.
_INVISIBLE = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
_HARMLESS = frozenset("\u200c\u200d")  # joiners, which Persian, Hindi and emoji are written with
_PRINTABLE_ASCII = re.compile(r"[ -~]*")


class Html(str):
    """Text that is HTML already. Whatever is not of this class is escaped by `element`."""

    __slots__ = ()


def visible(text: object, longest: int = LONGEST_TEXT) -> str:
    r"""Text as it can be shown: short enough, with invisible and direction-changing characters spelled out.

    >>> visible("a\x00b\u202ec")
    'a\\x00b\\u202ec'
    >>> visible("x" * 300, longest=10)
    'xxxxxxxxxx… (300 characters)'
    """
    text = str(text)
    cut = text[:longest]
    if not _PRINTABLE_ASCII.fullmatch(cut):
        cut = "".join(_spelled(character) for character in cut)
    return cut if len(text) <= longest else f"{cut}… ({len(text):,} characters)"


def _spelled(character: str) -> str:
    if unicodedata.category(character) not in _INVISIBLE or character in _HARMLESS:
        return character
    return character.encode("unicode_escape").decode("ascii")


def element(tag: str, *children: object, **attributes: object) -> Html:
    """An element with escaped attributes and children. None and False leave an attribute or child out.

    Underscores in attribute names become hyphens; a trailing one keeps off Python's words (`class_`).

    >>> element("b", "1 < 2", class_="x")
    '<b class="x">1 &lt; 2</b>'
    """
    written = "".join(
        f" {name.rstrip('_').replace('_', '-')}" + ("" if value is True else f'="{html.escape(str(value))}"')
        for name, value in attributes.items()
        if value is not None and value is not False
    )
    return Html(f"<{tag}{written}>{joined(*children)}</{tag}>")


def joined(*children: object) -> Html:
    """Children one after the other, all but `Html` escaped; lists are flattened."""
    return Html("".join(_child(child) for child in children))


def _child(child: object) -> str:
    if child is None or child is False:
        return ""
    if isinstance(child, Html):
        return child
    if isinstance(child, list | tuple):
        return joined(*child)
    return html.escape(str(child), quote=False)


def embedded_json(value: Any) -> Html:
    r"""JSON that cannot end the script element it stands in, whatever strings it holds.

    >>> embedded_json("</script>")
    '"\\u003c/script\\u003e"'
    """
    text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return Html(re.sub("[<>&\u2028\u2029]", lambda match: f"\\u{ord(match[0]):04x}", text))


def document(title: str, body: Html, data: Any, style: str, script: str) -> str:
    """A whole page that runs this one script and style, and may load nothing from anywhere."""
    policy = "; ".join(
        (
            "default-src 'none'",
            f"script-src {_source(script)}",
            f"style-src {_source(style)}",
            "base-uri 'none'",
            "form-action 'none'",
        )
    )
    head = element(
        "head",
        Html('<meta charset="utf-8">'),
        Html(f'<meta http-equiv="Content-Security-Policy" content="{html.escape(policy, quote=False)}">'),
        Html('<meta name="viewport" content="width=device-width, initial-scale=1">'),
        Html('<meta name="referrer" content="no-referrer"><meta name="color-scheme" content="light dark">'),
        element("title", title),
        element("style", Html(style)),
    )
    parts = (
        body,
        element("script", embedded_json(data), type="application/json", class_="headwater-data"),
        element("script", Html(script)),
    )
    return f'<!doctype html>\n<html lang="en">{head}<body>{joined(*parts)}</body></html>\n'


def _source(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"

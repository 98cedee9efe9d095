"""What would have to change in the schema for it to accept the data, as regions of differing lines."""

from __future__ import annotations

import difflib
from collections.abc import Iterator

from headwater.validation._protos import anomalies_pb2, schema_pb2, text_format
from headwater.validation.anomalies._subject import Described


def diff_regions(subject: Described) -> Iterator[anomalies_pb2.DiffRegion]:
    """Compares the text of a feature's schema as given with that as mended.

    Lines are counted from 1. A string domain that the feature shares with others follows it.
    """
    context = subject.context
    given = _lines(_find(context.schema, subject), context.schema)
    mended = _lines(subject.feature, context.mended)
    for kind, i, j, k, m in difflib.SequenceMatcher(None, given, mended, autojunk=False).get_opcodes():
        yield _region(kind, given[i:j], mended[k:m], i + 1, k + 1)


def _find(schema: schema_pb2.Schema, subject: Described) -> schema_pb2.Feature | None:
    features, found = schema.feature, None
    for step in subject.path:
        found = next((feature for feature in features if feature.name == step), None)
        if found is None:
            return None
        features = found.struct_domain.feature
    return found


def _lines(feature: schema_pb2.Feature | None, schema: schema_pb2.Schema) -> list[str]:
    if feature is None:
        return []
    shown = schema_pb2.Schema(feature=[feature])
    if feature.HasField("domain"):
        shown.string_domain.extend(domain for domain in schema.string_domain if domain.name == feature.domain)
    return text_format.MessageToString(shown, as_utf8=True).splitlines()


def _region(kind: str, left: list[str], right: list[str], left_at: int, right_at: int) -> anomalies_pb2.DiffRegion:
    region = anomalies_pb2.DiffRegion()
    match kind:
        case "equal":
            region.unchanged.left_start, region.unchanged.right_start = left_at, right_at
            region.unchanged.contents.extend(left)
        case "delete":
            region.removed.start = left_at
            region.removed.contents.extend(left)
        case "insert":
            region.added.start = right_at
            region.added.contents.extend(right)
        case _:
            region.changed.left_start, region.changed.right_start = left_at, right_at
            region.changed.left_contents.extend(left)
            region.changed.right_contents.extend(right)
    return region

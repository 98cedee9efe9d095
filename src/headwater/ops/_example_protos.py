"""The `Example` and `SequenceExample` messages, built from their definition when they are first used.

They live in a descriptor pool of their own, so another package that brings them too is no conflict.
"""

from __future__ import annotations

import functools
from typing import Any

_TYPES = {"bytes": 12, "float": 2, "int64": 3, "message": 11, "string": 9}  # FieldDescriptorProto.Type

# message -> fields: (name, number, type or message, repeated, map, in the oneof)
_MESSAGES: dict[str, tuple[tuple[str, int, str, str], ...]] = {
    "BytesList": (("value", 1, "bytes", "repeated"),),
    "FloatList": (("value", 1, "float", "packed"),),
    "Int64List": (("value", 1, "int64", "packed"),),
    "Feature": (
        ("bytes_list", 1, "BytesList", "oneof"),
        ("float_list", 2, "FloatList", "oneof"),
        ("int64_list", 3, "Int64List", "oneof"),
    ),
    "Features": (("feature", 1, "Feature", "map"),),
    "FeatureList": (("feature", 1, "Feature", "repeated"),),
    "FeatureLists": (("feature_list", 1, "FeatureList", "map"),),
    "Example": (("features", 1, "Features", "one"),),
    "SequenceExample": (("context", 1, "Features", "one"), ("feature_lists", 2, "FeatureLists", "one")),
}

NAMES = tuple(_MESSAGES)


@functools.cache
def messages(maps: bool = True) -> dict[str, Any]:
    """The message classes by name.

    Args:
        maps: Whether maps are maps, or repeated entries with a key and a value. Google's parser for Python loses an
            entry of a map that has an unknown field; those for other languages do not.
    """
    from google.protobuf import descriptor_pb2, descriptor_pool, message_factory  # noqa: PLC0415  slow to import

    file = descriptor_pb2.FileDescriptorProto(name="example.proto", package="tensorflow", syntax="proto3")
    for name, fields in _MESSAGES.items():
        message = file.message_type.add(name=name)
        for field in fields:
            _add_field(message, *field, maps)
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return {
        name: message_factory.GetMessageClass(pool.FindMessageTypeByName(f"tensorflow.{name}")) for name in _MESSAGES
    }


def _add_field(message: Any, name: str, number: int, kind: str, form: str, maps: bool) -> None:
    field = message.field.add(name=name, number=number, label=3 if form in ("repeated", "packed", "map") else 1)
    if kind in _TYPES and form != "map":
        field.type = _TYPES[kind]
        field.options.packed = form == "packed"
        return
    field.type = _TYPES["message"]
    field.type_name = f".tensorflow.{kind}"
    if form == "oneof":
        if not message.oneof_decl:
            message.oneof_decl.add(name="kind")
        field.oneof_index = 0
    elif form == "map":
        entry = message.nested_type.add(name="".join(p.capitalize() for p in name.split("_")) + "Entry")
        entry.options.map_entry = maps
        entry.field.add(name="key", number=1, label=1, type=_TYPES["string"])
        entry.field.add(name="value", number=2, label=1, type=_TYPES["message"], type_name=field.type_name)
        field.type_name = f".tensorflow.{message.name}.{entry.name}"

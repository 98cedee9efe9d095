"""What a schema says of how data is to be read."""

from __future__ import annotations

from typing import Any

from headwater.validation._protos import schema_pb2
from headwater.validation.figures.plan import Feature, Kind
from headwater.validation.options import is_categorical
from headwater.validation.sources._csv import FLOAT, INT, TEXT

_CSV_TYPES = {schema_pb2.INT: INT, schema_pb2.FLOAT: FLOAT, schema_pb2.BYTES: TEXT}


def csv_types(schema: Any) -> dict[str, str]:
    """The types of the columns of CSV files.

    Raises:
        ValueError: If the schema has structures, which CSV files cannot hold.
    """
    for feature in schema.feature:
        if feature.type == schema_pb2.STRUCT:
            raise ValueError(f"The schema says that {feature.name!r} is a structure, which CSV files do not hold.")
    return {f.name: _CSV_TYPES[f.type] for f in schema.feature if f.type in _CSV_TYPES}


def as_meant(feature: Feature, schema_feature: Any) -> Kind:
    """What the values of a feature are, as its schema says: categories among whole numbers, images among bytes."""
    if feature.kind is Kind.INT and schema_feature.type == schema_pb2.INT and is_categorical(schema_feature):
        return Kind.CATEGORY
    if feature.kind in (Kind.STRING, Kind.BYTES) and schema_feature.HasField("image_domain"):
        return Kind.BLOB
    return feature.kind


def stored(column: str, feature: Feature, kind: Kind) -> str:
    """SQL of a feature's column as the figures of a kind need it."""
    if kind is Kind.CATEGORY:
        return f"{column}::VARCHAR{'[]' * feature.depth}"
    if kind is Kind.BLOB and feature.kind is Kind.STRING:
        return _encoded(column, feature.depth)
    return column


def _encoded(column: str, depth: int) -> str:
    if depth == 0:
        return f"encode({column})"
    return f"list_transform({column}, lambda t{depth}: {_encoded(f't{depth}', depth - 1)})"

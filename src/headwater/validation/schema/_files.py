"""Schemas in files: the text format that people review and keep under version control."""

from __future__ import annotations

import os

from headwater.validation._files import read_text_message, write_text_message
from headwater.validation._protos import schema_pb2
from headwater.validation.schema._features import require_schema


def write_schema_text(schema: schema_pb2.Schema, output_path: str | os.PathLike[str]) -> None:
    """Writes a schema to a text file, whole or not at all.

    Raises:
        TypeError: if `schema` is no Schema.
        OSError: if the file cannot be written.
    """
    require_schema(schema)
    write_text_message(schema, output_path)


def load_schema_text(input_path: str | os.PathLike[str]) -> schema_pb2.Schema:
    """Reads a schema from a text file.

    Raises:
        OSError: if the file cannot be read.
        DataError: if it holds no schema; says the file, line and column.
    """
    return read_text_message(input_path, schema_pb2.Schema())

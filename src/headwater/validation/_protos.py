"""The messages of tensorflow-metadata: schema, statistics, anomalies, and their text format."""

from __future__ import annotations

try:
    from google.protobuf import text_format
    from tensorflow_metadata.proto.v0 import anomalies_pb2, path_pb2, schema_pb2, statistics_pb2
except ImportError as error:
    raise ImportError(
        "headwater.validation needs packages that are not installed "
        f"({error.name}). Remedy: pip install 'headwater[validation]'"
    ) from error

__all__ = ["anomalies_pb2", "path_pb2", "schema_pb2", "statistics_pb2", "text_format"]

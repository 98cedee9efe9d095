"""Statistics files, which TensorFlow Data Validation reads and writes too: text, binary, and TFRecord."""

from __future__ import annotations

import os
import pathlib
from typing import Any

from headwater.validation._files import read_binary_message, read_text_message, write_atomically, write_text_message
from headwater.validation._protos import statistics_pb2

_TEXT = (".pbtxt", ".txt", ".textproto", ".prototxt")


def write_stats_text(stats: Any, output_path: str | os.PathLike[str]) -> None:
    """Writes statistics as text.

    Args:
        stats: A `DatasetFeatureStatisticsList`.
        output_path: The file.

    Raises:
        TypeError: If `stats` is something else.
    """
    write_text_message(_checked(stats), output_path)


def write_stats_binary(stats: Any, output_path: str | os.PathLike[str]) -> None:
    """Writes statistics as a binary message. See `write_stats_text`."""
    write_atomically(output_path, _checked(stats).SerializeToString())


def write_statistics(stats: Any, output_path: str | os.PathLike[str]) -> None:
    """Writes statistics as text where the file's name ends like a text file's (``.pbtxt``), else binary."""
    is_text = pathlib.Path(output_path).suffix in _TEXT
    (write_stats_text if is_text else write_stats_binary)(stats, output_path)


def load_stats_text(input_path: str | os.PathLike[str]) -> Any:
    """Reads statistics written as text.

    Returns:
        A `DatasetFeatureStatisticsList`.

    Raises:
        DataError: If the file is not such a text; it names the line.
    """
    return read_text_message(input_path, statistics_pb2.DatasetFeatureStatisticsList())


def load_stats_binary(input_path: str | os.PathLike[str]) -> Any:
    """Reads statistics written as a binary message. See `load_stats_text`."""
    return read_binary_message(input_path, statistics_pb2.DatasetFeatureStatisticsList())


def load_statistics(input_path: str | os.PathLike[str]) -> Any:
    """Reads statistics from a file of any form. See `load_stats_text`."""
    path = pathlib.Path(input_path)
    return load_stats_text(path) if path.suffix in _TEXT else load_stats_binary(path)


def _checked(stats: Any) -> Any:
    if not isinstance(stats, statistics_pb2.DatasetFeatureStatisticsList):
        raise TypeError(f"Expected a DatasetFeatureStatisticsList, received {type(stats).__name__}.")
    return stats

"""Statistics files, which TensorFlow Data Validation reads and writes too: text, binary, and TFRecord."""

from __future__ import annotations

import os
import pathlib
import tempfile
from typing import Any

from headwater.validation._errors import DataError
from headwater.validation._protos import statistics_pb2, text_format

_TEXT = (".pbtxt", ".txt", ".textproto", ".prototxt")


def write_whole(path: str | os.PathLike[str], data: bytes) -> None:
    """Writes a file that is there whole or not at all."""
    target = pathlib.Path(path)
    handle, temporary = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        os.replace(temporary, target)
    except BaseException:
        os.unlink(temporary)
        raise


def write_stats_text(stats: Any, output_path: str | os.PathLike[str]) -> None:
    """Writes statistics as text.

    Args:
        stats: A `DatasetFeatureStatisticsList`.
        output_path: The file.

    Raises:
        TypeError: If `stats` is something else.
    """
    write_whole(output_path, text_format.MessageToString(_checked(stats), as_utf8=True).encode())


def write_stats_binary(stats: Any, output_path: str | os.PathLike[str]) -> None:
    """Writes statistics as a binary message. See `write_stats_text`."""
    write_whole(output_path, _checked(stats).SerializeToString())


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
    text = pathlib.Path(input_path).read_text(encoding="utf-8")
    try:
        return text_format.Parse(text, statistics_pb2.DatasetFeatureStatisticsList())
    except text_format.ParseError as error:
        raise DataError(
            f"{error}. Expected statistics as text (a DatasetFeatureStatisticsList).",
            os.fspath(input_path),
            error.GetLine(),
        ) from None


def load_stats_binary(input_path: str | os.PathLike[str]) -> Any:
    """Reads statistics written as a binary message. See `load_stats_text`."""
    return _parsed(pathlib.Path(input_path).read_bytes(), input_path)


def load_statistics(input_path: str | os.PathLike[str]) -> Any:
    """Reads statistics from a file of any form. See `load_stats_text`."""
    path = pathlib.Path(input_path)
    return load_stats_text(path) if path.suffix in _TEXT else load_stats_binary(path)


def _parsed(data: bytes, path: str | os.PathLike[str]) -> Any:
    message = statistics_pb2.DatasetFeatureStatisticsList()
    try:
        message.ParseFromString(data)
    except Exception as error:  # protobuf's classes differ between its implementations
        raise DataError(
            f"{error}. Expected statistics as a binary message (a DatasetFeatureStatisticsList).", os.fspath(path)
        ) from None
    return message


def _checked(stats: Any) -> Any:
    if not isinstance(stats, statistics_pb2.DatasetFeatureStatisticsList):
        raise TypeError(f"Expected a DatasetFeatureStatisticsList, received {type(stats).__name__}.")
    return stats

"""Files of anomalies, which TensorFlow Data Validation reads and writes too: text and binary."""

from __future__ import annotations

import os

from headwater.validation._files import read_binary_message, read_text_message, write_atomically, write_text_message
from headwater.validation._protos import anomalies_pb2


def write_anomalies_text(anomalies: anomalies_pb2.Anomalies, output_path: str | os.PathLike[str]) -> None:
    """Writes anomalies as text. The file appears whole or not at all.

    Args:
        anomalies: what `validate_statistics` returns.
        output_path: the file.

    Raises:
        TypeError: if `anomalies` is something else.
        OSError: if the file cannot be written; what was there before is still there.

    >>> import pathlib, tempfile, headwater.validation as tfdv
    >>> statistics = tfdv.generate_statistics_from_dataframe({"age": np.array([31, 145])})
    >>> schema = tfdv.infer_schema(statistics)
    >>> schema.feature[0].int_domain.max = 120
    >>> anomalies = tfdv.validate_statistics(statistics, schema)
    >>> file = pathlib.Path(tempfile.mkdtemp()) / "anomalies.pbtxt"
    >>> tfdv.write_anomalies_text(anomalies, file)
    >>> tfdv.load_anomalies_text(file) == anomalies
    True
    """
    write_text_message(_checked(anomalies), output_path)


def write_anomalies_binary(anomalies: anomalies_pb2.Anomalies, output_path: str | os.PathLike[str]) -> None:
    """Writes anomalies as a binary message. See `write_anomalies_text`."""
    write_atomically(output_path, _checked(anomalies).SerializeToString(deterministic=True))


def load_anomalies_text(input_path: str | os.PathLike[str]) -> anomalies_pb2.Anomalies:
    """Reads anomalies written as text.

    Raises:
        OSError: if the file cannot be read.
        DataError: if it holds no such text; it names file and line.
    """
    return read_text_message(input_path, anomalies_pb2.Anomalies())


def load_anomalies_binary(input_path: str | os.PathLike[str]) -> anomalies_pb2.Anomalies:
    """Reads anomalies written as a binary message.

    Raises:
        OSError: if the file cannot be read.
        DataError: if it holds no such message; it names the file.
    """
    return read_binary_message(input_path, anomalies_pb2.Anomalies())


def _checked(anomalies: anomalies_pb2.Anomalies) -> anomalies_pb2.Anomalies:
    if not isinstance(anomalies, anomalies_pb2.Anomalies):
        raise TypeError(
            f"expected Anomalies, received {type(anomalies).__name__}. "
            "Remedy: pass what validate_statistics or load_anomalies_text returns."
        )
    return anomalies

"""Anomalies in files: TensorFlow Data Validation's, whole or not at all, with errors that say where."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import headwater.validation as tfdv
from headwater.validation._protos import anomalies_pb2, schema_pb2, text_format

GOLDENS = Path(__file__).parent / "goldens" / "anomalies" / "compared.json"
FORMS = {
    "text": (tfdv.write_anomalies_text, tfdv.load_anomalies_text),
    "binary": (tfdv.write_anomalies_binary, tfdv.load_anomalies_binary),
}


@pytest.fixture
def anomalies() -> Any:
    texts = [case["anomalies"] for case in json.loads(GOLDENS.read_text()).values()]
    return text_format.Parse(max(texts, key=len), anomalies_pb2.Anomalies())


@pytest.mark.parametrize("form", FORMS)
def test_what_is_written_is_read_again(form: str, anomalies: Any, tmp_path: Path) -> None:
    write, load = FORMS[form]
    for message in (anomalies, anomalies_pb2.Anomalies()):
        write(message, tmp_path / "anomalies")
        assert load(tmp_path / "anomalies") == message


def test_text_is_what_tfdv_writes_and_reads(anomalies: Any, tmp_path: Path) -> None:
    file = tmp_path / "anomalies.pbtxt"
    tfdv.write_anomalies_text(anomalies, file)
    assert file.read_text() == text_format.MessageToString(anomalies)


@pytest.mark.parametrize("form", FORMS)
def test_another_message_is_refused_and_the_file_stays(form: str, tmp_path: Path) -> None:
    write, _ = FORMS[form]
    file = tmp_path / "anomalies"
    file.write_text("precious")
    with pytest.raises(TypeError, match=r"expected Anomalies, received Schema\. Remedy"):
        write(schema_pb2.Schema(), file)
    assert file.read_text() == "precious"
    assert list(tmp_path.iterdir()) == [file]


@pytest.mark.parametrize("form", FORMS)
def test_a_folder_that_is_not_there_is_an_error_of_the_system(form: str, anomalies: Any, tmp_path: Path) -> None:
    write, load = FORMS[form]
    with pytest.raises(FileNotFoundError):
        write(anomalies, tmp_path / "gone" / "anomalies")
    with pytest.raises(FileNotFoundError):
        load(tmp_path / "gone")


def test_text_that_is_none_is_refused_with_its_line(tmp_path: Path) -> None:
    file = tmp_path / "anomalies.pbtxt"
    file.write_text('anomaly_info {\n  key: "a"\n  valeu { }\n}\n')
    with pytest.raises(tfdv.DataError, match=r"anomalies\.pbtxt, line 3: .*Expected an Anomalies message") as raised:
        tfdv.load_anomalies_text(file)
    assert raised.value.row == 3


def test_bytes_that_are_no_message_are_refused_with_their_file(anomalies: Any, tmp_path: Path) -> None:
    file = tmp_path / "anomalies.pb"
    tfdv.write_anomalies_binary(anomalies, file)
    file.write_bytes(file.read_bytes()[:-3])
    with pytest.raises(tfdv.DataError, match=r"anomalies\.pb: .*Expected a binary message \(an Anomalies\)"):
        tfdv.load_anomalies_binary(file)

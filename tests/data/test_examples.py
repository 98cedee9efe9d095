"""Examples as columns: the same as Google's parser reads, whatever the bytes."""

from __future__ import annotations

import pathlib
from collections.abc import Iterator
from typing import Any

import hypothesis
import numpy as np
import pytest
from hypothesis import HealthCheck, given
from hypothesis import strategies as st

from headwater.core.errors import InvalidArgumentError, NotFoundError
from headwater.data import _columns, _names, _wire
from headwater.data._columns import FeatureColumns
from headwater.data._decode import Decoder
from headwater.data.examples import ExampleError, read_examples, read_sequence_examples
from headwater.ops._records import TFRecordWriter
from tests.data.messages import (
    EXAMPLES,
    SEQUENCE_EXAMPLES,
    block,
    chunk_of,
    example,
    outcome,
    read_naively,
    record_lists,
    sequence_example,
    varint,
)

_quick = hypothesis.settings(
    max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)  # fmt: skip


def _read(contents: list[bytes], message: str = "Example") -> list[dict[str, tuple[str, list[Any]]]]:
    decoder = Decoder(*(FeatureColumns(None, depth) for depth in range(1, 2 + (message == "SequenceExample"))))
    parts = decoder.decode(chunk_of(contents))
    return [{name: (column.kind, column.to_list()) for name, column in part.items()} for part in parts]


@pytest.fixture(params=[1, 24, 1000], ids=["in steps", "mixed", "one by one"])
def few(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    """How many messages are parsed in plain Python."""
    monkeypatch.setattr(_wire, "_FEW", request.param)
    return request.param


@pytest.mark.parametrize("few", [1, 24, 1000])
@_quick
@given(data=st.data())
def test_random_examples(few: int, data: st.DataObject) -> None:
    contents = data.draw(record_lists(EXAMPLES))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_wire, "_FEW", few)
        assert outcome(_read, contents) == outcome(read_naively, contents)


@pytest.mark.parametrize("few", [1, 24])
@_quick
@given(data=st.data())
def test_random_sequence_examples(few: int, data: st.DataObject) -> None:
    contents = data.draw(record_lists(SEQUENCE_EXAMPLES))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_wire, "_FEW", few)
        arguments = contents, "SequenceExample"
        assert outcome(_read, *arguments) == outcome(read_naively, *arguments)

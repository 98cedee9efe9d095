"""Headwater's Keras against what real Keras 3 (TensorFlow 2.21) answered."""

from __future__ import annotations

import collections
import functools
import pathlib
from typing import Any

import numpy as np
import pytest

import headwater as tf
from tests.keras.cases import GROUPS

_ALL = [pytest.param(group, name, id=f"{group}:{name}") for group, cases in GROUPS.items() for name in cases]


@functools.cache
def _goldens() -> dict[str, list[Any]]:
    found: dict[str, list[Any]] = collections.defaultdict(list)
    with np.load(pathlib.Path(__file__).with_name("goldens.npz")) as file:
        for key in sorted(file.files):
            found[key.rsplit("/", 1)[0]].append(file[key])
    return found


@pytest.mark.parametrize(("group", "name"), _ALL)
def test_answers_are_those_of_keras(group: str, name: str) -> None:
    tf.keras.backend.clear_session()
    got = GROUPS[group][name](tf)
    wanted = _goldens()[f"{group}/{name}"]
    assert len(got) == len(wanted)
    for index, (ours, theirs) in enumerate(zip(got, wanted, strict=True)):
        ours = np.asarray(ours)
        assert ours.shape == theirs.shape, f"array {index}"
        if theirs.dtype.kind == "U":
            assert ours.tolist() == theirs.tolist()
        else:
            assert ours.dtype == theirs.dtype, f"array {index}"
            np.testing.assert_allclose(ours, theirs, rtol=2e-5, atol=2e-6, err_msg=f"array {index}")


def test_cases_and_goldens_are_the_same_set() -> None:
    assert sorted(_goldens()) == sorted(f"{g}/{n}" for g, cases in GROUPS.items() for n in cases)

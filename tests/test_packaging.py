"""What the installed package must carry."""

import hashlib
import importlib.resources
import pathlib
import tomllib

import numpy as np

import headwater

_ROOT = pathlib.Path(__file__).resolve().parent.parent
_DIGITS = importlib.resources.files(headwater) / "keras" / "datasets" / "digits.npz"


def test_digits_ship_whole_and_small():
    with importlib.resources.as_file(_DIGITS) as path:
        assert path.stat().st_size < 2_000_000
        with np.load(path) as file:
            assert {name: (file[name].shape, file[name].dtype.name) for name in file} == {
                "x_train": ((9000, 28, 28), "uint8"),
                "y_train": ((9000,), "uint8"),
                "x_test": ((1000, 28, 28), "uint8"),
                "y_test": ((1000,), "uint8"),
            }


def test_digits_are_the_ones_that_were_packed():
    packed = hashlib.sha256(_DIGITS.read_bytes()).hexdigest()
    assert packed == "e0a6e3a45d99d267c8b3d60dc11c6f37e62161dcbfd7de5308b54c8e867efad4"


def test_changelog_describes_this_version():
    version = tomllib.loads((_ROOT / "pyproject.toml").read_text())["project"]["version"]
    assert f"## [{version}]" in (_ROOT / "CHANGELOG.md").read_text()

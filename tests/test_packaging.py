"""What the installed package must carry."""

import hashlib
import importlib.resources
import pathlib
import subprocess
import sys
import tomllib

import numpy as np
import pytest

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


@pytest.mark.parametrize(
    "program",
    [
        "import headwater as tf; assert tf.keras.losses.MeanSquaredError()([[3.0]], [[1.0]]) / 2 == 2",
        "from headwater.keras.losses import MeanSquaredError as Loss; assert -Loss()([[3.0]], [[1.0]]) == -4",
        "from headwater.dtypes import cast; assert cast(2.0, 'int32') * 3 == 6",
        "import headwater.autodiff, headwater.core.tensor as t; t.Tensor.__truediv__",
        "import headwater.autograph, headwater.core.tensor as t; t.Tensor.__truediv__",
        "import headwater.experimental, headwater.core.tensor as t; t.Tensor.__truediv__",
        "import headwater.test, headwater.core.tensor as t; t.Tensor.__truediv__",
    ],
)
def test_tensors_have_operators_whatever_is_imported_first(program):
    subprocess.run([sys.executable, "-c", program], check=True)


def test_the_demo_trains_by_itself(tmp_path):
    command = [sys.executable, "-m", "headwater.demo", "--epochs", "1"]
    done = subprocess.run(command, check=True, capture_output=True, text=True, cwd=tmp_path)
    assert "of the test digits are recognized" in done.stdout
    assert (tmp_path / "headwater-demo" / "digits.keras").exists()

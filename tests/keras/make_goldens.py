"""Records what real Keras answers: `python tests/keras/make_goldens.py [GROUP|GROUP/CASE ...]`.

TensorFlow 2.21 must be installed. With groups or cases named, those are recorded again and the others kept.
"""

from __future__ import annotations

import os
import pathlib
import sys

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")
ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

import numpy as np  # noqa: E402
import tensorflow as tf  # noqa: E402

from tests.keras.cases import GROUPS  # noqa: E402

TARGET = pathlib.Path(__file__).with_name("goldens.npz")


def main(wanted: list[str]) -> None:
    """Runs the cases that are wanted, or all, and writes the answers."""
    answers = {}
    named = lambda group, case: not wanted or group in wanted or f"{group}/{case}" in wanted  # noqa: E731
    if wanted:
        with np.load(TARGET) as file:
            answers = {name: file[name] for name in file.files if not named(*name.split("/")[:2])}
    for group, cases in GROUPS.items():
        for name in [name for name in cases if named(group, name)]:
            tf.keras.backend.clear_session()
            for index, value in enumerate(cases[name](tf)):
                answers[f"{group}/{name}/{index:03}"] = np.asarray(value)
    np.savez_compressed(TARGET, **answers)
    print(len(answers), "arrays")


if __name__ == "__main__":
    main(sys.argv[1:])

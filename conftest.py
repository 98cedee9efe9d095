"""What tests and doctests share: several virtual devices, and the names doctests may use."""

import atexit
import os
import shutil
import tempfile

import jax
import numpy as np
import pytest

import headwater

# Compiled programs are kept for the session: its workers and the programs that tests start share them.
if "HEADWATER_CACHE_DIR" not in os.environ:
    os.environ["HEADWATER_CACHE_DIR"] = tempfile.mkdtemp(prefix="headwater-tests-")
    atexit.register(shutil.rmtree, os.environ["HEADWATER_CACHE_DIR"], ignore_errors=True)

DEVICES = 4
jax.config.update("jax_num_cpu_devices", DEVICES)


@pytest.fixture(autouse=True)
def _doctest_names(doctest_namespace: dict[str, object]) -> None:
    doctest_namespace.update(tf=headwater, np=np)


# Run by hand in an environment with TensorFlow.
collect_ignore_glob = ["**/make_*.py"]

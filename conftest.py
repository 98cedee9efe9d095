"""What tests and doctests share: several virtual devices, and the names doctests may use."""

import jax
import numpy as np
import pytest

import headwater

DEVICES = 4
jax.config.update("jax_num_cpu_devices", DEVICES)


@pytest.fixture(autouse=True)
def _doctest_names(doctest_namespace: dict[str, object]) -> None:
    doctest_namespace.update(tf=headwater, np=np)


# Run by hand in an environment with TensorFlow.
collect_ignore_glob = ["**/make_*.py"]

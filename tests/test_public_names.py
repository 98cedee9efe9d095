"""The public names: what the lists say, what is there, and that it is documented."""

import importlib
import inspect
import pathlib
import pkgutil
import subprocess
import sys

import pytest

import headwater
import headwater.ops

ROOT = pathlib.Path(__file__).resolve().parent.parent
NAMESPACES = [m.name for m in pkgutil.iter_modules(headwater.ops.__path__) if not m.name.startswith("_")]


def test_the_root_imports_what_the_modules_list():
    done = subprocess.run([sys.executable, str(ROOT / "scripts" / "root_names.py"), "--check"], check=False)
    assert done.returncode == 0, "run scripts/root_names.py"


@pytest.mark.parametrize("name", NAMESPACES)
def test_namespaces_hold_what_they_list(name):
    module = importlib.import_module(f"headwater.ops.{name}")
    listed = getattr(module, "__all__", [])
    assert len(set(listed)) == len(listed)
    for public in listed:
        value = getattr(module, public)
        if inspect.isfunction(value) or inspect.isclass(value):
            assert value.__doc__, f"{name}.{public} has no docstring"


def test_public_functions_at_the_root_are_documented():
    for public in headwater.__all__:
        value = getattr(headwater, public)
        if inspect.isfunction(value) or inspect.isclass(value):
            assert value.__doc__, f"tf.{public} has no docstring"


def test_importing_does_not_import_what_only_some_programs_need():
    optional = ("h5py", "tensorboard", "malt", "ai_edge_litert", "PIL")
    code = f"import sys, headwater as tf; tf.constant; print([m for m in {optional} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_importing_leaves_the_devices_untouched():
    code = (
        "import headwater as tf; tf.constant; from jax._src import xla_bridge; "
        "print(xla_bridge.backends_are_initialized())"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


@pytest.mark.parametrize("module", ["headwater", "headwater.validation", "headwater.core.errors"])
def test_parts_that_need_no_engine_start_without_it(module):
    code = f"import sys, {module}; print('jax' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


def test_star_import_brings_the_public_names():
    code = "from headwater import *; print(reduce_sum([1, 2]).numpy(), keras.__name__, '_root' in dir())"
    done = subprocess.run(
        [sys.executable, "-c", code.replace("print(", "__import__('builtins').print(")],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.split() == ["3", "headwater.keras", "False"]


def test_unknown_names_at_the_root_are_attribute_errors():
    with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
        headwater.nonsense  # noqa: B018
    assert "constant" in dir(headwater)

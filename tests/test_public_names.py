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
    for public, value in vars(headwater).items():
        if not public.startswith("_") and (inspect.isfunction(value) or inspect.isclass(value)):
            assert value.__doc__, f"tf.{public} has no docstring"


def test_importing_does_not_import_what_only_some_programs_need():
    code = "import sys, headwater; print([m for m in ('h5py', 'tensorboard', 'malt', 'ai_edge_litert', 'PIL') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_importing_leaves_the_devices_untouched():
    code = "import headwater, jax; from jax._src import xla_bridge; print(xla_bridge.backends_are_initialized())"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"

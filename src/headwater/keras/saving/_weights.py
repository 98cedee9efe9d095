"""Weights as HDF5, in the layout of Keras 3: groups follow the structure of layers, arrays are numbered."""

from __future__ import annotations

import contextlib
import os
import pathlib
import tempfile
import zipfile
from collections.abc import Iterator
from typing import Any

import numpy as np

from headwater.core.dtypes import bfloat16
from headwater.keras._state import snake_case
from headwater.keras.layers._base import Layer
from headwater.keras.optimizers._base import Optimizer
from headwater.keras.saving import _legacy
from headwater.keras.saving._guard import Group, check_archive

_SAVED = (Layer, Optimizer)
_UNSAVED = ("loss", "history", "_functional_layers", "_stack")


@contextlib.contextmanager
def replacing(path: pathlib.Path, overwrite: bool) -> Iterator[pathlib.Path]:
    """A temporary file that takes the place of `path` when the block ends well."""
    if path.exists() and not overwrite:
        raise FileExistsError(f"The file {path} exists; expected a new path, or overwrite=True.")
    if path.is_dir():
        raise IsADirectoryError(f"Expected a file name, received the folder {path}.")
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    os.close(handle)
    temporary = pathlib.Path(name)
    try:
        yield temporary
        mask = os.umask(0)
        os.umask(mask)
        temporary.chmod(0o666 & ~mask)
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def walk(item: Any, path: str, seen: set[int]) -> Iterator[tuple[str, Any]]:
    """``(group, object)`` of everything with weights of its own, each once."""
    if id(item) in seen:
        return
    seen.add(id(item))
    yield path, item
    for name, child in _children(item):
        inner = f"{path}/{name}" if path else name
        if isinstance(child, _SAVED):
            yield from walk(child, inner, seen)
        else:
            yield from _walk_container(child, inner, seen)


def _children(item: Any) -> list[tuple[str, Any]]:
    """The attributes that may hold weights, by name, in alphabetical order; models count private ones as layers."""
    if isinstance(item, Optimizer):
        return []
    found = {k: v for k, v in vars(item).items() if k not in _UNSAVED}
    if hasattr(item, "_network_holder"):
        stacked = item._network is not None or hasattr(item, "_stack")
        found = {"optimizer": item.optimizer} if stacked else {k: v for k, v in found.items() if not k.startswith("_")}
        found["layers"] = item.layers
    kept = {k: v for k, v in found.items() if isinstance(v, (*_SAVED, list, tuple, dict, set))}
    return sorted(kept.items())


def _walk_container(container: Any, path: str, seen: set[int]) -> Iterator[tuple[str, Any]]:
    values = list(container.values()) if isinstance(container, dict) else list(container)
    used: dict[str, int] = {}
    for value in values:
        if not isinstance(value, _SAVED):
            continue
        name = snake_case(type(value).__name__)
        count = used.get(name, 0)
        used[name] = count + 1
        yield from walk(value, f"{path}/{name}" if count == 0 else f"{path}/{name}_{count}", seen)


def write_weights(model: Any, file: Any, include_optimizer: bool = True) -> None:
    """Writes everything with weights into an open HDF5 file."""
    for path, item in walk(model, "", set()):
        if isinstance(item, Optimizer) and not include_optimizer:
            continue
        store: dict[str, Any] = {}
        if hasattr(item, "save_own_variables"):
            item.save_own_variables(store)
        group = file.require_group(f"{path}/vars" if path else "vars")
        group.attrs["name"] = getattr(item, "name", "")
        for key, value in store.items():
            put(group, key, value)


def put(group: Any, name: str, value: Any) -> None:
    """Writes an array; h5py has no bfloat16, which is marked by an attribute, as Keras does."""
    value = np.asarray(value)
    dataset = group.create_dataset(name, data=value)
    if value.dtype == bfloat16.as_numpy_dtype:
        dataset.attrs["dtype"] = "bfloat16"


def read_weights(model: Any, file: Group, skip_mismatch: bool = False) -> None:
    """Reads everything with weights from an open HDF5 file."""
    for path, item in walk(model, "", set()):
        name = f"{path}/vars" if path else "vars"
        store = file.get(name, {})
        if isinstance(item, Optimizer) and (not store or not item.built):
            continue
        if not hasattr(item, "load_own_variables"):
            continue
        try:
            item.load_own_variables(store)
        except ValueError as error:
            if not skip_mismatch:
                raise ValueError(f"{error} (group {name!r} of the file)") from None


def save_weights(model: Any, filepath: Any, overwrite: bool = True) -> None:
    """Writes the weights of a model to a ``.weights.h5`` file."""
    import h5py  # noqa: PLC0415  (slow to import, needed here only)

    path = pathlib.Path(filepath)
    if not path.name.endswith(".weights.h5"):
        raise ValueError(f"The filename must end in `.weights.h5`. Received: filepath={filepath}")
    with replacing(path, overwrite) as temporary, h5py.File(temporary, "w") as file:
        write_weights(model, file)


@contextlib.contextmanager
def opened(source: Any, path: Any) -> Iterator[Group]:
    """An HDF5 file (by name, or its bytes) for reading. Raises OSError if it is none."""
    import h5py  # noqa: PLC0415  (slow to import, needed here only)

    try:
        file = h5py.File(source, "r")
    except OSError as error:
        raise OSError(
            f"{path} is not an HDF5 file, or a damaged one: {error}. Expected a file that Model.save() or "
            "save_weights() wrote."
        ) from None
    with file:
        yield Group(file, path)


@contextlib.contextmanager
def opened_archive(path: pathlib.Path) -> Iterator[zipfile.ZipFile]:
    """A ``.keras`` file for reading, checked. Raises ValueError if it is none."""
    if not path.exists() or not zipfile.is_zipfile(path):
        raise ValueError(
            f"File not found or not a `.keras` file: filepath={path}. Please ensure the file is an accessible `.keras` "
            "zip file."
        )
    with zipfile.ZipFile(path) as archive:
        check_archive(archive, path)
        missing = {"config.json", "model.weights.h5"} - set(archive.namelist())
        if missing:
            raise ValueError(f"{path} lacks {sorted(missing)}: expected a file that Model.save() wrote.")
        yield archive


def load_weights(model: Any, filepath: Any, skip_mismatch: bool = False, by_name: bool = False) -> None:
    """Reads the weights of a model from a ``.weights.h5``, ``.keras`` or (older) ``.h5`` file."""
    path = pathlib.Path(filepath)
    if not path.exists():
        raise FileNotFoundError(f"There is no file {path} to load weights from.")
    if path.name.endswith(".keras"):
        with opened_archive(path) as archive, archive.open("model.weights.h5") as stream, opened(stream, path) as file:
            read_weights(model, file, skip_mismatch)
        return
    if not path.name.endswith(".h5"):
        raise ValueError(f"File format not supported: filepath={filepath}. Expected a `.weights.h5` or `.keras` file.")
    with opened(path, path) as file:
        if _legacy.is_legacy(file):
            _legacy.read_layers(file, model, by_name, skip_mismatch)
        else:
            read_weights(model, file, skip_mismatch)

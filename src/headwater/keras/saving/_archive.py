"""Models as files: ``.keras``, a zip of ``metadata.json``, ``config.json`` and ``model.weights.h5``; or ``.h5``."""

from __future__ import annotations

import datetime
import io
import json
import pathlib
import zipfile
from typing import Any

from headwater.keras import _copying, _serialization
from headwater.keras.saving import _legacy, _weights
from headwater.keras.saving._guard import read_json

# The version of the file format's first writer that we follow.
KERAS_VERSION = "3.15.1"
_LEGACY = (".h5", ".hdf5")


def save_model(
    model: Any, filepath: Any, overwrite: bool = True, include_optimizer: bool = True, **kwargs: Any
) -> None:
    """Writes a model to a ``.keras`` file, or to an older ``.h5`` file.

    Args:
        model: The model.
        filepath: Where; must end in ``.keras`` or ``.h5``.
        overwrite: Whether an existing file may be replaced.
        include_optimizer: Whether the optimizer's state is written.
        **kwargs: None are known.
    """
    kwargs.pop("zipped", None)
    if kwargs.pop("save_format", None) not in (None, "keras", "h5") or kwargs:
        raise ValueError(f"The following argument(s) are not supported: {sorted(kwargs) or ['save_format']}")
    path = pathlib.Path(filepath)
    if path.suffix not in (".keras", *_LEGACY):
        raise ValueError(
            f"Invalid filepath extension for saving: expected a `.keras` file name (or the older `.h5`). Received: "
            f"filepath={filepath}."
        )
    if path.suffix in _LEGACY:
        import h5py  # noqa: PLC0415  (slow to import, needed here only)

        with _weights.replacing(path, overwrite) as temporary, h5py.File(temporary, "w") as file:
            _legacy.write_model(model, file, KERAS_VERSION, include_optimizer)
        return
    members = archive_members(model, include_optimizer)
    with _weights.replacing(path, overwrite) as temporary:
        write_members(members, temporary)


def archive_members(model: Any, include_optimizer: bool = True) -> dict[str, Any]:
    """What stands in the archive, by name."""
    import h5py  # noqa: PLC0415  (slow to import, needed here only)

    config = json.dumps(_serialization.serialize_keras_object(model))
    saved = datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%d@%H:%M:%S")
    metadata = json.dumps({"keras_version": KERAS_VERSION, "date_saved": saved})
    weights = io.BytesIO()
    with h5py.File(weights, "w") as file:
        _weights.write_weights(model, file, include_optimizer)
    return {"metadata.json": metadata, "config.json": config, "model.weights.h5": weights.getvalue()}


def write_members(members: dict[str, Any], target: Any) -> None:
    """Writes the archive to a file or stream."""
    with zipfile.ZipFile(target, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)


def load_model(
    filepath: Any, custom_objects: dict[str, Any] | None = None, compile: bool = True, safe_mode: bool = True
) -> Any:
    """Reads a model from a ``.keras`` or ``.h5`` file.

    Args:
        filepath: The file.
        custom_objects: Classes and functions by name.
        compile: Whether the model is compiled as it was when it was saved.
        safe_mode: Whether files that hold Python code are refused.

    Returns:
        The model.

    Raises:
        FileNotFoundError: If there is no such ``.h5`` file.
        OSError: If an ``.h5`` file, or the weights in a ``.keras`` file, are no HDF5.
        ValueError: If it is no ``.keras`` file, or one that leads out of itself or claims to be far larger than it is.
        TypeError: If it names a class that is not known.
    """
    path = pathlib.Path(filepath)
    if path.suffix in _LEGACY:
        if not path.is_file():
            raise FileNotFoundError(
                f"File not found: filepath={filepath}. Please ensure the file is an accessible `.h5` file."
            )
        with _weights.opened(path, path) as file:
            return _legacy.read_model(file, path, custom_objects, compile, safe_mode)
    with _weights.opened_archive(path) as archive:
        return read_archive(archive, path, custom_objects, compile, safe_mode)


def read_archive(
    archive: zipfile.ZipFile, path: Any, custom_objects: Any = None, compile: bool = True, safe_mode: bool = True
) -> Any:
    """The model in an open archive."""
    config = read_json(archive.read("config.json"), f"{path}: the member 'config.json'")
    if not isinstance(config, dict):
        raise ValueError(f"{path}: the member 'config.json' is no model's configuration. Expected a dict.")
    if not compile:
        config.pop("compile_config", None)
    model = _serialization.deserialize_keras_object(config, custom_objects, safe_mode=safe_mode)
    with _weights.opened(io.BytesIO(archive.read("model.weights.h5")), path) as file:
        _weights.read_weights(model, file)
    return model


def _as_bytes(model: Any) -> bytes:
    stream = io.BytesIO()
    write_members(archive_members(model), stream)
    return stream.getvalue()


def _from_bytes(data: bytes, custom_objects: dict[str, Any]) -> Any:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return read_archive(archive, "the pickled model", custom_objects, safe_mode=False)


_copying.archive.update(write=_as_bytes, read=_from_bytes)

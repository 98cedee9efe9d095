"""``.keras`` files: a zip of ``metadata.json``, ``config.json`` and ``model.weights.h5``, as Keras 3 writes them."""

from __future__ import annotations

import datetime
import io
import json
import pathlib
import zipfile
from typing import Any

from headwater.keras import _serialization
from headwater.keras.saving import _weights

# The version of the file format's first writer that we follow.
KERAS_VERSION = "3.15.1"


def save_model(
    model: Any, filepath: Any, overwrite: bool = True, include_optimizer: bool = True, **kwargs: Any
) -> None:
    """Writes a model to a ``.keras`` file.

    Args:
        model: The model.
        filepath: Where; must end in ``.keras``.
        overwrite: Whether an existing file may be replaced.
        include_optimizer: Whether the optimizer's state is written.
        **kwargs: None are known.
    """
    import h5py  # noqa: PLC0415  (slow to import, needed here only)

    kwargs.pop("zipped", None)
    if kwargs.pop("save_format", "keras") != "keras" or kwargs:
        raise ValueError(f"The following argument(s) are not supported: {sorted(kwargs) or ['save_format']}")
    path = pathlib.Path(filepath)
    if path.suffix != ".keras":
        raise ValueError(
            f"Invalid filepath extension for saving: expected a `.keras` file name. Received: filepath={filepath}."
        )
    config = json.dumps(_serialization.serialize_keras_object(model))
    saved = datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%d@%H:%M:%S")
    metadata = json.dumps({"keras_version": KERAS_VERSION, "date_saved": saved})
    weights = io.BytesIO()
    with h5py.File(weights, "w") as file:
        _weights.write_weights(model, file, include_optimizer)
    with _weights.replacing(path, overwrite) as temporary, zipfile.ZipFile(temporary, "w") as archive:
        archive.writestr("metadata.json", metadata)
        archive.writestr("config.json", config)
        archive.writestr("model.weights.h5", weights.getvalue())


def load_model(
    filepath: Any, custom_objects: dict[str, Any] | None = None, compile: bool = True, safe_mode: bool = True
) -> Any:
    """Reads a model from a ``.keras`` file.

    Args:
        filepath: The file.
        custom_objects: Classes and functions by name.
        compile: Whether the model is compiled as it was when it was saved.
        safe_mode: Whether files that hold Python code are refused.

    Returns:
        The model.

    Raises:
        ValueError: If it is not such a file.
        TypeError: If it names a class that is not known.
    """
    import h5py  # noqa: PLC0415  (slow to import, needed here only)

    path = pathlib.Path(filepath)
    if not path.exists() or not zipfile.is_zipfile(path):
        raise ValueError(
            f"File not found or not a `.keras` file: filepath={filepath}. Please ensure the file is an "
            f"accessible `.keras` "
            "zip file."
        )
    with zipfile.ZipFile(path) as archive:
        missing = {"config.json", "model.weights.h5"} - set(archive.namelist())
        if missing:
            raise ValueError(f"{filepath} lacks {sorted(missing)}: expected a file that Model.save() wrote.")
        config = json.loads(archive.read("config.json"))
        if not compile:
            config.pop("compile_config", None)
        model = _serialization.deserialize_keras_object(config, custom_objects, safe_mode=safe_mode)
        with h5py.File(io.BytesIO(archive.read("model.weights.h5")), "r") as file:
            _weights.read_weights(model, file)
    return model

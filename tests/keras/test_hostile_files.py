"""Files that lead out of themselves, claim to be huge, or hold code: refused, and the message names the part."""

from __future__ import annotations

import json
import pathlib
import zipfile
from collections.abc import Callable
from typing import Any

import h5py
import numpy as np
import pytest

import headwater as tf
from headwater.keras.saving import _guard
from tests.keras.together import together

layers = tf.keras.layers
saving = tf.keras.saving
KERNEL = "layers/dense/vars/0"


@pytest.fixture(scope="module")
def members(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    path = tmp_path_factory.mktemp("good") / "good.keras"
    tf.keras.backend.clear_session()  # KERNEL names the first Dense layer
    _model().save(path)
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def _model() -> Any:
    return tf.keras.Sequential([layers.Input((4,)), layers.Dense(1)])


def _archive(path: pathlib.Path, members: dict[str, bytes]) -> pathlib.Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return path


def _claiming(path: pathlib.Path, members: dict[str, bytes], name: str, size: int) -> pathlib.Path:
    """An archive whose directory says that a member of a few bytes is large."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for member, content in {**members, name: b""}.items():
            archive.writestr(member, content)
        archive.getinfo(name).file_size = size
    return path


def _soft_link(group: Any, place: pathlib.Path) -> None:
    group.file["elsewhere"] = np.ones((4, 1), "float32")
    group["0"] = h5py.SoftLink("/elsewhere")


def _external_link(group: Any, place: pathlib.Path) -> None:
    group["0"] = h5py.ExternalLink(str(place / "other.h5"), "values")


def _huge(group: Any, place: pathlib.Path) -> None:
    group.create_dataset("0", shape=(2**50,), dtype="float32", chunks=(1024,))


def _external_data(group: Any, place: pathlib.Path) -> None:
    group.create_dataset("0", shape=(4, 1), dtype="float32", external=[(str(place / "other.h5"), 0, 16)])


def _virtual(group: Any, place: pathlib.Path) -> None:
    layout = h5py.VirtualLayout((4, 1), "float32")
    layout[:] = h5py.VirtualSource(str(place / "other.h5"), "values", (4, 1))
    group.create_virtual_dataset("0", layout)


def _strings(group: Any, place: pathlib.Path) -> None:
    group.create_dataset("0", data=["a", "b", "c", "d"])


def _a_type(group: Any, place: pathlib.Path) -> None:
    group["0"] = np.dtype("float32")


@pytest.mark.parametrize(
    ("forge", "message"),
    [
        (_soft_link, "'0' is a SoftLink"), (_external_link, "'0' is a ExternalLink"),
        (_huge, r"'0' claims to be 4,503,\d+,\d+,\d+,\d+ bytes"), (_external_data, "'0' has its values in other files"),
        (_virtual, "'0' has its values in other files"), (_strings, "'0' holds objects"),
        (_a_type, "'0' is a Datatype"),
    ],
)  # fmt: skip
def test_weights_stand_in_the_file_itself(
    forge: Callable[[Any, pathlib.Path], None], message: str, members: dict[str, bytes], tmp_path: pathlib.Path
) -> None:
    with h5py.File(tmp_path / "other.h5", "w") as file:
        file["values"] = np.full((4, 1), 7, "float32")
    path = tmp_path / "w.weights.h5"
    path.write_bytes(members["model.weights.h5"])
    with h5py.File(path, "a") as file:
        del file[KERNEL]
        forge(file["layers/dense/vars"], tmp_path)
    whole = _archive(tmp_path / "m.keras", {**members, "model.weights.h5": path.read_bytes()})
    model = _model()
    before = model.get_weights()
    for load in (tf.keras.models.load_model, model.load_weights):
        with pytest.raises(ValueError, match=message):
            load(whole)
    with pytest.raises(ValueError, match=message):
        model.load_weights(path)
    np.testing.assert_array_equal(model.get_weights()[0], before[0])


def test_groups_are_not_links(members: dict[str, bytes], tmp_path: pathlib.Path) -> None:
    path = tmp_path / "w.weights.h5"
    path.write_bytes(members["model.weights.h5"])
    path.with_name("copy.h5").write_bytes(members["model.weights.h5"])
    with h5py.File(path, "a") as file:
        del file["layers"]
        file["layers"] = h5py.ExternalLink(str(tmp_path / "copy.h5"), "layers")
    with pytest.raises(ValueError, match="is a ExternalLink, which leads elsewhere"):
        _model().load_weights(path)


def test_legacy_files_are_read_with_the_same_care(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "m.h5"
    model = _model()
    model.save(path)
    with h5py.File(path, "a") as file:
        group = file["model_weights"][model.layers[0].name]
        name = group.attrs["weight_names"][0].decode()
        del group[name]
        group[name] = h5py.SoftLink("/model_weights")
    with pytest.raises(ValueError, match="is a SoftLink"):
        tf.keras.models.load_model(path)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("../x", b"", r"'\.\./x' leads out of the archive"), ("/x", b"", "'/x' leads out"),
        ("a/..\\..\\x", b"", "leads out"), ("C:/x", b"", "leads out"),
        ("config.json", b"[" * 200_000, "'config.json' is nested too deeply"),
        ("config.json", b"[]", "no model's configuration"), ("config.json", b"{", "'config.json' is not JSON"),
    ],
)  # fmt: skip
def test_archives(name: str, content: bytes, message: str, members: dict[str, bytes], tmp_path: pathlib.Path) -> None:
    path = _archive(tmp_path / "m.keras", {**members, name: content})
    with pytest.raises(ValueError, match=message):
        tf.keras.models.load_model(path)


def test_junk_in_place_of_hdf5(members: dict[str, bytes], tmp_path: pathlib.Path) -> None:
    archive = _archive(tmp_path / "m.keras", {**members, "model.weights.h5": b"nothing"})
    for name in ("m.h5", "m.weights.h5"):
        (tmp_path / name).write_bytes(b"nothing")
    model = tf.keras.Sequential([tf.keras.Input((1,)), tf.keras.layers.Dense(1)])
    for read in (
        lambda: tf.keras.models.load_model(archive),
        lambda: tf.keras.models.load_model(tmp_path / "m.h5"),
        lambda: model.load_weights(tmp_path / "m.h5"),
        lambda: model.load_weights(tmp_path / "m.weights.h5"),
    ):
        with pytest.raises(OSError, match=r"is not an HDF5 file, or a damaged one.* Expected a file that"):
            read()
    for read in (
        lambda: tf.keras.models.load_model(tmp_path / "none.h5"),
        lambda: model.load_weights(tmp_path / "none.weights.h5"),
    ):
        with pytest.raises(FileNotFoundError):
            read()


@pytest.mark.parametrize("name", ["config.json", "assets/x"])
def test_bombs(name: str, members: dict[str, bytes], tmp_path: pathlib.Path) -> None:
    path = _claiming(tmp_path / "m.keras", members, name, 66 * 2**20)
    with pytest.raises(ValueError, match=f"'{name}' claims to be 69,206,016 bytes"):
        tf.keras.models.load_model(path)


def test_models_of_equal_values_are_no_bombs(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_guard, "HARMLESS_BYTES", 2**10)
    model = tf.keras.Sequential([layers.Input((64,)), layers.Dense(256, kernel_initializer="zeros")])
    for name in ("m.keras", "m.h5"):
        model.save(tmp_path / name)
        assert tf.keras.models.load_model(tmp_path / name).count_params() == 65 * 256
        model.load_weights(tmp_path / name)


def _object(module: str, name: str, config: Any) -> dict[str, Any]:
    return {"module": module, "class_name": name, "config": config, "registered_name": name}


@pytest.mark.parametrize(
    ("module", "name"),
    [("os", "system"), ("subprocess", "Popen"), ("builtins", "eval"), ("keras.utils", "get_file"),
     ("headwater.keras._code", "load"), ("tests.keras.test_hostile_files", "_model")],
)  # fmt: skip
def test_configurations_import_nothing(module: str, name: str) -> None:
    with pytest.raises(TypeError, match=f"Could not locate class '{name}'"):
        saving.deserialize_keras_object(_object(module, name, {"args": ["x"]}))
    with pytest.raises((TypeError, ValueError), match=f"'{name}'"):
        layers.Dense(1, activation=_object(module, "function", name))


def _doubled(x: Any) -> Any:
    return x * 2


def test_code_runs_only_if_the_user_says_so(tmp_path: pathlib.Path) -> None:
    model = tf.keras.Sequential([
        layers.Input((2,)), layers.Lambda(lambda x, by=3.0: x * by), layers.Dense(1, activation=lambda x: _doubled(x)),
    ])  # fmt: skip
    with pytest.warns(UserWarning, match="A lambda is saved as Python code"):
        model.save(tmp_path / "m.keras")
    with pytest.raises(ValueError, match="safe_mode=False"):
        tf.keras.models.load_model(tmp_path / "m.keras")
    x = np.ones((3, 2), "float32")
    again = tf.keras.models.load_model(tmp_path / "m.keras", safe_mode=False)
    np.testing.assert_array_equal(*together(x, again, model))
    config = layers.Lambda(lambda x: x).get_config()
    for refused in (config, json.loads(json.dumps(config)), {"function": _doubled}):
        with pytest.raises(ValueError, match="safe_mode=False"):
            layers.Lambda.from_config(refused)
    assert layers.Lambda.from_config(config, safe_mode=False)(1.0) == 1.0


def test_what_contains_itself(tmp_path: pathlib.Path) -> None:
    model = _model()
    model.parts = [{}]
    model.parts[0]["self"] = model.parts
    model.save(tmp_path / "m.keras")
    assert len(tf.keras.models.load_model(tmp_path / "m.keras").weights) == len(model.weights) == 2

    class Circular(layers.Layer):
        def get_config(self) -> Any:
            return {"parts": model.parts}

    with pytest.raises(ValueError, match="contains itself"):
        saving.serialize_keras_object(Circular())


@pytest.mark.parametrize("size", [10**15, 2**62])
def test_configurations_of_absurd_size(size: int) -> None:
    config = _object("keras.layers", "Dense", {"units": size})
    with pytest.raises(ValueError, match=r"the weight 'kernel' of shape .* is larger than any memory"):
        saving.deserialize_keras_object({**config, "build_config": {"input_shape": [None, 4]}})
    deep: Any = []
    for _ in range(20_000):
        deep = [deep]
    with pytest.raises(ValueError, match="nested too deeply"):
        saving.deserialize_keras_object(deep)

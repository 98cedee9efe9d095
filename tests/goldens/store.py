"""Reads and writes recorded answers: per area one JSON of metadata and one NPZ that holds a flat array per dtype."""

from __future__ import annotations

import json
import pathlib
from typing import Any

import ml_dtypes
import numpy as np

DATA = pathlib.Path(__file__).parent / "data"
# NPZ knows no bfloat16: its bits travel as uint16.
_BITS = {"bfloat16": np.uint16}


class Writer:
    """Collects arrays; `add` gives the JSON-able reference that `Reader.array` turns back."""

    def __init__(self) -> None:
        self._flat: dict[str, list[np.ndarray]] = {}
        self._size: dict[str, int] = {}

    def add(self, array: np.ndarray) -> list[Any]:
        name = array.dtype.name
        if array.dtype == object:
            return ["string", list(array.shape), [s.decode("latin-1") for s in array.ravel().tolist()]]
        offset = self._size.get(name, 0)
        self._flat.setdefault(name, []).append(array.ravel())
        self._size[name] = offset + array.size
        return [name, list(array.shape), offset]

    def save(self, area: str, cases: dict[str, Any]) -> None:
        blobs = {n: np.concatenate(parts).view(_BITS.get(n, parts[0].dtype)) for n, parts in self._flat.items()}
        np.savez_compressed(DATA / f"{area}.npz", **blobs)
        lines = [f"{json.dumps(name)}: {json.dumps(record)}" for name, record in cases.items()]
        (DATA / f"{area}.json").write_text("{\n" + ",\n".join(lines) + "\n}\n")


class Reader:
    """The recorded answers of one area."""

    def __init__(self, area: str) -> None:
        self.cases: dict[str, dict[str, Any]] = json.loads((DATA / f"{area}.json").read_text())
        with np.load(DATA / f"{area}.npz") as file:
            self._flat = {name: file[name] for name in file.files}
        for name in _BITS:
            if name in self._flat:
                self._flat[name] = self._flat[name].view(getattr(ml_dtypes, name))

    def array(self, reference: list[Any]) -> np.ndarray:
        name, shape, where = reference
        if name == "string":
            out = np.empty(len(where), dtype=object)
            out[:] = [s.encode("latin-1") for s in where]
            return out.reshape(shape)
        size = int(np.prod(shape, dtype=np.int64))
        return self._flat[name][where : where + size].reshape(shape)


def areas() -> list[str]:
    """The areas that have recorded answers."""
    return sorted(path.stem for path in DATA.glob("*.json") if not path.stem.startswith("_"))

"""What a file may not do: lead out of itself, or claim to hold far more than it does. One place for these decisions."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from headwater.core.dtypes import bfloat16

# Up to this size nothing is suspicious; beyond, a member must not claim to be many times what is stored of it.
HARMLESS_BYTES = 64 * 2**20
MOST_ZIP_EXPANSION = 100
MOST_HDF5_EXPANSION = 1000
MOST_MEMBERS = 100_000

_REMEDY = "Load only files whose source you trust; if this one is genuine, save the model again."


def check_archive(archive: zipfile.ZipFile, path: Any) -> None:
    """Raises ValueError for members with paths that lead elsewhere, twice the same, or that unpack to far too much."""
    members = archive.infolist()
    if len(members) > MOST_MEMBERS:
        raise ValueError(f"{path} has {len(members)} members, more than {MOST_MEMBERS}. {_REMEDY}")
    seen: set[str] = set()
    for member in members:
        parts = member.filename.replace("\\", "/").split("/")
        if ".." in parts or parts[0] == "" or ":" in parts[0]:
            raise ValueError(f"{path}: the member {member.filename!r} leads out of the archive. {_REMEDY}")
        if member.filename in seen:
            raise ValueError(f"{path} has two members named {member.filename!r}. {_REMEDY}")
        seen.add(member.filename)
        _check_expansion(f"{path}: the member {member.filename!r}", member.file_size, member.compress_size)
    stored = sum(m.compress_size for m in members)
    _check_expansion(f"{path}: all members together", sum(m.file_size for m in members), stored)


def _check_expansion(what: str, claimed: int, stored: int, most: int = MOST_ZIP_EXPANSION) -> None:
    if claimed > HARMLESS_BYTES and claimed > most * stored:
        raise ValueError(
            f"{what} claims to be {claimed:,} bytes, of which {stored:,} are stored: expected at most {most} times "
            f"as many. {_REMEDY}"
        )


def read_json(text: bytes | str, what: str) -> Any:
    """The JSON in `text`. Raises ValueError, naming `what`, if it is none or nested too deeply."""
    try:
        return json.loads(text)
    except (RecursionError, ValueError) as error:
        reason = "is nested too deeply" if isinstance(error, RecursionError) else f"is not JSON: {error}"
        raise ValueError(f"{what} {reason}. Expected what Model.save() wrote.") from None


class Group(Mapping[str, Any]):
    """A group of an HDF5 file, by whose names nothing outside of the file is reached.

    Args:
        group: The open group.
        path: The file's name, for errors.
    """

    def __init__(self, group: Any, path: Any) -> None:
        self._group = group
        self._path = path

    @property
    def attrs(self) -> Any:
        """The attributes."""
        return self._group.attrs

    def __iter__(self) -> Iterator[str]:
        return iter(self._group)

    def __len__(self) -> int:
        return len(self._group)

    def __getitem__(self, name: str) -> Any:
        """The group, or the array, of that name; names may have slashes."""
        import h5py  # noqa: PLC0415  (slow to import, needed here only)

        item = self._group
        for part in str(name).split("/"):
            if not isinstance(item, h5py.Group) or part not in item:
                raise KeyError(name)
            link = item.get(part, getlink=True)
            if not isinstance(link, h5py.HardLink):
                raise ValueError(
                    f"{self._path}: {name!r} is a {type(link).__name__}, which leads elsewhere. Expected the data "
                    f"itself. {_REMEDY}"
                )
            item = item[part]
        return Group(item, self._path) if isinstance(item, h5py.Group) else self._array(item, name)

    def _array(self, dataset: Any, name: str) -> Any:
        """A dataset's values, if they stand in this file and are numbers."""
        what = f"{self._path}: the dataset {name!r}"
        if not hasattr(dataset, "external"):
            raise ValueError(f"{what} is a {type(dataset).__name__}. Expected an array. {_REMEDY}")
        if dataset.external or dataset.is_virtual:
            raise ValueError(f"{what} has its values in other files. Expected the data itself. {_REMEDY}")
        if dataset.dtype.hasobject:
            raise ValueError(f"{what} holds objects of dtype {dataset.dtype}. Expected numbers. {_REMEDY}")
        stored = dataset.id.get_storage_size()
        _check_expansion(what, dataset.size * dataset.dtype.itemsize, stored, MOST_HDF5_EXPANSION)
        values = np.asarray(dataset[()])
        is_half = values.dtype.kind == "V" and values.dtype.itemsize == 2  # h5py knows no bfloat16
        return values.view(bfloat16.as_numpy_dtype) if is_half else values

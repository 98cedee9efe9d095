"""Files from elsewhere, kept in a cache, checked, and unpacked."""

from __future__ import annotations

import contextlib
import os
import pathlib
import shutil
import tarfile
import tempfile
import urllib.parse
import zipfile
from collections.abc import Sequence
from typing import Any

from headwater.keras.utils._download import ALGORITHMS, download, matches


def cache_folder() -> pathlib.Path:
    """Where downloads are kept: ``$KERAS_HOME`` or ``~/.keras``; among temporary files if that cannot be written."""
    folder = pathlib.Path(os.environ.get("KERAS_HOME") or "~/.keras").expanduser()
    with contextlib.suppress(OSError):
        folder.mkdir(parents=True, exist_ok=True)
    return folder if os.access(folder, os.W_OK) else pathlib.Path(tempfile.gettempdir()) / ".keras"


def get_file(
    fname: Any = None,
    origin: str | None = None,
    untar: bool = False,
    md5_hash: str | None = None,
    file_hash: str | None = None,
    cache_subdir: Any = "datasets",
    hash_algorithm: str = "auto",
    extract: bool = False,
    archive_format: Any = "auto",
    cache_dir: Any = None,
    force_download: bool = False,
) -> str:
    """The path of a file, downloaded if it is not there yet.

    A download that broke off is gone on with by the next call.

    Args:
        fname: The file's name; default: the last part of the address. Of an archive that is unpacked: the folder's
            name, or, with an ending, the archive's, and the folder is ``NAME_extracted``.
        origin: The address.
        untar: Whether to unpack a tar archive; the same as `extract` with the format ``"tar"``.
        md5_hash: The checksum, if it is an MD5.
        file_hash: The checksum; a file with another one is not used.
        cache_subdir: The folder below the cache, or an absolute one.
        hash_algorithm: ``"sha256"``, ``"md5"`` or ``"auto"`` (by the checksum's length).
        extract: Whether to unpack the archive.
        archive_format: ``"tar"``, ``"zip"``, a list of them, or ``"auto"``: both.
        cache_dir: The cache; default ``$KERAS_HOME`` or ``~/.keras``.
        force_download: Whether to download the file even if it is there.

    Returns:
        The path of the file, or of the folder that its contents are in.

    Raises:
        OSError: If the file is not there and cannot be downloaded; the message says where to put it.
        ValueError: If the file has another checksum, or is not an archive.
    """
    if origin is None:
        raise ValueError("Expected `origin`, the address of the file to download, received None.")
    if md5_hash is not None and file_hash is None:
        file_hash, hash_algorithm = md5_hash, "md5"
    if hash_algorithm not in ALGORITHMS:
        raise ValueError(f"Expected `hash_algorithm` to be one of {ALGORITHMS}, received {hash_algorithm!r}.")
    formats = ["tar"] if untar and not extract else _formats(archive_format)
    path = _place(cache_dir, cache_subdir) / _file_name(fname, origin)
    if not (untar or extract):
        _provide(path, origin, file_hash, hash_algorithm, force_download)
        return str(path)
    archive, folder = _archive_and_folder(path, fname)
    is_fresh = _provide(archive, origin, file_hash, hash_algorithm, force_download)
    if is_fresh or not folder.exists():
        _unpack(archive, folder, formats)
    return str(folder)


def _place(cache_dir: Any, cache_subdir: Any) -> pathlib.Path:
    folder = (pathlib.Path(cache_dir).expanduser() if cache_dir else cache_folder()) / cache_subdir
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _file_name(fname: Any, origin: str) -> str:
    name = os.fspath(fname) if fname else pathlib.PurePosixPath(urllib.parse.urlsplit(origin).path).name
    if not name:
        raise ValueError(f"Expected an address that ends with a file's name, received {origin!r}. Give `fname`.")
    if pathlib.Path(name).name != name:
        raise ValueError(f"Expected `fname` without folders, received {name!r}. Name folders in `cache_dir`.")
    return str(name)


def _archive_and_folder(path: pathlib.Path, fname: Any) -> tuple[pathlib.Path, pathlib.Path]:
    stem, dot, _ = path.name.partition(".")
    if fname and dot:
        return path, path.with_name(stem + "_extracted")
    return path.with_name(path.name + "_archive"), path


def _provide(path: pathlib.Path, origin: str, file_hash: str | None, algorithm: str, force: bool) -> bool:
    """Makes sure that the file is there; returns whether it was downloaded."""
    if path.exists() and not force:
        if file_hash is None or matches(path, file_hash, algorithm):
            return False
        print(f"{path} has another checksum than expected ({file_hash}), so it is downloaded again.")
    download(origin, path, file_hash, algorithm)
    return True


# Archives --------------------------------------------------------------------------------------------------------


def _unpack_tar(archive: pathlib.Path, folder: pathlib.Path) -> None:
    with tarfile.open(archive) as file:
        for member in file.getmembers():
            _check_member(member, archive, folder)
        if hasattr(tarfile, "data_filter"):
            file.extractall(folder, filter="data")
        else:  # Python before 3.11.4
            file.extractall(folder)


def _check_member(member: tarfile.TarInfo, archive: pathlib.Path, folder: pathlib.Path) -> None:
    """Raises ValueError for what would be unpacked elsewhere, or could not be told to stay where it belongs."""
    root = folder.resolve()
    inside = (root / member.name).resolve().is_relative_to(root)
    is_link = member.issym() or member.islnk()
    plain = hasattr(tarfile, "data_filter") if is_link else member.isfile() or member.isdir()
    if not inside or not plain:
        raise ValueError(f"{archive} holds {member.name!r}, which is no file or folder within it. Nothing is unpacked.")


def _unpack_zip(archive: pathlib.Path, folder: pathlib.Path) -> None:
    with zipfile.ZipFile(archive) as file:
        file.extractall(folder)


_ARCHIVES = {"tar": (tarfile.is_tarfile, _unpack_tar), "zip": (zipfile.is_zipfile, _unpack_zip)}


def _formats(given: Any) -> Sequence[str]:
    formats = list(_ARCHIVES) if given == "auto" else [given] if isinstance(given, str) else list(given or ())
    if unknown := [f for f in formats if f not in _ARCHIVES]:
        raise ValueError(f"Expected `archive_format` to be 'auto' or of {list(_ARCHIVES)}, received {unknown[0]!r}.")
    return formats


def _unpack(archive: pathlib.Path, folder: pathlib.Path, formats: Sequence[str]) -> None:
    """Unpacks next to `folder`, and moves the contents there when they are whole."""
    for is_one, unpack in [_ARCHIVES[name] for name in formats]:
        if not is_one(archive):
            continue
        with tempfile.TemporaryDirectory(dir=folder.parent, prefix=folder.name) as place:
            unpack(archive, pathlib.Path(place) / "contents")
            if folder.exists():
                shutil.rmtree(folder)
            os.replace(pathlib.Path(place) / "contents", folder)
        return
    raise ValueError(f"Expected an archive of the kind {' or '.join(formats) or '(none named)'}, received {archive}.")

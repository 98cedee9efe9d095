"""Downloads that are kept, checked and resumed."""

from __future__ import annotations

import hashlib
import os
import pathlib
import sys
import urllib.error
import urllib.request
from typing import Any

from headwater.keras.callbacks._progress import Progbar

_CHUNK = 1 << 18


def cache_folder() -> pathlib.Path:
    """Where downloads are kept: ``$KERAS_HOME``, or ``~/.keras``."""
    return pathlib.Path(os.environ.get("KERAS_HOME") or "~/.keras").expanduser()


def get_file(
    fname: str | None = None,
    origin: str | None = None,
    file_hash: str | None = None,
    cache_subdir: str = "datasets",
    hash_algorithm: str = "auto",
    cache_dir: Any = None,
    **kwargs: Any,
) -> str:
    """The path of a file, downloaded if it is not there yet.

    Args:
        fname: The file's name; default: the last part of `origin`.
        origin: The address.
        file_hash: Its checksum; a file with another one is not used.
        cache_subdir: The folder below the cache.
        hash_algorithm: ``"sha256"``, ``"md5"`` or ``"auto"`` (by the checksum's length).
        cache_dir: The cache; default ``$KERAS_HOME`` or ``~/.keras``.
        **kwargs: Accepted for compatibility.

    Returns:
        The path.

    Raises:
        OSError: If the file is not there and cannot be downloaded; the message says where to put it.
        ValueError: If the file has another checksum.
    """
    if origin is None:
        raise ValueError("Please specify the `origin` argument (URL of the file to download).")
    folder = (pathlib.Path(cache_dir) if cache_dir else cache_folder()) / cache_subdir
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / (fname or origin.rsplit("/", 1)[-1])
    if path.exists() and (file_hash is None or matches(path, file_hash, hash_algorithm)):
        return str(path)
    _download(origin, path)
    if file_hash is not None and not matches(path, file_hash, hash_algorithm):
        path.unlink()
        raise ValueError(
            f"{origin} has another checksum than expected ({file_hash}): the download is incomplete or changed."
        )
    return str(path)


def matches(path: pathlib.Path, file_hash: str, algorithm: str = "auto") -> bool:
    """Whether the file has this checksum."""
    kind = "sha256" if algorithm == "sha256" or (algorithm == "auto" and len(file_hash) == 64) else "md5"
    with path.open("rb") as file:
        return hashlib.file_digest(file, kind).hexdigest() == file_hash


def _download(origin: str, path: pathlib.Path) -> None:
    """Downloads next to `path`, going on where an earlier try stopped, and moves the file there when it is whole."""
    part = path.with_name(path.name + ".part")
    have = part.stat().st_size if part.exists() else 0
    request = urllib.request.Request(origin, headers={"Range": f"bytes={have}-"} if have else {})
    print(f"Downloading data from {origin}")
    try:
        with urllib.request.urlopen(request, timeout=30) as response:
            resumed = have > 0 and response.status == 206
            size = int(response.headers.get("Content-Length") or 0)
            _receive(response, part, have if resumed else 0, size)
    except (urllib.error.URLError, OSError) as error:
        raise OSError(
            f"Could not download {origin}: {error}. Expected the file at {path}. Without a network, get it "
            f"elsewhere and put "
            "it there."
        ) from error
    os.replace(part, path)


def _receive(response: Any, part: pathlib.Path, start: int, size: int) -> None:
    bar = Progbar(start + size if size else None, unit_name="B") if sys.stdout.isatty() else None
    done = start
    with part.open("ab" if start else "wb") as file:
        while chunk := response.read(_CHUNK):
            file.write(chunk)
            done += len(chunk)
            if bar is not None:
                bar.update(done)
    if size and done < start + size:
        raise OSError(f"the connection ended after {done} of {start + size} bytes; the next try goes on from there")

"""Downloads that go on where an earlier try stopped, and that never leave a half-written file under the wanted name.

What has come lies in ``NAME.part``. ``NAME.part.tag`` holds the server's tag of the version that it is a part of: the
server sends the rest of that version only, else all of another one.
"""

from __future__ import annotations

import hashlib
import http.client
import os
import pathlib
import sys
import urllib.error
import urllib.request
from typing import Any

from headwater.keras.callbacks._progress import Progbar

_CHUNK = 1 << 18
_TIMEOUT = 30  # seconds without a byte
_PARTIAL_CONTENT, _RANGE_NOT_SATISFIABLE = 206, 416
ALGORITHMS = ("auto", "md5", "sha256")


def download(origin: str, path: pathlib.Path, file_hash: str | None = None, algorithm: str = "auto") -> None:
    """Downloads a file, and puts it at `path` when it is whole and has the checksum.

    Args:
        origin: The address.
        path: Where the file shall be.
        file_hash: Its checksum, if one is known.
        algorithm: ``"md5"``, ``"sha256"`` or ``"auto"`` (by the checksum's length).

    Raises:
        OSError: If it cannot be downloaded; the message says where to put it by hand.
        ValueError: If what came has another checksum.
    """
    part = path.with_name(path.name + ".part")
    print(f"Downloading data from {origin}")
    try:
        _fetch(origin, part)
    except (OSError, http.client.HTTPException) as error:
        kept = " The next try goes on from there." if _resumable(part) else ""
        raise OSError(
            f"Could not download {origin}: {_reason(error)}.{kept} Expected the file at {path}. Without a network, get "
            "it elsewhere and put it there."
        ) from None
    if file_hash is not None and not matches(part, file_hash, algorithm):
        received = checksum(part, file_hash, algorithm)
        part.unlink()
        raise ValueError(
            f"Expected {origin} to have the checksum {file_hash}, received a file with {received}. It was not kept: "
            "try again, or correct `file_hash` if the file was changed on purpose."
        )
    os.replace(part, path)
    _tag_of(part).unlink(missing_ok=True)


def checksum(path: pathlib.Path, file_hash: str, algorithm: str = "auto") -> str:
    """The file's checksum of the kind that `file_hash` is, in hexadecimal digits."""
    kind = ("sha256" if len(file_hash) == 64 else "md5") if algorithm == "auto" else algorithm
    with path.open("rb") as file:
        return hashlib.file_digest(file, kind).hexdigest()


def matches(path: pathlib.Path, file_hash: str, algorithm: str = "auto") -> bool:
    """Whether the file has this checksum."""
    return checksum(path, file_hash, algorithm) == file_hash.lower()


def _tag_of(part: pathlib.Path) -> pathlib.Path:
    return part.with_name(part.name + ".tag")


def _resumable(part: pathlib.Path) -> int:
    """How many bytes an earlier try has left that the server can be asked for the rest of."""
    return part.stat().st_size if part.exists() and _tag_of(part).exists() else 0


def _fetch(origin: str, part: pathlib.Path) -> None:
    have = _resumable(part)
    headers = {"Range": f"bytes={have}-", "If-Range": _tag_of(part).read_text()} if have else {}
    try:
        response = urllib.request.urlopen(urllib.request.Request(origin, headers=headers), timeout=_TIMEOUT)
    except urllib.error.HTTPError as error:
        error.close()
        if error.code != _RANGE_NOT_SATISFIABLE or not have:
            raise
        part.unlink()  # it holds all there is, or more
        _fetch(origin, part)
        return
    with response:
        start = have if getattr(response, "status", None) == _PARTIAL_CONTENT else 0
        if not start:
            _keep_tag(response.headers, part)
        _receive(response, part, start)


def _keep_tag(headers: Any, part: pathlib.Path) -> None:
    """Remembers which version of the file comes, if the server can be asked for the rest of it."""
    strong = headers.get("ETag", "W/").startswith('"')
    tag = headers["ETag"] if strong else headers.get("Last-Modified")
    part.unlink(missing_ok=True)
    _tag_of(part).write_text(tag) if tag else _tag_of(part).unlink(missing_ok=True)


def _receive(response: Any, part: pathlib.Path, start: int) -> None:
    size = int(response.headers.get("Content-Length") or 0)
    bar = Progbar(start + size if size else None, unit_name="B") if sys.stdout.isatty() else None
    done = start
    with part.open("ab" if start else "wb") as file:
        while chunk := response.read(_CHUNK):
            file.write(chunk)
            done += len(chunk)
            if bar is not None:
                bar.update(done)
    if size and done < start + size:
        raise OSError(f"the connection ended after {done} of {start + size} bytes")


def _reason(error: Exception) -> str:
    if isinstance(error, urllib.error.URLError) and not isinstance(error, urllib.error.HTTPError):
        return str(error.reason)
    return str(error)

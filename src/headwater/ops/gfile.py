"""`tf.io.gfile`: files and folders, with TensorFlow's errors."""

from __future__ import annotations

import contextlib
import dataclasses
import glob as glob_module
import os
import shutil
from collections.abc import Callable, Iterator
from typing import Any

from headwater.core.errors import (
    AlreadyExistsError,
    FailedPreconditionError,
    NotFoundError,
    OpError,
    PermissionDeniedError,
    UnknownError,
)

__all__ = [
    "GFile", "copy", "exists", "get_registered_schemes", "glob", "isdir", "join", "listdir", "makedirs", "mkdir",
    "remove", "rename", "rmtree", "stat", "walk",
]  # fmt: skip

_ERRORS: tuple[tuple[type[OSError], type[OpError]], ...] = (
    (FileNotFoundError, NotFoundError),
    (FileExistsError, AlreadyExistsError),
    (PermissionError, PermissionDeniedError),
    (IsADirectoryError, FailedPreconditionError),
    (NotADirectoryError, FailedPreconditionError),
)


def local_path(path: Any) -> str:
    """A path as the operating system knows it. Raises an error for paths of other file systems."""
    text = os.fsdecode(os.fspath(path))
    if text.startswith("file://"):
        return text[len("file://") :]
    if "://" in text:
        raise NotFoundError(
            None,
            None,
            f"File system scheme '{text.split('://', 1)[0]}' not implemented (file: '{text}'). Expected a local path; "
            "mount or download the file.",
        )
    return text


@contextlib.contextmanager
def file_errors() -> Iterator[None]:
    """Raises TensorFlow's error for what the operating system reports in the block."""
    try:
        yield
    except OSError as error:
        found = next((ours for theirs, ours in _ERRORS if isinstance(error, theirs)), UnknownError)
        raise found(None, None, f"{error.filename or ''}; {error.strerror or error}") from error


class GFile:
    r"""A file, opened when it is first used.

    Args:
        name: The path.
        mode: ``"r"``, ``"w"``, ``"a"``, ``"r+"``, ``"w+"``, with ``"b"`` for bytes instead of UTF-8 text.

    >>> import tempfile
    >>> path = tf.io.gfile.join(tempfile.mkdtemp(), "a.txt")
    >>> with tf.io.gfile.GFile(path, "w") as f:
    ...     f.write("one\ntwo\n")
    >>> list(tf.io.gfile.GFile(path))
    ['one\n', 'two\n']
    """

    def __init__(self, name: Any, mode: str = "r") -> None:
        if mode not in {m + b for m in ("r", "w", "a", "r+", "w+", "a+") for b in ("", "b")}:
            raise ValueError(f"Invalid mode {mode!r}. Expected one of r, w, a, r+, w+, a+, with b for bytes.")
        self._name = name
        self._mode = mode
        self._file: Any = None
        if "r" not in mode:
            self._open()

    @property
    def name(self) -> Any:
        """The path, as given."""
        return self._name

    @property
    def mode(self) -> str:
        """The mode, as given."""
        return self._mode

    def _open(self) -> Any:
        if self._file is None:
            text: dict[str, Any] = {} if "b" in self._mode else {"encoding": "utf-8", "newline": ""}
            with file_errors():
                self._file = open(local_path(self._name), self._mode, **text)  # noqa: SIM115
        return self._file

    def read(self, n: int = -1) -> Any:
        """The next `n` characters or bytes; all that is left by default."""
        return self._open().read(n)

    def readline(self) -> Any:
        """The next line, with its end; empty at the end of the file."""
        return self._open().readline()

    def readlines(self) -> list[Any]:
        """The lines that are left."""
        return list(self._open())

    def write(self, file_content: Any) -> None:
        """Writes text or bytes."""
        if "b" in self._mode and isinstance(file_content, str):
            file_content = file_content.encode()
        self._open().write(file_content)

    def seek(self, offset: int, whence: int = 0) -> None:
        """Moves to a position."""
        self._open().seek(offset, whence)

    def tell(self) -> int:
        """The position."""
        return int(self._open().tell())

    def size(self) -> int:
        """The size of the file in bytes."""
        return stat(self._name).length

    def seekable(self) -> bool:
        """Always True."""
        return True

    def flush(self) -> None:
        """Hands what was written to the operating system."""
        if self._file is not None and self._mode[0] != "r":
            self._file.flush()

    def close(self) -> None:
        """Closes the file."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def __enter__(self) -> GFile:
        return self

    def __exit__(self, *error: Any) -> None:
        self.close()

    def __iter__(self) -> Iterator[Any]:
        try:
            yield from self._open()
        finally:
            self.close()

    def __next__(self) -> Any:
        line = self.readline()
        if not line:
            raise StopIteration
        return line

    def __del__(self) -> None:
        self.close()


@dataclasses.dataclass(frozen=True)
class FileStatistics:
    """Size in bytes, time of the last change in nanoseconds, and whether it is a folder."""

    length: int
    mtime_nsec: int
    is_directory: bool


def exists(path: Any) -> bool:
    """Whether there is a file or folder.

    >>> tf.io.gfile.exists("no such file")
    False
    """
    return os.path.exists(local_path(path))


def isdir(path: Any) -> bool:
    """Whether there is a folder.

    >>> tf.io.gfile.isdir(".")
    True
    """
    return os.path.isdir(local_path(path))


def join(path: Any, *paths: Any) -> Any:
    """Joins parts of a path.

    >>> tf.io.gfile.join("a", "b.txt")
    'a/b.txt'
    """
    return os.path.join(path, *paths)


def glob(pattern: Any) -> list[str]:
    """The sorted paths that match a pattern, or any of a list of patterns.

    >>> tf.io.gfile.glob("no such folder/*")
    []
    """
    patterns = pattern if isinstance(pattern, list | tuple) else [pattern]
    return [path for p in patterns for path in sorted(glob_module.glob(local_path(p)))]


def listdir(path: Any) -> list[str]:
    """The names in a folder. Raises NotFoundError if there is none.

    >>> "no such name" in tf.io.gfile.listdir(".")
    False
    """
    if not isdir(path):
        raise NotFoundError(None, None, f"Could not find directory {path}")
    return os.listdir(local_path(path))


def mkdir(path: Any) -> None:
    """Makes a folder in one that is there."""
    with file_errors():
        os.mkdir(local_path(path))


def makedirs(path: Any) -> None:
    """Makes a folder and those it is in, as far as they are missing."""
    with file_errors():
        os.makedirs(local_path(path), exist_ok=True)


def remove(path: Any) -> None:
    """Deletes a file."""
    with file_errors():
        os.remove(local_path(path))


def rmtree(path: Any) -> None:
    """Deletes a folder and all in it."""
    with file_errors():
        shutil.rmtree(local_path(path))


def _may_replace(target: Any, overwrite: bool) -> None:
    if not overwrite and exists(target):
        raise AlreadyExistsError(None, None, f"file already exists: {target}. Use overwrite=True.")


def copy(src: Any, dst: Any, overwrite: bool = False) -> None:
    """Copies a file. Raises AlreadyExistsError if there is one already and `overwrite` is False."""
    _may_replace(dst, overwrite)
    with file_errors():
        shutil.copyfile(local_path(src), local_path(dst))


def rename(src: Any, dst: Any, overwrite: bool = False) -> None:
    """Renames a file or folder. Raises AlreadyExistsError if there is one already and `overwrite` is False."""
    _may_replace(dst, overwrite)
    with file_errors():
        os.replace(local_path(src), local_path(dst))


def stat(path: Any) -> FileStatistics:
    """Size, time and kind of a file or folder.

    >>> tf.io.gfile.stat(".").is_directory
    True
    """
    with file_errors():
        found = os.stat(local_path(path))
    return FileStatistics(found.st_size, found.st_mtime_ns, os.path.isdir(local_path(path)))


def walk(
    top: Any, topdown: bool = True, onerror: Callable[[Any], None] | None = None
) -> Iterator[tuple[str, list[str], list[str]]]:
    """For each folder below `top`: its path, the names of folders and of files in it."""
    return iter(os.walk(local_path(top), topdown, onerror))


def get_registered_schemes() -> list[str]:
    """The kinds of paths there are: local ones.

    >>> tf.io.gfile.get_registered_schemes()
    ['', 'file']
    """
    return ["", "file"]

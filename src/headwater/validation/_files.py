"""Messages in files: written whole or not at all, and read with errors that say where."""

from __future__ import annotations

import os
import re
import tempfile
from pathlib import Path
from typing import Any, TypeVar

from headwater.validation._errors import DataError
from headwater.validation._protos import text_format

Message = TypeVar("Message")

_PLACE = re.compile(r"(\d+):(\d+) : (.*)", re.DOTALL)


def write_atomically(path: str | os.PathLike[str], content: bytes) -> None:
    """Writes a file under a temporary name beside it and renames it, so that nobody sees half of it.

    Raises:
        OSError: if it cannot be written; what was there before is still there.
    """
    target = Path(path)
    handle, name = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(name, _mode(target))
        os.replace(name, target)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def _mode(target: Path) -> int:
    """The permissions of the file that is replaced, or those a new file gets."""
    if target.exists():
        return target.stat().st_mode & 0o777
    mask = os.umask(0)
    os.umask(mask)
    return 0o666 & ~mask


def write_text_message(message: Any, path: str | os.PathLike[str]) -> None:
    """Writes a message in text format, atomically."""
    write_atomically(path, text_format.MessageToString(message).encode())


def read_text_message(path: str | os.PathLike[str], message: Message) -> Message:
    """Reads a file in text format into an empty message, and returns it.

    Raises:
        OSError: if the file cannot be read.
        DataError: if it is no such text; says the file, line and column.
    """
    content = Path(path).read_bytes()
    try:
        return text_format.Parse(content.decode(), message)
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        problem = f"byte {content[error.start]:#04x} is not UTF-8"
    except RecursionError:
        line, problem = 1, "messages are nested too deeply"
    except text_format.ParseError as error:
        place = _PLACE.match(str(error))
        line = error.GetLine()
        problem = f"column {place[2]}: {place[3]}" if place else str(error)
    raise DataError(f"{problem.rstrip('. ')}. {_expected(message)}", os.fspath(path), line)


def read_binary_message(path: str | os.PathLike[str], message: Message) -> Message:
    """Reads a binary file into an empty message, and returns it.

    Raises:
        OSError: if the file cannot be read.
        DataError: if it is no such message; says the file.
    """
    content: Any = message
    try:
        content.ParseFromString(Path(path).read_bytes())
    except OSError:
        raise
    except Exception as error:  # protobuf's classes differ between its implementations
        raise DataError(f"{error}. Expected a binary message ({_named(content)}).", os.fspath(path)) from None
    return message


def _expected(message: Any) -> str:
    kind = _named(message)
    return f"Expected {kind} message in text format. Remedy: correct that place, or write the file anew from {kind}."


def _named(message: Any) -> str:
    kind = message.DESCRIPTOR.name
    return f"{'an' if kind[0] in 'AEIOU' else 'a'} {kind}"

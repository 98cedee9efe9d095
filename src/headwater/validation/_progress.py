"""What takes long, and for how long it has: on terminals only."""

from __future__ import annotations

import contextlib
import sys
import threading
import time
from collections.abc import Iterator

SECONDS = 0.5
"""How often the time is written; what is done sooner is not mentioned."""
_CLEAR_LINE = "\r\x1b[K"


@contextlib.contextmanager
def progress(text: str) -> Iterator[None]:
    """Shows a line on standard error while the block runs, and leaves nothing behind."""
    if not sys.stderr.isatty():
        yield
        return
    done = threading.Event()
    thread = threading.Thread(target=_tick, args=(text, done), daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()


def _tick(text: str, done: threading.Event) -> None:
    start = time.monotonic()
    while not done.wait(SECONDS):
        _write(f"{_CLEAR_LINE}{text}: {time.monotonic() - start:.0f} s ")
    _write(_CLEAR_LINE)


def _write(text: str) -> None:
    sys.stderr.write(text)
    sys.stderr.flush()

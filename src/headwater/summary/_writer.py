"""Writers of event files, and which of them is the default."""

from __future__ import annotations

import contextlib
import itertools
import os
import pathlib
import socket
import threading
import time
from collections.abc import Iterator
from typing import Any

from headwater.core.op import Op
from headwater.core.tensor import convert_to_tensor

_numbers = itertools.count()


_CLOSED = "SummaryWriter is already closed. Expected an open writer; make a new one."


class _Defaults(threading.local):
    def __init__(self) -> None:
        self.writer: Any = None
        self.step: Any = None
        self.condition: Any = True


defaults = _Defaults()


class SummaryWriter:
    """Writes events to one file of a folder. Made by `create_file_writer`; the file appears with the first event.

    Args:
        folder: The folder, or None for a writer that writes nothing.
        suffix: The end of the file's name.
    """

    def __init__(self, folder: str | None, suffix: str = ".v2", max_queue: int = 10) -> None:
        self._folder = folder
        self._suffix = suffix
        self._lock = threading.Lock()
        self._file: Any = None
        self._records: Any = None
        self._pending = 0
        self._max_queue = max_queue
        self._closed = False

    @property
    def writes(self) -> bool:
        """Whether events go anywhere."""
        return self._folder is not None and not self._closed

    def add(self, event: Any) -> None:
        """Writes an event (a `tensorboard.compat.proto` Event), with the time if it has none."""
        if self._folder is None:
            return
        if self._closed:
            raise RuntimeError(_CLOSED)
        with self._lock:
            self._open()
            if not event.wall_time:
                event.wall_time = time.time()
            self._records.write(event.SerializeToString())
            self._pending += 1
            if self._pending >= self._max_queue:
                self._flush()

    def _open(self) -> None:
        if self._file is not None:
            return
        from tensorboard.compat.proto import event_pb2  # noqa: PLC0415  (slow to import, needed here only)
        from tensorboard.summary.writer.record_writer import RecordWriter  # noqa: PLC0415  (the same)

        folder = pathlib.Path(self._folder or ".")
        folder.mkdir(parents=True, exist_ok=True)
        host = socket.gethostname()
        name = f"events.out.tfevents.{int(time.time())}.{host}.{os.getpid()}.{next(_numbers)}{self._suffix}"
        self._file = (folder / name).open("wb")
        self._records = RecordWriter(self._file)
        version = event_pb2.Event(wall_time=time.time(), file_version="brain.Event:2")
        self._records.write(version.SerializeToString())
        self._file.flush()

    def _flush(self) -> None:
        if self._file is not None:
            self._file.flush()
        self._pending = 0

    def flush(self) -> None:
        """Makes everything written so far visible to readers."""
        with self._lock:
            self._flush()

    def close(self) -> None:
        """Closes the file; nothing can be written afterwards."""
        with self._lock:
            self._closed = True
            if self._file is not None:
                self._file.close()
                self._file = None

    def __del__(self) -> None:
        if self._file is not None:
            self._file.close()

    def init(self) -> None:
        """Opens the file at once."""
        with self._lock:
            if self._folder is not None:
                self._open()

    @contextlib.contextmanager
    def as_default(self, step: Any = None) -> Iterator[SummaryWriter]:
        """Makes this the writer that `tf.summary` functions write to.

        Args:
            step: The default step in the block.
        """
        if self._closed:
            raise RuntimeError(_CLOSED)
        before = defaults.writer, defaults.step
        defaults.writer = self
        if step is not None:
            defaults.step = step
        try:
            yield self
        finally:
            self.flush()
            defaults.writer = before[0]
            if step is not None:
                defaults.step = before[1]

    def set_as_default(self, step: Any = None) -> None:
        """Makes this the default writer from here on."""
        defaults.writer = self
        if step is not None:
            defaults.step = step


def create_file_writer(
    logdir: Any, max_queue: int | None = None, flush_millis: int | None = None, filename_suffix: str | None = None,
    name: str | None = None, experimental_trackable: bool = False,
) -> SummaryWriter:  # fmt: skip
    """A writer of event files in a folder.

    Args:
        logdir: The folder.
        max_queue: How many events are held back before they reach the disk; default 10.
        flush_millis: Accepted for compatibility.
        filename_suffix: The end of the file's name; default ``".v2"``.
        name: Accepted for compatibility.
        experimental_trackable: Accepted for compatibility.
    """
    return SummaryWriter(os.fspath(logdir), ".v2" if filename_suffix is None else filename_suffix, max_queue or 10)


def create_noop_writer() -> SummaryWriter:
    """A writer that writes nothing."""
    return SummaryWriter(None)


def flush(writer: SummaryWriter | None = None, name: str | None = None) -> None:
    """Makes what the writer (default: the current one) wrote visible to readers."""
    writer = writer or defaults.writer
    if writer is not None:
        writer.flush()


def set_step(step: Any) -> None:
    """Sets the step of summaries that are given none; may be a variable."""
    defaults.step = step


def get_step() -> Any:
    """The step of summaries that are given none, or None."""
    return defaults.step


@contextlib.contextmanager
def record_if(condition: Any) -> Iterator[None]:
    """Inside the block summaries are written only if `condition` (a bool, tensor or function) holds."""
    before = defaults.condition
    defaults.condition = condition
    try:
        yield
    finally:
        defaults.condition = before


def _condition() -> Any:
    return defaults.condition() if callable(defaults.condition) else defaults.condition


def should_record_summaries() -> Any:
    """Whether there is a default writer and `record_if` holds."""
    if defaults.writer is None:
        return convert_to_tensor(False)
    return convert_to_tensor(_condition())


def _write_kernel(step: Any, recorded: Any, *values: Any, writer: SummaryWriter, make: Any) -> Any:
    if bool(recorded) and writer.writes:
        writer.add(make(int(step), *values))
    return recorded


WRITE = Op(
    "WriteSummary", _write_kernel, effect="effect", spec=lambda inputs, attrs: (inputs[1].dtype, inputs[1].shape)
)


def emit(make: Any, values: list[Any], step: Any) -> Any:
    """Writes the event ``make(step, *values)``; in a graph, whenever the graph runs. Returns whether it was written."""
    writer = defaults.writer
    if writer is None:
        return convert_to_tensor(False)
    step = defaults.step if step is None else step
    if step is None:
        raise ValueError("No step set. Please specify one either through the `step` argument or through "
                         "tf.summary.experimental.set_step()")  # fmt: skip
    tensors = [convert_to_tensor(v) for v in values]
    return WRITE(convert_to_tensor(step), convert_to_tensor(_condition()), *tensors, writer=writer, make=make)

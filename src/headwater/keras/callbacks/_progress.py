"""The progress bar: `Progbar`, and the callback that feeds it."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from typing import Any

from headwater.keras.callbacks._base import Callback, CallbackList

_BOLD, _GREEN, _GREY, _PLAIN = "\x1b[1m", "\x1b[32m", "\x1b[37m", "\x1b[0m"
_WIDTH = 20


class Progbar:
    """A line that shows how far a loop is, how fast, and the values so far.

    Args:
        target: How many steps there are; None if unknown.
        width: The width of the bar.
        verbose: 0 silent, 1 a bar, 2 one line at the end.
        interval: Seconds between updates.
        stateful_metrics: Accepted for compatibility.
        unit_name: What a step is called.
    """

    def __init__(
        self, target: int | None, width: int = _WIDTH, verbose: int = 1, interval: float = 0.05,
        stateful_metrics: Any = None, unit_name: str = "step",
    ) -> None:  # fmt: skip
        self.target = target
        self.width = width
        self.verbose = verbose
        self.interval = interval
        self.unit_name = unit_name
        self._start = time.time()
        self._shown_at = 0.0
        self._length = 0
        self._values: dict[str, Any] = {}

    def update(
        self, current: int, values: Sequence[tuple[str, Any]] | None = None, finalize: bool | None = None
    ) -> None:
        """Shows that step `current` is done.

        Args:
            current: How many steps are done.
            values: Pairs of name and value.
            finalize: Whether this is the last update; default: when `current` reaches the target.
        """
        self._values.update(dict(values or []))
        finalize = self.target is not None and current >= self.target if finalize is None else finalize
        if self.verbose == 0 or (self.verbose == 2 and not finalize):
            return
        now = time.time()
        if not finalize and now - self._shown_at < self.interval:
            return
        self._shown_at = now
        seconds = now - self._start
        text = self._line(current, seconds, finalize) if self.verbose == 1 else self._plain_line(current, seconds)
        sys.stdout.write(text + ("\n" if finalize else ""))
        sys.stdout.flush()

    def add(self, n: int, values: Any = None) -> None:
        """Shows that `n` more steps are done."""
        self._done = getattr(self, "_done", 0) + n
        self.update(self._done, values)

    def _line(self, current: int, seconds: float, finalize: bool) -> str:
        back = "\b" * self._length + "\r"
        count = f"{current}/{self.target}" if self.target is not None else f"{current}/Unknown"
        if self.target is not None:
            count = f"{current:>{len(str(self.target))}}/{self.target}"
        bar = ""
        if self.target:
            filled = round(self.width * min(current, self.target) / self.target)
            bar = f" {_GREEN}{'━' * filled}{_PLAIN}{_GREY}{'━' * (self.width - filled)}{_PLAIN}"
        per_step = seconds / max(current, 1)
        left = seconds if finalize or self.target is None else per_step * (self.target - current)
        text = f"{_BOLD}{count}{_PLAIN}{bar} {_BOLD}{_duration(left)}{_PLAIN} {_pace(per_step, self.unit_name)}"
        text += self._values_text()
        pad = " " * max(0, self._length - len(text))
        self._length = len(text)
        return back + text + pad

    def _plain_line(self, current: int, seconds: float) -> str:
        count = f"{current}/{self.target}" if self.target is not None else str(current)
        per_step = seconds / max(current, 1)
        return f"{count} - {seconds:.0f}s - {_pace(per_step, self.unit_name)}" + self._values_text()

    def _values_text(self) -> str:
        return "".join(f" - {name}: {_number(value)}" for name, value in self._values.items())


def _number(value: Any) -> str:
    value = float(value)
    return f"{value:.4f}" if abs(value) > 1e-3 else f"{value:.4e}"


def _duration(seconds: float) -> str:
    if seconds > 3600:
        return f"{seconds // 3600:.0f}:{seconds % 3600 // 60:02.0f}:{seconds % 60:02.0f}"
    if seconds > 60:
        return f"{seconds // 60:.0f}:{seconds % 60:02.0f}"
    return f"{seconds:.0f}s"


def _pace(per_step: float, unit: str) -> str:
    if per_step >= 1 or per_step == 0:
        return f"{per_step:.0f}s/{unit}"
    return f"{per_step * 1e3:.0f}ms/{unit}" if per_step >= 1e-3 else f"{per_step * 1e6:.0f}us/{unit}"


class ProgbarLogger(Callback):
    """Shows a progress bar with the values of each epoch."""

    def __init__(self) -> None:
        super().__init__()
        self._bar: Progbar | None = None
        self._done = 0
        self._in_training = False

    def wants_batches(self, kind: str) -> bool:
        return False

    def _begin(self) -> None:
        self._done = 0
        params = self.params or {}
        self._bar = Progbar(params.get("steps"), verbose=params.get("verbose", 1))

    def _show(self, batch: int, logs: Any) -> None:
        self._done = batch + 1
        if self._bar is not None:
            self._bar.update(self._done, list((logs or {}).items()), finalize=False)

    def _finish(self, logs: Any) -> None:
        if self._bar is not None:
            if self._bar.target is None:
                self._bar.target = self._done
                if self.params is not None:
                    self.params["steps"] = self._done
            self._bar.update(self._done, list((logs or {}).items()), finalize=True)
        self._bar = None

    def on_train_begin(self, logs: Any = None) -> None:
        self._in_training = True

    def on_train_end(self, logs: Any = None) -> None:
        self._in_training = False

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        self._begin()
        params = self.params or {}
        if params.get("verbose") and params.get("epochs", 1) > 1:
            print(f"Epoch {epoch + 1}/{params['epochs']}")

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        self._show(batch, logs)

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        self._finish(logs)

    def on_test_begin(self, logs: Any = None) -> None:
        if not self._in_training:
            self._begin()

    def on_test_batch_end(self, batch: int, logs: Any = None) -> None:
        if not self._in_training:
            self._show(batch, logs)

    def on_test_end(self, logs: Any = None) -> None:
        if not self._in_training:
            self._finish(logs)

    def on_predict_begin(self, logs: Any = None) -> None:
        self._begin()

    def on_predict_batch_end(self, batch: int, logs: Any = None) -> None:
        self._show(batch, None)

    def on_predict_end(self, logs: Any = None) -> None:
        self._finish(None)


def callbacks_for(given: Any, model: Any, verbose: Any, add_history: bool = False, **params: Any) -> CallbackList:
    """The callbacks of one run: what the user gave, a progress bar unless `verbose` is 0, and History on request."""
    if isinstance(given, CallbackList):
        return given
    verbose = 1 if verbose == "auto" else int(verbose)
    progress = ProgbarLogger() if verbose else None
    return CallbackList(given, add_history=add_history, progress=progress, model=model, verbose=verbose, **params)

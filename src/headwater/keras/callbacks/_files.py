"""Callbacks that write files: `ModelCheckpoint`, `CSVLogger`."""

from __future__ import annotations

import csv
import os
import warnings
from typing import Any

import numpy as np

from headwater.keras.callbacks._base import Callback
from headwater.keras.callbacks._watching import Monitoring, Watch


class ModelCheckpoint(Monitoring):
    """Saves the model, or its weights, as training goes on.

    Args:
        filepath: Where; may hold ``{epoch}`` and names of values, such as ``{val_loss:.2f}``.
        monitor: The value that tells which model is best.
        verbose: 1 says what is saved.
        save_best_only: Whether only better models are saved.
        save_weights_only: Whether only weights are saved (``.weights.h5``).
        mode: ``"min"``, ``"max"`` or ``"auto"``.
        save_freq: ``"epoch"``, or every how many batches.
        initial_value_threshold: What the first model must beat.
    """

    def __init__(
        self, filepath: Any, monitor: str = "val_loss", verbose: int = 0, save_best_only: bool = False,
        save_weights_only: bool = False, mode: str = "auto", save_freq: Any = "epoch",
        initial_value_threshold: float | None = None,
    ) -> None:  # fmt: skip
        super().__init__(Watch(monitor, mode, 0.0, initial_value_threshold))
        self.filepath = os.fspath(filepath)
        self.verbose = verbose
        self.save_best_only = save_best_only
        self.save_weights_only = save_weights_only
        self.save_freq = save_freq
        if save_freq != "epoch" and (not isinstance(save_freq, int) or save_freq < 1):
            raise ValueError(
                f"Unrecognized save_freq: {save_freq!r}. Expected save_freq are 'epoch' or positive integer values."
            )
        wanted = ".weights.h5" if save_weights_only else ".keras"
        if not self.filepath.endswith(wanted):
            raise ValueError(
                f"The filepath provided must end in `{wanted}` (save_weights_only={save_weights_only}). Received: "
                f"filepath={self.filepath}"
            )
        self._epoch = 0
        self._batches = 0

    def wants_batches(self, kind: str) -> bool:
        return kind == "train" and self.save_freq != "epoch"

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        self._epoch = epoch

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        self._batches += 1
        if self.save_freq != "epoch" and self._batches % self.save_freq == 0:
            self._save(self._epoch, batch, logs)

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        if self.save_freq == "epoch":
            self._save(epoch, None, logs)

    def _save(self, epoch: int, batch: int | None, logs: Any) -> None:
        logs = logs or {}
        names = {"epoch": epoch + 1, **logs} | ({} if batch is None else {"batch": batch + 1})
        try:
            path = self.filepath.format(**names)
        except KeyError as error:
            raise KeyError(f"Failed to format this callback filepath: {self.filepath!r}. Reason: {error}") from None
        if not self._is_wanted(epoch, path, logs):
            return
        os.makedirs(os.path.dirname(path) or ".", exist_ok=True)
        if self.save_weights_only:
            self.model.save_weights(path, overwrite=True)
        else:
            self.model.save(path, overwrite=True)
        self._say(epoch, f"finished saving model to {path}")

    def _is_wanted(self, epoch: int, path: str, logs: Any) -> bool:
        """Whether the model is to be saved; says why."""
        if not self.save_best_only:
            self._say(epoch, f"saving model to {path}")
            return True
        self._watch.begin(self.model)
        value, before = logs.get(self.monitor), self.best
        if value is None:
            warnings.warn(f"Can save best model only with {self.monitor} available, skipping.", stacklevel=5)
            return False
        best = "None" if before is None else f"{before:.5f}"
        if self._watch.improved(value):
            self._say(epoch, f"{self.monitor} improved from {best} to {value:.5f}, saving model to {path}")
            return True
        self._say(epoch, f"{self.monitor} did not improve from {best}")
        return False

    def _say(self, epoch: int, what: str) -> None:
        if self.verbose:
            print(f"\nEpoch {epoch + 1}: {what}")


class CSVLogger(Callback):
    """Writes the values of each epoch to a CSV file.

    Args:
        filename: The file.
        separator: Between values.
        append: Whether to go on with an existing file.
    """

    def __init__(self, filename: Any, separator: str = ",", append: bool = False) -> None:
        super().__init__()
        self.filename = os.fspath(filename)
        self.sep = separator
        self.append = append
        self._file: Any = None
        self._writer: Any = None
        self._keys: list[str] = []

    def on_train_begin(self, logs: Any = None) -> None:
        self._header = _header_of(self.filename, self.sep) if self.append else None
        self._file = open(self.filename, "a" if self.append else "w", newline="")  # noqa: SIM115  (closed in on_train_end)
        self._writer = None

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        logs = logs or {}
        if self._writer is None:
            self._keys = _columns(logs) if self._header is None else self._header
            self._writer = csv.DictWriter(self._file, ["epoch", *self._keys], delimiter=self.sep, extrasaction="ignore")
            if self._header is None:
                self._writer.writeheader()
        self._writer.writerow({"epoch": epoch, **{k: _cell(logs.get(k, "NA")) for k in self._keys}})
        self._file.flush()

    def on_train_end(self, logs: Any = None) -> None:
        self._file.close()
        self._writer = None


def _columns(logs: dict[str, Any]) -> list[str]:
    """The values to write: those there are, and those of a validation that comes later."""
    names = sorted(logs)
    return names if any(name.startswith("val_") for name in names) else names + [f"val_{name}" for name in names]


def _header_of(filename: str, separator: str) -> list[str] | None:
    """The columns of an existing file, without the epoch; None if it has no header."""
    if not os.path.exists(filename):
        return None
    with open(filename, newline="") as file:
        header = next(csv.reader(file, delimiter=separator), None)
    return header[1:] if header else None


def _cell(value: Any) -> Any:
    """A value as it is written: a list for an array."""
    return f'"[{", ".join(map(str, np.ravel(value)))}]"' if np.ndim(value) else value

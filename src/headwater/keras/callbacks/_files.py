"""Callbacks that write files: `ModelCheckpoint`, `CSVLogger`."""

from __future__ import annotations

import csv
import os
import warnings
from typing import Any

from headwater.keras.callbacks._base import Callback
from headwater.keras.callbacks._watching import Watch


class ModelCheckpoint(Callback):
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
        super().__init__()
        self.filepath = os.fspath(filepath)
        self.verbose = verbose
        self.save_best_only = save_best_only
        self.save_weights_only = save_weights_only
        self.save_freq = save_freq
        if save_freq != "epoch" and not isinstance(save_freq, int):
            raise ValueError(
                f"Unrecognized save_freq: {save_freq!r}. Expected save_freq are 'epoch' or integer values."
            )
        wanted = ".weights.h5" if save_weights_only else ".keras"
        if not self.filepath.endswith(wanted):
            raise ValueError(
                f"The filepath provided must end in `{wanted}` (save_weights_only={save_weights_only}). Received: "
                f"filepath={self.filepath}"
            )
        self._watch = Watch(monitor, mode, 0.0, initial_value_threshold)
        self._epoch = 0
        self._batches = 0

    @property
    def monitor(self) -> str:
        """The value that tells which model is best."""
        return self._watch.monitor

    @property
    def best(self) -> float:
        """The best value so far."""
        return self._watch.best

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
        if self.save_best_only:
            value = logs.get(self.monitor)
            if value is None:
                warnings.warn(f"Can save best model only with {self.monitor} available, skipping.", stacklevel=4)
                return
            if not self._watch.improved(value):
                return
        if self.verbose:
            print(f"\nEpoch {epoch + 1}: saving model to {path}")
        os.makedirs(os.path.dirname(path) or ".", exist_ok=True)
        if self.save_weights_only:
            self.model.save_weights(path, overwrite=True)
        else:
            self.model.save(path, overwrite=True)


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
        self._has_header = self.append and os.path.exists(self.filename) and os.path.getsize(self.filename) > 0
        self._file = open(self.filename, "a" if self.append else "w", newline="")  # noqa: SIM115  (closed in on_train_end)
        self._writer = None

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        logs = logs or {}
        if self._writer is None:
            self._keys = sorted(logs)
            self._writer = csv.DictWriter(self._file, ["epoch", *self._keys], delimiter=self.sep, extrasaction="ignore")
            if not self._has_header:
                self._writer.writeheader()
        self._writer.writerow({"epoch": epoch, **{k: logs.get(k, "NA") for k in self._keys}})
        self._file.flush()

    def on_train_end(self, logs: Any = None) -> None:
        self._file.close()
        self._writer = None

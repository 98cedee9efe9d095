"""`BackupAndRestore`: training that was interrupted goes on where it was."""

from __future__ import annotations

import json
import os
import pathlib
from typing import Any

import numpy as np

from headwater.keras.callbacks._base import Callback


class BackupAndRestore(Callback):
    """Keeps the state of training in a folder, and goes on with it when `fit` is called again after an interruption.

    `fit` then starts with the epoch that was under way, from its first batch. At the end of training the state is
    deleted.

    Args:
        backup_dir: The folder; no other model may use it.
        save_freq: ``"epoch"``, or every how many batches the state is kept.
        double_checkpoint: Whether the state before the last one is kept too.
        delete_checkpoint: Whether the state is deleted at the end of training.

    Raises:
        ValueError: For other arguments; in `fit`, if the model is not built.

    >>> callback = tf.keras.callbacks.BackupAndRestore("backup", save_freq=100)
    """

    def __init__(
        self, backup_dir: Any, save_freq: Any = "epoch", double_checkpoint: bool = False, delete_checkpoint: bool = True
    ) -> None:
        super().__init__()
        if not backup_dir:
            raise ValueError(f"Empty `backup_dir` argument passed. Expected a folder. Received: {backup_dir!r}")
        if save_freq != "epoch" and (not isinstance(save_freq, int | np.integer) or save_freq < 1):
            raise ValueError(
                f"Invalid value for argument `save_freq`. Received: save_freq={save_freq}. Expected either 'epoch' or "
                "a positive integer value."
            )
        self.backup_dir = os.fspath(backup_dir)
        self.save_freq = save_freq
        self.double_checkpoint = double_checkpoint
        self.delete_checkpoint = delete_checkpoint
        folder = pathlib.Path(self.backup_dir)
        self._weights = folder / "latest.weights.h5"
        self._progress = folder / "training_metadata.json"
        self._epoch = 0
        self._batches = 0

    def wants_batches(self, kind: str) -> bool:
        return kind == "train" and self.save_freq != "epoch"

    def on_train_begin(self, logs: Any = None) -> None:
        if not self.model.built:
            raise ValueError(
                "To use the BackupAndRestore callback, your model must be built before you call `fit()`. Model "
                f"{self.model} is unbuilt. You can build it beforehand by calling it on a batch of data."
            )
        self._batches = 0
        if self._weights.exists() and self._progress.exists():
            self.model.load_weights(self._weights)
            self.model._initial_epoch = int(json.loads(self._progress.read_text())["epoch"])

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        self._epoch = epoch

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        self._batches += 1
        if self.save_freq != "epoch" and self._batches >= self.save_freq:
            self._batches = 0
            self._save(self._epoch, batch)

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        if self.save_freq == "epoch":
            self._save(epoch + 1, 0)

    def _save(self, epoch: int, batch: int) -> None:
        self._weights.parent.mkdir(parents=True, exist_ok=True)
        if self.double_checkpoint:
            for path in (self._weights, self._progress):
                if path.exists():
                    os.replace(path, _older(path))
        self.model.save_weights(self._weights, overwrite=True)
        self._progress.write_text(json.dumps({"epoch": epoch, "batch": batch}))

    def on_train_end(self, logs: Any = None) -> None:
        if self.delete_checkpoint:
            for path in (self._weights, self._progress):
                path.unlink(missing_ok=True)
                _older(path).unlink(missing_ok=True)
            folder = self._weights.parent
            if folder.exists() and not any(folder.iterdir()):
                folder.rmdir()


def _older(path: pathlib.Path) -> pathlib.Path:
    return path.with_name(f"{path.name}.bkp")

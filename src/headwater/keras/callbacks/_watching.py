"""Callbacks that watch a value and act: stop, slow down, set the learning rate."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

from headwater.keras._arguments import Flag, Function, Value, arguments
from headwater.keras.callbacks._base import Callback


class Watch:
    """The best of a value that is watched.

    Args:
        monitor: The value's name.
        mode: ``"min"``, ``"max"`` or ``"auto"`` (as its metric says).
        min_delta: What counts as better.
        start: The value to beat at first, or None.
    """

    def __init__(self, monitor: str, mode: str, min_delta: float, start: float | None = None) -> None:
        if mode not in ("auto", "min", "max"):
            warnings.warn(f"Mode {mode!r} is unknown; expected 'auto', 'min' or 'max'. Using 'auto'.", stacklevel=4)
            mode = "auto"
        self.monitor = monitor
        self.mode = mode
        self._delta = abs(min_delta)
        self._start = start
        self.reset()

    def reset(self) -> None:
        """Forgets the best value."""
        self.best: Any = self._start

    def begin(self, model: Any) -> None:
        """Finds out which values are better. Raises ValueError if neither the mode nor the metric says."""
        if self.mode == "auto":
            self.mode = _direction(self.monitor, model)

    def is_better(self, value: float, than: Any) -> bool:
        """Whether `value` is better; any number is better than None and NaN."""
        if than is None or np.isnan(than):
            return not np.isnan(value)
        return value - self._delta > than if self.mode == "max" else value + self._delta < than

    def improved(self, value: float) -> bool:
        """Whether `value` is better than the best so far, which it then becomes."""
        if self.is_better(value, self.best):
            self.best = value
            return True
        return False

    def of(self, logs: Any) -> Any:
        """The watched value in `logs`, or None with a warning."""
        value = (logs or {}).get(self.monitor)
        if value is None:
            warnings.warn(
                f"The value `{self.monitor}` to watch is not available. Available are: {','.join(logs or {})}.",
                stacklevel=4,
            )
        return value


def _direction(monitor: str, model: Any) -> str:
    """``"max"`` or ``"min"``, as the metric of that name in the model says; losses are to be small."""
    name = monitor.removeprefix("val_")
    if name == "loss" or name.endswith("_loss"):
        return "min"
    compiled = getattr(getattr(model, "_compiled", None), "metrics", None)
    named = {} if compiled is None else dict(zip(compiled.names, compiled.metrics, strict=True))
    named |= {m.name: m for m in getattr(model, "metrics", []) if m.name not in named}
    found = getattr(named.get(name), "_direction", None)
    if found is None:
        raise ValueError(
            f"Cannot tell whether `{monitor}` should be maximized or minimized. Expected the name of the loss or of a "
            "metric that is known. Pass mode='max' or mode='min'."
        )
    return "max" if found == "up" else "min"


class Monitoring(Callback):
    """A callback that watches a value."""

    def __init__(self, watch: Watch) -> None:
        super().__init__()
        self._watch = watch

    @property
    def monitor(self) -> str:
        """The name of the value that is watched."""
        return self._watch.monitor

    @property
    def best(self) -> Any:
        """The best value so far, None before the first; may be set."""
        return self._watch.best

    @best.setter
    def best(self, value: Any) -> None:
        self._watch.best = value


class EarlyStopping(Monitoring):
    """Stops training when a value no longer improves.

    Args:
        monitor: The value's name.
        min_delta: What counts as better.
        patience: How many epochs without improvement are allowed.
        verbose: 1 says when it stops.
        mode: ``"min"``, ``"max"`` or ``"auto"``.
        baseline: The value to beat at first.
        restore_best_weights: Whether the model gets the weights of its best epoch.
        start_from_epoch: How many epochs are not watched.
    """

    @arguments(
        min_delta=Value(),
        patience=Value(0),
        baseline=Value(optional=True),
        restore_best_weights=Flag(),
        start_from_epoch=Value(0),
    )
    def __init__(
        self, monitor: str = "val_loss", min_delta: float = 0, patience: int = 0, verbose: int = 0, mode: str = "auto",
        baseline: float | None = None, restore_best_weights: bool = False, start_from_epoch: int = 0,
    ) -> None:  # fmt: skip
        super().__init__(Watch(monitor, mode, min_delta))
        self.patience = patience
        self.verbose = verbose
        self.baseline = baseline
        self.restore_best_weights = restore_best_weights
        self.start_from_epoch = start_from_epoch
        self.on_train_begin()

    def on_train_begin(self, logs: Any = None) -> None:
        self.wait = 0
        self.stopped_epoch = 0
        self.best_epoch = 0
        self.best_weights: Any = None
        self._watch.reset()

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        self._watch.begin(self.model)
        value = self._watch.of(logs)
        if value is None or epoch < self.start_from_epoch:
            return
        if self.restore_best_weights and self.best_weights is None:
            self.best_weights, self.best_epoch = self.model.get_weights(), epoch
        self.wait += 1
        if self._watch.improved(value):
            self.best_epoch = epoch
            if self.restore_best_weights:
                self.best_weights = self.model.get_weights()
            if self.baseline is None or self._watch.is_better(value, self.baseline):
                self.wait = 0
            return
        if self.wait >= self.patience and epoch > 0:
            self.stopped_epoch = epoch
            self.model.stop_training = True

    def on_train_end(self, logs: Any = None) -> None:
        if self.stopped_epoch > 0 and self.verbose > 0:
            print(f"Epoch {self.stopped_epoch + 1}: early stopping")
        if self.restore_best_weights and self.best_weights is not None:
            if self.verbose > 0:
                print(f"Restoring model weights from the end of the best epoch: {self.best_epoch + 1}.")
            self.model.set_weights(self.best_weights)


class ReduceLROnPlateau(Monitoring):
    """Lowers the learning rate when a value no longer improves.

    Args:
        monitor: The value's name.
        factor: What the learning rate is multiplied by.
        patience: After how many epochs without improvement.
        verbose: 1 says when.
        mode: ``"min"``, ``"max"`` or ``"auto"``.
        min_delta: What counts as better.
        cooldown: How many epochs to wait after lowering.
        min_lr: The lowest learning rate.
    """

    @arguments(factor=Value(0), patience=Value(0), min_delta=Value(), cooldown=Value(0), min_lr=Value(0))
    def __init__(
        self, monitor: str = "val_loss", factor: float = 0.1, patience: int = 10, verbose: int = 0, mode: str = "auto",
        min_delta: float = 1e-4, cooldown: int = 0, min_lr: float = 0.0,
    ) -> None:  # fmt: skip
        super().__init__(Watch(monitor, mode, min_delta))
        if factor >= 1.0:
            raise ValueError(f"ReduceLROnPlateau does not support a factor >= 1.0. Received factor={factor}")
        self.factor = factor
        self.patience = patience
        self.verbose = verbose
        self.cooldown = cooldown
        self.min_lr = min_lr
        self.on_train_begin()

    def on_train_begin(self, logs: Any = None) -> None:
        self._watch.reset()
        self.wait = 0
        self.cooldown_counter = 0

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        if logs is not None:
            logs["learning_rate"] = float(self.model.optimizer.learning_rate)
        self._watch.begin(self.model)
        value = self._watch.of(logs)
        if value is None:
            return
        if self.cooldown_counter > 0:
            self.cooldown_counter -= 1
            self.wait = 0
        if self._watch.improved(value):
            self.wait = 0
        elif self.cooldown_counter <= 0:
            self.wait += 1
            if self.wait >= self.patience:
                self._lower(epoch)

    def _lower(self, epoch: int) -> None:
        before = float(self.model.optimizer.learning_rate)
        if before > np.float32(self.min_lr):
            after = max(before * self.factor, self.min_lr)
            self.model.optimizer.learning_rate = after
            if self.verbose > 0:
                print(f"\nEpoch {epoch + 1}: ReduceLROnPlateau reducing learning rate to {after}.")
            self.cooldown_counter = self.cooldown
            self.wait = 0


class LearningRateScheduler(Callback):
    """Sets the learning rate of each epoch.

    Args:
        schedule: A function of the epoch and the current learning rate.
        verbose: 1 says what is set.
    """

    @arguments(schedule=Function())
    def __init__(self, schedule: Callable[..., float], verbose: int = 0) -> None:
        super().__init__()
        self.schedule = schedule
        self.verbose = verbose

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        try:
            rate = self.schedule(epoch, float(self.model.optimizer.learning_rate))
        except TypeError:
            rate = self.schedule(epoch)
        if not isinstance(rate, float | np.floating):
            raise ValueError(f"The output of the `schedule` function should be a float. Got: {rate}")
        self.model.optimizer.learning_rate = float(rate)
        if self.verbose > 0:
            print(f"\nEpoch {epoch + 1}: LearningRateScheduler setting learning rate to {rate}.")

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        if logs is not None:
            logs["learning_rate"] = float(self.model.optimizer.learning_rate)


class TerminateOnNaN(Callback):
    """Stops training at the first batch whose loss is not finite.

    Args:
        raise_error: Whether to raise a RuntimeError.
    """

    @arguments(raise_error=Flag())
    def __init__(self, raise_error: bool = False) -> None:
        super().__init__()
        self.raise_error = raise_error

    def on_batch_end(self, batch: int, logs: Any = None) -> None:
        loss = (logs or {}).get("loss")
        if loss is not None and not np.isfinite(loss):
            if self.raise_error:
                raise RuntimeError(f"The loss of batch {batch} is {loss}: expected a finite one. Terminating training.")
            print(f"Batch {batch}: Invalid loss, terminating training")
            self.model.stop_training = True


class LambdaCallback(Callback):
    """A callback made of functions.

    Args:
        on_epoch_begin: Called with epoch and logs.
        on_epoch_end: Called with epoch and logs.
        on_train_begin: Called with logs.
        on_train_end: Called with logs.
        on_train_batch_begin: Called with batch and logs.
        on_train_batch_end: Called with batch and logs.
        **kwargs: Further moments by name.
    """

    def __init__(
        self, on_epoch_begin: Any = None, on_epoch_end: Any = None, on_train_begin: Any = None,
        on_train_end: Any = None,
        on_train_batch_begin: Any = None, on_train_batch_end: Any = None, **kwargs: Any,
    ) -> None:  # fmt: skip
        super().__init__()
        given = {
            "on_epoch_begin": on_epoch_begin, "on_epoch_end": on_epoch_end, "on_train_begin": on_train_begin,
            "on_train_end": on_train_end, "on_train_batch_begin": on_train_batch_begin,
            "on_train_batch_end": on_train_batch_end, **kwargs,
        }  # fmt: skip
        self._given = {k: v for k, v in given.items() if v is not None}
        for name, function in self._given.items():
            setattr(self, name, function)

    def wants_batches(self, kind: str) -> bool:
        return any(
            name.startswith(f"on_{kind}_batch") or (kind == "train" and name.startswith("on_batch"))
            for name in self._given
        )

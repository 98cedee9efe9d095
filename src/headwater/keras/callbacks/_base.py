"""`Callback`, the list of them that a loop tells what happens, and `History`."""

from __future__ import annotations

from typing import Any

_BATCH_HOOKS = {
    "train": ("on_train_batch_begin", "on_train_batch_end", "on_batch_begin", "on_batch_end"),
    "test": ("on_test_batch_begin", "on_test_batch_end"),
    "predict": ("on_predict_batch_begin", "on_predict_batch_end"),
}


class Callback:
    """Base of callbacks: override the moments you need.

    Attributes:
        model: The model.
        params: ``{"verbose": ..., "epochs": ..., "steps": ...}``.

    >>> class Shout(tf.keras.callbacks.Callback):
    ...     def on_epoch_end(self, epoch, logs=None):
    ...         print("epoch", epoch, sorted(logs))
    """

    def __init__(self) -> None:
        self.params: dict[str, Any] | None = None
        self._model: Any = None

    @property
    def model(self) -> Any:
        """The model that is trained."""
        return getattr(self, "_model", None)

    def set_params(self, params: dict[str, Any]) -> None:
        """Called before training with what is known about it."""
        self.params = params

    def set_model(self, model: Any) -> None:
        """Called before training with the model."""
        self._model = model

    def wants_batches(self, kind: str) -> bool:
        """Whether it must see every batch (`kind`: train, test or predict): then each is a dispatch of its own."""
        return any(getattr(type(self), name) is not getattr(Callback, name) for name in _BATCH_HOOKS[kind])

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
        """Training begins."""

    def on_train_end(self, logs: dict[str, Any] | None = None) -> None:
        """Training ends."""

    def on_epoch_begin(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """An epoch begins; epochs count from 0."""

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """An epoch ends; `logs` holds its values, those of validation with ``val_`` before the name."""

    def on_batch_begin(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        """A training batch begins."""

    def on_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        """A training batch ends."""

    def on_train_batch_begin(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        """A training batch begins."""
        self.on_batch_begin(batch, logs)

    def on_train_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        """A training batch ends."""
        self.on_batch_end(batch, logs)

    def on_test_begin(self, logs: dict[str, Any] | None = None) -> None:
        """Evaluation or validation begins."""

    def on_test_end(self, logs: dict[str, Any] | None = None) -> None:
        """Evaluation or validation ends."""

    def on_test_batch_begin(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        """A batch of evaluation begins."""

    def on_test_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        """A batch of evaluation ends."""

    def on_predict_begin(self, logs: dict[str, Any] | None = None) -> None:
        """Prediction begins."""

    def on_predict_end(self, logs: dict[str, Any] | None = None) -> None:
        """Prediction ends."""

    def on_predict_batch_begin(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        """A batch of prediction begins."""

    def on_predict_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        """A batch of prediction ends."""


class History(Callback):
    """Keeps the values of each epoch: ``history.history["loss"]``, ``history.epoch``."""

    def __init__(self) -> None:
        super().__init__()
        self.history: dict[str, list[Any]] = {}
        self.epoch: list[int] = []

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
        self.epoch = []

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        self.epoch.append(epoch)
        for name, value in (logs or {}).items():
            self.history.setdefault(name, []).append(value)


class CallbackList(Callback):
    """Tells several callbacks what happens.

    Args:
        callbacks: The callbacks, or one.
        add_history: Whether to add a `History`.
        progress: A progress bar to add, or None.
        model: The model.
        **params: What is known about training.
    """

    def __init__(
        self,
        callbacks: Any = None,
        add_history: bool = False,
        progress: Callback | None = None,
        model: Any = None,
        **params: Any,
    ) -> None:
        super().__init__()
        from_user = callbacks if isinstance(callbacks, list | tuple) else [] if callbacks is None else [callbacks]
        self.callbacks = list(from_user)
        if progress is not None and not any(isinstance(c, type(progress)) for c in self.callbacks):
            self.callbacks.append(progress)
        if add_history:
            history = next((c for c in self.callbacks if isinstance(c, History)), None) or History()
            self.callbacks = [c for c in self.callbacks if c is not history] + [history]
            if model is not None:
                model.history = history
        if model is not None:
            self.set_model(model)
        self.set_params(params)

    def append(self, callback: Callback) -> None:
        """Adds a callback."""
        self.callbacks.append(callback)

    def set_params(self, params: dict[str, Any]) -> None:
        self.params = params
        for callback in self.callbacks:
            callback.set_params(params)

    def set_model(self, model: Any) -> None:
        self._model = model
        for callback in self.callbacks:
            callback.set_model(model)

    def wants_batches(self, kind: str) -> bool:
        return any(callback.wants_batches(kind) for callback in self.callbacks)


def _forward(name: str) -> Any:
    takes = 1 if any(word in name for word in ("batch", "epoch")) else 0

    def tell(self: CallbackList, *args: Any, logs: Any = None) -> None:
        if len(args) > takes:
            *args, logs = args  # type: ignore[assignment]
        logs = {} if logs is None else dict(logs)  # theirs to share and to change, the trainer keeps its own
        for callback in self.callbacks:
            getattr(callback, name)(*args, logs)

    tell.__name__ = name
    tell.__doc__ = getattr(Callback, name).__doc__
    return tell


for _name in [n for n in vars(Callback) if n.startswith("on_")]:
    setattr(CallbackList, _name, _forward(_name))

"""Which rows the batches of each epoch hold, and how often a warning says that data ran out."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

Case = Callable[[Any], list[Any]]  # takes the module that plays tf

_KEPT = 40  # how many of the last rows are remembered


def _recorder(tf: Any) -> Any:
    """A model that remembers, in a variable, the rows its steps saw."""

    class Recorder(tf.keras.Model):
        def __init__(self) -> None:
            super().__init__()
            self.seen = tf.Variable(np.full(_KEPT, -1, np.float32), trainable=False)

        def call(self, x: Any) -> Any:
            return x

        def _record(self, data: Any) -> dict[str, Any]:
            rows = data[0][:, 0]
            self.seen.assign(tf.concat([self.seen[tf.shape(rows)[0] :], rows], 0))
            return {"loss": tf.reduce_sum(rows)}

        def train_step(self, data: Any) -> dict[str, Any]:
            return self._record(data)

        def test_step(self, data: Any) -> dict[str, Any]:
            return self._record(data)

    model = Recorder()
    model.compile("sgd", "mse")
    return model


def _watcher(tf: Any, every_batch: bool) -> Any:
    """A callback that keeps what was seen by the end of each epoch, and batch numbers if it looks at each batch."""

    class Watcher(tf.keras.callbacks.Callback):
        def __init__(self) -> None:
            super().__init__()
            self.epochs: list[Any] = []
            self.numbers: list[int] = []

        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            self.epochs.append(self.model.seen.numpy())

        def on_test_end(self, logs: Any = None) -> None:
            self.epochs.append(self.model.seen.numpy())

    class EveryBatch(Watcher):
        def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
            self.numbers.append(batch)

        def on_test_batch_end(self, batch: int, logs: Any = None) -> None:
            self.numbers.append(batch)

    return EveryBatch() if every_batch else Watcher()


def _batches(tf: Any, x: Any) -> Any:
    class Batches(tf.keras.utils.PyDataset):
        def __len__(self) -> int:
            return 5

        def __getitem__(self, index: int) -> Any:
            return x[2 * index : 2 * index + 2], x[2 * index : 2 * index + 2]

    return Batches()


def _seen(method: str, source: str = "arrays", **arguments: Any) -> Case:
    """What `fit` or `evaluate` sees of ten rows: many steps in a dispatch, and batch by batch."""

    def run(tf: Any) -> list[Any]:
        x = np.arange(10, dtype=np.float32)[:, None]
        answers: list[Any] = []
        for every_batch in (False, True):
            model, watcher = _recorder(tf), _watcher(tf, every_batch)
            data = {"x": x, "y": x} if source == "arrays" else {"x": _batches(tf, x)}
            options = dict(arguments)
            if "validation_steps" in options:
                options["validation_data"] = (x, x)
            with warnings.catch_warnings(record=True) as caught:
                warnings.simplefilter("always")
                getattr(model, method)(**data, verbose=0, callbacks=[watcher], **options)
            told = [w for w in caught if "ran out of data" in str(w.message)]
            answers += [np.array(watcher.epochs), np.array(watcher.numbers, np.int32)]
            answers += [np.array([len(told), watcher.params["steps"]], np.int32)]
        return answers

    return run


def _predicted(**arguments: Any) -> Case:
    def run(tf: Any) -> list[Any]:
        x = np.arange(10, dtype=np.float32)[:, None]
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            outputs = _recorder(tf).predict(x, verbose=0, **arguments)
        told = [w for w in caught if "ran out of data" in str(w.message)]
        return [outputs, np.array(len(told), np.int32)]

    return run


EPOCHS: dict[str, Case] = {
    "whole passes": _seen("fit", batch_size=3, epochs=3, shuffle=False),
    "parts": _seen("fit", batch_size=2, steps_per_epoch=2, epochs=5, shuffle=False),
    "parts that fit": _seen("fit", batch_size=1, steps_per_epoch=5, epochs=4, shuffle=False),
    "parts, last batch smaller": _seen("fit", batch_size=3, steps_per_epoch=3, epochs=5, shuffle=False),
    "more than there is": _seen("fit", batch_size=2, steps_per_epoch=7, epochs=3, shuffle=False),
    "batch size of steps": _seen("fit", steps_per_epoch=4, epochs=2, shuffle=False),
    "validation": _seen("fit", batch_size=2, epochs=2, shuffle=False, validation_steps=2),
    "validation of steps": _seen("fit", batch_size=5, epochs=2, shuffle=False, validation_steps=9),
    "batches by number": _seen("fit", "batches", steps_per_epoch=2, epochs=4, shuffle=False),
    "batches by number, more than there is": _seen("fit", "batches", steps_per_epoch=7, epochs=2, shuffle=False),
    "evaluate": _seen("evaluate", batch_size=3, steps=2),
    "evaluate steps": _seen("evaluate", steps=3),
    "evaluate more than there is": _seen("evaluate", batch_size=3, steps=20),
    "predict": _predicted(batch_size=3, steps=2),
    "predict steps": _predicted(steps=4),
    "predict more than there is": _predicted(batch_size=3, steps=20),
}

"""`SwapEMAWeights`: the averages of weights in place of the weights, where they are looked at."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from headwater.keras.callbacks._base import Callback


class SwapEMAWeights(Callback):
    """Puts the optimizer's averages of the weights into the model for evaluation and prediction, and back afterwards.

    After training the model has the averages.

    Args:
        swap_on_epoch: Whether they are also in the model from the end of an epoch to the start of the next one, for
            callbacks that save it then.

    Raises:
        ValueError: In `fit`, if the optimizer keeps no averages (``use_ema=True``).

    >>> callback = tf.keras.callbacks.SwapEMAWeights(swap_on_epoch=True)
    """

    def __init__(self, swap_on_epoch: bool = False) -> None:
        super().__init__()
        self.swap_on_epoch = swap_on_epoch
        self._swapped = False

    def _pairs(self) -> Iterator[tuple[Any, Any]]:
        """The weights and their averages."""
        optimizer = self.model.optimizer
        if not getattr(optimizer, "keeps_averages", False):
            raise ValueError(
                "SwapEMAWeights must be used when `use_ema=True` is set for the optimizer. Received: "
                f"{type(optimizer).__name__} that keeps no averages."
            )
        if optimizer.built:
            for variable in self.model.trainable_variables:
                yield variable, optimizer.average_of(variable)

    def _swap(self) -> None:
        for variable, average in self._pairs():
            weights = variable.numpy()
            variable.assign(average)
            average.assign(weights)
        self._swapped = not self._swapped

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        if self._swapped:
            self._swap()

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        if not self.swap_on_epoch:
            return
        self._swap()
        if self.model.stop_training or epoch + 1 == (self.params or {}).get("epochs"):
            for variable, average in self._pairs():  # what training ends with
                average.assign(variable)
            self._swapped = False

    def on_test_begin(self, logs: Any = None) -> None:
        self._swap()

    def on_test_end(self, logs: Any = None) -> None:
        self._swap()

    def on_predict_begin(self, logs: Any = None) -> None:
        self._swap()

    def on_predict_end(self, logs: Any = None) -> None:
        self._swap()

"""One step of training, evaluation and prediction, which users may define their own way."""

from __future__ import annotations

import inspect
from typing import Any

from headwater.core import nest
from headwater.core.tape import GradientTape
from headwater.keras._state import floatx
from headwater.keras.training._arrays import unpack_x_y_sample_weight
from headwater.keras.training._compiled import CompiledLoss, CompiledMetrics
from headwater.keras.training._compiling import Compiling
from headwater.keras.training._outputs import Outputs
from headwater.ops import array, math


class Stepping(Compiling):
    """The part of a model that does with one batch what it was compiled for."""

    def train_step(self, data: Any) -> dict[str, Any]:
        """One step of training; override it for training of your own. Returns values by name."""
        x, y, sample_weight = unpack_x_y_sample_weight(data)
        with GradientTape() as tape:
            y_pred = self(x, training=True)  # type: ignore[operator]
            loss = self._call_compute_loss(x, y, y_pred, sample_weight, True)
            scaled = self.optimizer.scale_loss(loss)
        self._compiled.tracker.update_state(loss, sample_weight=_rows(x))  # type: ignore[union-attr]
        variables = self.trainable_weights  # type: ignore[attr-defined]
        if variables:
            self.optimizer.apply(tape.gradient(scaled, variables), variables)
        return self.compute_metrics(x, y, y_pred, sample_weight)

    def test_step(self, data: Any) -> dict[str, Any]:
        """One step of evaluation."""
        x, y, sample_weight = unpack_x_y_sample_weight(data)
        y_pred = self(x, training=False)  # type: ignore[operator]
        loss = self._call_compute_loss(x, y, y_pred, sample_weight, False)
        self._compiled.tracker.update_state(loss, sample_weight=_rows(x))  # type: ignore[union-attr]
        return self.compute_metrics(x, y, y_pred, sample_weight)

    def predict_step(self, data: Any) -> Any:
        """One step of prediction."""
        x, _, _ = unpack_x_y_sample_weight(data)
        return self(x, training=False)  # type: ignore[operator]

    def _call_compute_loss(self, x: Any, y: Any, y_pred: Any, sample_weight: Any, training: bool) -> Any:
        takes = inspect.signature(self.compute_loss).parameters
        known = "training" in takes or any(p.kind is inspect.Parameter.VAR_KEYWORD for p in takes.values())
        further = {"training": training} if known else {}
        return self.compute_loss(x=x, y=y, y_pred=y_pred, sample_weight=sample_weight, **further)

    def compute_loss(
        self, x: Any = None, y: Any = None, y_pred: Any = None, sample_weight: Any = None, training: bool = True
    ) -> Any:
        """The loss of a batch, the model's own losses included: a scalar."""
        total = None
        if self.loss is not None and y is not None:
            self._resolve(y, y_pred)
            total = self._compiled.loss(y, y_pred, sample_weight)  # type: ignore[misc]
        for extra in self.losses:  # type: ignore[attr-defined]
            extra = math.cast(extra, floatx() if total is None else total.dtype)
            total = extra if total is None else total + extra
        if total is None:
            raise ValueError(
                "No loss to compute. Provide a `loss` argument in `compile()` and targets `y`, or call "
                "`add_loss` in a layer."
            )
        return total

    def compute_metrics(self, x: Any, y: Any, y_pred: Any, sample_weight: Any = None) -> dict[str, Any]:
        """Takes a batch into account in all metrics, and gives their values by name."""
        if y is not None:
            self._resolve(y, y_pred)
            loss = self._compiled.loss
            targets = None if loss is None else loss.targets(y)
            self._compiled.metrics.update_state(y, y_pred, sample_weight, targets)  # type: ignore[union-attr]
        return self.get_metrics_result()

    def get_metrics_result(self) -> dict[str, Any]:
        """The values of all metrics by name."""
        results: dict[str, Any] = {}
        compiled = [] if self._compiled.metrics is None else self._compiled.metrics.metrics
        for metric in self.metrics:
            if any(metric is m for m in compiled):
                continue
            value = metric.result()
            results.update(value) if isinstance(value, dict) else results.update({metric.name: value})
        if self._compiled.metrics is not None:
            results.update(self._compiled.metrics.results())
        return results

    def _in_order(self, logs: dict[str, Any]) -> Any:
        """The values as `evaluate` lists them: in the order of the metrics, then by name those of several outputs."""
        names = [m.name for m in self.metrics]
        names = [name for name in dict.fromkeys(names) if name in logs]
        values = [logs[name] for name in [*names, *sorted(set(logs) - set(names))]]
        return values[0] if len(values) == 1 else values

    def _resolve(self, y: Any, y_pred: Any) -> None:
        """Makes losses and metrics for the outputs there are."""
        if self._compiled.metrics is not None:
            return
        outputs = Outputs(y_pred, getattr(self, "output_names", None))
        predicted = nest.flatten(y_pred)
        compiled = self._compiled.given or {}
        with_loss = [i for i, given in enumerate(outputs.spread(self.loss, "loss")) if given is not None]
        true = outputs.targets(y, with_loss)
        if self.loss is not None:
            self._compiled.loss = CompiledLoss(self.loss, compiled.get("loss_weights"), outputs, true, predicted)
        self._compiled.metrics = CompiledMetrics(
            compiled.get("metrics"), compiled.get("weighted_metrics"), outputs, true, predicted
        )


def _rows(x: Any) -> Any:
    """How many samples a batch has."""
    given = [value for value in nest.flatten(x) if value is not None]
    return math.cast(array.shape(given[0])[0], "float32")

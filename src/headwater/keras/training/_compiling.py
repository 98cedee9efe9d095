"""`compile`: how a model is trained, kept and written into configs."""

from __future__ import annotations

from typing import Any

from headwater.core import nest
from headwater.keras import _serialization, optimizers
from headwater.keras.metrics import Mean, Metric
from headwater.keras.optimizers._loss_scale import LossScaleOptimizer
from headwater.keras.training._compiled import CompiledLoss, CompiledMetrics, check_loss
from headwater.keras.training._device_cache import DeviceCache
from headwater.keras.training._steps import StepRunner


class _Compiled:
    """What belongs to one `compile`."""

    def __init__(self) -> None:
        self.given: dict[str, Any] | None = None
        # An optimizer that loss scaling was put around, and the result.
        self.scaled: tuple[Any, Any] = (None, None)
        self.loss: CompiledLoss | None = None
        self.metrics: CompiledMetrics | None = None
        self.tracker: Metric | None = None
        self.runners: dict[str, StepRunner] = {}


class Compiling:
    """The part of a model that is told how to train it."""

    def __init__(self) -> None:
        self._compiled = _Compiled()
        self._cache = DeviceCache()
        self.optimizer: Any = None
        self.loss: Any = None
        self.stop_training = self.stop_evaluating = self.stop_predicting = False
        self.run_eagerly = False
        self.steps_per_execution = 1
        self._initial_epoch = 0  # callbacks may set it when training begins
        self.history: Any = None

    def compile(
        self,
        optimizer: Any = "rmsprop",
        loss: Any = None,
        loss_weights: Any = None,
        metrics: Any = None,
        weighted_metrics: Any = None,
        run_eagerly: bool = False,
        steps_per_execution: int = 1,
        jit_compile: Any = "auto",
        auto_scale_loss: bool = True,
    ) -> None:
        """Says how the model is trained.

        Args:
            optimizer: An optimizer or its name.
            loss: A loss or its name; for several outputs a list or dict.
            loss_weights: A factor per output.
            metrics: Metrics or their names; for several outputs a list of lists or a dict.
            weighted_metrics: Metrics that take sample weights into account.
            run_eagerly: Whether steps run as Python code, for debugging.
            steps_per_execution: After how many steps callbacks are told; how many steps one dispatch runs is chosen by
                time.
            jit_compile: Accepted for compatibility; steps are always compiled by XLA.
            auto_scale_loss: Whether the optimizer of a ``mixed_float16`` model becomes a `LossScaleOptimizer`.
        """
        self._compiled = _Compiled()
        self._compiled.given = {
            "optimizer": optimizer, "loss": loss, "loss_weights": loss_weights, "metrics": metrics,
            "weighted_metrics": weighted_metrics, "run_eagerly": run_eagerly,
            "steps_per_execution": steps_per_execution, "jit_compile": bool(jit_compile) and jit_compile != "auto",
        }  # fmt: skip
        self.optimizer = optimizers.get(optimizer)
        if auto_scale_loss and self.dtype_policy.name == "mixed_float16":  # type: ignore[attr-defined]
            self._compiled.scaled = self.optimizer, _scaled(self.optimizer)
            self.optimizer = self._compiled.scaled[1]
        if not isinstance(steps_per_execution, int) or steps_per_execution < 1:
            raise ValueError(f"Expected `steps_per_execution` as an integer >= 1, received {steps_per_execution!r}.")
        self.steps_per_execution = steps_per_execution
        self.loss = loss
        nest.map_structure(check_loss, loss)
        self._compiled.tracker = Mean(name="loss")
        self.run_eagerly = run_eagerly
        self.stop_training = False

    @property
    def compiled(self) -> bool:
        """Whether `compile` was called."""
        return self._compiled.given is not None

    def _assert_compiled(self, method: str) -> None:
        if not self.compiled:
            raise ValueError(f"You must call `compile()` before calling `{method}()`.")

    @property
    def metrics(self) -> list[Metric]:
        """The metrics that are reset at the start of each epoch, the loss first."""
        found: list[Metric] = [self._compiled.tracker] if self._compiled.tracker is not None else []
        if self._compiled.metrics is not None:
            found += self._compiled.metrics.metrics
        if self._compiled.loss is not None:
            found += self._compiled.loss.trackers
        found += super().metrics  # type: ignore[misc]
        return list({id(m): m for m in found}.values())

    @property
    def metrics_variables(self) -> list[Any]:
        """The state of all metrics."""
        return [v for m in self.metrics for v in m.variables]

    @property
    def metrics_names(self) -> list[str]:
        """The names of the metrics."""
        return [m.name for m in self.metrics]

    def reset_metrics(self) -> None:
        """Sets all metrics back."""
        for metric in self.metrics:
            metric.reset_state()

    def get_compile_config(self) -> dict[str, Any] | None:
        """What `compile_from_config` needs, or None."""
        if not self.compiled:
            return None
        inner, scaled = self._compiled.scaled
        optimizer = inner if self.optimizer is scaled else self.optimizer  # `compile` puts the scaling around it again
        return {**self._compiled.given, "optimizer": optimizer}  # type: ignore[dict-item]

    def compile_from_config(self, config: dict[str, Any]) -> None:
        """Compiles as a saved model was compiled."""
        known = {k: _serialization._argument(v) for k, v in config.items() if k in _COMPILE_ARGUMENTS}
        known.pop("jit_compile", None)
        self.compile(**known)
        if getattr(self, "built", False) and self.optimizer is not None:
            self.optimizer.build(self.trainable_variables)  # type: ignore[attr-defined]


_COMPILE_ARGUMENTS = ("optimizer", "loss", "loss_weights", "metrics", "weighted_metrics", "run_eagerly",
                      "steps_per_execution", "jit_compile")  # fmt: skip


def _scaled(optimizer: Any) -> Any:
    """The optimizer with dynamic loss scaling, if it has none."""
    if optimizer is None or isinstance(optimizer, LossScaleOptimizer):
        return optimizer
    return LossScaleOptimizer(optimizer, name="loss_scale_optimizer")

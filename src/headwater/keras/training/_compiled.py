"""What `compile` was given, resolved against the outputs: losses and metrics per output."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import Any

from headwater.keras import losses, metrics
from headwater.keras._state import snake_case
from headwater.keras.metrics._base import Metric
from headwater.keras.training._outputs import Outputs
from headwater.ops import array, math


@dataclasses.dataclass
class _Part:
    """A loss of one output."""

    output: int
    loss: Any
    weight: Any
    tracker: Metric | None = None


class CompiledLoss:
    """The losses of all outputs, weighted and added up.

    Args:
        given: What `compile` was given as `loss`.
        weights: What it was given as `loss_weights`.
        outputs: The outputs.
        y_true: The targets (tensors or specs), flat.
        y_pred: The predictions, flat.
    """

    def __init__(self, given: Any, weights: Any, outputs: Outputs, y_true: Any, y_pred: Any) -> None:
        self._outputs = outputs
        self._parts: list[_Part] = []
        by_output = outputs.spread(given, "loss")
        factors = _weights_of(by_output, weights, outputs)
        for i, (found, factor) in enumerate(zip(by_output, factors, strict=True)):
            for item, weight in zip(_as_list(found), factor, strict=True):
                if item is not None:
                    self._parts.append(_Part(i, make_loss(item, y_true[i], y_pred[i]), weight))
        if len(self._parts) > 1:
            for part in self._parts:
                name = outputs.names[part.output] if outputs.known else part.loss.name
                part.tracker = metrics.Mean(name=f"{name}_loss")

    @property
    def trackers(self) -> list[Metric]:
        """The mean of each loss, where there are several."""
        return [part.tracker for part in self._parts if part.tracker is not None]

    def __call__(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> Any:
        """The total loss, a scalar; None if there is no loss."""
        predicted = self._outputs.flat(y_pred, "y_pred")
        true = self.targets(y_true)
        weights = weights_of(self._outputs, sample_weight)
        total = None
        for part in self._parts:
            i = part.output
            value = part.loss(true[i], predicted[i], weights[i])
            if part.tracker is not None:
                part.tracker.update_state(value, sample_weight=_batch_size(predicted[i]))
            value = value if part.weight is None else value * part.weight
            total = value if total is None else total + value
        return total

    def targets(self, y_true: Any) -> list[Any]:
        """A target per output; outputs without a loss need none."""
        return self._outputs.targets(y_true, list(dict.fromkeys(part.output for part in self._parts)))


def weights_of(outputs: Outputs, sample_weight: Any) -> list[Any]:
    """A sample weight (or None) per output; a single one is for all."""
    if isinstance(sample_weight, dict | list | tuple):
        return outputs.flat(sample_weight, "sample_weight")
    return [sample_weight] * outputs.count


def _weights_of(losses_given: list[Any], weights: Any, outputs: Outputs) -> Iterator[list[Any]]:
    """The weights of each output's losses."""
    for found, weight in zip(losses_given, outputs.spread(weights, "loss_weights"), strict=True):
        count = len(_as_list(found))
        several = list(weight) if isinstance(weight, list | tuple) else [weight] * count
        if len(several) != count:
            raise ValueError(
                f"`loss_weights` must match the number of losses: expected {count} for an output, received {weight}."
            )
        yield several


def _as_list(value: Any) -> list[Any]:
    return list(value) if isinstance(value, list | tuple) else [value]


def _batch_size(tensor: Any) -> Any:
    return math.cast(array.shape(tensor)[0], "float32")


@dataclasses.dataclass
class _Entry:
    """A metric of one output, and the name its value goes by."""

    output: int
    metric: Metric
    weighted: bool
    name: str


class CompiledMetrics:
    """The metrics of all outputs.

    Args:
        given: What `compile` was given as `metrics`.
        weighted: What it was given as `weighted_metrics`.
        outputs: The outputs.
        y_true: The targets (tensors or specs), flat.
        y_pred: The predictions, flat.
    """

    def __init__(self, given: Any, weighted: Any, outputs: Outputs, y_true: Any, y_pred: Any) -> None:
        self._outputs = outputs
        self._entries: list[_Entry] = []
        for items, is_weighted in ((given, False), (weighted, True)):
            what = "weighted_metrics" if is_weighted else "metrics"
            for i, found in enumerate(self._lists(items, what)):
                for item in found:
                    metric = make_metric(item, y_true[i], y_pred[i])
                    self._entries.append(_Entry(i, metric, is_weighted, self._name(i, metric, is_weighted)))

    def _lists(self, given: Any, what: str) -> list[list[Any]]:
        """One list of metrics per output."""
        if given is None:
            return [[] for _ in range(self._outputs.count)]
        found = self._outputs.spread(given, what)
        return [[] if f is None else [m for item in _as_list(f) for m in _as_list(item)] for f in found]

    def _name(self, output: int, metric: Metric, weighted: bool) -> str:
        """The metric's name, with that of its output if there are several; each only once."""
        prefix = f"{self._outputs.names[output]}_" if self._outputs.count > 1 and self._outputs.known else ""
        taken = {entry.name for entry in self._entries}
        name = base = prefix + metric.name
        if weighted and name in taken:
            name = base = f"{prefix}weighted_{metric.name}"
        count = 0
        while name in taken:
            count += 1
            name = f"{base}_{count}"
        return name

    @property
    def metrics(self) -> list[Metric]:
        """All metrics, in the order in which they report."""
        return [entry.metric for entry in self._entries]

    @property
    def names(self) -> list[str]:
        """The names of their values, in the same order."""
        return [entry.name for entry in self._entries]

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None, targets: Any = None) -> None:
        """Takes a batch into account.

        Args:
            y_true: The targets.
            y_pred: The predictions.
            sample_weight: Weights.
            targets: The targets flat, where losses say which outputs they belong to.
        """
        predicted = self._outputs.flat(y_pred, "y_pred")
        true = self._outputs.flat(y_true, "y") if targets is None else targets
        weights = weights_of(self._outputs, sample_weight)
        for entry in self._entries:
            i = entry.output
            if true[i] is None:
                continue
            if entry.weighted:
                entry.metric.update_state(true[i], predicted[i], sample_weight=weights[i])
            else:
                entry.metric.update_state(true[i], predicted[i])

    def results(self) -> dict[str, Any]:
        """The values by name."""
        found: dict[str, Any] = {}
        for entry in self._entries:
            value = entry.metric.result()
            found.update(value) if isinstance(value, dict) else found.update({entry.name: value})
        return found


# Names that leave it to the shapes which decision the outputs stand for.
_BY_SHAPES = {"accuracy": "accuracy", "acc": "accuracy", "crossentropy": "crossentropy", "ce": "crossentropy"}


def _by_shapes(item: Any) -> str | None:
    """What an entry stands for whose kind follows the shapes, or None."""
    return _BY_SHAPES.get(item.lower()) if isinstance(item, str) else None


def check_loss(item: Any) -> None:
    """Raises ValueError for an entry of `loss` that is not known."""
    if _by_shapes(item) != "crossentropy":
        losses.get(item)


def make_loss(item: Any, y_true: Any, y_pred: Any) -> Any:
    """A loss for an entry of `loss`; ``"crossentropy"`` follows the shapes."""
    if _by_shapes(item) == "crossentropy":
        return losses.as_loss(f"{_kind(y_true, y_pred)}crossentropy")
    loss = losses.as_loss(item)
    _check_classes(loss, y_true, y_pred)
    return loss


_OF_DISTRIBUTIONS = (losses.kl_divergence, losses.categorical_hinge, losses.categorical_focal_crossentropy)


def _check_classes(loss: Any, y_true: Any, y_pred: Any) -> None:
    """Checks that a loss of distributions over classes gets targets with an axis of classes.

    Args:
        loss: A `Loss`.
        y_true: A batch of targets, a tensor or its spec.
        y_pred: A batch of predictions.

    Raises:
        ValueError: If the targets are class numbers, which would broadcast where there are as many as classes.
    """
    if getattr(loss, "_function", None) not in _OF_DISTRIBUTIONS:
        return
    shape, wanted = getattr(y_true, "shape", None), getattr(y_pred, "shape", None)
    if shape is None or wanted is None or None in (shape.rank, wanted.rank):
        return
    if shape.rank < wanted.rank and wanted[-1] != 1:
        raise ValueError(
            f"{loss.name}: expected targets y_true with an axis of classes, as y_pred of shape {wanted} has, received "
            f"labels of shape {shape}. Class numbers need a sparse loss, or tf.one_hot."
        )


def make_metric(item: Any, y_true: Any, y_pred: Any) -> Metric:
    """A metric for an entry of `metrics`: a name, a function or a metric. ``"accuracy"`` follows the shapes."""
    if isinstance(item, Metric):
        return item
    what = _by_shapes(item)
    found = metrics.get(item if what is None else f"{_kind(y_true, y_pred)}{what}")
    if isinstance(item, str) and isinstance(found, Metric):
        found.name = item
    if isinstance(found, Metric):
        return found
    return metrics.MeanMetricWrapper(found, name=snake_case(getattr(found, "__name__", type(found).__name__)))


def _kind(y_true: Any, y_pred: Any) -> str:
    """``"binary_"``, ``"sparse_categorical_"`` or ``"categorical_"``: which decision the outputs stand for."""
    true, pred = [tuple(y.shape) if hasattr(y, "shape") else () for y in (y_true, y_pred)]
    if not pred or pred[-1] == 1:
        return "binary_"
    if len(true) < len(pred) or true[-1] == 1:
        return "sparse_categorical_"
    return "categorical_"

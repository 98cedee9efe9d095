"""What `compile` was given, resolved against the outputs: losses and metrics per output."""

from __future__ import annotations

from typing import Any

from headwater.core import nest
from headwater.keras import losses, metrics
from headwater.keras.metrics._base import Metric
from headwater.ops import array, math


def _per_output(given: Any, count: int, names: list[str], what: str) -> list[Any]:
    """One entry per output, from a value for all, a list, or a dict by output name."""
    if isinstance(given, dict):
        unknown = sorted(set(given) - set(names))
        if unknown:
            raise ValueError(
                f"In the dict argument `{what}`, keys {unknown} do not match any output. Expected: {names}."
            )
        return [given.get(name) for name in names]
    if isinstance(given, list | tuple):
        if len(given) != count:
            raise ValueError(f"Expected one entry of `{what}` per output ({count}), received {len(given)}: {given}.")
        return list(given)
    return [given] * count


def flat_by_name(structure: Any, names: list[str], keys: list[str] | None) -> list[Any]:
    """A structure flat in the order of the outputs; dicts are read by output name."""
    if isinstance(structure, dict):
        return [structure.get(key) for key in (keys or names)]
    return nest.flatten(structure)


class CompiledLoss:
    """The losses of all outputs, weighted and added up.

    Args:
        given: What `compile` was given as `loss`.
        weights: What it was given as `loss_weights`.
        names: The names of the outputs.
        keys: The keys of the outputs, if they come as a dict.
    """

    def __init__(self, given: Any, weights: Any, names: list[str], keys: list[str] | None) -> None:
        self._names, self._keys = names, keys
        by = keys or names
        self._losses = [losses.as_loss(g) for g in _per_output(given, len(names), by, "loss")]
        self._weights = _per_output(weights, len(names), by, "loss_weights")
        self.trackers: list[Metric] = []
        if len([x for x in self._losses if x is not None]) > 1:
            self.trackers = [
                metrics.Mean(name=f"{n}_loss") for n, x in zip(by, self._losses, strict=True) if x is not None
            ]

    def __call__(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> Any:
        """The total loss, a scalar."""
        predicted = flat_by_name(y_pred, self._names, self._keys)
        true = flat_by_name(y_true, self._names, self._keys) if y_true is not None else [None] * len(predicted)
        if len(true) != len(predicted):
            raise ValueError(f"Expected targets for {len(predicted)} outputs, received {len(true)}.")
        weights = nest.flatten(sample_weight) if sample_weight is not None else [None]
        weights = weights if len(weights) == len(predicted) else weights * len(predicted)
        total = None
        trackers = iter(self.trackers)
        for loss, factor, t, p, w in zip(self._losses, self._weights, true, predicted, weights, strict=True):
            if loss is None:
                continue
            value = loss(t, p, w)
            if self.trackers:
                next(trackers).update_state(value, sample_weight=_batch_size(p))
            value = value if factor is None else value * factor
            total = value if total is None else total + value
        return total


def _batch_size(tensor: Any) -> Any:
    return math.cast(array.shape(tensor)[0], "float32")


class CompiledMetrics:
    """The metrics of all outputs.

    Args:
        given: What `compile` was given as `metrics`.
        weighted: What it was given as `weighted_metrics`.
        loss: What it was given as `loss`: ``"accuracy"`` depends on it.
        names: The names of the outputs.
        keys: The keys of the outputs, if they come as a dict.
        y_true: The targets (tensors or specs), flat.
        y_pred: The predictions, flat.
    """

    def __init__(
        self, given: Any, weighted: Any, loss: Any, names: list[str], keys: list[str] | None, y_true: Any, y_pred: Any
    ) -> None:
        self._names, self._keys = names, keys
        by, count = keys or names, len(names)
        prefix = [f"{n}_" if count > 1 else "" for n in by]
        chosen = _per_output(loss, count, by, "loss")
        self._entries: list[list[tuple[Metric, bool]]] = []
        self.output_names: dict[int, str] = {}
        plain = _metric_lists(given, count, by, "metrics")
        heavy = _metric_lists(weighted, count, by, "weighted_metrics")
        for i in range(count):
            entries = []
            for item, is_weighted in [*[(m, False) for m in plain[i]], *[(m, True) for m in heavy[i]]]:
                metric = make_metric(item, y_true[i], y_pred[i], chosen[i])
                self.output_names[id(metric)] = prefix[i] + metric.name
                entries.append((metric, is_weighted))
            self._entries.append(entries)

    @property
    def metrics(self) -> list[Metric]:
        """All metrics, output by output."""
        return [metric for entries in self._entries for metric, _ in entries]

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Takes a batch into account."""
        predicted = flat_by_name(y_pred, self._names, self._keys)
        true = flat_by_name(y_true, self._names, self._keys)
        weights = nest.flatten(sample_weight) if sample_weight is not None else [None]
        weights = weights if len(weights) == len(predicted) else weights * len(predicted)
        for entries, t, p, w in zip(self._entries, true, predicted, weights, strict=True):
            for metric, is_weighted in entries:
                if t is not None:
                    metric.update_state(t, p, sample_weight=w) if is_weighted else metric.update_state(t, p)

    def results(self) -> dict[str, Any]:
        """The values by name."""
        found: dict[str, Any] = {}
        for metric in self.metrics:
            value = metric.result()
            name = base = self.output_names[id(metric)]
            count = 0
            while name in found:
                count += 1
                name = f"{base}_{count}"
            found.update(value) if isinstance(value, dict) else found.update({name: value})
        return found


def _metric_lists(given: Any, count: int, names: list[str], what: str) -> list[list[Any]]:
    """One list of metrics per output."""
    if given is None:
        return [[] for _ in range(count)]
    if count == 1 and not isinstance(given, dict):
        items = given if isinstance(given, list | tuple) else [given]
        return [list(items[0]) if len(items) == 1 and isinstance(items[0], list | tuple) else list(items)]
    if isinstance(given, list | tuple) and len(given) != count:
        raise ValueError(
            f"Expected `{what}` as one entry (or list) per output ({count}), or a dict by output name {names}; "
            f"received "
            f"{len(given)}: {given}."
        )
    entries = _per_output(given, count, names, what)
    return [[] if e is None else list(e) if isinstance(e, list | tuple) else [e] for e in entries]


def make_metric(item: Any, y_true: Any, y_pred: Any, loss: Any) -> Metric:
    """A metric for an entry of `metrics`: a name, a function or a metric. ``"accuracy"`` follows loss and shapes."""
    if isinstance(item, Metric):
        return item
    name = str(item).lower() if isinstance(item, str) else None
    if name in ("accuracy", "acc"):
        metric = _accuracy(y_true, y_pred, loss)
        metric.name = str(item)
        return metric
    if name in ("crossentropy", "ce"):
        metric = _crossentropy(y_true, y_pred, loss)
        metric.name = str(item)
        return metric
    found = metrics.get(item)
    if isinstance(found, Metric):
        if isinstance(item, str):
            found.name = item
        return found
    return metrics.MeanMetricWrapper(found, name=getattr(found, "__name__", type(found).__name__))


def _kind(y_true: Any, y_pred: Any, loss: Any) -> str:
    """``"binary"``, ``"sparse"`` or ``"categorical"``: which decision the outputs stand for."""
    by_loss = losses.class_name_of(losses.get(loss)) if loss is not None else ""
    if by_loss.startswith("SparseCategorical"):
        return "sparse"
    if y_pred.shape[-1] == 1 or by_loss.startswith("Binary"):
        return "binary"
    true, pred = tuple(y_true.shape), tuple(y_pred.shape)
    if len(true) < len(pred) or (true[-1] == 1 and pred[-1] != 1):
        return "sparse"
    return "categorical"


def _accuracy(y_true: Any, y_pred: Any, loss: Any) -> Metric:
    kinds = {
        "binary": metrics.BinaryAccuracy, "sparse": metrics.SparseCategoricalAccuracy,
        "categorical": metrics.CategoricalAccuracy,
    }  # fmt: skip
    return kinds[_kind(y_true, y_pred, loss)]()


def _crossentropy(y_true: Any, y_pred: Any, loss: Any) -> Metric:
    kinds = {
        "binary": metrics.BinaryCrossentropy, "sparse": metrics.SparseCategoricalCrossentropy,
        "categorical": metrics.CategoricalCrossentropy,
    }  # fmt: skip
    return kinds[_kind(y_true, y_pred, loss)]()

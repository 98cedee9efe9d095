"""`fit`, `evaluate`, `predict` and their parts, for every model."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from headwater.core import nest
from headwater.core.spec import TensorSpec, spec_of
from headwater.core.tensor import Tensor
from headwater.keras._tensor import KerasTensor
from headwater.keras.callbacks._progress import callbacks_for
from headwater.keras.training._arrays import (
    as_batch,
    batched,
    map_arrays,
    pack_x_y_sample_weight,
    split_validation,
    unpack_x_y_sample_weight,
    weights_of_samples,
)
from headwater.keras.training._data import ArrayData, IterableData, make_data
from headwater.keras.training._stepping import Stepping
from headwater.keras.training._steps import Step, StepRunner, grouped


class Trainer(Stepping):
    """The part of a model that trains it."""

    # Preparing --------------------------------------------------------------------------------------------------

    def _runner(self, kind: str) -> StepRunner:
        step = getattr(self, f"{kind}_step")
        found = self._compiled.runners.get(kind)
        if found is None:
            found = self._compiled.runners[kind] = StepRunner(step, self.run_eagerly)
        return found

    def make_train_function(self, force: bool = False) -> Any:
        """A function that runs `train_step` on one batch."""
        return self._step_function("train", force)

    def make_test_function(self, force: bool = False) -> Any:
        """A function that runs `test_step` on one batch."""
        return self._step_function("test", force)

    def make_predict_function(self, force: bool = False) -> Any:
        """A function that runs `predict_step` on one batch."""
        return self._step_function("predict", force)

    def _step_function(self, kind: str, force: bool) -> Any:
        if force:
            self._compiled.runners.pop(kind, None)
        return self._runner(kind).run_one

    def _prepare_for(self, data: ArrayData | IterableData | Any, training: bool) -> None:
        """Makes the variables of model, metrics and optimizer before the step is traced.

        A step of the user's own need not call the model at all: then its layers are made as the step reaches them.
        """
        step = "train_step" if training else "test_step"
        if getattr(type(self), step) is not getattr(Trainer, step) and self.inputs is None:  # type: ignore[attr-defined]
            if training and self._is_built():
                self._build_optimizer()
            return
        specs = data.specs if isinstance(data, ArrayData) else None
        if specs is None:
            example = data.first if isinstance(data, IterableData) else data
            specs = nest.map_structure(_keras_spec, example)
        x, y, _ = unpack_x_y_sample_weight(specs)
        x, y = [nest.map_structure(_as_keras, part) for part in (x, y)]
        if self.inputs is not None:  # type: ignore[attr-defined]
            y_pred = self.output  # type: ignore[attr-defined]
        elif not self._is_built() or self._compiled.metrics is None:
            y_pred = self.compute_output_spec(x)  # type: ignore[attr-defined]
        else:
            y_pred = None
        own_loss = type(self).compute_loss is Trainer.compute_loss
        if self.compiled and y is not None and y_pred is not None and own_loss:
            self._resolve(y, y_pred)
        if training:
            self._build_optimizer()

    def _build_optimizer(self) -> None:
        if self.optimizer is not None and not self.optimizer.built:
            self.optimizer.build(self.trainable_variables)  # type: ignore[attr-defined]

    def _is_built(self) -> bool:
        return all(layer.built for layer in self._flatten_layers())  # type: ignore[attr-defined]

    # Loops ------------------------------------------------------------------------------------------------------

    def fit(
        self,
        x: Any = None,
        y: Any = None,
        batch_size: int | None = None,
        epochs: int = 1,
        verbose: Any = "auto",
        callbacks: Any = None,
        validation_split: float = 0.0,
        validation_data: Any = None,
        shuffle: bool = True,
        class_weight: dict[int, float] | None = None,
        sample_weight: Any = None,
        initial_epoch: int = 0,
        steps_per_epoch: int | None = None,
        validation_steps: int | None = None,
        validation_batch_size: int | None = None,
        validation_freq: Any = 1,
        **kwargs: Any,
    ) -> Any:
        """Trains the model.

        Args:
            x: Inputs: arrays (or a structure of them), a generator or a dataset of batches.
            y: Targets.
            batch_size: Samples per update; default 32, or what makes `steps_per_epoch` batches of the data.
            epochs: How often the data is gone through (the number of the last epoch, if `initial_epoch` is set).
            verbose: 0 silent, 1 a progress bar, 2 one line per epoch.
            callbacks: A list of `keras.callbacks.Callback`.
            validation_split: The part of the data (its end) that is kept for validation.
            validation_data: Data to evaluate on after each epoch.
            shuffle: Whether each pass over the data has an order of its own; ``"batch"``: only within batches.
            class_weight: Weights by class number.
            sample_weight: A weight per sample.
            initial_epoch: The number of the first epoch.
            steps_per_epoch: How many batches make an epoch; the next epoch goes on where this one ended. When the data
                ends first, the epoch ends there with a warning, and the next one begins at the start.
            validation_steps: How many batches are evaluated, from the start each time.
            validation_batch_size: Samples per batch in validation.
            validation_freq: Every how many epochs to validate, or which ones.
            **kwargs: Accepted for compatibility (``workers`` and the like).

        Returns:
            A `History`: ``history.history["loss"]`` is a list with one value per epoch.
        """
        self._assert_compiled("fit")
        if validation_split and validation_data is None:
            (x, y, sample_weight), validation_data = split_validation((x, y, sample_weight), validation_split)
            validation_data = tuple([part for part in validation_data if part is not None])
        data = make_data(x, y, sample_weight, class_weight, batch_size, shuffle, steps_per_epoch, self._cache)
        self._prepare_for(data, True)
        validation = None
        if validation_data is not None:
            parts = unpack_x_y_sample_weight(validation_data) if type(validation_data) in (tuple, list) else None
            x_held, y_held, weight_held = parts or (validation_data, None, None)
            validation = make_data(
                x_held, y_held, weight_held, batch_size=validation_batch_size or batch_size, steps=validation_steps,
                cache=self._cache,
            )  # fmt: skip
        hooks = callbacks_for(callbacks, self, verbose, add_history=True, epochs=epochs, steps=data.batches)
        self.stop_training = False
        self._initial_epoch = initial_epoch
        hooks.on_train_begin()
        logs: dict[str, Any] = {}
        for epoch in range(self._initial_epoch, epochs):
            self.reset_metrics()
            hooks.on_epoch_begin(epoch)
            logs = self._run("train", data, hooks)
            if validation is not None and _is_due(epoch, validation_freq):
                logs.update({f"val_{k}": v for k, v in self._evaluate(validation, hooks).items()})
            logs = dict(sorted(logs.items()))
            hooks.on_epoch_end(epoch, logs)
            if self.stop_training:
                break
        if self.optimizer is not None and epochs > 0:
            self.optimizer.finalize_variable_values(self.trainable_weights)  # type: ignore[attr-defined]
        hooks.on_train_end(logs)
        return self.history

    def _run(self, kind: str, data: ArrayData | IterableData, hooks: Any) -> dict[str, Any]:
        """One pass over the data; the values after the last step."""
        name = "train" if kind == "train" else "test"
        begin, end = getattr(hooks, f"on_{name}_batch_begin"), getattr(hooks, f"on_{name}_batch_end")
        logs: dict[str, Any] = {}
        each = hooks.wants_batches(name)
        for first, last, run in self._grouped(self._runner(kind).steps(data, each), each):
            begin(first)
            logs = as_floats(run())
            end(last, logs)
            if self.stop_training if kind == "train" else self.stop_evaluating:
                break
        return logs or as_floats(self.get_metrics_result())

    def evaluate(
        self,
        x: Any = None,
        y: Any = None,
        batch_size: int | None = None,
        verbose: Any = "auto",
        sample_weight: Any = None,
        steps: int | None = None,
        callbacks: Any = None,
        return_dict: bool = False,
        **kwargs: Any,
    ) -> Any:
        """Loss and metrics on data.

        Args:
            x: Inputs, as in `fit`.
            y: Targets.
            batch_size: Samples per batch; default 32, or what makes `steps` batches of the data.
            verbose: 0 silent, 1 a progress bar, 2 one line.
            sample_weight: A weight per sample.
            steps: How many batches.
            callbacks: A list of `keras.callbacks.Callback`.
            return_dict: Whether to return a dict.
            **kwargs: Accepted for compatibility.

        Returns:
            The loss, a list ``[loss, metric, ...]``, or a dict by name.
        """
        self._assert_compiled("evaluate")
        data = make_data(x, y, sample_weight, batch_size=batch_size, steps=steps, cache=self._cache)
        self._prepare_for(data, False)
        hooks = callbacks_for(callbacks, self, verbose, epochs=1, steps=data.batches)
        logs = self._evaluate(data, hooks)
        return logs if return_dict else self._in_order(logs)

    def _evaluate(self, data: ArrayData | IterableData, hooks: Any) -> dict[str, Any]:
        data.rewind()
        self.stop_evaluating = False
        hooks.on_test_begin()
        self.reset_metrics()
        logs = self._run("test", data, hooks)
        hooks.on_test_end(logs)
        return logs

    def predict(
        self, x: Any, batch_size: int | None = None, verbose: Any = "auto", steps: int | None = None,
        callbacks: Any = None,
        **kwargs: Any,
    ) -> Any:  # fmt: skip
        """The model's outputs for data, as NumPy arrays.

        Args:
            x: Inputs, as in `fit`.
            batch_size: Samples per batch; default 32, or what makes `steps` batches of the data.
            verbose: 0 silent, 1 a progress bar, 2 one line.
            steps: How many batches.
            callbacks: A list of `keras.callbacks.Callback`.
            **kwargs: Accepted for compatibility.

        Returns:
            A structure of arrays like the model's outputs.
        """
        data = make_data(x, batch_size=batch_size, steps=steps, cache=self._cache)
        hooks = callbacks_for(callbacks, self, verbose, epochs=1, steps=data.batches)
        self.stop_predicting = False
        hooks.on_predict_begin()
        parts = []
        each = hooks.wants_batches("predict")
        for first, last, run in self._grouped(self._runner("predict").outputs(data, each), each, batched):
            hooks.on_predict_batch_begin(first)
            parts.append(run())
            hooks.on_predict_batch_end(last, {"outputs": parts[-1]})
            if self.stop_predicting:
                break
        hooks.on_predict_end()
        return batched(parts)

    def _grouped(self, steps: Iterator[Step], each: bool, join: Any = None) -> Iterator[Step]:
        """Steps as callbacks are told of them: `steps_per_execution` at a time where they want to see each."""
        size = self.steps_per_execution if each else 1
        return steps if size == 1 else grouped(steps, size, join)

    # Single batches ---------------------------------------------------------------------------------------------

    def train_on_batch(
        self, x: Any, y: Any = None, sample_weight: Any = None, class_weight: Any = None, return_dict: bool = False
    ) -> Any:
        """One update on one batch. Returns the loss, a list with metrics, or a dict."""
        self._assert_compiled("train_on_batch")
        return self._on_batch("train", x, y, sample_weight, class_weight, return_dict)

    def test_on_batch(self, x: Any, y: Any = None, sample_weight: Any = None, return_dict: bool = False) -> Any:
        """Loss and metrics on one batch."""
        self._assert_compiled("test_on_batch")
        return self._on_batch("test", x, y, sample_weight, None, return_dict)

    def _on_batch(self, kind: str, x: Any, y: Any, sample_weight: Any, class_weight: Any, return_dict: bool) -> Any:
        sample_weight = weights_of_samples(y, sample_weight, class_weight)
        batch = map_arrays(as_batch, pack_x_y_sample_weight(x, y, sample_weight))
        self._prepare_for(batch, kind == "train")
        self.reset_metrics()
        logs = as_floats(self._runner(kind).run_one(batch))
        return logs if return_dict else self._in_order(logs)

    def predict_on_batch(self, x: Any) -> Any:
        """The outputs for one batch, as NumPy arrays."""
        batch = map_arrays(as_batch, pack_x_y_sample_weight(x))
        return nest.map_structure(np.asarray, self._runner("predict").run_one(batch))


def _keras_spec(value: Any) -> TensorSpec | None:
    if value is None:
        return None
    spec = spec_of(value)
    return TensorSpec([None, *spec.shape[1:]], spec.dtype) if spec.shape.rank else spec


def _as_keras(spec: Any) -> Any:
    return KerasTensor(spec.shape, spec.dtype) if isinstance(spec, TensorSpec) else spec


def _is_due(epoch: int, frequency: Any) -> bool:
    return (epoch + 1) % frequency == 0 if isinstance(frequency, int) else epoch + 1 in frequency


def as_floats(logs: Any) -> dict[str, Any]:
    """Values by name as Python numbers, in alphabetical order."""
    if not isinstance(logs, dict):
        raise ValueError(f"A step must return a dict of values by name, received {logs!r}.")
    return {k: _as_float(logs[k]) for k in sorted(logs)}


def _as_float(value: Any) -> Any:
    array = np.asarray(value) if isinstance(value, Tensor) or hasattr(value, "__array__") else value
    return float(array) if np.ndim(array) == 0 else array

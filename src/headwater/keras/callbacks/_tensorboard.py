"""`TensorBoard`: real event files that TensorBoard reads."""

from __future__ import annotations

import importlib
import importlib.util
import json
import os
from typing import Any

from headwater import summary
from headwater.keras._arguments import Integer, arguments
from headwater.keras._variables import path_of
from headwater.keras.callbacks._base import Callback


class TensorBoard(Callback):
    """Writes losses and metrics of each epoch, and more on request, for TensorBoard.

    Args:
        log_dir: The folder; training goes to its ``train`` folder, validation to ``validation``.
        histogram_freq: Every how many epochs weights are written as histograms; 0: never.
        write_graph: Whether the model's graph is written.
        write_images: Whether weights are written as images too.
        write_steps_per_second: Whether the pace is written.
        update_freq: ``"epoch"``, ``"batch"``, or every how many batches values are written.
        profile_batch: Accepted for compatibility.
        embeddings_freq: Accepted for compatibility.
        embeddings_metadata: Accepted for compatibility.
    """

    @arguments(histogram_freq=Integer(0))
    def __init__(
        self, log_dir: Any = "logs", histogram_freq: int = 0, write_graph: bool = True, write_images: bool = False,
        write_steps_per_second: bool = False, update_freq: Any = "epoch", profile_batch: Any = 0,
        embeddings_freq: int = 0,
        embeddings_metadata: Any = None,
    ) -> None:  # fmt: skip
        super().__init__()
        self.log_dir = os.fspath(log_dir)
        self.histogram_freq = histogram_freq
        self.write_graph = write_graph
        self.write_images = write_images
        self.write_steps_per_second = write_steps_per_second
        self.update_freq = 1 if update_freq == "batch" else update_freq
        self._writers: dict[str, Any] = {}
        self._step = 0
        self._test_step = 0
        self._epoch_start = 0.0

    def wants_batches(self, kind: str) -> bool:
        return kind == "train" and self.update_freq != "epoch"

    def _writer(self, name: str) -> Any:
        if name not in self._writers:
            self._writers[name] = summary.create_file_writer(os.path.join(self.log_dir, name))
        return self._writers[name]

    def on_train_begin(self, logs: Any = None) -> None:
        self._step = 0
        self._test_step = 0
        if self.write_graph:
            self._write_model()

    def _write_model(self) -> None:
        with self._writer("train").as_default():
            if hasattr(self.model, "to_json"):
                summary.keras_model("keras", _json_or_none(self.model), step=0)
            if importlib.util.find_spec("headwater.export") and importlib.util.find_spec("headwater.export.graphdef"):
                make = importlib.import_module("headwater.export.graphdef").model_graph_def
                summary.graph(make(self.model))

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        if self.update_freq != "epoch" and batch % self.update_freq == 0:
            with self._writer("train").as_default():
                for name, value in (logs or {}).items():
                    summary.scalar(f"batch_{name}", value, step=self._step)
        self._step += 1

    def on_test_end(self, logs: Any = None) -> None:
        iterations = getattr(self.model.optimizer, "iterations", None)
        if iterations is not None:
            with self._writer("validation").as_default():
                for name, value in (logs or {}).items():
                    summary.scalar(f"evaluation_{name}_vs_iterations", value, step=int(iterations.numpy()))

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        logs = dict(logs or {})
        train = {k: v for k, v in logs.items() if not k.startswith("val_")}
        if getattr(self.model, "optimizer", None) is not None:
            train["learning_rate"] = float(self.model.optimizer.learning_rate)
        validation = {k[4:]: v for k, v in logs.items() if k.startswith("val_")}
        for folder, values in (("train", train), ("validation", validation)):
            if values:
                with self._writer(folder).as_default():
                    for name, value in values.items():
                        summary.scalar(f"epoch_{name}", value, step=epoch)
        if self.histogram_freq and epoch % self.histogram_freq == 0:
            self._write_weights(epoch)
        for writer in self._writers.values():
            writer.flush()

    def _write_weights(self, epoch: int) -> None:
        with self._writer("train").as_default():
            for layer in self.model.layers:
                for weight in layer.weights:
                    name = path_of(weight).replace(":", "_")
                    summary.histogram(f"{name}/histogram", weight, step=epoch)
                    if self.write_images and len(weight.shape) == 2:
                        values = weight.numpy()
                        span = (values.max() - values.min()) or 1.0
                        summary.image(f"{name}/image", (values - values.min())[None, :, :, None] / span, step=epoch)

    def on_train_end(self, logs: Any = None) -> None:
        for writer in self._writers.values():
            writer.close()
        self._writers.clear()


def _json_or_none(model: Any) -> str:
    """The model's config, or an empty one where it cannot be written (a class without get_config)."""
    try:
        return model.to_json()
    except (TypeError, ValueError, NotImplementedError):
        return json.dumps({"class_name": type(model).__name__, "config": {}})

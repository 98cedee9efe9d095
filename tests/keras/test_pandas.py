"""A pandas Series as data: a column [n, 1] where data of many samples is given, as in Keras."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import headwater as tf

pd = pytest.importorskip("pandas")


class _Shapes(tf.keras.Model):
    """Notes the shapes of what it is trained on, and gives back its first input."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[Any] = []

    def call(self, inputs: Any) -> Any:
        self.seen.append(tf.nest.map_structure(lambda x: tuple(x.shape), inputs))
        return tf.nest.flatten(inputs)[0]

    def train_step(self, data: Any) -> dict[str, Any]:
        self.seen.append(tf.nest.map_structure(lambda x: tuple(x.shape[1:]), data))
        return {"none": tf.constant(0.0)}


_NUMBERS = pd.Series([1.0, 2.0, 3.0])
_TABLE = pd.DataFrame({"a": [1.0, 2.0, 3.0], "b": [1, 0, 1]})


@pytest.mark.parametrize(
    ("x", "expected"),
    [
        (_NUMBERS, (1,)),
        (_TABLE["b"], (1,)),
        (_TABLE, (2,)),
        (dict(_TABLE), {"a": (1,), "b": (1,)}),
        (pd.Index([1.0, 2.0, 3.0]), ()),
        (np.array([1.0, 2.0, 3.0]), ()),
    ],
)
def test_a_series_is_a_column_and_only_a_series(x: Any, expected: Any) -> None:
    model = _Shapes()
    model.compile("sgd", "mse")
    model.fit(x, _NUMBERS, sample_weight=_NUMBERS, verbose=0)
    assert model.seen[0] == (expected, (1,), (1,))


def test_predict_gives_a_column_for_a_column() -> None:
    assert _Shapes().predict(_NUMBERS, verbose=0).tolist() == [[1.0], [2.0], [3.0]]
    assert _Shapes().predict(_NUMBERS.to_numpy(), verbose=0).tolist() == [1.0, 2.0, 3.0]


def test_one_batch_stays_as_it_is() -> None:
    model = _Shapes()
    model.predict_on_batch(_NUMBERS)
    assert len(model.seen[0]) == 1


def test_a_part_for_validation_and_weights_of_classes() -> None:
    model = tf.keras.Sequential([tf.keras.layers.Dense(2, kernel_initializer="zeros")])
    model.compile("sgd", tf.keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    table = pd.concat([_TABLE, _TABLE])
    history = model.fit(table, table["b"], class_weight={0: 1.0, 1: 3.0}, validation_split=0.5, verbose=0).history
    np.testing.assert_allclose(history["loss"], [np.log(2) * (1 + 3 + 3) / 3], rtol=1e-6)
    assert len(history["val_loss"]) == 1

"""Declared arguments: what a declaration refuses is refused by every class that has it, in words of the same form."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

import headwater as tf
from headwater.keras._arguments import Integer
from tests.keras.test_layers import ROWS, given

keras = tf.keras
layers = keras.layers


def _declared() -> Iterator[tuple[str, str, Any]]:
    for kind in [*ROWS, "Embedding"]:
        for base in getattr(layers, kind).__mro__:
            for name, check in getattr(vars(base).get("__init__"), "argument_checks", {}).items():
                yield kind, name, check


def _given(kind: str) -> dict[str, Any]:
    return {"input_dim": 4, "output_dim": 2} if kind == "Embedding" else given(kind)


@pytest.mark.parametrize(("kind", "name", "check"), list(_declared()), ids=lambda x: x if isinstance(x, str) else "")
def test_bad_values_are_refused(kind: str, name: str, check: Any) -> None:
    for bad in check.bad_values():
        with pytest.raises((ValueError, TypeError), match=f"^{kind}: expected `{name}` to be .* Received: {name}="):
            getattr(layers, kind)(**{**_given(kind), name: bad})


# What else constructors of other kinds need.
_NEEDED: dict[str, dict[str, Any]] = {
    "MeanIoU": {"num_classes": 3}, "OneHotMeanIoU": {"num_classes": 3}, "BinaryIoU": {},
    "IoU": {"num_classes": 3, "target_class_ids": [0]}, "OneHotIoU": {"num_classes": 3, "target_class_ids": [0]},
    "LearningRateScheduler": {"schedule": float}, "TensorBoard": {"log_dir": "unused"},
    "LossScaleOptimizer": {"inner_optimizer": keras.optimizers.SGD()},
    **{name: {"initial_learning_rate": 0.1, "decay_steps": 5} for name in ("PolynomialDecay", "CosineDecay")},
    **{
        name: {"initial_learning_rate": 0.1, "decay_steps": 5, "decay_rate": 0.5}
        for name in ("ExponentialDecay", "InverseTimeDecay")
    },
    "CosineDecayRestarts": {"initial_learning_rate": 0.1, "first_decay_steps": 5},
}  # fmt: skip


def _declared_elsewhere() -> Iterator[tuple[Any, str, Any]]:
    """The declarations of metrics, losses, optimizers, schedules and callbacks, where the class takes the argument."""
    schedules = keras.optimizers.schedules
    for module in (keras.metrics, keras.losses, keras.optimizers, schedules, keras.callbacks):
        for kind in [getattr(module, n) for n in module.__all__ if inspect.isclass(getattr(module, n))]:
            own = inspect.signature(kind.__init__).parameters
            for base in kind.__mro__:
                for name, check in getattr(vars(base).get("__init__"), "argument_checks", {}).items():
                    if name in own:
                        yield kind, name, check


@pytest.mark.parametrize(
    ("kind", "name", "check"), list(_declared_elsewhere()), ids=lambda x: getattr(x, "__name__", str(x))[:30]
)
def test_bad_values_are_refused_elsewhere_too(kind: Any, name: str, check: Any) -> None:
    for bad in check.bad_values():
        with pytest.raises((ValueError, TypeError), match=f"^{kind.__name__}: expected `{name}` to be .* Received: "):
            kind(**{**_NEEDED.get(kind.__name__, {}), name: bad})


@pytest.mark.parametrize(
    "make",
    [
        lambda: keras.optimizers.Adam(clipnorm=-1.0), lambda: keras.optimizers.SGD(loss_scale_factor=0),
        lambda: keras.optimizers.Lamb(weight_decay="a"), lambda: keras.metrics.Recall(top_k=0),
        lambda: keras.losses.Huber(delta="1"), lambda: keras.callbacks.ModelCheckpoint("m.keras", save_freq=0),
    ],
)  # fmt: skip
def test_values_that_would_fail_late(make: Any) -> None:
    with pytest.raises(ValueError, match=r"[Ee]xpected"):
        make()


def test_tensors_numpys_numbers_and_schedules_are_taken() -> None:
    schedule = keras.optimizers.schedules.ExponentialDecay(tf.constant(0.1), np.int64(5), np.float32(0.5), staircase=1)
    assert (
        keras.optimizers.Adam(schedule, beta_1=tf.constant(0.9), amsgrad=np.bool_(False), clipnorm=1).amsgrad is False
    )
    assert float(keras.optimizers.SGD(np.float32(0.5)).learning_rate) == 0.5
    assert keras.optimizers.SGD(lambda: 0.25, weight_decay=None).weight_decay is None
    assert keras.callbacks.EarlyStopping(patience=2.0, restore_best_weights=1).restore_best_weights is True
    assert float(keras.losses.Huber(delta=tf.constant(1.0))([0.0], [3.0])) == 2.5


def _integers() -> list[tuple[str, str]]:
    """The arguments of layers that are integers, and are not those of a base that the layer has others for."""
    return [
        (kind, name)
        for kind, name, check in _declared()
        if isinstance(check, Integer) and name in inspect.signature(getattr(layers, kind).__init__).parameters
    ]


@pytest.mark.parametrize(("kind", "name"), _integers())
def test_integers_of_numpy_become_pythons(kind: str, name: str) -> None:
    layer = getattr(layers, kind)(**{**_given(kind), name: np.int64(1)})
    assert type(layer.get_config()[name]) is int


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: layers.Conv2D(1, 3, strides=2, dilation_rate=2), "not supported in conjunction"),
        (lambda: layers.Conv2D(3, 3, groups=2), "divisible by `groups`"),
        (lambda: layers.Conv2D(1, (3, 3, 3)), "`kernel_size` argument must be an integer or a tuple of 2 integers"),
        (lambda: layers.Conv2DTranspose(1, 3, 2, output_padding=(1, 2)), "`output_padding` to be less than `strides`"),
        (lambda: layers.Conv3DTranspose(1, 3, output_padding=0.5), "`output_padding` argument must be an integer"),
        (lambda: layers.Conv1DTranspose(1, 3, 2, dilation_rate=2), "not supported in conjunction"),
        (lambda: layers.Conv1D(1, None), "`kernel_size`"), (lambda: layers.MaxPooling2D(1.5), "`pool_size`"),
        (lambda: layers.Conv2D(1, 3, padding="causal"), "padding"), (lambda: layers.Dense(2, dtype="blah"), "'blah'"),
        (lambda: layers.Permute((2,)), "dims"), (lambda: keras.random.SeedGenerator(1, foo=2), "'foo': 2"),
        (lambda: keras.config.set_dtype_policy(None), "Invalid `policy`"),
        (lambda: keras.DTypePolicy("mixed_int8"), "Cannot convert"),
        (lambda: keras.initializers.RandomNormal(seed=1.5), "`seed`"), (lambda: keras.regularizers.L2(True), "`l2`"),
        (lambda: keras.regularizers.L1(float("inf")), "`l1`"),
        (lambda: layers.Layer().add_weight((None, 2), name="w"), r"the weight 'w' cannot have the shape \(None, 2\)"),
        (lambda: layers.Layer().add_weight((2.5,)), "cannot have the shape"),
        (lambda: layers.Layer().add_weight((-1,)), r"cannot have the shape \(-1,\)"),
    ],
)  # fmt: skip
def test_what_goes_together(make: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make()


def test_sizes_computed_with_numpy() -> None:
    assert layers.Dense(np.prod((2, 3)))(keras.Input((2,))).shape == (None, 6)
    assert layers.Reshape(np.array([3, 2]))(keras.Input((6,))).shape == (None, 3, 2)
    convolution = layers.Conv2D(np.int32(2), np.array([2, 2]), strides=np.int64(2))
    assert convolution(keras.Input((4, 4, 1))).shape == (None, 2, 2, 2)
    assert keras.Input(shape=np.int64(3)).shape == (None, 3)
    assert layers.Layer().add_weight((np.int64(2),), "ones", "int32", False).numpy().tolist() == [1, 1]
    assert layers.Layer().add_weight(np.int64(3)).shape == (3,)
    assert keras.initializers.Zeros()(3).shape == (3,)


def test_any_name_will_do_but_one_with_a_slash() -> None:
    assert [keras.Sequential(name="").name, layers.Dense(1, name="").name] == ["", ""]
    with pytest.raises(ValueError, match="cannot contain character `/`"):
        layers.Dense(1, name="a/b")

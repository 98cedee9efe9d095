"""What callbacks write into the logs that they are given."""

import numpy as np
import pytest

import headwater as tf


class Writing(tf.keras.callbacks.Callback):
    def __init__(self, hook):
        super().__init__()
        setattr(self, hook, lambda _, logs=None: logs.__setitem__("mine", 1.0))

    def wants_batches(self, kind):
        return True

    def on_train_end(self, logs=None):
        self.last = sorted(logs)


@pytest.mark.parametrize(
    ("hook", "shared"), [("on_train_batch_end", False), ("on_test_batch_end", False), ("on_epoch_end", True)]
)
def test_what_is_written_reaches_the_other_callbacks_of_the_hook_alone(hook, shared):
    model = tf.keras.Sequential([tf.keras.layers.Input((2,)), tf.keras.layers.Dense(1)])
    model.compile("sgd", "mse")
    writing, x = Writing(hook), np.ones((4, 2), "float32")
    history = model.fit(x, x[:, :1], validation_data=(x, x[:, :1]), verbose=0, callbacks=[writing]).history
    assert ("mine" in history) == shared and "val_mine" not in history
    assert writing.last == ["loss", "val_loss"]

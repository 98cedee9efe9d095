"""One TensorFlow 2 program for TensorFlow and Headwater: TF_MODULE says which of them plays `tf`."""

import importlib
import os

import numpy as np

import common

MODULE = os.environ["TF_MODULE"]
tf = importlib.import_module(MODULE)


def mnist_epoch(repeats: int) -> common.Result:
    x, y = common.digits()
    layers = tf.keras.layers
    inputs = layers.Input(shape=(28, 28))
    hidden = layers.Dense(common.HIDDEN, activation="relu")(layers.Flatten()(inputs))
    model = tf.keras.models.Model(inputs, layers.Dense(common.CLASSES, activation="softmax")(hidden))
    model.compile(optimizer="sgd", loss="sparse_categorical_crossentropy", metrics=["accuracy"])

    def epoch() -> dict[str, list[float]]:
        return model.fit(x, y, batch_size=common.BATCH, epochs=1, verbose=0).history

    epoch()
    samples = [common.seconds(epoch) for _ in range(repeats)]
    return samples, {"accuracy": float(epoch()["accuracy"][-1])}


def function_call(repeats: int) -> common.Result:
    call = tf.function(lambda x: x + 1)
    x = tf.constant(np.zeros((10, 10), "float32"))
    samples = common.per_call(lambda: call(x), lambda result: result.numpy(), 1000, repeats)
    return samples, {"sum": float(call(x).numpy().sum())}


def eager_add(repeats: int) -> common.Result:
    a, b = tf.constant(np.zeros((10, 10), "float32")), tf.constant(np.ones((10, 10), "float32"))
    samples = common.per_call(lambda: a + b, lambda result: result.numpy(), 5000, repeats)
    return samples, {"sum": float((a + b).numpy().sum())}


def tape_loop(repeats: int) -> common.Result:
    variables = [tf.Variable(value) for value in common.weights()]
    data = [(tf.constant(x), tf.constant(y)) for x, y in common.batches(300)]

    @tf.function
    def step(x, y):
        w1, b1, w2, b2 = variables
        with tf.GradientTape() as tape:
            logits = tf.matmul(tf.nn.relu(tf.matmul(x, w1) + b1), w2) + b2
            loss = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(labels=y, logits=logits))
        for variable, gradient in zip(variables, tape.gradient(loss, variables), strict=True):
            variable.assign_sub(common.RATE * gradient)
        return loss

    def loop() -> float:
        for x, y in data:
            loss = step(x, y)
        return float(loss.numpy())

    loss = loop()
    return [common.seconds(loop) for _ in range(repeats)], {"loss": loss}


if __name__ == "__main__":
    common.main(
        {"mnist_epoch": mnist_epoch, "function_call": function_call, "eager_add": eager_add, "tape_loop": tape_loop},
        {"tensorflow": ("tensorflow", "keras", "numpy"), "headwater": ("jax", "numpy")}[MODULE],
    )

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


def _first_fit(model, x, y) -> common.Result:
    model.compile(optimizer="adam", loss="sparse_categorical_crossentropy")
    losses = []
    sample = common.seconds(lambda: losses.append(model.fit(x, y, batch_size=8, verbose=0).history["loss"][-1]))
    return [sample], {"loss": float(losses[0])}


def first_fit_mlp(repeats: int) -> common.Result:
    layers = tf.keras.layers
    hidden = [layers.Dense(64, activation="relu") for _ in range(2)]
    model = tf.keras.Sequential([layers.Input((784,)), *hidden, layers.Dense(10, activation="softmax")])
    x, y = common.digits(64)
    return _first_fit(model, x.reshape(64, -1), y)


def first_fit_cnn(repeats: int) -> common.Result:
    layers = tf.keras.layers
    blocks = [
        layer
        for filters in (16, 32)
        for layer in (layers.Conv2D(filters, 3, activation="relu"), layers.BatchNormalization(), layers.MaxPooling2D())
    ]
    head = [layers.Flatten(), layers.Dropout(0.5), layers.Dense(10, activation="softmax")]
    x, y = common.digits(64)
    return _first_fit(tf.keras.Sequential([layers.Input((28, 28, 1)), *blocks, *head]), x[..., None], y)


def _residual(x, filters: int, strides: int):
    """A bottleneck block of ResNet-50."""
    layers, shortcut = tf.keras.layers, x
    if strides > 1 or x.shape[-1] != 4 * filters:
        shortcut = layers.BatchNormalization()(layers.Conv2D(4 * filters, 1, strides)(x))
    for size, width, step in ((1, filters, strides), (3, filters, 1)):
        x = layers.ReLU()(layers.BatchNormalization()(layers.Conv2D(width, size, step, padding="same")(x)))
    x = layers.BatchNormalization()(layers.Conv2D(4 * filters, 1)(x))
    return layers.ReLU()(layers.Add()([shortcut, x]))


def first_fit_resnet50(repeats: int) -> common.Result:
    layers = tf.keras.layers
    inputs = layers.Input((28, 28, 1))
    x = layers.ReLU()(layers.BatchNormalization()(layers.Conv2D(64, 7, 2, padding="same")(inputs)))
    for filters, blocks, strides in ((64, 3, 1), (128, 4, 2), (256, 6, 2), (512, 3, 2)):
        for number in range(blocks):
            x = _residual(x, filters, strides if number == 0 else 1)
    outputs = layers.Dense(10, activation="softmax")(layers.GlobalAveragePooling2D()(x))
    images, labels = common.digits(8)
    return _first_fit(tf.keras.Model(inputs, outputs), images[..., None], labels)


def first_ops(repeats: int) -> common.Result:
    x = tf.constant(np.ones((2, 3), "float32"))
    results = []

    def run() -> None:
        y = tf.nn.relu(tf.matmul(x + 1.0, tf.transpose(x)) * 2.0)
        z = tf.concat([tf.exp(-y), tf.nn.softmax(y)], 0)
        z = tf.where(z > 0.5, z, tf.zeros_like(z)) - tf.reduce_mean(z, 1, keepdims=True)
        results.append(float(tf.reduce_sum(tf.gather(tf.stack([z, z]), [1, 0])).numpy()))

    return [common.seconds(run)], {"sum": results[0]}


if __name__ == "__main__":
    common.main(
        {
            "mnist_epoch": mnist_epoch,
            "function_call": function_call,
            "eager_add": eager_add,
            "tape_loop": tape_loop,
            "first_ops": first_ops,
            "first_fit_mlp": first_fit_mlp,
            "first_fit_cnn": first_fit_cnn,
            "first_fit_resnet50": first_fit_resnet50,
        },
        {"tensorflow": ("tensorflow", "keras", "numpy"), "headwater": ("jax", "numpy")}[MODULE],
    )

"""Keras 3 on the backend that KERAS_BACKEND names."""

import common
import keras


def mnist_epoch(repeats: int) -> common.Result:
    x, y = common.digits()
    inputs = keras.layers.Input(shape=(28, 28))
    hidden = keras.layers.Dense(common.HIDDEN, activation="relu")(keras.layers.Flatten()(inputs))
    model = keras.models.Model(inputs, keras.layers.Dense(common.CLASSES, activation="softmax")(hidden))
    model.compile(optimizer="sgd", loss="sparse_categorical_crossentropy", metrics=["accuracy"])

    def epoch() -> dict[str, list[float]]:
        return model.fit(x, y, batch_size=common.BATCH, epochs=1, verbose=0).history

    epoch()
    samples = [common.seconds(epoch) for _ in range(repeats)]
    return samples, {"accuracy": float(epoch()["accuracy"][-1])}


if __name__ == "__main__":
    common.main({"mnist_epoch": mnist_epoch}, ("keras", "jax", "numpy"))

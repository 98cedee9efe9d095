"""Plain JAX as an expert writes it: the data stays on the device, one dispatch is a scan over many steps."""

import jax
import jax.numpy as jnp

import common

STEPS = 125  # per dispatch; 15 dispatches make an epoch


def _forward(params, x):
    w1, b1, w2, b2 = params
    return jax.nn.relu(x @ w1 + b1) @ w2 + b2


def _loss(params, x, y):
    logits = _forward(params, x)
    loss = -jnp.take_along_axis(jax.nn.log_softmax(logits), y[:, None], axis=1).mean()
    return loss, (logits.argmax(axis=1) == y).mean()


def mnist_epoch(repeats: int) -> common.Result:
    images, labels = common.digits()
    x, y = jnp.asarray(images.reshape(len(images), -1)), jnp.asarray(labels)
    params = [jnp.asarray(value) for value in common.weights()]
    key = jax.random.key(0)

    def step(params, rows):
        (loss, accuracy), gradients = jax.value_and_grad(_loss, has_aux=True)(params, x[rows], y[rows])
        params = [value - common.RATE * gradient for value, gradient in zip(params, gradients, strict=True)]
        return params, jnp.stack([loss, accuracy])

    many_steps = jax.jit(lambda params, rows: jax.lax.scan(step, params, rows), donate_argnums=0)
    shuffle = jax.jit(lambda key: jax.random.permutation(key, len(images)).reshape(-1, STEPS, common.BATCH))

    def epoch() -> float:
        nonlocal params, key
        key, subkey = jax.random.split(key)
        logs = []
        for rows in shuffle(subkey):
            params, log = many_steps(params, rows)
            logs.append(log)
        return float(jnp.concatenate(logs).mean(axis=0)[1])

    epoch()
    samples = [common.seconds(epoch) for _ in range(repeats)]
    return samples, {"accuracy": epoch()}


def function_call(repeats: int) -> common.Result:
    call = jax.jit(lambda x: x + 1)
    x = jnp.zeros((10, 10))
    samples = common.per_call(lambda: call(x), lambda result: result.block_until_ready(), 1000, repeats)
    return samples, {"sum": float(call(x).sum())}


if __name__ == "__main__":
    common.main({"mnist_epoch": mnist_epoch, "function_call": function_call}, ("jax", "numpy"))

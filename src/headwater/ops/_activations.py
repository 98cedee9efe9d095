"""Activation functions and softmax. Where TensorFlow defines a derivative at a kink, the kernels give the same one."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from headwater.core.errors import InvalidArgumentError
from headwater.core.op import Op, op
from headwater.core.tensor import EagerTensor, Tensor, convert_to_tensor
from headwater.ops._common import single_axis
from headwater.ops._elementwise import SIGMOID
from headwater.ops._floating import floating, floating_unary
from headwater.ops._slopes import with_mask, with_slope

# Scaled exponential units keep mean 0 and variance 1 (Klambauer et al. 2017, "Self-Normalizing Neural Networks").
_SELU_ALPHA = 1.6732632423543772
_SELU_SCALE = 1.0507009873554805


def _elu(x: Any) -> Any:
    return jnp.where(x < 0, jnp.expm1(jnp.where(x < 0, x, 0)), x)


def _selu(x: Any) -> Any:
    return _SELU_SCALE * jnp.where(x < 0, _SELU_ALPHA * jnp.expm1(jnp.where(x < 0, x, 0)), x)


def _leaky_relu(x: Any, *, alpha: float) -> Any:
    x = x if jnp.issubdtype(x.dtype, jnp.floating) else x.astype(jnp.float32)
    return jnp.where(x > 0, x, x * alpha)


def _gelu(x: Any, *, approximate: bool) -> Any:
    # As in TensorFlow, the constants are float32 also where x is float64.
    if approximate:
        return 0.5 * x * (1 + jnp.tanh(0.7978845608028654 * (x + float(np.float32(0.044715)) * x**3)))
    return 0.5 * x * (1 + lax.erf(x / float(np.float32(1.4142135623730951))))


# Written with exponentials, it and its derivative keep all digits also where it is nearly 1.
_logistic = with_slope(lambda x: 1 / (1 + jnp.exp(-x)), lambda x, y: 1 / (jnp.exp(-x) + 2 + jnp.exp(x)))


def _relu6(x: Any) -> Any:
    return jnp.where(x <= 0, 0, jnp.where(x >= 6, 6, x)).astype(x.dtype)


# The derivative at NaN is 0; second derivatives are zeros, not None.
RELU = Op(
    "Relu", with_mask(lambda x: jnp.where(x <= 0, jnp.zeros((), x.dtype), x), lambda x: x > 0),
    elementwise=True, uses_inputs=True,
)  # fmt: skip
RELU6 = Op("Relu6", with_mask(_relu6, lambda x: (x > 0) & (x < 6)), elementwise=True, uses_inputs=True)
LEAKY_RELU = Op("LeakyRelu", _leaky_relu, elementwise=True, uses_inputs=True)
ELU = Op("Elu", _elu, elementwise=True)
SELU = Op("Selu", _selu, elementwise=True)
GELU = Op("Gelu", _gelu, elementwise=True)
SOFTPLUS = Op(
    "Softplus", with_slope(lambda x: jnp.logaddexp(x, jnp.zeros((), x.dtype)), lambda x, y: _logistic(x)),
    elementwise=True,
)  # fmt: skip
SOFTSIGN = Op(
    "Softsign",
    with_slope(lambda x: x / (1 + jnp.abs(x)), lambda x, y: 1 / jnp.square(1 + jnp.abs(x))),
    elementwise=True,
)


def relu(features: Any, name: str | None = None) -> Tensor:
    """``max(x, 0)``, with derivative 0 at 0.

    >>> tf.nn.relu([-2.0, 0.0, 3.0]).numpy()
    array([0., 0., 3.], dtype=float32)
    """
    return RELU(features if type(features) is EagerTensor else convert_to_tensor(features), name=name)


def relu6(features: Any, name: str | None = None) -> Tensor:
    """``min(max(x, 0), 6)`` (Krizhevsky 2010, "Convolutional Deep Belief Networks on CIFAR-10").

    >>> tf.nn.relu6([-2.0, 3.0, 8.0]).numpy()
    array([0., 3., 6.], dtype=float32)
    """
    return RELU6(convert_to_tensor(features), name=name)


def leaky_relu(features: Any, alpha: float = 0.2, name: str | None = None) -> Tensor:
    """``x`` where positive, else ``alpha * x`` (Maas et al. 2013). Integers become float32.

    >>> tf.nn.leaky_relu([-2.0, 3.0], alpha=0.1).numpy()
    array([-0.2,  3. ], dtype=float32)
    """
    return LEAKY_RELU(convert_to_tensor(features), alpha=float(np.float32(alpha)), name=name)


elu = floating_unary(
    ELU,
    "features",
    __name__,
    """``exp(x) - 1`` where negative, else ``x`` (Clevert et al. 2015).

    >>> tf.nn.elu([-1.0, 1.0]).numpy()
    array([-0.63212055,  1.        ], dtype=float32)
    """,
)
selu = floating_unary(
    SELU,
    "features",
    __name__,
    """The scaled exponential linear unit (Klambauer et al. 2017).

    >>> tf.nn.selu([-1.0, 1.0]).numpy()
    array([-1.1113307,  1.050701 ], dtype=float32)
    """,
)
softplus = floating_unary(
    SOFTPLUS,
    "features",
    __name__,
    """``log(exp(x) + 1)``.

    >>> tf.nn.softplus([0.0, 10.0]).numpy()
    array([ 0.6931472, 10.000046 ], dtype=float32)
    """,
)
softsign = floating_unary(
    SOFTSIGN,
    "features",
    __name__,
    """``x / (abs(x) + 1)``.

    >>> tf.nn.softsign([-1.0, 3.0]).numpy()
    array([-0.5 ,  0.75], dtype=float32)
    """,
)


def gelu(features: Any, approximate: bool = False, name: str | None = None) -> Tensor:
    """The Gaussian error linear unit, ``x * P(X <= x)`` for a standard normal X (Hendrycks & Gimpel 2016).

    Args:
        features: A floating-point tensor.
        approximate: Whether to use the formula with tanh.
        name: A name for the result.

    Returns:
        A tensor of the same shape and dtype.

    Raises:
        ValueError: If `features` is not floating-point.

    >>> tf.nn.gelu([-1.0, 1.0]).numpy().round(4)
    array([-0.1587,  0.8413], dtype=float32)
    """
    features = convert_to_tensor(features)
    if not features.dtype.is_floating:
        raise ValueError(f"gelu: expected a floating-point tensor, received dtype {features.dtype.name}. Use tf.cast.")
    return GELU(features, approximate=bool(approximate), name=name)


def silu(features: Any, beta: Any = 1.0) -> Tensor:
    """``x * sigmoid(beta * x)`` (Hendrycks & Gimpel 2016; Ramachandran et al. 2017, "Swish").

    >>> tf.nn.silu([-1.0, 1.0]).numpy()
    array([-0.26894143,  0.7310586 ], dtype=float32)
    """
    features = floating(features, "Sigmoid")
    scaled = features if isinstance(beta, int | float) and beta == 1 else features * beta
    return features * SIGMOID(scaled)


swish = silu


def log_sigmoid(x: Any, name: str | None = None) -> Tensor:
    """``log(sigmoid(x))``, without loss of precision.

    >>> tf.math.log_sigmoid([-100.0, 0.0]).numpy()
    array([-100.       ,   -0.6931472], dtype=float32)
    """
    return -SOFTPLUS(-floating(x, "Softplus"), name=name)


@op("CRelu", uses_inputs=True)
def _CRELU(x: Any, *, axis: int) -> Any:
    return RELU.kernel(jnp.concatenate([x, -x], axis))


def crelu(features: Any, axis: int = -1, name: str | None = None) -> Tensor:
    """``relu`` of `features` and of their negative, joined along `axis` (Shang et al. 2016).

    >>> tf.nn.crelu([[-1.0, 2.0]]).numpy()
    array([[0., 2., 1., 0.]], dtype=float32)
    """
    return _CRELU(convert_to_tensor(features), axis=single_axis(axis), name=name)


# Softmax --------------------------------------------------------------------------------------------------------

SOFTMAX = Op("Softmax", lambda x, *, axis: jax.nn.softmax(x, axis))
LOG_SOFTMAX = Op("LogSoftmax", lambda x, *, axis: jax.nn.log_softmax(x, axis))


def _along(op: Op, logits: Any, axis: Any, name: str | None) -> Tensor:
    logits = floating(logits, op.name)
    axis = -1 if axis is None else single_axis(axis)
    rank = logits.shape.rank
    if rank is not None and not -rank <= axis < rank:
        raise InvalidArgumentError(
            None, op, f"{op.name}: expected an axis in [{-rank}, {rank}) for shape {logits.shape}, received {axis}."
        )
    return op(logits, axis=axis - rank if rank is not None and axis >= 0 else axis, name=name)


def softmax(logits: Any, axis: Any = None, name: str | None = None) -> Tensor:
    """``exp(x) / sum(exp(x))`` along `axis` (the last one by default).

    >>> tf.nn.softmax([0.0, 0.0]).numpy()
    array([0.5, 0.5], dtype=float32)
    """
    return _along(SOFTMAX, logits, axis, name)


def log_softmax(logits: Any, axis: Any = None, name: str | None = None) -> Tensor:
    """``log(softmax(x))``, without loss of precision.

    >>> tf.nn.log_softmax([0.0, 0.0]).numpy()
    array([-0.6931472, -0.6931472], dtype=float32)
    """
    return _along(LOG_SOFTMAX, logits, axis, name)

"""`tf.math.special` and the special functions of `tf.math`: gamma, beta, error and Bessel functions and their kin."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jax.scipy import special as jsp

from headwater.core.op import Op
from headwater.core.tensor import Tensor, convert_to_tensor
from headwater.ops._arithmetic import divide_no_nan, subtract
from headwater.ops._elementwise import negative
from headwater.ops._inputs import FLOATING, matched_numbers, tensor_of
from headwater.ops._reduce import reduce_sum
from headwater.ops._select import where
from headwater.ops._slopes import with_slope

__all__ = [
    "bessel_i0", "bessel_i0e", "bessel_i1", "bessel_i1e", "bessel_j0", "bessel_j1", "bessel_k0", "bessel_k0e",
    "bessel_k1", "bessel_k1e", "bessel_y0", "bessel_y1", "dawsn", "expint", "fresnel_cos", "fresnel_sin", "spence",
]  # fmt: skip

# Gamma and beta functions ----------------------------------------------------------------------------------------


def _wide(function: Any) -> Any:
    """The function computed in float32 at least, in the dtype of its arguments."""

    def kernel(*args: Any) -> Any:
        dtype = args[0].dtype
        narrow = dtype.itemsize < 4
        result = function(*[a.astype(jnp.float32) if narrow else a for a in args])
        return result.astype(dtype)

    return kernel


@jax.custom_jvp
def _digamma(x: Any) -> Any:
    # At its poles the function has no limit, so no sign of infinity is right.
    pole = (x <= 0) & (x == jnp.floor(x))
    return jnp.where(pole, jnp.nan, lax.digamma(x))


@_digamma.defjvp
def _digamma_tangent(primals: Any, tangents: Any) -> Any:
    return _digamma(primals[0]), tangents[0] * _polygamma(jnp.ones_like(primals[0]), primals[0])


@jax.custom_jvp
def _lgamma(x: Any) -> Any:
    return lax.lgamma(x)


@_lgamma.defjvp
def _lgamma_tangent(primals: Any, tangents: Any) -> Any:
    return _lgamma(primals[0]), tangents[0] * _digamma(primals[0])


@jax.custom_jvp
def _zeta(x: Any, q: Any) -> Any:
    x, q = jnp.broadcast_arrays(x, q)
    value = jnp.where((x > 1) & (q == jnp.inf), jnp.zeros_like(x), lax.zeta(x, q))
    return jnp.where(x < 1, jnp.nan, value)


@_zeta.defjvp
def _zeta_tangent(primals: Any, tangents: Any) -> Any:
    x, q = primals
    return _zeta(x, q), tangents[1] * (-x * _zeta(x + 1, q))


@jax.custom_jvp
def _polygamma(a: Any, x: Any) -> Any:
    sign = jnp.where(a % 2 == 0, -1, 1).astype(x.dtype)
    whole = (a >= 0) & (a == jnp.floor(a))
    value = jnp.where(whole, sign * jnp.exp(lax.lgamma(a + 1)) * _zeta(a + 1, x), jnp.nan)
    return jnp.where(a == 0, lax.digamma(x), value)


@_polygamma.defjvp
def _polygamma_tangent(primals: Any, tangents: Any) -> Any:
    a, x = primals
    return _polygamma(a, x), tangents[1] * _polygamma(a + 1, x)


def _second_only(call: Any) -> Any:
    """The gradient with respect to the last input alone: the others have none."""

    def gradient(inputs: Any, outputs: Any, given: Any, attrs: dict[str, Any]) -> Any:
        last = len(inputs) - 1
        return [*[None] * last, *call().pull_back(inputs, attrs, (last,), list(given))]

    return gradient


LGAMMA = Op("Lgamma", _wide(_lgamma), elementwise=True)
DIGAMMA = Op("Digamma", _wide(_digamma), elementwise=True)
POLYGAMMA: Op = Op("Polygamma", _wide(_polygamma), elementwise=True, gradient=_second_only(lambda: POLYGAMMA))
ZETA: Op = Op("Zeta", _wide(_zeta), elementwise=True, gradient=_second_only(lambda: ZETA))
IGAMMA = Op("Igamma", _wide(lambda a, x: lax.igamma(*jnp.broadcast_arrays(a, x))), elementwise=True)
IGAMMAC = Op("Igammac", _wide(lambda a, x: lax.igammac(*jnp.broadcast_arrays(a, x))), elementwise=True)
BETAINC: Op = Op(
    "Betainc",
    _wide(lambda a, b, x: lax.betainc(*jnp.broadcast_arrays(a, b, x))),
    elementwise=True,
    gradient=_second_only(lambda: BETAINC),
)


def lgamma(x: Any, name: str | None = None) -> Tensor:
    """Computes the logarithm of the absolute value of the gamma function.

    >>> tf.math.lgamma([1.0, 4.0]).numpy().round(5)
    array([0.     , 1.79176], dtype=float32)
    """
    return LGAMMA(tensor_of(x, "Lgamma", FLOATING), name=name)


def digamma(x: Any, name: str | None = None) -> Tensor:
    """Computes psi, the derivative of `lgamma`.

    >>> tf.math.digamma([1.0]).numpy().round(4)
    array([-0.5772], dtype=float32)
    """
    return DIGAMMA(tensor_of(x, "Digamma", FLOATING), name=name)


def polygamma(a: Any, x: Any, name: str | None = None) -> Tensor:
    """Computes the derivative of order `a` of `digamma` at `x`.

    >>> tf.math.polygamma([1.0], [1.0]).numpy().round(4)
    array([1.6449], dtype=float32)
    """
    return POLYGAMMA(*matched_numbers("Polygamma", FLOATING, a, x), name=name)


def zeta(x: Any, q: Any, name: str | None = None) -> Tensor:
    """Computes the Hurwitz zeta function: the sum of ``(q + n) ** -x`` over n = 0, 1, ...

    >>> tf.math.zeta([2.0], [1.0]).numpy().round(4)
    array([1.6449], dtype=float32)
    """
    return ZETA(*matched_numbers("Zeta", FLOATING, x, q), name=name)


def igamma(a: Any, x: Any, name: str | None = None) -> Tensor:
    """Computes the lower regularized incomplete gamma function P(a, x).

    >>> tf.math.igamma([1.0], [1.0]).numpy().round(4)
    array([0.6321], dtype=float32)
    """
    return IGAMMA(*matched_numbers("Igamma", FLOATING, a, x), name=name)


def igammac(a: Any, x: Any, name: str | None = None) -> Tensor:
    """Computes the upper regularized incomplete gamma function Q(a, x) = 1 - P(a, x).

    >>> tf.math.igammac([1.0], [1.0]).numpy().round(4)
    array([0.3679], dtype=float32)
    """
    return IGAMMAC(*matched_numbers("Igammac", FLOATING, a, x), name=name)


def betainc(a: Any, b: Any, x: Any, name: str | None = None) -> Tensor:
    """Computes the regularized incomplete beta function I_x(a, b).

    >>> tf.math.betainc([1.0], [1.0], [0.25]).numpy().round(4)
    array([0.25], dtype=float32)
    """
    return BETAINC(*matched_numbers("Betainc", FLOATING, a, b, x), name=name)


def lbeta(x: Any, name: str | None = None) -> Tensor:
    """Computes the logarithm of the absolute value of the beta function, of the last axis's elements.

    >>> tf.math.lbeta([1.0, 1.0]).numpy().round(4)
    np.float32(0.0)
    """
    tensor = convert_to_tensor(x)
    return subtract(reduce_sum(lgamma(tensor), -1), lgamma(reduce_sum(tensor, -1)), name=name)


# Error functions -------------------------------------------------------------------------------------------------

ERF = Op("Erf", lax.erf, elementwise=True)
ERFC = Op("Erfc", lax.erfc, elementwise=True)
ERFINV = Op("Erfinv", lax.erf_inv, elementwise=True)
NDTRI = Op(
    "Ndtri", _wide(with_slope(jsp.ndtri, lambda x, y: float(np.sqrt(2 * np.pi)) * jnp.exp(y * y / 2))), elementwise=True
)


def erf(x: Any, name: str | None = None) -> Tensor:
    """Computes the error function.

    >>> tf.math.erf([0.0, 1.0]).numpy().round(4)
    array([0.    , 0.8427], dtype=float32)
    """
    return ERF(tensor_of(x, "Erf", FLOATING), name=name)


def erfc(x: Any, name: str | None = None) -> Tensor:
    """Computes ``1 - erf(x)``, accurately also for large `x`.

    >>> tf.math.erfc([0.0, 1.0]).numpy().round(4)
    array([1.    , 0.1573], dtype=float32)
    """
    return ERFC(tensor_of(x, "Erfc", FLOATING), name=name)


def erfinv(x: Any, name: str | None = None) -> Tensor:
    """Computes the inverse of the error function.

    >>> tf.math.erfinv([0.0, 1.0]).numpy()
    array([ 0., inf], dtype=float32)
    """
    return ERFINV(tensor_of(x, "Erfinv", FLOATING), name=name)


def ndtri(x: Any, name: str | None = None) -> Tensor:
    """Computes the quantile function of the standard normal distribution.

    >>> tf.math.ndtri([0.5, 1.0]).numpy()
    array([ 0., inf], dtype=float32)
    """
    return NDTRI(tensor_of(x, "Ndtri", FLOATING), name=name)


def erfcinv(x: Any, name: str | None = None) -> Tensor:
    """Computes the inverse of `erfc`.

    >>> tf.math.erfcinv([1.0]).numpy() + 0.0
    array([0.], dtype=float32)
    """
    tensor = tensor_of(x, "Erfcinv", FLOATING)
    return negative(ndtri(tensor * 0.5) * np.sqrt(0.5).item(), name=name)


# Bessel functions ------------------------------------------------------------------------------------------------


def _i1_slope(x: Any, y: Any) -> Any:
    # TensorFlow takes 1 for the derivative at 0, where the limit is 1/2.
    safe = jnp.where(x == 0, jnp.ones_like(x), x)
    return jnp.where(x == 0, jnp.ones_like(x), jsp.i0(safe) - y / safe)


def _i1e_slope(x: Any, y: Any) -> Any:
    safe = jnp.where(x == 0, jnp.ones_like(x), x)
    return jnp.where(x == 0, jnp.full_like(x, 0.5), jsp.i0e(safe) - y * (jnp.sign(safe) + 1 / safe))


I0 = Op("BesselI0", _wide(with_slope(jsp.i0, lambda x, y: jsp.i1(x))), elementwise=True)
I0E = Op("BesselI0e", _wide(jsp.i0e), elementwise=True)
I1 = Op("BesselI1", _wide(with_slope(jsp.i1, _i1_slope)), elementwise=True)
I1E = Op("BesselI1e", _wide(with_slope(jsp.i1e, _i1e_slope)), elementwise=True)


def bessel_i0(x: Any, name: str | None = None) -> Tensor:
    """Computes the modified Bessel function of the first kind of order 0.

    >>> tf.math.bessel_i0([0.0, 1.0]).numpy().round(4)
    array([1.    , 1.2661], dtype=float32)
    """
    return I0(tensor_of(x, "BesselI0", FLOATING), name=name)


def bessel_i0e(x: Any, name: str | None = None) -> Tensor:
    """Computes ``exp(-abs(x)) * bessel_i0(x)``.

    >>> tf.math.bessel_i0e([0.0, 1.0]).numpy().round(4)
    array([1.    , 0.4658], dtype=float32)
    """
    return I0E(tensor_of(x, "BesselI0e", FLOATING), name=name)


def bessel_i1(x: Any, name: str | None = None) -> Tensor:
    """Computes the modified Bessel function of the first kind of order 1.

    >>> tf.math.bessel_i1([0.0, 1.0]).numpy().round(4)
    array([0.    , 0.5652], dtype=float32)
    """
    return I1(tensor_of(x, "BesselI1", FLOATING), name=name)


def bessel_i1e(x: Any, name: str | None = None) -> Tensor:
    """Computes ``exp(-abs(x)) * bessel_i1(x)``.

    >>> tf.math.bessel_i1e([0.0, 1.0]).numpy().round(4)
    array([0.    , 0.2079], dtype=float32)
    """
    return I1E(tensor_of(x, "BesselI1e", FLOATING), name=name)


def _host_function(name: str, scipy_name: str, slope: Any) -> Op:
    """An op that SciPy computes on the host: JAX has no such function. `slope` gives dy/dx from x and y by ops."""

    def kernel(x: Any) -> Any:
        from scipy import special  # noqa: PLC0415  (for these functions alone)

        return np.asarray(getattr(special, scipy_name)(x.astype(np.float64)), x.dtype)

    def gradient(inputs: Any, outputs: Any, given: Any, attrs: Any) -> Any:
        return [given[0] * slope(inputs[0], outputs[0])]

    return Op(
        name, kernel, effect="host", spec=lambda inputs, attrs: (inputs[0].dtype, inputs[0].shape), gradient=gradient
    )


J0: Op = _host_function("BesselJ0", "j0", lambda x, y: -J1(x))
J1: Op = _host_function("BesselJ1", "j1", lambda x, y: where(x == 0, 0.5, J0(x) - divide_no_nan(y, x)))
Y0: Op = _host_function("BesselY0", "y0", lambda x, y: -Y1(x))
Y1: Op = _host_function("BesselY1", "y1", lambda x, y: Y0(x) - y / x)
K0: Op = _host_function("BesselK0", "k0", lambda x, y: -K1(x))
K1: Op = _host_function("BesselK1", "k1", lambda x, y: -K0(x) - y / x)
K0E: Op = _host_function("BesselK0e", "k0e", lambda x, y: y - K1E(x))
K1E: Op = _host_function("BesselK1e", "k1e", lambda x, y: y * (1.0 - 1.0 / x) - K0E(x))


def bessel_j0(x: Any, name: str | None = None) -> Tensor:
    """Computes the Bessel function of the first kind of order 0.

    >>> tf.math.special.bessel_j0([1.0]).numpy().round(4)
    array([0.7652], dtype=float32)
    """
    return J0(tensor_of(x, "BesselJ0", FLOATING), name=name)


def bessel_j1(x: Any, name: str | None = None) -> Tensor:
    """Computes the Bessel function of the first kind of order 1.

    >>> tf.math.special.bessel_j1([1.0]).numpy().round(4)
    array([0.4401], dtype=float32)
    """
    return J1(tensor_of(x, "BesselJ1", FLOATING), name=name)


def bessel_y0(x: Any, name: str | None = None) -> Tensor:
    """Computes the Bessel function of the second kind of order 0.

    >>> tf.math.special.bessel_y0([1.0]).numpy().round(4)
    array([0.0883], dtype=float32)
    """
    return Y0(tensor_of(x, "BesselY0", FLOATING), name=name)


def bessel_y1(x: Any, name: str | None = None) -> Tensor:
    """Computes the Bessel function of the second kind of order 1.

    >>> tf.math.special.bessel_y1([1.0]).numpy().round(4)
    array([-0.7812], dtype=float32)
    """
    return Y1(tensor_of(x, "BesselY1", FLOATING), name=name)


def bessel_k0(x: Any, name: str | None = None) -> Tensor:
    """Computes the modified Bessel function of the second kind of order 0.

    >>> tf.math.special.bessel_k0([1.0]).numpy().round(4)
    array([0.421], dtype=float32)
    """
    return K0(tensor_of(x, "BesselK0", FLOATING), name=name)


def bessel_k1(x: Any, name: str | None = None) -> Tensor:
    """Computes the modified Bessel function of the second kind of order 1.

    >>> tf.math.special.bessel_k1([1.0]).numpy().round(4)
    array([0.6019], dtype=float32)
    """
    return K1(tensor_of(x, "BesselK1", FLOATING), name=name)


def bessel_k0e(x: Any, name: str | None = None) -> Tensor:
    """Computes ``exp(x) * bessel_k0(x)``.

    >>> tf.math.special.bessel_k0e([1.0]).numpy().round(4)
    array([1.1445], dtype=float32)
    """
    return K0E(tensor_of(x, "BesselK0E", FLOATING), name=name)


def bessel_k1e(x: Any, name: str | None = None) -> Tensor:
    """Computes ``exp(x) * bessel_k1(x)``.

    >>> tf.math.special.bessel_k1e([1.0]).numpy().round(4)
    array([1.6362], dtype=float32)
    """
    return K1E(tensor_of(x, "BesselK1E", FLOATING), name=name)


# Integrals -------------------------------------------------------------------------------------------------------

DAWSN = Op("Dawsn", _wide(with_slope(jsp.dawsn, lambda x, y: 1 - 2 * x * y)), elementwise=True)
EXPINT = Op("Expint", _wide(with_slope(jsp.expi, lambda x, y: jnp.exp(x) / x)), elementwise=True)
_COS = Op(
    "FresnelCos",
    _wide(with_slope(lambda x: jsp.fresnel(x)[1], lambda x, y: jnp.cos(np.pi / 2 * x * x))),
    elementwise=True,
)
_SIN = Op(
    "FresnelSin",
    _wide(with_slope(lambda x: jsp.fresnel(x)[0], lambda x, y: jnp.sin(np.pi / 2 * x * x))),
    elementwise=True,
)


def _spence_slope(x: Any, y: Any) -> Any:
    return jnp.where(x == 1, -jnp.ones_like(x), jnp.log(x) / jnp.where(x == 1, jnp.ones_like(x), 1 - x))


SPENCE = Op("Spence", _wide(with_slope(jsp.spence, _spence_slope)), elementwise=True)


def dawsn(x: Any, name: str | None = None) -> Tensor:
    """Computes Dawson's integral.

    >>> tf.math.special.dawsn([1.0]).numpy().round(4)
    array([0.5381], dtype=float32)
    """
    return DAWSN(tensor_of(x, "Dawsn", FLOATING), name=name)


def expint(x: Any, name: str | None = None) -> Tensor:
    """Computes the exponential integral Ei.

    >>> tf.math.special.expint([1.0]).numpy().round(4)
    array([1.8951], dtype=float32)
    """
    return EXPINT(tensor_of(x, "Expint", FLOATING), name=name)


def fresnel_cos(x: Any, name: str | None = None) -> Tensor:
    """Computes the Fresnel cosine integral.

    >>> tf.math.special.fresnel_cos([1.0]).numpy().round(4)
    array([0.7799], dtype=float32)
    """
    return _COS(tensor_of(x, "FresnelCos", FLOATING), name=name)


def fresnel_sin(x: Any, name: str | None = None) -> Tensor:
    """Computes the Fresnel sine integral.

    >>> tf.math.special.fresnel_sin([1.0]).numpy().round(4)
    array([0.4383], dtype=float32)
    """
    return _SIN(tensor_of(x, "FresnelSin", FLOATING), name=name)


def spence(x: Any, name: str | None = None) -> Tensor:
    """Computes Spence's integral, the dilogarithm of ``1 - x``.

    >>> tf.math.special.spence([1.0]).numpy().round(4)
    array([0.], dtype=float32)
    """
    return SPENCE(tensor_of(x, "Spence", FLOATING), name=name)

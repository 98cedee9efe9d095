"""`tf.autodiff`: forward-mode differentiation."""

from headwater.core.tape import ForwardAccumulator

__all__ = ["ForwardAccumulator"]

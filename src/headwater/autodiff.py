"""`tf.autodiff`: forward-mode differentiation."""

import headwater.ops.operators  # noqa: F401  what Python's operators do with tensors
from headwater.core.forward import ForwardAccumulator

__all__ = ["ForwardAccumulator"]

"""`keras.mixed_precision`: computing in 16 bits with weights in 32."""

from headwater.keras._policy import DTypePolicy
from headwater.keras._policy import DTypePolicy as Policy
from headwater.keras._policy import dtype_policy as dtype_policy
from headwater.keras._policy import dtype_policy as global_policy
from headwater.keras._policy import set_dtype_policy as set_dtype_policy
from headwater.keras._policy import set_dtype_policy as set_global_policy
from headwater.keras.optimizers._loss_scale import LossScaleOptimizer

__all__ = [
    "DTypePolicy", "LossScaleOptimizer", "Policy", "dtype_policy", "global_policy", "set_dtype_policy",
    "set_global_policy",
]  # fmt: skip

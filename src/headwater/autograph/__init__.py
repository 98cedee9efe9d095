"""`tf.autograph`: conversion of Python control flow."""

import headwater.ops.operators  # noqa: F401  what Python's operators do with tensors
from headwater.autograph import experimental
from headwater.core.autograph import set_verbosity, to_code, to_graph, trace

__all__ = ["experimental", "set_verbosity", "to_code", "to_graph", "trace"]

"""`tf.autograph`: conversion of Python control flow."""

from headwater.autograph import experimental
from headwater.core.autograph import set_verbosity, to_code, to_graph, trace

__all__ = ["experimental", "set_verbosity", "to_code", "to_graph", "trace"]

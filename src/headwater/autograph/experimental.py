"""`tf.autograph.experimental`."""

from headwater.core.autograph import do_not_convert, set_loop_options

__all__ = ["do_not_convert", "set_loop_options"]

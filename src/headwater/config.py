"""`tf.config`."""

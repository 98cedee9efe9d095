"""The vocabulary: one module per namespace of TensorFlow."""

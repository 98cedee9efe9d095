"""Golden answers of TensorFlow 2.21: the cases, the runner both frameworks share, and the recorded answers."""

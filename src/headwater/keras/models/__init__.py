"""`keras.models`: models and how they are loaded."""

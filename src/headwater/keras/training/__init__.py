"""`compile`, `fit`, `evaluate`, `predict`: data, losses, metrics and the loops over steps."""

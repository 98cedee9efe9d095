"""Statistics as figures: what to compute (`plan`), how DuckDB computes it (`duck`), and the messages (`finish`)."""

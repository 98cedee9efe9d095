"""Where data may come from: each source becomes a relation of a DuckDB connection and a description of its features."""

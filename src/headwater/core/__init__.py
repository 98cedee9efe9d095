"""The engine: values, ops, graphs, their execution, and functions."""

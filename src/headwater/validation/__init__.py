"""Data validation: statistics of a data set, a schema of what it should be, and the anomalies between the two.

The names, messages and files are TensorFlow Data Validation's; everything is computed by SQL in DuckDB, out of core.
Nothing here needs the engine. Install it with ``pip install 'headwater[validation]'``.
"""

"""Data validation: statistics of a data set, a schema of what it should be, and the anomalies between the two.

The names, messages and files are TensorFlow Data Validation's; everything is computed by SQL in DuckDB, out of core.
Nothing here needs the engine. Install it with ``pip install 'headwater[validation]'``.
"""

from headwater.validation._inference import infer_schema, update_schema
from headwater.validation._paths import FeaturePath
from headwater.validation.anomalies import validate_statistics, validate_statistics_in_environment
from headwater.validation.schema import get_domain, get_feature, load_schema_text, set_domain, write_schema_text

__all__ = [
    "FeaturePath",
    "get_domain",
    "get_feature",
    "infer_schema",
    "load_schema_text",
    "set_domain",
    "update_schema",
    "validate_statistics",
    "validate_statistics_in_environment",
    "write_schema_text",
]

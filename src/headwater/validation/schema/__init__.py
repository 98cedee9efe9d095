"""The schema: what each feature of the data is to be. Reading, changing and keeping it."""

from headwater.validation.schema._features import generate_dummy_schema_with_paths, get_domain, get_feature, set_domain
from headwater.validation.schema._files import load_schema_text, write_schema_text

__all__ = [
    "generate_dummy_schema_with_paths", "get_domain", "get_feature", "load_schema_text", "set_domain",
    "write_schema_text",
]  # fmt: skip

"""The look of data: one self-contained page of statistics, anomalies and a schema."""

from headwater.validation.page._display import (
    Page,
    compare_slices,
    display_anomalies,
    display_schema,
    get_statistics_html,
    visualize_statistics,
    write_html,
)

__all__ = [
    "Page",
    "compare_slices",
    "display_anomalies",
    "display_schema",
    "get_statistics_html",
    "visualize_statistics",
    "write_html",
]

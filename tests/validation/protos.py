"""Comparing messages field by field."""

import math
from collections.abc import Iterator
from typing import Any


def differences(ours: Any, theirs: Any, rel: float = 1e-6, path: str = "") -> Iterator[str]:
    """Where two messages of one type differ; floats count as equal within `rel`."""
    for field in ours.DESCRIPTOR.fields:
        place = f"{path}.{field.name}"
        x, y = getattr(ours, field.name), getattr(theirs, field.name)
        if field.is_repeated:
            if len(x) != len(y):
                yield f"{place}: {len(x)} elements, expected {len(y)}"
                continue
            for i, (a, b) in enumerate(zip(x, y, strict=True)):
                if field.message_type:
                    yield from differences(a, b, rel, f"{place}[{i}]")
                elif a != b:
                    yield f"{place}[{i}]: {a!r}, expected {b!r}"
        elif field.message_type:
            if ours.HasField(field.name) != theirs.HasField(field.name):
                yield f"{place}: {'there' if ours.HasField(field.name) else 'not there'}, expected the opposite"
            else:
                yield from differences(x, y, rel, place)
        elif isinstance(x, float):
            if not (math.isclose(x, y, rel_tol=rel, abs_tol=1e-9) or (math.isnan(x) and math.isnan(y))):
                yield f"{place}: {x}, expected {y}"
        elif x != y:
            yield f"{place}: {x!r}, expected {y!r}"

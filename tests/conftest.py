"""Groups of tests by what they need; the markers are described in pyproject.toml."""

import shutil

import pytest

_BROWSERS = ("google-chrome", "chromium", "chromium-browser", "chrome")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    if any(shutil.which(name) for name in _BROWSERS):
        return
    for item in items:
        if item.get_closest_marker("browser"):
            item.add_marker(pytest.mark.skip(reason=f"no browser on PATH, looked for {', '.join(_BROWSERS)}"))

"""Takes the pictures of docs/validation.md: runs its walk, opens the pages in a browser. Needs Chromium."""

import contextlib
import doctest
import io
import os
import pathlib
import tempfile

from PIL import Image

import headwater.validation as tfdv
from tests.validation.browser import Browser

DOCS = pathlib.Path(__file__).parents[1] / "docs"
OPEN = "[...document.querySelectorAll('.name')].find(name => name.textContent === '{}').click()"


def walk(folder: pathlib.Path) -> None:
    """Runs the walk in a folder and writes the page of its statistics there."""
    os.chdir(folder)
    source = doctest.DocTestParser().get_doctest((DOCS / "validation.md").read_text("utf-8"), {}, "walk", None, 0)
    with contextlib.redirect_stdout(io.StringIO()):
        doctest.DocTestRunner(optionflags=doctest.NORMALIZE_WHITESPACE).run(source, clear_globs=False)
    tfdv.write_html(folder / "january.html", source.globs["january"], lhs_name="january.csv", title="Trips in January")


def take(browser: Browser, page: pathlib.Path, name: str, action: str, height: int) -> None:
    """A picture of a page after an action."""
    browser.view(1280, height)
    browser.open(page)
    browser.run(action)
    picture = DOCS / "images" / f"validation-{name}.png"
    browser.picture(picture, whole=False)
    Image.open(picture).convert("RGB").save(picture, optimize=True)
    print(f"{picture.name}: {picture.stat().st_size:,} bytes")


def main() -> None:
    """Takes all pictures."""
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        walk(folder)
        browser = Browser()
        try:
            take(browser, folder / "january.html", "statistics", OPEN.format("fare"), 800)
            sort = "document.querySelector('table.numeric th[data-key=distance] button').click();"
            quantiles = "".join(
                f"; document.querySelector('[aria-label={group}] button:nth-child(2)').click()"
                for group in ("Histogram", "Scale")
            )
            take(browser, folder / "february.html", "comparison", sort + OPEN.format("distance") + quantiles, 800)
            unfold = "document.querySelector('#to-anomalies').click(); " + (
                "document.querySelectorAll('#anomalies details').forEach(part => { part.open = true })"
            )
            take(browser, folder / "february.html", "anomalies", unfold, 640)
        finally:
            browser.close()


if __name__ == "__main__":
    main()

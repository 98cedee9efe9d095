"""The pages in a real browser: they work, by mouse and by keyboard, and nothing that is in the data does."""

import html
import json
import socket

import pytest

import headwater.validation as tfdv
from headwater.validation._protos import anomalies_pb2, schema_pb2
from headwater.validation.page._display import statistics_page
from headwater.validation.page._features import choose
from tests.validation.browser import Browser
from tests.validation.samples import hostile, load, many, serving, train

pytestmark = pytest.mark.browser

SHOWN = "[...document.querySelectorAll('.name')].filter(x => x.offsetParent).map(x => x.textContent)"
NUMERIC = "[...document.querySelectorAll('table.numeric .name')].map(x => x.textContent)"
FOCUSED = "document.activeElement.getAttribute('aria-label') || document.activeElement.textContent"
OPENED = "document.querySelectorAll('.panel').length"
ENTER, TAB = ("Enter", 13), ("Tab", 9)


@pytest.fixture(scope="module")
def browser():
    browser = Browser()
    yield browser
    browser.close()


@pytest.fixture
def everything(browser, tmp_path):
    """A page with two data sets, anomalies and a schema, opened in a window of common size."""
    path = tmp_path / "page.html"
    anomalies, schema = load("anomalies.pbtxt", anomalies_pb2.Anomalies()), load("schema.pbtxt", schema_pb2.Schema())
    updated = load("updated_schema.pbtxt", schema_pb2.Schema())
    tfdv.write_html(
        path, serving(), train(), "serving", "train", schema=schema, anomalies=anomalies, updated_schema=updated
    )
    browser.view()
    browser.open(path)
    yield path
    assert browser.messages == []
    assert browser.requests == [path.absolute().as_uri()]


def click(browser, selector):
    browser.run(f"document.querySelector({json.dumps(selector)}).click()")


def search(browser, text):
    field = "document.querySelector('input[type=search]')"
    browser.run(f"{field}.value = {json.dumps(text)}; {field}.dispatchEvent(new Event('input'))")


def test_hostile_pages_run_nothing_and_ask_for_nothing(browser, tmp_path):
    statistics, schema, anomalies = hostile()
    path = tmp_path / "p.html"
    tfdv.write_html(path, statistics, statistics, schema=schema, anomalies=anomalies, title="Safe")
    browser.view()
    browser.open(path)
    browser.run("document.querySelectorAll('.name').forEach(name => name.click())")
    assert browser.run(OPENED) == len(anomalies.anomaly_info)
    assert browser.run("document.title") == "Safe"
    assert browser.run("document.images.length + document.scripts.length") == 2
    assert browser.requests == [path.absolute().as_uri()]
    assert browser.messages == []


def test_the_policy_stops_what_would_slip_through(browser, tmp_path):
    path = tmp_path / "p.html"
    tfdv.write_html(path, train(), title="Safe")
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.setblocking(False)
        address = f"http://127.0.0.1:{server.getsockname()[1]}/"
        attack = f"<script>document.title = 'HACKED'</script><img src='{address}' onerror='document.title = 1'>"
        path.write_text(path.read_text().replace("<main", f"{attack}<main"))
        browser.open(path)
        assert browser.run("document.title") == "Safe"
        assert len(browser.messages) >= 2 and all("Content Security Policy" in text for text in browser.messages)
        with pytest.raises(BlockingIOError):
            server.accept()


def test_search(browser, everything):
    assert len(browser.run(SHOWN)) == 17
    search(browser, "PAY")
    assert browser.run(SHOWN) == ["payment"]
    assert browser.run("document.querySelector('.status').textContent") == "1 of 17 features"
    search(browser, "no such feature")
    assert browser.run(SHOWN) == []


def test_filters(browser, everything):
    click(browser, "input[type=checkbox]")
    faulty = browser.run(SHOWN)
    assert "fare" in faulty and "tip" not in faulty
    click(browser, "[aria-label=Types] button:nth-child(2)")
    assert browser.run("document.querySelector('[aria-label=Types] [aria-pressed=true]').textContent") == "INT"
    assert browser.run(SHOWN) == ["pickup_zone", "rating"]


@pytest.mark.parametrize(
    "key", ["count", "missing", "zeros", "mean", "std", "min", "median", "max", "uneven", "distance"]
)
def test_columns_are_sorted_by_their_figures(browser, everything, key):
    head = f"table.numeric th[data-key={key}]"
    click(browser, f"{head} button")
    cells = f"""[...document.querySelectorAll('table.numeric tbody tr')].map(
        row => row.cells[document.querySelector('{head}').cellIndex].dataset.s)"""
    down = [float(figure) for figure in browser.run(cells) if figure is not None]
    assert down == sorted(down, reverse=True) and len(set(down)) > 1
    assert browser.run(f"document.querySelector('{head}').getAttribute('aria-sort')") == "descending"
    click(browser, f"{head} button")
    up = browser.run(cells)
    assert [float(figure) for figure in up if figure is not None] == sorted(down)
    assert None not in up[: len(down)]


def test_names_are_sorted_and_the_order_of_the_data_comes_back(browser, everything):
    given = browser.run(NUMERIC)
    click(browser, "table.numeric th[data-key=name] button")
    assert browser.run(NUMERIC) == sorted(given) != given
    select = "document.querySelector('select')"
    browser.run(f"{select}.value = ''; {select}.dispatchEvent(new Event('change'))")
    assert browser.run(NUMERIC) == given


def test_panels_show_histograms_quantiles_and_top_values(browser, everything):
    for feature in ("fare", "payment"):
        index = browser.run(f"[...document.querySelectorAll('.name')].findIndex(x => x.textContent === '{feature}')")
        browser.run(f"document.querySelectorAll('.name')[{index}].click()")
    fare, payment = browser.run("[...document.querySelectorAll('.panel')].map(x => x.innerText)")
    assert "Out-of-range values" in fare and "140.2" in fare and "Quantiles" in fare
    assert "Crypto" in payment and "11.1%" in payment and "L-infinity" in payment
    drawn = "document.querySelector('.chart').innerHTML + document.querySelector('.spark').innerHTML"
    pictures = {browser.run(drawn)}
    for label, place in (("Scale", 2), ("Histogram", 2), ("Scale", 1)):
        click(browser, f"[aria-label={label}] button:nth-child({place})")
        pictures.add(browser.run(drawn))
    assert not any("NaN" in picture or "Infinity" in picture for picture in pictures)
    assert len(pictures) == 4


def test_anomalies_and_features_are_linked(browser, everything):
    click(browser, "#to-anomalies")
    assert browser.run("document.querySelector('#features').offsetParent") is None
    click(browser, "#anomalies th a")
    assert browser.run(SHOWN) and browser.run(FOCUSED) == "driver" and browser.run(OPENED) == 1
    click(browser, ".panel a")
    assert browser.run("document.querySelector('#a0').offsetParent !== null")
    assert "driver-3817" not in browser.run("document.querySelector('#a0 pre').textContent")
    assert '+  value: "driver-3196"' in browser.run("document.querySelector('#a0 pre').textContent")


def test_links_show_features_that_a_filter_hides(browser, everything):
    search(browser, "payment")
    click(browser, "#to-anomalies")
    click(browser, "#anomalies th a")
    assert browser.run(FOCUSED) == "driver" and len(browser.run(SHOWN)) == 17


def test_everything_can_be_done_by_keyboard(browser, everything):
    browser.press("/", 191)
    assert browser.run(FOCUSED) == "Find a feature"
    for letter in "fare":
        browser.press(letter)
    assert browser.run(SHOWN) == ["fare"]
    seen = set()
    while (focused := browser.run(FOCUSED)) not in seen and focused != "fare":
        seen.add(focused)
        browser.press(*TAB)
    assert focused == "fare"
    browser.press(*ENTER)
    assert browser.run("document.activeElement.getAttribute('aria-expanded')") == "true" and browser.run(OPENED) == 1
    browser.press(*ENTER)
    assert browser.run(OPENED) == 0
    assert {"FLOAT", "Sort by", "Log", "Mean"} <= seen


def test_everything_has_a_name(browser, everything):
    nameless = """[...document.querySelectorAll('button, a, input, select, [role=img], iframe')].filter(
        x => !(x.textContent.trim() || x.getAttribute('aria-label') || x.closest('label'))).map(x => x.outerHTML)"""
    assert browser.run(nameless) == []
    assert browser.run("[...document.querySelectorAll('section > table')].every(table => table.caption)")
    assert browser.run("document.documentElement.lang") == "en"
    assert browser.run("[...document.querySelectorAll('h1')].length") == 1


@pytest.mark.parametrize("width", [1280, 760, 420, 320])
def test_nothing_sticks_out(browser, everything, width):
    browser.view(width)
    browser.open(everything)
    for part in ("features", "anomalies", "schema"):
        click(browser, f"#to-{part}")
        browser.run("document.querySelectorAll('details').forEach(part => { part.open = true })")
        assert browser.run("document.documentElement.scrollWidth") == width, part


@pytest.mark.parametrize("dark", [False, True])
def test_text_stands_out_from_what_is_behind_it(browser, everything, dark):
    """Contrast of at least 4.5 to 1, as WCAG 2 (AA) asks for."""
    browser.view(dark=dark)
    browser.open(everything)
    browser.run("document.querySelectorAll('.name').forEach(name => name.click())")
    assert browser.run(CONTRAST) == []


CONTRAST = """(() => {
  const light = (color) => {
    const [r, g, b] = color.match(/[\\d.]+/g).map(Number).map((x) => x / 255)
      .map((x) => (x <= 0.04045 ? x / 12.92 : ((x + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const behind = (node) => {
    const color = getComputedStyle(node).backgroundColor;
    return color.startsWith("rgba(0, 0, 0, 0") && node.parentElement ? behind(node.parentElement) : color;
  };
  const found = new Set();
  for (const node of document.querySelectorAll(".headwater *")) {
    if (![...node.childNodes].some((x) => x.nodeType === 3 && x.textContent.trim()) || node.closest("svg")) continue;
    const [a, b] = [light(getComputedStyle(node).color), light(behind(node))].sort((x, y) => y - x);
    if ((a + 0.05) / (b + 0.05) < 4.5) found.add(`${node.tagName}.${node.className} ${node.textContent.slice(0, 20)}`);
  }
  return [...found];
})()"""


def test_pages_without_scripts_show_figures_anomalies_and_schema(browser, everything):
    browser.view(script=False)
    browser.open(everything)
    browser.view(script=True)
    for selector, text in (("#features", "payment"), ("#anomalies", "Out-of-range values"), ("#schema", "required")):
        assert text in browser.run(f"document.querySelector('{selector}').innerText")


def test_pages_can_be_printed(browser, everything):
    assert browser.printed().startswith(b"%PDF")


def test_notebooks_show_pages_in_a_frame_that_cannot_reach_them(browser, tmp_path):
    frame = statistics_page([choose(train(), "train")])._repr_html_()
    notebook = tmp_path / "notebook.html"
    notebook.write_text(f"<!doctype html><title>Notebook</title><style>table {{ color: red }}</style>{frame}{frame}")
    browser.view()
    browser.open(notebook)
    assert browser.run("document.querySelectorAll('iframe').length") == 2
    assert browser.run("[...document.querySelectorAll('iframe')].map(x => x.sandbox.value)") == ["allow-scripts"] * 2
    assert browser.run("document.querySelector('iframe').contentDocument") is None
    assert browser.messages == [] and {url.split(":")[0] for url in browser.requests} <= {"file", "about"}
    inside = html.unescape(frame.split('srcdoc="')[1].split('"')[0])
    assert inside == tfdv.get_statistics_html(train(), lhs_name="train")


def test_a_thousand_features_can_be_searched(browser, tmp_path):
    path = tmp_path / "p.html"
    tfdv.write_html(path, many(1000), many(1000))
    browser.view()
    browser.open(path)
    search(browser, "feature 999")
    assert browser.run(SHOWN) == ["feature 999"]
    assert browser.messages == []

"""The pages: complete, small, harmless whatever the data are called, and working in a browser."""

import html.parser
import json
import pathlib
import re

import pytest
from google.protobuf import text_format

import headwater.validation as tfdv
from headwater.validation._protos import anomalies_pb2, schema_pb2, statistics_pb2
from tests.validation.browser import Browser

GOLDENS = pathlib.Path(__file__).parent / "goldens" / "page"
HOSTILE = (
    "</script><script>document.title='HACKED'</script>",
    '"><img src=x onerror="document.title=\'HACKED\'">',
    "'; DROP TABLE raw; --",
    "<!--",
    "a\x00b",
    "\u202egnp.exe",
    "javascript:document.title='HACKED'",
    "{{constructor.constructor('document.title=1')()}}",
    "x" * 100_000,
    "ünï 日本 🚕",
)


def load(name: str, message):
    return text_format.Parse((GOLDENS / name).read_text(), message)


def train():
    return load("train.stats.pbtxt", statistics_pb2.DatasetFeatureStatisticsList())


def serving():
    return load("serving.stats.pbtxt", statistics_pb2.DatasetFeatureStatisticsList())


def hostile():
    """Statistics, schema and anomalies whose names and values are attacks."""
    statistics = statistics_pb2.DatasetFeatureStatisticsList()
    dataset = statistics.datasets.add(name="", num_examples=10)
    schema, anomalies = schema_pb2.Schema(), anomalies_pb2.Anomalies()
    for text in HOSTILE:
        feature = dataset.features.add(type=statistics_pb2.FeatureNameStatistics.STRING)
        feature.path.step.append(text)
        stats = feature.string_stats
        stats.common_stats.num_non_missing = stats.common_stats.tot_num_values = 10
        stats.unique = 1
        stats.top_values.add(value=text, frequency=10)
        stats.rank_histogram.buckets.add(label=text, sample_count=10)
        schema.feature.add(name=text, type=schema_pb2.BYTES, domain="d")
        info = anomalies.anomaly_info[text]
        info.path.step.append(text)
        info.description = info.short_description = text
        info.reason.add(type=anomalies_pb2.AnomalyInfo.ENUM_TYPE_UNEXPECTED_STRING_VALUES, description=text)
    schema.string_domain.add(name="d", value=HOSTILE)
    return statistics, schema, anomalies


class Reader(html.parser.HTMLParser):
    """The elements and attributes that a browser would see."""

    def __init__(self) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))


def read(page: str) -> Reader:
    reader = Reader()
    reader.feed(page)
    return reader


def write(path: pathlib.Path, *args, **options) -> str:
    tfdv.write_html(path, *args, **options)
    return path.read_text()


def test_hostile_names_and_values_make_no_elements_and_end_no_script(tmp_path):
    statistics, schema, anomalies = hostile()
    page = write(tmp_path / "p.html", statistics, statistics, schema=schema, anomalies=anomalies)
    elements = read(page).elements
    assert [tag for tag, _ in elements].count("script") == 2
    assert not {"img", "iframe", "object", "embed", "base", "link"} & {tag for tag, _ in elements}
    for tag, attributes in elements:
        assert not [name for name in attributes if name.startswith("on")], (tag, attributes)
        assert not (attributes.get("href") or "#").lower().startswith("javascript")
    data = re.search(r'<script type="application/json"[^>]*>(.*?)</script>', page, re.DOTALL)
    assert data is not None and json.loads(data[1])["features"]
    assert "\0" not in page and "\u202e" not in page and "x" * 2001 not in page


def test_pages_load_nothing(tmp_path):
    page = write(tmp_path / "p.html", train(), serving())
    policy = next(a["content"] for t, a in read(page).elements if t == "meta" and "content" in a and "http-equiv" in a)
    assert policy is not None and policy.startswith("default-src 'none'") and "unsafe" not in policy
    assert not re.search(r"(src|href)=\"(https?:)?//|@import|url\(", page)


def test_every_feature_and_anomaly_is_on_the_page(tmp_path):
    anomalies = load("anomalies.pbtxt", anomalies_pb2.Anomalies())
    schema = load("schema.pbtxt", schema_pb2.Schema())
    page = write(tmp_path / "p.html", serving(), train(), "serving", "train", schema=schema, anomalies=anomalies)
    for feature in serving().datasets[0].features:
        assert feature.path.step[-1] in page
    for info in anomalies.anomaly_info.values():
        assert info.short_description in page


def many(count: int):
    statistics = statistics_pb2.DatasetFeatureStatisticsList()
    dataset = statistics.datasets.add(num_examples=8000)
    sources = list(train().datasets[0].features)
    for i in range(count):
        feature = dataset.features.add()
        feature.CopyFrom(sources[i % len(sources)])
        del feature.path.step[:]
        feature.path.step.append(f"feature {i}")
    return statistics


@pytest.mark.parametrize(("count", "most"), [(50, 1_000_000), (1000, 4_000_000)])
def test_pages_are_small(count, most, tmp_path):
    assert len(write(tmp_path / "p.html", many(count), many(count)).encode()) < most


def test_nothing_to_show_is_an_error_and_leaves_no_file(tmp_path):
    with pytest.raises(ValueError, match="Expected statistics, a schema or anomalies"):
        tfdv.write_html(tmp_path / "p.html")
    assert list(tmp_path.iterdir()) == []


def test_unknown_slices_and_contradicting_lists_are_errors():
    sliced = load("sliced.stats.pbtxt", statistics_pb2.DatasetFeatureStatisticsList())
    with pytest.raises(ValueError, match="nowhere"):
        tfdv.compare_slices(sliced, sliced.datasets[0].name, "nowhere")
    with pytest.raises(ValueError, match="allowlist"):
        tfdv.get_statistics_html(train(), allowlist_features=["a"], denylist_features=["b"])


def test_terminals_get_tables(capsys):
    tfdv.visualize_statistics(train())
    tfdv.display_schema(load("schema.pbtxt", schema_pb2.Schema()))
    tfdv.display_anomalies(load("anomalies.pbtxt", anomalies_pb2.Anomalies()))
    text = capsys.readouterr().out
    assert "Numeric features" in text and "payment" in text and "Unexpected string values" in text


@pytest.fixture(scope="module")
def browser():
    browser = Browser()
    yield browser
    browser.close()


@pytest.mark.browser
class TestInBrowser:
    def test_hostile_pages_run_nothing_and_ask_for_nothing(self, browser, tmp_path):
        statistics, schema, anomalies = hostile()
        path = tmp_path / "p.html"
        tfdv.write_html(path, statistics, statistics, schema=schema, anomalies=anomalies, title="Safe")
        browser.view()
        browser.open(path)
        browser.run("document.querySelectorAll('.name').forEach(name => name.click())")
        assert browser.run("document.title") == "Safe"
        assert browser.run("document.images.length + document.scripts.length") == 2
        assert browser.requests == [path.absolute().as_uri()]
        assert browser.messages == []

    def test_search_sort_and_filter(self, browser, tmp_path):
        path = tmp_path / "p.html"
        anomalies = load("anomalies.pbtxt", anomalies_pb2.Anomalies())
        tfdv.write_html(path, serving(), train(), "serving", "train", anomalies=anomalies)
        browser.view()
        browser.open(path)
        shown = "[...document.querySelectorAll('.name')].filter(x => x.offsetParent).map(x => x.textContent)"
        everything = browser.run(shown)
        assert len(everything) == 17
        search = "document.querySelector('input[type=search]')"
        browser.run(f"{search}.value = 'pay'; {search}.dispatchEvent(new Event('input', {{bubbles: true}}))")
        assert browser.run(shown) == ["payment"]
        browser.run(f"{search}.value = ''; {search}.dispatchEvent(new Event('input', {{bubbles: true}}))")
        browser.run("document.querySelector('input[type=checkbox]').click()")
        only = browser.run(shown)
        assert "fare" in only and "tip" not in only and len(only) < len(everything)

    def test_without_scripts_figures_are_there(self, browser, tmp_path):
        path = tmp_path / "p.html"
        tfdv.write_html(path, train())
        browser.view(script=False)
        browser.open(path)
        browser.view(script=True)
        assert "payment" in browser.run("document.body.innerText")

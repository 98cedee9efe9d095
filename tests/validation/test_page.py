"""The pages: complete, small, harmless whatever the data are called, and working in a browser."""

import html.parser
import json
import pathlib
import re

import pytest

import headwater.validation as tfdv
from headwater.validation._protos import anomalies_pb2, schema_pb2, statistics_pb2
from tests.validation.samples import hostile, load, many, serving, train


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


@pytest.mark.parametrize(("count", "most"), [(50, 1_000_000), (1000, 3_000_000)])
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

"""The benchmark's tables tell met from missed, and failed from slow."""

import pathlib

import pytest

from bench import report

_README = pathlib.Path(__file__).resolve().parent.parent / "README.md"


def _record(**medians):
    sides = {
        name: {"error": "no"} if median is None else {"median": median, "min": median, "versions": {name: "1"}}
        for name, median in medians.items()
    }
    machine = {"date": "2026-01-01", "cpu": "a CPU", "cores": 2, "system": "Linux", "python": "3.11", "rounds": 5}
    return {"machine": machine, "tasks": {"task": {"title": "A task", "unit": "seconds", "sides": sides}}}


@pytest.mark.parametrize(
    ("aim", "ours", "theirs", "verdict"),
    [
        (report.Aim("task", "rival", "", at_least=2), 1.0, 2.0, "2.00× | met"),
        (report.Aim("task", "rival", "", at_least=2), 1.0, 1.9, "1.90× | missed"),
        (report.Aim("task", "rival", "", at_least=2), 1.0, None, "– | not measured"),
        (report.Aim("task", "rival", "", at_least=2), None, 2.0, "– | not measured"),
        (report.Aim("task", None, "", at_most=1.2), 1.2, 9.0, "1.2 s | met"),
        (report.Aim("task", None, "", at_most=1.2), 1.3, 9.0, "1.3 s | missed"),
        (report.Aim("other", "rival", "", at_least=2), 1.0, 2.0, "– | not measured"),
    ],
)
def test_aim(aim, ours, theirs, verdict):
    assert verdict in aim.row(_record(rival=theirs, Headwater=ours))


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (3.14159, "seconds", "3.14 s"),
        (0.0421, "seconds", "42.1 ms"),
        (4.5e-6, "seconds", "4.5 µs"),
        (636e6, "bytes", "636 MB"),
    ],
)
def test_quantity(value, unit, text):
    assert report.quantity(value, unit) == text


def test_markdown_gives_ratios_and_names_failures():
    text = report.markdown(_record(rival=3.0, broken=None, Headwater=1.5), ())
    assert "| rival | 3 s | 3 s | 2.00× |" in text
    assert "| broken | failed | | |" in text
    assert "a CPU with 2 cores" in text


def test_readme_takes_the_figures_and_keeps_the_rest(tmp_path):
    readme = tmp_path / "README.md"
    readme.write_text(_README.read_text())
    for ours in (1.5, 1.25):
        report.into_readme(readme, _record(rival=3.0, Headwater=ours), ())
    before, rest = readme.read_text().split("<!-- bench: begin -->\n")
    figures, after = rest.split("<!-- bench: end -->")
    assert "| A task | 3 s | 1.25 s |" in figures
    assert _README.read_text().startswith(before)
    assert _README.read_text().endswith(after)

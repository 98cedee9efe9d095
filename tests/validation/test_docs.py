"""The walk through validation in the documentation runs as it stands."""

import contextlib
import doctest
import io
import pathlib
import re
import shlex

import pytest

from headwater import cli

PAGE = pathlib.Path(__file__).parents[2] / "docs" / "validation.md"


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def commands() -> list[tuple[list[str], str, int]]:
    """The words, output and exit code of every command shown."""
    shown = re.findall(r"\$ headwater (.*)\n((?:(?!\$ ).*\n)*)\$ echo \$\?\n(\d)\n", PAGE.read_text())
    return [(shlex.split(words), output, int(code)) for words, output, code in shown]


def test_the_walk_and_its_commands(folder):
    flags = doctest.NORMALIZE_WHITESPACE
    failed, tried = doctest.testfile(str(PAGE), module_relative=False, optionflags=flags, encoding="utf-8")
    assert tried > 15 and failed == 0
    assert commands()
    for words, expected, code in commands():
        output = io.StringIO()
        with contextlib.redirect_stdout(output):
            assert cli.main(words) == code
        assert output.getvalue() == expected
    assert (folder / "report.html").exists()


def test_its_pictures_are_there_and_small():
    pictures = re.findall(r"!\[.+\]\((.+)\)", PAGE.read_text())
    assert pictures
    for picture in pictures:
        assert 0 < (PAGE.parent / picture).stat().st_size < 150_000

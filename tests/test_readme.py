"""The programs in README.md run and print what their comments promise."""

import pathlib
import re

import pytest

_README = pathlib.Path(__file__).resolve().parent.parent / "README.md"
_PROGRAMS = re.findall(r"```python\n(.*?)```", _README.read_text(), flags=re.DOTALL)


@pytest.mark.parametrize("number", range(len(_PROGRAMS)))
def test_program_prints_what_it_promises(number, capsys, tmp_path):
    # tf.function with AutoGraph reads sources, so the program must be a file.
    path = tmp_path / "program.py"
    path.write_text(_PROGRAMS[number])
    exec(compile(_PROGRAMS[number], str(path), "exec"), {"__name__": "__main__"})
    promised = re.findall(r"^\s*print\(.*\)  # (.+)$", _PROGRAMS[number], flags=re.MULTILINE)
    assert promised
    assert capsys.readouterr().out.split("\n")[:-1] == promised

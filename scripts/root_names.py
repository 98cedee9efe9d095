"""Writes the imports of `src/headwater/_root.py` that follow from the op modules' `ROOT_NAMES`.

Run it after changing a `ROOT_NAMES`; the tests run it with ``--check``.
"""

from __future__ import annotations

import ast
import pathlib
import subprocess
import sys

PACKAGE = pathlib.Path(__file__).resolve().parent.parent / "src" / "headwater"
TARGET = PACKAGE / "_root.py"
BEGIN = "# Functions at the root, written by scripts/root_names.py from the modules' ROOT_NAMES.\n# isort: split\n"
END = "# isort: split\n# End of what scripts/root_names.py writes.\n"


def root_names(path: pathlib.Path) -> dict[str, str]:
    """Names at the root, and what they are called in the module."""
    lists = {}
    for node in ast.parse(path.read_text()).body:
        name = getattr(node.targets[0], "id", "") if isinstance(node, ast.Assign) else ""
        if name in ("__all__", "ROOT_NAMES"):
            lists[name] = node.value
    value = lists.get("ROOT_NAMES")
    if isinstance(value, ast.Dict):
        return {ast.literal_eval(k): ast.unparse(v) for k, v in zip(value.keys, value.values) if k}
    if isinstance(value, ast.Tuple) and any(isinstance(x, ast.Starred) for x in value.elts):  # (*__all__,)
        value = lists["__all__"]
    return {} if value is None else {name: name for name in ast.literal_eval(value)}


def imports() -> str:
    """The import statements."""
    lines = []
    for path in sorted((PACKAGE / "ops").glob("[a-z]*.py")):
        names = root_names(path)
        if names:
            parts = [n if n == own else f"{own} as {n}" for n, own in sorted(names.items(), key=lambda x: x[1])]
            lines.append(f"from headwater.ops.{path.stem} import {', '.join(parts)}")
    return "\n".join(lines) + "\n"


def main() -> int:
    """Rewrites the block, or with ``--check`` says whether it is as it should be."""
    before = TARGET.read_text()
    head, rest = before.split(BEGIN)
    tail = rest.split(END)[1]
    ruff = [sys.executable, "-m", "ruff"]
    after = head + BEGIN + imports() + END + tail
    for command in (["check", "--fix", "--quiet", "--select", "I"], ["format", "--quiet"]):
        done = subprocess.run(
            [*ruff, *command, "--stdin-filename", str(TARGET), "-"],
            input=after,
            text=True,
            capture_output=True,
            check=True,
        )
        after = done.stdout
    if "--check" in sys.argv:
        return int(after != before)
    TARGET.write_text(after)
    return 0


if __name__ == "__main__":
    sys.exit(main())

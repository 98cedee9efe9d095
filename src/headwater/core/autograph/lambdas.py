"""Finding the source of a lambda among others on its line: by the positions that its code records.

It is then shown to the conversion as a function that stands alone in a file, its body on the user's lines.
"""

from __future__ import annotations

import ast
import dis
import functools
import linecache
import types
import weakref

NAME = "lambda_"

# The lambda's code as if it stood alone in a file of its own.
_ALONE: weakref.WeakKeyDictionary[types.CodeType, types.CodeType] = weakref.WeakKeyDictionary()
_FILES: dict[str, str] = {}

_Span = tuple[int, int, int, int]  # first line, column, last line, column


def alone(code: types.CodeType) -> types.CodeType:
    """The code of a lambda with a source in which nothing else stands; the same code if it is not found."""
    found = _ALONE.get(code)
    if found is None:
        found = _ALONE[code] = _isolated(code)
    return found


def true_file(file: str) -> str:
    """The user's file behind the file of a lambda that was isolated."""
    return _FILES.get(file, file)


def _isolated(code: types.CodeType) -> types.CodeType:
    lines = linecache.getlines(code.co_filename)
    span = _span(code)
    if span is None:
        return code
    nodes = [n for n in _lambdas("".join(lines)) if n.lineno == code.co_firstlineno and _within(span, n.body)]
    # Of lambdas in lambdas, the innermost.
    node = min(nodes, key=lambda n: (n.end_lineno, n.end_col_offset, -n.lineno, -n.col_offset), default=None)
    text = ast.get_source_segment("".join(lines), node.body) if node is not None else None
    if node is None or text is None:
        return code
    first = node.lineno
    file = f"<lambda in {code.co_filename}:{first}:{node.col_offset}>"
    down = "\n" * (node.body.lineno - first)
    source = "\n" * (first - 1) + f"def {NAME}({ast.unparse(node.args)}): return ({down}{text})\n"
    linecache.cache[file] = len(source), None, source.splitlines(keepends=True), file
    _FILES[file] = code.co_filename
    return code.replace(co_filename=file, co_firstlineno=first, co_name=NAME)


def _span(code: types.CodeType) -> _Span | None:
    """From where to where the instructions of a code come."""
    starts, ends = [], []
    for instruction in dis.get_instructions(code):
        place = instruction.positions
        if instruction.opname in ("RESUME", "COPY_FREE_VARS", "MAKE_CELL") or place is None or place.lineno is None:
            continue
        if place.col_offset is None or place.end_lineno is None or place.end_col_offset is None:
            return None
        if (place.lineno, place.col_offset) == (place.end_lineno, place.end_col_offset):
            continue
        starts.append((place.lineno, place.col_offset))
        ends.append((place.end_lineno, place.end_col_offset))
    return (*min(starts), *max(ends)) if starts else None


def _within(span: _Span, node: ast.expr) -> bool:
    end = node.end_lineno or node.lineno, node.end_col_offset or 0
    return (node.lineno, node.col_offset) <= span[:2] and span[2:] <= end


@functools.lru_cache(maxsize=32)
def _lambdas(source: str) -> list[ast.Lambda]:
    try:
        tree = ast.parse(source)
    except SyntaxError:
        return []
    return [n for n in ast.walk(tree) if isinstance(n, ast.Lambda)]

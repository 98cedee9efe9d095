"""The only module that imports diastatic-malt."""

from __future__ import annotations

import ast
import itertools
import types
from typing import Any

from malt.converters import (
    break_statements,
    call_trees,
    conditional_expressions,
    continue_statements,
    control_flow,
    directives,
    functions,
    logical_expressions,
    return_statements,
    variables,
)
from malt.core import converter, unsupported_features_checker
from malt.lang import directives as markers
from malt.pyct import anno, cfg, qual_names, templates, transpiler
from malt.pyct.static_analysis import activity, reaching_definitions


class Transpiler(transpiler.PyToPy):  # type: ignore[misc]
    """Converts functions so that their control flow calls operators.

    Args:
        operators: The module of operators.
        set_loop_options: The function whose calls in a loop become options of the loop.
    """

    def __init__(self, operators: types.ModuleType, set_loop_options: Any) -> None:
        super().__init__()
        self._operators = operators
        self._set_loop_options = set_loop_options
        self._options = converter.ProgramContext(options=converter.STANDARD_OPTIONS)

    def transform(self, function: types.FunctionType) -> Any:
        """``(converted function, module it is in, source map)``."""
        return super().transform(function, self._options)

    def get_transformed_name(self, node: Any) -> str:
        return "tf__" + str(super().get_transformed_name(node))

    def get_extra_locals(self) -> dict[str, Any]:
        return {"ag__": self._operators}

    def get_caching_key(self, user_context: Any) -> Any:
        return user_context.options

    def transform_ast(self, node: Any, ctx: Any) -> Any:
        node = _Statements().visit(node)
        unsupported_features_checker.verify(node)
        graphs = cfg.build(node)
        node = qual_names.resolve(node)
        node = activity.resolve(node, ctx, None)
        node = reaching_definitions.resolve(node, ctx, graphs)
        anno.dup(node, {anno.Static.DEFINITIONS: anno.Static.ORIG_DEFINITIONS})
        node = functions.transform(node, ctx)
        node = _Directives(ctx, self._set_loop_options).visit(node)
        node = break_statements.transform(node, ctx)
        node = _Asserts(ctx).visit(node)
        for step in (
            continue_statements, return_statements, call_trees, control_flow, conditional_expressions,
            logical_expressions, variables,
        ):  # fmt: skip
            node = step.transform(node, ctx)
        return node


class _Breaks(ast.NodeTransformer):
    """Notes in a variable when the loop is left by one of its `break`s."""

    def __init__(self, flag: str) -> None:
        self._flag = flag

    def visit_Break(self, node: ast.Break) -> Any:
        return [ast.copy_location(ast.parse(f"{self._flag} = False").body[0], node), node]

    def _of_its_own(self, node: Any) -> Any:
        return node

    visit_For = visit_While = visit_FunctionDef = visit_AsyncFunctionDef = visit_ClassDef = _of_its_own


class _Statements(ast.NodeTransformer):
    """Rewrites what malt does not take.

    The `else` block of a loop becomes an `if` after it; ``except E as name`` becomes ``except E: name = caught()``,
    as malt takes names for nodes there.
    """

    def __init__(self) -> None:
        self._flags = itertools.count(1)

    def visit_For(self, node: ast.For) -> Any:
        return self._loop(node, "iter")

    def visit_While(self, node: ast.While) -> Any:
        return self._loop(node, "test")

    def _loop(self, node: Any, field: str) -> Any:
        self.generic_visit(node)
        if not node.orelse:
            return node
        flag = f"loop_else_{next(self._flags)}"
        check = ast.parse("ag__.without_else(x)", mode="eval").body
        check.args = [getattr(node, field)]  # type: ignore[attr-defined]
        setattr(node, field, check)
        before, after = ast.parse(f"{flag} = True\nif {flag}:\n    pass").body
        after.body, node.orelse = node.orelse, []  # type: ignore[attr-defined]
        breaks = _Breaks(flag)
        node.body = [x for s in node.body for x in _as_list(breaks.visit(s))]
        for made in (before, after, check):
            for inner in ast.walk(made):
                if not hasattr(inner, "lineno") or inner in (before, after, check):
                    ast.copy_location(inner, node)
        return [ast.fix_missing_locations(x) for x in (before, node, after)]

    def visit_ExceptHandler(self, node: ast.ExceptHandler) -> Any:
        self.generic_visit(node)
        if node.name is not None:
            node.body.insert(0, ast.parse(f"{node.name} = ag__.caught()").body[0])
            node.name = None
        return node


def _as_list(found: Any) -> list[Any]:
    return found if isinstance(found, list) else [found]


class _Directives(directives.DirectivesTransformer):  # type: ignore[misc]
    """Takes calls of this package's `set_loop_options` out of loops, and keeps what they say."""

    def __init__(self, ctx: Any, set_loop_options: Any) -> None:
        super().__init__(ctx)
        self._set_loop_options = set_loop_options

    def visit_Expr(self, node: Any) -> Any:
        if isinstance(node.value, ast.Call):
            self.visit(node.value.func)
            found = anno.getanno(node.value.func, directives.STATIC_VALUE, default=None)
            if found is self._set_loop_options:
                self.state[directives._LoopScope].statements_visited += 1
                self._process_statement_directive(node.value, markers.set_loop_options)
                return None
        return super().visit_Expr(node)


class _Asserts(converter.Base):  # type: ignore[misc]
    """Makes `assert` statements calls."""

    def visit_Assert(self, node: Any) -> Any:
        self.generic_visit(node)
        message = node.msg if node.msg is not None else ast.Constant("assertion failed")
        return templates.replace("ag__.assert_stmt(test, lambda: msg)", test=node.test, msg=message)

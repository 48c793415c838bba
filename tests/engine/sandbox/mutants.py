"""Reference solutions with one operator changed, each known to be wrong.

The numbers choose the operator, in the order of ``ast.walk``: the first change that
terminates and fails the problem's own asserts. Twelve of the sixty have none.
"""

from __future__ import annotations

import ast

CHANGES: dict[type[ast.AST], type[ast.AST]] = {
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
    ast.Is: ast.IsNot,
    ast.And: ast.Or,
    ast.Or: ast.And,
    ast.Not: ast.UAdd,
    ast.USub: ast.UAdd,
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Add,
    ast.Div: ast.Mult,
    ast.FloorDiv: ast.Mult,
    ast.Mod: ast.FloorDiv,
    ast.Pow: ast.Mult,
    ast.BitXor: ast.BitAnd,
}
OTHERS = {5: 1, 10: 5, 12: 1, 25: 1, 31: 1, 32: 5, 40: 2, 44: 3, 46: 1, 50: 3, 59: 2}
NONE = {9, 16, 17, 19, 22, 23, 27, 28, 29, 33, 34, 35}
CHOSEN = {f"HumanEval/{n}": OTHERS.get(n, 0) for n in range(60) if n not in NONE}


def mutated(source: str, number: int) -> str:
    tree = ast.parse(source)
    node = [one for one in ast.walk(tree) if hasattr(one, "op") or hasattr(one, "ops")][number]
    if isinstance(node, ast.Compare):
        node.ops[0] = CHANGES[type(node.ops[0])]()  # type: ignore[call-overload]
    else:
        node.op = CHANGES[type(node.op)]()  # type: ignore[attr-defined]
    return ast.unparse(tree)

"""The small faults that `mutants.py` puts into a source, one at a time: errors that people make in numerical code.

Signs and operators, turned comparisons, the lesser for the greater, a sine for a cosine, a matrix for its transpose, another
axis, twice a constant, left for right, an assignment that is left out. Words, annotations and decorators are left alone, and
so is what cannot be told apart: guards against rounding, and -2 for the -1 of a shape.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass

_GUARD = 1e-5       # smaller constants keep from dividing by nothing: twice as much does so as well
_OPERATORS = {ast.Add: (b"+", b"-"), ast.Sub: (b"-", b"+"), ast.Mult: (b"*", b"/"), ast.Div: (b"/", b"*"),
              ast.FloorDiv: (b"//", b"*"), ast.Mod: (b"%", b"*"), ast.Pow: (b"**", b"*"), ast.BitAnd: (b"&", b"|"),
              ast.BitOr: (b"|", b"&"), ast.BitXor: (b"^", b"&")}
_TURNED = {ast.Lt: b">=", ast.LtE: b">", ast.Gt: b"<=", ast.GtE: b"<", ast.Eq: b"!=", ast.NotEq: b"==", ast.Is: b"is not",
           ast.IsNot: b"is", ast.In: b"not in", ast.NotIn: b"in"}
_BOUNDARY = {ast.Lt: b"<=", ast.LtE: b"<", ast.Gt: b">=", ast.GtE: b">"}
_SIGNS = {ast.Lt: b"<", ast.LtE: b"<=", ast.Gt: b">", ast.GtE: b">=", ast.Eq: b"==", ast.NotEq: b"!=", ast.Is: b"is",
          ast.IsNot: b"is not", ast.In: b"in", ast.NotIn: b"not in"}
_PAIRS = (("maximum", "minimum"), ("max", "min"), ("sin", "cos"), ("argmax", "argmin"), ("any", "all"), ("floor", "ceil"),
          ("zeros", "ones"), ("mean", "sum"), ("radians", "degrees"), ("startswith", "endswith"))
_OTHER = {**dict(_PAIRS), **{second: first for first, second in _PAIRS}, "median": "max"}
_SWAPS_ARGUMENTS = ("arctan2", "cross")
_FALLS_AWAY = ("abs", "clip", "sqrt", "swapaxes", "round", "sorted", "unwrap")


@dataclass(frozen=True)
class Mutation:
    """One fault: the bytes from start to before end become `text`; `kind` names the type of fault, `line` counts from 1."""
    start: int
    end: int
    text: bytes
    kind: str
    line: int

    def applied(self, source: bytes) -> bytes:
        """Return the source with the fault."""
        return source[:self.start] + self.text + source[self.end:]


def find_mutations(source: bytes) -> list[Mutation]:
    """Return all faults that a source in UTF-8 can have, in the order of the text; each leaves it syntactically whole."""
    finder = _Finder(source)
    finder.visit(ast.parse(source))
    return sorted({found for found in finder.found if _is_whole(found.applied(source))},
                  key=lambda found: (found.start, found.end, found.text))


def _is_whole(source: bytes) -> bool:
    try:
        ast.parse(source)
    except SyntaxError:
        return False
    return True


class _Finder(ast.NodeVisitor):
    """Walks over a module's statements and expressions and keeps the faults that it finds."""

    def __init__(self, source: bytes):
        self._source = source
        lines = source.splitlines(keepends=True)
        self._starts = [sum(map(len, lines[:number])) for number in range(len(lines) + 1)]
        self.found: list[Mutation] = []

    def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
        for part in (*node.args.defaults, *filter(None, node.args.kw_defaults), *node.body):
            self.visit(part)

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        for part in node.body:
            self.visit(part)

    def visit_AnnAssign(self, node: ast.AnnAssign) -> None:
        if node.value is not None:
            self.visit(node.value)

    def visit_Raise(self, node: ast.Raise) -> None:
        """Skip errors: their texts have no faults."""

    def visit_JoinedStr(self, node: ast.JoinedStr) -> None:
        """Skip formatted strings: their texts have no faults."""

    def visit_keyword(self, node: ast.keyword) -> None:
        if node.arg != "strict":        # it only says what is so anyway
            self.generic_visit(node)

    def visit_BinOp(self, node: ast.BinOp) -> None:
        if isinstance(node.op, ast.MatMult):
            self._swap("product", node, node.left, node.right)
        elif type(node.op) in _OPERATORS and not (_is_guard(node.left) or _is_guard(node.right)):
            sign, other = _OPERATORS[type(node.op)]
            self._between("operator", node.left, node.right, sign, other)
        self.generic_visit(node)

    def visit_AugAssign(self, node: ast.AugAssign) -> None:
        if type(node.op) in _OPERATORS and not _is_guard(node.value):
            sign, other = _OPERATORS[type(node.op)]
            self._between("operator", node.target, node.value, sign + b"=", other + b"=")
        self.generic_visit(node)

    def visit_UnaryOp(self, node: ast.UnaryOp) -> None:
        if not isinstance(node.op, ast.UAdd):
            self._replace("sign", node, self._text(node.operand))
        self.generic_visit(node)

    def visit_BoolOp(self, node: ast.BoolOp) -> None:
        sign, other = (b"and", b"or") if isinstance(node.op, ast.And) else (b"or", b"and")
        for first, second in zip(node.values, node.values[1:]):
            self._between("condition", first, second, sign, other)
        self.generic_visit(node)

    def visit_Compare(self, node: ast.Compare) -> None:
        operands = [node.left, *node.comparators]
        for operator, first, second in zip(node.ops, operands, operands[1:]):
            kind = type(operator)
            self._between("comparison", first, second, _SIGNS[kind], _TURNED[kind])
            if kind in _BOUNDARY and (_is_count(first) or _is_count(second)):
                self._between("boundary", first, second, _SIGNS[kind], _BOUNDARY[kind])
        self.generic_visit(node)

    def visit_If(self, node: ast.If) -> None:
        self._negate(node.test)
        self.generic_visit(node)

    def visit_IfExp(self, node: ast.IfExp) -> None:
        self._negate(node.test)
        self.generic_visit(node)

    def visit_comprehension(self, node: ast.comprehension) -> None:
        for test in node.ifs:
            self._negate(test)
        self.generic_visit(node)

    def visit_Constant(self, node: ast.Constant) -> None:
        value = node.value
        if isinstance(value, bool):
            self._replace("constant", node, str(not value).encode())
        elif isinstance(value, int):
            self._replace("constant", node, str(value + 1).encode())
        elif isinstance(value, float) and not 0 < abs(value) < _GUARD:
            self._replace("constant", node, repr(2 * value if value else 1.0).encode())
        elif isinstance(value, str) and re.fullmatch(r"[.a-z]{2,}(,[.a-z]+)*->[.a-z]*", value):
            first = re.match(r"[.a-z]+", value).group()
            self._replace("axes", node, f'"{first[:-2]}{first[-1]}{first[-2]}{value[len(first):]}"'.encode())

    def visit_Tuple(self, node: ast.Tuple) -> None:
        if len(node.elts) > 1 and all(isinstance(part, ast.Constant) and isinstance(part.value, str) for part in node.elts):
            self._swap("order", None, *node.elts[:2])
        self.generic_visit(node)

    def visit_Call(self, node: ast.Call) -> None:
        name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        if name in _OTHER and (isinstance(node.func, ast.Attribute) or name in ("max", "min", "any", "all")):
            end = self._at(node.func.end_lineno, node.func.end_col_offset)
            self._add("function", end - len(name), end, _OTHER[name].encode(), node)
        if name in _SWAPS_ARGUMENTS and len(node.args) > 1:
            self._swap("order", None, *node.args[:2])
        if name in _FALLS_AWAY and node.args:
            self._replace("function", node, b"(" + self._text(node.args[0]) + b")")
        if name == "reshape":
            self.visit(node.func)
            for length in node.args:
                self._visit_length(length)
        elif name in ("arcsin", "arccos") and node.args and _keeps_rounding_out(node.args[0]):
            self.visit(node.args[0].args[0])
        else:
            self.generic_visit(node)

    def _visit_length(self, length: ast.expr) -> None:
        """Visit a length of a shape: -1 is the one that numpy works out, and so would be -2."""
        if isinstance(length, ast.UnaryOp) and isinstance(length.operand, ast.Constant):
            self._replace("sign", length, self._text(length.operand))
        else:
            self.visit(length)

    def visit_Attribute(self, node: ast.Attribute) -> None:
        if node.attr == "T":
            self._replace("transpose", node, self._text(node.value))
        self.generic_visit(node)

    def visit_Assign(self, node: ast.Assign) -> None:
        if isinstance(node.targets[0], ast.Subscript):
            self._replace("statement", node, b"pass")
        self.generic_visit(node)

    def visit_Expr(self, node: ast.Expr) -> None:
        if isinstance(node.value, ast.Call):
            self._replace("statement", node, b"pass")
        if not isinstance(node.value, ast.Constant):
            self.generic_visit(node)

    def _negate(self, test: ast.expr) -> None:
        if not isinstance(test, ast.Compare | ast.BoolOp | ast.UnaryOp):     # their parts are turned one by one
            self._replace("condition", test, b"not (" + self._text(test) + b")")

    def _between(self, kind: str, first: ast.expr, second: ast.expr, sign: bytes, other: bytes) -> None:
        """Put another operator between two expressions."""
        start = self._at(first.end_lineno, first.end_col_offset)
        end = self._at(second.lineno, second.col_offset)
        at = self._source.find(sign, start, end)
        if at >= 0:
            self._add(kind, at, at + len(sign), other, first)

    def _swap(self, kind: str, whole: ast.expr | None, first: ast.expr, second: ast.expr) -> None:
        """Let two expressions change places, in brackets where they are a product."""
        one, two = self._text(first), self._text(second)
        if whole is not None:
            self._replace(kind, whole, b"((" + two + b") @ (" + one + b"))")
        elif one != two:
            start, end = self._at(first.lineno, first.col_offset), self._at(second.end_lineno, second.end_col_offset)
            between = self._source[start + len(one):end - len(two)]
            self._add(kind, start, end, two + between + one, first)

    def _replace(self, kind: str, node: ast.AST, text: bytes) -> None:
        self._add(kind, self._at(node.lineno, node.col_offset), self._at(node.end_lineno, node.end_col_offset), text, node)

    def _add(self, kind: str, start: int, end: int, text: bytes, node: ast.AST) -> None:
        self.found.append(Mutation(start, end, text, kind, node.lineno))

    def _text(self, node: ast.AST) -> bytes:
        return self._source[self._at(node.lineno, node.col_offset):self._at(node.end_lineno, node.end_col_offset)]

    def _at(self, line: int, column: int) -> int:
        return self._starts[line - 1] + column


def _is_guard(node: ast.expr) -> bool:
    """Whether an expression is too small to be more than a guard, or a multiple of such a number."""
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult):
        return _is_guard(node.left)
    return isinstance(node, ast.Constant) and isinstance(node.value, float) and 0 < abs(node.value) < _GUARD


def _keeps_rounding_out(node: ast.expr) -> bool:
    """Whether an expression is a clip to -1 to 1: of a sine or cosine it takes off what is there by rounding alone."""
    return (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "clip"
            and len(node.args) == 3 and ast.unparse(node.args[2]) == "1" and ast.unparse(node.args[1]) in ("-1", "0"))


def _is_count(node: ast.expr) -> bool:
    """Whether an expression counts: only there is it more than a matter of one point whether a limit belongs to it."""
    if isinstance(node, ast.Constant):
        return isinstance(node.value, int)
    return isinstance(node, ast.Call) and getattr(node.func, "id", "") == "len"


def describe_mutation(source: bytes, mutation: Mutation) -> Iterator[str]:
    """Yield the changed lines, as they were and as they are with the fault."""
    before = source.decode().splitlines()
    after = mutation.applied(source).decode().splitlines()
    first = next(number for number, (old, new) in enumerate(zip(before, after)) if old != new)
    changed = mutation.text.count(b"\n"), source[mutation.start:mutation.end].count(b"\n")
    yield from (f"- {line.strip()}" for line in before[first:first + 1 + changed[1]])
    yield from (f"+ {line.strip()}" for line in after[first:first + 1 + changed[0]])

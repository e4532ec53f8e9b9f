"""The small faults that can be put into a module, as edits of its text."""

import ast
import difflib
import hashlib

COMPARISONS = {
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
}
ARITHMETIC = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.FloorDiv,
    ast.Div: ast.Mult,
    ast.FloorDiv: ast.Mult,
    ast.Mod: ast.Mult,
    ast.Pow: ast.Mult,
    ast.BitOr: ast.BitAnd,
    ast.BitAnd: ast.BitOr,
}
OTHERS = {"min": "max", "max": "min", "any": "all", "all": "any"}
# Statements whose loss is worth a look. One that binds a name is not: using it would fail anyway.
REMOVABLE = (ast.Expr, ast.AugAssign, ast.Delete, ast.Raise, ast.Break, ast.Continue)
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


class Mutant:
    """One fault: the text between two offsets of a file is replaced by another."""

    def __init__(self, path, source, start, end, text, what, line, where):
        self.path, self.source, self.line, self.what = path, source, line, what
        self.mutated = source[:start] + text + source[end:]
        self.where = where  # the function it is in, dotted
        self.old, self.new = source[start:end], text
        self.id = ""

    def diff(self):
        """A unified diff without context."""
        lines = difflib.unified_diff(
            self.source.splitlines(), self.mutated.splitlines(), self.path, self.path, "", "", 1, ""
        )
        return "\n".join(list(lines)[2:])


def mutants_of(path, source):
    """Every mutant of a file, in the order of its lines; each has an id that survives edits of
    other functions."""
    found = Finder(path, source).mutants if path.endswith(".py") else lost_lines(path, source)
    found.sort(key=lambda one: one.line)
    counts = {}
    for mutant in found:
        key = "\0".join([mutant.path, mutant.where, mutant.what, mutant.old, mutant.new])
        counts[key] = counts.get(key, 0) + 1
        name = f"{key}\0{counts[key]}".encode()
        mutant.id = hashlib.sha1(name).hexdigest()[:10]  # noqa: S324
    return found


def lost_lines(path, source):
    """Of a template: each of its lines that says something is missing."""
    found, start = [], 0
    for number, line in enumerate(source.splitlines(True), 1):
        text = line.strip()
        if text.strip("{}") and not text.startswith(("#", ";", "@if", "@end")):
            end = start + len(line)
            found.append(Mutant(path, source, start, end, "", "line removed", number, ""))
        start += len(line)
    return found


class Finder(ast.NodeVisitor):
    """Walks through a module and collects its mutants."""

    def __init__(self, path, source):
        self.path, self.source = path, source
        # ast counts columns in bytes of UTF-8.
        self.starts = [0]
        for line in source.encode("utf-8").splitlines(True):
            self.starts.append(self.starts[-1] + len(line))
        self.bytes = source.encode("utf-8")
        self.mutants = []
        self.where = []
        self.visit(ast.parse(source, path))

    def offset(self, line, column):
        return len(self.bytes[: self.starts[line - 1] + column].decode("utf-8"))

    def span(self, node):
        return (
            self.offset(node.lineno, node.col_offset),
            self.offset(node.end_lineno, node.end_col_offset),
        )

    def replace(self, node, text, what):
        start, end = self.span(node)
        one = Mutant(
            self.path, self.source, start, end, text, what, node.lineno, ".".join(self.where)
        )
        try:
            compile(one.mutated, self.path, "exec")
        except SyntaxError:
            return  # as an `await` that was the whole reason for an `async def`
        self.mutants.append(one)

    def rewrite(self, node, what, **changes):
        """Replace an expression by a copy with other fields."""
        fields = {name: getattr(node, name) for name in node._fields}
        copy = type(node)(**dict(fields, **changes))
        self.replace(node, f"({ast.unparse(ast.fix_missing_locations(copy))})", what)

    # What is left alone: text for people, types, and declarations.

    def visit_JoinedStr(self, node):
        pass  # also because positions inside are wrong before Python 3.12

    def visit_arguments(self, node):
        for default in list(node.defaults) + [one for one in node.kw_defaults if one]:
            self.visit(default)

    def visit_AnnAssign(self, node):
        if node.value is not None:
            self.visit(node.value)

    def visit_Assign(self, node):
        names = [target.id for target in node.targets if isinstance(target, ast.Name)]
        if not any(name.startswith("__") for name in names):
            if not names:
                self.replace(node, "pass", "assignment removed")
            self.generic_visit(node)

    def visit_Call(self, node):
        if tells_people(node) or kills(node):
            return
        name = getattr(node.func, "id", "")
        if name in OTHERS and len(node.args) + len(node.keywords) > 0:
            self.replace(node.func, OTHERS[name], f"{name} for {OTHERS[name]}")
        for keyword in node.keywords:
            if keyword.arg is not None:
                rest = [one for one in node.keywords if one is not keyword]
                self.rewrite(node, f"no {keyword.arg}=", keywords=rest)
        self.generic_visit(node)

    # Statements

    def visit_block(self, node):
        self.where.append(node.name)
        for decorator in node.decorator_list:
            self.visit(decorator)
        if isinstance(node, FUNCTIONS):
            self.visit(node.args)
        for child in node.body:
            self.visit(child)
        self.where.pop()

    visit_FunctionDef = visit_AsyncFunctionDef = visit_ClassDef = visit_block

    def visit_statement(self, node):
        if isinstance(node, ast.Expr):
            if isinstance(node.value, ast.Constant) or tells_people(node.value):
                return
        self.replace(node, "pass", "statement removed")
        if isinstance(node, ast.AugAssign) and type(node.op) in ARITHMETIC:
            start = ast.unparse(node.target)
            operator = ast.BinOp(ast.Name("a"), ARITHMETIC[type(node.op)](), ast.Name("b"))
            sign = ast.unparse(operator).split()[1]
            self.replace(node, f"{start} {sign}= {ast.unparse(node.value)}", "operator")
        if not isinstance(node, ast.Raise):  # what it says is for people
            self.generic_visit(node)

    visit_Expr = visit_AugAssign = visit_Delete = visit_statement
    visit_Raise = visit_Break = visit_Continue = visit_statement

    def visit_Return(self, node):
        if node.value is None:
            self.replace(node, "pass", "return removed")
        elif not (isinstance(node.value, ast.Constant) and node.value.value in (None, True, False)):
            self.replace(node, "return None", "returns None")
        self.generic_visit(node)

    def visit_ExceptHandler(self, node):
        if not (len(node.body) == 1 and isinstance(node.body[0], ast.Raise)):
            self.replace(node.body[0], "raise", "exception not handled")
        self.generic_visit(node)

    def visit_condition(self, node):
        test = node.test
        if not isinstance(test, ast.Constant) and not is_negated_anyway(test):
            self.replace(test, f"(not ({ast.unparse(test)}))", "condition negated")
        self.generic_visit(node)

    visit_If = visit_While = visit_IfExp = visit_condition

    def visit_comprehension(self, node):
        for test in node.ifs:
            self.replace(test, "True", "filter removed")
        self.generic_visit(node)

    # Expressions

    def visit_Compare(self, node):
        for place, operator in enumerate(node.ops):
            other = COMPARISONS[type(operator)]()
            ops = node.ops[:place] + [other] + node.ops[place + 1 :]
            self.rewrite(node, "comparison", ops=ops)
        self.generic_visit(node)

    def visit_BoolOp(self, node):
        other = ast.Or() if isinstance(node.op, ast.And) else ast.And()
        self.rewrite(node, "and for or" if isinstance(node.op, ast.Or) else "or for and", op=other)
        self.generic_visit(node)

    def visit_UnaryOp(self, node):
        if isinstance(node.op, (ast.Not, ast.USub)):
            self.replace(node, f"({ast.unparse(node.operand)})", "sign or not removed")
        self.generic_visit(node)

    def visit_BinOp(self, node):
        # "%s" % value, and texts that are put together.
        parts = (node.left, node.right)
        text = any(isinstance(one, ast.JoinedStr) or is_text(one) for one in parts)
        if type(node.op) in ARITHMETIC and not text:
            self.rewrite(node, "operator", op=ARITHMETIC[type(node.op)]())
        self.generic_visit(node)

    def visit_Await(self, node):
        self.replace(node, f"({ast.unparse(node.value)})", "not awaited")
        self.generic_visit(node)

    def visit_Constant(self, node):
        if isinstance(node.value, bool):
            self.replace(node, str(not node.value), "constant")
        elif isinstance(node.value, (int, float)):
            self.replace(node, repr(node.value + 1), "constant")


def is_negated_anyway(node):
    """Whether another mutant of the expression is its negation."""
    if isinstance(node, ast.Compare):
        exact = (ast.Eq, ast.NotEq, ast.Is, ast.IsNot, ast.In, ast.NotIn)
        return len(node.ops) == 1 and isinstance(node.ops[0], exact)
    return isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not)


def kills(node):
    """Whether a call sends a signal: to another process it could be anybody's."""
    return ast.unparse(node.func).endswith((".kill", ".killpg"))


def is_text(node):
    return isinstance(node, ast.Constant) and isinstance(node.value, (str, bytes))


def tells_people(node):
    """Whether an expression is a call that only logs: logger.info(…), self.throttle.log(…)."""
    if not isinstance(node, ast.Call):
        return False
    name = ast.unparse(node.func)
    logs = name.split(".")[0] in ("logger", "logging")
    return logs or name.endswith(("throttle.log", "_complain"))

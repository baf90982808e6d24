"""The faults that `tools/mutants.py` puts into sources: those that people make, and nothing else."""

import ast

import pytest

from tools.mutations import describe_mutation, find_mutations


def faults(line):
    """Return what becomes of a line, for each fault that it can have."""
    source = line.encode()
    return {found.applied(source).decode() for found in find_mutations(source)}


@pytest.mark.parametrize(("line", "fault"), [
    ("x = a + b", "x = a - b"), ("x = a * b", "x = a / b"), ("x += b", "x -= b"), ("x = -a", "x = a"),
    ("x = a @ b", "x = ((b) @ (a))"), ("x = m.T", "x = m"), ("x = np.swapaxes(m, 1, 2)", "x = (m)"),
    ("x = np.maximum(a, b)", "x = np.minimum(a, b)"), ("x = min(a, b)", "x = max(a, b)"), ("x = np.sin(a)", "x = np.cos(a)"),
    ("x = np.arctan2(a, b)", "x = np.arctan2(b, a)"), ("x = np.einsum('tij,tj->ti', a, b)", 'x = np.einsum("tji,tj->ti", a, b)'),
    ("_LIMIT = 0.05", "_LIMIT = 0.1"), ("x = a[0]", "x = a[1]"), ("x = a.sum(axis=0)", "x = a.sum(axis=1)"),
    ("x = a < b", "x = a >= b"), ("x = len(a) < 3", "x = len(a) <= 3"), ("x = a and b", "x = a or b"),
    ("x = a if b else c", "x = a if not (b) else c"), ("SIDES = ('left', 'right')", "SIDES = ('right', 'left')"),
    ("x[0] = a", "pass"), ("x.append(a)", "pass"), ("x = True", "x = False"), ("x = a is None", "x = a is not None"),
    ("def f(n=2):\n    return n", "def f(n=3):\n    return n"),
])
def test_a_line_can_have_the_fault_that_people_make_in_it(line, fault):
    assert fault in faults(line)


@pytest.mark.parametrize("line", [
    '"""Words: 3 < 4."""', "from a import b", "x: tuple[int, 3] | None", "raise ValueError(f'{a + 1} is wrong')",
    "@lru_cache(maxsize=1)\ndef f(a: int) -> Literal[2]:\n    return a", "x = y / np.maximum", "x = f'{a + b}'",
    "x = 1e-9 * y", "zip(a, b, strict=True)", "x = np.arccos(np.clip(y, -1, 1))",
])
def test_words_annotations_decorators_and_guards_are_left_alone(line):
    assert not {fault for fault in faults(line) if fault not in ("x = y * np.maximum", "pass")}


def test_of_a_shapes_minus_one_only_the_sign_is_a_fault():
    assert faults("x = y.reshape(n, -1)") == {"x = y.reshape(n, 1)"}
    assert faults("x = y.reshape(2, n + 1)") == {"x = y.reshape(3, n + 1)", "x = y.reshape(2, n - 1)", "x = y.reshape(2, n + 2)"}
    assert "x = np.arcsin(np.clip(y - z, -1, 1))" in faults("x = np.arcsin(np.clip(y + z, -1, 1))")


def test_each_fault_leaves_a_program_and_changes_one_place():
    source = b"def f(a, b):\n    c = (a +  # a sum\n         b) * 2\n    return -c if c > 0 else np.max(c)\n"
    found = find_mutations(source)
    assert len(found) >= 7 and len({one.applied(source) for one in found}) == len(found)
    for one in found:
        ast.parse(one.applied(source))
        lines = list(describe_mutation(source, one))
        assert len(lines) == 2 and lines[0].startswith("- ") and lines[1].startswith("+ ")


def test_letters_beyond_ascii_shift_nothing():
    assert faults("x = 'é' + y  # ü\nz = a - b\n") >= {"x = 'é' + y  # ü\nz = a + b\n", "x = 'é' - y  # ü\nz = a - b\n"}

"""Scripts that no test runs (benchmarks, samples, tools) must at least import names that exist: a rename may forget them."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
FOLDERS = ("benchmarks", "samples", "tools")
SCRIPTS = sorted(path for folder in FOLDERS for path in (ROOT / folder).glob("*.py"))


def find_source(module: str, script: Path) -> Path | None:
    """Return the file of a module of this project, which may lie beside the script; None for any other module."""
    relative = Path(*module.split("."))
    candidates = (ROOT / relative / "__init__.py", (ROOT / relative).with_suffix(".py"),
                  (script.parent / relative).with_suffix(".py"))
    return next((path for path in candidates if path.is_file()), None)


def find_names(source: Path) -> set[str]:
    """Return the names that a source binds outside functions and classes, and the modules beside a package's __init__.py."""
    names = {path.stem for path in source.parent.glob("*")} if source.name == "__init__.py" else set()
    for node in ast.walk(ast.parse(source.read_text(encoding="utf-8"))):
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            names.add(node.name)
        elif isinstance(node, (ast.Import, ast.ImportFrom)):
            names |= {alias.asname or alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            names.add(node.id)
    return names


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_a_script_imports_only_names_that_exist(script):
    missing = []
    for node in ast.walk(ast.parse(script.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            source = find_source(node.module, script)
            if source is not None:
                missing += [f"{node.module}.{alias.name}" for alias in node.names if alias.name not in find_names(source)]
    assert not missing


def test_the_check_finds_a_name_that_is_gone():
    source = find_source("mpsnet_blender.client.terminal", ROOT / "tools" / "any.py")
    assert "ProgressPrinter" in find_names(source) and "Printer" not in find_names(source)
    assert find_source("numpy.linalg", ROOT / "tools" / "any.py") is None and len(SCRIPTS) > 20

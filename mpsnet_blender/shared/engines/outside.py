"""Engines of other authors: each is one Python file in the folder `engines` of the user's data, found without running it.

The file declares itself on its top level, in plain words:

    ENGINE = {"label": "Toy", "description": "A toy", "needs_torch": False}

Its name is the file's. The backend runs it when somebody chooses it: see CONTRIBUTING.
"""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterator
from pathlib import Path

from .declaration import WITH_TORCH, WITHOUT_TORCH, EngineDeclaration

_VARIABLE = "ENGINE"
_KINDS = {"label": str, "description": str, "needs_torch": bool}
_MOST_BYTES = 1_000_000     # far more than a source file has


def find_outside_engines(folder: Path, taken: Collection[str]) -> Iterator[EngineDeclaration | str]:
    """Yield the declaration of every file in a folder, sorted by name, or a sentence on what is wrong with it.

    taken: names that the files must not have. A folder that does not exist holds no engines.
    """
    try:
        paths = sorted(path for path in folder.glob("*.py") if path.is_file())
    except OSError:
        return
    for path in paths:
        try:
            yield _read_declaration(path, taken)
        except (ValueError, TypeError, SyntaxError, OSError, RecursionError, MemoryError) as error:
            yield f"{path} is no engine: {getattr(error, 'strerror', None) or error or type(error).__name__}."


def _read_declaration(path: Path, taken: Collection[str]) -> EngineDeclaration:
    """Return a file's declaration. Raises ValueError, TypeError, SyntaxError, OSError."""
    name = path.stem
    if name in taken or not (name.isascii() and name.isidentifier()):
        raise ValueError(f"the name {name} " + ("is taken" if name in taken else "may have letters, digits and _ only"))
    if path.stat().st_size > _MOST_BYTES:
        raise ValueError("it is too large for a source file")
    words = _find_words(ast.parse(path.read_bytes(), str(path)))
    for key, kind in _KINDS.items():
        if not isinstance(words.get(key, False), kind) or (kind is str and not (words[key].strip() and words[key].isprintable())):
            raise ValueError(f"{_VARIABLE}[{key!r}] must be {'text of one line' if kind is str else 'True or False'}")
    needs_torch = words.get("needs_torch", False)
    return EngineDeclaration(name, words["label"], words["description"], WITH_TORCH if needs_torch else WITHOUT_TORCH,
                             str(path.absolute()), ("device",) if needs_torch else ())


def _find_words(module: ast.Module) -> dict:
    for node in module.body:
        if isinstance(node, ast.Assign) and [ast.unparse(target) for target in node.targets] == [_VARIABLE]:
            words = ast.literal_eval(node.value)
            if isinstance(words, dict) and words.keys() <= _KINDS.keys():
                return words
            break
    raise ValueError(f"it lacks {_VARIABLE} = {{...}} with the keys {', '.join(_KINDS)}")

"""Reads the sources and holds the house's rules: who may import what, and what nobody may write."""

import ast
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
OURS = ("mpsnet_blender", "backend")
BLENDER = ("bpy", "addon_utils", "bpy_extras", "mathutils", "bmesh", "gpu", "blf", "bl_ui", "rna_prop_ui")
LEARNING = ("torch", "torchvision", "smplx", "ai_edge_litert")
DOORS = tuple(path.stem for path in (ROOT / "mpsnet_blender").glob("*.py") if path.stem != "__init__")


@dataclass(frozen=True)
class Room:
    """One row of the table: third-party packages and rooms of ours that its files may import, and what never."""
    folder: str
    packages: tuple[str, ...]
    rooms: tuple[str, ...]
    never: tuple[str, ...] = ()


ROOMS = (
    Room("mpsnet_blender/shared", ("numpy",), ("mpsnet_blender.shared",)),
    Room("mpsnet_blender/motion", ("numpy",), ("mpsnet_blender.shared", "mpsnet_blender.motion")),
    Room("mpsnet_blender/client", (), ("mpsnet_blender.shared", "mpsnet_blender.client"), ("numpy",)),
    Room("mpsnet_blender/scene", ("numpy", *BLENDER),
         ("mpsnet_blender.shared", "mpsnet_blender.motion", "mpsnet_blender.client", "mpsnet_blender.scene"),
         ("subprocess",)),
    Room("backend/models", ("torch", "smplx", "numpy"), ("backend.models",), ("cv2",)),
    Room("backend", ("numpy", "scipy", "cv2", "ai_edge_litert", "torch", "torchvision", "smplx", "tqdm"),
         ("mpsnet_blender.shared", "mpsnet_blender.motion", "backend"), ("bpy",)),
)
# Outside Blender's doors only: panels and operators draw and ask, they neither count nor run programs.
DOOR = Room("mpsnet_blender", BLENDER,
            tuple(f"mpsnet_blender.{name}" for name in (*DOORS, "scene", "client", "shared")), ("numpy", "subprocess"))
# A door of its own: importing it loads no bpy.
PACKAGE = Room("mpsnet_blender/__init__.py", (), ("mpsnet_blender.registration",))

MAY_CATCH_EVERYTHING = ("backend/__main__.py", "mpsnet_blender/scene/job_timer.py")
MAY_PRINT = ("mpsnet_blender/client/terminal.py", "backend/reporter.py")


def sources():
    """Return the product's Python files, relative to the root."""
    return [path.relative_to(ROOT).as_posix() for folder in OURS for path in sorted((ROOT / folder).rglob("*.py"))]


def tree_of(path):
    return ast.parse((ROOT / path).read_text(encoding="utf-8"), filename=path)


def room_of(path):
    if path == PACKAGE.folder:
        return PACKAGE
    for room in ROOMS:
        if path.startswith(room.folder + "/"):
            return room
    return DOOR


def imported_modules(path):
    """Return (line, full module name) of every import in a file, relative ones resolved."""
    package = path.removesuffix(".py").split("/")[:-1]
    found = []
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.Import):
            found += [(node.lineno, alias.name) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = package[:len(package) - node.level + 1] if node.level else []
            module = ".".join([*base, *(node.module.split(".") if node.module else [])])
            if module in OURS or node.module is None:  # from . import x: x is the module
                found += [(node.lineno, f"{module}.{alias.name}") for alias in node.names]
            else:
                found.append((node.lineno, module))
    return found


def is_allowed(room, module):
    top = module.split(".")[0]
    if top in room.never or module in room.never:
        return False
    if top in OURS:
        return any(module == allowed or module.startswith(allowed + ".") for allowed in room.rooms)
    return top in sys.stdlib_module_names or top in room.packages


@pytest.mark.parametrize("path", sources())
def test_a_room_imports_only_what_the_table_allows(path):
    room = room_of(path)
    wrong = [f"{path}:{line} imports {module}" for line, module in imported_modules(path)
             if not is_allowed(room, module)]
    assert wrong == []


def test_the_table_refuses_what_it_should():
    assert not is_allowed(room_of("mpsnet_blender/motion/x.py"), "bpy")
    assert not is_allowed(room_of("mpsnet_blender/client/x.py"), "backend.pipeline")
    assert not is_allowed(room_of("mpsnet_blender/client/x.py"), "numpy")
    assert not is_allowed(room_of("mpsnet_blender/panels.py"), "numpy")
    assert not is_allowed(room_of("mpsnet_blender/operators.py"), "subprocess")
    assert not is_allowed(room_of("mpsnet_blender/scene/x.py"), "torch")
    assert not is_allowed(room_of("mpsnet_blender/scene/x.py"), "mpsnet_blender.panels")
    assert not is_allowed(room_of("mpsnet_blender/__init__.py"), "bpy")
    assert not is_allowed(room_of("backend/pipeline.py"), "mpsnet_blender.client.backend_process")
    assert not is_allowed(room_of("backend/pipeline.py"), "bpy")
    assert not is_allowed(room_of("backend/models/x.py"), "cv2")
    assert is_allowed(room_of("backend/pipeline.py"), "mpsnet_blender.shared.motion_file")
    assert is_allowed(room_of("backend/convert.py"), "mpsnet_blender.motion.bvh")


def has_keyword(call, name):
    return any(keyword.arg == name and not (isinstance(keyword.value, ast.Constant) and not keyword.value.value)
               for keyword in call.keywords)


def forbidden_in(path, tree):
    """Return a line for everything in a file that nobody may write."""
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            name = ast.unparse(node.func)
            if has_keyword(node, "shell") or name in ("os.system", "os.popen"):
                found.append((node.lineno, "runs a shell"))
            if has_keyword(node, "allow_pickle"):
                found.append((node.lineno, "reads pickles"))
            if name == "print" and path not in MAY_PRINT:
                found.append((node.lineno, "prints"))
            if name in ("eval", "exec", "pickle.load", "pickle.loads"):
                found.append((node.lineno, f"calls {name}"))
        elif isinstance(node, ast.ExceptHandler) and path not in MAY_CATCH_EVERYTHING:
            caught = [] if node.type is None else [ast.unparse(part) for part in ast.walk(node.type)
                                                   if isinstance(part, ast.Name)]
            reraises = any(isinstance(part, ast.Raise) and part.exc is None for part in node.body)
            if node.type is None or "Exception" in caught or ("BaseException" in caught and not reraises):
                found.append((node.lineno, "catches everything"))
    return [f"{path}:{line} {what}" for line, what in found]


@pytest.mark.parametrize("path", sources())
def test_no_file_does_what_is_forbidden(path):
    assert forbidden_in(path, tree_of(path)) == []


@pytest.mark.parametrize("line", [
    "subprocess.run(command, shell=True)", "os.system('x')", "np.load(path, allow_pickle=True)", "print('x')",
    "try:\n    f()\nexcept Exception:\n    pass", "try:\n    f()\nexcept:\n    pass",
    "try:\n    f()\nexcept (ValueError, Exception) as e:\n    pass", "pickle.load(stream)",
])
def test_the_forbidden_is_recognised(line):
    assert len(forbidden_in("backend/x.py", ast.parse(line))) == 1


def test_the_allowed_is_not_mistaken_for_the_forbidden():
    allowed = "np.load(path, allow_pickle=False)\ntry:\n    f()\nexcept BaseException:\n    clean()\n    raise\n"
    assert forbidden_in("backend/x.py", ast.parse(allowed)) == []


def test_the_package_is_imported_without_bpy():
    assert "bpy" not in {module for _, module in imported_modules("mpsnet_blender/__init__.py")}
    assert "bpy" not in {module for _, module in imported_modules("mpsnet_blender/client/__init__.py")}

"""Reads the sources and checks the design's rules: what each folder may import, and what no file may contain."""

import ast
import sys
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import pytest

from mpsnet_blender.shared.engines.table import ENGINES

ROOT = Path(__file__).resolve().parents[1]
OURS = ("mpsnet_blender", "backend")
BLENDER = ("bpy", "addon_utils", "bpy_extras", "mathutils", "bmesh", "gpu", "blf", "bl_ui", "rna_prop_ui")
MOST_FILES_IN_A_ROOM = 16


@dataclass(frozen=True)
class Room:
    """A row of the table: the third-party packages and folders of ours that its files may import, and those they must not."""
    folder: str
    packages: tuple[str, ...]
    rooms: tuple[str, ...]
    never: tuple[str, ...] = ()


CONTRACTS = "mpsnet_blender.shared"
MATHS = "mpsnet_blender.motion"


def motion_room(name, *rooms):
    return Room(f"mpsnet_blender/motion/{name}", ("numpy",), (CONTRACTS, *(f"{MATHS}.{room}" for room in (*rooms, name))))


def scene_room(name, *rooms):
    return Room(f"mpsnet_blender/scene/{name}", ("numpy", *BLENDER),
                (CONTRACTS, MATHS, "mpsnet_blender.client", *(f"mpsnet_blender.scene.{room}" for room in (*rooms, name))),
                ("subprocess",))


# The stages of the backend, first to last: an arrow may only point to a room before.
STAGES = ("base", "video", "people", "camera", "hands", "finding", "fingers", "models", "body", "paper", "engines", "world",
          "views", "output")
STAGE_PACKAGES = {"base": ("numpy", "scipy", "cv2", "ai_edge_litert", "torch", "tqdm"), "models": ("torch", "smplx", "numpy"),
                  "paper": ("numpy", "scipy", "cv2", "torch"), "engines": ("numpy", "scipy", "cv2", "torch"),
                  "video": ("numpy", "cv2", "av")}


def stage_room(name):
    before = STAGES[:STAGES.index(name)] if name != "models" else ()
    contracts = (CONTRACTS, MATHS) if name != "models" else ()
    return Room(f"backend/{name}", STAGE_PACKAGES.get(name, ("numpy", "scipy", "cv2")),
                (*contracts, *(f"backend.{room}" for room in (*before, name))), ("bpy",))


ROOMS = (
    Room("mpsnet_blender/shared", ("numpy",), (CONTRACTS,)),
    motion_room("base"),
    motion_room("bone_maps"),
    motion_room("mannequin", "base"),
    motion_room("cleanup", "base"),
    motion_room("retarget", "base", "bone_maps"),
    motion_room("formats", "base"),
    motion_room("results", "base", "formats"),
    Room("mpsnet_blender/motion", (), ()),
    Room("mpsnet_blender/client", (), (CONTRACTS, "mpsnet_blender.client"), ("numpy",)),
    scene_room("base"),
    scene_room("capture", "base"),
    scene_room("cleanup", "base"),
    scene_room("retarget", "base"),
    scene_room("export", "base"),
    Room("mpsnet_blender/scene", (), ()),
    # Panels and operators draw and ask: they neither count nor run programs.
    Room("mpsnet_blender/doors", BLENDER,
         (CONTRACTS, "mpsnet_blender.client", "mpsnet_blender.scene", "mpsnet_blender.doors"), ("numpy", "subprocess")),
    Room("mpsnet_blender/registration.py", BLENDER, ("mpsnet_blender.doors", "mpsnet_blender.scene")),
    # A separate row, because importing it must not load bpy.
    Room("mpsnet_blender/__init__.py", (), ("mpsnet_blender.registration",)),
    *(stage_room(name) for name in STAGES),
    # The files that use all stages, or measure them.
    Room("backend/batch", ("ray",), (CONTRACTS, "backend"), ("bpy",)),
    Room("backend", ("numpy", "scipy", "cv2", "torch", "tqdm"), (CONTRACTS, MATHS, "backend"), ("bpy",)),
)

ENGINE_NAMES = {engine.name for engine in ENGINES}
MAY_CATCH_EVERYTHING = ("backend/__main__.py", "mpsnet_blender/scene/capture/job_timer.py")
MAY_PRINT = ("mpsnet_blender/client/terminal.py", "backend/base/reporter.py")


def sources():
    """Return the product's Python files, relative to the root."""
    return [path.relative_to(ROOT).as_posix() for folder in OURS for path in sorted((ROOT / folder).rglob("*.py"))]


def tree_of(path):
    return ast.parse((ROOT / path).read_text(encoding="utf-8"), filename=path)


def room_of(path):
    """Return the first row of the table that contains a file; every file is in one."""
    return next(room for room in ROOMS if path == room.folder or path.startswith(room.folder + "/"))


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


@pytest.mark.parametrize(("path", "module"), [
    ("mpsnet_blender/motion/base/x.py", "bpy"),
    ("mpsnet_blender/motion/base/x.py", "mpsnet_blender.motion.cleanup.foot_lock"),
    ("mpsnet_blender/motion/formats/x.py", "mpsnet_blender.motion.retarget.retarget"),
    ("mpsnet_blender/client/x.py", "backend.pipeline"),
    ("mpsnet_blender/client/x.py", "numpy"),
    ("mpsnet_blender/doors/capture/panel.py", "numpy"),
    ("mpsnet_blender/doors/capture/operators.py", "subprocess"),
    ("mpsnet_blender/doors/capture/operators.py", "mpsnet_blender.motion.base.rotations"),
    ("mpsnet_blender/scene/base/x.py", "torch"),
    ("mpsnet_blender/scene/base/x.py", "mpsnet_blender.doors.capture.panel"),
    ("mpsnet_blender/scene/cleanup/x.py", "mpsnet_blender.scene.retarget.retarget"),
    ("mpsnet_blender/__init__.py", "bpy"),
    ("backend/pipeline.py", "mpsnet_blender.client.backend_process"),
    ("backend/pipeline.py", "bpy"),
    ("backend/models/x.py", "cv2"),
    ("backend/models/x.py", "backend.base.errors"),
    ("backend/video/x.py", "backend.people.tracking"),
    ("backend/people/x.py", "backend.camera.path"),
    ("backend/people/x.py", "torch"),
    ("backend/engines/x.py", "backend.world.floor"),
    ("backend/world/x.py", "backend.output.quality"),
    ("backend/output/x.py", "backend.pipeline"),
])
def test_the_table_refuses_what_it_should(path, module):
    assert not is_allowed(room_of(path), module)


@pytest.mark.parametrize(("path", "module"), [
    ("backend/pipeline.py", "mpsnet_blender.shared.motion_file"),
    ("backend/commands/convert.py", "mpsnet_blender.motion.formats.bvh"),
    ("backend/world/x.py", "backend.engines.engine"),
    ("backend/base/x.py", "backend.base.errors"),
])
def test_the_table_allows_what_it_should(path, module):
    assert is_allowed(room_of(path), module)


def test_no_room_holds_more_files_than_a_reader_can_keep_in_mind():
    folders = Counter(path.rpartition("/")[0] for path in sources() if not path.endswith("/__init__.py"))
    crowded = {folder: count for folder, count in folders.items() if count > MOST_FILES_IN_A_ROOM}
    assert crowded.keys() <= {"mpsnet_blender/motion/bone_maps"}  # one data file a rig, all of one shape


def has_keyword(call, name):
    return any(keyword.arg == name and not (isinstance(keyword.value, ast.Constant) and not keyword.value.value)
               for keyword in call.keywords)


def constants_in(node):
    return {part.value for part in ast.walk(node) if isinstance(part, ast.Constant)}


def forbidden_in(path, tree):
    """Return a line for each forbidden thing in a file."""
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            name = ast.unparse(node.func)
            if has_keyword(node, "shell") or name in ("os.system", "os.popen"):
                found.append((node.lineno, "runs a shell"))
            if name == "argparse.ArgumentParser" and "allow_abbrev" not in {keyword.arg for keyword in node.keywords}:
                found.append((node.lineno, "takes abbreviated options"))
            if has_keyword(node, "allow_pickle"):
                found.append((node.lineno, "reads pickles"))
            if name == "print" and path not in MAY_PRINT:
                found.append((node.lineno, "prints"))
            if name in ("eval", "exec", "pickle.load", "pickle.loads"):
                found.append((node.lineno, f"calls {name}"))
        elif isinstance(node, ast.Compare) and ENGINE_NAMES & constants_in(node):
            found.append((node.lineno, "asks for an engine by its name: shared/engines/table.py says what differs with it"))
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
    "argparse.ArgumentParser(prog='x')", "x = 1 if engine == 'mpsnet' else 2",
])
def test_the_forbidden_is_recognised(line):
    assert len(forbidden_in("backend/x.py", ast.parse(line))) == 1


def test_the_allowed_is_not_mistaken_for_the_forbidden():
    allowed = "np.load(path, allow_pickle=False)\ntry:\n    f()\nexcept BaseException:\n    clean()\n    raise\n"
    assert forbidden_in("backend/x.py", ast.parse(allowed)) == []


def test_the_package_is_imported_without_bpy():
    assert "bpy" not in {module for _, module in imported_modules("mpsnet_blender/__init__.py")}
    assert "bpy" not in {module for _, module in imported_modules("mpsnet_blender/client/__init__.py")}

"""Blender for the tests: with new user folders, and the extension installed from its zip."""

import importlib
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

_USER_RESOURCES = tempfile.TemporaryDirectory(prefix="mpsnet_blender_test_")
os.environ["BLENDER_USER_RESOURCES"] = _USER_RESOURCES.name  # before the first import of bpy

import bpy  # noqa: E402

REPOSITORY = Path(__file__).resolve().parents[2]
_EXIT_STATUS = pytest.StashKey[int]()
PACKAGE = "bl_ext.user_default.mpsnet_blender"


def pytest_sessionfinish(session, exitstatus):
    session.config.stash[_EXIT_STATUS] = int(exitstatus)


@pytest.hookimpl(trylast=True)
def pytest_unconfigure(config):
    """End the process without bpy 4.2's shutdown, which crashes after its glTF exporter has run, even for a single cube."""
    if bpy.app.version < (4, 5) and _EXIT_STATUS in config.stash:
        _USER_RESOURCES.cleanup()
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(config.stash[_EXIT_STATUS])


def _extension_command(*arguments: str) -> str:
    """Run Blender's extension command and return its output."""
    program = Path(bpy.utils.system_resource("SCRIPTS")) / "addons_core" / "bl_pkg" / "cli" / "blender_ext.py"
    done = subprocess.run([sys.executable, "-I", str(program), *arguments], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="session")
def extension_zip(tmp_path_factory) -> Path:
    """The zip that a release is tested with, or one built from this checkout."""
    if given := os.environ.get("MPSNET_EXTENSION_ZIP"):
        return Path(given)
    folder = tmp_path_factory.mktemp("dist")
    _extension_command("build", "--source-dir", str(REPOSITORY), "--output-dir", str(folder))
    (built,) = folder.glob("*.zip")
    _extension_command("validate", str(built))
    return built


@pytest.fixture(scope="session", autouse=True)
def extension(extension_zip):
    """Install and enable the extension; return a function that imports one of its modules."""
    bpy.context.preferences.view.show_splash = False
    result = bpy.ops.extensions.package_install_files(
        filepath=str(extension_zip), repo="user_default", enable_on_install=True)
    assert result == {"FINISHED"} and PACKAGE in bpy.context.preferences.addons

    def module(name: str = ""):
        return importlib.import_module(f"{PACKAGE}.mpsnet_blender{'.' if name else ''}{name}")

    return module


@pytest.fixture(autouse=True)
def empty_scene(extension):
    """Start each test in an empty file at 30 frames a second, and return its scene."""
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    scene = bpy.context.scene
    scene.render.fps, scene.render.fps_base = 30, 1.0
    return scene

import hashlib
import zipfile
from pathlib import Path

import bpy
import pytest

from mpsnet_blender.shared.motion_file import write_motion
from tests.blender.conftest import PACKAGE
from tests.blender.motion_samples import random_motion, write_capture


def _digests(folder: Path) -> dict[str, str]:
    """Return the digests of a folder's files, without the bytecode that Blender's Python writes."""
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
            for path in folder.rglob("*") if path.is_file() and "__pycache__" not in path.parts}


def test_the_zip_holds_what_the_extension_needs_and_nothing_else(extension_zip):
    with zipfile.ZipFile(extension_zip) as archive:
        names = {name for name in archive.namelist() if not name.endswith("/")}
    assert {name.split("/")[0] for name in names} == {
        "LICENSE", "__init__.py", "backend", "blender_manifest.toml", "mocap.py", "mpsnet_blender"}
    assert {"mpsnet_blender/registration.py", "backend/pipeline.py", "backend/weights/temporal_lifter.npz",
            "backend/weights/close_lifter.npz", "backend/requirements-keypoints.txt"} <= names
    assert not [name for name in names if name.startswith("backend/training/") or "__pycache__" in name]
    assert {Path(name).suffix for name in names} == {"", ".md", ".mp4", ".npz", ".py", ".toml", ".txt"}


def test_registering_twice_leaves_everything_in_place(extension):
    registration = extension("registration")
    registration.register()
    registration.register()
    assert all(getattr(cls, "is_registered", True) for cls in registration.CLASSES)      # groups of gizmos do not tell
    assert sum(entry.__name__ == "draw_import_menu" for entry in bpy.types.TOPBAR_MT_file_import._dyn_ui_initialize()) == 1
    assert bpy.context.scene.mpsnet.timing == "KEEP"


def test_unregistering_leaves_nothing(extension):
    registration = extension("registration")
    registration.unregister()
    registration.unregister()
    try:
        assert not hasattr(bpy.types.Scene, "mpsnet") and not hasattr(bpy.types.WindowManager, "mpsnet")
        assert not hasattr(bpy.types, "MPSNET_OT_import_motion")
    finally:
        registration.register()


def test_preferences_are_found_under_the_root_package(extension):
    preferences = bpy.context.preferences.addons[PACKAGE].preferences
    assert preferences is not None and preferences.home == ""
    home = extension("doors.common.preferences").home_folder(bpy.context)
    assert home.name == "mpsnet_blender" and ".user" in home.parts


def test_a_run_changes_no_file_of_the_extension(extension, tmp_path):
    folder = Path(extension("registration").__file__).parents[1]
    before = _digests(folder)
    bpy.ops.mpsnet.import_motion(filepath=str(write_capture(tmp_path / "capture", [random_motion(5)])))
    assert _digests(folder) == before


def test_operators_say_why_they_cannot_run(extension, tmp_path, monkeypatch):
    monkeypatch.setenv("MPSNET_HOME", str(tmp_path / "shell"))
    monkeypatch.setattr(bpy.context.preferences.system, "use_online_access", False)
    video = tmp_path / "clip.mp4"
    video.write_bytes(b"")
    bpy.context.preferences.addons[PACKAGE].preferences.home = str(tmp_path / "home")
    try:
        with pytest.raises(RuntimeError, match="The backend is not set up, and Blender may not go online"):
            bpy.ops.mpsnet.capture_video(filepath=str(video))
    finally:
        bpy.context.preferences.addons[PACKAGE].preferences.home = ""


def test_the_scenes_settings_are_saved_with_the_file_and_stand_for_what_a_call_leaves_out(empty_scene, tmp_path):
    empty_scene.mpsnet.timing, empty_scene.mpsnet.start_frame, empty_scene.mpsnet.video = "SET", 31, "//clip.mp4"
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "file.blend"))
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    bpy.ops.wm.open_mainfile(filepath=str(tmp_path / "file.blend"))
    settings = bpy.context.scene.mpsnet
    assert (settings.timing, settings.start_frame, settings.video) == ("SET", 31, "//clip.mp4")
    write_motion(tmp_path / "walk.npz", random_motion(5, framerate=50.0))
    bpy.ops.mpsnet.import_motion(filepath=str(tmp_path / "walk.npz"), with_camera=False)
    assert bpy.context.scene.render.fps == 50
    assert tuple(bpy.data.actions[0].frame_range) == (30, 36)  # 31 to 35, and hidden before and after


def test_a_folder_that_cannot_be_made_is_named_with_advice(extension, tmp_path, monkeypatch):
    monkeypatch.setenv("MPSNET_HOME", str(tmp_path / "shell"))
    (tmp_path / "file").write_text("not a folder")
    monkeypatch.setattr(bpy.context.preferences.system, "use_online_access", True)
    bpy.context.preferences.addons[PACKAGE].preferences.home = str(tmp_path / "file" / "home")
    try:
        with pytest.raises(RuntimeError, match=r"file/home/logs.* cannot be made.*another Folder in the preferences"):
            bpy.ops.mpsnet.setup_backend()
    finally:
        bpy.context.preferences.addons[PACKAGE].preferences.home = ""

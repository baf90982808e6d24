"""A damaged installation is noticed when a capture starts, and repaired by one button; the check lists what is wrong."""

import sys
from pathlib import Path

import bpy
import pytest

from tests.waiting import comes_true

CHILD = Path(__file__).with_name("child_script.py")


@pytest.fixture
def environment(extension, empty_scene, tmp_path, monkeypatch):
    """The environment class of the extension, with a home folder in which nothing is set up."""
    monkeypatch.setenv("MPSNET_HOME", str(tmp_path / "shell"))
    extension("doors.common.preferences")._environment.cache_clear()
    was_allowed = bpy.context.preferences.system.use_online_access
    yield extension("client.backend_environment").BackendEnvironment
    extension("doors.common.preferences")._environment.cache_clear()
    bpy.context.preferences.system.use_online_access = was_allowed
    bpy.context.window_manager.mpsnet.findings.clear()


def test_a_capture_with_a_damaged_installation_begins_with_its_repair(environment, monkeypatch, tmp_path):
    done = []
    monkeypatch.setattr(environment, "is_ready", lambda _self: not done)
    monkeypatch.setattr(environment, "find_damage", lambda _self: "" if done else "numpy/core.so is missing or damaged")
    monkeypatch.setattr(environment, "discard", lambda _self: done.append("discarded"))
    monkeypatch.setattr(environment, "setup_command", lambda _self, _python: [sys.executable, str(CHILD), "error"])
    bpy.context.preferences.system.use_online_access = True
    video = tmp_path / "clip.mp4"
    video.write_bytes(b"")
    with pytest.raises(RuntimeError, match=r"Cannot read clip\.mp4: no video stream"):      # what the set-up's stand-in says
        bpy.ops.mpsnet.capture_video(filepath=str(video), directory=str(tmp_path / "out"))
    assert done == ["discarded"]


def test_offline_a_damaged_installation_is_named_and_not_repaired(environment, monkeypatch, tmp_path):
    damaged = []
    monkeypatch.setattr(environment, "is_ready", lambda _self: not damaged)
    monkeypatch.setattr(environment, "find_damage", lambda _self: "numpy/core.so is missing or damaged")
    monkeypatch.setattr(environment, "discard", lambda _self: damaged.append(True))
    monkeypatch.setattr(environment, "is_damaged", property(lambda _self: bool(damaged)))
    bpy.context.preferences.system.use_online_access = False
    video = tmp_path / "clip.mp4"
    video.write_bytes(b"")
    with pytest.raises(RuntimeError, match="The installation is damaged, and Blender may not go online"):
        bpy.ops.mpsnet.capture_video(filepath=str(video), directory=str(tmp_path / "out"))


def test_what_the_extension_holds_needs_no_online_access(environment, monkeypatch):
    bpy.context.preferences.system.use_online_access = False
    assert not bpy.ops.mpsnet.setup_backend.poll()
    monkeypatch.setattr(environment, "download_megabytes", 0)
    assert bpy.ops.mpsnet.setup_backend.poll()


def test_the_check_lists_what_is_wrong_with_its_remedy(environment, extension, empty_scene, monkeypatch, tmp_path):
    discarded = []
    monkeypatch.setattr(environment, "discard", lambda _self: discarded.append(True))
    command = [sys.executable, str(CHILD), "check"]
    process = extension("client.backend_process").BackendProcess(command, tmp_path, tmp_path / "log")
    job = extension("scene.capture.job_timer").Job(
        "Checking", process, empty_scene.name, extension("doors.capture.job_endings").show_check_end)
    assert comes_true(lambda: job.poll() is not None and job.state.final is not None)
    job.on_end(job)
    state = bpy.context.window_manager.mpsnet
    assert [(item.subject, item.is_well, item.remedy) for item in state.findings] == [
        ("Disk", True, ""), ("numpy", False, "repair")]
    assert state.findings[1].words == "cannot be imported" and discarded
    assert state.error_message == ""

"""A complete capture by a script in background mode: from a video to an animated armature."""

import sys
from pathlib import Path

import bpy
import numpy as np
import pytest

from mpsnet_blender.shared.capture_listing import read_listing

CHILD = Path(__file__).with_name("child_script.py")
SAMPLE = Path(__file__).parents[3] / "samples" / "walk_turn.mp4"


@pytest.fixture(autouse=True)
def backend(extension):
    if not extension("doors.common.preferences").backend_environment(bpy.context).is_ready():
        pytest.skip("the backend is not set up: python3 tests/run.py does it")


def test_a_video_becomes_an_armature_that_moves_at_the_videos_speed(empty_scene, tmp_path):
    empty_scene.mpsnet.end_seconds = 0.5
    assert bpy.ops.mpsnet.capture_video(filepath=str(SAMPLE), directory=str(tmp_path / "out")) == {"FINISHED"}
    people = read_listing(tmp_path / "out" / "people.json").people
    assert [person.file for person in people] == ["person_01.npz"]
    (armature_object,) = [thing for thing in bpy.data.objects if thing.type == "ARMATURE"]
    hidden_before, hidden_after = armature_object.animation_data.action.frame_range
    first, last = hidden_before + 1, hidden_after - 1
    fps = empty_scene.render.fps / empty_scene.render.fps_base
    assert (last - first) / fps == pytest.approx(14 / 30, abs=1 / fps)  # the keys of visibility lie on whole frames
    ankles = []
    for frame in np.linspace(first, last, 5):
        empty_scene.frame_set(int(frame), subframe=float(frame % 1))
        ankles += [armature_object.pose.bones[f"{side}_ankle"].head.z for side in ("left", "right")]
    assert 0.0 < min(ankles) < 0.2


def test_a_bad_video_is_an_error_that_names_it_and_leaves_nothing(empty_scene, tmp_path):
    video = tmp_path / "notes.mp4"
    video.write_text("no video at all")
    with pytest.raises(RuntimeError, match=r"notes\.mp4 is not a video"):
        bpy.ops.mpsnet.capture_video(filepath=str(video), directory=str(tmp_path / "out"))
    assert not (tmp_path / "out").exists()
    assert not bpy.data.objects


@pytest.fixture
def set_up_by(extension, monkeypatch, tmp_path):
    """Return a function that makes the backend one that is not set up, and the child script its set-up, which makes a file."""
    environment = extension("client.backend_environment").BackendEnvironment
    bpy.context.preferences.system.use_online_access = True

    def replace(what: str) -> None:
        done = tmp_path / "set_up"
        monkeypatch.setattr(environment, "is_ready", lambda _self: done.exists())
        monkeypatch.setattr(environment, "setup_command", lambda _self, _python: [sys.executable, str(CHILD), what, str(done)])

    yield replace
    bpy.context.preferences.system.use_online_access = False


def test_a_capture_begins_with_the_set_up_where_that_is_missing(empty_scene, set_up_by, tmp_path):
    set_up_by("setup")
    empty_scene.mpsnet.end_seconds = 0.5
    assert bpy.ops.mpsnet.capture_video(filepath=str(SAMPLE), directory=str(tmp_path / "out")) == {"FINISHED"}
    assert [person.file for person in read_listing(tmp_path / "out" / "people.json").people] == ["person_01.npz"]
    assert any(thing.type == "ARMATURE" for thing in bpy.data.objects)


def test_a_set_up_that_failed_says_why_and_captures_nothing(empty_scene, set_up_by, tmp_path):
    set_up_by("error")
    with pytest.raises(RuntimeError, match=r"Cannot read clip\.mp4: no video stream"):
        bpy.ops.mpsnet.capture_video(filepath=str(SAMPLE), directory=str(tmp_path / "out"))
    assert not (tmp_path / "out").exists()


def test_a_video_that_cannot_be_read_is_told_after_the_set_up_too(empty_scene, set_up_by, tmp_path):
    set_up_by("setup")
    video = tmp_path / "notes.mp4"
    video.write_text("no video at all")
    with pytest.raises(RuntimeError, match=r"notes\.mp4 is not a video"):
        bpy.ops.mpsnet.capture_video(filepath=str(video), directory=str(tmp_path / "out"))

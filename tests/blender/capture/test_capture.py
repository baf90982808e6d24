"""A complete capture by a script in background mode: from a video to an animated armature."""

from pathlib import Path

import bpy
import numpy as np
import pytest

from mpsnet_blender.shared.capture_listing import read_listing

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

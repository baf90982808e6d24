"""Further views in the panel: what is added reaches the backend, and goes when another video is chosen."""

import sys
from pathlib import Path

import bpy
import pytest

CHILD = Path(__file__).with_name("child_script.py")


@pytest.fixture
def videos(tmp_path):
    paths = [tmp_path / f"{name}.mp4" for name in "abcde"]
    for path in paths:
        path.write_bytes(b"")
    return [str(path) for path in paths]


def listed(scene):
    return [view.filepath for view in scene.mpsnet.views]


def test_up_to_three_views_are_added_and_each_can_be_removed(empty_scene, videos):
    assert not bpy.ops.mpsnet.add_view.poll()
    empty_scene.mpsnet.video = videos[0]
    for video in videos[1:4]:
        assert bpy.ops.mpsnet.add_view(filepath=video) == {"FINISHED"}
    assert not bpy.ops.mpsnet.add_view.poll()
    bpy.ops.mpsnet.remove_view(index=1)
    assert listed(empty_scene) == [videos[1], videos[3]]
    with pytest.raises(RuntimeError, match="There is no video"):
        bpy.ops.mpsnet.add_view(filepath=videos[0] + ".none")


def test_a_removed_view_takes_its_offset_with_it_and_undo_brings_both_back(empty_scene, videos):
    def shown():
        return [(Path(view.filepath).stem, view.offset) for view in bpy.context.scene.mpsnet.views]

    empty_scene.mpsnet.video = videos[0]
    for video, seconds in zip(videos[1:4], (1, 2, 3)):
        bpy.ops.mpsnet.add_view(filepath=video)
        empty_scene.mpsnet.views[-1].offset = seconds
    bpy.ops.ed.undo_push(message="before")
    bpy.ops.mpsnet.remove_view(index=1)
    bpy.ops.ed.undo_push(message="after")
    assert shown() == [("b", 1), ("d", 3)]
    bpy.ops.ed.undo()
    assert shown() == [("b", 1), ("c", 2), ("d", 3)]


def test_numbered_pictures_can_be_a_view_as_they_can_be_the_video(empty_scene, videos, tmp_path):
    pictures = tmp_path / "pictures"
    pictures.mkdir()
    empty_scene.mpsnet.video = videos[0]
    with pytest.raises(RuntimeError, match="holds no numbered pictures"):
        bpy.ops.mpsnet.add_view(filepath=str(pictures))
    for number in (1, 2):
        (pictures / f"shot_{number:04d}.png").write_bytes(b"")
    bpy.ops.mpsnet.add_view(filepath=str(pictures))
    assert listed(empty_scene) == [str(pictures)]


def test_a_video_is_a_view_once(empty_scene, videos):
    empty_scene.mpsnet.video = videos[0]
    bpy.ops.mpsnet.add_view(filepath=videos[1])
    for video in (videos[0], videos[1]):
        with pytest.raises(RuntimeError, match=rf"{Path(video).name} is given twice"):
            bpy.ops.mpsnet.add_view(filepath=video)
    assert listed(empty_scene) == [videos[1]]


def test_a_video_that_is_dropped_has_no_views_of_the_one_before(empty_scene, videos):
    empty_scene.mpsnet.video = videos[0]
    bpy.ops.mpsnet.add_view(filepath=videos[1])
    bpy.ops.mpsnet.choose_video(filepath=videos[2])
    assert (empty_scene.mpsnet.video, listed(empty_scene)) == (videos[2], [])


def test_views_go_when_another_video_is_chosen_and_stay_with_the_same_one(empty_scene, videos, tmp_path):
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "scene.blend"))
    settings = bpy.context.scene.mpsnet
    settings.video = "//a.mp4"
    bpy.ops.mpsnet.add_view(filepath=videos[1])
    settings.video = videos[0]
    assert listed(bpy.context.scene) == [videos[1]]
    settings.video = videos[2]
    assert listed(bpy.context.scene) == []


@pytest.fixture
def started(extension, monkeypatch, tmp_path):
    """Return the list of captures that start, each with its views; all of them fail at once."""
    operators = extension("doors.capture.operators")
    environment = extension("client.backend_environment").BackendEnvironment
    process = extension("client.backend_process").BackendProcess
    monkeypatch.setattr(environment, "is_ready", lambda _self: True)
    monkeypatch.setattr(environment, "find_damage", lambda _self: "")
    started = []

    def start(_environment, _home, video, _folder, _request, views):
        started.append((str(video), [(str(view.video), view.late_seconds) for view in views]))
        return process([sys.executable, str(CHILD), "error"], tmp_path, tmp_path / "log.txt")

    monkeypatch.setattr(operators, "start_capture", start)
    return started


@pytest.mark.parametrize(("number", "words"), [(None, "View 3: No video is chosen"), (0, "a.mp4 is given twice"),
                                               (1, "b.mp4 is given twice")])
def test_a_view_that_cannot_be_is_told_before_a_capture(empty_scene, started, videos, tmp_path, number, words):
    empty_scene.mpsnet.video = videos[0]
    for video in videos[1:3]:
        bpy.ops.mpsnet.add_view(filepath=video)
    empty_scene.mpsnet.views[1].filepath = "" if number is None else videos[number]
    with pytest.raises(RuntimeError, match=words):
        bpy.ops.mpsnet.capture_video(directory=str(tmp_path / "out"))
    assert started == []


def test_a_capture_gets_the_views_and_no_view_of_another_video(empty_scene, started, videos, tmp_path):
    empty_scene.mpsnet.video = videos[0]
    bpy.ops.mpsnet.add_view(filepath=videos[1])
    for words in ({}, {"filepath": videos[2]}):
        with pytest.raises(RuntimeError):
            bpy.ops.mpsnet.capture_video(directory=str(tmp_path / "out"), **words)
    assert started == [(videos[0], [(videos[1], None)]), (videos[2], [])]


def test_a_time_offset_goes_to_the_backend_while_it_is_checked(empty_scene, started, videos, tmp_path):
    empty_scene.mpsnet.video = videos[0]
    bpy.ops.mpsnet.add_view(filepath=videos[1])
    view = empty_scene.mpsnet.views[0]
    for view.offset, view.knows_offset in ((-2.5, True), (-2.5, False), (0.0, True)):
        with pytest.raises(RuntimeError):
            bpy.ops.mpsnet.capture_video(directory=str(tmp_path / "out"))
    assert [views[0][1] for _, views in started] == [-2.5, None, 0.0]

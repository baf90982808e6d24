"""The queue: several videos are captured one after another, and each tells what became of it."""

import sys
from pathlib import Path

import bpy
import pytest

from mpsnet_blender.shared.capture_request import CaptureRequest
from tests.blender.motion_samples import random_motion, write_capture
from tests.waiting import comes_true

CHILD = Path(__file__).with_name("child_script.py")


@pytest.fixture
def queue(extension, empty_scene):
    """The queue, empty; it is empty again after the test."""
    module = extension("scene.capture.capture_queue")
    yield module.QUEUE
    module.QUEUE.stop()
    module.QUEUE.videos = ()


@pytest.fixture
def captures_by(extension, monkeypatch, tmp_path):
    """Return a function that says what the child script does for a video, by the video's name; it lists the videos it got."""
    environment = extension("client.backend_environment").BackendEnvironment
    jobs = extension("doors.capture.queue_jobs")
    process = extension("client.backend_process").BackendProcess
    monkeypatch.setattr(environment, "is_ready", lambda _self: True)
    started, scripts = [], {}

    def start(_environment, _home, video, folder, request, views):
        started.append((video.name, request.stature, *((view.video.name, view.late_seconds) for view in views)))
        what, *arguments = scripts[video.name]
        return process([sys.executable, str(CHILD), what, *map(str, arguments)], tmp_path, tmp_path / "log.txt")

    def replace(**what):
        scripts.update({f"{name}.mp4": words for name, words in what.items()})
        for name in scripts:
            (tmp_path / name).write_bytes(b"")
        return started

    monkeypatch.setattr(jobs, "start_capture", start)
    return replace


def add(tmp_path, *names):
    bpy.ops.mpsnet.queue_videos(directory=str(tmp_path), files=[{"name": f"{name}.mp4"} for name in names])


def states(queue):
    return [(queued.video.stem, queued.state.name) for queued in queue.videos]


def test_videos_are_captured_one_after_another_and_imported(queue, captures_by, tmp_path):
    first = write_capture(tmp_path / "one", [random_motion(5)])
    second = write_capture(tmp_path / "two", [random_motion(5, seed=1)])
    started = captures_by(a=("capture", first), bad=("error",), b=("capture", second))
    add(tmp_path, "a", "bad", "b")
    assert states(queue) == [("a", "WAITING"), ("bad", "WAITING"), ("b", "WAITING")] and started == []
    bpy.context.scene.mpsnet.height = 1.8
    with pytest.raises(RuntimeError, match=r"bad\.mp4: Cannot read clip\.mp4: no video stream\. Re-encode"):
        bpy.ops.mpsnet.capture_queue()
    assert started == [("a.mp4", 1.8), ("bad.mp4", 1.8), ("b.mp4", 1.8)]
    assert states(queue) == [("a", "DONE"), ("bad", "FAILED"), ("b", "DONE")] and not queue.is_active
    assert queue.videos[0].words == "2 people found." and queue.videos[0].is_imported
    assert queue.videos[1].words == "Cannot read clip.mp4: no video stream. Re-encode it as MP4 (H.264)."
    assert sum(thing.type == "ARMATURE" for thing in bpy.data.objects) == 2


def test_a_capture_that_was_not_imported_can_be_imported_by_hand(queue, captures_by, tmp_path, empty_scene):
    empty_scene.mpsnet.import_when_done = False
    captures_by(a=("capture", write_capture(tmp_path / "one", [random_motion(5)])))
    add(tmp_path, "a")
    assert bpy.ops.mpsnet.capture_queue() == {"FINISHED"}
    (queued,) = queue.videos
    assert not queued.is_imported and not bpy.data.objects
    bpy.ops.mpsnet.queued_video(number=queued.number, action="IMPORT")
    assert queue.videos[0].is_imported and sum(thing.type == "ARMATURE" for thing in bpy.data.objects) == 1


def choose_with_view(tmp_path, scene, video, view):
    scene.mpsnet.video = str(tmp_path / f"{video}.mp4")
    bpy.ops.mpsnet.add_view(filepath=str(tmp_path / f"{view}.mp4"))


def test_the_chosen_video_is_queued_with_its_views_and_captured_with_them(queue, captures_by, tmp_path, empty_scene):
    capture = ("capture", write_capture(tmp_path / "one", [random_motion(5)]))
    started = captures_by(a=capture, b=("wait",), c=capture)
    choose_with_view(tmp_path, empty_scene, "a", "b")
    empty_scene.mpsnet.views[0].knows_offset, empty_scene.mpsnet.views[0].offset = True, -0.5
    assert bpy.ops.mpsnet.queue_views() == {"FINISHED"}
    add(tmp_path, "c")
    empty_scene.mpsnet.video = str(tmp_path / "c.mp4")  # the views go, those of the queue stay
    assert bpy.ops.mpsnet.capture_queue() == {"FINISHED"}
    assert started == [("a.mp4", 1.7, ("b.mp4", -0.5)), ("c.mp4", 1.7)]


def test_videos_that_are_chosen_with_their_view_are_queued_as_one_capture(queue, captures_by, tmp_path, empty_scene):
    captures_by(a=("wait",), b=("wait",), c=("wait",))
    choose_with_view(tmp_path, empty_scene, "a", "b")
    add(tmp_path, "b")
    add(tmp_path, "a", "b", "c")
    add(tmp_path, "a")
    assert [(queued.video.stem, [view.video.stem for view in queued.views]) for queued in queue.videos] == [
        ("b", []), ("a", ["b"]), ("c", [])]


def test_a_video_that_is_chosen_by_a_path_relative_to_the_file_is_queued_once_and_with_its_view(queue, captures_by, tmp_path):
    captures_by(a=("wait",), b=("wait",), c=("wait",))
    (tmp_path / "scenes").mkdir()
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "scenes" / "scene.blend"))
    settings = bpy.context.scene.mpsnet
    settings.video = "//../a.mp4"
    bpy.ops.mpsnet.add_view(filepath=str(tmp_path / "b.mp4"))
    settings.views[0].filepath = "//../b.mp4"
    add(tmp_path, "a", "b", "c")
    bpy.ops.mpsnet.queue_views()
    assert [(queued.video, [view.video for view in queued.views]) for queued in queue.videos] == [
        (tmp_path / "a.mp4", [tmp_path / "b.mp4"]), (tmp_path / "c.mp4", [])]
    settings.video = str(tmp_path / "a.mp4")
    assert len(settings.views) == 1     # it is the same video


def test_a_view_that_is_gone_is_told_when_it_is_queued(queue, captures_by, tmp_path, empty_scene):
    captures_by(a=("wait",), b=("wait",), c=("wait",))
    choose_with_view(tmp_path, empty_scene, "a", "b")
    (tmp_path / "b.mp4").unlink()
    with pytest.raises(RuntimeError, match=r"View 2: There is no video .*b\.mp4"):
        bpy.ops.mpsnet.queue_views()
    with pytest.raises(RuntimeError, match=r"View 2: There is no video .*b\.mp4"):
        add(tmp_path, "a", "c")
    assert queue.videos == ()


def test_a_failed_video_can_be_tried_again(queue, captures_by, tmp_path):
    captures_by(a=("crash",))
    add(tmp_path, "a")
    with pytest.raises(RuntimeError, match="exit code 7"):
        bpy.ops.mpsnet.capture_queue()
    captures_by(a=("capture", write_capture(tmp_path / "one", [random_motion(5)])))
    bpy.ops.mpsnet.queued_video(number=queue.videos[0].number, action="RETRY")
    assert states(queue) == [("a", "WAITING")]
    bpy.ops.mpsnet.capture_queue()
    assert states(queue) == [("a", "DONE")]


def test_several_dropped_videos_are_queued_and_one_is_chosen(queue, captures_by, tmp_path, empty_scene):
    captures_by(a=("wait",), b=("wait",))
    files = [{"name": "a.mp4"}, {"name": "b.mp4"}]
    bpy.ops.mpsnet.choose_video(filepath=str(tmp_path / "a.mp4"), directory=str(tmp_path), files=files)
    assert states(queue) == [("a", "WAITING"), ("b", "WAITING")] and empty_scene.mpsnet.video == ""
    bpy.ops.mpsnet.choose_video(filepath=str(tmp_path / "a.mp4"), directory=str(tmp_path), files=files[:1])
    assert len(queue.videos) == 2 and empty_scene.mpsnet.video == str(tmp_path / "a.mp4")


def test_pictures_of_one_sequence_are_one_video_and_a_single_one_is_refused(queue, tmp_path):
    names = [f"shot_{number}.png" for number in (1, 2, 3)]
    for name in (*names, "cover.png"):
        (tmp_path / name).write_bytes(b"")
    bpy.ops.mpsnet.queue_videos(directory=str(tmp_path), files=[{"name": name} for name in names])
    assert [queued.video for queued in queue.videos] == [tmp_path / "shot_#.png"]
    with pytest.raises(RuntimeError, match=r"cover\.png is a picture, not a video"):
        bpy.ops.mpsnet.queue_videos(directory=str(tmp_path), files=[{"name": "cover.png"}])


@pytest.mark.parametrize(("numbers", "path", "words"), [
    ((1, 2, 4), "shot_1.png", "numbers are missing: 3"), ((1, 2, 4), "", "numbers are missing: 3"),
    ((1,), "shot_1.png", "is a picture, not a video"), ((1, 2), "shot_##.png", "No picture is named like"),
    ((), "clip.mp4", "There is no video")])
def test_a_capture_of_pictures_that_are_no_video_says_why(captures_by, tmp_path, numbers, path, words):
    captures_by()
    for number in numbers:
        (tmp_path / f"shot_{number}.png").write_bytes(b"")
    with pytest.raises(RuntimeError, match=words):
        bpy.ops.mpsnet.capture_video(filepath=str(tmp_path / path))


def test_a_video_that_waits_is_not_added_twice_and_one_that_ended_is(queue, tmp_path):
    video = tmp_path / "a.mp4"
    assert queue.add([video, video], "Scene") == 1 and queue.add([video], "Scene") == 0
    queue.change(queue.videos[0].number, state=type(queue.videos[0].state).DONE)
    assert queue.add([video], "Scene") == 1 and len({queued.number for queued in queue.videos}) == 2


def test_videos_added_to_an_active_queue_get_its_request(queue, tmp_path):
    queue.add([tmp_path / "a.mp4"], "Scene")
    queue.start(CaptureRequest(stature=1.5))
    queue.add([tmp_path / "b.mp4"], "Scene")
    assert [queued.request.stature for queued in queue.videos] == [1.5, 1.5]
    queue.stop()
    queue.add([tmp_path / "c.mp4"], "Scene")
    assert queue.videos[2].request is None


def test_rows_are_removed_but_not_the_running_one(queue, extension, tmp_path):
    states_of = extension("scene.capture.capture_queue").QueueState
    queue.add([tmp_path / "a.mp4", tmp_path / "b.mp4", tmp_path / "c.mp4"], "Scene")
    first, second, third = (queued.number for queued in queue.videos)
    queue.change(first, state=states_of.RUNNING)
    queue.change(third, state=states_of.CANCELLED)
    for number in (first, second):
        bpy.ops.mpsnet.queued_video(number=number, action="REMOVE")
    assert states(queue) == [("a", "RUNNING"), ("c", "CANCELLED")]
    bpy.ops.mpsnet.clear_queue()
    assert states(queue) == [("a", "RUNNING")]


@pytest.fixture
def window(extension, monkeypatch):
    """Let the operators behave as in a window; return a function that calls the job's timer until a condition is true."""
    timer, jobs = extension("scene.capture.job_timer"), extension("doors.capture.queue_jobs")
    monkeypatch.setattr(jobs, "is_in_background", lambda: False)

    def until(condition):
        def tick():
            timer._tick()
            return condition()
        assert comes_true(tick)

    yield until
    timer.stop()


def test_the_next_video_follows_a_cancelled_one_and_cancel_all_ends_the_queue(queue, captures_by, window, tmp_path, extension):
    timer = extension("scene.capture.job_timer")
    started = captures_by(a=("wait",), b=("wait",), c=("wait",))
    add(tmp_path, "a", "b", "c")
    bpy.ops.mpsnet.capture_queue()
    assert states(queue) == [("a", "RUNNING"), ("b", "WAITING"), ("c", "WAITING")]
    window(lambda: timer.running_job().state.fraction is not None)
    bpy.ops.mpsnet.queued_video(number=queue.videos[0].number, action="CANCEL")
    window(lambda: states(queue) == [("a", "CANCELLED"), ("b", "RUNNING"), ("c", "WAITING")])
    bpy.ops.mpsnet.cancel_queue()
    window(lambda: timer.running_job() is None)
    assert [state for _, state in states(queue)] == ["CANCELLED"] * 3 and not queue.is_active
    assert [name for name, _ in started] == ["a.mp4", "b.mp4"]


def test_nothing_is_imported_into_another_file(queue, captures_by, window, tmp_path, extension):
    captures_by(a=("capture", write_capture(tmp_path / "one", [random_motion(5)])))
    add(tmp_path, "a")
    bpy.ops.mpsnet.capture_queue()
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    window(lambda: states(queue) == [("a", "DONE")])
    assert not queue.videos[0].is_imported and not bpy.data.objects

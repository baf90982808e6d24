import sys
from pathlib import Path

import bpy
import pytest

from tests.blender.motion_samples import random_motion, write_capture
from tests.waiting import LONG, comes_true

CHILD = Path(__file__).with_name("child_script.py")


@pytest.fixture
def start_job(extension, tmp_path, empty_scene):
    """Return a function that starts a job whose process is the child script; no process outlives the test."""
    started = []

    def start(*arguments: str):
        process = extension("client.backend_process").BackendProcess(
            [sys.executable, str(CHILD), *arguments], tmp_path, tmp_path / "log.txt")
        job = extension("scene.capture.job_timer").Job(
            "Capturing", process, empty_scene.name, extension("doors.capture.job_endings").show_capture_end)
        started.append(job)
        return job

    yield start
    for job in started:
        job.process.kill()


def _poll_until(job, condition) -> None:
    def polled() -> bool:
        job.poll()
        return condition()

    assert comes_true(polled), job.state


def test_a_capture_shows_its_progress_lists_people_and_imports_them(start_job, tmp_path):
    folder = write_capture(tmp_path / "capture", [random_motion(5), random_motion(5, seed=1)], video="/nowhere/dance.mp4")
    job = start_job("capture", str(folder))
    _poll_until(job, lambda: job.state.fraction is not None)
    assert (job.state.stage, job.state.fraction) == ("Finding people", 0.5)
    assert job.state.detail == "30 of 60 frames, 12/s, 1:15 left"
    _poll_until(job, lambda: job.state.final is not None)
    job.on_end(job)
    state = bpy.context.window_manager.mpsnet
    assert [(person.label, person.is_chosen) for person in state.people] == [("Person 1", True), ("Person 2", True)]
    assert sum(thing.type == "ARMATURE" for thing in bpy.data.objects) == 2
    assert state.notice.startswith("Imported 2 people and the camera")
    assert state.warning.startswith("The floor was not seen.") and "dance.mp4" in state.warning


@pytest.fixture
def fractions_after(extension):
    """Return a function that gives what the panel's bar shows after each of some progresses (keyword arguments)."""
    timer, protocol = extension("scene.capture.job_timer"), extension("shared.protocol")

    def shown(*progresses):
        states = [timer.JobState("Job")]
        for progress in progresses:
            states.append(timer.advance_state(states[-1], protocol.Progress(**progress)))
        return [state.fraction for state in states[1:]]

    return shown


def test_one_bar_shows_the_whole_capture_where_the_share_is_known(fractions_after):
    stages = ({"stage": "Finding people", "done": 30, "total": 60, "job_share": 0.4},
              {"stage": "Looking again", "done": 0, "total": 10, "job_share": 0.4},
              {"stage": "Solving motion", "done": 1, "total": 0, "job_share": 0.9})
    assert fractions_after(*stages) == [0.4, 0.4, 0.9]


def test_one_bar_shows_the_whole_set_up(fractions_after):
    stages = (("environment", 1, 1), ("packages", 0, 171), ("packages", 171, 171), ("installing", 8, 16), ("models", 1, 1))
    shown = fractions_after(*(dict(zip(("stage", "done", "total"), stage)) for stage in stages))
    assert shown == pytest.approx([0.1, 0.1, 0.6, 0.75, 1.0])


def test_people_without_a_check_mark_stay_out(start_job, tmp_path, empty_scene):
    empty_scene.mpsnet.import_when_done = False
    folder = write_capture(tmp_path / "capture", [random_motion(5), random_motion(5, seed=1)], video="/nowhere/dance.mp4")
    job = start_job("capture", str(folder))
    _poll_until(job, lambda: job.state.final is not None)
    job.on_end(job)
    assert not bpy.data.objects
    state = bpy.context.window_manager.mpsnet
    assert (state.notice, state.warning) == ("2 people found.", "The floor was not seen.")
    state.people[0].is_chosen = False
    bpy.ops.mpsnet.import_people()
    assert [thing.name for thing in bpy.data.objects if thing.type == "ARMATURE"] == ["dance person 2"]


def test_a_dead_backend_is_reported_with_its_log(start_job):
    job = start_job("crash")
    _poll_until(job, lambda: job.state.final is not None)
    job.on_end(job)
    state = bpy.context.window_manager.mpsnet
    assert "exit code 7" in state.error_message and "smoke" in state.error_log_tail
    assert "smoke" in Path(state.error_log_path).read_text()
    assert bpy.ops.mpsnet.open_log() == {"FINISHED"}
    bpy.ops.mpsnet.dismiss_error()
    assert state.error_message == ""


def test_a_reported_error_keeps_its_advice(start_job):
    job = start_job("error")
    _poll_until(job, lambda: job.state.final is not None)
    job.on_end(job)
    state = bpy.context.window_manager.mpsnet
    assert state.error_message == "Cannot read clip.mp4: no video stream."
    assert state.error_advice == "Re-encode it as MP4 (H.264)."


def test_a_cancelled_process_ends_by_itself(start_job, extension, monkeypatch):
    monkeypatch.setattr(extension("client.backend_process"), "TERMINATE_AFTER", 2 * LONG)      # nobody helps
    job = start_job("wait")
    _poll_until(job, lambda: job.state.fraction is not None)
    job.cancel()
    assert job.state.is_cancelling and job.state.final is None
    _poll_until(job, lambda: not job.process.is_running and job.state.final is not None)
    assert job.process.exit_code == 130
    job.on_end(job)
    assert bpy.context.window_manager.mpsnet.notice == "The capture was cancelled."
    assert bpy.context.window_manager.mpsnet.error_message == ""


def test_a_dropped_video_is_chosen_for_the_next_capture(empty_scene):
    bpy.ops.mpsnet.choose_video(filepath="/videos/clip.mov")
    assert empty_scene.mpsnet.video == "/videos/clip.mov"
    handler = bpy.types.FileHandler.bl_rna_get_subclass_py("MPSNET_FH_video")
    assert {".mp4", ".mov"} <= set(handler.bl_file_extensions.split(";"))


def test_a_script_waits_for_the_end(start_job, tmp_path, extension):
    folder = write_capture(tmp_path / "capture", [random_motion(5)])
    job = start_job("capture", str(folder))
    assert extension("scene.capture.job_timer").run_to_end(job).path == str(folder)


def test_a_running_job_survives_a_new_file_but_does_not_import_into_it(start_job, tmp_path, extension):
    folder = write_capture(tmp_path / "capture", [random_motion(5)])
    job_timer = extension("scene.capture.job_timer")
    job = start_job("capture", str(folder))
    job_timer.start(job)
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    assert job_timer.running_job() is job and job.process.is_running
    _poll_until(job, lambda: job.state.final is not None)
    job.on_end(job)
    assert not bpy.data.objects and len(bpy.context.window_manager.mpsnet.people) == 1
    job_timer.stop()


def test_unregistering_ends_a_running_job_and_its_process(start_job, extension):
    registration, job_timer = extension("registration"), extension("scene.capture.job_timer")
    job = start_job("wait")
    job_timer.start(job)
    registration.unregister()
    try:
        assert job_timer.running_job() is None and not job.process.is_running
    finally:
        registration.register()


def test_a_backend_that_shows_no_life_any_more_is_told_with_what_to_do(start_job, extension, monkeypatch):
    monkeypatch.setattr(extension("client.backend_process"), "SILENT_AFTER", 0.3)
    job = start_job("silent")
    _poll_until(job, lambda: job.state.trouble)
    assert job.state.trouble == ("No sign of life for 0 s: the backend hangs, or the computer is overloaded. Wait, or cancel and "
                                 "start again: a capture then goes on where it was.")
    job.cancel()
    assert (job.state.detail, job.state.trouble) == ("Stopping", "")
    _poll_until(job, lambda: job.state.final is not None)
    assert job.state.trouble == ""


def test_the_preferences_button_removes_what_captures_keep(extension, cache, empty_scene):
    entry = cache / ("f" * 32)
    entry.mkdir()
    (entry / "state.npz").write_bytes(bytes(1000))
    assert extension("shared.cache_folder").measure_cache(cache) == 1000
    assert bpy.ops.mpsnet.clear_cache() == {"FINISHED"}
    assert list(cache.iterdir()) == []

"""Cancelling and killing a capture in each of its stages."""

import os
import signal
import subprocess
import sys
import time

import pytest

from backend.video.frames import open_span, read_frames
from mpsnet_blender.client import backend_process
from mpsnet_blender.shared.capture_listing import CaptureListing, ListedPerson, write_listing
from mpsnet_blender.shared.motion_file import read_motion
from mpsnet_blender.shared.protocol import Cancelled, Error, Hello, Log, Progress, Result
from tests.backend.videos import write_video
from tests.waiting import LONG, comes_true

FINDING, DRAWING = "Finding people", "Drawing preview"


@pytest.fixture(scope="session")
def clip(sample_clip, tmp_path_factory):
    """A person who stands still for a moment and then disappears: found fast, with a long preview."""
    picture = next(read_frames(open_span(sample_clip, 2.0))).image
    empty = picture.copy()
    empty[:] = 128
    return write_video(tmp_path_factory.mktemp("clip") / "short.mp4", [picture] * 24 + [empty] * 130, fps=60)


@pytest.fixture
def place(tmp_path):
    """The empty folder in which captures go to `out`."""
    (tmp_path / "place").mkdir()
    return tmp_path / "place"


@pytest.fixture
def start_capture(start_backend, clip, place):
    def start(stage):
        """Start a capture to `place / "out"` and return it once it has got somewhere in that stage."""
        process = start_backend("capture", clip, "--output", place / "out", "--preview")
        for message in process.messages():
            assert isinstance(message, Hello | Progress | Log), message     # a log: that the picture changes as at a cut
            if isinstance(message, Progress) and message.stage == stage and message.done:
                return process
        raise AssertionError(f"the capture was never {stage}")
    return start


def tree_of(process):
    """Return the ids of the process and its children that still run."""
    group = process._process.pid
    alive = []
    for entry in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{entry}/stat") as stat:
                state, _, its_group = stat.read().rpartition(")")[2].split()[:3]
        except OSError:
            continue
        if int(its_group) == group and state != "Z":
            alive.append(int(entry))
    return alive


def assert_it_stops_in_that_stage(process, stage):
    """The process, which was asked to stop, ends by itself before that stage is done, and leaves no files or processes."""
    *others, final = process.messages()
    assert type(final) is Cancelled and process.wait(LONG) and process.exit_code == 130
    assert all(isinstance(other, Progress) and other.stage == stage and other.done < other.total for other in others)
    assert comes_true(lambda: tree_of(process) == [])


@pytest.mark.parametrize("stage", [FINDING, DRAWING])
def test_closing_stdin_stops_it_in_its_stage_and_nothing_is_left(start_capture, place, stage):
    process = start_capture(stage)
    process._process.stdin.close()      # without the parent's help, which comes later
    assert_it_stops_in_that_stage(process, stage)
    assert list(place.iterdir()) == []


def test_sigterm_stops_it_in_its_stage_and_nothing_is_left(start_capture, place):
    process = start_capture(FINDING)
    os.kill(process._process.pid, signal.SIGTERM)
    assert_it_stops_in_that_stage(process, FINDING)
    assert list(place.iterdir()) == []


def test_a_stopped_process_that_is_cancelled_goes_on_to_stop_itself(start_capture, place, monkeypatch):
    monkeypatch.setattr(backend_process, "TERMINATE_AFTER", LONG)       # a busy machine takes longer than an idle one is given
    monkeypatch.setattr(backend_process, "KILL_AFTER", LONG)
    process = start_capture(FINDING)
    os.killpg(process._process.pid, signal.SIGSTOP)
    time.sleep(0.5)
    process.cancel()
    assert_it_stops_in_that_stage(process, FINDING)
    assert list(place.iterdir()) == []


def seconds_of(action):
    began = time.monotonic()
    action()
    return time.monotonic() - began


def test_a_cancel_is_felt_within_a_second_on_an_idle_machine(start_capture):
    """An idle machine starts a Python with numpy and cv2 in a quarter of a second, however busy this one is now."""
    def start_a_python():
        subprocess.run([sys.executable, "-c", "import numpy, cv2"], check=True)

    def cancel():
        process._process.stdin.close()
        assert process.wait(LONG)

    before, process = seconds_of(start_a_python), start_capture(FINDING)
    seconds = seconds_of(cancel)
    quarter = max(before, seconds_of(start_a_python))
    print(f"cancelled in {seconds:.2f} s, a quarter of a second of an idle machine takes {quarter:.2f} s")
    assert seconds < 4 * quarter


def test_cancel_while_it_is_still_starting_stops_it(start_backend, clip, place):
    process = start_backend("capture", clip, "--output", place / "out")
    assert isinstance(next(process.messages()), Hello)
    process.cancel()
    assert [type(message) for message in process.messages()][-1] is Cancelled
    assert process.wait(LONG) and list(place.iterdir()) == []


@pytest.mark.parametrize("stage", [FINDING, DRAWING])
def test_sigkill_leaves_no_half_file_and_the_next_run_tidies_up(start_capture, start_backend, clip, place, stage):
    process = start_capture(stage)
    process._stop(lambda child: child.kill())
    final = list(process.messages())[-1]
    assert isinstance(final, Error) and final.kind == "BackendDied" and "SIGKILL" in final.message
    assert not (place / "out").exists() and all(path.name.startswith(".out.") for path in place.iterdir())
    if stage == DRAWING:
        after = list(start_backend("capture", clip, "--output", place / "out", "--end", "0.4").messages())
        assert isinstance(after[-1], Result)
        assert [path.name for path in place.iterdir()] == ["out"]


def test_a_killed_run_keeps_the_earlier_capture_and_a_finished_one_replaces_it(start_capture, start_backend, clip, place):
    out = place / "out"
    out.mkdir()
    (out / "notes.txt").write_text("mine")
    (out / "person_01.npz").write_text("earlier")
    write_listing(out / "people.json", CaptureListing(people=(ListedPerson(1, "person_01.npz"),)))
    process = start_capture(DRAWING)
    process.kill()
    assert (out / "person_01.npz").read_text() == "earlier" and (out / "notes.txt").read_text() == "mine"
    messages = list(start_backend("capture", clip, "--output", out, "--end", "0.4").messages())
    assert isinstance(messages[-1], Result) and read_motion(out / "person_01.npz").frame_count >= 20
    assert sorted(path.name for path in out.iterdir()) == ["notes.txt", "people.json", "person_01.jpg", "person_01.npz"]

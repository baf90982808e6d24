"""A capture that was interrupted goes on where it was, and finds exactly what an uninterrupted one finds."""

import os
import shutil
import threading
import time
from dataclasses import fields, replace

import numpy as np
import pytest

from backend.base.errors import CancelRequested
from backend.base.reporter import Reporter
from backend.camera.viewpoint import FOLLOW
from backend.finding import find_people as finding
from backend.finding import kept_finding
from backend.finding.identity import identify_finding, list_program_files
from backend.hands import reader
from backend.video.frames import VideoSpan, open_span
from mpsnet_blender.shared.capture_request import CaptureRequest
from mpsnet_blender.shared.protocol import Log, Progress

FRAMES = 40


class Interrupting:
    """A sink that stores log messages, and interrupts when so many frames are done."""

    def __init__(self, at=None):
        self.at, self.logs, self.done = at, [], []

    def send(self, message):
        if isinstance(message, Log):
            self.logs.append((message.level, message.message))
        if isinstance(message, Progress) and message.stage == finding.FIND:
            self.done.append(message.done)
            if message.done == self.at:
                raise CancelRequested


@pytest.fixture(scope="module")
def clip(sample_clip, tmp_path_factory):
    return shutil.copy(sample_clip, tmp_path_factory.mktemp("clip") / "clip.mp4")


@pytest.fixture(autouse=True)
def every_message_and_file(monkeypatch):
    """Each frame is reported, and what is found goes to files soon and often."""
    monkeypatch.setattr("backend.base.reporter._REPORTS_PER_SECOND", 1e9)
    monkeypatch.setattr(finding, "_WRITTEN_EVERY_SECONDS", 0.2)
    monkeypatch.setattr(kept_finding, "_SETTLED_SECONDS", 0.4)


@pytest.fixture
def find(models_folder, clip):
    def find(cache, sink=None, beside=give_scenery, **options):
        request = CaptureRequest(**{"end_seconds": FRAMES / 30, **options})
        span = open_span(clip, request.start_seconds, request.end_seconds)
        _, (shot,) = finding.find_people(span, request, models_folder, cache, Reporter(sink or Interrupting()), beside)
        return shot
    return find


def give_scenery(scenery, _clock, _shots):
    """Return the background that was gathered, while people are looked at again."""
    return scenery


def contents(shot):
    """Return all that was found in a shot, as bytes."""
    found, scenery = shot
    trails, lines = scenery.trails, scenery.lines
    arrays = [found.clock.frame_index, found.clock.timestamps, trails.row, trails.point, trails.xy, lines.lines, lines.row]
    arrays += [np.asarray(getattr(track, field.name)) for track in found.tracks for field in fields(track)]
    arrays += [getattr(found.hands, field.name) for field in fields(found.hands)]
    return [(array.dtype, array.shape, array.tobytes()) for array in arrays], lines.pictures, scenery.cuts


@pytest.fixture(scope="module")
def kept(tmp_path_factory):
    """The cache of the run without an interruption."""
    return tmp_path_factory.mktemp("kept")


@pytest.fixture(scope="module")
def expected(models_folder, clip, kept):
    """What is found without an interruption."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(kept_finding, "_SETTLED_SECONDS", 0.4)
        request = CaptureRequest(end_seconds=FRAMES / 30)
        span = open_span(clip, 0.0, request.end_seconds)
        _, (shot,) = finding.find_people(span, request, models_folder, kept, Reporter(Interrupting()), give_scenery)
        return contents(shot)


def read_nothing(*_arguments):
    raise AssertionError("the video was read again")


def test_what_runs_beside_the_second_look_has_the_whole_background_and_the_times_of_all_frames(find, expected, kept, tmp_path):
    shutil.copytree(kept, tmp_path, dirs_exist_ok=True)
    given = []
    found, _ = find(tmp_path, beside=lambda *arguments: given.append((*arguments, threading.current_thread())))
    ((scenery, clock, shots, thread),) = given
    assert thread is not threading.main_thread() and shots == 1
    assert contents((replace(found, clock=clock), scenery)) == expected


def test_a_cancel_is_felt_while_something_runs_beside_the_second_look(find, kept, tmp_path):
    shutil.copytree(kept, tmp_path, dirs_exist_ok=True)
    sink = Interrupting()
    send = sink.send

    def send_or_cancel(message):
        send(message)
        if isinstance(message, Progress) and message.stage == FOLLOW:
            raise CancelRequested

    sink.send = send_or_cancel
    with pytest.raises(CancelRequested):
        find(tmp_path, sink, beside=lambda *_: time.sleep(0.5))


@pytest.mark.parametrize("first", [17, 18])     # frames 16 and 17: the tracker reads one of them, and rests in the other
def test_what_was_interrupted_twice_equals_what_was_not_bit_for_bit(find, expected, tmp_path, first):
    for at in (first, 32):
        with pytest.raises(CancelRequested):
            find(tmp_path, Interrupting(at))
    last = Interrupting()
    assert contents(find(tmp_path, last)) == expected
    assert ("info", "Going on at 80 %: 32 of 40 frames were read before.") in last.logs
    assert last.done[0] == 32 and last.done[-1] == FRAMES
    (entry,) = tmp_path.iterdir()
    assert len(list(entry.glob("part-*"))) >= 2 and not list(entry.glob("in-use-*"))


def test_a_process_killed_after_its_last_writing_loses_only_what_came_after(find, expected, tmp_path, monkeypatch):
    """A kill leaves a mark, a file that is not counted in, and half a file."""
    with pytest.raises(CancelRequested):
        find(tmp_path, Interrupting(30))
    (entry,) = tmp_path.iterdir()
    (entry / "in-use-999999999-elsewhere").touch()
    os.utime(entry / "in-use-999999999-elsewhere", (1.0, 1.0))
    shutil.copy(next(entry.glob("part-*")), entry / "part-000099-00000000.npz")
    (entry / ".state.npz.7.part").write_bytes(b"half")
    assert contents(find(tmp_path)) == expected
    assert not (entry / "part-000099-00000000.npz").exists()


def test_other_options_of_later_steps_do_not_read_the_video_again(find, expected, kept, tmp_path, monkeypatch):
    shutil.copytree(kept, tmp_path, dirs_exist_ok=True)
    monkeypatch.setattr(finding, "read_frames", read_nothing)
    monkeypatch.setattr("backend.people.second_look.read_frames", read_nothing)
    sink = Interrupting()
    found = find(tmp_path, sink, lifter="analytic", foot_lock=0.0, stature=1.8)
    assert contents(found) == expected
    assert ("info", f"Going on after finding people: all {FRAMES} frames were read before.") in sink.logs


def test_another_span_another_content_and_another_time_of_the_file_are_other_videos(clip, tmp_path):
    video = shutil.copy2(clip, tmp_path / "other name.mp4")
    keys = [identify_finding(open_span(*span), True, True) for span in ((clip,), (video,), (clip, 0.0, 1.0), (clip, 0.5))]
    assert keys[0] == keys[1] and len(set(keys)) == 3
    os.utime(video, (1.0, 1.0))
    keys.append(identify_finding(open_span(video), True, True))
    content = bytearray(video.read_bytes())
    content[len(content) // 2] ^= 1
    video.write_bytes(content)
    os.utime(video, (1.0, 1.0))
    keys.append(identify_finding(VideoSpan(video, (640, 360), 30.0, 240), True, True))
    assert len(set(keys)) == 5


def test_a_finding_without_hands_or_with_rests_is_another_one(clip):
    choices = [(reads_hands, rests) for reads_hands in (True, False) for rests in (True, False)]
    assert len({identify_finding(open_span(clip), *choice) for choice in choices}) == 4


def test_only_code_that_reads_the_video_counts():
    names = {f"{path.parent.name}/{path.name}" for path in list_program_files()}
    assert {"hands/reader.py", "hands/landmarks.py", "people/tracking.py", "finding/kept_finding.py"} <= names
    assert not {name for name in names if name.startswith(("fingers/", "body/", "engines/"))}


def test_hands_are_read_unless_they_are_not_wanted(find, expected, tmp_path, monkeypatch):
    monkeypatch.setattr(reader, "LEAST_PIXELS", 20)     # those of the sample clip begin with 35
    read = find(tmp_path)[0].hands
    assert (np.bincount(read.frame_index, minlength=FRAMES) > 0).mean() > 0.3        # every third frame
    assert np.hypot(*(read.xy[:, 0] - read.wrist).T).max() < 30
    unread, _ = find(None, hands=False)
    assert len(unread.hands.frame_index) == 0
    assert [track.xy.tobytes() for track in unread.tracks] == [track.xy.tobytes() for track in find(tmp_path)[0].tracks]


def cut(content):
    return content[:-30]


def change(content):
    return content[:600] + bytes(255 - byte for byte in content[600:1200]) + content[1200:]


@pytest.mark.parametrize(("name", "damage"), [("state.npz", cut), ("part-*.npz", change), ("people-*.npz", change)])
def test_damaged_files_are_not_used_and_the_result_is_the_same(find, expected, kept, tmp_path, name, damage):
    shutil.copytree(kept, tmp_path, dirs_exist_ok=True)
    (entry,) = tmp_path.iterdir()
    path = next(entry.glob(name))
    path.write_bytes(damage(path.read_bytes()))
    sink = Interrupting()
    assert contents(find(tmp_path, sink)) == expected
    is_read_again = name != "people-*.npz"
    assert any("has kept is damaged" in words for _, words in sink.logs) == is_read_again


def test_an_entry_that_another_process_uses_is_left_alone(find, expected, tmp_path):
    with pytest.raises(CancelRequested):
        find(tmp_path, Interrupting(30))
    (entry,) = tmp_path.iterdir()
    (entry / "in-use-1-elsewhere").touch()
    before = {path.name: path.read_bytes() for path in entry.iterdir()}
    assert contents(find(tmp_path)) == expected
    assert {path.name: path.read_bytes() for path in entry.iterdir()} == before


def test_a_full_disk_is_said_once_and_loses_nothing(find, expected, tmp_path, monkeypatch):
    def fail(*_arguments, **_arrays):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(kept_finding.np, "savez", fail)
    sink = Interrupting()
    assert contents(find(tmp_path, sink)) == expected
    assert [words for level, words in sink.logs if level == "warning"] == [
        "What is found cannot be kept (No space left on device): a capture that is interrupted will start from the beginning."]
    assert list(tmp_path.iterdir()) == []

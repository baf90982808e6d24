"""`batch`: many videos, each in a separate process."""

import os
import time
from pathlib import Path

import pytest

from backend.base.errors import BatchError
from backend.commands.batch import Batch, capture_all, find_videos, is_captured, plan_folders
from backend.video.frames import open_span, read_frames
from mpsnet_blender.shared.capture_listing import read_listing, write_listing
from mpsnet_blender.shared.capture_request import OPTIONS, CaptureRequest
from mpsnet_blender.shared.command_line import command_line_parser, make_request
from mpsnet_blender.shared.protocol import Cancelled, Error, Log, Progress, Result
from tests.backend.output.made_captures import listing_of
from tests.backend.videos import grey_pictures, write_video
from tests.waiting import LONG


@pytest.fixture(scope="module")
def person(sample_clip):
    return next(read_frames(open_span(sample_clip, 2.0))).image


@pytest.fixture
def videos(tmp_path, person):
    """A folder with two videos of a person, one of nobody, a damaged one, and notes."""
    folder = tmp_path / "videos"
    folder.mkdir()
    write_video(folder / "a.mp4", [person] * 24)
    write_video(folder / "b.avi", [person] * 24, fourcc="MJPG")
    write_video(folder / "empty.mp4", grey_pictures(20))
    (folder / "damaged.mp4").write_bytes(b"no video")
    (folder / "notes.txt").write_text("mine")
    return folder


def test_one_that_fails_does_not_stop_the_rest_and_a_second_run_skips_what_is_done(start_backend, videos, tmp_path):
    out = tmp_path / "out"
    messages = list(start_backend("batch", videos, "--output", out, "--height", "1.8").messages())
    assert isinstance(messages[-1], Error) and "2 of 4 videos could not be captured" in messages[-1].message
    assert sorted(path.name for path in out.iterdir()) == ["a", "b"]
    assert all((out / name / "person_01.npz").is_file() for name in "ab")
    assert read_listing(out / "a" / "people.json").stature == 1.8
    summary = [message.message for message in messages if isinstance(message, Log)][-4:]
    assert summary[0].startswith("a.mp4: 1 person captured.") and summary[1].startswith("b.avi: 1 person captured.")
    assert "is not a video" in summary[2] and "Nobody was found" in summary[3]
    made = (out / "a" / "people.json").stat().st_mtime_ns
    for name in ("damaged.mp4", "empty.mp4"):
        (videos / name).unlink()
    again = start_backend("batch", videos, "--output", out)
    messages = list(again.messages())
    assert messages[-1] == Result(str(out), "0 captured, 2 captured before.")
    assert again.wait(LONG) and again.exit_code == 0 and (out / "a" / "people.json").stat().st_mtime_ns == made


def test_cancel_stops_the_running_capture_and_leaves_no_half_of_it(start_backend, tmp_path, person):
    videos, out = tmp_path / "videos", tmp_path / "out"
    videos.mkdir()
    for name in ("a.mp4", "b.mp4"):
        write_video(videos / name, [person] * 400)
    process = start_backend("batch", videos, "--output", out)
    assert any(isinstance(message, Progress) and message.done for message in process.messages())
    process._process.stdin.close()          # without the parent's help, which comes later
    after = list(process.messages())
    assert isinstance(after[-1], Cancelled) and not any(isinstance(message, Result) for message in after)
    assert process.wait(LONG) and process.exit_code == 130
    assert not out.exists() or list(out.iterdir()) == []


def test_a_capture_that_crashes_counts_as_failed(tmp_path):
    class Listener:
        def __init__(self):
            self.lines = []

        def log(self, _level, line):
            self.lines.append(line)

        def check(self):
            pass

    (tmp_path / "a.mp4").write_bytes(b"")
    crash = ["python3", "-c", "import os, signal; os.kill(os.getpid(), signal.SIGKILL)"]
    listener = Listener()
    with pytest.raises(BatchError, match=r"1 of 1 videos could not be captured: a\.mp4"):
        capture_all(Batch((tmp_path / "a.mp4",), tmp_path / "out", lambda video, folder: crash), listener)
    assert "signal SIGKILL" in listener.lines[-1]


def test_videos_are_named_or_found_right_in_a_folder_each_once(videos, tmp_path):
    (videos / "deeper").mkdir()
    write_video(videos / "deeper" / "c.mp4", grey_pictures(2))
    (videos / ".hidden.mp4").write_bytes(b"")
    found = find_videos((videos / "b.avi", videos, tmp_path / "missing.mp4"))
    assert [path.name for path in found] == ["b.avi", "a.mp4", "damaged.mp4", "empty.mp4", "missing.mp4"]
    (tmp_path / "nothing").mkdir()
    with pytest.raises(BatchError, match="There are no videos"):
        find_videos((tmp_path / "nothing",))


def write_empty_capture(folder, video):
    folder.mkdir(parents=True)
    (folder / "person_01.npz").write_bytes(b"")
    write_listing(folder / "people.json", listing_of(1, video=str(video)))


def test_videos_of_one_name_and_captures_of_others_get_separate_folders(tmp_path):
    first, second, third = tmp_path / "x" / "clip.mp4", tmp_path / "y" / "clip.mp4", tmp_path / "y" / "clip.mov"
    out = tmp_path / "out"
    write_empty_capture(out / "clip", second)
    planned = plan_folders([first, second, third], out)
    assert planned == [(first, out / "clip-2"), (second, out / "clip"), (third, out / "clip-3")]


def test_a_capture_is_done_if_it_is_complete_and_newer_than_its_video(tmp_path):
    video, folder = tmp_path / "clip.mp4", tmp_path / "out" / "clip"
    video.write_bytes(b"")
    write_empty_capture(folder, video)
    assert is_captured(video, folder)
    later = time.time() + 100
    os.utime(video, (later, later))
    assert not is_captured(video, folder)
    os.utime(video, (0, 0))
    (folder / "person_01.npz").unlink()
    assert not is_captured(video, folder) and not is_captured(video, tmp_path / "nothing")


def test_every_option_of_a_capture_reaches_it(tmp_path):
    words = ["--engine", "mpsnet", "--people", "2", "--height", "1.85", "--fov", "60", "--start", "1.5", "--end", "9",
             "--device", "cpu", "--lifter", "analytic", "--no-refine", "--foot-lock", "0.5", "--preview", "--quality", "best"]
    asked = command_line_parser().parse_args(["--models", "m", "batch", "videos", "--output", "out", *words])
    _, _, _, *capture = Batch.of_command_line(asked, tmp_path / "checkpoints").command(tmp_path / "a.mp4", tmp_path / "a")
    asked_of_the_child = command_line_parser().parse_args(capture)
    assert asked_of_the_child.command == "capture" and asked_of_the_child.video == tmp_path / "a.mp4"
    assert (asked_of_the_child.models, asked_of_the_child.checkpoints) == (Path("m"), tmp_path / "checkpoints")
    request = make_request(asked_of_the_child)
    assert request == CaptureRequest(
        engine="mpsnet", people=2, stature=1.85, fov_degrees=60.0, start_seconds=1.5, end_seconds=9.0, device="cpu",
        lifter="analytic", refine=False, foot_lock=0.5, preview=True, quality="best")
    assert all(getattr(request, name) != option.default for name, option in OPTIONS.items()), "give each option here a value"

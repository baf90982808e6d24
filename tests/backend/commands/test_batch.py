"""`batch`: many videos, each in a separate process."""

import os
import sys
import time
from pathlib import Path

import pytest

from backend.base.errors import BatchError
from backend.batch.attempts import RECORD_FILE, BatchRecord
from backend.batch.report import REPORT_FILE
from backend.batch.videos import Job, describe_state, find_videos, plan_folders
from backend.commands.batch import Batch, capture_all
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
    assert sorted(path.name for path in out.iterdir()) == ["a", "b", RECORD_FILE, REPORT_FILE]
    assert all((out / name / "person_01.npz").is_file() for name in "ab")
    assert read_listing(out / "a" / "people.json").stature == 1.8
    summary = [message.message for message in messages if isinstance(message, Log)][-5:]
    assert summary[0].startswith("a.mp4: 1 person captured.") and summary[1].startswith("b.avi: 1 person captured.")
    assert "is not a video" in summary[2] and "Nobody was found" in summary[3]
    made = (out / "a" / "people.json").stat().st_mtime_ns
    messages = list(start_backend("batch", videos, "--output", out, "--height", "1.8").messages())
    summary = [message.message for message in messages if isinstance(message, Log)]
    assert len(summary) == 5, "no capture was tried"
    assert "captured before" in summary[0] and "failed before, not tried again" in summary[2] and "Nobody was found" in summary[3]
    assert "2 of 4 videos could not be captured" in messages[-1].message
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
    assert [path.name for path in out.iterdir()] == [REPORT_FILE]
    assert (out / REPORT_FILE).read_text().count("Not captured yet.") == 2


class Listener:
    """A reporter that keeps the lines of the log."""

    def __init__(self):
        self.lines = []

    def log(self, _level, line):
        self.lines.append(line)

    def check(self):
        pass


def run(videos, out, script, **choices):
    """Run a batch whose captures are a Python script with the video and the folder as arguments; return the log's lines."""
    listener = Listener()
    batch = Batch(tuple(videos), out, lambda video, folder: [sys.executable, "-c", script, str(video), str(folder)], **choices)
    try:
        capture_all(batch, listener)
    except BatchError as error:
        listener.lines.append(str(error))
    return listener.lines


SEND = f"""
import os, signal, sys
from pathlib import Path
sys.path.insert(0, {str(Path(__file__).resolve().parents[3])!r})
from mpsnet_blender.shared.protocol import Error, Result, encode
from tests.backend.output.made_captures import write_capture
video, folder = map(Path, sys.argv[1:])
def send(message):
    sys.stdout.buffer.write(encode(message)); sys.stdout.buffer.flush()
def count():
    with open(video.with_suffix(".tries"), "a") as stream:
        stream.write("x")
    return os.path.getsize(video.with_suffix(".tries"))
"""
CAPTURE = SEND + "count(); write_capture(folder, video=str(video)); send(Result(str(folder), '1 person captured.'))"
KILLED = SEND + "count(); os.kill(os.getpid(), signal.SIGKILL)"
KILLED_ONCE = SEND + """
if count() == 1: os.kill(os.getpid(), signal.SIGKILL)
write_capture(folder, video=str(video)); send(Result(str(folder), '1 person captured.'))
"""


def failing(kind):
    return SEND + f"count(); send(Error({kind!r}, 'It is broken.', 'Mend it.'))"


def tries(video):
    counted = video.with_suffix(".tries")
    return counted.stat().st_size if counted.exists() else 0


@pytest.fixture
def video(tmp_path):
    (tmp_path / "a.mp4").write_bytes(b"")
    return tmp_path / "a.mp4"


def test_a_capture_that_is_killed_is_tried_once_more_and_again_by_the_next_run(video, tmp_path):
    lines = run([video], tmp_path / "out", KILLED)
    assert "1 of 1 videos could not be captured: a.mp4" in lines[-1] and "signal SIGKILL" in lines[-3] and tries(video) == 2
    run([video], tmp_path / "out", KILLED)
    assert tries(video) == 4


def test_a_capture_that_is_killed_and_then_succeeds_is_no_failure(video, tmp_path):
    lines = run([video], tmp_path / "out", KILLED_ONCE)
    assert "It is tried once more" in lines[1] and "1 person captured." in lines[2] and tries(video) == 2
    assert not BatchRecord(tmp_path / "out", "", "0").find(video).has_failed


@pytest.mark.parametrize(("kind", "expected"), [
    ("VideoError", 1), ("NobodyFoundError", 1), ("OptionError", 1),
    ("VideoAccessError", 2), ("OutputError", 2), ("MemoryError", 2), ("ModelError", 2), ("KeyError", 2)])
def test_only_failures_that_lie_in_the_video_or_the_options_are_remembered(video, tmp_path, kind, expected):
    run([video], tmp_path / "out", failing(kind))
    lines = run([video], tmp_path / "out", failing(kind))
    assert tries(video) == expected and "1 of 1 videos could not be captured" in lines[-1]
    assert "It is broken. Mend it." in lines[-3]
    assert ("not tried again (--retry" in lines[-3]) == (expected == 1)


def test_a_remembered_failure_is_tried_again_where_video_options_or_version_changed_or_at_request(video, tmp_path, monkeypatch):
    out, broken = tmp_path / "out", failing("VideoError")
    run([video], out, broken)
    run([video], out, broken, options="--height 1.8")
    assert tries(video) == 2
    run([video], out, broken, options="--height 1.8")
    assert tries(video) == 2
    run([video], out, broken, options="--height 1.8", retry=True)
    assert tries(video) == 3
    video.write_bytes(b"longer")
    run([video], out, broken, options="--height 1.8")
    assert tries(video) == 4
    monkeypatch.setattr("backend.commands.batch._read_version", lambda: "99.0.0")
    run([video], out, broken, options="--height 1.8")
    assert tries(video) == 5
    run([video], out, CAPTURE, retry=True)
    assert tries(video) == 6 and not BatchRecord(out, "", "0").find(video).has_failed


def test_a_video_that_is_missing_is_looked_for_by_every_run(tmp_path):
    missing = tmp_path / "a.mp4"
    for expected in (1, 2):
        run([missing], tmp_path / "out", failing("VideoError"))
        assert tries(missing) == expected


def test_a_video_dated_in_the_future_is_captured_once(video, tmp_path):
    later = time.time() + 1e6
    os.utime(video, (later, later))
    for _ in range(2):
        lines = run([video], tmp_path / "out", CAPTURE)
        assert tries(video) == 1
    assert "captured before, skipped" in lines[0]
    os.utime(video, (later + 1, later + 1))
    run([video], tmp_path / "out", CAPTURE)
    assert tries(video) == 2


def test_a_capture_of_a_video_dated_in_the_future_that_no_batch_made_is_not_made_again(video, tmp_path):
    later = time.time() + 1e6
    os.utime(video, (later, later))
    write_empty_capture(tmp_path / "out" / "a", video)
    run([video], tmp_path / "out", CAPTURE)
    assert tries(video) == 0
    os.utime(video, (later + 1, later + 1))
    run([video], tmp_path / "out", CAPTURE)
    assert tries(video) == 1


def test_a_video_replaced_by_an_older_one_is_captured_anew(video, tmp_path):
    run([video], tmp_path / "out", CAPTURE)
    video.write_bytes(b"another video")
    os.utime(video, (1e9, 1e9))
    run([video], tmp_path / "out", CAPTURE)
    assert tries(video) == 2


def test_the_record_is_written_after_every_video(tmp_path):
    videos = [tmp_path / name for name in ("a.mp4", "b.mp4", "c.mp4")]
    for path in videos:
        path.write_bytes(b"")
    script = CAPTURE + f"""
if video.stem == 'b':
    record = Path({str(tmp_path / 'out' / RECORD_FILE)!r}).read_text()
    assert '/a.mp4' in record and '/b.mp4' not in record and '/c.mp4' not in record
    page = (folder.parent / {REPORT_FILE!r}).read_text()
    assert page.count('<article class="captured">') == 1 and page.count('<article class="waiting">') == 2
    (folder / 'seen').write_bytes(b'')
"""
    run(videos, tmp_path / "out", script)
    assert (tmp_path / "out" / "b" / "seen").exists()


@pytest.mark.parametrize("content", [b"", b"{}", b"[1]", b"mine", b'{"format": "other", "attempts": []}', b"[" * 100_000,
                                     b'{"format": "mpsnet-batch-1", "attempts": [{"video": 3}]}'])
def test_a_record_that_is_damaged_or_another_programs_stops_the_batch_and_stays(video, tmp_path, content):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / RECORD_FILE).write_bytes(content)
    lines = run([video], tmp_path / "out", CAPTURE)
    assert len(lines) == 1 and "is damaged, or is not a batch's record" in lines[0] and tries(video) == 0
    assert (tmp_path / "out" / RECORD_FILE).read_bytes() == content


def test_videos_are_named_or_found_right_in_a_folder_each_once(videos, tmp_path):
    (videos / "deeper").mkdir()
    write_video(videos / "deeper" / "c.mp4", grey_pictures(2))
    (videos / ".hidden.mp4").write_bytes(b"")
    found = find_videos((videos / "b.avi", videos, tmp_path / "missing.mp4"))
    assert [path.name for path in found] == ["b.avi", "a.mp4", "damaged.mp4", "empty.mp4", "missing.mp4"]
    (tmp_path / "nothing").mkdir()
    with pytest.raises(BatchError, match="There are no videos"):
        find_videos((tmp_path / "nothing",))


def test_videos_in_subfolders_are_found_at_request_but_not_in_captures_and_hidden_folders(tmp_path):
    shoot = tmp_path / "shoot"
    for name in ("b.mp4", "day1/a.mp4", "day1/cam 2/c.mov", "day1/frames/shot_01.png", "day1/frames/shot_02.png",
                 "out/a/preview.mp4", "out/a/extra/d.mp4", ".trash/old.mp4"):
        (shoot / name).parent.mkdir(parents=True, exist_ok=True)
        (shoot / name).write_bytes(b"")
    write_listing(shoot / "out" / "a" / "people.json", listing_of(1, video="a.mp4"))
    assert find_videos((shoot,)) == [shoot / "b.mp4"]
    assert find_videos((shoot,), recursive=True) == [shoot / name for name in (
        "b.mp4", "day1/a.mp4", "day1/cam 2/c.mov", "day1/frames/shot_##.png")]
    with pytest.raises(BatchError, match="There are no videos") as told:
        find_videos((shoot / "out",))
    assert "--recursive looks into its subfolders" in told.value.advice
    asked = command_line_parser().parse_args(["batch", "shoot", "--output", "out", "--recursive"])
    assert Batch.of_command_line(asked, tmp_path).recursive


def test_numbered_pictures_with_gaps_fail_alone(start_backend, videos, tmp_path, person):
    """They are tried again when the missing ones are there."""
    for name in ("b.avi", "empty.mp4", "damaged.mp4"):
        (videos / name).unlink()
    for number in (1, 2, 4):
        (videos / f"shot_{number}.png").write_bytes(b"")
    messages = list(start_backend("batch", videos, "--output", tmp_path / "out").messages())
    assert "1 of 2 videos could not be captured: shot_#.png." in messages[-1].message
    lines = [message.message for message in messages if isinstance(message, Log)]
    assert any(line.startswith("a.mp4: 1 person captured.") for line in lines)
    assert any(line.startswith("shot_#.png: failed. Of the pictures") and "numbers are missing: 3." in line for line in lines)
    assert BatchRecord(tmp_path / "out", "", "0").lasting_failure(Job(videos / "shot_#.png", tmp_path / "out" / "shot")) is None


def write_empty_capture(folder, video):
    folder.mkdir(parents=True)
    (folder / "person_01.npz").write_bytes(b"")
    write_listing(folder / "people.json", listing_of(1, video=str(video)))


def test_videos_of_one_name_and_captures_of_others_get_separate_folders(tmp_path):
    first, second, third = tmp_path / "x" / "clip.mp4", tmp_path / "y" / "clip.mp4", tmp_path / "y" / "clip.mov"
    out = tmp_path / "out"
    write_empty_capture(out / "clip", second)
    planned = plan_folders([first, second, third], out)
    assert planned == [Job(first, out / "clip-2"), Job(second, out / "clip"), Job(third, out / "clip-3")]


def test_a_capture_is_done_if_it_is_complete_and_newer_than_its_video(tmp_path):
    job = Job(tmp_path / "clip.mp4", tmp_path / "out" / "clip")
    job.video.write_bytes(b"")
    write_empty_capture(job.folder, job.video)
    record = BatchRecord(tmp_path / "out", "", "0")
    assert record.is_captured(job)
    os.utime(job.folder / "people.json", (1e9, 1e9))
    assert not record.is_captured(job)
    os.utime(job.video, (0, 0))
    assert record.is_captured(job)
    (job.folder / "person_01.npz").unlink()
    assert not record.is_captured(job) and not record.is_captured(Job(job.video, tmp_path / "nothing"))
    assert describe_state(job.video) == "0 bytes, changed at 0 ns"


def test_numbered_pictures_in_a_folder_are_one_video(tmp_path):
    folder = tmp_path / "videos"
    folder.mkdir()
    (folder / "clip.mp4").write_bytes(b"")
    for number in range(3):
        (folder / f"shot_{number:03d}.png").write_bytes(bytes(number))
        os.utime(folder / f"shot_{number:03d}.png", (0, 0))
    (folder / "cover.png").write_bytes(b"")
    assert [path.name for path in find_videos((folder,))] == ["clip.mp4", "shot_###.png"]
    pictures = folder / "shot_###.png"
    assert plan_folders([pictures], tmp_path / "out") == [Job(pictures, tmp_path / "out" / "shot")]
    assert describe_state(pictures) == "3 pictures, 3 bytes, changed at 0 ns"
    os.utime(folder / "shot_001.png", (10, 10))
    assert describe_state(pictures) == "3 pictures, 3 bytes, changed at 10000000000 ns"


def test_the_pictures_of_people_in_a_captures_folder_are_no_video(tmp_path):
    write_empty_capture(tmp_path / "out", tmp_path / "clip.mp4")
    for number in (1, 2):
        (tmp_path / "out" / f"person_{number:02d}.jpg").write_bytes(b"")
    with pytest.raises(BatchError, match="There are no videos"):
        find_videos((tmp_path / "out",))


def test_every_option_of_a_capture_reaches_it(tmp_path):
    words = ["--engine", "mpsnet", "--people", "2", "--height", "1.85", "--fov", "60", "--start", "1.5", "--end", "9",
             "--device", "cpu", "--lifter", "analytic", "--no-refine", "--foot-lock", "0.5", "--preview", "--quality", "best",
             "--fps", "24", "--no-cache", "--no-hands"]
    folders = ["--models", "m", "--kept-in", "c"]
    asked = command_line_parser().parse_args([*folders, "batch", "videos", "--output", "out", *words])
    _, _, _, *capture = Batch.of_command_line(asked, tmp_path / "checkpoints").command(tmp_path / "a.mp4", tmp_path / "a")
    asked_of_the_child = command_line_parser().parse_args(capture)
    assert asked_of_the_child.command == "capture" and asked_of_the_child.video == tmp_path / "a.mp4"
    assert (asked_of_the_child.models, asked_of_the_child.checkpoints) == (Path("m"), tmp_path / "checkpoints")
    assert asked_of_the_child.cache_folder == Path("c")
    request = make_request(asked_of_the_child)
    assert request == CaptureRequest(
        engine="mpsnet", people=2, stature=1.85, fov_degrees=60.0, start_seconds=1.5, end_seconds=9.0, device="cpu",
        lifter="analytic", refine=False, foot_lock=0.5, preview=True, quality="best", picture_fps=24.0, cache=False,
        hands=False)
    assert all(getattr(request, name) != option.default for name, option in OPTIONS.items()), "give each option here a value"

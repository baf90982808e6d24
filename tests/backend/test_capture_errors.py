import os
import subprocess
import sys

import numpy as np
import pytest

from mpsnet_blender.client.child_process import child_environ
from mpsnet_blender.shared.capture_listing import read_listing
from mpsnet_blender.shared.motion_file import read_motion
from mpsnet_blender.shared.protocol import FINAL_TYPES, Alive, Error, Hello, Progress, Result, decode
from tests.backend.videos import grey_pictures, write_video


@pytest.fixture
def empty_clip(tmp_path):
    """A video without people."""
    return write_video(tmp_path / "empty.mp4", grey_pictures(12, 320, 240))


def messages_of(ended):
    """Return the messages on a finished backend's stdout; every line must be one. Signs of life are left out."""
    messages = (decode(line) for line in ended.stdout.splitlines())
    return [message for message in messages if not isinstance(message, Alive)]


def test_nobody_found_is_an_error_with_a_separate_status(empty_clip, tmp_path, run_backend):
    ended = run_backend("capture", empty_clip, "--output", tmp_path / "out")
    messages = messages_of(ended)
    assert ended.returncode == 3 and isinstance(messages[0], Hello)
    assert [message.kind for message in messages if isinstance(message, FINAL_TYPES)] == ["NobodyFoundError"]
    assert "empty.mp4" in messages[-1].message and messages[-1].advice
    assert sorted(path.name for path in tmp_path.iterdir()) == ["empty.mp4"]


@pytest.mark.parametrize(("video", "kind"), [("nowhere.mp4", "VideoAccessError"), (".", "VideoError")])
def test_a_video_that_cannot_be_read_is_one_error_and_no_folder(video, kind, tmp_path, run_backend):
    ended = run_backend("capture", tmp_path / video, "--output", tmp_path / "out")
    messages = messages_of(ended)
    assert ended.returncode == 1 and [type(message) for message in messages] == [Hello, Error]
    assert messages[-1].kind == kind and messages[-1].advice and "Traceback" not in ended.stderr.decode()
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("wrong", [
    ["--people", "0"], ["--people", "two"], ["--people", "-1"], ["--height", "17"], ["--height", "nan"],
    ["--height", "tall"],
    ["--fov", "0"], ["--fov", "180"], ["--fov", "inf"], ["--start", "-1"], ["--end", "soon"], ["--engine", "magic"],
    ["--unknown"], ["more.mp4"]])
def test_wrong_options_end_with_status_2_and_say_what(wrong, empty_clip, tmp_path, run_backend):
    ended = run_backend("capture", empty_clip, "--output", tmp_path / "out", *wrong)
    messages = messages_of(ended)
    assert ended.returncode == 2 and [type(message) for message in messages] == [Hello, Error]
    assert messages[-1].kind == "UsageError" and wrong[-1] in messages[-1].message and "usage:" in messages[-1].advice
    assert not (tmp_path / "out").exists()


def test_without_an_output_folder_the_options_are_wrong(empty_clip, run_backend):
    ended = run_backend("capture", empty_clip)
    assert ended.returncode == 2 and "--output" in messages_of(ended)[-1].message


def test_an_end_before_the_start_is_an_error(empty_clip, tmp_path, run_backend):
    ended = run_backend("capture", empty_clip, "--output", tmp_path / "out", "--start", "2", "--end", "1")
    assert ended.returncode == 1 and messages_of(ended)[-1].kind == "OptionError"


def test_a_file_in_the_folders_place_is_an_error_and_stays(sample_clip, tmp_path, run_backend):
    (tmp_path / "out").write_text("precious")
    ended = run_backend("capture", sample_clip, "--output", tmp_path / "out", "--end", "0.5")
    assert ended.returncode == 1 and messages_of(ended)[-1].kind == "OutputError"
    assert (tmp_path / "out").read_text() == "precious"


def test_a_damaged_model_is_an_error(sample_clip, tmp_path, environment, run_backend):
    for model in environment.models_folder.glob("*.tflite"):
        (tmp_path / model.name).write_bytes(model.read_bytes()[:-1])
    ended = run_backend("--models", tmp_path, "capture", sample_clip, "--output", tmp_path / "out")
    assert ended.returncode == 1 and messages_of(ended)[-1].kind == "ModelError"


def test_a_path_of_any_letters_works_in_a_locale_without_them(sample_clip, tmp_path, run_backend):
    clip = tmp_path / "Tänzerin läuft 动作.mp4"
    clip.write_bytes(sample_clip.read_bytes())
    environ = child_environ() | {"LC_ALL": "C", "LANG": "C"}
    del environ["PYTHONUTF8"]
    ended = run_backend("capture", clip, "--output", tmp_path / "aus gäbe", "--start", "1", "--end", "1.5", environ=environ)
    assert ended.returncode == 0, ended.stderr
    assert messages_of(ended)[-1] == Result(str(tmp_path / "aus gäbe"), "1 person captured.")
    motion = read_motion(tmp_path / "aus gäbe" / "person_01.npz")
    assert motion.source == str(clip)
    np.testing.assert_array_equal(motion.frame_index, np.arange(30, 45))
    listing = read_listing(tmp_path / "aus gäbe" / "people.json")
    assert listing.video == str(clip) and listing.people[0].first_frame == 30


@pytest.mark.parametrize("terminal", [[], ["--terminal"]])
def test_a_path_that_python_cannot_read_as_text_works(terminal, sample_clip, tmp_path, run_backend):
    clip = tmp_path / "läuft.mp4"
    clip.write_bytes(sample_clip.read_bytes())
    environ = child_environ() | {"LC_ALL": "C", "LANG": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    ended = run_backend(*terminal, "capture", clip, "--output", tmp_path / "gäbe", "--end", "0.6", environ=environ)
    assert ended.returncode == 0, ended.stderr
    assert (tmp_path / "gäbe" / "person_01.npz").is_file()
    assert read_listing(tmp_path / "gäbe" / "people.json").video == str(clip)
    if terminal:
        assert ended.stdout.decode("utf-8").splitlines() == ["1 person captured.", str(tmp_path / "gäbe")]


@pytest.mark.skipif(sys.platform != "linux", reason="only there may a name be any bytes")
def test_a_video_whose_name_is_no_text_is_captured(sample_clip, tmp_path, run_backend):
    clip = os.fsencode(tmp_path) + b"/l\xe4uft.mp4"
    with open(clip, "wb") as stream:
        stream.write(sample_clip.read_bytes())
    ended = run_backend("capture", os.fsdecode(clip), "--output", tmp_path / "out", "--end", "0.6")
    assert messages_of(ended)[-1] == Result(str(tmp_path / "out"), "1 person captured.")
    assert read_listing(tmp_path / "out" / "people.json").video == str(tmp_path / "l\N{REPLACEMENT CHARACTER}uft.mp4")


def test_what_libraries_print_never_reaches_the_messages(sample_clip, tmp_path, run_backend):
    noise = tmp_path / "noise" / "sitecustomize.py"      # runs in the backend before all else
    noise.parent.mkdir()
    noise.write_text("import atexit, os, threading, time\n"
                     "def chatter():\n"
                     "    while True:\n"
                     "        time.sleep(0.05)\n"
                     "        print('printed by a library', flush=True)\n"
                     "        os.write(1, b'written by a C library\\n')\n"
                     "threading.Thread(target=chatter, daemon=True).start()\n"
                     "import builtins; builtins.import_noise = True\n")
    environ = child_environ()
    environ["PYTHONPATH"] = os.pathsep.join([str(noise.parent), environ["PYTHONPATH"]])
    # Until the backend's first line runs, stdout is nobody's yet: what comes before Hello, even on its line, is not counted.
    ended = run_backend("capture", sample_clip, "--output", tmp_path / "out", "--end", "0.7", environ=environ)
    messages = [decode(line) for line in ended.stdout[ended.stdout.index(b"{"):].splitlines()]
    assert isinstance(messages[0], Hello) and isinstance(messages[-1], Result)
    assert b"printed by a library" in ended.stderr and b"written by a C library" in ended.stderr


def test_a_parent_that_stopped_listening_is_no_crash(empty_clip, tmp_path, environment):
    command = environment.backend_command("capture", str(empty_clip), "--output", str(tmp_path / "out"))
    with subprocess.Popen(command, cwd=tmp_path, env=child_environ(), stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE) as process:
        process.stdout.close()
        log = process.stderr.read()
    assert process.returncode == 3 and b"Traceback" not in log and b"Exception" not in log, log


def test_options_reach_the_result(sample_clip, tmp_path, run_backend):
    ended = run_backend("capture", sample_clip, "--output", tmp_path / "out", "--start", "2", "--end", "2.5",
                        "--height", "1.9", "--fov", "90", "--people", "1", "--engine", "keypoints")
    messages = messages_of(ended)
    assert ended.returncode == 0 and any(isinstance(message, Progress) for message in messages)
    listing = read_listing(tmp_path / "out" / "people.json")
    motion = read_motion(tmp_path / "out" / "person_01.npz")
    assert listing.stature == 1.9 and listing.preview is None and len(listing.people) == 1
    assert motion.camera_matrix[0, 0] == pytest.approx(480) and not (tmp_path / "out" / "preview.mp4").exists()
    assert 1.6 < np.ptp(motion.rest_joints[:, 1]) + 1.9 * (0.041 + 0.087) < 2.1

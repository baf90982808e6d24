import ast
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from mpsnet_blender.client import terminal
from mpsnet_blender.client.backend_environment import BackendEnvironment
from mpsnet_blender.client.child_process import EXTENSION_ROOT, child_environ
from mpsnet_blender.client.terminal import ProgressPrinter
from mpsnet_blender.shared.protocol import Error, Progress, Result
from tests.waiting import LONG

CHILD = Path(__file__).with_name("child_script.py")
# Tests that were started in the background of a shell inherit that Ctrl+C is ignored. The backend has all the time that it
# needs: a busy machine must not make it be asked again.
RUN_CHILD = """
import signal, sys
from mpsnet_blender.client import terminal
signal.signal(signal.SIGINT, signal.default_int_handler)
terminal._CLOSE_SECONDS = 60.0
sys.exit(terminal._run_backend(sys.argv[1:], []))
"""


def start_foreground(behaviour, tmp_path):
    return subprocess.Popen([sys.executable, "-c", RUN_CHILD, sys.executable, str(CHILD), behaviour], cwd=tmp_path,
                            env=child_environ(), stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def test_mocap_py_can_be_read_by_an_old_python_so_that_it_can_refuse_it():
    ast.parse((EXTENSION_ROOT / "mocap.py").read_text(), feature_version=(3, 8))


def run_bare(words, tmp_path):
    """Run mocap.py with an empty home, and without any package: -S leaves an environment's out."""
    return subprocess.run([sys.executable, "-S", EXTENSION_ROOT / "mocap.py", *words], cwd=tmp_path, capture_output=True,
                          env=os.environ | {"MPSNET_HOME": str(tmp_path / "home")}, text=True)


@pytest.mark.parametrize(("words", "expected_help"), [
    (["--help"], "usage: mocap.py [-h] COMMAND"), (["evaluate", "--help"], "--release-batching N"),
    (["capture", "-h"], "--engine {auto,keypoints,mpsnet,spin,vibe,tcmr,meva}"), (["convert", "--help"], "--format {bvh,amass}"),
    (["models", "add", "--help"], "mocap.py models add"), (["capture", "v", "--engine", "mpsnet", "--help"], "--foot-lock 0..1")])
def test_help_needs_no_package_and_no_set_up_and_makes_nothing(tmp_path, words, expected_help):
    ended = run_bare(words, tmp_path)
    assert ended.returncode == 0 and expected_help in ended.stdout and ended.stderr == ""
    assert not (tmp_path / "home").exists()


@pytest.mark.parametrize("words", [["--help"], ["capture", "--help"], ["batch", "-h"], ["models", "list", "--help"]])
def test_help_is_the_same_before_and_after_the_set_up(monkeypatch, capsys, tmp_path, words):
    monkeypatch.setenv("MPSNET_HOME", str(tmp_path / "home"))
    outputs = []
    for is_ready in (False, True):
        monkeypatch.setattr(BackendEnvironment, "is_ready", lambda _self, is_ready=is_ready: is_ready)
        with pytest.raises(SystemExit) as ended:
            terminal.main(words)
        assert ended.value.code == 0
        outputs.append(capsys.readouterr().out)
    before, set_up_words, after = outputs[0].partition("The first command sets up what the backend needs")
    assert before.rstrip() == outputs[1].rstrip()
    assert (set_up_words and str(tmp_path / "home") in after) if words == ["--help"] else not set_up_words


@pytest.mark.parametrize(("words", "said"), [
    (["capture", "clip.mp4", "--output", "out", "--eng", "mpsnet", "--end", "0.5"],
     "Error: There is no option --eng: write --engine in full.\nusage: mocap.py capture [-h]"),
    (["capture", "clip.mp4"], "Error: The following arguments are required: --output.\nusage: mocap.py capture [-h]"),
    (["capture", "clip.mp4", "--output", "out", "--height", "17"],
     "Error: Argument --height: '17' is not a height in metres from 0.3 to 3.\nusage: mocap.py capture [-h]"),
    (["models", "ad", "folder"], "Error: Argument ACTION: invalid choice: 'ad'"),
])
def test_wrong_arguments_are_reported_before_anything_is_set_up(tmp_path, words, said):
    ended = run_bare(words, tmp_path)
    assert ended.returncode == 2 and ended.stderr.startswith(said) and ended.stdout == ""
    assert not (tmp_path / "home").exists()


@pytest.mark.parametrize("words", [["setup"], ["capture", "v.mp4", "--output", "out"]])
def test_a_home_that_is_a_file_is_told_in_one_sentence(tmp_path, words):
    (tmp_path / "home").touch()
    ended = run_bare(words, tmp_path)
    assert ended.returncode == 1 and "Traceback" not in ended.stderr
    assert f"Error: The home folder {tmp_path / 'home'} cannot be used: {tmp_path / 'home'} is a file." in ended.stderr


def test_without_a_word_the_help_is_shown(tmp_path):
    ended = run_bare([], tmp_path)
    assert ended.returncode == 2 and ended.stdout.startswith("usage: mocap.py [-h] COMMAND")


@pytest.mark.parametrize(("words", "profile", "quality"), [
    (["capture", "v", "--output", "o", "--engine=mpsnet"], "mpsnet", "fast"),
    (["capture", "mpsnet", "--output=--engine"], "keypoints", "fast"),
    (["capture", "v", "--output", "o", "--quality", "best"], "keypoints", "best"),
    (["batch", "--engine", "mpsnet", "v", "--output", "o", "--quality=best"], "mpsnet", "best"),
    (["models", "add", "x"], "mpsnet", "fast"), (["score", "x", "y"], "keypoints", "fast")])
def test_the_backend_is_started_with_the_same_words_in_the_environment_that_they_need(monkeypatch, tmp_path, words, profile,
                                                                                      quality):
    started = []
    monkeypatch.setenv("MPSNET_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(BackendEnvironment, "is_ready", lambda _self: True)
    monkeypatch.setattr(BackendEnvironment, "backend_command", lambda self: [self.profile, self.quality])
    monkeypatch.setattr(terminal, "_run_backend", lambda command, arguments: started.append((command, arguments)) or 5)
    assert terminal.main(words) == 5 and started == [([profile, quality], words)]


@pytest.mark.parametrize(("words", "command"), [
    ([], "python3 mocap.py setup"), (["--quality", "best"], "python3 mocap.py setup --quality best"),
    (["--engine", "mpsnet"], "python3 mocap.py setup --engine mpsnet")])
def test_the_doctor_sets_nothing_up_and_names_the_command_that_does(tmp_path, words, command):
    ended = run_bare(["doctor", *words], tmp_path)
    assert ended.returncode == 1 and not (tmp_path / "home").exists()
    lines = ended.stderr.splitlines()
    at = lines.index("WRONG Packages: are not installed")
    assert lines[at + 1].endswith(f"MB to download. Run: {command}")
    assert lines[0] == f"ok    Folder: {tmp_path / 'home'}" and lines[-1].startswith("Error: Not in order: Packages, Models")


def test_a_damaged_installation_is_repaired_before_a_capture(monkeypatch, tmp_path, capsys):
    done = []
    monkeypatch.setenv("MPSNET_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(BackendEnvironment, "find_damage", lambda _self: "numpy/core.so is missing or damaged")
    monkeypatch.setattr(BackendEnvironment, "discard", lambda _self: done.append("discarded"))
    monkeypatch.setattr(BackendEnvironment, "is_ready", lambda _self: not done or done[-1] == "set up")
    monkeypatch.setattr(BackendEnvironment, "backend_command", lambda _self: ["backend"])
    monkeypatch.setattr(terminal, "_set_up", lambda _environment: done.append("set up") or 0)
    monkeypatch.setattr(terminal, "_run_backend", lambda command, arguments: done.append(command[0]) or 0)
    assert terminal.main(["capture", "v", "--output", "o"]) == 0 and done == ["discarded", "set up", "backend"]
    assert "damaged and is repaired: numpy/core.so is missing or damaged." in capsys.readouterr().err


def test_the_backends_exit_status_is_handed_on(tmp_path):
    with start_foreground("exit", tmp_path) as process:
        assert process.wait(LONG) == 7


def test_a_backend_that_dies_is_reported(tmp_path):
    with start_foreground("abort", tmp_path) as process:
        assert b"signal SIGABRT" in process.communicate(timeout=LONG)[1]
        assert process.returncode == 1


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM"])
def test_ctrl_c_lets_the_backend_shut_itself_down(tmp_path, name):
    with start_foreground("obey", tmp_path) as process:
        assert b"hello" in process.stdout.readline()
        process.send_signal(getattr(signal, name))
        output = process.communicate(timeout=LONG)[0]
        assert process.returncode == 130
        assert b'"cancelled"' in output.splitlines()[-1]


def test_progress_in_a_file_is_a_line_for_every_tenth(capsys):
    printer = ProgressPrinter()
    for done in range(101):
        printer.print_message(Progress("packages", done, 100, "MB"))
    printer.print_message(Result("folder", "The backend is set up."))
    lines = capsys.readouterr().err.splitlines()
    assert lines[0] == "packages       0 %  0 of 100 MB" and lines[10] == "packages     100 %  100 of 100 MB"
    assert lines[11:] == ["The backend is set up."]


def test_an_error_is_printed_with_its_advice(capsys):
    printer = ProgressPrinter()
    printer.print_message(Error("NoNetworkError", "Cannot reach the index.", "Connect."))
    assert capsys.readouterr().err == "Error: Cannot reach the index. Connect.\n"
    assert printer.final is not None


def test_the_cache_is_shown_and_cleared_without_any_package(cache, tmp_path):
    entry = cache / ("0" * 32)
    entry.mkdir()
    (entry / "state.npz").write_bytes(bytes(3_500_000))
    assert run_bare(["cache"], tmp_path).stdout == f"3.5 MB of at most 2000 MB in {cache}\n"
    cleared = run_bare(["cache", "--clear"], tmp_path)
    assert cleared.stdout == "3.5 MB removed; 0.0 MB are kept by captures that are running.\n" and cleared.returncode == 0
    assert not entry.exists() and not (tmp_path / "home").exists()

import ast
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

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
terminal._HEARD_SECONDS = 60.0
sys.exit(terminal._run_backend(sys.argv[1:], []))
"""


def start_foreground(behaviour, tmp_path):
    return subprocess.Popen([sys.executable, "-c", RUN_CHILD, sys.executable, str(CHILD), behaviour], cwd=tmp_path,
                            env=child_environ(), stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def test_mocap_py_can_be_read_by_an_old_python_so_that_it_can_refuse_it():
    ast.parse((EXTENSION_ROOT / "mocap.py").read_text(), feature_version=(3, 8))


@pytest.mark.parametrize("words", [["--help"], ["evaluate", "--help"], ["capture", "-h"], ["convert", "--help"]])
def test_help_needs_no_set_up_and_makes_nothing(tmp_path, words):
    environ = os.environ | {"MPSNET_HOME": str(tmp_path / "home")}
    ended = subprocess.run([sys.executable, EXTENSION_ROOT / "mocap.py", *words], env=environ, cwd=tmp_path,
                           capture_output=True, text=True)
    assert ended.returncode == 0 and "capture VIDEO --output DIR" in ended.stdout
    assert not (tmp_path / "home").exists()


def test_the_backends_exit_status_is_handed_on(tmp_path):
    with start_foreground("exit", tmp_path) as process:
        assert process.wait(LONG) == 7


def test_a_backend_that_dies_is_told(tmp_path):
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
        printer.message(Progress("packages", done, 100, "MB"))
    printer.message(Result("folder", "The backend is set up."))
    lines = capsys.readouterr().err.splitlines()
    assert lines[0] == "packages       0 %  0 of 100 MB" and lines[10] == "packages     100 %  100 of 100 MB"
    assert lines[11:] == ["The backend is set up."]


def test_an_error_is_printed_with_its_advice(capsys):
    printer = ProgressPrinter()
    printer.message(Error("NoNetworkError", "Cannot reach the index.", "Connect."))
    assert capsys.readouterr().err == "Error: Cannot reach the index. Connect.\n"
    assert printer.final is not None

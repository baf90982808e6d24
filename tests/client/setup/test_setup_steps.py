"""The programs that a set-up runs end with it, however it ends."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from mpsnet_blender.client.child_process import child_environ
from mpsnet_blender.client.setup.setup_steps import StepFailed, module_command, run_step
from tests.waiting import comes_true

# Runs a module that does not end by itself, and prints the process ids of itself and of what it started.
PARENT = """
import os, subprocess, sys, threading
from pathlib import Path
from mpsnet_blender.client.setup.setup_steps import SetupRun, module_command, run_step

def print_ids():
    children = Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()
    if children:
        print(*children, flush=True)

command = module_command(sys.executable, "http.server", "0", "--bind", "127.0.0.1", "--directory", sys.argv[1])
run_step(SetupRun(print, Path(sys.argv[1]) / "log"), command, on_tick=[print_ids])
"""


def test_a_program_of_the_set_up_ends_with_a_set_up_that_is_killed(tmp_path):
    with subprocess.Popen([sys.executable, "-c", PARENT, str(tmp_path)], env=child_environ(), stdout=subprocess.PIPE) as parent:
        child = Path("/proc") / parent.stdout.readline().decode().split()[0]
        assert "http.server" in (child / "cmdline").read_text()
        os.kill(parent.pid, 9)
    assert comes_true(lambda: not child.exists())


def test_a_module_that_fails_gives_its_exit_status(run):
    with pytest.raises(StepFailed) as caught:
        run_step(run, module_command(sys.executable, "json.tool", "/nowhere"))
    assert "exit code" in str(caught.value) and "/nowhere" in caught.value.output

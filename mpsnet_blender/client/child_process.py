"""Child processes: their environment variables, their process tree, and how a tree is stopped."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

# The folder that holds `backend/` and `mpsnet_blender/`: the repository, or the installed extension.
EXTENSION_ROOT = Path(__file__).resolve().parents[2]

# The parent's Python must not leak into a child's, and pip must run in the Python that it was started with.
_DROPPED_VARIABLES = ("PYTHONHOME", "PYTHONPATH", "PYTHONSTARTUP", "PYTHONEXECUTABLE", "__PYVENV_LAUNCHER__",
                      "VIRTUAL_ENV", "PIP_PYTHON")


def child_environ() -> dict[str, str]:
    """Return the environment variables for a child: it finds our packages from any working directory.

    It keeps bytecode beside the sources, as Blender does for its part of them: to compile them takes 0.2 s of each start.
    """
    environ = {key: value for key, value in os.environ.items() if key not in _DROPPED_VARIABLES}
    return environ | {
        "PYTHONPATH": str(EXTENSION_ROOT),
        "PYTHONSAFEPATH": "1",  # a folder named numpy beside the user's video must not be imported
        "PYTHONNOUSERSITE": "1",
        "PYTHONUTF8": "1",
    }


def own_group_options() -> dict[str, Any]:
    """Return the Popen options that give a child a separate process group, and no console window on Windows."""
    if sys.platform == "win32":
        return {"creationflags": subprocess.CREATE_NEW_PROCESS_GROUP | subprocess.CREATE_NO_WINDOW}
    return {"start_new_session": True}


def no_window_options() -> dict[str, Any]:
    """Return the Popen options of a helper that stays in the parent's group, without a console window on Windows."""
    if sys.platform == "win32":
        return {"creationflags": subprocess.CREATE_NO_WINDOW}
    return {}


def terminate_tree(process: subprocess.Popen) -> None:
    """Ask a child with a separate group, and all its children, to end. On Windows, where that is impossible, kill them."""
    _signal_tree(process, "SIGTERM")


def wake_tree(process: subprocess.Popen) -> None:
    """Let a child with a separate group that was stopped (SIGSTOP) go on. Windows stops nothing so."""
    if sys.platform != "win32":
        _signal_tree(process, "SIGCONT")


def kill_tree(process: subprocess.Popen) -> None:
    """Kill a child with a separate group, and all its children."""
    _signal_tree(process, "SIGKILL")


def _signal_tree(process: subprocess.Popen, signal_name: str) -> None:
    if sys.platform == "win32":
        subprocess.run(["taskkill", "/T", "/F", "/PID", str(process.pid)], capture_output=True, **no_window_options())
        return
    try:
        os.killpg(process.pid, getattr(signal, signal_name))
    except (ProcessLookupError, PermissionError):  # macOS says "not permitted" of a group that is only a zombie
        return


def wait_leaving_zombie(process: subprocess.Popen) -> None:
    """Block until the child has ended. Where the system can, leave it as a zombie: its group's id then stays reserved, so that
    the rest of its tree can be killed without hitting another process."""
    if hasattr(os, "waitid"):
        os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
    else:  # Windows, and macOS before Python 3.13
        process.wait()

"""A Python for commands that need only numpy: an existing one, or a small separate environment."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from ..shared.protocol import Message
from .backend_environment import PROFILES, BackendEnvironment
from .child_process import child_environ, no_window_options
from .setup import base_python
from .setup.python_environment import Packages, PythonEnvironment
from .setup.setup_steps import SetupRun

_PACKAGES = Packages("numpy>=2.1,<2.5\n", ("numpy",), download_megabytes=17, disk_megabytes=120)
_PROBE_SECONDS = 30.0  # as in base_python.py


def find_numpy_python(home: Path, report: Callable[[Message], None]) -> str:
    """Return an interpreter that has numpy: that of the set-up backend, this one, or that of an environment made now.

    Raises SetupError, and OSError where nothing can be written in the home folder.
    """
    for profile in PROFILES:
        backend = BackendEnvironment(home, profile)
        if backend.is_ready() and not backend.find_damage():
            return str(backend.python)
    if _has_numpy(sys.executable):
        return sys.executable
    log_path = home / "logs" / "numpy.log"
    log_path.parent.mkdir(parents=True, exist_ok=True)
    environment = PythonEnvironment(home, "numpy", _PACKAGES)
    return str(environment.ensure(SetupRun(report, log_path), base_python.list_candidates()))


def _has_numpy(program: str) -> bool:
    try:
        ended = subprocess.run([program, "-c", "import numpy"], env=child_environ(), timeout=_PROBE_SECONDS,
                               capture_output=True, **no_window_options())
    except (OSError, subprocess.TimeoutExpired):
        return False
    return ended.returncode == 0

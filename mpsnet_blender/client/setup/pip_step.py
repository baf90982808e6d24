"""pip as a step of the set-up: every option is stated here; the user's settings decide only how packages are reached."""

from __future__ import annotations

import ast
import os
import re
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path

from ...shared.protocol import Log
from ..child_process import child_environ, no_window_options
from .setup_errors import DiskFullError, NoNetworkError, PackagesError, SetupError
from .setup_steps import SetupRun, StepFailed, module_command, run_step

_RETRIES = 3  # with 0 retries, pip does not report a missing network
_CONFIG_SECONDS = 30.0  # pip lists its settings in 0.6 s, with a cold disk in some seconds; by estimate

# The settings that say where packages lie and by which way they are reached. Each other one would change what is installed, or
# where: user, target, prefix, root, constraint, require-hashes, pre, no-deps, platform ...
_KEPT_SETTINGS = frozenset((
    "index-url", "extra-index-url", "find-links", "no-index", "trusted-host", "proxy", "cert", "client-cert", "timeout",
    "default-timeout", "keyring-provider", "cache-dir", "no-cache-dir", "use-feature", "use-deprecated"))
_SETTING = re.compile(r"(?P<section>[\w:-]+)\.(?P<key>[\w-]+)=(?P<value>['\"].*)")

_DISK_FULL_SIGNS = ("no space left on device", "[errno 28]", "not enough space on the disk", "winerror 112",
                    "disk quota exceeded")
_NO_NETWORK_SIGNS = ("newconnectionerror", "failed to establish a new connection", "name resolution",
                     "getaddrinfo failed", "nameresolutionerror", "connecttimeouterror", "readtimeouterror",
                     "read timed out", "proxyerror", "sslerror", "certificate verify failed", "connection aborted",
                     "connection reset", "connection refused", "network is unreachable", "no route to host",
                     "could not fetch url", "incompleteread")


def run_pip(run: SetupRun, python: Path, verb: str, arguments: Sequence[str], temporary: Path,
            on_line: Callable[[str], None] | None = None, on_tick: Sequence[Callable[[], None]] = (),
            is_offline: bool = False) -> None:
    """Run a command of the pip of `python`, without questions to the user and without compiling on this computer.

    Offline, no setting of the user counts: `arguments` say where the packages are. The other arguments are those of `run_step`.
    Raises SetupError, SetupCancelled, OSError.
    """
    command = module_command(python, "pip", verb, "--no-input", "--disable-pip-version-check", "--only-binary=:all:",
                             "--progress-bar=off", f"--retries={_RETRIES}", *arguments)
    environ = pip_environ(None if is_offline else _read_settings(run, python, verb))
    try:
        run_step(run, command, temporary, on_line, on_tick, environ)
    except StepFailed as failure:
        raise make_setup_error(failure, run.log_path) from None


def pip_environ(settings: dict[str, str] | None = None) -> dict[str, str]:
    """Return the environment variables for a pip that reads no configuration file and has these settings, by pip's names."""
    environ = {key: value for key, value in child_environ().items() if not key.upper().startswith("PIP_")}
    environ["PIP_CONFIG_FILE"] = os.devnull
    for key, value in (settings or {}).items():
        environ[f"PIP_{key.upper().replace('-', '_')}"] = value
    return environ


def _read_settings(run: SetupRun, python: Path, verb: str) -> dict[str, str]:
    """Return the user's settings that are kept, from pip's configuration files and variables; not logged: they may hold
    passwords."""
    command = [str(python), "-I", "-m", "pip", "config", "list"]
    try:
        listed = subprocess.run(command, env=child_environ(), stdin=subprocess.DEVNULL, capture_output=True, text=True,
                                encoding="utf-8", errors="replace", timeout=_CONFIG_SECONDS, check=True, **no_window_options())
        return parse_settings(listed.stdout, verb)
    except (OSError, subprocess.SubprocessError):
        run.report(Log("warning", "pip's configuration file cannot be read; the set-up goes on without it."))
        names = {key: key.upper().removeprefix("PIP_").lower().replace("_", "-") for key in os.environ}
        return {name: os.environ[key] for key, name in names.items() if key.upper().startswith("PIP_") and name in _KEPT_SETTINGS}


def parse_settings(listed: str, verb: str) -> dict[str, str]:
    """Return the kept settings of a pip command from what `pip config list` prints: those of the command win over the global
    ones, and those of the environment variables over both."""
    sections: dict[str, dict[str, str]] = {"global": {}, verb: {}, ":env:": {}}
    for line in listed.splitlines():
        found = _SETTING.fullmatch(line)
        if found and found["section"] in sections and found["key"] in _KEPT_SETTINGS:
            sections[found["section"]][found["key"]] = str(ast.literal_eval(found["value"])).strip()
    return sections["global"] | sections[verb] | sections[":env:"]


def make_setup_error(failure: StepFailed, log_path: Path) -> SetupError:
    """Return the error for a failed pip: no network, a full disk, or a problem with the packages."""
    output = failure.output.lower()
    if any(sign in output for sign in _DISK_FULL_SIGNS):
        return DiskFullError("The disk is full: there is no room for the backend's packages.",
                             "Free some space on that disk, then try again.")
    if any(sign in output for sign in _NO_NETWORK_SIGNS):
        return NoNetworkError(
            "Cannot reach the package index to download the backend's packages.",
            "Connect to the internet, or set a proxy (environment variable HTTPS_PROXY, or pip's configuration), "
            "then try again. What was downloaded so far is kept.")
    errors = [line for line in failure.output.splitlines() if line.startswith("ERROR")]
    last = (errors or failure.output.splitlines() or [str(failure)])[-1]
    return PackagesError(f"The backend's packages cannot be installed: {last.removeprefix('ERROR: ')}",
                         f"The whole output is in {log_path}. Try again, or choose another Python in the preferences.")

"""Checks that captures can work here, from the home folder to a test capture, and says how to mend what is wrong.

As a program it sends messages of `shared.protocol` on stdout, a Finding for each thing that was looked at:

    python -m mpsnet_blender.client.doctor --home H --profile keypoints [--quality best]

The end of its stdin cancels.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from ..shared import protocol
from ..shared.capture_request import FAST, QUALITIES
from ..shared.engines.declaration import WITHOUT_TORCH
from ..shared.engines.files import missing_files
from ..shared.engines.table import ENGINES, REFUSED_ENGINES
from ..shared.protocol import Finding
from . import memory
from .backend_environment import DOCTOR_MODULE, PROFILES, BackendEnvironment
from .backend_process import BackendProcess
from .child_process import EXTENSION_ROOT
from .message_pipe import MessagePipe, call_at_end_of_stdin
from .setup import base_python
from .setup.setup_errors import SetupError, make_folder_error

SETUP, REPAIR, FOLDER = "setup", "repair", "folder"  # the remedies of a Finding
_CAPTURE_MEGABYTES = 200  # of disk for captures; one of a minute takes a few MB without a preview, by estimate


def examine(environment: BackendEnvironment, report: Callable[[protocol.Message], None]) -> protocol.Result | protocol.Error:
    """Report a Finding for each thing that captures need, and the progress of the test capture; return the end in words.

    What is damaged is discarded, so that the next set-up makes it anew. Takes some seconds.
    """
    wrong = []

    def tell(finding: Finding) -> None:
        report(finding)
        if not finding.is_well:
            wrong.append(finding)

    for finding in _examine_from_outside(environment):
        tell(finding)
    if environment.is_ready() and not wrong:
        for message in _run_backend(environment):
            if isinstance(message, Finding):
                tell(message)
            elif isinstance(message, protocol.Progress):
                report(message)
    if any(finding.remedy == REPAIR for finding in wrong):
        environment.discard()
    if wrong:
        return protocol.Error("UnhealthyError", f"Not in order: {', '.join(finding.subject for finding in wrong)}.",
                              "The lines above say how to mend it.")
    return protocol.Result(str(environment.home), "Everything that captures need is in order.")


def _examine_from_outside(environment: BackendEnvironment) -> Iterator[Finding]:
    """Yield what can be seen without starting the backend."""
    yield _examine_home(environment.home, environment.is_ready())
    yield _examine_disk(environment)
    try:
        memory.require_addresses()
    except SetupError as error:
        yield Finding("Memory", str(error), False, error.advice)
    else:
        yield Finding("Memory", "no limit" if memory.find_limit() is None else f"a limit of {memory.find_limit():,.0f} MB")
    yield _examine_packages(environment)
    for models, is_complete in environment.model_states():
        yield Finding("Models", models) if is_complete else Finding(
            "Models", f"those of {models} are missing or damaged", False, "Fetch them.", SETUP)
    yield from _examine_engine_files(environment)
    for words in REFUSED_ENGINES:
        yield Finding("Engine", words, False, "Mend the file, or take it out of the folder.")


def _examine_engine_files(environment: BackendEnvironment) -> Iterator[Finding]:
    """Yield which engines of the environment have the authors' files that they need; where none has, what the first lacks."""
    engines = [engine for engine in ENGINES if engine.model_files and engine.profile == environment.profile]
    able = [engine.label for engine in engines if not missing_files(environment.checkpoints_folder, engine)]
    if able:
        yield Finding("Engine files", f"complete for {', '.join(able)}")
    elif engines:
        for file in missing_files(environment.checkpoints_folder, engines[0]):
            yield Finding(file.original_name, f"is missing: {file.purpose}", False,
                          f"Get it from {file.site}, then run python3 mocap.py models add FILE, or press Add Files.")


def _examine_home(home: Path, is_ready: bool) -> Finding:
    """Try to write into the home folder, or into that in which it would be made."""
    try:
        with tempfile.TemporaryFile(dir=_find_existing(home)):
            return Finding("Folder", str(home))
    except OSError as error:
        if is_ready:
            return Finding("Folder", f"{home}; it can only be read, so that nothing can be added")
        reason = make_folder_error(home, error)
        return Finding("Folder", str(reason), False, reason.advice, FOLDER)


def _examine_disk(environment: BackendEnvironment) -> Finding:
    folder = next(path for path in (environment.home, *environment.home.parents) if os.path.isdir(path))
    free, needed = shutil.disk_usage(folder).free / 1e6, _CAPTURE_MEGABYTES + environment.disk_megabytes
    if free < needed:
        return Finding("Disk", f"{free:,.0f} MB are free, {needed:,.0f} MB are needed", False,
                       f"Free some space on the disk of {folder}, or choose another folder.", FOLDER)
    return Finding("Disk", f"{free:,.0f} MB free")


def _find_existing(path: Path) -> Path:
    return next(path for path in (path, *path.parents) if os.path.lexists(path))


def _examine_packages(environment: BackendEnvironment) -> Finding:
    if damage := environment.find_damage(is_thorough=True):
        return Finding("Packages", damage, False, "Install them anew.", REPAIR)
    if environment.has_packages:
        return Finding("Packages", "every file is as it was installed")
    suitable, refused = base_python.find_base_pythons(base_python.list_candidates())
    if not suitable:
        error = base_python.make_no_python_error(refused)
        return Finding("Python", str(error), False, error.advice, FOLDER)
    what = "damaged, or their set-up did not end" if environment.is_damaged else "not installed"
    return Finding("Packages", f"are {what}", False, f"Install them: {environment.download_megabytes} MB to download.", SETUP)


def _run_backend(environment: BackendEnvironment) -> Iterator[protocol.Message]:
    """Yield the messages of the check inside the environment; where that breaks off, a Finding that says so."""
    with tempfile.TemporaryDirectory(prefix="mpsnet-doctor-", ignore_cleanup_errors=True) as folder:
        command = environment.backend_command("doctor", "--engine", environment.engine)
        with BackendProcess(command, EXTENSION_ROOT, Path(folder) / "doctor.log") as process:
            for message in process.messages():
                if isinstance(message, protocol.Error) and message.kind != "UnhealthyError":
                    last = (message.log_tail.strip().splitlines() or [""])[-1]
                    yield Finding("Backend", f"{message.message} {last}".strip(), False, message.advice)
                yield message


def main(arguments: Sequence[str]) -> int:
    """Check and report in messages on stdout. Return the exit status."""
    parser = argparse.ArgumentParser(prog=DOCTOR_MODULE, allow_abbrev=False)
    parser.add_argument("--home", type=Path, required=True)
    parser.add_argument("--profile", choices=sorted(PROFILES), default=WITHOUT_TORCH)
    parser.add_argument("--quality", choices=QUALITIES, default=FAST)
    given = parser.parse_args(arguments)
    # The backend's stdin ends with this process, which stops the test capture.
    call_at_end_of_stdin(lambda: os._exit(protocol.EXIT_CANCELLED))
    pipe = MessagePipe("mpsnet doctor")
    final = examine(BackendEnvironment(given.home, given.profile, given.quality), pipe.send)
    pipe.send(final)
    return protocol.EXIT_OK if isinstance(final, protocol.Result) else protocol.EXIT_ERROR


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""The command line `python3 mocap.py`: sets up the backend if necessary, then runs it in the foreground."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from ..shared import protocol
from ..shared.cache_folder import DEFAULT_LIMIT_MEGABYTES, clear_cache, measure_cache
from ..shared.capture_request import FAST
from ..shared.command_line import UsageError, command_line_parser, find_profile
from ..shared.engines.declaration import WITHOUT_TORCH
from ..shared.user_home import default_home
from ..shared.wording import describe_exit
from . import doctor
from .backend_environment import EXTENSION_ROOT, BackendEnvironment, child_environ
from .backend_process import BackendProcess
from .memory import describe_limit, require_addresses
from .numpy_python import find_numpy_python
from .setup.setup_errors import SetupError, make_folder_error

_CLOSE_SECONDS = 1.0  # after Ctrl+C, for the backend to end by itself before it is terminated; by estimate
_TERMINATE_SECONDS = 10.0  # after the signal to terminate, before the backend is killed; by estimate
_EXPECTED_STATUSES = (protocol.EXIT_OK, protocol.EXIT_USAGE, protocol.EXIT_NOBODY_FOUND, protocol.EXIT_CANCELLED)
_LINE_WIDTH = 78  # of the progress line; it fits a terminal of 80 columns

_SET_UP_NOTE = """\
The first command sets up what the backend needs: about {megabytes} MB to download, once, kept in
{home}
(the environment variable MPSNET_HOME chooses another folder); "convert" alone needs nothing but numpy."""


def main(arguments: Sequence[str]) -> int:
    """Run the backend with these arguments, after setting it up if necessary. Return the exit status."""
    home = default_home()
    parser = command_line_parser(_make_set_up_note(home))
    if not arguments:
        parser.print_help()
        return protocol.EXIT_USAGE
    try:
        parsed = parser.parse_args(arguments)
    except UsageError as error:
        print(f"Error: {error}\n{error.advice}", file=sys.stderr)
        return protocol.EXIT_USAGE
    if parsed.command == "convert":
        return _run_with_numpy(home, arguments)
    if parsed.command == "cache":
        return _show_cache(BackendEnvironment(home).cache_folder, parsed.clear)
    environment = BackendEnvironment(home, find_profile(parsed), parsed.quality if "quality" in parsed else FAST)
    if parsed.command == "doctor":
        return _examine(environment)
    if parsed.command == "setup":
        return _set_up(environment)
    if damage := environment.find_damage():
        print(f"The installation is damaged and is repaired: {damage}.", file=sys.stderr)
        environment.discard()
    if not environment.is_ready():
        status = _set_up(environment)
        if status != protocol.EXIT_OK:
            return status
    try:
        require_addresses()
    except SetupError as error:
        ProgressPrinter().print_message(_make_message(error, home))
        return protocol.EXIT_ERROR
    return _run_backend(environment.backend_command(), arguments)


def _make_set_up_note(home: Path) -> str:
    """Return the note on the set-up for the help text; nothing if the backend is set up."""
    environment = BackendEnvironment(home)
    if environment.is_ready():
        return ""
    return _SET_UP_NOTE.format(megabytes=environment.download_megabytes, home=environment.home)


def _set_up(environment: BackendEnvironment) -> int:
    what = "Checking" if environment.is_ready() else "Setting up"
    size = f" (once, about {environment.download_megabytes} MB to download)" if environment.download_megabytes else ""
    print(f"{what} the backend in {environment.home}{size}.", file=sys.stderr)
    printer = ProgressPrinter()
    try:
        command = environment.setup_command()
        started = BackendProcess(command, EXTENSION_ROOT, environment.home / "logs" / "setup-process.log")
    except (SetupError, OSError) as error:
        printer.print_message(_make_message(error, environment.home))
        return protocol.EXIT_ERROR
    with started as process:
        while not process.is_finished:
            try:
                for message in process.messages():
                    printer.print_message(message)
            except KeyboardInterrupt:
                process.cancel()
        process.wait()
    final = printer.final
    if isinstance(final, protocol.Result):
        return protocol.EXIT_OK
    return protocol.EXIT_CANCELLED if isinstance(final, protocol.Cancelled) else protocol.EXIT_ERROR


def _examine(environment: BackendEnvironment) -> int:
    """Print what is well and what is wrong, each with the command that mends it. Return the exit status."""
    options = [] if environment.profile == WITHOUT_TORCH else ["--engine", environment.engine]
    options += [] if environment.quality == FAST else ["--quality", environment.quality]
    printer = ProgressPrinter(setup_command=" ".join(["python3 mocap.py setup", *options]))
    try:
        final = doctor.examine(environment, printer.print_message)
    except KeyboardInterrupt:
        return protocol.EXIT_CANCELLED
    printer.print_message(final)
    return protocol.EXIT_OK if isinstance(final, protocol.Result) else protocol.EXIT_ERROR


def _make_message(error: SetupError | OSError, home: Path) -> protocol.Error:
    error = make_folder_error(home, error) if isinstance(error, OSError) else error
    return protocol.Error(type(error).__name__, str(error), error.advice)


def _show_cache(folder: Path, is_cleared: bool) -> int:
    """Print how much captures have kept, or remove it and print how much that was."""
    if is_cleared:
        freed = clear_cache(folder)
        print(f"{freed / 1e6:.1f} MB removed; {measure_cache(folder) / 1e6:.1f} MB are kept by captures that are running.")
    else:
        print(f"{measure_cache(folder) / 1e6:.1f} MB of at most {DEFAULT_LIMIT_MEGABYTES} MB in {folder}")
    return protocol.EXIT_OK


def _run_with_numpy(home: Path, arguments: Sequence[str]) -> int:
    """Run a command of the backend that needs only numpy, which is all that is set up."""
    printer = ProgressPrinter()
    try:
        python = find_numpy_python(home, printer.print_message)
    except KeyboardInterrupt:
        return protocol.EXIT_CANCELLED
    except (SetupError, OSError) as error:
        printer.print_message(_make_message(error, home))
        return protocol.EXIT_ERROR
    return _run_backend([python, "-m", "backend", "--models", str(home / "models")], arguments)


def _run_backend(command: list[str], arguments: Sequence[str]) -> int:
    """Run the backend in the foreground; after Ctrl+C, stop it and wait for its end. Return the exit status."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    # Its stdin is a pipe that only this process holds. Closing it cancels the backend, also when this process dies.
    process = subprocess.Popen([*command, "--terminal", *arguments], env=child_environ(), stdin=subprocess.PIPE)
    try:
        exit_code = process.wait()
    except KeyboardInterrupt:
        _stop(process)
        return protocol.EXIT_CANCELLED
    if exit_code not in _EXPECTED_STATUSES and (limit := describe_limit()):
        print(f"Perhaps the memory was too little. {limit}", file=sys.stderr)
    if exit_code < 0:
        print(f"The backend stopped unexpectedly ({describe_exit(exit_code)}).", file=sys.stderr)
        return protocol.EXIT_ERROR
    return exit_code


def _stop(process: subprocess.Popen) -> None:
    """Stop the backend: close its stdin, then terminate it, then kill it. A second Ctrl+C kills it at once."""
    try:
        if process.stdin is not None:
            process.stdin.close()
        if not _wait_for_end(process, _CLOSE_SECONDS):
            # A terminal sends Ctrl+C to the backend too, but a signal to this process alone does not reach it.
            process.terminate()
            if not _wait_for_end(process, _TERMINATE_SECONDS):
                process.kill()
    except KeyboardInterrupt:
        process.kill()
    process.wait()


def _wait_for_end(process: subprocess.Popen, seconds: float) -> bool:
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        return False
    return True


class ProgressPrinter:
    """Prints messages on stderr: on a terminal one progress line that is overwritten, in a file a line for each stage and each
    tenth of it."""

    def __init__(self, prefix: str = "", setup_command: str = "python3 mocap.py setup"):
        self.final: protocol.Message | None = None
        self._prefix, self._setup_command = prefix, setup_command
        self._overwrites = sys.stderr.isatty() and not prefix
        self._shown: tuple[str, int] = ("", -1)
        self._is_line_open = False

    def print_message(self, message: protocol.Message) -> None:
        """Print one message."""
        if isinstance(message, protocol.Progress):
            self._print_progress(message)
        elif isinstance(message, protocol.Log):
            self._print_line(message.message)
        elif isinstance(message, protocol.Finding):
            self._print_finding(message)
        elif isinstance(message, protocol.Error):
            self._print_line(" ".join(part for part in (f"Error: {message.message}", message.advice, message.log_tail) if part))
        elif isinstance(message, protocol.Result):
            self._print_line(message.summary)
        elif isinstance(message, protocol.Cancelled):
            self._print_line(message.message)
        if isinstance(message, protocol.FINAL_TYPES):
            self.final = message

    def _print_finding(self, finding: protocol.Finding) -> None:
        self._print_line(f"{'ok' if finding.is_well else 'WRONG':<6}{finding.subject}: {finding.words}")
        setup = f"Run: {self._setup_command}"
        command = {doctor.SETUP: setup, doctor.REPAIR: setup, doctor.FOLDER: "Or: MPSNET_HOME=FOLDER python3 mocap.py ..."}
        advice = " ".join(filter(None, (finding.advice, command.get(finding.remedy))))
        if advice:
            self._print_line(f"{'':<6}{advice}")

    def _print_progress(self, progress: protocol.Progress) -> None:
        fraction = progress.done / progress.total if progress.total else 0.0
        shown = (progress.stage, int(10 * fraction))
        if not self._overwrites and shown == self._shown:
            return
        self._shown = shown
        count = f"{progress.done:g} of {progress.total:g} {progress.unit}" if progress.unit else ""
        line = f"{progress.stage:<12}{100 * fraction:4.0f} %  {count}"
        if not self._overwrites:
            self._print_line(line.rstrip())
            return
        sys.stderr.write("\r" + line[:_LINE_WIDTH].ljust(_LINE_WIDTH))
        sys.stderr.flush()
        self._is_line_open = True

    def _print_line(self, text: str) -> None:
        if self._is_line_open:
            sys.stderr.write("\n")
            self._is_line_open = False
        print(f"{self._prefix}{text}", file=sys.stderr, flush=True)

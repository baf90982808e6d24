"""The shell's way to the backend: sets up what is missing, then runs the backend in the foreground."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from ..shared import protocol
from ..shared.command_line import UsageError, command_line_parser, profile_of
from .backend_environment import EXTENSION_ROOT, BackendEnvironment, child_environ, default_home
from .backend_process import BackendProcess
from .child_process import describe_exit
from .numpy_python import numpy_python
from .setup_errors import SetupError

_CLOSE_SECONDS = 1.0  # for the backend to end after Ctrl+C before it is asked again
_TERMINATE_SECONDS = 10.0  # and then, before it is killed
_LINE_WIDTH = 78

_SET_UP_NOTE = """\
The first command sets up what the backend needs: about {megabytes} MB to download, once, kept in
{home}
(the environment variable MPSNET_HOME chooses another folder); "convert" alone needs nothing but numpy."""


def main(arguments: Sequence[str]) -> int:
    """Run the backend with these arguments, set up first where needed. Return the exit status."""
    home = default_home()
    parser = command_line_parser(_make_set_up_note(home))
    if not arguments:
        parser.print_help()
        return protocol.EXIT_USAGE
    try:
        asked = parser.parse_args(arguments)
    except UsageError as error:
        print(f"Error: {error}\n{error.advice}", file=sys.stderr)
        return protocol.EXIT_USAGE
    if asked.command == "convert":
        return _run_with_numpy(home, arguments)
    environment = BackendEnvironment(home, profile_of(asked))
    if not environment.is_ready():
        status = _set_up(environment)
        if status != protocol.EXIT_OK:
            return status
    return _run_backend(environment.backend_command(), arguments)


def _make_set_up_note(home: Path) -> str:
    """Return what the help says of the set-up, nothing once it is done."""
    environment = BackendEnvironment(home)
    if environment.is_ready():
        return ""
    return _SET_UP_NOTE.format(megabytes=environment.download_megabytes, home=environment.home)


def _set_up(environment: BackendEnvironment) -> int:
    print(f"Setting up the backend in {environment.home} (once, about {environment.download_megabytes} MB to download).",
          file=sys.stderr)
    printer = ProgressPrinter()
    try:
        command = environment.setup_command()
    except SetupError as error:
        printer.message(protocol.Error(type(error).__name__, str(error), error.advice))
        return protocol.EXIT_ERROR
    with BackendProcess(command, EXTENSION_ROOT, environment.home / "logs" / "setup-process.log") as process:
        while not process.is_finished:
            try:
                for message in process.messages():
                    printer.message(message)
            except KeyboardInterrupt:
                process.cancel()
        process.wait()
    final = printer.final
    if isinstance(final, protocol.Result):
        return protocol.EXIT_OK
    return protocol.EXIT_CANCELLED if isinstance(final, protocol.Cancelled) else protocol.EXIT_ERROR


def _run_with_numpy(home: Path, arguments: Sequence[str]) -> int:
    """Run a command of the backend that needs nothing but numpy: no set-up of more than that."""
    printer = ProgressPrinter()
    try:
        python = numpy_python(home, printer.message)
    except KeyboardInterrupt:
        return protocol.EXIT_CANCELLED
    except (SetupError, OSError) as error:
        printer.message(protocol.Error(type(error).__name__, str(error), getattr(error, "advice", "")))
        return protocol.EXIT_ERROR
    return _run_backend([python, "-m", "backend", "--models", str(home / "models")], arguments)


def _run_backend(command: list[str], arguments: Sequence[str]) -> int:
    """Run the backend in the foreground; pass Ctrl+C on and wait until it has shut itself down."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    # Its stdin is a pipe that only we hold: it ends with us, and closing it is the request to cancel.
    process = subprocess.Popen([*command, "--terminal", *arguments], env=child_environ(), stdin=subprocess.PIPE)
    try:
        exit_code = process.wait()
    except KeyboardInterrupt:
        _stop(process)
        return protocol.EXIT_CANCELLED
    if exit_code < 0:
        print(f"The backend stopped unexpectedly ({describe_exit(exit_code)}).", file=sys.stderr)
        return protocol.EXIT_ERROR
    return exit_code


def _stop(process: subprocess.Popen) -> None:
    """Wait until the backend has shut itself down, asking ever more firmly; a second Ctrl+C kills it."""
    try:
        if process.stdin is not None:
            process.stdin.close()
        if not _ends_within(process, _CLOSE_SECONDS):
            # A terminal sends Ctrl+C to the backend too, but a signal to us alone has not reached it.
            process.terminate()
            if not _ends_within(process, _TERMINATE_SECONDS):
                process.kill()
    except KeyboardInterrupt:
        process.kill()
    process.wait()


def _ends_within(process: subprocess.Popen, seconds: float) -> bool:
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        return False
    return True


class ProgressPrinter:
    """Prints messages on stderr: on a terminal one line that renews itself, in a file a line per stage and tenth."""

    def __init__(self, prefix: str = ""):
        self.final: protocol.Message | None = None
        self._prefix = prefix
        self._renews = sys.stderr.isatty() and not prefix
        self._shown: tuple[str, int] = ("", -1)
        self._line_open = False

    def message(self, message: protocol.Message) -> None:
        """Print one message."""
        if isinstance(message, protocol.Progress):
            self._progress(message)
        elif isinstance(message, protocol.Log):
            self._line(message.message)
        elif isinstance(message, protocol.Error):
            self._line(" ".join(part for part in (f"Error: {message.message}", message.advice, message.log_tail) if part))
        elif isinstance(message, protocol.Result):
            self._line(message.summary)
        elif isinstance(message, protocol.Cancelled):
            self._line(message.message)
        if isinstance(message, protocol.FINAL_TYPES):
            self.final = message

    def _progress(self, progress: protocol.Progress) -> None:
        fraction = progress.done / progress.total if progress.total else 0.0
        shown = (progress.stage, int(10 * fraction))
        if not self._renews and shown == self._shown:
            return
        self._shown = shown
        count = f"{progress.done:g} of {progress.total:g} {progress.unit}" if progress.unit else ""
        line = f"{progress.stage:<12}{100 * fraction:4.0f} %  {count}"
        if not self._renews:
            self._line(line.rstrip())
            return
        sys.stderr.write("\r" + line[:_LINE_WIDTH].ljust(_LINE_WIDTH))
        sys.stderr.flush()
        self._line_open = True

    def _line(self, text: str) -> None:
        if self._line_open:
            sys.stderr.write("\n")
            self._line_open = False
        print(f"{self._prefix}{text}", file=sys.stderr, flush=True)

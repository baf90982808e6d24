"""`python -m backend`: one job, reported in messages, with exactly one final message and an exit status."""

from __future__ import annotations

import argparse
import os
import sys
import traceback
from contextlib import suppress
from pathlib import Path
from typing import NoReturn

from mpsnet_blender.shared.command_line import UsageError, command_line_parser, find_profile, make_request, other_views
from mpsnet_blender.shared.engines.declaration import WITH_TORCH
from mpsnet_blender.shared.protocol import (
    EXIT_CANCELLED,
    EXIT_ERROR,
    EXIT_NOBODY_FOUND,
    EXIT_OK,
    EXIT_USAGE,
    Cancelled,
    Error,
    Result,
)

from .base.errors import CancelRequested, FixableError, NobodyFoundError
from .base.reporter import MessageSink, Reporter, TerminalSink


def main() -> int:
    arguments, usage_error = _read_command_line(sys.argv[1:])
    reporter = Reporter(TerminalSink() if arguments.terminal else MessageSink())
    if usage_error:
        reporter.finish(Error(type(usage_error).__name__, str(usage_error), usage_error.advice))
        return EXIT_USAGE
    if not arguments.terminal:
        reporter.show_life()
    reporter.cancel_on_signals()
    reporter.cancel_on_closed_stdin()
    try:
        reporter.finish(_run(arguments, reporter))
        return EXIT_OK
    except (CancelRequested, KeyboardInterrupt):
        reporter.finish(Cancelled())
        return EXIT_CANCELLED
    except FixableError as error:
        reporter.finish(Error(type(error).__name__, str(error), error.advice))
        return EXIT_NOBODY_FOUND if isinstance(error, NobodyFoundError) else EXIT_ERROR
    except MemoryError:
        reporter.finish(Error("MemoryError", "The machine ran out of memory.", "Close other programs, or capture a part "
                              "of the video with --start and --end."))
        return EXIT_ERROR
    except Exception as error:
        traceback.print_exc()
        reporter.finish(Error(type(error).__name__, f"The backend failed unexpectedly: {error}",
                              "Please report this with the log.", "".join(traceback.format_exc())[-4000:]))
        return EXIT_ERROR


def _read_command_line(argv: list[str]) -> tuple[argparse.Namespace, UsageError | None]:
    """Return the parsed arguments and None; or those parsed before an error, and the error."""
    arguments = argparse.Namespace(terminal=False)
    parser = command_line_parser()
    try:
        parser.parse_args(argv, arguments)
        if arguments.command == "capture":
            other_views(arguments)      # raises for too many, and for one given twice
        if arguments.models is None:
            parser.error("the folder of the models is missing: start the backend by mocap.py, or give the folder with --models")
    except UsageError as error:
        return arguments, error
    return arguments, None


def _run(arguments: argparse.Namespace, reporter: Reporter) -> Result:
    # Imported late: `--help` and the hello message must not wait for them.
    if arguments.command == "score":
        from .evaluation.score import score_capture
        return score_capture(arguments.capture, arguments.truth)
    if arguments.command == "doctor":
        from .commands.doctor import examine
        return examine(arguments.models, find_profile(arguments) == WITH_TORCH, reporter)
    if arguments.command == "convert":
        from mpsnet_blender.motion.formats.smpl_rows import RowsOptions

        from .commands.convert import convert
        return convert(arguments.source, arguments.destination, arguments.format, arguments.fps, arguments.scale,
                       RowsOptions(arguments.up, arguments.source_fps))
    checkpoints = arguments.checkpoints or arguments.models.parent / "mpsnet"
    if arguments.command == "models":
        return _run_models(arguments, checkpoints, reporter)
    if arguments.command == "evaluate":
        from .evaluation.evaluate import evaluate
        return evaluate(arguments.engine, arguments.dataset, arguments.data, checkpoints, arguments.device,
                        arguments.release_batching, reporter)
    if arguments.command == "batch":
        from .commands.batch import Batch, capture_all
        return capture_all(Batch.of_command_line(arguments, checkpoints), reporter)
    from .pipeline import capture
    from .views.view import OtherView
    others = [OtherView(view.video, None if view.late_seconds is None else -view.late_seconds) for view in other_views(arguments)]
    count = capture(arguments.video, arguments.output, make_request(arguments), arguments.models, checkpoints, reporter,
                    arguments.cache_folder, others)
    return Result(str(arguments.output.absolute()), f"{count} {'person' if count == 1 else 'people'} captured.")


def _run_models(arguments: argparse.Namespace, checkpoints: Path, reporter: Reporter) -> Result:
    from .paper.models_folder import describe_models
    if arguments.action == "add":
        from .paper.checkpoints import add_models
        add_models(arguments.source, checkpoints, lambda words: reporter.log("info", words))
    return Result(str(checkpoints), describe_models(checkpoints))


def end(status: int) -> NoReturn:
    """End the process at once: the job's files are closed, and that Python frees each array and library takes 0.3 s."""
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError):         # nobody reads it any more
            stream.flush()
    os._exit(status)


if __name__ == "__main__":
    end(main())

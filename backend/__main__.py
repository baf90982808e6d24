"""`python -m backend`: one job, told in messages, ended by exactly one final message and an exit status."""

from __future__ import annotations

import sys
import traceback
from pathlib import Path

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

from .base.errors import CancelRequested, FixableError, NobodyFoundError, UsageError
from .base.reporter import MessageSink, Reporter, TerminalSink
from .commands.command_line import parser


def main() -> int:
    at_terminal = "--terminal" in sys.argv[1:] or bool({"-h", "--help"} & set(sys.argv[1:]))
    reporter = Reporter(TerminalSink() if at_terminal else MessageSink())
    try:
        arguments = parser().parse_args()
    except UsageError as error:
        reporter.finish(Error(type(error).__name__, str(error), error.advice))
        return EXIT_USAGE
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


def _run(arguments, reporter: Reporter) -> Result:
    # Imported late: `--help` and the message that says hello must not wait for them.
    if arguments.command == "score":
        from .evaluation.score import score_capture
        return score_capture(arguments.capture, arguments.truth)
    if arguments.command == "doctor":
        from .commands.doctor import examine
        return examine(arguments.models)
    if arguments.command == "convert":
        from .commands.convert import convert
        return convert(arguments.source, arguments.destination, arguments.format, arguments.fps, arguments.scale)
    checkpoints = arguments.checkpoints or arguments.models.parent / "mpsnet"
    if arguments.command == "models":
        return _run_models(arguments, checkpoints, reporter)
    if arguments.command == "evaluate":
        from .evaluation.evaluate import evaluate
        return evaluate(arguments.dataset, arguments.data, checkpoints, arguments.device, arguments.release_batching, reporter)
    if arguments.command == "batch":
        from .commands.batch import Batch, capture_all
        return capture_all(Batch.of_command_line(arguments, checkpoints), reporter)
    from .pipeline import DEFAULT_ENGINE, CaptureOptions, capture
    options = CaptureOptions(
        engine=DEFAULT_ENGINE if arguments.engine == "auto" else arguments.engine, people=arguments.people,
        stature=arguments.height, fov_degrees=arguments.fov, start_seconds=arguments.start, end_seconds=arguments.end,
        preview=arguments.preview, device=arguments.device, refine=arguments.refine, foot_lock=arguments.foot_lock,
        lifter=arguments.lifter)
    count = capture(arguments.video, arguments.output, options, arguments.models, checkpoints, reporter)
    return Result(str(arguments.output.absolute()), f"{count} {'person' if count == 1 else 'people'} captured.")


def _run_models(arguments, checkpoints: Path, reporter: Reporter) -> Result:
    from .paper.models_folder import describe_models
    if arguments.action == "add":
        from .paper.checkpoints import add_models
        add_models(arguments.source, checkpoints, lambda words: reporter.log("info", words))
    return Result(str(checkpoints), describe_models(checkpoints))


if __name__ == "__main__":
    sys.exit(main())

"""What a job needs before it starts: a whole backend, no other job, a video that is there; and its start."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import bpy

from ...client.backend_environment import BackendEnvironment
from ...client.backend_process import BackendProcess
from ...client.setup.setup_errors import SetupError
from ...scene.capture import job_timer
from ...scene.capture.capture_job import start_setup
from ...scene.capture.job_timer import Job
from ...shared.capture_request import find_repeated_view
from ...shared.engines.files import missing_files
from ...shared.picture_sequence import SequenceError, find_sequence
from ..common.engine_choice import chosen_engine
from ..common.preferences import backend_environment, preferences
from ..common.text_lines import describe_error
from .job_endings import run_job

_ALLOW_ACCESS = "allow Online Access (Preferences, System, Network)"


def set_up(operator: bpy.types.Operator, context: bpy.types.Context, on_end: Callable[[Job], None]) -> set[str]:
    """Run the set-up, or the repair, as a job."""
    environment = backend_environment(context)
    if not bpy.app.online_access and environment.download_megabytes:
        operator.report({"ERROR"}, f"{_what_is_missing(environment)}, and Blender may not go online: {_ALLOW_ACCESS}")
        return {"CANCELLED"}
    return run(operator, context, "Repairing" if environment.is_damaged else "Setting up", on_end, lambda: start_setup(
        environment, bpy.path.abspath(preferences(context).python)))


def is_whole(operator: bpy.types.Operator, context: bpy.types.Context) -> bool:
    """Tell whether the backend is set up and has all its files; one that lacks some is from now on not set up."""
    environment = backend_environment(context)
    if damage := environment.find_damage():
        environment.discard()
        operator.report({"WARNING"}, f"The installation is damaged and must be repaired: {damage}")
    return environment.is_ready()


def run(operator: bpy.types.Operator, context: bpy.types.Context, title: str, on_end: Callable[[Job], None],
         start: Callable[[], BackendProcess]) -> set[str]:
    """Start a process for the context's scene and run it as a job, or report why it cannot start."""
    try:
        process = start()
    except SetupError as error:
        operator.report({"ERROR"}, describe_error(error))
        return {"CANCELLED"}
    except OSError as error:
        operator.report({"ERROR"}, f"{error.filename or 'The folder'} cannot be made or written ({error.strerror or error}). "
                        "Choose another Folder in the preferences of this add-on, or correct the rights of this one.")
        return {"CANCELLED"}
    return run_job(operator, context, Job(title, process, context.scene.name, on_end))


def find_problem(video: Path) -> str:
    """Return why a path is neither a file nor numbered pictures; empty where it is."""
    if video == Path():
        return "No video is chosen. Choose a video file, or numbered pictures."
    try:
        is_there = find_sequence(video) is not None or video.is_file()
    except SequenceError as error:
        return f"{error} {error.advice}"
    return "" if is_there else f"There is no video {video}. Choose a video file, or numbered pictures."


def find_problem_of_views(video: Path, views: Sequence[Path]) -> str:
    """Return why further views of a video's moment cannot be captured with it; empty where they can."""
    problems = (f"View {number}: {problem}" for number, view in enumerate(views, start=2) if (problem := find_problem(view)))
    return next(problems, "") or find_repeated_view([video, *views])


def can_start_job(operator_class: type[bpy.types.Operator]) -> bool:
    """Tell whether no job is running."""
    if job_timer.running_job() is not None:
        operator_class.poll_message_set("A job is running: wait, or cancel it")
        return False
    return True


def can_capture(operator_class: type[bpy.types.Operator], context: bpy.types.Context) -> bool:
    """Tell whether a capture can start, or the set-up before it, if Blender may go online."""
    environment, engine = backend_environment(context), chosen_engine(context.scene.mpsnet)
    if missing := missing_files(environment.checkpoints_folder, engine):
        names = ", ".join(file.original_name for file in missing)
        operator_class.poll_message_set(f"The {engine.label} engine lacks {names}: download what is missing and press Add Files")
        return False
    if environment.is_ready() or bpy.app.online_access or not environment.download_megabytes:
        return True
    operator_class.poll_message_set(f"{_what_is_missing(environment)}, and Blender may not go online: {_ALLOW_ACCESS}")
    return False


def _what_is_missing(environment: BackendEnvironment) -> str:
    if environment.serves_fast():
        return "The model for the quality Best is missing"
    return "The installation is damaged" if environment.is_damaged else "The backend is not set up"

"""Actions at the end of a job: show and import the people, or show a notice or an error."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import bpy

from ...client.doctor import REPAIR
from ...scene.capture import job_timer
from ...scene.capture.found_people import FoundPeople, list_people
from ...scene.capture.job_timer import Job
from ...shared.motion_file import MotionFileError
from ...shared.protocol import Error, Result
from ..common.preferences import backend_environment


def run_job(operator: bpy.types.Operator, context: bpy.types.Context, job: Job) -> set[str]:
    """Start a job with the timer; in background mode, where timers do not run, block until it ends."""
    context.window_manager.mpsnet.clear_error()
    context.window_manager.mpsnet.show_notice("")
    if not bpy.app.background:
        job_timer.start(job)
        return {"FINISHED"}
    final = job_timer.run_to_end(job)
    if isinstance(final, Error):
        operator.report({"ERROR"}, f"{final.message} {final.advice}".strip())
        return {"CANCELLED"}
    job.on_end(job)
    if context.window_manager.mpsnet.error_message:
        operator.report({"ERROR"}, context.window_manager.mpsnet.error_message)
        return {"CANCELLED"}
    return {"FINISHED"} if isinstance(final, Result) else {"CANCELLED"}


def show_capture_end(job: Job) -> None:
    """Show the people of a capture and import them if the settings say so, or show why there are none."""
    state = bpy.context.window_manager.mpsnet
    final = job.state.final
    if not isinstance(final, Result):
        _show_unfinished(job, "The capture was cancelled.")
        return
    try:
        found = list_people(Path(final.path))
    except MotionFileError as error:
        _show_failure(Error("MotionFileError", str(error), "Capture the video again."), job)
        return
    state.show_people(found)
    state.show_notice(final.summary or "The capture is finished.")
    _import_people(job)
    state.warning = " ".join(filter(None, (*job.state.warnings, state.warning)))


def import_capture_of(job: Job, found: FoundPeople) -> bool:
    """List the people of a capture and import them if the settings say so; return whether they were imported."""
    state = bpy.context.window_manager.mpsnet
    state.show_people(found)
    return _import_people(job)


def show_setup_end(job: Job) -> None:
    """Show whether the set-up succeeded."""
    if isinstance(job.state.final, Result):
        bpy.context.window_manager.mpsnet.findings.clear()
        bpy.context.window_manager.mpsnet.show_notice("The backend is set up. Choose a video and press Capture.")
    else:
        _show_unfinished(job, "The set-up was cancelled.")


def show_setup_end_and_capture(job: Job, video: str, directory: str) -> None:
    """Show whether the set-up succeeded and, if it did, start the capture for which it was run, in the scene of the job.

    Nothing is captured where the scene is gone, or where its settings now ask for another set-up.
    """
    show_setup_end(job)
    if isinstance(job.state.final, Result):
        with _scene_context(job) as is_there:
            if is_there and backend_environment(bpy.context).is_ready():
                _call(job, "capture_video", False, filepath=video, directory=directory)


def show_check_end(job: Job) -> None:
    """Show what a check of the installation found, or that it did not end. What is damaged is not set up from now on."""
    state = bpy.context.window_manager.mpsnet
    state.show_findings(job.state.findings)
    if any(finding.remedy == REPAIR for finding in job.state.findings):
        backend_environment(bpy.context).discard()
    if isinstance(job.state.final, Result):
        state.show_notice(job.state.final.summary)
    elif not (isinstance(job.state.final, Error) and job.state.findings):
        _show_unfinished(job, "The check was cancelled.")


def show_models_end(job: Job) -> None:
    """Show whether model files were added."""
    if isinstance(job.state.final, Result):
        bpy.context.window_manager.mpsnet.show_notice("The files were checked and added.")
    else:
        _show_unfinished(job, "No file was added.")


def _import_people(job: Job) -> bool:
    """Import all people into the scene from which the capture was started, as one undo step; nothing in another file.

    Return whether they were imported.
    """
    with _scene_context(job) as is_there:
        if is_there and bpy.context.scene.mpsnet.import_when_done and (bpy.app.background or not job_timer.user_is_busy()):
            return _call(job, "import_people", True)
    return False


@contextmanager
def _scene_context(job: Job) -> Iterator[bool]:
    """Make the job's scene the context's scene, with a window if one shows it; give whether the scene is still there."""
    scene = bpy.data.scenes.get(job.scene_name or "")
    if scene is None:
        yield False
        return
    window = _find_window(scene)
    with bpy.context.temp_override(**({"window": window} if window else {"scene": scene})):
        yield True


def _call(job: Job, name: str, has_undo: bool, **properties: str) -> bool:
    """Call an operator of ours where it can be called; show the error that it reports. Return whether it did its work."""
    operator = getattr(bpy.ops.mpsnet, name)
    if not operator.poll():
        return False
    try:
        return "FINISHED" in operator("EXEC_DEFAULT", has_undo, **properties)
    except RuntimeError as error:
        _show_failure(Error(type(error).__name__, str(error).removeprefix("Error: ").strip()), job)
        return False


def _show_unfinished(job: Job, cancelled_notice: str) -> None:
    if isinstance(job.state.final, Error):
        _show_failure(job.state.final, job)
    else:
        bpy.context.window_manager.mpsnet.show_notice(cancelled_notice)


def _show_failure(error: Error, job: Job) -> None:
    """Show the error in the panel and, except in background mode, in a dialog."""
    bpy.context.window_manager.mpsnet.show_error(error, job.process.log_path)
    if not bpy.app.background:
        window = _find_window(bpy.data.scenes.get(job.scene_name or "")) or bpy.context.window_manager.windows[0]
        with bpy.context.temp_override(window=window):
            bpy.ops.mpsnet.show_error("INVOKE_DEFAULT")


def _find_window(scene: bpy.types.Scene | None) -> bpy.types.Window | None:
    return next((window for window in bpy.context.window_manager.windows if window.scene == scene), None)

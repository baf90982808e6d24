"""The captures of the queue: how the next one starts when a job has ended, and what becomes of its result."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import bpy

from ...client.setup.setup_errors import SetupError
from ...scene.capture import job_timer
from ...scene.capture.capture_job import new_capture_folder, start_capture
from ...scene.capture.capture_queue import QUEUE, QueuedVideo, QueueState
from ...scene.capture.found_people import list_people
from ...scene.capture.job_timer import Job
from ...shared.capture_listing import GRADES
from ...shared.capture_request import CaptureRequest
from ...shared.motion_file import MotionFileError
from ...shared.protocol import Error, Result
from ..common.preferences import backend_environment, home_folder
from ..common.text_lines import describe_error
from .job_endings import import_capture_of, show_setup_end


def start_next() -> None:
    """Start the next capture, if the queue is active and no job is running; the job timer calls this when a job has ended."""
    while QUEUE.is_active and job_timer.running_job() is None and not is_in_background():
        queued = QUEUE.next_waiting()
        if queued is None or queued.request is None:
            QUEUE.stop()
        elif (job := _start_waiting()) is not None:
            job_timer.start(job)


def _start_waiting() -> Job | None:
    """Start the process of the next waiting video. Return its job; None where there is none, or where it cannot start."""
    queued = QUEUE.next_waiting()
    if queued is None or queued.request is None:
        return None
    home = home_folder(bpy.context)
    environment = backend_environment(bpy.context)
    folder = new_capture_folder(home, queued.video)
    try:
        process = start_capture(environment, home, queued.video, folder, queued.request, queued.views)
    except (SetupError, OSError) as error:
        QUEUE.change(queued.number, state=QueueState.FAILED, words=describe_error(error))
        return None
    QUEUE.change(queued.number, state=QueueState.RUNNING, words="")
    job = Job(f"Capturing {queued.video.name}", process, queued.scene_name or "", partial(_end_queued, number=queued.number))
    job.scene_name = queued.scene_name
    return job


def _end_queued(job: Job, number: int) -> None:
    """Note how a capture of the queue ended, and import it if the settings of its scene say so."""
    final, queued = job.state.final, QUEUE.find(number)
    if queued is None:
        return
    if isinstance(final, Error):
        QUEUE.change(number, state=QueueState.FAILED, words=f"{final.message} {final.advice}".strip())
    elif not isinstance(final, Result):
        QUEUE.change(number, state=QueueState.CANCELLED)
    else:
        _keep_result(job, queued, final)


def _keep_result(job: Job, queued: QueuedVideo, result: Result) -> None:
    folder = Path(result.path)
    try:
        found = list_people(folder)
    except MotionFileError as error:
        QUEUE.change(queued.number, state=QueueState.FAILED, words=str(error))
        return
    grade = min((person.grade for person in found.people if person.grade in GRADES), key=GRADES.index, default="")
    QUEUE.change(queued.number, state=QueueState.DONE, words=result.summary, folder=folder, grade=grade,
                 is_imported=import_capture_of(job, found))


def cancel_running() -> None:
    """Stop the queue's running capture, if there is one."""
    job = job_timer.running_job()
    if job is not None and QUEUE.running() is not None:
        job.cancel()


def show_setup_end_and_start(job: Job, request: CaptureRequest) -> None:
    """Show whether the set-up succeeded and, if it did, start the queue for which it was run."""
    show_setup_end(job)
    if isinstance(job.state.final, Result):
        QUEUE.start(request)


def capture_all_and_wait(operator: bpy.types.Operator) -> set[str]:
    """In background mode, where timers do not run: capture all waiting videos, and report those that failed."""
    failed = []
    while (queued := QUEUE.next_waiting()) is not None:
        job = _start_waiting()
        if job is not None:
            job_timer.run_to_end(job)
            job.on_end(job)
        ended = QUEUE.find(queued.number)
        failed += [f"{ended.video.name}: {ended.words}"] if ended and ended.state is not QueueState.DONE else []
    QUEUE.stop()
    if failed:
        operator.report({"ERROR"}, " ".join(failed))
        return {"CANCELLED"}
    return {"FINISHED"}


def is_in_background() -> bool:
    """Tell whether Blender has no window, so that no timer runs."""
    return bpy.app.background


@bpy.app.handlers.persistent
def _detach_from_file(_path: str) -> None:
    QUEUE.detach_from_file()


def attach() -> None:
    """Let the queue go on whenever a job has ended."""
    job_timer.when_idle.append(start_next)
    bpy.app.handlers.load_post.append(_detach_from_file)


def detach() -> None:
    """Stop the queue and empty it."""
    QUEUE.stop()
    QUEUE.videos = ()
    bpy.app.handlers.load_post.remove(_detach_from_file)
    job_timer.when_idle.remove(start_next)

"""Operators of the queue: add videos, capture all, cancel, and what can be done with one video; and how the next one starts."""

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
from ...shared.picture_sequence import SequenceError, join_pictures
from ...shared.protocol import Error, Result
from ..common.preferences import backend_environment, home_folder
from .job_endings import import_capture_of, show_setup_end
from .operators import can_capture, can_start_job, is_whole, set_up


class MPSNET_OT_queue_videos(bpy.types.Operator):
    """Add videos to the queue: they are captured one after another. Several can be chosen at once"""
    bl_idname = "mpsnet.queue_videos"
    bl_label = "Add Videos"

    directory: bpy.props.StringProperty(subtype="DIR_PATH", options={"SKIP_SAVE"})
    files: bpy.props.CollectionProperty(type=bpy.types.OperatorFileListElement, options={"SKIP_SAVE"})
    filter_movie: bpy.props.BoolProperty(default=True, options={"HIDDEN", "SKIP_SAVE"})
    filter_image: bpy.props.BoolProperty(default=True, options={"HIDDEN", "SKIP_SAVE"})
    filter_folder: bpy.props.BoolProperty(default=True, options={"HIDDEN", "SKIP_SAVE"})

    def invoke(self, context, _event):
        if self.files:
            return self.execute(context)
        context.window_manager.fileselect_add(self)
        return {"RUNNING_MODAL"}

    def execute(self, context):
        folder = Path(bpy.path.abspath(self.directory))
        try:
            videos = join_pictures(folder / item.name for item in self.files if (folder / item.name).is_file())
        except (SequenceError, OSError) as error:
            self.report({"ERROR"}, f"{error} {getattr(error, 'advice', '')}".strip())
            return {"CANCELLED"}
        if not videos:
            self.report({"ERROR"}, "No video was chosen. Choose one or more video files.")
            return {"CANCELLED"}
        count = QUEUE.add(videos, context.scene.name)
        self.report({"INFO"}, f"{count} {'video' if count == 1 else 'videos'} added to the queue")
        start_next()
        job_timer.redraw_sidebars()
        return {"FINISHED"}


class MPSNET_OT_capture_queue(bpy.types.Operator):
    """Capture all waiting videos, one after another, with the present options. Blender stays usable"""
    bl_idname = "mpsnet.capture_queue"
    bl_label = "Capture All"

    @classmethod
    def poll(cls, context):
        if QUEUE.next_waiting() is None:
            cls.poll_message_set("Add videos to the queue first")
            return False
        return can_start_job(cls) and can_capture(cls, context)

    def execute(self, context):
        request = context.scene.mpsnet.capture_request()
        if not is_whole(self, context):
            ended = set_up(self, context, partial(_show_setup_end_and_start, request=request))
            return _capture_all_and_wait(self) if _is_in_background() and QUEUE.is_active else ended
        QUEUE.start(request)
        if _is_in_background():
            return _capture_all_and_wait(self)
        start_next()
        return {"FINISHED"}


class MPSNET_OT_cancel_queue(bpy.types.Operator):
    """Stop the running capture of the queue, and start no other one"""
    bl_idname = "mpsnet.cancel_queue"
    bl_label = "Cancel All"

    @classmethod
    def poll(cls, _context):
        if not QUEUE.is_active:
            cls.poll_message_set("The queue is not being captured")
            return False
        return True

    def execute(self, _context):
        QUEUE.stop()
        for queued in QUEUE.videos:
            if queued.state is QueueState.WAITING:
                QUEUE.change(queued.number, state=QueueState.CANCELLED)
        _cancel_running()
        job_timer.redraw_sidebars()
        return {"FINISHED"}


class MPSNET_OT_clear_queue(bpy.types.Operator):
    """Remove all videos that are done, failed or cancelled from this list. Captures and videos are not deleted"""
    bl_idname = "mpsnet.clear_queue"
    bl_label = "Clear Ended"

    @classmethod
    def poll(cls, _context):
        if all(queued.state in (QueueState.WAITING, QueueState.RUNNING) for queued in QUEUE.videos):
            cls.poll_message_set("No video in the queue has ended")
            return False
        return True

    def execute(self, _context):
        QUEUE.clear_ended()
        return {"FINISHED"}


class MPSNET_OT_queued_video(bpy.types.Operator):
    """What can be done with one video of the queue"""
    bl_idname = "mpsnet.queued_video"
    bl_label = "Queued Video"

    number: bpy.props.IntProperty(options={"SKIP_SAVE"})
    action: bpy.props.EnumProperty(options={"SKIP_SAVE"}, items=(
        ("REMOVE", "Remove", "Remove this video from the queue. Neither the video nor its capture is deleted"),
        ("CANCEL", "Cancel", "Stop this capture. The next video follows"),
        ("RETRY", "Try Again", "Let this video wait for its capture again"),
        ("IMPORT", "Import", "Import the people of this capture into the scene")))

    @classmethod
    def description(cls, _context, properties):
        return cls.bl_rna.properties["action"].enum_items[properties.action].description

    def execute(self, context):
        queued = QUEUE.find(self.number)
        if queued is None:
            self.report({"ERROR"}, "This video is no longer in the queue.")
            return {"CANCELLED"}
        if self.action == "REMOVE":
            QUEUE.remove(queued.number)
        elif self.action == "CANCEL" and queued.state is QueueState.RUNNING:
            _cancel_running()
        elif self.action == "RETRY":
            QUEUE.retry(queued.number)
            start_next()
        elif self.action == "IMPORT" and queued.folder is not None:
            return self._import(queued)
        job_timer.redraw_sidebars()
        return {"FINISHED"}

    def _import(self, queued: QueuedVideo) -> set[str]:
        try:
            bpy.ops.mpsnet.import_motion("EXEC_DEFAULT", True, filepath=str(queued.folder))
        except RuntimeError as error:
            self.report({"ERROR"}, str(error).removeprefix("Error: ").strip())
            return {"CANCELLED"}
        QUEUE.change(queued.number, is_imported=True)
        return {"FINISHED"}


def start_next() -> None:
    """Start the next capture, if the queue is active and no job is running; the job timer calls this when a job has ended."""
    while QUEUE.is_active and job_timer.running_job() is None and not _is_in_background():
        job = _start_waiting()
        if job is not None:
            job_timer.start(job)
        elif QUEUE.next_waiting() is None:
            QUEUE.stop()


def _start_waiting() -> Job | None:
    """Start the process of the next waiting video. Return its job; None where there is none, or where it cannot start."""
    queued = QUEUE.next_waiting()
    if queued is None or queued.request is None:
        return None
    home = home_folder(bpy.context)
    environment = backend_environment(bpy.context)
    folder = new_capture_folder(home, queued.video)
    try:
        process = start_capture(environment, home, queued.video, folder, queued.request)
    except (SetupError, OSError) as error:
        QUEUE.change(queued.number, state=QueueState.FAILED, words=f"{error} {getattr(error, 'advice', '')}".strip())
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


def _cancel_running() -> None:
    job = job_timer.running_job()
    if job is not None and QUEUE.running() is not None:
        job.cancel()


def _show_setup_end_and_start(job: Job, request: CaptureRequest) -> None:
    """Show whether the set-up succeeded and, if it did, start the queue for which it was run."""
    show_setup_end(job)
    if isinstance(job.state.final, Result):
        QUEUE.start(request)


def _capture_all_and_wait(operator: bpy.types.Operator) -> set[str]:
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


def _is_in_background() -> bool:
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


CLASSES = (MPSNET_OT_queue_videos, MPSNET_OT_capture_queue, MPSNET_OT_cancel_queue, MPSNET_OT_clear_queue,
           MPSNET_OT_queued_video)

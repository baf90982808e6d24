"""Operators of the queue: add videos, capture all, cancel, and what can be done with one video."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import bpy

from ...scene.capture import job_timer
from ...scene.capture.capture_queue import QUEUE, QueuedVideo, QueueState
from ...shared.picture_sequence import SequenceError, join_pictures
from ..common.path_options import absolute_path
from ..common.text_lines import describe_error
from . import queue_jobs
from .job_starts import can_capture, can_start_job, find_problem, find_problem_of_views, is_whole, set_up


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
        folder = absolute_path(self.directory)
        try:
            videos = join_pictures(folder / item.name for item in self.files if (folder / item.name).is_file())
        except (SequenceError, OSError) as error:
            self.report({"ERROR"}, describe_error(error))
            return {"CANCELLED"}
        if not videos:
            self.report({"ERROR"}, "No video was chosen. Choose one or more video files.")
            return {"CANCELLED"}
        return _add(self, context, videos)


class MPSNET_OT_queue_views(bpy.types.Operator):
    """Add this video to the queue, to be captured with its views"""
    bl_idname = "mpsnet.queue_views"
    bl_label = "Add to Queue"

    def execute(self, context):
        video = absolute_path(context.scene.mpsnet.video)
        if problem := find_problem(video):
            self.report({"ERROR"}, problem)
            return {"CANCELLED"}
        return _add(self, context, [video])


def _add(operator: bpy.types.Operator, context: bpy.types.Context, videos: list[Path]) -> set[str]:
    """Add videos to the queue, the chosen one with its views: these are not added a second time, each for itself."""
    settings = context.scene.mpsnet
    chosen, views = absolute_path(settings.video), settings.other_videos()
    if chosen in videos:
        if problem := find_problem_of_views(chosen, [view.video for view in views]):
            operator.report({"ERROR"}, problem)
            return {"CANCELLED"}
        videos = [video for video in videos if video not in [view.video for view in views]]
    count = QUEUE.add(videos, context.scene.name, {chosen: views})
    also = f", {chosen.name} with its further views" if views and chosen in videos else ""
    operator.report({"INFO"}, f"{count} {'video' if count == 1 else 'videos'} added to the queue{also}")
    queue_jobs.start_next()
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
            ended = set_up(self, context, partial(queue_jobs.show_setup_end_and_start, request=request))
            return queue_jobs.capture_all_and_wait(self) if queue_jobs.is_in_background() and QUEUE.is_active else ended
        QUEUE.start(request)
        if queue_jobs.is_in_background():
            return queue_jobs.capture_all_and_wait(self)
        queue_jobs.start_next()
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
        queue_jobs.cancel_running()
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
            queue_jobs.cancel_running()
        elif self.action == "RETRY":
            QUEUE.retry(queued.number)
            queue_jobs.start_next()
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


CLASSES = (MPSNET_OT_queue_videos, MPSNET_OT_queue_views, MPSNET_OT_capture_queue, MPSNET_OT_cancel_queue, MPSNET_OT_clear_queue,
           MPSNET_OT_queued_video)

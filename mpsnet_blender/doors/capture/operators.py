"""Operators that run the backend: capture, set-up, adding of model files, cancel."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import bpy

from ...scene.capture import job_timer
from ...scene.capture.capture_job import new_capture_folder, start_adding_models, start_capture
from ..common.path_options import absolute_path
from ..common.preferences import backend_environment, home_folder
from .job_endings import show_capture_end, show_models_end, show_setup_end, show_setup_end_and_capture
from .job_starts import can_capture, can_start_job, find_problem, find_problem_of_views, is_whole, run, set_up


class MPSNET_OT_capture_video(bpy.types.Operator):
    """Find the people in the video and capture their motion (after the set-up, where that is missing). Blender stays usable"""
    bl_idname = "mpsnet.capture_video"
    bl_label = "Capture"

    filepath: bpy.props.StringProperty(subtype="FILE_PATH", options={"SKIP_SAVE"})
    directory: bpy.props.StringProperty(
        subtype="DIR_PATH", options={"SKIP_SAVE"},
        description="Folder for the result. Empty: a new one in the add-on's folder")
    _is_from_dialog = False
    filter_movie: bpy.props.BoolProperty(default=True, options={"HIDDEN", "SKIP_SAVE"})
    filter_image: bpy.props.BoolProperty(default=True, options={"HIDDEN", "SKIP_SAVE"})
    filter_folder: bpy.props.BoolProperty(default=True, options={"HIDDEN", "SKIP_SAVE"})

    @classmethod
    def poll(cls, context):
        return can_start_job(cls) and can_capture(cls, context)

    def invoke(self, context, _event):
        if context.scene.mpsnet.video:
            return self.execute(context)
        self._is_from_dialog = True
        context.window_manager.fileselect_add(self)
        return {"RUNNING_MODAL"}

    def execute(self, context):
        settings = context.scene.mpsnet
        video = absolute_path(self.filepath or settings.video)
        if problem := find_problem(video):
            self.report({"ERROR"}, problem)
            return {"CANCELLED"}
        settings.video = str(video)
        views = settings.other_videos()
        if problem := find_problem_of_views(video, [view.video for view in views]):
            self.report({"ERROR"}, problem)
            return {"CANCELLED"}
        # A file dialog sets `directory` to the video's folder, which the user did not choose for the result.
        chosen = "" if self._is_from_dialog else bpy.path.abspath(self.directory)
        if not is_whole(self, context):
            return set_up(self, context, partial(show_setup_end_and_capture, video=str(video), directory=chosen))
        folder = Path(chosen) if chosen else new_capture_folder(home_folder(context), video)
        return run(self, context, f"Capturing {video.name}", show_capture_end, lambda: start_capture(
            backend_environment(context), home_folder(context), video, folder, settings.capture_request(), views))


class MPSNET_OT_setup_backend(bpy.types.Operator):
    """Download and install what captures need: a separate Python environment and the landmark models. Needed once"""
    bl_idname = "mpsnet.setup_backend"
    bl_label = "Set Up"

    @classmethod
    def poll(cls, context):
        if not bpy.app.online_access and backend_environment(context).download_megabytes:
            cls.poll_message_set("Allow Online Access first: Preferences, System, Network")
            return False
        return can_start_job(cls)

    def execute(self, context):
        return set_up(self, context, show_setup_end)


class MPSNET_OT_add_models(bpy.types.Operator):
    """Check and add files that you downloaded for an engine: a folder, a zip, or a single file"""
    bl_idname = "mpsnet.add_models"
    bl_label = "Add Files"

    filepath: bpy.props.StringProperty(subtype="FILE_PATH", options={"SKIP_SAVE"})

    @classmethod
    def poll(cls, context):
        if not backend_environment(context).is_ready():
            cls.poll_message_set("The engine is not set up: press Set Up first")
            return False
        return can_start_job(cls)

    def invoke(self, context, _event):
        context.window_manager.fileselect_add(self)
        return {"RUNNING_MODAL"}

    def execute(self, context):
        source = Path(bpy.path.abspath(self.filepath))
        return run(self, context, f"Adding {source.name}", show_models_end, lambda: start_adding_models(
            backend_environment(context), home_folder(context), source))


class MPSNET_OT_cancel_job(bpy.types.Operator):
    """Stop the running job"""
    bl_idname = "mpsnet.cancel_job"
    bl_label = "Cancel"

    @classmethod
    def poll(cls, _context):
        if job_timer.running_job() is None:
            cls.poll_message_set("Nothing is running")
            return False
        return True

    def execute(self, _context):
        job = job_timer.running_job()
        if job is not None:
            job.cancel()
        job_timer.redraw_sidebars()
        return {"FINISHED"}


CLASSES = (MPSNET_OT_capture_video, MPSNET_OT_setup_backend, MPSNET_OT_add_models, MPSNET_OT_cancel_job)

"""Operators that run the backend: capture, set-up, adding of model files, cancel; and the handler of dropped videos."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import bpy

from ...client.backend_environment import BackendEnvironment
from ...client.backend_process import BackendProcess
from ...client.setup.setup_errors import SetupError
from ...scene.capture import job_timer
from ...scene.capture.capture_job import new_capture_folder, start_adding_models, start_capture, start_setup
from ...scene.capture.job_timer import Job
from ...shared.engines.files import missing_files
from ...shared.picture_sequence import SequenceError, find_sequence
from ..common.engine_choice import chosen_engine
from ..common.preferences import backend_environment, home_folder, preferences
from ..common.text_lines import describe_error
from .job_endings import run_job, show_capture_end, show_models_end, show_setup_end, show_setup_end_and_capture

_TAB_SECONDS, _TAB_INTERVAL = 2.0, 0.05  # to wait for a sidebar's first drawing, which takes one redraw, and between two looks
_ALLOW_ACCESS = "allow Online Access (Preferences, System, Network)"
MOVIE_EXTENSIONS = ";".join(sorted(bpy.path.extensions_movie))


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
        video = Path(bpy.path.abspath(self.filepath or settings.video))
        if problem := find_problem(video):
            self.report({"ERROR"}, problem)
            return {"CANCELLED"}
        if self.filepath and str(video) != bpy.path.abspath(settings.video):
            settings.views.clear()      # they show the moment of the video before
        settings.video = str(video)
        views = [Path(bpy.path.abspath(view.filepath)) for view in settings.views]
        if missing := next(filter(None, map(find_problem, views)), ""):
            self.report({"ERROR"}, missing)
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


class MPSNET_OT_choose_video(bpy.types.Operator):
    """Choose this video in the Mocap tab; several are added to its queue"""
    bl_idname = "mpsnet.choose_video"
    bl_label = "Choose Video for Motion Capture"
    bl_options = {"REGISTER", "UNDO"}

    filepath: bpy.props.StringProperty(subtype="FILE_PATH", options={"SKIP_SAVE"})
    directory: bpy.props.StringProperty(subtype="DIR_PATH", options={"SKIP_SAVE"})
    files: bpy.props.CollectionProperty(type=bpy.types.OperatorFileListElement, options={"SKIP_SAVE"})

    def execute(self, context):
        _show_tab(context)
        if len(self.files) > 1:
            return bpy.ops.mpsnet.queue_videos(directory=self.directory, files=[{"name": item.name} for item in self.files])
        context.scene.mpsnet.video = self.filepath
        context.scene.mpsnet.views.clear()
        self.report({"INFO"}, "Press Capture in the Mocap tab of the sidebar")
        return {"FINISHED"}


class MPSNET_FH_video(bpy.types.FileHandler):
    bl_idname = "MPSNET_FH_video"
    bl_label = "Motion Capture"
    bl_import_operator = "mpsnet.choose_video"
    bl_file_extensions = MOVIE_EXTENSIONS

    @classmethod
    def poll_drop(cls, context):
        return context.area is not None and context.area.type == "VIEW_3D"


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
    try:
        is_there = find_sequence(video) is not None or video.is_file()
    except SequenceError as error:
        return f"{error} {error.advice}"
    return "" if is_there else f"There is no video {video}. Choose a video file, or numbered pictures."


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


def _show_tab(context: bpy.types.Context) -> None:
    """Open the sidebar with the Mocap tab in the 3D view into which the video was dropped."""
    if context.area is None or context.area.type != "VIEW_3D":
        return
    context.space_data.show_region_ui = True
    if not _choose_tab(context.area):
        until = time.monotonic() + _TAB_SECONDS
        bpy.app.timers.register(partial(_choose_tab_later, context.area.as_pointer(), until), first_interval=_TAB_INTERVAL)


def _choose_tab(area: bpy.types.Area) -> bool:
    """Choose the Mocap tab of an area's sidebar; return whether it is chosen. A sidebar that was never drawn has no tabs yet."""
    sidebar = next(region for region in area.regions if region.type == "UI")
    with contextlib.suppress(AttributeError, TypeError):  # no tab of this name, or it cannot be chosen
        sidebar.active_panel_category = "Mocap"
    return sidebar.active_panel_category == "Mocap"


def _choose_tab_later(area_pointer: int, until: float) -> float | None:
    """Timer: choose the tab as soon as the sidebar was drawn. Return the seconds until the next try, None after the last."""
    areas = (area for window in bpy.context.window_manager.windows for area in window.screen.areas)
    area = next((area for area in areas if area.as_pointer() == area_pointer), None)
    return None if area is None or _choose_tab(area) or time.monotonic() > until else _TAB_INTERVAL


CLASSES = (MPSNET_OT_capture_video, MPSNET_OT_setup_backend, MPSNET_OT_add_models, MPSNET_OT_cancel_job,
           MPSNET_OT_choose_video, MPSNET_FH_video)

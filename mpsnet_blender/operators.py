"""The doors to the backend: capture, set-up, cancel, and the dropped video."""

from __future__ import annotations

from pathlib import Path

import bpy

from .client.setup_errors import SetupError
from .motion.capture_folder import open_capture
from .preferences import backend_environment, preferences
from .scene import job_timer
from .scene.capture_job import new_capture_folder, start_capture, start_setup
from .scene.job_timer import Job
from .shared.motion_file import MotionFileError
from .shared.protocol import Error, Result
from . import thumbnails

MOVIE_EXTENSIONS = ";".join(sorted(bpy.path.extensions_movie))


class MPSNET_OT_capture_video(bpy.types.Operator):
    """Find the people in the video and capture their motion. Blender stays usable meanwhile"""
    bl_idname = "mpsnet.capture_video"
    bl_label = "Capture"

    filepath: bpy.props.StringProperty(subtype="FILE_PATH", options={"SKIP_SAVE"})
    directory: bpy.props.StringProperty(
        subtype="DIR_PATH", options={"SKIP_SAVE"}, description="Folder for the result. Empty: a new one in the add-on's folder")
    _is_from_dialog = False
    filter_movie: bpy.props.BoolProperty(default=True, options={"HIDDEN", "SKIP_SAVE"})
    filter_folder: bpy.props.BoolProperty(default=True, options={"HIDDEN", "SKIP_SAVE"})

    @classmethod
    def poll(cls, context):
        return _says_free(cls) and _says_ready(cls, context)

    def invoke(self, context, _event):
        if context.scene.mpsnet.video:
            return self.execute(context)
        self._is_from_dialog = True
        context.window_manager.fileselect_add(self)
        return {"RUNNING_MODAL"}

    def execute(self, context):
        settings = context.scene.mpsnet
        video = Path(bpy.path.abspath(self.filepath or settings.video))
        if not video.is_file():
            self.report({"ERROR"}, f"There is no video {video}. Choose a video file.")
            return {"CANCELLED"}
        settings.video = str(video)
        environment = backend_environment(context)
        # A file dialog fills `directory` with the video's own folder: that is no choice of a place for the result.
        is_chosen = self.directory and not self._is_from_dialog
        folder = Path(bpy.path.abspath(self.directory)) if is_chosen else new_capture_folder(environment.home, video)
        try:
            process = start_capture(environment, video, folder, settings.capture_options())
        except (SetupError, OSError) as error:
            return _report_failure(self, error)
        return _run(self, context, Job(f"Capturing {video.name}", process, context.scene.name, capture_ended))


class MPSNET_OT_setup_backend(bpy.types.Operator):
    """Download and install what captures need: a Python environment of its own and the landmark models. Once"""
    bl_idname = "mpsnet.setup_backend"
    bl_label = "Set Up"

    @classmethod
    def poll(cls, context):
        if not bpy.app.online_access:
            cls.poll_message_set("Allow Online Access first: Preferences, System, Network")
            return False
        return _says_free(cls)

    def execute(self, context):
        environment = backend_environment(context)
        try:
            process = start_setup(environment, bpy.path.abspath(preferences(context).python))
        except (SetupError, OSError) as error:
            return _report_failure(self, error)
        return _run(self, context, Job("Setting up", process, context.scene.name, setup_ended))


class MPSNET_OT_cancel_job(bpy.types.Operator):
    """Stop what is running"""
    bl_idname = "mpsnet.cancel_job"
    bl_label = "Cancel"

    @classmethod
    def poll(cls, _context):
        if job_timer.running_job() is None:
            cls.poll_message_set("Nothing is running")
            return False
        return True

    def execute(self, _context):
        job_timer.running_job().cancel()
        job_timer.redraw_sidebars()
        return {"FINISHED"}


class MPSNET_OT_choose_video(bpy.types.Operator):
    """Choose this video in the Mocap tab"""
    bl_idname = "mpsnet.choose_video"
    bl_label = "Choose Video for Motion Capture"
    bl_options = {"REGISTER", "UNDO"}

    filepath: bpy.props.StringProperty(subtype="FILE_PATH", options={"SKIP_SAVE"})

    def execute(self, context):
        context.scene.mpsnet.video = self.filepath
        _show_tab(context)
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


def capture_ended(job: Job) -> None:
    """Show what a capture found, import it where that is wanted, or show why there is nothing."""
    state = bpy.context.window_manager.mpsnet
    final = job.state.final
    if not isinstance(final, Result):
        _show_unfinished(job, "The capture was cancelled.")
        return
    try:
        capture = open_capture(Path(final.path))
    except MotionFileError as error:
        _show_failure(Error("MotionFileError", str(error), "Capture the video again."), job)
        return
    thumbnails.forget()
    state.show_capture(Path(final.path), capture)
    state.show_notice(final.summary or "The capture is finished.", job.state.warnings)
    _import_when_done(job)


def setup_ended(job: Job) -> None:
    """Show how the set-up ended."""
    if isinstance(job.state.final, Result):
        bpy.context.window_manager.mpsnet.show_notice("The backend is set up. Choose a video and press Capture.")
    else:
        _show_unfinished(job, "The set-up was cancelled.")


def _import_when_done(job: Job) -> None:
    """Import everybody into the scene that the capture was started from, as one step to undo; not into another file."""
    scene = bpy.data.scenes.get(job.scene_name or "")
    if scene is None:
        return
    if not scene.mpsnet.import_when_done or (not bpy.app.background and job_timer.user_is_busy()):
        return
    window = _window_of(scene)
    try:
        with bpy.context.temp_override(**({"window": window} if window else {"scene": scene})):
            bpy.ops.mpsnet.import_people("EXEC_DEFAULT", True)
    except RuntimeError as error:  # an operator's reported error
        _show_failure(Error("MotionFileError", str(error).removeprefix("Error: ").strip()), job)


def _run(operator: bpy.types.Operator, context: bpy.types.Context, job: Job) -> set[str]:
    """Hand a job to the timer, or see it through where no timer ticks."""
    context.window_manager.mpsnet.forget_error()
    context.window_manager.mpsnet.show_notice("")
    if not bpy.app.background:
        job_timer.start(job)
        return {"FINISHED"}
    final = job_timer.run_to_end(job)
    if isinstance(final, Error):
        operator.report({"ERROR"}, f"{final.message} {final.advice}".strip())
        return {"CANCELLED"}
    job.on_end(job)
    return {"FINISHED"} if isinstance(final, Result) else {"CANCELLED"}


def _show_unfinished(job: Job, cancelled_notice: str) -> None:
    if isinstance(job.state.final, Error):
        _show_failure(job.state.final, job)
    else:
        bpy.context.window_manager.mpsnet.show_notice(cancelled_notice)


def _show_failure(error: Error, job: Job) -> None:
    """Keep the error for the panel, and open the dialog where there is a window for it."""
    bpy.context.window_manager.mpsnet.show_error(error, job.process.log_path)
    if not bpy.app.background:
        window = _window_of(bpy.data.scenes.get(job.scene_name or "")) or bpy.context.window_manager.windows[0]
        with bpy.context.temp_override(window=window):
            bpy.ops.mpsnet.show_error("INVOKE_DEFAULT")


def _report_failure(operator: bpy.types.Operator, error: Exception) -> set[str]:
    operator.report({"ERROR"}, f"{error} {getattr(error, 'advice', '')}".strip())
    return {"CANCELLED"}


def _window_of(scene: bpy.types.Scene | None) -> bpy.types.Window | None:
    return next((window for window in bpy.context.window_manager.windows if window.scene == scene), None)


def _says_free(operator_class: type) -> bool:
    if job_timer.running_job() is not None:
        operator_class.poll_message_set("A job is running: wait, or cancel it")
        return False
    return True


def _says_ready(operator_class: type, context: bpy.types.Context) -> bool:
    if not backend_environment(context).is_ready():
        operator_class.poll_message_set("The backend is not set up: press Set Up, or run bpy.ops.mpsnet.setup_backend()")
        return False
    return True


def _show_tab(context: bpy.types.Context) -> None:
    """Open the sidebar of the 3D view that something was dropped into, at our tab."""
    if context.area is None or context.area.type != "VIEW_3D":
        return
    context.space_data.show_region_ui = True
    sidebar = next(region for region in context.area.regions if region.type == "UI")
    try:
        sidebar.active_panel_category = "Mocap"
    except (AttributeError, TypeError):  # read-only, or the sidebar was never drawn
        return


CLASSES = (MPSNET_OT_capture_video, MPSNET_OT_setup_backend, MPSNET_OT_cancel_job, MPSNET_OT_choose_video, MPSNET_FH_video)

"""The sidebar tab "Mocap"."""

from __future__ import annotations

import bpy

from ...scene.capture import job_timer
from ...scene.capture.job_timer import Job
from ...shared.capture_listing import GRADE_WORDS
from ...shared.engines.files import missing_files
from ..common import thumbnails
from ..common.engine_choice import chosen_engine
from ..common.grades import GRADE_ICONS
from ..common.preferences import backend_environment, setup_label
from ..common.text_lines import count_line_characters, draw_lines, is_narrow
from .import_operators import find_enclosing_shown, find_footage_camera, is_listed_capture_imported
from .installation import draw_wrong
from .view_operators import draw_view_cuts, draw_views

_BUTTON_HEIGHT = 1.6
_PICTURE_CHARACTERS = 14    # as wide as a person's picture with its margins; by eye


class _MocapPanel:
    bl_space_type = "VIEW_3D"
    bl_region_type = "UI"
    bl_category = "Mocap"


class MPSNET_PT_capture(_MocapPanel, bpy.types.Panel):
    bl_label = "Motion Capture"

    def draw(self, context):
        layout = self.layout
        state = context.window_manager.mpsnet
        words = "Choose a video" if is_narrow(context) else "Choose or drop a video"
        row = layout.row(align=True)
        row.prop(context.scene.mpsnet, "video", text="", icon="FILE_MOVIE", placeholder=words)
        row.operator("mpsnet.queue_videos", text="", icon="ADD")
        draw_views(layout, context)
        job = job_timer.running_job()
        if job is not None:
            _draw_job(layout, context, job)
        else:
            _draw_start(layout, context)
        layout.operator("mpsnet.import_motion", text="Import Motion File", icon="FILE_FOLDER")
        if state.error_message:
            _draw_error(layout, context)
        draw_wrong(layout, context)
        _draw_notice(layout, context)


class MPSNET_PT_people(_MocapPanel, bpy.types.Panel):
    bl_label = "People Found"
    bl_parent_id = "MPSNET_PT_capture"

    @classmethod
    def poll(cls, context):
        return len(context.window_manager.mpsnet.people) > 0

    def draw(self, context):
        for person in context.window_manager.mpsnet.people:
            box = self.layout.box()
            row = box.row()
            row.template_icon(icon_value=thumbnails.load_icon(person.thumbnail), scale=4.0)
            column = row.column(align=True)
            column.prop(person, "is_chosen", text=person.label)
            if person.span:
                column.label(text=person.span, icon="NONE" if is_narrow(context) else "TIME")
            if person.grade:
                verdict = ". ".join(filter(None, (GRADE_WORDS.get(person.grade, ""), person.advice)))
                below, taken = (box.column(align=True), 2) if is_narrow(context) else (column, _PICTURE_CHARACTERS)
                draw_lines(below, verdict, GRADE_ICONS.get(person.grade, "INFO"), count_line_characters(context) - taken)
        row = self.layout.row(align=True)
        row.scale_y = _BUTTON_HEIGHT
        words = "Import Again" if is_listed_capture_imported(context) else "Import"
        row.operator("mpsnet.import_people", text=words, icon="IMPORT")
        row.operator("wm.path_open", text="", icon="FILE_FOLDER").filepath = context.window_manager.mpsnet.capture_folder()


def _draw_job(layout: bpy.types.UILayout, context: bpy.types.Context, job: Job) -> None:
    column = layout.column(align=True)
    row = column.row(align=True)
    row.scale_y = _BUTTON_HEIGHT
    row.progress(factor=job.state.fraction or 0.0, text=job.state.stage, type="BAR")
    cancel = row.row(align=True)
    cancel.enabled = not job.state.is_cancelling
    cancel.operator("mpsnet.cancel_job", text="", icon="CANCEL")
    column.label(text=job.state.detail)
    draw_lines(column, job.state.trouble, "ERROR", count_line_characters(context))


def _draw_start(layout: bpy.types.UILayout, context: bpy.types.Context) -> None:
    # When a job ends while the mouse is over its progress bar, Blender draws the first plain item that follows as a bar, until
    # the mouse moves. This separator is that item, and invisible.
    layout.separator(factor=0.05)
    if not backend_environment(context).is_ready():
        _draw_setup(layout, context)
        return
    _draw_missing_files(layout, context)
    row = layout.row()
    row.scale_y = _BUTTON_HEIGHT
    row.operator("mpsnet.capture_video", icon="OUTLINER_OB_ARMATURE")


def _draw_missing_files(layout: bpy.types.UILayout, context: bpy.types.Context) -> None:
    """List the authors' files that are missing, what each is for, and where to get it."""
    missing = missing_files(backend_environment(context).checkpoints_folder, chosen_engine(context.scene.mpsnet))
    if not missing:
        return
    box = layout.box().column(align=True)
    characters = count_line_characters(context) - 2
    for file in missing:
        draw_lines(box, f"{file.original_name}: {file.purpose}", "ERROR", characters)
    for site in dict.fromkeys(file.site for file in missing):
        address = site.split()[0]
        box.operator("wm.url_open", text=address.removeprefix("https://"), icon="URL").url = address
    advice = "Download them there; their licences say what you may use them for. Then add the zip, the folder or each file."
    draw_lines(box, advice, "INFO", characters)
    box.operator("mpsnet.add_models", icon="FILEBROWSER")


def _draw_setup(layout: bpy.types.UILayout, context: bpy.types.Context) -> None:
    environment = backend_environment(context)
    settings = context.scene.mpsnet
    row = layout.row()
    row.scale_y = _BUTTON_HEIGHT
    if settings.video and not chosen_engine(settings).model_files:
        words = f"{setup_label(context)} and Capture" if environment.download_megabytes or environment.is_damaged else "Capture"
        row.operator("mpsnet.capture_video", text=words, icon="OUTLINER_OB_ARMATURE")
    else:
        row.operator("mpsnet.setup_backend", text=setup_label(context), icon="INTERNET")
    if not environment.download_megabytes:
        what = "The installation is damaged. Its repair takes a minute" if environment.is_damaged else \
            "The first capture takes a minute longer"
        note = f"{what} and {environment.disk_megabytes} MB of disk. Nothing is downloaded."
        draw_lines(layout.column(align=True), note, "INFO", count_line_characters(context))
        return
    if bpy.app.online_access:
        what = "The quality Best needs a larger landmark model. " if environment.serves_fast() else \
            "The installation is damaged. " if environment.is_damaged else ""
        note = (f"{what}Downloads {environment.download_megabytes} MB once, takes {environment.disk_megabytes} MB of disk. "
                "Videos never leave this computer.")
        draw_lines(layout.column(align=True), note, "INFO", count_line_characters(context))
        return
    box = layout.box().column(align=True)
    characters = count_line_characters(context) - 2
    draw_lines(box, "Blender may not go online, so the set-up cannot download.", "INTERNET_OFFLINE", characters)
    if bpy.app.online_access_override:
        draw_lines(box, "Start Blender without --offline-mode to allow it.", "BLANK1", characters)
    else:
        box.prop(context.preferences.system, "use_online_access",
                 text="Online Access" if is_narrow(context) else "Allow Online Access")


def _draw_notice(layout: bpy.types.UILayout, context: bpy.types.Context) -> None:
    state = context.window_manager.mpsnet
    column = layout.column(align=True)
    draw_lines(column, state.notice, "INFO", count_line_characters(context))
    draw_lines(column, state.warning, "ERROR", count_line_characters(context))
    enclosing = find_enclosing_shown(context)
    if enclosing is not None:
        draw_lines(column, f"“{enclosing.name}” hides people who stand in it.", "ERROR", count_line_characters(context))
        layout.operator("mpsnet.hide_enclosing", text=f"Hide “{enclosing.name}”", icon="HIDE_ON")
    if find_footage_camera(context) is not None:
        layout.operator("mpsnet.view_footage", icon="VIEW_CAMERA")
        draw_view_cuts(layout, context)


def _draw_error(layout: bpy.types.UILayout, context: bpy.types.Context) -> None:
    state = context.window_manager.mpsnet
    box = layout.box().column(align=True)
    box.alert = True
    draw_lines(box, state.error_message, "ERROR", count_line_characters(context) - 2)
    row = box.row(align=True)
    row.alert = False
    row.operator("mpsnet.show_error", text="Details", icon="INFO")
    row.operator("mpsnet.open_log", text="Log", icon="TEXT")
    row.operator("mpsnet.dismiss_error", text="", icon="X")


CLASSES = (MPSNET_PT_capture, MPSNET_PT_people)

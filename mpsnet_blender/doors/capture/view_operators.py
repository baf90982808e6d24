"""Further videos of the moment that the chosen video shows, and cuts between imported views: operators, and their rows."""

from __future__ import annotations

import bpy

from ...scene.capture.camera import cut_to_camera
from ...scene.capture.takes import find_cameras, find_takes
from ...shared.capture_request import MOST_OTHER_VIEWS, find_repeated_view
from ..common.path_options import absolute_path
from ..common.text_lines import is_narrow
from .import_operators import find_footage_camera
from .job_starts import find_problem


class MPSNET_OT_add_view(bpy.types.Operator):
    """Add another video of the same moment, from another place: two cameras show the depth that one must guess"""
    bl_idname = "mpsnet.add_view"
    bl_label = "Add Another View"
    bl_options = {"REGISTER", "UNDO"}

    filepath: bpy.props.StringProperty(subtype="FILE_PATH", options={"SKIP_SAVE"})
    filter_movie: bpy.props.BoolProperty(default=True, options={"HIDDEN", "SKIP_SAVE"})
    filter_image: bpy.props.BoolProperty(default=True, options={"HIDDEN", "SKIP_SAVE"})
    filter_folder: bpy.props.BoolProperty(default=True, options={"HIDDEN", "SKIP_SAVE"})

    @classmethod
    def poll(cls, context):
        settings = context.scene.mpsnet
        if not settings.video or len(settings.views) >= MOST_OTHER_VIEWS:
            limit = f"Up to {MOST_OTHER_VIEWS} more videos can be added"
            cls.poll_message_set(limit if settings.video else "Choose a video first")
            return False
        return True

    def invoke(self, context, _event):
        context.window_manager.fileselect_add(self)
        return {"RUNNING_MODAL"}

    def execute(self, context):
        settings = context.scene.mpsnet
        video = absolute_path(self.filepath)
        chosen = [absolute_path(settings.video), *(view.video for view in settings.other_videos())]
        if problem := find_problem(video) or find_repeated_view([*chosen, video]):
            self.report({"ERROR"}, problem)
            return {"CANCELLED"}
        settings.views.add().filepath = self.filepath
        return {"FINISHED"}


class MPSNET_OT_remove_view(bpy.types.Operator):
    """Capture without this view"""
    bl_idname = "mpsnet.remove_view"
    bl_label = "Remove View"
    bl_options = {"REGISTER", "UNDO"}

    index: bpy.props.IntProperty(min=0, options={"SKIP_SAVE"})

    def execute(self, context):
        context.scene.mpsnet.views.remove(self.index)
        return {"FINISHED"}


class MPSNET_OT_cut_to_view(bpy.types.Operator):
    """Show the take by the camera of this view from the present frame on: a marker on the timeline is bound to it"""
    bl_idname = "mpsnet.cut_to_view"
    bl_label = "Cut to View"
    bl_options = {"REGISTER", "UNDO"}

    view: bpy.props.IntProperty(name="View", description="Number of the view", min=1, default=1, options={"SKIP_SAVE"})

    @classmethod
    def poll(cls, context):
        if len(_find_view_cameras(context)) < 2:
            cls.poll_message_set("Import a capture of several views first")
            return False
        return True

    def execute(self, context):
        cameras = _find_view_cameras(context)
        if self.view > len(cameras):
            self.report({"ERROR"}, f"There is no view {self.view}: the take has {len(cameras)} cameras.")
            return {"CANCELLED"}
        cut_to_camera(context.scene, cameras, cameras[self.view - 1])
        if context.space_data is not None and context.space_data.type == "VIEW_3D":
            context.space_data.use_local_camera = False
            context.space_data.region_3d.view_perspective = "CAMERA"
        return {"FINISHED"}


def _find_view_cameras(context: bpy.types.Context) -> list[bpy.types.Object]:
    """Return the cameras of the take that was imported or shown last, in the order of its views."""
    camera = find_footage_camera(context)
    take = next((take for take in find_takes(context.scene) if camera in take.objects[:]), None) if camera else None
    return find_cameras(take) if take is not None else []


def draw_view_cuts(layout: bpy.types.UILayout, context: bpy.types.Context) -> None:
    """Draw a button for each view of the take, which cuts to it, where it has several."""
    cameras = _find_view_cameras(context)
    if len(cameras) < 2:
        return
    row = layout.row(align=True)
    row.label(text="Cut to View")
    for number, camera in enumerate(cameras, start=1):
        row.operator("mpsnet.cut_to_view", text=str(number), depress=context.scene.camera == camera).view = number


def draw_views(layout: bpy.types.UILayout, context: bpy.types.Context) -> None:
    """Draw the further videos below the first one, and the button that adds one."""
    settings = context.scene.mpsnet
    if not settings.video:
        return
    column = layout.column(align=True)
    for index, view in enumerate(settings.views):
        row = column.row(align=True)
        row.prop(view, "filepath", text="", icon="CAMERA_DATA")
        row.operator("mpsnet.remove_view", text="", icon="X").index = index
        _draw_offset(column, view, is_narrow(context))
    if len(settings.views) < MOST_OTHER_VIEWS:
        column.operator("mpsnet.add_view", text="Add View" if is_narrow(context) else "Add Another View", icon="CAMERA_DATA")
    if settings.views:
        column.operator("mpsnet.queue_views", icon="ADD")


def _draw_offset(column: bpy.types.UILayout, view: bpy.types.PropertyGroup, has_name_only: bool) -> None:
    """Draw the check mark of a view's time offset and, while it is on, the offset."""
    row = column.row(align=True)
    row.prop(view, "knows_offset")
    if view.knows_offset:
        (column if has_name_only else row).prop(view, "offset", text="")
    elif not has_name_only:
        note = row.row()
        note.active = False
        note.label(text="Automatic")


CLASSES = (MPSNET_OT_add_view, MPSNET_OT_remove_view, MPSNET_OT_cut_to_view)

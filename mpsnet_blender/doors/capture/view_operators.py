"""Further videos of the moment that the chosen video shows: operators, and their rows in the panel."""

from __future__ import annotations

from pathlib import Path

import bpy

from ...shared.capture_request import MOST_OTHER_VIEWS
from ..common.text_lines import is_narrow


class MPSNET_OT_add_view(bpy.types.Operator):
    """Add another video of the same moment, from another place: two cameras show the depth that one must guess"""
    bl_idname = "mpsnet.add_view"
    bl_label = "Add Another View"
    bl_options = {"REGISTER", "UNDO"}

    filepath: bpy.props.StringProperty(subtype="FILE_PATH", options={"SKIP_SAVE"})
    filter_movie: bpy.props.BoolProperty(default=True, options={"HIDDEN", "SKIP_SAVE"})
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
        if not Path(bpy.path.abspath(self.filepath)).is_file():
            self.report({"ERROR"}, f"There is no video {self.filepath}. Choose a video file.")
            return {"CANCELLED"}
        context.scene.mpsnet.views.add().filepath = self.filepath
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
    if len(settings.views) < MOST_OTHER_VIEWS:
        column.operator("mpsnet.add_view", text="Add View" if is_narrow(context) else "Add Another View", icon="CAMERA_DATA")


CLASSES = (MPSNET_OT_add_view, MPSNET_OT_remove_view)

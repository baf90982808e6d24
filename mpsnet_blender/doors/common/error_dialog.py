"""The error dialog: what happened, what to do, and buttons for the log and for copying."""

from __future__ import annotations

import tomllib
from pathlib import Path

import bpy

from ...client.backend_environment import EXTENSION_ROOT
from .text_lines import draw_lines

_CHARACTERS_A_LINE = 62  # that fit into the dialog's 420 pixels; by eye
_LOG_LINES = 6


class MPSNET_OT_show_error(bpy.types.Operator):
    """Show the last error"""
    bl_idname = "mpsnet.show_error"
    bl_label = "Motion Capture"
    bl_options = {"INTERNAL"}

    @classmethod
    def poll(cls, context):
        return bool(context.window_manager.mpsnet.error_message)

    def invoke(self, context, _event):
        return context.window_manager.invoke_popup(self, width=420)

    def execute(self, _context):
        return {"FINISHED"}

    def draw(self, context):
        state = context.window_manager.mpsnet
        column = self.layout.column(align=True)
        draw_lines(column, state.error_message, "ERROR", _CHARACTERS_A_LINE)
        if state.error_advice:
            column.separator()
            draw_lines(column, state.error_advice, "INFO", _CHARACTERS_A_LINE)
        if state.error_log_tail:
            box = column.box().column(align=True)
            for line in state.error_log_tail.splitlines()[-_LOG_LINES:]:
                box.label(text=line[-_CHARACTERS_A_LINE:])
        row = self.layout.row()
        row.operator("mpsnet.open_log", icon="TEXT")
        row.operator("mpsnet.copy_error", icon="COPYDOWN")


class MPSNET_OT_open_log(bpy.types.Operator):
    """Open the log of the last job"""
    bl_idname = "mpsnet.open_log"
    bl_label = "Open Log"

    @classmethod
    def poll(cls, context):
        if not Path(context.window_manager.mpsnet.error_log_path or " ").is_file():
            cls.poll_message_set("There is no log")
            return False
        return True

    def execute(self, context):
        path = context.window_manager.mpsnet.error_log_path
        self.report({"INFO"}, f"The log is {path}")
        if not bpy.app.background:
            # The system's viewer, because a Text would become part of the user's file.
            bpy.ops.wm.path_open(filepath=path)
        return {"FINISHED"}


class MPSNET_OT_copy_error(bpy.types.Operator):
    """Copy the error with the versions of Blender and the add-on"""
    bl_idname = "mpsnet.copy_error"
    bl_label = "Copy"

    def execute(self, context):
        state = context.window_manager.mpsnet
        versions = f"Blender {bpy.app.version_string}, add-on {_addon_version()}"
        lines = (state.error_message, state.error_advice, state.error_log_tail, versions)
        context.window_manager.clipboard = "\n".join(line for line in lines if line)
        self.report({"INFO"}, "Copied")
        return {"FINISHED"}


class MPSNET_OT_dismiss_error(bpy.types.Operator):
    """Remove the error from the panel"""
    bl_idname = "mpsnet.dismiss_error"
    bl_label = "Dismiss"
    bl_options = {"INTERNAL"}

    def execute(self, context):
        context.window_manager.mpsnet.clear_error()
        return {"FINISHED"}


def _addon_version() -> str:
    manifest = (EXTENSION_ROOT / "blender_manifest.toml").read_text(encoding="utf-8")
    return tomllib.loads(manifest)["version"]


CLASSES = (MPSNET_OT_show_error, MPSNET_OT_open_log, MPSNET_OT_copy_error, MPSNET_OT_dismiss_error)

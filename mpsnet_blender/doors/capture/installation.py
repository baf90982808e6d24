"""The panel "Installation": what captures need, checked on request, and a button for each thing that is wrong."""

from __future__ import annotations

import bpy

from ...client.doctor import FOLDER, REPAIR, SETUP
from ...scene.capture.capture_job import start_check
from ..common.preferences import ROOT_PACKAGE, backend_environment, setup_label
from ..common.text_lines import count_line_characters, draw_lines
from .job_endings import show_check_end
from .operators import can_start_job, run


class MPSNET_OT_check_setup(bpy.types.Operator):
    """Check all that captures need, from the folder to a test capture of two seconds. It takes some seconds"""
    bl_idname = "mpsnet.check_setup"
    bl_label = "Check"

    @classmethod
    def poll(cls, _context):
        return can_start_job(cls)

    def execute(self, context):
        context.window_manager.mpsnet.findings.clear()
        return run(self, context, "Checking", show_check_end, lambda: start_check(backend_environment(context)))


class MPSNET_PT_installation(bpy.types.Panel):
    bl_label = "Installation"
    bl_space_type = "VIEW_3D"
    bl_region_type = "UI"
    bl_category = "Mocap"
    bl_parent_id = "MPSNET_PT_capture"
    bl_options = {"DEFAULT_CLOSED"}

    def draw(self, context):
        layout = self.layout
        environment = backend_environment(context)
        if environment.is_ready():
            layout.label(text="Set up", icon="CHECKMARK")
        else:
            layout.label(text="Damaged" if environment.is_damaged else "Not set up", icon="ERROR")
        layout.operator("mpsnet.check_setup", icon="VIEWZOOM")
        for finding in context.window_manager.mpsnet.findings:
            draw_finding(layout, context, finding)


def draw_finding(layout: bpy.types.UILayout, context: bpy.types.Context, finding: bpy.types.PropertyGroup) -> None:
    """Draw a line of the check; where something is wrong, with the button that mends it."""
    text = f"{finding.subject}: {finding.words}"
    if finding.is_well:
        draw_lines(layout.column(align=True), text, "CHECKMARK", count_line_characters(context))
        return
    box = layout.box().column(align=True)
    draw_lines(box, text, "ERROR", count_line_characters(context) - 2)
    draw_lines(box, finding.advice, "BLANK1", count_line_characters(context) - 2)
    if finding.remedy in (SETUP, REPAIR):
        box.operator("mpsnet.setup_backend", text=setup_label(context), icon="TOOL_SETTINGS")
    elif finding.remedy == FOLDER:
        box.operator("preferences.addon_show", text="Open Preferences", icon="PREFERENCES").module = ROOT_PACKAGE


CLASSES = (MPSNET_OT_check_setup, MPSNET_PT_installation)

"""The panel "Installation": what captures need, checked on request; and, for the main panel, what is wrong, with its button."""

from __future__ import annotations

import bpy

from ...client.doctor import FOLDER, REPAIR, SETUP
from ...scene.capture.capture_job import start_check
from ..common.preferences import ROOT_PACKAGE, backend_environment, setup_label
from ..common.text_lines import count_line_characters, draw_lines
from .job_endings import show_check_end
from .job_starts import can_start_job, run


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
            if finding.is_well:
                draw_lines(layout.column(align=True), f"{finding.subject}: {finding.words}", "CHECKMARK",
                           count_line_characters(context))


def draw_wrong(layout: bpy.types.UILayout, context: bpy.types.Context) -> None:
    """Draw each line of the check that is wrong, with the button that mends it."""
    for finding in context.window_manager.mpsnet.findings:
        if not finding.is_well:
            _draw_wrong(layout.box().column(align=True), context, finding)


def _draw_wrong(box: bpy.types.UILayout, context: bpy.types.Context, finding: bpy.types.PropertyGroup) -> None:
    draw_lines(box, f"{finding.subject}: {finding.words}", "ERROR", count_line_characters(context) - 2)
    draw_lines(box, finding.advice, "BLANK1", count_line_characters(context) - 2)
    if finding.remedy in (SETUP, REPAIR):
        box.operator("mpsnet.setup_backend", text=setup_label(context), icon="TOOL_SETTINGS")
    elif finding.remedy == FOLDER:
        box.operator("preferences.addon_show", text="Open Preferences", icon="PREFERENCES").module = ROOT_PACKAGE


CLASSES = (MPSNET_OT_check_setup, MPSNET_PT_installation)

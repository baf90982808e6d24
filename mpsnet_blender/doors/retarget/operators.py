"""Operators of retargeting: retarget, and start and end a live preview."""

from __future__ import annotations

import bpy

from ...scene.retarget.live_preview import find_previewing, is_previewing, keep_preview, remove_preview, start_preview
from ...scene.retarget.retarget import retarget_armatures
from ...scene.retarget.source_reading import RetargetError
from .properties import RETARGET_PROPERTIES, RetargetProperties
from .rig_choice import find_named_armature, find_source, find_targets


class MPSNET_OT_retarget(RetargetProperties, bpy.types.Operator):
    """Give the source's motion to the characters. Bones are mapped automatically, and the motion is written to a new Action"""
    bl_idname = "mpsnet.retarget"
    bl_label = "Retarget"
    bl_options = {"REGISTER", "UNDO"}

    source: bpy.props.StringProperty(options={"SKIP_SAVE"}, description="Name of the armature object that moves")
    target: bpy.props.StringProperty(
        options={"SKIP_SAVE"}, description="Name of the armature object that gets the motion; several names separated by |")

    def invoke(self, context, _event):
        _use_panel_settings(self, context)
        return self.execute(context)

    def execute(self, context):
        try:
            source = find_named_armature(self.source, "source")
            targets = [find_named_armature(name, "target") for name in self.target.split("|")]
            for target in targets:
                if is_previewing(target):
                    remove_preview(target)
            reports = retarget_armatures(context.scene, source, targets, self.settings())
        except RetargetError as error:
            self.report({"ERROR"}, str(error))
            return {"CANCELLED"}
        notice = reports[0].sentence if len(reports) == 1 else (
            f"{reports[0].frame_count} frames performed by {', '.join(report.target for report in reports)}")
        warnings = [warning for report in reports for warning in report.warnings]
        state = context.window_manager.mpsnet
        state.show_notice(f"{notice}.", warnings, camera=state.camera)
        self.report({"INFO"}, notice)
        for warning in warnings:
            self.report({"WARNING"}, warning)
        return {"FINISHED"}


class MPSNET_OT_preview_retarget(RetargetProperties, bpy.types.Operator):
    """Let the characters follow the source while you change it. Remove Preview restores them"""
    bl_idname = "mpsnet.preview_retarget"
    bl_label = "Live Preview"
    bl_options = {"REGISTER", "UNDO"}

    source: bpy.props.StringProperty(options={"SKIP_SAVE"}, description="Name of the armature object that moves")
    target: bpy.props.StringProperty(
        options={"SKIP_SAVE"}, description="Name of the armature object that follows; several names separated by |")

    def invoke(self, context, _event):
        _use_panel_settings(self, context)
        return self.execute(context)

    def execute(self, context):
        try:
            source = find_named_armature(self.source, "source")
            for name in self.target.split("|"):
                start_preview(context.scene, source, find_named_armature(name, "target"), self.settings())
        except RetargetError as error:
            self.report({"ERROR"}, str(error))
            return {"CANCELLED"}
        return {"FINISHED"}


class MPSNET_OT_end_preview(bpy.types.Operator):
    """End the previews of this scene"""
    bl_idname = "mpsnet.end_preview"
    bl_label = "Remove Preview"
    bl_options = {"REGISTER", "UNDO"}

    keep: bpy.props.BoolProperty(
        options={"SKIP_SAVE"},
        description="Keep the previewed motion as the characters' Actions, instead of restoring the Actions they had")

    @classmethod
    def poll(cls, context):
        if not any(find_previewing(context.scene)):
            cls.poll_message_set("No character follows a source")
            return False
        return True

    def execute(self, context):
        for target in list(find_previewing(context.scene)):
            (keep_preview if self.keep else remove_preview)(target)
        return {"FINISHED"}


def _use_panel_settings(operator: bpy.types.Operator, context: bpy.types.Context) -> None:
    """Set the operator's properties that the call left out to the panel's settings."""
    for name in RETARGET_PROPERTIES:
        if not operator.properties.is_property_set(name):
            setattr(operator, name, getattr(context.scene.mpsnet_retarget, name))
    source = find_source(context)
    if not operator.source and source is not None:
        operator.source = source.name
    if not operator.target:
        operator.target = "|".join(thing.name for thing in find_targets(context))


CLASSES = (MPSNET_OT_retarget, MPSNET_OT_preview_retarget, MPSNET_OT_end_preview)

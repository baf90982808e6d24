"""The warning that a scene's rate is no longer that of its captures, and the two buttons that correct it."""

from __future__ import annotations

import bpy

from ...scene.base.scene_rate import find_mistimed, scene_rate
from ...scene.capture.retiming import restore_scene_rate, retime
from .text_lines import count_line_characters, draw_lines


class _RateOperator:
    bl_options = {"REGISTER", "UNDO"}

    @classmethod
    def poll(cls: type[bpy.types.Operator], context):
        if not find_mistimed(context.scene):
            cls.poll_message_set("All captured motion in this scene plays at the right speed")
            return False
        return True


class MPSNET_OT_retime_motion(_RateOperator, bpy.types.Operator):
    """Move the keys of captured and retargeted motion, so that it plays at the right speed at the scene's frame rate"""
    bl_idname = "mpsnet.retime_motion"
    bl_label = "Retime"

    def execute(self, context):
        count = retime(context.scene)
        if find_mistimed(context.scene):
            self.report({"WARNING"}, "Actions that are linked from other files were left as they are")
        self.report({"INFO"}, f"{count} Actions play at {scene_rate(context.scene):.5g} frames a second")
        return {"FINISHED"}


class MPSNET_OT_set_scene_rate_back(_RateOperator, bpy.types.Operator):
    """Set the scene's frame rate back to the rate for which its captured motion was made"""
    bl_idname = "mpsnet.set_scene_rate_back"
    bl_label = "Set Scene Back"

    def execute(self, context):
        self.report({"INFO"}, f"The scene plays {restore_scene_rate(context.scene):.5g} frames a second")
        return {"FINISHED"}


class MPSNET_PT_scene_rate(bpy.types.Panel):
    bl_label = "Frame Rate Changed"
    bl_space_type = "VIEW_3D"
    bl_region_type = "UI"
    bl_category = "Mocap"
    bl_order = -1  # above all other panels, because motion plays, and is exported, at a wrong speed

    @classmethod
    def poll(cls, context):
        return bool(find_mistimed(context.scene))

    def draw(self, context):
        draw_rate_warning(self.layout, context)


def draw_rate_warning(layout: bpy.types.UILayout, context: bpy.types.Context) -> None:
    """Draw the warning and the buttons, if something in the scene was timed for another rate."""
    scene = context.scene
    mistimed = find_mistimed(scene)
    if not mistimed:
        return
    rate, now = next(iter(mistimed.values())), scene_rate(scene)
    column = layout.column()
    warning = f"Motion: {rate:.5g} fps, scene: {now:.5g}. It plays at {now / rate:.3g} times its speed."
    draw_lines(column.column(align=True), warning, "ERROR", count_line_characters(context))
    row = column.column(align=True)
    row.operator(MPSNET_OT_retime_motion.bl_idname)
    row.operator(MPSNET_OT_set_scene_rate_back.bl_idname)


CLASSES = (MPSNET_OT_retime_motion, MPSNET_OT_set_scene_rate_back, MPSNET_PT_scene_rate)

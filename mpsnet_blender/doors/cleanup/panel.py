"""The panel "Clean-up": quality figures, sliders, contacts, and the buttons."""

from __future__ import annotations

import bpy

from ...scene.base.contact_curves import PROPERTIES
from ...scene.base.motion_storage import has_motion
from ..common.error_dialog import draw_lines

_BUTTON_HEIGHT = 1.6
_CHARACTERS = 38  # in a line of the sidebar at its usual width; by eye
_GRADE_ICONS = {"green": "CHECKMARK", "amber": "INFO", "red": "ERROR"}
_GRADE_WORDS = {"green": "Good", "amber": "Fair", "red": "Poor"}


class _CleanupPanel:
    bl_space_type = "VIEW_3D"
    bl_region_type = "UI"
    bl_category = "Mocap"


class MPSNET_PT_cleanup(_CleanupPanel, bpy.types.Panel):
    bl_label = "Clean-up"

    @classmethod
    def poll(cls, context):
        return has_motion(context.active_object)

    def draw(self, context):
        properties = context.active_object.mpsnet_cleanup
        _draw_quality(self.layout, properties)
        column = _make_column(self.layout)
        for name in ("foot_lock", "level", "smooth_trunk", "smooth_head", "smooth_arms", "smooth_legs", "repair_spikes"):
            column.prop(properties, name)
        row = self.layout.row(align=True)
        row.scale_y = _BUTTON_HEIGHT
        row.operator("mpsnet.clean_motion", icon="BRUSH_DATA").armature = context.active_object.name
        row.operator("mpsnet.reset_motion", text="", icon="LOOP_BACK").armature = context.active_object.name


class MPSNET_PT_cleanup_place(_CleanupPanel, bpy.types.Panel):
    bl_label = "Place and Time"
    bl_parent_id = "MPSNET_PT_cleanup"
    bl_options = {"DEFAULT_CLOSED"}

    def draw(self, context):
        column = _make_column(self.layout)
        for name in ("floor_offset", "from_origin", "in_place", "loop", "speed", "first_frame", "key_tolerance"):
            column.prop(context.active_object.mpsnet_cleanup, name)


class MPSNET_PT_contacts(_CleanupPanel, bpy.types.Panel):
    bl_label = "Contacts"
    bl_parent_id = "MPSNET_PT_cleanup"
    bl_options = {"DEFAULT_CLOSED"}

    def draw(self, context):
        bones = context.active_object.pose.bones
        shown = [(bones[bone], name) for bone, name in PROPERTIES if bone in bones and name in bones[bone]]
        if not shown:
            self.layout.operator("mpsnet.show_contacts", icon="KEYFRAME").armature = context.active_object.name
            return
        column = self.layout.column()
        column.use_property_split = True
        for pose_bone, name in shown:
            side = pose_bone.name.split("_")[0].title()
            column.prop(pose_bone, f'["{name}"]', text=f"{side} {name.split('_')[0].title()}", slider=True)
        advice = "Keys on the foot and toe bones: 1 is on the floor, 0 in the air. Edit them, then Clean Up."
        draw_lines(self.layout.column(align=True), advice, "INFO", _CHARACTERS)


def _make_column(layout: bpy.types.UILayout) -> bpy.types.UILayout:
    column = layout.column()
    column.use_property_split = True
    column.use_property_decorate = False
    return column


def _draw_quality(layout: bpy.types.UILayout, quality: bpy.types.PropertyGroup) -> None:
    """Draw the grade, the figures and the advice for the keyed motion."""
    box = layout.box().column(align=True)
    box.alert = quality.grade == "red"
    box.label(text=_GRADE_WORDS.get(quality.grade, "Not measured"), icon=_GRADE_ICONS.get(quality.grade, "QUESTION"))
    lean = f"{quality.lean_degrees:.0f}°" if quality.is_property_set("lean_degrees") else "not measured"
    slide = f"{quality.foot_slide_mm_per_second:.0f} mm/s ({quality.foot_slide_mm:.1f} mm/frame)"
    for title, figure in (("Feet slide", slide), ("Feet sink", f"{quality.floor_penetration_mm:.1f} mm"),
                          ("Jitter", f"{quality.jitter_mm:.1f} mm"), ("Lean", lean)):
        row = box.split(factor=0.4)
        row.label(text=title)
        row.label(text=figure)
    if quality.advice:
        draw_lines(box, quality.advice, "BLANK1", _CHARACTERS)


CLASSES = (MPSNET_PT_cleanup, MPSNET_PT_cleanup_place, MPSNET_PT_contacts)

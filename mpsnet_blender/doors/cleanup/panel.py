"""The panel "Clean-up": quality figures, sliders, contacts, and the buttons."""

from __future__ import annotations

import bpy

from ...scene.base.contact_curves import PROPERTIES
from ...scene.base.motion_storage import find_person, has_fingers
from ...shared.capture_listing import GRADE_WORDS
from ..common.grades import GRADE_ICONS
from ..common.text_lines import count_line_characters, draw_lines, is_narrow

_BUTTON_HEIGHT = 1.6
_FIGURES = (("Feet slide", "foot_slide_mm_per_second", ".0f", " mm/s"), ("Feet sink", "floor_penetration_mm", ".1f", " mm"),
            ("Jitter", "jitter_mm", ".1f", " mm"), ("Lean", "lean_degrees", ".0f", "°"))


class _CleanupPanel:
    bl_space_type = "VIEW_3D"
    bl_region_type = "UI"
    bl_category = "Mocap"


class MPSNET_PT_cleanup(_CleanupPanel, bpy.types.Panel):
    bl_label = "Clean-up"

    @classmethod
    def poll(cls, context):
        return find_person(context.active_object) is not None

    def draw(self, context):
        person = find_person(context.active_object)
        if person is None:
            return
        properties = person.mpsnet_cleanup
        _draw_quality(self.layout, properties, context)
        column = self.layout.column(align=True)     # names inside the sliders: so they fit into a narrow sidebar
        for name in ("foot_lock", "level", "smooth_trunk", "smooth_head", "smooth_arms", "smooth_legs"):
            column.prop(properties, name)
        if has_fingers(properties):
            column.prop(properties, "smooth_fingers")
        self.layout.prop(properties, "repair_spikes")
        row = self.layout.row(align=True)
        row.scale_y = _BUTTON_HEIGHT
        row.operator("mpsnet.clean_motion", icon="BRUSH_DATA").armature = person.name
        row.prop(properties, "is_live", text="", icon="PLAY")
        row.prop(properties, "shows_handles", text="", icon="GIZMO")
        row.operator("mpsnet.reset_motion", text="", icon="LOOP_BACK").armature = person.name


class MPSNET_PT_cleanup_place(_CleanupPanel, bpy.types.Panel):
    bl_label = "Place and Time"
    bl_parent_id = "MPSNET_PT_cleanup"
    bl_options = {"DEFAULT_CLOSED"}

    def draw(self, context):
        person = find_person(context.active_object)
        if person is None:
            return
        properties = person.mpsnet_cleanup
        marks, numbers = self.layout.column(align=True), self.layout.column(align=True)
        for name in ("from_origin", "in_place", "loop"):
            marks.prop(properties, name)
        for name in ("floor_offset", "speed", "first_frame", "key_tolerance"):
            numbers.prop(properties, name)
        self.layout.operator("mpsnet.fit_scene_range", icon="PREVIEW_RANGE").armature = person.name


class MPSNET_PT_contacts(_CleanupPanel, bpy.types.Panel):
    bl_label = "Contacts"
    bl_parent_id = "MPSNET_PT_cleanup"
    bl_options = {"DEFAULT_CLOSED"}

    def draw(self, context):
        person = find_person(context.active_object)
        if person is None:
            return
        bones = person.pose.bones
        shown = [(bones[bone], name) for bone, name in PROPERTIES if bone in bones and name in bones[bone]]
        if not shown:
            self.layout.operator("mpsnet.show_contacts", icon="KEYFRAME").armature = person.name
            return
        column = self.layout.column(align=True)
        for pose_bone, name in shown:
            side = pose_bone.name.split("_")[0].title()
            column.prop(pose_bone, f'["{name}"]', text=f"{side} {name.split('_')[0].title()}", slider=True)
        advice = "Keys on the foot and toe bones: 1 is on the floor, 0 in the air. Edit them, then Clean Up."
        draw_lines(self.layout.column(align=True), advice, "INFO", count_line_characters(context))


def _draw_quality(layout: bpy.types.UILayout, quality: bpy.types.PropertyGroup, context: bpy.types.Context) -> None:
    """Draw the grade, the figures as imported and now, and the advice for the keyed motion."""
    box = layout.box().column(align=True)
    box.alert = quality.grade == "red"
    box.label(text=GRADE_WORDS.get(quality.grade, "Not measured"), icon=GRADE_ICONS.get(quality.grade, "QUESTION"))
    for title, name, form, unit in _FIGURES:
        row = box.split(factor=0.3 if is_narrow(context) else 0.4)
        row.label(text=title.split()[-1].title() if is_narrow(context) else title)
        row.label(text=_describe_change(quality, name, form, unit))
    if has_fingers(quality):
        row = box.split(factor=0.3 if is_narrow(context) else 0.4)
        row.label(text="Hands" if is_narrow(context) else "Hands seen")
        row.label(text=f"left {quality.left_hand_seen_share:.0%}, right {quality.right_hand_seen_share:.0%}")
    if quality.advice:
        draw_lines(box, quality.advice, "BLANK1", count_line_characters(context) - 2)


def _describe_change(quality: bpy.types.PropertyGroup, name: str, form: str, unit: str) -> str:
    """Return a figure as text, "107 → 45 mm/s", or "45 mm/s" where it was the same at import, or is not known from then."""
    if not quality.is_property_set(name):
        return "unknown"
    now = format(getattr(quality, name), form)
    before = format(getattr(quality, f"imported_{name}"), form) if quality.is_property_set(f"imported_{name}") else now
    return f"{now}{unit}" if before == now else f"{before} → {now}{unit}"


CLASSES = (MPSNET_PT_cleanup, MPSNET_PT_cleanup_place, MPSNET_PT_contacts)

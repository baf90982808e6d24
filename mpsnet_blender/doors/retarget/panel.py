"""The panel "Retarget": source, character, buttons, and the table of the bone map."""

from __future__ import annotations

from collections.abc import Sequence

import bpy

from ...scene.retarget.bone_map_storage import read_stored_map
from ...scene.retarget.live_preview import find_previewing
from ...shared.bone_slots import HANDS, MAIN, SLOTS, find_side, label
from ...shared.short_names import common_words
from ..common.text_lines import count_line_characters, draw_lines, draw_setting, is_narrow, make_settings_column
from .properties import RETARGET_PROPERTIES
from .rig_choice import explain_missing, find_source, find_targets

_BUTTON_HEIGHT = 1.6


class _RetargetPanel:
    bl_space_type = "VIEW_3D"
    bl_region_type = "UI"
    bl_category = "Mocap"


class MPSNET_PT_retarget(_RetargetPanel, bpy.types.Panel):
    bl_label = "Retarget"

    def draw(self, context):
        settings = context.scene.mpsnet_retarget
        column = make_settings_column(self.layout, context)
        source, targets = find_source(context), find_targets(context)
        words = {"source": source.name if source else "Choose one",
                 "target": ", ".join(thing.name for thing in targets) or "Select a rig"}
        for name, placeholder in words.items():
            if is_narrow(context):
                column.label(text=settings.bl_rna.properties[name].name)
                column.prop(settings, name, text="", placeholder=placeholder)
            else:
                column.prop(settings, name, placeholder=placeholder)
        row = self.layout.row()
        row.scale_y = _BUTTON_HEIGHT
        missing = explain_missing(context)
        row.enabled = not missing
        count = f" to {len(targets)} Characters" if len(targets) > 1 else ""
        row.operator("mpsnet.retarget", text=f"Retarget{count}", icon="ARMATURE_DATA")
        if missing:
            draw_lines(self.layout.column(align=True), missing, "INFO", count_line_characters(context))
        _draw_preview(self.layout, context)


def _draw_preview(layout: bpy.types.UILayout, context: bpy.types.Context) -> None:
    row = layout.row(align=True)
    if not any(find_previewing(context.scene)):
        row.enabled = find_source(context) is not None and bool(find_targets(context))
        row.operator("mpsnet.preview_retarget", icon="HIDE_OFF")
        return
    row.operator("mpsnet.end_preview", text="Keep", icon="CHECKMARK").keep = True
    row.operator("mpsnet.end_preview", text="Remove Preview", icon="X").keep = False


class MPSNET_PT_retarget_options(_RetargetPanel, bpy.types.Panel):
    bl_label = "Retarget Options"
    bl_parent_id = "MPSNET_PT_retarget"
    bl_options = {"DEFAULT_CLOSED"}

    def draw(self, context):
        column = make_settings_column(self.layout, context)
        settings = context.scene.mpsnet_retarget
        draw_setting(column, settings, "root_motion", context)
        draw_setting(column, settings, "start", context)
        marks = self.layout.column()  # over the whole width: their names are whole sentences
        for name in RETARGET_PROPERTIES[2:]:
            marks.prop(settings, name)


class MPSNET_PT_bone_map(_RetargetPanel, bpy.types.Panel):
    bl_label = "Bone Map"
    bl_parent_id = "MPSNET_PT_retarget"
    bl_options = {"DEFAULT_CLOSED"}

    @classmethod
    def poll(cls, context):
        return bool(find_targets(context))

    def draw(self, context):
        target = find_targets(context)[0]
        row = self.layout.row(align=True)
        row.operator("mpsnet.map_bones", icon="BONE_DATA").armature = target.name
        row.operator("mpsnet.import_bone_map", text="", icon="IMPORT").armature = target.name
        row.operator("mpsnet.export_bone_map", text="", icon="EXPORT").armature = target.name
        row.operator("mpsnet.clear_bone_map", text="", icon="X").armature = target.name
        if not read_stored_map(target):
            draw_lines(self.layout.column(align=True), "Mapped automatically. Press Map Bones to see the map.", "INFO",
                       count_line_characters(context))
            return
        shows_all = context.scene.mpsnet_retarget.shows_all
        self.layout.prop(context.scene.mpsnet_retarget, "shows_all")
        bone_map = read_stored_map(target)
        _draw_table(self.layout, target, [slot for slot in SLOTS if slot not in HANDS and (
            shows_all or slot in MAIN or (slot in bone_map and not find_side(slot)))])


class MPSNET_PT_bone_map_fingers(_RetargetPanel, bpy.types.Panel):
    bl_label = "Fingers"
    bl_parent_id = "MPSNET_PT_bone_map"
    bl_options = {"DEFAULT_CLOSED"}

    @classmethod
    def poll(cls, context):
        return any(read_stored_map(target) for target in find_targets(context)[:1])

    def draw(self, context):
        target = find_targets(context)[0]
        found = sum(slot in HANDS for slot in read_stored_map(target))
        self.layout.label(text=f"{found} of {len(HANDS)} bones found" if found else "None found: left alone")
        _draw_table(self.layout, target, HANDS)


def _draw_table(layout: bpy.types.UILayout, target: bpy.types.Object, slots: Sequence[str]) -> None:
    """Draw a row for each of the slots, with its name and its bone's name without the beginning common to all bones. Main slots
    without a bone are red."""
    bone_map = read_stored_map(target)
    start = len(common_words(list(bone_map.values())))
    column = layout.column(align=True)
    for slot in slots:
        row = column.row(align=True)
        row.alert = slot not in bone_map and slot in MAIN
        parts = row.split(factor=0.45, align=True)
        parts.label(text=label(slot))
        choice = parts.operator("mpsnet.choose_bone", text=bone_map[slot][start:] if slot in bone_map else "None")
        choice.armature, choice.slot = target.name, slot


CLASSES = (MPSNET_PT_retarget, MPSNET_PT_retarget_options, MPSNET_PT_bone_map, MPSNET_PT_bone_map_fingers)

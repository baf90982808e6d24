"""The panels "Capture Options" and "Import Options"."""

from __future__ import annotations

import bpy

from .properties import IMPORT_PROPERTIES


class _OptionsPanel:
    bl_space_type = "VIEW_3D"
    bl_region_type = "UI"
    bl_category = "Mocap"
    bl_parent_id = "MPSNET_PT_capture"
    bl_options = {"DEFAULT_CLOSED"}


class MPSNET_PT_capture_options(_OptionsPanel, bpy.types.Panel):
    bl_label = "Capture Options"

    def draw(self, context):
        column = _settings_column(self.layout)
        settings = context.scene.mpsnet
        column.prop(settings, "engine")
        column.prop(settings, "lifter" if settings.engine == "keypoints" else "device")
        _draw_switched(column, settings, "limits_people", "people", "Everybody")
        column.prop(settings, "height")
        _draw_switched(column, settings, "knows_fov", "fov", "Automatic")
        column.prop(settings, "start_seconds")
        _draw_switched(column, settings, "ends_early", "end_seconds", "Video's end")
        for name in ("foot_lock", "refine", "preview", "import_when_done"):
            column.prop(settings, name)


class MPSNET_PT_import_options(_OptionsPanel, bpy.types.Panel):
    bl_label = "Import Options"

    def draw(self, context):
        column = _settings_column(self.layout)
        for name in IMPORT_PROPERTIES:
            column.prop(context.scene.mpsnet, name)


def _settings_column(layout: bpy.types.UILayout) -> bpy.types.UILayout:
    column = layout.column()
    column.use_property_split = True
    column.use_property_decorate = False
    return column


def _draw_switched(column: bpy.types.UILayout, settings: bpy.types.PropertyGroup, switch: str, number: str,
                   otherwise: str) -> None:
    """Draw a number behind a check mark; without it, a word on what happens then."""
    row = column.row(heading=settings.bl_rna.properties[number].name)
    row.prop(settings, switch, text="")
    if getattr(settings, switch):
        row.prop(settings, number, text="")
    else:
        words = row.row()
        words.active = False
        words.label(text=otherwise)


CLASSES = (MPSNET_PT_capture_options, MPSNET_PT_import_options)

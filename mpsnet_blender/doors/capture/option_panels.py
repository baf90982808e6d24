"""The panels "Capture Options" and "Import Options"."""

from __future__ import annotations

import bpy

from ...shared.capture_request import LeftOpen, Number, options_of
from ..common.engine_choice import chosen_engine
from ..common.text_lines import draw_setting, is_narrow, make_settings_column
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
        column = make_settings_column(self.layout, context)
        settings = context.scene.mpsnet
        for option in options_of(chosen_engine(settings).name):
            if isinstance(option, Number) and option.left_open:
                _draw_switched(column, settings, option.property_name, option.left_open, is_narrow(context))
            else:
                draw_setting(column, settings, option.property_name, context)
        column.prop(settings, "import_when_done")


class MPSNET_PT_import_options(_OptionsPanel, bpy.types.Panel):
    bl_label = "Import Options"

    def draw(self, context):
        column = make_settings_column(self.layout, context)
        for name in IMPORT_PROPERTIES:
            draw_setting(column, context.scene.mpsnet, name, context)


def _draw_switched(column: bpy.types.UILayout, settings: bpy.types.PropertyGroup, number: str, left_open: LeftOpen,
                   has_name_only: bool) -> None:
    """Draw a check mark and, while it is on, the number; while it is off, what happens without the number, if there is room."""
    if has_name_only:
        column.prop(settings, left_open.check_mark, text=settings.bl_rna.properties[number].name)
        if getattr(settings, left_open.check_mark):
            column.prop(settings, number, text="")
        return
    row = column.row(heading=settings.bl_rna.properties[number].name)
    row.prop(settings, left_open.check_mark, text="")
    if getattr(settings, left_open.check_mark):
        row.prop(settings, number, text="")
    else:
        note = row.row()
        note.active = False
        note.label(text=left_open.word)


CLASSES = (MPSNET_PT_capture_options, MPSNET_PT_import_options)

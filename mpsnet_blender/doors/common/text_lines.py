"""Texts in lines that fit, because Blender cuts off a label that is longer than its panel is wide."""

from __future__ import annotations

import textwrap

import bpy

_CHARACTER_PIXELS = 6.6     # mean width of a character of the interface's font, at scale 1
_MARGIN_PIXELS = 60         # what an icon, the panel's margins and the tabs beside it take; by eye, at scale 1
_FEWEST = 12                # characters in a line, however narrow the sidebar is
_WIDE_PIXELS = 230          # from this width on, a name and a number fit side by side; by eye, at scale 1


def draw_lines(layout: bpy.types.UILayout, text: str, icon: str, characters: int) -> None:
    """Draw a text in lines of at most `characters`, but not fewer than 12, with an icon before the first."""
    for number, line in enumerate(textwrap.wrap(text, max(characters, _FEWEST), break_on_hyphens=False)):
        layout.label(text=line, icon=icon if number == 0 else ("BLANK1" if icon != "NONE" else "NONE"))


def count_line_characters(context: bpy.types.Context) -> int:
    """Return how many characters fit in a line of the region beside an icon."""
    return int((_find_width(context) - _MARGIN_PIXELS) / _CHARACTER_PIXELS)


def is_narrow(context: bpy.types.Context) -> bool:
    """Tell whether a region is too narrow for names beside their numbers."""
    return _find_width(context) < _WIDE_PIXELS


def make_settings_column(layout: bpy.types.UILayout, context: bpy.types.Context) -> bpy.types.UILayout:
    """Return a column for settings: with names beside their numbers where both fit, else with names inside the fields."""
    column = layout.column()
    column.use_property_split = not is_narrow(context)
    column.use_property_decorate = False
    return column


def draw_setting(column: bpy.types.UILayout, settings: bpy.types.PropertyGroup, name: str, context: bpy.types.Context) -> None:
    """Draw a setting; in a narrow region with the name of a choice above it, because it does not fit beside."""
    if is_narrow(context) and settings.bl_rna.properties[name].type == "ENUM":
        column.label(text=settings.bl_rna.properties[name].name)
        column.prop(settings, name, text="")
    else:
        column.prop(settings, name)


def _find_width(context: bpy.types.Context) -> float:
    return context.region.width / context.preferences.system.ui_scale


def describe_error(error: Exception) -> str:
    """Return an error's message and, where it has one, its advice, as one line."""
    return f"{error} {getattr(error, 'advice', '')}".strip()

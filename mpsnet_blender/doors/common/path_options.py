"""The options of path properties that may hold a path relative to the .blend file."""

from __future__ import annotations

import bpy


def relative_path_options() -> set[str]:
    """Return the property options for paths such as "//clip.mp4"; Blender 4.5 and later warn where they are missing."""
    if "is_path_supports_blend_relative" in bpy.types.Property.bl_rna.properties:
        return {"PATH_SUPPORTS_BLEND_RELATIVE"}
    return set()

"""Path properties that may hold a path relative to the .blend file: their options, and the path that they mean."""

from __future__ import annotations

import os
from pathlib import Path

import bpy


def relative_path_options() -> set[str]:
    """Return the property options for paths such as "//clip.mp4"; Blender 4.5 and later warn where they are missing."""
    if "is_path_supports_blend_relative" in bpy.types.Property.bl_rna.properties:
        return {"PATH_SUPPORTS_BLEND_RELATIVE"}
    return set()


def absolute_path(path: str) -> Path:
    """Return the absolute path of "//../clip.mp4" and the like without "..", so that one file has one path; Path() for none."""
    return Path(os.path.normpath(bpy.path.abspath(path)))

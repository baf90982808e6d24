"""The length of Blender's unit in a scene."""

from __future__ import annotations

import bpy


def metres_per_unit(scene: bpy.types.Scene) -> float:
    """Return the length of one Blender unit in metres: the scene's Unit Scale, or 1 without a unit system."""
    units = scene.unit_settings
    return 1.0 if units.system == "NONE" else units.scale_length

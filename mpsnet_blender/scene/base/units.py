"""The length of a scene's unit."""

from __future__ import annotations

import bpy


def metres_per_unit(scene: bpy.types.Scene) -> float:
    """Return how many metres the scene's Unit Scale makes of one of Blender's units; without a unit system, one."""
    units = scene.unit_settings
    return 1.0 if units.system == "NONE" else units.scale_length

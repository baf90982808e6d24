"""Which armatures the retarget panel and its operators mean."""

from __future__ import annotations

import bpy

from .scene.source_reading import RetargetError


def chosen_targets(context: bpy.types.Context) -> list[bpy.types.Object]:
    """Return the characters that the panel means: the one named in it, else the selected armatures but for the source."""
    settings = context.scene.mpsnet_retarget
    if settings.target is not None:
        return [settings.target]
    source = chosen_source(context)
    active = context.active_object
    things = list(dict.fromkeys(([active] if active else []) + list(context.selected_objects)))
    return [thing for thing in things if thing.type == "ARMATURE" and thing != source]


def chosen_source(context: bpy.types.Context) -> bpy.types.Object | None:
    """Return the source that the panel means: the one named in it, else the only armature of a capture."""
    settings = context.scene.mpsnet_retarget
    if settings.source is not None:
        return settings.source
    captured = [thing for thing in context.scene.objects if thing.type == "ARMATURE" and "mpsnet_motion_file" in thing]
    return captured[0] if len(captured) == 1 else None


def named_armature(name: str, role: str) -> bpy.types.Object:
    """Return the armature object of that name. Raises RetargetError."""
    thing = bpy.data.objects.get(name)
    if thing is None:
        words = f"There is no object “{name}”" if name else f"No {role} is given"
        raise RetargetError(f"{words}. Name an armature object of this file.")
    if thing.type != "ARMATURE":
        raise RetargetError(f"“{name}” is no armature but a {thing.type.title()}. Name an armature object.")
    return thing

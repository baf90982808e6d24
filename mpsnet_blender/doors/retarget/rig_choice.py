"""Which armatures the retarget panel and its operators mean."""

from __future__ import annotations

import bpy

from ...scene.retarget.source_reading import RetargetError


def chosen_targets(context: bpy.types.Context) -> list[bpy.types.Object]:
    """Return the characters that the panel means: the one named in it, else the selected armatures but for the source and
    for other captured people, which an import leaves selected."""
    settings = context.scene.mpsnet_retarget
    if settings.target is not None:
        return [settings.target]
    source = chosen_source(context)
    return [thing for thing in _selected_armatures(context) if thing != source and not _is_captured(thing)]


def chosen_source(context: bpy.types.Context) -> bpy.types.Object | None:
    """Return the source that the panel means: the one named in it, else a captured person: the active one, the only
    selected one, or the only one of the scene."""
    settings = context.scene.mpsnet_retarget
    if settings.source is not None:
        return settings.source
    selected = _selected_armatures(context)
    for things in (selected[:1], selected, context.scene.objects):
        captured = [thing for thing in things if _is_captured(thing)]
        if len(captured) == 1:
            return captured[0]
    return None


def _selected_armatures(context: bpy.types.Context) -> list[bpy.types.Object]:
    """Return the selected armatures, the active object before them, selected or not."""
    active = context.active_object
    things = dict.fromkeys(([active] if active else []) + list(context.selected_objects))
    return [thing for thing in things if thing.type == "ARMATURE"]


def _is_captured(thing: bpy.types.Object) -> bool:
    return thing.type == "ARMATURE" and "mpsnet_motion_file" in thing


def named_armature(name: str, role: str) -> bpy.types.Object:
    """Return the armature object of that name. Raises RetargetError."""
    thing = bpy.data.objects.get(name)
    if thing is None:
        words = f"There is no object “{name}”" if name else f"No {role} is given"
        raise RetargetError(f"{words}. Name an armature object of this file.")
    if thing.type != "ARMATURE":
        raise RetargetError(f"“{name}” is not an armature but a {thing.type.title()}. Name an armature object.")
    return thing

"""The choice of the armatures for the retarget panel and its operators."""

from __future__ import annotations

import bpy

from ...scene.base.motion_storage import MOTION_FILE
from ...scene.capture.takes import find_people, find_takes
from ...scene.retarget.source_reading import RetargetError


def find_targets(context: bpy.types.Context) -> list[bpy.types.Object]:
    """Return the characters to retarget to: the panel's, or else the selected armatures without the source and without other
    captured people, which are selected after an import."""
    settings = context.scene.mpsnet_retarget
    if settings.target is not None:
        return [settings.target]
    source = find_source(context)
    return [thing for thing in _find_selected_armatures(context) if thing != source and not _is_captured(thing)]


def find_source(context: bpy.types.Context) -> bpy.types.Object | None:
    """Return the source: the panel's, or else the captured person that is active, the only selected one, or the scene's only
    one, or else the best person of the take that was imported last; None where nobody was captured."""
    settings = context.scene.mpsnet_retarget
    if settings.source is not None:
        return settings.source
    selected = _find_selected_armatures(context)
    for things in (selected[:1], selected, context.scene.objects):
        captured = [thing for thing in things if _is_captured(thing)]
        if len(captured) == 1:
            return captured[0]
    return next((person for take in find_takes(context.scene) for person in find_people(take)), None)


def explain_missing(context: bpy.types.Context) -> str:
    """Return what a user must choose before a retarget; empty where nothing is missing."""
    if find_source(context) is None:
        return "Capture or import a motion first, or choose the armature that moves as Source."
    if not find_targets(context):
        return "Select the character that gets the motion, or choose it as Character."
    return ""


def _find_selected_armatures(context: bpy.types.Context) -> list[bpy.types.Object]:
    """Return the selected armatures, the active object before them, selected or not."""
    active = context.active_object
    things = dict.fromkeys(([active] if active else []) + list(context.selected_objects))
    return [thing for thing in things if thing.type == "ARMATURE"]


def _is_captured(thing: bpy.types.Object) -> bool:
    return thing.type == "ARMATURE" and MOTION_FILE in thing


def find_named_armature(name: str, role: str) -> bpy.types.Object:
    """Return the armature object of that name. Raises RetargetError."""
    thing = bpy.data.objects.get(name)
    if thing is None:
        problem = f"There is no object “{name}”" if name else f"No {role} is given"
        raise RetargetError(f"{problem}. Name an armature object of this file.")
    if thing.type != "ARMATURE":
        raise RetargetError(f"“{name}” is not an armature but a {thing.type.title()}. Name an armature object.")
    return thing

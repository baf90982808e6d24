"""The frame rate for which an Action was keyed. Blender's keys have frames only, and FBX importers change the scene's rate
without notice."""

from __future__ import annotations

import bpy

_KEPT = "mpsnet_frames_per_second"
_SAME = 1e-4  # relative difference of rates that counts as none; 30 and 29.97 differ by 1e-3


def scene_rate(scene: bpy.types.Scene) -> float:
    """Return the scene's frames a second."""
    return scene.render.fps / scene.render.fps_base


def remember_rate(owner: bpy.types.ID, rate: float) -> None:
    """Store with an Action, or with a camera that shows footage, the frames a second for which it was timed."""
    owner[_KEPT] = float(rate)


def remembered_rate(owner: bpy.types.ID) -> float | None:
    """Return the frames a second for which an Action or a camera was timed, None where the add-on did not make it."""
    rate = owner.get(_KEPT)
    return float(rate) if isinstance(rate, (int, float)) and rate > 0 else None


def other_rate(owner: bpy.types.ID, scene: bpy.types.Scene) -> float | None:
    """Return the frames a second that an Action or a camera was timed for, where that is another rate than the scene's."""
    rate = remembered_rate(owner)
    return rate if rate is not None and abs(rate / scene_rate(scene) - 1) > _SAME else None


def actions_of(thing: bpy.types.Object) -> list[bpy.types.Action]:
    """Return the Actions that an object and its data play, in strips too."""
    found = []
    for animation in (owner.animation_data for owner in (thing, thing.data) if owner is not None and owner.animation_data):
        found += [animation.action, *(strip.action for track in animation.nla_tracks for strip in track.strips)]
    return [action for action in found if action is not None]


def out_of_time(scene: bpy.types.Scene) -> dict[bpy.types.ID, float]:
    """Return the Actions, and cameras with footage, in the scene that were timed for another rate, with that rate."""
    timed = [owner for thing in scene.objects for owner in (*actions_of(thing), thing.data) if owner is not None]
    return {owner: rate for owner in timed if (rate := other_rate(owner, scene)) is not None}

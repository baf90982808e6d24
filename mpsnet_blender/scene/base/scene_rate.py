"""The frame rate for which an Action was keyed, stored with it: Blender's keys have only frames, and FBX importers change the
scene's rate without notice."""

from __future__ import annotations

import bpy

_RATE_KEY = "mpsnet_frames_per_second"
_SAME_RATE = 1e-4  # relative difference below which two rates are the same; 30 and 29.97 differ by 1e-3


def scene_rate(scene: bpy.types.Scene) -> float:
    """Return the scene's rate in frames a second."""
    return scene.render.fps / scene.render.fps_base


def store_rate(owner: bpy.types.ID, rate: float) -> None:
    """Store with an Action, or with a camera with footage, the rate (frames a second) for which it was timed."""
    owner[_RATE_KEY] = float(rate)


def read_rate(owner: bpy.types.ID) -> float | None:
    """Return the rate for which an Action or a camera was timed, None where the add-on did not make it."""
    rate = owner.get(_RATE_KEY)
    return float(rate) if isinstance(rate, (int, float)) and rate > 0 else None


def find_other_rate(owner: bpy.types.ID, scene: bpy.types.Scene) -> float | None:
    """Return the rate for which an Action or a camera was timed if the scene has another rate, else None."""
    rate = read_rate(owner)
    return rate if rate is not None and abs(rate / scene_rate(scene) - 1) > _SAME_RATE else None


def find_actions(thing: bpy.types.Object) -> list[bpy.types.Action]:
    """Return the Actions that an object and its data play, those in NLA strips included."""
    actions = []
    for animation in (owner.animation_data for owner in (thing, thing.data) if owner is not None and owner.animation_data):
        actions += [animation.action, *(strip.action for track in animation.nla_tracks for strip in track.strips)]
    return [action for action in actions if action is not None]


def find_mistimed(scene: bpy.types.Scene) -> dict[bpy.types.ID, float]:
    """Return the scene's Actions and cameras with footage that were timed for another rate than the scene's, with that rate."""
    timed = [owner for thing in scene.objects for owner in (*find_actions(thing), thing.data) if owner is not None]
    return {owner: rate for owner in timed if (rate := find_other_rate(owner, scene)) is not None}

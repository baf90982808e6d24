"""Reading of the F-curves of an Action as arrays."""

from __future__ import annotations

from collections.abc import Iterable

import bpy
import numpy as np

# Mean distance of keys, in frames, up to which curves are sampled at their keys. Captures at 30 frames a second in a scene of 24
# have 0.8, baked motion has 1; hand-made animation has keys much farther apart.
_DENSE_KEYS = 1.5
VISIBILITY_PATHS = ("hide_viewport", "hide_render")
CONTACT_PATH_END = '_contact"]'     # of the paths of contacts that are keyed for editing: see contact_curves.py


def find_fcurves(animation: bpy.types.AnimData | None) -> list[bpy.types.FCurve]:
    """Return the F-curves that move a data-block: those of its slot from Blender 4.4 on, all of its Action before. Curves that
    only show and hide it are left out: their keys lie before and after the motion."""
    if animation is None or animation.action is None:
        return []
    if not hasattr(animation, "action_slot"):
        return leave_out_visibility(animation.action.fcurves)
    slot = animation.action_slot
    bags = [strip.channelbag(slot) for layer in animation.action.layers for strip in layer.strips] if slot else []
    return leave_out_visibility(fcurve for bag in bags if bag for fcurve in bag.fcurves)


def leave_out_visibility(fcurves: Iterable[bpy.types.FCurve]) -> list[bpy.types.FCurve]:
    """Return the curves without those that show and hide an object."""
    return [fcurve for fcurve in fcurves if fcurve.data_path not in VISIBILITY_PATHS]


def find_all_fcurves(action: bpy.types.Action) -> list[bpy.types.FCurve]:
    """Return all F-curves of an Action: those of all its slots from Blender 4.4 on."""
    if not hasattr(action, "layers"):
        return list(action.fcurves)
    return [fcurve for layer in action.layers for strip in layer.strips for bag in strip.channelbags for fcurve in bag.fcurves]


def find_curve_holder(
        animation: bpy.types.AnimData | None) -> bpy.types.Action | bpy.types.ActionChannelbag | None:
    """Return the owner of the `fcurves` and `groups` that animate a data-block, None where it has none: the first channelbag of
    its slot from Blender 4.4 on, its Action before."""
    if animation is None or animation.action is None:
        return None
    if not hasattr(animation, "action_slot"):
        return animation.action
    slot = animation.action_slot
    bags = [strip.channelbag(slot) for layer in animation.action.layers for strip in layer.strips] if slot else []
    return next((bag for bag in bags if bag), None)


def key_frames(fcurve: bpy.types.FCurve) -> np.ndarray:
    """Return the frames (T,) of a curve's keys."""
    return read_keys(fcurve)[:, 0].astype(np.float64)


def sampling_frames(curves: list[np.ndarray]) -> np.ndarray:
    """Return the frames (T,) at which to sample curves with these keys (K, 2): their keys where these are dense, else every
    whole frame."""
    found = [keys[:, 0] for keys in curves if len(keys)]
    if not found:
        return np.zeros(0)
    longest = max(found, key=len)
    frames = (longest if all(len(other) <= 1 or np.array_equal(other, longest) for other in found)
              else np.unique(np.concatenate(found))).astype(np.float64)
    span = frames[-1] - frames[0]
    if len(frames) > 1 and span / (len(frames) - 1) > _DENSE_KEYS:
        return np.arange(np.floor(frames[0]), np.ceil(frames[-1]) + 1)
    return frames


def values_at(fcurve: bpy.types.FCurve, keys: np.ndarray, frames: np.ndarray) -> np.ndarray:
    """Return the values (T,) at frames (T,) of a curve with these keys (K, 2)."""
    if len(keys) == len(frames) and np.array_equal(keys[:, 0], frames) and not fcurve.modifiers:
        return keys[:, 1].astype(np.float64)
    return np.array([fcurve.evaluate(frame) for frame in frames])


def read_keys(fcurve: bpy.types.FCurve) -> np.ndarray:
    """Return frames and values (K, 2) of a curve's keys, float32 as Blender has them, who takes long to give them."""
    points = np.empty(2 * len(fcurve.keyframe_points), dtype=np.float32)
    fcurve.keyframe_points.foreach_get("co", points)
    return points.reshape(-1, 2)

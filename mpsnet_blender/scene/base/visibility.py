"""Keyed visibility: a person is shown only from the first to the last frame in which the video shows him or her."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager

import bpy
import numpy as np

from .action import Channel
from .fcurve_reading import VISIBILITY_PATHS, find_all_fcurves, find_curve_holder
from .scene_rate import find_actions

_ROUNDING = 1e-3            # frames: times are rounded to milliseconds and less


def find_shown_frames(frames: np.ndarray) -> tuple[int, int]:
    """Return the first and last whole frame at which the video shows one of the pictures that begin at scene frames (T,). At the
    next one it shows another picture, which may be on the other side of a cut."""
    step = float(np.median(np.diff(frames))) if len(frames) > 1 else 1.0
    first = math.ceil(frames[0] - _ROUNDING)
    return first, max(first, math.ceil(frames[-1] + step - _ROUNDING) - 1)


def make_visibility_channels(frames: np.ndarray, is_loop: bool = False) -> list[Channel]:
    """Return stepped channels that hide an object before the first and after the last of scene frames (T,), but not between
    repetitions of a loop."""
    first, last = find_shown_frames(frames)
    places, is_hidden = np.array((first - 1, first, last + 1)), np.array(((1.0,), (0.0,), (1.0,)))
    if is_loop:
        places, is_hidden = places[1:2], is_hidden[1:2]
    return [Channel(path, places, is_hidden, "Visibility", interpolation="CONSTANT") for path in VISIBILITY_PATHS]


def has_keyed_visibility(thing: bpy.types.Object) -> bool:
    """Tell whether an object's Action shows and hides it."""
    holder = find_curve_holder(thing.animation_data)
    return holder is not None and any(holder.fcurves.find(path) for path in VISIBILITY_PATHS)


def follow_visibility(thing: bpy.types.Object, armature_object: bpy.types.Object) -> None:
    """Let drivers hide an object whenever the armature is hidden, whatever hides that: keys, NLA strips, or the user."""
    for path in VISIBILITY_PATHS:
        driver = thing.driver_add(path).driver
        driver.type = "SUM"  # needs no Python, which Blender may not run in files of others
        variable = driver.variables.new()
        variable.name = "is_hidden"
        variable.targets[0].id, variable.targets[0].data_path = armature_object, path


def follows_visibility(thing: bpy.types.Object) -> bool:
    """Tell whether drivers show and hide an object: it belongs to the character also while it is hidden."""
    animation = thing.animation_data
    return animation is not None and any(curve.data_path in VISIBILITY_PATHS for curve in animation.drivers)


@contextmanager
def unhide(thing: bpy.types.Object) -> Iterator[None]:
    """Show a hidden object during the block, also where keys hide it, because Blender does not evaluate hidden objects."""
    curves = [curve for action in find_actions(thing) for curve in find_all_fcurves(action)
              if curve.data_path in VISIBILITY_PATHS and not curve.mute]
    was_hidden = thing.hide_viewport
    for curve in curves:
        curve.mute = True
    if was_hidden:
        thing.hide_viewport = False
    try:
        yield
    finally:
        if was_hidden:
            thing.hide_viewport = True
        for curve in curves:
            curve.mute = False

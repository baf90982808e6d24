"""Poses that were set by hand and not keyed: evaluation at another frame would replace them by the Action's values."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import bpy
import numpy as np

_CHANNELS = {"location": 3, "rotation_quaternion": 4, "rotation_euler": 3, "rotation_axis_angle": 4, "scale": 3}


@contextmanager
def preserve_hand_poses() -> Iterator[None]:
    """Restore the transform channels of the file's objects and bones at the end of the block.

    The evaluation of any scene, not only the window's, writes animated values back into its objects.
    """
    owners = [thing for thing in bpy.data.objects if thing.library is None]
    places = [{name: tuple(getattr(thing, name)) for name in _CHANNELS} for thing in owners]
    poses = [{name: _read_bone_values(thing, name) for name in _CHANNELS} if thing.pose else {} for thing in owners]
    try:
        yield
    finally:
        for thing, place, pose in zip(owners, places, poses):
            for name, value in place.items():
                if tuple(getattr(thing, name)) != value:
                    setattr(thing, name, value)
            for name, values in pose.items():
                if not np.array_equal(_read_bone_values(thing, name), values):
                    thing.pose.bones.foreach_set(name, values)
                    thing.update_tag()
        bpy.context.view_layer.update()


def _read_bone_values(thing: bpy.types.Object, name: str) -> np.ndarray:
    values = np.empty(len(thing.pose.bones) * _CHANNELS[name], dtype=np.float32)
    thing.pose.bones.foreach_get(name, values)
    return values

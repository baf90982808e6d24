"""The scene's frame range, fitted to a motion."""

from __future__ import annotations

import bpy

from ..base.motion_sampling import ExportError, motion_frames
from .cleanup import CleanupError


def fit_scene_range(scene: bpy.types.Scene, armature_object: bpy.types.Object) -> tuple[int, int]:
    """Set the scene's first and last frame to a motion's, and return them. A loop's last frame, which repeats its first, is left
    out. Raises CleanupError where nothing moves."""
    try:
        frames = motion_frames(armature_object)
    except ExportError as error:
        raise CleanupError(str(error)) from None
    last = frames[-1] - 1 if armature_object.mpsnet_cleanup.loop and len(frames) > 2 else frames[-1]
    scene.frame_start, scene.frame_end = int(frames[0]), int(last)
    return scene.frame_start, scene.frame_end

"""The imported motion of an armature, stored in the .blend, and the scene frames at which it plays."""

from __future__ import annotations

from dataclasses import replace

import bpy
import numpy as np

from ...motion.cleanup.motion_quality import grade_quality
from ...motion.cleanup.stored_motion import StoredMotion, StoredMotionError, motion_bytes, motion_from_bytes
from ...shared.capture_listing import Quality
from .contact_curves import read_contacts

# What the capture alone knows of a motion, and what is measured of whatever is keyed.
_CAPTURED = ("visible_share", "reprojection_error_percent", "sides_repaired_frames")
_MEASURED = ("foot_slide_mm", "foot_slide_mm_per_second", "floor_penetration_mm", "jitter_mm")


def keep_motion(armature_object: bpy.types.Object, stored: StoredMotion, frames: np.ndarray, scene_fps: float,
                units_per_metre: float, captured: Quality) -> None:
    """Keep a motion whose Action plays from frames[0] on, and what its capture told of it; both survive saving, and the loss of
    the motion file."""
    kept = armature_object.mpsnet_cleanup
    kept.motion = motion_bytes(stored)
    kept.first_frame, kept.frames_per_second = float(frames[0]), scene_fps
    kept.units_per_metre = units_per_metre
    kept.action = armature_object.animation_data.action
    kept.imported_first = kept.first_frame
    kept.applied_first, kept.applied_speed, kept.applied_start = kept.first_frame, 1.0, 0.0
    for name in _CAPTURED:
        if getattr(captured, name) is not None:
            setattr(kept, name, getattr(captured, name))


def has_motion(thing: bpy.types.Object | None) -> bool:
    """Whether an object is an armature that keeps a motion."""
    return thing is not None and thing.type == "ARMATURE" and bool(thing.mpsnet_cleanup.motion)


def kept_motion(armature_object: bpy.types.Object) -> StoredMotion:
    """Return the motion that an armature keeps. Raises StoredMotionError."""
    if not has_motion(armature_object):
        raise StoredMotionError(
            f"“{armature_object.name}” holds no captured motion. Choose an armature that Import Motion made (with this version).")
    return motion_from_bytes(armature_object.mpsnet_cleanup.motion)


def raw_frames(armature_object: bpy.types.Object, timestamps: np.ndarray) -> np.ndarray:
    """Return the scene frames (T,) at which the raw motion's timestamps (T,) s play, as the motion was keyed last."""
    kept = armature_object.mpsnet_cleanup
    seconds = timestamps - timestamps[0] - kept.applied_start
    return kept.applied_first + seconds / kept.applied_speed * kept.frames_per_second


def edited_contacts(armature_object: bpy.types.Object, stored: StoredMotion) -> np.ndarray | None:
    """Return the contacts (T, 4) that are keyed on the armature, for the kept motion's frames; None where none are keyed."""
    return read_contacts(armature_object, raw_frames(armature_object, stored.timestamps))


def contacts_at(armature_object: bpy.types.Object, frames: np.ndarray) -> np.ndarray | None:
    """Return the contacts (F, 4) of the kept motion at scene frames (F,); None where the armature plays another
    Action."""
    animation = armature_object.animation_data
    if not has_motion(armature_object) or animation is None or animation.action != armature_object.mpsnet_cleanup.action:
        return None
    try:
        stored = kept_motion(armature_object)
    except StoredMotionError:
        return None
    edited = edited_contacts(armature_object, stored)
    at = raw_frames(armature_object, stored.timestamps)
    return np.stack([np.interp(frames, at, contact) for contact in (stored.contacts if edited is None else edited).T], axis=1)


def show_quality(armature_object: bpy.types.Object, measured: Quality, frame_count: int) -> None:
    """Keep the figures of what is keyed for the panel, and the grade that they have together with what the capture told of its
    so many frames."""
    kept = armature_object.mpsnet_cleanup
    captured = {name: getattr(kept, name) for name in _CAPTURED if kept.is_property_set(name)}
    quality = grade_quality(replace(measured, **captured), frame_count)
    for name in (*_MEASURED, "grade", "advice"):
        setattr(kept, name, getattr(quality, name))

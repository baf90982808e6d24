"""Storage of an armature's imported motion in the .blend, with the scene frames at which it plays."""

from __future__ import annotations

from dataclasses import replace

import bpy
import numpy as np

from ...motion.cleanup.motion_quality import grade_quality
from ...motion.cleanup.stored_motion import StoredMotion, StoredMotionError, motion_bytes, motion_from_bytes
from ...shared.capture_listing import Quality
from .contact_curves import read_contacts

# The quality figures that only the capture can measure, and those that are measured again on every keyed motion.
MOTION_FILE = "mpsnet_motion_file"     # custom property of a person: the path of the imported motion file
_CAPTURED = ("visible_share", "reprojection_error_percent", "feet_off_picture_percent", "sides_repaired_frames")
_MEASURED = ("foot_slide_mm", "foot_slide_mm_per_second", "floor_penetration_mm", "jitter_mm", "lean_degrees",
             "left_hand_seen_share", "right_hand_seen_share")
COMPARED = ("foot_slide_mm_per_second", "floor_penetration_mm", "jitter_mm", "lean_degrees")    # before and after a clean-up


def store_motion(armature_object: bpy.types.Object, stored: StoredMotion) -> None:
    """Store a motion with the armature: the .blend then needs the motion file no more. Done before keys are written, as it takes
    the motion's memory several times for a moment."""
    armature_object.mpsnet_cleanup.motion = motion_bytes(stored)


def store_timing(armature_object: bpy.types.Object, frames: np.ndarray, scene_fps: float, units_per_metre: float,
                 captured: Quality) -> None:
    """Store that the armature's Action plays its stored motion from frames[0] on, and the figures of its capture."""
    properties = armature_object.mpsnet_cleanup
    properties.first_frame, properties.frames_per_second = float(frames[0]), scene_fps
    properties.units_per_metre = units_per_metre
    properties.action = armature_object.animation_data.action
    properties.imported_first = properties.first_frame
    properties.applied_first, properties.applied_speed, properties.applied_start = properties.first_frame, 1.0, 0.0
    properties.applied_settings = properties.settings_text()
    for name in _CAPTURED:
        if getattr(captured, name) is not None:
            setattr(properties, name, getattr(captured, name))


def has_motion(thing: bpy.types.Object | None) -> bool:
    """Tell whether an object is an armature with a stored motion, without reading it: panels ask at each redraw."""
    return thing is not None and thing.type == "ARMATURE" and thing.mpsnet_cleanup.is_property_set("motion")


def has_fingers(figures: bpy.types.PropertyGroup) -> bool:
    """Tell whether the stored motion of the armature with these figures, its `mpsnet_cleanup`, has fingers."""
    return figures.is_property_set("left_hand_seen_share")


def find_person(thing: bpy.types.Object | None) -> bpy.types.Object | None:
    """Return the armature with a stored motion that an object is, or that is its parent (as a body's); None where none is."""
    if has_motion(thing):
        return thing
    return thing.parent if thing is not None and has_motion(thing.parent) else None


def read_stored_motion(armature_object: bpy.types.Object) -> StoredMotion:
    """Return the motion that is stored with an armature. Raises StoredMotionError."""
    if not has_motion(armature_object):
        raise StoredMotionError(
            f"“{armature_object.name}” holds no captured motion. Choose an armature that Import Motion made (with this version).")
    return motion_from_bytes(armature_object.mpsnet_cleanup.motion)


def compute_raw_frames(armature_object: bpy.types.Object, timestamps: np.ndarray) -> np.ndarray:
    """Return the scene frames (T,) at which the raw motion's timestamps (T,) s play, with the settings last applied."""
    properties = armature_object.mpsnet_cleanup
    seconds = timestamps - timestamps[0] - properties.applied_start
    return properties.applied_first + seconds / properties.applied_speed * properties.frames_per_second


def read_edited_contacts(armature_object: bpy.types.Object, stored: StoredMotion) -> np.ndarray | None:
    """Return the contacts (T, 4) that are keyed on the armature, for the stored motion's frames; None where none are keyed."""
    return read_contacts(armature_object, compute_raw_frames(armature_object, stored.timestamps))


def interpolate_contacts(armature_object: bpy.types.Object, frames: np.ndarray) -> np.ndarray | None:
    """Return the stored motion's contacts (F, 4) at scene frames (F,); None where the armature plays another Action."""
    animation = armature_object.animation_data
    if not has_motion(armature_object) or animation is None or animation.action != armature_object.mpsnet_cleanup.action:
        return None
    try:
        stored = read_stored_motion(armature_object)
    except StoredMotionError:
        return None
    edited = read_edited_contacts(armature_object, stored)
    contacts = stored.contacts if edited is None else edited
    contact_frames = compute_raw_frames(armature_object, stored.timestamps)
    return np.stack([np.interp(frames, contact_frames, contact) for contact in contacts.T], axis=1)


def store_imported_quality(armature_object: bpy.types.Object, measured: Quality, frame_count: int) -> None:
    """Store the figures of the motion as it was imported, also for comparison with those after a clean-up."""
    store_quality(armature_object, measured, frame_count)
    properties = armature_object.mpsnet_cleanup
    for name in COMPARED:
        if properties.is_property_set(name):
            setattr(properties, f"imported_{name}", getattr(properties, name))


def store_quality(armature_object: bpy.types.Object, measured: Quality, frame_count: int) -> None:
    """Store the figures measured on the keyed motion for the panel, with a grade that also counts the capture's figures, which
    are over `frame_count` frames."""
    properties = armature_object.mpsnet_cleanup
    captured = {name: getattr(properties, name) for name in _CAPTURED if properties.is_property_set(name)}
    quality = grade_quality(replace(measured, **captured), frame_count)
    for name in (*_MEASURED, "grade", "advice"):
        if getattr(quality, name) is None:
            properties.property_unset(name)
        else:
            setattr(properties, name, getattr(quality, name))

"""Clean-up of an imported motion: computed from the stored raw motion, keyed into the armature's Action."""

from __future__ import annotations

from dataclasses import dataclass, replace

import bpy
import numpy as np

from ...motion.base.timing import round_to_whole
from ...motion.cleanup.cleanup import CleanMotion, CleanupSettings, clean_motion, keep_unchanged
from ...motion.cleanup.looping import fit_whole_frames
from ...motion.cleanup.stored_motion import StoredMotion, StoredMotionError
from ...shared.hands.skeleton import FULL_JOINT_NAMES
from ...shared.smpl_skeleton import JOINT_COUNT
from ..base.action import write_action, write_channels
from ..base.body_channels import make_body_channels
from ..base.contact_curves import read_contacts, remove_contacts, write_contacts
from ..base.fcurve_reading import find_curve_holder
from ..base.motion_storage import (
    compute_raw_frames,
    read_edited_contacts,
    read_stored_motion,
    store_imported_quality,
    store_quality,
)
from ..base.scene_rate import store_rate
from ..base.visibility import has_keyed_visibility, make_visibility_channels


class CleanupError(Exception):
    """A motion cannot be cleaned: the message says which armature, why and what to do."""


CLEANUP_ERRORS = (CleanupError, StoredMotionError)


@dataclass(frozen=True)
class CleanupReport:
    """The result of a clean-up: the armature's name, first and last frame, number of keys, and warnings for the user."""
    armature: str
    first_frame: float
    last_frame: float
    key_count: int
    warnings: tuple[str, ...]

    @property
    def sentence(self) -> str:
        return (f"“{self.armature}”: {self.key_count} keys from frame {self.first_frame:.0f} to {self.last_frame:.0f}, "
                "made from the raw motion")


@dataclass(frozen=True)
class CleanupTask:
    """All that a clean-up is computed from, without Blender's data, so that a thread can compute it.

    `edited`: the user's contacts (T, 4), None without any; `settings` are in metres."""
    stored: StoredMotion
    edited: np.ndarray | None
    settings: CleanupSettings

    def compute(self) -> CleanMotion:
        """Return the cleaned motion."""
        raw = self.stored.raw
        return clean_motion(raw if self.edited is None else replace(raw, contacts=self.edited), self.settings)


def clean_armature(armature_object: bpy.types.Object, settings: CleanupSettings) -> CleanupReport:
    """Key the cleaned motion; `floor_offset` is in Blender's units here. Raises CleanupError, StoredMotionError."""
    task = prepare_cleanup(armature_object, settings)
    return key_cleanup(armature_object, task, task.compute())


def prepare_cleanup(armature_object: bpy.types.Object, settings: CleanupSettings) -> CleanupTask:
    """Read what a clean-up needs from Blender. Raises CleanupError, StoredMotionError."""
    _require_writable(armature_object)
    stored = read_stored_motion(armature_object)
    _require_bones(armature_object, stored)
    metres = settings.floor_offset / armature_object.mpsnet_cleanup.units_per_metre
    return CleanupTask(stored, read_edited_contacts(armature_object, stored), replace(settings, floor_offset=metres))


def key_cleanup(armature_object: bpy.types.Object, task: CleanupTask, cleaned: CleanMotion) -> CleanupReport:
    """Key a task's result from the armature's start frame on. Raises CleanupError."""
    _require_writable(armature_object)
    _require_bones(armature_object, task.stored)
    properties, timestamps = armature_object.mpsnet_cleanup, task.stored.timestamps
    fps = properties.frames_per_second
    fitted = fit_whole_frames(cleaned.seconds[-1], fps) if task.settings.loop else 1.0
    frames = round_to_whole(properties.first_frame + cleaned.seconds / fitted * fps)
    warnings = _key_motion(armature_object, cleaned, frames, task.settings.loop)
    properties.applied_first, properties.applied_speed = properties.first_frame, task.settings.speed * fitted
    properties.applied_start = cleaned.start_seconds
    if task.edited is not None:
        write_contacts(armature_object, task.edited, timestamps, compute_raw_frames(armature_object, timestamps))
    store_quality(armature_object, cleaned.quality, len(timestamps))
    return _report(armature_object, frames, cleaned, warnings)


def reset_armature(armature_object: bpy.types.Object) -> CleanupReport:
    """Key the motion as it was imported, and remove edited contacts. Raises CleanupError, StoredMotionError."""
    _require_writable(armature_object)
    stored = read_stored_motion(armature_object)
    _require_bones(armature_object, stored)
    properties = armature_object.mpsnet_cleanup
    properties.first_frame = properties.imported_first
    properties.applied_first, properties.applied_speed, properties.applied_start = properties.first_frame, 1.0, 0.0
    frames = round_to_whole(compute_raw_frames(armature_object, stored.timestamps))
    cleaned = keep_unchanged(stored.imported)
    warnings = _key_motion(armature_object, cleaned, frames)
    remove_contacts(armature_object)
    store_imported_quality(armature_object, cleaned.quality, len(stored.timestamps))
    return _report(armature_object, frames, cleaned, warnings)


def show_contacts(armature_object: bpy.types.Object) -> None:
    """Key the motion's contacts on the armature's foot and toe bones, where they are not keyed yet."""
    _require_writable(armature_object)
    stored = read_stored_motion(armature_object)
    frames = compute_raw_frames(armature_object, stored.timestamps)
    if find_curve_holder(armature_object.animation_data) is None:
        raise CleanupError(f"“{armature_object.name}” has no Action for contacts to be keyed in. Press Clean Up first.")
    if read_contacts(armature_object, frames) is None:
        write_contacts(armature_object, stored.contacts, stored.timestamps, frames)


def _require_writable(armature_object: bpy.types.Object) -> None:
    name = armature_object.name
    if armature_object.library is not None:
        raise CleanupError(f"“{name}” is linked from another file. Make it local, or clean it up there.")
    action = armature_object.mpsnet_cleanup.action
    if action is not None and action.library is not None:
        raise CleanupError(f"The Action “{action.name}” is linked from another file. Make it local first.")


def _require_bones(armature_object: bpy.types.Object, stored: StoredMotion) -> None:
    joints = FULL_JOINT_NAMES if stored.hands is not None else FULL_JOINT_NAMES[:JOINT_COUNT]
    missing = [joint for joint in joints if joint not in armature_object.pose.bones]
    if missing:
        raise CleanupError(f"“{armature_object.name}” lacks the bones {', '.join(missing)} that its motion moves. "
                           "Import the motion file again.")


def _ensure_unshared_action(armature_object: bpy.types.Object) -> tuple[str, ...]:
    """Give the armature a new Action unless it plays one that the add-on made and no other object uses; return a warning if the
    armature had another Action, which stays in the file unchanged."""
    properties = armature_object.mpsnet_cleanup
    animation = armature_object.animation_data
    current = animation.action if animation else None
    shared = any(thing is not armature_object and thing.animation_data and thing.animation_data.action == current
                 for thing in bpy.data.objects) if current else False
    if current is not None and current == properties.action and not shared and find_curve_holder(animation) is not None:
        return ()
    properties.action = write_action(armature_object, armature_object.name, [])
    store_rate(properties.action, properties.frames_per_second)
    if current is None:
        return ()
    why = "other objects use it too" if shared else "the import did not make it"
    return (f"The Action “{current.name}” was left as it is ({why}); the motion is in the new “{properties.action.name}”.",)


def _key_motion(armature_object: bpy.types.Object, cleaned: CleanMotion, frames: np.ndarray,
                is_loop: bool = False) -> tuple[str, ...]:
    """Key a motion in the armature's Action, whose other F-curves stay; return warnings for the user."""
    is_only_shown_while_seen = has_keyed_visibility(armature_object)
    warnings = _ensure_unshared_action(armature_object)
    holder = find_curve_holder(armature_object.animation_data)
    write_channels(holder, make_body_channels(armature_object, cleaned, frames, armature_object.mpsnet_cleanup.units_per_metre))
    if is_only_shown_while_seen:
        write_channels(holder, make_visibility_channels(frames, is_loop))
    armature_object.update_tag(refresh={"TIME"})        # otherwise Blender evaluates it only at the next change of frame
    return warnings


def _report(armature_object: bpy.types.Object, frames: np.ndarray, cleaned: CleanMotion,
            warnings: tuple[str, ...]) -> CleanupReport:
    return CleanupReport(armature_object.name, float(frames[0]), float(frames[-1]), cleaned.keys.count, warnings)

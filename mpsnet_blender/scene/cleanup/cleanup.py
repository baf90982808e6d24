"""Clean-up of an imported motion: computed from the stored raw motion, keyed into the armature's Action."""

from __future__ import annotations

from dataclasses import dataclass, replace

import bpy
import numpy as np

from ...motion.base.timing import round_to_whole
from ...motion.cleanup.cleanup import CleanMotion, CleanupSettings, clean_motion, keep_unchanged
from ...motion.cleanup.stored_motion import StoredMotionError
from ...shared.smpl_skeleton import JOINT_NAMES
from ..base.action import write_action, write_channels
from ..base.body_channels import body_channels
from ..base.contact_curves import read_contacts, remove_contacts, write_contacts
from ..base.fcurve_reading import curves_holder
from ..base.motion_storage import edited_contacts, kept_motion, raw_frames, show_quality
from ..base.scene_rate import remember_rate


class CleanupError(Exception):
    """A motion cannot be cleaned: the message says which armature, why and what to do."""


CLEANUP_ERRORS = (CleanupError, StoredMotionError)


@dataclass(frozen=True)
class CleanupReport:
    """What was keyed: the armature's name, frames and keys, and what the user should know."""
    armature: str
    first_frame: float
    last_frame: float
    key_count: int
    warnings: tuple[str, ...]

    @property
    def sentence(self) -> str:
        return (f"“{self.armature}”: {self.key_count} keys from frame {self.first_frame:.0f} to {self.last_frame:.0f}, "
                "made from the raw motion")


def clean_armature(armature_object: bpy.types.Object, settings: CleanupSettings) -> CleanupReport:
    """Key the cleaned motion; the floor's offset is in Blender's units. Raises CleanupError, StoredMotionError."""
    _require_writable(armature_object)
    stored = kept_motion(armature_object)
    edited = edited_contacts(armature_object, stored)
    raw = stored.raw if edited is None else replace(stored.raw, contacts=edited)
    kept = armature_object.mpsnet_cleanup
    cleaned = clean_motion(raw, replace(settings, floor_offset=settings.floor_offset / kept.units_per_metre))
    frames = round_to_whole(kept.first_frame + cleaned.seconds * kept.frames_per_second)
    warnings = _key(armature_object, cleaned, frames)
    kept.applied_first, kept.applied_speed, kept.applied_start = kept.first_frame, settings.speed, cleaned.start_seconds
    if edited is not None:
        write_contacts(armature_object, edited, stored.timestamps, raw_frames(armature_object, stored.timestamps))
    show_quality(armature_object, cleaned.quality, len(stored.timestamps))
    return _report(armature_object, frames, cleaned, warnings)


def reset_armature(armature_object: bpy.types.Object) -> CleanupReport:
    """Key the motion as it was imported, without edited contacts. Raises CleanupError, StoredMotionError."""
    _require_writable(armature_object)
    stored = kept_motion(armature_object)
    kept = armature_object.mpsnet_cleanup
    kept.first_frame = kept.imported_first
    kept.applied_first, kept.applied_speed, kept.applied_start = kept.first_frame, 1.0, 0.0
    frames = round_to_whole(raw_frames(armature_object, stored.timestamps))
    cleaned = keep_unchanged(stored.imported)
    warnings = _key(armature_object, cleaned, frames)
    remove_contacts(armature_object)
    show_quality(armature_object, cleaned.quality, len(stored.timestamps))
    return _report(armature_object, frames, cleaned, warnings)


def show_contacts(armature_object: bpy.types.Object) -> None:
    """Key the motion's contacts on the armature's foot and toe bones, where they are not keyed yet."""
    _require_writable(armature_object)
    stored = kept_motion(armature_object)
    frames = raw_frames(armature_object, stored.timestamps)
    if curves_holder(armature_object.animation_data) is None:
        raise CleanupError(f"“{armature_object.name}” has no Action for contacts to be keyed in. Press Clean Up first.")
    if read_contacts(armature_object, frames) is None:
        write_contacts(armature_object, stored.contacts, stored.timestamps, frames)


def _require_writable(armature_object: bpy.types.Object) -> None:
    name = armature_object.name
    if armature_object.library is not None:
        raise CleanupError(f"“{name}” is linked from another file. Make it local, or clean it up there.")
    missing = [joint for joint in JOINT_NAMES if joint not in armature_object.pose.bones]
    if missing:
        raise CleanupError(f"“{name}” lacks the bones {', '.join(missing)} that its motion moves. Import the motion file again.")
    action = armature_object.mpsnet_cleanup.action
    if action is not None and action.library is not None:
        raise CleanupError(f"The Action “{action.name}” is linked from another file. Make it local first.")


def _own_action(armature_object: bpy.types.Object) -> tuple[str, ...]:
    """See to it that the armature plays an Action that the import or a clean-up made for it alone; say what was left alone."""
    kept = armature_object.mpsnet_cleanup
    animation = armature_object.animation_data
    current = animation.action if animation else None
    shared = any(thing is not armature_object and thing.animation_data and thing.animation_data.action == current
                 for thing in bpy.data.objects) if current else False
    if current is not None and current == kept.action and not shared and curves_holder(animation) is not None:
        return ()
    kept.action = write_action(armature_object, armature_object.name, [])
    remember_rate(kept.action, kept.frames_per_second)
    if current is None:
        return ()
    why = "other objects use it too" if shared else "the import did not make it"
    return (f"The Action “{current.name}” was left as it is ({why}); the motion is in the new “{kept.action.name}”.",)


def _key(armature_object: bpy.types.Object, cleaned: CleanMotion, frames: np.ndarray) -> tuple[str, ...]:
    """Key a motion in the armature's own Action, all other F-curves of which stay; return what the user should know."""
    warnings = _own_action(armature_object)
    channels = body_channels(armature_object, cleaned, frames, armature_object.mpsnet_cleanup.units_per_metre)
    write_channels(curves_holder(armature_object.animation_data), channels)
    armature_object.update_tag(refresh={"TIME"})        # or it would be evaluated anew only at the next change of frame
    return warnings


def _report(armature_object: bpy.types.Object, frames: np.ndarray, cleaned: CleanMotion,
            warnings: tuple[str, ...]) -> CleanupReport:
    return CleanupReport(armature_object.name, float(frames[0]), float(frames[-1]), cleaned.keys.count, warnings)

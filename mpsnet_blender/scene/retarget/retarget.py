"""Retargeting of armatures: reads the rigs, and writes a new Action with keys for the mapped bones only."""

from __future__ import annotations

from dataclasses import dataclass

import bpy
import numpy as np

from ...motion.base.rig import Rig
from ...motion.base.rotation_modes import convert_with_locks
from ...motion.bone_maps import find_ik_controls
from ...motion.retarget.mapped_rigs import Character
from ...motion.retarget.retarget import BoneChannels, RetargetOptions, retarget
from ...motion.retarget.root_path import find_carrier_bone
from ...motion.retarget.standing_frame import rest_pose_stands
from ...shared.bone_slots import SIDES, TWISTS, label
from ..base.action import Channel, bone_path, write_action
from ..base.scene_rate import find_actions, read_rate, scene_rate, store_rate
from .bone_map_storage import find_map
from .control_switches import make_switch_channels
from .rig_reading import read_rig
from .source_reading import RetargetError, SourceMotion, read_source

# Slots of a source for which the user is warned where the target has no bone.
_WARNED_SLOTS = ("spine1", "neck1", "head", *(f"{side}_{part}" for side in SIDES for part in ("clavicle", "hand", "foot", "toe")))
# Constraints for which the user is not warned: control_switches.py handles IK, and limits work only at their ends.
_HARMLESS_CONSTRAINTS = ("IK", "LIMIT_ROTATION", "LIMIT_LOCATION", "LIMIT_SCALE")


@dataclass(frozen=True)
class RetargetSettings(RetargetOptions):
    """The user's choices: RetargetOptions; whether IK controls are keyed too, where the rig has them; whether the present pose of
    source or target is compared instead of the rest pose; whether the Action becomes an NLA strip."""
    uses_ik: bool = False
    source_as_posed: bool = False
    target_as_posed: bool = False
    to_nla: bool = False


@dataclass(frozen=True)
class RetargetReport:
    """The result of a retarget: names of character and Action, number of frames and bones, and warnings for the user."""
    target: str
    action: str
    frame_count: int
    bone_count: int
    warnings: tuple[str, ...]

    @property
    def sentence(self) -> str:
        return f"“{self.target}” has {self.frame_count} frames on {self.bone_count} bones: Action “{self.action}”"


def retarget_armatures(scene: bpy.types.Scene, source: bpy.types.Object, targets: list[bpy.types.Object],
                       settings: RetargetSettings) -> list[RetargetReport]:
    """Give each target a new Action with the source's motion. Raises RetargetError before anything is written."""
    bpy.context.view_layer.update()  # or objects moved by a script still have their old world matrices
    source_map = require_usable_map(source)
    target_maps = [_require_writable_map(source, target) for target in targets]
    read = read_source(scene, source, source_map, settings.source_as_posed)
    references = [_find_reference(scene, target, target_map, settings) for target, target_map in zip(targets, target_maps)]
    reports = [_retarget(source, read, target, target_map, reference, settings)
               for target, target_map, reference in zip(targets, target_maps, references)]
    rates = [rate for rate in map(read_rate, find_actions(source)) if rate is not None]
    for report in reports:  # the keys lie at the source's frames
        store_rate(bpy.data.actions[report.action], rates[0] if rates else scene_rate(scene))
    return reports


def _find_reference(scene: bpy.types.Scene, target: bpy.types.Object, target_map: dict[str, str],
                    settings: RetargetSettings) -> tuple[Rig | None, tuple[str, ...]]:
    """Return the pose of a target that corresponds to the source's rest pose, None for its rest pose; and warnings.

    Where the rest pose is no standing body, it is the frame of the target's present motion in which that stands best.
    """
    if settings.target_as_posed:
        return read_rig(target, is_posed=True), ()
    if rest_pose_stands(read_rig(target), target_map):
        return None, ()
    try:
        present = read_source(scene, target, target_map, is_posed=False)
    except RetargetError:
        return None, (f"The rest pose of “{target.name}” is no standing body: feet and hands may be turned. Pose it as the "
                      "source rests, and use Character's Pose as Rest.",)
    return present.motion.rig, present.warnings


def _retarget(source: bpy.types.Object, read: SourceMotion, target: bpy.types.Object, target_map: dict[str, str],
              reference: tuple[Rig | None, tuple[str, ...]], settings: RetargetSettings) -> RetargetReport:
    controls = find_ik_controls(target.data.bones.keys(), target_map.values()) if settings.uses_ik else {}
    resting = {*target_map.values(), *controls.values()}
    rig = read_rig(target, resting)
    rig = read_rig(target, resting, carrier=rig.names[find_carrier_bone(rig, target_map)])
    character = Character(rig, target_map, reference[0], controls)
    channels = retarget(read.motion, character, settings)
    action = _write(source, target, read, channels, settings)
    return RetargetReport(target.name, action.name, len(read.frames), len(channels.rotations),
                          read.warnings + reference[1] + _find_warnings(target, read.motion.bone_map, target_map))


def _find_warnings(target: bpy.types.Object, source_map: dict[str, str], target_map: dict[str, str]) -> tuple[str, ...]:
    """Return warnings for the user: slots of the source that the target lacks, and bones that constraints move."""
    warnings = []
    unmatched = [label(slot) for slot in source_map if slot in _WARNED_SLOTS and slot not in target_map]
    if unmatched:
        warnings.append(f"“{target.name}” has no bone for {', '.join(unmatched)}.")
    held = [bone for bone in target_map.values() if any(
        not constraint.mute and constraint.influence > 0 and constraint.type not in _HARMLESS_CONSTRAINTS
        for constraint in target.pose.bones[bone].constraints)]
    if held:
        warnings.append(f"Constraints hold {', '.join(held)} of “{target.name}”, and may change what is keyed.")
    return tuple(warnings)


def _require_writable_map(source: bpy.types.Object, target: bpy.types.Object) -> dict[str, str]:
    """Return the map of a target without twist bones that constraints turn. Raises RetargetError if it cannot be animated."""
    if source == target:
        raise RetargetError(f"“{source.name}” is source and target. Choose two armatures.")
    if target.library is not None:
        raise RetargetError(f"“{target.name}” is linked and cannot be animated here. "
                            "Make a Library Override of it: Object > Library Override > Make.")
    if target.animation_data and target.animation_data.use_tweak_mode:
        raise RetargetError(f"“{target.name}” is in the NLA's tweak mode. Leave it first (Tab in the NLA editor).")
    bone_map = require_usable_map(target)
    # Twist bones that constraints turn need no keys.
    return {slot: bone for slot, bone in bone_map.items() if slot not in TWISTS or not target.pose.bones[bone].constraints}


def require_usable_map(armature_object: bpy.types.Object) -> dict[str, str]:
    """Return an armature's map. Raises RetargetError where a required slot has no bone."""
    mapping = find_map(armature_object)
    if mapping.missing_slots:
        missing = ", ".join(label(slot) for slot in mapping.missing_slots)
        raise RetargetError(f"“{armature_object.name}” has no bones for {missing}. "
                            "Choose them in the Mocap tab under Bone Map, or import a bone map.")
    return mapping.bone_map


def _write(source: bpy.types.Object, target: bpy.types.Object, read: SourceMotion, channels: BoneChannels,
           settings: RetargetSettings) -> bpy.types.Action:
    """Write the channels as the target's new Action; its former Action stays in the file."""
    animation = target.animation_data or target.animation_data_create()
    former = animation.action
    if former is not None and former.library is None and former.users <= 1:
        former.use_fake_user = True  # without a user, Blender would not save it
    keyed = _make_channels(target, read.frames, channels)
    keyed += make_switch_channels(target, read.frames[:1], channels.rotations, settings.uses_ik)
    action = write_action(target, f"{source.name} on {target.name}", keyed)
    if settings.to_nla:
        _push_down_action(animation, action, float(read.frames[0]))
    return action


def _push_down_action(animation: bpy.types.AnimData, action: bpy.types.Action, start: float) -> None:
    """Make the Action a strip on a new track, at its frames."""
    slot = getattr(animation, "action_slot", None)
    track = animation.nla_tracks.new()
    track.name = action.name
    strip = track.strips.new(action.name, int(np.floor(start)), action)
    if slot is not None:
        strip.action_slot = slot
    strip.frame_start, strip.frame_end = action.frame_range
    animation.action = None


def _make_channels(target: bpy.types.Object, frames: np.ndarray, channels: BoneChannels) -> list[Channel]:
    """Return the Action's channels with keys at frames (T,), in each bone's rotation mode, without locked channels.

    A bone that does not move has one key, at the first frame.
    """
    keyed = []
    for name, values in channels.locations.items():
        free = [axis for axis, is_locked in enumerate(target.pose.bones[name].lock_location) if not is_locked]
        keyed.append(Channel(bone_path(name, "location"), frames, values[:, free], name, tuple(free)))
    for name, quats in channels.rotations.items():
        pose_bone = target.pose.bones[name]
        mode, locked = pose_bone.rotation_mode, tuple(pose_bone.lock_rotation)
        if all(locked):
            continue
        path, values = convert_with_locks(quats, mode, locked, pose_bone.matrix_basis.to_quaternion())
        free = [axis for axis in range(values.shape[1]) if values.shape[1] == 4 or not locked[axis]]
        keyed.append(Channel(bone_path(name, path), frames[:len(values)], values[:, free], name, tuple(free)))
    return keyed

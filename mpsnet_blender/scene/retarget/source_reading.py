"""Reading of a source armature's motion by slot: from F-curves if they give the whole pose, else sampled frame by frame."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import bpy
import numpy as np

from ...motion.base.rotation_modes import quat_from_values
from ...motion.base.rotations import quat_from_rotmat
from ...motion.formats.posed_bones import extract_rotations
from ...motion.retarget.mapped_rigs import MappedMotion
from ...motion.retarget.posing import pose_forward
from ...motion.retarget.standing_frame import refer_to_standing_frame, rest_pose_stands
from ...shared.motion_file import MotionFileError, read_motion
from ..base.fcurve_reading import CONTACT_PATH_END, find_fcurves, read_keys, sampling_frames, values_at
from ..base.motion_sampling import ExportError, motion_frames, sample_motion
from ..base.motion_storage import MOTION_FILE, interpolate_contacts
from .rig_reading import read_rig

_BONE_PATH = re.compile(r'^pose\.bones\["(.+)"\]\.(location|rotation_quaternion|rotation_euler|rotation_axis_angle)$')
_KeyedCurve = tuple[bpy.types.FCurve, np.ndarray]       # with its keys (K, 2)
_ROTATIONS = {"QUATERNION": ("rotation_quaternion", 4), "AXIS_ANGLE": ("rotation_axis_angle", 4)}


class RetargetError(Exception):
    """A motion cannot be retargeted: the message says which armature, why and what to do."""


@dataclass(frozen=True)
class SourceMotion:
    """A source's motion with the scene frames (T,) of its poses, and warnings for the user."""
    motion: MappedMotion
    frames: np.ndarray
    warnings: tuple[str, ...] = ()


def read_source(scene: bpy.types.Scene, source: bpy.types.Object, bone_map: dict[str, str], is_posed: bool) -> SourceMotion:
    """Return the armature's motion. `is_posed`: its present pose, not its rest pose, corresponds to the target's rest pose."""
    curves = _find_bone_curves(source)
    if curves is not None:
        frames = sampling_frames([keys for channels in curves.values() for _, keys in channels.values()])
        if len(frames) == 0:
            raise RetargetError(f"“{source.name}” has no motion: its Action has no keys for bones. Import a motion first.")
        rotations, heads = _pose_by_curves(source, curves, bone_map, frames)
    else:
        frames, rotations, heads = _pose_by_frames(scene, source, bone_map)
    reference = read_rig(source, is_posed=is_posed)
    motion = MappedMotion(reference, bone_map, rotations, heads, _read_contacts(source, frames))
    if is_posed or rest_pose_stands(reference, bone_map):
        return SourceMotion(motion, frames)
    motion, standing = refer_to_standing_frame(motion)
    return SourceMotion(motion, frames, (
        f"The rest pose of “{source.name}” is no standing body: frame {frames[standing]:g}, in which it stands best, was taken "
        "instead. If feet or hands are turned, go to a frame in which it stands, and use Source's Pose as Rest.",))


def _find_bone_curves(source: bpy.types.Object) -> dict[str, dict[tuple[str, int], _KeyedCurve]] | None:
    """Return the F-curves with their keys by bone, property and index; None where F-curves alone do not give the pose."""
    animation = source.animation_data
    if animation is None or animation.action is None or _has_other_drivers(source, animation):
        return None
    found: dict[str, dict[tuple[str, int], _KeyedCurve]] = {}
    for fcurve in find_fcurves(animation):
        parts = _BONE_PATH.match(fcurve.data_path)
        if parts is None:
            path = fcurve.data_path
            if path.endswith(CONTACT_PATH_END) or (path.endswith(".scale") and _is_constantly_one(fcurve)):
                continue
            return None  # the object itself moves, bones are scaled, or constraints are switched
        name = bpy.utils.unescape_identifier(parts[1])
        if not fcurve.mute and name in source.pose.bones:
            found.setdefault(name, {})[parts[2], fcurve.array_index] = fcurve, read_keys(fcurve)
    return found


def _is_constantly_one(fcurve: bpy.types.FCurve) -> bool:
    return all(abs(key.co[1] - 1) < 1e-4 for key in fcurve.keyframe_points)


def _has_other_drivers(source: bpy.types.Object, animation: bpy.types.AnimData) -> bool:
    strips = any(not track.mute and len(track.strips) for track in animation.nla_tracks)
    constraints = any(not constraint.mute for owner in (source, *source.pose.bones) for constraint in owner.constraints)
    inherits = all(bone.use_inherit_rotation and bone.use_local_location for bone in source.data.bones)
    return strips or constraints or not inherits or bool(animation.drivers) or source.parent is not None


def _pose_by_curves(source: bpy.types.Object, curves: dict, bone_map: dict[str, str],
                    frames: np.ndarray) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
    rig = read_rig(source, resting=curves)
    turns, moves = {}, {}
    for name, channels in curves.items():
        pose_bone = source.pose.bones[name]
        path, width = _ROTATIONS.get(pose_bone.rotation_mode, ("rotation_euler", 3))
        if any(found == path for found, _ in channels):
            values = _sample_values(pose_bone, path, width, channels, frames)
            turns[rig.index[name]] = quat_from_values(values, pose_bone.rotation_mode)
        if any(found == "location" for found, _ in channels) and not pose_bone.bone.use_connect:
            moves[rig.index[name]] = _sample_values(pose_bone, "location", 3, channels, frames)
    numbers = {slot: rig.index[bone] for slot, bone in bone_map.items()}
    rotations, heads = pose_forward(rig, list(numbers.values()), turns, moves)
    return ({slot: np.broadcast_to(rotations[bone], (len(frames), 4)) for slot, bone in numbers.items()},
            {slot: np.broadcast_to(heads[bone], (len(frames), 3)) for slot, bone in numbers.items()})


def _sample_values(pose_bone: bpy.types.PoseBone, path: str, width: int, channels: dict[tuple[str, int], _KeyedCurve],
                   frames: np.ndarray) -> np.ndarray:
    """Return a property's values (T, width); components without a curve keep their present value."""
    values = np.tile(np.array(getattr(pose_bone, path), dtype=np.float64), (len(frames), 1))
    for index in range(width):
        if (path, index) in channels:
            values[:, index] = values_at(*channels[path, index], frames)
    return values


def _pose_by_frames(scene: bpy.types.Scene, source: bpy.types.Object,
                    bone_map: dict[str, str]) -> tuple[np.ndarray, dict[str, np.ndarray], dict[str, np.ndarray]]:
    try:
        frames = motion_frames(source)
    except ExportError:
        if not any(owner.constraints for owner in (source, *source.pose.bones)):
            raise RetargetError(f"“{source.name}” has no motion: no Action with keys, no NLA strip, no constraint. "
                                "Choose an armature that moves.") from None
        frames = np.arange(scene.frame_start, scene.frame_end + 1)
    sampled = sample_motion(source, [], scene, frames)
    number = {name: index for index, name in enumerate(sampled.bone_names)}
    posed = {slot: sampled.worlds @ sampled.poses[:, number[bone]] for slot, bone in bone_map.items()}
    return (frames.astype(np.float64), {slot: quat_from_rotmat(extract_rotations(poses)) for slot, poses in posed.items()},
            {slot: poses[:, :3, 3] for slot, poses in posed.items()})


def _read_contacts(source: bpy.types.Object, frames: np.ndarray) -> np.ndarray | None:
    """Return the contacts (T, 4) at scene frames (T,): those stored with the armature or edited there, else those of the motion
    file that it was imported from, None where that has another number of frames."""
    stored = interpolate_contacts(source, frames)
    if stored is not None:
        return stored
    path = source.get(MOTION_FILE)
    if not isinstance(path, str) or not Path(path).is_file():
        return None
    try:
        motion = read_motion(path)
    except MotionFileError:
        return None
    return np.asarray(motion.contacts) if motion.frame_count == len(frames) else None

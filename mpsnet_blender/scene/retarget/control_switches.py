"""Switches of a rig between FK and IK, keyed so that the keyed bones drive the rig. They are keyed in the Action only."""

from __future__ import annotations

from collections.abc import Collection

import bpy
import numpy as np

from ...motion.bone_maps import find_switches
from ..base.action import Channel, bone_path


def make_switch_channels(target: bpy.types.Object, frames: np.ndarray, keyed: Collection[str],
                     uses_ik: bool = False) -> list[Channel]:
    """Return one key, at frames (1,), for each switch with which the keyed bones drive the rig.

    These are custom properties of the rig, set to FK, or to IK with `uses_ik`; with IK the stretch of its bones, set to 0; and
    the influence of IK constraints that would move keyed bones, set to 0.
    """
    channels = []
    for (bone, key), value in find_switches(target.data.bones.keys(), keyed, uses_ik).items():
        if key in target.pose.bones[bone]:
            path = f'{bone_path(bone, "")[:-1]}["{bpy.utils.escape_identifier(key)}"]'
            channels.append(Channel(path, frames, np.array(((value,),)), bone))
    if uses_ik:
        channels += [Channel(bone_path(bone.name, "ik_stretch"), frames, np.zeros((1, 1)), bone.name)
                     for bone in _find_stretching_bones(target)]
    driven = {driver.data_path for driver in target.animation_data.drivers} if target.animation_data else set()
    for pose_bone, constraint in _find_ik_constraints(target, keyed):
        path = bone_path(pose_bone.name, f'constraints["{bpy.utils.escape_identifier(constraint.name)}"].influence')
        if path not in driven:
            channels.append(Channel(path, frames, np.zeros((1, 1)), pose_bone.name))
    return channels


def _find_stretching_bones(target: bpy.types.Object) -> list[bpy.types.PoseBone]:
    """Return the bones that IK may stretch: its solver also shrinks them where they bend, which misplaces knees."""
    chains = [[pose_bone, *pose_bone.parent_recursive][:constraint.chain_count or None] for pose_bone in target.pose.bones
              for constraint in pose_bone.constraints if constraint.type == "IK" and constraint.use_stretch]
    return list({bone.name: bone for chain in chains for bone in chain if bone.ik_stretch > 0}.values())


def _find_ik_constraints(target: bpy.types.Object,
                         keyed: Collection[str]) -> list[tuple[bpy.types.PoseBone, bpy.types.Constraint]]:
    """Return the enabled IK constraints whose chains contain keyed bones, with their bones."""
    found = []
    for pose_bone in target.pose.bones:
        for constraint in pose_bone.constraints:
            if constraint.type == "IK" and not constraint.mute and constraint.influence > 0:
                chain = [pose_bone, *pose_bone.parent_recursive][:constraint.chain_count or None]
                if any(bone.name in keyed for bone in chain):
                    found.append((pose_bone, constraint))
    return found

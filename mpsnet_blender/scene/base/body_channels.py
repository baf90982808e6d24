"""The channels that pose an imported armature as a SMPL body."""

from __future__ import annotations

import bpy
import numpy as np

from ...motion.base.rest_pose import basis_quats, root_basis_locations
from ...motion.base.rotation_modes import rotation_values
from ...motion.cleanup.motion_keys import MotionKeys
from ...shared.smpl_skeleton import JOINT_NAMES
from .action import Channel, bone_path


def body_channels(armature_object: bpy.types.Object, frames: np.ndarray, quats: np.ndarray, root_path: np.ndarray,
                  keys: MotionKeys, units_per_metre: float) -> list[Channel]:
    """Return the root's location and each bone's rotation, in its rotation mode, at those of scene frames (T,) that have keys.

    quats (T, 24, 4), w first, parent-relative, the root's from the rest frame to the world; root_path (T, 3) of the pelvis in
    the world, metres. The armature has a bone for each of SMPL's joints, built with so many units a metre, and stands at the
    world's origin.
    """
    bones = armature_object.data.bones
    rest_rotmats = np.array([bones[name].matrix_local.to_3x3() for name in JOINT_NAMES])
    root = JOINT_NAMES[0]
    places = root_basis_locations(units_per_metre * root_path, np.array(bones[root].head_local), rest_rotmats[0])
    channels = [Channel(bone_path(root, "location"), frames[keys.location], places[keys.location], root)]
    basis = basis_quats(quats, rest_rotmats)
    for joint, (name, rows) in enumerate(zip(JOINT_NAMES, keys.rotations, strict=True)):
        path, values = rotation_values(basis[:, joint], armature_object.pose.bones[name].rotation_mode)
        channels.append(Channel(bone_path(name, path), frames[rows], values[rows], name))
    return channels

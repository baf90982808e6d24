"""The channels that pose an imported armature as a SMPL body."""

from __future__ import annotations

from collections.abc import Iterator

import bpy
import numpy as np

from ...motion.base.rest_pose import compute_basis_quats, compute_root_basis_locations
from ...motion.base.rotation_modes import convert_to_mode
from ...motion.cleanup.cleanup import CleanMotion
from ...shared.arrays.large_arrays import let_go
from ...shared.hands.skeleton import FULL_JOINT_NAMES
from .action import Channel, bone_path


def make_body_channels(armature_object: bpy.types.Object, cleaned: CleanMotion, frames: np.ndarray,
                       units_per_metre: float) -> Iterator[Channel]:
    """Yield the root's location and each bone's rotation, in the bone's rotation mode, at the keyed ones of scene frames (T,).

    The armature must have a bone for each of the motion's joints, be built with `units_per_metre`, and stand at the world's
    origin.
    """
    bones, names = armature_object.data.bones, FULL_JOINT_NAMES[:cleaned.quats.shape[1]]
    rest_rotmats = np.array([bones[name].matrix_local.to_3x3() for name in names])
    root = names[0]
    root_path = units_per_metre * cleaned.body.root_path
    locations = compute_root_basis_locations(root_path, np.array(bones[root].head_local), rest_rotmats[0])
    basis, keys = compute_basis_quats(cleaned.quats, rest_rotmats), cleaned.keys
    del cleaned     # its matrices need not stay in memory while keys are written
    yield Channel(bone_path(root, "location"), frames[keys.location], locations[keys.location], root)
    for joint, (name, rows) in enumerate(zip(names, keys.rotations, strict=True)):
        path, values = convert_to_mode(basis[:, joint], armature_object.pose.bones[name].rotation_mode)
        yield Channel(bone_path(name, path), frames[rows], values[rows], name)
        let_go()

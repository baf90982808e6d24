"""Armatures of the file as arrays."""

from __future__ import annotations

from collections.abc import Container

import bpy
import numpy as np

from ..motion.posed_bones import rotation_of
from ..motion.rig import Rig


def read_rig(armature_object: bpy.types.Object, resting: Container[str] | None = None, is_posed: bool = False) -> Rig:
    """Return an armature as it stands in the world, its bones in the rest pose.

    Bones that are not `resting` (with None, all are) keep what they are posed by hand, since nobody will key them; with
    `is_posed` all do: that is the pose of now as a reference.
    """
    bones = list(armature_object.data.bones)
    number = {bone.name: index for index, bone in enumerate(bones)}
    rests = np.array([bone.matrix_local for bone in bones], dtype=np.float64).reshape(-1, 4, 4)
    parents = np.array([number[bone.parent.name] if bone.parent else -1 for bone in bones], dtype=int)
    posed = rests.copy()
    for index, bone in enumerate(bones):
        parent = parents[index]
        local = rests[index] if parent < 0 else np.linalg.inv(rests[parent]) @ rests[index]
        if is_posed or (resting is not None and bone.name not in resting):
            local = local @ np.array(_basis_by_hand(armature_object.pose.bones[bone.name]))
        posed[index] = local if parent < 0 else posed[parent] @ local
    world = np.array(armature_object.matrix_world, dtype=np.float64)
    placed = world @ posed
    lengths = np.array([bone.length for bone in bones])
    tails = posed[:, :3, 3] + posed[:, :3, 1] * lengths[:, None]
    return Rig(
        names=tuple(number), parents=parents, heads=placed[:, :3, 3], tails=tails @ world[:3, :3].T + world[:3, 3],
        rotmats=rotation_of(placed), is_deforming=np.array([bone.use_deform for bone in bones]),
        inherits_rotation=np.array([bone.use_inherit_rotation for bone in bones]), origin=world[:3, 3],
        axes=rotation_of(world[None])[0], scale=float(np.cbrt(abs(np.linalg.det(world[:3, :3])))))


def _basis_by_hand(pose_bone: bpy.types.PoseBone):
    """Return a bone's own transform. Where constraints hold the bone, its channels say little: it is taken to rest."""
    is_held = any(not constraint.mute and constraint.influence > 0 for constraint in pose_bone.constraints)
    return pose_bone.matrix_basis.Identity(4) if is_held else pose_bone.matrix_basis

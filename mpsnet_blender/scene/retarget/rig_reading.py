"""Reading of armatures as arrays."""

from __future__ import annotations

from collections.abc import Container

import bpy
import numpy as np

from ...motion.base.rig import Rig
from ...motion.formats.posed_bones import extract_rotations


def read_rig(armature_object: bpy.types.Object, resting: Container[str] | None = None, is_posed: bool = False,
             carrier: str = "") -> Rig:
    """Return an armature's bones in the world, in the rest pose.

    resting: names of the bones that will be keyed; all other bones keep their present pose, and the parent of each bone is the
    bone that it follows by constraints, if any. None: all bones are at rest. carrier: the bone whose location is keyed.
    is_posed: all bones have their present pose instead.
    """
    bones = list(armature_object.data.bones)
    number = {bone.name: index for index, bone in enumerate(bones)}
    parents = np.array([number[bone.parent.name] if bone.parent else -1 for bone in bones], dtype=int)
    rests = np.array([bone.matrix_local for bone in bones], dtype=np.float64).reshape(-1, 4, 4)
    copies = np.zeros(len(bones), dtype=bool)
    if resting is not None:
        parents, copies = _find_followed(armature_object, number, parents)
    by_hand = {} if resting is None and not is_posed else {
        index: _read_hand_basis(armature_object.pose.bones[bone.name], bone.name == carrier) for index, bone in enumerate(bones)
        if is_posed or resting is None or bone.name not in resting}
    posed = _pose_bones(rests, parents, copies, by_hand)
    world = np.array(armature_object.matrix_world, dtype=np.float64)
    placed = world @ posed
    lengths = np.array([bone.length for bone in bones])
    tails = posed[:, :3, 3] + posed[:, :3, 1] * lengths[:, None]
    return Rig(
        names=tuple(number), parents=parents, heads=placed[:, :3, 3], tails=tails @ world[:3, :3].T + world[:3, 3],
        rotmats=extract_rotations(placed), is_deforming=np.array([bone.use_deform for bone in bones]),
        inherits_rotation=np.array([bone.use_inherit_rotation for bone in bones]),
        moves_locally=np.array([bone.use_local_location for bone in bones]), origin=world[:3, 3],
        axes=extract_rotations(world[None])[0], scale=float(np.cbrt(abs(np.linalg.det(world[:3, :3])))))


def _find_followed(armature_object: bpy.types.Object, number: dict[str, int],
                   parents: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the index (N,) of the bone that each bone follows, and a mask (N,) of the bones that copy it.

    A bone follows its parent, unless a constraint replaces the parent completely (Copy Transforms, Armature).
    """
    followed, copies = parents.copy(), np.zeros(len(parents), dtype=bool)
    for pose_bone in armature_object.pose.bones:
        for constraint in pose_bone.constraints:
            leader = _find_leader(constraint, armature_object)
            if leader is not None and not _follows(followed, number[leader], number[pose_bone.name]):
                followed[number[pose_bone.name]] = number[leader]
                copies[number[pose_bone.name]] = constraint.type == "COPY_TRANSFORMS"
    return followed, copies


def _find_leader(constraint: bpy.types.Constraint, armature_object: bpy.types.Object) -> str | None:
    """Return the bone that a constraint's owner follows completely because of it, None for any other constraint."""
    if constraint.mute or constraint.influence < 1:
        return None
    if constraint.type == "COPY_TRANSFORMS":
        is_whole = constraint.owner_space == constraint.target_space == "WORLD" and constraint.mix_mode == "REPLACE"
        targets = [constraint] if is_whole else []
    elif constraint.type == "ARMATURE":
        targets = [target for target in constraint.targets if target.weight > 0]
    else:
        return None
    if len(targets) != 1 or targets[0].target != armature_object:
        return None
    return targets[0].subtarget if targets[0].subtarget in armature_object.data.bones else None


def _follows(followed: np.ndarray, bone: int, other: int) -> bool:
    """Tell whether `bone` is `other`, or follows it directly or through other bones."""
    while bone >= 0 and bone != other:
        bone = int(followed[bone])
    return bone == other


def _pose_bones(rests: np.ndarray, parents: np.ndarray, copies: np.ndarray, by_hand: dict[int, np.ndarray]) -> np.ndarray:
    """Return the bones (N, 4, 4) in armature space: Pose = ParentPose ParentRest^-1 Rest Basis."""
    posed, from_rests = np.full_like(rests, np.nan), np.linalg.inv(rests)

    def place(bone: int) -> np.ndarray:
        if np.isnan(posed[bone, 0, 0]):
            parent = int(parents[bone])
            basis = by_hand.get(bone, np.eye(4))
            if copies[bone]:
                posed[bone] = place(parent)
            else:
                posed[bone] = (rests[bone] if parent < 0
                               else place(parent) @ from_rests[parent] @ rests[bone]) @ basis
        return posed[bone]

    for bone in range(len(rests)):
        place(bone)
    return posed


def _read_hand_basis(pose_bone: bpy.types.PoseBone, is_carrier: bool) -> np.ndarray:
    """Return a bone's channels as a matrix (4, 4), without the carrier's location. It is the identity for a bone with enabled
    constraints, whose channels do not give its pose."""
    if any(not constraint.mute and constraint.influence > 0 for constraint in pose_bone.constraints):
        return np.eye(4)
    basis = np.array(pose_bone.matrix_basis, dtype=np.float64)
    if is_carrier:
        basis[:3, 3] = 0
    return basis

"""Bones given by matrices: the channels that pose them, and their motion as BVH."""

from __future__ import annotations

import numpy as np

from ..base.coordinates import BLENDER_FROM_SMPL
from ..base.rotations import continuous_quat, quat_from_rotmat
from .bvh import BvhClip

# Units of length (0.1 mm in metres, invisible): a joint that moves less relative to its parent needs no position channels.
_MOVED = 1e-4


def decompose_poses(poses: np.ndarray, rests: np.ndarray, parents: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return location (T, J, 3), quaternions (T, J, 4), w first and sign-continuous, and scale (T, J, 3) of pose bones.

    poses (T, J, 4, 4) and rests (J, 4, 4) are in armature space, parents (J,) with -1 for none. Blender has, for bones
    that inherit everything, Pose = ParentPose ParentRest^-1 Rest Basis. Shear is left out, because no channel
    holds it: see `remove_stretch`.
    """
    has_parent = parents >= 0
    from_parent = rests.copy()
    from_parent[has_parent] = np.linalg.inv(rests[parents[has_parent]]) @ rests[has_parent]
    in_parent = poses.copy()
    in_parent[:, has_parent] = np.linalg.inv(poses[:, parents[has_parent]]) @ poses[:, has_parent]
    return decompose(np.linalg.inv(from_parent) @ in_parent)


def remove_stretch(poses: np.ndarray) -> np.ndarray:
    """Return bone matrices (T, J, 4, 4) with rotation, position and uniform scale only, of unchanged volume.

    A bone that is stretched along one axis shears its children. FBX, glTF and USD have no shear and would misplace every
    joint below. Here each joint keeps its position, and only the stretch of the skin between two joints is lost.
    """
    size = np.cbrt(np.abs(np.linalg.det(poses[..., :3, :3])))
    even = poses.copy()
    even[..., :3, :3] = extract_rotations(poses) * size[..., None, None]
    return even


def find_most_moved_frame(locations: np.ndarray, parents: np.ndarray) -> int:
    """Return the frame (of T) in which most of the moving child bones are away from their rest position on the parent.

    locations (T, J, 3) are location channels. Each bone's distance is divided by that bone's greatest distance, and the square
    roots are summed: many bones at some distance count more than a few at their greatest.
    """
    distances = np.linalg.norm(locations[:, parents >= 0], axis=-1)
    farthest = distances.max(axis=0, initial=0.0)
    moves = farthest > _MOVED * farthest.max(initial=0.0) + 1e-9
    return int(np.argmax(np.sqrt(distances[:, moves] / farthest[moves]).sum(axis=1))) if moves.any() else 0


def decompose(matrices: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return translation (T, ..., 3), quaternions (T, ..., 4), w first and sign-continuous, scale (T, ..., 3)."""
    scale = np.linalg.norm(matrices[..., :3, :3], axis=-2)
    is_mirrored = np.linalg.det(matrices[..., :3, :3]) < 0
    scale = np.where(is_mirrored[..., None], -scale, scale)
    return matrices[..., :3, 3], continuous_quat(quat_from_rotmat(extract_rotations(matrices))), scale


def extract_rotations(matrices: np.ndarray) -> np.ndarray:
    """Return the rotations (..., 3, 3) nearest to the matrices (..., 4, 4): the polar factor, from U S V^T (Higham 1986)."""
    linear = matrices[..., :3, :3]
    linear = linear * np.sign(np.linalg.det(linear))[..., None, None]
    u, _, v_transposed = np.linalg.svd(linear)
    return u @ v_transposed


def make_bvh_of_bones(names: tuple[str, ...], parents: np.ndarray, rests: np.ndarray, tails: np.ndarray, poses: np.ndarray,
                 worlds: np.ndarray, framerate: float, scale: float = 1.0, root_name: str = "root") -> BvhClip:
    """Return bones as BVH, Y up, `scale` units a metre; the BVH's rest pose is the armature's.

    rests (J, 4, 4), tails (J, 3) and poses (T, J, 4, 4) are in armature space, worlds (T, 4, 4) are the armature object's
    world matrices. At rest the armature has the first frame's world matrix, R. A joint's rotation from rest is
    World Pose Rest^-1 R^-1. Where several bones have no parent, they get a common root that moves with the armature object.
    A joint whose position differs from that given by the rest pose's bone lengths gets position channels.
    """
    if np.count_nonzero(parents < 0) > 1:
        names, parents = (root_name, *names), np.concatenate(((-1,), parents + 1))
        rests, tails = np.concatenate((np.eye(4)[None], rests)), np.concatenate((np.zeros((1, 3)), tails))
        poses = np.concatenate((np.tile(np.eye(4), (len(poses), 1, 1, 1)), poses), axis=1)
    rest_worlds, pose_worlds = worlds[0] @ rests, worlds[:, None] @ poses
    turns = extract_rotations(pose_worlds) @ extract_rotations(rest_worlds).swapaxes(-1, -2)
    turns = BLENDER_FROM_SMPL.T @ turns @ BLENDER_FROM_SMPL
    heads, posed_heads = rest_worlds[:, :3, 3] @ BLENDER_FROM_SMPL, pose_worlds[..., :3, 3] @ BLENDER_FROM_SMPL
    tips = (tails @ worlds[0, :3, :3].T + worlds[0, :3, 3]) @ BLENDER_FROM_SMPL
    has_parent, parent = parents >= 0, np.maximum(parents, 0)
    offsets = np.where(has_parent[:, None], heads - heads[parent], 0.0)
    parent_from_world = turns[:, parent].swapaxes(-1, -2)
    rotmats = np.where(has_parent[:, None, None], parent_from_world @ turns, turns)
    steps = np.einsum("tjab,tjb->tja", parent_from_world, posed_heads - posed_heads[:, parent])
    positions = np.where(has_parent[:, None], steps, posed_heads)
    has_position = ~has_parent | (np.abs(positions - offsets).max(axis=(0, 2)) > _MOVED)
    return BvhClip(names=names, parents=parents, offsets=scale * offsets, end_offsets=scale * (tips - heads),
                   rotmats=rotmats, positions=scale * positions, has_position=has_position, framerate=framerate)

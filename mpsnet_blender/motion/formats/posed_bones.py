"""Bones by their matrices: the channels that pose them, and their motion as BVH."""

from __future__ import annotations

import numpy as np

from ..base.coordinates import BLENDER_FROM_SMPL
from ..base.rotations import continuous_quat, quat_from_rotmat
from .bvh import BvhClip

_MOVED = 1e-4  # of the unit of length; a joint that keeps its place on its parent within this needs no position channels


def basis_channels(poses: np.ndarray, rests: np.ndarray, parents: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return location (T, J, 3), quaternions (T, J, 4), w first and sign-continuous, and scale (T, J, 3) of pose bones.

    poses (T, J, 4, 4) and rests (J, 4, 4) are in armature space, parents (J,) with -1 for none. Blender has, for bones
    that inherit everything, Pose = ParentPose ParentRest^-1 Rest Basis. Shear is left out, no channel holds it: see
    `without_stretch`.
    """
    has_parent = parents >= 0
    from_parent = rests.copy()
    from_parent[has_parent] = np.linalg.inv(rests[parents[has_parent]]) @ rests[has_parent]
    in_parent = poses.copy()
    in_parent[:, has_parent] = np.linalg.inv(poses[:, parents[has_parent]]) @ poses[:, has_parent]
    return split(np.linalg.inv(from_parent) @ in_parent)


def without_stretch(poses: np.ndarray) -> np.ndarray:
    """Return bone matrices (T, J, 4, 4) with rotation, place and even scale alone, of the volume that they had.

    A bone that is stretched one way shears its children, and FBX, glTF and USD hold no shear: they would put every joint
    below in a wrong place. So the place of each joint is kept, and what the skin between two joints loses is the stretch.
    """
    size = np.cbrt(np.abs(np.linalg.det(poses[..., :3, :3])))
    even = poses.copy()
    even[..., :3, :3] = rotation_of(poses) * size[..., None, None]
    return even


def most_moved_frame(locations: np.ndarray, parents: np.ndarray) -> int:
    """Return at which of T frames most of the child bones that ever leave their place on the parent are away from it.

    locations (T, J, 3) are location channels. Each bone's distance counts as a share of its own greatest one, and by its
    root: many that are somewhat away tell more than a few that are farthest.
    """
    distances = np.linalg.norm(locations[:, parents >= 0], axis=-1)
    farthest = distances.max(axis=0, initial=0.0)
    leaves = farthest > _MOVED * farthest.max(initial=0.0) + 1e-9
    return int(np.argmax(np.sqrt(distances[:, leaves] / farthest[leaves]).sum(axis=1))) if leaves.any() else 0


def split(matrices: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return translation (T, ..., 3), quaternions (T, ..., 4), w first and sign-continuous, scale (T, ..., 3)."""
    scale = np.linalg.norm(matrices[..., :3, :3], axis=-2)
    is_mirrored = np.linalg.det(matrices[..., :3, :3]) < 0
    scale = np.where(is_mirrored[..., None], -scale, scale)
    return matrices[..., :3, 3], continuous_quat(quat_from_rotmat(rotation_of(matrices))), scale


def rotation_of(matrices: np.ndarray) -> np.ndarray:
    """Return the rotations (..., 3, 3) nearest to the matrices (..., 4, 4): the polar factor, from U S V^T (Higham 1986)."""
    linear = matrices[..., :3, :3]
    linear = linear * np.sign(np.linalg.det(linear))[..., None, None]
    u, _, v_transposed = np.linalg.svd(linear)
    return u @ v_transposed


def bvh_of_bones(names: tuple[str, ...], parents: np.ndarray, rests: np.ndarray, tails: np.ndarray, poses: np.ndarray,
                 worlds: np.ndarray, framerate: float, scale: float = 1.0, root_name: str = "root") -> BvhClip:
    """Return bones as BVH, Y up, `scale` units a metre, the armature's rest pose at rest.

    rests (J, 4, 4), tails (J, 3) and poses (T, J, 4, 4) are in armature space, worlds (T, 4, 4) the armature's places.
    At rest it stands as in the first frame's world, R. A joint's rotation from rest is World Pose Rest^-1 R^-1. Where
    several bones have no parent, a root that moves as the armature does holds them. A joint that the rest pose's bone
    lengths do not put where it is gets position channels.
    """
    if np.count_nonzero(parents < 0) > 1:
        names, parents = (root_name, *names), np.concatenate(((-1,), parents + 1))
        rests, tails = np.concatenate((np.eye(4)[None], rests)), np.concatenate((np.zeros((1, 3)), tails))
        poses = np.concatenate((np.tile(np.eye(4), (len(poses), 1, 1, 1)), poses), axis=1)
    standing, moving = worlds[0] @ rests, worlds[:, None] @ poses
    turns = BLENDER_FROM_SMPL.T @ rotation_of(moving) @ rotation_of(standing).swapaxes(-1, -2) @ BLENDER_FROM_SMPL
    heads, places = standing[:, :3, 3] @ BLENDER_FROM_SMPL, moving[..., :3, 3] @ BLENDER_FROM_SMPL
    tips = (tails @ worlds[0, :3, :3].T + worlds[0, :3, 3]) @ BLENDER_FROM_SMPL
    has_parent, above = parents >= 0, np.maximum(parents, 0)
    offsets = np.where(has_parent[:, None], heads - heads[above], 0.0)
    back = turns[:, above].swapaxes(-1, -2)
    rotmats = np.where(has_parent[:, None, None], back @ turns, turns)
    positions = np.where(has_parent[:, None], np.einsum("tjab,tjb->tja", back, places - places[:, above]), places)
    has_position = ~has_parent | (np.abs(positions - offsets).max(axis=(0, 2)) > _MOVED)
    return BvhClip(names=names, parents=parents, offsets=scale * offsets, end_offsets=scale * (tips - heads),
                   rotmats=rotmats, positions=scale * positions, has_position=has_position, framerate=framerate)

"""The rest armature of a body, and the bone rotations that pose it as SMPL does."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from ...shared.arrays.large_arrays import copy_array, let_go, make_array
from ...shared.hands.skeleton import FINGER_JOINTS, FINGERS, SIDES, compute_finger_joints
from ...shared.motion_file import Motion
from ...shared.smpl_skeleton import CROWN_ABOVE_HEAD, JOINT, JOINT_COUNT, JOINT_NAMES
from .coordinates import BLENDER_FROM_SMPL, blender_from_smpl
from .hand_shapes import find_back_of_finger, relax_unseen_hands
from .quaternions import conjugate, multiply
from .rotations import continuous_quat, quat_from_rotmat
from .soles import compute_stature, usual_ankle_height

# The joint at which a bone ends: the child that continues the limb.
_LIMB_CONTINUES_AT = {
    "pelvis": "spine1", "spine1": "spine2", "spine2": "spine3", "spine3": "neck", "neck": "head",
    "left_hip": "left_knee", "left_knee": "left_ankle", "left_ankle": "left_foot",
    "right_hip": "right_knee", "right_knee": "right_ankle", "right_ankle": "right_foot",
    "left_collar": "left_shoulder", "left_shoulder": "left_elbow", "left_elbow": "left_wrist", "left_wrist": "left_hand",
    "right_collar": "right_shoulder", "right_shoulder": "right_elbow", "right_elbow": "right_wrist",
    "right_wrist": "right_hand",
}
_TOES_OF_FOOT = 0.6  # length of the toe bone in lengths of the foot bone; by eye, it shows only in the viewport
_SHORTEST_BONE = 0.01  # metres; Blender deletes bones of no length
_LYING_BONES = ("collar", "shoulder", "elbow", "wrist", "hand", "ankle", "foot")
_SMPL_UP, _SMPL_FORWARD = np.array((0.0, 1.0, 0.0)), np.array((0.0, 0.0, 1.0))

RELAXED_HAND_RADIANS = np.radians(12.0)  # by eye: a slight curl of a hand without finger joints
# In the T-pose the palms face down: the fingers curl from +X (left) or -X (right) towards -Y, about Z.
_RELAXED_HANDS = {"left_hand": (0.0, 0.0, -RELAXED_HAND_RADIANS), "right_hand": (0.0, 0.0, RELAXED_HAND_RADIANS)}


@dataclass(frozen=True)
class RestPose:
    """Bones in armature space (Z up, facing -Y, soles at z = 0, pelvis over the origin), in SMPL's joint order.

    heads, tails (J, 3) metres; roll_axes (J, 3) unit vectors, towards which each bone's Z axis is rolled. J is 24, or 54 with
    fingers, whose Z axes are on the backs of the fingers: on both hands a finger bends towards the palm about its bone's -X.
    """
    heads: np.ndarray
    tails: np.ndarray
    roll_axes: np.ndarray

    def in_units(self, units_per_metre: float) -> RestPose:
        """Return the same bones in another unit of length."""
        return replace(self, heads=units_per_metre * self.heads, tails=units_per_metre * self.tails)


def build_rest_pose(rest_joints: np.ndarray, shod: bool = True, with_fingers: bool = False) -> RestPose:
    """Return the rest armature of a body with T-pose joints (24, 3) in metres, in SMPL's rest frame.

    shod: whether the feet of the motion wear shoes, as those of our engines do; the rest pose then stands higher by the sole.
    """
    joints = np.asarray(rest_joints, dtype=np.float64)
    origin = find_rest_origin(joints, shod)
    vectors = make_bone_vectors(joints)
    lying = [any(word in name for word in _LYING_BONES) for name in JOINT_NAMES]
    roll_axes = np.where(np.array(lying)[:, None], _SMPL_UP, _SMPL_FORWARD)
    tails = joints + vectors
    if with_fingers:
        fingers, finger_tails, backs = _place_finger_bones(joints)
        joints, tails = np.concatenate((joints, fingers)), np.concatenate((tails, finger_tails))
        roll_axes = np.concatenate((roll_axes, backs))
    return RestPose(
        heads=blender_from_smpl(joints - origin),
        tails=blender_from_smpl(tails - origin),
        roll_axes=blender_from_smpl(roll_axes))


def _place_finger_bones(rest_joints: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return heads, tails and backs, each (30, 3), of the finger bones of a body with joints (24, 3), in SMPL's rest frame."""
    heads, tips = compute_finger_joints(rest_joints)
    chains = np.concatenate((heads.reshape(-1, FINGER_JOINTS, 3), tips[:, None]), axis=1)
    backs = np.repeat([find_back_of_finger(finger, side) for side in SIDES for finger in FINGERS], FINGER_JOINTS, axis=0)
    return heads, chains[:, 1:].reshape(-1, 3), backs


def curl_hands(motion: Motion) -> Motion:
    """Return the motion with a slight curl in each hand that no frame of it moves; its raw poses and fingers likewise."""
    raw = None if motion.raw_poses is None else _curl(motion.raw_poses)
    return replace(motion, poses=_curl(motion.poses), raw_poses=raw, hands=motion.hands and relax_unseen_hands(motion.hands))


def _curl(poses: np.ndarray) -> np.ndarray:
    """Return rotation vectors (T, 72) in radians with a slight curl in each hand that does not move in any frame."""
    rotvecs = copy_array(np.asarray(poses, dtype=np.float64)).reshape(-1, JOINT_COUNT, 3)
    for name, rotvec in _RELAXED_HANDS.items():
        if not rotvecs[:, JOINT[name]].any():
            rotvecs[:, JOINT[name]] = rotvec
    return rotvecs.reshape(-1, 3 * JOINT_COUNT)


def compute_basis_quats(quats: np.ndarray, bone_rotmats: np.ndarray) -> np.ndarray:
    """Return pose-bone quaternions (T, J, 4), w first, from parent-relative ones (T, J, 4), both sign-continuous.

    bone_rotmats (J, 3, 3): the bones' rest rotations M in armature space. A posed bone's rotation is G C^T M, with G the
    joint's rotation from the rest frame to the world and C from SMPL's axes to Blender's. Blender has
    Pose = ParentPose ParentRest^-1 Rest Basis, so a joint's parent-relative rotation L gives Basis = M^T C L C^T M; the root
    has no parent, and its Pose = Rest Basis gives M^T G C^T M.
    """
    conjugators = BLENDER_FROM_SMPL.T @ np.asarray(bone_rotmats, dtype=np.float64)
    into, out_of = conjugate(quat_from_rotmat(bone_rotmats[0])), quat_from_rotmat(conjugators[0])
    basis = make_array((quats.shape[1], len(quats), 4))     # by joints: each is taken by itself
    basis[0] = continuous_quat(multiply(into, multiply(quats[:, 0], out_of)))
    for joint in range(1, len(basis)):
        # In axes turned by A, a rotation about v is a rotation about A^T v. Signs stay.
        basis[joint, :, 0], basis[joint, :, 1:] = quats[:, joint, 0], quats[:, joint, 1:] @ conjugators[joint]
    let_go()
    return np.swapaxes(basis, 0, 1)


def compute_root_basis_locations(root_world: np.ndarray, head: np.ndarray, bone_rotmat: np.ndarray) -> np.ndarray:
    """Return the root pose bone's location channel (T, 3): M^T (position in armature space - rest head), in the same unit."""
    return (root_world - head) @ np.asarray(bone_rotmat, dtype=np.float64)


def find_rest_origin(joints: np.ndarray, shod: bool) -> np.ndarray:
    """Return the origin (3,) of armature space in SMPL's rest frame, metres: under the pelvis, at the height of the soles."""
    return np.array((joints[0, 0], _find_sole_height(joints, shod), joints[0, 2]))


def _find_sole_height(joints: np.ndarray, shod: bool) -> float:
    """Return the height of the soles in the rest frame, metres."""
    ankle = min(joints[JOINT["left_ankle"], 1], joints[JOINT["right_ankle"], 1])
    return float(ankle - usual_ankle_height(compute_stature(joints), shod))


def make_bone_vectors(joints: np.ndarray) -> np.ndarray:
    """Return head-to-tail vectors (24, 3) in SMPL's rest frame, metres, none shorter than a centimetre."""
    vectors = np.zeros((JOINT_COUNT, 3))
    for name, child in _LIMB_CONTINUES_AT.items():
        vectors[JOINT[name]] = joints[JOINT[child]] - joints[JOINT[name]]
    head_height = joints[JOINT["head"], 1] - _find_sole_height(joints, shod=False)
    vectors[JOINT["head"]] = _SMPL_UP * head_height * CROWN_ABOVE_HEAD / (1 - CROWN_ABOVE_HEAD)
    for side in ("left", "right"):
        vectors[JOINT[f"{side}_hand"]] = vectors[JOINT[f"{side}_wrist"]]
        foot = vectors[JOINT[f"{side}_ankle"]]
        vectors[JOINT[f"{side}_foot"]] = _SMPL_FORWARD * _TOES_OF_FOOT * np.linalg.norm(foot)
    too_short = np.linalg.norm(vectors, axis=1) < _SHORTEST_BONE
    vectors[too_short] = _SMPL_UP * _SHORTEST_BONE
    return vectors

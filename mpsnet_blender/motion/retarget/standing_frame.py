"""A reference pose for sources whose rest pose is no standing body: the frame of the motion in which the body stands best.

Some programs write BVH files whose every joint has axes of its own, along its bone. With all rotations zero such a skeleton is a
straight line, from which the direction of a foot or the turn of a hand cannot be seen.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np

from ...shared.bone_slots import SIDES
from ..base.quaternions import conjugate, turn
from ..base.rig import Rig
from ..base.rotations import rotmat_from_quat, rotmat_from_rotvec
from ..base.two_bone_ik import compute_rotmats_between
from .mapped_rigs import MappedMotion
from .posing import Posing
from .rest_alignment import compute_body_axes, normalize

# Cosines, 60° and 18°: legs that hang less than this against the trunk, or feet that point more downwards, are no standing
# body's. Rest poses of known rigs have 0.95 and more, and feet 15° to 60° below the level.
_LEGS_HANG, _FOOT_STEEP = 0.5, 0.95
_LEAST_BEND = 0.1   # mean sine of elbows whose hinges are believed: 6°, more than noise of captures; by eye
_STILL = 0.02       # leg lengths a frame: ankles that move faster do not stand; a walker's foot swings by 0.05 to 0.1; by eye


def rest_pose_stands(rig: Rig, bone_map: dict[str, str]) -> bool:
    """Tell whether a rig's rest pose is that of a body on its feet: legs below the trunk, feet that do not point down."""
    def head(slot: str) -> np.ndarray:
        return rig.heads[rig.index[bone_map[slot]]]

    hips = (head("left_thigh") + head("right_thigh")) / 2
    up = normalize((head("left_upper_arm") + head("right_upper_arm")) / 2 - hips)
    for side in SIDES:
        if normalize(head(f"{side}_thigh") - head(f"{side}_shin")) @ up < _LEGS_HANG:
            return False
        foot, toe = f"{side}_foot", f"{side}_toe"
        if foot in bone_map and toe in bone_map and abs(normalize(head(toe) - head(foot)) @ up) > _FOOT_STEEP:
            return False
    return True


def refer_to_standing_frame(motion: MappedMotion) -> tuple[MappedMotion, int]:
    """Return the motion with the pose of the frame in which it stands best as its rest pose, turned to face -Y; and that frame.

    A pose counts the more, the more upright the trunk and the straighter legs and arms are, and the stiller and lower the ankles.
    Arms are turned about themselves as they are in a T-pose with the palms down: the elbows' hinges tell how.
    """
    frame = int(np.argmax(_rate_frames(motion)))
    rig = motion.rig
    posing = Posing(rig, {rig.index[bone]: motion.rotations[slot][frame:frame + 1] for slot, bone in motion.bone_map.items()})
    heads = np.concatenate([posing.head(bone) for bone in range(len(rig.names))])
    heads += motion.heads["hips"][frame] - heads[rig.index[motion.bone_map["hips"]]]
    quats = np.concatenate([posing.rotation(bone) for bone in range(len(rig.names))])
    lengthwise = np.einsum("nij,nj->ni", rig.rotmats.swapaxes(-1, -2), rig.tails - rig.heads)
    standing = _face_forward(replace(
        rig, heads=heads, tails=heads + turn(quats, lengthwise), rotmats=rotmat_from_quat(quats)), motion.bone_map)
    return replace(motion, rig=_untwist_arms(standing, motion)), frame


def _face_forward(rig: Rig, bone_map: dict[str, str]) -> Rig:
    """Return the rig turned about the upward axis through its origin, so that the body faces -Y."""
    back = compute_body_axes(rig, bone_map)[:, 1]
    half = (np.pi / 2 - np.arctan2(back[1], back[0])) / 2
    facing = np.array((np.cos(half), 0, 0, np.sin(half)))
    return replace(rig, heads=rig.origin + turn(facing, rig.heads - rig.origin),
                   tails=rig.origin + turn(facing, rig.tails - rig.origin), rotmats=rotmat_from_quat(facing) @ rig.rotmats)


def _untwist_arms(rig: Rig, motion: MappedMotion) -> Rig:
    """Return the rig without the turns of its arms about themselves, against a T-pose whose arms were swung to where they are."""
    axes, rotmats = compute_body_axes(rig, motion.bone_map), rig.rotmats.copy()
    for side, sign in zip(SIDES, (1.0, -1.0), strict=True):
        hinge = _find_elbow_hinge(motion, side)
        if hinge is None:
            continue
        upper, fore = (rig.index[motion.bone_map[f"{side}_{part}"]] for part in ("upper_arm", "forearm"))
        hand = rig.index[motion.bone_map[f"{side}_hand"]]
        direction, forearm = normalize(rig.heads[fore] - rig.heads[upper]), normalize(rig.heads[hand] - rig.heads[fore])
        # In a T-pose, an elbow that bends takes the forearm forward.
        resting = compute_rotmats_between(sign * axes[:, 0], direction) @ np.cross(sign * axes[:, 0], -axes[:, 1])
        actual = rotmats[upper] @ hinge
        angle = np.arctan2(np.cross(resting, actual) @ direction, resting @ actual)
        for bone in range(len(rig.names)):
            if bone == upper or rig.is_above(upper, bone):
                axis = direction if bone == upper else forearm
                rotmats[bone] = rotmat_from_rotvec(-angle * axis) @ rotmats[bone]
    return replace(rig, rotmats=rotmats)


def _find_elbow_hinge(motion: MappedMotion, side: str) -> np.ndarray | None:
    """Return the elbow's axis (3,) in the upper arm's axes, by the bent elbows of all frames; None where they hardly bend."""
    if f"{side}_hand" not in motion.heads:
        return None
    shoulder, elbow, wrist = (motion.heads[f"{side}_{part}"] for part in ("upper_arm", "forearm", "hand"))
    world = np.cross(normalize(elbow - shoulder), normalize(wrist - elbow))       # as long as the bend's sine
    mean = turn(conjugate(motion.rotations[f"{side}_upper_arm"]), world).mean(axis=0)
    return None if np.linalg.norm(mean) < _LEAST_BEND else normalize(mean)


def _rate_frames(motion: MappedMotion) -> np.ndarray:
    """Return how well the body stands in each frame (T,)."""
    heads = motion.heads
    hips, shoulders = ((heads[f"left_{part}"] + heads[f"right_{part}"]) / 2 for part in ("thigh", "upper_arm"))
    rating = normalize(shoulders - hips)[:, 2]
    for side in SIDES:
        leg = [heads[f"{side}_{part}"] for part in ("thigh", "shin", "foot") if f"{side}_{part}" in heads]
        arm = [heads[f"{side}_{part}"] for part in ("upper_arm", "forearm", "hand") if f"{side}_{part}" in heads]
        length = _sum_lengths(leg)
        rating = rating + (leg[0] - leg[-1])[:, 2] / length + 0.25 * np.linalg.norm(arm[0] - arm[-1], axis=1) / _sum_lengths(arm)
        ankle = leg[-1]
        speed = np.linalg.norm(np.gradient(ankle, axis=0), axis=1) if len(ankle) > 1 else np.zeros(len(ankle))
        rating = rating - 0.25 * np.minimum(speed / length / _STILL, 1) - 2 * (ankle[:, 2] - ankle[:, 2].min()) / length
    return rating


def _sum_lengths(joints: list[np.ndarray]) -> np.ndarray:
    return sum((np.linalg.norm(b - a, axis=1) for a, b in pairwise(joints)), np.full(len(joints[0]), 1e-9))

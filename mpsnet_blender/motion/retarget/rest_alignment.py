"""Rotations that align the rest pose of one rig with that of another, limb by limb, for any two rest poses.

Every limb has a direction in a T-pose: arms to their side, legs down. The smallest rotation from there to the limb's rest
direction is its swing; a forearm's swing starts from the upper arm's. With S the swings and B the rotation from the target's
body axes to the source's, the alignment A = S_source B S_target^-1 takes the target's limb to the source's without twist.
"""

from __future__ import annotations

import numpy as np

from ...shared.bone_slots import FINGER_NAMES, SIDES
from ..base.quaternions import conjugate, multiply, turn
from ..base.rig import Rig
from ..base.rotations import quat_from_rotmat
from ..base.two_bone_ik import compute_rotmats_between

IDENTITY = np.array((1.0, 0.0, 0.0, 0.0))
# Cosines, 37° and 11°: a body axis this near to an axis of the armature is taken for it. A resting back leans, while hips are
# level. Chosen by reasoning; not measured.
_NEAR_AXIS_UP, _NEAR_AXIS_LEFT = 0.8, 0.98
_LEAST_LEVEL_SHARE = 0.3  # of a foot's length, over the floor: a foot that is steeper than 73° has no clear heading; not measured


def compute_body_axes(rig: Rig, bone_map: dict[str, str]) -> np.ndarray:
    """Return the axes (3, 3) of the resting body in the world, columns left, back, up."""
    def head(slot: str) -> np.ndarray:
        return rig.heads[rig.index[bone_map[slot]]]

    left = head("left_thigh") - head("right_thigh")
    shoulders = (head("left_upper_arm") + head("right_upper_arm")) / 2
    up = shoulders - (head("left_thigh") + head("right_thigh")) / 2
    up = _snap_to_axis(up, rig.axes, _NEAR_AXIS_UP)
    left = left - up * (left @ up)
    if np.linalg.norm(left) < 1e-6:
        left = np.cross(rig.axes[:, 1], up)
    left = _snap_to_axis(left, rig.axes, _NEAR_AXIS_LEFT)
    left = normalize(left - up * (left @ up))
    return np.column_stack((left, np.cross(up, left), up))


def align_rest_poses(source: Rig, source_map: dict[str, str], target: Rig, target_map: dict[str, str]) -> dict[str, np.ndarray]:
    """Return the world quaternions (4,) by slot that take the rest directions of the target's limbs to the source's."""
    source_axes, target_axes = compute_body_axes(source, source_map), compute_body_axes(target, target_map)
    body = quat_from_rotmat(source_axes @ target_axes.T)
    found = dict.fromkeys((slot for slot in target_map if slot in source_map), body)
    source_swings, target_swings = _find_swings(source, source_map, source_axes), _find_swings(target, target_map, target_axes)
    for slot in found:
        if slot in source_swings and slot in target_swings:
            found[slot] = multiply(source_swings[slot], multiply(body, conjugate(target_swings[slot])))
    for side in SIDES:
        heading = _compute_heading_turn(source, source_map, source_axes, target, target_map, target_axes, side)
        for slot in (f"{side}_foot", f"{side}_toe"):
            if slot in found:
                found[slot] = multiply(heading, body)
    return found


def find_body_turn(source: Rig, source_map: dict[str, str], target: Rig, target_map: dict[str, str]) -> np.ndarray:
    """Return the world quaternion (4,) from the target's body axes to the source's."""
    return quat_from_rotmat(compute_body_axes(source, source_map) @ compute_body_axes(target, target_map).T)


def _find_swings(rig: Rig, bone_map: dict[str, str], axes: np.ndarray) -> dict[str, np.ndarray]:
    """Return the world quaternions (4,) by slot from the T-pose to each limb's rest direction."""
    found: dict[str, np.ndarray] = {}
    for side, sign in zip(SIDES, (1.0, -1.0)):
        arm = [f"{side}_upper_arm", f"{side}_forearm", f"{side}_hand"]
        swing = _add_swings(rig, bone_map, arm, sign * axes[:, 0], IDENTITY, found)
        for finger in FINGER_NAMES:
            bones = [f"{side}_{finger}{place}" for place in (1, 2, 3)]
            _add_swings(rig, bone_map, bones, sign * axes[:, 0], swing, found)
        _add_swings(rig, bone_map, [f"{side}_thigh", f"{side}_shin"], -axes[:, 2], IDENTITY, found)
    return found


def _add_swings(rig: Rig, bone_map: dict[str, str], slots: list[str], straight: np.ndarray, swing: np.ndarray,
                 found: dict[str, np.ndarray]) -> np.ndarray:
    """Add the swings of a chain's bones to `found` and return the last one. The first starts from `swing`; `straight` (3,) is
    the limb's direction in the T-pose."""
    for slot in slots:
        if slot in bone_map:
            direction = _find_limb_direction(rig, bone_map, slot)
            if direction is not None:
                further = quat_from_rotmat(compute_rotmats_between(turn(swing, straight), direction))
                swing = multiply(further, swing)
            found[slot] = swing
    return swing


def _find_limb_direction(rig: Rig, bone_map: dict[str, str], slot: str) -> np.ndarray | None:
    """Return the unit vector (3,) from a limb's joint to the next, None where the next joint is unknown."""
    side, part = slot.split("_", 1)
    ends = {"upper_arm": ("forearm",), "forearm": ("hand",), "thigh": ("shin",), "shin": ("foot",),
            "hand": ("middle1", "index1", "ring1")}.get(part)
    if ends is None:
        ends = (f"{part[:-1]}{int(part[-1]) + 1}",)
    head = rig.heads[rig.index[bone_map[slot]]]
    for end in ends:
        if f"{side}_{end}" in bone_map:
            return _normalize_or_none(rig.heads[rig.index[bone_map[f"{side}_{end}"]]] - head)
    if part != "hand":
        return None
    children = rig.children[rig.index[bone_map[slot]]]
    return _normalize_or_none(rig.heads[children].mean(axis=0) - head) if children else None


def _compute_heading_turn(source: Rig, source_map: dict[str, str], source_axes: np.ndarray, target: Rig,
                  target_map: dict[str, str], target_axes: np.ndarray, side: str) -> np.ndarray:
    """Return the quaternion (4,) about the source's upward axis from the target foot's heading to the source's.

    Only the heading is matched, so that a flat sole stays flat: the height of the ankle differs from rig to rig.
    """
    angles = []
    for rig, bone_map, axes in ((source, source_map, source_axes), (target, target_map, target_axes)):
        if f"{side}_foot" not in bone_map or f"{side}_toe" not in bone_map:
            return IDENTITY
        foot = rig.heads[rig.index[bone_map[f"{side}_toe"]]] - rig.heads[rig.index[bone_map[f"{side}_foot"]]]
        left, back, _ = foot @ axes
        if np.hypot(left, back) < _LEAST_LEVEL_SHARE * np.linalg.norm(foot):
            return IDENTITY
        angles.append(np.arctan2(left, -back))
    # About the upward axis, a positive turn takes forward (-back) to the left.
    half = (angles[0] - angles[1]) / 2
    return np.concatenate(((np.cos(half),), np.sin(half) * source_axes[:, 2]))


def _snap_to_axis(vector: np.ndarray, axes: np.ndarray, least_cosine: float) -> np.ndarray:
    """Return the nearest of the armature's axes (columns of `axes`) where its cosine exceeds `least_cosine`, else the vector;
    of unit length."""
    unit = normalize(vector)
    cosines = unit @ axes
    nearest = int(np.argmax(np.abs(cosines)))
    return np.sign(cosines[nearest]) * axes[:, nearest] if abs(cosines[nearest]) > least_cosine else unit


def normalize(vectors: np.ndarray) -> np.ndarray:
    """Return vectors (..., 3) with unit length; a vector of no length stays so."""
    return vectors / np.maximum(np.linalg.norm(vectors, axis=-1, keepdims=True), 1e-12)


def _normalize_or_none(vector: np.ndarray) -> np.ndarray | None:
    length = np.linalg.norm(vector)
    return vector / length if length > 1e-9 else None

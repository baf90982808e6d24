"""How the bones of one rig must turn to rest as those of another: by the direction of each limb, whatever the rest pose.

Every limb has a direction in a T-pose: arms to their side, legs down. The smallest turn from there to where it rests is
its swing; a forearm's swing goes on from the upper arm's. With S the swings and B the turn from the target's body axes to
the source's, the alignment A = S_source B S_target^-1 takes the target's limb to the source's without twisting it.
"""

from __future__ import annotations

import numpy as np

from ...shared.bone_slots import FINGER_NAMES, SIDES
from ..base.quaternions import conjugate, multiply, turn
from ..base.rig import Rig
from ..base.rotations import quat_from_rotmat
from ..base.two_bone_ik import rotmats_between

IDENTITY = np.array((1.0, 0.0, 0.0, 0.0))
_NEAR_AXIS_UP, _NEAR_AXIS_LEFT = 0.8, 0.98  # cosines: backs lean, hips hardly turn
_FLATTEST = 0.3  # of a foot's length that must lie level for it to have a heading


def body_axes(rig: Rig, bone_map: dict[str, str]) -> np.ndarray:
    """Return the body's axes (3, 3) in the world, columns left, back, up, as it rests."""
    def head(slot: str) -> np.ndarray:
        return rig.heads[rig.index[bone_map[slot]]]

    left = head("left_thigh") - head("right_thigh")
    shoulders = (head("left_upper_arm") + head("right_upper_arm")) / 2
    up = shoulders - (head("left_thigh") + head("right_thigh")) / 2
    up = _snapped(up, rig.axes, _NEAR_AXIS_UP)
    left = left - up * (left @ up)
    if np.linalg.norm(left) < 1e-6:
        left = np.cross(rig.axes[:, 1], up)
    left = _snapped(left, rig.axes, _NEAR_AXIS_LEFT)
    left = _unit(left - up * (left @ up))
    return np.column_stack((left, np.cross(up, left), up))


def alignments(source: Rig, source_map: dict[str, str], target: Rig, target_map: dict[str, str]) -> dict[str, np.ndarray]:
    """Return the world quaternions (4,) by slot that take the target's bones from their rest to the source's."""
    source_axes, target_axes = body_axes(source, source_map), body_axes(target, target_map)
    body = quat_from_rotmat(source_axes @ target_axes.T)
    found = dict.fromkeys((slot for slot in target_map if slot in source_map), body)
    source_swings, target_swings = _swings(source, source_map, source_axes), _swings(target, target_map, target_axes)
    for slot in found:
        if slot in source_swings and slot in target_swings:
            found[slot] = multiply(source_swings[slot], multiply(body, conjugate(target_swings[slot])))
    for side in SIDES:
        heading = _heading_turn(source, source_map, source_axes, target, target_map, target_axes, side)
        for slot in (f"{side}_foot", f"{side}_toe"):
            if slot in found:
                found[slot] = multiply(heading, body)
    return found


def body_turn(source: Rig, source_map: dict[str, str], target: Rig, target_map: dict[str, str]) -> np.ndarray:
    """Return the world quaternion (4,) from the target's body axes to the source's."""
    return quat_from_rotmat(body_axes(source, source_map) @ body_axes(target, target_map).T)


def _swings(rig: Rig, bone_map: dict[str, str], axes: np.ndarray) -> dict[str, np.ndarray]:
    """Return the world quaternions (4,) by slot from the T-pose to how each limb rests."""
    found: dict[str, np.ndarray] = {}
    for side, sign in zip(SIDES, (1.0, -1.0)):
        arm = [f"{side}_upper_arm", f"{side}_forearm", f"{side}_hand"]
        swing = _swing_chain(rig, bone_map, arm, sign * axes[:, 0], IDENTITY, found)
        for finger in FINGER_NAMES:
            bones = [f"{side}_{finger}{place}" for place in (1, 2, 3)]
            _swing_chain(rig, bone_map, bones, sign * axes[:, 0], swing, found)
        _swing_chain(rig, bone_map, [f"{side}_thigh", f"{side}_shin"], -axes[:, 2], IDENTITY, found)
    return found


def _swing_chain(rig: Rig, bone_map: dict[str, str], slots: list[str], straight: np.ndarray, swing: np.ndarray,
                 found: dict[str, np.ndarray]) -> np.ndarray:
    """Add the swings of a chain's bones that go on from `swing`, for a limb that is `straight` in the T-pose."""
    for slot in slots:
        if slot in bone_map:
            direction = _limb_direction(rig, bone_map, slot)
            if direction is not None:
                further = quat_from_rotmat(rotmats_between(turn(swing, straight), direction))
                swing = multiply(further, swing)
            found[slot] = swing
    return swing


def _limb_direction(rig: Rig, bone_map: dict[str, str], slot: str) -> np.ndarray | None:
    """Return the unit vector (3,) from a limb's joint to the next, None where the rig does not tell."""
    side, part = slot.split("_", 1)
    ends = {"upper_arm": ("forearm",), "forearm": ("hand",), "thigh": ("shin",), "shin": ("foot",),
            "hand": ("middle1", "index1", "ring1")}.get(part)
    if ends is None:
        ends = (f"{part[:-1]}{int(part[-1]) + 1}",)
    head = rig.heads[rig.index[bone_map[slot]]]
    for end in ends:
        if f"{side}_{end}" in bone_map:
            return _unit_or_none(rig.heads[rig.index[bone_map[f"{side}_{end}"]]] - head)
    if part != "hand":
        return None
    children = rig.children[rig.index[bone_map[slot]]]
    return _unit_or_none(rig.heads[children].mean(axis=0) - head) if children else None


def _heading_turn(source: Rig, source_map: dict[str, str], source_axes: np.ndarray, target: Rig,
                  target_map: dict[str, str], target_axes: np.ndarray, side: str) -> np.ndarray:
    """Return the quaternion (4,) about the source's upward axis from the target foot's heading to the source's.

    Soles that rest flat stay flat: only the heading is matched, since ankles lie higher or lower in every rig.
    """
    angles = []
    for rig, bone_map, axes in ((source, source_map, source_axes), (target, target_map, target_axes)):
        if f"{side}_foot" not in bone_map or f"{side}_toe" not in bone_map:
            return IDENTITY
        foot = rig.heads[rig.index[bone_map[f"{side}_toe"]]] - rig.heads[rig.index[bone_map[f"{side}_foot"]]]
        left, back, _ = foot @ axes
        if np.hypot(left, back) < _FLATTEST * np.linalg.norm(foot):
            return IDENTITY
        angles.append(np.arctan2(left, -back))
    # About the upward axis, a positive turn takes forward (-back) to the left.
    half = (angles[0] - angles[1]) / 2
    return np.concatenate(((np.cos(half),), np.sin(half) * source_axes[:, 2]))


def _snapped(vector: np.ndarray, axes: np.ndarray, least_cosine: float) -> np.ndarray:
    """Return the armature's axis nearest to a vector, where it is that near, else the vector; of unit length."""
    unit = _unit(vector)
    cosines = unit @ axes
    nearest = int(np.argmax(np.abs(cosines)))
    return np.sign(cosines[nearest]) * axes[:, nearest] if abs(cosines[nearest]) > least_cosine else unit


def _unit(vector: np.ndarray) -> np.ndarray:
    return vector / max(np.linalg.norm(vector), 1e-12)


def _unit_or_none(vector: np.ndarray) -> np.ndarray | None:
    length = np.linalg.norm(vector)
    return vector / length if length > 1e-9 else None

"""Where the hips go: as far as the target's legs are long, on the target's own floor."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ...shared.bone_slots import LEGS, SIDES, SPINE
from ..base.quaternions import conjugate, multiply, turn
from ..base.rig import Rig
from ..base.rotations import quat_from_rotmat
from ..base.two_bone_ik import rotmats_between
from .mapped_rigs import MappedMotion
from .posing import Posing
from .rest_alignment import body_axes

_UP = np.array((0.0, 0.0, 1.0))
_STANDS = 0.35  # of the leg's length: a rest pose whose ankles are no higher over the origin stands on the floor
_LOWEST_PERCENT = 2.0


@dataclass(frozen=True)
class Placement:
    """From the source's world to the target's: p' = scale (p - source_floor) + target_floor, both (3,) at ankle height.

    path (T, 3): the way over the floor since the first frame, in the target's measure; carrier: the bone whose location
    moves the whole body.
    """
    scale: float
    source_floor: np.ndarray
    target_floor: np.ndarray
    path: np.ndarray
    carrier: int

    def placed(self, points: np.ndarray) -> np.ndarray:
        """Return source points (T, 3) in the target's place."""
        return self.scale * (points - self.source_floor) + self.target_floor


def placement(motion: MappedMotion, rig: Rig, bone_map: dict[str, str], start: str) -> Placement:
    """Return where the motion takes place for a target; `start` is "OWN" or "SOURCE"."""
    scale = leg_length(rig, bone_map) / leg_length(motion.rig, motion.bone_map)
    hips = (motion.heads["left_thigh"] + motion.heads["right_thigh"]) / 2
    source_floor = np.append(hips[0, :2], _ankle_height_of_motion(motion))
    standing = _upright(rig, bone_map)
    own = (standing["left_thigh"] + standing["right_thigh"])[:2] / 2
    target_floor = np.append(own if start == "OWN" else hips[0, :2], _ankle_height(standing))
    return Placement(scale, source_floor, target_floor, scale * (hips - hips[0]), carrier_bone(rig, bone_map))


def leg_length(rig: Rig, bone_map: dict[str, str]) -> float:
    """Return the mean length of the legs from hip over knee to ankle, in metres."""
    total = 0.0
    for side in SIDES:
        joints = [rig.heads[rig.index[bone_map[f"{side}_{part}"]]] for part in ("thigh", "shin", "foot")
                  if f"{side}_{part}" in bone_map]
        if len(joints) < 3:  # without an ankle, a shin is as long as its thigh
            joints.append(2 * joints[1] - joints[0])
        total += float(np.linalg.norm(np.diff(joints, axis=0), axis=1).sum())
    return total / 2


def hips_offset(motion: MappedMotion, posing: Posing, bone_map: dict[str, str], place: Placement) -> np.ndarray:
    """Return how far (T, 3) the body must be moved, in metres of the world, for its hip joints to be in place."""
    wanted = place.placed((motion.heads["left_thigh"] + motion.heads["right_thigh"]) / 2)
    legs = [posing.head(posing.rig.index[bone_map[f"{side}_thigh"]]) for side in SIDES]
    return wanted - (legs[0] + legs[1]) / 2


def root_turns(motion: MappedMotion, rig: Rig, root: str) -> np.ndarray:
    """Return the root bone's world rotations (T, 4): as the source's hips are turned about the vertical."""
    hips = motion.rig.index[motion.bone_map["hips"]]
    turned = multiply(motion.rotations["hips"], conjugate(quat_from_rotmat(motion.rig.rotmats[hips])))
    forward = turn(turned, -body_axes(motion.rig, motion.bone_map)[:, 1])
    resting = -body_axes(motion.rig, motion.bone_map)[:, 1]
    angle = np.unwrap(np.arctan2(forward[:, 1], forward[:, 0])) - np.arctan2(resting[1], resting[0])
    yaw = np.zeros((len(angle), 4))
    yaw[:, 0], yaw[:, 3] = np.cos(angle / 2), np.sin(angle / 2)
    return multiply(yaw, quat_from_rotmat(rig.rotmats[rig.index[root]]))


def carrier_bone(rig: Rig, bone_map: dict[str, str]) -> int:
    """Return the lowest bone from which hips, legs and spine all hang: the hips themselves, or what carries them."""
    slots = [slot for slot in ("hips", *SPINE, *LEGS) if slot in bone_map]
    ways = [[rig.index[bone_map[slot]], *rig.ancestors(rig.index[bone_map[slot]])] for slot in slots]
    common = set(ways[0]).intersection(*ways[1:])
    return next((bone for bone in ways[0] if bone in common), ways[0][0])


def _upright(rig: Rig, bone_map: dict[str, str]) -> dict[str, np.ndarray]:
    """Return the legs' joints (3,) by slot with the rig stood upright about its origin."""
    upright = rotmats_between(body_axes(rig, bone_map)[:, 2], _UP)
    return {slot: rig.origin + upright @ (rig.heads[rig.index[bone_map[slot]]] - rig.origin)
            for slot in LEGS if slot in bone_map}


def _ankle_height(standing: dict[str, np.ndarray]) -> float:
    ankles = [standing[slot] for slot in ("left_foot", "right_foot") if slot in standing]
    ankles = ankles or [standing["left_shin"], standing["right_shin"]]
    return float(np.mean(ankles, axis=0)[2])


def _ankle_height_of_motion(motion: MappedMotion) -> float:
    """Return the height of the ankles of a source that stands, in the world.

    A rest pose that stands on its origin tells it. Others hang at the hips (BVH): there the lowest ankles stand.
    """
    resting = _ankle_height(_upright(motion.rig, motion.bone_map))
    above_origin = resting - motion.rig.origin[2]
    if 0 <= above_origin < _STANDS * leg_length(motion.rig, motion.bone_map):
        return resting
    part = "foot" if "left_foot" in motion.heads else "shin"
    lowest = np.minimum(motion.heads[f"left_{part}"][:, 2], motion.heads[f"right_{part}"][:, 2])
    return float(np.percentile(lowest, _LOWEST_PERCENT))

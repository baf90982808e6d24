"""The root path of the target: the source's, scaled by leg length, on the target's floor."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ...shared.bone_slots import LEGS, SIDES, SPINE
from ..base.quaternions import conjugate, multiply, turn
from ..base.rig import Rig
from ..base.rotations import quat_from_rotmat
from ..base.two_bone_ik import compute_rotmats_between
from .mapped_rigs import MappedMotion
from .posing import Posing
from .rest_alignment import compute_body_axes

_UP = np.array((0.0, 0.0, 1.0))
# Of the leg's length: where the ankles of the rest pose are lower over the origin, the origin is on the floor. An adult's ankle
# is at 0.08 of the leg (Drillis and Contini 1966), in high heels at 0.2; an origin at the hips gives less than 0. Not measured.
_HIGHEST_ANKLE = 0.35
# Of the leg's length: an origin this near to the height zero lies on the world's floor; not measured.
_ON_THE_FLOOR = 0.1
# Percentile of the lower ankle's height that is the standing height of a source without floor: above single wrong frames, and
# walkers have one foot down far more often. Not measured.
_LOWEST_PERCENT = 2.0


@dataclass(frozen=True)
class Placement:
    """From the source's world to the target's: p' = scale (p - source_floor) + target_floor, both (3,) at ankle height.

    path (T, 3): the hips' displacement since the first frame, scaled to the target; carrier: the bone whose location moves
    the whole body.
    """
    scale: float
    source_floor: np.ndarray
    target_floor: np.ndarray
    path: np.ndarray
    carrier: int

    def map_points(self, points: np.ndarray) -> np.ndarray:
        """Return points (T, 3) of the source's world in the target's."""
        return self.scale * (points - self.source_floor) + self.target_floor


def find_placement(motion: MappedMotion, rig: Rig, bone_map: dict[str, str], start: str,
                   standing: Rig | None = None) -> Placement:
    """Return the mapping from the source's world to the target's. `start` is "OWN" (the path starts where the target stands)
    or "SOURCE" (where the source starts). `standing` is the target's pose on its feet, where its rest pose is none."""
    scale = compute_leg_length(rig, bone_map) / compute_leg_length(motion.rig, motion.bone_map)
    hips = (motion.heads["left_thigh"] + motion.heads["right_thigh"]) / 2
    source_floor = np.append(hips[0, :2], _compute_ankle_height_of_motion(motion))
    upright = _stand_upright(rig, bone_map)
    target_hips = (upright["left_thigh"] + upright["right_thigh"])[:2] / 2
    ankles = _compute_ankle_height(_find_legs(standing, bone_map)) if standing else _find_floor_ankles(rig, bone_map, upright)
    target_floor = np.append(target_hips if start == "OWN" else hips[0, :2], ankles)
    return Placement(scale, source_floor, target_floor, scale * (hips - hips[0]), find_carrier_bone(rig, bone_map))


def compute_leg_length(rig: Rig, bone_map: dict[str, str]) -> float:
    """Return the mean length of the legs from hip over knee to ankle, in metres."""
    total = 0.0
    for side in SIDES:
        joints = [rig.heads[rig.index[bone_map[f"{side}_{part}"]]] for part in ("thigh", "shin", "foot")
                  if f"{side}_{part}" in bone_map]
        if len(joints) < 3:  # without an ankle, a shin is as long as its thigh
            joints.append(2 * joints[1] - joints[0])
        total += float(np.linalg.norm(np.diff(joints, axis=0), axis=1).sum())
    return total / 2


def compute_hips_offset(motion: MappedMotion, posing: Posing, bone_map: dict[str, str], place: Placement) -> np.ndarray:
    """Return how far (T, 3) the body must move, in metres of the world, so that its hip joints follow the scaled path."""
    wanted = place.map_points((motion.heads["left_thigh"] + motion.heads["right_thigh"]) / 2)
    legs = [posing.head(posing.rig.index[bone_map[f"{side}_thigh"]]) for side in SIDES]
    return wanted - (legs[0] + legs[1]) / 2


def compute_root_turns(motion: MappedMotion, rig: Rig, root: str) -> np.ndarray:
    """Return the root bone's world rotations (T, 4): the yaw of the source's hips."""
    hips = motion.rig.index[motion.bone_map["hips"]]
    turned = multiply(motion.rotations["hips"], conjugate(quat_from_rotmat(motion.rig.rotmats[hips])))
    forward = turn(turned, -compute_body_axes(motion.rig, motion.bone_map)[:, 1])
    resting = -compute_body_axes(motion.rig, motion.bone_map)[:, 1]
    angle = np.unwrap(np.arctan2(forward[:, 1], forward[:, 0])) - np.arctan2(resting[1], resting[0])
    yaw = np.zeros((len(angle), 4))
    yaw[:, 0], yaw[:, 3] = np.cos(angle / 2), np.sin(angle / 2)
    return multiply(yaw, quat_from_rotmat(rig.rotmats[rig.index[root]]))


def find_carrier_bone(rig: Rig, bone_map: dict[str, str]) -> int:
    """Return the nearest common ancestor of hips, legs and spine: the hips themselves, or a bone above them."""
    slots = [slot for slot in ("hips", *SPINE, *LEGS) if slot in bone_map]
    paths = [[rig.index[bone_map[slot]], *rig.ancestors(rig.index[bone_map[slot]])] for slot in slots]
    common = set(paths[0]).intersection(*paths[1:])
    return next((bone for bone in paths[0] if bone in common), paths[0][0])


def _stand_upright(rig: Rig, bone_map: dict[str, str]) -> dict[str, np.ndarray]:
    """Return the legs' joints (3,) by slot with the rig turned upright about its origin."""
    upright = compute_rotmats_between(compute_body_axes(rig, bone_map)[:, 2], _UP)
    return {slot: rig.origin + upright @ (joint - rig.origin) for slot, joint in _find_legs(rig, bone_map).items()}


def _find_legs(rig: Rig, bone_map: dict[str, str]) -> dict[str, np.ndarray]:
    """Return the legs' joints (3,) by slot."""
    return {slot: rig.heads[rig.index[bone_map[slot]]] for slot in LEGS if slot in bone_map}


def _find_floor_ankles(rig: Rig, bone_map: dict[str, str], upright: dict[str, np.ndarray]) -> float:
    """Return the height of the ankles of a target that stands on its floor.

    The rest pose stands there. But where the origin is at the hips, as in a BVH file, and on the world's floor, it is the floor.
    """
    ankles, leg = _compute_ankle_height(upright), compute_leg_length(rig, bone_map)
    if ankles >= rig.origin[2] or abs(rig.origin[2]) > _ON_THE_FLOOR * leg:
        return ankles
    lasts = [rig.index[bone_map[slot]] for slot in LEGS if slot in bone_map]
    soles = [bone for bone in range(len(rig.names)) if any(bone == last or rig.is_above(last, bone) for last in lasts)]
    turned = compute_rotmats_between(compute_body_axes(rig, bone_map)[:, 2], _UP)
    points = np.concatenate((rig.heads[soles], rig.tails[soles])) - rig.origin
    return ankles - float((rig.origin + points @ turned.T)[:, 2].min())


def _compute_ankle_height(standing: dict[str, np.ndarray]) -> float:
    ankles = [standing[slot] for slot in ("left_foot", "right_foot") if slot in standing]
    ankles = ankles or [standing["left_shin"], standing["right_shin"]]
    return float(np.mean(ankles, axis=0)[2])


def _compute_ankle_height_of_motion(motion: MappedMotion) -> float:
    """Return the height of the source's ankles in the world while it stands.

    Where the rest pose stands on its origin, its ankles give the height. A BVH rig has its origin at the hips: there the height
    is that of the lowest ankles of the motion.
    """
    resting = _compute_ankle_height(_stand_upright(motion.rig, motion.bone_map))
    above_origin = resting - motion.rig.origin[2]
    if 0 <= above_origin < _HIGHEST_ANKLE * compute_leg_length(motion.rig, motion.bone_map):
        return resting
    part = "foot" if "left_foot" in motion.heads else "shin"
    lowest = np.minimum(motion.heads[f"left_{part}"][:, 2], motion.heads[f"right_{part}"][:, 2])
    return float(np.percentile(lowest, _LOWEST_PERCENT))

"""Corrections of limbs after the rotations: feet in contact stay in place, hands go where the source's hands go."""

from __future__ import annotations

import numpy as np

from ...shared.bone_slots import SIDES
from ..base.quaternions import conjugate, measure_lengths, multiply, slerp, turn
from ..base.rotations import quat_from_rotmat
from ..base.smoothing import smoothstep
from ..base.two_bone_ik import solve_two_bone
from .mapped_rigs import MappedMotion
from .posing import Posing
from .rest_alignment import compute_body_axes
from .root_path import Placement

_CONTACT = 0.5  # of the confidence 0..1: above it a foot is more likely to stand than not
_FADE_FRAMES = 6  # 0.2 s at 30 frames a second, within the 0.4 s of a step's swing (Perry 1992); chosen by eye
# To move its foot by a little, a nearly straight leg must bend much. While the foot is wrong by less than a hundredth of the
# leg's length (8 mm on an adult), no bone turns by more than 0.9°, which nobody sees; for each further hundredth, ten times as
# much is allowed. benchmarks/retarget.py: limb directions stay within 0.9° where feet are planted.
_UNSEEN_ERROR = 0.01
_UNSEEN_TURN = np.radians(0.9)
_TURN_GROWTH = 10.0
_ANKLE_CONTACTS = {"left": (0, 1), "right": (2, 3)}


def plant_feet(motion: MappedMotion, posing: Posing, bone_map: dict[str, str], place: Placement,
               offset: np.ndarray) -> dict[int, np.ndarray]:
    """Return the world rotations (T, 4) of thighs and shins with which feet in contact move no more than the source's.

    While a foot stands, its ankle follows the scaled path of the source's ankle, at that height. The mean horizontal distance
    between the two paths is kept, so that the limbs change the least. Where no contacts are known, nothing is planted.
    """
    if motion.contacts is None:
        return {}
    changed: dict[int, np.ndarray] = {}
    for side in SIDES:
        if any(f"{side}_{part}" not in bone_map for part in ("thigh", "shin", "foot")) or f"{side}_foot" not in motion.heads:
            continue
        stands = motion.contacts[:, _ANKLE_CONTACTS[side]].max(axis=1) > _CONTACT
        ankle = posing.head(posing.rig.index[bone_map[f"{side}_foot"]]) + offset
        wanted = place.map_points(motion.heads[f"{side}_foot"])
        changed |= _move_limb_end(posing, bone_map, (f"{side}_thigh", f"{side}_shin", f"{side}_foot"),
                                  fade_corrections(ankle, wanted, stands), limits_turns=True)
    return changed


def reach_hands(motion: MappedMotion, posing: Posing, bone_map: dict[str, str], place: Placement,
                offset: np.ndarray) -> dict[int, np.ndarray]:
    """Return the world rotations (T, 4) of upper arms and forearms with which the wrists go where the source's do."""
    changed: dict[int, np.ndarray] = {}
    for side in SIDES:
        slots = (f"{side}_upper_arm", f"{side}_forearm", f"{side}_hand")
        if slots[2] not in bone_map or slots[2] not in motion.heads:
            continue
        wrist = posing.head(posing.rig.index[bone_map[slots[2]]]) + offset
        changed |= _move_limb_end(posing, bone_map, slots, place.map_points(motion.heads[slots[2]]) - wrist)
    return changed


def fade_corrections(ankle: np.ndarray, wanted: np.ndarray, stands: np.ndarray) -> np.ndarray:
    """Return how far (T, 3) to move ankles (T, 3), metres: while `stands` (T,) holds, to `wanted` (T, 3) except for the mean
    horizontal distance of that span; before and after it, fading to nothing."""
    difference, held = ankle - wanted, np.zeros_like(ankle)
    edges = np.flatnonzero(np.diff(np.concatenate(([0], stands.astype(int), [0]))))
    firsts, lasts = edges[::2], edges[1::2] - 1
    lengths = lasts - firsts + 1
    means = np.add.reduceat(difference * stands[:, None], firsts) / lengths[:, None] * (1, 1, 0)
    held[stands] = np.repeat(means, lengths, axis=0) - difference[stands]
    total, weights = held.copy(), stands.astype(float)
    for away in range(1, _FADE_FRAMES + 1):
        weight = smoothstep(np.array(1 - away / (_FADE_FRAMES + 1)))
        for ends, frames in ((firsts, firsts - away), (lasts, lasts + away)):
            exist = (frames >= 0) & (frames < len(ankle))
            total[frames[exist]] += weight * held[ends[exist]]
            weights[frames[exist]] += weight
    return total / np.maximum(weights, 1)[:, None]


def _move_limb_end(posing: Posing, bone_map: dict[str, str], slots: tuple[str, str, str], correction: np.ndarray,
                   limits_turns: bool = False) -> dict[int, np.ndarray]:
    """Return the world rotations (T, 4) of a limb's two bones with its end moved by `correction` (T, 3), wherever the body is.

    With `limits_turns`, corrections that are too small to be seen turn the bones only a little.
    """
    moved = np.flatnonzero(np.abs(correction).max(axis=1) > 1e-6)
    upper, lower, end = (posing.rig.index[bone_map[slot]] for slot in slots)
    if not len(moved) or upper not in posing.wanted or lower not in posing.wanted:
        return {}
    joints = [np.broadcast_to(posing.head(bone), correction.shape)[moved] for bone in (upper, lower, end)]
    root, middle, tip = joints
    hints = find_bend_hints(posing, bone_map, slots[0], upper)[moved]
    solved = solve_two_bone(root, middle, tip, tip + correction[moved], hints)
    turns = [quat_from_rotmat(rotmats) for rotmats in (solved.upper_rotmat, solved.lower_rotmat)]
    if limits_turns:
        turns = _limit_turns(turns, correction[moved], _compute_lengths(joints))
    changed = {}
    for bone, quats in zip((upper, lower), turns):
        changed[bone] = posing.wanted[bone].copy()
        changed[bone][moved] = multiply(quats, changed[bone][moved])
    return changed


def _limit_turns(turns: list[np.ndarray], correction: np.ndarray, leg: np.ndarray) -> list[np.ndarray]:
    """Return the turns (T, 4) of two bones, reduced where they are large for so small a `correction` (T, 3) of the foot;
    leg (T,) is the leg's length."""
    largest = np.max([2 * np.arccos(np.clip(np.abs(quats[:, 0]), 0, 1)) for quats in turns], axis=0)
    excess = np.maximum(measure_lengths(correction)[:, 0] / leg / _UNSEEN_ERROR - 1, 0)
    share = np.minimum(1, _UNSEEN_TURN * (1 + excess * _TURN_GROWTH) / np.maximum(largest, 1e-9))
    return [slerp(np.array((1.0, 0, 0, 0)), quats, share) for quats in turns]


def _compute_lengths(joints: list[np.ndarray]) -> np.ndarray:
    """Return the lengths (T,) of limbs with joints (T, 3)."""
    root, middle, end = joints
    return (measure_lengths(middle - root) + measure_lengths(end - middle))[:, 0]


def find_bend_hints(posing: Posing, bone_map: dict[str, str], slot: str, bone: int) -> np.ndarray:
    """Return the direction (T, 3) in which a limb's middle joint moves as it bends: knees forward, elbows backward, turned
    with the limb."""
    back = compute_body_axes(posing.rig, bone_map)[:, 1]
    turned = multiply(posing.wanted[bone], conjugate(quat_from_rotmat(posing.rig.rotmats[bone])))
    return turn(turned, -back if "thigh" in slot else back)

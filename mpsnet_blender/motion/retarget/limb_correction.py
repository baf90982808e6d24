"""Limbs corrected after the rotations: feet that stand keep standing, hands go where the source's go."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from ...shared.bone_slots import SIDES
from ..base.quaternions import conjugate, multiply, slerp, turn
from ..base.rotations import quat_from_rotmat
from ..base.smoothing import eased
from ..base.two_bone_ik import solve_two_bone
from .mapped_rigs import MappedMotion
from .posing import Posing
from .rest_alignment import body_axes
from .root_path import Placement

_STANDING = 0.5  # contact above which a foot stands
_FADE_FRAMES = 6
# A foot that strays by less than a hundredth of its leg's length is not worth turning a limb by more than this, as nearly
# straight legs would; what strays further turns them as far as it takes.
_UNSEEN_STRAY = 0.01
_UNSEEN_TURN = np.radians(0.9)
_URGENCY = 10.0
_ANKLE_CONTACTS = {"left": (0, 1), "right": (2, 3)}


def plant_feet(motion: MappedMotion, posing: Posing, bone_map: dict[str, str], place: Placement,
               offset: np.ndarray) -> dict[int, np.ndarray]:
    """Return the world rotations (T, 4) of thighs and shins with which standing feet move no more than the source's.

    While a foot stands, its ankle follows the source's, scaled, at the height at which it stands. How far the rotations
    alone would take it there at a mean stays as it is, so that limbs are changed the least.
    """
    changed: dict[int, np.ndarray] = {}
    for side in SIDES:
        if any(f"{side}_{part}" not in bone_map for part in ("thigh", "shin", "foot")) or f"{side}_foot" not in motion.heads:
            continue
        stands = motion.contacts[:, _ANKLE_CONTACTS[side]].max(axis=1) > _STANDING
        ankle = posing.head(posing.rig.index[bone_map[f"{side}_foot"]]) + offset
        wanted = place.placed(motion.heads[f"{side}_foot"])
        changed |= _bent(posing, bone_map, (f"{side}_thigh", f"{side}_shin", f"{side}_foot"), offset,
                         faded_corrections(ankle, wanted, stands), is_calm=True)
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
        changed |= _bent(posing, bone_map, slots, offset, place.placed(motion.heads[slots[2]]) - wrist)
    return changed


def faded_corrections(ankle: np.ndarray, wanted: np.ndarray, stands: np.ndarray) -> np.ndarray:
    """Return how far (T, 3) to move ankles (T, 3): in each stand to `wanted` but for its mean distance over the floor,
    around it less and less."""
    difference = ankle - wanted
    total, weights = np.zeros_like(ankle), np.zeros(len(ankle))
    edges = np.flatnonzero(np.diff(np.concatenate(([0], stands.astype(int), [0]))))
    for start, end in zip(edges[::2], edges[1::2]):
        mean = difference[start:end].mean(axis=0) * (1, 1, 0)
        frames = np.arange(max(0, start - _FADE_FRAMES), min(len(ankle), end + _FADE_FRAMES))
        nearest = np.clip(frames, start, end - 1)
        weight = eased(1 - np.abs(frames - nearest) / (_FADE_FRAMES + 1))
        total[frames] += weight[:, None] * (mean - difference[nearest])
        weights[frames] += weight
    return total / np.maximum(weights, 1)[:, None]


def _bent(posing: Posing, bone_map: dict[str, str], slots: tuple[str, str, str], offset: np.ndarray,
          correction: np.ndarray, is_calm: bool = False) -> dict[int, np.ndarray]:
    """Return the world rotations (T, 4) of a limb's two bones with its end moved by `correction` (T, 3).

    With `is_calm`, corrections too small to be seen turn no bone far.
    """
    moved = np.flatnonzero(np.abs(correction).max(axis=1) > 1e-6)
    upper, lower, end = (posing.rig.index[bone_map[slot]] for slot in slots)
    if not len(moved) or upper not in posing.wanted or lower not in posing.wanted:
        return {}
    joints = [(np.broadcast_to(posing.head(bone), offset.shape) + offset)[moved] for bone in (upper, lower, end)]
    root, middle, tip = joints
    solved = solve_two_bone(root, middle, tip, tip + correction[moved], bend_hints(posing, bone_map, slots[0], upper)[moved])
    turns = [quat_from_rotmat(rotmats) for rotmats in (solved.upper_rotmat, solved.lower_rotmat)]
    if is_calm:
        turns = _calmed(turns, correction[moved], _length(joints))
    changed = {}
    for bone, quats in zip((upper, lower), turns):
        changed[bone] = posing.wanted[bone].copy()
        changed[bone][moved] = multiply(quats, changed[bone][moved])
    return changed


def _calmed(turns: list[np.ndarray], correction: np.ndarray, leg: np.ndarray) -> list[np.ndarray]:
    """Return the turns (T, 4) of two bones, lessened where they are larger than the stray foot (T, 3) is worth."""
    largest = np.max([2 * np.arccos(np.clip(np.abs(quats[:, 0]), 0, 1)) for quats in turns], axis=0)
    excess = np.maximum(np.linalg.norm(correction, axis=1) / leg / _UNSEEN_STRAY - 1, 0)
    share = np.minimum(1, _UNSEEN_TURN * (1 + excess * _URGENCY) / np.maximum(largest, 1e-9))
    return [slerp(np.array((1.0, 0, 0, 0)), quats, share) for quats in turns]


def _length(joints: list[np.ndarray]) -> np.ndarray:
    """Return the lengths (T,) of limbs with joints (T, 3)."""
    return sum(np.linalg.norm(end - start, axis=1) for start, end in pairwise(joints))


def bend_hints(posing: Posing, bone_map: dict[str, str], slot: str, bone: int) -> np.ndarray:
    """Return the way (T, 3) in which the limb can bend: knees to the front, elbows to the back, as the limb has turned."""
    back = body_axes(posing.rig, bone_map)[:, 1]
    turned = multiply(posing.wanted[bone], conjugate(quat_from_rotmat(posing.rig.rotmats[bone])))
    return turn(turned, -back if "thigh" in slot else back)

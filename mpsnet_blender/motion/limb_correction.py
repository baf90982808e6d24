"""Limbs corrected after the rotations: feet that stand keep standing, hands go where the source's go."""

from __future__ import annotations

import numpy as np

from ..shared.bone_slots import SIDES
from .mapped_rigs import MappedMotion
from .posing import Posing
from .quaternions import conjugate, multiply, turn
from .rest_alignment import body_axes
from .root_path import Placement
from .rotations import quat_from_rotmat
from .two_bone_ik import solve_two_bone

_STANDING = 0.5  # contact above which a foot stands
_FADE_FRAMES = 6
_ANKLE_CONTACTS = {"left": (0, 1), "right": (2, 3)}


def plant_feet(motion: MappedMotion, posing: Posing, bone_map: dict[str, str], place: Placement,
               offset: np.ndarray) -> dict[int, np.ndarray]:
    """Return the world rotations (T, 4) of thighs and shins with which standing feet move no more than the source's.

    While a foot stands, its ankle follows the source's, scaled, at the height at which it stands. How far the rotations
    alone would take it there at a mean stays as it is, so that limbs are changed the least.
    """
    changed = {}
    for side in SIDES:
        if any(f"{side}_{part}" not in bone_map for part in ("thigh", "shin", "foot")) or f"{side}_foot" not in motion.heads:
            continue
        stands = motion.contacts[:, _ANKLE_CONTACTS[side]].max(axis=1) > _STANDING
        ankle = posing.head(posing.rig.index[bone_map[f"{side}_foot"]]) + offset
        wanted = place.placed(motion.heads[f"{side}_foot"])
        changed |= _bent(posing, bone_map, (f"{side}_thigh", f"{side}_shin", f"{side}_foot"), offset,
                         faded_corrections(ankle, wanted, stands))
    return changed


def reach_hands(motion: MappedMotion, posing: Posing, bone_map: dict[str, str], place: Placement,
                offset: np.ndarray) -> dict[int, np.ndarray]:
    """Return the world rotations (T, 4) of upper arms and forearms with which the wrists go where the source's do."""
    changed = {}
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
        nearness = 1 - np.abs(frames - nearest) / (_FADE_FRAMES + 1)
        weight = nearness**2 * (3 - 2 * nearness)
        total[frames] += weight[:, None] * (mean - difference[nearest])
        weights[frames] += weight
    return total / np.maximum(weights, 1)[:, None]


def _bent(posing: Posing, bone_map: dict[str, str], slots: tuple[str, str, str], offset: np.ndarray,
          correction: np.ndarray) -> dict[int, np.ndarray]:
    """Return the world rotations (T, 4) of a limb's two bones with its end moved by `correction` (T, 3)."""
    moved = np.flatnonzero(np.abs(correction).max(axis=1) > 1e-6)
    upper, lower, end = (posing.rig.index[bone_map[slot]] for slot in slots)
    if not len(moved) or upper not in posing.wanted or lower not in posing.wanted:
        return {}
    joints = [(np.broadcast_to(posing.head(bone), offset.shape) + offset)[moved] for bone in (upper, lower, end)]
    solved = solve_two_bone(*joints, joints[2] + correction[moved], _bend_hints(posing, bone_map, slots[0], upper)[moved])
    changed = {}
    for bone, rotmats in ((upper, solved.upper_rotmat), (lower, solved.lower_rotmat)):
        changed[bone] = posing.wanted[bone].copy()
        changed[bone][moved] = multiply(quat_from_rotmat(rotmats), changed[bone][moved])
    return changed


def _bend_hints(posing: Posing, bone_map: dict[str, str], slot: str, bone: int) -> np.ndarray:
    """Return the way (T, 3) in which the limb can bend: knees to the front, elbows to the back, as the limb has turned."""
    back = body_axes(posing.rig, bone_map)[:, 1]
    turned = multiply(posing.wanted[bone], conjugate(quat_from_rotmat(posing.rig.rotmats[bone])))
    return turn(turned, -back if "thigh" in slot else back)

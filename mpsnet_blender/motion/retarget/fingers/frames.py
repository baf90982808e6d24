"""Axes of palms and fingers, found from where a rig's bones rest: no axis of the world or of a bone is assumed.

A frame's columns are, for a palm: along (from the wrist to the knuckles), across (from the index to the little finger), back; for
a bone of a finger: along it, the axis about which it bends towards the palm, and the third at right angles to both.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from ....shared.bone_slots import FINGER_NAMES, SIDES
from ...base.rig import Rig
from ..rest_alignment import normalize

LONG_FINGERS = FINGER_NAMES[1:]
PLACES = (1, 2, 3)
# Where a thumb's tip goes when it bends, in shares of the ways across the palm and out of it, as in base/hand_shapes.py; by eye.
_THUMB_ACROSS, _THUMB_OUT = 0.87, 0.50
_NARROW = 0.1       # of the palm's length: knuckles that are nearer to each other do not tell across; not measured
_LAST_BENDS = 0.7   # cosine, 45°: a last bone whose tail lies farther off its finger's line points anywhere; chosen by reasoning


def find_finger_slots(bone_map: dict[str, str], side: str, finger: str) -> list[str]:
    """Return a finger's mapped slots, from the palm outwards."""
    return [slot for place in PLACES if (slot := f"{side}_{finger}{place}") in bone_map]


def find_palm(rig: Rig, bone_map: dict[str, str], side: str) -> np.ndarray | None:
    """Return the palm's frame (3, 3) in the world at rest; None where the mapped bones do not tell it."""
    if f"{side}_hand" not in bone_map:
        return None
    wrist = _head(rig, bone_map, f"{side}_hand")
    knuckles = [_head(rig, bone_map, slots[0]) for finger in LONG_FINGERS if (slots := find_finger_slots(bone_map, side, finger))]
    if not knuckles:
        return None
    along = np.mean(knuckles, axis=0) - wrist
    length = np.linalg.norm(along)
    across = _reject(knuckles[-1] - knuckles[0], along)
    if np.linalg.norm(across) < _NARROW * length:       # a mitten: the thumb lies on the index finger's side
        thumb = find_finger_slots(bone_map, side, "thumb")
        across = _reject(wrist - _head(rig, bone_map, thumb[-1]), along) if thumb else np.zeros(3)
    if length < 1e-9 or np.linalg.norm(across) < _NARROW * length:
        return None
    along, across = along / length, normalize(across)
    back = np.cross(along, across) * (1.0 if side == SIDES[0] else -1.0)
    return np.column_stack((along, across, back))


def find_finger_frames(rig: Rig, bone_map: dict[str, str], side: str) -> dict[str, np.ndarray]:
    """Return the frames (3, 3) in the world at rest of a hand's mapped finger bones, by slot; none without a palm."""
    palm = find_palm(rig, bone_map, side)
    if palm is None:
        return {}
    _, across, back = palm.T
    found: dict[str, np.ndarray] = {}
    for finger in FINGER_NAMES:
        bends_to = _THUMB_ACROSS * across - _THUMB_OUT * back if finger == "thumb" else -back
        slots = find_finger_slots(bone_map, side, finger)
        directions = _find_directions(rig, bone_map, slots)
        axis = None
        for slot, along in zip(slots, directions):
            # The first bone's axis goes on, since a finger is a row of hinges: further bones may rest against the palm.
            axis = _reject(np.cross(along, bends_to) if axis is None else axis, along)
            if np.linalg.norm(axis) < 1e-6:
                break
            axis = normalize(axis)
            found[slot] = np.column_stack((along, axis, np.cross(along, axis)))
    return found


def _find_directions(rig: Rig, bone_map: dict[str, str], slots: list[str]) -> list[np.ndarray]:
    """Return the unit vectors (3,) along a finger's bones: from joint to joint, and the last one's to its child or its tail where
    these lie about on the finger's line."""
    bones = [rig.index[bone_map[slot]] for slot in slots]
    found: list[np.ndarray] = []
    for bone, further in pairwise(bones):
        found.append(normalize(rig.heads[further] - rig.heads[bone]))
    if bones:
        last = bones[-1]
        ends = [rig.heads[child] for child in rig.children[last]] + [rig.tails[last]]
        outward = [normalize(end - rig.heads[last]) for end in ends]
        line = found[-1] if found else outward[-1]
        found.append(next((direction for direction in outward if direction @ line > _LAST_BENDS), line))
    return found


def _head(rig: Rig, bone_map: dict[str, str], slot: str) -> np.ndarray:
    return rig.heads[rig.index[bone_map[slot]]]


def _reject(vector: np.ndarray, direction: np.ndarray) -> np.ndarray:
    """Return the part of a vector (3,) at right angles to a direction (3,)."""
    return vector - direction * (vector @ direction) / max(float(direction @ direction), 1e-18)

"""A relaxed pose of the fingers, for sources without fingers: curled towards the palm, the little finger most."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from ....shared.bone_slots import SIDES
from ...base.hand_shapes import RELAXED_DEGREES
from ...base.rotations import quat_from_rotvec
from ..mapped_rigs import Character
from ..rest_alignment import compute_body_axes
from .frames import LONG_FINGERS, PLACES, find_palm

SMPL_FINGERS = {"little": "pinky"}      # by our slots' names, where they differ


def relax_fingers(character: Character, source_map: dict[str, str]) -> dict[str, np.ndarray]:
    """Return channels (1, 4) by bone for the fingers that the source does not move. One finger that moves is followed by all
    but the thumb, and the thumb by the thumb alone.

    Where a finger is bent in the rest pose already, only the missing part is added, about the axis across the palm.
    """
    rig, bone_map = character.rig, character.bone_map
    found = {}
    for side in SIDES:
        if f"{side}_hand" not in bone_map or any(f"{side}_{finger}1" in source_map for finger in LONG_FINGERS):
            continue
        for finger in LONG_FINGERS:
            slots = [f"{side}_{finger}{place}" for place in PLACES]
            axis = _find_curl_axis(character, side) if all(slot in bone_map for slot in slots) else None
            if axis is None:
                continue
            bones = [rig.index[bone_map[slot]] for slot in slots]
            degrees = RELAXED_DEGREES[SMPL_FINGERS.get(finger, finger)]
            for bone, curl in zip(bones, _compute_missing_curls(rig.heads[bones], rig.tails[bones[2]], axis, degrees)):
                # A rotation vector v of the world is R^T v in the bone's axes.
                found[rig.names[bone]] = quat_from_rotvec(rig.rotmats[bone].T @ axis * curl)[None]
    return found


def _find_curl_axis(character: Character, side: str) -> np.ndarray | None:
    """Return the unit axis (3,) in the world about which the fingers close; None where the bones do not tell it."""
    rig, bone_map = character.rig, character.bone_map
    palm = find_palm(rig, bone_map, side)
    if palm is not None:
        across = palm[:, 1]         # from the index to the little finger
    else:                           # one finger and no thumb, or all fingers begin in the wrist
        slots = [f"{side}_{finger}3" for finger in LONG_FINGERS if f"{side}_{finger}3" in bone_map]
        along = np.mean([rig.heads[rig.index[bone_map[slot]]] for slot in slots], axis=0) - rig.heads[
            rig.index[bone_map[f"{side}_hand"]]]
        across = compute_body_axes(rig, bone_map)[:, 1]
        across = across - along * (across @ along) / max(float(along @ along), 1e-18)
    length = np.linalg.norm(across)
    # The left hand's fingers point to the left with the palm down: a turn about the axis to the back takes them down.
    return (1.0 if side == "left" else -1.0) * across / length if length > 1e-6 else None


def _compute_missing_curls(heads: np.ndarray, tail: np.ndarray, axis: np.ndarray, degrees: tuple[int, int, int]) -> np.ndarray:
    """Return the radians (3,) to add at the joints of a finger with heads (3, 3): 0 where it is bent enough at rest."""
    points = np.vstack((heads, tail))
    steps = np.diff(points, axis=0)
    steps = steps - np.outer(steps @ axis, axis)
    bends = [0.0]
    for before, after in pairwise(steps):
        bends.append(float(np.arctan2(np.cross(before, after) @ axis, before @ after)))
    return np.clip(np.radians(degrees) - np.array(bends), 0, None)

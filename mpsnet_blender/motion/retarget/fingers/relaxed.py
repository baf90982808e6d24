"""A relaxed pose of the fingers, for sources without fingers: curled towards the palm, the little finger most."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from ....shared.bone_slots import FINGER_NAMES, SIDES
from ...base.hand_shapes import RELAXED_DEGREES
from ...base.rotations import quat_from_rotvec
from ..mapped_rigs import Character
from ..rest_alignment import compute_body_axes

SMPL_FINGERS = {"little": "pinky"}      # by our slots' names, where they differ


def relax_fingers(character: Character, source_map: dict[str, str]) -> dict[str, np.ndarray]:
    """Return channels (1, 4) by bone for the fingers that the source does not move.

    Where a finger is bent in the rest pose already, only the missing part is added, about the axis across the palm.
    """
    rig, bone_map = character.rig, character.bone_map
    found = {}
    for side in SIDES:
        if f"{side}_hand" not in bone_map or any(f"{side}_{finger}1" in source_map for finger in FINGER_NAMES):
            continue
        for finger in FINGER_NAMES:
            slots = [f"{side}_{finger}{place}" for place in (1, 2, 3)]
            if finger == "thumb" or any(slot not in bone_map for slot in slots):
                continue
            bones = [rig.index[bone_map[slot]] for slot in slots]
            axis = _find_curl_axis(character, side)
            degrees = RELAXED_DEGREES[SMPL_FINGERS.get(finger, finger)]
            for bone, curl in zip(bones, _compute_missing_curls(rig.heads[bones], rig.tails[bones[2]], axis, degrees)):
                # A rotation vector v of the world is R^T v in the bone's axes.
                found[rig.names[bone]] = quat_from_rotvec(rig.rotmats[bone].T @ axis * curl)[None]
    return found


def _find_curl_axis(character: Character, side: str) -> np.ndarray:
    """Return the unit axis (3,) in the world about which the fingers close."""
    rig, bone_map = character.rig, character.bone_map
    hand = rig.heads[rig.index[bone_map[f"{side}_hand"]]]
    knuckles = {finger: rig.heads[rig.index[bone_map[f"{side}_{finger}1"]]] for finger in ("index", "middle", "ring", "little")
                if f"{side}_{finger}1" in bone_map}
    along = np.mean(list(knuckles.values()), axis=0) - hand
    if len(knuckles) > 1:
        names = list(knuckles)
        across = knuckles[names[-1]] - knuckles[names[0]]  # from the index to the little finger
    else:
        across = compute_body_axes(rig, bone_map)[:, 1]
    across = across - along * (across @ along) / (along @ along)
    # The left hand's fingers point to the left with the palm down: a turn about the axis to the back takes them down.
    return (1.0 if side == "left" else -1.0) * across / np.linalg.norm(across)


def _compute_missing_curls(heads: np.ndarray, tail: np.ndarray, axis: np.ndarray, degrees: tuple[int, int, int]) -> np.ndarray:
    """Return the radians (3,) to add at the joints of a finger with heads (3, 3): 0 where it is bent enough at rest."""
    points = np.vstack((heads, tail))
    steps = np.diff(points, axis=0)
    steps = steps - np.outer(steps @ axis, axis)
    bends = [0.0]
    for before, after in pairwise(steps):
        bends.append(float(np.arctan2(np.cross(before, after) @ axis, before @ after)))
    return np.clip(np.radians(degrees) - np.array(bends), 0, None)

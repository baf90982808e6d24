"""Bone maps found by structure, where names are unknown: chains, symmetry, lengths, directions of the rest pose."""

from __future__ import annotations

from itertools import combinations

import numpy as np

from ...shared.bone_slots import NECK, SPINE
from ..base.rig import Rig
from .body_plan import BodyPlan, LimbPair, find_body_plan
from .bone_tree import BoneTree, build_bone_tree
from .fingers.chains import map_fingers

# An adult's proportions choose between bones: on rigs of other builds, the right bones still come nearest to them. The ratios are
# near those of SMPL's generic skeleton (upper arm to forearm 1.09, shoulder to arm 0.35). The bounds and weights were chosen by
# eye; tests/motion/retarget/test_bone_maps.py tries them on rigs without names.
_ANKLE_DROP = 0.84  # least share of the height from hip to lowest bone that lies above the ankle; 0.93 in adults
_UPPER_TO_LOWER_ARM = 1.05
_SHOULDER_TO_ARM = 0.35  # the shoulder's distance from the plane of symmetry, in lengths from shoulder to wrist
_LOWER_ARM_TO_HAND = 1.2  # longest hand with fingers, in lengths of the forearm, that costs nothing
_SHOULDER_WEIGHT, _ELBOW_WEIGHT = 0.7, 2.0  # clavicles differ more between rigs than elbows
_DOUBTFUL_ARM = 1.6  # cost above which the arm is left out; an elbow at twice the usual ratio costs 1.4
_KNEE = (0.3, 0.7)  # bounds of the knee's place between hip (0) and ankle (1); 0.5 in adults
_DOWNWARDS = 0.75  # cosine: leg bones are within 41° of straight down
_UPWARDS = 0.4  # cosine: neck bones are within 66° of straight up
_CROWN = 0.985  # of the height of all bones: a bone that begins above is the end of the head, not the head
_CENTRAL = 0.02  # of the rig's size: bones nearer to the plane of symmetry lie in it
_HIPS_DISTANCE = 0.15  # of the rig's size: a common ancestor farther from the legs is a root on the floor, not the hips
_BRANCHES = 3  # a bone with this many children or more is a hand (fingers) or a head (face)


def map_by_structure(rig: Rig) -> dict[str, str]:
    """Return the bone map of a rig by its structure; doubtful slots are left out, and the map is empty without a body plan."""
    tree = build_bone_tree(rig)
    plan = find_body_plan(tree)
    if plan is None:
        return {}
    nodes = _find_trunk(tree, plan)
    for side, leg, arm in (("left", plan.legs.first, plan.arms.first), ("right", plan.legs.second, plan.arms.second)):
        parts = _map_leg(tree, leg, plan.up) | _map_arm(tree, arm)
        if "hand" in parts:
            parts |= map_fingers(tree, parts["hand"])
        nodes |= {f"{side}_{part}": node for part, node in parts.items()}
    return {slot: rig.names[tree.bones[node]] for slot, node in nodes.items()}


def _find_trunk(tree: BoneTree, plan: BodyPlan) -> dict[str, int]:
    """Return hips, spine, neck and head."""
    hips, spine = _find_hips_and_spine(tree, plan.legs, plan.arms)
    found = {"hips": hips, **dict(zip(SPINE, _thin_out(spine, len(SPINE))))}
    above = _find_head_path(tree, plan)
    if above:
        found |= dict(zip(NECK, _thin_out(above[:-1], len(NECK)))) | {"head": above[-1]}
    return found


def _find_hips_and_spine(tree: BoneTree, legs: LimbPair, arms: LimbPair) -> tuple[int, list[int]]:
    """Return the common ancestor of legs and spine, and the spine from there to the arms' parent.

    Where that common ancestor lies far from the legs (a root on the floor), the legs' parent is the hips.
    """
    path_down = tree.path_to_root(arms.base)[::-1]
    above_legs = tree.path_to_root(legs.base)
    common = next((node for node in above_legs if node in path_down), None)
    spine = path_down[path_down.index(common) + 1:] if common is not None else path_down
    middle = (tree.heads[legs.first[0]] + tree.heads[legs.second[0]]) / 2
    if common is None or np.linalg.norm(tree.heads[common] - middle) > _HIPS_DISTANCE * tree.size:
        return legs.base, [node for node in spine if node != legs.base]
    return common, spine


def _find_head_path(tree: BoneTree, plan: BodyPlan) -> list[int]:
    """Return the bones from the neck to the head: upwards from the arms' parent, without the face and the head's end."""
    heights = tree.heads @ plan.up
    lowest = min(heights[node] for node in plan.legs.first)
    crown = lowest + _CROWN * (max(heights.max(), (tree.tails @ plan.up).max()) - lowest)
    path: list[int] = []
    node = plan.arms.base
    while True:
        risers = [child for child in tree.children[node] if _is_central(tree, child) and heights[child] >= heights[node]
                  and child not in (plan.arms.first[0], plan.arms.second[0])]
        # The neck continues upwards; jaw, eyes and tongue branch off forwards.
        risers = [child for child in risers if _rises(tree.heads[child] - tree.heads[node], plan.up, tree.size)]
        if not risers or (path and _carries_a_face(tree, node)):
            return path
        node = max(risers, key=lambda child: (len(tree.children[child]) > 0, tree.reach[child], heights[child]))
        if path and not tree.children[node] and heights[node] > crown:
            return path
        path.append(node)


def _rises(step: np.ndarray, up: np.ndarray, size: float) -> bool:
    """Tell whether a step (3,) from head to head has a length and goes upwards."""
    length = np.linalg.norm(step)
    return bool(length > 1e-3 * size and step @ up >= _UPWARDS * length)


def _carries_a_face(tree: BoneTree, node: int) -> bool:
    return len(tree.children[node]) >= _BRANCHES


def _is_central(tree: BoneTree, node: int) -> bool:
    return abs(tree.heads[node, tree.lateral] - tree.plane(tree.lateral)) < _CENTRAL * tree.size


def _map_leg(tree: BoneTree, path: list[int], up: np.ndarray) -> dict[str, int]:
    """Return thigh, shin, foot and toe among the bones of a leg's longest branch."""
    points = tree.heads[path]
    drop = (points[0] - points) @ up
    ankle = int(np.argmax(drop >= _ANKLE_DROP * drop.max()))
    steps = np.diff(points, axis=0)
    lengths = np.maximum(np.linalg.norm(steps, axis=1), 1e-9)
    goes_down = (steps @ -up) / lengths > _DOWNWARDS
    hip = int(np.argmax(goes_down))
    if ankle - hip < 2 or not goes_down.any():
        return {}
    along = np.concatenate(([0], np.cumsum(lengths)))
    ratio = (along - along[hip]) / (along[ankle] - along[hip])
    knee = min(range(hip + 1, ankle), key=lambda joint: abs(ratio[joint] - 0.5))
    if not _KNEE[0] < ratio[knee] < _KNEE[1]:
        return {}
    found = {"thigh": path[hip], "shin": path[knee], "foot": path[ankle]}
    if ankle + 1 < len(path):
        found["toe"] = path[ankle + 1]
    return found


def _map_arm(tree: BoneTree, path: list[int]) -> dict[str, int]:
    """Return clavicle, upper arm, forearm and hand among the bones of an arm's longest branch: those whose proportions are
    nearest to an adult's."""
    points = tree.heads[path]
    along = np.concatenate(([0], np.cumsum(np.linalg.norm(np.diff(points, axis=0), axis=1))))
    apart = np.abs(points[:, tree.lateral] - tree.plane(tree.lateral))
    fingers = [joint for joint, node in enumerate(path)
               if sum(tree.reach[child] > 0 for child in tree.children[node]) >= _BRANCHES]
    wrists = fingers[:1] or range(2, len(path))
    best, least = None, _DOUBTFUL_ARM
    for wrist in wrists:
        for shoulder, elbow in combinations(range(wrist), 2):
            upper, lower = along[elbow] - along[shoulder], along[wrist] - along[elbow]
            if min(upper, lower, apart[shoulder]) < 1e-3 * tree.size:
                continue
            cost = (_ELBOW_WEIGHT * abs(np.log(upper / lower / _UPPER_TO_LOWER_ARM))
                    + _SHOULDER_WEIGHT * abs(np.log(apart[shoulder] / (upper + lower) / _SHOULDER_TO_ARM))
                    + max(0.0, (along[-1] - along[wrist]) / lower - _LOWER_ARM_TO_HAND))
            if cost < least:
                best, least = (shoulder, elbow, wrist), cost
    if best is None:
        return {}
    shoulder, elbow, wrist = best
    found = {"upper_arm": path[shoulder], "forearm": path[elbow], "hand": path[wrist]}
    if shoulder > 0:
        found["clavicle"] = path[0]
    return found


def _thin_out(nodes: list[int], most: int) -> list[int]:
    """Return at most `most` of the nodes, evenly spaced, the last one included."""
    if len(nodes) <= most:
        return nodes
    return [nodes[round(place)] for place in np.linspace(0, len(nodes) - 1, most)]

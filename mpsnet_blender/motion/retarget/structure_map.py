"""Bone maps found by structure, where names say nothing: chains, symmetry, lengths, directions of the rest pose."""

from __future__ import annotations

from itertools import combinations

import numpy as np

from ...shared.bone_slots import FINGER_NAMES, NECK, SPINE
from ..base.rig import Rig
from .body_plan import BodyPlan, LimbPair, body_plan
from .bone_tree import BoneTree, bone_tree

# Proportions of adults; they choose between bones, and rigs of other builds still come nearest to them.
_ANKLE_DROP = 0.84  # of the way from hip to sole, at least
_UPPER_TO_LOWER_ARM = 1.05
_SHOULDER_TO_ARM = 0.35  # the shoulder's distance from the middle, of the length from shoulder to wrist
_KNEE = (0.3, 0.7)  # of the way from hip to ankle
_DOUBTFUL_ARM = 1.6
_CROWN = 0.985  # of the height of all bones: what begins above is the end of the head, not the head


def map_by_structure(rig: Rig) -> dict[str, str]:
    """Return the bone map of a rig by its structure; slots in doubt are left out, and all where no body is found."""
    tree = bone_tree(rig)
    plan = body_plan(tree)
    if plan is None:
        return {}
    nodes = _trunk(tree, plan)
    for side, leg, arm in (("left", plan.legs.first, plan.arms.first), ("right", plan.legs.second, plan.arms.second)):
        parts = _leg(tree, leg, plan.up) | _arm(tree, arm)
        if "hand" in parts:
            parts |= _fingers(tree, parts["hand"])
        nodes |= {f"{side}_{part}": node for part, node in parts.items()}
    return {slot: rig.names[tree.bones[node]] for slot, node in nodes.items()}


def _trunk(tree: BoneTree, plan: BodyPlan) -> dict[str, int]:
    """Return hips, spine, neck and head."""
    hips, spine = _hips_and_spine(tree, plan.legs, plan.arms)
    found = {"hips": hips, **dict(zip(SPINE, _thinned(spine, len(SPINE))))}
    above = _head_path(tree, plan)
    if above:
        found |= dict(zip(NECK, _thinned(above[:-1], len(NECK)))) | {"head": above[-1]}
    return found


def _hips_and_spine(tree: BoneTree, legs: LimbPair, arms: LimbPair) -> tuple[int, list[int]]:
    """Return the bone from which legs and spine hang, and the spine from there to what carries the arms.

    Where that common bone lies far from the legs (a root on the floor), the legs' own bone is the hips.
    """
    way_down = tree.way_up(arms.base)[::-1]
    above_legs = tree.way_up(legs.base)
    common = next((node for node in above_legs if node in way_down), None)
    spine = way_down[way_down.index(common) + 1:] if common is not None else way_down
    middle = (tree.heads[legs.first[0]] + tree.heads[legs.second[0]]) / 2
    if common is None or np.linalg.norm(tree.heads[common] - middle) > 0.15 * tree.size:
        return legs.base, [node for node in spine if node != legs.base]
    return common, spine


def _head_path(tree: BoneTree, plan: BodyPlan) -> list[int]:
    """Return the bones from the neck to the head: up from the arms' bone, without the face and the head's end."""
    heights = tree.heads @ plan.up
    lowest = min(heights[node] for node in plan.legs.first)
    crown = lowest + _CROWN * (max(heights.max(), (tree.tails @ plan.up).max()) - lowest)
    path: list[int] = []
    node = plan.arms.base
    while True:
        risers = [child for child in tree.children[node] if _is_central(tree, child) and heights[child] >= heights[node]
                  and child not in (plan.arms.first[0], plan.arms.second[0])]
        # The neck goes on upwards; jaw, eyes and tongue leave forward.
        risers = [child for child in risers if _rises(tree.heads[child] - tree.heads[node], plan.up, tree.size)]
        if not risers or (path and _carries_a_face(tree, node)):
            return path
        node = max(risers, key=lambda child: (len(tree.children[child]) > 0, tree.reach[child], heights[child]))
        if path and not tree.children[node] and heights[node] > crown:
            return path
        path.append(node)


def _rises(step: np.ndarray, up: np.ndarray, size: float) -> bool:
    """Whether a step goes more upwards than anywhere else, and at all."""
    length = np.linalg.norm(step)
    return bool(length > 1e-3 * size and step @ up >= 0.4 * length)


def _carries_a_face(tree: BoneTree, node: int) -> bool:
    return len(tree.children[node]) >= 3


def _is_central(tree: BoneTree, node: int) -> bool:
    return abs(tree.heads[node, tree.lateral] - tree.plane(tree.lateral)) < 0.02 * tree.size


def _leg(tree: BoneTree, path: list[int], up: np.ndarray) -> dict[str, int]:
    """Return thigh, shin, foot and toe of a leg's longest way."""
    points = tree.heads[path]
    drop = (points[0] - points) @ up
    ankle = int(np.argmax(drop >= _ANKLE_DROP * drop.max()))
    steps = np.diff(points, axis=0)
    lengths = np.maximum(np.linalg.norm(steps, axis=1), 1e-9)
    hangs = (steps @ -up) / lengths > 0.75
    hip = int(np.argmax(hangs))
    if ankle - hip < 2 or not hangs.any():
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


def _arm(tree: BoneTree, path: list[int]) -> dict[str, int]:
    """Return clavicle, upper arm, forearm and hand of an arm's longest way: the joints whose proportions are most likely."""
    points = tree.heads[path]
    along = np.concatenate(([0], np.cumsum(np.linalg.norm(np.diff(points, axis=0), axis=1))))
    apart = np.abs(points[:, tree.lateral] - tree.plane(tree.lateral))
    fingers = [joint for joint, node in enumerate(path) if sum(tree.reach[child] > 0 for child in tree.children[node]) >= 3]
    wrists = fingers[:1] or range(2, len(path))
    best, least = None, _DOUBTFUL_ARM
    for wrist in wrists:
        for shoulder, elbow in combinations(range(wrist), 2):
            upper, lower = along[elbow] - along[shoulder], along[wrist] - along[elbow]
            if min(upper, lower, apart[shoulder]) < 1e-3 * tree.size:
                continue
            cost = (2 * abs(np.log(upper / lower / _UPPER_TO_LOWER_ARM))
                    + 0.7 * abs(np.log(apart[shoulder] / (upper + lower) / _SHOULDER_TO_ARM))
                    + max(0.0, (along[-1] - along[wrist]) / lower - 1.2))
            if cost < least:
                best, least = (shoulder, elbow, wrist), cost
    if best is None:
        return {}
    shoulder, elbow, wrist = best
    found = {"upper_arm": path[shoulder], "forearm": path[elbow], "hand": path[wrist]}
    if shoulder > 0:
        found["clavicle"] = path[0]
    return found


def _fingers(tree: BoneTree, hand: int) -> dict[str, int]:
    """Return the bones of five fingers: the thumb's tip is the nearest to the wrist, the others follow it in order."""
    chains = [tree.longest_path(child) for child in tree.children[hand] if tree.reach[child] > 0]
    chains = [chain for chain in chains if len(chain) >= 3]
    if len(chains) != len(FINGER_NAMES):
        return {}
    tips = np.array([tree.heads[chain[2 if len(chain) == 3 else -1]] for chain in chains])
    thumb = int(np.argmin(np.linalg.norm(tips - tree.heads[hand], axis=1)))
    knuckles = np.array([tree.heads[chain[-3]] for chain in chains])
    order = sorted(range(len(chains)), key=lambda number: -1 if number == thumb
                   else np.linalg.norm(knuckles[number] - tips[thumb]))
    # Metacarpals come before the three bones of a finger, an end may follow them.
    return {f"{finger}{place + 1}": node for finger, number in zip(FINGER_NAMES, order)
            for place, node in enumerate(_three_phalanges(chains[number]))}


def _three_phalanges(chain: list[int]) -> list[int]:
    return chain[:3] if len(chain) == 3 else chain[-3:]


def _thinned(nodes: list[int], most: int) -> list[int]:
    """Return at most so many of the nodes, evenly chosen, the last among them."""
    if len(nodes) <= most:
        return nodes
    return [nodes[round(place)] for place in np.linspace(0, len(nodes) - 1, most)]

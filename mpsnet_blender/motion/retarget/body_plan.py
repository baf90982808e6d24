"""Where arms and legs leave the trunk, found by symmetry, lengths and directions."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations, permutations

import numpy as np

from .bone_tree import BoneTree

_SHORTEST_LIMB = 0.15  # of the rig's size
_PARTNERS = 0.03  # of the rig's size: how far the mirrored end of a limb may lie from the other's
_LEG_TO_TRUNK = (0.6, 4.0)
_ARM_TO_TRUNK = (0.5, 3.5)
_LOWEST = 0.06  # of the rig's size: feet end within that of the lowest bone


@dataclass(frozen=True)
class LimbPair:
    """Two mirrored limbs: the bone they hang from, and the bones of each down its longest way."""
    base: int
    first: list[int]
    second: list[int]


@dataclass(frozen=True)
class BodyPlan:
    """The limbs of a body, left before right, and its upward and forward directions (3,) in the armature's axes."""
    legs: LimbPair
    arms: LimbPair
    up: np.ndarray
    forward: np.ndarray


def body_plan(tree: BoneTree) -> BodyPlan | None:
    """Return the plan of a body that has one, else None."""
    if len(tree.bones) == 0 or not tree.is_symmetrical:
        return None
    pairs = _limb_pairs(tree, tree.lateral)
    plans = [plan for legs, arms in permutations(pairs, 2) if (plan := _plan(tree, legs, arms)) is not None]
    # Wings, skirts and hair are symmetrical too: arms are what carries hands.
    return max(plans, key=lambda plan: _hand_count(tree, plan.arms) * tree.size + _length(tree, plan.arms.first)
               + _length(tree, plan.legs.first), default=None)


def _limb_pairs(tree: BoneTree, lateral: int) -> list[LimbPair]:
    """Return the mirrored pairs of long limbs that leave a bone of the middle."""
    pairs = []
    for node, children in enumerate(tree.children):
        for first, second in combinations(children, 2):
            paths = tree.longest_path(first), tree.longest_path(second)
            ends = tree.heads[paths[0][-1]], tree.heads[paths[1][-1]]
            is_mirrored = np.linalg.norm(tree.mirrored(ends[0], lateral) - ends[1]) < _PARTNERS * tree.size
            is_apart = abs(ends[0][lateral] - ends[1][lateral]) > _PARTNERS * tree.size
            if is_mirrored and is_apart and _length(tree, paths[0]) > _SHORTEST_LIMB * tree.size:
                pairs.append(LimbPair(node, *paths))
    return pairs


def _plan(tree: BoneTree, legs: LimbPair, arms: LimbPair) -> BodyPlan | None:
    """Return the body of which these are the legs and the arms, or None where it would be none."""
    hips, shoulders = tree.heads[legs.first[0]].copy(), tree.heads[arms.first[0]].copy()
    trunk = shoulders - hips
    trunk[tree.lateral] = 0
    height = np.linalg.norm(trunk)
    if height < 0.05 * tree.size:
        return None
    up = _snapped(trunk / height)
    leg, arm = _end_direction(tree, legs.first), _end_direction(tree, arms.first)
    lengths = _length(tree, legs.first) / height, _length(tree, arms.first) / height
    lowest = (tree.heads @ up).min()
    is_body = (leg @ up < -0.7 and arm @ up < 0.6
               and _LEG_TO_TRUNK[0] < lengths[0] < _LEG_TO_TRUNK[1] and _ARM_TO_TRUNK[0] < lengths[1] < _ARM_TO_TRUNK[1]
               and min(tree.heads[node] @ up for node in legs.first) < lowest + _LOWEST * tree.size)
    if not is_body:
        return None
    forward = _forward(tree, legs, up)
    left = np.cross(up, forward)
    return BodyPlan(_left_first(tree, legs, left), _left_first(tree, arms, left), up, forward)


def _forward(tree: BoneTree, legs: LimbPair, up: np.ndarray) -> np.ndarray:
    """Return where the feet point: from the ankle's height to the end of the toes, or else the way of the foot's bone."""
    path = legs.first
    heights = np.array([tree.heads[node] @ up for node in path])
    low = heights < heights.min() + 0.2 * np.ptp(heights)
    start, tip = tree.heads[path[int(np.argmax(low))]], tree.heads[path[-1]]
    across = np.zeros(3)
    across[tree.lateral] = 1
    axis = np.cross(across, up)
    along = (tip - start) @ axis
    if abs(along) < 0.01 * tree.size:
        along = (tree.tails[path[-1]] - start) @ axis
    return axis if along >= 0 else -axis


def _left_first(tree: BoneTree, pair: LimbPair, left: np.ndarray) -> LimbPair:
    is_left = (tree.heads[pair.first[-1]] - tree.heads[pair.second[-1]]) @ left > 0
    return pair if is_left else LimbPair(pair.base, pair.second, pair.first)


def _hand_count(tree: BoneTree, pair: LimbPair) -> int:
    """Return 1 where some bone of the limb carries fingers, else 0."""
    return int(any(sum(tree.reach[child] > 0 for child in tree.children[node]) >= 3 for node in pair.first))


def _snapped(direction: np.ndarray) -> np.ndarray:
    """Return the armature's axis next to a direction that is near one, else the direction: backs are not upright."""
    axis = np.zeros(3)
    axis[np.argmax(np.abs(direction))] = np.sign(direction[np.argmax(np.abs(direction))])
    return axis if axis @ direction > 0.8 else direction


def _end_direction(tree: BoneTree, path: list[int]) -> np.ndarray:
    vector = tree.heads[path[-1]] - tree.heads[path[0]]
    return vector / max(np.linalg.norm(vector), 1e-9)


def _length(tree: BoneTree, path: list[int]) -> float:
    return float(np.linalg.norm(np.diff(tree.heads[path], axis=0), axis=1).sum())

"""Where arms and legs leave the trunk, found by symmetry, lengths and directions."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations, permutations

import numpy as np

from .bone_tree import BoneTree

# Lengths below are fractions of the rig's size. The bounds were chosen by eye, wide enough for children and long-legged
# cartoon figures; they are not measured. tests/motion/retarget/test_bone_maps.py tries them on rigs without names.
_SHORTEST_LIMB = 0.15  # an adult's arm is 0.3 of the stature, a leg 0.5; ears, tails and braids are mostly shorter
_MIRROR_TOLERANCE = 0.03  # greatest distance from the mirrored end of one limb to the end of the other; as in bone_tree
_LEG_TO_TRUNK = (0.6, 4.0)  # length of the leg in lengths of the trunk, hips to shoulders; an adult has 1.7
_ARM_TO_TRUNK = (0.5, 3.5)  # the same for the arm with its hand; an adult has 1.5
_LOWEST = 0.06  # feet end within this distance of the lowest bone
_SHORTEST_TRUNK = 0.05  # hips to shoulders; 0.3 in adults, so that anything shorter is no trunk
_LEG_COSINE, _ARM_COSINE = -0.7, 0.6  # with the upward axis: legs within 45° of straight down, arms 53° or more off straight up
_FINGER_COUNT = 3  # fewest fingers into which a hand branches; cartoon hands have a thumb and two or three


@dataclass(frozen=True)
class LimbPair:
    """Two mirrored limbs: the bone that is their common ancestor, and the bones of each along its longest branch."""
    base: int
    first: list[int]
    second: list[int]


@dataclass(frozen=True)
class BodyPlan:
    """The limbs of a body, left before right, and its upward and forward unit vectors (3,) in the armature's axes."""
    legs: LimbPair
    arms: LimbPair
    up: np.ndarray
    forward: np.ndarray


def find_body_plan(tree: BoneTree) -> BodyPlan | None:
    """Return the plan of a symmetrical body with two legs and two arms, None where the tree has none."""
    if len(tree.bones) == 0 or not tree.is_symmetrical:
        return None
    pairs = _find_limb_pairs(tree, tree.lateral)
    plans = [plan for legs, arms in permutations(pairs, 2) if (plan := _make_plan(tree, legs, arms)) is not None]
    # Wings, skirts and hair are symmetrical too: the pair with hands are the arms.
    return max(plans, key=lambda plan: _count_hands(tree, plan.arms) * tree.size + _compute_length(tree, plan.arms.first)
               + _compute_length(tree, plan.legs.first), default=None)


def _find_limb_pairs(tree: BoneTree, lateral: int) -> list[LimbPair]:
    """Return the mirrored pairs of long limbs that start at the same bone."""
    pairs = []
    for node, children in enumerate(tree.children):
        for first, second in combinations(children, 2):
            paths = tree.longest_path(first), tree.longest_path(second)
            ends = tree.heads[paths[0][-1]], tree.heads[paths[1][-1]]
            is_mirrored = np.linalg.norm(tree.mirror_points(ends[0], lateral) - ends[1]) < _MIRROR_TOLERANCE * tree.size
            is_apart = abs(ends[0][lateral] - ends[1][lateral]) > _MIRROR_TOLERANCE * tree.size
            if is_mirrored and is_apart and _compute_length(tree, paths[0]) > _SHORTEST_LIMB * tree.size:
                pairs.append(LimbPair(node, *paths))
    return pairs


def _make_plan(tree: BoneTree, legs: LimbPair, arms: LimbPair) -> BodyPlan | None:
    """Return the body plan with these legs and arms, None where their directions and lengths do not fit a body."""
    hips, shoulders = tree.heads[legs.first[0]].copy(), tree.heads[arms.first[0]].copy()
    trunk = shoulders - hips
    trunk[tree.lateral] = 0
    height = np.linalg.norm(trunk)
    if height < _SHORTEST_TRUNK * tree.size:
        return None
    up = _snap_to_axis(trunk / height)
    leg, arm = _compute_end_direction(tree, legs.first), _compute_end_direction(tree, arms.first)
    lengths = _compute_length(tree, legs.first) / height, _compute_length(tree, arms.first) / height
    lowest = (tree.heads @ up).min()
    is_body = (leg @ up < _LEG_COSINE and arm @ up < _ARM_COSINE
               and _LEG_TO_TRUNK[0] < lengths[0] < _LEG_TO_TRUNK[1] and _ARM_TO_TRUNK[0] < lengths[1] < _ARM_TO_TRUNK[1]
               and min(tree.heads[node] @ up for node in legs.first) < lowest + _LOWEST * tree.size)
    if not is_body:
        return None
    forward = _find_forward(tree, legs, up)
    left = np.cross(up, forward)
    return BodyPlan(_order_left_first(tree, legs, left), _order_left_first(tree, arms, left), up, forward)


def _find_forward(tree: BoneTree, legs: LimbPair, up: np.ndarray) -> np.ndarray:
    """Return the unit vector (3,) in which the feet point: from the ankle to the end of the toes, or along the last bone."""
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


def _order_left_first(tree: BoneTree, pair: LimbPair, left: np.ndarray) -> LimbPair:
    is_left = (tree.heads[pair.first[-1]] - tree.heads[pair.second[-1]]) @ left > 0
    return pair if is_left else LimbPair(pair.base, pair.second, pair.first)


def _count_hands(tree: BoneTree, pair: LimbPair) -> int:
    """Return 1 where a bone of the limb has fingers as children, else 0."""
    return int(any(sum(tree.reach[child] > 0 for child in tree.children[node]) >= _FINGER_COUNT for node in pair.first))


def _snap_to_axis(direction: np.ndarray) -> np.ndarray:
    """Return the armature's axis nearest to a direction (3,) where it lies within 37°, else the direction: a resting trunk
    leans a little, though the body stands along an axis."""
    axis = np.zeros(3)
    axis[np.argmax(np.abs(direction))] = np.sign(direction[np.argmax(np.abs(direction))])
    return axis if axis @ direction > 0.8 else direction


def _compute_end_direction(tree: BoneTree, path: list[int]) -> np.ndarray:
    vector = tree.heads[path[-1]] - tree.heads[path[0]]
    return vector / max(np.linalg.norm(vector), 1e-9)


def _compute_length(tree: BoneTree, path: list[int]) -> float:
    return float(np.linalg.norm(np.diff(tree.heads[path], axis=0), axis=1).sum())

"""The bones of a rig as a tree of those that matter for its structure, with the plane that halves it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from ..base.rig import Rig

_FEWEST_DEFORMING = 15  # with fewer, the mark says nothing, and all bones count
_MIRROR_TOLERANCE = 0.03  # of the rig's size; people's own skeletons are not quite symmetrical
_FEWEST_OFF_PLANE = 6
_FEWEST_MIRRORED = 0.7  # of the bones off the plane must have a partner


@dataclass(frozen=True)
class BoneTree:
    """The bones that deform, in the armature's axes: bones (M) as numbers in the rig, parents (M) within the tree,
    heads and tails (M, 3)."""
    bones: np.ndarray
    parents: np.ndarray
    heads: np.ndarray
    tails: np.ndarray

    @cached_property
    def size(self) -> float:
        """The longest side of the box about all heads."""
        return float(np.ptp(self.heads, axis=0).max())

    @cached_property
    def children(self) -> list[list[int]]:
        found: list[list[int]] = [[] for _ in self.bones]
        for node, parent in enumerate(self.parents):
            if parent >= 0:
                found[parent].append(node)
        return found

    @cached_property
    def reach(self) -> np.ndarray:
        """The length (M) of the longest way from a bone's head down to the head of a last bone."""
        reach = np.zeros(len(self.bones))
        for node in range(len(self.bones) - 1, -1, -1):  # children come after their parents
            parent = self.parents[node]
            if parent >= 0:
                reach[parent] = max(reach[parent], reach[node] + np.linalg.norm(self.heads[node] - self.heads[parent]))
        return reach

    def longest_path(self, node: int) -> list[int]:
        """Return the bones from one down the longest way."""
        path = [node]
        while self.children[path[-1]]:
            here = path[-1]
            path.append(max(self.children[here],
                            key=lambda child: self.reach[child] + np.linalg.norm(self.heads[child] - self.heads[here])))
        return path

    def way_up(self, node: int) -> list[int]:
        """Return a bone and those above it."""
        way = [node]
        while self.parents[way[-1]] >= 0:
            way.append(int(self.parents[way[-1]]))
        return way

    @cached_property
    def lateral(self) -> int:
        """The axis (0, 1, 2) across the plane that halves the rig, where it is symmetrical."""
        return int(np.argmax([self._mirrored(axis)[0] for axis in range(3)]))

    @property
    def is_symmetrical(self) -> bool:
        """Whether most bones off that plane have a partner on its other side."""
        return self._mirrored(self.lateral)[1] >= _FEWEST_MIRRORED

    @cached_property
    def middle(self) -> np.ndarray:
        """A point (3,) of the plane, as coordinates across each axis: zero, or where most bones lie."""
        return np.median(self.heads, axis=0)

    def mirrored(self, points: np.ndarray, axis: int) -> np.ndarray:
        """Return points (..., 3) on the other side of the plane across an axis."""
        flipped = np.array(points)
        flipped[..., axis] = 2 * self.plane(axis) - flipped[..., axis]
        return flipped

    def plane(self, axis: int) -> float:
        """Return where the plane across an axis lies: at the origin, or at the bones' median where that is elsewhere."""
        return 0.0 if abs(self.middle[axis]) < _MIRROR_TOLERANCE * self.size else float(self.middle[axis])

    def _mirrored(self, axis: int) -> tuple[int, float]:
        """Return how many bones off the plane across an axis have a partner on its other side, and which share."""
        off = np.abs(self.heads[:, axis] - self.plane(axis)) > _MIRROR_TOLERANCE * self.size
        if off.sum() < _FEWEST_OFF_PLANE:
            return 0, 0.0
        partners = self.mirrored(self.heads[off], axis)
        distances = np.linalg.norm(partners[:, None] - self.heads[None, :], axis=-1).min(axis=1)
        has_partner = distances < _MIRROR_TOLERANCE * self.size
        return int(has_partner.sum()), float(has_partner.mean())


def bone_tree(rig: Rig) -> BoneTree:
    """Return the tree of the deforming bones of a rig, or of all where few are marked as such."""
    chosen = rig.is_deforming if rig.is_deforming.sum() >= _FEWEST_DEFORMING else np.ones(len(rig.names), dtype=bool)
    number = np.cumsum(chosen) - 1
    nearest = np.full(len(rig.names), -1)  # the chosen bone that each bone is or hangs from
    parents = []
    for bone, parent in enumerate(rig.parents):
        above = nearest[parent] if parent >= 0 else -1
        if chosen[bone]:
            parents.append(above)
        nearest[bone] = number[bone] if chosen[bone] else above
    bones = np.flatnonzero(chosen)
    return BoneTree(bones, np.array(parents), rig.local_points(rig.heads[bones]), rig.local_points(rig.tails[bones]))

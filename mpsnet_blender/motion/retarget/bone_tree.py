"""The deforming bones of a rig as a tree, with its plane of symmetry."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from ..base.rig import Rig

# Chosen by reasoning and tried on the rigs of tests/made_rigs.py; not measured.
_FEWEST_DEFORMING = 15  # a body needs about as many bones; with fewer marked "deform", the mark is ignored and all bones count
_MIRROR_TOLERANCE = 0.03  # of the rig's size, 5 cm on an adult: rigs that people build are not exactly symmetrical
_FEWEST_OFF_PLANE = 6  # three bones a side, the fewest that show a symmetry
_FEWEST_MIRRORED = 0.7  # share of the bones off the plane that must have a partner; props and pockets have none


@dataclass(frozen=True)
class BoneTree:
    """The deforming bones, in the armature's axes: bones (M,) are indices in the rig, parents (M,) indices in the tree (-1
    for none), heads and tails (M, 3)."""
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
        """The length (M,) of the longest branch below each bone, from its head to the head of the branch's last bone."""
        reach = np.zeros(len(self.bones))
        for node in range(len(self.bones) - 1, -1, -1):  # children come after their parents
            parent = self.parents[node]
            if parent >= 0:
                reach[parent] = max(reach[parent], reach[node] + np.linalg.norm(self.heads[node] - self.heads[parent]))
        return reach

    def longest_path(self, node: int) -> list[int]:
        """Return a bone and its descendants along the longest branch."""
        path = [node]
        while self.children[path[-1]]:
            here = path[-1]
            path.append(max(self.children[here],
                            key=lambda child: self.reach[child] + np.linalg.norm(self.heads[child] - self.heads[here])))
        return path

    def path_to_root(self, node: int) -> list[int]:
        """Return a bone and its ancestors, the root last."""
        path = [node]
        while self.parents[path[-1]] >= 0:
            path.append(int(self.parents[path[-1]]))
        return path

    @cached_property
    def lateral(self) -> int:
        """The axis (0, 1, 2) that is normal to the plane of symmetry."""
        return int(np.argmax([self._count_mirrored(axis)[0] for axis in range(3)]))

    @property
    def is_symmetrical(self) -> bool:
        """Whether most bones off the plane of symmetry have a partner on its other side."""
        return self._count_mirrored(self.lateral)[1] >= _FEWEST_MIRRORED

    @cached_property
    def middle(self) -> np.ndarray:
        """The median (3,) of the bones' heads."""
        return np.median(self.heads, axis=0)

    def mirror_points(self, points: np.ndarray, axis: int) -> np.ndarray:
        """Return points (..., 3) mirrored at the plane that is normal to an axis."""
        flipped = np.array(points)
        flipped[..., axis] = 2 * self.plane(axis) - flipped[..., axis]
        return flipped

    def plane(self, axis: int) -> float:
        """Return the coordinate of the plane normal to an axis: 0 where the bones' median is near it, else the median's."""
        return 0.0 if abs(self.middle[axis]) < _MIRROR_TOLERANCE * self.size else float(self.middle[axis])

    def _count_mirrored(self, axis: int) -> tuple[int, float]:
        """Return the count and the share of those bones off the plane normal to an axis that have a mirrored partner."""
        off = np.abs(self.heads[:, axis] - self.plane(axis)) > _MIRROR_TOLERANCE * self.size
        if off.sum() < _FEWEST_OFF_PLANE:
            return 0, 0.0
        partners = self.mirror_points(self.heads[off], axis)
        distances = np.linalg.norm(partners[:, None] - self.heads[None, :], axis=-1).min(axis=1)
        has_partner = distances < _MIRROR_TOLERANCE * self.size
        return int(has_partner.sum()), float(has_partner.mean())


def build_bone_tree(rig: Rig) -> BoneTree:
    """Return the tree of the deforming bones of a rig, or of all its bones where few are marked as deforming."""
    chosen = rig.is_deforming if rig.is_deforming.sum() >= _FEWEST_DEFORMING else np.ones(len(rig.names), dtype=bool)
    number = np.cumsum(chosen) - 1
    nearest = np.full(len(rig.names), -1)  # the chosen bone that each bone is, or its nearest chosen ancestor
    parents = []
    for bone, parent in enumerate(rig.parents):
        above = nearest[parent] if parent >= 0 else -1
        if chosen[bone]:
            parents.append(above)
        nearest[bone] = number[bone] if chosen[bone] else above
    bones = np.flatnonzero(chosen)
    return BoneTree(bones, np.array(parents), rig.local_points(rig.heads[bones]), rig.local_points(rig.tails[bones]))

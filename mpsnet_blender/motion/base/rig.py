"""A rig as arrays: its bones in one pose, in the world."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np


@dataclass(frozen=True)
class Rig:
    """The bones of an armature, parents before children; metres of the scene, world axes, Z up.

    names (N,); parents (N,), -1 for none; heads, tails (N, 3) and rotmats (N, 3, 3): the pose that counts as rest pose;
    is_deforming, inherits_rotation, moves_locally (N,), the last: whether a bone's location is along the bone's axes, not its
    parent's; origin (3,), axes (3, 3) and scale: the armature object's position, its axes in the world, its unit in metres.
    """
    names: tuple[str, ...]
    parents: np.ndarray
    heads: np.ndarray
    tails: np.ndarray
    rotmats: np.ndarray
    is_deforming: np.ndarray
    inherits_rotation: np.ndarray
    moves_locally: np.ndarray
    origin: np.ndarray
    axes: np.ndarray
    scale: float

    @cached_property
    def index(self) -> dict[str, int]:
        return {name: number for number, name in enumerate(self.names)}

    @cached_property
    def children(self) -> list[list[int]]:
        found: list[list[int]] = [[] for _ in self.names]
        for bone, parent in enumerate(self.parents):
            if parent >= 0:
                found[parent].append(bone)
        return found

    def ancestors(self, bone: int) -> list[int]:
        """Return the ancestors of a bone, the parent first."""
        above = []
        while (bone := int(self.parents[bone])) >= 0:
            above.append(bone)
        return above

    def is_above(self, bone: int, other: int) -> bool:
        """Tell whether `bone` is an ancestor of `other`."""
        return bone in self.ancestors(other)

    def local_points(self, points: np.ndarray) -> np.ndarray:
        """Return world points (..., 3) in the armature's axes from its origin, in metres."""
        return (points - self.origin) @ self.axes

"""Forward kinematics of a rig from world rotations of its mapped bones, and the channels that give these rotations."""

from __future__ import annotations

import numpy as np

from ..base.quaternions import conjugate, multiply, turn
from ..base.rig import Rig
from ..base.rotations import quat_from_rotmat


class Posing:
    """A rig over T frames: some bones have the world rotations `wanted` {bone: (T, 4)}, the others rest in their parents.

    Rotations are quaternions, w first; bones without a wanted ancestor have one frame.
    """

    def __init__(self, rig: Rig, wanted: dict[int, np.ndarray]):
        self.rig = rig
        self.wanted = wanted
        parents = np.maximum(rig.parents, 0)
        from_parent = np.where((rig.parents >= 0)[:, None, None], rig.rotmats[parents].swapaxes(-1, -2), np.eye(3))
        self._from_parent = quat_from_rotmat(from_parent @ rig.rotmats)
        self._rest = quat_from_rotmat(rig.rotmats)
        self._offsets = np.einsum("nij,nj->ni", from_parent, rig.heads - np.where((rig.parents >= 0)[:, None],
                                                                                 rig.heads[parents], 0))
        self._rotations: dict[int, np.ndarray] = {}
        self._heads: dict[int, np.ndarray] = {}

    def rotation(self, bone: int) -> np.ndarray:
        """Return a bone's rotation in the world (T or 1, 4)."""
        if bone in self.wanted:
            return self.wanted[bone]
        if bone not in self._rotations:
            self._rotations[bone] = self.resting_rotation(bone)
        return self._rotations[bone]

    def resting_rotation(self, bone: int) -> np.ndarray:
        """Return the world rotation (T or 1, 4) that a bone has where its channels are at rest and its parents are posed."""
        parent = int(self.rig.parents[bone])
        if parent < 0 or not self.rig.inherits_rotation[bone]:
            return self._rest[bone][None]
        return multiply(self.rotation(parent), self._from_parent[bone])

    def head(self, bone: int) -> np.ndarray:
        """Return a bone's head (T or 1, 3) as the rotations alone place it, in metres of the world."""
        if bone not in self._heads:
            parent = int(self.rig.parents[bone])
            self._heads[bone] = (self.rig.heads[bone][None] if parent < 0
                                  else self.head(parent) + turn(self.rotation(parent), self._offsets[bone]))
        return self._heads[bone]

    def offset(self, bone: int) -> np.ndarray:
        """Return the vector (3,) from its parent's head to a bone's, in the parent's axes, in metres."""
        return self._offsets[bone]

    def basis(self, bone: int) -> np.ndarray:
        """Return the rotation channel (T, 4) that gives a bone its wanted world rotation."""
        return multiply(conjugate(self.resting_rotation(bone)), self.wanted[bone])

    def basis_location(self, bone: int, offset: np.ndarray) -> np.ndarray:
        """Return the location channel (T, 3) that moves a bone by `offset` (T, 3) metres of the world."""
        return turn(conjugate(self._location_axes(bone)), offset) / self.rig.scale

    def _location_axes(self, bone: int) -> np.ndarray:
        """Return the world rotation (T or 1, 4) of the axes of a bone's location channels."""
        parent = int(self.rig.parents[bone])
        if self.rig.moves_locally[bone]:
            return self.resting_rotation(bone)
        return self.rotation(parent) if parent >= 0 else quat_from_rotmat(self.rig.axes)[None]


def pose_forward(rig: Rig, bones: list[int], turns: dict[int, np.ndarray],
                 moves: dict[int, np.ndarray]) -> tuple[dict[int, np.ndarray], dict[int, np.ndarray]]:
    """Return world rotations (T or 1, 4) and heads (T or 1, 3) by bone, of `bones` and their ancestors.

    turns {bone: (T, 4)} and moves {bone: (T, 3)} are rotation and location channels, in each bone's axes and the
    armature's unit.
    """
    resting = Posing(rig, {})
    wanted: dict[int, np.ndarray] = {}
    heads: dict[int, np.ndarray] = {}
    for bone in sorted({above for last in bones for above in (last, *rig.ancestors(last))}):
        parent = int(rig.parents[bone])
        resting.wanted = wanted
        rest = resting.resting_rotation(bone)
        heads[bone] = (rig.heads[bone][None] if parent < 0
                       else heads[parent] + turn(wanted[parent], resting.offset(bone)))
        if bone in moves:
            heads[bone] = heads[bone] + turn(rest, moves[bone] * rig.scale)
        wanted[bone] = multiply(rest, turns[bone]) if bone in turns else rest
    return wanted, heads

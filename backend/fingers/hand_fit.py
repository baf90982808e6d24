"""Fits a hand of constant bone lengths to landmarks: in the picture they are exact, their depths are a weak prior."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
from scipy.spatial.transform import Rotation

from mpsnet_blender.shared.arrays.frame_blocks import frame_blocks

from ..base.pinhole import compute_rays, rotmats_towards
from ..base.rotations import fit_rotmats, rotate
from ..hands.landmarks import HAND_LANDMARKS, KNUCKLES, WRIST
from .hand_shape import Turn, list_turns, make_rest_points

# Errors (sigma) of landmarks, in lengths of the palm from the wrist to the middle knuckle, across the picture and in depth, and
# the sigmas of what follows below: the best of some on the rendered gestures of benchmarks/hands.py.
_XY_SIGMA, _Z_SIGMA = 0.08, 0.15
_SCALE_SIGMA = 0.1          # of a hand's length by the body's: people's hands differ so, and the body's distance is as sure
_NO_PRIOR = 1e-6            # keeps the equations solvable
# Of a finger's middle joint's angle: how much its knuckle and its last joint bend with it, and by how many degrees (sigma) they
# differ from that.
_KNUCKLE_FOLLOWS, _LAST_FOLLOWS = (0.8, 25.0), (0.6, 15.0)
_PALM = (0, *KNUCKLES)
_ROUNDS = 8                 # of Gauss-Newton; ten are no better
_BLOCK_FRAMES = 1024        # computed at a time, for bounded memory
_LARGEST_STEP = 0.5         # radians


@dataclass(frozen=True)
class SeenHand:
    """What was seen of a left hand, or of a right one's mirror image, in T frames.

    All in metres of a body of DEFAULT_STATURE. plane (T, 21, 2): positions across the line of sight to the wrist, as at the
    wrist's distance; depth (T, 21) from anywhere; distance (T,) of the wrist from the camera.
    """
    plane: np.ndarray
    depth: np.ndarray
    distance: np.ndarray

    def at(self, rows: slice) -> SeenHand:
        """Return what was seen in some frames."""
        return SeenHand(self.plane[rows], self.depth[rows], self.distance[rows])


def see_hand(xy: np.ndarray, world: np.ndarray, distance: np.ndarray, intrinsics: np.ndarray,
             is_right: bool) -> tuple[SeenHand, np.ndarray]:
    """Return what landmarks (xy (T, 21, 2) px, world (T, 21, 3) m, the wrist at a distance (T,) m) show of a hand, and the
    rotations (T, 3, 3) that take the axes of the lines of sight to the camera's."""
    rays = compute_rays(xy, intrinsics)
    towards = rotmats_towards(rays[:, WRIST])
    turned = np.einsum("tji,tkj->tki", towards, rays)
    plane = turned[..., :2] / turned[..., 2:] * distance[:, None, None]
    return SeenHand(plane * ((-1.0, 1.0) if is_right else (1.0, 1.0)), world[..., 2].astype(float), distance), towards


@dataclass(frozen=True)
class FittedHand:
    """A left hand in T frames: palm (T, 3, 3), the rotation from the rest pose to the axes of the line of sight; angles (T, 21)
    in radians of `list_turns`; missed (T, 21, 3): from the hand's points to the landmarks in these axes, in lengths of the palm;
    cost (T,): the sum of squares that was minimised."""
    palm: np.ndarray
    angles: np.ndarray
    missed: np.ndarray
    cost: np.ndarray


def fit_hand(seen: SeenHand, trust: float = 1.0) -> FittedHand:
    """Return the hand that fits what was seen best, in one frame or more; trust: how many times less than usual that errs.

    Frames are independent of one another.
    """
    fitted = [_Problem(seen.at(block), trust).solve() for block in frame_blocks(len(seen.plane), _BLOCK_FRAMES)]
    return FittedHand(*(np.concatenate([getattr(part, item.name) for part in fitted]) for item in fields(FittedHand)))


class _Problem:
    """Some frames. Gauss-Newton over the palm's rotation (3) and place (3), the logarithm of the hand's size, and the angles.

    Minimised are the distances of landmarks over their sigmas, and those of size and angles from what is usual. After each
    step, angles are brought back within their limits.
    """

    def __init__(self, seen: SeenHand, trust: float):
        self._seen, self._rest = seen, make_rest_points()
        rest = self._rest
        self._turns: tuple[Turn, ...] = list_turns()
        low, high, usual, sigma = np.radians([turn.degrees for turn in self._turns]).T
        self._low, self._high, self._usual, self._sigma = low, high, usual, sigma
        self._prior = _make_prior(self._turns, sigma)
        count = len(seen.plane)
        self._palm_length = float(np.linalg.norm(rest[9]))
        self._errors = self._palm_length / trust * np.array((_XY_SIGMA, _XY_SIGMA, _Z_SIGMA))
        landmarks = np.concatenate([seen.plane, seen.depth[..., None]], axis=-1)[:, _PALM]
        self.palm = fit_rotmats(rest[list(_PALM)], landmarks, np.ones((count, len(_PALM))))
        self._place = landmarks.mean(1) - rotate(self.palm, rest[list(_PALM)].mean(0))
        self._size = np.zeros(count)
        self.angles = np.tile(usual, (count, 1))

    def solve(self) -> FittedHand:
        for _ in range(_ROUNDS):
            self._step()
        points, _, _ = self._pose()
        missed, away = self._seen_points(points) - points, self._away()
        cost = ((missed / self._errors) ** 2).sum((1, 2)) + ((away @ self._prior) * away).sum(1)
        return FittedHand(self.palm, self.angles, missed / self._palm_length, cost)

    def _away(self) -> np.ndarray:
        """Return what differs from the usual (T, 7 + P)."""
        return np.concatenate([np.zeros((len(self.palm), 6)), self._size[:, None], self.angles - self._usual], axis=1)

    def _pose(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return points (T, 21, 3), and of each turn its axis (T, P, 3) and pivot (T, P, 3)."""
        count, scale = len(self.palm), np.exp(self._size)[:, None]
        points = np.empty((count, HAND_LANDMARKS, 3))
        points[:, 0] = self._place
        axes, pivots = np.empty((2, count, len(self._turns), 3))
        rotation, last = self.palm, 0
        for number, turn in enumerate(self._turns):
            if turn.pivot != last:
                is_root = turn.pivot % 4 == 1
                before = 0 if is_root else turn.pivot - 1
                rotation = self.palm if is_root else rotation
                points[:, turn.pivot] = points[:, before] + scale * rotate(rotation, self._rest[turn.pivot] - self._rest[before])
                last = turn.pivot
            axes[:, number], pivots[:, number] = rotate(rotation, turn.axis), points[:, turn.pivot]
            rotation = rotation @ Rotation.from_rotvec(turn.axis * self.angles[:, number, None]).as_matrix()
            if turn.pivot % 4 == 3:
                tip = turn.pivot + 1
                points[:, tip] = points[:, turn.pivot] + scale * rotate(rotation, self._rest[tip] - self._rest[turn.pivot])
        return points, axes, pivots

    def _seen_points(self, points: np.ndarray) -> np.ndarray:
        """Return the landmarks (T, 21, 3), seen at the depth that the hand's points have: farther ones are seen smaller."""
        deeper = points[..., 2:] - points[:, :1, 2:]
        plane = self._seen.plane * (1 + deeper / self._seen.distance[:, None, None])
        return np.concatenate([plane, self._seen.depth[..., None]], axis=-1)

    def _step(self) -> None:
        points, axes, pivots = self._pose()
        count, turns = len(points), len(self._turns)
        jacobian = np.zeros((count, HAND_LANDMARKS, 3, 7 + turns))
        from_wrist = points - points[:, :1]
        for axis in range(3):
            jacobian[..., axis] = np.cross(np.eye(3)[axis], from_wrist)
            jacobian[..., axis, 3 + axis] = 1.0
        jacobian[..., 6] = from_wrist
        for number, turn in enumerate(self._turns):
            moved = slice(turn.moved[0], turn.moved[-1] + 1)
            jacobian[:, moved, :, 7 + number] = np.cross(axes[:, number, None], points[:, moved] - pivots[:, number, None])
        seen = self._seen_points(points)
        rows = (jacobian / self._errors[:, None]).reshape(count, -1, 7 + turns)
        residuals = ((seen - points) / self._errors).reshape(count, -1)
        normal = np.swapaxes(rows, 1, 2) @ rows
        right = np.einsum("trp,tr->tp", rows, residuals)
        step = np.linalg.solve(normal + self._prior, (right - self._away() @ self._prior)[..., None])[..., 0]
        self._move(step)

    def _move(self, step: np.ndarray) -> None:
        step[:, [0, 1, 2]] = np.clip(step[:, :3], -_LARGEST_STEP, _LARGEST_STEP)
        step[:, 7:] = np.clip(step[:, 7:], -_LARGEST_STEP, _LARGEST_STEP)
        self.palm = Rotation.from_rotvec(step[:, :3]).as_matrix() @ self.palm
        self._place = self._place + step[:, 3:6]
        self._size = self._size + step[:, 6]
        self.angles = np.clip(self.angles + step[:, 7:], self._low, self._high)


def _make_prior(turns: tuple[Turn, ...], sigma: np.ndarray) -> np.ndarray:
    """Return the matrix (7 + P, 7 + P) whose product with what differs from the usual, from both sides, is the prior's cost.

    A finger's last joint bends with the middle one, as one tendon bends both, and its knuckle mostly does too.
    """
    prior = np.diag(np.concatenate([np.full(6, _NO_PRIOR), [_SCALE_SIGMA ** -2], sigma ** -2]))
    for middle, turn in enumerate(turns, start=7):
        if turn.pivot > 4 and turn.pivot % 4 == 2:
            for follower, share, degrees in ((middle - 1, *_KNUCKLE_FOLLOWS), (middle + 1, *_LAST_FOLLOWS)):
                row = np.zeros(len(prior))
                row[[follower, middle]] = 1.0, -share
                prior += np.outer(row, row) / np.radians(degrees) ** 2
    return prior

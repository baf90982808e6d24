"""The path of the root through the world that best fits the picture, the size in it, the floor under planted feet and inertia.

Each of these gives rows of a linear least-squares problem in the root's positions p (T, 3), solved as one banded system.
Every term is weighted by seconds, not frames: 25 and 120 frames a second give the same path.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.linalg import solveh_banded

from mpsnet_blender.motion.base.smoothing import LONGEST_STEP, frame_durations
from mpsnet_blender.shared.arrays.frame_blocks import overlapping_blocks

from ..base.pinhole import fit_translation

# Errors (one sigma), and the seconds over which they are correlated, both measured on rendered people.
_LATERAL_METRES, _LATERAL_SECONDS = 0.025, 0.10
_SIZE_SHARE, _SIZE_SECONDS = 0.025, 0.4            # of the distance, from how large the body looks
_KNOWN_METRES, _KNOWN_SECONDS = 0.015, 0.10        # from several views; by estimate
_FLOOR_METRES, _FLOOR_SECONDS = 0.02, 0.15
_FOOT_RAY_METRES, _FOOT_RAY_SECONDS = 0.02, 0.2
LANDMARK_ABOVE_SOLE = (0.055, 0.025)              # metres: heel and toes of a standing foot
_SLIDE_SPEED, _SLIDE_SECONDS = 0.25, 0.10          # m/s of a planted foot, by errors of the pose
_SLIDE_TOWARDS = 0.2                               # of the weight across the view: in depth the pose errs 2.2 times as much
# Sigmas (m/s^2) of the root's acceleration aside, up (a runner reaches 1 g) and in depth: there the picture shows little, and a
# stiff path is better than the noise of sizes. Chosen by eye on rendered clips.
_SWAY, _RISE, _TOWARDS = 6.0, 12.0, 1.2
_SWAY_SECONDS = 1 / 30                             # over which accelerations are correlated: the rate of the clips they fit
_ROBUST_SIGMAS, _ROUNDS = 3.0, 6                   # errors from which on rows count less; rounds of reweighting
# Around a part of a long clip: inertia carries an error on by a third of it in about 1 s, and in 5 s where nothing is seen well.
_AROUND_SECONDS = 30.0
_MIN_DEPTH = 0.3                                   # metres from the camera


@dataclass(frozen=True)
class Sight:
    """What is seen of a person, in the world's axes, for a root at the world's origin.

    landmarks (T, K, 3) and soles (T, 4, 3) of the posed body in metres; lowest (T,): the height of its lowest part without the
    feet; rays (T, K, 3) of the landmarks in the camera's frame and their weights (T, K) in 0..1; foot_landmarks (4,): which
    of the K lie nearest to the soles; world_from_cam (T, 4, 4); timestamps (T,) s. path (T, 3): the root's, where several views
    show it; it is then held, instead of the place and size in this picture. ledges (T,): the height of what the feet may stand
    on, where it is not the floor at z = 0 all the time.
    """
    landmarks: np.ndarray
    soles: np.ndarray
    lowest: np.ndarray
    rays: np.ndarray
    weights: np.ndarray
    foot_landmarks: np.ndarray
    world_from_cam: np.ndarray
    timestamps: np.ndarray
    path: np.ndarray | None = None
    ledges: np.ndarray | None = None

    @property
    def floor(self) -> np.ndarray:
        """The height (T,) of what the feet may stand on."""
        return np.zeros(len(self.timestamps)) if self.ledges is None else self.ledges

    def at(self, rows: slice) -> Sight:
        """Return what is seen in some frames."""
        return Sight(self.landmarks[rows], self.soles[rows], self.lowest[rows], self.rays[rows], self.weights[rows],
                     self.foot_landmarks, self.world_from_cam[rows], self.timestamps[rows],
                     None if self.path is None else self.path[rows], None if self.ledges is None else self.ledges[rows])


def solve_root_path(sight: Sight, contacts: np.ndarray) -> np.ndarray:
    """Return the root's positions (T, 3) in the world, metres; contacts (T, 4): the confidence that each sole is on the floor."""
    path = np.empty((len(sight.timestamps), 3))
    for block in overlapping_blocks(sight.timestamps, _AROUND_SECONDS):
        path[block.kept] = _solve_part(sight.at(block.part), contacts[block.part])[block.inner]
    return path


def _solve_part(sight: Sight, contacts: np.ndarray) -> np.ndarray:
    """Return the root's positions (T, 3) in some frames."""
    seconds = frame_durations(sight.timestamps)
    place = _known_rows(sight.path, seconds) if sight.path is not None else [*_picture_rows(sight, seconds),
                                                                             _size_rows(sight, seconds)]
    rows = [*place, *_foot_rows(sight, contacts, seconds)]
    over_floor = _over_floor_rows(sight, seconds)
    rows.append(over_floor)
    inertia = _inertia(sight)
    slide = _slide_rows(sight, contacts)
    strengths = [np.ones(row.aim.shape) for row in rows[:-1]] + [np.zeros(len(seconds))]
    for _ in range(_ROUNDS):
        path = _solve(rows, strengths, inertia, slide, len(seconds))
        strengths = [row.trust(path) for row in rows[:-1]] + [(path[:, 2] < over_floor.aim).astype(float)]
    return path


@dataclass(frozen=True)
class _Rows:
    """Equations direction (T, 3) . p = aim (T,), each with a weight (T,), robust (Cauchy's) or plain.

    weight is that of the least squares; sigma (T,): the error at which a robust equation's trust begins to fall.
    """
    direction: np.ndarray
    aim: np.ndarray
    weight: np.ndarray
    sigma: np.ndarray
    is_robust: bool = True

    def trust(self, path: np.ndarray) -> np.ndarray:
        if not self.is_robust:
            return np.ones(self.aim.shape)
        error = (self.direction * path).sum(1) - self.aim
        return 1 / (1 + (error / (_ROBUST_SIGMAS * self.sigma)) ** 2)


def _picture_rows(sight: Sight, seconds: np.ndarray) -> list[_Rows]:
    """Return rows by which the landmarks' mean lies on their mean ray, across and down: (e_i - u e_3) . (X + p - c) = 0."""
    right, down, forward = np.moveaxis(sight.world_from_cam[:, :3, :3], 2, 0)
    position = sight.world_from_cam[:, :3, 3]
    share = sight.weights / sight.weights.sum(1, keepdims=True)
    middle = (share[..., None] * sight.landmarks).sum(1)
    depth = ((position[:, None] - sight.landmarks) * forward[:, None]).sum(-1)                       # (T, K): -e_3 . (X - c)
    sure = sight.weights.mean(1) / _LATERAL_METRES ** 2 * seconds / _LATERAL_SECONDS
    rows = []
    for axis, slopes in ((right, sight.rays[..., 0]), (down, sight.rays[..., 1])):
        direction = axis - (share * slopes).sum(1)[:, None] * forward
        aim = (axis * (position - middle)).sum(1) - (share * slopes * depth).sum(1)
        rows.append(_Rows(direction, aim, sure, np.full(len(sure), _LATERAL_METRES), is_robust=False))
    return rows


def _known_rows(path: np.ndarray, seconds: np.ndarray) -> list[_Rows]:
    """Return rows by which the root is where several views show it."""
    sigma = np.full(len(seconds), _KNOWN_METRES)
    weight = seconds / _KNOWN_SECONDS / sigma ** 2
    return [_Rows(np.broadcast_to(axis, path.shape), path[:, column], weight, sigma, is_robust=False)
            for column, axis in enumerate(np.eye(3))]


def _size_rows(sight: Sight, seconds: np.ndarray) -> _Rows:
    """Return rows for the body's distance by its size in the picture."""
    rotations, forward = sight.world_from_cam[:, :3, :3], sight.world_from_cam[:, :3, 2]
    before_camera = np.einsum("tji,tkj->tki", rotations, sight.landmarks)
    depth = fit_translation(before_camera, sight.rays, np.sqrt(sight.weights))[:, 2]
    position = (forward * sight.world_from_cam[:, :3, 3]).sum(1)
    sigma = _SIZE_SHARE * np.maximum(np.abs(depth), _MIN_DEPTH)
    return _Rows(forward, position + depth, sight.weights.mean(1) / sigma ** 2 * seconds / _SIZE_SECONDS, sigma)


def _foot_rows(sight: Sight, contacts: np.ndarray, seconds: np.ndarray) -> list[_Rows]:
    """Return rows by which a planted sole is on the floor and on its landmark's ray: both together give the distance."""
    right, down, forward = np.moveaxis(sight.world_from_cam[:, :3, :3], 2, 0)
    position = sight.world_from_cam[:, :3, 3]
    up = np.broadcast_to((0.0, 0.0, 1.0), position.shape)
    rows = []
    for column, landmark in enumerate(sight.foot_landmarks):
        planted = contacts[:, column] / 2           # heel and toes of a foot have common errors
        sigma = np.full(len(seconds), _FLOOR_METRES)
        rows.append(_Rows(up, sight.floor - sight.soles[:, column, 2], planted / sigma ** 2 * seconds / _FLOOR_SECONDS, sigma))
        seen = planted * sight.weights[:, landmark]
        sigma = np.full(len(seconds), _FOOT_RAY_METRES)
        point = sight.landmarks[:, landmark].copy()
        point[:, 2] = sight.soles[:, column, 2] + LANDMARK_ABOVE_SOLE[column % 2]
        for axis, slope in ((right, sight.rays[:, landmark, 0]), (down, sight.rays[:, landmark, 1])):
            direction = axis - slope[:, None] * forward
            aim = (direction * (position - point)).sum(1)
            rows.append(_Rows(direction, aim, seen / sigma ** 2 * seconds / _FOOT_RAY_SECONDS, sigma))
    return rows


def _over_floor_rows(sight: Sight, seconds: np.ndarray) -> _Rows:
    """Return rows by which the lowest part of a lying or kneeling body is on the floor, for frames in which it would be below."""
    sigma = np.full(len(seconds), _FLOOR_METRES)
    up = np.broadcast_to((0.0, 0.0, 1.0), (len(seconds), 3))
    return _Rows(up, sight.floor - sight.lowest, seconds / _FLOOR_SECONDS / sigma ** 2, sigma, is_robust=False)


def _inertia(sight: Sight) -> tuple[np.ndarray, np.ndarray]:
    """Return coefficients (T - 2, 3) of a change of speed in three places, and the matrices (T - 2, 3, 3) that weigh it."""
    steps = np.diff(sight.timestamps)
    before, after = steps[:-1], steps[1:]
    coefficients = np.stack([1 / before, -1 / before - 1 / after, 1 / after], axis=1)
    span = (before + after) / 2
    forward = sight.world_from_cam[1:-1, :3, 2]
    steep = forward[:, 2] ** 2                  # 0 for a level camera, for which up is across the view; 1 looking down
    towards = forward * (1, 1, 0) / np.maximum(np.sqrt(1 - steep), 1e-6)[:, None]
    aside = np.stack([-towards[:, 1], towards[:, 0], np.zeros(len(towards))], axis=1)
    parts = ((np.broadcast_to((0.0, 0.0, 1.0), forward.shape), (1 - steep) / _RISE ** 2 + steep / _TOWARDS ** 2),
             (towards, (1 - steep) / _TOWARDS ** 2 + steep / _SWAY ** 2), (aside, np.full(len(steep), _SWAY ** -2)))
    weight = sum(axis[:, :, None] * axis[:, None, :] * share[:, None, None] for axis, share in parts)
    return coefficients, weight / (_SWAY_SECONDS * span)[:, None, None]


def _slide_rows(sight: Sight, contacts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return how far planted soles make the root move from frame to frame (T - 1, 3), and the weights (T - 1, 3, 3)."""
    steps = np.diff(sight.timestamps)
    both = contacts[1:] * contacts[:-1]
    total = both.sum(1)
    moved = (both[..., None] * (sight.soles[:-1] - sight.soles[1:])).sum(1) / np.maximum(total, 1e-9)[:, None]
    sigma = _SLIDE_SPEED * steps
    across = sight.world_from_cam[1:, :3, 0] * (1, 1, 0)
    across /= np.maximum(np.linalg.norm(across, axis=1), 1e-9)[:, None]
    towards = np.stack([-across[:, 1], across[:, 0], across[:, 2]], axis=1)
    unbroken = steps < LONGEST_STEP * np.median(steps) if len(steps) else steps
    weight = unbroken * np.minimum(total, 2.0) / 2 / sigma ** 2 * steps / _SLIDE_SECONDS
    flat = across[:, :, None] * across[:, None, :] + _SLIDE_TOWARDS * towards[:, :, None] * towards[:, None, :]
    return moved, flat * weight[:, None, None]


def _solve(rows: list[_Rows], strengths: list[np.ndarray], inertia: tuple, slide: tuple, frame_count: int) -> np.ndarray:
    diagonals = [np.zeros((frame_count, 3, 3)) for _ in range(3)]        # blocks (t, t), (t + 1, t), (t + 2, t)
    right = np.zeros((frame_count, 3))
    for row, strength in zip(rows, strengths, strict=True):
        weighted = row.direction * (row.weight * strength)[:, None]
        diagonals[0] += weighted[:, :, None] * row.direction[:, None, :]
        right += weighted * row.aim[:, None]
    diagonals[0] += 1e-6 * np.eye(3)
    coefficients, weight = inertia
    count = frame_count - 2
    for first in range(3):
        for second in range(first + 1):
            block = (coefficients[:, first] * coefficients[:, second])[:, None, None] * weight
            diagonals[first - second][second:second + max(count, 0)] += block
    moved, flat = slide
    diagonals[0][1:] += flat
    diagonals[0][:-1] += flat
    diagonals[1][:-1] -= flat
    push = np.einsum("tij,tj->ti", flat, moved)
    right[1:] += push
    right[:-1] -= push
    return solveh_banded(_lower_bands(diagonals), right.ravel(), lower=True).reshape(frame_count, 3)


def _lower_bands(diagonals: list[np.ndarray]) -> np.ndarray:
    """Return the lower bands (9, 3 T) of the symmetric matrix of 3 x 3 blocks on and below the diagonal."""
    frame_count = len(diagonals[0])
    bands = np.zeros((9, frame_count, 3))
    for below, blocks in enumerate(diagonals):
        for row in range(3):
            for column in range(3):
                offset = 3 * below + row - column
                if offset >= 0:
                    bands[offset, :, column] = blocks[:, row, column]
    return bands.reshape(9, 3 * frame_count)

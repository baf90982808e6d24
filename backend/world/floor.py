"""The world's axes from the camera's: the direction of gravity, and the floor at z = 0 on which people stand."""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np
from scipy.spatial.transform import Rotation

from mpsnet_blender.motion.base.smpl_motion import CameraMotion

from ..camera.vertical_lines import Vertical, down_in_camera
from .balance import find_upright
from .soles import SAMPLES_PER_SECOND, find_contact_points, find_lowest_points

# Camera axes (x right, y down, z forward) seen from a level camera that looks along the world's +Y.
_WORLD_FROM_LEVEL_CAMERA = np.array(((1.0, 0.0, 0.0), (0.0, 0.0, 1.0), (0.0, -1.0, 0.0)))
# Sigmas of the camera's pitch and roll: cameras are held about level. Chosen by eye on rendered clips of cameras pitched
# 0 to 15 degrees; halved or doubled: path by at most 0.7 mm (`benchmarks/constants.py --end 3`).
_LEVEL_SIGMA, _LEVEL_ROLL_SIGMA = np.radians(12), np.radians(5)
_LINES_AT_MOST = 25.0       # limit of the vertical lines' cost, that of five sigmas: lines may lean, so others must outweigh them
# Errors of a standing foot's drop below the camera: a share, as depth noise moves it along its ray (3.7 % of the distance were
# measured on rendered people), and metres, about a sole's error.
_DROP_SHARE_SIGMA, _DROP_SIGMA_METRES = 0.04, 0.05
# Adults' statures differ by 6 % of the mean of men and women (one sigma of logarithms). Who must be taller by more than three of
# them stands higher; a child who walks has half of an adult's height. Limits of a person's cost: at three sigmas, and a little
# less for smaller ones: of an adult and a child, the adult is to keep the assumed height.
STATURE_SIGMA, _TALLEST, _SMALLEST = 0.06, float(np.exp(3 * 0.06)), 0.5
# Several views tell how tall somebody is, beside the others: what is off between two people's floors is then an error of depth or
# of the tilt (sigma of the logarithm; on six pairs of real cameras 0.02 to 0.06 at the tilt found without it).
_SIZED_SIGMA = 0.03
_RAISED_AT_MOST, _SMALL_AT_MOST = 9.0, 8.0
_SHARES = (0.0, 0.25, 0.5)              # of the way from one person's height to another's
_LOW_QUANTILE, _ROUNDS = 0.85, 20       # of drops, where the search for the floor begins: below most steps, above outliers
_MIN_DROP = 0.05                        # metres: the logarithm needs a camera above the floor
_COARSE = np.radians(np.arange(-50.0, 50.5, 1.0)), np.radians(np.arange(-20.0, 20.5, 2.0))
_FINE = np.radians(np.arange(-1.5, 1.55, 0.1)), np.radians(np.arange(-2.5, 2.6, 0.25))


@dataclass(frozen=True)
class World:
    """world_from_cam (4, 4) of the camera; pitch and roll in radians, positive where it looks down and leans clockwise.

    stature_factors (P,): by which each person must be scaled to stand on the common floor. levels (P,): the height in metres on
    which each stands, 0 for the common floor, another one on a stage or a stand. seen_levels (P,): where the cameras have that
    level, some centimetres off it where several of them tell the person's size.
    """
    world_from_cam: np.ndarray
    pitch: float
    roll: float
    stature_factors: np.ndarray
    levels: np.ndarray
    seen_levels: np.ndarray


def find_world(people: list[CameraMotion], vertical: Vertical | None = None, contacts: list[np.ndarray] | None = None,
               votes: np.ndarray | None = None, is_sized: np.ndarray | None = None) -> World:
    """Return the world of a clip from all people's motion; the first person starts over its origin.

    At the camera's pitch and roll a point on the floor lies a drop d = down . point below the camera. One person's drops
    agree; those of different people agree up to their statures, unless one stands higher or lower. The pitch and roll of least
    robust cost are taken, with priors: near level, bodies in balance, and near the vertical lines in the picture.
    contacts: each person's (T, 4), which tell who stands on the floor; by default it is the lowest points. votes (P,): weights.
    is_sized (P,): whose size several views tell, so that it stays.
    """
    votes = np.ones(len(people)) if votes is None else votes
    is_sized = np.zeros(len(people), dtype=bool) if is_sized is None else is_sized
    points = [_floor_points(person, contacts[number] if contacts else None) for number, person in enumerate(people)]
    pitch, roll, _ = _best_tilt(points, votes, find_upright(people, contacts, votes), vertical, is_sized)
    down = down_in_camera(np.array(pitch), np.array(roll))
    drops = np.array([_floor_drop(person_points @ down) for person_points in points])
    height, factors, levels, seen_levels = _common_floor(drops, votes, is_sized)
    first = people[0].scaled(factors[0])
    world_from_cam = _make_pose(pitch, roll, height, first.rest_joints[0] + first.transl[0])
    return World(world_from_cam, pitch, roll, factors, levels, seen_levels)


def floor_cost(people: list[CameraMotion], vertical: Vertical | None, contacts: list[np.ndarray], votes: np.ndarray) -> float:
    """Return the least cost of a world for all people and the lines, as -2 log likelihood; parameters as in `find_world`.

    What counts is that each person's points agree on a level floor at the lines' pitch. Statures do not: people may stand on
    different levels. Nor do bodies: their lean has errors of some degrees that would tell a false lens.
    """
    points = [_floor_points(person, contact) for person, contact in zip(people, contacts, strict=True)]
    return _best_tilt(points, votes, None, vertical, None)[2]


def _floor_points(person: CameraMotion, contacts: np.ndarray | None) -> np.ndarray:
    """Return a person's points (N, 3) on the floor, two a second: soles in contact; the lowest points where there are none."""
    points = find_contact_points(person, contacts) if contacts is not None else np.zeros((0, 3))
    return points if len(points) else find_lowest_points(person)


def _common_floor(drops: np.ndarray, votes: np.ndarray, is_sized: np.ndarray) -> tuple[float, np.ndarray, np.ndarray, np.ndarray]:
    """Return the camera's height over the common floor, each person's factor (P,) of the stature, level and seen level (P,).

    drops (P,): metres from the camera down to where each person of the assumed stature stands. One that only a giant could
    have on the common floor is that of somebody on a stage or a stand. A child is small instead. Whose size is known stays so.
    """
    if len(drops) == 1:
        return float(drops[0]), np.ones(1), np.zeros(1), np.zeros(1)        # also where the camera lies on the floor or below it
    heights = np.log(np.maximum(drops, _MIN_DROP))
    who = is_sized if is_sized.any() else ~is_sized
    reference = float(_stature_cost(heights[who, None], votes[who], is_sized[who])[1][0])
    factors = np.exp(reference - heights)
    is_elsewhere = (factors > _TALLEST) | (factors < _SMALLEST)
    is_elsewhere[is_sized] = np.abs(reference - heights[is_sized]) > 3 * _SIZED_SIGMA
    factors[is_sized] = 1.0
    over = np.exp(reference) - drops
    return (float(np.exp(reference)), np.where(is_elsewhere, 1.0, factors), np.where(is_elsewhere, over, 0.0),
            np.where(is_elsewhere | is_sized, over, 0.0))


def _best_tilt(points: list[np.ndarray], votes: np.ndarray, upright: Vertical | None, vertical: Vertical | None,
               is_sized: np.ndarray | None) -> tuple[float, float, float]:
    """Return the camera's pitch and roll of least cost, and that cost. is_sized (P,): None where statures cost nothing."""
    pitch, roll, least = 0.0, 0.0, 0.0
    for pitches, rolls in (_COARSE, _FINE):
        pitch_grid, roll_grid = (grid.ravel() for grid in np.meshgrid(pitch + pitches, roll + rolls, indexing="ij"))
        cost, heights = _drop_cost(points, votes, down_in_camera(pitch_grid, roll_grid))
        cost += _prior(pitch_grid, roll_grid, upright, vertical)
        if is_sized is not None:
            cost += _stature_cost(heights, votes, is_sized)[0]
        best = int(cost.argmin())
        pitch, roll, least = float(pitch_grid[best]), float(roll_grid[best]), float(cost[best])
    return pitch, roll, least


def _drop_cost(points: list[np.ndarray], votes: np.ndarray, down: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the cost (C,) of a level floor under each person, by directions of gravity (C, 3), and drops' logarithms (P, C)."""
    cost, middles = np.zeros(len(down)), []
    for person_points, vote in zip(points, votes, strict=True):
        drop = down @ person_points.T
        middle = np.median(drop, axis=1)
        sigma = np.hypot(_DROP_SHARE_SIGMA * middle, _DROP_SIGMA_METRES)[:, None]
        # Cauchy's cost, as feet in the air must not count. Errors of depth are alike within a second: so one cost a second.
        cost += vote * np.log1p(((drop - middle[:, None]) / sigma) ** 2).sum(1) / SAMPLES_PER_SECOND
        middles.append(middle)
    return cost, np.log(np.maximum(middles, _MIN_DROP))


def _stature_cost(heights: np.ndarray, votes: np.ndarray, is_sized: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the least cost (C,) of different statures, and its common height (C,), of logarithms of drops (P, C).

    The cost of each person is limited: that of a child, or of a person on a stage, hardly depends on the tilt. Common
    heights that are tried: that of the person with most weight, and some between it and each other's. So spectators on a stand,
    however many, do not lift the floor to theirs.
    """
    first, sigma = int(np.argmax(votes)), np.where(is_sized, _SIZED_SIGMA, STATURE_SIGMA)[:, None]
    best, reference = np.full(heights.shape[1], np.inf), np.zeros(heights.shape[1])
    for share, other in itertools.product(_SHARES, heights):
        common = (1 - share) * heights[first] + share * other
        error = ((heights - common) / sigma) ** 2
        at_most = np.where(heights > common, _SMALL_AT_MOST, _RAISED_AT_MOST)
        cost = (votes[:, None] * at_most * (1 - np.exp(-error / at_most))).sum(0)
        reference = np.where(cost < best, common, reference)
        best = np.minimum(cost, best)
    return best, reference


def _floor_drop(drops: np.ndarray) -> float:
    """Return the drop of the floor among one person's drops (N,): the lowest level on which several agree.

    A person who climbs stands above it. Mean shift: from near the largest drop, the mean with Cauchy's weights, repeatedly.
    """
    sigma = np.hypot(_DROP_SHARE_SIGMA * np.median(drops), _DROP_SIGMA_METRES)
    middle = np.quantile(drops, _LOW_QUANTILE)
    for _ in range(_ROUNDS):
        weight = 1 / (1 + ((drops - middle) / sigma) ** 2)
        middle = (weight * drops).sum() / weight.sum()
    return float(middle)


def _prior(pitch: np.ndarray, roll: np.ndarray, upright: Vertical | None, vertical: Vertical | None) -> np.ndarray:
    cost = (pitch / _LEVEL_SIGMA) ** 2 + (roll / _LEVEL_ROLL_SIGMA) ** 2
    if upright is not None:
        cost += _error(pitch, roll, upright)
    if vertical is not None:
        # Lines may lean: their cost is limited, so that bodies and floor can outweigh them.
        cost += _LINES_AT_MOST * (1 - np.exp(-_error(pitch, roll, vertical) / _LINES_AT_MOST))
    return cost


def _error(pitch: np.ndarray, roll: np.ndarray, vertical: Vertical) -> np.ndarray:
    return ((pitch - vertical.pitch) / vertical.sigma[0]) ** 2 + ((roll - vertical.roll) / vertical.sigma[1]) ** 2


def _make_pose(pitch: float, roll: float, camera_height: float, start: np.ndarray) -> np.ndarray:
    """Return world_from_cam (4, 4) whose origin lies on the floor under `start` (3,), in metres in the camera's frame."""
    world_from_cam = np.eye(4)
    level = Rotation.from_euler("x", -pitch) * Rotation.from_euler("z", roll)
    world_from_cam[:3, :3] = _WORLD_FROM_LEVEL_CAMERA @ level.as_matrix()
    world_from_cam[:2, 3] = -(world_from_cam[:3, :3] @ start)[:2]
    world_from_cam[2, 3] = camera_height
    return world_from_cam

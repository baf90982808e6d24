"""The world's axes from the camera's: the direction of gravity, and the floor at z = 0 on which all people stand."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.spatial.transform import Rotation

from mpsnet_blender.motion.base.smpl_motion import CameraMotion

from ..camera.vertical_lines import Vertical, down_in_camera
from .soles import SAMPLES_PER_SECOND, find_lowest_points, find_upright_frames

# Camera axes (x right, y down, z forward) seen from a level camera that looks along the world's +Y.
_WORLD_FROM_LEVEL_CAMERA = np.array(((1.0, 0.0, 0.0), (0.0, 0.0, 1.0), (0.0, -1.0, 0.0)))
# Sigmas of cues to the camera's pitch and roll: cameras are held about level, standing people are upright in the median. Chosen
# by eye on rendered clips of cameras pitched 0 to 15 degrees; halved or doubled: path by at most 0.7 mm
# (`benchmarks/constants.py --end 3`).
_LEVEL_SIGMA, _LEVEL_ROLL_SIGMA = np.radians(12), np.radians(5)
_UPRIGHT_SIGMA, _UPRIGHT_ROLL_SIGMA = np.radians(4), np.radians(2)
_LINES_AT_MOST = 25.0       # limit of the vertical lines' cost, that of five sigmas: lines may lean, so others must outweigh them
# Errors of a standing foot's drop below the camera: a share, as depth noise moves it along its ray (3.7 % of the distance were
# measured on rendered people), and metres, about a sole's error.
_DROP_SHARE_SIGMA, _DROP_SIGMA_METRES = 0.04, 0.05
# Logarithms: adults' statures differ by 6 % of the mean of men and women (one sigma); no correction is larger than five of them.
_STATURE_SIGMA, _MAX_STATURE_FACTOR = 0.06, 1.35
_LOW_QUANTILE, _ROUNDS = 0.85, 20       # of drops, where the search for the floor begins: below most steps, above outliers
_MIN_DROP = 0.05                        # metres: the logarithm needs a camera above the floor
_COARSE = np.radians(np.arange(-50.0, 50.5, 1.0)), np.radians(np.arange(-20.0, 20.5, 2.0))
_FINE = np.radians(np.arange(-1.5, 1.55, 0.1)), np.radians(np.arange(-2.5, 2.6, 0.25))


@dataclass(frozen=True)
class World:
    """world_from_cam (4, 4) of the camera; pitch and roll in radians, positive where it looks down and leans clockwise.

    stature_factors (P,): by which each person must be scaled to stand on the common floor.
    """
    world_from_cam: np.ndarray
    pitch: float
    roll: float
    stature_factors: np.ndarray


def find_world(people: list[CameraMotion], vertical: Vertical | None = None,
               contact_points: list[np.ndarray] | None = None) -> World:
    """Return the world of a clip from all people's motion; the first person starts over its origin.

    At the camera's pitch and roll a point on the floor lies a drop d = down . point below the camera. One person's drops
    agree; those of different people agree up to their statures. The pitch and roll of least robust cost are taken, with priors:
    near level, near upright bodies, and near the vertical lines in the picture, where there are any.
    contact_points: for each person the points (N, 3) that stand on the floor, two a second; the lowest ones by default.
    """
    points = contact_points or [find_lowest_points(person) for person in people]
    pitch, roll, _ = _best_tilt(points, _upright(people), vertical)
    down = down_in_camera(np.array(pitch), np.array(roll))
    middles = np.array([_floor_drop(person_points @ down) for person_points in points])
    heights = np.log(np.maximum(middles, _MIN_DROP))
    height = float(np.exp(np.median(heights)))
    factors = np.clip(height / np.exp(heights), 1 / _MAX_STATURE_FACTOR, _MAX_STATURE_FACTOR)
    if len(people) == 1:
        height = float(middles[0])              # also where the camera lies on the floor or below it
        factors = np.ones(1)
    first = people[0].scaled(factors[0])
    return _world(pitch, roll, height, factors, first.rest_joints[0] + first.transl[0])


def floor_cost(people: list[CameraMotion], vertical: Vertical | None, contact_points: list[np.ndarray]) -> float:
    """Return the least cost of a world for all people and the lines, as -2 log likelihood; contact_points as in `find_world`."""
    return _best_tilt(contact_points, _upright(people), vertical)[2]


def _best_tilt(points: list[np.ndarray], upright: np.ndarray | None, vertical: Vertical | None) -> tuple[float, float, float]:
    """Return the camera's pitch and roll of least cost, and that cost."""
    pitch, roll, least = 0.0, 0.0, 0.0
    for pitches, rolls in (_COARSE, _FINE):
        pitch_grid, roll_grid = (grid.ravel() for grid in np.meshgrid(pitch + pitches, roll + rolls, indexing="ij"))
        cost = _cost(points, pitch_grid, roll_grid)[0] + _prior(pitch_grid, roll_grid, upright, vertical)
        best = int(cost.argmin())
        pitch, roll, least = float(pitch_grid[best]), float(roll_grid[best]), float(cost[best])
    return pitch, roll, least


def _cost(points: list[np.ndarray], pitch: np.ndarray, roll: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the cost (C,) of a common floor at cameras' pitches and rolls (C,), and the median drops (P, C)."""
    down = down_in_camera(pitch, roll)
    cost, middles = np.zeros(len(down)), []
    for person_points in points:
        drop = down @ person_points.T
        middle = np.median(drop, axis=1)
        sigma = np.hypot(_DROP_SHARE_SIGMA * middle, _DROP_SIGMA_METRES)[:, None]
        # Cauchy's cost, as feet in the air must not count. Errors of depth are alike within a second: so one cost a second.
        cost += np.log1p(((drop - middle[:, None]) / sigma) ** 2).sum(1) / SAMPLES_PER_SECOND
        middles.append(middle)
    heights = np.log(np.maximum(middles, _MIN_DROP))
    return cost + (((heights - np.median(heights, axis=0)) / _STATURE_SIGMA) ** 2).sum(0), np.array(middles)


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


def _prior(pitch: np.ndarray, roll: np.ndarray, upright: np.ndarray | None, vertical: Vertical | None) -> np.ndarray:
    cost = (pitch / _LEVEL_SIGMA) ** 2 + (roll / _LEVEL_ROLL_SIGMA) ** 2
    if upright is not None:
        cost += ((pitch - upright[0]) / _UPRIGHT_SIGMA) ** 2 + ((roll - upright[1]) / _UPRIGHT_ROLL_SIGMA) ** 2
    if vertical is not None:
        error = (((pitch - vertical.pitch) / vertical.sigma[0]) ** 2 + ((roll - vertical.roll) / vertical.sigma[1]) ** 2)
        # Lines may lean: their cost is limited, so that bodies and floor can outweigh them.
        cost += _LINES_AT_MOST * (1 - np.exp(-error / _LINES_AT_MOST))
    return cost


def _world(pitch: float, roll: float, camera_height: float, stature_factors: np.ndarray, start: np.ndarray) -> World:
    """Return the world whose origin lies on the floor under `start` (3,), in metres in the camera's frame."""
    world_from_cam = np.eye(4)
    level = Rotation.from_euler("x", -pitch) * Rotation.from_euler("z", roll)
    world_from_cam[:3, :3] = _WORLD_FROM_LEVEL_CAMERA @ level.as_matrix()
    world_from_cam[:2, 3] = -(world_from_cam[:3, :3] @ start)[:2]
    world_from_cam[2, 3] = camera_height
    return World(world_from_cam, pitch, roll, stature_factors)


def _upright(people: list[CameraMotion]) -> np.ndarray | None:
    """Return the camera's pitch and roll (2,) at which standing bodies are upright in the median.

    None where nobody stands: people who lie, hang or do handstands say nothing about gravity.
    """
    each = []
    for person in people:
        up, stands = find_upright_frames(person.pose()[1], person.stature)
        # In the axes of a camera that looks down, a standing body leans towards it: up = (., -cos p, -sin p).
        each.append(np.stack([np.arctan2(-up[stands, 2], -up[stands, 1]), np.arctan2(-up[stands, 0], -up[stands, 1])], 1))
    leans = np.concatenate(each)
    return np.median(leans, axis=0) if len(leans) else None

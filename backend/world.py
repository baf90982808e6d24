"""The world about a still camera: which way is up, and the floor on which everybody stands at z = 0."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.spatial.transform import Rotation

from mpsnet_blender.shared.smpl_skeleton import JOINT, SOLE_BELOW_ANKLE

from .root import CameraMotion

# Camera axes (x right, y down, z forward) seen from a level camera that looks along the world's +Y.
_WORLD_FROM_LEVEL_CAMERA = np.array(((1.0, 0.0, 0.0), (0.0, 0.0, 1.0), (0.0, -1.0, 0.0)))
# How sure the cues about the camera's pitch are: cameras are held about level, people stand about upright.
_LEVEL_SIGMA, _UPRIGHT_SIGMA = np.radians(12), np.radians(4)
# A standing foot's drop below the camera errs by a share of itself (depth noise moves it along its ray) and by metres.
_DROP_SHARE_SIGMA, _DROP_SIGMA_METRES = 0.04, 0.05
_STANDING_LENGTH, _STANDING_COSINE = 0.7, 0.7      # ankles to neck, of the stature; upright within 45 degrees
# Adults' statures vary by so much (logarithm); the floor says how far each person's differs from the given one.
_STATURE_SIGMA, _MAX_STATURE_FACTOR = 0.06, 1.35
_PITCH_CANDIDATES = np.radians(np.arange(-50.0, 50.05, 0.1))
_FOOT_SAMPLES_PER_SECOND = 2.0
_TOE_BELOW_FOOT_JOINT = 0.012      # of the stature: thickness of the sole under the ball of the foot


@dataclass(frozen=True)
class World:
    """world_from_cam (4, 4) of the still camera; pitch in radians, positive where the camera looks down.

    stature_factors (P,): by how much each person must be larger than assumed to stand on the common floor.
    """
    world_from_cam: np.ndarray
    pitch: float
    stature_factors: np.ndarray


def find_world(people: list[CameraMotion]) -> World:
    """Return the world of a clip from the motion of everybody in it; the first person starts over its origin.

    At the camera's pitch p, a standing foot at (y, z) lies d = cos(p) y + sin(p) z below the camera. One person's
    drops agree; different people's agree but for their statures. The pitch of least robust cost is taken, with priors:
    near level, and near what makes bodies upright.
    """
    feet = [_low_feet(person) for person in people]
    cost = (_PITCH_CANDIDATES / _LEVEL_SIGMA) ** 2
    upright = _upright_pitch(people)
    if upright is not None:
        cost += ((_PITCH_CANDIDATES - upright) / _UPRIGHT_SIGMA) ** 2
    drops = []
    for points in feet:
        drop = np.cos(_PITCH_CANDIDATES)[:, None] * points[:, 1] + np.sin(_PITCH_CANDIDATES)[:, None] * points[:, 2]
        middle = np.median(drop, axis=1)
        sigma = np.hypot(_DROP_SHARE_SIGMA * middle, _DROP_SIGMA_METRES)[:, None]
        # Feet in the air must not count: Cauchy's cost; neighbours share their depth error: a second counts once.
        cost += np.log1p(((drop - middle[:, None]) / sigma) ** 2).sum(1) / _FOOT_SAMPLES_PER_SECOND
        drops.append(middle)
    heights = np.log(np.maximum(drops, 0.05))                                   # (P, candidates)
    cost += (((heights - np.median(heights, axis=0)) / _STATURE_SIGMA) ** 2).sum(0)
    best = int(cost.argmin())
    height = float(np.exp(np.median(heights[:, best])))
    factors = np.clip(height / np.exp(heights[:, best]), 1 / _MAX_STATURE_FACTOR, _MAX_STATURE_FACTOR)
    if len(people) == 1:
        height = float(drops[0][best])          # also where the camera lies on the floor or below it
        factors = np.ones(1)
    first = people[0].scaled(factors[0])
    return _world(float(_PITCH_CANDIDATES[best]), height, factors, first.rest_joints[0] + first.transl[0])


def _world(pitch: float, camera_height: float, stature_factors: np.ndarray, start: np.ndarray) -> World:
    """Return the world whose origin lies on the floor under `start` (3,), in metres in the camera's frame."""
    world_from_cam = np.eye(4)
    tilt = Rotation.from_euler("x", -pitch).as_matrix()
    world_from_cam[:3, :3] = _WORLD_FROM_LEVEL_CAMERA @ tilt
    world_from_cam[:2, 3] = -(world_from_cam[:3, :3] @ start)[:2]
    world_from_cam[2, 3] = camera_height
    return World(world_from_cam, pitch, stature_factors)


def to_world(person: CameraMotion, world: World) -> tuple[np.ndarray, np.ndarray]:
    """Return rotations (T, 24, 3, 3) and SMPL's trans (T, 3) of a person in the world."""
    rotation, origin = world.world_from_cam[:3, :3], world.world_from_cam[:3, 3]
    rotmats = person.rotmats.copy()
    rotmats[:, 0] = rotation @ person.rotmats[:, 0]
    pelvis = (person.rest_joints[0] + person.transl) @ rotation.T + origin
    return rotmats, pelvis - person.rest_joints[0]


def soles(person: CameraMotion, down: np.ndarray) -> np.ndarray:
    """Return heels and toes (T, 4, 3) as left heel, left toe, right heel, right toe, on the sole, in the person's frame.

    `down` (3,) is the direction of gravity there.
    """
    _, joints = person.pose()
    columns = []
    for side in ("left", "right"):
        columns.append(joints[:, JOINT[f"{side}_ankle"]] + down * SOLE_BELOW_ANKLE * person.stature)
        columns.append(joints[:, JOINT[f"{side}_foot"]] + down * _TOE_BELOW_FOOT_JOINT * person.stature)
    return np.stack(columns, axis=1)


def _low_feet(person: CameraMotion) -> np.ndarray:
    """Return the lower foot's lowest points (N, 3) at a few moments a second: the ones that may stand on the floor."""
    points = soles(person, np.array((0.0, 1.0, 0.0)))
    lowest = points[np.arange(len(points)), points[..., 1].argmax(1)]
    times = person.timestamps - person.timestamps[0]
    bins = (times * _FOOT_SAMPLES_PER_SECOND).astype(int)
    starts = np.flatnonzero(np.diff(bins, prepend=-1))
    return np.stack([part[part[:, 1].argsort()][int(0.8 * (len(part) - 1))] for part in np.split(lowest, starts[1:])])


def _upright_pitch(people: list[CameraMotion]) -> float | None:
    """Return the camera pitch (radians, looking down positive) at which standing bodies are upright on average.

    None where nobody stands: who lies, hangs or does handstands says nothing about gravity.
    """
    leans = []
    for person in people:
        _, joints = person.pose()
        feet = (joints[:, JOINT["left_ankle"]] + joints[:, JOINT["right_ankle"]]) / 2
        up = joints[:, JOINT["neck"]] - feet
        length = np.linalg.norm(up, axis=1)
        standing = (length > _STANDING_LENGTH * person.stature) & (-up[:, 1] > _STANDING_COSINE * length)
        # A body that stands in front of a camera looking down leans towards it: up = (., -cos p, -sin p).
        leans.append(np.arctan2(-up[standing, 2], -up[standing, 1]))
    leans = np.concatenate(leans)
    return float(np.median(leans)) if len(leans) else None

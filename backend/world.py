"""The world about a still camera: which way is up, and the floor on which everybody stands at z = 0."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.spatial.transform import Rotation

from mpsnet_blender.shared.smpl_skeleton import JOINT, SOLE_BELOW_ANKLE

from .root import CameraMotion

# Camera axes (x right, y down, z forward) seen from a level camera that looks along the world's +Y.
_WORLD_FROM_LEVEL_CAMERA = np.array(((1.0, 0.0, 0.0), (0.0, 0.0, 1.0), (0.0, -1.0, 0.0)))
# How sure the cues about the camera's pitch are: cameras are held about level, people stand about upright, and the
# feet of all people lie on one plane within so many metres.
_LEVEL_SIGMA, _UPRIGHT_SIGMA, _FEET_SIGMA_METRES = np.radians(12), np.radians(5), 0.10
_MAX_PITCH = np.radians(50)
_FOOT_SAMPLES_PER_SECOND = 2.0
_TOE_BELOW_FOOT_JOINT = 0.012      # of the stature: thickness of the sole under the ball of the foot
_ITERATIONS = 10


@dataclass(frozen=True)
class World:
    """world_from_cam (4, 4) of the still camera; pitch in radians, positive where the camera looks down."""
    world_from_cam: np.ndarray
    pitch: float


def find_world(people: list[CameraMotion]) -> World:
    """Return the world of a clip from the motion of everybody in it.

    The pitch p and the camera's height h over the floor fit the lowest feet, h = cos(p) y + sin(p) z, by robust least
    squares with priors on p: near level, and near what makes bodies upright.
    """
    feet = np.concatenate([_low_feet(person) for person in people])
    upright = _upright_pitch(people)
    prior = (upright / _UPRIGHT_SIGMA ** 2) / (1 / _UPRIGHT_SIGMA ** 2 + 1 / _LEVEL_SIGMA ** 2)
    prior_precision = 1 / _UPRIGHT_SIGMA ** 2 + 1 / _LEVEL_SIGMA ** 2
    pitch, height = prior, 0.0
    weights = np.ones(len(feet))
    for _ in range(_ITERATIONS):
        y = np.cos(pitch) * feet[:, 1] + np.sin(pitch) * feet[:, 2]
        height = float((weights * y).sum() / weights.sum())
        residual = y - height
        # Feet in the air lie above the floor (y smaller): Cauchy weights let them go.
        weights = 1 / (1 + (residual / _FEET_SIGMA_METRES) ** 2)
        slope = np.cos(pitch) * feet[:, 2] - np.sin(pitch) * feet[:, 1]
        slope = slope - (weights * slope).sum() / weights.sum()
        # Neighbouring samples share their depth error: a second's worth counts as one.
        precision = (weights * slope ** 2).sum() / _FEET_SIGMA_METRES ** 2 / _FOOT_SAMPLES_PER_SECOND
        pull = (weights * slope * residual).sum() / _FEET_SIGMA_METRES ** 2 / _FOOT_SAMPLES_PER_SECOND
        pitch -= (pull + (pitch - prior) * prior_precision) / (precision + prior_precision)
        pitch = float(np.clip(pitch, -_MAX_PITCH, _MAX_PITCH))
    return _world(pitch, height)


def _world(pitch: float, camera_height: float) -> World:
    world_from_cam = np.eye(4)
    tilt = Rotation.from_euler("x", -pitch).as_matrix()
    world_from_cam[:3, :3] = _WORLD_FROM_LEVEL_CAMERA @ tilt
    world_from_cam[2, 3] = camera_height
    return World(world_from_cam, pitch)


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


def _upright_pitch(people: list[CameraMotion]) -> float:
    """Return the camera pitch (radians, looking down positive) at which bodies stand upright on average."""
    leans = []
    for person in people:
        _, joints = person.pose()
        feet = (joints[:, JOINT["left_ankle"]] + joints[:, JOINT["right_ankle"]]) / 2
        up = joints[:, JOINT["neck"]] - feet
        stretched = np.linalg.norm(up, axis=1) > 0.7 * person.stature
        up = up[stretched] if stretched.any() else up
        # A body that stands in front of a camera looking down leans towards it: up = (., -cos p, -sin p).
        leans.append(np.arctan2(-up[:, 2], -up[:, 1]))
    return float(np.clip(np.median(np.concatenate(leans)), -_MAX_PITCH, _MAX_PITCH))

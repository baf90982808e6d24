"""Synthetic walkers whose feet really stand, and the same walkers with a capture's errors."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from mpsnet_blender.motion.base import soles
from mpsnet_blender.motion.base.rotations import rotmat_from_rotvec
from mpsnet_blender.motion.base.smpl_motion import WorldMotion
from mpsnet_blender.motion.base.soles import make_soles
from mpsnet_blender.motion.cleanup.leg_solver import FootTarget, solve_leg
from mpsnet_blender.shared.smpl_skeleton import JOINT, generic_rest_joints

FPS = 30.0
ANKLE_HEIGHT = 0.105         # that of somebody 1.7 m tall in shoes
STRIDE_SECONDS, STANCE_SHARE, STRIDE_METRES = 1.1, 0.62, 1.1
UPRIGHT = rotmat_from_rotvec(np.array((np.pi / 2, 0, 0)))       # Y up to Z up: faces -y


def walker(frames: int = 150, stride: float = STRIDE_METRES) -> WorldMotion:
    """Return somebody who walks along -y on flat feet that do not slide; with stride 0 steps on the spot."""
    return walker_at(np.arange(frames) / FPS, stride)


def walker_at(times: np.ndarray, stride: float = STRIDE_METRES) -> WorldMotion:
    """Return the same walk filmed at times (T,) s."""
    frames, rest = len(times), generic_rest_joints(1.7)
    transl = np.zeros((frames, 3))
    transl[:, 1] = -stride / STRIDE_SECONDS * times
    transl[:, 2] = 0.875 + 0.01 * np.cos(4 * np.pi * times / STRIDE_SECONDS)
    rotmats = np.tile(np.eye(3), (frames, 24, 1, 1))
    rotmats[:, 0] = UPRIGHT
    rotmats[:, JOINT["left_knee"]] = rotmats[:, JOINT["right_knee"]] = rotmat_from_rotvec(np.array((0.2, 0, 0)))
    body = WorldMotion(rotmats, transl, rest, times, np.zeros((frames, 4)))
    turned, joints = body.pose()
    contacts = []
    for sole, phase in zip(make_soles(rest, ANKLE_HEIGHT), (0.0, 0.5)):
        ankles, stands = _steps(times, phase, stride, float(joints[0, sole.ankle, 0]))
        flat = sole.flat(np.full(frames, -np.pi / 2))
        solve_leg(body.rotmats, np.moveaxis(turned, 1, 0), joints, np.zeros((frames, 3)),
                  FootTarget(sole, flat, ankles, stands.astype(float), np.tile(np.eye(3), (frames, 1, 1))))
        contacts += [stands, stands]
    return replace(body, contacts=np.stack(contacts, axis=1).astype(float))


def _steps(times: np.ndarray, phase: float, stride: float, x: float) -> tuple[np.ndarray, np.ndarray]:
    """Return ankles (T, 3) that stand, swing on, and stand; and whether they stand (T,)."""
    cycle = times / STRIDE_SECONDS + phase
    number, share = np.floor(cycle), cycle % 1
    swing = np.clip((share - STANCE_SHARE) / (1 - STANCE_SHARE), 0, 1)
    ease = swing**2 * (3 - 2 * swing)
    y = -stride * (number - phase + STANCE_SHARE / 2 + ease)
    z = ANKLE_HEIGHT + 0.10 * np.sin(np.pi * swing) ** 2
    return np.stack((np.full(len(times), x), y, z), axis=1), share < STANCE_SHARE


def disturbed(body: WorldMotion, seed: int = 0) -> WorldMotion:
    """Return a motion as captures are: a path that drifts by centimetres, angles that waver by degrees."""
    generator = np.random.default_rng(seed)
    times = body.timestamps[:, None]
    drift = 0.03 * np.sin(2 * np.pi * (0.7 * times + generator.random(3))) * (1, 1, 0.4)
    waver = np.zeros((len(times), 24, 3))
    for joint in ("left_hip", "right_hip", "left_knee", "right_knee", "left_ankle", "right_ankle"):
        waver[:, JOINT[joint]] = np.radians(3.0) * np.sin(2 * np.pi * (0.9 * times + generator.random(3)))
    return body.with_pose(body.rotmats @ rotmat_from_rotvec(waver), body.transl + drift)


def sole_points(body: WorldMotion, height: float = ANKLE_HEIGHT) -> np.ndarray:
    """Return left heel, left ball, right heel, right ball (T, 4, 3) in the world."""
    return soles.sole_points(body.rest_joints, height, *body.pose(soles.ANKLES))


def slide_millimetres(body: WorldMotion) -> float:
    """Return how far soles that stand move over the floor from one frame to the next, at a mean."""
    moved = np.linalg.norm(np.diff(sole_points(body)[..., :2], axis=0), axis=-1)
    stands = (body.contacts[1:] > 0.5) & (body.contacts[:-1] > 0.5)
    return float(moved[stands].mean() * 1000)


def knee_degrees(body: WorldMotion) -> np.ndarray:
    """Return the knees' bends (T, 2)."""
    rotmats = body.rotmats[:, [JOINT["left_knee"], JOINT["right_knee"]]]
    return np.degrees(np.arccos(np.clip((np.trace(rotmats, axis1=-2, axis2=-1) - 1) / 2, -1, 1)))

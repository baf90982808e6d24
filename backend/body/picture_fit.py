"""Fits a body's rotations and position to the landmarks in the picture, with the given motion as prior; all frames at once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy.spatial.transform import Rotation

from mpsnet_blender.motion.base.smpl_motion import CameraMotion
from mpsnet_blender.shared.arrays.frame_blocks import frame_blocks
from mpsnet_blender.shared.arrays.large_arrays import copy_array
from mpsnet_blender.shared.smpl_skeleton import JOINT, JOINT_COUNT, PARENTS, forward_kinematics

from ..base.banded import banded_product, solve_frames, squared_accelerations
from ..base.pinhole import move_points
from ..people.landmarks import LANDMARK_COUNT, LANDMARK_NAMES
from .lifting import LandmarkRays
from .proportions import Body

# Error (sigma) of a landmark's position on the body, in statures: 2 cm; on rendered people 20 to 29 mm were measured.
# Halved or doubled: limbs +0.59 / -0.14 degrees (`benchmarks/constants.py --end 3`: walk_turn's first 3 s).
_LANDMARK_SIGMA = 0.012
# Errors, in sigmas, from which a landmark's weight falls (Cauchy's cost), one for each step. They are larger in the first steps,
# so that a pose far from the landmarks still moves to them; chosen by eye.
_OUTLIER_SIGMAS = (8.0, 4.0, 3.0, 3.0, 3.0)
# Landmarks of a face or a hand have common errors: each has a quarter of the weight, as three or four of them lie together.
_CROWDED, _CROWDED_SHARE = ("nose", "eye", "ear", "mouth", "pinky", "thumb"), 0.25
_LONGEST_TURN = 0.4             # radians a step (23 degrees), where sine and angle differ by 3 %: the equations are nearly linear
_NEAREST = 0.05                 # statures: nothing is seen closer to the camera
_BLOCK_FRAMES, _OVERLAP_FRAMES = 300, 45    # solved at a time, for bounded memory; an overlap of 1.5 s covers the prior's period


@dataclass(frozen=True)
class PosePrior:
    """How far, and how fast, the true motion is expected to differ from the given one.

    Sigmas: turn (24,) or (T, 24), radians per joint; shift (right, down, away) in statures. frequency and shift_frequency, 1 / s:
    changes of the added rotations and translations up to these are free; faster changes have a cost.
    """
    turn: np.ndarray
    # Chosen by eye on rendered clips, as the sigmas of DEFAULT_PRIOR; the whole fit gains 0.4 to 0.9 degrees (weights/README.md).
    shift: tuple[float, float, float] = (0.06, 0.06, 0.03)
    frequency: float = 1.5
    shift_frequency: float = 0.7


def make_joint_sigmas(**radians: float) -> np.ndarray:
    """Return sigmas (24,) of the joints' rotations, named without side and number: `make_joint_sigmas(knee=0.1, ...)`."""
    return np.array([radians[joint.removeprefix("left_").removeprefix("right_").rstrip("123")] for joint in JOINT])


# Small sigmas for the trunk: a trunk that follows landmark errors of centimetres makes the pose worse. Chosen by eye.
DEFAULT_PRIOR = PosePrior(make_joint_sigmas(
    pelvis=0.05, spine=0.04, neck=0.1, head=0.1, collar=0.05, shoulder=0.2, elbow=0.2, wrist=0.12, hand=0.01,
    hip=0.15, knee=0.15, ankle=0.15, foot=0.05))


@dataclass(frozen=True)
class Picture:
    """What a camera sees of a body, and where the camera is: cam_from_frame (T, 4, 4), or (1, 4, 4) of one that stands still,
    takes the motion's frame to its axes."""
    seen: LandmarkRays
    cam_from_frame: np.ndarray

    def at(self, rows: slice) -> Picture:
        """Return the picture in some frames."""
        moves = len(self.cam_from_frame) > 1
        return Picture(self.seen.at(rows), self.cam_from_frame[rows] if moves else self.cam_from_frame)

    def scaled(self, factor: float) -> Picture:
        """Return what is seen of a body that is larger and farther away by a factor: the rays stay the same."""
        cam_from_frame = self.cam_from_frame.copy()
        cam_from_frame[..., :3, 3] *= factor
        return Picture(replace(self.seen, body=self.seen.body.scaled(factor)), cam_from_frame)


def fit_to_picture(motion: CameraMotion, seen: LandmarkRays, frame_index: np.ndarray, prior: PosePrior = DEFAULT_PRIOR,
           check: Callable[[], None] = lambda: None) -> CameraMotion:
    """Return the motion whose landmarks fit those of `seen`, from the camera in whose frame it is: `fit_to_pictures`."""
    return fit_to_pictures(motion, [Picture(seen, np.eye(4)[None])], frame_index, prior, check)


def fit_to_pictures(motion: CameraMotion, pictures: Sequence[Picture], frame_index: np.ndarray, prior: PosePrior = DEFAULT_PRIOR,
           check: Callable[[], None] = lambda: None) -> CameraMotion:
    """Return the motion whose landmarks fit those of all pictures, which show the same body, with `motion` as prior.

    Nothing is smoothed across gaps in frame_index (T,). `check` is called repeatedly, and may raise to end the work.

    Gauss-Newton over x (T, P): a rotation vector in the local frame of each joint, and a translation. Minimised are the
    landmarks' distances (robust), x over the prior's sigmas, and x'' likewise. Only x is smoothed, not the motion, so that
    fast motion stays fast. A joint that moves no landmark keeps the prior's rotation.
    """
    allowed = np.broadcast_to(prior.turn, motion.rotmats.shape[:2])
    rotmats, transl = copy_array(motion.rotmats), motion.transl.copy()
    for kept in frame_blocks(len(transl), _BLOCK_FRAMES):
        check()
        first = max(0, kept.start - _OVERLAP_FRAMES)
        part = slice(first, kept.stop + _OVERLAP_FRAMES)
        problem = _Problem(motion.at(part), [picture.at(part) for picture in pictures], frame_index[part],
                           replace(prior, turn=allowed[part]))
        problem.solve()
        rotmats[kept] = problem.rotmats[kept.start - first:][:_BLOCK_FRAMES]
        transl[kept] = problem.transl[kept.start - first:][:_BLOCK_FRAMES]
    return motion.with_pose(rotmats, transl)


@dataclass(frozen=True)
class _Seen:
    """Landmarks (T, 33, 3) in a camera's axes, the body's distance from it (T, 1), and how far landmarks lie from their rays
    (T, 33, 2), right and down, in metres at the body's distance."""
    points: np.ndarray
    distance: np.ndarray
    residuals: np.ndarray


class _Problem:
    """Some frames of a motion, solved at once. P parameters a frame: 3 for each joint that moves a landmark, 3 of transl."""

    def __init__(self, motion: CameraMotion, pictures: Sequence[Picture], frame_index: np.ndarray, prior: PosePrior):
        self.rotmats, self.transl = motion.rotmats, motion.transl
        self._start, self._body = motion, pictures[0].seen.body
        self._sigma = _LANDMARK_SIGMA * motion.stature
        self._pictures = pictures
        self._weights = [picture.seen.weights * _landmark_shares() / self._sigma ** 2 for picture in pictures]
        self._moves, self._joints = _find_moved_landmarks(self._body)
        shift = np.tile(np.multiply(prior.shift, motion.stature), (len(frame_index), 1))
        sigmas = np.concatenate([np.repeat(prior.turn[:, self._joints], 3, axis=1), shift], axis=1)
        self._precision = sigmas ** -2
        # At the frequency f, x'' = (2 pi f)^2 x costs as much as x.
        frequency = np.append(np.full(sigmas.shape[1] - 3, prior.frequency), 3 * [prior.shift_frequency])
        self._stiffness = np.median(self._precision, axis=0) / (2 * np.pi * frequency) ** 4
        self._time = squared_accelerations(motion.timestamps, frame_index)

    def solve(self) -> None:
        """Take a few Gauss-Newton steps; keep the start where they do not lower the cost."""
        start = self.rotmats, self.transl
        start_cost = self._cost()
        for outlier_sigmas in _OUTLIER_SIGMAS:
            curvature, slope = self._landmark_equations(outlier_sigmas)
            added = self._compute_added()
            slope += self._precision * added + self._stiffness * banded_product(self._time, added)
            diagonal = np.arange(slope.shape[1])
            curvature[:, diagonal, diagonal] += self._precision
            self._move(-solve_frames(curvature, self._time, self._stiffness, slope))
        if self._cost() > start_cost:
            self.rotmats, self.transl = start

    def _cost(self) -> float:
        """Return the minimised cost, at the last outlier scale (Cauchy's cost: s^2 log(1 + r^2 / s^2))."""
        points, _, _ = self._landmarks()
        scale = (_OUTLIER_SIGMAS[-1] * self._sigma) ** 2
        seen = sum((weights * scale * np.log1p((self._see(points, picture).residuals ** 2).sum(-1) / scale)).sum()
                   for picture, weights in zip(self._pictures, self._weights, strict=True))
        added = self._compute_added()
        held = (self._precision * added ** 2).sum() + (self._stiffness * added * banded_product(self._time, added)).sum()
        return float(seen + held)

    def _landmarks(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return landmarks (T, 33, 3), and the pose as `CameraMotion.pose`."""
        global_rotmats, joints = forward_kinematics(self.rotmats, self._start.rest_joints, self.transl)
        return self._body.posed_landmarks(global_rotmats, joints), global_rotmats, joints

    def _see(self, points: np.ndarray, picture: Picture) -> _Seen:
        """Return landmarks (T, 33, 3) as a camera sees them."""
        points = move_points(points, picture.cam_from_frame)
        points[..., 2] = np.maximum(points[..., 2], _NEAREST * self._start.stature)
        distance = np.median(points[..., 2], axis=1)[:, None]
        residuals = (points[..., :2] / points[..., 2:] - picture.seen.point_rays[..., :2]) * distance[..., None]
        return _Seen(points, distance, residuals)

    def _landmark_equations(self, outlier_sigmas: float) -> tuple[np.ndarray, np.ndarray]:
        """Return J'WJ (T, P, P) and J'Wr (T, P) of the residuals r in all pictures."""
        points, global_rotmats, joints = self._landmarks()
        parts = [self._picture_equations(picture, weights, outlier_sigmas, points, global_rotmats, joints)
                 for picture, weights in zip(self._pictures, self._weights, strict=True)]
        curvature, slope = parts[0]
        for more_curvature, more_slope in parts[1:]:
            curvature, slope = curvature + more_curvature, slope + more_slope
        return curvature, slope

    def _picture_equations(self, picture: Picture, weights: np.ndarray, outlier_sigmas: float, points: np.ndarray,
                           global_rotmats: np.ndarray, joints: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return one picture's share of the equations."""
        seen = self._see(points, picture)
        far = (seen.residuals ** 2).sum(-1) / (outlier_sigmas * self._sigma) ** 2
        weights = np.repeat(weights / (1 + far), 2, axis=1)
        # Of distance X / Z in space: distance / Z (1, 0, -X / Z); of Y likewise. Single precision does for slopes.
        scale = seen.distance / seen.points[..., 2]
        gradient = np.zeros(points.shape[:2] + (2, 3), dtype=np.float32)
        gradient[..., 0, 0] = gradient[..., 1, 1] = scale
        gradient[..., 2] = -seen.points[..., :2] / seen.points[..., 2:] * scale[..., None]
        gradient = gradient @ picture.cam_from_frame[:, None, :3, :3].astype(np.float32)
        jacobian = self._jacobian(gradient, points, global_rotmats, joints)
        weighted = np.swapaxes(jacobian * weights[..., None].astype(np.float32), 1, 2)
        slope = weighted @ seen.residuals.reshape(len(points), -1, 1).astype(np.float32)
        return (weighted @ jacobian).astype(float), slope[..., 0].astype(float)

    def _jacobian(self, gradient: np.ndarray, points: np.ndarray, global_rotmats: np.ndarray, joints: np.ndarray) -> np.ndarray:
        """Return dr / dx (T, 66, P): a turn w in the frame G of the joint at j moves the point p by (G w) x (p - j)."""
        joint, landmark = self._moves
        lever = (points[:, landmark] - joints[:, self._joints[joint]]).astype(np.float32)               # (T, M, 3)
        # gradient . ((G w) x lever) = (lever x gradient) . (G w)
        by_turn = np.cross(lever[:, :, None], gradient[:, landmark])                                    # (T, M, 2, 3)
        by_turn = by_turn @ global_rotmats[:, self._joints[joint]].astype(np.float32)
        frames = len(points)
        jacobian = np.zeros((frames, LANDMARK_COUNT, 2, len(self._joints) + 1, 3), np.float32)
        jacobian[:, landmark, :, joint] = np.swapaxes(by_turn, 0, 1)
        jacobian[:, :, :, -1] = gradient
        return jacobian.reshape(frames, 2 * LANDMARK_COUNT, -1)

    def _compute_added(self) -> np.ndarray:
        """Return x (T, P): what the steps so far have added to the prior."""
        turned = np.swapaxes(self._start.rotmats[:, self._joints], -1, -2) @ self.rotmats[:, self._joints]
        rotvecs = Rotation.from_matrix(turned.reshape(-1, 3, 3)).as_rotvec().reshape(len(turned), -1)
        return np.concatenate([rotvecs, self.transl - self._start.transl], axis=1)

    def _move(self, step: np.ndarray) -> None:
        """Add a step (T, P), each rotation limited to the nearly linear range."""
        rotvecs = step[:, :-3].reshape(-1, 3)
        angles = np.linalg.norm(rotvecs, axis=1, keepdims=True)
        rotvecs = rotvecs * np.minimum(1.0, _LONGEST_TURN / np.maximum(angles, 1e-9))
        self.rotmats = self.rotmats.copy()
        self.rotmats[:, self._joints] @= Rotation.from_rotvec(rotvecs).as_matrix().reshape(len(step), -1, 3, 3)
        self.transl = self.transl + step[:, -3:]


def _find_moved_landmarks(body: Body) -> tuple[tuple[np.ndarray, ...], np.ndarray]:
    """Return the joints (J,) that move any landmark; before them, of M pairs, such a joint's index and a landmark that it
    moves."""
    moves = np.zeros((JOINT_COUNT, LANDMARK_COUNT), dtype=bool)
    for landmark, joint in enumerate(body.landmark_joints):
        while joint >= 0:
            moves[joint, landmark] = True
            joint = PARENTS[joint]
    joints = np.flatnonzero(moves.any(1))
    return np.nonzero(moves[joints]), joints


def _landmark_shares() -> np.ndarray:
    """Return weights of the landmarks (33,), by which those of visibility are multiplied."""
    crowded = [(name.endswith("_index") and "foot" not in name) or any(word in name.split("_") for word in _CROWDED)
               for name in LANDMARK_NAMES]
    return np.where(crowded, _CROWDED_SHARE, 1.0)

"""Loops: the part of a motion whose end is most like its beginning, changed so that it repeats without a jump."""

from __future__ import annotations

import numpy as np

from ...shared.smpl_skeleton import JOINT
from ..base.rotations import rotmat_from_rotvec, rotvec_from_rotmat
from ..base.smoothing import frame_seconds
from ..base.smpl_motion import WorldMotion
from .footprints import rotmat_from_axis_angle

_SHORTEST_SECONDS = 0.5     # half a running stride takes about 0.35 s, a full one 0.7 s; chosen by reasoning, not measured
_MOST_FRAMES = 1200         # longer motions are searched at every 2nd, 3rd ... frame first: 1200 x 1200 costs take 12 MB
_SPEED_SECONDS = 0.12       # a difference in speed counts as the distance it makes in this time; chosen by eye, not measured
# In a part that counts as moving, joints (and their speeds) leave their mean by this root mean square. Captures of somebody who
# stands waver by 0.5 to 2 cm, walking moves joints by 8 to 20 cm: chosen in between, by estimate.
_MOVING_METRES = 0.04
_CORNER = np.radians(20.0)      # a loop that turns by more keeps its turn, so that each repeat goes on from there; by eye
_FORWARD, _UP = np.array((0.0, 0.0, 1.0)), np.array((0.0, 0.0, 1.0))


def find_loop(body: WorldMotion) -> tuple[int, int]:
    """Return the first and the last frame of the part that loops best: two frames with similar pose and speed, compared with
    how much moves between them. So a moment of standing is no loop of somebody who walks."""
    frames, times = len(body.transl), body.timestamps
    usual = frame_seconds(times)
    shortest = max(_SHORTEST_SECONDS, 2 * usual) - usual / 2        # to the nearest frame
    if times[-1] - times[0] < shortest + usual:
        return 0, frames - 1
    features = _compute_features(body)
    step = -(-frames // _MOST_FRAMES)
    chosen = np.arange(0, frames, step)
    first, last = (int(chosen[number]) for number in _find_best_pair(features[chosen], times[chosen], shortest))
    near = [np.arange(max(0, place - step), min(frames, place + step + 1)) for place in (first, last)]
    cost = ((features[near[0]][:, None] - features[near[1]][None]) ** 2).sum(axis=-1)
    # Within a step the movement is the same, so the pose alone decides.
    cost[times[near[1]][None] - times[near[0]][:, None] < shortest] = np.inf
    if not np.isfinite(cost).any():
        return first, last
    row, column = np.unravel_index(cost.argmin(), cost.shape)
    return int(near[0][row]), int(near[1][column])


def close_loop(body: WorldMotion) -> WorldMotion:
    """Return the part that loops best, with its last pose equal to the first: the difference is spread over the whole loop.

    The path over the floor stays, so that each repeat starts where the one before ended.
    """
    first, last = find_loop(body)
    part = body.at(slice(first, last + 1))
    share = (part.timestamps - part.timestamps[0]) / max(part.timestamps[-1] - part.timestamps[0], 1e-9)
    rotmats = part.full_rotmats
    goal = rotmats[0].copy()
    turn = np.angle(np.exp(1j * (_yaw(rotmats[-1:, 0]) - _yaw(rotmats[:1, 0]))))
    if abs(turn[0]) > _CORNER:
        goal[0] = rotmat_from_axis_angle(_UP[None], turn)[0] @ goal[0]
    correction = rotvec_from_rotmat(np.swapaxes(rotmats[-1], 1, 2) @ goal)
    rotmats = rotmats @ rotmat_from_rotvec(share[:, None, None] * correction)
    transl = part.transl.copy()
    transl[:, 2] += share * (transl[0, 2] - transl[-1, 2])
    return part.with_full_pose(rotmats, transl)


def _compute_features(body: WorldMotion) -> np.ndarray:
    """Return the features (T, n) by which frames are compared, metres: joints relative to the pelvis and the body's heading, and
    their speeds times _SPEED_SECONDS."""
    _, joints = body.pose(())
    back = rotmat_from_axis_angle(np.broadcast_to(_UP, (len(joints), 3)), -_yaw(body.rotmats[:, 0]))
    about = (joints - joints[:, :1] * (1, 1, 0)) @ np.swapaxes(back, 1, 2)
    about = about[:, [JOINT[name] for name in JOINT if "hand" not in name and "foot" not in name]]
    speed = np.gradient(about, body.timestamps, axis=0) * _SPEED_SECONDS
    return np.concatenate((about, speed), axis=1).reshape(len(joints), -1)


def _yaw(root: np.ndarray) -> np.ndarray:
    """Return the heading (T,) of root rotations (T, 3, 3) over the floor, radians from the x axis."""
    ahead = root @ _FORWARD
    return np.arctan2(ahead[:, 1], ahead[:, 0])


def _find_best_pair(features: np.ndarray, times: np.ndarray, shortest: float) -> tuple[int, int]:
    """Return the two of N frames that differ least in features (N, n), as a share of the features' variance between them.

    Their times (N,) differ by at least `shortest` seconds."""
    cost = _square_distances(features) / (_find_variances(features) + features.shape[1] / 3 * _MOVING_METRES**2)
    cost[times[None] - times[:, None] < shortest] = np.inf
    first, last = np.unravel_index(cost.argmin(), cost.shape)
    return int(first), int(last)


def _square_distances(points: np.ndarray) -> np.ndarray:
    """Return the squared distances (N, N) between points (N, n)."""
    squares = (points**2).sum(axis=1)
    return np.maximum(squares[:, None] + squares[None] - 2 * points @ points.T, 0.0)


def _find_variances(features: np.ndarray) -> np.ndarray:
    """Return the variance (N, N) of features (N, n), summed over n, from each frame to each later one: E|f|^2 - |E f|^2."""
    centred = features - features.mean(axis=0)
    sums = np.concatenate((np.zeros((1, features.shape[1])), np.cumsum(centred, axis=0)))
    squares = np.concatenate(([0.0], np.cumsum((centred**2).sum(axis=1))))
    counts = np.maximum(np.arange(1, len(features) + 1)[None] - np.arange(len(features))[:, None], 1)
    mean_square = (squares[None, 1:] - squares[:-1, None]) / counts
    square_mean = _square_distances(sums)[:-1, 1:] / counts**2
    return np.maximum(mean_square - square_mean, 0.0)


def fit_whole_frames(seconds: float, frames_per_second: float) -> float:
    """Return the factor of speed, near 1, with which a loop of so many seconds lasts a whole number of frames, at least one."""
    frames = seconds * frames_per_second
    return frames / max(round(frames), 1) if frames > 0 else 1.0

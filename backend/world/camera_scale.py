"""The scale of a moving camera's path in metres. At the right scale the feet of walking people stand still in turns, and the
floor's points lie as far below the camera as the feet."""

from __future__ import annotations

import numpy as np

from mpsnet_blender.motion.base.smoothing import frame_seconds, smooth_measured

_SCALES = np.exp(np.linspace(np.log(0.15), np.log(6.0), 75))
# Chosen by eye on rendered clips with walking cameras, unless another source is named.
_SMOOTH_SECONDS = 0.08                             # before feet are differentiated: their tremble would look like speed
_STILL_ASIDE, _STILL_TOWARDS = 0.20, 0.45          # m/s, errors of a standing foot's speed: depth errs more than twice as much
_PRIOR_SIGMA = 0.8                                 # of the logarithm: points were guessed at 6 m, and lie from 2.7 to 13 m away
_SAMPLES_PER_SECOND = 4.0                          # independent errors: two steps a second, each with a left and a right foot
# Logarithms: range about the feet's scale in which a floor is searched, the feet's error (sigma), the spread of a floor's points.
_REACH, _FEET_SIGMA, _FLOOR_SIGMA = 0.5, 0.2, 0.03
_NEAR_SIGMAS, _BESIDE_SIGMAS = 2, 6                # of a floor's spread: its own points, and those above and below it
_FEWEST_FLOOR_POINTS, _FLOOR_STANDS_OUT = 20, 1.0  # points of a floor, also over the number of those above and below it
_MIN_DROP = 0.05                                   # metres: the logarithm needs a camera above the floor


def find_camera_scale(feet: list[np.ndarray], positions: list[np.ndarray], forward: list[np.ndarray],
                 timestamps: list[np.ndarray]) -> float:
    """Return the factor that takes the camera's positions to metres.

    For each person: feet (T, 4, 3) as left heel, left toe, right heel, right toe relative to the camera, in axes that do not
    rotate, metres; the camera's positions (T, 3) and view directions forward (T, 3) in the same axes; timestamps (T,) s. With
    the scale s a foot's velocity over the floor is that of feet + s * positions. The slower foot is taken to stand.
    """
    cost = (np.log(_SCALES) / _PRIOR_SIGMA) ** 2
    for points, position, ahead, times in zip(feet, positions, forward, timestamps, strict=True):
        if len(times) < 3:
            continue
        step = frame_seconds(times)
        both = points.reshape(len(points), 2, 2, 3).mean(2)
        foot_velocity = _velocity(both.reshape(len(points), -1), times).reshape(both.shape)
        camera_velocity = _velocity(position, times)[:, None]
        for index, scale in enumerate(_SCALES):
            speed = foot_velocity + scale * camera_velocity
            towards = (speed * ahead[:, None]).sum(-1)
            aside = np.maximum((speed ** 2).sum(-1) - towards ** 2, 0.0)
            still = np.log1p(aside / _STILL_ASIDE ** 2 + (towards / _STILL_TOWARDS) ** 2).min(1)
            cost[index] += 2 * still.sum() * step * _SAMPLES_PER_SECOND
    best = int(np.clip(cost.argmin(), 1, len(cost) - 2))
    before, at, after = cost[best - 1:best + 2]
    shift = np.clip(0.5 * (before - after) / max(before - 2 * at + after, 1e-12), -0.5, 0.5)
    return float(_SCALES[best] * (_SCALES[1] / _SCALES[0]) ** shift)


def find_floor_scale(points: np.ndarray, down: np.ndarray, drop: float, scale: float) -> float:
    """Return a better scale where points (N, 3) of the background, in the camera's scale, show a floor; else `scale`.

    down (3,): gravity in the points' axes; drop: height (m) of their origin above people's feet; scale: the one found from feet.
    """
    below = points @ down
    below = np.log(below[below > 1e-3])
    expected = np.log(max(drop, _MIN_DROP) / scale)
    levels = expected + np.linspace(-_REACH, _REACH, 121)
    support = np.exp(-0.5 * ((levels[:, None] - below) / _FLOOR_SIGMA) ** 2).sum(1)
    posterior = support * np.exp(-0.5 * ((levels - expected) / _FEET_SIGMA) ** 2)
    best = int(posterior.argmax())
    near = np.abs(below - levels[best]) < _NEAR_SIGMAS * _FLOOR_SIGMA
    others = (np.abs(below - levels[best]) < _BESIDE_SIGMAS * _FLOOR_SIGMA).sum() - near.sum()
    if near.sum() < _FEWEST_FLOOR_POINTS or near.sum() < _FLOOR_STANDS_OUT * others:
        return scale
    return float(max(drop, _MIN_DROP) / np.exp(np.median(below[near])))


def _velocity(values: np.ndarray, times: np.ndarray) -> np.ndarray:
    return np.gradient(smooth_measured(values, times, _SMOOTH_SECONDS), times, axis=0)

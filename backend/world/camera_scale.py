"""How large a moving camera's path is, in metres: at the right scale the feet of those who walk stand still in turns, and
the points of the floor lie as far under the camera as the feet do."""

from __future__ import annotations

import numpy as np

from mpsnet_blender.motion.base.smoothing import smooth_measured

_SCALES = np.exp(np.linspace(np.log(0.15), np.log(6.0), 75))
_SMOOTH_SECONDS = 0.08
_STILL_ASIDE, _STILL_TOWARDS = 0.20, 0.45          # metres a second at which a foot hardly counts as standing
_PRIOR_SIGMA = 0.8                                 # of the logarithm: the points' distances were guessed
_SAMPLES_PER_SECOND = 4.0                          # errors that differ from each other
_REACH, _FEET_SIGMA, _FLOOR_SIGMA = 0.5, 0.2, 0.03  # logarithms: how far from the feet's scale a floor may lie, and its spread
_FEWEST_FLOOR_POINTS, _FLOOR_STANDS_OUT = 20, 1.0


def camera_scale(feet: list[np.ndarray], places: list[np.ndarray], forward: list[np.ndarray],
                 timestamps: list[np.ndarray]) -> float:
    """Return the factor that takes the camera's places to metres.

    For each person: feet (T, 4, 3) as left heel, left toe, right heel, right toe relative to the camera, in axes that do not
    turn, metres; places (T, 3) of the camera and where it looks, forward (T, 3), in the same axes; timestamps (T,) s. With
    the scale s a foot's velocity over the floor is that of feet + s * places. The slower foot is taken to stand.
    """
    cost = (np.log(_SCALES) / _PRIOR_SIGMA) ** 2
    for own, place, ahead, times in zip(feet, places, forward, timestamps, strict=True):
        if len(times) < 3:
            continue
        step = float(np.median(np.diff(times)))
        both = own.reshape(len(own), 2, 2, 3).mean(2)
        moving = _velocity(both.reshape(len(own), -1), times).reshape(both.shape)
        going = _velocity(place, times)[:, None]
        for index, scale in enumerate(_SCALES):
            speed = moving + scale * going
            towards = (speed * ahead[:, None]).sum(-1)
            aside = np.maximum((speed ** 2).sum(-1) - towards ** 2, 0.0)
            still = np.log1p(aside / _STILL_ASIDE ** 2 + (towards / _STILL_TOWARDS) ** 2).min(1)
            cost[index] += 2 * still.sum() * step * _SAMPLES_PER_SECOND
    best = int(np.clip(cost.argmin(), 1, len(cost) - 2))
    before, at, after = cost[best - 1:best + 2]
    shift = np.clip(0.5 * (before - after) / max(before - 2 * at + after, 1e-12), -0.5, 0.5)
    return float(_SCALES[best] * (_SCALES[1] / _SCALES[0]) ** shift)


def floor_scale(points: np.ndarray, down: np.ndarray, drop: float, scale: float) -> float:
    """Return a better scale where points (N, 3) of the background, of the camera's own scale, show a floor; else `scale`.

    down (3,) is gravity in the points' axes, drop how far (m) under their origin people stand, scale what feet tell.
    """
    below = points @ down
    below = np.log(below[below > 1e-3])
    expected = np.log(max(drop, 0.05) / scale)
    levels = expected + np.linspace(-_REACH, _REACH, 121)
    support = np.exp(-0.5 * ((levels[:, None] - below) / _FLOOR_SIGMA) ** 2).sum(1)
    believed = support * np.exp(-0.5 * ((levels - expected) / _FEET_SIGMA) ** 2)
    best = int(believed.argmax())
    near = np.abs(below - levels[best]) < 2 * _FLOOR_SIGMA
    others = (np.abs(below - levels[best]) < 6 * _FLOOR_SIGMA).sum() - near.sum()
    if near.sum() < _FEWEST_FLOOR_POINTS or near.sum() < _FLOOR_STANDS_OUT * others:
        return scale
    return float(max(drop, 0.05) / np.exp(np.median(below[near])))


def _velocity(values: np.ndarray, times: np.ndarray) -> np.ndarray:
    return np.gradient(smooth_measured(values, times, _SMOOTH_SECONDS), times, axis=0)

"""How surely heels and toes stand on the floor: low and slow, in space and where their rays meet the floor."""

from __future__ import annotations

import numpy as np

from .smoothing import smooth

_SMOOTH_SECONDS, _FADE_SECONDS = 0.04, 0.025
# A logistic regression on rendered walkers with true contacts. For each measure its scale (metres, metres a second) and
# by how much the log-odds fall with log(1 + (measure / scale)^2).
_HEIGHT, _ASIDE, _TOWARDS, _RISE, _ON_FLOOR = (0.04, 0.68), (0.15, 0.80), (0.30, 0.60), (0.15, 0.25), (0.40, 0.45)
_LOG_ODDS = 3.25


def find_contacts(soles: np.ndarray, timestamps: np.ndarray, forward: np.ndarray, on_floor: np.ndarray | None = None,
                  learned: np.ndarray | None = None) -> np.ndarray:
    """Return contact confidences (T, 4) in 0..1 of soles (T, 4, 3) at timestamps (T,) s in the world, z up, metres.

    forward (T, 3) is where the camera looks: motion along it is seen least well. on_floor (T, 4, 3), where known: the points
    at which the feet's rays meet the floor, which stand still as long as a foot does, however the pose errs. learned
    (T, 4) in 0..1, where an engine tells contacts itself, is multiplied in.
    """
    if len(timestamps) < 3:
        return np.zeros(soles.shape[:2])
    towards = forward * (1, 1, 0) / np.maximum(np.linalg.norm(forward[:, :2], axis=1), 1e-6)[:, None]
    aside = np.stack([-towards[:, 1], towards[:, 0], np.zeros(len(towards))], axis=1)
    place, speed = _motion(soles, timestamps)
    log_odds = _LOG_ODDS - _cost(np.maximum(place[..., 2], 0.0), _HEIGHT) - _cost(speed[..., 2], _RISE)
    log_odds -= _cost((speed * aside[:, None]).sum(-1), _ASIDE) + _cost((speed * towards[:, None]).sum(-1), _TOWARDS)
    seen = speed if on_floor is None else _motion(on_floor, timestamps)[1]
    log_odds -= _cost((seen * towards[:, None]).sum(-1), _ON_FLOOR)
    confidence = 1 / (1 + np.exp(-log_odds))
    if learned is not None:
        confidence = confidence * learned
    return np.clip(smooth(confidence, timestamps, _FADE_SECONDS, degree=0), 0.0, 1.0)


def _motion(points: np.ndarray, timestamps: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return places (T, 4, 3) a little smoothed and their velocities."""
    places = smooth(points.reshape(len(points), -1), timestamps, _SMOOTH_SECONDS).reshape(points.shape)
    return places, np.gradient(places, timestamps, axis=0)


def _cost(measure: np.ndarray, term: tuple[float, float]) -> np.ndarray:
    scale, weight = term
    return weight * np.log1p((measure / scale) ** 2)

"""The targets of planted feet: one footprint for each span of contact, on which the foot rolls from heel to ball."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..base.contact_spans import Spans, fade_outside_spans, find_spans
from ..base.smoothing import smooth, smoothstep
from ..base.soles import Sole

# All measured on captures of six rendered people, before their feet were planted.
# Movement on a footprint below these limits is taken for an error, above them for a real movement. Of standing feet 5 % of the
# frames were off by more than 55 mm or 19 degrees, 1 % by more than 81 mm or 36 degrees.
_FREE_METRES, _FREE_RADIANS = 0.12, np.radians(25.0)
# A footprint lower than the first is put on the floor (90 % of them lay at -6 to 16 mm); one higher than the second stays on a
# step (stairs have steps of 150 to 200 mm).
_ON_FLOOR, _ON_STEP = 0.08, 0.16
# Sigmas of the smoothing of a foot's roll and of its drift. With half and twice of each, accelerations are off as much as before,
# except those of the knees: 5 % more with a roll of 0.025 s.
_ROLL_SECONDS, DRIFT_SECONDS = 0.05, 0.20
_SOFTENING = 0.2            # in thresholds: the excess at which half of it counts; chosen by eye, not measured


@dataclass(frozen=True)
class PlantedFoot:
    """A foot on its footprints while it stands (`spans`): global rotations (T, 3, 3), ankles (T, 3), yaw (T,) of the footprint in
    radians, `on_ball` (T,) how far the foot has rolled (0 on the heel, 1 on the ball), `ground` (T,) height of the ground, m."""
    spans: Spans
    rotmats: np.ndarray
    ankles: np.ndarray
    yaw: np.ndarray
    on_ball: np.ndarray
    ground: np.ndarray


def plant_foot(sole: Sole, rotmats: np.ndarray, ankles: np.ndarray, heel_stands: np.ndarray, ball_stands: np.ndarray,
                 timestamps: np.ndarray) -> PlantedFoot:
    """Return the footprints of a foot with global rotations (T, 3, 3) and ankles (T, 3).

    heel_stands, ball_stands (T,): whether heel and ball are in contact; timestamps (T,) s.
    """
    spans = find_spans(heel_stands | ball_stands, timestamps)
    if not len(spans.starts):
        empty = np.zeros(len(ankles))
        return PlantedFoot(spans, rotmats, ankles, empty, empty, empty)
    flat = _clip_to_spans(spans, smooth((heel_stands & ball_stands).astype(float), timestamps, _ROLL_SECONDS, degree=0))
    roll = (ball_stands.astype(float) - heel_stands + 1) / 2
    on_ball = _clip_to_spans(spans, smooth(roll, timestamps, _ROLL_SECONDS, degree=0))
    heels, balls = sole.points(rotmats, ankles)
    ahead = (balls - heels) / sole.length
    yaw = _hold_yaw(ahead, heel_stands & ball_stands, spans)
    print_ahead = np.stack((np.cos(yaw), np.sin(yaw), np.zeros_like(yaw)), axis=-1) * sole.length / 2
    middles = heels + print_ahead + on_ball[:, None] * (balls - heels - 2 * print_ahead)
    turning = _compute_pivot_path(print_ahead, ball_stands.astype(float) - heel_stands)
    centre, ground = _hold_positions(middles - turning, spans)
    centre = centre + turning
    pitch = np.arcsin(np.clip(ahead[:, 2], -1, 1)) * (1 - flat)
    turned = _pitch_feet(sole.flat(yaw), yaw, pitch)
    heel_on_print, ball_on_print = centre - print_ahead, centre + print_ahead
    by_heel, by_ball = heel_on_print - turned @ sole.heel, ball_on_print - turned @ sole.ball
    return PlantedFoot(spans, turned, by_heel + on_ball[:, None] * (by_ball - by_heel), yaw, on_ball, ground)


def _clip_to_spans(spans: Spans, values: np.ndarray) -> np.ndarray:
    return np.clip(values, 0, 1) * spans.mask()


def _hold_yaw(ahead: np.ndarray, flat: np.ndarray, spans: Spans) -> np.ndarray:
    """Return the yaw (T,) of the footprints, radians: constant while a foot is flat (T,), except for real turns on the spot.

    Between two flat phases of a span, on heel or ball alone, the yaw passes over. A span without a flat phase has one yaw.
    """
    never_flat = spans.mask() & (spans.spread_over_frames(spans.means(flat.astype(float))) == 0)
    prints = find_spans(flat | never_flat, spans.timestamps)
    direction = ahead[:, 0] + 1j * ahead[:, 1]
    mean = prints.spread_over_frames(np.angle(prints.means(direction)))
    off = np.angle(direction * np.exp(-1j * mean)) * prints.mask()
    held = mean + _reduce_by_threshold(_smooth_in_spans(off, prints), _FREE_RADIANS)
    correction = np.angle(np.exp(1j * held) * direction.conj()) * prints.mask()
    return np.angle(direction) + fade_outside_spans(correction, prints, DRIFT_SECONDS)


def _compute_pivot_path(print_ahead: np.ndarray, on_ball_alone: np.ndarray) -> np.ndarray:
    """Return how far (T, 3) the middle of the footprint has moved because the foot turns about the point that stands.

    on_ball_alone (T,): -1 on the heel alone, 1 on the ball alone, 0 on both. print_ahead (T, 3): from the middle to the ball.
    """
    pivot = np.clip(on_ball_alone[1:] + on_ball_alone[:-1], -1, 1)
    steps = -pivot[:, None] * np.diff(print_ahead, axis=0)
    return np.concatenate((np.zeros((1, 3)), np.cumsum(steps, axis=0)))


def _hold_positions(positions: np.ndarray, spans: Spans) -> tuple[np.ndarray, np.ndarray]:
    """Return the footprints' middles (T, 3) from their positions (T, 3) in each frame, and the ground's height (T,)."""
    means = spans.means(positions)
    height = means[:, 2]
    means[:, 2] = height * smoothstep((height - _ON_FLOOR) / (_ON_STEP - _ON_FLOOR))
    mean = spans.spread_over_frames(means)
    return mean + keep_large_drift(positions - mean, spans), mean[:, 2]


def keep_large_drift(offsets: np.ndarray, spans: Spans) -> np.ndarray:
    """Return the horizontal part (T, 3) of offsets (T, 3) from a fixed spot that is too large to be an error: a real movement."""
    across = _smooth_in_spans(offsets * (1, 1, 0) * spans.mask()[:, None], spans)
    far = np.linalg.norm(across, axis=1, keepdims=True)
    return across / np.maximum(far, 1e-9) * _reduce_by_threshold(far, _FREE_METRES)


def _smooth_in_spans(values: np.ndarray, spans: Spans) -> np.ndarray:
    """Return values (T, ...) smoothed within each span separately."""
    inside = spans.mask().astype(float).reshape((-1,) + (1,) * (values.ndim - 1))
    smoothed = smooth(values * inside, spans.timestamps, DRIFT_SECONDS, degree=0)
    return smoothed / np.maximum(smooth(inside, spans.timestamps, DRIFT_SECONDS, degree=0), 1e-3) * inside


def _reduce_by_threshold(values: np.ndarray, threshold: float) -> np.ndarray:
    """Return values reduced by the threshold without a kink (soft threshold): 0 below it, |value| - 1.2 threshold far above."""
    size = np.abs(values)
    excess = np.maximum(size - threshold, 0.0)
    return np.sign(values) * excess**2 / (excess + _SOFTENING * threshold)


def _pitch_feet(flat: np.ndarray, yaw: np.ndarray, pitch: np.ndarray) -> np.ndarray:
    """Return rotations (T, 3, 3) of flat feet (T, 3, 3) with heading yaw (T,), with their toes raised by pitch (T,) radians."""
    axis = np.stack((np.sin(yaw), -np.cos(yaw), np.zeros_like(yaw)), axis=-1)
    return rotmat_from_axis_angle(axis, pitch) @ flat


def rotmat_from_axis_angle(axis: np.ndarray, angle: np.ndarray) -> np.ndarray:
    """Return rotations (T, 3, 3) about unit axes a (T, 3) by angles (T,): R = I + sin [a] + (1 - cos) [a]^2 (Rodrigues)."""
    x, y, z = np.moveaxis(axis, -1, 0)
    zero = np.zeros_like(x)
    cross = np.stack((zero, -z, y, z, zero, -x, -y, x, zero), axis=-1).reshape(axis.shape[:-1] + (3, 3))
    return np.eye(3) + np.sin(angle)[..., None, None] * cross + (1 - np.cos(angle))[..., None, None] * (cross @ cross)

"""The targets of planted feet: one footprint for each span of contact, on which the foot rolls from heel to ball."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..base.contact_spans import Spans, held_and_faded, spans_of
from ..base.smoothing import eased, smooth
from ..base.soles import Sole

# Measured on captures of six rendered people, before their feet were planted.
# What a foot moves on its footprint beyond that, it truly moves: feet that stood seemed 55 mm and 19 degrees off in 5 % of the
# frames, 81 mm and 36 degrees in 1 %.
_FREE_METRES, _FREE_RADIANS = 0.12, np.radians(25.0)
# A stand lower than the one lies on the floor: 90 % lay between -6 and 16 mm. One higher than the other lies on a step; those of
# stairs are 150 to 200 mm high.
_ON_FLOOR, _ON_STEP = 0.08, 0.16
# Accelerations were off as much with half and twice of each, but of knees 5 % more where feet rolled in 0.025 s.
_ROLL_SECONDS, DRIFT_SECONDS = 0.05, 0.20


@dataclass(frozen=True)
class PlantedFoot:
    """A foot on its footprints: global rotations (T, 3, 3) and ankles (T, 3) while it stands (`spans`), and whether heel and
    ball stand (T,), yaw (T,) of the print, `on_ball` (T,) how far the foot has rolled: 0 on the heel, 1 on the ball."""
    spans: Spans
    rotmats: np.ndarray
    ankles: np.ndarray
    yaw: np.ndarray
    on_ball: np.ndarray
    ground: np.ndarray


def planted_foot(sole: Sole, rotmats: np.ndarray, ankles: np.ndarray, heel_stands: np.ndarray, ball_stands: np.ndarray,
                 timestamps: np.ndarray) -> PlantedFoot:
    """Return where a foot with global rotations (T, 3, 3) and ankles (T, 3) is to stand; heel_stands, ball_stands (T,);
    timestamps (T,) s."""
    spans = spans_of(heel_stands | ball_stands, timestamps)
    if not len(spans.starts):
        empty = np.zeros(len(ankles))
        return PlantedFoot(spans, rotmats, ankles, empty, empty, empty)
    flat = _within(spans, smooth((heel_stands & ball_stands).astype(float), timestamps, _ROLL_SECONDS, degree=0))
    on_ball = _within(spans, smooth((ball_stands.astype(float) - heel_stands + 1) / 2, timestamps, _ROLL_SECONDS, degree=0))
    heels, balls = sole.points(rotmats, ankles)
    ahead = (balls - heels) / sole.length
    yaw = _held_yaw(ahead, heel_stands & ball_stands, spans)
    print_ahead = np.stack((np.cos(yaw), np.sin(yaw), np.zeros_like(yaw)), axis=-1) * sole.length / 2
    middles = heels + print_ahead + on_ball[:, None] * (balls - heels - 2 * print_ahead)
    turning = _turned_on_the_spot(print_ahead, ball_stands.astype(float) - heel_stands)
    centre, ground = _held_places(middles - turning, spans)
    centre = centre + turning
    pitch = np.arcsin(np.clip(ahead[:, 2], -1, 1)) * (1 - flat)
    turned = _pitched(sole.flat(yaw), yaw, pitch)
    heel_on_print, ball_on_print = centre - print_ahead, centre + print_ahead
    by_heel, by_ball = heel_on_print - turned @ sole.heel, ball_on_print - turned @ sole.ball
    return PlantedFoot(spans, turned, by_heel + on_ball[:, None] * (by_ball - by_heel), yaw, on_ball, ground)


def _within(spans: Spans, values: np.ndarray) -> np.ndarray:
    return np.clip(values, 0, 1) * spans.mask()


def _held_yaw(ahead: np.ndarray, flat: np.ndarray, spans: Spans) -> np.ndarray:
    """Return the yaw (T,) of the prints: the mean while a foot lies flat (T,), but where it truly turns on the spot. One that
    stands on heel or ball alone may turn from one print to the next; one that never lies flat keeps its mean too."""
    never_flat = spans.mask() & (spans.spread(spans.means(flat.astype(float))) == 0)
    prints = spans_of(flat | never_flat, spans.timestamps)
    direction = ahead[:, 0] + 1j * ahead[:, 1]
    mean = prints.spread(np.angle(prints.means(direction)))
    off = np.angle(direction * np.exp(-1j * mean)) * prints.mask()
    held = mean + _beyond(_smooth_in_spans(off, prints), _FREE_RADIANS)
    correction = np.angle(np.exp(1j * held) * direction.conj()) * prints.mask()
    return np.angle(direction) + held_and_faded(correction, prints, DRIFT_SECONDS)


def _turned_on_the_spot(print_ahead: np.ndarray, on_ball_alone: np.ndarray) -> np.ndarray:
    """Return how far the prints' middles (T, 3) go because the foot turns: about its heel where on_ball_alone (T,) is -1, about
    its ball where it is 1, for the point that stands stays where it is."""
    pivot = np.clip(on_ball_alone[1:] + on_ball_alone[:-1], -1, 1)
    steps = -pivot[:, None] * np.diff(print_ahead, axis=0)
    return np.concatenate((np.zeros((1, 3)), np.cumsum(steps, axis=0)))


def _held_places(places: np.ndarray, spans: Spans) -> tuple[np.ndarray, np.ndarray]:
    """Return the prints' middles (T, 3) and the height (T,) of the ground they lie on."""
    means = spans.means(places)
    height = means[:, 2]
    means[:, 2] = height * eased((height - _ON_FLOOR) / (_ON_STEP - _ON_FLOOR))
    mean = spans.spread(means)
    return mean + truly_moved(places - mean, spans), mean[:, 2]


def truly_moved(off: np.ndarray, spans: Spans) -> np.ndarray:
    """Return how far (T, 3) what stands on prints goes over the floor meanwhile, of how far off (T, 3) them it seems."""
    across = _smooth_in_spans(off * (1, 1, 0) * spans.mask()[:, None], spans)
    far = np.linalg.norm(across, axis=1, keepdims=True)
    return across / np.maximum(far, 1e-9) * _beyond(far, _FREE_METRES)


def _smooth_in_spans(values: np.ndarray, spans: Spans) -> np.ndarray:
    """Return values (T, ...) smoothed within each span separately."""
    inside = spans.mask().astype(float).reshape((-1,) + (1,) * (values.ndim - 1))
    smoothed = smooth(values * inside, spans.timestamps, DRIFT_SECONDS, degree=0)
    return smoothed / np.maximum(smooth(inside, spans.timestamps, DRIFT_SECONDS, degree=0), 1e-3) * inside


def _beyond(values: np.ndarray, free: float) -> np.ndarray:
    """Return what of the values lies beyond the free part, softly: none below `free`, all but it far above."""
    size = np.abs(values)
    excess = np.maximum(size - free, 0.0)
    return np.sign(values) * excess**2 / (excess + 0.2 * free)


def _pitched(flat: np.ndarray, yaw: np.ndarray, pitch: np.ndarray) -> np.ndarray:
    """Return flat feet (T, 3, 3) with their toes raised by pitch (T,) radians."""
    axis = np.stack((np.sin(yaw), -np.cos(yaw), np.zeros_like(yaw)), axis=-1)
    return turned_about(axis, pitch) @ flat


def turned_about(axis: np.ndarray, angle: np.ndarray) -> np.ndarray:
    """Return rotations (T, 3, 3) about unit axes (T, 3) by angles (T,): R = I + sin [a] + (1 - cos) [a]^2 (Rodrigues)."""
    x, y, z = np.moveaxis(axis, -1, 0)
    zero = np.zeros_like(x)
    cross = np.stack((zero, -z, y, z, zero, -x, -y, x, zero), axis=-1).reshape(axis.shape[:-1] + (3, 3))
    return np.eye(3) + np.sin(angle)[..., None, None] * cross + (1 - np.cos(angle))[..., None, None] * (cross @ cross)

"""Footsteps: planted feet first, the pelvis after them, so that no foot slides.

A body path (where the body wants to be, and which way it faces) is sampled at each foot's mid-stance to get that foot's
next place. Yaw 0 faces -Y; left is +X. Metres, seconds, radians.
"""
from dataclasses import dataclass

import numpy as np

STANCE_SHARE = 1.2  # of a step's time, from landing to lifting: two tenths of each step stand on both feet
STRIKE_PITCH = np.radians(17.0)
PUSH_PITCH = np.radians(-36.0)
FULL_STRIDE = 1.05  # metres from one landing to the same foot's next, at which the foot rolls fully


@dataclass(frozen=True)
class BodyPath:
    """Wanted floor place (N, 2), yaw (N,) and half the distance between the feet (N,) at `times` (N,)."""

    times: np.ndarray
    place: np.ndarray
    yaw: np.ndarray
    half_width: np.ndarray

    def at(self, time: np.ndarray | float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return place (..., 2), yaw (...) and half width (...) at a time."""
        columns = (self.place[:, 0], self.place[:, 1], self.yaw, self.half_width)
        x, y, yaw, width = (np.interp(time, self.times, column) for column in columns)
        return np.stack([x, y], -1), yaw, width


@dataclass(frozen=True)
class FootShape:
    """Heel and ball on the sole, relative to the ankle of a foot that points along -Y; metres."""

    heel: np.ndarray
    ball: np.ndarray


@dataclass(frozen=True)
class Stance:
    """A foot on the floor from `landing` to `lifting`: the ankle's floor place, the yaw, and how far it rolls."""

    landing: float
    lifting: float
    place: np.ndarray
    yaw: float
    strike: float
    push: float


@dataclass(frozen=True)
class FootTrack:
    """Ankle (T, 3), yaw, pitch (positive: toes up), toe bend (T,) and whether the foot stands (T,)."""

    ankle: np.ndarray
    yaw: np.ndarray
    pitch: np.ndarray
    toe_bend: np.ndarray
    stands: np.ndarray


def smooth(values: np.ndarray, sigma: float) -> np.ndarray:
    """Return values (N, ...) filtered by a Gaussian of `sigma` samples, the ends repeated."""
    reach = int(4 * sigma) + 1
    kernel = np.exp(-0.5 * (np.arange(-reach, reach + 1) / sigma) ** 2)
    padded = np.concatenate([np.repeat(values[:1], reach, 0), values, np.repeat(values[-1:], reach, 0)])
    return np.apply_along_axis(lambda column: np.convolve(column, kernel / kernel.sum(), "valid"), 0, padded)


def draw_path(keys: list[tuple], sigma: float = 0.22, rate: float = 120.0) -> BodyPath:
    """Return the smooth path through keys (time, x, y, yaw in degrees, half width)."""
    table = np.array(keys, float)
    times = np.arange(table[0, 0], table[-1, 0] + 2.0, 1 / rate)
    columns = np.stack([np.interp(times, table[:, 0], table[:, c]) for c in range(1, 5)], -1)
    columns = smooth(columns, sigma * rate)
    return BodyPath(times, columns[:, :2], np.radians(columns[:, 2]), columns[:, 3])


def heading(yaw: np.ndarray | float) -> tuple[np.ndarray, np.ndarray]:
    """Return the unit vectors (..., 2) forward and to the left of a yaw."""
    return np.stack([np.sin(yaw), -np.cos(yaw)], -1), np.stack([np.cos(yaw), np.sin(yaw)], -1)


def plan_stances(path: BodyPath, side: int, step_time: float) -> list[Stance]:
    """Return one foot's stances; side 0 is left, 1 right. A step that would hardly move the foot is not made."""
    landings = path.times[0] + step_time * np.arange(side, (path.times[-1] - path.times[0]) / step_time, 2)
    spots: list[tuple[float, np.ndarray, float]] = []
    for landing in landings:
        place, yaw, width = path.at(landing + 0.5 * STANCE_SHARE * step_time)
        sign = 1 - 2 * side
        place = place + sign * width * heading(yaw)[1]
        yaw = float(yaw + sign * np.radians(6.0))
        moved = not spots or np.hypot(*(place - spots[-1][1])) > 0.04 or abs(yaw - spots[-1][2]) > np.radians(12)
        if moved:
            spots.append((landing, place, yaw))
    return [_make_stance(spots, i, step_time) for i in range(len(spots))]


def _make_stance(spots: list[tuple[float, np.ndarray, float]], i: int, step_time: float) -> Stance:
    landing, place, yaw = spots[i]
    forward = heading(yaw)[0]
    strike = np.clip((place - spots[i - 1][1]) @ forward / FULL_STRIDE, 0, 1) if i else 0.0
    last = i + 1 == len(spots)
    push = 0.0 if last else np.clip((spots[i + 1][1] - place) @ forward / FULL_STRIDE, 0, 1)
    lifting = np.inf if last else spots[i + 1][0] - (2 - STANCE_SHARE) * step_time
    return Stance(landing, lifting, place, yaw, float(strike), float(push))


def _stand(stance: Stance, shape: FootShape, time: float, step_time: float) -> tuple[np.ndarray, float]:
    """Return ankle (3,) and pitch of a standing foot, rolling over the heel and then over the ball."""
    ahead = np.clip(1 - (time - stance.landing) / (0.22 * step_time), 0, 1)
    behind = np.clip(1 - (stance.lifting - time) / (0.5 * step_time), 0, 1)
    pitch = STRIKE_PITCH * stance.strike * ahead**2 + PUSH_PITCH * stance.push * behind**2
    pivot = shape.heel if pitch > 0 else shape.ball
    ankle = turn_foot(pivot, stance.yaw, 0.0) - turn_foot(pivot, stance.yaw, pitch)
    return ankle + np.array([*stance.place, -shape.heel[2]]), pitch


def turn_foot(point: np.ndarray, yaw: float, pitch: float) -> np.ndarray:
    """Return a point (3,) of the foot turned toes up by `pitch` and then by `yaw` about Z."""
    y = np.cos(pitch) * point[1] + np.sin(pitch) * point[2]
    z = -np.sin(pitch) * point[1] + np.cos(pitch) * point[2]
    return np.array([np.cos(yaw) * point[0] - np.sin(yaw) * y, np.sin(yaw) * point[0] + np.cos(yaw) * y, z])


def track_foot(path: BodyPath, side: int, step_time: float, shape: FootShape, times: np.ndarray) -> FootTrack:
    """Return one foot's motion at `times` (T,)."""
    stances = plan_stances(path, side, step_time)
    rows = [_place_foot(stances, shape, time, step_time) for time in times]
    ankle, yaw, pitch, bend, stands = (np.array(column) for column in zip(*rows, strict=True))
    return FootTrack(ankle, yaw, pitch, bend, stands)


def _place_foot(stances: list[Stance], shape: FootShape, time: float, step_time: float) -> tuple:
    i = max([k for k, stance in enumerate(stances) if stance.landing <= time], default=0)
    now = stances[i]
    if time <= now.lifting:
        ankle, pitch = _stand(now, shape, time, step_time)
        return ankle, now.yaw, pitch, max(0.0, -pitch), True
    then, span = stances[i + 1], stances[i + 1].landing - now.lifting
    u, small = (time - now.lifting) / span, 1e-3
    start, end = _stand(now, shape, now.lifting, step_time), _stand(then, shape, then.landing, step_time)
    before, after = _stand(now, shape, now.lifting - small, step_time), _stand(then, shape, then.landing + small, step_time)
    # ankle and pitch are interpolated alike, leaving and meeting the floor at the speed of the standing foot
    first, second, third, fourth = (np.array([*ankle, pitch]) for ankle, pitch in (before, start, end, after))
    state = _hermite(second, (second - first) * span / small, third, (fourth - third) * span / small, u)
    state[2] += (0.035 + 0.03 * now.push) * 16 * (u * (1 - u)) ** 2
    ease = u * u * (3 - 2 * u)
    bend = max(0.0, -start[1]) * (1 - ease) ** 2
    return state[:3], now.yaw + ease * (then.yaw - now.yaw), state[3], bend, False


def _hermite(start: np.ndarray, start_slope: np.ndarray, end: np.ndarray, end_slope: np.ndarray, u: float) -> np.ndarray:
    """Return the cubic with these values and slopes at u = 0 and 1."""
    return ((1 + 2 * u) * (1 - u) ** 2 * start + u * (1 - u) ** 2 * start_slope
            + u * u * (3 - 2 * u) * end + u * u * (u - 1) * end_slope)

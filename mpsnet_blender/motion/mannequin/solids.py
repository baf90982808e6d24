"""Solids as functions that are negative inside: swept cross sections, ellipsoids and capsules, and their smooth union."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np

Solid = Callable[[np.ndarray, np.ndarray, np.ndarray], np.ndarray]  # of x, y, z, which broadcast, to about the distance
_SAMPLES = 256  # of a swept solid's curves, along its axis


@dataclass(frozen=True)
class Sweep:
    """A solid with cross sections along one axis of the coordinates (0, 1, 2 for x, y, z), given by `rows` (N, 6).

    A row: place along the axis; centre (2) and half widths, in the order of the two other axes, of which the last has one in
    each direction: (place, centre u, centre v, half width u, half width +v, half width -v). Curves through the rows are smooth.
    `power` is the superellipse's: 2 for an ellipse, more for a rounder rectangle. `caps` are the lengths over which the two ends
    are round, 0 where an end lies in another solid.
    """
    axis: int
    rows: tuple[tuple[float, ...], ...]
    power: float = 2.0
    caps: tuple[float, float] = (0.0, 0.0)

    @cached_property
    def _curves(self) -> tuple[np.ndarray, np.ndarray]:
        """Return places (S,) and the rows' other columns there (5, S)."""
        table = np.array(self.rows)
        places = np.linspace(table[0, 0], table[-1, 0], _SAMPLES)
        curves = _pass_smoothly(places, table[:, 0], table[:, 1:])
        for cap, beyond in zip(self.caps, (places - places[0], places[-1] - places), strict=True):
            if cap:
                curves[2:] *= np.sqrt(np.clip(1 - (1 - np.clip(beyond / cap, 0, 1)) ** 2, 1e-4, 1))
        return places, curves

    def __call__(self, x: np.ndarray, y: np.ndarray, z: np.ndarray) -> np.ndarray:
        """Return about the distance of points to the surface, negative inside."""
        along, u, v = (x, y, z)[self.axis], *(value for axis, value in enumerate((x, y, z)) if axis != self.axis)
        places, curves = self._curves
        row = np.clip((along - places[0]) / (places[1] - places[0]), 0, _SAMPLES - 1.001)
        below = row.astype(np.intp)
        middle_u, middle_v, half_u, ahead_v, behind_v = (
            curves[:, below] + (row - below) * (curves[:, below + 1] - curves[:, below]))
        from_v = v - middle_v
        half_v = np.where(from_v > 0, ahead_v, behind_v)
        reach = (np.abs((u - middle_u) / half_u) ** self.power + np.abs(from_v / half_v) ** self.power) ** (1 / self.power)
        beyond = np.maximum(places[0] - along, along - places[-1])
        return np.maximum((reach - 1) * np.minimum(half_u, half_v), beyond)


@dataclass(frozen=True)
class Ellipsoid:
    """An ellipsoid along the axes."""
    centre: tuple[float, float, float]
    radii: tuple[float, float, float]

    def __call__(self, x: np.ndarray, y: np.ndarray, z: np.ndarray) -> np.ndarray:
        """Return about the distance of points to the surface, negative inside."""
        parts = zip((x, y, z), self.centre, self.radii, strict=True)
        return (np.sqrt(sum(((value - middle) / radius) ** 2 for value, middle, radius in parts)) - 1) * min(self.radii)


@dataclass(frozen=True)
class Capsule:
    """A rod with round ends, whose radius changes evenly from start to end."""
    start: tuple[float, float, float]
    end: tuple[float, float, float]
    radii: tuple[float, float]

    def __call__(self, x: np.ndarray, y: np.ndarray, z: np.ndarray) -> np.ndarray:
        """Return about the distance of points to the surface, negative inside."""
        rod = np.subtract(self.end, self.start)
        from_start = [value - origin for value, origin in zip((x, y, z), self.start, strict=True)]
        share = np.clip(sum(part * side for part, side in zip(from_start, rod, strict=True)) / (rod @ rod), 0, 1)
        squared = sum((part - share * side) ** 2 for part, side in zip(from_start, rod, strict=True))
        return np.sqrt(squared) - (self.radii[0] + share * (self.radii[1] - self.radii[0]))


def unite(first: np.ndarray, second: np.ndarray, blend: float) -> np.ndarray:
    """Return the union of two solids' values with a fillet of about the size `blend` (the polynomial smooth minimum)."""
    near = np.maximum(blend - np.abs(first - second), 0)
    return np.minimum(first, second) - near * near / (4 * blend)


def cut(first: np.ndarray, second: np.ndarray, blend: float) -> np.ndarray:
    """Return what two solids share, with an edge that is round over about `blend`."""
    return -unite(-first, -second, blend)


def _pass_smoothly(places: np.ndarray, knots: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Return curves (C, S) at places (S,) through values (N, C) at knots (N,): cubic Hermite, whose slope at a knot is that from
    its neighbour before to that after."""
    slopes = np.gradient(values, knots, axis=0)
    row = np.clip(np.searchsorted(knots, places, side="right") - 1, 0, len(knots) - 2)
    width = (knots[row + 1] - knots[row])[:, None]
    t = (places - knots[row])[:, None] / width
    return ((1 + 2 * t) * (1 - t) ** 2 * values[row] + t * (1 - t) ** 2 * width * slopes[row]
            + t ** 2 * (3 - 2 * t) * values[row + 1] - t ** 2 * (1 - t) * width * slopes[row + 1]).T

"""A closed quad mesh on the surface of a solid that is symmetric about x = 0 (naive surface nets on half of the body)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .solids import Solid

_SMOOTHING = 2      # rounds in which vertices move to the middle of their neighbours, and back onto the surface
_DELTA = 1e-4       # of the finite differences, in the unit of the coordinates


@dataclass(frozen=True)
class Surface:
    """vertices (V, 3); quads (F, 4), vertex numbers against the clock seen from outside; mirror (V,): the number of the vertex
    on the other side, itself in the middle."""
    vertices: np.ndarray
    quads: np.ndarray
    mirror: np.ndarray


def extract_surface(solid: Solid, x: np.ndarray, y: np.ndarray, z: np.ndarray) -> Surface:
    """Return the surface of a solid on a grid with lines at x (X,), y (Y,), z (Z,); x begins with -h, h for a middle cell.

    The surface must lie inside the grid, but for the mirrored half at negative x.
    """
    inside = solid(x[:, None, None], y[None, :, None], z[None, None, :]) < 0
    numbers, cells = _number_cells(inside)
    vertices = _middle_of_crossings(inside, cells, (x, y, z))
    quads = _join_cells(inside, numbers)
    vertices = _settle(solid, vertices, quads, cells[:, 0] == 0)
    return _mirror(vertices, quads, cells[:, 0] == 0)


def _number_cells(inside: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return numbers (X-1, Y-1, Z-1) of the cells that the surface crosses, -1 elsewhere, and the cells (V, 3)."""
    corners = [inside[i:inside.shape[0] - 1 + i, j:inside.shape[1] - 1 + j, k:inside.shape[2] - 1 + k]
               for i in (0, 1) for j in (0, 1) for k in (0, 1)]
    crossed = np.any(corners, axis=0) & ~np.all(corners, axis=0)
    numbers = np.full(crossed.shape, -1)
    numbers[crossed] = np.arange(crossed.sum())
    return numbers, np.argwhere(crossed)


def _middle_of_crossings(inside: np.ndarray, cells: np.ndarray, lines: tuple[np.ndarray, ...]) -> np.ndarray:
    """Return for each cell (V, 3) the mean of the middles (V, 3) of those of its edges that the surface crosses."""
    total, count = np.zeros(cells.shape), np.zeros(len(cells))
    for axis in range(3):
        others = [other for other in range(3) if other != axis]
        for first in (0, 1):
            for second in (0, 1):
                corner = cells.copy()
                corner[:, others] += (first, second)
                end = corner.copy()
                end[:, axis] += 1
                crosses = inside[tuple(corner.T)] != inside[tuple(end.T)]
                middle = np.column_stack([(line[a] + line[b]) / 2 for line, a, b in zip(lines, corner.T, end.T, strict=True)])
                total[crosses] += middle[crosses]
                count += crosses
    return total / count[:, None]


def _join_cells(inside: np.ndarray, numbers: np.ndarray) -> np.ndarray:
    """Return quads (F, 4): for each edge of the grid that the surface crosses, the vertices of the four cells around it."""
    quads = []
    for axis in range(3):
        first, second = (axis + 1) % 3, (axis + 2) % 3
        changes = np.diff(inside.astype(np.int8), axis=axis)
        edges = np.argwhere(changes != 0)
        edges = edges[(edges[:, first] > 0) & (edges[:, second] > 0)]  # at x = -h: the mirrored half has them
        around = []
        for back_first, back_second in ((1, 1), (0, 1), (0, 0), (1, 0)):
            cell = edges.copy()
            cell[:, first] -= back_first
            cell[:, second] -= back_second
            around.append(numbers[tuple(cell.T)])
        faces = np.stack(around, axis=1)
        faces_back = changes[tuple(edges.T)] > 0  # from outside to inside along the axis: seen from the other end
        faces[faces_back] = faces[faces_back, ::-1]
        quads.append(faces)
    return np.concatenate(quads)


def _settle(solid: Solid, vertices: np.ndarray, quads: np.ndarray, is_middle: np.ndarray) -> np.ndarray:
    """Return vertices (V, 3) evenly spread on the surface; those in the middle stay there."""
    starts, ends = quads.ravel(), np.roll(quads, 1, axis=1).ravel()
    sources, targets = np.concatenate((starts, ends)), np.concatenate((ends, starts))
    count = np.bincount(targets, minlength=len(vertices))[:, None]
    vertices = _project(solid, _project(solid, vertices))
    for _ in range(_SMOOTHING):
        sums = np.stack([np.bincount(targets, values[sources], len(vertices)) for values in vertices.T], axis=1)
        vertices = sums / count
        vertices[is_middle, 0] = 0.0
        vertices = _project(solid, vertices)
    vertices = _project(solid, vertices)
    vertices[is_middle, 0] = 0.0
    return vertices


def _project(solid: Solid, points: np.ndarray) -> np.ndarray:
    """Return points (N, 3) nearer to the surface, by Newton's method along the gradient g of the value f: p - f g / |g|^2."""
    value = solid(*points.T)
    slope = np.stack([solid(*(points + _DELTA * axis).T) - value for axis in np.eye(3)], axis=1) / _DELTA
    return points - value[:, None] * slope / np.maximum((slope * slope).sum(axis=1, keepdims=True), 0.1)


def _mirror(vertices: np.ndarray, quads: np.ndarray, is_middle: np.ndarray) -> Surface:
    """Return the surface of both halves; vertices in the middle are shared."""
    beside = np.flatnonzero(~is_middle)
    other = np.arange(len(vertices))
    other[beside] = len(vertices) + np.arange(len(beside))
    mirror = np.concatenate((other, beside))
    both = np.concatenate((vertices, vertices[beside] * (-1, 1, 1)))
    return Surface(both, np.concatenate((quads, other[quads][:, ::-1])), mirror)

"""Square, rotated regions of the image around a person: the landmark model's input."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from .exposure import brighten

# Side of a region over the diameter of the circle around the person, which the two alignment points give: MediaPipe's rule.
_MARGIN = 1.25


@dataclass(frozen=True)
class Region:
    """A square in the image: centre x, y and side in px; angle in radians, by which the person leans to the right."""
    centre_x: float
    centre_y: float
    side: float
    angle: float

    def moved(self, dx: float, dy: float) -> Region:
        return Region(self.centre_x + dx, self.centre_y + dy, self.side, self.angle)

    @property
    def centre(self) -> np.ndarray:
        return np.array((self.centre_x, self.centre_y))

    @property
    def body_radius(self) -> float:
        """Return the radius in px of the circle around the body: about half its height."""
        return self.side / (2 * _MARGIN)

    def affine(self, resolution: int) -> np.ndarray:
        """Return the matrix (2, 3) that takes crop pixels of a resolution^2 crop to image pixels."""
        scale = self.side / resolution
        cosine, sine = scale * math.cos(self.angle), scale * math.sin(self.angle)
        half = resolution / 2
        return np.array(((cosine, -sine, self.centre_x - half * (cosine - sine)),
                         (sine, cosine, self.centre_y - half * (sine + cosine))))

    def crop(self, image: np.ndarray, resolution: int) -> np.ndarray:
        """Return the region as (resolution, resolution, 3) RGB uint8, brightened where it is dark; outside the image its border
        is repeated."""
        crop = cv2.warpAffine(image, self.affine(resolution), (resolution, resolution),
                              flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP, borderMode=cv2.BORDER_REPLICATE)
        # A copy in that order: of a reversed view, the models' floats are made four times slower.
        return brighten(cv2.cvtColor(crop, cv2.COLOR_BGR2RGB))


def lie_on_people(points: np.ndarray, people: Sequence[Region], reach: float = 1.0) -> np.ndarray:
    """Return which points (..., 2) px lie on a person: within so many radii of the body around the region's centre."""
    covered = np.zeros(points.shape[:-1], dtype=bool)
    for region in people:
        covered |= np.linalg.norm(points - region.centre, axis=-1) < reach * region.body_radius
    return covered


def region_from_alignment(centre: np.ndarray, circle_point: np.ndarray) -> Region:
    """Return the region around a body from its hip centre and a point above it on the circle around the body (2,) px."""
    dx, dy = circle_point - centre
    angle = math.remainder(math.pi / 2 - math.atan2(-dy, dx), 2 * math.pi)
    return Region(float(centre[0]), float(centre[1]), 2 * _MARGIN * math.hypot(dx, dy), angle)

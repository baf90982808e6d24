"""Where the cameras of several views are at any moment, in the axes that the first one has in its first frame."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from ..base.smoothing import interpolate, nearest_rotmats


@dataclass(frozen=True)
class CameraPath:
    """Of one view: rotmats (N, 3, 3) and places (N, 3) m take the camera's axes at timestamps (N,) s of its video to those of its
    first frame. A camera that stands still has N = 1."""
    timestamps: np.ndarray
    rotmats: np.ndarray
    places: np.ndarray

    @property
    def travels(self) -> bool:
        """Whether the camera changes its place, not only its direction."""
        return bool(np.any(self.places))

    def scaled(self, factor: float) -> CameraPath:
        """Return the path with all distances multiplied by a factor."""
        return replace(self, places=factor * self.places)

    def at(self, times: np.ndarray) -> np.ndarray:
        """Return the matrices (T, 4, 4) that take the camera's axes at times (T,) s of its video to those of its first frame;
        (1, 4, 4) of a camera that stands still. Beyond both ends the camera stays as it is there."""
        rotmats, places = self.rotmats, self.places
        if len(self.timestamps) > 1:
            rotmats = nearest_rotmats(interpolate(rotmats, self.timestamps, times))
            places = interpolate(places, self.timestamps, times)
        matrices = np.tile(np.eye(4), (len(rotmats), 1, 1))
        matrices[:, :3, :3], matrices[:, :3, 3] = rotmats, places
        return matrices


def still_path() -> CameraPath:
    """Return the path of a camera that stands still."""
    return CameraPath(np.zeros(1), np.eye(3)[None], np.zeros((1, 3)))


@dataclass(frozen=True)
class Cameras:
    """The cameras of V views in the axes of the first one's first frame.

    rotmats (V, 3, 3) and places (V, 3) m take the axes of each view's first frame there; paths (V): how each camera moves since;
    zooms (V,): focal lengths over the assumed ones; offsets (V,) s: the second of the view's video in which the first video's
    second 0 lies; gains (V,): seconds that the view's clock gains in one second of the first one's; cost: mean cost of a moment
    of the person who fits best.
    """
    rotmats: np.ndarray
    places: np.ndarray
    paths: tuple[CameraPath, ...]
    zooms: np.ndarray
    offsets: np.ndarray
    gains: np.ndarray
    cost: float = np.inf

    def __len__(self) -> int:
        return len(self.rotmats)

    def at(self, views: list[int]) -> Cameras:
        """Return the cameras of some views, of which the first one stays the first."""
        return Cameras(self.rotmats[views], self.places[views], tuple(self.paths[view] for view in views), self.zooms[views],
                       self.offsets[views], self.gains[views])

    def scaled(self, factor: float) -> Cameras:
        """Return the cameras with all distances multiplied by a factor."""
        return replace(self, places=factor * self.places, paths=tuple(path.scaled(factor) for path in self.paths))

    def seconds(self, view: int, times: np.ndarray) -> np.ndarray:
        """Return the seconds (T,) of a view's video at times (T,) s of the first one."""
        return self.offsets[view] + (1 + self.gains[view]) * times

    def start_of(self, view: int) -> np.ndarray:
        """Return the matrix (4, 4) that takes the axes of a view's first frame to those of the first view's first frame."""
        matrix = np.eye(4)
        matrix[:3, :3], matrix[:3, 3] = self.rotmats[view], self.places[view]
        return matrix

    def first_from_cam(self, view: int, times: np.ndarray) -> np.ndarray:
        """Return the matrices (T, 4, 4), or (1, 4, 4) of a still camera, that take a view's camera axes at times (T,) s of the
        first video to the axes of the first view's first frame."""
        return self.start_of(view) @ self.paths[view].at(self.seconds(view, times))

    def now_from_cam(self, view: int, times: np.ndarray) -> np.ndarray:
        """Return the matrices (T, 4, 4), or (1, 4, 4) where neither moves, that take a view's camera axes at times (T,) s of the
        first video to those of the first camera at the same moments."""
        return np.linalg.inv(self.first_from_cam(0, times)) @ self.first_from_cam(view, times)

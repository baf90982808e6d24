"""The pinhole camera. It looks along +Y where pitch is 0; positive pitch looks down."""
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Camera:
    """place (3,) in metres, pitch in degrees, focal length in px, picture size in px.

    `corner`: where the picture's corner lies in a larger picture of `whole` px, of which it is a part.
    """

    place: tuple[float, float, float] = (0.0, 0.0, 1.35)
    pitch_degrees: float = 3.0
    focal_px: float = 900.0
    width: int = 960
    height: int = 720
    corner: tuple[int, int] = (0, 0)
    whole: tuple[int, int] | None = None

    @property
    def centre(self) -> np.ndarray:
        """Return the principal point (2,) px: the whole picture's middle, from this one's corner."""
        return np.array(self.whole or (self.width, self.height)) / 2 - self.corner

    @property
    def axes(self) -> np.ndarray:
        """Return the camera's right, down and forward axes, as rows (3, 3), in the world."""
        pitch = np.radians(self.pitch_degrees)
        return np.array([[1, 0, 0], [0, -np.sin(pitch), -np.cos(pitch)], [0, np.cos(pitch), -np.sin(pitch)]])

    def project(self, points: np.ndarray, scale: float = 1.0) -> tuple[np.ndarray, np.ndarray]:
        """Return pixels (..., 2), of a picture `scale` times as large, and depths (...) in metres."""
        seen = (points - np.array(self.place)) @ self.axes.T
        pixels = self.focal_px * seen[..., :2] / seen[..., 2:] + self.centre
        return np.ascontiguousarray(pixels * scale), np.ascontiguousarray(seen[..., 2])

    def rays(self, scale: int) -> np.ndarray:
        """Return directions (H, W, 3) in the world, one metre deep, of a picture `scale` times as large."""
        u = (np.arange(self.width * scale) + 0.5) / scale - self.centre[0]
        v = (np.arange(self.height * scale) + 0.5) / scale - self.centre[1]
        grid = np.stack([*np.meshgrid(u / self.focal_px, v / self.focal_px), np.ones((len(v), len(u)))], -1)
        return grid @ self.axes

"""The pinhole camera. It looks along +Y where pitch and yaw are 0; positive pitch looks down, positive yaw to the right."""
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Camera:
    """place (3,) in metres, pitch in degrees, focal length in px, picture size in px, yaw and roll in degrees.

    Roll turns the camera about its view: its right side sinks.
    `corner`: where the picture's corner lies in a larger picture of `whole` px, of which it is a part.
    """

    place: tuple[float, float, float] = (0.0, 0.0, 1.35)
    pitch_degrees: float = 3.0
    focal_px: float = 900.0
    width: int = 960
    height: int = 720
    corner: tuple[int, int] = (0, 0)
    whole: tuple[int, int] | None = None
    yaw_degrees: float = 0.0
    roll_degrees: float = 0.0

    @property
    def centre(self) -> np.ndarray:
        """Return the principal point (2,) px: the whole picture's middle, from this one's corner."""
        return np.array(self.whole or (self.width, self.height)) / 2 - self.corner

    @property
    def axes(self) -> np.ndarray:
        """Return the camera's right, down and forward axes, as rows (3, 3), in the world."""
        pitch, yaw, roll = np.radians((self.pitch_degrees, self.yaw_degrees, self.roll_degrees))
        level = np.array([[1, 0, 0], [0, -np.sin(pitch), -np.cos(pitch)], [0, np.cos(pitch), -np.sin(pitch)]])
        turned = level @ np.array([[np.cos(yaw), -np.sin(yaw), 0], [np.sin(yaw), np.cos(yaw), 0], [0, 0, 1]])
        return np.array([[np.cos(roll), np.sin(roll), 0], [-np.sin(roll), np.cos(roll), 0], [0, 0, 1]]) @ turned

    @property
    def world_from_cam(self) -> np.ndarray:
        """Return the matrix (4, 4) that takes points of the camera (x right, y down, z forward) to the world."""
        matrix = np.eye(4)
        matrix[:3, :3], matrix[:3, 3] = self.axes.T, self.place
        return matrix

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

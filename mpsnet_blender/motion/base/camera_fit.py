"""The settings of a Blender camera whose view matches a video's frames exactly."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

SENSOR_MILLIMETRES = 36.0  # Blender's default sensor width, that of 35 mm film


@dataclass(frozen=True)
class CameraFit:
    """Blender camera settings: lens and sensor in mm, shifts in fractions of the fitted side of the frame."""
    sensor_fit: str
    sensor_width: float
    sensor_height: float
    lens: float
    shift_x: float
    shift_y: float


def fit_camera(camera_matrix: np.ndarray, image_size: np.ndarray, frame_aspect: float) -> CameraFit:
    """Return the camera for a video (`camera_matrix` (3, 3) px, `image_size` width, height px) in a render frame.

    `frame_aspect` is the render frame's width over height. The whole footage is shown inside that frame (Blender's "Fit"): a
    video wider than the frame fills its width, any other its height. The sensor fits the same side, so that view and footage
    match at every render resolution.
    """
    width, height = (float(side) for side in image_size)
    fitted_is_width = width / height >= frame_aspect
    fitted_pixels, focal_pixels = (width, camera_matrix[0, 0]) if fitted_is_width else (height, camera_matrix[1, 1])
    return CameraFit(
        sensor_fit="HORIZONTAL" if fitted_is_width else "VERTICAL",
        sensor_width=SENSOR_MILLIMETRES if fitted_is_width else SENSOR_MILLIMETRES * width / height,
        sensor_height=SENSOR_MILLIMETRES * height / width if fitted_is_width else SENSOR_MILLIMETRES,
        lens=float(focal_pixels) * SENSOR_MILLIMETRES / fitted_pixels,
        shift_x=float(width / 2 - camera_matrix[0, 2]) / fitted_pixels,
        shift_y=float(camera_matrix[1, 2] - height / 2) / fitted_pixels)

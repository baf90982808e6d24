"""A small picture of each person, taken where the person is large and well visible."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from .landmarks import Landmarks

_SIDE = 160              # px: two of them fit beside one another in Blender's sidebar
_MUCH_BETTER = 1.15      # quality of a new picture over the old one's: encoding a JPEG for each slight gain would cost time


@dataclass(frozen=True)
class Thumbnail:
    """A JPEG of 160 x 160 px, and its quality: score times the root of the size, less where the person is cut off."""
    jpeg: bytes
    quality: float


NO_THUMBNAIL = Thumbnail(b"", 0.0)


def better_thumbnail(thumbnail: Thumbnail, image: np.ndarray, landmarks: Landmarks) -> Thumbnail:
    """Return a thumbnail from this BGR image where its quality is clearly higher, else the old one."""
    region = landmarks.region
    inside = min(region.centre_x, image.shape[1] - region.centre_x, region.centre_y, image.shape[0] - region.centre_y)
    framed = np.clip(inside / max(region.body_radius, 1.0), 0.1, 1.0)
    quality = float(landmarks.mean_score * np.sqrt(region.side) * framed)
    if quality < thumbnail.quality * _MUCH_BETTER:
        return thumbnail
    half = region.body_radius * 1.1
    matrix = np.array(((2 * half / _SIDE, 0, region.centre_x - half), (0, 2 * half / _SIDE, region.centre_y - half)))
    picture = cv2.warpAffine(image, matrix, (_SIDE, _SIDE), flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
                             borderMode=cv2.BORDER_REPLICATE)
    encoded, jpeg = cv2.imencode(".jpg", picture, (cv2.IMWRITE_JPEG_QUALITY, 85))
    return Thumbnail(jpeg.tobytes(), quality) if encoded else thumbnail

"""How a person looks: the colours of torso and thighs, which are cheap and tell clothes apart, and a small picture."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from .landmarks import LANDMARK, Landmarks

_BINS = 6                           # of each channel: chosen by eye on crossing people; not measured
HISTOGRAM_SIZE = 2 * 3 * _BINS      # torso and thighs; CIELAB's lightness, a and b
_LEFT_SHOULDER, _RIGHT_SHOULDER = LANDMARK["left_shoulder"], LANDMARK["right_shoulder"]
_LEFT_HIP, _RIGHT_HIP = LANDMARK["left_hip"], LANDMARK["right_hip"]
_THIGHS = [(LANDMARK["left_hip"], LANDMARK["left_knee"]), (LANDMARK["right_hip"], LANDMARK["right_knee"])]
# Where colours are read: shares of the way down the torso and across it, and of the way down a thigh.
_ALONG, _ACROSS = (shares[..., None] for shares in np.meshgrid(np.linspace(0.1, 0.9, 8), np.linspace(0.15, 0.85, 8)))
_DOWN = np.linspace(0.15, 0.85, 16)[:, None]
# Colours of clothes lie near the middle of a and b (128 is grey): the bins cover 96 to 160 and ignore the rest.
_LOW, _HIGH = np.array((0, 96, 96)), np.array((255, 160, 160))
_SIDE = 160              # px: two of them fit beside one another in Blender's sidebar
_MUCH_BETTER = 1.15      # quality of a new picture over the old one's: encoding a JPEG for each slight gain would cost time


def measure_appearance(image: np.ndarray, landmarks: Landmarks) -> np.ndarray:
    """Return a histogram (36,) summing to 2: lightness, a and b of the torso, then of the thighs."""
    xy = landmarks.xy
    upper = xy[_LEFT_SHOULDER] + _ACROSS * (xy[_RIGHT_SHOULDER] - xy[_LEFT_SHOULDER])
    lower = xy[_LEFT_HIP] + _ACROSS * (xy[_RIGHT_HIP] - xy[_LEFT_HIP])
    torso = (upper + _ALONG * (lower - upper)).reshape(-1, 2)
    thighs = np.concatenate([xy[hip] + _DOWN * (xy[knee] - xy[hip]) for hip, knee in _THIGHS])
    parts = [_pick(image, torso), _pick(image, thighs)]
    # In one call: it takes longer to begin than to convert some pixels.
    colours = cv2.cvtColor(np.concatenate(parts)[None], cv2.COLOR_BGR2LAB)[0].astype(float)
    return np.concatenate([_histogram(colours[:len(parts[0])]), _histogram(colours[len(parts[0]):])]).astype(np.float32)


def _pick(image: np.ndarray, points: np.ndarray) -> np.ndarray:
    """Return the pixels (N, 3) at those points (M, 2) that lie in the image; where none does, at the nearest ones."""
    limits = (image.shape[1] - 1, image.shape[0] - 1)
    inside = ((points >= 0) & (points <= limits)).all(1)
    pixels = np.clip(points, 0, limits).astype(int)[inside if inside.any() else slice(None)]
    return image[pixels[:, 1], pixels[:, 0]]


def _histogram(colours: np.ndarray) -> np.ndarray:
    """Return the shares (18,) of the bins, which sum to 1, of colours (N, 3) in CIELAB of 8 bits."""
    bins = np.clip((colours - _LOW) / (_HIGH - _LOW) * _BINS, 0, _BINS - 1).astype(int)
    counts = np.stack([np.bincount(bins[:, channel], minlength=_BINS) for channel in range(3)])
    return counts.ravel() / (3.0 * len(colours))


def appearance_distance(a: np.ndarray, b: np.ndarray) -> float:
    """Return 0 for equal histograms and 1 for histograms that have no colour in common."""
    return float(np.abs(a - b).sum() / 4)


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

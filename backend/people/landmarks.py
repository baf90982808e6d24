"""33 body landmarks of one person: the landmark model of MediaPipe's wheel (BlazePose GHUM full), mirrored and averaged."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ..base.litert import Model, Workers
from ..base.regions import Region, region_from_alignment

_SHA256 = "e9a5c5cb17f736fafd4c2ec1da3b3d331d6edbe8a0d32395855aeb2cdfd64b9f"
_RESOLUTION = 256
_HEATMAP = 64
_REFINEMENT_RADIUS = 3
_MODEL_POINTS = 39

LANDMARK_NAMES = (
    "nose", "left_eye_inner", "left_eye", "left_eye_outer", "right_eye_inner", "right_eye", "right_eye_outer",
    "left_ear", "right_ear", "mouth_left", "mouth_right", "left_shoulder", "right_shoulder", "left_elbow",
    "right_elbow", "left_wrist", "right_wrist", "left_pinky", "right_pinky", "left_index", "right_index",
    "left_thumb", "right_thumb", "left_hip", "right_hip", "left_knee", "right_knee", "left_ankle", "right_ankle",
    "left_heel", "right_heel", "left_foot_index", "right_foot_index",
)
LANDMARK_COUNT = len(LANDMARK_NAMES)
LANDMARK = {name: index for index, name in enumerate(LANDMARK_NAMES)}
TORSO = tuple(LANDMARK[name] for name in ("left_shoulder", "right_shoulder", "left_hip", "right_hip"))


def _mirror_pairs() -> np.ndarray:
    swap = {"left": "right", "right": "left"}
    names = ["_".join(swap.get(word, word) for word in name.split("_")) for name in LANDMARK_NAMES]
    return np.array([LANDMARK[name] for name in names] + list(range(LANDMARK_COUNT, _MODEL_POINTS)))


MIRRORED = _mirror_pairs()[:LANDMARK_COUNT]
_MIRRORED_ALL = _mirror_pairs()


@dataclass(frozen=True)
class Landmarks:
    """One person in one frame.

    xy (33, 2) image px; world (33, 3) metres about the hips' centre, axes as the camera's (x right, y down, z away)
    were it turned towards the person; score (33,) visibility in 0..1; presence: probability that a person is there;
    next_region: where to look in the next frame.
    """
    xy: np.ndarray
    world: np.ndarray
    score: np.ndarray
    presence: float
    region: Region
    next_region: Region

    @property
    def mean_score(self) -> float:
        return float(self.score.mean())

    @property
    def torso_score(self) -> float:
        return float(self.score[list(TORSO)].mean())


class LandmarkModel:
    """Reads landmarks in regions; each region is read as it is and mirrored, which halves the model's side bias."""

    def __init__(self, models_folder: Path, workers: Workers):
        self._model = Model(models_folder / "pose_landmark_full.tflite", _SHA256)
        self._workers = workers

    def __call__(self, image: np.ndarray, regions: list[Region]) -> list[Landmarks]:
        """Return the landmarks in each region of a BGR image."""
        crops = [region.crop(image, _RESOLUTION) for region in regions]
        inputs = [view for crop in crops for view in (crop, crop[:, ::-1])]
        decoded = self._workers.map(self._read, inputs)
        return [_to_image(_average(decoded[2 * i], _mirror(decoded[2 * i + 1])), region)
                for i, region in enumerate(regions)]

    def _read(self, crop: np.ndarray) -> _CropLandmarks:
        outputs = {output.size: output for output in self._model(crop[None].astype(np.float32) / 255.0)}
        points = outputs[_MODEL_POINTS * 5].reshape(_MODEL_POINTS, 5).astype(np.float64)
        heatmap = outputs[_HEATMAP * _HEATMAP * _MODEL_POINTS].reshape(_HEATMAP, _HEATMAP, _MODEL_POINTS)
        return _CropLandmarks(
            xy=_refine(points[:, :2], heatmap),
            world=outputs[_MODEL_POINTS * 3].reshape(_MODEL_POINTS, 3).astype(np.float64),
            score=_sigmoid(points[:, 3]),
            presence=float(outputs[1].ravel()[0]))


@dataclass(frozen=True)
class _CropLandmarks:
    xy: np.ndarray       # (39, 2) crop px
    world: np.ndarray    # (39, 3)
    score: np.ndarray    # (39,)
    presence: float


def _sigmoid(values: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-np.clip(values, -80, 80)))


def _refine(xy: np.ndarray, heatmap: np.ndarray) -> np.ndarray:
    """Return points (39, 2) moved to the centre of mass of a 7 x 7 window of their heatmap where it is sure (>= 0.5)."""
    cells = (xy * _HEATMAP / _RESOLUTION).astype(int)
    inside = ((cells >= 0) & (cells < _HEATMAP)).all(1)
    offsets = np.arange(-_REFINEMENT_RADIUS, _REFINEMENT_RADIUS + 1)
    columns, rows = cells[:, :1] + offsets, cells[:, 1:] + offsets            # (39, 7)
    valid = ((rows >= 0) & (rows < _HEATMAP))[:, :, None] & ((columns >= 0) & (columns < _HEATMAP))[:, None, :]
    clipped_rows, clipped_columns = np.clip(rows, 0, _HEATMAP - 1), np.clip(columns, 0, _HEATMAP - 1)
    point = np.arange(len(xy))[:, None, None]
    window = _sigmoid(heatmap[clipped_rows[:, :, None], clipped_columns[:, None, :], point]) * valid
    mass = np.maximum(window.sum((1, 2)), 1e-9)
    centre = np.stack([(window.sum(1) * columns).sum(1) / mass, (window.sum(2) * rows).sum(1) / mass], axis=1)
    sure = inside & (window.max((1, 2)) >= 0.5)
    return np.where(sure[:, None], centre * _RESOLUTION / _HEATMAP, xy)


def _mirror(crop: _CropLandmarks) -> _CropLandmarks:
    xy = crop.xy[_MIRRORED_ALL] * (-1, 1) + (_RESOLUTION - 1, 0)
    return _CropLandmarks(xy, crop.world[_MIRRORED_ALL] * (-1, 1, 1), crop.score[_MIRRORED_ALL], crop.presence)


def _average(direct: _CropLandmarks, mirrored: _CropLandmarks) -> _CropLandmarks:
    """Return the mean of both views. Where they disagree on a landmark, its score falls: a tenth of the crop halves it."""
    apart = np.linalg.norm(direct.xy - mirrored.xy, axis=1) / (0.1 * _RESOLUTION)
    return _CropLandmarks(
        xy=(direct.xy + mirrored.xy) / 2,
        world=(direct.world + mirrored.world) / 2,
        score=(direct.score + mirrored.score) / 2 / (1 + apart ** 2),
        presence=(direct.presence + mirrored.presence) / 2)


def _to_image(crop: _CropLandmarks, region: Region) -> Landmarks:
    affine = region.affine(_RESOLUTION)
    xy = crop.xy @ affine[:, :2].T + affine[:, 2]
    cosine, sine = math.cos(region.angle), math.sin(region.angle)
    world = crop.world[:LANDMARK_COUNT] @ np.array(((cosine, sine, 0), (-sine, cosine, 0), (0, 0, 1)))
    # Single precision, and copies: these are kept for every frame of the clip.
    return Landmarks(
        xy=xy[:LANDMARK_COUNT].astype(np.float32), world=world.astype(np.float32),
        score=crop.score[:LANDMARK_COUNT].astype(np.float32), presence=crop.presence, region=region,
        next_region=region_from_alignment(xy[33], xy[34]))

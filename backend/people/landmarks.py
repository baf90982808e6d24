"""33 body landmarks of one person: MediaPipe's landmark models (BlazePose GHUM), the full one run twice and averaged."""

from __future__ import annotations

import copy
import math
from concurrent.futures import Future
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np

from ..base.litert import Model, ModelFile, Workers
from ..base.regions import Region, region_from_alignment

_RESOLUTION = 256
_HEATMAP = 64
_REFINEMENT_RADIUS, _MIN_PEAK = 3, 0.5       # cells, and the heatmap's maximum: as in MediaPipe's own refinement (kernel 7)
_MODEL_POINTS = 39
# Numbers of values of the outputs: points in the crop and in space, heatmaps, presence. The other one is a mask of the body (256,
# 256), which takes two fifths of the time.
_POINTS, _WORLD, _HEATMAPS, _PRESENCE = _MODEL_POINTS * 5, _MODEL_POINTS * 3, _HEATMAP * _HEATMAP * _MODEL_POINTS, 1
_ALIGNMENT = [33, 34]         # the auxiliary landmarks that give the next frame's region
# Of the region's side (an eighth of the body's height): two readings of a landmark that lie so far apart halve its score, while
# people are followed. Chosen by eye on footage of a leaning man; not measured.
_HALF_TRUSTED_APART = 0.1
# Rendered people who walk lean by less. Of the real frames read mirrored, none had its crop turned by less than 10 degrees.
_UPRIGHT_RADIANS = math.radians(10)
# Ratio of distances below which left and right count as exchanged. From the side, left and right landmarks almost coincide, and
# the ratio is near 1 by chance. Chosen by eye; not measured.
_CLEARLY_NEARER = 0.8

LANDMARK_NAMES = (
    "nose", "left_eye_inner", "left_eye", "left_eye_outer", "right_eye_inner", "right_eye", "right_eye_outer",
    "left_ear", "right_ear", "mouth_left", "mouth_right", "left_shoulder", "right_shoulder", "left_elbow",
    "right_elbow", "left_wrist", "right_wrist", "left_pinky", "right_pinky", "left_index", "right_index",
    "left_thumb", "right_thumb", "left_hip", "right_hip", "left_knee", "right_knee", "left_ankle", "right_ankle",
    "left_heel", "right_heel", "left_foot_index", "right_foot_index",
)
LANDMARK_COUNT = len(LANDMARK_NAMES)
LANDMARK = {name: index for index, name in enumerate(LANDMARK_NAMES)}
FACE, BODY = slice(0, LANDMARK["left_shoulder"]), slice(LANDMARK["left_shoulder"], None)
_SHOULDERS = slice(LANDMARK["left_shoulder"], LANDMARK["right_shoulder"] + 1)
TORSO = tuple(LANDMARK[name] for name in ("left_shoulder", "right_shoulder", "left_hip", "right_hip"))


def _mirror_pairs() -> np.ndarray:
    swap = {"left": "right", "right": "left"}
    names = ["_".join(swap.get(word, word) for word in name.split("_")) for name in LANDMARK_NAMES]
    return np.array([LANDMARK[name] for name in names] + list(range(LANDMARK_COUNT, _MODEL_POINTS)))


MIRRORED = _mirror_pairs()[:LANDMARK_COUNT]
_MIRRORED_ALL = _mirror_pairs()


@dataclass(frozen=True)
class Reading:
    """The model's result for one crop: xy (33, 2), world (33, 3) and score (33,) as in `Landmarks`.

    For T frames, all arrays have a leading T.
    """
    xy: np.ndarray
    world: np.ndarray
    score: np.ndarray

    def at(self, rows: slice) -> Reading:
        """Return the reading in some of its frames."""
        return Reading(self.xy[rows], self.world[rows], self.score[rows])

    def exchanged(self) -> Reading:
        """Return the reading with left and right exchanged."""
        return Reading(self.xy[..., MIRRORED, :], self.world[..., MIRRORED, :], self.score[..., MIRRORED])

    def __add__(self, other: Reading) -> Reading:
        """Return the reading moved by a difference of readings."""
        return Reading(self.xy + other.xy, self.world + other.world, self.score + other.score)

    def __sub__(self, other: Reading) -> Reading:
        """Return the difference from another reading."""
        return Reading(self.xy - other.xy, self.world - other.world, self.score - other.score)


@dataclass(frozen=True)
class Landmarks:
    """One person in one frame.

    xy (33, 2) image px; world (33, 3) metres about the hips' centre, in the axes (x right, y down, z away) of a camera that
    is turned towards the person; score (33,) visibility in 0..1; presence: probability that there is a person;
    next_region: where to look in the next frame. readings: the two readings that were averaged. is_crosswise: left and right
    of the second were exchanged before, because the readings agree better so; `mirroring` decides later, from the whole
    clip, which reading is right. is_rechecked: the second reading's crop was rotated differently. is_carried: there is no
    second reading; its difference from the first one is that of an earlier observation.
    """
    xy: np.ndarray
    world: np.ndarray
    score: np.ndarray
    presence: float
    region: Region
    next_region: Region
    readings: tuple[Reading, Reading]
    is_crosswise: bool = False
    is_rechecked: bool = False
    is_carried: bool = False

    @cached_property
    def mean_score(self) -> float:
        return float(self.score.mean())

    @property
    def torso_score(self) -> float:
        return float(self.score[list(TORSO)].mean())

    @property
    def upper_score(self) -> float:
        """How surely head and shoulders are seen: of somebody who sits at a table, or whom the picture's edge cuts."""
        return float(min(self.score[FACE].mean(), self.score[_SHOULDERS].mean()))


FULL = ModelFile("pose_landmark_full.tflite", "e9a5c5cb17f736fafd4c2ec1da3b3d331d6edbe8a0d32395855aeb2cdfd64b9f")
HEAVY = ModelFile("pose_landmark_heavy.tflite", "59e42d71bcd44cbdbabc419f0ff76686595fd265419566bd4009ef703ea8e1fe")


@dataclass(frozen=True)
class ImageLandmarks:
    """What a model reads in one crop: alignment (2, 2) px are the hips' centre, and a point above it on the circle around the
    body; presence: probability that there is a person."""
    reading: Reading
    alignment: np.ndarray
    presence: float


class LandmarkNetwork:
    """One landmark model. Any thread may call it."""

    def __init__(self, models_folder: Path, file: ModelFile):
        """Raises ModelError where the file is missing or damaged."""
        self._model = Model(models_folder / file.name, file.sha256, (_POINTS, _WORLD, _HEATMAPS, _PRESENCE))

    def spread(self, threads: int) -> LandmarkNetwork:
        """Return the network, of which one reading takes so many threads."""
        network = copy.copy(self)
        network._model = self._model.spread(threads)
        return network

    def read(self, crop: np.ndarray, region: Region, is_mirrored: bool = False) -> ImageLandmarks:
        """Return the landmarks in the crop of a region, which is read as its mirror image where `is_mirrored`."""
        read = _mirror(self._read(crop[:, ::-1])) if is_mirrored else self._read(crop)
        return _in_image(read, region)

    def _read(self, crop: np.ndarray) -> _CropLandmarks:
        outputs = {output.size: output for output in self._model(crop[None].astype(np.float32) / 255.0)}
        points = outputs[_POINTS].reshape(_MODEL_POINTS, 5).astype(np.float64)
        heatmap = outputs[_HEATMAPS].reshape(_HEATMAP, _HEATMAP, _MODEL_POINTS)
        return _CropLandmarks(
            xy=_refine(points[:, :2], heatmap),
            world=outputs[_WORLD].reshape(_MODEL_POINTS, 3).astype(np.float64),
            score=_sigmoid(points[:, 3]),
            presence=float(outputs[_PRESENCE].ravel()[0]))


def crop_for_model(image: np.ndarray, region: Region) -> np.ndarray:
    """Return a region of a BGR image as the models take it (256, 256, 3) RGB."""
    return region.crop(image, _RESOLUTION)


class LandmarkModel:
    """Reads landmarks in regions: the crop, and mostly its mirror image too. The mean halves the model's bias to one side.

    The model may exchange left and right of a leaning person in a crop that is rotated upright, with a high score, and in its
    mirror image too. So the second crop of a region to recheck is rotated back by half: both are seldom wrong at once.
    """

    def __init__(self, models_folder: Path, workers: Workers):
        self._network = LandmarkNetwork(models_folder, FULL)
        self._workers = workers
        self._begun: tuple[np.ndarray | None, dict[Region, Future[ImageLandmarks]]] = None, {}

    def begin(self, image: np.ndarray, regions: list[Region]) -> None:
        """Begin to read regions of an image in which people will probably be asked for: only where they are exactly those, the
        reading is used. What was begun before and is not used is given up."""
        self.end()
        self._begun = image, {region: self._workers.submit(self._read_view, image, region, False) for region in regions}

    def end(self) -> None:
        """Give up what was begun."""
        for reading in self._begun[1].values():
            reading.cancel()
        self._begun = None, {}

    def __call__(self, image: np.ndarray, regions: list[Region], recheck: list[bool] | None = None,
                 carry_from: list[Landmarks | None] | None = None) -> list[Landmarks]:
        """Return the landmarks in each region of a BGR image.

        recheck: for each region, whether to recheck it (default: all). carry_from: for each region, the person's last
        observation, where the mirror image is not to be read but to differ as it did there (default: None for all).
        """
        recheck = [True] * len(regions) if recheck is None else recheck
        carry_from = [None] * len(regions) if carry_from is None else carry_from
        views = [(region, False) for region in regions]
        views += [(_turned_back(region) if again else region, True)
                  for region, again, last in zip(regions, recheck, carry_from, strict=True) if last is None]
        read = [reading.result() for reading in [self._begin_view(image, *view) for view in views]]
        seconds = iter(read[len(regions):])
        return [_combined(first, next(seconds), region, again) if last is None else _carried(first, last, region)
                for first, region, again, last in zip(read, regions, recheck, carry_from)]

    def _begin_view(self, image: np.ndarray, region: Region, is_mirrored: bool) -> Future[ImageLandmarks]:
        begun_image, begun = self._begun
        if image is begun_image and not is_mirrored and region in begun:
            return begun.pop(region)
        return self._workers.submit(self._read_view, image, region, is_mirrored)

    def _read_view(self, image: np.ndarray, region: Region, is_mirrored: bool) -> ImageLandmarks:
        return self._network.read(crop_for_model(image, region), region, is_mirrored)


@dataclass(frozen=True)
class _CropLandmarks:
    xy: np.ndarray       # (39, 2) crop px
    world: np.ndarray    # (39, 3)
    score: np.ndarray    # (39,)
    presence: float


def _sigmoid(values: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-np.clip(values, -80, 80)))


def _refine(xy: np.ndarray, heatmap: np.ndarray) -> np.ndarray:
    """Return points (39, 2), moved to the centre of mass of a 7 x 7 window of their heatmap where its maximum is >= 0.5."""
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
    sure = inside & (window.max((1, 2)) >= _MIN_PEAK)
    return np.where(sure[:, None], centre * _RESOLUTION / _HEATMAP, xy)


def _mirror(crop: _CropLandmarks) -> _CropLandmarks:
    xy = crop.xy[_MIRRORED_ALL] * (-1, 1) + (_RESOLUTION - 1, 0)
    return _CropLandmarks(xy, crop.world[_MIRRORED_ALL] * (-1, 1, 1), crop.score[_MIRRORED_ALL], crop.presence)


def _turned_back(region: Region) -> Region:
    """Return the region rotated back by half of its angle where that is small, and by a smaller share where it is large.

    By 20 of 40 degrees, by 29 of 90, by 0 of 180: depth gets worse the less upright the body is in its crop.
    A body that is about upright is left so.
    """
    if is_upright(region):
        return region
    return replace(region, angle=region.angle - math.sin(region.angle) / 2)


def _in_image(crop: _CropLandmarks, region: Region) -> ImageLandmarks:
    affine = region.affine(_RESOLUTION)
    xy = crop.xy @ affine[:, :2].T + affine[:, 2]
    cosine, sine = math.cos(region.angle), math.sin(region.angle)
    world = crop.world[:LANDMARK_COUNT] @ np.array(((cosine, sine, 0), (-sine, cosine, 0), (0, 0, 1)))
    # Single precision, and copies of the slices: these arrays stay in memory for every frame of the clip.
    reading = Reading(xy[:LANDMARK_COUNT].astype(np.float32), world.astype(np.float32),
                      crop.score[:LANDMARK_COUNT].astype(np.float32))
    return ImageLandmarks(reading, xy[_ALIGNMENT], crop.presence)


def _combined(first: ImageLandmarks, second: ImageLandmarks, region: Region, is_rechecked: bool) -> Landmarks:
    one, other = first.reading, second.reading
    crosswise = bool(lie_crosswise(one.xy, other.xy))
    mean = average_readings(one, other.exchanged() if crosswise else other, region.side)
    return Landmarks(mean.xy, mean.world, mean.score, (first.presence + second.presence) / 2, region,
                     region_from_alignment(*(first.alignment + second.alignment) / 2), (one, other), crosswise, is_rechecked)


def _carried(first: ImageLandmarks, last: Landmarks, region: Region) -> Landmarks:
    one, (last_one, last_other) = first.reading, last.readings
    other = one + (last_other - last_one)       # how the model errs to one side changes slowly
    mean = average_readings(one, other, region.side)
    return Landmarks(mean.xy, mean.world, mean.score, first.presence, region, region_from_alignment(*first.alignment),
                     (one, other), is_carried=True)


def is_upright(region: Region) -> bool:
    """Return whether a region is rotated so little that left and right are seldom exchanged in it."""
    return abs(region.angle) < _UPRIGHT_RADIANS


def average_readings(first: Reading, second: Reading, side: float | np.ndarray,
                     half_trusted: float = _HALF_TRUSTED_APART) -> Reading:
    """Return the mean of two readings; side: of their regions, px. A landmark whose readings lie apart gets a lower score: half
    of it at such a share of the side."""
    apart = np.linalg.norm(first.xy - second.xy, axis=-1) / (half_trusted * side)
    return Reading((first.xy + second.xy) / 2, (first.world + second.world) / 2,
                   (first.score + second.score) / 2 / (1 + apart ** 2))


def lie_crosswise(xy: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Return whether two bodies (..., 33, 2) px, each about its centre, are nearer with left and right of one exchanged."""
    body, other_body = xy - xy.mean(-2, keepdims=True), other - other.mean(-2, keepdims=True)
    as_read, exchanged = (np.linalg.norm(body - position, axis=-1)[..., BODY].mean(-1)
                          for position in (other_body, other_body[..., MIRRORED, :]))
    return exchanged < _CLEARLY_NEARER * as_read

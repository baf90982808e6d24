"""People in one image: the pose detector of MediaPipe's wheel (BlazePose) on the whole frame and on tiles of it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np

from ..base.exposure import brighten
from ..base.litert import Model, ModelFile, Workers
from ..base.regions import Region, lie_on_people, region_from_alignment

DETECTOR = ModelFile("pose_detection.tflite", "9ba9dd3d42efaaba86b4ff0122b06f29c4122e756b329d89dca1e297fd8f866c")
_RESOLUTION = 224
_MIN_SCORE = 0.5                        # MediaPipe's own threshold for this detector
_MIN_OVERLAP_OF_ONE_PERSON = 0.3        # intersection over union; MediaPipe's own threshold for this detector
# Side of a tile over the frame's long side. The detector finds people who fill a fifth of a tile: in a 1080p frame they
# are 450, 300 and 150 to 200 px tall (measured on rendered people).
_TILE_FRACTIONS = (1.0, 1 / 2, 1 / 3.5)
TILE_SIZES = len(_TILE_FRACTIONS)
_SURELY_FOUND = 0.3                     # of a tile's side: half as tall again as what is found, as people bend and go away
_TILE_STRIDE = 0.6                      # of a tile's side: a person of two fifths of a tile lies whole in one of them
# A tile is not searched again while no block of it (8 of its 224 px, a tenth to a quarter of the smallest people) changes its
# mean by so many levels of grey: noise and compression change it by less. But every sixth time, as the detector may miss
# somebody who stands still. Chosen by eye; not measured.
_BLOCKS, _LEAST_CHANGE, _MOST_REUSES = 28, 5.0, 5
_BLOCK_SIDE = _RESOLUTION // _BLOCKS
# What changes is mostly people who are known, and their shadows. Those who are so tall, in sides of a tile, are found on a larger
# one (of 1.75 or 2 times the side), and are no reason to search this one again; but every third time, as somebody small may be
# there too. Chosen by eye: of the 147 smaller tiles that changed in the sample clip, 87 are searched.
_FOUND_ON_LARGER, _MOST_REUSES_BESIDE_PEOPLE = 0.6, 2
_WITH_LIMBS = 1.25                      # radii of the body: limbs and shadows too
_MIN_SIDE = 30                          # px, of a body of 24 px: too small for the landmark model, which is good down to 150 px
# Two detections are one person where their centres are this near (in body radii) and their sides differ by less than
# these factors. Chosen by eye on rendered people; not measured.
_SAME_CENTRE, _SAME_SIZE = 0.25, (0.6, 1.7)


@dataclass(frozen=True)
class Detection:
    """A person that the detector found: the region in the image and the score in 0..1."""
    region: Region
    score: float


@dataclass(frozen=True)
class Search:
    """What was found in a tile: rows (N, 13), the means (28, 28, 3) of the tile's blocks, NaN where known people were, and how
    often it was used again."""
    rows: np.ndarray
    blocks: np.ndarray
    reuses: int = 0


class PersonDetector:
    """Finds people from about 60 px (in a 1080p frame: 150 px) up to the whole frame's height.

    Successive frames of one video are expected: parts of the picture that have not changed since are not searched again.
    """

    def __init__(self, models_folder: Path, workers: Workers):
        self._model = Model(models_folder / DETECTOR.name, DETECTOR.sha256)
        self._workers = workers
        self._anchors = _anchors()
        # By the tiles' x, y, width and height.
        self.searches: dict[tuple[int, int, int, int], Search] = {}

    def __call__(self, image: np.ndarray, tile_sizes: int = TILE_SIZES, known: Sequence[Region] = ()) -> list[Detection]:
        """Return the people in a BGR image, each once, best first.

        tile_sizes: in how many sizes of tiles they are searched, the largest first: with fewer, small people are left out. known:
        the regions of people who need not be found on smaller tiles than necessary.
        """
        tiles = _tiles(image.shape[1], image.shape[0], _TILE_FRACTIONS[:tile_sizes])
        rows = np.concatenate(self._workers.map(lambda tile: self._detect_in_tile(image, tile, known), tiles))
        return _distinct([_detection(row) for row in rows[np.argsort(-rows[:, -1])]])

    def _detect_in_tile(self, image: np.ndarray, tile: tuple[int, int, int, int], known: Sequence[Region]) -> np.ndarray:
        """Return rows (N, 13) of box, four points and score in image pixels."""
        x, y, width, height = tile
        scale = _RESOLUTION / max(width, height)
        shift = (_RESOLUTION - scale * np.array((width, height))) / 2
        to_tile = np.array(((1 / scale, 0, -shift[0] / scale), (0, 1 / scale, -shift[1] / scale)))
        letterbox = brighten(cv2.warpAffine(image[y:y + height, x:x + width], to_tile, (_RESOLUTION, _RESOLUTION),
                                            flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP, borderMode=cv2.BORDER_CONSTANT))
        blocks = cv2.resize(letterbox, (_BLOCKS, _BLOCKS), interpolation=cv2.INTER_AREA).astype(np.float32)
        if max(width, height) < max(image.shape):
            large = [person for person in known if 2 * person.body_radius > _FOUND_ON_LARGER * max(width, height)]
            blocks[lie_on_people(_find_middles(to_tile, np.array((x, y))), large, _WITH_LIMBS)] = np.nan
        before = self.searches.get(tile)
        if before is not None and _is_unchanged(before, blocks):
            self.searches[tile] = replace(before, reuses=before.reuses + 1)
            places = (before.rows[:, 4:6] - (x, y)) * scale + shift
            columns, lines = (places.clip(0, _RESOLUTION - 1) // _BLOCK_SIDE).astype(int).T
            return before.rows[~np.isnan(blocks + before.blocks)[lines, columns, 0]]
        rows = self._search(letterbox)
        rows[:, :12] = (rows[:, :12].reshape(-1, 6, 2) - shift).reshape(-1, 12) / scale
        rows[:, :12] += np.tile((x, y), 6)
        self.searches[tile] = Search(rows, blocks)
        return rows

    def _search(self, letterbox: np.ndarray) -> np.ndarray:
        """Return rows (N, 13) of box, four points and score in the pixels of a tile (224, 224, 3) BGR."""
        outputs = self._model(cv2.cvtColor(letterbox, cv2.COLOR_BGR2RGB)[None].astype(np.float32) / 127.5 - 1.0)
        boxes = next(output for output in outputs if output.shape[-1] == 12)[0]
        logits = next(output for output in outputs if output.shape[-1] == 1)[0, :, 0]
        return _decode(boxes, 1 / (1 + np.exp(-np.clip(logits, -80, 80))), self._anchors)


def _find_middles(to_tile: np.ndarray, corner: np.ndarray) -> np.ndarray:
    """Return the middles (28, 28, 2) px of a tile's blocks. to_tile (2, 3): of the model's px, to those from its corner (2,)."""
    middles = (np.arange(_BLOCKS) + 0.5) * _BLOCK_SIDE
    return np.stack(np.meshgrid(middles, middles), axis=-1) @ to_tile[:, :2].T + to_tile[:, 2] + corner


def _is_unchanged(before: Search, blocks: np.ndarray) -> bool:
    """Return whether what was found in a tile still holds: nothing has changed there but people who are known."""
    change = np.abs(blocks - before.blocks)
    beside_people = np.isnan(change).any()
    return before.reuses < (_MOST_REUSES_BESIDE_PEOPLE if beside_people else _MOST_REUSES) and not (change >= _LEAST_CHANGE).any()


def count_tile_sizes(height: float, shape: tuple[int, ...]) -> int:
    """Return in how many sizes of tiles to search for somebody about so tall (px) in a picture of a shape (H, W, 3)."""
    return next((count for count, fraction in enumerate(_TILE_FRACTIONS, start=1)
                 if height > _SURELY_FOUND * fraction * max(shape)), TILE_SIZES)


def _anchors() -> np.ndarray:
    """Return the anchors' centres (2254, 2) in crop pixels: two a cell at strides 8 and 16, six at stride 32."""
    centres = []
    for stride, per_cell in ((8, 2), (16, 2), (32, 6)):
        cells = (np.arange(_RESOLUTION // stride) + 0.5) * stride
        grid = np.stack(np.meshgrid(cells, cells), axis=-1).reshape(-1, 2)
        centres.append(np.repeat(grid, per_cell, axis=0))
    return np.concatenate(centres)


def _decode(boxes: np.ndarray, scores: np.ndarray, anchors: np.ndarray) -> np.ndarray:
    keep = scores > _MIN_SCORE
    boxes, scores, anchors = boxes[keep], scores[keep], anchors[keep]
    centre, size = boxes[:, :2] + anchors, boxes[:, 2:4]
    points = boxes[:, 4:].reshape(-1, 4, 2) + anchors[:, None]
    rows = np.concatenate([centre - size / 2, centre + size / 2, points.reshape(-1, 8), scores[:, None]], axis=1)
    return _weighted_non_maximum_suppression(rows)


def _weighted_non_maximum_suppression(rows: np.ndarray) -> np.ndarray:
    rows = rows[np.argsort(-rows[:, -1])]
    merged = []
    while len(rows):
        same = _intersection_over_union(rows[0], rows) > _MIN_OVERLAP_OF_ONE_PERSON
        same[0] = True
        weights = rows[same, -1:]
        merged.append(np.append((rows[same, :12] * weights).sum(0) / weights.sum(), rows[0, -1]))
        rows = rows[~same]
    return np.array(merged).reshape(-1, 13)


def _intersection_over_union(box: np.ndarray, boxes: np.ndarray) -> np.ndarray:
    low, high = np.maximum(box[:2], boxes[:, :2]), np.minimum(box[2:4], boxes[:, 2:4])
    intersection = np.clip(high - low, 0, None).prod(-1)
    areas = (boxes[:, 2:4] - boxes[:, :2]).prod(-1)
    return intersection / (areas + (box[2:4] - box[:2]).prod() - intersection + 1e-9)


def _tiles(width: int, height: int, fractions: tuple[float, ...]) -> list[tuple[int, int, int, int]]:
    """Return tiles (x, y, width, height) in px: the whole frame, then smaller tiles that cover it and overlap by two fifths."""
    tiles = [(0, 0, width, height)]
    for fraction in fractions[1:]:
        side = int(max(width, height) * fraction)
        for y in _tile_starts(height, side):
            tiles += [(x, y, min(side, width), min(side, height)) for x in _tile_starts(width, side)]
    return tiles


def _tile_starts(length: int, side: int) -> list[int]:
    if length <= side:
        return [0]
    count = math.ceil((length - side) / (side * _TILE_STRIDE)) + 1
    return np.linspace(0, length - side, count).astype(int).tolist()


def _detection(row: np.ndarray) -> Detection:
    return Detection(region_from_alignment(row[4:6], row[6:8]), float(row[12]))


def _distinct(detections: list[Detection]) -> list[Detection]:
    """Return detections, best first, without those at about the position and size of a better one."""
    kept: list[Detection] = []
    for detection in detections:
        region = detection.region
        if region.side < _MIN_SIDE:
            continue
        if not any(_same_person(region, other.region) for other in kept):
            kept.append(detection)
    return kept


def _same_person(a: Region, b: Region) -> bool:
    near = np.hypot(*(a.centre - b.centre)) < _SAME_CENTRE * min(a.body_radius, b.body_radius)
    return bool(near) and _SAME_SIZE[0] < a.side / b.side < _SAME_SIZE[1]

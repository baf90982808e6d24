"""A piece of one person's track, and how well what is seen next belongs to it."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np

from ..base.regions import Region
from ..video.frames import Frame
from .appearance import HISTOGRAM_SIZE, appearance_distance
from .landmarks import Landmarks, lie_crosswise
from .skeletons import LIMBS
from .thumbnails import NO_THUMBNAIL, Thumbnail, better_thumbnail

_MAX_LENGTH_VARIATION = 0.2             # people: 0.04 to 0.16; a cart full of toys: up to 0.30
_MAX_MEAN_ACCELERATION = 100.0          # m/s^2 of landmarks about the hips; a runner: 21; the cart: 127
_ACCELERATION_STEP_SECONDS = 1 / 30
_SURE_SCORE = 0.7                       # mean over the landmarks: acrobats 0.75 and more, however they move; the cart: 0.6
_RECHECK_EVERY = 5                      # frames; turned otherwise, a reading has less depth
_DOUBTFUL_SHARE, _USUAL_OBSERVATIONS = 0.85, 30     # of the mean score of so many observations


@dataclass
class Tracklet:
    """A piece of one person's track: an observation per frame in which the person was seen for sure."""
    frame_index: list[int] = field(default_factory=list)
    timestamps: list[float] = field(default_factory=list)
    observations: list[Landmarks] = field(default_factory=list)
    appearances: list[np.ndarray] = field(default_factory=list)
    velocity: np.ndarray = field(default_factory=lambda: np.zeros(2))   # px a second of the region's centre
    mean_appearance: np.ndarray = field(default_factory=lambda: np.zeros(HISTOGRAM_SIZE))   # of late
    thumbnail: Thumbnail = NO_THUMBNAIL

    @property
    def last(self) -> Landmarks:
        return self.observations[-1]

    @property
    def region(self) -> Region:
        """Where the person is to be looked for next, by what was seen last."""
        return self.last.next_region

    @property
    def is_doubtful(self) -> bool:
        """Whether the person is seen less surely now than of late."""
        usual = np.mean([landmarks.mean_score for landmarks in self.observations[-_USUAL_OBSERVATIONS:]])
        return bool(self.last.mean_score < _DOUBTFUL_SHARE * usual)

    @property
    def is_to_be_rechecked(self) -> bool:
        """Whether the next frame is to be read with another turn: now and then, and where left and right may be mixed up."""
        lately = self.observations[-_RECHECK_EVERY:]
        return not any(landmarks.is_rechecked for landmarks in lately[1:]) \
            or any(landmarks.is_crosswise for landmarks in lately) \
            or any(lie_crosswise(before.xy, after.xy) for before, after in pairwise(lately))

    def add(self, frame: Frame, landmarks: Landmarks, colours: np.ndarray) -> None:
        self.thumbnail = better_thumbnail(self.thumbnail, frame.image, landmarks)
        if self.observations:
            seconds = max(1e-3, frame.timestamp - self.timestamps[-1])
            step = (landmarks.next_region.centre - self.last.next_region.centre) / seconds
            blend = min(1.0, seconds / 0.2)
            self.velocity = (1 - blend) * self.velocity + blend * step if len(self.observations) > 1 else step
            self.mean_appearance = 0.95 * self.mean_appearance + 0.05 * colours
        else:
            self.mean_appearance = colours
        self.frame_index.append(frame.index)
        self.timestamps.append(frame.timestamp)
        self.observations.append(landmarks)
        self.appearances.append(colours)

    def correct(self, frame: Frame, landmarks: Landmarks, colours: np.ndarray) -> None:
        """Replace what was added of this frame."""
        for column in (self.frame_index, self.timestamps, self.observations, self.appearances):
            column.pop()
        self.add(frame, landmarks, colours)

    def predicted_region(self, timestamp: float) -> Region:
        """Return where the person should be: constant velocity, fading out over half a second."""
        seconds = timestamp - self.timestamps[-1]
        travel = self.velocity * min(seconds, 0.5)
        limit = self.region.side * 0.5
        return self.region.moved(*np.clip(travel, -limit, limit))


def is_bodily(tracklet: Tracklet, part: slice = slice(None)) -> bool:
    """Tell whether somebody is seen for sure, or limbs keep their length and move as a body's do; in a thing they flicker."""
    times = np.array(tracklet.timestamps[part])
    if len(times) < 3:
        return True
    world = np.stack([landmarks.world for landmarks in tracklet.observations[part]])
    score = np.stack([landmarks.score for landmarks in tracklet.observations[part]]).mean(0)
    if score.mean() > _SURE_SCORE:
        return True
    lengths = np.linalg.norm(world[:, LIMBS[:, 0]] - world[:, LIMBS[:, 1]], axis=-1)
    variation = np.average(lengths.std(0) / lengths.mean(0), weights=score[LIMBS].min(1) + 1e-3)
    # Over steps of a thirtieth of a second at least: between closer frames noise would count as acceleration.
    stride = min(max(1, round(_ACCELERATION_STEP_SECONDS / float(np.median(np.diff(times))))), (len(times) - 1) // 2)
    positions, moments = world[::stride, LIMBS.ravel()], times[::stride]
    velocity = np.diff(positions, axis=0) / np.diff(moments)[:, None, None]
    acceleration = np.diff(velocity, axis=0) / (moments[2:] - moments[:-2])[:, None, None] * 2
    return bool(variation < _MAX_LENGTH_VARIATION
                and np.median(np.linalg.norm(acceleration, axis=-1).mean(1)) < _MAX_MEAN_ACCELERATION)


def continues(tracklet: Tracklet, predicted: Region, landmarks: Landmarks) -> bool:
    """Tell whether what was read in a region can be the person that was expected there: about its place and size."""
    region = landmarks.next_region
    jump = np.hypot(*(region.centre - predicted.centre)) / max(predicted.body_radius, 1.0)
    known = len(tracklet.observations) > 2
    return bool(jump < (0.6 if known else 1.0)) and 0.6 < region.side / max(predicted.side, 1.0) < 1.65


def claim_cost(tracklet: Tracklet, landmarks: Landmarks, colours: np.ndarray, timestamp: float) -> float:
    """Return how badly a sighting fits a tracklet: below 1 it may be the same person."""
    predicted = tracklet.predicted_region(timestamp)
    region = landmarks.next_region
    patience = 0.6 + min(timestamp - tracklet.timestamps[-1], 2.0)
    place = np.hypot(*(region.centre - predicted.centre)) / max(predicted.body_radius, region.body_radius) / patience
    size = abs(np.log(max(region.side, 1.0) / max(predicted.side, 1.0))) / 0.5
    return float(0.5 * place + 0.4 * size + 2.0 * appearance_distance(colours, tracklet.mean_appearance))

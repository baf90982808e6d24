"""Tracklets: parts of one person's track, and how well the next observation fits to one."""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import MutableSequence, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from mpsnet_blender.motion.base.contact_spans import find_spans
from mpsnet_blender.motion.base.smoothing import frame_seconds

from ..base.regions import Region
from ..video.frames import Frame
from .appearance import HISTOGRAM_SIZE, NO_THUMBNAIL, Thumbnail, appearance_distance, better_thumbnail
from .landmarks import BODY, LANDMARK, LANDMARK_COUNT, Landmarks, is_upright, lie_crosswise
from .skeletons import LIMBS

_MAX_LENGTH_VARIATION = 0.2             # standard deviation over mean; measured: people 0.04 to 0.16, a cart of toys up to 0.30
_MAX_MEAN_ACCELERATION = 100.0          # m/s^2 of landmarks about the hips; measured: a runner 21, the cart 127
_ACCELERATION_STEP_SECONDS = 1 / 30     # the frame rate at which those were measured
SURE_SCORE = 0.7                        # mean over the landmarks; measured: acrobats 0.75 and more, the cart 0.6
_SURE_UPPER_SCORE = 0.9                 # mean; measured: people whose hips are outside the picture 0.91 and more
_SURE_IN_A_ROW = 10                     # observations: a third of a second at 30 frames a second
MIN_SECONDS = 0.3                       # shorter tracklets are mostly false detections
# Frames, and seconds before the last one: every fifth of 30 a second; not each frame, as a rotated crop gives worse depth.
_RECHECK_EVERY, _RECHECK_SECONDS = 5, 0.13
_DOUBTFUL_SHARE, _USUAL_OBSERVATIONS = 0.85, 30     # of the mean score of so many observations (1 s); chosen by eye
# While people move little, some frames are not read: nobody's landmarks, of a score that counts as seen, may move farther
# meanwhile (body radii (33,); feet less, as their contacts with the floor are told by moments), for so many seconds at most: two
# frames of 24 a second, whose times may be rounded to milliseconds. Measured: `docs/measurements.md`, "Frames that are not read".
_RESTED_TRAVEL = np.where(np.arange(LANDMARK_COUNT) < LANDMARK["left_ankle"], 0.13, 0.065)
_SURE_LANDMARK, LONGEST_REST = 0.5, 0.085
_VELOCITY_SECONDS = 0.2                 # time constant of the velocity's mean: half a step
_COASTING_SECONDS, _MAX_COASTING = 0.5, 0.5     # for which the velocity is believed, and how far (of the region's side): a step
# Somebody in a somersault turns by 18 degrees from one frame to the next, and is lost where the region does not turn along. The
# turn is measured over so many seconds, and counts from so many radians a second on: bodies that walk turn by less.
_TURN_SECONDS, _LEAST_TURN_RATE = 0.11, math.radians(150)
_TURNED_BESIDE = [math.radians(degrees) for degrees in (-20, 0, 20)]
# Before it a body bends, and may be read as if it did not turn yet.
_LEANING, _LEANING_TURNS = math.radians(45), [math.radians(degrees) for degrees in (-60, -30, 30, 60)]
_APPEARANCE_BLEND = 0.05                # of a frame in the mean appearance: it follows light within 20 frames
_MIN_PRESENCE, _MIN_TORSO_SCORE = 0.5, 0.3      # to continue a tracklet; MediaPipe's own threshold of presence is 0.5
# Jump of the centre (body radii; while there are few observations), and ratio of sides, within which a tracklet continues. A
# runner moves 0.2 radii between frames at 30 a second. Chosen by eye; not measured.
_MAX_JUMP, _MAX_FIRST_JUMP, _SIZE_RANGE = 0.6, 1.0, (0.6, 1.65)


@dataclass
class Tracklet:
    """A part of one person's track: an observation for each frame in which the person was clearly visible."""
    frame_index: list[int] = field(default_factory=list)
    timestamps: list[float] = field(default_factory=list)
    observations: MutableSequence[Landmarks] = field(default_factory=list)
    appearances: MutableSequence[np.ndarray] = field(default_factory=list)
    velocity: np.ndarray = field(default_factory=lambda: np.zeros(2))   # px a second of the region's centre
    mean_appearance: np.ndarray = field(default_factory=lambda: np.zeros(HISTOGRAM_SIZE))   # a running mean
    thumbnail: Thumbnail = NO_THUMBNAIL

    @property
    def last(self) -> Landmarks:
        return self.observations[-1]

    @property
    def region(self) -> Region:
        """The region in which to look for the person next, by the last observation."""
        return self.last.next_region

    @property
    def is_doubtful(self) -> bool:
        """Whether the last score is clearly below the mean of the last observations."""
        return _is_doubtful(self.observations[-_USUAL_OBSERVATIONS:])

    @property
    def needs_recheck(self) -> bool:
        """Whether to read the next frame in a second rotation: at intervals, and where left and right may be exchanged."""
        return self._recheck_is_due or _may_be_exchanged(self.observations[-_RECHECK_EVERY:])

    @property
    def _recheck_is_due(self) -> bool:
        """Whether none of the last frames was read in a second rotation."""
        since = self.timestamps[-1] - _RECHECK_SECONDS
        latest = zip(self.observations[-_RECHECK_EVERY:][1:], self.timestamps[-_RECHECK_EVERY:][1:], strict=True)
        return not any(landmarks.is_rechecked for landmarks, timestamp in latest if timestamp > since)

    @property
    def carried(self) -> Landmarks | None:
        """The last observation, where the next frame needs no second reading; else None.

        It is read every few frames, in the first ones, and where left and right may be exchanged: the body leans, or the score
        falls.
        """
        is_read = self._recheck_is_due or not _is_plain(self.observations[-_USUAL_OBSERVATIONS:])
        return None if is_read else self.last

    def rest_after(self, seen_at: float, landmarks: Landmarks) -> float:
        """Return for how many seconds the person need not be read once landmarks, seen at a time in seconds, are added: until
        one of them has moved by an eighth of the body's radius, of the feet half of that. 0 where one reading does not tell
        enough."""
        if not _is_plain([*self.observations[1 - _USUAL_OBSERVATIONS:], landmarks]):
            return 0.0
        is_sure = np.minimum(self.last.score, landmarks.score)[BODY] > _SURE_LANDMARK
        moved = np.linalg.norm(landmarks.xy - self.last.xy, axis=1) / _RESTED_TRAVEL / landmarks.next_region.body_radius
        return float((seen_at - self.timestamps[-1]) / max(moved[BODY][is_sure].max(initial=0.0), 1e-6))

    def at(self, frame_index: int) -> Landmarks | None:
        """Return the observation in a frame, or None."""
        row = bisect_left(self.frame_index, frame_index)
        return self.observations[row] if row < len(self.frame_index) and self.frame_index[row] == frame_index else None

    def part(self, rows: slice) -> Tracklet:
        """Return some of the observations as a tracklet; its mean colours are of these."""
        appearances = self.appearances[rows]
        return Tracklet(self.frame_index[rows], self.timestamps[rows], self.observations[rows], appearances, self.velocity,
                        np.mean(list(appearances), axis=0), self.thumbnail)

    def add(self, frame: Frame, landmarks: Landmarks, colours: np.ndarray) -> None:
        self.thumbnail = better_thumbnail(self.thumbnail, frame.image, landmarks)
        self.append(frame.index, frame.timestamp, landmarks, colours)

    def append(self, frame_index: int, timestamp: float, landmarks: Landmarks, colours: np.ndarray) -> None:
        """Add an observation without a look at the thumbnail."""
        if self.observations:
            self.velocity = self._find_velocity(timestamp, landmarks)
            self.mean_appearance = (1 - _APPEARANCE_BLEND) * self.mean_appearance + _APPEARANCE_BLEND * colours
        else:
            self.mean_appearance = colours
        self.frame_index.append(frame_index)
        self.timestamps.append(timestamp)
        self.observations.append(landmarks)
        self.appearances.append(colours)

    def insert(self, row: int, back: Tracklet, part: slice) -> None:
        """Insert before a row a part of a tracklet whose clock runs backwards."""
        self.frame_index[row:row] = back.frame_index[part][::-1]
        self.timestamps[row:row] = [-timestamp for timestamp in back.timestamps[part][::-1]]
        self.observations[row:row] = back.observations[part][::-1]
        self.appearances[row:row] = back.appearances[part][::-1]

    def correct(self, frame: Frame, landmarks: Landmarks, colours: np.ndarray) -> None:
        """Replace the last observation, which was of this frame."""
        for column in (self.frame_index, self.timestamps, self.observations, self.appearances):
            column.pop()
        self.add(frame, landmarks, colours)

    def predicted_region(self, timestamp: float) -> Region:
        """Return the region expected at a time in seconds: constant velocity for at most half a second."""
        return _coast(self.region, self.velocity, timestamp - self.timestamps[-1])

    def region_after(self, seen_at: float, landmarks: Landmarks, timestamp: float) -> Region:
        """Return what `predicted_region` will be once landmarks, seen at a time in seconds, are added."""
        return _coast(landmarks.next_region, self._find_velocity(seen_at, landmarks), timestamp - seen_at)

    def turned_regions(self, region: Region, timestamp: float, is_lost: bool) -> list[Region]:
        """Return the region expected at a time in seconds, turned along with a body that turns fast in the picture: as far as it
        did, less far and farther. Of somebody who leans and is not seen any more, the region is turned to both sides."""
        latest = bisect_left(self.timestamps, self.timestamps[-1] - _TURN_SECONDS)
        seconds = self.timestamps[-1] - self.timestamps[latest]
        turned = math.remainder(self.region.angle - self.observations[latest].next_region.angle, 2 * math.pi)
        if seconds and abs(turned) > _LEAST_TURN_RATE * seconds:
            turned *= min(timestamp - self.timestamps[-1], _COASTING_SECONDS) / seconds
            turns = [turned + turn for turn in _TURNED_BESIDE]
        else:
            turns = _LEANING_TURNS if is_lost and abs(region.angle) > _LEANING else []
        return [replace(region, angle=math.remainder(region.angle + turn, 2 * math.pi)) for turn in turns]

    def _find_velocity(self, timestamp: float, landmarks: Landmarks) -> np.ndarray:
        """Return the velocity (px a second) with one observation more."""
        seconds = max(1e-3, timestamp - self.timestamps[-1])
        step = (landmarks.next_region.centre - self.last.next_region.centre) / seconds
        blend = min(1.0, seconds / _VELOCITY_SECONDS)
        return (1 - blend) * self.velocity + blend * step if len(self.observations) > 1 else step


def _is_doubtful(observations: Sequence[Landmarks]) -> bool:
    """Return whether the last score is clearly below the mean of all."""
    usual = np.mean([landmarks.mean_score for landmarks in observations])
    return bool(observations[-1].mean_score < _DOUBTFUL_SHARE * usual)


def _may_be_exchanged(latest: Sequence[Landmarks]) -> bool:
    """Return whether left and right may be exchanged in one of the latest observations."""
    if any(landmarks.is_crosswise for landmarks in latest):
        return True
    xy = np.stack([landmarks.xy for landmarks in latest])
    return bool(lie_crosswise(xy[:-1], xy[1:]).any())


def _is_plain(observations: Sequence[Landmarks]) -> bool:
    """Return whether the last reading tells enough by itself: of somebody upright, as good as those before, no side exchanged."""
    return len(observations) >= _RECHECK_EVERY and not _is_doubtful(observations) \
        and is_upright(observations[-1].next_region) and not _may_be_exchanged(observations[-_RECHECK_EVERY:])


def _coast(region: Region, velocity: np.ndarray, seconds: float) -> Region:
    travel, limit = velocity * min(seconds, _COASTING_SECONDS), region.side * _MAX_COASTING
    return region.moved(*np.clip(travel, -limit, limit))


def is_bodily(tracklet: Tracklet, part: slice = slice(None)) -> bool:
    """Return whether a tracklet is of a person: a high score, of the whole body or of head and shoulders, or limbs of steady
    length and human acceleration.

    On a thing that was taken for a person, the landmarks flicker.
    """
    times = np.array(tracklet.timestamps[part])
    if len(times) < 3:
        return True
    observed = tracklet.observations[part]
    score = np.stack([landmarks.score for landmarks in observed]).mean(0)
    if score.mean() > SURE_SCORE or np.mean([landmarks.upper_score for landmarks in observed]) > _SURE_UPPER_SCORE:
        return True
    world = np.stack([landmarks.world for landmarks in observed])
    lengths = np.linalg.norm(world[:, LIMBS[:, 0]] - world[:, LIMBS[:, 1]], axis=-1)
    variation = np.average(lengths.std(0) / lengths.mean(0), weights=score[LIMBS].min(1) + 1e-3)
    # Over steps of at least a thirtieth of a second: between closer frames noise would look like acceleration.
    stride = min(max(1, round(_ACCELERATION_STEP_SECONDS / frame_seconds(times))), (len(times) - 1) // 2)
    positions, moments = world[::stride, LIMBS.ravel()], times[::stride]
    velocity = np.diff(positions, axis=0) / np.diff(moments)[:, None, None]
    acceleration = np.diff(velocity, axis=0) / (moments[2:] - moments[:-2])[:, None, None] * 2
    return bool(variation < _MAX_LENGTH_VARIATION
                and np.median(np.linalg.norm(acceleration, axis=-1).mean(1)) < _MAX_MEAN_ACCELERATION)


def find_sure_part(tracklet: Tracklet) -> Tracklet | None:
    """Return the longest part of a tracklet in which any ten observations in a row have a high score, as only a person has; None
    where that is a glimpse.

    Somebody who is hidden in the end may be followed on to another person's limbs, or to a thing.
    """
    if len(tracklet.observations) < _SURE_IN_A_ROW:
        return None
    scores = np.array([landmarks.mean_score for landmarks in tracklet.observations])
    means = np.convolve(scores, np.full(_SURE_IN_A_ROW, 1 / _SURE_IN_A_ROW), "valid")
    sure = find_spans(means > SURE_SCORE, np.array(tracklet.timestamps[:len(means)]))
    if not len(sure.starts):
        return None
    longest = sure.lengths.argmax()
    part = tracklet.part(slice(int(sure.starts[longest]), int(sure.ends[longest]) + _SURE_IN_A_ROW - 1))
    return part if part.timestamps[-1] - part.timestamps[0] >= MIN_SECONDS else None


def is_seen(landmarks: Landmarks) -> bool:
    """Return whether landmarks that were read where a known person should be show a person."""
    return landmarks.presence >= _MIN_PRESENCE and landmarks.torso_score >= _MIN_TORSO_SCORE


def continues(tracklet: Tracklet, predicted: Region, landmarks: Landmarks) -> bool:
    """Return whether landmarks can be the person expected in a region, by position and size."""
    region = landmarks.next_region
    jump = np.hypot(*(region.centre - predicted.centre)) / max(predicted.body_radius, 1.0)
    known = len(tracklet.observations) > 2
    return bool(jump < (_MAX_JUMP if known else _MAX_FIRST_JUMP)) \
        and _SIZE_RANGE[0] < region.side / max(predicted.side, 1.0) < _SIZE_RANGE[1]


def claim_cost(tracklet: Tracklet, landmarks: Landmarks, colours: np.ndarray, timestamp: float) -> float:
    """Return the cost of an observation as continuation of a tracklet: below 1 it may be the same person.

    Its weights were chosen by eye: one body radius costs 0.8, a factor of 1.6 in size 0.4, a colour distance of 0.4 costs 0.8.
    """
    predicted = tracklet.predicted_region(timestamp)
    region = landmarks.next_region
    patience = 0.6 + min(timestamp - tracklet.timestamps[-1], 2.0)
    position = np.hypot(*(region.centre - predicted.centre)) / max(predicted.body_radius, region.body_radius) / patience
    size = abs(np.log(max(region.side, 1.0) / max(predicted.side, 1.0))) / 0.5
    return float(0.5 * position + 0.4 * size + 2.0 * appearance_distance(colours, tracklet.mean_appearance))

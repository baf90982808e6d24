"""Following everybody through the video, frame by frame: who is where, as pieces of track that stitching joins later."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from scipy.optimize import linear_sum_assignment

from .appearance import appearance, appearance_distance
from .detection import PersonDetector
from .landmarks import LANDMARK, LandmarkModel, Landmarks
from .regions import Region
from .thumbnails import NO_THUMBNAIL, Thumbnail, better_thumbnail
from .video import Frame

_DETECTION_INTERVAL_SECONDS = 1 / 3     # while everybody is followed
_SEARCH_INTERVAL_SECONDS = 1 / 6        # while somebody is lost
_FINE_DETECTION_EVERY = 3               # small people are searched in every third detection: it costs three times as much
_LOST_AFTER_SECONDS = 1.0
_YOUNG_OBSERVATIONS = 10
_MIN_PRESENCE, _MIN_TORSO_SCORE = 0.5, 0.3
_BIRTH_PRESENCE, _BIRTH_TORSO_SCORE = 0.7, 0.7
_FIRST_LOOK_PRESENCE = 0.2              # the detector's region may lie between two people; a second look centres it
_COARSE_STEP_SECONDS = 0.1              # slower video: people move so far between frames that each is searched
_PROBATION_OBSERVATIONS = 10
_TRUSTED_OBSERVATIONS = 60              # whoever was followed this long is a person, however badly seen just now
_DISTRUST_SECONDS = 3.0
_SAME_SKELETON = 0.25                   # mean distance of the main joints, in body radii
_MAX_LENGTH_VARIATION = 0.2             # people: 0.04 to 0.16; a cart full of toys: up to 0.30
_MAX_MEAN_ACCELERATION = 100.0          # m/s^2 of landmarks about the hips; a runner: 21; the cart: 127
_ACCELERATION_STEP_SECONDS = 1 / 30
_MAIN_JOINTS = [LANDMARK[f"{side}_{joint}"] for joint in ("shoulder", "hip", "knee", "elbow", "ankle")
                for side in ("left", "right")]
_LIMBS = np.array([[LANDMARK[f"{side}_{a}"], LANDMARK[f"{side}_{b}"]] for side in ("left", "right") for a, b in (
    ("shoulder", "elbow"), ("elbow", "wrist"), ("hip", "knee"), ("knee", "ankle"))])
_BONES = np.concatenate([_LIMBS, [[LANDMARK[a], LANDMARK[b]] for a, b in (
    ("left_shoulder", "left_hip"), ("right_shoulder", "right_hip"), ("left_shoulder", "right_shoulder"))]])
_ON_LIMBS = 0.1                         # mean distance from another's limbs, in that one's body radii


@dataclass
class Tracklet:
    """A piece of one person's track: an observation per frame in which the person was seen for sure."""
    frame_index: list[int] = field(default_factory=list)
    timestamps: list[float] = field(default_factory=list)
    observations: list[Landmarks] = field(default_factory=list)
    appearances: list[np.ndarray] = field(default_factory=list)
    region: Region | None = None
    velocity: np.ndarray = field(default_factory=lambda: np.zeros(2))   # px a second of the region's centre
    mean_appearance: np.ndarray | None = None
    thumbnail: Thumbnail = NO_THUMBNAIL

    @property
    def last(self) -> Landmarks:
        return self.observations[-1]

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
        self.region = landmarks.next_region

    def predicted_region(self, timestamp: float) -> Region:
        """Return where the person should be: constant velocity, fading out over half a second."""
        seconds = timestamp - self.timestamps[-1]
        travel = self.velocity * min(seconds, 0.5)
        limit = self.region.side * 0.5
        return self.region.moved(*np.clip(travel, -limit, limit))


class Tracker:
    """Follows people by landmarks in the region that the last frame gives; looks for new ones now and then."""

    def __init__(self, detector: PersonDetector, landmark_model: LandmarkModel):
        self._detector = detector
        self._landmark_model = landmark_model
        self._active: list[Tracklet] = []
        self._ended: list[Tracklet] = []
        self._next_detection = -np.inf
        self._last_timestamp = -np.inf
        self._detections = 0
        self._distrusted: list[tuple[Region, float]] = []    # things that looked like people, and until when

    def step(self, frame: Frame) -> list[Tracklet]:
        """Take in a frame; return the tracklets that were seen in it."""
        seen = self._follow(frame)
        seen = self._drop_duplicates(frame, seen)
        for tracklet, (landmarks, colours) in seen:
            tracklet.add(frame, landmarks, colours)
        self._drop_things(frame)
        self._retire_lost(frame)
        followed = [tracklet for tracklet, _ in seen if any(tracklet is other for other in self._active)]
        if self._detection_is_due(frame, searching=len(followed) < len(self._active)):
            followed += self._find_new(frame, followed)
            self._next_detection = frame.timestamp + _DETECTION_INTERVAL_SECONDS - 1e-6
        self._last_timestamp = frame.timestamp
        return followed

    def finish(self) -> list[Tracklet]:
        """Return all tracklets, earliest first."""
        self._ended += self._active
        self._active = []
        return sorted(self._ended, key=lambda tracklet: tracklet.timestamps[0])

    def _detection_is_due(self, frame: Frame, searching: bool) -> bool:
        early = _SEARCH_INTERVAL_SECONDS if searching else 0.0
        coarse = frame.timestamp - self._last_timestamp > _COARSE_STEP_SECONDS
        return coarse or frame.timestamp >= self._next_detection - early

    def _follow(self, frame: Frame) -> list[tuple[Tracklet, tuple[Landmarks, np.ndarray]]]:
        regions = [tracklet.predicted_region(frame.timestamp) for tracklet in self._active]
        seen = []
        for tracklet, region, landmarks in zip(self._active, regions, self._landmark_model(frame.image, regions)):
            if landmarks.presence >= _MIN_PRESENCE and landmarks.torso_score >= _MIN_TORSO_SCORE \
                    and _continues(tracklet, region, landmarks):
                seen.append((tracklet, (landmarks, appearance(frame.image, landmarks))))
        return seen

    def _drop_duplicates(self, frame: Frame, seen: list) -> list:
        """Where two tracklets sit on one person, keep the one to which it belongs; the other counts as hidden."""
        dropped: set[int] = set()
        for i, (first, (first_landmarks, first_colours)) in enumerate(seen):
            for j, (second, (second_landmarks, second_colours)) in enumerate(seen[:i]):
                if i in dropped or j in dropped:
                    continue
                if skeleton_distance(first_landmarks, second_landmarks) < _SAME_SKELETON:
                    first_cost = _claim_cost(first, first_landmarks, first_colours, frame.timestamp)
                    second_cost = _claim_cost(second, second_landmarks, second_colours, frame.timestamp)
                    dropped.add(i if first_cost > second_cost else j)
                elif len(first.observations) < _YOUNG_OBSERVATIONS and _is_ghost(first_landmarks, second_landmarks):
                    dropped.add(i)
                elif len(second.observations) < _YOUNG_OBSERVATIONS and _is_ghost(second_landmarks, first_landmarks):
                    dropped.add(j)
        for index in dropped:
            if len(seen[index][0].observations) < _YOUNG_OBSERVATIONS:
                self._active = [tracklet for tracklet in self._active if tracklet is not seen[index][0]]
        return [item for index, item in enumerate(seen) if index not in dropped]

    def _drop_things(self, frame: Frame) -> None:
        """End tracklets on things, not people, and keep away from their places for a while."""
        kept = []
        for tracklet in self._active:
            on_probation = len(tracklet.observations) % _PROBATION_OBSERVATIONS == 0 \
                and len(tracklet.observations) < _TRUSTED_OBSERVATIONS and tracklet.timestamps[-1] == frame.timestamp
            if on_probation and not is_bodily(tracklet, slice(-_PROBATION_OBSERVATIONS, None)):
                self._distrusted.append((tracklet.region, frame.timestamp + _DISTRUST_SECONDS))
            else:
                kept.append(tracklet)
        self._active = kept
        self._distrusted = [(region, until) for region, until in self._distrusted if until > frame.timestamp]

    def _retire_lost(self, frame: Frame) -> None:
        gone = [tracklet for tracklet in self._active
                if frame.timestamp - tracklet.timestamps[-1] > _LOST_AFTER_SECONDS]
        self._ended += gone
        self._active = [tracklet for tracklet in self._active if not any(tracklet is other for other in gone)]

    def _find_new(self, frame: Frame, followed: list[Tracklet]) -> list[Tracklet]:
        coarse_steps = frame.timestamp - self._last_timestamp > _COARSE_STEP_SECONDS
        fine = coarse_steps or self._detections % _FINE_DETECTION_EVERY == 0 or len(followed) < len(self._active)
        self._detections += 1
        regions = [detection.region for detection in self._detector(frame.image, fine)]
        taken = [tracklet.last.next_region for tracklet in followed] + [region for region, _ in self._distrusted]
        regions = [region for region in regions if not any(_covers(other, region) for other in taken)]
        first_look = self._landmark_model(frame.image, regions)
        likely = [landmarks.next_region for landmarks in first_look if landmarks.presence >= _FIRST_LOOK_PRESENCE]
        people: list[Landmarks] = []
        for landmarks in self._landmark_model(frame.image, likely):
            known = [tracklet.last for tracklet in followed] + people
            if landmarks.presence >= _BIRTH_PRESENCE and landmarks.torso_score >= _BIRTH_TORSO_SCORE and not any(
                    skeleton_distance(landmarks, other) < 0.35 or _is_ghost(landmarks, other) for other in known):
                people.append(landmarks)
        return self._recognise(frame, people, followed)

    def _recognise(self, frame: Frame, people: list[Landmarks], followed: list[Tracklet]) -> list[Tracklet]:
        """Give new sightings to lost tracklets where place and colours agree, else begin new ones."""
        lost = [tracklet for tracklet in self._active if not any(tracklet is other for other in followed)]
        colours = [appearance(frame.image, landmarks) for landmarks in people]
        taken: dict[int, Tracklet] = {}
        if lost and people:
            costs = np.array([[_claim_cost(tracklet, landmarks, colour, frame.timestamp) for tracklet in lost]
                              for landmarks, colour in zip(people, colours)])
            taken = {row: lost[column] for row, column in zip(*linear_sum_assignment(costs)) if costs[row, column] < 1.0}
        result = []
        for index, (landmarks, colour) in enumerate(zip(people, colours)):
            tracklet = taken.get(index)
            if tracklet is None:
                tracklet = Tracklet()
                self._active.append(tracklet)
            tracklet.add(frame, landmarks, colour)
            result.append(tracklet)
        return result


def is_bodily(tracklet: Tracklet, part: slice = slice(None)) -> bool:
    """Tell whether limbs keep their length and move as a body's do; those seen into a thing flicker."""
    times = np.array(tracklet.timestamps[part])
    if len(times) < 3:
        return True
    world = np.stack([landmarks.world for landmarks in tracklet.observations[part]])
    score = np.stack([landmarks.score for landmarks in tracklet.observations[part]]).mean(0)
    lengths = np.linalg.norm(world[:, _LIMBS[:, 0]] - world[:, _LIMBS[:, 1]], axis=-1)
    variation = np.average(lengths.std(0) / lengths.mean(0), weights=score[_LIMBS].min(1) + 1e-3)
    # Over steps of a thirtieth of a second at least: between closer frames noise would count as acceleration.
    stride = min(max(1, round(_ACCELERATION_STEP_SECONDS / float(np.median(np.diff(times))))), (len(times) - 1) // 2)
    positions, moments = world[::stride, _LIMBS.ravel()], times[::stride]
    velocity = np.diff(positions, axis=0) / np.diff(moments)[:, None, None]
    acceleration = np.diff(velocity, axis=0) / (moments[2:] - moments[:-2])[:, None, None] * 2
    return bool(variation < _MAX_LENGTH_VARIATION
                and np.median(np.linalg.norm(acceleration, axis=-1).mean(1)) < _MAX_MEAN_ACCELERATION)


def skeleton_distance(a: Landmarks, b: Landmarks) -> float:
    """Return the mean distance of the main joints of two skeletons in body radii, weighted by visibility."""
    weights = np.minimum(a.score, b.score)[_MAIN_JOINTS] + 0.05
    distances = np.linalg.norm(a.xy[_MAIN_JOINTS] - b.xy[_MAIN_JOINTS], axis=1)
    radius = max(a.next_region.body_radius, b.next_region.body_radius, 1.0)
    return float((distances * weights).sum() / weights.sum() / radius)


def _continues(tracklet: Tracklet, predicted: Region, landmarks: Landmarks) -> bool:
    """Tell whether what was read in a region can be the person that was expected there: about its place and size."""
    region = landmarks.next_region
    jump = np.hypot(*(region.centre - predicted.centre)) / max(predicted.body_radius, 1.0)
    known = len(tracklet.observations) > 2
    return bool(jump < (0.6 if known else 1.0)) and 0.6 < region.side / max(predicted.side, 1.0) < 1.65


def _claim_cost(tracklet: Tracklet, landmarks: Landmarks, colours: np.ndarray, timestamp: float) -> float:
    """Return how badly a sighting fits a tracklet: below 1 it may be the same person."""
    predicted = tracklet.predicted_region(timestamp)
    region = landmarks.next_region
    patience = 0.6 + min(timestamp - tracklet.timestamps[-1], 2.0)
    place = np.hypot(*(region.centre - predicted.centre)) / max(predicted.body_radius, region.body_radius) / patience
    size = abs(np.log(max(region.side, 1.0) / max(predicted.side, 1.0))) / 0.5
    return float(0.5 * place + 0.4 * size + 2.0 * appearance_distance(colours, tracklet.mean_appearance))


def _covers(followed: Region, region: Region) -> bool:
    near = np.hypot(*(followed.centre - region.centre)) < 0.35 * followed.body_radius
    return bool(near) and 0.5 < region.side / followed.side < 2.0


def _visible_box(landmarks: Landmarks) -> tuple[np.ndarray, np.ndarray]:
    visible = landmarks.score > 0.5
    points = landmarks.xy[visible] if visible.sum() > 3 else landmarks.xy
    return points.min(0), points.max(0)


def _is_ghost(candidate: Landmarks, other: Landmarks) -> bool:
    """Tell whether a candidate lies mostly inside another, larger person, badly visible or made of that one's limbs."""
    low, high = _visible_box(candidate)
    other_low, other_high = _visible_box(other)
    area = max(1.0, float((high - low).prod()))
    overlap = float(np.clip(np.minimum(high, other_high) - np.maximum(low, other_low), 0, None).prod())
    if overlap < 0.65 * area or area > 1.1 * float((other_high - other_low).prod()):
        return False
    return (candidate.torso_score < 0.9 or skeleton_distance(candidate, other) < 0.8
            or _distance_to_limbs(candidate, other) < _ON_LIMBS)


def _distance_to_limbs(candidate: Landmarks, other: Landmarks) -> float:
    """Return the mean distance of a skeleton's main joints from another's nearest limb, in the other's body radii."""
    start, end = other.xy[_BONES[:, 0]], other.xy[_BONES[:, 1]]
    along = end - start
    points = candidate.xy[_MAIN_JOINTS][:, None]
    share = ((points - start) * along).sum(-1) / np.maximum((along ** 2).sum(-1), 1e-6)
    nearest = start + np.clip(share, 0, 1)[..., None] * along
    distance = np.linalg.norm(points - nearest, axis=-1).min(1)
    return float(distance.mean() / max(other.next_region.body_radius, 1.0))

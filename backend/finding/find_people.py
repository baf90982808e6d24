"""The first stage of a capture: everybody in a video. What is found is kept, so that an interrupted capture goes on."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import numpy as np

from mpsnet_blender.shared.capture_request import BEST, CaptureRequest

from ..base.background import Background
from ..base.errors import CancelRequested, NobodyFoundError, VideoError
from ..base.litert import Workers
from ..base.memory import give_back
from ..base.reporter import Reporter
from ..camera.scenery import Scenery, SeenScenery
from ..camera.viewpoint import FOLLOW
from ..hands.reader import HandReader
from ..hands.readings import HandReadings, read_tables
from ..people.detection import PersonDetector
from ..people.gaps import Clock, fill_rests
from ..people.landmarks import HEAVY, LandmarkModel
from ..people.second_look import SecondLooker, second_looker
from ..people.stitching import PersonTrack, person_track, stitch
from ..people.tracking import Tracker
from ..people.tracklets import LONGEST_REST, Tracklet
from ..video.frames import VideoSpan, count_frames, read_frames, with_upcoming
from .kept_finding import FoundSoFar, KeptFinding, open_kept_finding
from .shots import find_shots, take_clock, take_scenery, take_tracks

T = TypeVar("T")
# Frames that are decoded before they are looked at, so that the next one to be read is among them; each takes 6 MB in 1080p.
_MOST_AHEAD = 4
FIND = "Finding people"
_ASKED_EVERY_SECONDS = 0.1      # while the work beside the second look is not done: whether the job is cancelled
# Between two times of writing what was found: as much is lost where the process is killed. Writing takes milliseconds, in long
# clips more: then it is done more seldom, so that it never takes more than a twentieth of the time.
_WRITTEN_EVERY_SECONDS, _WRITING_SHARE = 10.0, 0.05


@dataclass(frozen=True)
class FoundPeople:
    """All people's tracks in a shot, the times of its frames, and the hands that were read, of nobody in particular."""
    tracks: list[PersonTrack]
    clock: Clock
    hands: HandReadings


def find_people(span: VideoSpan, request: CaptureRequest, models_folder: Path, cache: Path | None, reporter: Reporter,
                beside: Callable[[SeenScenery, Clock, int], T], divide: bool = True) -> tuple[Clock, list[tuple[FoundPeople, T]]]:
    """Return the times of all frames of the span and, of each shot that shows people, everybody's landmarks and what `beside`
    returns of it and of the number of shots: it is called in a thread while people are looked at again.

    cache: the folder in which what is found is kept, or None. divide: whether cuts divide shots; else there is one.

    Raises NobodyFoundError, and ModelError where a model is missing or damaged.
    """
    rests = request.quality != BEST
    with open_kept_finding(cache, span, request.hands, rests, reporter) as kept, Workers() as workers:
        tracker = Tracker(PersonDetector(models_folder, workers), LandmarkModel(models_folder, workers), rests)
        hand_reader = HandReader(models_folder, span.fps, kept.hands) if request.hands else None
        reading = _Reading(span, tracker, hand_reader, kept, reporter)
        looker = second_looker(models_folder, workers, request.quality)
        reading.run()
        choices = [request.people, request.quality, HEAVY.sha256 if looker else ""]
        tracks = kept.read_tracks(choices)
        clock, scenery = Clock(np.array(reading.frame_index), np.array(reading.timestamps), span.fps), reading.scenery.seen()
        shots = find_shots(scenery.cuts if divide else [], clock)
        is_divided = len(shots) > 1
        people = stitch(reading.finish(), span.size, None if is_divided else request.people) if tracks is None else []
        if tracks is None and not people:
            raise _make_nobody_error(span, reading)
        clocks = [take_clock(clock, rows) for rows in shots]
        sceneries = [take_scenery(scenery, rows) for rows in shots] if is_divided else [scenery]
        with ThreadPoolExecutor(1, thread_name_prefix="beside") as thread:
            others = [thread.submit(beside, *shot, len(shots)) for shot in zip(sceneries, clocks, strict=True)]
            if tracks is None:
                tracks, is_final = _make_tracks(people, looker, span, reporter)
                if is_final:
                    kept.write_tracks(choices, tracks)
            hands = read_tables(reading.frame_index if reading.hands else [], reading.hands)
            in_shots = [take_tracks(tracks, part)[:request.people] for part in clocks] if is_divided else [tracks]
            found = [FoundPeople([fill_rests(track, part) for track in shown], part, hands)
                     for shown, part in zip(in_shots, clocks, strict=True)]
            results = [(seen, _wait_for(other, reporter)) for seen, other in zip(found, others, strict=True) if seen.tracks]
        if not results:
            raise _make_nobody_error(span, reading)
        return clock, results


def _make_nobody_error(span: VideoSpan, reading: _Reading) -> NobodyFoundError:
    return NobodyFoundError(
        f"Nobody was found in {span.path.name} ({len(reading.frame_index)} frames).",
        "People must be seen for a third of a second at least, and be 60 px tall or a tenth of the picture's width.")


def _wait_for(other: Future[T], reporter: Reporter) -> T:
    """Return what a thread works out. Raises what it raises, and CancelRequested."""
    begun = time.monotonic()
    while True:
        try:
            return other.result(_ASKED_EVERY_SECONDS)
        except TimeoutError:
            reporter.progress(FOLLOW, round(time.monotonic() - begun, 1), 0, "s")


class _Reading:
    """The reading of a video's frames, from where an earlier run was interrupted."""

    def __init__(self, span: VideoSpan, tracker: Tracker, hand_reader: HandReader | None, kept: KeptFinding,
                 reporter: Reporter):
        self._tracker, self.scenery, self._hand_reader = tracker, Scenery(span.fps, kept.points), hand_reader
        self.frame_index: list[int] = []
        self.timestamps: list[float] = []
        self._sentences: tuple[str, ...] = ()
        self._span, self._kept, self._reporter = span, kept, reporter
        self._next_writing = 0.0

    def run(self) -> None:
        """Read all frames. Raises CancelRequested, after what was found is kept."""
        earlier = self._kept.read()
        if earlier is not None:
            self._continue_from(earlier)
            if earlier.is_whole:
                return
        self._report()
        self._next_writing = time.monotonic() + _WRITTEN_EVERY_SECONDS
        # Each in a thread, so that neither waits for the other.
        with Background("scenery") as scenery, Background("hands") as hands:
            try:
                self._read_frames(scenery, hands, earlier)
            except CancelRequested:
                scenery.finish_waiting()
                hands.finish_waiting()
                self._write()
                raise
        self._write(is_whole=True)

    @property
    def hands(self) -> Sequence[np.ndarray]:
        """The hands' table of each frame; none without the reading of hands."""
        return self._hand_reader.tables if self._hand_reader else []

    def finish(self) -> list[Tracklet]:
        """Return all tracklets. The tracker is let go with its models, whose memory the heavy model needs: 85 MB and more."""
        tracklets = self._tracker.finish()
        del self._tracker
        give_back()
        return tracklets

    def _continue_from(self, earlier: FoundSoFar) -> None:
        self.frame_index, self.timestamps, self._sentences = earlier.frame_index, earlier.timestamps, earlier.sentences
        self._tracker.restore(earlier.tracker)
        self.scenery.restore(earlier.scenery)
        if self._hand_reader:
            self._hand_reader.tables = self._kept.hands
        done, expected = len(self.frame_index), self._span.expected_frames
        if earlier.is_whole:
            self._reporter.log("info", f"Going on after finding people: all {done} frames were read before.")
            for sentence in self._sentences:
                self._reporter.log("warning", sentence)
        else:
            share = f"{100 * done / expected:.0f} %: {done} of {expected}" if expected else f"frame {done + 1}: {done}"
            self._reporter.log("info", f"Going on at {share} frames were read before.")
        self._report()

    def _read_frames(self, scenery: Background, hands: Background, earlier: FoundSoFar | None) -> None:
        last = self.frame_index[-1] if self.frame_index else -1
        recent = earlier.tracker.recent if earlier else []
        first_wanted = min(recent, default=max(last, 0))
        followed = last - self.scenery.frames_since
        ahead = min(_MOST_AHEAD, count_frames(LONGEST_REST, self._span.fps))
        for frame, upcoming in with_upcoming(read_frames(self._span, self._warn, first_wanted), ahead):
            if frame.index > last:
                seen = self._tracker.step(frame, upcoming)
                scenery.call(self.scenery.step, frame, [tracklet.predicted_region(frame.timestamp) for tracklet in seen])
                if self._hand_reader:
                    hands.call(self._hand_reader.step, frame, [tracklet.last for tracklet in seen])
                self.frame_index.append(frame.index)
                self.timestamps.append(frame.timestamp)
                self._write_when_due(scenery, hands)
            elif frame.index >= first_wanted:
                if frame.index in recent:
                    self._tracker.remember(frame)
                if frame.index == followed:
                    self.scenery.remember(frame)
            self._report()

    def _report(self) -> None:
        self._reporter.progress(FIND, len(self.frame_index), self._span.expected_frames, "frames")

    def _warn(self, sentence: str) -> None:
        self._sentences = (*self._sentences, sentence)
        self._reporter.log("warning", sentence)

    def _write_when_due(self, *backgrounds: Background) -> None:
        begun = time.monotonic()
        if begun >= self._next_writing:
            for background in backgrounds:
                background.finish_waiting()
            self._write()
            ended = time.monotonic()
            self._next_writing = ended + max(_WRITTEN_EVERY_SECONDS, (ended - begun) / _WRITING_SHARE)

    def _write(self, is_whole: bool = False) -> None:
        if self.frame_index:
            self._kept.write(FoundSoFar(self.frame_index, self.timestamps, self._tracker.state, self.scenery.state,
                                        self._sentences, is_whole))


def _make_tracks(people: list[Tracklet], looker: SecondLooker | None, span: VideoSpan,
                 reporter: Reporter) -> tuple[list[PersonTrack], bool]:
    """Return people's tracks by first and second readings; by the first alone, and False, where the video cannot be read any
    more."""
    try:
        return (looker.tracks(people, span, reporter) if looker else [person_track(person) for person in people]), True
    except VideoError as error:
        reporter.log("warning", f"People were not looked at again: {error}")
        return [person_track(person) for person in people], False

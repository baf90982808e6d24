"""People who are looked at again. The models folder of the tests lacks the heavy model: the full one stands in for it."""

import shutil
from dataclasses import replace

import numpy as np
import pytest

from backend.base.errors import ModelError
from backend.base.reporter import Reporter
from backend.people import second_look
from backend.people.detection import PersonDetector
from backend.people.landmarks import FULL, HEAVY, LANDMARK, MIRRORED, ImageLandmarks, LandmarkModel, Reading
from backend.people.second_look import SecondLooker, second_looker, shows_the_same
from backend.people.stitching import person_track, stitch
from backend.people.tracking import Tracker
from backend.video.frames import open_span, read_frames
from mpsnet_blender.shared.protocol import Log, Progress
from tests.backend.made_people import person_track as made_track
from tests.backend.made_people import seen_from, tracklet, walker

BODY = ("left_shoulder", "right_shoulder", "left_hip", "right_hip", "left_knee", "right_knee", "left_ankle", "right_ankle")
UNSURE = range(8, 11)       # observations of the sample clip's person whose scores are lowered


class Kept:
    """Keeps what is reported."""

    def __init__(self):
        self.messages = []

    def send(self, message):
        self.messages.append(message)


@pytest.fixture(scope="module")
def span(sample_clip):
    return open_span(sample_clip, 2.0, 2.8)


@pytest.fixture(scope="module")
def followed(span, models_folder, workers):
    """The person of the sample clip from second 2.0 to 2.8, as followed."""
    tracker = Tracker(PersonDetector(models_folder, workers), LandmarkModel(models_folder, workers))
    for frame in read_frames(span):
        tracker.step(frame)
    (person,) = stitch(tracker.finish(), span.size)
    return person


@pytest.fixture
def stand_in(monkeypatch):
    monkeypatch.setattr(second_look, "HEAVY", FULL)


def look_again(followed, span, models_folder, workers, quality):
    """Return the person's track after a second look, and the messages."""
    sink = Kept()
    (track,) = SecondLooker(models_folder, workers, quality).tracks([followed], span, Reporter(sink))
    return track, sink.messages


def test_the_best_quality_reads_every_picture_of_a_person_again(stand_in, followed, span, models_folder, workers, true_points):
    track, messages = look_again(followed, span, models_folder, workers, "best")
    count = len(followed.frame_index)
    assert count == 24 and track.frame_index.tolist() == list(range(60, 84))
    assert [message.message for message in messages if isinstance(message, Log)] == [
        "The heavy landmark model read 24 of 24 pictures of people again."]
    progress_messages = [message for message in messages if isinstance(message, Progress)]
    assert {(message.stage, message.total, message.unit) for message in progress_messages} == {("Looking again", 24, "pictures")}
    assert progress_messages[-1].done == 24
    without = person_track(followed)
    moved = np.linalg.norm(track.xy - without.xy, axis=-1).mean(1)
    assert (moved > 0).all() and moved.max() < 10
    np.testing.assert_array_equal(track.world, without.world)
    names, xy = true_points
    errors = track.xy[:, [LANDMARK[name] for name in BODY]] - xy[60:84][:, [names.index(name) for name in BODY]]
    assert np.linalg.norm(errors, axis=-1).mean() < 10     # px; the person is 490 px tall


def test_the_fast_quality_reads_only_doubtful_pictures_again(stand_in, followed, span, models_folder, workers):
    unsure = replace(followed, observations=list(followed.observations))
    for row in UNSURE:
        first, second = unsure.observations[row].readings
        unsure.observations[row] = replace(unsure.observations[row], readings=(first, second.exchanged()), is_crosswise=True,
                                           is_carried=False)
    sure_track, sure_messages = look_again(followed, span, models_folder, workers, "fast")
    track, messages = look_again(unsure, span, models_folder, workers, "fast")
    assert sure_messages[-1].message == "The heavy landmark model read 0 of 24 pictures of people again."
    assert messages[-1].message == "The heavy landmark model read 9 of 24 pictures of people again."
    np.testing.assert_array_equal(sure_track.xy, person_track(followed).xy)
    changed = np.flatnonzero((track.xy != person_track(unsure).xy).any((1, 2)))
    np.testing.assert_array_equal(changed, np.arange(UNSURE[0] - 3, UNSURE[-1] + 4))


def test_a_picture_that_is_read_badly_keeps_its_first_readings(stand_in, followed, span, models_folder, workers, monkeypatch):
    monkeypatch.setattr(second_look, "_MIN_PRESENCE", 1.1)
    track, _ = look_again(followed, span, models_folder, workers, "best")
    np.testing.assert_array_equal(track.xy, person_track(followed).xy)


def test_a_reading_is_of_the_same_person_only_where_it_is_sure_and_near():
    seen = tracklet(made_track(seen_from(walker(1))), slice(None), 0).observations[0]

    def read(xy, presence=1.0):
        return ImageLandmarks(Reading(xy, seen.world, seen.score), np.zeros((2, 2)), presence)

    side = seen.next_region.side
    assert shows_the_same(read(seen.xy), seen) and shows_the_same(read(seen.xy[MIRRORED]), seen)
    assert shows_the_same(read(seen.xy + (0.05 * side, 0)), seen)
    assert not shows_the_same(read(seen.xy + (0.11 * side, 0)), seen)
    assert shows_the_same(read(seen.xy, 0.51), seen) and not shows_the_same(read(seen.xy, 0.49), seen)


def test_the_fast_quality_does_without_the_heavy_model_and_best_says_that_it_is_missing(models_folder, workers, tmp_path):
    assert second_looker(tmp_path, workers, "fast") is None
    with pytest.raises(ModelError, match=r"There is no model file .*pose_landmark_heavy\.tflite"):
        second_looker(tmp_path, workers, "best")
    shutil.copy(models_folder / FULL.name, tmp_path / HEAVY.name)
    for quality in ("fast", "best"):
        with pytest.raises(ModelError, match=r"pose_landmark_heavy\.tflite is damaged: its checksum is wrong"):
            second_looker(tmp_path, workers, quality)

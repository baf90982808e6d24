from dataclasses import replace

import cv2
import numpy as np
import pytest

from backend.base.litert import Workers
from backend.people.detection import PersonDetector, count_tile_sizes
from backend.people.gaps import Clock, fill_gaps
from backend.people.landmarks import LANDMARK, LandmarkModel
from backend.people.stitching import person_track, stitch
from backend.people.tracking import Tracker
from backend.video.frames import Frame, with_upcoming
from tests.backend.people.test_tracklets import PICTURE, TRACK, followed, shaken, with_worlds

SIZE = (480, 360)
EVERY_SECOND = slice(20, 80, 2)      # two seconds of the sample clip at 15 frames a second
HIPS = [LANDMARK["left_hip"], LANDMARK["right_hip"]]


@pytest.fixture(scope="module")
def track(models_folder, workers):
    """Follows people through pictures and returns them, the most present first."""
    def track_pictures(pictures, people=None, fps=15.0):
        tracker = Tracker(PersonDetector(models_folder, workers), LandmarkModel(models_folder, workers))
        for index, picture in enumerate(pictures):
            tracker.step(Frame(index, index / fps, picture))
        size = pictures[0].shape[1], pictures[0].shape[0]
        return [person_track(person) for person in stitch(tracker.finish(), size, people)]
    return track_pictures


@pytest.fixture(scope="module")
def pictures(sample_frames):
    return [cv2.resize(frame.image, SIZE, interpolation=cv2.INTER_AREA) for frame in sample_frames[EVERY_SECOND]]


class CountingModel(LandmarkModel):
    """Counts the readings."""
    readings = 0

    def _read_view(self, *view):
        self.readings += 1
        return super()._read_view(*view)


@pytest.mark.parametrize("count", [1, 2, 4])
def test_neither_the_number_of_workers_nor_what_is_read_ahead_changes_a_bit(models_folder, track, pictures, count):
    with Workers(count) as other_workers:
        tracker = Tracker(PersonDetector(models_folder, other_workers), LandmarkModel(models_folder, other_workers))
        frames = iter([Frame(index, index / 15.0, picture) for index, picture in enumerate(pictures)])
        for frame, upcoming in with_upcoming(frames, 1):
            tracker.step(frame, upcoming)
        (person,) = [person_track(found) for found in stitch(tracker.finish(), SIZE)]
    (usual,) = track(pictures)
    for name in ("frame_index", "timestamps", "xy", "world", "score", "boxes"):
        np.testing.assert_array_equal(getattr(person, name), getattr(usual, name), err_msg=name)


def test_what_is_read_ahead_is_not_read_again(models_folder, workers, pictures):
    models = [CountingModel(models_folder, workers) for _ in range(2)]
    for model, reads_ahead in zip(models, (True, False), strict=True):
        tracker = Tracker(PersonDetector(models_folder, workers), model)
        frames = iter([Frame(index, index / 15.0, picture) for index, picture in enumerate(pictures)])
        for frame, upcoming in with_upcoming(frames, 1):
            tracker.step(frame, upcoming if reads_ahead else [])
    assert models[0].readings == models[1].readings > len(pictures)


def read_frames(models_folder, workers, pictures, fps, ahead, rests=True):
    """Return the numbers of the frames in which people were read, and the tracklets."""
    tracker, read = Tracker(PersonDetector(models_folder, workers), LandmarkModel(models_folder, workers), rests), []
    for frame, upcoming in with_upcoming(iter([Frame(*item) for item in zip(range(100), np.arange(100) / fps, pictures)]), ahead):
        before = tracker.state.last_timestamp
        tracker.step(frame, upcoming)
        if tracker.state.last_timestamp > before:
            read.append(frame.index)
    return read, tracker.finish()


def test_of_somebody_who_hardly_moves_every_second_frame_is_read_and_the_last_one(models_folder, workers, pictures):
    still = [pictures[0]] * 40
    read, (person,) = read_frames(models_folder, workers, still, 30, 2)
    assert read == [*range(10), *range(10, 39, 2), 39] == person.frame_index
    assert read_frames(models_folder, workers, still, 30, 2, rests=False)[0] == list(range(40))
    assert read_frames(models_folder, workers, still, 12, 1)[0] == list(range(40))


def test_of_somebody_who_moves_fast_no_more_than_24_frames_a_second_are_read(models_folder, workers, pictures):
    """The sample's 15 frames a second, shown as 60: four times as fast."""
    read, (person,) = read_frames(models_folder, workers, pictures, 60, 4)
    assert read == [0, *range(1, len(pictures), 2)] == person.frame_index
    assert read_frames(models_folder, workers, pictures, 30, 2)[0] == list(range(len(pictures)))


@pytest.mark.parametrize(("x", "count"), [(500, 1), (150, 0)])
def test_people_near_each_other_do_not_rest(x, count):
    tracker, frame = Tracker(None, None, rests=True), Frame(12, 12 / 30, PICTURE)
    tracker._active = [followed([(place, 300)] * 12) for place in (100, x)]
    upcoming = [Frame(index, index / 30, PICTURE) for index in (13, 14)]
    seen = [(tracklet, tracklet.last) for tracklet in tracker._active]
    assert tracker._count_rested(frame, seen, upcoming) == count
    assert tracker._count_rested(frame, seen[:1], upcoming) == 0, "the other one is not seen"


def test_while_somebody_is_lost_nobody_rests(models_folder, workers, pictures):
    nobody = np.full_like(pictures[0], 128)
    shown = [pictures[0]] * 20 + [nobody] * 10
    read, _ = read_frames(models_folder, workers, shown, 30, 2)
    assert read[-9:] == list(range(21, 30))


def test_somebody_who_is_lost_is_looked_for_in_each_frame_of_a_tenth_of_a_second_and_then_ten_times_a_second(
        models_folder, workers, pictures):
    model = CountingModel(models_folder, workers)
    tracker, nobody, readings = Tracker(PersonDetector(models_folder, workers), model), np.full_like(pictures[0], 128), []
    for index in range(45):
        before = model.readings
        seen = tracker.step(Frame(index, index / 30, nobody if 15 <= index < 40 else pictures[5]))
        readings.append(model.readings - before)
        assert len(seen) == (not 15 <= index < 40)
    assert [index for index in range(15, 40) if readings[index]] == [15, 16, 17, 20, 23, 26, 29, 32, 35, 38]
    assert tracker.finish()[0].frame_index == [*range(15), *range(40, 45)]      # traced back from where the person is found


@pytest.mark.parametrize(("height", "count"), [(600, 1), (384, 2), (250, 2), (192, 3), (60, 3)])
def test_tall_people_are_searched_in_few_sizes_of_tiles(height, count):
    assert count_tile_sizes(height, (720, 1280, 3)) == count


def hips_error(person, true_points, to_picture):
    """Return the mean distance in px of the hips' centre from where the truth, put into the picture, has it."""
    names, xy = true_points
    true = xy[EVERY_SECOND][person.frame_index][:, [names.index("left_hip"), names.index("right_hip")]].mean(1) / 2
    return np.linalg.norm(person.xy[:, HIPS].mean(1) - to_picture(true), axis=1).mean()


def test_one_person_is_followed_from_the_first_frame_to_the_last(track, pictures, true_points):
    (person,) = track(pictures)
    np.testing.assert_array_equal(person.frame_index, np.arange(30))
    assert hips_error(person, true_points, lambda xy: xy) < 6
    thumbnail = cv2.imdecode(np.frombuffer(person.thumbnail, np.uint8), cv2.IMREAD_COLOR)
    assert thumbnail.shape == (160, 160, 3)


def test_a_person_and_the_mirror_image_are_two_people_with_stable_ids(track, pictures, true_points):
    both = [np.hstack([picture, picture[:, ::-1]]) for picture in pictures]
    people = track(both)
    assert len(people) == 2 and all(len(person.frame_index) == 30 for person in people)
    on_the_left, on_the_right = sorted(people, key=lambda person: person.xy[0].mean(0)[0])
    assert hips_error(on_the_left, true_points, lambda xy: xy) < 6
    assert hips_error(on_the_right, true_points, lambda xy: xy * (-1, 1) + (2 * SIZE[0] - 1, 0)) < 6


def test_a_person_who_turns_upside_down_at_once_is_soon_read_the_right_way_round(track, pictures, true_points):
    upset = [picture if number < 12 else picture[::-1, ::-1] for number, picture in enumerate(pictures)]
    (person,) = track(upset)
    shoulders = [LANDMARK["left_shoulder"], LANDMARK["right_shoulder"]]
    upwards = (person.xy[:, shoulders] - person.xy[:, HIPS]).mean(1)[:, 1]
    assert (upwards[person.frame_index < 12] < -30).all() and (upwards[person.frame_index >= 18] > 30).all()
    assert (person.frame_index >= 18).sum() == 12


def test_somebody_who_turns_head_over_heels_is_followed_all_the_way(track, pictures, true_points):
    """A picture that turns about the person by up to 18 degrees from one frame to the next, as a body in a somersault does."""
    names, xy = true_points
    middle = xy[EVERY_SECOND][0][[names.index("left_hip"), names.index("right_hip")]].mean(0) / 2
    speeds = [0] * 12 + [3, 6, 9, 12, 15] + [18] * 35 + [15, 12, 9, 6, 3] + [0] * 6
    turns = [cv2.getRotationMatrix2D(middle, -angle, 1.0) for angle in np.cumsum(speeds)]       # the angle is to the right
    (person,) = track([cv2.warpAffine(pictures[0], turn, SIZE, borderMode=cv2.BORDER_REPLICATE) for turn in turns], fps=30.0)
    assert len(person.frame_index) >= len(turns) - 2
    neck = person.xy[:, [LANDMARK["left_shoulder"], LANDMARK["right_shoulder"]]].mean(1) - person.xy[:, HIPS].mean(1)
    angles = np.degrees(np.arctan2(neck[:, 0], -neck[:, 1])) - np.cumsum(speeds)[person.frame_index]
    assert np.abs((angles - angles[0] + 180) % 360 - 180).max() < 25


def test_the_number_of_people_can_be_limited(track, pictures):
    both = [np.hstack([picture, np.zeros_like(picture) if number < 12 else picture[:, ::-1]])
            for number, picture in enumerate(pictures)]
    assert [len(person.frame_index) for person in track(both, people=1)] == [30]


def test_somebody_hidden_for_half_a_second_stays_one_person_and_the_gap_is_filled(track, pictures, true_points):
    shown = [np.full_like(picture, 128) if 12 <= number < 19 else picture for number, picture in enumerate(pictures)]
    (person,) = track(shown)
    assert not set(range(12, 19)) & set(person.frame_index.tolist()) and len(person.frame_index) >= 20
    filled = fill_gaps(person, Clock(np.arange(30), np.arange(30) / 15, 15.0))
    np.testing.assert_array_equal(filled.frame_index, np.arange(30))
    assert hips_error(filled, true_points, lambda xy: xy) < 8


def test_nobody_is_found_where_nobody_is(track, sample_frames):
    generator = np.random.default_rng(0)
    empty = np.full((360, 480, 3), 90, np.uint8)
    noise = [generator.integers(0, 256, empty.shape, np.uint8) for _ in range(3)]
    assert track([empty] * 6 + noise) == []


def test_somebody_seen_for_a_moment_only_is_nobody(track, pictures):
    empty = np.full_like(pictures[0], 128)
    assert track([empty] * 5 + pictures[:3] + [empty] * 5) == []


def test_a_slow_video_is_followed_by_searching_each_frame(track, sample_frames, true_points):
    pictures = [cv2.resize(frame.image, SIZE, interpolation=cv2.INTER_AREA) for frame in sample_frames[::10]]
    (person,) = track(pictures, fps=3.0)
    assert len(person.frame_index) >= 7


class LateDetector:
    """Finds nobody in the first pictures."""

    def __init__(self, detector, blind_for):
        self.detector, self.blind_for, self.calls = detector, blind_for, 0

    def __call__(self, *arguments):
        self.calls += 1
        return [] if self.calls <= self.blind_for else self.detector(*arguments)


def test_somebody_whom_the_detector_finds_late_is_traced_back_to_the_first_frame(models_folder, workers, pictures, true_points):
    late = LateDetector(PersonDetector(models_folder, workers), blind_for=2)
    tracker = Tracker(late, LandmarkModel(models_folder, workers))
    born = []
    for index, picture in enumerate(pictures):
        if tracker.step(Frame(index, index / 15, picture)):
            born.append(index)
    (person,) = [person_track(found) for found in stitch(tracker.finish(), SIZE)]
    assert 8 < born[0] < 14
    np.testing.assert_array_equal(person.frame_index, np.arange(30))
    assert hips_error(person, true_points, lambda xy: xy) < 6


@pytest.mark.parametrize("fps", [60.0, 120.0, 240.0])
def test_somebody_filmed_at_a_high_frame_rate_is_a_person(track, pictures, fps):
    generator = np.random.default_rng(0)
    filmed = [np.clip(pictures[0] + generator.normal(scale=4, size=pictures[0].shape), 0, 255).astype(np.uint8)
              for _ in range(int(0.4 * fps))]
    assert [len(person.frame_index) for person in track(filmed, fps=fps)] == [len(filmed)]


def test_somebody_seen_well_is_no_thing_because_of_a_third_of_a_second_of_wild_movement():
    still, wild = np.repeat(TRACK.world[:1], 40, axis=0), shaken(0.05)
    person, thing = with_worlds(np.concatenate([still, wild[:10]])), with_worlds(wild)
    tracker = Tracker(None, None)
    tracker._active = [person, thing]
    person.timestamps[-1] = thing.timestamps[-1] = 2.0
    tracker._drop_things(Frame(50, 2.0, np.zeros((720, 1280, 3), np.uint8)))
    assert len(tracker._active) == 1 and tracker._active[0] is person
    assert [region for region, _ in tracker._distrusted] == [thing.region]


def test_where_a_dropped_tracklet_came_to_a_person_another_one_may_begin():
    slipped = with_worlds(shaken(0.05))
    slipped.observations[-1] = replace(slipped.last, score=np.full(33, 0.9))
    tracker = Tracker(None, None)
    tracker._active = [slipped]
    slipped.timestamps[-1] = 2.0
    tracker._drop_things(Frame(50, 2.0, np.zeros((720, 1280, 3), np.uint8)))
    assert tracker._active == [] == tracker._distrusted


def test_of_a_dropped_tracklet_the_part_that_followed_a_person_stays():
    wild = with_worlds(shaken(0.05))
    wild.observations = [replace(seen, score=np.full(33, 0.9 if row < 15 else 0.3)) for row, seen in enumerate(wild.observations)]
    tracker = Tracker(None, None)
    tracker._active = [wild]
    wild.timestamps[-1] = 2.0
    tracker._drop_things(Frame(50, 2.0, np.zeros((720, 1280, 3), np.uint8)))
    (part,) = tracker._ended
    assert tracker._active == [] and len(tracker._distrusted) == 1
    assert part.frame_index[0] == wild.frame_index[0] and 15 <= len(part.frame_index) <= 20

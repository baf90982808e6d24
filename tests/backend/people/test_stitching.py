from dataclasses import replace

import numpy as np
import pytest

from backend.people import stitching
from backend.people.appearance import appearance_distance
from backend.people.landmarks import FACE, LANDMARK
from backend.people.skeletons import skeleton_distance
from backend.people.tracklets import is_bodily
from tests.backend.made_people import IMAGE_SIZE, person_track, seen_from, tracklet, walker

RED, BLUE = 1, 4
TO_THE_RIGHT = person_track(seen_from(walker(120, start=(-1.6, 5.0), velocity=(0.8, 0.0), heading_degrees=90)))
TO_THE_LEFT = person_track(seen_from(walker(120, start=(1.6, 5.4), velocity=(-0.8, 0.0), heading_degrees=-90)))
STANDING_BY = person_track(seen_from(walker(120, start=(1.5, 6.0), velocity=(0.0, 0.0), heading_degrees=0)))


def tracks_of(tracklets, image_size, people=None):
    """Return the tracks of the people whom tracklets are stitched into."""
    return [stitching.person_track(person) for person in stitching.stitch(tracklets, image_size, people)]


def whole(track, colour):
    return tracklet(track, slice(None), colour)


def test_one_walker_is_one_person_over_all_frames():
    (person,) = tracks_of([whole(TO_THE_RIGHT, RED)], IMAGE_SIZE)
    np.testing.assert_array_equal(person.frame_index, np.arange(120))
    np.testing.assert_array_equal(person.xy, TO_THE_RIGHT.xy)
    np.testing.assert_array_equal(person.world, TO_THE_RIGHT.world)
    assert (person.boxes[:, :2] < person.xy.min(1)).all() and (person.boxes[:, 2:] > person.xy.max(1)).all()


def test_two_halves_of_one_person_are_joined():
    halves = [tracklet(TO_THE_RIGHT, slice(0, 55), RED), tracklet(TO_THE_RIGHT, slice(70, 120), RED)]
    (person,) = tracks_of(halves, IMAGE_SIZE)
    np.testing.assert_array_equal(person.frame_index, np.r_[0:55, 70:120])


def test_halves_that_overlap_in_time_are_two_people():
    pieces = [tracklet(TO_THE_RIGHT, slice(0, 70), RED), tracklet(STANDING_BY, slice(40, 120), RED)]
    assert len(tracks_of(pieces, IMAGE_SIZE)) == 2


def test_another_person_who_appears_elsewhere_in_other_clothes_is_not_joined():
    pieces = [tracklet(TO_THE_RIGHT, slice(0, 50), RED), tracklet(STANDING_BY, slice(60, 120), BLUE)]
    assert sorted(len(person.frame_index) for person in tracks_of(pieces, IMAGE_SIZE)) == [50, 60]


def test_two_people_who_cross_stay_two():
    people = tracks_of([whole(TO_THE_RIGHT, RED), whole(TO_THE_LEFT, BLUE)], IMAGE_SIZE)
    assert [len(person.frame_index) for person in people] == [120, 120]
    np.testing.assert_array_equal(people[0].xy, TO_THE_RIGHT.xy)


def test_tails_exchanged_where_two_people_crossed_are_put_right():
    meeting = int(np.argmin(np.abs(TO_THE_RIGHT.xy.mean(1) - TO_THE_LEFT.xy.mean(1))[:, 0]))
    before, after = slice(0, meeting), slice(meeting, None)
    mixed = []
    for first, second in (((TO_THE_RIGHT, RED), (TO_THE_LEFT, BLUE)), ((TO_THE_LEFT, BLUE), (TO_THE_RIGHT, RED))):
        head, tail = tracklet(first[0], before, first[1]), tracklet(second[0], after, second[1])
        head.frame_index += tail.frame_index
        head.timestamps += tail.timestamps
        head.observations += tail.observations
        head.appearances += tail.appearances
        mixed.append(head)
    people = tracks_of(mixed, IMAGE_SIZE)
    ends = sorted((person.xy[0].mean(0)[0], person.xy[-1].mean(0)[0]) for person in people)
    assert len(people) == 2 and ends[0][1] > ends[0][0] + 300 and ends[1][1] < ends[1][0] - 300


@pytest.mark.parametrize("late", [0, 1])
def test_tails_are_put_right_though_one_of_both_came_into_view_later(late):
    meeting = int(np.argmin(np.abs(TO_THE_RIGHT.xy.mean(1) - TO_THE_LEFT.xy.mean(1))[:, 0]))
    mixed = []
    for number, (first, second) in enumerate((((TO_THE_RIGHT, RED), (TO_THE_LEFT, BLUE)),
                                              ((TO_THE_LEFT, BLUE), (TO_THE_RIGHT, RED)))):
        head = tracklet(first[0], slice(meeting - 20 if number == late else 0, meeting), first[1])
        tail = tracklet(second[0], slice(meeting, None), second[1])
        for name in ("frame_index", "timestamps", "observations", "appearances"):
            setattr(head, name, getattr(head, name) + getattr(tail, name))
        mixed.append(head)
    ends = [(person.xy[0].mean(0)[0], person.xy[-1].mean(0)[0]) for person in tracks_of(mixed, IMAGE_SIZE)]
    assert len(ends) == 2 and sorted(end > start for start, end in ends) == [False, True]


def test_a_double_of_one_person_is_removed():
    double = tracklet(TO_THE_RIGHT, slice(10, 80), RED)
    (person,) = tracks_of([double, whole(TO_THE_RIGHT, RED)], IMAGE_SIZE)
    assert len(person.frame_index) == 120


def test_people_keeps_the_most_present_first():
    pieces = [tracklet(STANDING_BY, slice(30, 90), BLUE), whole(TO_THE_RIGHT, RED)]
    assert [len(person.frame_index) for person in tracks_of(pieces, IMAGE_SIZE)] == [120, 60]
    assert [len(person.frame_index) for person in tracks_of(pieces, IMAGE_SIZE, people=1)] == [120]
    assert len(tracks_of(pieces, IMAGE_SIZE, people=5)) == 2


def test_a_glimpse_is_nobody():
    assert tracks_of([tracklet(TO_THE_RIGHT, slice(0, 8), RED)], IMAGE_SIZE) == []
    assert tracks_of([], IMAGE_SIZE) == []


def test_a_thing_whose_limbs_flicker_is_no_person_but_an_acrobat_who_is_seen_well_is_one():
    generator = np.random.default_rng(0)
    thing, acrobat = whole(STANDING_BY, RED), whole(STANDING_BY, RED)
    for flickering, share in ((thing, 0.6), (acrobat, 1.0)):
        flickering.observations = [
            replace(seen, world=seen.world + generator.normal(scale=0.08, size=(33, 3)), score=share * seen.score)
            for seen in flickering.observations]
    assert is_bodily(whole(STANDING_BY, RED)) and not is_bodily(thing)
    assert tracks_of([thing], IMAGE_SIZE) == []
    assert is_bodily(acrobat) and len(tracks_of([acrobat], IMAGE_SIZE)) == 1


@pytest.mark.parametrize(("well", "kept"), [(range(0, 50), 50), (range(60, 120), 60), (range(0, 5), 0), (range(30, 36), 0)])
def test_of_somebody_who_is_followed_on_to_a_thing_the_part_that_is_seen_well_stays(well, kept):
    generator = np.random.default_rng(0)
    person = whole(STANDING_BY, RED)
    person.observations = [seen if row in well else
                           replace(seen, world=seen.world + generator.normal(scale=0.12, size=(33, 3)), score=0.4 * seen.score)
                           for row, seen in enumerate(person.observations)]
    assert not is_bodily(person)
    people = tracks_of([person], IMAGE_SIZE)
    assert [len(track.frame_index) for track in people] == ([pytest.approx(kept, abs=8)] if kept else [])
    assert all(abs(track.frame_index[0] - well.start) < 8 for track in people)


@pytest.mark.parametrize(("shoulders", "count"), [(0.95, 1), (0.7, 0)])
def test_somebody_seen_to_the_chest_stays_though_the_limbs_flicker(shoulders, count):
    generator = np.random.default_rng(0)
    person = whole(STANDING_BY, RED)
    score = np.full(33, 0.05)
    score[FACE], score[[LANDMARK["left_shoulder"], LANDMARK["right_shoulder"]]] = 0.98, shoulders
    person.observations = [replace(seen, world=seen.world + generator.normal(scale=0.08, size=(33, 3)), score=score)
                           for seen in person.observations]
    assert len(tracks_of([person], IMAGE_SIZE)) == count


def test_skeletons_are_as_far_apart_as_their_joints_in_body_radii():
    seen = whole(STANDING_BY, RED).observations[0]
    moved = replace(seen, xy=seen.xy + (seen.region.body_radius, 0))
    assert skeleton_distance(seen, seen) == 0 and skeleton_distance(seen, moved) == pytest.approx(1.0)


def test_clothes_of_other_colours_are_one_apart():
    red, blue = (whole(STANDING_BY, colour).mean_appearance for colour in (RED, BLUE))
    assert appearance_distance(red, red) == 0 and appearance_distance(red, blue) == pytest.approx(1.0)

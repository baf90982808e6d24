from dataclasses import replace

import numpy as np
import pytest

from backend.base.regions import Region
from backend.people import stitching
from backend.people.appearance import appearance_distance
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


def test_a_thing_whose_limbs_flicker_is_nobody_but_an_acrobat_who_is_seen_well_is():
    generator = np.random.default_rng(0)
    thing, acrobat = whole(STANDING_BY, RED), whole(STANDING_BY, RED)
    for flickering, share in ((thing, 0.6), (acrobat, 1.0)):
        flickering.observations = [
            replace(seen, world=seen.world + generator.normal(scale=0.08, size=(33, 3)), score=share * seen.score)
            for seen in flickering.observations]
    assert is_bodily(whole(STANDING_BY, RED)) and not is_bodily(thing)
    assert tracks_of([thing], IMAGE_SIZE) == []
    assert is_bodily(acrobat) and len(tracks_of([acrobat], IMAGE_SIZE)) == 1


def test_skeletons_are_as_far_apart_as_their_joints_in_body_radii():
    seen = whole(STANDING_BY, RED).observations[0]
    moved = replace(seen, xy=seen.xy + (seen.region.body_radius, 0))
    assert skeleton_distance(seen, seen) == 0 and skeleton_distance(seen, moved) == pytest.approx(1.0)


def test_clothes_of_other_colours_are_one_apart():
    red, blue = (whole(STANDING_BY, colour).mean_appearance for colour in (RED, BLUE))
    assert appearance_distance(red, red) == 0 and appearance_distance(red, blue) == pytest.approx(1.0)


def piece(x, start=0.0, side=250.0, colour=RED, velocity=(0.0, 0.0), frames=slice(0, 5), score=0.9):
    """Return a tracklet whose region's middle stays at x px, in the middle of the picture's height; its radius is side / 2.5."""
    made = tracklet(STANDING_BY, frames, colour)
    region = Region(float(x), 360.0, side, 0.0)
    made.observations = [replace(one, xy=one.xy + (x, 0), region=region, next_region=region, score=np.full(33, score))
                         for one in made.observations]
    made.frame_index = [round(30 * start) + number for number in range(len(made.observations))]
    made.timestamps = [start + number / 30 for number in range(len(made.observations))]
    made.velocity = np.array(velocity, float)
    return made


def join_cost(first, gap, **later):
    return stitching._join_cost(first, piece(start=first.timestamps[-1] + gap, **later), IMAGE_SIZE)


@pytest.mark.parametrize(("gap", "later", "cost"), [
    (1.0, {"x": 640}, 0.0),
    (1.0, {"x": 740}, 0.5 / 2.2),                                       # one radius aside, within 0.7 + 1.5 a second
    (3.0, {"x": 740}, 0.5 / 5.2),
    (1.0, {"x": 640, "side": 500.0}, 0.3 * np.log(2) / 0.7),
    (3.0, {"x": 640, "side": 125.0}, 0.3 * np.log(2) / 1.3),
    (1.0, {"x": 740, "side": 500.0}, 0.5 / 2 / 2.2 + 0.3 * np.log(2) / 0.7),        # in radii of the larger one
    (1.0, {"x": 640, "colour": BLUE}, 2.5),
])
def test_to_go_on_elsewhere_larger_or_in_other_clothes_costs_less_the_longer_the_gap(gap, later, cost):
    assert join_cost(piece(640), gap, **later) == pytest.approx(cost + 0.05 * gap, abs=1e-6)


@pytest.mark.parametrize(("gap", "x", "radii"), [(1.0, 740, 0), (1.0, 690, 0), (1.0, 640, 0), (1.0, 540, 1),
                                                 (3.0, 740, 0), (3.0, 940, 2), (0.5, 690, 0), (0.5, 740, 0.5)])
def test_who_walked_may_have_stopped_at_once_half_way_or_after_a_second(gap, x, radii):
    walking = piece(640, velocity=(100.0, 0.0))
    assert join_cost(walking, gap, x=x) == pytest.approx(0.5 * radii / (0.7 + 1.5 * gap) + 0.05 * gap, abs=1e-6)


def test_who_left_at_the_pictures_border_may_return_at_any_border():
    right = IMAGE_SIZE[0]
    assert join_cost(piece(75), 1.0, x=right - 75) == pytest.approx(0.25 + 0.05)
    assert join_cost(piece(75), 1.0, x=100) == pytest.approx(0.5 * 0.25 / 2.2 + 0.05)       # nearer than that as near as it is
    for inside, border in ((85, right - 75), (75, right - 85)):                             # 0.8 radii are 80 px
        assert join_cost(piece(inside), 1.0, x=border) == pytest.approx(0.5 * (border - inside) / 100 / 2.2 + 0.05)


def test_nobody_goes_on_before_the_end_or_after_eight_seconds():
    assert join_cost(piece(640), 7.9, x=640) < 1 and np.isinf(join_cost(piece(640), 8.1, x=640))
    assert np.isinf(join_cost(piece(640), 0.0, x=640)) and np.isinf(join_cost(piece(640), -1.0, x=640))


def lasting(x, start=0.0, frames=20, **seen):
    return piece(x, start, frames=slice(0, frames), **seen)


def stitched(*pieces, **options):
    """Return how many frames each person has."""
    return [len(person.frame_index) for person in stitching.stitch(list(pieces), IMAGE_SIZE, **options)]


def test_pieces_that_cost_less_than_one_are_joined():
    first = lasting(200)
    assert stitched(first, lasting(200 + 4.0 * 100, start=first.timestamps[-1] + 1)) == [40]         # 0.91 for the place
    assert stitched(first, lasting(200 + 4.4 * 100, start=first.timestamps[-1] + 1)) == [20, 20]     # 1.0


def test_of_two_who_could_go_on_the_nearer_one_does_and_a_long_gap_waits():
    first = lasting(300, frames=30)
    end = first.timestamps[-1]
    near, far = (lasting(x, start=end + 1, frames=frames) for x, frames in ((350, 25), (500, 20)))
    assert stitched(first, far, near) == [55, 20]
    soon, late = lasting(400, start=end + 0.5, frames=20), lasting(300, start=end + 3, frames=25)
    assert stitched(first, late, soon) == [75]


@pytest.mark.parametrize(("times", "is_somebody"), [((7.0, 7.15, 7.31), True), ((7.0, 7.15, 7.29), False), ((7.0, 8.0), False)])
def test_who_is_seen_three_times_in_three_tenths_of_a_second_is_somebody(times, is_somebody):
    glimpse = lasting(300, frames=len(times))
    glimpse.timestamps = list(times)
    assert bool(stitched(glimpse)) == is_somebody


def test_a_torso_that_is_seen_unsurely_on_average_is_nobodys():
    assert stitched(lasting(300, score=0.62)) == [20] and stitched(lasting(300, score=0.58)) == []


@pytest.mark.parametrize(("side", "order"), [(400.0, [40, 60]), (200.0, [60, 40])])
def test_present_is_who_is_seen_often_and_large(side, order):
    """40 times the root of 400 are more than 60 times the root of 100, and 40 times the root of 200 are less."""
    small, large = piece(300, side=100.0, frames=slice(0, 60)), piece(900, side=side, frames=slice(0, 40))
    large.observations[:10] = [replace(one, region=replace(one.region, side=5000.0)) for one in large.observations[:10]]
    assert stitched(small, large) == order and stitched(small, large, people=1) == order[:1]


@pytest.mark.parametrize(("share", "radii", "people"), [(0.45, 0.3, 2), (0.55, 0.3, 1), (0.55, 0.5, 2)])
def test_a_double_lies_on_another_for_more_than_half_of_its_frames(share, radii, people):
    other, double = whole(STANDING_BY, RED), tracklet(STANDING_BY, slice(20, 60), RED)
    radius = double.observations[0].region.body_radius
    moved = [radii * radius if number < share * 40 else 3000.0 for number in range(40)]
    double.observations = [replace(one, xy=one.xy + (far, 0)) for far, one in zip(moved, double.observations)]
    assert len(stitching.stitch([double, other], IMAGE_SIZE)) == people


def test_boxes_go_beyond_the_landmarks_by_six_hundredths_of_the_longer_side():
    xy = np.array((((100.0, 50.0), (160.0, 250.0), (120.0, 90.0)), ((0.0, 0.0), (300.0, 100.0), (10.0, 10.0))))
    np.testing.assert_allclose(stitching._boxes(xy), ((88, 38, 172, 262), (-18, -18, 318, 118)))


def exchanged_at(first, second, frame):
    """Return two tracklets that take on each other's later part from a frame on, as a tracker does that mixes them up."""
    return [stitching._concatenated(stitching._part(one, slice(0, frame)), stitching._part(other, slice(frame, None)))
            for one, other in ((first, second), (second, first))]


def keeps_its_clothes(made):
    return len({bool(colours[BLUE]) for colours in made.appearances}) == 1


@pytest.mark.parametrize(("radii", "put_right"), [(0.75, True), (0.85, False)])
def test_people_are_exchanged_where_they_come_nearer_than_eight_tenths_of_a_radius(radii, put_right):
    """Two who stand, one of whom comes as near as that for a frame: there the tracker mixed them up."""
    one, other = lasting(300), lasting(700, colour=BLUE)
    near = replace(other.observations[10], xy=one.observations[10].xy + (100 * radii, 0))
    other.observations[10] = near
    assert all(map(keeps_its_clothes, stitching._undo_exchanges(exchanged_at(one, other, 10)))) == put_right


@pytest.mark.parametrize(("before", "after", "put_right"), [(5, 5, True), (4, 20, False), (20, 4, False)])
def test_five_sightings_before_and_after_tell_colours(before, after, put_right):
    one, other = lasting(300, frames=before + after), lasting(700, frames=before + after, colour=BLUE)
    other.observations[before] = replace(other.observations[before], xy=one.observations[before].xy)
    assert all(map(keeps_its_clothes, stitching._undo_exchanges(exchanged_at(one, other, before)))) == put_right

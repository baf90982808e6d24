"""What joining, exchanging and keeping of tracklets costs, for people who stay in one place of the picture."""

from dataclasses import replace

import numpy as np
import pytest

from backend.base.regions import Region
from backend.people import joining, stitching
from tests.backend.made_people import IMAGE_SIZE, tracklet
from tests.backend.people.test_stitching import BLUE, RED, STANDING_BY, whole


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
    return joining._join_cost(first, piece(start=first.timestamps[-1] + gap, **later), IMAGE_SIZE)


@pytest.mark.parametrize(("gap", "later", "cost"), [
    (1.0, {"x": 640}, 0.0),
    (1.0, {"x": 740}, 0.5 / 2.2),                                       # one radius aside, within 0.7 + 1.5 a second
    (3.0, {"x": 740}, 0.5 / 5.2),
    (1.0, {"x": 640, "side": 500.0}, 0.3 * np.log(2) / 0.7),
    (3.0, {"x": 640, "side": 125.0}, 0.3 * np.log(2) / 1.3),
    (1.0, {"x": 740, "side": 500.0}, 0.5 / 2 / 2.2 + 0.3 * np.log(2) / 0.7),        # in radii of the larger one
    (1.0, {"x": 640, "colour": BLUE}, 2.5),
    (0.4, {"x": 640, "colour": BLUE}, 2.5),
    (0.1, {"x": 640, "colour": BLUE}, 2.5 * 0.7),                       # a moment tells little of colours
])
def test_to_go_on_elsewhere_larger_or_in_other_clothes_costs_less_the_longer_the_gap(gap, later, cost):
    assert join_cost(piece(640), gap, **later) == pytest.approx(cost + 0.05 * gap, abs=1e-6)


@pytest.mark.parametrize(("gap", "x", "radii"), [(1.0, 740, 0), (1.0, 690, 0), (1.0, 640, 0), (1.0, 540, 1),
                                                 (3.0, 740, 0), (3.0, 940, 2), (0.5, 690, 0), (0.5, 740, 0.5)])
def test_a_person_who_walked_may_have_stopped_at_once_half_way_or_after_a_second(gap, x, radii):
    walking = piece(640, velocity=(100.0, 0.0))
    assert join_cost(walking, gap, x=x) == pytest.approx(0.5 * radii / (0.7 + 1.5 * gap) + 0.05 * gap, abs=1e-6)


def test_a_person_who_left_at_the_pictures_border_may_return_at_any_border():
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


def test_of_two_people_who_could_continue_the_nearer_one_does_and_a_long_gap_waits():
    first = lasting(300, frames=30)
    end = first.timestamps[-1]
    near, far = (lasting(x, start=end + 1, frames=frames) for x, frames in ((350, 25), (500, 20)))
    assert stitched(first, far, near) == [55, 20]
    soon, late = lasting(400, start=end + 0.5, frames=20), lasting(300, start=end + 3, frames=25)
    assert stitched(first, late, soon) == [75]


def taken_over(first, later_x, later_score=0.9, later_frames=30, colour=RED):
    """Return how many frames each person has where a tracklet of 40 frames is joined by a second one 20 frames before its end."""
    return stitched(first, lasting(later_x, start=20 / 30, frames=later_frames, score=later_score, colour=colour))


@pytest.mark.parametrize(("score", "later", "people"), [
    (0.5, {"later_x": 645}, [50]),                  # 20 frames of the first, which reads the body upside down, and 30
    (0.5, {"later_x": 655}, [40, 30]),              # 0.55 radii away
    (0.65, {"later_x": 645, "later_score": 0.74}, [40, 30]),
    (0.75, {"later_x": 645, "later_score": 0.9}, [40, 30]),         # it is read well
    (0.5, {"later_x": 645, "later_frames": 18}, [40, 18]),          # the second one ends first
    (0.5, {"later_x": 645, "colour": BLUE}, [40, 30])])
def test_a_person_whom_a_better_reading_takes_over_stays_one_person(score, later, people):
    first = lasting(600, frames=40)
    first.observations[20:] = [replace(one, score=np.full(33, score)) for one in first.observations[20:]]
    assert taken_over(first, **later) == people


@pytest.mark.parametrize(("times", "is_somebody"), [((7.0, 7.15, 7.31), True), ((7.0, 7.15, 7.29), False), ((7.0, 8.0), False)])
def test_three_sightings_in_three_tenths_of_a_second_make_a_person(times, is_somebody):
    glimpse = lasting(300, frames=len(times))
    glimpse.timestamps = list(times)
    assert bool(stitched(glimpse)) == is_somebody


def test_a_torso_that_is_seen_unsurely_on_average_is_nobodys():
    assert stitched(lasting(300, score=0.62)) == [20] and stitched(lasting(300, score=0.58)) == []


@pytest.mark.parametrize(("side", "order"), [(400.0, [40, 60]), (200.0, [60, 40])])
def test_people_seen_often_and_large_are_the_most_present(side, order):
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
    return [joining._concatenated(one.part(slice(0, frame)), other.part(slice(frame, None)))
            for one, other in ((first, second), (second, first))]


def keeps_its_clothes(made):
    return len({bool(colours[BLUE]) for colours in made.appearances}) == 1


@pytest.mark.parametrize(("radii", "put_right"), [(0.75, True), (0.85, False)])
def test_people_are_exchanged_where_they_come_nearer_than_eight_tenths_of_a_radius(radii, put_right):
    """Two who stand, one of whom comes as near as that for a frame: there the tracker mixed them up."""
    one, other = lasting(300), lasting(700, colour=BLUE)
    near = replace(other.observations[10], xy=one.observations[10].xy + (100 * radii, 0))
    other.observations[10] = near
    assert all(map(keeps_its_clothes, joining.undo_exchanges(exchanged_at(one, other, 10)))) == put_right


@pytest.mark.parametrize(("before", "after", "put_right"), [(5, 5, True), (4, 20, False), (20, 4, False)])
def test_five_sightings_before_and_after_give_colours(before, after, put_right):
    one, other = lasting(300, frames=before + after), lasting(700, frames=before + after, colour=BLUE)
    other.observations[before] = replace(other.observations[before], xy=one.observations[before].xy)
    assert all(map(keeps_its_clothes, joining.undo_exchanges(exchanged_at(one, other, before)))) == put_right

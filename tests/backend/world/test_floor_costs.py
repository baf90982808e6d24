"""What pitches, rolls and floors cost, worked by hand, and how people who are too tall or small for one floor are scaled."""

import numpy as np
import pytest

from backend.camera.vertical_lines import Vertical, down_in_camera
from backend.world import floor
from backend.world.floor import find_world, floor_cost
from tests.backend.made_people import seen_from, walker

LEVEL = np.zeros(1)
DOWN = Vertical(down_in_camera(0.0, np.zeros(1))[0], np.radians((0.05, 0.05)))        # lines of a level camera, for sure


def prior(pitch, roll, upright=None, vertical=None):
    return floor._prior(np.radians([float(pitch)]), np.radians([float(roll)]), upright, vertical)[0]


@pytest.mark.parametrize(("pitch", "roll", "cost"), [(0, 0, 0), (12, 0, 1), (-24, 0, 4), (0, 5, 1), (12, -10, 5)])
def test_cameras_are_held_level_to_12_degrees_and_straight_to_5(pitch, roll, cost):
    assert prior(pitch, roll) == pytest.approx(cost)


@pytest.mark.parametrize(("pitch", "roll", "more"), [(8, 3, 0), (12, 3, 1), (0, 3, 4), (8, 5, 1), (12, -1, 5)])
def test_bodies_stand_upright_to_4_degrees_and_straight_to_2(pitch, roll, more):
    assert prior(pitch, roll, np.radians((8.0, 3.0))) == pytest.approx(prior(pitch, roll) + more)


@pytest.mark.parametrize(("pitch", "roll", "error"), [(8, 3, 0), (9, 3, 1), (8, 3.5, 1), (6, 2, 8), (50, 30, 1e9)])
def test_lines_cost_by_their_sigmas_and_25_at_most(pitch, roll, error):
    """Sigmas of one degree and of a half."""
    lines = Vertical(down_in_camera(np.radians(8.0), np.radians(np.array([3.0])))[0], np.radians((1.0, 0.5)))
    assert prior(pitch, roll, vertical=lines) == pytest.approx(prior(pitch, roll) + 25 * (1 - np.exp(-error / 25)), abs=1e-6)


def standing(*drops):
    """Return points (N, 3) so many metres below a level camera, and so nearly under it that a tilt hardly changes drops."""
    return np.column_stack([np.linspace(-0.1, 0.1, len(drops)), drops, np.linspace(0.1, 0.2, len(drops))])


def cost_of(*people):
    cost, middles = floor._cost(list(people), LEVEL, LEVEL)
    return cost[0], middles[:, 0].tolist()


def test_points_that_lie_on_the_floor_cost_nothing_and_others_by_their_error_two_a_second():
    assert cost_of(standing(*[1.5] * 9)) == (pytest.approx(0.0), [1.5])
    sigma = np.hypot(0.04 * 1.5, 0.05)
    for away in (sigma, -sigma, 3 * sigma):
        cost, middles = cost_of(standing(*[1.5] * 8, 1.5 + away))
        assert cost == pytest.approx(np.log1p((away / sigma) ** 2) / 2) and middles == [1.5]


def test_people_stand_on_one_floor_to_six_hundredths_of_their_stature():
    tall, small = standing(*[1.5 * np.exp(0.06)] * 3), standing(*[1.5 * np.exp(-0.06)] * 3)
    assert cost_of(tall, small)[0] == pytest.approx(2.0)
    assert cost_of(tall, tall, small)[0] == pytest.approx(4.0)          # from the median, which is the tall ones'
    assert cost_of(standing(*[-0.3] * 3), standing(*[0.01] * 3))[0] == pytest.approx(0.0)       # no camera is under the floor


def test_the_floor_is_the_lowest_level_on_which_several_agree():
    assert floor._floor_drop(np.full(9, 1.4)) == pytest.approx(1.4)
    assert floor._floor_drop(np.repeat((1.4, 1.0), (30, 20))) == pytest.approx(1.4, abs=0.03)
    assert floor._floor_drop(np.repeat((1.4, 1.0), (20, 30))) == pytest.approx(1.4, abs=0.05)
    assert floor._floor_drop(np.append(np.full(40, 1.4), 3.0)) == pytest.approx(1.4, abs=0.01)      # one that errs


def world_of(*drops):
    people = [seen_from(walker(30, start=(x, 4.0), velocity=(0, 0))).motion for x in np.linspace(-1, 1, len(drops))]
    return find_world(people, DOWN, [standing(*[drop] * 8) for drop in drops])


@pytest.mark.parametrize(("drops", "height", "factors"), [
    ((1.4,), 1.4, (1,)), ((1.5, 1.35), np.sqrt(1.5 * 1.35), (np.sqrt(1.35 / 1.5), np.sqrt(1.5 / 1.35))),
    ((1.5, 1.5, 1.2), 1.5, (1, 1, 1.25)), ((1.5, 1.5, 0.9), 1.5, (1, 1, 1.35)), ((1.0, 1.0, 2.0), 1.0, (1, 1, 1 / 1.35)),
    ((-0.2,), -0.2, (1,)),
])
def test_people_are_scaled_to_one_floor_by_a_third_at_most(drops, height, factors):
    world = world_of(*drops)
    assert world.world_from_cam[2, 3] == pytest.approx(height, rel=0.01)
    np.testing.assert_allclose(world.stature_factors, factors, rtol=0.01)
    assert abs(np.degrees(world.pitch)) < 0.1 and abs(np.degrees(world.roll)) < 0.1


def test_the_first_person_starts_over_the_origin_as_large_as_it_is_scaled():
    person = seen_from(walker(30, start=(0.7, 4.0))).motion
    alone = find_world([person], DOWN, [standing(*[1.5] * 8)])
    np.testing.assert_allclose(-alone.world_from_cam[:2, 3], (0.7, 4.0), atol=0.05)
    both = find_world([person, person], DOWN, [standing(*[1.5] * 8), standing(*[1.2] * 8)])
    np.testing.assert_allclose(both.world_from_cam[:2, 3], alone.world_from_cam[:2, 3] * both.stature_factors[0], atol=0.02)


def test_the_cost_of_a_world_is_that_of_its_floor_and_of_its_cues():
    """A person upright before a level camera: only the one wrong point has a cost."""
    person = seen_from(walker(30, velocity=(0, 0))).motion
    upright = floor._upright([person])
    points, sigma = standing(*[1.5] * 8, 1.6), np.hypot(0.04 * 1.5, 0.05)
    known = (upright[0] / np.radians(4)) ** 2 + (upright[1] / np.radians(2)) ** 2
    assert floor_cost([person], DOWN, [points]) == pytest.approx(np.log1p((0.1 / sigma) ** 2) / 2 + known, abs=0.2)


def test_bodies_tell_what_is_upright_by_the_median_of_those_who_stand():
    """Two stand before a camera that looks 8 degrees down, one before another that looks 20 degrees down, one lies."""
    people = [seen_from(walker(1), pitch).motion for pitch in (8, 8, 20)]
    lying = people[0].rotmats.copy()
    lying[:, 0] = np.array(((0.0, -1, 0), (1, 0, 0), (0, 0, 1))) @ lying[:, 0]
    told = floor._upright([*people, people[0].with_pose(lying, people[0].transl)])
    np.testing.assert_allclose(np.degrees(told), np.degrees(floor._upright(people[:1])), atol=1e-6)
    assert floor._upright([people[0].with_pose(lying, people[0].transl)]) is None
    pitches = [np.degrees(floor._upright([person])[0]) for person in people[1:]]
    assert pitches[1] - pitches[0] == pytest.approx(12, abs=0.1)

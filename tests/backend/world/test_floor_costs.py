"""What pitches, rolls and floors cost, worked by hand, and who is scaled to one floor or stands on another."""

import numpy as np
import pytest

from backend.camera.vertical_lines import Vertical, down_in_camera
from backend.world import floor
from backend.world.floor import find_world, floor_cost
from tests.backend.made_people import seen_from, walker

LEVEL_DOWN = np.array(((0.0, 1.0, 0.0),))
DOWN = Vertical(down_in_camera(0.0, np.zeros(1))[0], np.radians((0.05, 0.05)))        # lines of a level camera, for sure


def prior(pitch, roll, upright=None, vertical=None):
    return floor._prior(np.radians([float(pitch)]), np.radians([float(roll)]), upright, vertical)[0]


@pytest.mark.parametrize(("pitch", "roll", "cost"), [(0, 0, 0), (12, 0, 1), (-24, 0, 4), (0, 5, 1), (12, -10, 5)])
def test_cameras_are_held_level_to_12_degrees_and_straight_to_5(pitch, roll, cost):
    assert prior(pitch, roll) == pytest.approx(cost)


@pytest.mark.parametrize(("pitch", "roll", "more"), [(8, 3, 0), (12, 3, 1), (0, 3, 4), (8, 5, 1), (12, -1, 5)])
def test_bodies_stand_upright_to_4_degrees_and_straight_to_2(pitch, roll, more):
    upright = Vertical(down_in_camera(np.radians(8.0), np.radians(np.array([3.0])))[0], np.radians((4.0, 2.0)))
    assert prior(pitch, roll, upright) == pytest.approx(prior(pitch, roll) + more)


@pytest.mark.parametrize(("pitch", "roll", "error"), [(8, 3, 0), (9, 3, 1), (8, 3.5, 1), (6, 2, 8), (50, 30, 1e9)])
def test_lines_cost_by_their_sigmas_and_25_at_most(pitch, roll, error):
    """Sigmas of one degree and of a half."""
    lines = Vertical(down_in_camera(np.radians(8.0), np.radians(np.array([3.0])))[0], np.radians((1.0, 0.5)))
    assert prior(pitch, roll, vertical=lines) == pytest.approx(prior(pitch, roll) + 25 * (1 - np.exp(-error / 25)), abs=1e-6)


def standing(*drops):
    """Return points (N, 3) so many metres below a level camera, and so nearly under it that a tilt hardly changes drops."""
    return np.column_stack([np.linspace(-0.1, 0.1, len(drops)), drops, np.linspace(0.1, 0.2, len(drops))])


def drop_cost(*people, votes=None):
    cost, heights = floor._drop_cost(list(people), np.ones(len(people)) if votes is None else votes, LEVEL_DOWN)
    return cost[0], np.exp(heights[:, 0]).tolist()


def test_points_that_lie_on_the_floor_cost_nothing_and_others_by_their_error_two_a_second():
    assert drop_cost(standing(*[1.5] * 9)) == (pytest.approx(0.0), pytest.approx([1.5]))
    sigma = np.hypot(0.04 * 1.5, 0.05)
    for away in (sigma, -sigma, 3 * sigma):
        cost, middles = drop_cost(standing(*[1.5] * 8, 1.5 + away))
        assert cost == pytest.approx(np.log1p((away / sigma) ** 2) / 2) and middles == pytest.approx([1.5])
        assert drop_cost(standing(*[1.5] * 8, 1.5 + away), votes=[0.3])[0] == pytest.approx(0.3 * cost)


def test_no_camera_is_under_the_floor_of_several_people():
    assert drop_cost(standing(*[-0.3] * 3))[1] == pytest.approx([0.05])


def stature_cost(*heights, votes=None, is_sized=False):
    """Return the cost of logarithms of drops in sigmas (6 % of the stature), and the common one."""
    heights = 0.06 * np.array(heights, float)[:, None]
    cost, common = floor._stature_cost(heights, np.ones(len(heights)) if votes is None else np.array(votes),
                                       np.full(len(heights), is_sized))
    return cost[0], common[0] / 0.06


def limited(error, at_most):
    return at_most * (1 - np.exp(-error ** 2 / at_most))


def test_statures_cost_by_their_sigmas_from_a_common_height():
    assert stature_cost(0, 0, 0) == (pytest.approx(0), pytest.approx(0))
    assert stature_cost(1, -1) == (pytest.approx(limited(1, 8) + limited(1, 9)), pytest.approx(0))      # half way
    # Three alike, and one half a sigma off: a common height at the three costs no more than that one's error.
    assert stature_cost(0, 0, 0, 0.5)[0] <= limited(0.5, 8)
    assert stature_cost(1, -1, is_sized=True)[0] == pytest.approx(limited(2, 8) + limited(2, 9))       # sigma 3 %


def test_whoever_is_far_too_tall_or_small_has_a_limited_cost_and_does_not_move_the_common_height():
    assert stature_cost(0, 0, -20) == (pytest.approx(9, abs=0.01), pytest.approx(0))
    assert stature_cost(0, 0, 20) == (pytest.approx(8, abs=0.01), pytest.approx(0))
    assert stature_cost(0, 20, 20, votes=(1.0, 0.9, 0.9))[1] == pytest.approx(0)        # two on a stand, before whom one plays
    assert stature_cost(0, 20, votes=(1.0, 0.1))[0] == pytest.approx(0.8, abs=0.01)


def test_the_floor_is_the_lowest_level_on_which_several_agree():
    assert floor._floor_drop(np.full(9, 1.4)) == pytest.approx(1.4)
    assert floor._floor_drop(np.repeat((1.4, 1.0), (30, 20))) == pytest.approx(1.4, abs=0.03)
    assert floor._floor_drop(np.repeat((1.4, 1.0), (20, 30))) == pytest.approx(1.4, abs=0.05)
    assert floor._floor_drop(np.append(np.full(40, 1.4), 3.0)) == pytest.approx(1.4, abs=0.01)      # one that errs


@pytest.mark.parametrize(("drops", "height", "factors", "levels"), [
    ((1.4,), 1.4, (1,), (0,)), ((-0.2,), -0.2, (1,), (0,)),
    ((1.5, 1.35), np.sqrt(1.5 * 1.35), (np.sqrt(1.35 / 1.5), np.sqrt(1.5 / 1.35)), (0, 0)),
    ((1.5, 1.5, 1.35), 1.461, (0.974, 0.974, 1.08), (0, 0, 0)),  # a quarter of the way to the tall one
    ((1.5, 1.5, 1.1), 1.5, (1, 1, 1), (0, 0, 0.4)),               # not 2.3 m tall
    ((1.5, 1.5, -0.4), 1.5, (1, 1, 1), (0, 0, 1.9)),              # above the camera
    ((1.5, 1.5, 2.4), 1.5, (1, 1, 0.625), (0, 0, 0)),             # a child
    ((1.5, 1.5, 3.3), 1.5, (1, 1, 1), (0, 0, -1.8)),              # not 0.8 m tall
])
def test_people_are_scaled_to_one_floor_or_stand_on_another(drops, height, factors, levels):
    check_floor(drops, [False] * len(drops), height, factors, levels)


@pytest.mark.parametrize(("drops", "is_sized", "height", "factors", "levels"), [
    ((1.4,), (True,), 1.4, (1,), (0,)),
    ((1.5, 1.4), (True, True), 1.45, (1, 1), (0, 0)),                       # errors of depth
    ((1.5, 1.5, 1.2), (True, True, True), 1.5, (1, 1, 1), (0, 0, 0.3)),      # on a step
    ((1.5, 1.5, 1.35), (True, True, False), 1.5, (1, 1, 1.11), (0, 0, 0)),   # seen by one camera: taller
    ((1.35, 1.5, 1.5), (True, False, False), 1.35, (1, 0.9, 0.9), (0, 0, 0)),
])
def test_whose_size_several_views_tell_is_not_scaled_to_the_floor(drops, is_sized, height, factors, levels):
    check_floor(drops, is_sized, height, factors, levels)


def check_floor(drops, is_sized, height, factors, levels):
    drops = np.array(drops)
    found_height, found_factors, found_levels, seen = floor._common_floor(drops, np.ones(len(drops)), np.array(is_sized))
    assert found_height == pytest.approx(height, rel=0.02)
    np.testing.assert_allclose(found_factors, factors, rtol=0.02)
    np.testing.assert_allclose(found_levels, levels, atol=0.03)
    np.testing.assert_allclose(seen, np.where(is_sized, found_height - drops, found_levels), atol=1e-9)


def test_the_first_person_starts_over_the_origin_as_large_as_it_is_scaled():
    person, taller = (seen_from(walker(30, start=(0.7, 4.0), stature=stature)).motion.scaled(1.7 / stature)
                      for stature in (1.7, 1.85))
    alone = find_world([person], DOWN)
    np.testing.assert_allclose(-alone.world_from_cam[:2, 3], (0.7, 4.0), atol=0.05)
    both = find_world([person, taller], DOWN)
    assert both.stature_factors[0] < 0.98
    np.testing.assert_allclose(both.world_from_cam[:2, 3], alone.world_from_cam[:2, 3] * both.stature_factors[0], atol=0.02)


def test_the_cost_of_a_world_is_that_of_its_floor_at_the_lines_pitch_whatever_the_statures():
    """A person stands on the floor, then on a step for as long: each point is 0.1 m from the median."""
    person = seen_from(walker(120, velocity=(0, 0))).motion
    person = person.with_pose(np.repeat(person.rotmats[:1], 120, axis=0), np.repeat(person.transl[:1], 120, axis=0))
    raised = person.transl - np.repeat((0.0, 0.2), 60)[:, None] * (0, 1, 0)
    contacts = np.ones((120, 4))
    level, stepped = (floor_cost([person.with_pose(person.rotmats, transl)], DOWN, [contacts], np.ones(1))
                      for transl in (person.transl, raised))
    sigma = np.hypot(0.04 * 1.3, 0.05)
    assert stepped - level == pytest.approx(8 * np.log1p((0.1 / sigma) ** 2) / 2, rel=0.25)
    small = person.scaled(0.8)
    assert floor_cost([person, small], DOWN, [contacts] * 2, np.ones(2)) == pytest.approx(2 * level, abs=0.1)

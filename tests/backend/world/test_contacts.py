import numpy as np

from backend.training.contacts import Feet, find_true_contacts, fit, judge
from backend.world.contacts import confidence, find_contacts, find_contacts_by_views
from backend.world.foot_measures import MEASURES, SeenFeet, measure_feet
from backend.world.soles import find_soles
from tests.backend.made_people import walker

DOWN = np.array((0.0, 0.0, -1.0))


def seen(posed, times, sighted=None):
    """Return feet (T, 4, 3) before a camera 4 m away that looks along +y from 1.4 m."""
    sighted = posed if sighted is None else sighted
    camera, right = np.tile((0.0, -4.0, 1.4), (len(times), 1)), np.tile((1.0, 0.0, 0.0), (len(times), 1))
    return SeenFeet(posed, sighted, camera, right, times)


def standing_and_stepping(times):
    """Return a left foot that stays, and a right one that stands for a second and then goes aside through the air."""
    feet = np.zeros((len(times), 4, 3))
    feet[:, 2:, 0] = 0.3
    going = np.maximum(times - 1.0, 0.0)[:, None]
    feet[:, 2:, 0] += 2.0 * going
    feet[:, 2:, 2] = np.minimum(going, 0.15)
    return feet


def test_a_still_foot_on_the_floor_is_in_contact_and_a_swinging_one_is_not():
    times = np.arange(60) / 30
    contacts = find_contacts(seen(standing_and_stepping(times), times))
    assert contacts[:, :2].min() > 0.8
    assert contacts[:26, 2:].min() > 0.7 and contacts[36:, 2:].max() < 0.3


def test_a_foot_that_goes_in_the_picture_does_not_stand_though_its_pose_says_so():
    times = np.arange(60) / 30
    contacts = find_contacts(seen(np.zeros((60, 4, 3)), times, standing_and_stepping(times)))
    assert contacts[:, :2].min() > 0.8 and contacts[38:, 2:].max() < 0.5


def test_distance_that_the_pose_gets_wrong_does_not_lift_a_foot_that_stands_still_in_the_picture():
    times = np.arange(60) / 30
    feet = np.zeros((60, 4, 3))
    camera = np.array((0.0, -4.0, 1.4))
    drifting = camera + (1 + 0.02 * np.sin(6 * times))[:, None, None] * (feet - camera)
    assert find_contacts(seen(feet, times, drifting)).min() > 0.6


def seen_from_the_right(posed, times, sighted):
    """Return feet (T, 4, 3) before a camera 4 m away that looks along -x from 1.4 m."""
    camera, right = np.tile((4.0, 0.0, 1.4), (len(times), 1)), np.tile((0.0, 1.0, 0.0), (len(times), 1))
    return SeenFeet(posed, sighted, camera, right, times)


def test_a_foot_that_goes_towards_one_camera_does_not_stand_where_another_one_sees_it_go():
    times = np.arange(60) / 30
    still, going = np.zeros((60, 4, 3)), np.zeros((60, 4, 3))
    going[:, 2:, 1] = 0.8 * times[:, None]
    going[:, 2:, 2] = -1.4 * going[:, 2:, 1] / 4                       # on the first camera's rays, whose view thus tells nothing
    towards, aside = seen(still, times, going), seen_from_the_right(still, times, going)
    weights = np.ones((2, 60, 4))
    together = find_contacts_by_views([towards, aside], weights)
    assert find_contacts(towards)[:, 2:].min() > 0.6
    assert together[:, :2].min() > 0.6 and together[:, 2:].max() < 0.5
    weights[1] = 0.01
    np.testing.assert_array_equal(find_contacts_by_views([towards, aside], weights), find_contacts(towards))


def test_quick_steps_are_distinguished():
    times = np.arange(90) / 30
    steps = np.cumsum(np.where(np.arange(90) % 10 < 6, 0.0, 0.09))         # stands for 0.2 s, goes for 0.13 s
    feet = np.zeros((90, 4, 3))
    feet[..., 0], feet[..., 2] = steps[:, None], 0.05 * (np.arange(90) % 10 >= 6)[:, None]
    contacts = find_contacts(seen(feet, times))[10:80]
    phase = np.arange(10, 80) % 10
    assert contacts[(phase > 0) & (phase < 5)].min() > 0.5 > contacts[(phase == 7) | (phase == 8)].max()


def test_the_frame_rate_changes_little():
    slow, fast = np.arange(60) / 30, np.arange(240) / 120
    first, second = (find_contacts(seen(standing_and_stepping(times), times)) for times in (slow, fast))
    assert np.abs(first - second[::4]).mean() < 0.03


def test_a_walkers_feet_take_turns():
    person = walker(90)
    contacts = find_contacts(seen(find_soles(person.joints, person.body.stature, DOWN), person.timestamps))
    assert contacts.shape == (90, 4) and contacts.min() >= 0 and contacts.max() <= 1
    left, right = contacts[:, :2].max(1), contacts[:, 2:].max(1)
    assert np.corrcoef(left, right)[0, 1] < 0


def test_two_frames_give_no_contact():
    assert find_contacts(seen(np.zeros((2, 4, 3)), np.array((0.0, 0.1)))).tolist() == [[0.0] * 4] * 2


def test_measures_of_feet_that_do_nothing_do_not_depend_on_where_they_are():
    times = np.arange(30) / 30
    here, there = (measure_feet(seen(np.full((30, 4, 3), (x, 1.0, 0.0)), times)) for x in (0.0, 1.5))
    assert here.shape == (30, 4, MEASURES)
    np.testing.assert_allclose(here, there, atol=1e-9)


def test_the_fit_finds_what_separates_feet_and_leaves_the_doubtful_out():
    generator = np.random.default_rng(0)
    measures = generator.normal(3.0, 2.0, (600, MEASURES))
    stands = (measures[:, 0] + 0.5 * measures[:, 8] < 4.0).astype(float)
    counts = np.ones(600)
    doubtful = generator.random(600) < 0.2
    wrong = np.where(doubtful, 1 - stands, stands)
    counts[doubtful] = 0.0
    weights = fit(Feet(measures, wrong, counts))
    found_contacts = confidence(measures, weights) > 0.5
    assert (found_contacts == (stands > 0.5)).mean() > 0.95
    assert judge(Feet(measures, stands, counts), weights).startswith(("9", "100"))


def test_true_feet_stand_where_they_are_slow_and_low_and_between_nothing_is_said():
    keypoints = np.zeros((60, 23, 3))
    keypoints[20:, 21, 1] = -0.08                       # y down: the left heel stays 8 cm high, slowly
    keypoints[:, (18, 20), 0] = np.arange(60)[:, None] / 30      # the right toes go at 1 m/s
    stands, sure = find_true_contacts(keypoints, np.array((0.0, 1.0, 0.0)))
    assert stands[:15].tolist() == [[1.0, 1.0, 1.0, 0.0]] * 15 and sure[:15].min() == 1
    assert sure[30:, 0].max() == 0 and sure[30:, 1:].min() == 1

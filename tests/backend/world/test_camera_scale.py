import numpy as np
import pytest

from backend.world.camera_scale import find_camera_scale, find_floor_scale

TIMES = np.arange(90) / 30
DOWN = np.array((0.0, 1.0, 0.0))


def walking_feet():
    """Return feet (T, 4, 3) in the world, y down: each stands for 0.6 s and swings for 0.4 s."""
    feet = np.zeros((90, 4, 3))
    feet[..., 1] = 1.5
    for side, phase in ((0, 0.0), (1, 0.5)):
        cycle = TIMES + phase
        swing = np.clip((cycle % 1 - 0.6) / 0.4, 0, 1)
        steps = np.floor(cycle) + swing ** 2 * (3 - 2 * swing)
        feet[:, 2 * side:2 * side + 2, 0] = (1.2 * steps + 0.2 * side)[:, None]
    feet[..., 2] = 4.0
    return feet


def along(direction):
    """Return places (T, 3) of a camera that goes 0.9 metres a second that way."""
    return 0.9 * TIMES[:, None] * np.asarray(direction, float)


@pytest.mark.parametrize("direction", [(1, 0, 0), (-1, 0, 0), (0.6, 0, 0.8)])
@pytest.mark.parametrize("scale", [0.4, 1.0, 2.5])
def test_at_the_right_scale_the_feet_of_a_walker_stand(direction, scale):
    places = along(direction)
    forward = np.tile((0.0, 0.0, 1.0), (90, 1))
    found = find_camera_scale([walking_feet() - places[:, None]], [places / scale], [forward], [TIMES])
    assert found == pytest.approx(scale, rel=0.05)


def test_several_people_agree_and_one_seen_for_a_moment_has_no_say():
    places = along((1, 0, 0))
    forward = np.tile((0.0, 0.0, 1.0), (90, 1))
    feet = walking_feet() - places[:, None]
    wrong = np.random.default_rng(0).normal(size=(2, 4, 3))
    found = find_camera_scale([feet, feet, wrong], [places / 2, places / 2, places[:2]], [forward, forward, forward[:2]],
                         [TIMES, TIMES, TIMES[:2]])
    assert found == pytest.approx(2.0, rel=0.05)


def test_where_nothing_gives_the_scale_it_is_as_guessed():
    still = np.zeros((90, 3))
    assert find_camera_scale([walking_feet()], [still], [np.tile((0.0, 0, 1), (90, 1))], [TIMES]) == pytest.approx(1.0, rel=0.03)


def floor_points(depth, count=200, spread=0.01, seed=0):
    """Return points (N, 3) of a floor so far under the camera, and as many all over the room above it."""
    generator = np.random.default_rng(seed)
    floor = np.column_stack([generator.uniform(-3, 3, count), depth * np.exp(generator.normal(0, spread, count)),
                             generator.uniform(2, 8, count)])
    above = generator.uniform((-3, -3, 2), (3, 0, 8), (count, 3))
    return np.concatenate([floor, above])


@pytest.mark.parametrize(("depth", "guess", "right"), [(3.2, 0.45, 0.5), (3.2, 0.55, 0.5), (0.8, 1.9, 2.0)])
def test_a_floor_in_the_points_improves_the_scale_from_the_feet(depth, guess, right):
    assert find_floor_scale(floor_points(depth), DOWN, 1.6, guess) == pytest.approx(right, rel=0.01)


def test_a_floor_far_from_where_the_feet_say_is_another():
    assert find_floor_scale(floor_points(3.2), DOWN, 1.6, 1.2) == 1.2


def test_too_few_points_and_points_everywhere_show_no_floor():
    assert find_floor_scale(floor_points(3.2, count=15), DOWN, 1.6, 0.45) == 0.45
    assert find_floor_scale(floor_points(3.2, spread=0.3), DOWN, 1.6, 0.45) == 0.45


def test_the_floor_is_sought_below_and_not_beside():
    points = floor_points(3.2)[:, [1, 0, 2]]        # what lay below lies at the right
    assert find_floor_scale(points, DOWN, 1.6, 0.45) == 0.45
    assert find_floor_scale(points, np.array((1.0, 0, 0)), 1.6, 0.45) == pytest.approx(0.5, rel=0.01)


def levels(*counts):
    """Return points (N, 3) on floors: so many of each at a logarithm above 3.2, which is where feet say the floor is."""
    depths = np.concatenate([np.full(count, 3.2 * np.exp(offset)) for count, offset in counts])
    return np.column_stack([np.linspace(-3, 3, len(depths)), depths, np.full(len(depths), 5.0)])


def floor_told(*counts):
    """Return the logarithm of the found floor's depth over that from the feet; None where none was found."""
    found = find_floor_scale(levels(*counts), DOWN, 1.6, 0.5)
    return None if found == 0.5 else -np.log(found / 0.5)


@pytest.mark.parametrize(("counts", "floor"), [
    (((20, 0.1),), 0.1), (((19, 0.1),), None),                                          # twenty points are a floor
    (((30, 0.47),), 0.47), (((30, -0.47),), -0.47), (((30, 0.60),), None),              # within a half of where feet are
    (((30, 0.1), (14, 0.25), (14, -0.06)), 0.1),                        # points above and below it, within 0.18, are not more
    (((30, 0.1), (17, 0.25), (17, -0.06)), None),
    (((30, 0.1), (17, 0.25), (17, -0.10)), 0.1), (((30, 0.1), (60, 0.3)), 0.1),
    (((30, 0.1), (100, -0.35)), 0.1), (((30, 0.1), (160, -0.35)), -0.35),               # by the feet's error of a fifth
])
def test_a_floor_is_twenty_points_on_one_level_that_stands_out_near_where_feet_are(counts, floor):
    assert floor_told(*counts) == (None if floor is None else pytest.approx(floor, abs=1e-6))


def test_a_camera_on_the_floor_counts_as_five_centimetres_over_it():
    points = levels((30, 0.0))
    assert find_floor_scale(points, DOWN, -0.3, 0.05 / 3.2 * 1.1) == pytest.approx(0.05 / 3.2)


@pytest.mark.parametrize("still", [0, 1])
def test_the_slower_foot_stands_whichever_it_is(still):
    """One foot stands while the other moves everywhere: the standing one gives the camera's path."""
    feet = np.zeros((90, 4, 3))
    feet[:, 2 * (1 - still):2 * (1 - still) + 2] = np.cumsum(np.random.default_rng(0).normal(0, 0.2, (90, 1, 3)), axis=0)
    places = along((0.6, 0, 0.8))
    found = find_camera_scale([feet - places[:, None]], [places / 1.6], [np.tile((0.0, 0.0, 1.0), (90, 1))], [TIMES])
    assert found == pytest.approx(1.6, rel=0.02)


def test_between_two_scales_of_the_search_the_best_one_is_found():
    """The search has steps of 5 %; for a person who stands all the time the scale is ten times as exact."""
    places = along((1, 0, 0))
    for scale in (1.0, 1.02, 1.5, 3.1):
        feet = np.tile((0.0, 1.5, 4.0), (90, 4, 1)) - places[:, None]
        assert find_camera_scale([feet], [places / scale], [np.tile((0.0, 0.0, 1.0), (90, 1))], [TIMES]) == pytest.approx(
            scale, rel=0.005)


@pytest.mark.parametrize("metres_a_second", [0.05, 0.1])
def test_a_short_clip_of_a_slow_camera_is_a_little_of_both_what_feet_tell_and_the_guess(metres_a_second):
    """Feet that stand at twice the guessed scale. The least of the prior, (log s / 0.8)^2, and of twice log(1 + (v / 0.2)^2) for
    the slower foot's speed v (m/s) aside, four times a second."""
    times = TIMES[:16]
    places = metres_a_second * times[:, None] * np.array((1.0, 0, 0))
    feet = np.tile((0.0, 1.5, 4.0), (16, 4, 1)) - 2.0 * places[:, None]
    found = find_camera_scale([feet], [places], [np.tile((0.0, 0.0, 1.0), (16, 1))], [times])
    scales = np.linspace(0.8, 2.2, 1401)
    speeds = metres_a_second * (scales - 2.0)
    cost = (np.log(scales) / 0.8) ** 2 + 2 * np.log1p((speeds / 0.2) ** 2) * 16 / 30 * 4
    assert found == pytest.approx(scales[cost.argmin()], rel=0.01) and 1.05 < found < 1.95

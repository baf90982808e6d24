"""Windows of key frames over small scenes that are seen exactly."""

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from backend.camera import windows
from backend.camera.bundle import Bundle, Sightings
from backend.camera.lens import find_zoom
from backend.camera.windows import WINDOW, ClipSightings, adjust_in_windows, fit_rotation, solve_every_frame
from tests.backend.camera.scenes import BACKWARDS, all_seen, degrees_between, translating_bundle

SIGMA = 1e-3


def never():
    """A check for cancelling that never cancels."""


def sighted(bundle, rows=None):
    """Return exact sightings in the order of rows; rows (F,) are the bundle's cameras' frames."""
    seen = all_seen(bundle)
    rows = np.arange(len(bundle.rotmats)) if rows is None else rows
    return ClipSightings(rows[seen.camera], seen.point, seen.slopes, SIGMA)


def scaled_to(found, true):
    return found * (found * true).sum() / (found ** 2).sum()


def test_the_turn_between_two_views_is_found_though_some_pairs_are_wrong():
    turn = Rotation.from_rotvec((0.05, -0.2, 0.1)).as_matrix()
    generator = np.random.default_rng(0)
    second = generator.uniform(-0.5, 0.5, (40, 2))
    rays = np.column_stack([second, np.ones(40)]) @ turn.T
    first = rays[:, :2] / rays[:, 2:]
    found, angle, error = fit_rotation(first, second)
    np.testing.assert_allclose(found, turn, atol=1e-9)
    assert angle == pytest.approx(np.linalg.norm((0.05, -0.2, 0.1))) and error < 1e-9
    first[::5] += generator.normal(0, 0.3, (8, 2))
    found, _, error = fit_rotation(first, second)
    np.testing.assert_allclose(found, turn, atol=1e-3)
    assert error < 1e-3


def test_views_that_no_turn_explains_have_an_error():
    generator = np.random.default_rng(0)
    first, second = generator.uniform(-0.5, 0.5, (2, 40, 2))
    assert fit_rotation(first, second)[2] > 0.1


def test_a_going_cameras_poses_and_points_are_found_from_nothing():
    true = translating_bundle(cameras=12, points=60, travel=BACKWARDS)
    solved = adjust_in_windows(sighted(true), np.arange(12), 0.3, never)
    assert solved.explained == 1.0 and solved.zoom == 0.0 and solved.step_sigma == 0.3
    assert degrees_between(solved.rotmats, true.rotmats).max() < 0.3
    np.testing.assert_allclose(scaled_to(solved.positions, true.positions), true.positions, atol=0.02)
    where = solved.directions / solved.inverse[:, None]
    scale = (solved.positions * true.positions).sum() / (solved.positions ** 2).sum()
    far = np.linalg.norm(where * scale - true.directions / true.inverse[:, None], axis=1) * true.inverse
    assert np.median(far) < 0.03


def test_a_turning_camera_goes_nowhere():
    still = translating_bundle(cameras=8)
    true = type(still)(still.rotmats, np.zeros((8, 3)), still.directions, still.inverse)
    solved = adjust_in_windows(sighted(true), np.arange(8), 0.0, never)
    assert not solved.positions.any() and degrees_between(solved.rotmats, true.rotmats).max() < 0.02 and solved.explained == 1.0


def test_key_frames_beyond_one_window_go_on_from_those_before():
    count = WINDOW + 4
    true = translating_bundle(cameras=count, points=30, travel=BACKWARDS)
    checks = []
    solved = adjust_in_windows(sighted(true), np.arange(count), 0.1, lambda: checks.append(1))
    assert len(checks) == 2
    assert degrees_between(solved.rotmats, true.rotmats).max() < 0.5
    np.testing.assert_allclose(scaled_to(solved.positions, true.positions), true.positions, atol=0.05)


def test_points_that_are_hardly_seen_are_left_out_and_distinguished():
    true = translating_bundle(cameras=6, points=40)
    seen = sighted(true)
    kept = (seen.point != 7) | (seen.row < 2)           # one of them in two key frames only
    seen = ClipSightings(seen.row[kept], seen.point[kept], seen.slopes[kept], SIGMA)
    solved = adjust_in_windows(seen, np.arange(6), 0.3, never)
    assert np.flatnonzero(np.isnan(solved.inverse)).tolist() == [7]


def test_the_unexplained_share_is_returned():
    true = translating_bundle(cameras=8, points=60, travel=BACKWARDS)
    seen = sighted(true)
    slopes = seen.slopes.copy()
    slopes[::4] += np.random.default_rng(0).normal(0, 0.1, slopes[::4].shape)
    solved = adjust_in_windows(ClipSightings(seen.row, seen.point, slopes, SIGMA), np.arange(8), 0.3, never)
    assert solved.explained == pytest.approx(0.75, abs=0.08)


def test_nothing_seen_solves_nothing():
    one = ClipSightings(np.zeros(1, int), np.zeros(1, int), np.zeros((1, 2)), SIGMA)
    solved = adjust_in_windows(one, np.arange(5), 0.3, never)
    np.testing.assert_array_equal(solved.rotmats, np.tile(np.eye(3), (5, 1, 1)))
    assert solved.explained == 0.0 and find_zoom(one, np.arange(5), 0.3, never) is None


@pytest.mark.parametrize("zoom", [0.0, 0.2, -0.2])
def test_a_camera_that_moves_and_turns_gives_the_lens(zoom):
    true = translating_bundle(cameras=8, points=60, zoom=zoom)
    turned = Rotation.from_rotvec(np.linspace(0, 1, 8)[:, None] * (0.1, -0.6, 0.1)).as_matrix()
    true = type(true)(turned, true.positions, true.directions, true.inverse, zoom)
    assert find_zoom(sighted(true), np.arange(8), 0.3, never).zoom == pytest.approx(zoom, abs=0.02)


def test_a_path_goes_on_from_the_window_in_which_the_lens_was_found():
    true = translating_bundle(cameras=12, points=60, zoom=0.2, travel=BACKWARDS)
    begun = find_zoom(sighted(true), np.arange(12), 0.3, never)
    solved = adjust_in_windows(sighted(true), np.arange(12), 0.3, never, begun)
    assert solved.zoom == begun.zoom == pytest.approx(0.2, abs=0.05)
    assert degrees_between(solved.rotmats, begun.rotmats).max() < 0.1
    assert degrees_between(solved.rotmats, true.rotmats).max() < 0.3


@pytest.mark.parametrize("step_sigma", [0.3, 0.0])
def test_frames_between_key_frames_are_found_by_what_they_see(step_sigma):
    true = translating_bundle(cameras=21, points=60, travel=BACKWARDS)
    wobble = Rotation.from_rotvec(np.sin(np.arange(21))[:, None] * (0.002, 0.003, 0)).as_matrix()
    true = type(true)(true.rotmats @ wobble, true.positions * (step_sigma > 0), true.directions, true.inverse)
    keys = np.arange(0, 21, 4)
    seen = sighted(true)
    solved = adjust_in_windows(seen, keys, step_sigma, never)
    rotmats, positions = solve_every_frame(solved, seen, keys, 21)
    assert degrees_between(rotmats, true.rotmats).max() < 0.3
    if step_sigma:
        np.testing.assert_allclose(scaled_to(positions, true.positions), true.positions, atol=0.02)
    else:
        assert not positions.any()


def test_of_a_windows_points_those_are_taken_that_key_frames_see_three_times():
    """Frames 0 to 5, of which 1, 3 and 5 are key frames; point 4 is seen in all of them, 7 in two, 2 in others alone."""
    row, point = np.array([(row, point) for row in range(6) for point, rows in (
        (2, (0, 2, 4)), (4, range(6)), (7, (1, 2, 3)), (9, (1, 3, 5))) if row in rows]).T
    slopes = np.column_stack((row, point)).astype(float)
    seen, numbers = windows.select_sightings(ClipSightings(row, point, slopes, SIGMA), np.array((1, 3, 5)))
    assert numbers.tolist() == [4, 9]
    assert list(zip(seen.camera.tolist(), seen.point.tolist())) == [(0, 0), (0, 1), (1, 0), (1, 1), (2, 0), (2, 1)]
    np.testing.assert_array_equal(seen.slopes, [(1, 4), (1, 9), (3, 4), (3, 9), (5, 4), (5, 9)])


def test_the_five_hundred_points_that_are_seen_most_often_are_taken():
    point = np.repeat(np.arange(600), np.where(np.arange(600) % 6 == 0, 3, 4))
    row = np.concatenate([np.arange(count) for count in np.where(np.arange(600) % 6 == 0, 3, 4)])
    order = np.argsort(row, kind="stable")
    clip = ClipSightings(row[order], point[order], np.zeros((len(row), 2)), SIGMA)
    _, numbers = windows.select_sightings(clip, np.arange(4))
    assert numbers.tolist() == [number for number in range(600) if number % 6]


def test_points_begin_six_metres_away_on_their_first_ray_and_known_ones_stay():
    true = translating_bundle(cameras=3, points=4, zoom=0.2)
    seen = all_seen(true)
    late = seen.camera >= np.where(seen.point == 1, 1, 0)           # point 1 is seen by the second camera first
    seen = Sightings(seen.camera[late], seen.point[late], seen.slopes[late])
    known = Bundle(true.rotmats, true.positions, np.tile((0.0, 0, 1), (9, 1)), np.full(9, np.nan), 0.2)
    known.directions[5], known.inverse[5] = (0.6, 0.0, 0.8), 0.25
    start = windows.start_bundle(seen, np.array((2, 3, 5, 8)), known)
    where = start.directions / start.inverse[:, None]
    there = true.directions / true.inverse[:, None]
    for point, camera in ((0, 0), (1, 1), (3, 0)):
        ray = there[point] - true.positions[camera]
        np.testing.assert_allclose(where[point], true.positions[camera] + 6 * ray / np.linalg.norm(ray), atol=1e-9)
    np.testing.assert_allclose(where[2], np.array((0.6, 0, 0.8)) * 4)
    np.testing.assert_allclose(np.linalg.norm(start.directions, axis=1), 1.0)
    assert start.zoom == 0.2


def test_a_lens_that_hardly_fits_better_than_the_assumed_one_is_not_believed():
    """A camera that neither moves nor turns does not show its lens: with noise one lens fits a little better by chance."""
    still = translating_bundle(cameras=5, points=30)
    still = type(still)(np.tile(np.eye(3), (5, 1, 1)), np.zeros((5, 3)), still.directions, still.inverse)
    seen = sighted(still)
    noisy = ClipSightings(seen.row, seen.point, seen.slopes + np.random.default_rng(0).normal(0, SIGMA, seen.slopes.shape), SIGMA)
    assert find_zoom(noisy, np.arange(5), 0.3, never).zoom == 0.0


def test_the_turns_of_rays_far_to_the_side_are_measured_like_those_ahead():
    turn = Rotation.from_rotvec((0.0, 0.9, 0.0)).as_matrix()
    generator = np.random.default_rng(1)
    second = generator.uniform(-0.3, 0.3, (40, 2)) - (0.6, 0.0)
    rays = np.column_stack([second, np.ones(40)]) @ turn.T
    found, angle, _ = fit_rotation(rays[:, :2] / rays[:, 2:], second)
    np.testing.assert_allclose(found, turn, atol=1e-9)
    assert angle == pytest.approx(0.9)
    same, angle, _ = fit_rotation(second, second)
    np.testing.assert_allclose(same, np.eye(3), atol=1e-9)
    assert angle == pytest.approx(0.0, abs=1e-6)

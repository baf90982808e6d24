"""Windows of key frames over small scenes that are seen exactly."""

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from backend.camera.windows import WINDOW, ClipSightings, adjust_in_windows, find_zoom, fit_rotation, solve_every_frame
from tests.backend.camera.scenes import BACKWARDS, all_seen, degrees_between, translating_bundle

SIGMA = 1e-3


def never():
    """The request to cancel that does not come."""


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
    solved = adjust_in_windows(sighted(true), np.arange(12), 0.3, 0.0, never)
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
    solved = adjust_in_windows(sighted(true), np.arange(8), 0.0, 0.0, never)
    assert not solved.positions.any() and degrees_between(solved.rotmats, true.rotmats).max() < 0.02 and solved.explained == 1.0


def test_key_frames_beyond_one_window_go_on_from_those_before():
    count = WINDOW + 4
    true = translating_bundle(cameras=count, points=30, travel=BACKWARDS)
    checks = []
    solved = adjust_in_windows(sighted(true), np.arange(count), 0.1, 0.0, lambda: checks.append(1))
    assert len(checks) == 2
    assert degrees_between(solved.rotmats, true.rotmats).max() < 0.5
    np.testing.assert_allclose(scaled_to(solved.positions, true.positions), true.positions, atol=0.05)


def test_points_that_are_hardly_seen_are_left_out_and_told_apart():
    true = translating_bundle(cameras=6, points=40)
    seen = sighted(true)
    kept = (seen.point != 7) | (seen.row < 2)           # one of them in two key frames only
    seen = ClipSightings(seen.row[kept], seen.point[kept], seen.slopes[kept], SIGMA)
    solved = adjust_in_windows(seen, np.arange(6), 0.3, 0.0, never)
    assert np.flatnonzero(np.isnan(solved.inverse)).tolist() == [7]


def test_what_is_not_explained_is_told_by_its_share():
    true = translating_bundle(cameras=8, points=60, travel=BACKWARDS)
    seen = sighted(true)
    slopes = seen.slopes.copy()
    slopes[::4] += np.random.default_rng(0).normal(0, 0.1, slopes[::4].shape)
    solved = adjust_in_windows(ClipSightings(seen.row, seen.point, slopes, SIGMA), np.arange(8), 0.3, 0.0, never)
    assert solved.explained == pytest.approx(0.75, abs=0.08)


def test_nothing_seen_solves_nothing():
    one = ClipSightings(np.zeros(1, int), np.zeros(1, int), np.zeros((1, 2)), SIGMA)
    solved = adjust_in_windows(one, np.arange(5), 0.3, 0.0, never)
    np.testing.assert_array_equal(solved.rotmats, np.tile(np.eye(3), (5, 1, 1)))
    assert solved.explained == 0.0 and find_zoom(one, np.arange(5), 0.3, never) == 0.0


@pytest.mark.parametrize("zoom", [0.0, 0.2, -0.2])
def test_the_lens_is_told_by_a_camera_that_goes_and_turns(zoom):
    true = translating_bundle(cameras=8, points=60, zoom=zoom)
    turned = Rotation.from_rotvec(np.linspace(0, 1, 8)[:, None] * (0.1, -0.6, 0.1)).as_matrix()
    true = type(true)(turned, true.positions, true.directions, true.inverse, zoom)
    assert find_zoom(sighted(true), np.arange(8), 0.3, never) == pytest.approx(zoom, abs=0.02)


@pytest.mark.parametrize("step_sigma", [0.3, 0.0])
def test_frames_between_key_frames_are_found_by_what_they_see(step_sigma):
    true = translating_bundle(cameras=21, points=60, travel=BACKWARDS)
    wobble = Rotation.from_rotvec(np.sin(np.arange(21))[:, None] * (0.002, 0.003, 0)).as_matrix()
    true = type(true)(true.rotmats @ wobble, true.positions * (step_sigma > 0), true.directions, true.inverse)
    keys = np.arange(0, 21, 4)
    seen = sighted(true)
    solved = adjust_in_windows(seen, keys, step_sigma, 0.0, never)
    rotmats, positions = solve_every_frame(solved, seen, keys, 21)
    assert degrees_between(rotmats, true.rotmats).max() < 0.3
    if step_sigma:
        np.testing.assert_allclose(scaled_to(positions, true.positions), true.positions, atol=0.02)
    else:
        assert not positions.any()

"""Bundle adjustment of small scenes: its steps are those of Gauss and Newton on derivatives taken numerically."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from backend.camera.bundle import Bundle, Sightings, compute_cost
from backend.camera.bundle_adjustment import adjust, resect
from backend.camera.bundle_equations import Freedom, Problem, find_tangents
from tests.backend.camera.scenes import all_seen, degrees_between, translating_bundle

SIGMA = 1e-3
FREE = np.full(4, 1.0)          # metres from one camera to the next
USUAL, SPREAD, ZOOM_SPREAD = 0.17, 0.25, 0.12       # the priors of inverse distances and zoom


def moved(bundle, change, tangents):
    """Return the bundle changed by (6 F + 1 + 3 P,): rotations about each camera's axes, positions, the zoom, points."""
    cameras, points = len(bundle.rotmats), len(bundle.inverse)
    by_camera, by_point = change[:6 * cameras].reshape(cameras, 6), change[6 * cameras + 1:].reshape(points, 3)
    directions = bundle.directions + (tangents @ by_point[:, :2, None])[..., 0]
    return Bundle(bundle.rotmats @ Rotation.from_rotvec(by_camera[:, :3]).as_matrix(), bundle.positions + by_camera[:, 3:],
                  directions / np.linalg.norm(directions, axis=1, keepdims=True), bundle.inverse + by_point[:, 2],
                  bundle.zoom + change[6 * cameras])


def residuals(bundle, seen, weight, step_sigma):
    """Return all that is squared and summed, with the sightings' weights held."""
    return np.concatenate([(np.sqrt(weight)[:, None] * bundle.errors(seen)).ravel(), (bundle.inverse - USUAL) / SPREAD,
                           [bundle.zoom / ZOOM_SPREAD], (np.diff(bundle.positions, axis=0) / step_sigma[:, None]).ravel()])


def disturbed(bundle, seed=1, size=0.02):
    generator = np.random.default_rng(seed)
    cameras, points = len(bundle.rotmats), len(bundle.inverse)
    change = size * generator.normal(size=6 * cameras + 1 + 3 * points)
    change[:6] = 0.0
    change[6 * cameras] *= bundle.zoom != 0.0
    return moved(bundle, change, find_tangents(bundle.directions))


def step(bundle, seen, freedom, damping):
    problem = Problem(seen, (len(bundle.rotmats), len(bundle.inverse)), SIGMA, freedom)
    return problem.solve(problem.linearise(bundle), damping)


@pytest.mark.parametrize("may_zoom", [False, True])
@pytest.mark.parametrize("fixed", [1, 2])
def test_a_step_is_that_of_gauss_and_newton(may_zoom, fixed):
    true = translating_bundle(points=12, zoom=0.1 * may_zoom)
    bundle, seen = disturbed(true), all_seen(true)
    step_sigma = np.array((0.3, 0.5, 1.0, 2.0))
    weight = 1 / (SIGMA ** 2 + (bundle.errors(seen) ** 2).sum(1))            # Cauchy's
    tangents = find_tangents(bundle.directions)
    count = 6 * 5 + 1 + 3 * 12
    nudges = 1e-6 * np.eye(count)
    slopes = np.stack([(residuals(moved(bundle, nudge, tangents), seen, weight, step_sigma)
                        - residuals(moved(bundle, -nudge, tangents), seen, weight, step_sigma)) / 2e-6 for nudge in nudges],
                      axis=1)
    free = np.r_[6 * fixed:30, *([30] if may_zoom else []), 31:count]
    change = np.zeros(count)
    change[free] = np.linalg.lstsq(slopes[:, free], -residuals(bundle, seen, weight, step_sigma), rcond=None)[0]
    expected = moved(bundle, change, tangents)
    stepped = step(bundle, seen, Freedom(fixed, step_sigma, may_zoom), 0.0)
    assert np.abs(change).max() > 0.01
    np.testing.assert_allclose(stepped.positions, expected.positions, atol=2e-4)
    np.testing.assert_allclose(stepped.directions, expected.directions, atol=2e-4)
    np.testing.assert_allclose(stepped.inverse, np.maximum(expected.inverse, 0), atol=2e-4)
    assert degrees_between(stepped.rotmats, expected.rotmats).max() < 0.02
    assert stepped.zoom == pytest.approx(expected.zoom, abs=2e-4)


def test_the_more_it_is_damped_the_shorter_is_the_step():
    true = translating_bundle()
    bundle, seen = disturbed(true), all_seen(true)
    went = [np.linalg.norm(step(bundle, seen, Freedom(1, FREE, False), damping).positions - bundle.positions)
            for damping in (0.0, 1.0, 100.0)]
    assert went[0] > 1.2 * went[1] > 10 * went[2] > 0


def test_tangents_are_square_to_their_directions_and_to_each_other():
    directions = np.concatenate([np.eye(3), translating_bundle().directions])
    frames = np.concatenate([directions[..., None], find_tangents(directions)], axis=2)
    np.testing.assert_allclose(np.swapaxes(frames, 1, 2) @ frames, np.broadcast_to(np.eye(3), frames.shape), atol=1e-12)


def test_exact_sightings_have_no_error_and_what_lies_behind_has_an_infinite_one():
    bundle = translating_bundle()
    seen = all_seen(bundle)
    np.testing.assert_allclose(bundle.errors(seen), 0.0, atol=1e-12)
    behind = replace(bundle, directions=-bundle.directions)
    assert np.isinf(behind.errors(seen)).all()
    zoomed = replace(bundle, zoom=np.log(2.0))
    np.testing.assert_allclose(zoomed.errors(seen), seen.slopes, atol=1e-12)


def test_a_disturbed_scene_is_put_right_from_exact_sightings():
    true = translating_bundle()
    seen = all_seen(true)
    found = adjust(disturbed(true), seen, SIGMA, 1, FREE, rounds=20)
    assert np.linalg.norm(found.errors(seen), axis=1).max() < 0.3 * SIGMA
    assert degrees_between(found.rotmats, true.rotmats).max() < 0.1
    np.testing.assert_array_equal(found.rotmats[0], np.eye(3))
    np.testing.assert_array_equal(found.positions[0], np.zeros(3))
    scale = (found.positions * true.positions).sum() / (found.positions ** 2).sum()
    np.testing.assert_allclose(scale * found.positions, true.positions, atol=0.02)
    assert found.zoom == 0.0


def test_wrong_sightings_lose_their_weight():
    true = translating_bundle()
    seen = all_seen(true)
    slopes = seen.slopes.copy()
    slopes[::17] += 0.2
    found = adjust(disturbed(true), replace(seen, slopes=slopes), SIGMA, 1, FREE, rounds=25)
    kept = np.arange(len(slopes)) % 17 != 0
    assert np.linalg.norm(found.errors(seen), axis=1)[kept].max() < SIGMA


def test_a_camera_that_may_not_go_only_turns():
    true = replace(translating_bundle(), positions=np.zeros((5, 3)))
    found = adjust(replace(disturbed(true), positions=np.zeros((5, 3))), all_seen(true), SIGMA, 1, np.zeros(4), rounds=15)
    assert np.abs(found.positions).max() < 1e-6 and degrees_between(found.rotmats, true.rotmats).max() < 0.05


@pytest.mark.parametrize("zoom", [0.15, -0.15])
def test_the_focal_length_is_found_where_it_may_be(zoom):
    true = translating_bundle(zoom=zoom)
    seen = all_seen(true)
    start = replace(disturbed(true), zoom=0.0)
    assert adjust(start, seen, SIGMA, 1, FREE, rounds=30, may_zoom=True).zoom == pytest.approx(zoom, rel=0.15)
    assert adjust(start, seen, SIGMA, 1, FREE, rounds=5).zoom == 0.0


def test_no_zoom_is_believed_beyond_a_half():
    true = translating_bundle()
    seen = all_seen(true)
    huge = replace(seen, slopes=5 * seen.slopes)
    bundle = true
    for _ in range(10):
        bundle = step(bundle, huge, Freedom(1, FREE, True), 1.0)
        assert abs(bundle.zoom) <= 0.5


def test_the_cost_is_of_sightings_steps_and_priors():
    positions = np.array(((0.0, 0, 0), (0, 0, 0.5)))
    bundle = Bundle(np.tile(np.eye(3), (2, 1, 1)), positions, np.array(((0.0, 0, 1),)), np.array((0.42,)), 0.06)
    seen = Sightings(np.array((0,)), np.array((0,)), np.array(((0.003, 0.004),)))
    # 5 sigmas of error, half of the step that it may well go, one sigma off the usual distance, half a sigma of zoom.
    assert compute_cost(bundle, seen, SIGMA, np.array((1.0,))) == pytest.approx(np.log(26) + 0.25 + 1.0 + 0.25)


def test_a_camera_is_put_right_before_points_that_are_known():
    true = translating_bundle(points=60)
    seen = all_seen(true)
    start = replace(true, rotmats=true.rotmats @ Rotation.from_rotvec((0.002, -0.003, 0.001)).as_matrix(),
                    positions=true.positions + 0.01)
    found = resect(start, seen, SIGMA, may_translate=True)
    assert degrees_between(found.rotmats, true.rotmats).max() < 0.01
    np.testing.assert_allclose(found.positions, true.positions, atol=5e-4)
    np.testing.assert_array_equal(found.directions, true.directions)


def test_a_camera_that_may_not_go_is_only_turned_and_one_that_sees_little_stays():
    true = translating_bundle(points=60)
    seen = all_seen(true)
    start = replace(true, rotmats=true.rotmats @ Rotation.from_rotvec((0.002, -0.003, 0.001)).as_matrix())
    found = resect(start, seen, SIGMA, may_translate=False)
    assert np.abs(found.positions - start.positions).max() < 1e-6 and degrees_between(found.rotmats, true.rotmats).max() < 0.01
    of_others = seen.camera != 3
    sightings_of_others = Sightings(seen.camera[of_others], seen.point[of_others], seen.slopes[of_others])
    blind = resect(start, sightings_of_others, SIGMA, may_translate=True)
    np.testing.assert_allclose(blind.rotmats[3], start.rotmats[3], atol=1e-12)
    np.testing.assert_allclose(blind.positions[3], start.positions[3], atol=1e-12)


def test_the_hold_of_half_a_degree_and_five_centimetres_outweighs_a_single_doubtful_point():
    true = translating_bundle(points=1)
    seen = all_seen(true)
    start = replace(true, rotmats=true.rotmats @ Rotation.from_rotvec((0, 0.05, 0)).as_matrix())      # 2.9 degrees off
    found = resect(start, seen, 0.2, may_translate=True)
    assert degrees_between(found.rotmats, start.rotmats).max() < 0.02


@pytest.mark.parametrize(("zoom", "found"), [(0.45, 0.45), (0.8, 0.5), (-0.8, -0.5)])
def test_a_lens_is_zoomed_by_a_factor_of_165_hundredths_at_most(zoom, found):
    """Of points whose places are known, seen through a lens beyond it."""
    true = translating_bundle(points=30, zoom=zoom)
    start = Bundle(true.rotmats, true.positions, true.directions, true.inverse, 0.3 * np.sign(zoom))
    stepped = adjust(start, all_seen(true), SIGMA, 5, FREE, 30, may_zoom=True)
    assert stepped.zoom == pytest.approx(found, abs=0.02)

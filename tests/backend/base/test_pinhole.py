import numpy as np
import pytest

from backend.base.pinhole import camera_matrix, compute_rays, fit_translation, fit_translation_at_depth, project, rotmats_towards

GENERATOR = np.random.default_rng(5)


def test_the_field_of_view_spans_the_long_side():
    np.testing.assert_allclose(camera_matrix((1280, 720), 90.0), ((640, 0, 640), (0, 640, 360), (0, 0, 1)))
    np.testing.assert_allclose(camera_matrix((720, 1280), 90.0), ((640, 0, 360), (0, 640, 640), (0, 0, 1)))


def test_the_default_is_55_degrees():
    np.testing.assert_allclose(camera_matrix((1920, 1080))[0, 0], 960 / np.tan(np.radians(27.5)))


def test_projecting_rays_gives_the_image_points_back():
    intrinsics = camera_matrix((1920, 1080), 60.0)
    xy = GENERATOR.uniform((0, 0), (1920, 1080), (7, 5, 2))
    np.testing.assert_allclose(project(compute_rays(xy, intrinsics), intrinsics), xy, atol=1e-9)
    np.testing.assert_allclose(project(3.7 * compute_rays(xy, intrinsics), intrinsics), xy, atol=1e-9)


def test_the_pictures_centre_is_straight_ahead_and_x_goes_right_y_down():
    intrinsics = camera_matrix((100, 100), 90.0)
    xy = np.array(((50.0, 50), (100, 50), (50, 100)))
    np.testing.assert_allclose(compute_rays(xy, intrinsics), ((0, 0, 1), (1, 0, 1), (0, 1, 1)))


def test_a_point_behind_the_camera_projects_to_a_finite_place():
    assert np.isfinite(project(np.array((1.0, 1.0, -2.0)), camera_matrix((100, 100)))).all()


def test_the_turn_takes_the_optical_axis_to_the_direction_the_shortest_way():
    directions = GENERATOR.normal(size=(50, 3)) * (1, 1, 0.4) + (0, 0, 1.5)
    turns = rotmats_towards(directions)
    unit = directions / np.linalg.norm(directions, axis=1, keepdims=True)
    np.testing.assert_allclose(turns[:, :, 2], unit, atol=1e-12)
    np.testing.assert_allclose(turns @ np.swapaxes(turns, 1, 2), np.tile(np.eye(3), (50, 1, 1)), atol=1e-12)
    np.testing.assert_allclose(np.linalg.det(turns), 1.0)
    # The smallest turn's angle is that between the two directions: 1 + 2 cos = trace.
    np.testing.assert_allclose(np.trace(turns, axis1=1, axis2=2), 1 + 2 * unit[:, 2], atol=1e-12)


@pytest.mark.parametrize("weights", [np.ones((20, 33)), GENERATOR.uniform(0.1, 1, (20, 33))])
def test_a_translation_is_recovered_from_exact_rays(weights):
    points = GENERATOR.normal(scale=0.5, size=(20, 33, 3))
    translation = GENERATOR.uniform((-2, -1, 2), (2, 1, 9), (20, 3))
    placed = points + translation[:, None]
    point_rays = placed / placed[..., 2:]
    np.testing.assert_allclose(fit_translation(points, point_rays, weights), translation, atol=1e-5)
    at_depth = fit_translation_at_depth(points, point_rays, weights, translation[:, 2])
    np.testing.assert_allclose(at_depth, translation, atol=1e-9)


def test_points_of_no_weight_have_no_say():
    points = GENERATOR.normal(scale=0.5, size=(5, 33, 3))
    placed = points + (0.3, -0.2, 4.0)
    point_rays, weights = placed / placed[..., 2:], np.ones((5, 33))
    point_rays[:, :8, :2] += 3.0
    weights[:, :8] = 0.0
    np.testing.assert_allclose(fit_translation(points, point_rays, weights), np.tile((0.3, -0.2, 4.0), (5, 1)), atol=1e-5)

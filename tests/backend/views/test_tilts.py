"""All views have one direction down: what a relative rotation says against the cameras' tilts by each view alone."""

import numpy as np
from scipy.spatial.transform import Rotation

from backend.views.camera_paths import Cameras, still_path
from backend.views.cameras import measure_tilt_errors
from backend.views.view import find_standpoint

from .made_views import make_view


def cameras(pitch, roll, turn):
    """Return a level camera, and one that looks down by pitch and is rolled, degrees, on the dancer's other side."""
    level_from_cam = Rotation.from_euler("YXZ", (turn, -pitch, roll), degrees=True).as_matrix()
    return Cameras(np.stack([np.eye(3), level_from_cam]), np.zeros((2, 3)), 2 * (still_path(),), np.ones(2), np.zeros(2),
                   np.zeros(2))


def test_cameras_face_to_face_that_agree_on_what_is_down_have_no_error():
    tilts = np.radians(((0, 0), (20, 0)))
    np.testing.assert_allclose(measure_tilt_errors(cameras(20, 0, 180), tilts, tilts[0]), 0, atol=1e-9)


def test_two_and_a_half_degrees_of_pitch_and_half_of_that_of_roll_count_alike_and_outliers_less():
    level = np.zeros((2, 2))
    errors = measure_tilt_errors(cameras(2.5, 0, 180), level, level[0])
    np.testing.assert_allclose(errors, (0, 0, 3 * np.arctan(1 / 3), 0), atol=1e-9)
    errors = measure_tilt_errors(cameras(0, 1.25, 90), level, level[0])
    np.testing.assert_allclose(np.abs(errors), (0, 0, 0, 3 * np.arctan(1 / 3)), atol=1e-9)
    assert abs(measure_tilt_errors(cameras(60, 0, 90), level, level[0])[2]) < 3 * np.pi / 2


def test_the_tilt_of_a_level_view_is_found_from_its_people():
    np.testing.assert_allclose(np.degrees(find_standpoint(make_view("a.mp4", frames=30)).tilt), 0, atol=4)

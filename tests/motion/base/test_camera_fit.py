import numpy as np
import pytest

from mpsnet_blender.motion.base.camera_fit import fit_camera


def test_a_video_of_the_frames_shape_fits_its_width():
    fit = fit_camera(np.array(((1920.0, 0, 960), (0, 1920.0, 540), (0, 0, 1))), np.array((1920, 1080)), 16 / 9)
    assert (fit.sensor_fit, fit.lens, fit.shift_x, fit.shift_y) == ("HORIZONTAL", pytest.approx(36.0), 0, 0)


def test_an_upright_video_fits_the_frames_height():
    fit = fit_camera(np.array(((1000.0, 0, 540), (0, 1000.0, 960), (0, 0, 1))), np.array((1080, 1920)), 16 / 9)
    assert fit.sensor_fit == "VERTICAL"
    assert fit.lens / fit.sensor_height == pytest.approx(1000 / 1920)


def test_a_principal_point_right_of_the_centre_shifts_the_frame_left():
    fit = fit_camera(np.array(((1000.0, 0, 600), (0, 1000.0, 300), (0, 0, 1))), np.array((1000, 500)), 2.0)
    assert fit.shift_x == pytest.approx(-0.1) and fit.shift_y == pytest.approx(0.05)

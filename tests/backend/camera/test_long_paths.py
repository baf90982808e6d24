"""Cameras that go, or turn far, through a whole room of points with noise and outliers; `test_path.py` has the quick ones."""

import numpy as np
import pytest

from backend.camera.path import track_camera
from tests.backend.camera.scenes import FPS, degrees_between, trails_of, yawed
from tests.backend.made_people import INTRINSICS

TIMES = np.arange(90) / FPS


def test_a_walking_cameras_path_is_found_but_for_its_scale():
    rotmats = yawed(5 * np.sin(TIMES), shake=0.3)
    positions = np.column_stack([0.4 * np.sin(TIMES), 0.02 * np.sin(9 * TIMES), np.linspace(0, -3.5, 90)])
    track = track_camera(trails_of(rotmats, positions), TIMES, INTRINSICS, lens_is_known=True)
    assert track.translates and degrees_between(track.rotmats, rotmats).max() < 0.5
    scale = (track.positions * positions).sum() / (track.positions ** 2).sum()
    assert np.linalg.norm(scale * track.positions - positions, axis=1).max() < 0.06


def test_a_long_clips_windows_go_on_from_each_other():
    times = np.arange(450) / FPS
    rotmats = yawed(20 * np.sin(0.5 * times))
    positions = np.column_stack([1.5 * np.sin(0.4 * times), np.zeros(450), 0.8 * np.cos(0.3 * times) - 0.8])
    track = track_camera(trails_of(rotmats, positions), times, INTRINSICS, lens_is_known=True)
    scale = (track.positions * positions).sum() / (track.positions ** 2).sum()
    assert np.linalg.norm(scale * track.positions - positions, axis=1).max() < 0.12
    assert degrees_between(track.rotmats, rotmats).max() < 0.7


@pytest.mark.parametrize("factor", (0.85, 1.0, 1.2))
def test_a_panning_camera_gives_its_focal_length(factor):
    trails = trails_of(yawed(np.linspace(0, 50, 90)), np.zeros((90, 3)), focal=INTRINSICS[0, 0] * factor)
    assert track_camera(trails, TIMES, INTRINSICS).focal_factor == pytest.approx(factor, rel=0.02)


def test_a_walking_camera_gives_its_focal_length_too_unless_it_is_known():
    positions = np.column_stack([0.4 * np.sin(TIMES), 0.02 * np.sin(9 * TIMES), np.linspace(0, -3.5, 90)])
    trails = trails_of(yawed(5 * np.sin(TIMES)), positions, focal=INTRINSICS[0, 0] * 0.87)
    assert track_camera(trails, TIMES, INTRINSICS).focal_factor == pytest.approx(0.87, rel=0.04)
    assert track_camera(trails, TIMES, INTRINSICS, lens_is_known=True).focal_factor == 1.0

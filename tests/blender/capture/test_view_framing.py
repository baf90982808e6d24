"""The 3D views after an import. A module of Blender has no window, so the views are stand-ins with the same properties."""

from types import SimpleNamespace

import numpy as np
import pytest


@pytest.fixture
def framing(extension):
    return extension("scene.capture.view_framing")


def _view(monkeypatch, framing, perspective="PERSP", **changes):
    region = SimpleNamespace(view_perspective=perspective, view_location=(9, 9, 9), view_distance=99.0)
    space = SimpleNamespace(region_3d=region, region_quadviews=[], lock_object=None, lock_cursor=False, lens=50.0, clip_end=100.0)
    vars(space).update(changes)
    monkeypatch.setattr(framing, "_find_views", lambda _scene: iter([space]))
    return space


def _walk(start: float, end: float) -> np.ndarray:
    return np.column_stack((np.linspace(start, end, 20), np.zeros(20), np.full(20, 0.9)))


def test_a_view_looks_at_the_middle_of_the_people_from_as_far_as_they_need(monkeypatch, framing, empty_scene):
    space = _view(monkeypatch, framing)
    framing.frame_people(empty_scene, [_walk(0, 1), _walk(2, 3)], 1.8, 1.0)
    np.testing.assert_allclose(space.region_3d.view_location, (1.5, 0, 0.9))
    radius = np.linalg.norm((3 + 1.8, 1.8, 1.8)) / 2
    half_view = 36 / 50  # tangent of half the angle of view
    assert space.region_3d.view_distance * half_view == pytest.approx(1.25 * radius)
    assert space.clip_end == 100.0


def test_a_scene_in_millimetres_is_seen_whole(monkeypatch, framing, empty_scene):
    space = _view(monkeypatch, framing)
    framing.frame_people(empty_scene, [_walk(0, 1)], 1.8, 1000.0)
    np.testing.assert_allclose(space.region_3d.view_location, (500, 0, 900))
    assert 2000 < space.region_3d.view_distance < space.clip_end


def test_somebody_who_goes_far_is_framed_at_the_start(monkeypatch, framing, empty_scene):
    space = _view(monkeypatch, framing)
    framing.frame_people(empty_scene, [_walk(2, 50)], 1.8, 1.0)
    np.testing.assert_allclose(space.region_3d.view_location, (2, 0, 0.9))
    assert space.region_3d.view_distance < 5


@pytest.mark.parametrize("changes", [{"perspective": "CAMERA"}, {"lock_object": "cube"}, {"lock_cursor": True}])
def test_views_through_cameras_and_locked_views_stay(monkeypatch, framing, empty_scene, changes):
    space = _view(monkeypatch, framing, **changes)
    framing.frame_people(empty_scene, [_walk(0, 1)], 1.8, 1.0)
    assert (space.region_3d.view_location, space.region_3d.view_distance) == ((9, 9, 9), 99.0)

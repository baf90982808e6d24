from dataclasses import replace

import numpy as np
import pytest

from backend.base.pinhole import project
from backend.camera.path import still_camera
from backend.camera.scenery import UprightLines
from backend.camera.viewpoint import Viewpoint
from backend.engines.engine import CapturedPerson
from backend.people.stitching import PersonTrack
from backend.world.still_lens import change_lens, find_focal_factor
from tests.backend.made_people import INTRINSICS, lower_foot, seen_from, walker

FRAMES = 240


def zoomed(factor):
    matrix = INTRINSICS.copy()
    matrix[(0, 1), (0, 1)] *= factor
    return matrix


def captured(pitch_degrees, factor, velocity):
    """Return a walker as an engine solves one whose lens is assumed: true picture, taken by a lens longer by a factor."""
    world = walker(FRAMES, start=(0.4, 3.2), velocity=velocity)
    before = seen_from(world, pitch_degrees, height=2.0)
    xy = project(before.landmarks, zoomed(factor))
    index = np.arange(FRAMES)
    track = PersonTrack(index, before.timestamps, xy, before.landmarks, np.ones(xy.shape[:2]),
                        np.concatenate([xy.min(1), xy.max(1)], axis=1))
    person = CapturedPerson(track, before.body, before.motion, FRAMES, 0)
    contacts = (np.repeat(lower_foot(world), 2, axis=1)).astype(float)
    return change_lens(person, zoomed(factor), INTRINSICS), contacts


def viewpoint(pitch_degrees, factor):
    """Return a camera before a wall with upright edges, with the assumed lens."""
    pitch = np.radians(pitch_degrees)
    axes = np.array(((1, 0, 0), (0, -np.sin(pitch), -np.cos(pitch)), (0, np.cos(pitch), -np.sin(pitch))))
    across = np.repeat(np.linspace(-2.5, 2.5, 12), 4)
    ends = [project((np.stack([across, np.full(48, 8.0), np.full(48, z)], 1) - (0, 0, 2.0)) @ axes.T, zoomed(factor))
            for z in (0.3, 2.6)]
    lines = UprightLines(np.concatenate(ends, axis=1), np.zeros(48, int), 4)
    return Viewpoint(INTRINSICS, still_camera(FRAMES), lines)


@pytest.mark.parametrize("factor", (0.75, 1.25))
def test_a_person_who_walks_away_before_a_camera_that_looks_down_gives_its_lens(factor):
    person, contacts = captured(14, factor, (0.0, 0.6))
    assert find_focal_factor([person], [contacts], viewpoint(14, factor)).factor == pytest.approx(factor, abs=0.09)


def test_the_assumed_lens_stays_where_it_is_right():
    person, contacts = captured(14, 1.0, (0.0, 0.6))
    assert find_focal_factor([person], [contacts], viewpoint(14, 1.0)).factor == 1.0


def test_a_person_at_a_constant_distance_gives_no_lens():
    person, contacts = captured(8, 1.3, (0.15, 0.0))
    assert find_focal_factor([person], [contacts], viewpoint(8, 1.3)).factor == 1.0


def test_without_people_on_the_floor_there_is_no_lens():
    person, contacts = captured(14, 1.3, (0.0, 0.6))
    assert find_focal_factor([person], [0 * contacts], viewpoint(14, 1.3)).factor == 1.0


def test_through_another_lens_the_picture_stays_and_the_distance_goes_with_the_focal_length():
    person, _ = captured(10, 1.0, (0.1, 0.4))
    longer = change_lens(person, INTRINSICS, zoomed(1.2))
    assert np.median(longer.motion.transl[:, 2] / person.motion.transl[:, 2]) == pytest.approx(1.2, abs=0.03)
    assert longer.reprojection_error(zoomed(1.2)) < 4.0
    back = change_lens(longer, zoomed(1.2), INTRINSICS)
    np.testing.assert_allclose(back.motion.transl, person.motion.transl, atol=0.03)


def test_a_cancel_is_heard_between_candidates():
    class Cancelled(Exception):
        pass

    def check():
        raise Cancelled
    person, contacts = captured(14, 1.0, (0.0, 0.6))
    with pytest.raises(Cancelled):
        find_focal_factor([replace(person)], [contacts], viewpoint(14, 1.0), check)


def test_the_range_says_how_sure_the_lens_is():
    walking_away, contacts = captured(14, 1.25, (0.0, 0.6))
    sure = find_focal_factor([walking_away], [contacts], viewpoint(14, 1.25))
    assert sure.range[0] <= sure.factor <= sure.range[1] and sure.range[1] / sure.range[0] < 1.25
    staying, contacts = captured(8, 1.3, (0.15, 0.0))
    unsure = find_focal_factor([staying], [contacts], viewpoint(8, 1.3))
    assert unsure.range[0] < 0.9 and unsure.range[1] > 1.1 and unsure.factor == 1.0


def test_where_nobody_stands_all_lenses_within_a_sigma_of_the_assumed_one_fit():
    person, contacts = captured(14, 1.3, (0.0, 0.6))
    fit = find_focal_factor([person], [0 * contacts], viewpoint(14, 1.3))
    assert fit.factor == 1.0 and fit.range == pytest.approx((np.exp(-0.15), np.exp(0.15)), abs=0.06)


def test_a_lens_at_which_the_lines_do_not_agree_any_more_is_not_taken(monkeypatch):
    """Without lines all tilts are possible, and the floor would fit any lens."""
    person, contacts = captured(14, 1.0, (0.0, 0.6))
    true = Viewpoint.vertical.fget
    monkeypatch.setattr(Viewpoint, "vertical", property(
        lambda view: None if view.intrinsics[0, 0] < 0.9 * INTRINSICS[0, 0] else true(view)))
    fit = find_focal_factor([person], [contacts], viewpoint(14, 1.0))
    assert fit.factor == 1.0 and fit.range[0] >= 0.9

"""A second camera that pans and trembles tells the same as one that stands still; a path that is not followed is refused."""

from dataclasses import replace

import numpy as np
import pytest

from backend.base.errors import ViewsError
from backend.base.pinhole import project
from backend.body.picture_fit import to_camera
from backend.views.listing import list_views
from backend.views.sightlines import read_sightlines
from backend.world.placing import place_people
from tests.backend.angles import angle_between
from tests.backend.made_people import INTRINSICS

from .made_views import dance, first_from_cam, make_view, pan
from .test_merging import join


@pytest.mark.parametrize("degrees", [12.0, 60.0])
def test_the_body_and_the_cameras_are_those_of_a_second_camera_that_stands_still(degrees):
    first = make_view("a.mp4", lean_degrees=8)
    true = dance(first.shot.clock.timestamps, 0)
    errors = []
    for pan_degrees in (0.0, degrees):
        joined, _ = join(first, make_view("b.mp4", 90, start=0.2, lean_degrees=-8, pan_degrees=pan_degrees))
        assert joined.cameras.offsets[1] == pytest.approx(-0.2, abs=0.25 / 30)
        assert np.degrees(angle_between(joined.cameras.rotmats[1], first_from_cam(90)[:3, :3])) < 1.5
        errors.append(np.degrees(np.median(angle_between(joined.people[0].motion.rotmats, true))))
    assert errors[0] < 2.5 and errors[1] < errors[0] + 0.3


def test_somebody_whom_only_a_turning_camera_sees_does_not_turn_with_it():
    first, other = (make_view(name, turn, bystander=1.2, pan_degrees=degrees)
                    for name, turn, degrees in (("a.mp4", 0, 0), ("b.mp4", 80, 30)))
    joined, _ = join(replace(first, people=first.people[:1]), other, offset=0.0)
    stranger = joined.people[1].motion
    pelvis = stranger.root_path
    np.testing.assert_allclose(pelvis[:, 0], 1.2, atol=0.1)
    assert np.ptp(pelvis, axis=0).max() < 0.2      # the depth that one view tells is smoothed; turned along, it were 4 m


def test_a_hands_trembling_is_not_smoothed_into_the_rays():
    view = make_view("b.mp4", pan_degrees=40)
    person, times = view.people[0], view.shot.clock.timestamps
    still = make_view("b.mp4")
    lines = read_sightlines(person, INTRINSICS, view.turns_at(times))
    held = read_sightlines(still.people[0], INTRINSICS)
    np.testing.assert_allclose(lines.joints, held.joints, atol=1e-9)
    rays = np.concatenate([lines.slopes, np.ones((90, 33, 1))], axis=-1) @ np.swapaxes(pan(times, 40), 1, 2)
    np.testing.assert_allclose(rays[..., :2] / rays[..., 2:], held.slopes, atol=2e-3)


def test_the_listed_camera_shows_the_body_where_the_turning_one_saw_it():
    joined, _ = join(make_view("a.mp4"), make_view("b.mp4", 90, start=0.2, pan_degrees=25))
    shot = joined.views[0].shot
    camera, placed = place_people(joined.people, shot)
    first, other = list_views(joined, camera, placed)
    assert first.turn_seconds == () and other.is_whole and len(other.turn_seconds) == 90
    assert other.reprojection_error_px == pytest.approx(first.reprojection_error_px, abs=1.0)
    np.testing.assert_allclose(np.array(other.turn_seconds) - np.arange(90) / 30, 0.2, atol=0.01)
    np.testing.assert_allclose(np.reshape(other.turn_vectors, (-1, 3))[:, 1], np.radians(25) * np.sin(np.arange(90) * np.pi / 45),
                               atol=0.02)
    body = placed[0].person.body
    seen = joined.pictures[0][1]
    drawn = project(to_camera(body.posed_landmarks(*placed[0].person.motion.pose()), seen.cam_from_frame), INTRINSICS)
    read = project(seen.seen.point_rays, INTRINSICS)
    assert np.median(np.linalg.norm(drawn - read, axis=-1)[seen.seen.weights > 0.5]) < 5


def test_a_first_camera_that_moves_and_another_one_that_travels_are_refused_by_name():
    still, turning = make_view("a.mp4"), make_view("b.mp4", 80, pan_degrees=20)
    with pytest.raises(ViewsError, match=r"^The camera of b\.mp4 moves\. The first of several views needs"):
        join(turning, still)
    path = replace(turning.viewpoint.camera, positions=np.linspace(0, 1, 270).reshape(90, 3))
    travelling = replace(turning, viewpoint=replace(turning.viewpoint, camera=path))
    with pytest.raises(ViewsError, match=r"^The camera of b\.mp4 goes through the room"):
        join(still, travelling)

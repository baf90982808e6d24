"""Cameras that pan, tremble and travel tell the same as those that stand still, the first one too."""

from dataclasses import replace

import numpy as np
import pytest

from backend.base.errors import ViewsError
from backend.base.pinhole import move_points, project
from backend.views.camera_paths import CameraPath, still_path
from backend.views.listing import list_views
from backend.views.sightlines import read_sightlines
from backend.world.placing import place_people
from tests.backend.angles import angle_between
from tests.backend.made_people import INTRINSICS

from .made_views import dance, first_from_cam, make_view, move
from .test_merging import join

STILL = {}
MOVING = {"pan_degrees": 20.0, "travel": 0.8}
MOVES = [("stand", STILL, STILL), ("pans far", STILL, {"pan_degrees": 60.0}), ("first pans", {"pan_degrees": 25.0}, STILL),
         ("both travel", MOVING, MOVING)]


def in_first_frame(person, view):
    """Return the motion of a person in the axes of the view's first frame."""
    camera = view.viewpoint.camera
    matrices = np.tile(np.eye(4), (len(camera.rotmats), 1, 1))
    matrices[:, :3, :3], matrices[:, :3, 3] = camera.rotmats, camera.positions
    return person.motion.with_pose(*person.motion.pose_in(matrices))


@pytest.mark.parametrize(("first", "other"), [case[1:] for case in MOVES], ids=[case[0] for case in MOVES])
def test_the_body_and_the_cameras_are_those_of_cameras_that_stand_still(first, other):
    views = make_view("a.mp4", lean_degrees=8, **first), make_view("b.mp4", 90, start=0.2, lean_degrees=-8, **other)
    joined, _ = join(*views, heard=-0.19)
    assert joined.cameras.offsets[1] == pytest.approx(-0.2, abs=0.25 / 30)
    assert np.degrees(angle_between(joined.cameras.rotmats[1], first_from_cam(90)[:3, :3])) < 1.5
    motion = in_first_frame(joined.people[0], joined.views[0])
    np.testing.assert_allclose(motion.root_path, np.tile(motion.root_path.mean(0), (90, 1)), atol=0.06)
    # Of cameras that stand still 1.9 degrees.
    assert np.degrees(np.median(angle_between(motion.rotmats, dance(motion.timestamps, 0)))) < 2.2


@pytest.mark.parametrize(("first", "scale"), [(True, 0.7), (False, 1.4)])
def test_the_scale_of_a_path_is_found_from_the_rays(scale, first):
    how = {**MOVING, "path_scale": scale}
    joined, _ = join(make_view("a.mp4", **(how if first else STILL)), make_view("b.mp4", 90, **(STILL if first else how)),
                     offset=0.0)
    path = joined.cameras.paths[0 if first else 1]
    assert np.ptp(path.places[:, 0]) == pytest.approx(0.8, rel=0.06)


def test_a_path_is_read_between_its_frames_and_a_still_camera_has_one_pose():
    path = CameraPath(np.array((0.0, 1.0)), move(np.array((0.0, 0.5)), 40)[:, :3, :3], np.array(((0, 0, 0), (2.0, 0, 0))))
    matrices = path.at(np.array((0.5, 7.0)))
    np.testing.assert_allclose(matrices[:, 0, 3], (1, 2))
    np.testing.assert_allclose(matrices[1, :3, :3], path.rotmats[1], atol=1e-12)
    assert np.degrees(angle_between(matrices[0, :3, :3], path.rotmats[1])) == pytest.approx(
        np.degrees(angle_between(path.rotmats[0], path.rotmats[1])) / 2, rel=0.01)
    np.testing.assert_array_equal(still_path().at(np.arange(9.0)), np.eye(4)[None])


def test_somebody_whom_only_a_moving_camera_sees_does_not_move_with_it():
    views = make_view("a.mp4", bystander=1.2, pan_degrees=25), make_view("b.mp4", 80, bystander=1.2, **MOVING)
    joined, _ = join(replace(views[0], people=views[0].people[:1]), views[1], offset=0.0)
    path = in_first_frame(joined.people[1], joined.views[0]).root_path
    np.testing.assert_allclose(path[:, 0], 1.2, atol=0.12)
    assert np.ptp(path, axis=0).max() < 0.2      # the depth that one view tells is smoothed; moved along, it were metres


def test_a_hands_trembling_is_not_smoothed_into_the_rays():
    times = np.arange(90) / 30
    path = CameraPath(times, move(times, 40)[:, :3, :3], np.zeros((90, 3)))
    lines = read_sightlines(make_view("b.mp4", pan_degrees=40).people[0], INTRINSICS, path)
    held = read_sightlines(make_view("b.mp4").people[0], INTRINSICS, still_path())
    np.testing.assert_allclose(move_points(lines.joints, path.at(times)), held.joints, atol=1e-9)
    rays = move_points(np.concatenate([lines.slopes, np.ones((90, 33, 1))], axis=-1), path.at(times))
    np.testing.assert_allclose(rays[..., :2] / rays[..., 2:], held.slopes, atol=2e-3)


@pytest.mark.parametrize(("first", "other"), [(STILL, {"pan_degrees": 25.0}), (MOVING, {"pan_degrees": 25.0, "travel": 0.8})])
def test_the_listed_camera_shows_the_body_where_the_moving_one_saw_it(first, other):
    joined, _ = join(make_view("a.mp4", **first), make_view("b.mp4", 90, start=0.2, **other), offset=-0.2)
    shot, camera = joined.views[0].shot, joined.views[0].viewpoint.camera
    world_camera, placed = place_people(joined.people, shot, camera)
    listed = list_views(joined, world_camera, placed)
    assert listed[0].turn_seconds == () and listed[1].is_whole and len(listed[1].turn_seconds) == 90
    assert listed[1].reprojection_error_px == pytest.approx(listed[0].reprojection_error_px, abs=1.5)
    np.testing.assert_allclose(np.array(listed[1].turn_seconds) - np.arange(90) / 30, 0.2, atol=0.01)
    turns, places = (np.reshape(values, (-1, 3)) for values in (listed[1].turn_vectors, listed[1].turn_places))
    np.testing.assert_allclose(turns[:, 1], np.radians(25) * np.sin(np.arange(90) * np.pi / 45), atol=0.02)
    assert len(places) == (90 if "travel" in other else 0)
    # As Blender draws it: in the world, with the pictures of the video of the listed camera.
    times = np.array(listed[1].turn_seconds)[:80]
    poses = np.tile(np.eye(4), (80, 1, 1))
    poses[:, :3, :3], poses[:, :3, 3] = joined.cameras.paths[1].rotmats[:80], places[:80] if len(places) else 0
    cam_from_world = np.linalg.inv(np.reshape(listed[1].world_from_cam, (4, 4)) @ poses)
    rows = np.abs(shot.clock.timestamps[:, None] - times).argmin(0)
    person = placed[0].person
    moved = person.motion.with_pose(placed[0].in_world.rotmats, placed[0].in_world.transl)
    drawn = project(move_points(person.body.posed_landmarks(*moved.pose())[rows], cam_from_world), INTRINSICS)
    read = joined.views[1].people[0].track.xy[:80]
    assert np.median(np.linalg.norm(drawn - read, axis=-1)) < 12


def test_views_of_two_dances_are_refused_and_the_moving_camera_is_named():
    with pytest.raises(ViewsError, match=r"^a\.mp4 and b\.mp4 do not show the same moment") as refused:
        join(make_view("a.mp4"), make_view("b.mp4", 90, seed=1, **MOVING), offset=0.0)
    assert refused.value.advice.endswith("Where the camera of b.mp4 went may be wrong too: let it stand.")

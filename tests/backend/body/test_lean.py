import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from backend.body.lean import measure_lean_bias, remove_lean
from backend.people.landmarks import LANDMARK, LANDMARK_COUNT
from backend.people.stitching import PersonTrack
from tests.backend.made_people import INTRINSICS

HIPS, SHOULDERS, ANKLES = ([LANDMARK[f"{side}_{name}"] for side in ("left", "right")] for name in ("hip", "shoulder", "ankle"))


def leaning(degrees, frame_count=5, place=(640.0, 360.0), bend_degrees=0.0):
    """Return the track of a person at `place` px whose body leans towards the camera and is bent more at the hips."""
    lean, bend = np.radians(degrees), np.radians(degrees + bend_degrees)
    world = np.zeros((frame_count, LANDMARK_COUNT, 3))
    # y points down, z away from the camera: up is (0, -cos, -sin) where it leans towards the camera.
    world[:, SHOULDERS] = 0.5 * np.array((0.0, -np.cos(bend), -np.sin(bend)))
    world[:, ANKLES] = -0.9 * np.array((0.0, -np.cos(lean), -np.sin(lean)))
    world[:, [HIPS[0], SHOULDERS[0], ANKLES[0]], 0] += 0.1
    world[:, [HIPS[1], SHOULDERS[1], ANKLES[1]], 0] -= 0.1
    xy = np.full((frame_count, LANDMARK_COUNT, 2), place)
    return PersonTrack(np.arange(frame_count), np.arange(frame_count) / 30, xy, world, np.ones(world.shape[:2]),
                       np.zeros((frame_count, 4)))


def test_a_body_that_leans_towards_the_camera_by_the_bias_is_turned_back_upright():
    lean = np.radians(20)
    head, left_hand = (0.0, -np.cos(lean), -np.sin(lean)), (1.0, 0.0, 0.0)
    turned = remove_lean(np.array(((head, left_hand),)), lean)
    np.testing.assert_allclose(turned, (((0, -1, 0), (1, 0, 0)),), atol=1e-12)


def test_landmarks_that_lean_by_nothing_stay_where_they_are():
    points = np.random.default_rng(0).normal(size=(4, LANDMARK_COUNT, 3))
    np.testing.assert_array_equal(remove_lean(points, 0.0), points)


@pytest.mark.parametrize(("seen", "bias"), [
    (6.7, 6.7),                 # before a level camera people seem to lean 6.7 degrees towards it, all of it wrong
    (12.7, 4.7),                # a camera that looks 8 degrees down sees three quarters of them more: 12.7 - 8 is wrong
    (0.7, 8.7),                 # one that looks 8 degrees up
])
def test_what_of_the_lean_is_wrong_depends_on_the_cameras_pitch(seen, bias):
    assert np.degrees(measure_lean_bias([leaning(seen)], INTRINSICS)) == pytest.approx(bias, abs=1e-6)


def test_half_of_the_people_decide_and_not_one_who_leans_far():
    people = [leaning(6.7), leaning(6.7), leaning(40.0)]
    assert np.degrees(measure_lean_bias(people, INTRINSICS)) == pytest.approx(6.7, abs=1e-6)


@pytest.mark.parametrize("track", [
    leaning(80.0),                          # lies with the head towards the camera
    leaning(10.0, bend_degrees=100.0),      # bows: from shoulders to ankles it is far less than a stretched body's length
], ids=["lies", "bows"])
def test_a_person_who_does_not_stand_stretched_is_not_counted(track):
    # The usual lean of 9 degrees is that of a camera that looks 3.07 degrees down.
    assert np.degrees(measure_lean_bias([track], INTRINSICS)) == pytest.approx(9.0 - (9.0 - 6.7) / 0.75, abs=1e-6)


def test_landmarks_along_the_ray_are_turned_to_the_cameras_axes():
    # Seen 16.7 degrees above the picture's middle, but read as if straight ahead: turned to look down from there, the body's head
    # comes towards the camera by as much.
    above = leaning(0.0, place=(640.0, 0.0))
    up = np.degrees(np.arctan(360 / 1200))
    assert np.degrees(measure_lean_bias([above], INTRINSICS)) == pytest.approx(up - (up - 6.7) / 0.75, abs=1e-6)


def test_the_lean_is_the_angle_about_the_x_axis():
    turn = Rotation.from_euler("x", 25, degrees=True).as_matrix()      # takes y (down) towards z (away)
    points = np.random.default_rng(1).normal(size=(3, LANDMARK_COUNT, 3))
    np.testing.assert_allclose(remove_lean(points @ turn.T, np.radians(25)), points, atol=1e-12)

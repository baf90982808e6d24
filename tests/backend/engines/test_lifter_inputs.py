from dataclasses import replace

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from backend.base.pinhole import project
from backend.body.lifting import LiftedTrack
from backend.engines.lifter_inputs import INPUT_SIZE, make_lifter_inputs, rotmats_from_rot6d, window_indices
from backend.people.landmarks import LANDMARK, LANDMARK_COUNT, TORSO
from tests.backend.made_people import INTRINSICS, lifted_track, person_track, random_poses

IMAGE, SCORE, WORLD, POINTS, ROTATIONS = np.split(np.arange(INPUT_SIZE), np.cumsum([33 * 2, 33, 33 * 3, 33 * 3]))
HIPS = [LANDMARK["left_hip"], LANDMARK["right_hip"]]


def turned(person, turn):
    """Return a person in the camera's frame carried about the camera's place by a rotation (3, 3)."""
    rotmats = person.rotmats.copy()
    rotmats[:, 0] = turn @ rotmats[:, 0]
    root = person.body.rest_joints[0]
    return replace(person, rotmats=rotmats, transl=(person.transl + root) @ turn.T - root)


def ahead(count=6):
    """Return people straight before the camera: the mean of the torso's rays is its axis."""
    person = random_poses(count)
    torso = lifted_track(person).point_rays[:, TORSO].mean(1)
    person = replace(person, transl=person.transl - 4.0 * torso * (1, 1, 0))
    torso = lifted_track(person).point_rays[:, TORSO].mean(1)
    assert np.abs(torso[:, :2]).max() < 0.01
    return person


def inputs_of(person, world):
    """Return the network's inputs of a person seen perfectly, with the landmark model's points world (T, 33, 3)."""
    track = replace(person_track(person), world=world)
    return make_lifter_inputs(track, lifted_track(person), person.rotmats, INTRINSICS)


@pytest.mark.parametrize(("axis", "degrees"), [("y", 20), ("y", -20), ("x", 12)])
def test_where_in_the_picture_somebody_stands_does_not_matter(axis, degrees):
    person = ahead()
    world = person_track(person).world
    middle = inputs_of(person, world)
    aside = inputs_of(turned(person, Rotation.from_euler(axis, degrees, degrees=True).as_matrix()), world)
    assert np.abs(middle.start - aside.start).max() < 0.06          # rotations
    for part in (IMAGE, SCORE, WORLD, POINTS, ROTATIONS):
        assert np.abs(middle.frames[:, part] - aside.frames[:, part]).max() < 0.06


def test_towards_takes_the_start_back_to_the_cameras_axes():
    person = turned(random_poses(5), Rotation.from_euler("y", 25, degrees=True).as_matrix())
    inputs = inputs_of(person, person_track(person).world)
    start = rotmats_from_rot6d(inputs.start.astype(np.float64))
    np.testing.assert_allclose(inputs.towards @ start[:, 0], person.rotmats[:, 0], atol=1e-6)
    np.testing.assert_allclose(start[:, 1:], person.rotmats[:, 1:], atol=1e-6)
    np.testing.assert_allclose(inputs.towards[:, :, 2], unit(lifted_track(person).point_rays[:, TORSO].mean(1)), atol=1e-6)


def unit(vectors):
    return vectors / np.linalg.norm(vectors, axis=-1, keepdims=True)


def test_each_number_is_what_the_weights_were_trained_on():
    """One person, 4 m ahead, stature 1.6 m: lengths are in units of a quarter of it, 0.4 m."""
    person = replace(random_poses(1, stature=1.6), timestamps=np.zeros(1))
    points = np.tile((0.0, 0.0, 4.0), (1, LANDMARK_COUNT, 1))
    points[0, HIPS, 0] = 0.2, -0.2
    hand, high = LANDMARK["left_wrist"], LANDMARK["nose"]
    points[0, hand] = (0.4, 0.1, 3.5)
    points[0, high] = (0.0, -0.8, 4.0)
    lifted = LiftedTrack(points / points[..., 2:], np.ones((1, LANDMARK_COUNT)), np.zeros(1), person.body, points)
    world = np.zeros((1, LANDMARK_COUNT, 3))
    world[0, hand] = (0.425, 0.0, -0.85)
    score = np.full((1, LANDMARK_COUNT), 0.5)
    score[0, hand], score[0, high] = 1.0, 0.0
    track = replace(person_track(person), xy=project(points, INTRINSICS), world=world, score=score)
    frames = make_lifter_inputs(track, lifted, person.rotmats, INTRINSICS).frames[0]
    image, seen, model, lifted_points = (frames[part].reshape(LANDMARK_COUNT, -1) for part in (IMAGE, SCORE, WORLD, POINTS))
    # The picture's points are lengths at the hips' distance of 4 m: the nearer hand looks larger by 4 / 3.5.
    np.testing.assert_allclose(image[hand], np.array((0.4, 0.1)) * 4 / 3.5 / 0.4, rtol=1e-5)
    np.testing.assert_allclose(image[high], (0.0, -0.8 / 0.4), atol=1e-5)
    assert seen[[hand, high, HIPS[0]], 0].tolist() == [1.0, -1.0, 0.0]
    np.testing.assert_allclose(model[hand], (1.0, 0.0, -2.0), rtol=1e-6)         # of an adult's 1.7 m, whatever the stature
    np.testing.assert_allclose(lifted_points[hand], np.array((0.4, 0.1, -0.5)) / 0.4, rtol=1e-5)
    np.testing.assert_allclose(lifted_points[HIPS[0]], (0.5, 0.0, 0.0), atol=1e-6)


def test_a_landmark_far_outside_the_picture_counts_as_four_units_at_most():
    person = ahead(1)
    track = person_track(person)
    xy = track.xy.copy()
    xy[0, LANDMARK["left_wrist"]] = (1e5, -1e5)
    frames = make_lifter_inputs(replace(track, xy=xy), lifted_track(person), person.rotmats, INTRINSICS).frames
    assert frames[0, IMAGE].reshape(-1, 2)[LANDMARK["left_wrist"]].tolist() == [4.0, -4.0]


def test_six_numbers_make_the_rotation_whose_first_columns_they_are():
    rotmats = Rotation.random(2 * 24, random_state=0).as_matrix().reshape(2, 24, 3, 3)
    rot6d = rotmats[..., :2].reshape(2, 144)
    np.testing.assert_allclose(rotmats_from_rot6d(rot6d), rotmats, atol=1e-12)
    # Neither lengths nor what the second column has of the first matter.
    first, second = rotmats[..., :1], rotmats[..., 1:2]
    skewed = np.concatenate([3 * first, 0.5 * second + 0.7 * first], axis=-1).reshape(2, 144)
    np.testing.assert_allclose(rotmats_from_rot6d(skewed), rotmats, atol=1e-12)


NO_BREAKS = np.zeros(0, int)


@pytest.mark.parametrize(("fps", "frame", "window"), [
    (30, 20, list(range(12, 28))),
    (60, 40, list(range(24, 56, 2))),                                                       # every other frame
    (120, 80, list(range(48, 112, 4))),
    (10, 20, [17, 18, 18, 18, 19, 19, 19, 20, 20, 20, 21, 21, 21, 22, 22, 22]),            # the nearest ones, repeated
    (30, 3, [0] * 6 + list(range(1, 11))),
    (30, 59, list(range(51, 60)) + [59] * 7),
])
def test_a_window_has_eight_frames_before_and_seven_after_at_30_a_second(fps, frame, window):
    assert window_indices(7 + np.arange(120 if fps > 60 else 60) / fps, NO_BREAKS)[frame].tolist() == window


def test_a_window_stays_on_its_side_of_a_gap():
    times = np.concatenate((np.arange(20) / 30, 5 + np.arange(20) / 30))
    found = window_indices(times, np.array((20,)))
    assert found[18].tolist() == list(range(10, 20)) + [19] * 6 and found[19].tolist() == list(range(11, 20)) + [19] * 7
    assert found[20].tolist() == [20] * 9 + list(range(21, 28)) and found[22].tolist() == [20] * 7 + list(range(21, 30))


def test_a_frame_that_is_missing_is_replaced_by_the_nearest():
    times = np.delete(np.arange(40) / 30, 22) + 1e-4 * (np.arange(39) == 22)        # the next one is a little farther
    assert window_indices(times, NO_BREAKS)[20].tolist() == [*range(12, 22), 21, 22, 23, 24, 25, 26]


@pytest.mark.parametrize("count", [1, 2])
def test_a_few_frames_fill_a_window(count):
    found = window_indices(np.arange(count) / 30, NO_BREAKS)
    assert found.tolist() == [[0] * 16] if count == 1 else found.tolist() == [[0] * 9 + [1] * 7, [0] * 8 + [1] * 8]

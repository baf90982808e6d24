from dataclasses import replace

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from backend.base.pinhole import project
from backend.body.lifting import LiftedTrack
from backend.engines.lifter_inputs import INPUT_SIZE, lifter_inputs, rotmats_from_rot6d
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
    return lifter_inputs(track, lifted_track(person), person.rotmats, INTRINSICS)


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
    frames = lifter_inputs(track, lifted, person.rotmats, INTRINSICS).frames[0]
    image, seen, told, lifted_points = (frames[part].reshape(LANDMARK_COUNT, -1) for part in (IMAGE, SCORE, WORLD, POINTS))
    # The picture's points are told as lengths at the hips' distance of 4 m: the nearer hand looks larger by 4 / 3.5.
    np.testing.assert_allclose(image[hand], np.array((0.4, 0.1)) * 4 / 3.5 / 0.4, rtol=1e-5)
    np.testing.assert_allclose(image[high], (0.0, -0.8 / 0.4), atol=1e-5)
    assert seen[[hand, high, HIPS[0]], 0].tolist() == [1.0, -1.0, 0.0]
    np.testing.assert_allclose(told[hand], (1.0, 0.0, -2.0), rtol=1e-6)         # of an adult's 1.7 m, whatever the stature
    np.testing.assert_allclose(lifted_points[hand], np.array((0.4, 0.1, -0.5)) / 0.4, rtol=1e-5)
    np.testing.assert_allclose(lifted_points[HIPS[0]], (0.5, 0.0, 0.0), atol=1e-6)


def test_a_landmark_far_outside_the_picture_counts_as_four_units_at_most():
    person = ahead(1)
    track = person_track(person)
    xy = track.xy.copy()
    xy[0, LANDMARK["left_wrist"]] = (1e5, -1e5)
    frames = lifter_inputs(replace(track, xy=xy), lifted_track(person), person.rotmats, INTRINSICS).frames
    assert frames[0, IMAGE].reshape(-1, 2)[LANDMARK["left_wrist"]].tolist() == [4.0, -4.0]


def test_six_numbers_make_the_rotation_whose_first_columns_they_are():
    rotmats = Rotation.random(2 * 24, random_state=0).as_matrix().reshape(2, 24, 3, 3)
    rot6d = rotmats[..., :2].reshape(2, 144)
    np.testing.assert_allclose(rotmats_from_rot6d(rot6d), rotmats, atol=1e-12)
    # Neither lengths nor what the second column has of the first matter.
    first, second = rotmats[..., :1], rotmats[..., 1:2]
    skewed = np.concatenate([3 * first, 0.5 * second + 0.7 * first], axis=-1).reshape(2, 144)
    np.testing.assert_allclose(rotmats_from_rot6d(skewed), rotmats, atol=1e-12)

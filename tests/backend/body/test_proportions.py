import numpy as np
import pytest

from backend.body.proportions import generic_body, measure_body
from backend.people.landmarks import LANDMARK, MIRRORED
from mpsnet_blender.shared.smpl_skeleton import (
    CROWN_ABOVE_HEAD,
    JOINT,
    JOINT_NAMES,
    PARENTS,
    SOLE_BELOW_ANKLE,
    mirrored_name,
)
from tests.backend.made_people import random_poses

MIRROR = np.array((-1, 1, 1))


def compute_stature(body):
    """Return the height from sole to crown in the rest pose in metres."""
    return (body.rest_joints[JOINT["head"], 1] - body.rest_joints[JOINT["left_ankle"], 1]
            + (SOLE_BELOW_ANKLE + CROWN_ABOVE_HEAD) * body.stature)


def bone_lengths(body):
    return np.linalg.norm(body.rest_joints[1:] - body.rest_joints[list(PARENTS[1:])], axis=1)


def stretched(points, parent, children, factor):
    """Return landmarks whose limb from `parent` to the first of `children` is so many times as long, on both sides."""
    points = points.copy()
    for side in ("left", "right"):
        start, end = (points[:, LANDMARK[f"{side}_{name}"]] for name in (parent, children[0]))
        shift = (factor - 1) * (end - start)
        for name in children:
            points[:, LANDMARK[f"{side}_{name}"]] += shift
    return points


@pytest.mark.parametrize("stature", [1.2, 1.7, 2.05])
def test_a_body_is_as_tall_as_it_was_asked_for(stature):
    points = random_poses(30).landmarks
    assert compute_stature(generic_body(stature)) == pytest.approx(stature, rel=0.002)
    longer = stretched(points, "hip", ("knee",), 1.3)
    assert compute_stature(measure_body(longer, np.ones(longer.shape[:2]), stature)) == pytest.approx(stature, rel=0.002)


def test_both_sides_are_alike():
    points = random_poses(30).landmarks
    points[:, LANDMARK["left_wrist"]] += 0.05      # one arm was read longer
    body = measure_body(points, np.ones(points.shape[:2]), 1.8)
    mirrored = [JOINT[mirrored_name(name)] for name in JOINT_NAMES]
    np.testing.assert_allclose(body.rest_joints[mirrored] * MIRROR, body.rest_joints, atol=1e-12)
    np.testing.assert_allclose(body.rest_landmarks[MIRRORED] * MIRROR, body.rest_landmarks, atol=1e-12)


@pytest.mark.parametrize("unit", [0.01, 1.0, 250.0])
def test_an_average_person_keeps_average_proportions_in_any_unit(unit):
    points = random_poses(60, stature=1.7).landmarks
    body = measure_body(unit * points, np.ones(points.shape[:2]), 1.7)
    np.testing.assert_allclose(bone_lengths(body), bone_lengths(generic_body(1.7)), rtol=0.02)


def test_the_same_input_gives_the_same_body():
    points = random_poses(20).landmarks
    first, second = (measure_body(points, np.ones(points.shape[:2]), 1.7) for _ in range(2))
    np.testing.assert_array_equal(first.rest_joints, second.rest_joints)


def test_long_legs_in_the_clip_make_long_legs():
    points = random_poses(60).landmarks
    longer = stretched(points, "knee", ("ankle", "heel", "foot_index"), 1.15)
    body = measure_body(longer, np.ones(points.shape[:2]), 1.7)
    plain = measure_body(points, np.ones(points.shape[:2]), 1.7)
    shins = [bone_lengths(any_body)[JOINT["left_ankle"] - 1] for any_body in (plain, body)]
    assert 1.02 < shins[1] / shins[0] < 1.15


def test_what_is_hidden_is_not_measured():
    points = random_poses(60).landmarks
    wrong, score = points.copy(), np.ones(points.shape[:2])
    wrong[:40, LANDMARK["left_wrist"]] += 1.0
    score[:40, LANDMARK["left_wrist"]] = 0.0
    np.testing.assert_allclose(measure_body(wrong, score, 1.7).rest_joints,
                               measure_body(points, np.ones(points.shape[:2]), 1.7).rest_joints, atol=0.01)


def test_landmarks_of_the_rest_pose_lie_where_the_body_has_them():
    body = generic_body(1.7)
    posed = body.posed_landmarks(np.tile(np.eye(3), (1, 24, 1, 1)), body.rest_joints[None])[0]
    np.testing.assert_allclose(posed, body.rest_landmarks, atol=1e-12)
    assert posed[LANDMARK["nose"], 2] > posed[LANDMARK["left_ear"], 2] + 0.08     # the nose is in front
    assert posed[LANDMARK["left_heel"], 2] < posed[LANDMARK["left_ankle"], 2] < posed[LANDMARK["left_foot_index"], 2]
    assert posed[LANDMARK["left_wrist"], 0] > 0.5 and posed[LANDMARK["right_wrist"], 0] < -0.5

import numpy as np
import pytest

from backend.body import proportions
from backend.body.proportions import make_generic_body, measure_body
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
    assert compute_stature(make_generic_body(stature)) == pytest.approx(stature, rel=0.002)
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
    np.testing.assert_allclose(bone_lengths(body), bone_lengths(make_generic_body(1.7)), rtol=0.02)


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
    body = make_generic_body(1.7)
    posed = body.posed_landmarks(np.tile(np.eye(3), (1, 24, 1, 1)), body.rest_joints[None])[0]
    np.testing.assert_allclose(posed, body.rest_landmarks, atol=1e-12)
    assert posed[LANDMARK["nose"], 2] > posed[LANDMARK["left_ear"], 2] + 0.08     # the nose is in front
    assert posed[LANDMARK["left_heel"], 2] < posed[LANDMARK["left_ankle"], 2] < posed[LANDMARK["left_foot_index"], 2]
    assert posed[LANDMARK["left_wrist"], 0] > 0.5 and posed[LANDMARK["right_wrist"], 0] < -0.5


LIMBS = {"upper_arm": ("shoulder", ("elbow", "wrist"), "left_elbow"), "forearm": ("elbow", ("wrist",), "left_wrist"),
         "thigh": ("hip", ("knee", "ankle"), "left_knee"), "shin": ("knee", ("ankle",), "left_ankle")}
GENERIC = make_generic_body(1.7)


def relative_to_generic(body):
    """Return each bone's length over that of an average adult, by the joint at its end."""
    return dict(zip(JOINT_NAMES[1:], bone_lengths(body) / bone_lengths(GENERIC)))


def measured_with(limb, factor):
    """Return the relative lengths of a body of whom one limb, on both sides, is seen so many times as long as usual."""
    parent, children, _ = LIMBS[limb]
    points = stretched(GENERIC.rest_landmarks[None], parent, children, factor)
    return relative_to_generic(measure_body(points, np.ones((1, 33)), 1.7))


@pytest.mark.parametrize("limb", LIMBS)
@pytest.mark.parametrize(("factor", "more"), [
    (1.2, 1.2 ** 0.5), (0.9, 0.9 ** 0.5),                   # half of it, as a logarithm, is believed
    (2.0, 1.14 * 2.0 ** 0.1), (0.4, 0.88 * 0.4 ** 0.1),     # at most 14 % more and 12 % less than the mean of all five lengths
])
def test_half_of_how_much_longer_a_limb_is_seen_is_believed(limb, factor, more):
    lengths = measured_with(limb, factor)
    joint = LIMBS[limb][2]
    others = {"left_elbow", "left_wrist", "left_knee", "left_ankle", "spine2", "neck", "left_collar"} - {joint}
    assert {round(lengths[joint] / lengths[other], 6) for other in others} == {round(more, 6)}
    assert lengths[joint] == pytest.approx(lengths[joint.replace("left", "right")])


@pytest.mark.parametrize(("factor", "more"), [(1.2, 1.2 ** 0.5), (2.5, 1.14 * 2.5 ** 0.1)])
def test_a_long_torso_makes_a_long_spine_and_wide_collars(factor, more):
    points = GENERIC.rest_landmarks[None].copy()
    middle = [points[:, [LANDMARK[f"{side}_{name}"] for side in ("left", "right")]].mean(1) for name in ("hip", "shoulder")]
    arms = [LANDMARK[f"{side}_{name}"] for side in ("left", "right") for name in ("shoulder", "elbow", "wrist")]
    points[:, arms] += (factor - 1) * (middle[1] - middle[0])[:, None]
    lengths = relative_to_generic(measure_body(points, np.ones((1, 33)), 1.7))
    for joint in ("spine1", "spine2", "spine3", "neck", "left_collar", "right_collar"):
        assert lengths[joint] / lengths["left_knee"] == pytest.approx(more, rel=1e-6)
    assert lengths["left_elbow"] == pytest.approx(lengths["left_knee"]) and lengths["left_shoulder"] == pytest.approx(
        lengths["head"])


def test_the_median_is_where_half_of_the_weight_lies():
    assert proportions._weighted_median(np.array((3.0, 1.0, 2.0)), np.ones(3)) == 2.0
    assert proportions._weighted_median(np.array((3.0, 1.0, 2.0)), np.array((5.0, 1.0, 1.0))) == 3.0
    assert proportions._weighted_median(np.array((3.0, 1.0, 2.0)), np.array((0.0, 1.0, 0.0))) == 1.0


def test_a_limb_is_as_visible_as_the_less_visible_of_its_ends_and_the_torso_as_the_least_of_its_corners():
    points = np.repeat(GENERIC.rest_landmarks[None], 5, axis=0)
    wrong, score = points.copy(), np.ones((5, 33))
    wrong[:3, [LANDMARK["left_wrist"], LANDMARK["right_wrist"]]] *= 1.5
    wrong[:3, LANDMARK["left_shoulder"]] += (0, 0.3, 0)
    score[:3, [LANDMARK["left_elbow"], LANDMARK["right_wrist"], LANDMARK["left_shoulder"]]] = 0.0
    np.testing.assert_allclose(measure_body(wrong, score, 1.7).rest_joints, GENERIC.rest_joints, atol=1e-9)


@pytest.mark.parametrize(("first", "second", "millimetres"), [
    ("left_eye", "right_eye", (0, 0, 58)), ("left_eye_inner", "right_eye_inner", (0, 0, 32)),
    ("left_eye_outer", "right_eye_outer", (0, 0, 86)), ("left_ear", "right_ear", (0, 0, 130)),
    ("mouth_left", "mouth_right", (0, 0, 45)),
    ("nose", "left_eye", (30, 30, 28)), ("nose", "mouth_left", (18, -35, 20)), ("left_eye", "left_eye_outer", (10, 0, 12)),
    ("left_eye_inner", "left_eye", (4, 0, 14)), ("left_eye", "left_ear", (75, -20, 32)),
    ("left_index", "left_pinky", (45, 0, -10)), ("left_wrist", "left_index", (-17, -7, 90)),
    ("left_wrist", "left_pinky", (27, -5, 78)), ("left_wrist", "left_thumb", (-34, -12, 50)),
    ("left_ankle", "left_heel", (58, -58, 3)),
])
def test_landmarks_of_faces_hands_and_feet_lie_as_on_an_adult_of_170_centimetres(first, second, millimetres):
    """Anatomy, to a centimetre and a fifth: how far the second lies behind the first, above it, and to its left."""
    away = (GENERIC.rest_landmarks[LANDMARK[second]] - GENERIC.rest_landmarks[LANDMARK[first]]) * 1000
    behind, above, left = -away[2], away[1], away[0]
    left = abs(left) if second.startswith("right") or second == "mouth_right" else left
    np.testing.assert_allclose((behind, above, left), millimetres, rtol=0.2, atol=10)

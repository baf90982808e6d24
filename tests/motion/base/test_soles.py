import numpy as np
import pytest

from mpsnet_blender.motion.base.rotations import rotmat_from_rotvec
from mpsnet_blender.motion.base.soles import compute_stature, make_soles, measure_ankle_height, sole_points, usual_ankle_height
from mpsnet_blender.shared.smpl_skeleton import JOINT, generic_rest_joints

REST = generic_rest_joints(1.7)
UPRIGHT = rotmat_from_rotvec(np.array((np.pi / 2, 0, 0)))       # Y up to Z up: ahead is -y, left +x


@pytest.mark.parametrize("stature", [1.2, 1.7])
def test_ankles_and_head_give_the_stature(stature):
    assert compute_stature(generic_rest_joints(stature)) == pytest.approx(stature)


def test_a_sole_lies_under_the_ankle_from_behind_it_to_the_ball_of_the_foot():
    left, right = make_soles(REST, 0.09)
    toes = REST[JOINT["left_foot"]] - REST[JOINT["left_ankle"]]
    np.testing.assert_allclose(left.ball, (toes[0], -0.09, toes[2]))
    ahead = np.array((toes[0], 0, toes[2])) / np.hypot(toes[0], toes[2])
    np.testing.assert_allclose(left.heel, np.array((0, -0.09, 0)) - 0.034 * 1.7 * ahead)
    assert left.length == pytest.approx(np.hypot(toes[0], toes[2]) + 0.034 * 1.7)
    np.testing.assert_allclose(right.heel, left.heel * (-1, 1, 1))
    np.testing.assert_allclose(right.ball, left.ball * (-1, 1, 1))
    assert (left.ankle, left.toes, right.ankle) == (JOINT["left_ankle"], JOINT["left_foot"], JOINT["right_ankle"])


def test_a_soles_frame_has_ahead_left_and_up():
    for sole in make_soles(REST, 0.09):
        ahead, left, up = sole.frame.T
        np.testing.assert_allclose(up, (0, 1, 0))
        assert ahead[2] > 0.9 and left[0] > 0.9
        np.testing.assert_allclose(np.cross(ahead, left), up, atol=1e-12)


def test_a_foot_without_length_points_ahead():
    stub = REST.copy()
    stub[JOINT["left_foot"]] = stub[JOINT["left_ankle"]]
    np.testing.assert_allclose(make_soles(stub, 0.09)[0].frame[:, 0], (0, 0, 1))


@pytest.mark.parametrize("yaw", [0.0, np.pi / 2, -2.0])
def test_a_flat_foot_lies_on_the_floor_and_points_to_its_yaw(yaw):
    for sole in make_soles(REST, 0.09):
        heels, balls = sole.points(sole.flat(np.array((yaw,))), np.array(((0.3, 0.2, 0.09),)))
        np.testing.assert_allclose((heels[0, 2], balls[0, 2]), 0.0, atol=1e-12)
        ahead = (balls - heels)[0] / sole.length
        np.testing.assert_allclose(ahead, (np.cos(yaw), np.sin(yaw), 0), atol=1e-12)
        up = sole.flat(np.array((yaw,)))[0] @ (0, 1, 0)
        np.testing.assert_allclose(up, (0, 0, 1), atol=1e-12)


def test_a_heel_and_a_ball_go_with_the_foot():
    left, _ = make_soles(REST, 0.09)
    heels, balls = left.points(UPRIGHT[None], np.array(((1.0, 2.0, 0.09),)))
    assert heels[0, 1] > 2.0 > balls[0, 1] and balls[0, 0] > 1.0       # it looks along -y, the toes turned out to the left
    np.testing.assert_allclose((heels[0, 2], balls[0, 2]), 0.0, atol=1e-12)


def test_ankles_are_five_hundredths_of_the_stature_over_a_bare_sole_and_two_centimetres_more_in_shoes():
    assert usual_ankle_height(1.7, shod=False) == pytest.approx(0.085)
    assert usual_ankle_height(1.7) == pytest.approx(0.105)


def ankles_at(*heights):
    ankles = np.zeros((len(heights), 2, 3))
    ankles[..., 2] = np.array(heights)[:, None]
    return ankles


def test_ankles_stand_as_high_as_they_mostly_do_where_feet_lie_flat():
    ankles = ankles_at(0.09, 0.10, 0.11, 0.5, 0.9)
    flat = np.array((True, True, True, False, False))[:, None] & np.array((True, True))
    assert measure_ankle_height(ankles, flat, 1.7) == pytest.approx(0.10)


def test_too_few_flat_feet_give_nothing():
    flat = np.zeros((5, 2), bool)
    flat[:2] = True
    assert measure_ankle_height(ankles_at(0.06, 0.06, 1, 1, 1), flat, 1.7) == pytest.approx(usual_ankle_height(1.7))


def test_five_flat_feet_give_the_ankles_height():
    for count, expected_height in ((5, 0.1), (4, usual_ankle_height(1.7))):
        flat = np.arange(10).reshape(5, 2) < count
        assert measure_ankle_height(ankles_at(0.1, 0.1, 0.1, 0.1, 0.1), flat, 1.7) == pytest.approx(expected_height)


def test_flat_feet_of_many_headings_point_each_its_way_to_its_left_and_up():
    yaws = np.array((0.3, -2.0, 3.0, 1.0))
    for sole in make_soles(REST, 0.09):
        ahead, left, up = np.moveaxis(sole.flat(yaws) @ sole.frame, 2, 0)
        np.testing.assert_allclose(ahead, np.stack((np.cos(yaws), np.sin(yaws), 0 * yaws), axis=1), atol=1e-12)
        np.testing.assert_allclose(left, np.stack((-np.sin(yaws), np.cos(yaws), 0 * yaws), axis=1), atol=1e-12)
        np.testing.assert_allclose(up, np.tile((0, 0, 1.0), (4, 1)), atol=1e-12)


@pytest.mark.parametrize(("height", "believed"), [(0.02, 0.030 * 1.7), (0.07, 0.07), (0.3, 0.080 * 1.7)])
def test_ankles_that_no_body_has_are_not_believed(height, believed):
    assert measure_ankle_height(ankles_at(*[height] * 5), np.ones((5, 2), bool), 1.7) == pytest.approx(believed)


def test_a_bodys_sole_points_are_left_heel_and_ball_and_then_the_rights():
    rotmats, joints = np.tile(UPRIGHT, (5, 2, 1, 1)), np.arange(5.0)[:, None, None] + (UPRIGHT @ REST.T).T
    points = sole_points(REST, 0.09, rotmats, joints)
    assert points.shape == (5, 4, 3)
    for number, (side, end) in enumerate((("left", "heel"), ("left", "ball"), ("right", "heel"), ("right", "ball"))):
        sole = make_soles(REST, 0.09)[("left", "right").index(side)]
        expected = joints[:, JOINT[f"{side}_ankle"]] + UPRIGHT @ getattr(sole, end)
        np.testing.assert_allclose(points[:, number], expected, atol=1e-12)


def test_the_lower_ankle_tells_the_stature():
    for side in ("left", "right"):
        joints = REST.copy()
        joints[JOINT[f"{side}_ankle"], 1] += 0.05
        assert compute_stature(joints) == pytest.approx(1.7)

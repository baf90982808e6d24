"""The footprints of one foot: where it lies, on what ground, which way it points, and what of its drift is kept."""

import numpy as np
import pytest

from mpsnet_blender.motion.base.contact_spans import Spans
from mpsnet_blender.motion.base.rotations import rotmat_from_rotvec
from mpsnet_blender.motion.base.soles import make_soles
from mpsnet_blender.motion.cleanup.footprints import keep_large_drift, plant_foot, rotmat_from_axis_angle
from mpsnet_blender.shared.smpl_skeleton import generic_rest_joints

FRAMES = 90
TIMES = np.arange(FRAMES) / 30
HEIGHT = 0.1
SOLE = make_soles(generic_rest_joints(1.7), HEIGHT)[0]
STANDS, SWINGS = np.ones(FRAMES, bool), np.zeros(FRAMES, bool)


def planted(place=(0.5, -1.0, HEIGHT), yaw=0.3, pitch=0.0, heel=STANDS, ball=STANDS):
    """Return the footprints of a flat foot with its ankle at places (T, 3) that points to yaws (T,), its toes up by pitch."""
    yaw, pitch = np.broadcast_to(yaw, FRAMES), np.broadcast_to(pitch, FRAMES)
    across = np.stack((np.sin(yaw), -np.cos(yaw), np.zeros(FRAMES)), axis=1)
    rotmats = rotmat_from_rotvec(pitch[:, None] * across) @ SOLE.flat(yaw)
    return plant_foot(SOLE, rotmats, np.broadcast_to(place, (FRAMES, 3)), heel, ball, TIMES)


def points_of(foot):
    return SOLE.points(foot.rotmats, foot.ankles)


def test_a_rotation_about_an_axis_is_that_of_its_rotation_vector():
    axes = np.random.default_rng(0).normal(size=(20, 3))
    axes /= np.linalg.norm(axes, axis=1, keepdims=True)
    angles = np.linspace(-3, 3, 20)
    np.testing.assert_allclose(rotmat_from_axis_angle(axes, angles), rotmat_from_rotvec(axes * angles[:, None]), atol=1e-9)


def test_a_foot_that_stands_flat_stays_and_one_that_never_stands_has_no_print():
    foot = planted()
    np.testing.assert_allclose(foot.ankles, np.tile((0.5, -1.0, HEIGHT), (FRAMES, 1)), atol=1e-9)
    np.testing.assert_allclose(foot.yaw, 0.3, atol=1e-9)
    np.testing.assert_allclose(foot.on_ball, 0.5, atol=1e-9)
    flying = planted(heel=SWINGS, ball=SWINGS)
    assert len(flying.spans.starts) == 0 and not flying.on_ball.any() and not flying.ground.any()


@pytest.mark.parametrize(("height", "ground"), [(-0.05, 0), (0.07, 0), (0.12, 0.06), (0.17, 0.17), (0.30, 0.30)])
def test_low_footprints_lie_on_the_floor_and_high_ones_on_a_step(height, ground):
    """Up to 8 cm on the floor, from 16 cm on a step, and between them eased from the one to the other."""
    foot = planted((0.5, -1.0, HEIGHT + height))
    np.testing.assert_allclose(foot.ground, ground, atol=1e-9)
    for points in points_of(foot):
        np.testing.assert_allclose(points[:, 2], ground, atol=1e-9)


def test_a_footprint_is_where_the_foot_is_on_average():
    wavering = np.array((0.5, -1.0, HEIGHT)) + 0.03 * np.sin(2 * np.pi * TIMES[:, None] / 1.5) * (1, 0.5, 0.3)
    foot = planted(wavering)
    np.testing.assert_allclose(foot.ankles, np.tile((0.5, -1.0, HEIGHT), (FRAMES, 1)), atol=2e-3)
    assert np.ptp(foot.ankles, axis=0).max() < 1e-9


def test_a_footprint_points_where_the_foot_does_on_average_and_each_its_way():
    first, second = np.arange(FRAMES) < 40, np.arange(FRAMES) >= 50
    yaw = np.where(np.arange(FRAMES) < 45, 0.3, 3.3) + 0.1 * np.sin(2 * np.pi * np.arange(FRAMES) / 20)
    foot = planted(yaw=yaw, heel=first | second, ball=first | second)
    np.testing.assert_allclose(foot.yaw[first], 0.3, atol=0.01)
    turned = np.angle(np.exp(1j * (foot.yaw[second] - 3.3)))
    np.testing.assert_allclose(turned, 0, atol=0.01)
    assert np.ptp(foot.yaw[first]) < 1e-9 and np.ptp(turned) < 1e-9


def test_a_foot_that_truly_turns_on_the_spot_goes_on_turning():
    """By 100 degrees in two seconds: what goes beyond 25 from the mean to each side is kept, softly."""
    foot = planted(yaw=np.radians(np.clip(np.arange(FRAMES) - 15, 0, 60) / 60 * 100))
    turned = np.degrees(np.ptp(foot.yaw))
    assert 35 < turned < 55


@pytest.mark.parametrize(("metres", "kept"), [(0.10, 0.0), (0.144, 0.012), (0.30, 0.18 ** 2 / 0.204)])
def test_what_a_foot_drifts_beyond_twelve_centimetres_is_kept_softly(metres, kept):
    """x^2 / (x + 0.2 * 0.12) of the excess x, along the way it drifts: half of 24 mm, nearly all of far more."""
    inside = np.zeros((FRAMES, 1))
    inside[20:60] = 1
    found = keep_large_drift(metres * inside * (0.6, -0.8, 0) + (0, 0, 5.0), Spans(np.array((20,)), np.array((60,)), TIMES))
    np.testing.assert_allclose(found, kept * inside * (0.6, -0.8, 0), atol=1e-9)


@pytest.mark.parametrize(("heel", "ball", "on_ball"), [(STANDS, SWINGS, 0.0), (SWINGS, STANDS, 1.0)])
def test_a_foot_on_its_heel_or_its_ball_keeps_its_pitch_and_stands_on_that_point(heel, ball, on_ball):
    raised = 0.5 if on_ball == 0 else -0.5
    foot = planted(pitch=raised, heel=heel, ball=ball)
    np.testing.assert_allclose(foot.on_ball, on_ball, atol=1e-9)
    heels, balls = points_of(foot)
    standing, other = (heels, balls) if on_ball == 0 else (balls, heels)
    np.testing.assert_allclose(standing[:, 2], 0, atol=1e-9)
    np.testing.assert_allclose(other[:, 2], np.sin(0.5) * SOLE.length, atol=1e-9)


def test_a_foot_that_lands_on_its_heel_rolls_flat_over_its_heel():
    ball = np.arange(FRAMES) >= 45
    pitch = np.where(ball, 0.0, 0.4)
    foot = planted(pitch=pitch, ball=ball)
    heels, balls = points_of(foot)
    np.testing.assert_allclose(foot.on_ball[[20, 70]], (0, 0.5), atol=1e-6)
    assert 0.1 < foot.on_ball[45] < 0.4
    np.testing.assert_allclose(balls[70:, 2], 0, atol=1e-6)
    np.testing.assert_allclose(np.arcsin((balls - heels)[:30, 2] / SOLE.length), 0.4, atol=1e-6)
    assert np.ptp(heels[:30, :2], axis=0).max() < 1e-6 and np.ptp(heels[60:, :2], axis=0).max() < 1e-3


@pytest.mark.parametrize("by_ball", [False, True])
def test_a_foot_that_turns_on_heel_or_ball_turns_about_that_point(by_ball):
    """It stands flat, swings its other end by 60 degrees, and stands flat again."""
    turning = (np.arange(FRAMES) >= 30) & (np.arange(FRAMES) < 50)
    yaw = 0.3 + np.radians(60) * np.clip((np.arange(FRAMES) - 30) / 20, 0, 1)
    ahead = np.stack((np.cos(yaw), np.sin(yaw), np.zeros(FRAMES)), axis=1)
    pivot = SOLE.ball if by_ball else SOLE.heel
    place = np.array((0.5, -1.0, 0.0)) - (SOLE.flat(yaw) @ pivot)
    stays, goes = STANDS, ~turning
    foot = planted(place, yaw, heel=goes if by_ball else stays, ball=stays if by_ball else goes)
    heels, balls = points_of(foot)
    still, swung = (balls, heels) if by_ball else (heels, balls)
    np.testing.assert_allclose(still[[5, 25, 55, 85]], np.tile((0.5, -1.0, 0), (4, 1)), atol=3e-3)
    expected = still[85] + (-1 if by_ball else 1) * SOLE.length * ahead[85]
    np.testing.assert_allclose(swung[85], expected, atol=3e-3)

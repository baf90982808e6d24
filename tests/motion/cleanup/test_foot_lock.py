from dataclasses import replace

import numpy as np
import pytest

from mpsnet_blender.motion.base.rotations import rotmat_from_rotvec
from mpsnet_blender.motion.base.soles import make_soles, usual_ankle_height
from mpsnet_blender.motion.cleanup.foot_lock import lock_feet
from mpsnet_blender.shared.smpl_skeleton import JOINT
from tests.motion.walkers import disturbed, knee_degrees, slide_millimetres, sole_points, walker


def test_the_made_walker_stands_as_the_tests_take_for_granted():
    assert slide_millimetres(walker()) < 0.01
    assert 3.0 < slide_millimetres(disturbed(walker())) < 20.0


def test_standing_feet_stay_where_they_are_and_on_the_floor():
    before, after = disturbed(walker()), lock_feet(disturbed(walker()))
    print(f"slide {slide_millimetres(before):.2f} -> {slide_millimetres(after):.2f} mm/frame")
    assert slide_millimetres(after) < 0.1 * slide_millimetres(before)
    inside = _well_inside(after.contacts > 0.5)
    heights = sole_points(after)[..., 2][inside]
    assert np.abs(heights).max() < 0.012 and np.abs(heights).mean() < 0.004
    assert sole_points(after)[..., 2].min() > -0.004


def test_a_foot_stands_still_from_its_first_frame_to_its_last_and_lands_without_a_jerk():
    truth, before = walker(), disturbed(walker())
    after = lock_feet(before)
    stands = (after.contacts[1:] > 0.5) & (after.contacts[:-1] > 0.5)
    moved = np.linalg.norm(np.diff(sole_points(after)[..., :2], axis=0), axis=-1)
    assert moved[stands].max() < 0.001
    ankles = [JOINT["left_ankle"], JOINT["right_ankle"]]
    worst, true_worst = (np.linalg.norm(np.diff(body.pose()[1][:, ankles], n=2, axis=0), axis=-1).max()
                         for body in (after, truth))
    assert worst < 1.5 * true_worst


def test_feet_stand_nearer_to_where_they_truly_stood():
    truth, before = walker(), disturbed(walker())
    stands = _well_inside(truth.contacts > 0.5)
    errors = [np.linalg.norm(sole_points(body) - sole_points(truth), axis=-1)[stands].mean()
              for body in (before, lock_feet(before))]
    assert errors[1] < 0.8 * errors[0]


def test_knees_neither_pop_nor_stretch_beyond_what_they_were():
    truth, after = walker(), lock_feet(disturbed(walker()))
    jerk = np.abs(np.diff(knee_degrees(after), n=2, axis=0)).max()
    assert jerk < 1.5 * np.abs(np.diff(knee_degrees(truth), n=2, axis=0)).max()
    assert knee_degrees(after).min() > 2.0
    axis = after.pose()[0][:, JOINT["left_hip"]].swapaxes(1, 2) @ after.pose()[0][:, JOINT["left_knee"]]
    assert (axis[:, 2, 1] > 0).all()  # knees bend to the back of the shin, never the other way


def test_the_pelvis_moves_little_and_smoothly():
    before = disturbed(walker())
    shift = lock_feet(before).transl - before.transl
    assert np.linalg.norm(shift, axis=1).max() < 0.08
    assert np.linalg.norm(np.diff(shift, n=2, axis=0), axis=1).max() < 0.006


def test_strength_goes_from_nothing_to_all():
    body = disturbed(walker())
    none, half, full = (lock_feet(body, strength) for strength in (0.0, 0.5, 1.0))
    assert none is body
    assert slide_millimetres(full) < 0.75 * slide_millimetres(half) < 0.75 * slide_millimetres(body)


def test_what_does_not_stand_is_left_alone():
    body = disturbed(walker())
    flying = replace(body, contacts=np.zeros_like(body.contacts), transl=body.transl + (0, 0, 0.5))
    after = lock_feet(flying)
    np.testing.assert_allclose(after.transl, flying.transl, atol=1e-9)
    np.testing.assert_allclose(after.pose()[1], flying.pose()[1], atol=2e-3)
    upper = [JOINT[name] for name in ("spine1", "neck", "left_elbow", "right_shoulder")]
    np.testing.assert_array_equal(lock_feet(body).rotmats[:, upper], body.rotmats[:, upper])


def test_a_foot_that_rolls_turns_about_its_ball():
    body = walker(60, stride=0.0)
    rolling = body.rotmats[:1].repeat(60, axis=0)
    lift = np.radians(35) * np.clip((np.arange(60) - 20) / 15, 0, 1)
    rolling[:, JOINT["left_ankle"]] = rolling[:, JOINT["left_ankle"]] @ rotmat_from_rotvec(lift[:, None] * (1.0, 0, 0))
    contacts = np.ones((60, 4))
    contacts[20:, 0] = 0.0
    after = lock_feet(replace(body, rotmats=rolling, transl=body.transl[:1].repeat(60, axis=0), contacts=contacts))
    heel, ball = sole_points(after)[:, 0], sole_points(after)[:, 1]
    assert np.linalg.norm(ball - ball[5], axis=1).max() < 0.004
    assert heel[50, 2] > 0.06 and np.abs(heel[:15, 2]).max() < 0.004


@pytest.mark.parametrize(("stays", "goes"), [(1, 0), (0, 1)])
def test_a_foot_turns_about_the_point_that_stands_while_the_other_swings(stays, goes):
    body = walker(90, stride=0.0)
    turning = body.rotmats[:1].repeat(90, axis=0)
    yaw = np.radians(60) * np.clip((np.arange(90) - 30) / 20, 0, 1)
    turning[:, JOINT["left_ankle"]] = turning[:, JOINT["left_ankle"]] @ rotmat_from_rotvec(yaw[:, None] * (0, 1.0, 0))
    contacts = np.ones((90, 4))
    contacts[30:50, goes] = 0.0
    after = lock_feet(replace(body, rotmats=turning, transl=body.transl[:1].repeat(90, axis=0), contacts=contacts))
    points = sole_points(after)[:, :2]
    assert np.ptp(points[:, stays, :2], axis=0).max() < 0.005
    swung = np.linalg.norm(points[70, goes, :2] - points[20, goes, :2])
    assert swung > 0.1
    for stand in (slice(0, 28), slice(53, 90)):
        assert np.ptp(points[stand, goes, :2], axis=0).max() < 0.012
    ahead = [points[frame, 1, :2] - points[frame, 0, :2] for frame in (20, 70)]
    turned = np.degrees(np.angle(complex(*ahead[1]) / complex(*ahead[0])))
    assert abs(abs(turned) - 60) < 10


def test_a_foot_on_a_step_stays_on_the_step():
    body = disturbed(walker(120, stride=0.0))
    after = lock_feet(body.with_pose(body.rotmats, body.transl + (0, 0, 0.30)))
    stands = _well_inside(after.contacts > 0.5)
    assert 0.24 < np.median(sole_points(after)[..., 2][stands]) < 0.36


@pytest.mark.parametrize("frames", [1, 2, 5])
def test_short_motions_pass(frames):
    after = lock_feet(disturbed(walker(frames)))
    assert np.isfinite(after.rotmats).all() and after.transl.shape == (frames, 3)


@pytest.mark.filterwarnings("error")
def test_somebody_who_stands_for_minutes_and_walks_on_is_the_same_walker():
    walk = disturbed(walker())
    stays = np.concatenate([np.zeros(4 * 1800, int), np.arange(len(walk.transl))])       # four minutes on the first frame
    times = np.arange(len(stays)) / 30.0
    after = lock_feet(replace(walk, rotmats=walk.rotmats[stays], transl=walk.transl[stays], contacts=walk.contacts[stays],
                              timestamps=times))
    assert np.isfinite(after.rotmats).all() and np.isfinite(after.transl).all()
    assert np.linalg.norm(after.transl[-60:] - lock_feet(walk).transl[-60:], axis=1).max() < 0.001


def _well_inside(stands: np.ndarray) -> np.ndarray:
    """Return where points stand for three frames before and after too: at the edges a foot rolls over heel or ball."""
    inside = stands.copy()
    for offset in range(1, 4):
        inside[offset:] &= stands[:-offset]
        inside[:-offset] &= stands[offset:]
    return inside


def heel_rise(degrees, stands=1.0):
    """Return a standing body whose left heel rises for 15 frames and stays up; the ball of the foot stands by `stands`."""
    body = walker(60, stride=0.0)
    rising = body.rotmats[:1].repeat(60, axis=0)
    lift = np.radians(degrees) * np.clip((np.arange(60) - 20) / 15, 0, 1)
    rising[:, JOINT["left_ankle"]] = rising[:, JOINT["left_ankle"]] @ rotmat_from_rotvec(lift[:, None] * (1.0, 0, 0))
    contacts = np.ones((60, 4))
    contacts[20:, 0] = 0.0
    contacts[:, 1] = stands
    return replace(body, rotmats=rising, transl=body.transl[:1].repeat(60, axis=0), contacts=contacts)


@pytest.mark.parametrize(("degrees", "bend"), [(20, 20), (35, 35), (65, 50)])
def test_toes_that_stand_bend_up_by_what_the_heel_rises_up_to_50_degrees(degrees, bend):
    after = lock_feet(heel_rise(degrees))
    toes = after.rotmats[50, JOINT["left_foot"]]
    rise = np.degrees(np.arcsin(-(after.pose()[0][50, JOINT["left_ankle"]] @ foot_ahead(after))[2]))
    assert rise == pytest.approx(degrees, abs=3)
    turned = np.degrees(np.arccos((np.trace(toes) - 1) / 2))
    assert turned == pytest.approx(min(rise, 50), abs=0.5) and turned == pytest.approx(bend, abs=3)
    if degrees < 50:
        ahead = after.pose()[0][50, JOINT["left_foot"]] @ foot_ahead(after)
        assert ahead[2] == pytest.approx(0.0, abs=0.01)         # the toes lie on the floor


def test_toes_that_stand_are_turned_flat_however_they_were_turned():
    body = heel_rise(20)
    twisted = body.rotmats.copy()
    twisted[:, JOINT["left_foot"]] = rotmat_from_rotvec(np.array((-0.2, 0.4, 0.3)))
    after, plain = lock_feet(replace(body, rotmats=twisted)), lock_feet(body)
    np.testing.assert_allclose(after.rotmats[50, JOINT["left_foot"]], plain.rotmats[50, JOINT["left_foot"]], atol=1e-6)


def test_toes_that_do_not_stand_stay_as_they_are():
    body = heel_rise(35)
    after = lock_feet(replace(body, contacts=np.zeros((60, 4)), transl=body.transl + (0, 0, 1.0)))
    np.testing.assert_allclose(after.rotmats[:, JOINT["left_foot"]], body.rotmats[:, JOINT["left_foot"]], atol=1e-9)


def foot_ahead(body):
    """Return the vector from heel to ball (3,) of the left foot in the rest pose."""
    return make_soles(body.rest_joints, 0.09)[0].frame[:, 0]


def swinging(sunk=0.0, toes_down=0.0):
    """Return somebody whose feet never stand, so far (m) under the floor, the left toes pointing down by so many radians."""
    body = walker(60, stride=0.0)
    rotmats = body.rotmats[:1].repeat(60, axis=0)
    rotmats[:, JOINT["left_ankle"]] = rotmats[:, JOINT["left_ankle"]] @ rotmat_from_rotvec(np.array((toes_down, 0, 0)))
    return replace(body, rotmats=rotmats, transl=body.transl[:1].repeat(60, axis=0) - (0, 0, sunk), contacts=np.zeros((60, 4)))


def lowest_sole(body):
    """Return the height of the lowest sole point of feet without contacts, whose ankle height is therefore the usual one."""
    return sole_points(body, usual_ankle_height(1.7))[..., 2].min()


def test_feet_under_the_floor_are_lifted_onto_it_by_the_locks_strength():
    before = swinging(sunk=0.065)
    deep = lowest_sole(before)
    assert deep < -0.05
    assert lowest_sole(lock_feet(before)) == pytest.approx(0.0, abs=1e-3)
    assert lowest_sole(lock_feet(before, 0.5)) == pytest.approx(deep / 2, abs=3e-3)


def test_a_foot_whose_ball_alone_is_under_the_floor_is_pitched_about_its_heel():
    before = swinging(sunk=-0.015, toes_down=0.4)
    height = usual_ankle_height(1.7)
    heel, ball = sole_points(before, height)[30, :2]
    assert heel[2] > 0.01 and ball[2] < -0.02
    heel_after, ball_after = sole_points(lock_feet(before), height)[30, :2]
    np.testing.assert_allclose(heel_after, heel, atol=1e-3)
    assert ball_after[2] == pytest.approx(0.0, abs=1e-3)
    np.testing.assert_allclose(ball_after[:2] - heel[:2], (ball[:2] - heel[:2]) * np.linalg.norm(ball_after[:2] - heel[:2])
                               / np.linalg.norm(ball[:2] - heel[:2]), atol=1e-3)       # it points where it pointed

from dataclasses import replace

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from mpsnet_blender.motion.cleanup.balance import (
    angle_from_upright,
    find_balance,
    find_centre_of_mass,
    find_stretched_frames,
    level_body,
)
from mpsnet_blender.motion.cleanup.cleanup import CleanupSettings, clean_motion
from mpsnet_blender.motion.cleanup.motion_quality import measure_motion
from mpsnet_blender.shared.smpl_skeleton import JOINT, generic_rest_joints
from tests.motion.walkers import walker


def test_the_centre_of_mass_of_a_body_with_arms_held_out_lies_in_the_pelvis():
    joints = generic_rest_joints()[None]
    centre = find_centre_of_mass(joints)[0]
    sole = joints[0, JOINT["left_ankle"], 1] - 0.07
    assert 0.56 < (centre[1] - sole) / 1.7 < 0.61        # 0.55 with the arms down (de Leva); the arms are 10 % of the mass
    assert abs(centre[0]) < 1e-3


def test_raised_arms_lift_the_centre_of_mass_by_their_share_of_the_mass():
    joints = generic_rest_joints()[None].copy()
    before = find_centre_of_mass(joints)[0, 1]
    for side in ("left", "right"):
        joints[0, JOINT[f"{side}_elbow"], 1] += 0.5
        joints[0, JOINT[f"{side}_wrist"], 1] += 0.5
        joints[0, JOINT[f"{side}_hand"], 1] += 0.5
    # Forearms and hands rise by 0.5 m, the upper arms' centres by 0.5772 of that.
    assert find_centre_of_mass(joints)[0, 1] - before == pytest.approx(0.5 * 2 * (0.0162 + 0.0061 + 0.5772 * 0.0271), abs=2e-4)


def compute_lean(body):
    """Return the mean lean of a body in degrees, or None."""
    return angle_from_upright(find_balance(body))


def leaning(degrees, axis="x"):
    """Return a walker whose body is turned about the floor under the root in every frame."""
    body = walker(150)
    turned = Rotation.from_euler(axis, degrees, degrees=True).as_matrix()
    rotmats = body.rotmats.copy()
    rotmats[:, 0] = turned @ rotmats[:, 0]
    heights = body.root_path * (0, 0, 1)
    return body.with_pose(rotmats, body.transl - heights + heights @ turned.T)


def test_a_walker_is_in_balance():
    assert compute_lean(walker(150)) < 3


@pytest.mark.parametrize("axis", ("x", "y"))
@pytest.mark.parametrize("degrees", (-20, 14))
def test_a_body_that_leans_is_measured_and_levelled(axis, degrees):
    usual = find_balance(walker(150))
    expected = Rotation.from_euler(axis, degrees, degrees=True).apply(usual)
    body = leaning(degrees, axis)
    np.testing.assert_allclose(find_balance(body), expected, atol=0.03)
    levelled = level_body(body, 1.0)
    assert compute_lean(levelled) < 1.0
    assert compute_lean(level_body(body, 0.5)) == pytest.approx(compute_lean(body) / 2, abs=1.0)
    # The path over the floor stays: the root comes back over the place where it was before it leaned.
    assert np.abs(levelled.root_path - walker(150).root_path)[:, :2].max() < 0.06


def test_nothing_is_levelled_by_nothing_or_where_nobody_stands():
    body = leaning(15)
    assert level_body(body, 0.0) is body
    flying = replace(body, contacts=np.zeros((150, 4)))
    assert compute_lean(flying) is None and level_body(flying, 1.0) is flying


def test_legs_are_stretched_in_standing_and_not_on_a_chair():
    body = walker(10)
    sitting = body.rotmats.copy()
    for side in ("left", "right"):
        sitting[:, JOINT[f"{side}_hip"]] = Rotation.from_euler("x", -90, degrees=True).as_matrix()
        sitting[:, JOINT[f"{side}_knee"]] = Rotation.from_euler("x", 90, degrees=True).as_matrix()
    straight = np.repeat(np.eye(3)[None], 240, axis=0).reshape(10, 24, 3, 3)
    assert find_stretched_frames(body.with_pose(straight, body.transl).pose()[1]).all()
    assert not find_stretched_frames(body.with_pose(sitting, body.transl).pose()[1]).any()
    on_one_leg = straight.copy()
    on_one_leg[:, JOINT["left_knee"]] = Rotation.from_euler("x", 90, degrees=True).as_matrix()
    assert find_stretched_frames(body.with_pose(on_one_leg, body.transl).pose()[1]).all()


def test_a_lean_is_graded_and_level_removes_it_before_feet_are_locked():
    body = leaning(15)
    measured = measure_motion(body)
    assert measured.lean_degrees == pytest.approx(15, abs=3) and measured.lean_degrees > 12 and measured.grade != "green"
    cleaned = clean_motion(body, CleanupSettings(level=1.0))
    assert cleaned.quality.lean_degrees < 3 and cleaned.quality.foot_slide_mm_per_second < 60
    assert clean_motion(body, CleanupSettings()).quality.lean_degrees > 8

"""Where limbs leave a body, how far they may be out of proportion, and where the body faces."""

from dataclasses import replace

import numpy as np
import pytest

from mpsnet_blender.motion.base.rotations import rotmat_from_rotvec
from mpsnet_blender.motion.retarget.body_plan import find_body_plan
from mpsnet_blender.motion.retarget.bone_tree import build_bone_tree
from tests.made_rigs import Build, make_rig, with_bones


def made(has_fingers=False, **build):
    return make_rig(Build(has_fingers=has_fingers, **build))


def plan_of(rig):
    return find_body_plan(build_bone_tree(rig))


def moved(rig, away, *names):
    """Return the rig with bones whose names hold one of these words moved by (3,) metres."""
    which = np.array([any(word in name for word in names) for name in rig.names])
    return replace(rig, heads=rig.heads + which[:, None] * np.array(away), tails=rig.tails + which[:, None] * np.array(away))


# From the hips' joints to the clavicles it is 0.53 m; a leg goes on for 0.14 m to its toes, an arm begins with a clavicle of 0.14
# and goes on for 0.16 m to the last bone of a finger.
@pytest.mark.parametrize(("build", "is_body"), [
    ({"thigh": 0.1, "shin": 0.1}, True), ({"thigh": 0.08, "shin": 0.08}, False),            # 0.65 and 0.57 trunks
    ({"thigh": 0.95, "shin": 0.95}, True), ({"thigh": 1.0, "shin": 1.05}, False),           # 3.9 and 4.1
    ({"upper_arm": 1.25, "has_fingers": True}, True), ({"upper_arm": 1.4, "has_fingers": True}, False),     # 3.4 and 3.7
    ({"arms_down": -38}, True), ({"arms_down": -50}, False), ({"arms_down": 88}, True),
])
def test_limbs_of_a_body_have_their_lengths_and_directions(build, is_body):
    assert (plan_of(made(**build)) is not None) == is_body


ARM = ("upper_arm", "forearm", "hand")


@pytest.mark.parametrize(("shorter", "is_body"), [(0.36, True), (0.46, False)])
def test_arms_are_at_least_half_as_long_as_the_trunk(shorter, is_body):
    rig = made()
    for side, sign in (("left", -1), ("right", 1)):
        share = shorter / 3
        for number, part in enumerate(ARM, start=1):
            rig = moved(rig, (sign * share * number, 0, 0), f"{side}_{part}")
    assert (plan_of(rig) is not None) == is_body


@pytest.mark.parametrize(("aside", "is_body"), [(0.75, True), (1.0, False)])
def test_legs_lie_within_45_degrees_of_straight_down(aside, is_body):
    """From the hips' joints they go down by 0.89 m and ahead by 0.13."""
    rig = made()
    for side, sign in (("left", 1), ("right", -1)):
        rig = moved(rig, (sign * aside, 0, 0), f"{side}_shin", f"{side}_foot", f"{side}_toe")
    assert (plan_of(rig) is not None) == is_body


@pytest.mark.parametrize(("depth", "is_body"), [(0.07, True), (0.15, False)])
def test_feet_end_near_the_lowest_bone(depth, is_body):
    """Within six hundredths of the rig's size, 1.5 m; the toes' bones begin 2 cm over the floor."""
    assert (plan_of(moved(made(), (0, 0, -depth), "root")) is not None) == is_body


@pytest.mark.parametrize(("degrees", "axes"), [(0, 0), (35, 0), (39, 39), (90 - 35, 90), (180, 180), (180 + 35, 180), (-35, 0)])
def test_a_body_stands_along_an_axis_of_its_rig_within_37_degrees_and_else_along_its_trunk(degrees, axes):
    rig = made()
    turn, expected = (rotmat_from_rotvec(np.radians((angle, 0.0, 0.0))) for angle in (degrees, axes))
    plan = plan_of(replace(rig, heads=rig.heads @ turn.T, tails=rig.tails @ turn.T))
    np.testing.assert_allclose(plan.up, expected[:, 2], atol=1e-9)
    np.testing.assert_allclose(plan.forward, -expected[:, 1], atol=1e-9)


def test_shoulders_ahead_of_the_hips_leave_a_body_upright():
    ahead = moved(made(), (0, -0.53 * np.tan(np.radians(35)), 0), "clavicle", "arm", "hand", "neck", "head")
    np.testing.assert_allclose(plan_of(ahead).up, (0, 0, 1), atol=1e-9)


@pytest.mark.parametrize(("has_toes", "turned"), [(True, False), (False, False), (True, True), (False, True)])
def test_a_body_faces_where_its_feet_point_and_has_its_left_there(has_toes, turned):
    """Without toes the last bone of the leg gives it; if the body is turned around, the bones named left are on the right."""
    rig = made(has_toes=has_toes)
    if turned:
        feet = np.array(["foot" in name or "toe" in name for name in rig.names])
        ankles = np.array([rig.heads[rig.index[f"{name.split('_')[0]}_foot"]] if foot else head
                           for name, head, foot in zip(rig.names, rig.heads, feet)])
        flip = np.where(feet[:, None], (1, -1, 1), (1, 1, 1))
        rig = replace(rig, heads=ankles + (rig.heads - ankles) * flip, tails=ankles + (rig.tails - ankles) * flip)
    plan = plan_of(rig)
    np.testing.assert_allclose(plan.forward, (0, 1 if turned else -1, 0))
    first = [rig.names[limb.first[-1]].split("_")[0] for limb in (plan.legs, plan.arms)]
    assert first == (["right", "right"] if turned else ["left", "left"])


def test_of_two_pairs_of_arms_the_one_with_hands_counts():
    """Wings longer than the arms, which branch off beside them: they have feathers of one bone each, and no fingers."""
    rig = make_rig(Build())
    for side, sign in (("left", 1), ("right", -1)):
        wing = [(f"{side}_wing{number}", f"{side}_wing{number - 1}" if number else "spine3", (sign * 0.3, 0.03, 0))
                for number in range(4)]
        feathers = [(f"{side}_feather{number}", f"{side}_wing2", (sign * 0.02, 0.05 * number, 0.1)) for number in range(3)]
        rig = with_bones(rig, *wing, *feathers)
    plan = plan_of(rig)
    assert "left_hand" in [rig.names[bone] for bone in plan.arms.first]
    without_hands = replace(rig, is_deforming=np.array([not name[-1].isdigit() or "_wing" in name or "spine" in name
                                                        for name in rig.names]))
    assert "left_wing3" in [rig.names[build_bone_tree(without_hands).bones[bone]]
                            for bone in plan_of(without_hands).arms.first]

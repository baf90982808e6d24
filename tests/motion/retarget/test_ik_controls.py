"""IK controls of a posed rig: they go with hand and foot, and poles lie where the limb bends to."""

from dataclasses import replace

import numpy as np
import pytest

from mpsnet_blender.motion.base.quaternions import turn
from mpsnet_blender.motion.base.rotations import quat_from_rotmat, quat_from_rotvec, rotmat_from_quat, rotmat_from_rotvec
from mpsnet_blender.motion.retarget.bone_mapping import map_bones
from mpsnet_blender.motion.retarget.ik_controls import place_controls, pose_controls
from mpsnet_blender.motion.retarget.posing import Posing
from tests.made_rigs import Build, make_rig

CONTROLS = {"left_hand": "hand_ik", "left_foot": "foot_ik", "left_upper_arm": "elbow_pole", "left_thigh": "knee_pole"}
AWAY = np.array((0.04, -0.03, 0.02))        # of the controls of hand and foot from their joints, metres
MOVED, ROOT_MOVED = np.array((0.5, -1.0, 0.1)), np.array((0.3, 0.0, 0.0))        # how far body and root go
ARM, LEG = 0.28 + 0.26, 0.42 + 0.41         # lengths of made rigs' limbs, metres


def rig_with_controls(build, seed=None):
    """Return a rig with IK controls of the left limbs beside its joints, children of the root, and its bone map."""
    rig = make_rig(build, seed=seed)
    bone_map = map_bones(rig).bone_map
    heads = np.array([rig.heads[rig.index[bone_map[slot]]] + AWAY for slot in CONTROLS])
    more = np.ones(len(CONTROLS), bool)
    rotmats = rotmat_from_rotvec(np.random.default_rng(9).normal(size=(len(CONTROLS), 3)))
    return replace(
        rig, names=(*rig.names, *CONTROLS.values()), parents=np.append(rig.parents, [rig.index["root"]] * len(CONTROLS)),
        heads=np.concatenate((rig.heads, heads)), tails=np.concatenate((rig.tails, heads + (0, 0, 0.1))),
        rotmats=np.concatenate((rig.rotmats, rotmats)), is_deforming=np.append(rig.is_deforming, ~more),
        inherits_rotation=np.append(rig.inherits_rotation, more), moves_locally=np.append(rig.moves_locally, more)), bone_map


def posed(rig, bone_map, turns):
    """Return the rig over two frames: at rest, then with its limbs' bones turned in the world by rotation vectors."""
    wanted = {}
    for slot in ("hips", *(slot for slot in bone_map if slot.split("_")[0] == "left" and not slot[-1].isdigit())):
        bone = rig.index[bone_map[slot]]
        world = rotmat_from_rotvec(np.array(((0, 0, 0), turns.get(slot, (0, 0, 0))), float))
        wanted[bone] = quat_from_rotmat(world @ rig.rotmats[bone])
    return Posing(rig, wanted)


def moved(rig, bone):
    """Return how far the moves take a bone: the controls hang on the root, which goes only a part of the way."""
    return ROOT_MOVED if rig.names[bone] in CONTROLS.values() else MOVED


def places_of(posing, bone_map):
    """Return where (T, 3) the controls come to lie, by their names."""
    rig = posing.rig
    going = place_controls(posing, bone_map, CONTROLS, lambda bone: moved(rig, bone))
    return {name: posing.head(rig.index[name]) + moved(rig, rig.index[name]) + going[rig.index[name]]
            for name in CONTROLS.values()}


@pytest.mark.parametrize(("slot", "control"), [("left_hand", "hand_ik"), ("left_foot", "foot_ik")])
def test_a_control_goes_and_turns_with_its_hand_or_foot_as_if_fixed_to_it(slot, control):
    rig, bone_map = rig_with_controls(Build(), seed=3)
    rotvec = np.array((0.4, -0.7, 1.1))
    posing = posed(rig, bone_map, {slot: rotvec, "left_forearm": (0, 0, 0.5), "left_shin": (0.6, 0, 0)})
    turned = rotmat_from_quat(pose_controls(posing, bone_map, CONTROLS)[rig.index[control]])
    rest = rig.rotmats[rig.index[control]]
    np.testing.assert_allclose(turned, (rest, rotmat_from_rotvec(rotvec) @ rest), atol=1e-9)
    joint = posing.head(rig.index[bone_map[slot]]) + MOVED
    np.testing.assert_allclose(places_of(posing, bone_map)[control], joint + (AWAY, turn(quat_from_rotvec(rotvec), AWAY)),
                               atol=1e-9)


def test_poles_are_not_turned():
    rig, bone_map = rig_with_controls(Build())
    assert set(pose_controls(posed(rig, bone_map, {}), bone_map, CONTROLS)) == {rig.index["hand_ik"], rig.index["foot_ik"]}


def test_the_pole_of_a_straight_limb_lies_behind_the_elbow_and_before_the_knee():
    rig, bone_map = rig_with_controls(Build(), seed=3)
    quarter = (0, 0, np.pi / 2)
    posing = posed(rig, bone_map, {"left_upper_arm": quarter, "left_forearm": quarter, "left_shin": quarter})   # the shin twists
    places = places_of(posing, bone_map)
    elbow, shoulder = (rig.heads[rig.index[bone_map[f"left_{part}"]]] for part in ("forearm", "upper_arm"))
    knee = rig.heads[rig.index[bone_map["left_shin"]]]
    np.testing.assert_allclose(places["knee_pole"], np.tile(knee + MOVED - (0, 0.8 * LEG, 0), (2, 1)), atol=1e-9)
    # The second time the arm points back, turned about the vertical by a right angle: its elbow points to the right then.
    turned = shoulder + MOVED + (-0.8 * ARM, 0.28, 0)
    np.testing.assert_allclose(places["elbow_pole"], (elbow + MOVED + (0, 0.8 * ARM, 0), turned), atol=1e-9)


def test_the_pole_of_a_bent_limb_lies_in_its_plane_whatever_the_side():
    rig, bone_map = rig_with_controls(Build(upper_arm=0.26))
    up, down = ((0, sign * np.radians(60), 0) for sign in (-1, 1))       # the forearm raised or lowered
    for forearm, sign in ((up, -1), (down, 1)):
        posing = posed(rig, bone_map, {"left_forearm": forearm})
        elbow = rig.heads[rig.index[bone_map["left_forearm"]]] + MOVED
        # Two bones of one length at 60 degrees: the bend's middle lies 30 degrees off each.
        expected = elbow + 0.8 * 0.52 * np.array((np.sin(np.radians(30)), 0, sign * np.cos(np.radians(30))))
        np.testing.assert_allclose(places_of(posing, bone_map)["elbow_pole"][1], expected, atol=1e-9)


def test_the_less_a_limb_is_bent_the_more_its_pole_lies_where_elbows_point():
    """Off the line by half of three hundredths of its length, a forearm raised counts as much as the elbow's usual way."""
    rig, bone_map = rig_with_controls(Build(upper_arm=0.26))
    angle = 2 * np.arcsin(0.015 * 0.52 / 0.26)
    place = places_of(posed(rig, bone_map, {"left_forearm": (0, -angle, 0)}), bone_map)["elbow_pole"][1]
    away = place - rig.heads[rig.index[bone_map["left_forearm"]]] - MOVED
    across = np.array((np.sin(angle / 2), 0, -np.cos(angle / 2)))
    expected = (across + (0, 1, 0)) / np.sqrt(2)
    np.testing.assert_allclose(away / (0.8 * 0.52), expected, atol=2e-3)

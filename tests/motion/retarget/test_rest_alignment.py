"""How rest poses correspond where feet are steep, hands have no mapped fingers, or thighs begin at one place."""

from dataclasses import replace

import numpy as np
import pytest

from mpsnet_blender.motion.base.rotations import rotmat_from_rotvec, rotvec_from_quat
from mpsnet_blender.motion.retarget.bone_mapping import map_bones
from mpsnet_blender.motion.retarget.rest_alignment import align_rest_poses, compute_body_axes
from tests.made_rigs import Build, make_rig

PLAIN = make_rig(Build())
MAP = map_bones(PLAIN).bone_map


def placed(heads, rig=PLAIN):
    """Return a rig with the heads of some bones at other places."""
    moved = rig.heads.copy()
    for name, place in heads.items():
        moved[rig.index[name]] = place
    return replace(rig, heads=moved)


def degrees_of(target, slot, bone_map=MAP, source=PLAIN):
    return np.degrees(rotvec_from_quat(align_rest_poses(source, bone_map, target, bone_map)[slot]))


def with_foot(out_degrees, steep_degrees, side="left"):
    """Return a rig one of whose feet points outwards, and down, by so much."""
    out, steep = np.radians(out_degrees), np.radians(steep_degrees)
    way = np.array((np.sin(out) * np.cos(steep), -np.cos(out) * np.cos(steep), -np.sin(steep)))
    return placed({f"{side}_toe": PLAIN.heads[PLAIN.index[f"{side}_foot"]] + 0.14 * way})


@pytest.mark.parametrize(("out", "steep", "turned"), [(20, 25, -20), (-20, 25, 20), (150, 25, -150), (20, 70, -20), (20, 75, 0)])
def test_a_foot_is_turned_to_the_sources_heading_where_it_is_less_steep_than_73_degrees(out, steep, turned):
    """To its left, which is that of the body, it points for positive degrees: about the vertical it goes back."""
    for slot in ("left_foot", "left_toe"):
        np.testing.assert_allclose(degrees_of(with_foot(out, steep), slot), (0, 0, turned), atol=1e-6)
    np.testing.assert_allclose(degrees_of(with_foot(out, steep), "right_foot"), 0, atol=1e-6)
    back = degrees_of(PLAIN, "left_foot", source=with_foot(out, steep))
    np.testing.assert_allclose(back, (0, 0, -turned), atol=1e-6)


def test_feet_without_toes_are_left_to_the_bodies_axes():
    without = {slot: bone for slot, bone in MAP.items() if "toe" not in slot}
    np.testing.assert_allclose(degrees_of(with_foot(20, 25), "left_foot", without), 0, atol=1e-9)


@pytest.mark.parametrize("mapped", ["middle1", "index1", "ring1", None])
def test_a_hand_points_to_its_middle_finger_or_to_what_hangs_on_it(mapped):
    """The left hand's bones hang 30 degrees lower than the forearm; about the axis to the back that is a turn down."""
    wrist = PLAIN.heads[PLAIN.index["left_hand"]]
    turn = rotmat_from_rotvec(np.radians((0.0, 30.0, 0.0)))
    fingers = [bone for bone in PLAIN.names if bone.startswith("left_") and bone[-1].isdigit()]
    bent = placed({bone: wrist + turn @ (PLAIN.heads[PLAIN.index[bone]] - wrist) for bone in fingers})
    bone_map = {slot: bone for slot, bone in MAP.items() if bone not in fingers or slot == f"left_{mapped}"}
    found = degrees_of(bent, "left_hand", bone_map)
    # Fingers do not lie right ahead of the wrist.
    assert found[1] == pytest.approx(-30, abs=2.5) and np.abs(found[[0, 2]]).max() < 9
    np.testing.assert_allclose(degrees_of(bent, "left_forearm", bone_map), 0, atol=1e-6)


def test_a_finger_goes_on_from_how_its_hand_rests():
    """With the whole arm lowered, fingers are as straight as before: they are raised with it."""
    lowered = make_rig(Build(arms_down=45))
    for slot in ("left_hand", "left_index1", "left_little2", "left_little3"):
        np.testing.assert_allclose(degrees_of(lowered, slot), (0, -45, 0), atol=1e-6)
    for slot in ("right_hand", "right_index1", "right_little2"):
        np.testing.assert_allclose(degrees_of(lowered, slot), (0, 45, 0), atol=1e-6)


@pytest.mark.parametrize(("knee", "shin"), [(0, 0), (30, -30)])
def test_a_shin_that_rests_bent_is_straightened_and_its_thigh_is_not(knee, shin):
    bent = make_rig(Build(knee=knee))
    np.testing.assert_allclose(degrees_of(bent, "left_thigh"), 0, atol=1e-6)
    np.testing.assert_allclose(degrees_of(bent, "left_shin"), (shin, 0, 0), atol=1e-6)


def test_legs_that_begin_at_one_place_leave_left_to_the_rigs_axes():
    middle = PLAIN.heads[PLAIN.index["left_thigh"]] * (0, 1, 1)
    one = placed({"left_thigh": middle, "right_thigh": middle})
    np.testing.assert_allclose(compute_body_axes(one, MAP), np.eye(3), atol=1e-9)


@pytest.mark.parametrize(("lean", "leans"), [(0.30, False), (0.45, True)])
def test_a_trunk_that_leans_by_more_than_37_degrees_is_the_bodys_upward_axis(lean, leans):
    """From the hips' joints to the upper arms it goes up by 0.54 m."""
    arms = {f"{side}_upper_arm": PLAIN.heads[PLAIN.index[f"{side}_upper_arm"]] * (1, 0, 1) - (0, lean, 0)
            for side in ("left", "right")}
    up = compute_body_axes(placed(arms), MAP)[:, 2]
    expected = np.array((0, -lean, 0.54)) / np.hypot(lean, 0.54) if leans else (0, 0, 1)
    np.testing.assert_allclose(up, expected, atol=1e-9)


@pytest.mark.parametrize(("aside", "turns"), [(0.03, False), (0.045, True)])
def test_hips_that_are_turned_by_more_than_11_degrees_are_the_bodys_left(aside, turns):
    left = PLAIN.heads[PLAIN.index["left_thigh"]] + (0, aside, 0)
    axis = compute_body_axes(placed({"left_thigh": left}), MAP)[:, 0]
    np.testing.assert_allclose(axis, np.array((0.18, aside, 0)) / np.hypot(0.18, aside) if turns else (1, 0, 0), atol=1e-9)

from dataclasses import replace

import numpy as np
import pytest

from mpsnet_blender.motion.base.quaternions import turn
from mpsnet_blender.motion.base.rotations import quat_from_rotmat, quat_from_rotvec, rotmat_from_quat
from mpsnet_blender.motion.retarget import limb_correction
from mpsnet_blender.motion.retarget.bone_mapping import map_bones
from mpsnet_blender.motion.retarget.fingers.relaxed import relax_fingers
from mpsnet_blender.motion.retarget.limb_correction import fade_corrections, find_bend_hints
from mpsnet_blender.motion.retarget.mapped_rigs import Character
from mpsnet_blender.motion.retarget.posing import Posing
from mpsnet_blender.motion.retarget.twist_sharing import share_twists
from tests.made_rigs import Build, make_rig


def stand(start, end, count=40):
    mask = np.zeros(count, bool)
    mask[start:end] = True
    return mask


def test_a_standing_foot_goes_to_its_height_and_stops_wandering_but_keeps_its_mean_place():
    wanted = np.zeros((40, 3))
    ankle = wanted + (0.3, -0.2, 0.05)
    ankle[10:20, 0] += np.linspace(-0.1, 0.1, 10)
    moved = ankle + fade_corrections(ankle, wanted, stand(10, 20))
    np.testing.assert_allclose(moved[10:20], np.tile((0.3, -0.2, 0.0), (10, 1)), atol=1e-12)


def test_around_a_stand_the_correction_fades_over_six_frames():
    wanted, ankle = np.zeros((40, 3)), np.tile((0.0, 0.0, 0.07), (40, 1))
    correction = -fade_corrections(ankle, wanted, stand(15, 20))[:, 2] / 0.07
    share = np.arange(6, 0, -1) / 7
    ease = 3 * share ** 2 - 2 * share ** 3
    np.testing.assert_allclose(correction[20:26], ease, atol=1e-12)
    np.testing.assert_allclose(correction[9:15], ease[::-1], atol=1e-12)
    assert not correction[:9].any() and not correction[26:].any()


def test_between_stands_near_to_one_another_corrections_mix_and_do_not_add_up():
    wanted, ankle = np.zeros((40, 3)), np.tile((0.0, 0.0, 0.07), (40, 1))
    correction = -fade_corrections(ankle, wanted, stand(5, 15) | stand(17, 30))[:, 2] / 0.07
    np.testing.assert_allclose(correction[15:17], 1.0, atol=1e-12)


@pytest.mark.parametrize(("slot", "way"), [("left_thigh", (0, -1, 0)), ("right_upper_arm", (0, 1, 0))])
def test_knees_bend_to_the_front_and_elbows_to_the_back_as_the_limb_has_turned(slot, way):
    rig = make_rig(Build(), seed=5)
    bone_map = map_bones(rig).bone_map
    bone = rig.index[bone_map[slot]]
    world = quat_from_rotvec(np.array(((0, 0, 0), (0, 0, np.pi / 2))))
    posing = Posing(rig, {bone: quat_from_rotmat(rotmat_from_quat(world) @ rig.rotmats[bone])})
    hints = find_bend_hints(posing, bone_map, slot, bone)
    np.testing.assert_allclose(hints, (way, (-way[1], way[0], 0)), atol=1e-9)


def degrees_of(quats):
    return np.degrees(2 * np.arccos(np.clip(np.abs(quats[0, 0]), 0, 1)))


def test_fingers_at_ease_curl_from_the_index_to_the_little_one_about_the_axis_across_the_palm():
    rig = make_rig(Build(), seed=1)
    bone_map = map_bones(rig).bone_map
    found = relax_fingers(Character(rig, bone_map), {})
    for finger, curl in (("index", (18, 22, 12)), ("middle", (22, 26, 14)), ("ring", (25, 28, 15)), ("little", (28, 28, 16))):
        curls = [degrees_of(found[f"left_{finger}{place}"]) for place in (1, 2, 3)]
        np.testing.assert_allclose(curls, curl, atol=1e-6)
    assert not any("thumb" in name for name in found) and len(found) == 24
    # Straight fingers point to the left with the palm down: their first bones go down by so much.
    for side, sign in (("left", 1.0), ("right", -1.0)):
        bone = rig.index[f"{side}_index1"]
        pointing = rig.rotmats[bone] @ turn(found[f"{side}_index1"], rig.rotmats[bone].T @ (sign, 0, 0))[0]
        np.testing.assert_allclose(pointing, (sign * np.cos(np.radians(18)), 0, -np.sin(np.radians(18))), atol=0.005)


def test_fingers_that_the_source_moves_are_left_alone():
    rig = make_rig(Build())
    bone_map = map_bones(rig).bone_map
    found = relax_fingers(Character(rig, bone_map), {"left_ring1": "x", "right_thumb1": "x"})
    assert {name.split("_")[0] for name in found} == {"right"} and len(found) == 12


def test_a_finger_that_rests_bent_already_is_bent_by_what_is_missing():
    rig = make_rig(Build())
    bone_map = map_bones(rig).bone_map
    second, third = (rig.index[f"left_index{place}"] for place in (2, 3))
    heads, tails = rig.heads.copy(), rig.tails.copy()
    length = np.linalg.norm(heads[third] - heads[second])
    bent = np.radians(10)
    heads[third] = heads[second] + length * np.array((np.cos(bent), 0, -np.sin(bent)))
    steeper = np.radians(40)
    tails[third] = heads[third] + 0.02 * np.array((np.cos(steeper), 0, -np.sin(steeper)))
    found = relax_fingers(Character(replace(rig, heads=heads, tails=tails), bone_map), {})
    curls = [degrees_of(found[f"left_index{place}"]) if f"left_index{place}" in found else 0 for place in (1, 2, 3)]
    np.testing.assert_allclose(curls, (18, 12, 0), atol=0.01)


@pytest.mark.parametrize("degrees", [60, -60])
def test_a_twist_bone_takes_half_of_the_hands_turn_about_the_forearm_and_none_of_its_bend(degrees):
    rig = make_rig(Build(helpers=True), seed=4)
    bone_map = {**map_bones(rig).bone_map, "left_forearm_twist": "left_forearm_twist"}
    forearm, hand, twist = (rig.index[f"left_{part}"] for part in ("forearm", "hand", "forearm_twist"))
    along = rig.heads[hand] - rig.heads[forearm]
    along = along / np.linalg.norm(along)
    bend = rotmat_from_quat(quat_from_rotvec(np.array((0, 0.4, 0))))            # square to a forearm along x
    turned = bend @ rotmat_from_quat(quat_from_rotvec(np.radians(degrees) * along))
    wanted = {forearm: quat_from_rotmat(rig.rotmats[forearm])[None], hand: quat_from_rotmat(turned @ rig.rotmats[hand])[None]}
    found = rotmat_from_quat(share_twists(rig, bone_map, wanted)[twist])[0] @ rig.rotmats[twist].T
    np.testing.assert_allclose(found, rotmat_from_quat(quat_from_rotvec(np.radians(degrees / 2) * along)), atol=1e-6)


@pytest.mark.parametrize(("share", "degrees"), [(0.002, 0.9), (0.01, 0.9), (0.015, 0.9 * 6), (0.02, 0.9 * 11), (0.06, 40.0)])
def test_the_smaller_a_feet_correction_the_less_bones_turn(share, degrees):
    """By nine tenths of a degree up to a hundredth of the leg, by ten times as much for each further one; no more than asked."""
    turns = [quat_from_rotvec(np.radians(((angle, 0.0, 0.0),))) for angle in (40.0, -20.0)]
    first, second = limb_correction._limit_turns(turns, np.array(((0.0, share * 0.8, 0.0),)), np.array((0.8,)))
    assert degrees_of(first) == pytest.approx(degrees, abs=1e-6) and first[0, 1] > 0
    assert degrees_of(second) == pytest.approx(degrees / 2, abs=1e-6) and second[0, 1] < 0


def test_a_hand_held_askew_curls_its_fingers_across_the_hand():
    """Knuckles that lie at an angle to the hand, from the index to the little finger: the fingers bend square to the hand."""
    rig = make_rig(Build())
    bone_map = map_bones(rig).bone_map
    heads, tails = rig.heads.copy(), rig.tails.copy()
    for number, finger in enumerate(("index", "middle", "ring", "little")):
        for bone in (rig.index[f"left_{finger}{place}"] for place in (1, 2, 3)):
            heads[bone, 0] += 0.02 * (1.5 - number)
            tails[bone, 0] += 0.02 * (1.5 - number)
    found = relax_fingers(Character(replace(rig, heads=heads, tails=tails), bone_map), {})
    knuckles = np.mean([heads[rig.index[f"left_{finger}1"]] for finger in ("index", "middle", "ring", "little")], axis=0)
    along = knuckles - heads[rig.index["left_hand"]]
    axis = found["left_index1"][0, 1:] / np.linalg.norm(found["left_index1"][0, 1:])
    assert abs(axis @ along) < 1e-9 and axis[1] > 0.99 and degrees_of(found["left_index1"]) == pytest.approx(18)


@pytest.mark.parametrize(("side", "sign"), [("left", 1.0), ("right", -1.0)])
def test_a_hand_of_one_finger_curls_it_about_the_axis_to_the_bodys_back(side, sign):
    rig = make_rig(Build())
    bone_map = {slot: bone for slot, bone in map_bones(rig).bone_map.items()
                if not slot.startswith(side) or not slot[-1].isdigit() or "index" in slot}
    found = relax_fingers(Character(rig, bone_map), {})[f"{side}_index1"]
    pointing = turn(found, np.array((sign, 0, 0)))[0]
    assert pointing[2] == pytest.approx(-np.sin(np.radians(18)), abs=0.03) and sign * pointing[0] > 0.9


@pytest.mark.parametrize("slot", ["left_hand", "left_middle1"])
def test_fingers_that_begin_in_one_place_curl_towards_the_palm(slot):
    """As in simple rigs: in the wrist, or in the middle of the palm. The axis is then the body's, or told by the thumb."""
    rig = make_rig(Build())
    heads = rig.heads.copy()
    for finger in ("index", "middle", "ring", "little"):
        heads[rig.index[f"left_{finger}1"]] = rig.heads[rig.index[slot]]
    found = relax_fingers(Character(replace(rig, heads=heads), map_bones(make_rig(Build())).bone_map), {})
    pointing = turn(found["left_middle1"], np.array((1, 0, 0)))[0]
    assert degrees_of(found["left_middle1"]) == pytest.approx(22, abs=0.01)
    assert pointing[2] == pytest.approx(-np.sin(np.radians(22)), abs=0.05) and pointing[0] > 0.9


def test_a_finger_bent_aside_at_rest_counts_as_straight():
    """A bend about the axis to the back of the hand is no curl."""
    rig = make_rig(Build())
    heads, tails = rig.heads.copy(), rig.tails.copy()
    second, third = (rig.index[f"left_index{place}"] for place in (2, 3))
    heads[third] = heads[second] + 0.03 * np.array((np.cos(0.4), -np.sin(0.4), 0))
    tails[third] = heads[third] + 0.02 * np.array((np.cos(0.8), -np.sin(0.8), 0))
    found = relax_fingers(Character(replace(rig, heads=heads, tails=tails), map_bones(rig).bone_map), {})
    curls = [degrees_of(found[f"left_index{place}"]) for place in (1, 2, 3)]
    np.testing.assert_allclose(curls, (18, 22, 12), atol=0.01)


def test_a_hand_of_which_a_finger_is_not_whole_curls_the_others():
    rig = make_rig(Build())
    bone_map = {slot: bone for slot, bone in map_bones(rig).bone_map.items() if slot != "left_ring3"}
    found = relax_fingers(Character(rig, bone_map), {})
    assert "left_ring1" not in found and "left_little3" in found and "right_ring1" in found

"""The words of bone maps, which must not change, because users' files contain them."""

import pytest

from mpsnet_blender.shared.bone_slots import FINGERS, LIMB_END, MAIN, NEEDED, SLOTS, SPINE, chain, find_side, label


def test_a_body_has_these_places_for_bones():
    assert len(SLOTS) == len(set(SLOTS)) == 12 + 8 + 2 + 8 + 30
    assert SLOTS[:11] == ("root", "hips", "spine1", "spine2", "spine3", "spine4", "spine5", "spine6", "neck1", "neck2", "neck3")
    assert {"head", "left_clavicle", "right_hand", "left_forearm_twist", "right_toe"} <= set(SLOTS)
    assert FINGERS[:4] == ("thumb1", "thumb2", "thumb3", "index1") and FINGERS[-1] == "little3" and len(FINGERS) == 15


def test_what_a_body_must_have_is_a_part_of_what_a_good_map_has():
    assert set(NEEDED) < set(MAIN) < set(SLOTS)
    assert set(NEEDED) == {"hips", "left_upper_arm", "left_forearm", "left_thigh", "left_shin", "right_upper_arm",
                           "right_forearm", "right_thigh", "right_shin"}
    assert len(MAIN) == 4 + 8 + 8


@pytest.mark.parametrize(("slot", "end"), [("left_upper_arm", "left_forearm"), ("right_forearm", "right_hand"),
                                           ("left_thigh", "left_shin"), ("right_shin", "right_foot"), ("left_foot", "left_toe")])
def test_a_limb_ends_at_the_next_bone_of_its_side(slot, end):
    assert LIMB_END[slot] == end and len(LIMB_END) == 10


def test_a_chain_is_what_is_mapped_of_it_from_the_hips_outwards():
    assert chain({"spine3": "Chest", "hips": "Hips", "spine1": "Spine"}, SPINE) == ["spine1", "spine3"]


@pytest.mark.parametrize(("slot", "side", "words"), [("left_upper_arm", "left", "Left Upper Arm"), ("spine1", "", "Spine 1"),
                                                     ("right_index2", "right", "Right Index 2"), ("head", "", "Head")])
def test_a_slot_has_a_side_and_a_name_for_people(slot, side, words):
    assert find_side(slot) == side and label(slot) == words

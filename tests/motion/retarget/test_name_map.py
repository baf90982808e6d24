"""Bones found by their names: prefixes, copies, chains in any order, and names that contradict the hierarchy."""

from dataclasses import replace

import numpy as np
import pytest

from mpsnet_blender.motion.bone_maps import FAMILIES, find_ik_controls, find_switches
from mpsnet_blender.motion.retarget.bone_mapping import map_bones
from mpsnet_blender.motion.retarget.name_map import map_by_names
from mpsnet_blender.shared.bone_slots import MAIN, NEEDED
from tests.made_rigs import Build, family_names, make_bones, make_rig

MIXAMO = next(family for family in FAMILIES if family.title == "Mixamo")
PLAIN = Build()
NAMES = family_names(MIXAMO, make_bones(PLAIN))


def named_rig(build=PLAIN, change=str, **other):
    """Return a rig with Mixamo's names, changed, but for those slots that are given other ones."""
    names = {slot: change(name) for slot, name in family_names(MIXAMO, make_bones(build)).items()} | other
    return make_rig(build, lambda slot: names.get(slot, f"other {slot}"))


def with_props(rig, *names):
    """Return the rig with more bones that hang on its first bone."""
    count = len(names)
    more = {name: np.append(getattr(rig, name), np.ones(count, bool))
            for name in ("is_deforming", "inherits_rotation", "moves_locally")}
    away = np.tile((5.0, 0, 0), (count, 1))
    return replace(rig, names=(*rig.names, *names), parents=np.append(rig.parents, [0] * count),
                   heads=np.concatenate((rig.heads, away)), tails=np.concatenate((rig.tails, away + 0.1)),
                   rotmats=np.concatenate((rig.rotmats, np.tile(np.eye(3), (count, 1, 1)))), **more)


@pytest.mark.parametrize(("share", "understood"), [(0.35, True), (0.45, False)])
def test_a_prefix_is_one_where_six_tenths_of_the_bones_have_it(share, understood):
    rig = named_rig(change=lambda name: f"Knight{name}")
    props = round(len(rig.names) * share / (1 - share))
    found = map_by_names(with_props(rig, *(f"{'Apron' if number % 2 else 'Zip'} {number}" for number in range(props))))[1]
    assert all(found.get(slot) == f"Knight{NAMES[slot]}" for slot in MAIN) == understood


def test_a_full_name_has_priority_over_its_copies():
    rig = with_props(named_rig(hips="Hips.001"), "Hips")
    assert map_by_names(rig)[1]["hips"] == "Hips"
    assert map_by_names(named_rig(hips="Hips.001"))[1]["hips"] == "Hips.001"


def test_a_bone_whose_name_is_its_prefix_alone_is_nothing():
    """All bones but the hips begin with "Hips": without it the hips have no name left."""
    rig = named_rig(change=lambda name: name if name == "Hips" else f"Hips{name}")
    found = map_by_names(rig)[1]
    assert found["left_forearm"] == "HipsLeftForeArm" and "" not in found


@pytest.mark.parametrize(("exchanged", "lost"), [
    (("left_forearm", "left_hand"), {"left_forearm", "left_hand"}),
    (("right_thigh", "right_shin"), {"right_thigh", "right_shin"}),
])
def test_names_that_contradict_the_hierarchy_are_not_believed(exchanged, lost):
    first, second = exchanged
    found = map_by_names(named_rig(**{first: NAMES[second], second: NAMES[first]}))[1]
    whole = map_by_names(named_rig())[1]
    assert whole.keys() - found.keys() == lost
    assert all(found[slot] == bone for slot, bone in whole.items() if slot not in lost)


@pytest.mark.parametrize("side", ["left", "right"])
def test_a_neck_that_carries_but_one_arm_is_spine_too(side):
    rig = named_rig()
    parents = rig.parents.copy()
    parents[rig.index[NAMES[f"{side}_clavicle"]]] = rig.index["Neck"]
    found = map_by_names(replace(rig, parents=parents))[1]
    assert found["spine4"] == "Neck" and "neck1" not in found


def test_bones_between_the_hips_and_both_arms_are_spine_whatever_their_names():
    def spine_of(rig):
        return [bone for slot, bone in map_by_names(rig)[1].items() if slot.startswith("spine")]

    rigs = {count: named_rig(Build(spine=count), **{f"spine{number}": f"x{number}" for number in range(3, 8)})
            for count in (5, 6, 7)}
    assert spine_of(rigs[5]) == ["Spine", "Spine1", "x3", "x4", "x5"]
    assert spine_of(replace(rigs[5], is_deforming=np.array([name != "x4" for name in rigs[5].names]))) == [
        "Spine", "Spine1", "x3", "x5"]
    assert spine_of(rigs[6])[-1] == "x6" and spine_of(rigs[7]) == ["Spine", "Spine1"]        # seven are too many


def test_so_many_main_slots_make_names_trusted():
    """Twelve of the twenty suffice. The other bones' names are unknown."""
    for count, found_by in ((12, "Mixamo and structure"), (11, "structure")):
        unknown = [slot for slot in NAMES if slot not in MAIN[-count:]]
        mapping = map_bones(named_rig(**{slot: f"x{number}" for number, slot in enumerate(unknown)}))
        assert mapping.found_by == found_by
        assert mapping.unmapped == () and mapping.missing_slots == ()


def test_where_no_arm_is_named_the_spine_is_completed_by_structure():
    odd = {slot: f"x {slot}" for slot in NAMES if slot.endswith(("clavicle", "arm", "hand", "spine2"))}
    mapping = map_bones(named_rig(**odd))
    assert mapping.found_by == "Mixamo and structure"
    assert [mapping.bone_map[f"spine{number}"] for number in (1, 2, 3)] == ["Spine", "x spine2", "Spine2"]
    assert mapping.bone_map["left_forearm"] == "x left_forearm"


@pytest.mark.parametrize("stray", ["left_upper_arm", "left_hand"])
def test_a_bone_that_does_not_lie_between_its_named_neighbours_is_left_out(stray):
    """The upper arm's name, or the hand's, is that of a bone elsewhere: what structure takes for the forearm does not fit."""
    rig = with_props(named_rig(**{stray: "x1", "left_forearm": "x2"}), NAMES[stray])
    mapping = map_bones(rig)
    assert mapping.bone_map[stray] == NAMES[stray] and mapping.unmapped == mapping.missing_slots == ("left_forearm",)


def test_slots_that_retargeting_needs_and_a_rig_lacks_are_reported():
    assert map_bones(named_rig()).missing_slots == ()
    rope = replace(make_rig(), names=tuple(f"rope{number}" for number in range(len(make_rig().names))),
                   heads=0 * make_rig().heads, parents=np.arange(len(make_rig().names)) - 1)
    assert map_bones(rope).missing_slots == NEEDED


def test_rigifys_controls_are_driven_by_its_switches_for_fk_and_for_ik():
    """Rigify's "IK_FK" is 1 for FK; limbs follow the trunk, head and neck the chest; with poles the pole vector is on."""
    limbs = [f"{limb}_parent.{side}" for limb in ("thigh", "upper_arm") for side in "LR"]
    bones = {*limbs, "torso", "upper_arm_fk.L", *(f"{name}.{side}" for name in ("hand_ik", "foot_ik", "thigh_ik_target")
                                                 for side in "LR")}
    fk = {(limb, key): value for limb in limbs for key, value in (("IK_FK", 1.0), ("FK_limb_follow", 0.0))}
    follow = {("torso", "neck_follow"): 1.0, ("torso", "head_follow"): 1.0}
    assert find_switches(bones, {"upper_arm_fk.L"}) == fk | follow
    ik = {(limb, key): value for limb in limbs for key, value in (("IK_FK", 0.0), ("pole_vector", 1.0))}
    assert find_switches(bones, {"upper_arm_fk.L"}, uses_ik=True) == fk | follow | ik
    assert find_ik_controls(bones, {"upper_arm_fk.L"}) == {
        f"{side}_{slot}": f"{name}.{side[0].upper()}" for side in ("left", "right")
        for slot, name in (("hand", "hand_ik"), ("foot", "foot_ik"), ("thigh", "thigh_ik_target"))}
    assert find_ik_controls(bones, {"upperarm_l"}) == {}


@pytest.mark.parametrize(("title", "left_thumb2", "left_index1", "left_middle1", "right_ring2", "right_little3"), [
    ("Mixamo", "LeftHandThumb2", "LeftHandIndex1", "LeftHandMiddle1", "RightHandRing2", "RightHandPinky3"),
    ("Unreal", "thumb_02_l", "index_01_l", "middle_01_l", "ring_02_r", "pinky_03_r"),
    ("Rigify metarig", "thumb.02.L", "f_index.01.L", "f_middle.01.L", "f_ring.02.R", "f_pinky.03.R"),
    ("DAZ Genesis 3 and 8", "lThumb2", "lIndex1", "lMid1", "rRing2", "rPinky3"),
    ("VRoid", "J_Bip_L_Thumb2", "J_Bip_L_Index1", "J_Bip_L_Middle1", "J_Bip_R_Ring2", "J_Bip_R_Little3"),
    ("Character Creator", "CC_Base_L_Thumb2", "CC_Base_L_Index1", "CC_Base_L_Mid1", "CC_Base_R_Ring2", "CC_Base_R_Pinky3"),
    ("3ds Max Biped", "L Finger01", "L Finger1", "L Finger2", "R Finger31", "R Finger42"),
])
def test_fingers_are_those_of_the_rigs_makers(title, left_thumb2, left_index1, left_middle1, right_ring2, right_little3):
    """Names as the rigs have them, each at its place among bones that structure would tell as well."""
    names = {"left_thumb2": left_thumb2, "left_index1": left_index1, "left_middle1": left_middle1, "right_ring2": right_ring2,
             "right_little3": right_little3}
    family = next(family for family in FAMILIES if family.title == title)
    own = family_names(family, make_bones(PLAIN))
    rig = make_rig(PLAIN, lambda slot: own.get(slot, f"other {slot}"))
    found = map_by_names(rig)[1]
    assert {slot: found[slot] for slot in names} == names

from dataclasses import replace

import numpy as np
import pytest

from mpsnet_blender.motion.bone_maps import FAMILIES, find_switches
from mpsnet_blender.motion.retarget.bone_mapping import map_bones
from mpsnet_blender.motion.retarget.structure_map import map_by_structure
from mpsnet_blender.shared.bone_slots import HANDS, MAIN, SLOTS, label
from tests.made_rigs import Build, family_names, make_bones, make_rig

BUILDS = {
    "T-pose": Build(), "A-pose": Build(arms_down=45, legs_apart=8, toes_out=12), "I-pose": Build(arms_down=85),
    "bent": Build(arms_down=40, elbow=25, knee=15), "five spine bones, two of the neck": Build(spine=5, neck=2),
    "helpers": Build(helpers=True, arms_down=30), "no fingers": Build(has_fingers=False, root=False),
    "no clavicles": Build(has_clavicles=False), "long arms": Build(upper_arm=0.34, thigh=0.36, shin=0.36),
}


PLAIN = Build()


def _named_rig(family, build=PLAIN, change=str):
    """Return a rig with the family's names, helpers under their own, and the map that it should get."""
    bones = make_bones(build)
    names = {slot: change(name) for slot, name in family_names(family, bones).items()}
    return make_rig(build, lambda slot: names.get(slot, f"other {slot}")), names


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.title)
def test_every_family_is_mapped_whole_by_its_names(family):
    rig, names = _named_rig(family, Build(spine=len(family.spine[:3]), neck=1, helpers=True))
    mapping = map_bones(rig)
    assert mapping.unmapped == ()
    for slot in MAIN:
        assert mapping.bone_map[slot] == names[slot], slot


@pytest.mark.parametrize(("title", "left_upper_arm", "right_shin", "spine1"), [
    ("SMPL", "left_shoulder", "right_knee", "spine1"), ("Mixamo", "LeftArm", "RightLeg", "Spine"),
    ("CMU", "LeftArm", "RightLeg", "LowerBack"), ("Unreal", "upperarm_l", "calf_r", "spine_01"),
    ("Rigify metarig", "upper_arm.L", "shin.R", "spine.001"),
    ("Rigify DEF bones", "DEF-upper_arm.L", "DEF-shin.R", "DEF-spine.001"),
    ("VRoid", "J_Bip_L_UpperArm", "J_Bip_R_LowerLeg", "J_Bip_C_Spine"),
    ("Unity humanoid", "LeftUpperArm", "RightLowerLeg", "Spine"), ("MakeHuman", "upperarm01.L", "lowerleg01.R", "spine05"),
    ("DAZ Genesis 3 and 8", "lShldrBend", "rShin", "abdomenLower"), ("DAZ Genesis 9", "l_upperarm", "r_shin", "spine1"),
    ("Character Creator", "CC_Base_L_Upperarm", "CC_Base_R_Calf", "CC_Base_Waist"),
    ("Auto-Rig Pro", "arm_stretch.l", "leg_stretch.r", "spine_01.x"), ("3ds Max Biped", "L UpperArm", "R Calf", "Spine"),
    ("MMD", "左腕", "右ひざD", "上半身"), ("MMD (mmd_tools)", "腕.L", "ひざD.R", "上半身"),
    ("MMD (English)", "arm_L", "knee D_R", "upper body"),
])
def test_left_and_right_are_those_of_the_rigs_makers(title, left_upper_arm, right_shin, spine1):
    """Bones' names as the rigs have them, not as our families write them."""
    family = next(family for family in FAMILIES if family.title == title)
    found = map_bones(_named_rig(family, Build(spine=len(family.spine[:3])))[0]).bone_map
    assert (found["left_upper_arm"], found["right_shin"], found["spine1"]) == (left_upper_arm, right_shin, spine1)


@pytest.mark.parametrize("change", [
    lambda name: f"mixamorig:{name}", lambda name: f"mixamorig9:{name}", lambda name: f"Hero:rig:{name}",
    lambda name: f"mixamorig_{name}", lambda name: f"mixamorig{name}", lambda name: f"{name}.001",
    lambda name: f"Hero|{name}", str.lower, str.upper,
])
def test_prefixes_namespaces_and_copies_are_no_obstacle(change):
    mixamo = next(family for family in FAMILIES if family.title == "Mixamo")
    rig, names = _named_rig(mixamo, change=change)
    mapping = map_bones(rig)
    assert mapping.found_by == "Mixamo"
    assert {slot: mapping.bone_map[slot] for slot in MAIN} == {slot: names[slot] for slot in MAIN}


@pytest.mark.parametrize("prefix", ["Bip01 ", "Bip001 ", "ValveBiped.Bip01_", "Guard "])
def test_a_bipeds_name_may_stand_before_its_bones(prefix):
    biped = next(family for family in FAMILIES if family.title == "3ds Max Biped")
    rig, names = _named_rig(biped, change=lambda name: prefix + name)
    assert map_bones(rig).bone_map["left_thigh"] == names["left_thigh"]
    assert map_bones(rig).unmapped == ()


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.title)
def test_every_family_knows_its_fingers(family):
    rig, names = _named_rig(family)
    fingers = {slot: name for slot, name in names.items() if slot in HANDS}
    assert len(fingers) == (4 if family.title == "CMU" else 30)
    assert {slot: map_bones(rig).bone_map.get(slot) for slot in fingers} == fingers


def test_cmus_bvh_files_have_one_bone_for_four_fingers():
    names = {"left_middle1": "LeftFingerBase", "right_middle1": "RightFingerBase",
             "left_thumb1": "LThumb", "right_thumb1": "RThumb"}
    cmu = next(family for family in FAMILIES if family.title == "CMU")
    rig = make_rig(name=lambda slot: names.get(slot) or (family_names(cmu, make_bones()).get(slot) or f"bone {slot}"))
    mapping = map_bones(rig)
    assert mapping.found_by == "CMU"
    assert {slot: mapping.bone_map.get(slot) for slot in names} == names


def test_smpls_shoulder_is_the_upper_arm_and_its_foot_the_toe():
    smpl = next(family for family in FAMILIES if family.title == "SMPL")
    bone_map = map_bones(_named_rig(smpl)[0]).bone_map
    assert bone_map["left_upper_arm"] == "left_shoulder"
    assert bone_map["right_clavicle"] == "right_collar"
    assert bone_map["left_toe"] == "left_foot"


def test_a_rigs_switches_are_those_of_its_mapped_controls():
    controls = next(family for family in FAMILIES if family.title == "Rigify controls")
    rig, _ = _named_rig(controls)
    switches = find_switches({"thigh_parent.L", "torso"}, map_bones(rig).bone_map.values())
    assert switches[("thigh_parent.L", "IK_FK")] == 1.0
    assert ("thigh_parent.R", "IK_FK") not in switches
    assert find_switches({"thigh_parent.L"}, {"DEF-upper_arm.L"}) == {}


def test_a_bone_that_carries_the_arms_is_no_neck():
    # MPFB's rig for Rigify has one bone of the spine more than Rigify's own: spine.004 carries the shoulders.
    names = {f"spine{number}": f"spine.00{number}" for number in (1, 2, 3, 4)} | {"neck1": "spine.005", "head": "spine.006"}
    metarig = next(family for family in FAMILIES if family.title == "Rigify metarig")
    bones = make_bones(Build(spine=4))
    named = family_names(metarig, bones) | names
    bone_map = map_bones(make_rig(Build(spine=4), lambda slot: named.get(slot, slot))).bone_map
    assert bone_map["spine4"] == "spine.004"
    assert bone_map["neck1"] == "spine.005"
    assert "neck2" not in bone_map


@pytest.mark.parametrize("build", BUILDS.values(), ids=BUILDS.keys())
@pytest.mark.parametrize("turned", [0, 1])
def test_nameless_rigs_are_mapped_by_structure(build, turned):
    order = np.random.default_rng(5).permutation(200)
    slots = list(make_bones(build))
    axes = np.array(((1, 0, 0), (0, 0, 1), (0, -1, 0.0))) if turned else np.eye(3)
    rig = make_rig(build, lambda slot: f"bone{order[slots.index(slot)]}", seed=turned * 3 + 1, axes=axes)
    mapping = map_bones(rig)
    assert mapping.found_by == "structure"
    expected = {slot: f"bone{order[slots.index(slot)]}" for slot in slots if slot in SLOTS and slot != "root"}
    assert {slot: expected.get(slot) for slot in mapping.bone_map} == mapping.bone_map
    assert {slot for slot in MAIN if slot in expected} <= set(mapping.bone_map)


def test_left_is_where_the_body_says_even_when_it_faces_the_other_way():
    turned = np.diag((-1.0, -1.0, 1.0))
    slots = list(make_bones())
    rig = make_rig(Build(), lambda slot: f"b{slots.index(slot)}", axes=turned)
    bone_map = map_by_structure(rig)
    assert bone_map["left_hand"] == f"b{slots.index('left_hand')}"


def test_symmetrical_extras_are_not_taken_for_limbs():
    build = Build(arms_down=45)
    base = make_rig(build)
    head, hips = base.index["head"], base.index["hips"]
    extra, parents = [], []
    for sign in (1, -1):  # plaits of hair and coat tails
        for parent, start, step in ((head, base.heads[head] + (sign * 0.08, 0.05, 0.1), (0, 0.02, -0.09)),
                                    (hips, base.heads[hips] + (sign * 0.1, 0.1, 0), (0, 0.02, -0.1))):
            for number in range(6):
                parents.append(parent if number == 0 else len(base.names) + len(extra) - 1)
                extra.append(start + np.array(step) * number)
    count = len(base.names) + len(extra)
    rig = replace(base, names=tuple(f"x{number}" for number in range(count)), parents=np.append(base.parents, parents),
                  heads=np.vstack((base.heads, extra)), tails=np.vstack((base.tails, extra)),
                  rotmats=np.tile(np.eye(3), (count, 1, 1)), is_deforming=np.ones(count, bool),
                  inherits_rotation=np.ones(count, bool), moves_locally=np.ones(count, bool))
    bone_map = map_bones(rig).bone_map
    for slot in MAIN:
        assert bone_map[slot] == f"x{base.index[slot]}", slot


def test_what_is_no_body_gets_no_map():
    count = 40
    rig = make_rig()
    chain = np.column_stack((np.zeros(count), np.zeros(count), np.arange(count) * 0.1))
    rope = replace(rig, names=tuple(f"rope{number}" for number in range(count)), parents=np.arange(count) - 1, heads=chain,
                   tails=chain + (0, 0, 0.1), rotmats=np.tile(np.eye(3), (count, 1, 1)),
                   is_deforming=np.ones(count, bool), inherits_rotation=np.ones(count, bool), moves_locally=np.ones(count, bool))
    mapping = map_bones(rope)
    assert mapping.bone_map == {}
    assert set(mapping.unmapped) == set(MAIN)


def test_missing_names_are_filled_by_structure():
    mixamo = next(family for family in FAMILIES if family.title == "Mixamo")
    named = family_names(mixamo, make_bones())
    odd = {"left_forearm": "Unterarm", "spine1": "Bauch", "spine2": "Brust", "spine3": "Brustkorb", "head": "Kopf"}
    rig = make_rig(Build(), lambda slot: odd.get(slot, named.get(slot, slot)))
    mapping = map_bones(rig)
    assert mapping.found_by == "Mixamo and structure"
    assert {slot: mapping.bone_map[slot] for slot in odd} == odd


def test_slots_have_names_for_people():
    assert label("left_upper_arm") == "Left Upper Arm"
    assert label("spine1") == "Spine 1"


def test_of_two_equal_families_the_one_that_knows_more_of_the_trunk_is_returned():
    titles = {"CMU": ("LowerBack", "Spine", "Spine1"), "Mixamo": ("Spine", "Spine1", "Spine2")}
    for title, spine in titles.items():
        family = next(family for family in FAMILIES if family.title == title)
        rig, _ = _named_rig(family, Build(has_fingers=False, root=False))
        mapping = map_bones(rig)
        assert mapping.found_by == title
        assert tuple(mapping.bone_map[f"spine{number}"] for number in (1, 2, 3)) == spine


@pytest.mark.parametrize("pattern", ["{word}.{letter}", "{side}_{word}", "{letter}_{word}", "{word}_{Letter}", "{Side}{word}"])
def test_plain_words_are_understood_with_the_side_before_or_behind(pattern):
    words = {"clavicle": "Collar", "upper_arm": "UpperArm", "forearm": "LowerArm", "hand": "Wrist", "thigh": "UpLeg",
             "shin": "Calf", "foot": "Ankle", "toe": "Toes"}
    names = {"hips": "Pelvis", "spine1": "Abdomen", "spine2": "Spine", "spine3": "Chest", "neck1": "Neck", "head": "Head"}
    for side in ("left", "right"):
        names |= {f"{side}_{part}": pattern.format(word=word, side=side, Side=side.title(), letter=side[0],
                                                   Letter=side[0].upper()) for part, word in words.items()}
    mapping = map_bones(make_rig(Build(has_fingers=False), lambda slot: names.get(slot, slot)))
    assert mapping.unmapped == ()
    assert {slot: mapping.bone_map[slot] for slot in names} == names

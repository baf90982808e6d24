"""A rig as a tree, and where its limbs leave the trunk."""

from dataclasses import replace

import numpy as np
import pytest

from mpsnet_blender.motion.base.rotations import rotmat_from_rotvec
from mpsnet_blender.motion.retarget.body_plan import find_body_plan
from mpsnet_blender.motion.retarget.bone_tree import BoneTree, build_bone_tree
from tests.made_rigs import Build, make_rig

RIG = make_rig(Build(has_fingers=False))
TREE = build_bone_tree(RIG)
NAMES = RIG.names


def node(name):
    return NAMES.index(name)


def names(nodes):
    return [NAMES[number] for number in nodes]


def test_a_trees_ways_go_down_the_longest_limb_and_up_to_the_root():
    assert names(TREE.longest_path(node("left_thigh"))) == ["left_thigh", "left_shin", "left_foot", "left_toe"]
    assert names(TREE.path_to_root(node("left_shin"))) == ["left_shin", "left_thigh", "hips", "root"]
    assert names(TREE.children[node("hips")]) == ["spine1", "left_thigh", "right_thigh"]


def test_a_bones_reach_is_the_longest_way_below_it():
    toes = np.hypot(0.13, 0.06)         # without toes turned out: 13 cm ahead and 6 down
    assert TREE.reach[node("left_toe")] == 0.0
    assert TREE.reach[node("left_shin")] == pytest.approx(0.41 + toes)
    assert TREE.reach[node("left_thigh")] == pytest.approx(0.42 + 0.41 + toes)
    assert TREE.reach[node("left_upper_arm")] == pytest.approx(0.28 + 0.26)
    hips = RIG.heads[node("hips")]
    arm = [hips, *(RIG.heads[node(name)] for name in ("spine1", "spine2", "spine3", "left_clavicle", "left_upper_arm",
                                                     "left_forearm", "left_hand"))]
    assert TREE.reach[node("hips")] == pytest.approx(np.linalg.norm(np.diff(arm, axis=0), axis=1).sum())


def test_a_rigs_size_is_the_longest_side_of_its_box():
    assert TREE.size == pytest.approx(np.ptp(RIG.heads[:, 2]))
    assert np.ptp(RIG.heads[:, 2]) > np.ptp(RIG.heads[:, 0])


@pytest.mark.parametrize("aside", [0.0, 3.0])
def test_the_plane_that_halves_a_rig_lies_where_its_bones_do(aside):
    moved = replace(RIG, heads=RIG.heads + (aside, 0, 0), tails=RIG.tails + (aside, 0, 0))      # not about its origin
    tree = build_bone_tree(moved)
    assert tree.lateral == 0 and tree.is_symmetrical and tree.plane(0) == pytest.approx(aside)
    hand = moved.heads[node("left_hand")]
    np.testing.assert_allclose(tree.mirror_points(hand, 0), moved.heads[node("right_hand")], atol=1e-9)
    np.testing.assert_allclose(tree.mirror_points(hand, 0)[1:], hand[1:])


def test_a_rig_whose_bones_have_no_partners_is_not_symmetrical():
    lopsided = RIG.heads.copy()
    right = [number for number, name in enumerate(NAMES) if name.startswith("right")]
    lopsided[right] += np.random.default_rng(0).normal(0, 0.3, (len(right), 3))
    assert not build_bone_tree(replace(RIG, heads=lopsided)).is_symmetrical
    assert find_body_plan(build_bone_tree(replace(RIG, heads=lopsided))) is None


def test_people_are_not_quite_symmetrical():
    nearly = RIG.heads + np.random.default_rng(0).normal(0, 0.003, RIG.heads.shape)
    assert build_bone_tree(replace(RIG, heads=nearly)).is_symmetrical


def test_bones_that_do_not_deform_are_left_out_and_what_hangs_from_them_hangs_higher():
    deforming = np.array([name not in ("root", "left_shin", "spine2") for name in NAMES])
    tree = build_bone_tree(replace(RIG, is_deforming=deforming))
    kept = names(tree.bones)
    assert "left_shin" not in kept and len(kept) == len(NAMES) - 3
    parents = {kept[child]: kept[parent] if parent >= 0 else None for child, parent in enumerate(tree.parents)}
    assert parents["left_foot"] == "left_thigh" and parents["spine3"] == "spine1" and parents["hips"] is None


def test_where_few_bones_are_marked_all_count():
    few = np.zeros(len(NAMES), bool)
    few[:14] = True
    assert len(build_bone_tree(replace(RIG, is_deforming=few)).bones) == len(NAMES)
    few[14] = True
    assert len(build_bone_tree(replace(RIG, is_deforming=few)).bones) == 15


def test_a_rigs_bones_are_taken_in_its_axes():
    axes = rotmat_from_rotvec(np.array((0.0, 0.0, 1.0)))
    turned = build_bone_tree(make_rig(Build(has_fingers=False), axes=axes, origin=(1.0, 2.0, 3.0)))
    np.testing.assert_allclose(turned.heads, TREE.heads, atol=1e-12)


@pytest.mark.parametrize("build", [Build(), Build(arms_down=45, legs_apart=10, toes_out=15),
                                   Build(arms_down=80, elbow=20, knee=15)])
def test_a_body_has_two_legs_and_two_arms_left_before_right_and_looks_where_its_feet_point(build):
    rig = make_rig(build)
    tree = build_bone_tree(rig)
    plan = find_body_plan(tree)
    assert [rig.names[tree.bones[limb[0]]] for limb in (plan.legs.first, plan.legs.second)] == ["left_thigh", "right_thigh"]
    arms = [[rig.names[tree.bones[bone]] for bone in limb] for limb in (plan.arms.first, plan.arms.second)]
    assert "left_upper_arm" in arms[0] and "right_upper_arm" in arms[1]
    assert rig.names[tree.bones[plan.legs.base]] == "hips"
    np.testing.assert_allclose(plan.up, (0, 0, 1))
    np.testing.assert_allclose(plan.forward, (0, -1, 0))


def test_no_bones_make_no_body():
    nothing = BoneTree(np.zeros(0, int), np.zeros(0, int), np.zeros((0, 3)), np.zeros((0, 3)))
    assert find_body_plan(nothing) is None


@pytest.mark.parametrize("build", [Build(thigh=0.05, shin=0.08), Build(thigh=1.0, shin=1.1)], ids=["stumps", "stilts"])
def test_limbs_far_out_of_proportion_are_no_bodys(build):
    assert find_body_plan(build_bone_tree(make_rig(build))) is None

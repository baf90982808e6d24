"""Bones found by structure: legs, arms, fingers and heads of chains made by hand."""

from dataclasses import replace

import numpy as np
import pytest

from mpsnet_blender.motion.retarget import structure_map
from mpsnet_blender.motion.retarget.bone_tree import BoneTree
from mpsnet_blender.motion.retarget.structure_map import map_by_structure
from tests.made_rigs import Build, make_rig, with_bones

UP = np.array((0.0, 0.0, 1.0))


def tree_of(heads, parents):
    """Return a tree of bones and its mirror image at x = 0."""
    heads, parents = np.array(heads, float), np.array(parents)
    both = np.concatenate((heads, heads * (-1, 1, 1)))
    return BoneTree(np.arange(len(both)), np.concatenate((parents, np.where(parents < 0, -1, parents + len(heads)))), both,
                    both + (0, 0, 0.01))


def chain_of(points):
    return tree_of(points, np.arange(len(points)) - 1)


def leg(points, lean=0.0):
    """Return the slots' joints of a leg with joints at (ahead, height), leaning aside by so many degrees."""
    turned = [(0.1 + height * np.sin(np.radians(lean)), -ahead, height * np.cos(np.radians(lean))) for ahead, height in points]
    return structure_map._map_leg(chain_of(turned), list(range(len(points))), UP)


TOES = [(0.1, 0.0), (0.15, 0.0)]


def test_a_leg_is_its_thigh_shin_foot_and_toe():
    assert leg([(0, 1.0), (0, 0.55), (0, 0.1), *TOES]) == {"thigh": 0, "shin": 1, "foot": 2, "toe": 3}
    assert leg([(0, 1.0), (0, 0.55), (0, 0.1)]) == {"thigh": 0, "shin": 1, "foot": 2}
    assert leg([(0, 1.0), (0, 0.1), *TOES]) == {} and leg([(0, 0.0), (0.1, 0.0), (0.2, 0.0)]) == {}


def test_what_does_not_go_down_yet_is_no_thigh():
    points = [(0.0, 1.0), (0.2, 0.99), (0.2, 0.55), (0.2, 0.1), (0.3, 0.0)]
    assert leg(points) == {"thigh": 1, "shin": 2, "foot": 3, "toe": 4}


@pytest.mark.parametrize(("lean", "is_leg"), [(39, True), (43, False)])
def test_legs_lie_within_41_degrees_of_straight_down(lean, is_leg):
    assert bool(leg([(0, 1.0), (0, 0.55), (0, 0.1), *TOES], lean)) == is_leg


@pytest.mark.parametrize(("heights", "knee"), [((0.775, 0.55, 0.325), 2), ((0.9, 0.8, 0.4), 3), ((0.65,), 1), ((0.4,), 1),
                                               ((0.75,), None), ((0.35,), None)])
def test_the_knee_is_the_joint_nearest_to_the_middle_between_three_and_seven_tenths(heights, knee):
    points = [(0, 1.0), *((0, height) for height in heights), (0, 0.1), *TOES]
    assert leg(points).get("shin") == knee


@pytest.mark.parametrize(("height", "foot"), [(0.15, 2), (0.17, 3)])
def test_above_the_ankle_lies_84_hundredths_of_the_leg(height, foot):
    assert leg([(0, 1.0), (0, 0.5), (0, height), (0.05, 0.0), (0.1, 0.0)])["foot"] == foot


def arm(shoulder, upper, lower, tail, has_fingers=True, before=()):
    """Return the slots' joints of an arm that points aside: the shoulder's distance from the middle, lengths of upper arm, lower
    arm and hand with fingers; `before`: places of joints before it."""
    along = [*before, *np.cumsum((shoulder, upper, lower))]
    heads, parents = [(x, 0, 1) for x in along], list(range(-1, len(along) - 1))
    wrist = len(along) - 1
    for finger in range(5 if has_fingers else 1):
        heads += [(along[-1] + share * tail, 0.02 * finger * has_fingers, 1) for share in (0.5, 1.0)]
        parents += [wrist, len(heads) - 2]
    return structure_map._map_arm(tree_of(heads, parents), [*range(wrist + 1), wrist + 1, wrist + 2])


@pytest.mark.parametrize("has_fingers", [True, False])
def test_an_arm_is_its_clavicle_upper_arm_forearm_and_hand(has_fingers):
    found = arm(0.19, 0.28, 0.26, 0.18, has_fingers, before=(0.03,))
    assert found == {"clavicle": 0, "upper_arm": 1, "forearm": 2, "hand": 3}
    assert arm(0.19, 0.28, 0.26, 0.18, has_fingers) == {"upper_arm": 0, "forearm": 1, "hand": 2}


@pytest.mark.parametrize(("elbow", "shoulder", "hand", "is_arm"), [
    (0.78, 0, 0, True), (0.82, 0, 0, False), (-0.78, 0, 0, True), (-0.82, 0, 0, False),         # twice of each
    (0, 2.2, 0, True), (0, 2.4, 0, False), (0, -2.2, 0, True), (0, -2.4, 0, False),             # seven tenths
    (0, 0, 1.5, True), (0, 0, 1.7, False), (0.4, -0.5, 0.4, True), (0.4, -0.5, 0.5, False),     # 0.8 and 0.35 and the hand's
])
def test_an_arm_far_out_of_proportion_is_left_out(elbow, shoulder, hand, is_arm):
    """By how much, as logarithms, upper arm and shoulder are longer than an adult's, and the hand than 1.2 forearms: their costs
    must stay below 1.6."""
    upper, lower = 0.3 * np.sqrt(1.05 * np.exp(elbow)), 0.3 / np.sqrt(1.05 * np.exp(elbow))
    assert bool(arm(0.35 * np.exp(shoulder) * (upper + lower), upper, lower, (1.2 + hand) * lower)) == is_arm


def test_twist_bones_are_passed_over():
    """A joint in the middle of the upper arm and one in the middle of the forearm."""
    along = np.array((0.03, 0.19, 0.33, 0.47, 0.60, 0.73, 0.82, 0.9))
    found = structure_map._map_arm(chain_of([(x, 0, 1) for x in along]), list(range(8)))
    assert found == {"clavicle": 0, "upper_arm": 1, "forearm": 3, "hand": 5}


def test_bones_that_end_at_once_are_no_fingers():
    """Three helpers hang on the elbow, and three fingers of two bones on the wrist."""
    heads = [(0.19, 0, 1), (0.47, 0, 1), (0.73, 0, 1), *((0.5, 0.02 * number, 1) for number in range(3))]
    parents = [-1, 0, 1, 1, 1, 1]
    for number in range(3):
        heads += [(0.8, 0.02 * number, 1), (0.86, 0.02 * number, 1)]
        parents += [2, len(heads) - 2]
    assert structure_map._map_arm(tree_of(heads, parents), [0, 1, 2, 6, 7]) == {"upper_arm": 0, "forearm": 1, "hand": 2}


RIG = make_rig(Build(has_fingers=False))


def head_of(*bones):
    found = map_by_structure(with_bones(RIG, *bones))
    return found.get("neck1"), found.get("neck2"), found.get("head")


@pytest.mark.parametrize(("bones", "found"), [
    ((), ("neck1", None, "head")),
    ((("end", "head", (0, 0, 0.3)),), ("neck1", None, "head")),             # where the skull ends
    ((("skull", "head", (0, 0, 0.1)),), ("neck1", "head", "skull")),        # a neck of two bones
    ((("jaw", "head", (0, -0.08, 0.0)),), ("neck1", None, "head")),
    ((("snout", "head", (0, -0.08, 0.038)),), ("neck1", "head", "snout")),      # 65 degrees off straight up
    ((("snout", "head", (0, -0.08, 0.031)),), ("neck1", None, "head")),         # 69 degrees
    ((("ear", "head", (0.05, 0, 0.1)),), ("neck1", None, "head")),              # beside the middle
    (tuple((f"face{number}", "head", (0, -0.01 * number, 0.1)) for number in range(3)), ("neck1", None, "head")),
    ((("skull", "head", (0, 0, 0.05)), ("end", "skull", (0, 0, 0.1)), ("horn", "head", (0, 0, 0.12))),
     ("neck1", "head", "end")),                                             # the one that goes on, not the one that ends higher
])
def test_the_head_ends_the_bones_that_go_up_from_between_the_arms(bones, found):
    assert head_of(*bones) == found


def rehung(**parents):
    """Return the rig with some bones hung on others."""
    found = RIG.parents.copy()
    for bone, parent in parents.items():
        found[RIG.index[bone]] = RIG.index[parent]
    return replace(RIG, parents=found)


def test_a_root_on_the_floor_that_carries_legs_and_spine_is_not_the_hips():
    found = map_by_structure(rehung(spine1="root"))
    assert found["hips"] == "hips" and [found[f"spine{number}"] for number in (1, 2, 3)] == ["spine1", "spine2", "spine3"]


@pytest.mark.parametrize(("height", "hips"), [(0.85, "root"), (0.5, "hips")])
def test_what_carries_legs_and_spine_is_the_hips_where_it_lies_near_the_legs(height, hips):
    """Within 0.15 of the rig's size: 25 cm of the legs' joints at 0.91 m."""
    rig = rehung(spine1="root")
    heads = rig.heads.copy()
    heads[rig.index["root"]] = (0, 0, height)
    assert map_by_structure(replace(rig, heads=heads))["hips"] == hips


@pytest.mark.parametrize(("count", "kept"), [(6, (1, 2, 3, 4, 5, 6)), (7, (1, 2, 3, 5, 6, 7)), (11, (1, 3, 5, 7, 9, 11))])
def test_of_a_long_spine_six_bones_are_taken_evenly_the_last_among_them(count, kept):
    found = map_by_structure(make_rig(Build(spine=count, has_fingers=False)))
    assert [found[f"spine{number}"] for number in range(1, 7)] == [f"spine{number}" for number in kept]

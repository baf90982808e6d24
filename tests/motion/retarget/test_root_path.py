"""Where hips go, from legs, floors and turns worked by hand."""

from dataclasses import replace

import numpy as np
import pytest

from mpsnet_blender.motion.base.quaternions import turn
from mpsnet_blender.motion.base.rotations import quat_from_rotmat, rotmat_from_rotvec
from mpsnet_blender.motion.retarget.bone_mapping import map_bones
from mpsnet_blender.motion.retarget.mapped_rigs import MappedMotion
from mpsnet_blender.motion.retarget.posing import Posing, pose_forward
from mpsnet_blender.motion.retarget.rest_alignment import align_rest_poses, compute_body_axes, find_body_turn
from mpsnet_blender.motion.retarget.root_path import (
    compute_hips_offset,
    compute_leg_length,
    compute_root_turns,
    find_carrier_bone,
    find_placement,
)
from tests.made_rigs import Build, make_rig

FRAMES = 5


def resting(rig, move=(0.0, 0.0, 0.0), yaw=0.0):
    """Return the motion of a rig that keeps its rest pose, its hips moved evenly and turned about the vertical."""
    bone_map = map_bones(rig).bone_map
    hips = rig.index[bone_map["hips"]]
    share = np.linspace(0, 1, FRAMES)[:, None]
    world = rotmat_from_rotvec(share * (0, 0, yaw))
    local = np.swapaxes(rig.rotmats[None, hips], 1, 2) @ world @ rig.rotmats[hips]
    rotations, heads = pose_forward(rig, [rig.index[bone] for bone in bone_map.values()], {hips: quat_from_rotmat(local)},
                                    {hips: share * (rig.rotmats[hips].T @ move)})
    return MappedMotion(rig, bone_map, {slot: rotations[rig.index[bone]] for slot, bone in bone_map.items()},
                        {slot: heads[rig.index[bone]] for slot, bone in bone_map.items()})


def mapped(build, **options):
    rig = make_rig(build, **options)
    return rig, map_bones(rig).bone_map


def test_a_leg_is_as_long_as_thigh_and_shin():
    rig, bone_map = mapped(Build(thigh=0.4, shin=0.5))
    assert compute_leg_length(rig, bone_map) == pytest.approx(0.9)
    without_ankles = {slot: bone for slot, bone in bone_map.items() if "foot" not in slot}
    assert compute_leg_length(rig, without_ankles) == pytest.approx(0.8)            # a shin is taken to be as long as its thigh


def test_the_path_is_scaled_by_the_legs_and_starts_at_the_targets_place_on_its_floor():
    source = resting(make_rig(Build(thigh=0.4, shin=0.4)), move=(0.5, -1.0, 0.0))
    rig, bone_map = mapped(Build(thigh=0.5, shin=0.5), origin=(3.0, 2.0, 0.0))
    place = find_placement(source, rig, bone_map, "OWN")
    assert place.scale == pytest.approx(1.0 / 0.8)
    np.testing.assert_allclose(place.path, np.linspace(0, 1, FRAMES)[:, None] * (0.625, -1.25, 0), atol=1e-9)
    np.testing.assert_allclose(place.target_floor, (3.0, 2.0, 0.08), atol=1e-9)     # ankles rest 8 cm over the origin
    np.testing.assert_allclose(place.source_floor, (0, 0, 0.08), atol=1e-9)
    np.testing.assert_allclose(place.map_points(np.array(((0.4, 0, 0.48),))), ((3.5, 2.0, 0.58),), atol=1e-9)


def test_the_start_can_be_the_sources_place():
    source = resting(make_rig(Build(), origin=(1.0, -2.0, 0.0)))
    rig, bone_map = mapped(Build(), origin=(3.0, 2.0, 0.0))
    np.testing.assert_allclose(find_placement(source, rig, bone_map, "SOURCE").target_floor[:2], (1.0, -2.0), atol=1e-9)


def test_a_source_that_hangs_at_its_hips_stands_where_its_ankles_are_lowest():
    rig = make_rig(Build())
    down = rig.heads[rig.index["hips"]]
    hanging = replace(rig, heads=rig.heads - down, tails=rig.tails - down)          # as in a BVH: the hips at the origin
    source = resting(hanging, move=(0.0, 0.0, 1.0))
    lowest = source.heads["left_foot"][0, 2]
    assert find_placement(source, *mapped(Build()), "OWN").source_floor[2] == pytest.approx(lowest + 0.02 * 4 * 0.25, abs=0.01)


@pytest.mark.parametrize("yaw", [1.0, -2.5])
def test_the_root_turns_about_the_vertical_as_the_hips_do(yaw):
    source = resting(make_rig(Build()), yaw=yaw)
    rig, _ = mapped(Build(), seed=3)
    turned = compute_root_turns(source, rig, "root")
    ahead = turn(turned, rig.rotmats[rig.index["root"]].T @ (0, -1.0, 0))
    angles = np.linspace(0, yaw, FRAMES)
    np.testing.assert_allclose(ahead, np.stack((np.sin(angles), -np.cos(angles), 0 * angles), axis=1), atol=1e-9)


def test_what_carries_legs_and_spine_is_the_lowest_bone_above_both():
    rig, bone_map = mapped(Build())
    assert rig.names[find_carrier_bone(rig, bone_map)] == "hips"
    parents = rig.parents.copy()
    parents[rig.index["left_thigh"]] = rig.index["root"]
    assert rig.names[find_carrier_bone(replace(rig, parents=parents), bone_map)] == "root"


def test_where_nothing_carries_legs_and_spine_the_hips_go():
    rig, bone_map = mapped(Build(root=False))
    parents = rig.parents.copy()
    parents[rig.index["left_thigh"]] = -1
    assert rig.names[find_carrier_bone(replace(rig, parents=parents), bone_map)] == "hips"


TURNED, LYING = (rotmat_from_rotvec(np.array(rotvec)) for rotvec in ((0, 0, 0.8), (-np.pi / 2, 0, 0)))


@pytest.mark.parametrize("options", [{}, {"seed": 2, "axes": TURNED}, {"axes": LYING}], ids=["upright", "turned", "lying"])
def test_a_bodys_axes_are_its_left_back_and_up(options):
    rig, bone_map = mapped(Build(), **options)
    np.testing.assert_allclose(compute_body_axes(rig, bone_map), options.get("axes", np.eye(3)), atol=1e-9)


def test_from_one_bodys_axes_to_anothers_it_turns_the_way_between_them():
    upright, bone_map = mapped(Build())
    turned, other_map = mapped(Build(), axes=TURNED)
    np.testing.assert_allclose(find_body_turn(turned, other_map, upright, bone_map), (np.cos(0.4), 0, 0, np.sin(0.4)), atol=1e-9)


def test_what_rests_alike_is_aligned_by_the_bodies_axes_alone():
    """Of two rigs that were built alike and lie about differently, every bone goes from the one's rest to the other's."""
    source, source_map = mapped(Build(arms_down=30), axes=TURNED)
    target, target_map = mapped(Build(arms_down=30), axes=LYING, seed=7)
    for slot, quat in align_rest_poses(source, source_map, target, target_map).items():
        np.testing.assert_allclose(turn(quat, target.axes.T), source.axes.T, atol=1e-6, err_msg=slot)


@pytest.mark.parametrize(("slot", "degrees"), [("left_upper_arm", 45), ("right_upper_arm", -45), ("left_hand", 45), ("hips", 0),
                                               ("left_thigh", 0), ("left_foot", 0)])
def test_an_arm_that_rests_lower_is_raised_by_the_difference(slot, degrees):
    """About the axis that points to the front: a turn from the left's down to its side is one from -z to x."""
    source, source_map = mapped(Build())
    target, target_map = mapped(Build(arms_down=45))
    quat = align_rest_poses(source, source_map, target, target_map)[slot]
    half = np.radians(degrees) / 2
    np.testing.assert_allclose(quat * np.sign(quat[0]), (np.cos(half), 0, -np.sin(half), 0), atol=1e-6)


def test_backs_that_lean_a_little_and_hips_that_are_turned_a_little_keep_the_rigs_axes():
    rig, bone_map = mapped(Build())
    heads = rig.heads.copy()
    for name in ("left_upper_arm", "right_upper_arm"):
        heads[rig.index[name]] += (0, -0.2, 0)              # the shoulders lie ahead
    heads[rig.index["left_thigh"]] += (0, 0.02, 0)          # 6 degrees
    np.testing.assert_allclose(compute_body_axes(replace(rig, heads=heads), bone_map), np.eye(3), atol=1e-9)
    heads[rig.index["left_thigh"]] += (0, 0.08, 0)          # 29 degrees: truly turned
    left = compute_body_axes(replace(rig, heads=heads), bone_map)[:, 0]
    assert np.degrees(np.arctan2(left[1], left[0])) == pytest.approx(np.degrees(np.arctan2(0.10, 0.18)), abs=1e-6)


def source_floor(source):
    return find_placement(source, *mapped(Build()), "OWN").source_floor[2]


@pytest.mark.parametrize(("raised", "stands_on_origin"), [(0.20, True), (0.23, False), (-0.07, True), (-0.09, False)])
def test_a_source_whose_ankles_rest_a_little_over_its_origin_has_its_floor_there(raised, stands_on_origin):
    """Ankles rest 8 cm over the origin, and so much more; 0.35 of a leg of 0.83 m are 29 cm. It hops half a metre up."""
    rig = make_rig(Build())
    away = np.where(np.arange(len(rig.names)) == rig.index["root"], 0, 1)[:, None] * np.array((0, 0, raised))
    source = resting(replace(rig, heads=rig.heads + away, tails=rig.tails + away))
    hopping = replace(source, heads={slot: heads + (0, 0, 0.5) for slot, heads in source.heads.items()})
    assert source_floor(hopping) == pytest.approx(0.08 + raised + (0 if stands_on_origin else 0.5), abs=1e-6)


def hanging(*heights, part="foot"):
    """Return a source that hangs at its hips, whose left and right ankles are at heights (T, 2)."""
    rig = make_rig(Build())
    down = rig.heads[rig.index["hips"]]
    source = resting(replace(rig, heads=rig.heads - down, tails=rig.tails - down))
    heads = {slot: np.repeat(places[:1], len(heights), axis=0) for slot, places in source.heads.items()}
    for column, side in enumerate(("left", "right")):
        heads[f"{side}_{part}"] = heads[f"{side}_{part}"] * (1, 1, 0) + np.array(heights)[:, column, None] * (0, 0, 1)
    return replace(source, heads=heads)


def test_single_wrong_frames_are_not_where_a_hanging_source_stands():
    for wrong, floor in ((1, -0.8), (4, -2.0)):
        heights = [(-2.0, -0.5)] * wrong + [(-0.8, -0.5), (-0.4, -0.8)] * ((100 - wrong) // 2)
        assert source_floor(hanging(*heights)) == pytest.approx(floor, abs=1e-6)


def test_without_feet_the_shins_give_the_place_where_a_source_stands():
    source = hanging(*[(-0.4, -0.3)] * 9, part="shin")
    without = replace(source, heads={slot: heads for slot, heads in source.heads.items() if "foot" not in slot},
                      bone_map={slot: bone for slot, bone in source.bone_map.items() if "foot" not in slot})
    assert source_floor(without) == pytest.approx(-0.4)


@pytest.mark.parametrize("axes", [LYING, TURNED, np.eye(3)], ids=["lying", "turned", "upright"])
def test_a_target_stands_on_its_origin_however_its_rig_lies_about(axes):
    rig, bone_map = mapped(Build(), axes=axes, origin=(3.0, 2.0, 0.5))
    place = find_placement(resting(make_rig(Build())), rig, bone_map, "OWN")
    np.testing.assert_allclose(place.target_floor, (3.0, 2.0, 0.58), atol=1e-9)


def test_the_hips_must_go_by_what_the_legs_miss():
    source = resting(make_rig(Build()), move=(0.5, -1.0, 0.0))
    rig, bone_map = mapped(Build(), origin=(3.0, 2.0, 0.0))
    place = find_placement(source, rig, bone_map, "OWN")
    offset = compute_hips_offset(source, Posing(rig, {}), bone_map, place)
    np.testing.assert_allclose(offset, np.linspace(0, 1, FRAMES)[:, None] * (0.5, -1.0, 0.0), atol=1e-9)


def test_legs_of_two_lengths_count_by_their_mean():
    rig, bone_map = mapped(Build())
    heads = rig.heads.copy()
    heads[rig.index["left_foot"]] -= (0, 0, 0.1)
    assert compute_leg_length(replace(rig, heads=heads), bone_map) == pytest.approx(0.83 + 0.05)


@pytest.mark.parametrize(("height", "ankles"), [(0.0, 0.06), (2.0, 2.0 - 0.83 - 0.07)])     # toes end 6 cm below the ankles
def test_a_rig_with_its_origin_at_the_hips_on_the_floor_is_lifted_onto_the_floor(height, ankles):
    rig = make_rig(Build(root=False))
    hips = rig.heads[rig.index[map_bones(rig).bone_map["hips"]]]
    centred = replace(rig, heads=rig.heads - hips + (0, 0, height), tails=rig.tails - hips + (0, 0, height),
                      origin=np.array((0, 0, height)))
    place = find_placement(resting(make_rig(Build())), centred, map_bones(centred).bone_map, "OWN")
    assert place.target_floor[2] == pytest.approx(ankles, abs=1e-3)


def test_a_target_that_does_not_rest_on_its_feet_stands_as_in_its_reference():
    rig, bone_map = mapped(Build())
    standing = replace(rig, heads=rig.heads + (0, 0, 0.5))
    assert find_placement(resting(rig), rig, bone_map, "OWN", standing).target_floor[2] == pytest.approx(0.58)

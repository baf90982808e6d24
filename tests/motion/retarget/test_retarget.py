from dataclasses import replace

import numpy as np
import pytest

from mpsnet_blender.motion.base.quaternions import conjugate, multiply
from mpsnet_blender.motion.base.rotations import quat_from_rotvec, rotmat_from_rotvec, rotvec_from_quat
from mpsnet_blender.motion.retarget.bone_mapping import map_bones
from mpsnet_blender.motion.retarget.mapped_rigs import Character, MappedMotion
from mpsnet_blender.motion.retarget.posing import pose_forward
from mpsnet_blender.motion.retarget.retarget import RetargetOptions, retarget
from mpsnet_blender.shared.bone_slots import LIMB_END
from tests.made_rigs import Build, make_rig

LIMBS = {near: far for near, far in LIMB_END.items() if not near.endswith("foot")}
TARGETS = {
    "T-pose": Build(), "A-pose": Build(arms_down=45, legs_apart=10, toes_out=15), "I-pose": Build(arms_down=88, elbow=10),
    "arms forward and bent": Build(arms_down=20, elbow=80, knee=20), "five spine bones, two necks": Build(spine=5, neck=2),
    "one spine bone": Build(spine=1), "other proportions": Build(thigh=0.3, shin=0.5, upper_arm=0.35, hip_width=0.3),
    "helpers": Build(helpers=True, arms_down=45), "no clavicles or toes": Build(has_clavicles=False, has_toes=False),
}


PLAIN = Build()
LONG_SHINS = Build(thigh=0.34, shin=0.49, hip_width=0.2)


def _walk(rig, bone_map, frames=40, seed=0, step=0.03):
    """Return channels {bone: (T, 4)} and {bone: (T, 3)} of large smooth random motion of the mapped bones."""
    generator = np.random.default_rng(seed)
    times = np.linspace(0, 2 * np.pi, frames)[:, None]
    turns, moves = {}, {}
    for slot, bone in bone_map.items():
        if slot == "root" or (slot[-1].isdigit() and "_" in slot):
            continue
        size = generator.normal(scale=0.5, size=3)
        turns[rig.index[bone]] = quat_from_rotvec(np.sin(times + generator.uniform(0, 6, 3)) * size)
    moves[rig.index[bone_map["hips"]]] = np.arange(frames)[:, None] * np.array((0.01, step, 0.02)) / rig.scale
    return turns, moves


def _motion(build=PLAIN, seed=0, contacts=None, **rig_options) -> MappedMotion:
    rig = make_rig(build, **rig_options)
    bone_map = map_bones(rig).bone_map
    return _mapped(rig, bone_map, *_walk(rig, bone_map, seed=seed), contacts)


def _mapped(rig, bone_map, turns, moves, contacts=None) -> MappedMotion:
    rotations, heads = pose_forward(rig, [rig.index[bone] for bone in bone_map.values()], turns, moves)
    return MappedMotion(rig, bone_map, {slot: rotations[rig.index[bone]] for slot, bone in bone_map.items()},
                        {slot: heads[rig.index[bone]] for slot, bone in bone_map.items()}, contacts)


def _perform(character: Character, channels) -> MappedMotion:
    """Return what a character does with the channels, by the equations of Blender's pose bones."""
    index = character.rig.index
    return _mapped(character.rig, character.bone_map, {index[bone]: quats for bone, quats in channels.rotations.items()},
                   {index[bone]: places for bone, places in channels.locations.items()})


def _character(build=PLAIN, **rig_options) -> Character:
    rig = make_rig(build, **rig_options)
    return Character(rig, map_bones(rig).bone_map)


def _limb_errors(source: MappedMotion, target: MappedMotion) -> np.ndarray:
    """Return the angles in degrees (limbs, T) between the directions of limbs."""
    errors = []
    for near, far in LIMBS.items():
        first, second = (motion.heads[far] - motion.heads[near] for motion in (source, target))
        cosine = np.sum(first * second, axis=1) / np.linalg.norm(first, axis=1) / np.linalg.norm(second, axis=1)
        errors.append(np.degrees(np.arccos(np.clip(cosine, -1, 1))))
    return np.array(errors)


@pytest.mark.parametrize("build", TARGETS.values(), ids=TARGETS.keys())
@pytest.mark.parametrize("standing", ["as made", "rolled, scaled, lying on its back"])
def test_limbs_point_where_the_sources_do_on_every_frame(build, standing):
    options = {} if standing == "as made" else {
        "seed": 4, "scale": 0.01, "axes": rotmat_from_rotvec((-np.pi / 2, 0.0, 0.4)), "origin": (3.0, 1.0, 0.2)}
    motion, character = _motion(), _character(build, **options)
    performed = _perform(character, retarget(motion, character, RetargetOptions()))
    assert _limb_errors(motion, performed).max() < 1e-3


def test_a_source_in_any_rest_pose_serves_too():
    motion = _motion(Build(arms_down=60, elbow=30, legs_apart=12), name=lambda slot: f"bip {slot}", seed=3)
    character = _character(Build(spine=5))
    performed = _perform(character, retarget(motion, character, RetargetOptions()))
    assert _limb_errors(motion, performed).max() < 1e-3


def test_a_rig_on_itself_does_exactly_the_same():
    motion = _motion(seed=7)
    character = Character(motion.rig, motion.bone_map)
    performed = _perform(character, retarget(motion, character, RetargetOptions(start="SOURCE", relaxes_fingers=False)))
    for slot in ("hips", "spine2", "head", "left_hand", "right_foot", "left_toe"):
        turned = np.abs(np.sum(performed.rotations[slot] * motion.rotations[slot], axis=1))
        np.testing.assert_allclose(turned, 1, atol=1e-9)
        np.testing.assert_allclose(performed.heads[slot], motion.heads[slot], atol=1e-9)


def test_an_arm_lowered_at_rest_is_not_twisted():
    # The source stands in its T-pose: the palms of a rig that rests with its arms down turn down with the arms raised.
    rig = make_rig()
    bone_map = map_bones(rig).bone_map
    still = {rig.index[bone_map["hips"]]: np.tile((1.0, 0, 0, 0), (2, 1))}
    character = _character(Build(arms_down=80, elbow=15))
    performed = _perform(character, retarget(_mapped(rig, bone_map, still, {}), character, RetargetOptions()))
    for side in ("left", "right"):
        across = performed.heads[f"{side}_little1"] - performed.heads[f"{side}_index1"]
        np.testing.assert_allclose(across / np.linalg.norm(across, axis=1, keepdims=True), ((0, 1, 0), (0, 1, 0)), atol=1e-6)


def test_soles_that_rest_flat_stay_flat_and_take_the_sources_heading():
    rig = make_rig()
    bone_map = map_bones(rig).bone_map
    still = {rig.index[bone_map["hips"]]: np.tile((1.0, 0, 0, 0), (2, 1))}
    character = _character(Build(toes_out=20))
    performed = _perform(character, retarget(_mapped(rig, bone_map, still, {}), character, RetargetOptions()))
    foot = performed.heads["left_toe"] - performed.heads["left_foot"]
    np.testing.assert_allclose(foot[0], (0, -0.13, -0.06), atol=1e-9)


def test_the_hips_turn_and_the_chest_arrives_whatever_lies_between():
    motion = _motion()
    for spine in (1, 2, 5):
        character = _character(Build(spine=spine))
        performed = _perform(character, retarget(motion, character, RetargetOptions()))
        for own, other in (("hips", "hips"), (f"spine{spine}", "spine3"), ("head", "head")):
            cosine = np.abs(np.sum(performed.rotations[own] * motion.rotations[other], axis=1))
            np.testing.assert_allclose(cosine, 1, atol=1e-9)


def test_the_path_is_scaled_by_the_legs_and_lies_on_the_targets_floor():
    motion = _motion()
    character = _character(Build(thigh=0.21, shin=0.205), origin=(2.0, -1.0, 0.5))
    performed = _perform(character, retarget(motion, character, RetargetOptions()))
    source_hips = (motion.heads["left_thigh"] + motion.heads["right_thigh"]) / 2
    hips = (performed.heads["left_thigh"] + performed.heads["right_thigh"]) / 2
    np.testing.assert_allclose(hips[-1] - hips[0], (source_hips[-1] - source_hips[0]) / 2, atol=1e-9)
    np.testing.assert_allclose(hips[0, :2], (2.0, -1.0), atol=1e-9)
    # Ankles of both rigs rest at 0.08 m over their floors: hips stand as high over them as half the leg.
    np.testing.assert_allclose(hips[:, 2] - 0.5 - 0.08, (source_hips[:, 2] - 0.08) / 2, atol=1e-9)


def test_the_start_can_be_the_sources_place():
    motion, character = _motion(origin=(5.0, 4.0, 0.0)), _character()
    performed = _perform(character, retarget(motion, character, RetargetOptions(start="SOURCE")))
    np.testing.assert_allclose(performed.heads["left_thigh"][0] + performed.heads["right_thigh"][0],
                               motion.heads["left_thigh"][0] + motion.heads["right_thigh"][0], atol=1e-9)


def test_in_place_keeps_the_character_over_its_spot():
    motion, character = _motion(), _character(origin=(1.0, 2.0, 0.0))
    performed = _perform(character, retarget(motion, character, RetargetOptions(root_motion="IN_PLACE")))
    hips = (performed.heads["left_thigh"] + performed.heads["right_thigh"]) / 2
    np.testing.assert_allclose(hips[:, :2], np.tile((1.0, 2.0), (len(hips), 1)), atol=1e-9)
    assert np.ptp(hips[:, 2]) > 0.1
    assert _limb_errors(motion, performed).max() < 1e-3


def test_a_root_bone_carries_way_and_turning_and_the_body_does_the_same():
    motion, character = _motion(), _character(Build(arms_down=45))
    character = replace(character, bone_map=character.bone_map | {"root": "root"})
    on_root = _perform(character, retarget(motion, character, RetargetOptions(root_motion="ROOT")))
    on_hips = _perform(character, retarget(motion, character, RetargetOptions()))
    for slot in ("hips", "left_hand", "right_foot", "head"):
        np.testing.assert_allclose(on_root.heads[slot], on_hips.heads[slot], atol=1e-9)
    way = on_root.heads["root"] - on_root.heads["root"][0]
    hips = (on_root.heads["left_thigh"] + on_root.heads["right_thigh"]) / 2
    np.testing.assert_allclose(way[:, :2], (hips - hips[0])[:, :2], atol=1e-9)
    np.testing.assert_allclose(way[:, 2], 0, atol=1e-9)
    np.testing.assert_allclose(on_root.rotations["root"][:, 1:3], 0, atol=1e-9)
    assert np.ptp(on_root.rotations["root"][:, 3]) > 0.1


def test_a_body_whose_centre_carries_legs_and_spine_apart_is_moved_by_the_centre():
    base = make_rig()
    parents = base.parents.copy()
    parents[base.index["spine1"]] = base.index["root"]
    rig = replace(base, parents=parents)
    bone_map = map_bones(base).bone_map
    character = Character(rig, bone_map)
    motion = _motion()
    channels = retarget(motion, character, RetargetOptions())
    assert list(channels.locations) == ["root"]
    assert _limb_errors(motion, _perform(character, channels)).max() < 1e-3


def test_a_reference_pose_says_what_corresponds():
    # The target rests with its arms down, and its user says: the pose with the arms at 45 degrees is the T-pose.
    motion = _motion(Build())
    lowered, half = Build(arms_down=80), Build(arms_down=45)
    rig, reference = make_rig(lowered), make_rig(half)
    turn = rotmat_from_rotvec((0, np.radians(-35), 0))
    rotmats = reference.rotmats.copy()
    for name in reference.names:
        if name.startswith("left_") and ("arm" in name or "hand" in name or name[-1].isdigit()):
            rotmats[reference.index[name]] = turn
        elif name.startswith("right_") and ("arm" in name or "hand" in name or name[-1].isdigit()):
            rotmats[reference.index[name]] = turn.T
    character = Character(rig, map_bones(rig).bone_map, replace(reference, rotmats=rotmats))
    performed = _perform(character, retarget(motion, character, RetargetOptions()))
    assert _limb_errors(motion, performed).max() < 1e-3


def _standing_motion(build=PLAIN):
    """Return a motion whose left foot stands still in frames 10 to 29, on legs that bend and turn over it."""
    motion = _motion(build)
    rig, bone_map = motion.rig, motion.bone_map
    turns, _ = _walk(rig, bone_map)
    for side in ("left", "right"):  # knees bent 40 to 80 degrees: within reach of any legs
        bend = np.radians(60 + 20 * np.sin(np.linspace(0, 6, 40)))
        turns[rig.index[bone_map[f"{side}_shin"]]] = quat_from_rotvec(np.outer(bend, (1.0, 0, 0)))
    still = _mapped(rig, bone_map, turns, {})
    ankle = still.heads["left_foot"]
    stands = slice(10, 30)
    offset = np.zeros_like(ankle)
    offset[stands] = ankle[10] - ankle[stands]
    offset[30:] = offset[29]
    offset = offset + np.array((0, 0, 0.08)) - ankle[10] * (0, 0, 1)
    contacts = np.zeros((len(ankle), 4))
    contacts[stands, :2] = 1
    return replace(still, heads={slot: heads + offset for slot, heads in still.heads.items()}, contacts=contacts), stands


@pytest.mark.parametrize("touching", [(0, 1), (0,), (1,)], ids=["flat", "on its heel", "on its toes"])
def test_a_standing_foot_stands_on_legs_of_other_proportions(touching):
    motion, stands = _standing_motion()
    motion = replace(motion, contacts=motion.contacts * np.isin(np.arange(4), touching))
    character = _character(LONG_SHINS)
    slides = {}
    for plants in (False, True):
        performed = _perform(character, retarget(motion, character, RetargetOptions(plants_feet=plants)))
        slides[plants] = np.linalg.norm(np.diff(performed.heads["left_foot"][stands], axis=0), axis=1).max()
    assert slides[True] < 1e-5
    assert slides[False] > 1e-3
    np.testing.assert_allclose(performed.heads["left_foot"][stands][:, 2], 0.08, atol=1e-4)


@pytest.mark.parametrize(("point", "side"), [(0, "left"), (1, "left"), (2, "right"), (3, "right")])
def test_heel_and_toes_that_stand_plant_the_foot_of_their_side(point, side):
    motion, _ = _standing_motion()
    motion = replace(motion, contacts=np.tile(np.arange(4) == point, (40, 1)).astype(float))
    planted, free = (retarget(motion, _character(LONG_SHINS), RetargetOptions(plants_feet=plants)) for plants in (True, False))
    changed = {bone for bone, quats in planted.rotations.items() if np.abs(quats - free.rotations[bone]).max() > 1e-6}
    assert changed == {f"{side}_{part}" for part in ("thigh", "shin", "foot")}


def test_planting_turns_limbs_of_like_proportions_by_less_than_a_degree():
    motion, stands = _standing_motion()
    character = _character(Build(thigh=0.417, shin=0.413))
    performed = _perform(character, retarget(motion, character, RetargetOptions()))
    assert 0.01 < _limb_errors(motion, performed).max() < 1.0
    moves = np.linalg.norm(np.diff(performed.heads["left_foot"][stands], axis=0), axis=1)
    assert moves.max() < 2e-4


def test_corrections_of_feet_fade_in_and_out_without_a_step():
    motion, _ = _standing_motion()
    character = _character(LONG_SHINS)
    planted, free = (_perform(character, retarget(motion, character, RetargetOptions(plants_feet=plants)))
                     for plants in (True, False))
    moved = planted.heads["left_foot"] - free.heads["left_foot"]
    assert np.linalg.norm(moved, axis=1).max() > 0.01
    assert not moved[:3].any() and not moved[37:].any()
    largest = np.linalg.norm(moved, axis=1).max()
    outside = np.linalg.norm(np.diff(np.concatenate((moved[3:11], moved[29:37])), axis=0), axis=1)
    assert outside[:7].max() < 0.4 * largest and outside[8:].max() < 0.4 * largest


def test_hands_reach_by_choice():
    motion = _motion()
    character = _character(Build(upper_arm=0.34, thigh=0.42))
    performed = _perform(character, retarget(motion, character, RetargetOptions(reaches=True, start="SOURCE")))
    reachable = np.linalg.norm(motion.heads["left_hand"] - performed.heads["left_upper_arm"], axis=1) < 0.95 * 0.6
    assert reachable.sum() > 20
    np.testing.assert_allclose(performed.heads["left_hand"][reachable], motion.heads["left_hand"][reachable], atol=1e-6)


def test_fingers_relax_where_the_source_has_none_and_follow_where_it_has():
    without, character = _motion(Build(has_fingers=False)), _character(Build(arms_down=30))
    channels = retarget(without, character, RetargetOptions())
    assert channels.rotations["left_index2"].shape == (1, 4)
    performed = _perform(character, channels)
    hand, tip = performed.heads["left_hand"][0], performed.heads["left_middle3"][0]
    knuckle = performed.heads["left_middle1"][0]
    bent = np.degrees(np.arccos((tip - knuckle) @ (knuckle - hand)
                                / np.linalg.norm(tip - knuckle) / np.linalg.norm(knuckle - hand)))
    assert 20 < bent < 60
    none = retarget(without, character, RetargetOptions(relaxes_fingers=False))
    assert "left_index2" not in none.rotations
    followed = retarget(_motion(), character, RetargetOptions())
    assert len(followed.rotations["left_index2"]) == 40


def test_relaxed_fingers_close_towards_the_palm_on_both_sides():
    character = _character()
    rig = make_rig(Build(has_fingers=False))
    bone_map = map_bones(rig).bone_map
    still = {rig.index[bone_map["hips"]]: np.tile((1.0, 0, 0, 0), (2, 1))}
    performed = _perform(character, retarget(_mapped(rig, bone_map, still, {}), character, RetargetOptions()))
    for side in ("left", "right"):
        assert performed.heads[f"{side}_middle3"][0, 2] < performed.heads[f"{side}_middle1"][0, 2] - 0.01


def test_only_mapped_bones_get_channels_and_signs_never_flip():
    character = _character(Build(helpers=True))
    channels = retarget(_motion(), character, RetargetOptions())
    assert set(channels.rotations) <= set(character.bone_map.values())
    assert not any("twist" in bone or "helper" in bone for bone in channels.rotations)
    for quats in channels.rotations.values():
        assert (np.sum(quats[1:] * quats[:-1], axis=1) > 0).all()


def test_a_twist_bone_takes_half_of_what_the_hand_turns():
    character = _character(Build(helpers=True, arms_down=45), seed=2)
    bone_map = character.bone_map | {"left_forearm_twist": "left_forearm_twist"}
    source = make_rig()
    source_map = map_bones(source).bone_map
    turned = {source.index[source_map["left_hand"]]: np.tile(quat_from_rotvec((0.8, 0, 0)), (2, 1))}  # about the arm
    motion = _mapped(source, source_map, turned, {})
    character = replace(character, bone_map=bone_map)
    performed = _perform(character, retarget(motion, character, RetargetOptions()))
    resting = {source.index[source_map["left_hand"]]: np.tile((1.0, 0, 0, 0), (2, 1))}
    still = _perform(character, retarget(_mapped(source, source_map, resting, {}), character, RetargetOptions()))
    for slot, expected in (("left_forearm", 0.0), ("left_forearm_twist", 0.4), ("left_hand", 0.8)):
        change = multiply(performed.rotations[slot][:1], conjugate(still.rotations[slot][:1]))
        np.testing.assert_allclose(np.linalg.norm(rotvec_from_quat(change)), expected, atol=1e-6)

"""Fingers follow an imported motion's on rigs of many makes: into the palm on both hands, however a rig's hands rest."""

from dataclasses import replace

import numpy as np
import pytest

from mpsnet_blender.motion.base.coordinates import BLENDER_FROM_SMPL
from mpsnet_blender.motion.base.rest_pose import build_rest_pose
from mpsnet_blender.motion.base.rig import Rig
from mpsnet_blender.motion.base.rotations import quat_from_rotmat, rotmat_from_rotvec
from mpsnet_blender.motion.base.smpl_motion import make_world_motion
from mpsnet_blender.motion.retarget.bone_mapping import map_bones
from mpsnet_blender.motion.retarget.fingers.frames import find_finger_frames, find_palm
from mpsnet_blender.motion.retarget.mapped_rigs import Character, MappedMotion
from mpsnet_blender.motion.retarget.posing import pose_forward
from mpsnet_blender.motion.retarget.retarget import RetargetOptions, retarget
from mpsnet_blender.shared.bone_slots import FINGER_NAMES
from mpsnet_blender.shared.hands.skeleton import FULL_JOINT_NAMES, FULL_PARENTS
from mpsnet_blender.shared.smpl_skeleton import JOINT, forward_kinematics, generic_rest_joints
from tests.made_hands import FIST, GESTURES, make_gesture
from tests.made_rigs import Build, make_rig

REST_JOINTS = generic_rest_joints(1.75)
LONG_FINGERS = FINGER_NAMES[1:]
# A T-pose, an A-pose, bones that are rolled and point anywhere, one that turns its whole body, and one of centimetres.
TARGETS = {"T": {"build": Build()}, "A": {"build": Build(arms_down=45)}, "rolled": {"build": Build(arms_down=30), "seed": 4},
           "turned": {"axes": rotmat_from_rotvec((0, 0, 2.0)), "seed": 1}, "hanging": {"build": Build(arms_down=85, elbow=20)},
           "small": {"build": Build(arms_down=45, elbow=40), "scale": 0.01, "seed": 7}}


def imported(degrees, arms_down=20.0, palm_turn=0.0):
    """Return a motion of two frames as an import has it: hands flat, then a gesture; arms lowered, palms turned, in degrees."""
    poses = np.zeros((2, 24, 3))
    poses[:, 0] = (np.pi / 2, 0, 0)
    for side, sign in (("left", 1), ("right", -1)):
        poses[:, JOINT[f"{side}_shoulder"]] = (0, 0, -sign * np.radians(arms_down))
        poses[:, JOINT[f"{side}_wrist"]] = (np.radians(palm_turn), 0, 0)
    body = make_world_motion(poses, np.tile((0, 0, 1.0), (2, 1)), REST_JOINTS, np.arange(2), np.zeros((2, 4)),
                             hands=make_gesture(degrees, 2))
    rest = build_rest_pose(REST_JOINTS, with_fingers=True)
    count = len(FULL_JOINT_NAMES)
    each = np.ones(count, dtype=bool)
    rig = Rig(names=FULL_JOINT_NAMES, parents=np.array(FULL_PARENTS), heads=rest.heads, tails=rest.tails,
              rotmats=np.tile(np.eye(3), (count, 1, 1)), is_deforming=each, inherits_rotation=each, moves_locally=each,
              origin=np.zeros(3), axes=np.eye(3), scale=1.0)
    turned, joints = forward_kinematics(body.full_rotmats, body.full_rest_joints, body.transl, FULL_PARENTS)
    quats, bone_map = quat_from_rotmat(turned @ BLENDER_FROM_SMPL.T), map_bones(rig).bone_map
    return MappedMotion(rig, bone_map, {slot: quats[:, rig.index[bone]] for slot, bone in bone_map.items()},
                        {slot: joints[:, rig.index[bone]] for slot, bone in bone_map.items()})


def posed(character, motion, frame=1):
    """Return the character's rig in the pose that a frame of the motion gives it."""
    rig, channels = character.rig, retarget(motion, character, RetargetOptions())
    _, heads = pose_forward(
        rig, list(range(len(rig.names))), {rig.index[bone]: quats for bone, quats in channels.rotations.items()},
        {rig.index[bone]: places for bone, places in channels.locations.items()})
    return replace(rig, heads=np.array([np.broadcast_to(heads[bone], (2, 3))[frame] for bone in range(len(rig.names))]))


def in_palm(rig, bone_map, side, near, far):
    """Return the unit vector (3,) between the heads of two slots along the palm, across it, and out of its back."""
    heads = [rig.heads[rig.index[bone_map[f"{side}_{slot}"]]] for slot in (near, far)]
    vector = find_palm(rig, bone_map, side).T @ (heads[1] - heads[0])
    return vector / np.linalg.norm(vector)


def character_of(**options):
    rig = make_rig(**options)
    return Character(rig, map_bones(rig).bone_map)


def mapped_source(motion, frame=1):
    heads = motion.rig.heads.copy()
    for slot, bone in motion.bone_map.items():
        heads[motion.rig.index[bone]] = motion.heads[slot][frame]
    return replace(motion.rig, heads=heads)


@pytest.mark.parametrize("name", TARGETS)
@pytest.mark.parametrize("gesture", GESTURES)
def test_each_finger_lies_to_its_palm_as_the_sources_does(name, gesture):
    motion, character = imported(GESTURES[gesture]), character_of(**TARGETS[name])
    rig, source = posed(character, motion), mapped_source(motion)
    for side in ("left", "right"):
        for finger in FINGER_NAMES:
            for near, far in ((f"{finger}1", f"{finger}2"), (f"{finger}2", f"{finger}3")):
                np.testing.assert_allclose(in_palm(rig, character.bone_map, side, near, far),
                                           in_palm(source, motion.bone_map, side, near, far), atol=1e-5)


@pytest.mark.parametrize("name", TARGETS)
@pytest.mark.parametrize("side", ["left", "right"])
def test_a_fist_bends_the_index_finger_by_80_degrees_into_the_palm_and_the_thumb_over_it(name, side):
    motion, character = imported(FIST), character_of(**TARGETS[name])
    rig = posed(character, motion)
    along, _, back = in_palm(rig, character.bone_map, side, "index1", "index2")
    assert np.degrees(np.arctan2(-back, along)) == pytest.approx(80, abs=6)
    flat = posed(character, motion, frame=0)
    for pose, is_bent in ((flat, False), (rig, True)):
        thumb = in_palm(pose, character.bone_map, side, "thumb2", "thumb3")
        assert (thumb[1] > 0.1) == is_bent        # from pointing aside to pointing across the palm
    assert in_palm(rig, character.bone_map, side, "index2", "index3")[0] < -0.9


def test_hands_whose_palms_rest_otherwise_close_into_their_palms():
    """The rig's forearms and hands rest turned by 90 degrees about themselves: palms forward, as in anatomy books."""
    motion, character = imported(FIST), character_of()
    rig = character.rig
    heads, tails, rotmats = rig.heads.copy(), rig.tails.copy(), rig.rotmats.copy()
    for side in ("left", "right"):
        hand = rig.index[f"{side}_hand"]
        turn = rotmat_from_rotvec((np.pi / 2, 0, 0))        # the arm lies along x
        moved = [bone for bone in range(len(rig.names)) if bone == hand or rig.is_above(hand, bone)]
        heads[moved], tails[moved] = (heads[hand] + (ends[moved] - rig.heads[hand]) @ turn.T for ends in (rig.heads, rig.tails))
        rotmats[moved] = turn @ rotmats[moved]
    turned = replace(character, rig=replace(rig, heads=heads, tails=tails, rotmats=rotmats))
    for side in ("left", "right"):
        assert abs(find_palm(turned.rig, turned.bone_map, side)[2, 2]) < 0.01       # the back of the hand is level
        pose = posed(turned, motion)
        for finger in LONG_FINGERS:
            along, _, back = in_palm(pose, turned.bone_map, side, f"{finger}1", f"{finger}2")
            assert np.degrees(np.arctan2(-back, along)) == pytest.approx(80, abs=6)


def test_fingers_that_rest_bent_become_as_straight_as_the_sources():
    motion, character = imported({}), character_of()
    rig = character.rig
    heads = rig.heads.copy()
    for side in ("left", "right"):
        for finger in LONG_FINGERS:
            heads[rig.index[f"{side}_{finger}3"]] += (0, 0, -0.03)
    bent = replace(character, rig=replace(rig, heads=heads, tails=heads + (rig.tails - rig.heads)))
    pose = posed(bent, motion)
    for finger in LONG_FINGERS:
        along = in_palm(pose, bent.bone_map, "left", f"{finger}2", f"{finger}3")
        assert np.degrees(np.arcsin(abs(along[2]))) < 5


def without(character, *parts):
    return replace(character, bone_map={slot: bone for slot, bone in character.bone_map.items()
                                        if not any(part in slot for part in parts)})


def test_the_last_of_two_phalanges_lies_between_the_sources_second_and_third():
    motion = imported(FIST)
    pose = posed(without(character_of(), "index3"), motion)
    whole = character_of().bone_map
    along, _, back = in_palm(pose, whole, "left", "index1", "index2")
    assert np.degrees(np.arctan2(-back, along)) == pytest.approx(80, abs=6)
    along, _, back = in_palm(pose, whole, "left", "index2", "index3")        # 80 + 95 and half of 60 degrees
    assert np.degrees(np.arctan2(-back, along)) % 360 == pytest.approx(205, abs=6)


def test_a_finger_that_the_source_lacks_follows_its_neighbour_and_unmapped_ones_stay():
    source = imported(FIST)
    mitten = replace(source, bone_map={slot: bone for slot, bone in source.bone_map.items()
                                       if not any(finger in slot for finger in ("index", "ring", "little"))})
    mitten = replace(mitten, rotations={slot: mitten.rotations[slot] for slot in mitten.bone_map},
                     heads={slot: mitten.heads[slot] for slot in mitten.bone_map})
    character = character_of()
    pose = posed(character, mitten)
    for finger in LONG_FINGERS:
        assert in_palm(pose, character.bone_map, "right", f"{finger}1", f"{finger}2")[2] < -0.85
    channels = retarget(source, without(character, "ring"), RetargetOptions())
    assert "left_index1" in channels.rotations and not any("ring" in bone for bone in channels.rotations)


def test_a_thumbs_axis_is_at_right_angles_to_it_and_mirrored_on_the_other_hand():
    frames = {side: find_finger_frames(make_rig(), character_of().bone_map, side) for side in ("left", "right")}
    for place in (1, 2, 3):
        left, right = (frames[side][f"{side}_thumb{place}"] for side in ("left", "right"))
        np.testing.assert_allclose(left.T @ left, np.eye(3), atol=1e-9)
        np.testing.assert_allclose(right[:, 0], left[:, 0] * (-1, 1, 1), atol=1e-9)
        np.testing.assert_allclose(right[:, 1], left[:, 1] * (1, -1, -1), atol=1e-9)       # an axis of rotation mirrors so


def test_fingers_with_unknown_names_are_found_below_hands_with_known_ones():
    plain = make_rig()
    names = tuple(f"digit {number}" if any(finger in name for finger in FINGER_NAMES) else name
                  for number, name in enumerate(plain.names))
    mapping = map_bones(replace(plain, names=names))
    assert mapping.found_by.endswith(" and structure")
    expected = map_bones(plain).bone_map
    assert {slot: names.index(bone) for slot, bone in mapping.bone_map.items()} == {
        slot: plain.names.index(bone) for slot, bone in expected.items()}


def test_fingers_that_hang_beside_the_hands_control_are_posed_as_if_they_hung_on_it():
    motion, character = imported(FIST), character_of(build=Build(arms_down=45))
    rig, parents = character.rig, character.rig.parents.copy()
    for side in ("left", "right"):
        for finger in FINGER_NAMES:
            parents[rig.index[f"{side}_{finger}1"]] = rig.index["root"]
    below = retarget(motion, character, RetargetOptions()).rotations
    beside = retarget(motion, replace(character, rig=replace(rig, parents=parents)), RetargetOptions()).rotations
    assert beside.keys() == below.keys()
    for bone, quats in below.items():
        np.testing.assert_allclose(beside[bone], quats, atol=1e-9)

"""Sources whose zero pose is a straight line, as some programs write BVH: the same movement must give the same character."""

from dataclasses import replace

import numpy as np
import pytest

from mpsnet_blender.motion.base.quaternions import multiply
from mpsnet_blender.motion.base.rotations import quat_from_rotmat, rotmat_from_quat, rotmat_from_rotvec
from mpsnet_blender.motion.base.two_bone_ik import compute_rotmats_between
from mpsnet_blender.motion.retarget.bone_mapping import map_bones
from mpsnet_blender.motion.retarget.mapped_rigs import Character, MappedMotion
from mpsnet_blender.motion.retarget.posing import pose_forward
from mpsnet_blender.motion.retarget.retarget import RetargetOptions, retarget
from mpsnet_blender.motion.retarget.standing_frame import refer_to_standing_frame, rest_pose_stands
from tests.made_rigs import Build, make_rig

FRAMES = 30
BESIDE, BACK, UP = np.eye(3)


def a_march():
    """Return the motion of a T-pose rig with the arms lowered: it turns, bends elbows and lifts knees; in frame 0 it stands."""
    rig = make_rig(Build(has_fingers=False))
    bone_map = map_bones(rig).bone_map
    beat = np.sin(np.linspace(0, 2 * np.pi, FRAMES))[:, None]
    bend = 0.35 + 0.3 * beat
    worlds = {"hips": 0.6 * np.linspace(0, 1, FRAMES)[:, None] * UP, "left_toe": 0.1 * beat * BESIDE}
    for side, sign in (("left", 1.0), ("right", -1.0)):
        lift = np.maximum(sign * beat, 0)
        worlds[f"{side}_upper_arm"] = np.full((FRAMES, 1), sign * 1.3) * BACK
        worlds[f"{side}_forearm"] = -sign * bend * UP
        worlds[f"{side}_thigh"], worlds[f"{side}_shin"] = -lift * BESIDE, 1.2 * lift * BESIDE
    turns = {}
    for slot, rotvecs in worlds.items():
        bone = rig.index[bone_map[slot]]
        turns[bone] = quat_from_rotmat(rig.rotmats[bone].T @ rotmat_from_rotvec(rotvecs) @ rig.rotmats[bone])
    rotations, heads = pose_forward(rig, [rig.index[bone] for bone in bone_map.values()], turns, {})
    return MappedMotion(rig, bone_map, {slot: np.broadcast_to(rotations[rig.index[bone]], (FRAMES, 4))
                                        for slot, bone in bone_map.items()},
                        {slot: np.broadcast_to(heads[rig.index[bone]], (FRAMES, 3)) for slot, bone in bone_map.items()})


def as_line(motion):
    """Return the same movement by a rig whose bones have axes of their own, X along the bone: all rotations zero is a line."""
    rig = motion.rig
    frames = [compute_rotmats_between(BESIDE, direction / np.linalg.norm(direction)) for direction in rig.tails - rig.heads]
    heads, tails = np.zeros_like(rig.heads), np.zeros_like(rig.heads)
    for bone, parent in enumerate(rig.parents):
        if parent >= 0:
            heads[bone] = heads[parent] + frames[parent].T @ (rig.heads[bone] - rig.heads[parent])
        tails[bone] = heads[bone] + frames[bone].T @ (rig.tails[bone] - rig.heads[bone])
    line = replace(rig, heads=heads, tails=tails, rotmats=np.tile(np.eye(3), (len(rig.names), 1, 1)))
    rotations = {slot: multiply(motion.rotations[slot], quat_from_rotmat(rig.rotmats[bone].T @ frames[bone]))
                 for slot, bone in ((slot, rig.index[name]) for slot, name in motion.bone_map.items())}
    return MappedMotion(line, motion.bone_map, rotations, motion.heads)


@pytest.fixture(scope="module")
def march():
    return a_march()


@pytest.fixture(scope="module")
def character():
    rig = make_rig(Build(arms_down=40, has_fingers=False))
    return Character(rig, map_bones(rig).bone_map)


def world_rotations(motion, character):
    """Return the world rotation matrices (T, 3, 3) by slot of the character that performs the motion."""
    channels = retarget(motion, character, RetargetOptions(plants_feet=False))
    index = character.rig.index
    rotations, _ = pose_forward(character.rig, [index[bone] for bone in character.bone_map.values()],
                                {index[bone]: quats for bone, quats in channels.rotations.items()}, {})
    return {slot: rotmat_from_quat(rotations[index[bone]]) for slot, bone in character.bone_map.items()}


@pytest.mark.parametrize("build", [
    Build(), Build(arms_down=80, elbow=20, legs_apart=15, toes_out=30), Build(knee=20, has_toes=False)])
def test_rest_poses_of_rigs_stand(build):
    rig = make_rig(build)
    assert rest_pose_stands(rig, map_bones(rig).bone_map)


def test_a_line_does_not_stand(march):
    line = as_line(march)
    assert not rest_pose_stands(line.rig, line.bone_map)


def test_the_frame_in_which_it_stands_on_both_feet_is_chosen_and_faces_forward(march):
    standing, frame = refer_to_standing_frame(as_line(march))
    lifted = np.abs(np.sin(2 * np.pi * frame / (FRAMES - 1)))
    assert lifted < 0.25
    rig, bone_map = standing.rig, standing.bone_map
    across = rig.heads[rig.index[bone_map["left_thigh"]]] - rig.heads[rig.index[bone_map["right_thigh"]]]
    np.testing.assert_allclose(across / np.linalg.norm(across), BESIDE, atol=0.02)
    assert rest_pose_stands(rig, bone_map)


def test_a_line_moves_a_character_as_a_standing_rig_does(march, character):
    expected = world_rotations(march, character)
    standing, _ = refer_to_standing_frame(as_line(march))
    found = world_rotations(standing, character)
    for slot in expected:
        between = np.swapaxes(expected[slot], -1, -2) @ found[slot]
        angle = np.degrees(np.arccos(np.clip((np.trace(between, axis1=-2, axis2=-1) - 1) / 2, -1, 1)))
        assert angle.max() < 8, slot        # the chosen frame's knees and toes are nearly, not quite, at rest


def test_elbows_that_never_bend_leave_the_arms_as_they_hang(march):
    line = as_line(march)
    straight = {side: line.heads[f"{side}_forearm"] + 0.9 * (line.heads[f"{side}_forearm"] - line.heads[f"{side}_upper_arm"])
                for side in ("left", "right")}
    standing, frame = refer_to_standing_frame(replace(
        line, heads=line.heads | {f"{side}_hand": wrist for side, wrist in straight.items()}))
    arm = standing.rig.index[standing.bone_map["left_upper_arm"]]
    turned = standing.rig.rotmats[arm] @ rotmat_from_quat(line.rotations["left_upper_arm"][frame]).T
    np.testing.assert_allclose(turned @ UP, UP, atol=1e-6)      # only faced forward, not turned about itself

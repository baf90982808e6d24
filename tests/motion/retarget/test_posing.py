"""Poses of a rig, held to the matrices of Blender's pose bones: pose = parent's pose, parent's rest^-1, rest, channels."""

from dataclasses import replace

import numpy as np
import pytest

from mpsnet_blender.motion.base.quaternions import turn
from mpsnet_blender.motion.base.rig import Rig
from mpsnet_blender.motion.base.rotations import quat_from_rotmat, quat_from_rotvec, rotmat_from_quat, rotmat_from_rotvec
from mpsnet_blender.motion.retarget.posing import Posing, pose_forward

FRAMES, BONES = 3, 6
GENERATOR = np.random.default_rng(2)
TURNS = {bone: quat_from_rotvec(GENERATOR.normal(size=(FRAMES, 3))) for bone in range(BONES)}
MOVES = {bone: GENERATOR.normal(size=(FRAMES, 3)) for bone in (0, 1, 3)}


def made_rig():
    """Return a chain of four bones, of which the third does not inherit rotations, and two that hang on the first."""
    heads = GENERATOR.normal(size=(BONES, 3))
    inherits = np.ones(BONES, bool)
    inherits[2] = False
    return Rig(tuple("abcdef"), np.array((-1, 0, 1, 2, 0, 0)), heads, heads + (0, 0, 0.1),
               rotmat_from_rotvec(GENERATOR.normal(size=(BONES, 3))), np.ones(BONES, bool), inherits,
               np.array((1, 1, 0, 1, 0, 1), bool), np.zeros(3), rotmat_from_rotvec(np.array((0.3, -0.5, 0.8))), scale=0.01)


RIG = made_rig()


def by_matrices(turns, moves):
    """Return rotations (T, N, 3, 3) and heads (T, N, 3) of all bones from their channels."""
    rest, pose = np.tile(np.eye(4), (BONES, 1, 1)), np.zeros((FRAMES, BONES, 4, 4))
    rest[:, :3, :3], rest[:, :3, 3] = RIG.rotmats, RIG.heads
    for bone, parent in enumerate(RIG.parents):
        basis = np.tile(np.eye(4), (FRAMES, 1, 1))
        if bone in turns:
            basis[:, :3, :3] = rotmat_from_quat(turns[bone])
        if bone in moves:
            basis[:, :3, 3] = moves[bone] * RIG.scale
        before = rest[bone] if parent < 0 else pose[:, parent] @ np.linalg.inv(rest[parent]) @ rest[bone]
        before = np.broadcast_to(before, (FRAMES, 4, 4)).copy()
        if not RIG.inherits_rotation[bone]:
            before[:, :3, :3] = RIG.rotmats[bone]
        pose[:, bone] = before @ basis
    return pose[..., :3, :3], pose[..., :3, 3]


def wanted_by(turns):
    rotmats, _ = by_matrices(turns, {})
    return {bone: quat_from_rotmat(rotmats[:, bone]) for bone in turns}


def test_bones_are_posed_by_their_channels_as_blender_poses_them():
    rotmats, heads = by_matrices(TURNS, MOVES)
    found_quats, found_heads = pose_forward(RIG, [3, 4], TURNS, MOVES)
    assert sorted(found_quats) == sorted(found_heads) == [0, 1, 2, 3, 4]         # with what they hang on, and no others
    for bone in found_quats:
        np.testing.assert_allclose(rotmat_from_quat(found_quats[bone]), rotmats[:, bone], atol=1e-9)
        np.testing.assert_allclose(found_heads[bone], heads[:, bone], atol=1e-9)


@pytest.mark.parametrize("turned", [(0, 1, 2, 3), (0,), (1, 3), (0, 2), ()])
def test_what_has_no_wanted_rotation_rests_in_its_parent(turned):
    turns = {bone: TURNS[bone] for bone in turned}
    rotmats, heads = by_matrices(turns, {})
    posing = Posing(RIG, wanted_by(turns))
    for bone in range(BONES):
        np.testing.assert_allclose(np.broadcast_to(rotmat_from_quat(posing.rotation(bone)), (FRAMES, 3, 3)), rotmats[:, bone],
                                   atol=1e-9)
        np.testing.assert_allclose(np.broadcast_to(posing.head(bone), (FRAMES, 3)), heads[:, bone], atol=1e-9)


def test_channels_give_bones_the_rotations_that_they_are_to_have():
    posing = Posing(RIG, wanted_by(TURNS))
    for bone in range(BONES):
        np.testing.assert_allclose(rotmat_from_quat(posing.basis(bone)), rotmat_from_quat(TURNS[bone]), atol=1e-9)


@pytest.mark.parametrize(("bone", "along"), [(0, "itself at rest"), (1, "itself at rest"), (2, "its parent"), (4, "its parent")])
def test_channels_move_bones_along_their_axes_or_their_parents_in_the_rigs_unit(bone, along):
    rotmats, _ = by_matrices(TURNS, {})
    resting, _ = by_matrices({other: quats for other, quats in TURNS.items() if other != bone}, {})
    axes = resting[:, bone] if along == "itself at rest" else rotmats[:, RIG.parents[bone]]
    offset = GENERATOR.normal(size=(FRAMES, 3))
    channel = Posing(RIG, wanted_by(TURNS)).basis_location(bone, offset)
    np.testing.assert_allclose(np.einsum("tij,tj->ti", axes, channel * 0.01), offset, atol=1e-9)


def test_a_bone_without_a_parent_may_be_moved_along_the_armatures_axes():
    rig = replace(RIG, moves_locally=np.zeros(BONES, bool))
    channel = Posing(rig, wanted_by(TURNS)).basis_location(0, MOVES[0])
    np.testing.assert_allclose(channel * 0.01 @ RIG.axes.T, MOVES[0], atol=1e-9)


def test_a_bones_offset_is_the_way_from_its_parents_head_in_the_parents_axes():
    posing = Posing(RIG, {})
    np.testing.assert_allclose(RIG.rotmats[1] @ posing.offset(2), RIG.heads[2] - RIG.heads[1], atol=1e-9)
    np.testing.assert_allclose(turn(quat_from_rotmat(RIG.rotmats[0]), posing.offset(4)), RIG.heads[4] - RIG.heads[0], atol=1e-9)

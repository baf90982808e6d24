import numpy as np
import pytest

from mpsnet_blender.motion.base.rotations import rotmat_from_quat, rotmat_from_rotvec
from mpsnet_blender.motion.formats.bvh import format_bvh
from mpsnet_blender.motion.formats.posed_bones import (
    decompose,
    decompose_poses,
    find_most_moved_frame,
    make_bvh_of_bones,
    remove_stretch,
)
from tests.motion.formats.bvh_reader import read_bvh

PARENTS = np.array((-1, 0, 1, 1, -1))
NAMES = ("hips", "spine", "arm", "head", "prop")


def transforms(count, generator, scale=1.0):
    matrices = np.tile(np.eye(4), (*count, 1, 1))
    matrices[..., :3, :3] = rotmat_from_rotvec(generator.normal(size=(*count, 3))) * scale
    matrices[..., :3, 3] = generator.normal(size=(*count, 3))
    return matrices


def posed_by(locations, quats, scales, rests):
    """Pose bones as Blender does: Pose = ParentPose ParentRest^-1 Rest Basis."""
    basis = np.tile(np.eye(4), (*quats.shape[:2], 1, 1))
    basis[..., :3, :3] = rotmat_from_quat(quats) * scales[..., None, :]
    basis[..., :3, 3] = locations
    poses = np.empty_like(basis)
    for bone, parent in enumerate(PARENTS):
        above = poses[:, parent] @ np.linalg.inv(rests[parent]) if parent >= 0 else np.eye(4)
        poses[:, bone] = above @ rests[bone] @ basis[:, bone]
    return poses


def test_the_channels_pose_the_bones_as_they_were():
    generator = np.random.default_rng(0)
    rests, poses = transforms((5,), generator), transforms((30, 5), generator, scale=1.2)
    locations, quats, scales = decompose_poses(poses, rests, PARENTS)
    assert np.abs(posed_by(locations, quats, scales, rests) - poses).max() < 1e-12
    assert np.sum(quats[1:] * quats[:-1], axis=-1).min() >= 0


def test_a_mirrored_matrix_is_split_into_a_rotation_and_negative_scale():
    matrix = np.diag((-2.0, 2.0, 2.0, 1.0))[None]
    _places, quats, scale = decompose(matrix)
    assert np.allclose(rotmat_from_quat(quats) * scale[:, None, :], matrix[:, :3, :3])


def test_with_stretch_removed_joints_stay_where_they_are_and_no_channel_holds_shear():
    generator = np.random.default_rng(1)
    rests = transforms((5,), generator)
    poses = transforms((30, 5), generator)
    poses[:, 1, :3, 1] *= 1.4                   # the spine is stretched along itself, and shears what hangs on it
    poses[:, 2, :3, :3] = poses[:, 1, :3, :3] @ poses[:, 2, :3, :3]
    even = remove_stretch(poses)
    again = posed_by(*decompose_poses(even, rests, PARENTS), rests)
    assert np.abs(again[..., :3, 3] - poses[..., :3, 3]).max() < 1e-12
    assert np.abs(again - even).max() < 1e-12
    assert np.allclose(np.linalg.det(even[..., :3, :3]), np.linalg.det(poses[..., :3, :3]))


def test_most_moved_is_when_the_children_are_away_and_the_root_does_not_count():
    locations = np.zeros((10, 5, 3))
    locations[2, 0] = locations[8, 4] = 100.0
    locations[5, 1], locations[5, 2], locations[6, 1] = 0.5, 0.2, 0.6
    assert find_most_moved_frame(locations, PARENTS) == 5
    assert find_most_moved_frame(np.zeros((10, 5, 3)), PARENTS) == 0


@pytest.mark.parametrize("scale", [1.0, 100.0])
def test_bvh_puts_every_bones_head_where_it_was(scale):
    generator = np.random.default_rng(2)
    rests, poses = transforms((5,), generator), transforms((20, 5), generator)
    worlds = transforms((20,), generator, scale=0.01)
    clip = make_bvh_of_bones(NAMES, PARENTS, rests, rests[:, :3, 3] + (0, 1, 0), poses, worlds, 24.0, scale, "Hero")
    bvh = read_bvh(format_bvh(clip))
    heads = (worlds[:, None] @ poses)[..., :3, 3]
    places = bvh.positions()
    assert bvh.names[0] == "Hero" and len(bvh.names) == 6       # two bones have no parent: a root holds them
    for bone, name in enumerate(NAMES):
        x, y, z = heads[:, bone].T
        assert np.abs(places[name] / scale - np.column_stack((x, z, -y))).max() < 1e-5


def test_bvh_gives_positions_to_the_bones_that_leave_their_place_alone():
    generator = np.random.default_rng(3)
    rests = transforms((4,), generator)
    parents = PARENTS[:4]
    turns = transforms((20, 4), generator)
    turns[..., :3, 3] = 0
    turns[7, 3, :3, 3] = 0.2
    poses = np.empty_like(turns)
    for bone, parent in enumerate(parents):
        above = poses[:, parent] @ np.linalg.inv(rests[parent]) if parent >= 0 else np.eye(4)
        poses[:, bone] = above @ rests[bone] @ turns[:, bone]
    clip = make_bvh_of_bones(NAMES[:4], parents, rests, rests[:, :3, 3], poses, np.tile(np.eye(4), (20, 1, 1)), 30.0)
    assert clip.has_position.tolist() == [True, False, False, True]

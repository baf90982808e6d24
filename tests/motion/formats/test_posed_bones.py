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


def most_moved(*distances, unit=1.0):
    """Return the frame of ten in which most bones are away, of (frame, bone, distance)."""
    locations = np.zeros((10, 5, 3))
    for frame, bone, distance in distances:
        locations[frame, bone] = unit * distance * np.array((0.6, 0.0, -0.8))
    return find_most_moved_frame(locations, PARENTS)


@pytest.mark.parametrize("unit", [1e-5, 1.0, 100.0])
def test_how_far_away_a_child_is_counts_by_how_far_it_goes(unit):
    assert most_moved((4, 1, 1.0), unit=unit) == 4
    # The roots of a sixth and of a whole are more than the root of one whole.
    assert most_moved((5, 1, 0.05), (5, 2, 0.02), (6, 1, 0.3), unit=unit) == 5
    assert most_moved((5, 1, 0.3), (6, 2, 0.02), (6, 3, 0.02), unit=unit) == 6
    assert most_moved((5, 1, 1.0), (6, 2, 1e-5), (6, 3, 1e-5), unit=unit) == 5          # these hardly move at all


def test_a_mirrored_bone_keeps_its_volume_without_its_stretch():
    pose = np.tile(np.eye(4), (1, 1, 1, 1))
    pose[0, 0, :3, :3] = np.diag((-2.0, 1.0, 4.0))
    size = np.linalg.norm(remove_stretch(pose)[0, 0, :3, :3], axis=0)
    np.testing.assert_allclose(size, 2.0)


def test_at_rest_a_bvh_stands_as_the_armature_does_in_its_first_frame():
    generator = np.random.default_rng(4)
    rests, parents = transforms((4,), generator), PARENTS[:4]
    worlds = transforms((3,), generator)
    poses = np.tile(rests, (3, 1, 1, 1))
    tails = rests[:, :3, 3] + generator.normal(size=(4, 3))
    clip = make_bvh_of_bones(NAMES[:4], parents, rests, tails, poses, worlds, 30.0)
    heads, tips = (places @ worlds[0, :3, :3].T for places in (rests[:, :3, 3], tails))

    def y_up(vectors):
        return np.stack((vectors[..., 0], vectors[..., 2], -vectors[..., 1]), axis=-1)

    np.testing.assert_allclose(clip.offsets[1:], y_up(heads[1:] - heads[parents[1:]]), atol=1e-12)
    np.testing.assert_allclose(clip.end_offsets, y_up(tips - heads), atol=1e-12)
    np.testing.assert_allclose(clip.rotmats[0], np.tile(np.eye(3), (4, 1, 1)), atol=1e-9)
    assert clip.has_position.tolist() == [True, False, False, False]


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

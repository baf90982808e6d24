import numpy as np
import pytest

from mpsnet_blender.motion.base.rotations import rotmat_from_rotvec
from mpsnet_blender.motion.base.smpl_motion import make_file_motion
from mpsnet_blender.motion.formats.bvh import BvhClip, format_bvh, make_bvh_of_motion
from mpsnet_blender.shared.hands.skeleton import FULL_JOINT_NAMES
from mpsnet_blender.shared.motion_file import Motion, new_motion
from mpsnet_blender.shared.smpl_skeleton import JOINT_NAMES, PARENTS, forward_kinematics, generic_rest_joints
from tests.made_hands import FIST, make_gesture
from tests.motion.formats.bvh_reader import read_bvh

TENTH_OF_A_MILLIMETRE = 1e-4


def sample_motion(frames: int = 40, **changes) -> Motion:
    generator = np.random.default_rng(3)
    fields = {"poses": np.cumsum(generator.normal(scale=0.2, size=(frames, 72)), axis=0),
              "trans": generator.normal(size=(frames, 3)), "mocap_framerate": 30.0,
              "rest_joints": generic_rest_joints(1.83) + (0.002, -0.22, 0.03)}
    return new_motion(**(fields | changes))


def find_limb_joints(motion: Motion) -> np.ndarray:
    rotmats = rotmat_from_rotvec(motion.poses.reshape(-1, 24, 3))
    return forward_kinematics(rotmats, motion.rest_joints, motion.trans)[1]


@pytest.mark.parametrize("scale", [1.0, 100.0])
def test_the_files_joints_are_the_motions_turned_to_y_up(scale):
    motion = sample_motion()
    places = read_bvh(format_bvh(make_bvh_of_motion(motion, scale))).positions()
    expected = find_limb_joints(motion)
    for joint, name in enumerate(JOINT_NAMES):
        x, y, z = expected[:, joint].T
        assert np.abs(places[name] / scale - np.column_stack((x, z, -y))).max() < TENTH_OF_A_MILLIMETRE


def test_the_hierarchy_is_smpls_with_a_t_pose_at_rest():
    bvh = read_bvh(format_bvh(make_bvh_of_motion(sample_motion())))
    parents = {name: bvh.names[parent] if parent >= 0 else None for name, parent in zip(bvh.names, bvh.parents)}
    assert parents == {name: JOINT_NAMES[parent] if parent >= 0 else None for name, parent in zip(JOINT_NAMES, PARENTS)}
    offsets = dict(zip(bvh.names, bvh.offsets))
    assert offsets["pelvis"] == [0, 0, 0]
    assert offsets["left_elbow"][0] > 0.2 and abs(offsets["left_elbow"][1]) < 0.02    # the left arm lies along +X
    assert offsets["left_knee"][1] < -0.3                                            # legs point down, Y is up
    assert bvh.tips["left_foot"][2] > 0.05 and bvh.tips["head"][1] > 0.1              # toes point where the body faces
    assert sorted(bvh.tips) == ["head", "left_foot", "left_hand", "right_foot", "right_hand"]


def test_fingers_are_in_the_hierarchy_where_the_motion_has_them(tmp_path):
    motion = sample_motion(5, poses=np.zeros((5, 72)), trans=np.zeros((5, 3)), hands=make_gesture(FIST, 5))
    bvh = read_bvh(format_bvh(make_bvh_of_motion(motion, 100.0)))
    assert len(bvh.names) == 54 and bvh.names[bvh.parents[bvh.names.index("left_index1")]] == "left_wrist"
    assert bvh.tips["left_middle3"][0] == pytest.approx(100 * (0.0174 + 0.00395) * 1.83 / 1.72, abs=0.01)
    body = make_file_motion(motion)
    expected = body.pose_fully(body.full_rotmats, body.transl)[:, FULL_JOINT_NAMES.index("right_pinky3")]
    x, y, z = expected.T
    assert np.abs(bvh.positions()["right_pinky3"] / 100 - np.column_stack((x, z, -y))).max() < TENTH_OF_A_MILLIMETRE


def test_only_the_hips_have_positions_and_rotations_are_listed_z_x_y():
    bvh = read_bvh(format_bvh(make_bvh_of_motion(sample_motion())))
    turns = ["Zrotation", "Xrotation", "Yrotation"]
    assert bvh.channels[0] == ["Xposition", "Yposition", "Zposition", *turns]
    assert all(channels == turns for channels in bvh.channels[1:])


@pytest.mark.parametrize("rate", [23.976, 25.0, 30000 / 1001, 120.0])
def test_the_frame_time_is_the_rates(rate):
    bvh = read_bvh(format_bvh(make_bvh_of_motion(sample_motion(mocap_framerate=rate))))
    assert 1 / bvh.frame_seconds == pytest.approx(rate, rel=1e-7) and len(bvh.rows) == 40


def test_uneven_timestamps_play_at_the_right_speed():
    seconds = np.array((0.0, 0.03, 0.2, 0.5))
    motion = sample_motion(4, timestamps=seconds, poses=np.zeros((4, 72)), trans=np.outer(seconds, (1.0, 0, 0)))
    bvh = read_bvh(format_bvh(make_bvh_of_motion(motion)))
    assert len(bvh.rows) == 16
    x = bvh.column("pelvis", "Xposition")
    assert np.allclose(x - x[0], np.arange(16) / 30, atol=1e-5)


def test_angles_do_not_jump_when_the_body_turns_round_and_round():
    poses = np.zeros((200, 72))     # it lies and spins: in gimbal lock at the beginning, and again and again
    poses[:, 2] = np.linspace(0, 6 * np.pi, 200)
    bvh = read_bvh(format_bvh(make_bvh_of_motion(sample_motion(200, poses=poses, trans=np.zeros((200, 3))))))
    turns = np.column_stack([bvh.column("pelvis", f"{axis}rotation") for axis in "ZXY"])
    assert np.abs(np.diff(turns, axis=0)).max() < 6.0


def test_names_with_spaces_become_words_and_stay_apart():
    clip = BvhClip(names=("my root", "my_root", "my\troot"), parents=np.array((-1, 0, 1)), offsets=np.zeros((3, 3)),
                   end_offsets=np.ones((3, 3)), rotmats=np.tile(np.eye(3), (1, 3, 1, 1)),
                   positions=np.zeros((1, 3, 3)), has_position=np.array((True, True, True)), framerate=30.0)
    bvh = read_bvh(format_bvh(clip))
    assert bvh.names == ["my_root", "my_root_2", "my_root_3"] and bvh.rows.shape == (1, 18)


def test_the_text_begins_with_its_one_root_and_names_all_other_joints_under_it():
    lines = format_bvh(make_bvh_of_motion(sample_motion())).splitlines()
    assert lines[:3] == ["HIERARCHY", "ROOT pelvis", "{"]
    kinds = [line.split()[0] for line in lines if line.strip() and line.split()[-1] in JOINT_NAMES]
    assert kinds == ["ROOT"] + ["JOINT"] * 23
    depth = [line.count("\t") for line in lines if line.split()[:1] == ["JOINT"]]
    above = [sum(1 for _ in ancestors(name)) for name in (line.split()[1] for line in lines if line.split()[:1] == ["JOINT"])]
    assert depth == above


def ancestors(name):
    joint = PARENTS[JOINT_NAMES.index(name)]
    while joint >= 0:
        yield joint
        joint = PARENTS[joint]

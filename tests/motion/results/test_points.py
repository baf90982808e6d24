"""Files of joints alone: bodies are solved that have these joints, bend where they bend, and stand where they stand."""

import json
import pickle

import numpy as np
import pytest

from mpsnet_blender.motion.base.rotations import rotmat_from_rotvec
from mpsnet_blender.motion.results.point_solve import solve_points
from mpsnet_blender.motion.results.read_result import find_result, make_motions
from mpsnet_blender.motion.results.result import FormError
from mpsnet_blender.shared.motion_file import MotionFileError
from mpsnet_blender.shared.smpl_skeleton import JOINT, JOINT_NAMES, forward_kinematics, generic_rest_joints

FRAMES = 30
Y_FROM_Z = np.array(((1.0, 0, 0), (0, 0, 1), (0, -1, 0)))
CAMERA_FROM_Z = np.array(((1.0, 0, 0), (0, 0, -1), (0, 1, 0)))
LIMBS = [JOINT[f"{side}_{name}"] for side in ("left", "right") for name in ("hip", "knee", "shoulder", "elbow")]


@pytest.fixture(scope="module")
def truth():
    """Rotations (T, 24, 3, 3) of a body that walks, bends its elbows and turns; its joints (T, 24, 3), Z up."""
    time = np.linspace(0, 2 * np.pi, FRAMES)
    vectors = np.zeros((FRAMES, 24, 3))
    for side, sign in (("left", 1.0), ("right", -1.0)):
        vectors[:, JOINT[f"{side}_hip"], 0] = 0.4 * sign * np.sin(time) - 0.3
        vectors[:, JOINT[f"{side}_knee"], 0] = 0.5 + 0.3 * np.cos(time) * sign
        vectors[:, JOINT[f"{side}_shoulder"], 2] = -1.1 * sign
        vectors[:, JOINT[f"{side}_elbow"]] = sign * (0.8 + 0.3 * np.sin(time))[:, None] * (0, -0.87, 0.49)
    vectors[:, JOINT["spine2"], 0] = 0.1 * np.sin(time)
    rotmats = rotmat_from_rotvec(vectors)
    rotmats[:, 0] = rotmat_from_rotvec(np.array((np.pi / 2, 0, 0))) @ rotmat_from_rotvec(time[:, None] * (0, 0.2, 0))
    pelvis = np.column_stack((0.02 * np.arange(FRAMES), np.full(FRAMES, 3.0), np.full(FRAMES, 0.9)))
    return rotmats, forward_kinematics(rotmats, generic_rest_joints(), pelvis)[1]


def named(joints, *names):
    return {name: joints[:, JOINT[name]] for name in names or JOINT_NAMES}


def angles(first, second):
    """Return degrees (T, J) between rotations."""
    trace = np.trace(first.swapaxes(-1, -2) @ second, axis1=-2, axis2=-1)
    return np.degrees(np.arccos(np.clip((trace - 1) / 2, -1, 1)))


def test_all_joints_give_the_pose_back(truth):
    rotmats, joints = truth
    solved, pelvis, rest = solve_points(named(joints), np.arange(FRAMES) / 30)
    assert np.linalg.norm(forward_kinematics(solved, rest, pelvis)[1] - joints, axis=-1)[:, :22].max() < 0.01
    assert angles(solved, rotmats)[:, LIMBS].max() < 8.0
    np.testing.assert_allclose(rest, generic_rest_joints(), atol=0.01)


def test_a_taller_body_gets_a_taller_skeleton_and_gaps_are_filled(truth):
    rotmats, joints = truth
    points = named(1.2 * joints)
    points["left_wrist"][10:14] = np.nan
    solved, _, rest = solve_points(points, np.arange(FRAMES) / 30)
    np.testing.assert_allclose(rest, 1.2 * generic_rest_joints(), atol=0.015)
    assert angles(solved, rotmats)[:, LIMBS].max() < 12.0


def test_feet_where_none_can_be_are_left_alone(truth):
    points = named(truth[1])
    points["left_foot"] = np.zeros((FRAMES, 3))
    solved, _, _ = solve_points(points, np.arange(FRAMES) / 30)
    np.testing.assert_allclose(solved[:, JOINT["left_ankle"]], np.tile(np.eye(3), (FRAMES, 1, 1)), atol=1e-9)


def test_a_joint_that_is_needed_is_named(truth):
    points = named(truth[1])
    del points["right_elbow"]
    with pytest.raises(FormError, match="it has no right elbow"):
        solve_points(points, np.arange(FRAMES) / 30)


BODY = [f"{side}_{name}" for name in ("shoulder", "elbow", "wrist", "hip", "knee", "ankle", "foot") for side in ("left", "right")]


def arranged(joints, places, count):
    """Return points (T, count, 3) with the body's joints at these places, the others 0."""
    points = np.zeros((FRAMES, count, 3))
    for name, place in zip(BODY, places, strict=True):
        points[:, place] = joints[:, JOINT[name]]
    return points


BLAZEPOSE = (11, 12, 13, 14, 15, 16, 23, 24, 25, 26, 27, 28, 31, 32)


def with_head(joints, places):
    points = arranged(joints, BLAZEPOSE, 33)
    for place, offset in zip(places, ((0, -0.1, 0), (0.07, 0, 0), (-0.07, 0, 0)), strict=True):
        points[:, place] = joints[:, JOINT["head"]] + offset
    return points


def write_humanml3d(joints, path):
    np.save(path / "012345.npy", (joints[:, :22] @ Y_FROM_Z.T).astype(np.float32))
    return path / "012345.npy"


def write_mdm(joints, path):
    motion = np.zeros((1, 22, 3, FRAMES + 9))
    motion[0, ..., :FRAMES] = np.moveaxis(joints[:, :22] @ Y_FROM_Z.T, 0, 2)
    np.save(path / "results.npy", {"motion": motion, "lengths": np.array([FRAMES]), "text": ["walks"], "num_samples": 1})
    return path / "results.npy"


def write_freemocap(joints, path):
    points = 1000 * with_head(joints, (0, 7, 8))
    points[5, 15] = np.nan
    np.save(path / "mediapipe_body_3d_xyz.npy", points)
    return path / "mediapipe_body_3d_xyz.npy"


def write_freemocap_rows(joints, path):
    lines = ["frame,keypoint,x,y,z,model,trajectory"]
    for frame in range(FRAMES):
        for name in BODY:
            x, y, z = 1000 * joints[frame, JOINT[name]]
            lines.append(f"{frame},{name.replace('_foot', '_foot_index')},{x},{y},{z},mediapipe.body,3d_xyz")
    (path / "freemocap_data_by_frame.csv").write_text("\n".join(lines))
    return path / "freemocap_data_by_frame.csv"


def write_freemocap_columns(joints, path):
    names = [name.replace("_foot", "_foot_index") for name in BODY]
    lines = [",".join(f"{name}_{axis}" for name in names for axis in "xyz")]
    lines += [",".join(str(1000 * value) for name in BODY for value in joints[frame, JOINT[name]]) for frame in range(FRAMES)]
    (path / "body.csv").write_text("\n".join(lines))
    return path / "body.csv"


def write_trc(joints, path):
    markers = [name[0].upper() + name.split("_")[1].title().replace("Foot", "BigToe") for name in BODY]
    lines = ["PathFileType\t4\t(X/Y/Z)\twalk.trc", "DataRate\tCameraRate\tNumFrames\tNumMarkers\tUnits",
             f"50\t50\t{FRAMES}\t{len(BODY)}\tmm", "Frame#\tTime\t" + "\t\t\t".join(markers), "\t\tX1\tY1\tZ1"]
    for frame in range(FRAMES):
        cells = ["" if (frame, name) == (4, "left_wrist") else str(1000 * value)
                 for name in BODY for value in np.roll(joints[frame, JOINT[name]], -1)]
        lines.append("\t".join([str(frame), str(frame / 50), *cells]))
    (path / "walk.trc").write_text("\n".join(lines))
    return path / "walk.trc"


def write_sam3d(joints, path):
    places = (5, 6, 7, 8, 62, 41, 9, 10, 11, 12, 13, 14, 15, 18)
    points = arranged(joints @ CAMERA_FROM_Z.T, places, 70)
    points[:, 69] = joints[:, JOINT["neck"]] @ CAMERA_FROM_Z.T
    for frame in range(FRAMES):
        np.savez(path / f"{frame:06d}_subj00.npz", pred_keypoints_3d=points[frame] - (1, 0, 0), pred_cam_t=np.array((1.0, 0, 0)),
                 mask=np.zeros(3))
    return path


def write_easymocap(joints, path):
    points = arranged(joints, (5, 2, 6, 3, 7, 4, 12, 9, 13, 10, 14, 11, 19, 22), 25)
    for frame in range(FRAMES):
        rows = np.column_stack((points[frame], (points[frame] != 0).any(axis=1)))
        (path / f"{frame:06d}.json").write_text(json.dumps([{"id": 0, "keypoints3d": rows.tolist()}]))
    return path


def write_motionbert(joints, path):
    points = arranged(joints @ CAMERA_FROM_Z.T, (11, 14, 12, 15, 13, 16, 4, 1, 5, 2, 6, 3, 7, 10), 17)
    points[:, 0], points[:, 8] = (joints[:, JOINT[name]] @ CAMERA_FROM_Z.T for name in ("pelvis", "neck"))
    np.save(path / "X3D.npy", points / 5)
    return path / "X3D.npy"


def write_sam3d_pickle(joints, path):
    folder = path / "pictures"
    folder.mkdir()
    write_sam3d(joints, folder)
    pictures = {f"{frame:06d}.jpg": [dict(np.load(file))] for frame, file in enumerate(sorted(folder.iterdir()))}
    (path / "sam3d.pkl").write_bytes(pickle.dumps(pictures))
    return path / "sam3d.pkl"


WRITERS = {"SAM 3D Body, pickled": write_sam3d_pickle, "HumanML3D": write_humanml3d, "MDM": write_mdm,
           "FreeMoCap": write_freemocap, "FreeMoCap, rows": write_freemocap_rows,
           "FreeMoCap, columns": write_freemocap_columns, "TRC": write_trc, "SAM 3D Body": write_sam3d,
           "EasyMocap (points)": write_easymocap, "MotionBERT": write_motionbert}
RATES = {"HumanML3D": 20.0, "MDM": 20.0, "TRC": 50.0}


@pytest.mark.parametrize("name", WRITERS)
def test_a_file_of_joints_becomes_a_body_that_bends_where_they_bend(tmp_path, truth, name):
    rotmats, _ = truth
    path = WRITERS[name](truth[1], tmp_path)
    result = find_result(path)
    assert result.system == name.split(",")[0] and len(result.people) == 1
    (motion,) = make_motions(result, path).motions
    assert motion.mocap_framerate == RATES.get(name, 30.0) and motion.frame_count == FRAMES
    solved = rotmat_from_rotvec(motion.poses.reshape(FRAMES, 24, 3))
    assert angles(solved, rotmats)[:, LIMBS].max() < 15.0
    feet = forward_kinematics(solved, motion.rest_joints, motion.trans)[1][:, [JOINT["left_ankle"], JOINT["right_ankle"]], 2]
    assert 0.05 < feet.min() < 0.15


def test_vectors_that_need_their_mean_say_so(tmp_path):
    np.save(tmp_path / "vectors.npy", np.zeros((9, 263), np.float32))
    with pytest.raises(MotionFileError, match=r"Mean\.npy and Std\.npy"):
        find_result(tmp_path / "vectors.npy")


def test_other_arrays_and_tables_are_no_joints(tmp_path):
    np.save(tmp_path / "other.npy", np.zeros((9, 5, 3)))
    (tmp_path / "prices.csv").write_text("a,b\n1,2\n")
    (tmp_path / "pickled.npy").write_bytes(pickle.dumps([1, 2]))
    assert all(find_result(tmp_path / name) is None for name in ("other.npy", "prices.csv", "pickled.npy"))

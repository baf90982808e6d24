import json
import re
import shutil
from dataclasses import replace

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from backend.base.errors import TruthError
from backend.evaluation.ground import compare_in_world, compute_world_joints, distance_error, path_error, slide
from backend.evaluation.score import compare, compute_camera_joints, score_capture
from backend.evaluation.truth import BODY, Truth, detect_contacts, read_truth
from mpsnet_blender.shared.motion_file import new_motion, write_motion
from mpsnet_blender.shared.smpl_skeleton import JOINT
from tests.backend.made_people import walker


def figures(text):
    """Return a score line's numbers by their names."""
    return {name.strip(): float(value) for name, value in re.findall(r"([A-Za-z- ]+) ([0-9.]+) (?:deg|mm)", text)}


def test_the_sample_is_captured_as_accurately_as_the_project_promises(sample_capture, sample_truth):
    summary = score_capture(sample_capture.folder, sample_truth).summary
    print(summary)
    found = figures(summary)
    assert found["limb directions"] <= 17 and found["acceleration error"] <= 8
    assert found["MPJPE"] < 130 and found["PA-MPJPE"] < 80 and found["root path"] < 250
    assert "300 frames (100% of the truth)" in summary and summary.count("\n") == 2
    limbs = [float(number) for number in re.findall(r"(?:arms|thighs|shins) ([0-9.]+)", summary.splitlines()[1])]
    assert len(limbs) == 4 and np.mean(limbs) == pytest.approx(found["limb directions"], abs=0.1)
    in_world = summary.splitlines()[2]
    assert float(re.search(r"root path (\d+)", in_world)[1]) < 100 and float(re.search(r"(\d+) mm with", in_world)[1]) < 80
    assert float(re.search(r"ankle height (\d+)", in_world)[1]) <= 25


def test_score_prints_the_figures_in_the_shell_too(sample_capture, sample_truth, run_backend):
    ended = run_backend("--terminal", "score", sample_capture.folder, sample_truth)
    assert ended.returncode == 0 and figures(ended.stdout.decode())["limb directions"] <= 17


def test_the_truth_compared_with_itself_has_no_error(sample_truth):
    (joints,) = read_truth(sample_truth).joints
    score = compare(joints, joints, np.arange(len(joints)))
    assert (score.limb_direction, score.mpjpe, score.acceleration, score.root_path) == pytest.approx((0, 0, 0, 0), abs=1e-5)
    assert score.pa_mpjpe < 1e-3 and score.frames == 300 and score.coverage == 1


def test_each_kind_of_limb_has_its_error(sample_truth):
    (joints,) = read_truth(sample_truth).joints
    turned = joints.copy()
    for side in ("left", "right"):
        elbow, wrist = BODY.index(f"{side}_elbow"), BODY.index(f"{side}_wrist")
        forearm = joints[:, wrist] - joints[:, elbow]
        across = np.cross(forearm, (0.3, 0.5, 0.8))
        axis = across / np.linalg.norm(across, axis=1, keepdims=True)
        turned[:, wrist] = joints[:, elbow] + Rotation.from_rotvec(np.radians(20) * axis).apply(forearm)
    score = compare(turned, joints, np.arange(300))
    assert score.by_limb == pytest.approx({"upper arms": 0, "forearms": 20, "thighs": 0, "shins": 0}, abs=1e-4)
    assert score.limb_direction == pytest.approx(5, abs=1e-4)


def test_where_the_person_stands_counts_for_the_root_path_only(sample_truth):
    (joints,) = read_truth(sample_truth).joints
    drift = np.linspace(0, 1, 300)[:, None, None] * (0.4, 0, 0)
    score = compare(joints + (5, 0, 0) + drift, joints, np.arange(300))
    assert score.mpjpe < 1e-6 and score.root_path == pytest.approx(100, rel=0.02)


def test_a_capture_of_some_frames_is_compared_with_those(sample_truth):
    (joints,) = read_truth(sample_truth).joints
    frames = np.arange(50, 110)
    score = compare(joints[frames], joints, frames)
    assert score.mpjpe < 1e-9 and score.frames == 60 and score.coverage == pytest.approx(0.2)


def moving_person(frame_count=90, stature=1.7):
    """Return a walker as a motion file's contents, and the truth that equals it."""
    person = walker(frame_count, velocity=(0.5, 0.8), stature=stature)
    motion = new_motion(poses=Rotation.from_matrix(person.rotmats.reshape(-1, 3, 3)).as_rotvec().reshape(frame_count, 72),
                    trans=person.transl, mocap_framerate=30.0, rest_joints=person.body.rest_joints,
                    contacts=np.tile((1.0, 0.0, 1.0, 0.0), (frame_count, 1)))
    joints, feet = compute_world_joints(motion)
    body = joints[:, [JOINT[name] for name in BODY]]
    return motion, Truth(body[None], body[None], feet[None], np.ones((1, frame_count, 4), dtype=bool))


def test_a_capture_that_is_the_truth_has_no_error_in_the_world():
    motion, truth = moving_person()
    score = compare_in_world(motion, truth, 0)
    assert (score.root_path, score.root_path_scaled, score.ankle_height) == pytest.approx((0, 0, 0), abs=1e-6)
    assert score.slide == score.true_slide > 1 and (score.contact_precision, score.contact_recall) == (1.0, 0.5)


def test_paths_are_compared_after_yaw_and_shift_and_once_with_scale():
    truth = np.column_stack([np.linspace(0, 3, 50), np.sin(np.linspace(0, 3, 50)), np.full(50, 0.9)])
    turned = truth @ Rotation.from_euler("z", 140, degrees=True).as_matrix().T + (5, -2, 0.3)
    assert path_error(turned, truth) < 1e-6
    assert path_error(1.2 * turned, truth) > 100 and path_error(1.2 * turned, truth, with_scale=True) < 1e-6
    tilted = truth @ Rotation.from_euler("x", 10, degrees=True).as_matrix().T
    assert path_error(tilted, truth) > 20            # only the yaw is free


def test_feet_that_slide_count_where_they_truly_stand():
    feet = np.zeros((10, 4, 3))
    feet[:, 0, 0] = 0.004 * np.arange(10)
    feet[:, 1, 2] = np.arange(10)                    # upwards is no sliding
    stands = np.zeros((10, 4), dtype=bool)
    stands[:, :2] = True
    assert slide(feet, stands, np.arange(10)) == pytest.approx(2.0)
    assert slide(feet, stands, 2 * np.arange(10)) == 0.0


def test_the_distance_between_two_people_is_compared_where_both_are_seen():
    motion, truth = moving_person()
    both = Truth(*(np.concatenate([part, part + (1.5, 0, 0)], 0) if part.dtype != bool else np.repeat(part, 2, 0)
                   for part in (truth.joints, truth.joints_world, truth.feet, truth.contacts)))
    other = replace(motion, trans=motion.trans + (1.5, 0, 0))
    assert distance_error((motion, other), both, (0, 1)) < 1e-6
    assert distance_error((motion, replace(other, trans=other.trans + (0.2, 0, 0))), both, (0, 1)) == pytest.approx(200)
    assert distance_error((motion, replace(other, frame_index=other.frame_index + 500)), both, (0, 1)) is None


def test_a_truth_without_contacts_gets_them_where_feet_are_low_and_slow():
    feet = np.zeros((1, 30, 4, 3))
    feet[0, 10:20, 0, 2] = 0.2
    feet[0, :, 1, 0] = 0.02 * np.arange(30)          # 0.6 m/s over the floor
    found = detect_contacts(feet, 30.0)[0]
    assert not found[10:20, 0].any() and found[:8, 0].all() and not found[:, 1].any() and found[:, 2:].all()


def test_a_truth_with_a_moving_camera_is_seen_from_it(tmp_path, sample_truth):
    with np.load(sample_truth) as arrays:
        kept = {name: arrays[name] for name in ("K", "KL")}
    poses = np.tile(np.eye(4), (300, 1, 1))
    poses[:, :3, :3] = ((1, 0, 0), (0, 0, 1), (0, -1, 0))
    poses[:, 0, 3] = np.linspace(0, 3, 300)
    np.savez(tmp_path / "moving.npz", world_from_cam=poses, **kept)
    truth = read_truth(tmp_path / "moving.npz")
    expected = truth.joints_world[0] - poses[:, None, :3, 3]
    np.testing.assert_allclose(np.ptp(truth.joints[0][..., 0] - expected[..., 0], axis=(0, 1)), 0, atol=1e-9)
    np.testing.assert_allclose(truth.joints[0][..., 2], expected[..., 1], atol=1e-9)


def test_the_truths_camera_sees_the_person_in_the_picture(sample_truth, true_points):
    (joints,) = read_truth(sample_truth).joints
    names, xy = true_points
    seen = 900 * joints[..., :2] / joints[..., 2:] + (480, 360) - 0.5
    np.testing.assert_allclose(seen[:, 0], xy[:, names.index("left_shoulder")], atol=1e-3)


@pytest.mark.parametrize("content", [
    b"", b"no archive", b"PK\x03\x04 damaged"])
def test_something_else_is_no_truth(tmp_path, content):
    (tmp_path / "truth.npz").write_bytes(content)
    with pytest.raises(TruthError, match="not a truth file"):
        read_truth(tmp_path / "truth.npz")


def test_a_truth_without_keypoints_a_folder_and_a_missing_one_are_reported(tmp_path):
    np.savez(tmp_path / "truth.npz", K=np.zeros((2, 23, 3)))
    for path, words in ((tmp_path / "truth.npz", "not a truth file"), (tmp_path / "nowhere.npz", "There is no file"),
                        (tmp_path, "is a folder, where a truth file is wanted")):
        with pytest.raises(TruthError, match=words):
            read_truth(path)


def test_a_file_or_nothing_in_the_folders_place_is_reported(tmp_path, sample_truth):
    with pytest.raises(TruthError, match="is a file, where a capture's folder is wanted") as caught:
        score_capture(sample_truth, tmp_path)
    assert "score CAPTURE_DIR TRUTH" in caught.value.advice
    with pytest.raises(TruthError, match="There is no folder"):
        score_capture(tmp_path / "nowhere", sample_truth)


def test_a_folder_without_motion_and_one_without_a_camera_are_reported(tmp_path, sample_truth):
    with pytest.raises(TruthError, match=r"holds no person_"):
        score_capture(tmp_path, sample_truth)
    write_motion(tmp_path / "person_01.npz", new_motion(poses=np.zeros((3, 72)), trans=np.zeros((3, 3)), mocap_framerate=30.0))
    with pytest.raises(TruthError, match="no camera"):
        score_capture(tmp_path, sample_truth)


def test_listed_people_are_scored_and_everybody_where_the_listing_is_damaged(tmp_path, sample_capture, sample_truth):
    listing = sample_capture.folder / "people.json"
    for name in ("person_01.npz", "person_02.npz"):
        shutil.copy(sample_capture.folder / "person_01.npz", tmp_path / name)
    shutil.copy(listing, tmp_path)
    assert "people captured" not in score_capture(tmp_path, sample_truth).summary
    (tmp_path / "people.json").write_text("{")
    *_, count, note = score_capture(tmp_path, sample_truth).summary.splitlines()
    assert count == "2 people captured, 1 in the truth."
    assert "people.json is damaged" in note and note.endswith("Every person_*.npz is scored.")


def test_a_wrong_folder_ends_with_an_error_and_status_1(tmp_path, sample_truth, run_backend):
    ended = run_backend("score", tmp_path, sample_truth)
    final = json.loads(ended.stdout.splitlines()[-1])
    assert ended.returncode == 1 and final["type"] == "error" and final["kind"] == "TruthError"


def test_a_motion_without_a_camera_is_refused_by_its_source():
    with pytest.raises(TruthError, match=r"walk\.npz. has no camera"):
        compute_camera_joints(new_motion(np.zeros((2, 72)), np.zeros((2, 3)), 30.0, source="walk.npz"))

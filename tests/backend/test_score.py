import json
import re

import numpy as np
import pytest

from backend.errors import TruthError
from backend.evaluation.score import compare, read_truth, score_capture
from mpsnet_blender.shared.motion_file import Motion, write_motion


def figures(text):
    """Return a score line's numbers by their names."""
    return {name.strip(): float(value) for name, value in re.findall(r"([A-Za-z- ]+) ([0-9.]+) (?:deg|mm)", text)}


def test_the_sample_is_captured_as_accurately_as_the_project_promises(sample_capture, sample_truth):
    summary = score_capture(sample_capture.folder, sample_truth).summary
    print(summary)
    found = figures(summary)
    assert found["limb directions"] <= 17 and found["acceleration error"] <= 8
    assert found["MPJPE"] < 130 and found["PA-MPJPE"] < 80 and found["root path"] < 250
    assert "300 frames (100% of the truth)" in summary and summary.count("\n") == 0


def test_score_prints_the_figures_in_the_shell_too(sample_capture, sample_truth, run_backend):
    ended = run_backend("--terminal", "score", sample_capture.folder, sample_truth)
    assert ended.returncode == 0 and figures(ended.stdout.decode())["limb directions"] <= 17


def test_the_truth_compared_with_itself_has_no_error(sample_truth):
    (joints,) = read_truth(sample_truth).joints
    score = compare(joints, joints, np.arange(len(joints)))
    assert (score.limb_direction, score.mpjpe, score.acceleration, score.root_path) == pytest.approx((0, 0, 0, 0), abs=1e-5)
    assert score.pa_mpjpe < 1e-3 and score.frames == 300 and score.coverage == 1


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


def test_a_truth_without_keypoints_and_a_missing_one_are_told(tmp_path):
    np.savez(tmp_path / "truth.npz", K=np.zeros((2, 23, 3)))
    for path in (tmp_path / "truth.npz", tmp_path / "nowhere.npz"):
        with pytest.raises(TruthError, match="not a truth file"):
            read_truth(path)


def test_a_folder_without_motion_and_one_without_a_camera_are_told(tmp_path, sample_truth):
    with pytest.raises(TruthError, match=r"holds no person_"):
        score_capture(tmp_path, sample_truth)
    write_motion(tmp_path / "person_01.npz", Motion(poses=np.zeros((3, 72)), trans=np.zeros((3, 3)), mocap_framerate=30.0))
    with pytest.raises(TruthError, match="no camera"):
        score_capture(tmp_path, sample_truth)


def test_a_wrong_folder_ends_with_an_error_and_status_1(tmp_path, sample_truth, run_backend):
    ended = run_backend("score", tmp_path, sample_truth)
    final = json.loads(ended.stdout.splitlines()[-1])
    assert ended.returncode == 1 and final["type"] == "error" and final["kind"] == "TruthError"

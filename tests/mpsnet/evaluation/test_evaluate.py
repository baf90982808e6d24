"""`evaluate` on synthetic sets in the authors' format, its measures against numbers worked by hand."""

import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
import torch
from scipy.spatial.transform import Rotation

from backend.base.errors import DatasetError, ModelError
from backend.evaluation.evaluate import PosedVideo, Predictor, Totals, evaluate, format_table
from backend.evaluation.preprocessed_sets import EvaluationVideo, find_set, open_set
from backend.paper.models_folder import load_engine_arrays
from mpsnet_blender.client.child_process import EXTENSION_ROOT, child_environ
from mpsnet_blender.shared.engines.table import find_engine
from mpsnet_blender.shared.protocol import Progress, Result, decode
from tests.mpsnet.evaluation.joblib_writer import write_joblib

FRAMES = {"downtown_walk_0": 40, "outdoors_fencing_1": 24, "too_short_0": 15}
CPU = torch.device("cpu")


class Silent:
    """A reporter that drops all messages."""

    def plan(self, shares):
        pass

    def progress(self, stage, done, total, unit=""):
        pass


def contents_3dpw(seed=0):
    """Return a set as 3dpw_test_db.pt holds it, with random numbers."""
    rng, count = np.random.default_rng(seed), sum(FRAMES.values())
    return {
        "vid_name": np.repeat(list(FRAMES), list(FRAMES.values())), "frame_id": np.arange(count),
        "img_name": np.array([f"image_{frame:05d}.jpg" for frame in range(count)]),
        "joints3D": rng.normal(0, 0.3, (count, 14, 3)).astype(np.float32), "joints2D": np.zeros((count, 14, 3)),
        "pose": rng.normal(0, 0.2, (count, 72)).astype(np.float32), "shape": np.zeros((count, 10), np.float32),
        "bbox": np.zeros((count, 4)), "features": rng.normal(0, 0.4, (count, 2048)).clip(0).astype(np.float32),
        "valid": np.ones(count),
    }


@pytest.fixture(scope="module")
def predictor(models_folder):
    return Predictor("mpsnet", load_engine_arrays(models_folder, find_engine("mpsnet")), "3dpw", CPU, None)


def measured(ours, truth, **more):
    """Return the means of one video of joints (T, 14, 3) against a truth, as a dictionary."""
    totals = Totals()
    count = len(ours)
    totals.add(PosedVideo(ours, more.pop("distances", None)),
               EvaluationVideo("a", np.empty(0), truth, more.pop("is_valid", np.ones(count, bool))))
    return dict(zip(("PA-MPJPE", "MPJPE", "MPVPE", "Accel"), totals.means(), strict=True))


@pytest.fixture
def joints():
    return np.random.default_rng(1).normal(0, 0.3, (30, 14, 3))


def test_the_truth_itself_has_no_error(joints):
    assert measured(joints, joints) == pytest.approx({"PA-MPJPE": 0, "MPJPE": 0, "Accel": 0, "MPVPE": None}, abs=1e-6)


def test_a_known_offset_is_the_error(joints):
    """Twelve of fourteen joints 70 mm off, the hips in place: 60 mm on average. An offset of the whole body counts nothing."""
    moved = joints + (0.0, 0.07, 0.0)
    moved[:, [2, 3]] = joints[:, [2, 3]]
    found = measured(moved + (1.0, 2.0, 3.0), joints)
    assert found["MPJPE"] == pytest.approx(60.0) and found["Accel"] == pytest.approx(0.0, abs=1e-6)
    assert 0 < found["PA-MPJPE"] < 60.0


def test_a_similarity_transform_leaves_no_aligned_error(joints):
    turned = 1.3 * joints @ Rotation.from_rotvec((0.3, -0.5, 1.0)).as_matrix().T + (0.1, 0.2, 0.3)
    found = measured(turned, joints)
    assert found["PA-MPJPE"] == pytest.approx(0.0, abs=1e-6) and found["MPJPE"] > 100


def test_a_constant_difference_of_acceleration_is_the_error(joints):
    """All but the hips fall by 1 mm t^2: second differences of 2 mm, on twelve of fourteen joints."""
    fallen = joints + 0.001 * np.arange(30.0)[:, None, None] ** 2 * (0.0, 1.0, 0.0)
    fallen[:, [2, 3]] = joints[:, [2, 3]]
    assert measured(fallen, joints)["Accel"] == pytest.approx(2.0 * 12 / 14)


def test_poses_that_are_not_valid_do_not_count(joints):
    moved = joints.copy()
    moved[:10, 5] += (0.14, 0, 0)      # 140 mm on one of fourteen: 10 mm
    moved[10:, 5] += (0.28, 0, 0)
    assert measured(moved, joints, is_valid=np.arange(30) < 10)["MPJPE"] == pytest.approx(10.0)
    assert measured(moved, joints, is_valid=np.arange(30) >= 10)["MPJPE"] == pytest.approx(20.0)
    assert measured(moved, joints)["MPJPE"] == pytest.approx((10 * 10 + 20 * 20) / 30)
    # An acceleration counts by its middle frame; frames 9 and 10 see the step of 140 mm.
    assert measured(moved, joints, is_valid=np.arange(30) < 10)["Accel"] == pytest.approx(140 / 14 / 9)


def test_means_are_over_poses_not_over_videos(joints):
    totals = Totals()
    for count, error in ((20, 0.014), (10, 0.28)):
        moved = joints[:count].copy()
        moved[:, 5] += (error, 0, 0)
        video = EvaluationVideo("a", np.empty(0), joints[:count], np.ones(count, bool))
        totals.add(PosedVideo(moved, np.full(count, error)), video)
    assert totals.means()[1] == pytest.approx((20 * 1 + 10 * 20) / 30)
    assert totals.means()[2] == pytest.approx((20 * 14 + 10 * 280) / 30)


def test_a_set_made_of_the_networks_output_has_no_error_and_a_moved_one_the_known_error(predictor, models_folder, tmp_path):
    """The whole way: joints of the network as the truth, one of them 140 mm off in every frame of the first video."""
    contents = contents_3dpw()
    truth = contents["joints3D"].astype(np.float64)
    first = 0
    for name, count in FRAMES.items():
        rows = slice(first, first + count)
        video = EvaluationVideo(name, contents["features"][rows], truth[rows], np.ones(count, bool))
        truth[rows] = predictor.predict(video).joints
        first += count
    write_joblib(tmp_path / "3dpw_test_db.pt", contents | {"joints3D": truth})
    rows = numbers(evaluate("mpsnet", "3dpw", tmp_path, models_folder, "cpu", None, Silent()).summary)
    assert rows["poses"] == 64 and rows["MPS-Net (here)"][:2] == [0.0, 0.0] and rows["MPS-Net (here)"][3] == 0.0
    assert rows["MPS-Net (paper)"] == [52.1, 84.3, 99.7, 7.4]
    truth[:40, 11, 1] += 0.14
    write_joblib(tmp_path / "3dpw_test_db.pt", contents | {"joints3D": truth})
    rows = numbers(evaluate("mpsnet", "3dpw", tmp_path, models_folder, "cpu", None, Silent()).summary)
    assert rows["MPS-Net (here)"][1] == pytest.approx(10.0 * 40 / 64, abs=0.06)


def numbers(summary):
    """Return the table's rows by name, and how many poses it is of."""
    head, _, *rows = summary.splitlines()
    found = {row[:16].strip(): [None if cell == "-" else float(cell) for cell in row[16:].split()] for row in rows}
    return found | {"poses": int(head.split(": ")[1].split()[0])}


def test_vertices_are_compared_with_the_true_bodys(predictor, tmp_path):
    """A video whose truth is a body a quarter turn apart from the network's: far; the network's own pose: no distance."""
    features = contents_3dpw()["features"][:20]
    motion = predictor._network.run(features)
    poses = Rotation.from_matrix(motion.rotmats.reshape(-1, 3, 3)).as_rotvec().reshape(20, 72)
    video = EvaluationVideo("a", features, np.zeros((20, 14, 3)), np.ones(20, bool), poses, motion.betas)
    assert predictor.predict(video).vertex_distances.max() < 1e-5
    turned = poses.copy()
    turned[:, 3 * 16:3 * 17] += (0, 0, np.pi / 2)
    assert predictor.predict(replace(video, poses=turned)).vertex_distances.min() > 0.01


def test_sets_of_49_joints_are_brought_to_14_and_17(tmp_path):
    contents = contents_3dpw()
    count = len(contents["vid_name"])
    of_49 = np.arange(49.0)[None, :, None] + np.zeros((count, 49, 3))
    write_joblib(tmp_path / "h36m_test_25fps_nosmpl_db.pt", contents | {"joints3D": of_49})
    with open_set("h36m", find_set("h36m", tmp_path)) as videos:
        video = next(iter(videos))
    assert video.joints[0, :, 0].tolist() == list(range(25, 39)) and video.poses is None
    write_joblib(tmp_path / "mpii3d_val_scale12_db.pt", contents | {
        "joints3D": of_49, "valid_i": (np.arange(count) % 2).reshape(-1, 1).astype(np.uint8)})
    with open_set("mpii3d", find_set("mpii3d", tmp_path)) as videos:
        video = next(iter(videos))
    # Head top, neck, right arm, left arm, right leg, left leg, pelvis, spine, head.
    assert video.joints[0, :, 0].tolist() == [38, 37, 33, 32, 31, 34, 35, 36, 27, 26, 25, 28, 29, 30, 39, 41, 43]
    assert video.is_valid.tolist() == [False, True] * 20


def test_mpii3d_is_compared_about_the_pelvis():
    rng = np.random.default_rng(3)
    truth = rng.normal(0, 0.3, (20, 17, 3))
    moved = truth + 1.0
    moved[:, 0] += (0.17, 0, 0)
    totals = Totals()
    totals.add(PosedVideo(moved), EvaluationVideo("a", np.empty(0), truth, np.ones(20, bool)))
    assert totals.means()[1] == pytest.approx(10.0)
    assert "TCMR (paper)" in format_table("mpii3d", totals, "VIBE")


def test_frames_that_are_marked_out_are_left_out_and_videos_need_not_be_in_order(tmp_path):
    contents = contents_3dpw()
    contents["valid"][:5] = 0
    rows = np.concatenate([np.arange(0, 40, 2), np.arange(40, 79), np.arange(1, 40, 2)])
    write_joblib(tmp_path / "3dpw_test_db.pt", {key: array[rows] for key, array in contents.items()})
    with open_set("3dpw", tmp_path / "3dpw_test_db.pt") as videos:
        found = {video.name: video for video in videos}
    kept = [row for row in rows if row < 40 and row >= 5]
    np.testing.assert_array_equal(found["downtown_walk_0"].features, contents["features"][kept])
    assert len(found["outdoors_fencing_1"].joints) == 24


@pytest.mark.parametrize(("key", "array", "expected_message"), [
    ("features", np.zeros((79, 2000), np.float32), r"features has shape \(79, 2000\) of float32, expected \(79, 2048\)"),
    ("joints3D", np.zeros((79, 24, 3)), r"joints3D has shape \(79, 24, 3\) of float64, expected \(79, 14, 3\) or \(79, 49, 3\)"),
    ("pose", np.zeros((78, 72)), r"pose has shape \(78, 72\)"),
    ("features", np.full((79, 2048), np.nan, np.float32), "downtown_walk_0 holds numbers that are not finite"),
    ("vid_name", np.arange(79), "vid_name has shape"), ("pose", None, "lacks pose; it holds bbox")])
def test_a_wrong_set_is_reported_with_key_and_shape(models_folder, tmp_path, key, array, expected_message):
    contents = contents_3dpw() | {key: array}
    write_joblib(tmp_path / "3dpw_test_db.pt", {name: value for name, value in contents.items() if value is not None})
    with pytest.raises(DatasetError, match=expected_message):
        evaluate("mpsnet", "3dpw", tmp_path, models_folder, "cpu", None, Silent())


def test_what_is_missing_is_named(models_folder, tmp_path):
    with pytest.raises(DatasetError, match=r"There is no mpii3d_val_scale12_db\.pt nor") as raised:
        evaluate("mpsnet", "mpii3d", tmp_path, models_folder, "cpu", None, Silent())
    assert "authors" in raised.value.advice
    for path in models_folder.iterdir():
        if path.stem != "h36m_joints":
            (tmp_path / path.name).symlink_to(path)
    write_joblib(tmp_path / "3dpw_test_db.pt", contents_3dpw())
    with pytest.raises(ModelError, match=r"lacks J_regressor_h36m\.npy"):
        evaluate("mpsnet", "3dpw", tmp_path, tmp_path, "cpu", None, Silent())


def test_the_command_line_prints_the_table(models_folder, tmp_path):
    write_joblib(tmp_path / "3dpw_test_db.pt", contents_3dpw())
    command = [sys.executable, "-m", "backend", "--models", tmp_path, "evaluate", "--dataset", "3dpw", "--data", tmp_path,
               "--models", models_folder, "--device", "cpu", "--release-batching", "8"]
    # The end of stdin would be a cancel: it stays open until the table is there.
    with subprocess.Popen(command, cwd=EXTENSION_ROOT, env=child_environ(), stdin=subprocess.PIPE,
                          stdout=subprocess.PIPE) as process:
        messages = [decode(line) for line in process.stdout.read().splitlines()]
    assert process.returncode == 0 and isinstance(messages[-1], Result), messages[-1]
    assert "3DPW: 64 poses of 2 videos" in messages[-1].summary and "52.1" in messages[-1].summary
    progress = [message for message in messages if isinstance(message, Progress)]
    assert progress[-1].done == progress[-1].total == sum(FRAMES.values())

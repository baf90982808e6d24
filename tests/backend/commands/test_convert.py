"""`mocap.py convert`, as a user runs it: without a set-up of the backend."""

import os
import subprocess
import sys

import numpy as np
import pytest

from mpsnet_blender.client.child_process import EXTENSION_ROOT
from mpsnet_blender.motion.formats.smpl_rows import read_any_motion
from mpsnet_blender.shared.motion_file import write_motion
from mpsnet_blender.shared.smpl_skeleton import JOINT_NAMES
from tests.blender.motion_samples import random_motion, write_capture
from tests.motion.formats.bvh_reader import read_bvh
from tests.motion.formats.test_bvh import find_limb_joints


@pytest.fixture
def mocap(tmp_path):
    """Runs mocap.py with an empty home folder."""
    def run(*arguments):
        environ = os.environ | {"MPSNET_HOME": str(tmp_path / "home")}
        return subprocess.run([sys.executable, EXTENSION_ROOT / "mocap.py", *map(str, arguments)], cwd=tmp_path,
                              env=environ, capture_output=True, text=True)
    return run


def test_a_motion_file_becomes_bvh_without_any_set_up(mocap, tmp_path):
    motion = random_motion(20)
    write_motion(tmp_path / "person_01.npz", motion)
    ended = mocap("convert", "person_01.npz", "out.bvh", "--scale", "100")
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout.splitlines() == ["out.bvh: 20 frames, 30 a second", str(tmp_path / "out.bvh")]
    assert not (tmp_path / "home").exists()
    places = read_bvh((tmp_path / "out.bvh").read_text()).positions()
    x, y, z = find_limb_joints(motion)[:, JOINT_NAMES.index("left_wrist")].T
    assert np.abs(places["left_wrist"] / 100 - np.column_stack((x, z, -y))).max() < 1e-4


def test_a_motion_file_becomes_amass_at_another_rate(mocap, tmp_path):
    write_motion(tmp_path / "person_01.npz", random_motion(61))
    ended = mocap("convert", "person_01.npz", "out.npz", "--fps", "15")
    assert ended.returncode == 0, ended.stderr
    with np.load(tmp_path / "out.npz") as arrays:
        assert sorted(arrays.files) == ["betas", "dmpls", "gender", "mocap_framerate", "poses", "trans"]
        assert arrays["poses"].shape == (31, 156) and float(arrays["mocap_framerate"]) == 15.0
    assert read_any_motion(tmp_path / "out.npz")[0].engine == "amass"


@pytest.mark.parametrize("format_words, suffix", [((), ".bvh"), (("--format", "amass"), ".npz")])
def test_a_capture_becomes_one_file_a_person(mocap, tmp_path, format_words, suffix):
    write_capture(tmp_path / "capture", [random_motion(5), random_motion(7, seed=1)])
    ended = mocap("convert", "capture", "converted", *format_words)
    assert ended.returncode == 0, ended.stderr
    assert sorted(path.name for path in (tmp_path / "converted").iterdir()) == [f"person_01{suffix}", f"person_02{suffix}"]


def test_a_person_who_cannot_be_read_is_reported_and_does_not_stop_the_others(mocap, tmp_path):
    write_capture(tmp_path / "capture", [random_motion(5), random_motion(7, seed=1)])
    (tmp_path / "capture" / "person_01.npz").write_text("damaged")
    ended = mocap("convert", "capture", "converted")
    assert ended.returncode == 1 and "person_01.npz is not a motion file" in ended.stderr
    assert "1 of 2 files were written" in ended.stderr
    assert [path.name for path in (tmp_path / "converted").iterdir()] == ["person_02.bvh"]


@pytest.mark.parametrize("arguments, words", [
    (("nothing.npz", "out.bvh"), "There is no file or folder nothing.npz"),
    (("notes.txt", "out.bvh"), "is not a motion file"),
    (("person_01.npz", "out.fbx"), "End it in .bvh"),
    (("person_01.npz", "person_01.npz"), "is the motion file itself"),
    (("person_01.npz", "notes.txt/out.bvh"), "Cannot write notes.txt/out.bvh"),
    (("person_01.npz", "out.npz", "--scale", "100"), "--scale is for BVH"),
    (("capture", "out.bvh"), "holds 2 people"),
    (("person_01.npz", "out.bvh", "--fps", "0"), "not a frame rate"),
])
def test_wrong_input_is_reported_and_leaves_no_file(mocap, tmp_path, arguments, words):
    write_motion(tmp_path / "person_01.npz", random_motion(5))
    (tmp_path / "notes.txt").write_text("mine")
    write_capture(tmp_path / "capture", [random_motion(5), random_motion(5)])
    before = {path.name: path.stat().st_size for path in tmp_path.iterdir()}
    ended = mocap("convert", *arguments)
    assert ended.returncode in (1, 2) and words in ended.stderr and "Traceback" not in ended.stderr
    assert {path.name: path.stat().st_size for path in tmp_path.iterdir()} == before

"""Results in PyTorch's and joblib's containers, written by these, read without them."""

import pickle
from collections import OrderedDict, defaultdict

import numpy as np
import pytest
import torch

from mpsnet_blender.motion.results.read_result import find_result
from mpsnet_blender.shared.containers.plain_values import ContainerError, read_plain
from mpsnet_blender.shared.motion_file import MotionFileError
from tests.hostile_pickles import Call
from tests.mpsnet.evaluation.joblib_writer import joblib_bytes

FRAMES = 7
TENSORS = {
    "float": torch.randn(FRAMES, 3, generator=torch.Generator().manual_seed(0)), "double": torch.arange(5, dtype=torch.float64),
    "long": torch.arange(4), "bool": torch.tensor((True, False)), "transposed": torch.arange(6.0).view(2, 3).T,
    "view": torch.arange(10.0)[3:7], "expanded": torch.tensor((1.5,)).expand(4, 2),
    "none": torch.zeros(0, 3), "one": torch.tensor(2.5),
}


def assert_same(plain):
    for name, tensor in TENSORS.items():
        np.testing.assert_array_equal(plain[name], tensor.numpy())


def test_tensors_of_every_kind_come_back(tmp_path):
    torch.save({"a": OrderedDict(TENSORS), "text": "x", "list": [1, None, True]}, tmp_path / "tensors.pt")
    plain = read_plain(tmp_path / "tensors.pt")
    assert_same(plain["a"])
    assert plain["text"] == "x" and plain["list"] == [1, None, True]


@pytest.mark.parametrize("protocol", [2, 4])
def test_tensors_inside_pickles_and_arrays_of_objects_come_back(tmp_path, protocol):
    (tmp_path / "tensors.pkl").write_bytes(pickle.dumps(TENSORS, protocol))
    assert_same(read_plain(tmp_path / "tensors.pkl"))
    np.save(tmp_path / "tensors.npy", TENSORS)
    assert_same(read_plain(tmp_path / "tensors.npy"))


def test_tensors_of_a_gpu_need_none(tmp_path):
    """A tensor's storage names the device on which it was computed; nothing else differs."""
    content = pickle.dumps(TENSORS["float"])
    assert content.count(b"cpu") == 1
    (tmp_path / "gpu.pkl").write_bytes(content.replace(b"X\x03\x00\x00\x00cpu", b"X\x03\x00\x00\x00gpu"))
    np.testing.assert_array_equal(read_plain(tmp_path / "gpu.pkl"), TENSORS["float"].numpy())


def gvhmr(**changes):
    part = {"body_pose": torch.zeros(FRAMES, 63), "betas": torch.zeros(FRAMES, 10),
            "global_orient": torch.zeros(FRAMES, 3), "transl": torch.arange(3.0 * FRAMES).view(FRAMES, 3)}
    return {"smpl_params_global": part | changes, "smpl_params_incam": part, "net_outputs": torch.zeros(1, FRAMES)}


def test_gvhmrs_own_file_is_read(tmp_path):
    torch.save(gvhmr(), tmp_path / "hmr4d_results.pt")
    (person,) = find_result(tmp_path / "hmr4d_results.pt").people
    np.testing.assert_allclose(person.pelvis[1] - person.pelvis[0], (3, 3, 3), atol=1e-6)


def test_whams_joblib_file_is_read_with_its_numbered_keys(tmp_path):
    people = defaultdict(dict)
    people[np.int64(4)].update(pose_world=np.zeros((FRAMES, 72), np.float32), trans_world=np.zeros((FRAMES, 3), np.float32),
                               betas=np.zeros((FRAMES, 10)), frame_ids=np.arange(FRAMES), verts=np.zeros((FRAMES, 60, 3)))
    (tmp_path / "wham_output.pkl").write_bytes(joblib_bytes(people))
    (person,) = find_result(tmp_path / "wham_output.pkl").people
    assert person.key == "4" and len(person.frames) == FRAMES


def test_a_file_of_pytorchs_that_calls_something_is_refused_and_nothing_runs(tmp_path):
    torch.save(gvhmr(transl=Call(f"touch {tmp_path / 'marker'}")), tmp_path / "hmr4d_results.pt")
    with pytest.raises(MotionFileError, match=r"hmr4d_results\.pt is refused: it asks for \w+\.system"):
        find_result(tmp_path / "hmr4d_results.pt")
    assert not (tmp_path / "marker").exists()


@pytest.mark.parametrize("kept", [0.2, 0.6, 0.97])
def test_a_file_that_is_cut_is_damaged(tmp_path, kept):
    torch.save(gvhmr(), tmp_path / "whole.pt")
    whole = (tmp_path / "whole.pt").read_bytes()
    (tmp_path / "cut.pt").write_bytes(whole[:int(kept * len(whole))])
    with pytest.raises(ContainerError, match=r"cut\.pt is damaged"):
        read_plain(tmp_path / "cut.pt")

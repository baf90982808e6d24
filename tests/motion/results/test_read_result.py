"""Results of other systems, made from one truth, come back as that truth."""

import os
import pickle
import zipfile
import zlib

import numpy as np
import pytest

from mpsnet_blender.motion.base.rotations import rotmat_from_rotvec
from mpsnet_blender.motion.formats.smpl_rows import RowsOptions
from mpsnet_blender.motion.results.camera_systems import follow_by_place
from mpsnet_blender.motion.results.capture_folder import open_capture, read_motions
from mpsnet_blender.motion.results.read_result import find_result, make_motions
from mpsnet_blender.shared.containers.plain_values import ContainerError, read_plain
from mpsnet_blender.shared.containers.torch_pickles import TORCH_STAND_INS
from mpsnet_blender.shared.motion_file import MotionFileError
from tests.hostile_pickles import Call
from tests.motion.results.made_results import (
    BETAS,
    CAMERA_MATRIX,
    CAMERAS,
    FRAMES,
    FREE_WORLD,
    HEIGHT,
    TELLS_RATE,
    WIDTH,
    WRITERS,
    write_gvhmr,
    write_slahmr,
    write_tram,
    write_vibe,
    write_wham,
)


@pytest.mark.parametrize("system", WRITERS)
def test_a_result_comes_back_as_the_truth_on_the_floor(tmp_path, system):
    write, people = WRITERS[system]
    path = write(tmp_path / "result") or tmp_path / "result"
    result = find_result(path)
    assert result.system == system and len(result.people) == len(people)
    read = make_motions(result, path)
    assert read.notes[0] == f"{path.name} is a result of {system}."
    heights = []
    for motion, person in zip(read.motions, people, strict=True):
        first = person.frames[0]
        np.testing.assert_array_equal(motion.frame_index - motion.frame_index[0], person.frames - first)
        rotmats = rotmat_from_rotvec(motion.poses.reshape(len(person.frames), 24, 3))
        np.testing.assert_allclose(rotmats, person.matrices(person.root), atol=1e-6)
        pelvis = motion.trans - person.pelvis
        heights.append(pelvis[:, 2])
        np.testing.assert_allclose(pelvis[:, :2], 0, atol=1e-3)
        assert motion.mocap_framerate == TELLS_RATE.get(system, 30.0)
        np.testing.assert_allclose(motion.timestamps, motion.frame_index / motion.mocap_framerate)
        np.testing.assert_allclose(motion.betas, BETAS, atol=1e-6)
    shared = heights if system in FREE_WORLD else [np.concatenate(heights)]
    assert all(np.ptp(part) < 1e-3 for part in shared), "people keep their heights to each other"
    if system in ("SLAHMR", "HuMoR", "PromptHMR"):
        np.testing.assert_allclose(np.concatenate(heights), 0, atol=1e-3)


@pytest.mark.parametrize("system", CAMERAS)
def test_the_files_camera_sees_the_body_where_the_true_one_did(tmp_path, system):
    write, people = WRITERS[system]
    path = write(tmp_path / "result") or tmp_path / "result"
    for motion, person in zip(make_motions(find_result(path), path).motions, people, strict=True):
        poses = np.broadcast_to(motion.world_from_cam, (len(person.frames), 4, 4))
        seen = np.einsum("nji,nj->ni", poses[:, :3, :3], motion.trans - poses[:, :3, 3])
        true = person.pelvis - (0, 0, 1.2 if system == "SLAHMR" else 0)
        np.testing.assert_allclose(seen, true @ CAMERAS[system].T, atol=2e-3)
        np.testing.assert_allclose(motion.camera_matrix, CAMERA_MATRIX, rtol=1e-4)
        np.testing.assert_array_equal(motion.image_size, (WIDTH, HEIGHT))


@pytest.mark.parametrize(("write", "rate"), [(write_gvhmr, 60.0), (write_slahmr, 25.0)])
def test_the_users_rate_is_for_files_that_tell_none(tmp_path, write, rate):
    path = write(tmp_path / "result") or tmp_path / "result"
    read = read_motions(open_capture(path), options=RowsOptions(framerate=60.0))
    assert read.motions[0][1].mocap_framerate == rate
    assert any("60 frames a second are assumed" in note for note in read.notes) == (rate == 60.0)


@pytest.mark.parametrize(("up", "is_told"), [("auto", False), ("z", True)])
def test_an_up_axis_that_is_not_used_is_told(tmp_path, up, is_told):
    write_vibe(tmp_path / "result")
    read = read_motions(open_capture(tmp_path / "result"), options=RowsOptions(up=up))
    assert any("the option was not used" in note for note in read.notes) == is_told


def test_people_of_one_file_are_chosen_one_by_one(tmp_path):
    write_wham(tmp_path / "wham_output.pkl")
    capture = open_capture(tmp_path / "wham_output.pkl")
    assert [capture.motion_name(person) for person in capture.people] == ["wham_output_person_01", "wham_output_person_02"]
    read = read_motions(capture, {2})
    assert [person.person_id for person, _ in read.motions] == [2] and read.motions[0][1].frame_index[0] == 3
    assert read.origin_seconds == 0.0, "chosen one by one, people stay in step"


def test_one_track_of_tram_is_read_with_the_camera_beside_it(tmp_path):
    write_tram(tmp_path / "hps")
    (person,) = find_result(tmp_path / "hps" / "hps_track_1.npy").people
    assert person.key == "1"
    os.remove(tmp_path / "camera.npy")
    with pytest.raises(MotionFileError, match=r"camera\.npy is missing, which belongs to it"):
        find_result(tmp_path / "hps" / "hps_track_1.npy")


def test_people_without_numbers_are_followed_by_place():
    frames = np.repeat(np.arange(10), 2)
    place = np.stack([np.array((side + 0.05 * frame, 0, 3)) for frame in range(10) for side in ((0, 3) if frame % 2 else (3, 0))])
    people = follow_by_place(frames, np.tile(np.eye(3), (20, 24, 1, 1)), place, np.zeros((20, 10)))
    assert [len(person.frames) for person in people] == [10, 10]
    for person, start in zip(people, (3, 0), strict=True):
        np.testing.assert_allclose(person.pelvis[:, 0], start + 0.05 * np.arange(10))


def test_somebody_who_jumps_becomes_somebody_else_and_the_nearest_pair_goes_first():
    # By frame: two people; one stays, the other jumps away; both come nearer to the first, and the nearer one is that person.
    frames = np.array((0, 0, 1, 1, 2, 2))
    place = np.zeros((6, 3))
    place[:, 0] = (0, 5, 0.1, 9, 0.8, 0.2)
    people = follow_by_place(frames, np.tile(np.eye(3), (6, 24, 1, 1)), place, np.zeros((6, 10)))
    assert [person.pelvis[:, 0].tolist() for person in people] == [[0, 0.1, 0.2], [5], [9], [0.8]]


@pytest.mark.parametrize("form", ["pickle", "npy", "npz"])
def test_a_file_that_calls_something_is_refused_and_nothing_runs(tmp_path, form):
    hostile = {"smpl_params_global": Call(f"touch {tmp_path / 'marker'}")}
    path = tmp_path / f"result.{form}"
    if form == "pickle":
        path.write_bytes(pickle.dumps(hostile))
    elif form == "npy":
        np.save(path, hostile)
    else:
        np.savez(path, results=hostile)
    with pytest.raises(MotionFileError, match=r"result\.\w+ is refused: it asks for \w+\.system"):
        open_capture(path)
    assert not (tmp_path / "marker").exists()


@pytest.mark.parametrize(("change", "words"), [
    ({"transl": None}, "transl is missing"), ({"body_pose": np.zeros((FRAMES, 60))}, r"body_pose has the shape \(12, 60\)"),
    ({"global_orient": np.zeros((3, 3))}, "the root has 3 frames, and the body 12"),
    ({"transl": np.full((FRAMES, 3), np.nan)}, "transl holds values that are not finite"),
    ({"betas": "x"}, "betas holds no numbers"),
])
def test_what_is_wrong_with_a_result_is_named(tmp_path, change, words):
    write_gvhmr(tmp_path / "result")
    contents = pickle.loads((tmp_path / "result").read_bytes())
    contents["smpl_params_global"] |= change
    (tmp_path / "result").write_bytes(pickle.dumps(contents))
    with pytest.raises(MotionFileError, match=words):
        find_result(tmp_path / "result")


def test_results_without_numbers_of_people_say_how_to_get_them(tmp_path):
    np.savez(tmp_path / "video_results.npz", results={}, sequence_results={})
    with pytest.raises(MotionFileError, match="again with -t"):
        find_result(tmp_path / "video_results.npz")


def test_files_of_no_known_system_are_none(tmp_path):
    (tmp_path / "notes.txt").write_text("a text")
    np.save(tmp_path / "points.npy", np.zeros((3, 4)))
    (tmp_path / "other.pkl").write_bytes(pickle.dumps({"a": 1}))
    assert all(find_result(tmp_path / name) is None for name in ("notes.txt", "points.npy", "other.pkl"))
    (tmp_path / "cut.pkl").write_bytes(pickle.dumps({"a": np.zeros(99)})[:60])
    with pytest.raises(MotionFileError, match=r"cut\.pkl is damaged"):
        find_result(tmp_path / "cut.pkl")


def test_what_a_library_says_of_a_damaged_file_is_cut(tmp_path):
    path, name = tmp_path / "results.npz", "a" * 60_000
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(zipfile.ZipInfo(name + ".npy"), b"")      # without the time, which may hold the byte that is replaced
    content = path.read_bytes()
    path.write_bytes(content.replace(b"a", b"b", 1))        # the name in front of the member is no longer that of the directory
    with pytest.raises(ContainerError, match=r"results\.npz is damaged, or of an unknown kind") as caught:
        read_plain(path)
    assert 200 < len(str(caught.value)) < 400 + len(str(path))


def test_a_pickle_that_claims_gigabytes_takes_none_of_them(tmp_path):
    (tmp_path / "bomb.pkl").write_bytes(b"\x80\x05\x96" + (6 << 30).to_bytes(8, "little"))
    with pytest.raises(MotionFileError, match=r"bomb\.pkl is damaged, or of an unknown kind"):
        find_result(tmp_path / "bomb.pkl")


def test_what_is_shared_a_thousand_times_over_is_read_once(tmp_path):
    value = np.zeros(3)
    for _ in range(18):
        value = [value] * 1000
    (tmp_path / "shared.pkl").write_bytes(pickle.dumps({"a": value}))
    assert find_result(tmp_path / "shared.pkl") is None
    loop = {"a": []}
    loop["a"].append(loop)
    (tmp_path / "loop.pkl").write_bytes(pickle.dumps(loop))
    with pytest.raises(MotionFileError, match="it contains itself"):
        find_result(tmp_path / "loop.pkl")


@pytest.mark.parametrize("target", ["torch\nFloatStorage", "_codecs\nencode", "numpy\nndarray"])
def test_a_pickle_cannot_change_what_reads_the_next_file(tmp_path, target):
    # BUILD would set the dtype of every float32 tensor to int8.
    (tmp_path / "hostile.pkl").write_bytes(b"\x80\x02c" + target.encode() + b"\n}X\x05\x00\x00\x00dtypeX\x02\x00\x00\x00i1sb.")
    with pytest.raises(MotionFileError, match="a state for something that has none"):
        find_result(tmp_path / "hostile.pkl")
    storage = TORCH_STAND_INS["torch.FloatStorage"]
    assert storage.dtype == np.float32


@pytest.mark.parametrize("form", ["pt", "npz", "zlib"])
def test_a_small_file_that_unpacks_to_gigabytes_is_refused(tmp_path, form):
    path, zeros = tmp_path / f"bomb.{form}", bytes(1 << 20)
    if form == "zlib":
        packer = zlib.compressobj()
        path.write_bytes(b"".join([packer.compress(b"\x80\x02"), *(packer.compress(zeros) for _ in range(300)), packer.flush()]))
    else:
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive, \
                archive.open("archive/data.pkl" if form == "pt" else "pose.npy", "w") as member:
            for _ in range(300):
                member.write(zeros)
    with pytest.raises(MotionFileError, match=r"it claims to hold more|it unpacks to more than 256 MB"):
        find_result(path)

"""Damaged motion files: each is read, or refused with one clear error. `MPSNET_FUZZ_CASES=100000` takes as many for each kind."""

import io
import os
import tracemalloc
import zipfile

import numpy as np
import pytest

from mpsnet_blender.motion.formats.smpl_rows import read_any_motion
from mpsnet_blender.shared.motion_file import MotionFileError, read_motion
from tests.shared.test_motion_file import a_motion, some_hands, written_arrays

CASES = int(os.environ.get("MPSNET_FUZZ_CASES", "300"))


def read_or_refuse(path, content):
    """Return whether the content is read as a motion; it may be refused with a MotionFileError that names the file."""
    path.write_bytes(content)
    try:
        motion, _ = read_any_motion(path)
    except MotionFileError as error:
        assert str(path) in str(error) and len(str(error)) < 1000
        return False
    assert np.isfinite(motion.poses).all() and len(motion.poses) == len(motion.trans) == len(motion.timestamps) > 0
    return True


def packed(arrays, **members):
    """Return an uncompressed archive of arrays, and of members by their bytes: damage then reaches headers and values."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name, array in arrays.items():
            with archive.open(f"{name}.npy", "w") as member:
                np.lib.format.write_array(member, np.asarray(array), allow_pickle=True)
        for name, content in members.items():
            archive.writestr(f"{name}.npy", content)
    return stream.getvalue()


@pytest.fixture
def arrays(tmp_path):
    return written_arrays(tmp_path / "good.npz", a_motion(hands=some_hands()))


@pytest.mark.parametrize("is_compressed", [False, True])
def test_files_with_changed_bytes_are_read_or_refused(tmp_path, arrays, is_compressed):
    content = np.frombuffer((tmp_path / "good.npz").read_bytes() if is_compressed else packed(arrays), np.uint8)
    random = np.random.default_rng(0)
    for _ in range(CASES):
        damaged = content.copy()
        damaged[random.integers(0, len(damaged), random.integers(1, 5))] = random.integers(0, 256)
        read_or_refuse(tmp_path / "damaged.npz", damaged.tobytes())


def test_members_whose_headers_have_changed_bytes_are_read_or_refused(tmp_path, arrays):
    random, refused = np.random.default_rng(1), 0
    for _ in range(CASES):
        name = random.choice(sorted(arrays))
        stream = io.BytesIO()
        np.lib.format.write_array(stream, arrays[name])
        header = bytearray(stream.getvalue())
        header[random.integers(0, min(len(header), 80))] = random.integers(32, 127)
        others = {other: array for other, array in arrays.items() if other != name}
        refused += not read_or_refuse(tmp_path / "damaged.npz", packed(others, **{name: bytes(header)}))
    assert refused > 0.5 * CASES


def test_files_that_end_early_are_refused(tmp_path, arrays):
    content = (tmp_path / "good.npz").read_bytes()
    for length in np.linspace(0, len(content) - 1, 40).astype(int):
        assert not read_or_refuse(tmp_path / "damaged.npz", content[:length])


@pytest.mark.parametrize(("name", "value"), [
    ("image_size", np.array((0, 720))), ("mocap_framerate", np.array(1e9)), ("timestamps", 1e12 + np.arange(5.0)),
    ("rest_joints", np.zeros((24, 3))), ("rest_joints", np.full((24, 3), 50.0)), ("trans", np.full((5, 3), 1e30)),
    ("poses", np.zeros((5, 72), complex)), ("poses", np.zeros((5, 72), "U3")), ("source", np.array("x" * 10_000)),
    ("format_version", np.array((1, 1))), ("gender", np.array(3)), ("betas", np.zeros((10, 1))),
    ("left_hand_pose", np.zeros((4, 45))), ("hand_confidence", np.zeros((5, 2), "U3")),
    ("right_hand_pose", np.full((5, 45), np.inf))])
def test_impossible_values_are_refused(tmp_path, arrays, name, value):
    assert read_or_refuse(tmp_path / "m.npz", packed(arrays))
    assert not read_or_refuse(tmp_path / "m.npz", packed({**arrays, name: value}))


def test_the_error_about_a_large_member_in_a_numbers_place_is_short(tmp_path, arrays):
    (tmp_path / "m.npz").write_bytes(packed({**arrays, "mocap_framerate": np.zeros((3, 4, 4, 4), bool)}))
    with pytest.raises(MotionFileError, match=r"one number, not of shape \(3, 4, 4, 4\) and type bool\.$"):
        read_motion(tmp_path / "m.npz")


def test_members_that_nobody_asks_for_are_not_read(tmp_path, arrays):
    assert read_or_refuse(tmp_path / "m.npz", packed(arrays, notes=b"no array at all"))
    assert read_or_refuse(tmp_path / "m.npz", packed({**arrays, "labels": np.array([{"a": 1}], dtype=object)}))


def test_a_member_of_objects_that_is_wanted_is_refused(tmp_path, arrays):
    assert not read_or_refuse(tmp_path / "m.npz", packed({**arrays, "poses": np.array([{"a": 1}], dtype=object)}))


def test_a_header_that_claims_more_than_there_is_takes_no_memory(tmp_path, arrays):
    stream = io.BytesIO()
    np.lib.format.write_array(stream, arrays["poses"])
    claimed = stream.getvalue().replace(b"(5, 72), ", b"(50000000, 72), ".ljust(9))[:-7]
    tracemalloc.start()
    try:
        others = {name: array for name, array in arrays.items() if name != "poses"}
        assert not read_or_refuse(tmp_path / "m.npz", packed(others, poses=claimed))
        assert tracemalloc.get_traced_memory()[1] < 20e6
    finally:
        tracemalloc.stop()


def test_a_small_file_that_unpacks_to_gigabytes_is_refused_before_it_is_unpacked(tmp_path):
    path = tmp_path / "m.npz"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive, archive.open("poses.npy", "w", force_zip64=True) as member:
        np.lib.format.write_array_header_1_0(member, {"descr": "<f8", "fortran_order": False, "shape": (600_000, 72)})
        for _ in range(60):
            member.write(bytes(10_000 * 72 * 8))
    tracemalloc.start()
    try:
        with pytest.raises(MotionFileError, match="not a motion file, or it is damaged"):
            read_motion(path)
        assert tracemalloc.get_traced_memory()[1] < 20e6
    finally:
        tracemalloc.stop()


def test_a_motion_of_somebody_who_never_moves_packs_well_and_is_read(tmp_path):
    still = written_arrays(tmp_path / "still.npz", a_motion(poses=np.zeros((5, 72)), raw_poses=None, raw_trans=None))
    assert read_or_refuse(tmp_path / "m.npz", packed(still))

import dataclasses
import os
import pickle
import subprocess
import sys
import zipfile

import numpy as np
import pytest

from mpsnet_blender.shared import motion_file
from mpsnet_blender.shared.hands.poses import HandPoses
from mpsnet_blender.shared.motion_file import (
    FORMAT_VERSION,
    Motion,
    MotionFileError,
    find_motion_arrays,
    new_motion,
    read_motion,
    write_motion,
)
from mpsnet_blender.shared.smpl_skeleton import generic_rest_joints

FRAMES = 5


def a_motion(**changes):
    """Return a motion with every field filled."""
    random = np.random.default_rng(0)
    values = {
        "poses": random.normal(size=(FRAMES, 72)), "trans": random.normal(size=(FRAMES, 3)), "mocap_framerate": 29.97,
        "betas": random.normal(size=10), "gender": "female", "rest_joints": generic_rest_joints(1.62),
        "frame_index": np.arange(10, 10 + FRAMES), "timestamps": 0.4 + np.arange(FRAMES) / 29.97,
        "confidence": random.uniform(size=(FRAMES, 24)), "contacts": random.uniform(size=(FRAMES, 4)),
        "keypoints2d": random.uniform(size=(FRAMES, 33, 3)), "camera_matrix": np.diag([900.0, 900.0, 1.0]),
        "image_size": np.array([1280, 720]), "world_from_cam": np.eye(4)[None], "source": "clip.mp4",
        "raw_poses": random.normal(size=(FRAMES, 72)), "raw_trans": random.normal(size=(FRAMES, 3)),
        "engine": "keypoints",
    }
    return new_motion(**{**values, **changes})


def written_arrays(path, motion=None):
    write_motion(path, motion or a_motion())
    with np.load(path) as archive:
        return dict(archive)


def test_a_motion_comes_back_as_it_was_written(tmp_path):
    motion = a_motion()
    write_motion(tmp_path / "person_01.npz", motion)
    read = read_motion(tmp_path / "person_01.npz")
    for item in dataclasses.fields(Motion):
        np.testing.assert_array_equal(getattr(read, item.name), getattr(motion, item.name), err_msg=item.name)
    assert isinstance(read.mocap_framerate, float) and isinstance(read.gender, str)


def test_a_file_of_version_1_written_by_hand_is_read(tmp_path):
    """Users' files must open in all later versions: these names, orders and units are the format."""
    names = ["pelvis", "left_hip", "right_hip", "spine1", "left_knee", "right_knee", "spine2", "left_ankle", "right_ankle",
             "spine3", "left_foot", "right_foot", "neck", "left_collar", "right_collar", "head", "left_shoulder",
             "right_shoulder", "left_elbow", "right_elbow", "left_wrist", "right_wrist", "left_hand", "right_hand"]
    trans = np.array(((0.0, 1, 2), (3, 4, 5)))
    np.savez(tmp_path / "m.npz", format_version=np.array(1), poses=np.full((2, 72), 0.1), trans=trans,
             mocap_framerate=np.array(25.0), betas=np.arange(10.0), gender=np.array("male"), joint_names=np.array(names),
             parents=np.array((-1, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 9, 9, 12, 13, 14, 16, 17, 18, 19, 20, 21)),
             rest_joints=generic_rest_joints(1.6), frame_index=np.array((7, 8)), timestamps=np.array((0.28, 0.32)),
             confidence=np.full((2, 24), 0.5), contacts=np.array(((1.0, 0, 0, 0), (0, 0, 0, 1))), source=np.array("clip.mp4"),
             engine=np.array("keypoints"))
    motion = read_motion(tmp_path / "m.npz")
    assert (motion.gender, motion.source, motion.engine, motion.mocap_framerate) == ("male", "clip.mp4", "keypoints", 25.0)
    assert motion.trans.tolist() == [[0, 1, 2], [3, 4, 5]] and motion.contacts.tolist() == [[1, 0, 0, 0], [0, 0, 0, 1]]
    assert motion_file.CONTACT_NAMES == ("left_heel", "left_toe", "right_heel", "right_toe")


def test_a_written_file_has_the_version_and_no_array_that_was_not_given(tmp_path):
    arrays = written_arrays(tmp_path / "m.npz", a_motion(raw_poses=None, raw_trans=None, keypoints2d=None))
    assert arrays["format_version"] == 2
    assert not {"raw_poses", "raw_trans", "keypoints2d", "hands", "left_hand_pose", "hand_confidence"} & arrays.keys()
    assert arrays["contacts"].shape == (FRAMES, 4) and arrays["confidence"].shape == (FRAMES, 24)


def some_hands(frames=FRAMES):
    random = np.random.default_rng(3)
    return HandPoses(random.normal(size=(frames, 45)).astype(np.float32), random.normal(size=(frames, 45)).astype(np.float32),
                     random.uniform(size=(frames, 2)).astype(np.float32))


def test_fingers_come_back_as_they_were_written(tmp_path):
    hands = some_hands()
    arrays = written_arrays(tmp_path / "m.npz", a_motion(hands=hands))
    assert arrays["left_hand_pose"].shape == arrays["right_hand_pose"].shape == (FRAMES, 45)
    assert arrays["hand_confidence"].shape == (FRAMES, 2) and arrays["left_hand_pose"].dtype == np.float32
    read = read_motion(tmp_path / "m.npz").hands
    for name in ("left_hand_pose", "right_hand_pose", "hand_confidence"):
        np.testing.assert_array_equal(getattr(read, name), getattr(hands, name))


def test_a_file_with_a_part_of_the_fingers_is_refused(tmp_path):
    arrays = written_arrays(tmp_path / "m.npz", a_motion(hands=some_hands()))
    for missing in ("left_hand_pose", "right_hand_pose", "hand_confidence"):
        np.savez(tmp_path / "m.npz", **{name: array for name, array in arrays.items() if name != missing})
        with pytest.raises(MotionFileError, match=rf"m\.npz has .* without {missing}"):
            read_motion(tmp_path / "m.npz")


@pytest.mark.parametrize(("name", "value"), [
    ("left_hand_pose", np.zeros((FRAMES, 15, 3))), ("right_hand_pose", np.zeros((FRAMES + 1, 45))),
    ("hand_confidence", np.zeros(FRAMES)), ("left_hand_pose", np.full((FRAMES, 45), np.nan))])
def test_wrong_fingers_are_refused_by_name(tmp_path, name, value):
    arrays = written_arrays(tmp_path / "m.npz", a_motion(hands=some_hands()))
    np.savez(tmp_path / "m.npz", **{**arrays, name: value})
    with pytest.raises(MotionFileError, match=rf"m\.npz: {name}"):
        read_motion(tmp_path / "m.npz")


def test_missing_fields_of_a_motion_are_filled_in(tmp_path):
    write_motion(tmp_path / "m.npz", new_motion(np.zeros((3, 72)), np.zeros((3, 3)), 25.0))
    motion = read_motion(tmp_path / "m.npz")
    np.testing.assert_allclose(motion.timestamps, [0.0, 0.04, 0.08])
    np.testing.assert_array_equal(motion.frame_index, [0, 1, 2])
    assert motion.confidence.tolist() == [[1.0] * 24] * 3 and motion.contacts.tolist() == [[0.0] * 4] * 3
    assert motion.betas.tolist() == [0.0] * 10 and motion.gender == "neutral"
    assert motion.keypoints2d is None and motion.world_from_cam is None


def test_raw_motion_is_optional_and_must_be_whole(tmp_path):
    write_motion(tmp_path / "m.npz", a_motion(raw_poses=None, raw_trans=None))
    assert read_motion(tmp_path / "m.npz").raw_poses is None
    with pytest.raises(MotionFileError, match=r"raw_poses.*without"):
        write_motion(tmp_path / "m.npz", a_motion(raw_trans=None))
    with pytest.raises(MotionFileError, match=r"raw_trans has shape"):
        write_motion(tmp_path / "m.npz", a_motion(raw_trans=np.zeros((FRAMES - 1, 3))))


def test_other_tools_read_the_file_as_amass(tmp_path):
    arrays = written_arrays(tmp_path / "m.npz")
    assert arrays["poses"].shape == (FRAMES, 72) and arrays["trans"].shape == (FRAMES, 3)
    assert float(arrays["mocap_framerate"]) == 29.97 and str(arrays["gender"]) == "female"
    assert arrays["joint_names"][:2].tolist() == ["pelvis", "left_hip"] and arrays["parents"][:5].tolist() == [-1, 0, 0, 0, 1]
    assert not any(array.dtype.hasobject for array in arrays.values())


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", b"not a zip at all" * 100, b"\x93NUMPY\x01\x00v\x00{"])
def test_what_is_no_zip_is_refused(tmp_path, content):
    path = tmp_path / "m.npz"
    path.write_bytes(content)
    with pytest.raises(MotionFileError, match=r"m\.npz is not a motion file"):
        read_motion(path)


@pytest.mark.parametrize("kept", [0.1, 0.5, 0.9, 0.999])
def test_a_truncated_file_is_refused(tmp_path, kept):
    path = tmp_path / "m.npz"
    write_motion(path, a_motion())
    content = path.read_bytes()
    path.write_bytes(content[:int(len(content) * kept)])
    with pytest.raises(MotionFileError):
        read_motion(path)


def test_a_file_with_flipped_bytes_is_refused_or_read_but_never_breaks(tmp_path):
    path = tmp_path / "m.npz"
    write_motion(path, a_motion())
    content = path.read_bytes()
    random = np.random.default_rng(2)
    for _ in range(300):
        damaged = bytearray(content)
        for position in random.integers(0, len(content), 4):
            damaged[position] ^= int(random.integers(1, 256))
        path.write_bytes(damaged)
        try:
            read_motion(path)
        except MotionFileError:
            continue


class Bomb:
    """Makes a folder when it is unpickled."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return os.mkdir, (str(self.path),)


def test_a_pickle_is_refused_and_not_run(tmp_path):
    arrays = written_arrays(tmp_path / "m.npz")
    arrays["gender"] = np.array([Bomb(tmp_path / "exploded")], dtype=object)
    np.savez(tmp_path / "bomb.npz", **arrays)
    (tmp_path / "plain.npz").write_bytes(pickle.dumps(Bomb(tmp_path / "exploded")))
    for name in ("bomb.npz", "plain.npz"):
        with pytest.raises(MotionFileError):
            read_motion(tmp_path / name)
    assert not (tmp_path / "exploded").exists()


def test_which_arrays_a_file_has_is_known_without_reading_them(tmp_path):
    path = tmp_path / "walk.npz"
    np.savez(path, poses=np.zeros((3, 72)), fps=np.array(30.0))
    assert find_motion_arrays(path, ("poses", "trans", "fps")) == {"poses", "fps"}
    np.savez(path, poses=np.array([{}]))
    with pytest.raises(MotionFileError, match=r"walk\.npz is not a motion file"):
        find_motion_arrays(path, ("poses",))
    assert find_motion_arrays(path, ("trans",)) == set()
    with pytest.raises(MotionFileError, match="There is no file"):
        find_motion_arrays(tmp_path / "none.npz", ("poses",))


def test_an_array_that_claims_more_memory_than_there_is_is_refused(tmp_path):
    with zipfile.ZipFile(tmp_path / "m.npz", "w") as archive:
        header = b"{'descr': '<f8', 'fortran_order': False, 'shape': (1000000000000, 72), }"
        header += b" " * (118 - len(header) - 1) + b"\n"
        archive.writestr("poses.npy", b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header)
    with pytest.raises(MotionFileError):
        read_motion(tmp_path / "m.npz")


@pytest.mark.parametrize("version", [np.array(FORMAT_VERSION + 1), np.array(0), np.array("1"), np.array([1]), np.array(1.0)])
def test_an_unknown_version_is_refused_with_what_to_do(tmp_path, version):
    arrays = written_arrays(tmp_path / "m.npz")
    np.savez(tmp_path / "m.npz", **{**arrays, "format_version": version})
    with pytest.raises(MotionFileError, match="Update the add-on"):
        read_motion(tmp_path / "m.npz")


@pytest.mark.parametrize(("name", "value"), [
    ("poses", np.zeros((FRAMES, 71))), ("poses", np.zeros((FRAMES, 24, 3))), ("poses", np.zeros(72)),
    ("poses", np.array(1.0)), ("poses", np.zeros((0, 72))), ("poses", np.full((FRAMES, 72), "x")),
    ("poses", np.zeros((FRAMES, 72), complex)), ("poses", np.full((FRAMES, 72), np.nan)),
    ("trans", np.zeros((FRAMES + 1, 3))), ("trans", np.full((FRAMES, 3), np.inf)), ("betas", np.zeros(9)),
    ("timestamps", np.zeros(FRAMES)), ("timestamps", np.arange(FRAMES)[::-1]), ("frame_index", np.zeros((FRAMES, 1))),
    ("confidence", np.ones((FRAMES, 23))), ("contacts", np.ones((FRAMES, 5))),
    ("keypoints2d", np.ones((FRAMES, 33))), ("keypoints2d", np.ones((FRAMES, 33, 2))), ("keypoints2d", np.array(3.0)),
    ("camera_matrix", np.eye(4)), ("image_size", np.ones(3)), ("world_from_cam", np.eye(4)),
    ("world_from_cam", np.full((1, 4, 4), np.nan)), ("mocap_framerate", np.array(0.0)),
    ("mocap_framerate", np.array(-30.0)), ("mocap_framerate", np.array(np.nan)), ("mocap_framerate", np.array("30")),
    ("mocap_framerate", np.ones(2)), ("gender", np.array(3)), ("source", np.array(["a", "b"])),
    ("parents", np.zeros(24, int)), ("parents", np.full(24, "x")), ("parents", np.zeros((2, 24))),
    ("joint_names", np.array(["pelvis"])), ("rest_joints", np.zeros((23, 3))),
])
def test_a_wrong_field_is_refused_by_name_of_the_file(tmp_path, name, value):
    arrays = written_arrays(tmp_path / "m.npz")
    np.savez(tmp_path / "m.npz", **{**arrays, name: value})
    with pytest.raises(MotionFileError, match=r"m\.npz"):
        read_motion(tmp_path / "m.npz")


@pytest.mark.parametrize("name", ["poses", "trans", "mocap_framerate", "rest_joints", "gender", "timestamps"])
def test_a_missing_field_is_named(tmp_path, name):
    arrays = written_arrays(tmp_path / "m.npz")
    del arrays[name]
    np.savez(tmp_path / "m.npz", **arrays)
    with pytest.raises(MotionFileError, match=f"lacks {name}"):
        read_motion(tmp_path / "m.npz")


@pytest.mark.parametrize(("name", "place", "value"), [
    ("poses", (3, 50), np.nan), ("trans", (1, 2), np.inf), ("timestamps", 2, 0.0), ("world_from_cam", (0, 1, 3), np.nan),
])
def test_one_wrong_number_among_good_ones_is_enough(tmp_path, name, place, value):
    arrays = written_arrays(tmp_path / "m.npz")
    arrays[name][place] = value
    np.savez(tmp_path / "m.npz", **arrays)
    with pytest.raises(MotionFileError, match=name):
        read_motion(tmp_path / "m.npz")


def test_a_missing_file_and_a_folder_are_reported(tmp_path):
    for path in (tmp_path / "nowhere.npz", tmp_path):
        with pytest.raises(MotionFileError, match="There is no file"):
            read_motion(path)


def test_an_invalid_motion_is_not_written(tmp_path):
    with pytest.raises(MotionFileError, match="not finite"):
        write_motion(tmp_path / "m.npz", a_motion(trans=np.full((FRAMES, 3), np.nan)))
    assert list(tmp_path.iterdir()) == []


def test_a_write_that_fails_leaves_the_old_file_and_nothing_else(tmp_path, monkeypatch):
    path = tmp_path / "m.npz"
    write_motion(path, a_motion())
    before = path.read_bytes()

    def broken_save(stream, _arrays):
        stream.write(b"half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(motion_file, "write_compressed", broken_save)
    with pytest.raises(OSError, match="No space"):
        write_motion(path, a_motion(gender="male"))
    assert path.read_bytes() == before and list(tmp_path.iterdir()) == [path]


def test_a_written_file_can_be_read_by_others_of_the_system(tmp_path):
    write_motion(tmp_path / "m.npz", a_motion())
    (tmp_path / "plain").touch()
    assert (tmp_path / "m.npz").stat().st_mode == (tmp_path / "plain").stat().st_mode


def test_a_reader_never_sees_a_half_written_file(tmp_path):
    path = tmp_path / "m.npz"
    write_motion(path, a_motion())
    script = ("import sys; sys.path.insert(0, sys.argv[2]); import numpy as np\n"
              "from mpsnet_blender.shared.motion_file import new_motion, write_motion\n"
              "while True: write_motion(sys.argv[1], new_motion(np.zeros((2000, 72)), np.zeros((2000, 3)), 30.0))\n")
    root = str(motion_file.Path(motion_file.__file__).parents[2])
    with subprocess.Popen([sys.executable, "-c", script, str(path), root]) as writer:
        for _ in range(100):
            assert read_motion(path).frame_count in (FRAMES, 2000)
        writer.kill()

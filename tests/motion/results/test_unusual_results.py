"""Results as users have them: in other shapes, with gaps, out of order, for one frame, in folders with other files."""

import pickle

import numpy as np
import pytest

from mpsnet_blender.motion.results.capture_folder import open_capture, read_motions
from mpsnet_blender.motion.results.read_result import find_result, make_motions
from mpsnet_blender.shared.motion_file import MotionFileError
from tests.motion.results import made_results as rows
from tests.motion.results import test_points as points
from tests.motion.results.test_points import truth  # noqa: F401  # a fixture

FRAMES = rows.FRAMES


def change_pickle(path, change):
    """Write a result's people changed; change: of a person's number and values, the new values."""
    contents = pickle.loads(path.read_bytes())
    path.write_bytes(pickle.dumps({key: change(key, part) for key, part in contents.items()}))


@pytest.mark.parametrize("change", [
    {"betas": lambda value: value[0]}, {"transl": lambda value: value[:, None], "global_orient": lambda value: value[:, None]},
    {"body_pose": lambda value: value.reshape(FRAMES, 21, 3)}, {"betas": lambda value: np.pad(value, ((0, 0), (0, 6)))},
], ids=["one shape", "(N, 1, 3)", "(N, 21, 3)", "sixteen betas"])
def test_the_same_numbers_in_another_shape_are_the_same_motion(tmp_path, change):
    rows.write_gvhmr(tmp_path / "result")
    change_pickle(tmp_path / "result", lambda key, part: part if key == "K_fullimg" else {
        name: change.get(name, lambda value: value)(np.asarray(value)) for name, value in part.items()})
    (motion,) = make_motions(find_result(tmp_path / "result"), tmp_path / "result").motions
    np.testing.assert_allclose(motion.trans[:, :2], rows.ALONE[0].pelvis[:, :2], atol=1e-3)
    turns = rows.rotmat_from_rotvec(motion.poses.reshape(FRAMES, 24, 3))
    np.testing.assert_allclose(turns, rows.ALONE[0].matrices(rows.ALONE[0].root), atol=1e-6)
    np.testing.assert_allclose(motion.betas, rows.BETAS, atol=1e-6)


@pytest.mark.parametrize(("write", "empty"), [(rows.write_wham, 0), (rows.write_vibe, 1)])
def test_people_without_frames_and_other_entries_are_left_out(tmp_path, write, empty):
    write(tmp_path / "result")
    change_pickle(tmp_path / "result", lambda key, part: part if key != empty else {
        name: value[:0] if isinstance(value, np.ndarray) else value for name, value in part.items()})
    contents = pickle.loads((tmp_path / "result").read_bytes())
    (tmp_path / "result").write_bytes(pickle.dumps(contents | {"settings": {"device": "cpu"}}))
    (person,) = find_result(tmp_path / "result").people
    np.testing.assert_array_equal(person.frames, rows.BOTH[1].frames)


def test_a_focal_length_in_a_list_and_joints_in_an_axis_are_read(tmp_path):
    rows.write_prompthmr(tmp_path / "result")
    contents = pickle.loads((tmp_path / "result").read_bytes())
    contents["camera_world"]["img_focal"] = np.array([rows.DIAGONAL])
    for person in contents["people"].values():
        person["smplx_world"]["pose"] = person["smplx_world"]["pose"].reshape(-1, 55, 3)
    (tmp_path / "result").write_bytes(pickle.dumps(contents))
    result = find_result(tmp_path / "result")
    np.testing.assert_allclose(result.camera.matrix, rows.CAMERA_MATRIX)
    for person, true in zip(result.people, rows.BOTH, strict=True):
        np.testing.assert_allclose(person.rotmats[:, 1:], true.matrices(true.root)[:, 1:], atol=1e-6)


def test_an_empty_track_of_tram_is_left_out(tmp_path):
    camera = rows.write_tram(tmp_path / "tram")
    empty = tmp_path / "hps" / "hps_track_0.npy"
    np.save(empty, {name: value[:0] for name, value in np.load(empty, allow_pickle=True).item().items()})
    (person,) = find_result(camera).people
    np.testing.assert_array_equal(person.frames, rows.BOTH[1].frames)


def test_picture_sizes_in_an_array_are_read(tmp_path):
    rows.write_phalp(tmp_path / "result")
    change_pickle(tmp_path / "result", lambda _, part: part | {"size": np.array(part["size"])})
    result = find_result(tmp_path / "result")
    assert len(result.people) == 2 and tuple(result.camera.image_size) == (rows.WIDTH, rows.HEIGHT)


def test_slahmrs_prior_stands_with_z_up(tmp_path):
    _, vectors, pelvis = rows.ALONE[0].placed(np.eye(3))
    np.savez(tmp_path / "clip_000060_prior_results.npz", trans=(pelvis - rows.SMPL)[None], root_orient=vectors[None],
             pose_body=rows.ALONE[0].body(21)[None])
    result = find_result(tmp_path / "clip_000060_prior_results.npz")
    (motion,) = make_motions(result, tmp_path / "clip_000060_prior_results.npz").motions
    assert result.system == "SLAHMR"
    np.testing.assert_allclose(motion.trans, rows.ALONE[0].pelvis, atol=1e-3)


def make_row_motion(path):
    (motion,) = make_motions(find_result(path), path).motions
    return motion


@pytest.mark.parametrize(("write", "first"), [(points.write_trc, 5), (points.write_freemocap_rows, 1)])
def test_rows_of_points_out_of_order_with_gaps_keep_their_frames(tmp_path, truth, write, first):  # noqa: F811
    path = write(truth[1], tmp_path)
    whole = make_row_motion(path)
    lines = path.read_text().splitlines()
    kept = [line for line in lines[first:] if not 10 <= int(line.split(",")[0].split("\t")[0]) < 15]
    path.write_text("\n".join([*lines[:first], *reversed(kept), kept[0]]), encoding="utf-8-sig")
    motion = make_row_motion(path)
    frames = np.setdiff1d(np.arange(points.FRAMES), np.arange(10, 15))
    np.testing.assert_array_equal(motion.frame_index, frames)
    np.testing.assert_allclose(motion.trans, whole.trans[frames], atol=5e-3)


def test_a_trc_of_one_frame_and_a_table_that_ends_early_are_read(tmp_path, truth):  # noqa: F811
    path = points.write_trc(truth[1], tmp_path)
    path.write_text("\n".join(path.read_text().splitlines()[:6]))
    assert make_row_motion(path).frame_count == 1
    path = points.write_freemocap_columns(truth[1], tmp_path)
    path.write_text(path.read_text()[:-150])
    assert make_row_motion(path).frame_count == points.FRAMES
    path.write_text(path.read_text().splitlines()[0])
    with pytest.raises(MotionFileError, match="it has no frames"):
        find_result(path)


def test_joints_in_a_batch_of_one_and_in_half_precision_are_read(tmp_path, truth):  # noqa: F811
    path = points.write_humanml3d(truth[1], tmp_path)
    whole = make_row_motion(path)
    np.save(path, np.load(path)[None].astype(np.float16))
    np.testing.assert_allclose(make_row_motion(path).trans, whole.trans, atol=5e-3)


def test_samples_of_no_length_are_left_out(tmp_path, truth):  # noqa: F811
    path = points.write_mdm(truth[1], tmp_path)
    contents = np.load(path, allow_pickle=True).item()
    np.save(path, contents | {"motion": np.repeat(contents["motion"], 2, axis=0), "lengths": np.array((0, points.FRAMES))})
    assert [person.key for person in find_result(path).people] == ["sample 2"]


def write_amass(path):
    np.savez(path, poses=np.zeros((4, 156)), trans=np.tile((0.0, 0, 0.9), (4, 1)), mocap_framerate=30.0, gender="neutral")


@pytest.mark.parametrize("other", ["01_01.npz", "1.npz", "0001.json"])
def test_a_folder_with_amass_files_is_read_as_such(tmp_path, other):
    write_amass(tmp_path / "01_02.npz")
    if other == "01_01.npz":
        write_amass(tmp_path / other)
    else:
        (tmp_path / other).write_text("[]" if other.endswith("json") else "damaged")
    read = read_motions(open_capture(tmp_path))
    assert len(read.motions) == (2 if other == "01_01.npz" else 1) and len(read.failures) == (other == "1.npz")


def test_a_folder_of_frames_with_nobody_is_none_of_easymocap(tmp_path):
    (tmp_path / "000000.json").write_text("[]")
    with pytest.raises(MotionFileError, match="holds no capture"):
        open_capture(tmp_path)


def test_one_frame_of_a_folder_is_read_alone_and_says_so(tmp_path, truth):  # noqa: F811
    points.write_sam3d(truth[1], tmp_path)
    rows.write_easymocap(tmp_path / "easy")
    for path, system in ((tmp_path / "000007_subj00.npz", "SAM 3D Body"), (tmp_path / "easy" / "000007.json", "EasyMocap")):
        result = find_result(path)
        assert result.system == system and [person.frames.tolist() for person in result.people] == [[7]] * len(result.people)
        assert "it is one frame: choose its folder for all of them" in result.notes


def test_the_folder_of_romp_is_its_video(tmp_path):
    rows.write_romp(tmp_path / "video_results")
    np.savez(tmp_path / "00000000.npz", results={"smpl_thetas": np.zeros((1, 72))})
    assert [len(person.frames) for person in find_result(tmp_path).people] == [FRAMES, FRAMES - 3]


@pytest.mark.parametrize(("name", "contents"), [
    ("output.pkl", pickle.dumps({"a": 1})), ("keypoints.json", b'{"people": []}'), ("xyz.csv", b"x,y,z\n1,2,3\n"),
], ids=["pickle", "json", "csv"])
def test_files_that_are_whole_but_unknown_are_not_called_damaged(tmp_path, name, contents):
    (tmp_path / name).write_bytes(contents)
    with pytest.raises(MotionFileError, match=r"is not a motion file, nor the result of a system that can be read"):
        open_capture(tmp_path / name)

"""Results of other systems, written here in their keys and conventions from one truth, come back as that truth."""

import json
import os
import pickle
import zipfile
import zlib

import numpy as np
import pytest

from mpsnet_blender.motion.base.rotations import rotmat_from_rotvec, rotvec_from_rotmat
from mpsnet_blender.motion.formats.smpl_rows import RowsOptions
from mpsnet_blender.motion.results.camera_systems import follow_by_place
from mpsnet_blender.motion.results.capture_folder import open_capture, read_motions
from mpsnet_blender.motion.results.read_result import find_result, make_motions
from mpsnet_blender.shared.containers.plain_values import ContainerError, read_plain
from mpsnet_blender.shared.containers.torch_pickles import TORCH_STAND_INS
from mpsnet_blender.shared.motion_file import MotionFileError
from mpsnet_blender.shared.smpl_skeleton import JOINT, generic_rest_joints
from tests.hostile_pickles import Call

FRAMES, WIDTH, HEIGHT = 12, 1280, 720
DIAGONAL = float(np.hypot(WIDTH, HEIGHT))
SMPL, SMPLX = np.array((-0.0022, -0.2408, 0.0286)), np.array((0.0031, -0.3514, 0.0120))
Y_FROM_Z = np.array(((1.0, 0, 0), (0, 0, 1), (0, -1, 0)))
CAMERA_FROM_Z = np.array(((1.0, 0, 0), (0, 0, -1), (0, 1, 0)))      # a level camera, y down, which looks along y
TURN, TILT = rotmat_from_rotvec(np.array((0.2, 0.1, 0.0))), rotmat_from_rotvec(np.array((0.3, 0, 0)))
BETAS = np.linspace(-1, 1, 10)
CAMERA_MATRIX = np.array(((DIAGONAL, 0, WIDTH / 2), (0, DIAGONAL, HEIGHT / 2), (0, 0, 1)))


class Person:
    """Somebody who stands, turns and moves, from a frame on: the truth in a world with Z up."""

    def __init__(self, seed, first=0):
        rng = np.random.default_rng(seed)
        self.frames = np.arange(first, FRAMES)
        count = len(self.frames)
        self.local = rng.normal(0, 0.3, (count, 23, 3))
        self.local[:, 21:] = 0          # hands, which SMPL-X has not
        turn = np.zeros((count, 3))
        turn[:, 1] = seed + np.linspace(0, 1, count)
        self.root = rotmat_from_rotvec(np.array((np.pi / 2, 0, 0))) @ rotmat_from_rotvec(turn)
        self.pelvis = np.column_stack((seed + np.linspace(0, 1, count), 4 + np.linspace(0, 0.5, count), np.full(count, 0.95)))

    def placed(self, axes):
        """Return root matrices, root vectors and the pelvis in other axes; columns of `axes` are those of the world."""
        root = axes @ self.root
        return root, rotvec_from_rotmat(root), self.pelvis @ axes.T

    def matrices(self, root):
        return np.concatenate((root[:, None], rotmat_from_rotvec(self.local)), axis=1)

    def body(self, joints):
        return self.local[:, :joints].reshape(len(self.frames), -1)

    def pose(self, axes):
        return np.concatenate((self.placed(axes)[1], self.body(23)), axis=1)


ALONE, BOTH = [Person(1)], [Person(1), Person(2, first=3)]


def write_gvhmr(path):
    _, vectors, pelvis = ALONE[0].placed(Y_FROM_Z)
    part = {"body_pose": ALONE[0].body(21).astype(np.float32), "global_orient": vectors, "transl": pelvis - SMPLX,
            "betas": np.tile(BETAS, (FRAMES, 1))}
    _, inside, seen = ALONE[0].placed(CAMERA_FROM_Z)
    path.write_bytes(pickle.dumps({
        "smpl_params_global": part, "smpl_params_incam": dict(part, global_orient=inside, transl=seen - SMPLX),
        "K_fullimg": np.tile(CAMERA_MATRIX, (FRAMES, 1, 1))}))


def write_wham(path):
    hips = generic_rest_joints()[[JOINT["left_hip"], JOINT["right_hip"]]].mean(0) - generic_rest_joints()[0]
    people = {}
    for key, person in enumerate(BOTH):
        root, _, pelvis = person.placed(Y_FROM_Z)
        people[np.int64(key)] = {"pose_world": person.pose(Y_FROM_Z), "trans_world": pelvis + root @ hips,
                                 "betas": BETAS[None], "frame_ids": person.frames}
    path.write_bytes(pickle.dumps(people))


def write_tram(path):
    np.save(path.parent / "camera.npy", {"world_cam_R": np.tile(TURN, (FRAMES, 1, 1)), "world_cam_T": np.zeros((FRAMES, 3)),
                                         "img_focal": np.float64(DIAGONAL), "img_center": np.array((WIDTH, HEIGHT)) / 2})
    hps = path.parent / "hps"
    hps.mkdir()
    for key, person in enumerate(BOTH):
        root, _, pelvis = person.placed(TURN.T @ Y_FROM_Z)
        np.save(hps / f"hps_track_{key}.npy", {"pred_rotmat": person.matrices(root), "frame": person.frames,
                                                "pred_trans": (pelvis - SMPL)[:, None], "pred_shape": BETAS[None]})
    return path.parent / "camera.npy"


def write_prompthmr(path):
    people = {}
    for key, person in enumerate(BOTH, start=1):
        _, vectors, pelvis = person.placed(Y_FROM_Z)
        pose = np.concatenate((vectors, person.body(21), np.full((len(vectors), 99), 1.2)), axis=1)
        people[key] = {"frames": person.frames, "smplx_world": {"pose": pose, "trans": pelvis - SMPLX, "shape": BETAS[None]}}
    turns = np.tile(CAMERA_FROM_Z @ Y_FROM_Z.T, (FRAMES, 1, 1))
    path.write_bytes(pickle.dumps({"people": people, "camera_world": {
        "Rcw": turns, "Tcw": np.zeros((FRAMES, 3)), "img_focal": DIAGONAL, "img_center": np.array((WIDTH, HEIGHT)) / 2}}))


def write_vibe(path):
    people = {}
    for key, person in enumerate(BOTH):
        place = person.placed(CAMERA_FROM_Z)[2] - SMPL
        boxes = np.tile((600.0, 300, 240, 240), (len(place), 1))
        scale = 2 * DIAGONAL / (place[:, 2] * boxes[:, 2])
        whole = np.column_stack((scale * boxes[:, 2] / WIDTH, scale * boxes[:, 3] / HEIGHT, place[:, :2]))
        people[key + 1] = {"pred_cam": np.column_stack((scale, np.zeros((len(place), 2)))), "orig_cam": whole, "bboxes": boxes,
                           "pose": person.pose(CAMERA_FROM_Z), "betas": BETAS[None], "frame_ids": person.frames, "joints2d": None}
    path.write_bytes(pickle.dumps(people))


def write_phalp(path):
    pictures = {}
    for frame in range(FRAMES):
        picture = {"time": frame, **{key: [] for key in ("tid", "tracked_time", "smpl", "camera", "size")}}
        for key, person in list(enumerate(BOTH, start=1))[::1 if frame % 2 else -1]:
            if frame < person.frames[0]:
                continue
            row = frame - person.frames[0]
            root, _, pelvis = person.placed(CAMERA_FROM_Z)
            camera = (pelvis[row] - SMPL) * (1, 1, 5000 * WIDTH / (256 * DIAGONAL))
            turns = person.matrices(root)[row]
            for ghost in range(2):
                picture["tid"].append(key if not ghost else 9)
                picture["tracked_time"].append(ghost)
                picture["smpl"].append({"global_orient": turns[:1], "body_pose": turns[1:], "betas": BETAS})
                picture["camera"].append(camera)
                picture["size"].append([HEIGHT, WIDTH])
        pictures[f"img/{frame:06d}.jpg"] = picture
    path.write_bytes(pickle.dumps(dict(reversed(pictures.items()))))


def write_romp(path):
    people = {np.int32(key): {
        "smpl_thetas": list(person.pose(CAMERA_FROM_Z)), "cam_trans": list(person.placed(CAMERA_FROM_Z)[2] - SMPL),
        "smpl_betas": [np.append(BETAS, 0.3)] * len(person.frames), "frame_id": [f"{frame:08d}.png" for frame in person.frames],
    } for key, person in enumerate(BOTH)}
    pictures = {f"{frame:08d}.png": {"smpl_thetas": np.zeros((1, 72)), "cam": [0.0] * 3, "lists": [[frame], [frame]]}
                for frame in range(FRAMES)}
    np.savez(path, results=pictures, sequence_results=people)
    return path.with_name(path.name + ".npz")


def write_cliff(path):
    rows = [(frame, key, person.matrices(person.placed(CAMERA_FROM_Z)[0])[row], person.placed(CAMERA_FROM_Z)[2][row] - SMPL)
            for key, person in enumerate(BOTH, start=1) for row, frame in enumerate(person.frames)]
    rows.sort(key=lambda row: row[:2])
    seen = np.zeros((len(rows), 8))
    seen[:, 0], seen[:, 7] = [row[0] for row in rows], [row[1] for row in rows]
    np.savez(path, pose=np.stack([row[2] for row in rows]), global_t=np.stack([row[3] for row in rows]), detection_all=seen,
             shape=np.tile(BETAS, (len(rows), 1)), focal_l=np.full(len(rows), DIAGONAL))
    return path.with_name(path.name + ".npz")


def write_hybrik(path):
    root, _, pelvis = ALONE[0].placed(CAMERA_FROM_Z)
    side = np.linspace(200, 300, FRAMES)
    place = (pelvis - SMPL) * np.column_stack((np.ones((FRAMES, 2)), 1000 / 256 * side / DIAGONAL))
    path.write_bytes(pickle.dumps({
        "pred_thetas": ALONE[0].matrices(root).reshape(FRAMES, 216), "pred_betas": np.tile(BETAS, (FRAMES, 1)), "transl": place,
        "transl_camsys": place, "bbox": np.column_stack((np.zeros((FRAMES, 2)), side, side)), "width": np.full(FRAMES, WIDTH),
        "height": np.full(FRAMES, HEIGHT), "img_path": [f"out/{frame + 1:06d}.jpg" for frame in range(FRAMES)]}))


def write_slahmr(path):
    axes = TILT @ CAMERA_FROM_Z        # its camera looks down, and its floor is 1.2 m below it
    placed = [(person.placed(axes), person) for person in ALONE]
    np.savez(path, trans=np.stack([pelvis - 1.2 * axes[:, 2] - SMPL for (_, _, pelvis), _ in placed]),
             root_orient=np.stack([vectors for (_, vectors, _), _ in placed]),
             pose_body=np.stack([person.body(21) for _, person in placed]), betas=np.tile(BETAS, (1, 1)),
             floor_plane=(-1.2 * axes[:, 2])[None], cam_R=np.tile(np.eye(3), (1, FRAMES, 1, 1)), cam_t=np.zeros((1, FRAMES, 3)),
             intrins=np.array((DIAGONAL, DIAGONAL, WIDTH / 2, HEIGHT / 2)))
    return path.with_name(path.name + ".npz")


def write_humor(path):
    _, vectors, pelvis = ALONE[0].placed(np.eye(3))
    np.savez(path, trans=pelvis - SMPL, root_orient=vectors, pose_body=ALONE[0].body(21), betas=BETAS,
             contacts=np.zeros((FRAMES, 22)))
    return path.with_name(path.name + ".npz")


def write_smpl_codec(path):
    _, vectors, pelvis = ALONE[0].placed(Y_FROM_Z)
    pose = np.concatenate((vectors[:, None], ALONE[0].local[:, :21]), axis=1)
    with open(path, "wb") as stream:
        np.savez(stream, smplVersion=np.int32(2), bodyPose=pose, bodyTranslation=pelvis - SMPLX, frameRate=np.float32(30),
                 shapeParameters=BETAS)


def write_easymocap(path):
    path.mkdir()
    for frame in range(FRAMES):
        people = []
        for key, person in enumerate(BOTH):
            if frame >= person.frames[0]:
                root, vectors, pelvis = (part[frame - person.frames[0]] for part in person.placed(np.eye(3)))
                pose = np.concatenate((np.zeros(3), person.body(23)[frame - person.frames[0]]))
                people.append({"id": key, "Rh": [vectors.tolist()], "Th": [(pelvis - root @ SMPL).tolist()],
                               "poses": [pose.tolist()], "shapes": [BETAS.tolist()]})
        (path / f"{frame:06d}.json").write_text(json.dumps(people))


WRITERS = {"GVHMR": (write_gvhmr, ALONE), "WHAM": (write_wham, BOTH), "TRAM": (write_tram, BOTH),
           "PromptHMR": (write_prompthmr, BOTH), "the VIBE family": (write_vibe, BOTH),
           "4D-Humans (PHALP)": (write_phalp, BOTH), "ROMP or BEV": (write_romp, BOTH),
           "CLIFF": (write_cliff, BOTH), "HybrIK": (write_hybrik, ALONE), "SLAHMR": (write_slahmr, ALONE),
           "HuMoR": (write_humor, ALONE), "Meshcapade": (write_smpl_codec, ALONE), "EasyMocap": (write_easymocap, BOTH)}
TELLS_RATE = {"SLAHMR": 25.0, "HuMoR": 30.0, "Meshcapade": 30.0}
# The axes of each file's camera in the truth's world.
CAMERAS = {"TRAM": TURN.T @ Y_FROM_Z, "SLAHMR": TILT @ CAMERA_FROM_Z, **dict.fromkeys(
    ("GVHMR", "PromptHMR", "the VIBE family", "4D-Humans (PHALP)", "HybrIK"), CAMERA_FROM_Z)}
FREE_WORLD = {"WHAM"}       # each person is in another world


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
        archive.writestr(name + ".npy", b"")
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

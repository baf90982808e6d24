"""Results of other systems, written here in their keys and conventions from one truth."""

import json
import pickle

import numpy as np

from mpsnet_blender.motion.base.rotations import rotmat_from_rotvec, rotvec_from_rotmat
from mpsnet_blender.shared.smpl_skeleton import JOINT, generic_rest_joints

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

"""The sample clip as seen by a camera that turns back and forth on the spot: exact, because a rotation only maps the picture."""

import cv2
import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from backend.evaluation.ground import compute_world_joints, path_error
from backend.evaluation.truth import HIPS, read_truth
from backend.video.frames import open_span, read_frames
from mpsnet_blender.client.backend_process import BackendProcess
from mpsnet_blender.shared.capture_listing import read_listing
from mpsnet_blender.shared.motion_file import read_motion
from mpsnet_blender.shared.smpl_skeleton import JOINT
from tests.backend.videos import write_video

FIRST, COUNT, SIDE, FOCAL = 90, 120, 600, 900.0
YAW = 5.0 * np.sin(np.linspace(0, 2 * np.pi, COUNT))         # degrees to the right
INTRINSICS = np.array(((FOCAL, 0, SIDE / 2), (0, FOCAL, SIDE / 2), (0, 0, 1)))


def turned(image: np.ndarray, turn: np.ndarray) -> np.ndarray:
    """Return the picture of a camera turned by (3, 3), made from the picture of the camera that is not turned."""
    height, width = image.shape[:2]
    before = np.array(((FOCAL, 0, width / 2), (0, FOCAL, height / 2), (0, 0, 1)))
    return cv2.warpPerspective(image, INTRINSICS @ turn.T @ np.linalg.inv(before), (SIDE, SIDE), flags=cv2.INTER_LINEAR)


@pytest.fixture(scope="module")
def rotmats():
    return Rotation.from_euler("y", YAW[:, None], degrees=True).as_matrix()


@pytest.fixture(scope="module")
def folder(environment, sample_clip, rotmats, tmp_path_factory):
    """A capture of that clip."""
    folder = tmp_path_factory.mktemp("moving")
    frames = list(read_frames(open_span(sample_clip, FIRST / 30 - 1e-3, (FIRST + COUNT) / 30 - 1e-3)))
    assert [frames[0].index, len(frames)] == [FIRST, COUNT]
    write_video(folder / "turning.mp4", [turned(frame.image, turn) for frame, turn in zip(frames, rotmats, strict=True)])
    command = environment.backend_command("capture", str(folder / "turning.mp4"), "--output", str(folder / "out"),
                                          "--fov", str(2 * np.degrees(np.arctan(SIDE / 2 / FOCAL))), "--height", "1.76")
    with BackendProcess(command, folder, folder / "backend.log") as process:
        list(process.messages())
        process.wait(10)
    return folder / "out"


def test_each_frame_has_the_cameras_own_pose(folder, rotmats):
    motion = read_motion(folder / "person_01.npz")
    assert motion.world_from_cam.shape == (motion.frame_count, 4, 4)
    assert read_listing(folder / "people.json").camera_moves is True
    found = motion.world_from_cam[0, :3, :3].T @ motion.world_from_cam[:, :3, :3]
    true = rotmats[motion.frame_index[0]].T @ rotmats[motion.frame_index]
    errors = np.degrees((Rotation.from_matrix(found).inv() * Rotation.from_matrix(true)).magnitude())
    assert errors.max() < 0.4
    np.testing.assert_allclose(np.ptp(motion.world_from_cam[:, :3, 3], axis=0), 0, atol=1e-6)        # it goes nowhere


def test_the_persons_path_stays_in_the_world(folder, sample_truth):
    motion = read_motion(folder / "person_01.npz")
    hips = compute_world_joints(motion)[0][:, [JOINT["left_hip"], JOINT["right_hip"]]].mean(1)
    true = read_truth(sample_truth).joints_world[0, FIRST + motion.frame_index][:, HIPS].mean(1)
    found = path_error(hips, true)
    back = np.linalg.inv(motion.world_from_cam)
    before_camera = np.einsum("tij,tj->ti", back[:, :3, :3], hips) + back[:, :3, 3]
    taken_for_still = before_camera @ motion.world_from_cam[0, :3, :3].T
    print(f"root path {found:.0f} mm; were the camera taken for still {path_error(taken_for_still, true):.0f} mm")
    assert found < 90 and path_error(taken_for_still, true) > 2 * found

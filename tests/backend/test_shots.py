"""A video with a cut, captured as a user does: each shot as it would be alone."""

import cv2
import numpy as np
import pytest

from backend.evaluation.ground import compute_world_joints
from mpsnet_blender.shared.capture_listing import read_listing
from mpsnet_blender.shared.motion_file import read_motion
from tests.backend.coded_videos import code_video


@pytest.fixture(scope="module")
def shots(sample_frames):
    """Two shots (45 frames each) of the sample clip's person: as filmed, and later, from nearer and in a mirror."""
    first = [cv2.resize(frame.image, (480, 360), interpolation=cv2.INTER_AREA) for frame in sample_frames[:45]]
    second = [cv2.resize(frame.image[120:, 200:-40][:, ::-1], (480, 360), interpolation=cv2.INTER_AREA)
              for frame in sample_frames[45:90]]
    return first, second


@pytest.fixture
def capture(tmp_path, run_backend):
    def capture_pictures(name, pictures, *options):
        video = code_video(tmp_path / f"{name}.mp4", pictures)
        done = run_backend("capture", video, "--output", tmp_path / name, "--no-cache", "--no-hands", *options)
        assert done.returncode == 0, done.stderr[-2000:]
        listing = read_listing(tmp_path / name / "people.json")
        return listing, [read_motion(tmp_path / name / person.file) for person in listing.people], done.stdout.decode()
    return capture_pictures


def test_of_a_video_with_a_cut_each_shot_is_captured_as_if_it_were_alone(capture, shots):
    listing, motions, told = capture("both", [*shots[0], *shots[1]], "--people", "1")
    assert "The video has cuts: 2 shots show people" in told
    assert [(motion.frame_index[0], motion.frame_index[-1]) for motion in motions] == [(0, 44), (45, 89)]
    assert listing.frame_count == 90 and listing.camera_moves
    for shot, motion in zip(shots, motions, strict=True):
        _, (alone,), _ = capture("alone", shot)
        assert motion.world_from_cam.shape == (45, 4, 4) and np.ptp(motion.world_from_cam, axis=0).max() == 0, "it stands still"
        np.testing.assert_array_equal(motion.camera_matrix, alone.camera_matrix)
        apart = np.linalg.norm(compute_world_joints(motion)[0] - compute_world_joints(alone)[0], axis=-1)
        assert np.median(apart) < 0.01

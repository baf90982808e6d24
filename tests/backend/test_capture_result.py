from dataclasses import replace

import cv2
import numpy as np
import pytest

from backend.evaluation.ground import compute_world_joints
from backend.video.frames import open_span, read_frames
from mpsnet_blender.motion.cleanup.motion_quality import grade_quality, measure_motion, slide_mm_per_second
from mpsnet_blender.motion.cleanup.stored_motion import make_stored_motion
from mpsnet_blender.shared.capture_listing import GRADES, read_listing
from mpsnet_blender.shared.motion_file import read_motion
from mpsnet_blender.shared.protocol import FINAL_TYPES, Hello, Log, Progress, Result
from mpsnet_blender.shared.smpl_skeleton import JOINT

MEASURED = ("foot_slide_mm", "foot_slide_mm_per_second", "floor_penetration_mm", "jitter_mm", "lean_degrees")


@pytest.fixture(scope="module")
def listing(sample_capture):
    return read_listing(sample_capture.folder / "people.json")


@pytest.fixture(scope="module")
def motion(sample_capture):
    return read_motion(sample_capture.folder / "person_01.npz")


def test_hello_comes_first_and_one_result_last(sample_capture):
    messages = sample_capture.messages
    assert isinstance(messages[0], Hello) and messages[0].program
    assert [message for message in messages if isinstance(message, FINAL_TYPES)] == [messages[-1]]
    assert isinstance(messages[-1], Result) and messages[-1].path == str(sample_capture.folder)
    assert sample_capture.exit_code == 0
    assert all(isinstance(message, Progress | Log) for message in messages[1:-1])


def test_progress_rises_stage_by_stage_to_its_total(sample_capture):
    progress = [message for message in sample_capture.messages if isinstance(message, Progress)]
    stages = list(dict.fromkeys(message.stage for message in progress))
    named = [stage for stage in stages if stage != "Looking again"]     # where somebody fetched the heavy model
    assert named == ["Finding people", "Solving motion", "Drawing preview"]
    for stage in stages:
        own = [message for message in progress if message.stage == stage]
        done = [message.done for message in own]
        assert done == sorted(done) and done[-1] == own[-1].total and {message.total for message in own} == {own[-1].total}
    assert [message.stage for message in progress] == sorted((message.stage for message in progress), key=stages.index)


def test_progress_has_rate_and_time_left_at_most_ten_times_a_second(sample_capture):
    finding = [message for message in sample_capture.messages
               if isinstance(message, Progress) and message.stage == "Finding people"]
    later = finding[len(finding) // 2:]
    assert all(message.rate > 0 and message.seconds_left >= 0 and message.unit == "frames" for message in later)
    seconds = 300 / finding[-1].rate
    assert len(finding) <= 10 * seconds + 3


def test_the_quality_is_in_the_log_and_in_people_json(sample_capture, listing):
    assert "Quality: fast." in [message.message for message in sample_capture.messages if isinstance(message, Log)]
    assert listing.landmark_quality == "fast"


def test_the_folder_holds_what_people_json_lists_and_nothing_else(sample_capture, listing):
    assert {path.name for path in sample_capture.folder.iterdir()} == listing.files()
    assert listing.files() == {"people.json", "person_01.npz", "person_01.jpg", "preview.mp4"}
    assert [path.name for path in sample_capture.folder.parent.iterdir() if path.name.startswith(".")] == []


def test_people_json_has_spans_and_quality(listing, motion, sample_clip):
    assert (listing.fps, listing.frame_count) == (30.0, 300)
    assert listing.image_size == (960, 720)
    assert listing.video == str(sample_clip) and listing.engine == motion.engine
    (person,) = listing.people
    assert (person.person_id, person.file) == (1, "person_01.npz")
    assert (person.first_frame, person.last_frame) == (motion.frame_index[0], motion.frame_index[-1])
    assert person.end_seconds == pytest.approx(motion.timestamps[-1])
    assert person.visible_share > 0.95 and person.reprojection_error_px < 12
    quality = person.quality
    assert quality.grade in GRADES and (quality.grade == "green") == (quality.advice == "")
    assert quality.foot_slide_mm_per_second == pytest.approx(30 * quality.foot_slide_mm, abs=0.02)
    assert 0 < quality.foot_slide_mm < 12 and quality.floor_penetration_mm < 80 and 0 < quality.jitter_mm < 10
    assert 0 < quality.reprojection_error_percent < 3 and listing.camera_moves is False


def test_the_motion_file_gives_the_figures_and_the_grade_of_people_json(listing, motion):
    """Clean-up measures the file in the same way, so that a person has one grade."""
    measured, listed_quality = measure_motion(make_stored_motion(motion).imported), listing.people[0].quality
    figures = {name: getattr(measured, name) for name in MEASURED}
    quality = grade_quality(replace(listed_quality, **figures, grade="", advice=""), motion.frame_count)
    assert (quality.grade, quality.advice) == (listed_quality.grade, listed_quality.advice)
    for name in MEASURED:
        assert getattr(quality, name) == pytest.approx(getattr(listed_quality, name), abs=0.002)


def test_the_motion_file_holds_the_whole_clip(motion, sample_clip):
    assert motion.frame_count >= 295 and motion.mocap_framerate == 30.0 and motion.engine == "keypoints"
    assert motion.source == str(sample_clip)
    np.testing.assert_array_equal(motion.image_size, (960, 720))
    np.testing.assert_allclose(motion.timestamps, motion.frame_index / 30, atol=1e-6)
    assert motion.keypoints2d.shape == (motion.frame_count, 33, 3) and motion.world_from_cam.shape == (1, 4, 4)
    assert motion.confidence.min() >= 0 and motion.confidence.max() <= 1 and motion.confidence.mean() > 0.6


def test_the_persons_pelvis_is_at_hip_height_in_the_world(motion):
    height = np.median(motion.trans[:, 2] + motion.rest_joints[0, 2])
    assert 0.75 < height < 1.1


def test_poses_do_not_jump_from_frame_to_frame(motion):
    steps = np.linalg.norm(np.diff(motion.trans, axis=0), axis=1)
    assert steps.max() < 0.12      # 3.6 m/s


def test_thumbnails_are_jpegs_that_show_the_person(sample_capture, listing):
    content = (sample_capture.folder / listing.people[0].thumbnail).read_bytes()
    picture = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_COLOR)
    assert content[:3] == b"\xff\xd8\xff" and picture.shape == (160, 160, 3) and picture.std() > 15


def test_the_preview_has_every_frame_of_the_span_with_something_drawn(sample_capture, sample_clip, listing):
    preview = sample_capture.folder / listing.preview
    frames = list(read_frames(open_span(preview)))
    assert len(frames) == 300 and frames[0].image.shape == (720, 960, 3)
    original = next(read_frames(open_span(sample_clip, 5.0))).image
    drawn = np.abs(frames[150].image.astype(int) - original).max(2) > 80
    assert 300 < drawn.sum() < 0.05 * drawn.size


def test_feet_are_planted_and_the_motion_before_is_kept(motion):
    """Standing feet slide less than before, and only legs and path have changed."""
    raw = replace(motion, poses=motion.raw_poses, trans=motion.raw_trans)
    slides = [slide_mm_per_second(compute_world_joints(own)[1], motion.contacts, motion.timestamps) for own in (raw, motion)]
    assert slides[1] < 0.4 * slides[0] and slides[1] < 60
    changed = np.abs(motion.poses - motion.raw_poses).reshape(-1, 24, 3).max((0, 2)) > 1e-6
    legs = {JOINT[f"{side}_{name}"] for side in ("left", "right") for name in ("hip", "knee", "ankle", "foot")}
    assert set(np.flatnonzero(changed)) == legs
    assert np.linalg.norm(motion.trans - motion.raw_trans, axis=1).max() < 0.15

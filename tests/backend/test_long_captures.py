"""A long clip is solved in parts, with large arrays in files: the motion is the one that all frames at once give."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from backend.engines.engine import Shot
from backend.engines.keypoints import KeypointsEngine
from backend.output.quality import measure_quality
from backend.people.gaps import Clock
from backend.pipeline import make_motion
from backend.video.frames import VideoSpan
from backend.world.placing import place_people
from backend.world.planting import plant_feet
from backend.world.still_lens import change_lens
from mpsnet_blender.shared.arrays import frame_blocks, large_arrays
from tests.backend.angles import angle_between
from tests.backend.made_people import IMAGE_SIZE, INTRINSICS, person_track, seen_from, walker
from tests.backend.quiet_reporter import QuietReporter

FRAMES, BLOCK, FPS = 650, 260, 15.0     # parts of 17 s, with 15 s around them


@pytest.fixture(scope="module")
def shot_and_track():
    """A walker who is seen with trembling landmarks, and is hidden three times: at a part's border, before one, and for long."""
    person = seen_from(walker(FRAMES, FPS, start=(-1.5, 5.0), velocity=(0.07, 0.0), heading_degrees=110), pitch_degrees=5)
    track = person_track(person)
    generator = np.random.default_rng(0)
    score = np.where(generator.random(track.score.shape) < 0.03, 0.05, track.score)
    track = replace(track, xy=track.xy + generator.normal(0, 1.5, track.xy.shape), score=score,
                    world=track.world + generator.normal(0, 0.02, track.world.shape))
    hidden = [*range(250, 272), *range(507, 519), *range(350, 395)]
    clock = Clock(track.frame_index, track.timestamps, FPS)
    shot = Shot(VideoSpan(Path("walker.mp4"), IMAGE_SIZE, FPS, FRAMES), clock, INTRINSICS, 1.7)
    return shot, track.at(np.setdiff1d(np.arange(FRAMES), hidden))


def capture(shot, track):
    """Return the motion file's contents and the quality of the person of a track."""
    people = KeypointsEngine().solve([track], shot, QuietReporter())
    zoomed = INTRINSICS * ((1.1, 1, 1), (1, 1.1, 1), (1, 1, 1))
    people = [change_lens(person, INTRINSICS, zoomed) for person in people]
    shot = replace(shot, intrinsics=zoomed)
    camera, placed = place_people(people, shot)
    planted = plant_feet(placed[0], 1.0, shot, camera)
    return make_motion(planted, placed[0], camera, shot, "keypoints"), measure_quality(planted, shot, camera)


@pytest.fixture(scope="module")
def at_once(shot_and_track):
    return capture(*shot_and_track)


@pytest.fixture(scope="module")
def in_parts(shot_and_track):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(frame_blocks, "BLOCK_FRAMES", BLOCK)
        patch.setattr(large_arrays, "_LARGE_BYTES", 1)
        return capture(*shot_and_track)


@pytest.mark.parametrize("name", ["poses", "raw_poses"])
def test_no_joint_is_turned_by_a_hundredth_of_a_degree(at_once, in_parts, name):
    first, second = (Rotation.from_rotvec(getattr(motion, name).reshape(-1, 3)).as_matrix() for motion, _ in (at_once, in_parts))
    assert np.degrees(angle_between(first, second)).max() < 0.01


@pytest.mark.parametrize("name", ["trans", "raw_trans"])
def test_no_path_is_off_by_a_tenth_of_a_millimetre(at_once, in_parts, name):
    assert np.abs(getattr(at_once[0], name) - getattr(in_parts[0], name)).max() < 1e-4


def test_everything_else_in_the_motion_file_and_the_figures_are_the_same(at_once, in_parts):
    for name in ("frame_index", "timestamps", "camera_matrix", "image_size"):
        np.testing.assert_array_equal(getattr(at_once[0], name), getattr(in_parts[0], name))
    # px: sums over parts may round otherwise, which depends on the processor
    np.testing.assert_allclose(at_once[0].keypoints2d, in_parts[0].keypoints2d, atol=1e-3)
    for name in ("confidence", "contacts", "rest_joints", "world_from_cam"):
        np.testing.assert_allclose(getattr(at_once[0], name), getattr(in_parts[0], name), atol=1e-4)
    assert at_once[1].grade == in_parts[1].grade
    for name in ("foot_slide_mm", "floor_penetration_mm", "jitter_mm", "reprojection_error_px", "lean_degrees"):
        assert getattr(at_once[1], name) == pytest.approx(getattr(in_parts[1], name), abs=0.01)

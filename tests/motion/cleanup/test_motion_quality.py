from dataclasses import replace

import numpy as np
import pytest

from mpsnet_blender.motion.base.rotations import rotmat_from_rotvec
from mpsnet_blender.motion.base.smpl_motion import WorldMotion
from mpsnet_blender.motion.cleanup.motion_quality import grade_quality, measure_motion
from mpsnet_blender.shared.capture_listing import Quality
from mpsnet_blender.shared.smpl_skeleton import JOINT, generic_rest_joints
from tests.motion.walkers import FPS, UPRIGHT

FRAMES = 100


def standing_still(contacts=1.0):
    """Return somebody who stands on flat feet, the soles on the floor at z = 0."""
    rotmats = np.tile(np.eye(3), (FRAMES, 24, 1, 1))
    rotmats[:, 0] = UPRIGHT
    rest = generic_rest_joints(1.7)
    transl = np.zeros((FRAMES, 3))
    transl[:, 2] = 0.05 * 1.7 + 0.02 - rest[JOINT["left_ankle"], 1]         # the ankle over the sole, and a shoe
    return WorldMotion(rotmats, transl, rest, np.arange(FRAMES) / FPS, np.full((FRAMES, 4), contacts))


def moved(body, by):
    """Return the body moved by (T, 3) or (3,) metres."""
    return body.with_pose(body.rotmats, body.transl + np.asarray(by, float))


def left_foot_raised(body):
    """Return the body with the left thigh and shin each bent by a right angle; the right foot alone stands."""
    rotmats, contacts = body.rotmats.copy(), body.contacts.copy()
    rotmats[:, JOINT["left_hip"]] = rotmat_from_rotvec(np.array((-np.pi / 2, 0, 0)))
    rotmats[:, JOINT["left_knee"]] = rotmat_from_rotvec(np.array((np.pi / 2, 0, 0)))
    contacts[:, :2] = 0.0
    return replace(body.with_pose(rotmats, body.transl), contacts=contacts)


def sunk(frames, metres):
    """Return offsets (T, 3) of a body that is so far under the floor for so many frames."""
    offsets = np.zeros((FRAMES, 3))
    offsets[:frames, 2] = -metres
    return offsets


def test_a_person_who_stands_still_on_the_floor_is_green_with_figures_of_nothing():
    quality = measure_motion(standing_still())
    assert (quality.grade, quality.advice) == ("green", "")
    assert max(quality.foot_slide_mm, quality.foot_slide_mm_per_second, quality.floor_penetration_mm, quality.jitter_mm) < 1e-6


def test_soles_over_the_floor_do_not_sink():
    assert measure_motion(moved(standing_still(contacts=0.0), (0, 0, 0.5))).floor_penetration_mm == 0.0


def test_the_lower_sole_gives_the_depth_of_feet():
    quality = measure_motion(moved(left_foot_raised(standing_still()), sunk(20, 0.03)))
    assert quality.floor_penetration_mm == pytest.approx(30, abs=1)


@pytest.mark.parametrize(("frames", "is_sunk"), [(4, False), (7, True)])
def test_sinking_counts_where_it_lasts_for_more_than_a_twentieth_of_the_time(frames, is_sunk):
    quality = measure_motion(moved(standing_still(), sunk(frames, 0.06)))
    assert (quality.floor_penetration_mm > 59) == is_sunk


@pytest.mark.parametrize(("metres", "grade"), [(0.038, "green"), (0.042, "amber"), (0.088, "amber"), (0.092, "red")])
def test_sinking_is_amber_from_40_millimetres_and_red_from_90(metres, grade):
    quality = measure_motion(moved(standing_still(), sunk(20, metres)))
    assert quality.grade == grade and ("sink" in quality.advice) == (grade != "green")


def test_a_slide_is_measured_by_the_frame_and_by_the_second_and_graded_by_the_second():
    way = np.arange(FRAMES)[:, None] * np.array((0.006, 0.008, 0.0))        # a centimetre a frame, 300 mm a second
    quality = measure_motion(moved(standing_still(), way))
    assert quality.foot_slide_mm == pytest.approx(10.0) and quality.foot_slide_mm_per_second == pytest.approx(300.0)
    assert quality.grade == "amber" and "slide" in quality.advice
    slow = moved(standing_still(), way)
    slow = replace(slow, timestamps=slow.timestamps * 2)
    assert measure_motion(slow).foot_slide_mm_per_second == pytest.approx(150.0) and measure_motion(slow).grade == "green"


def test_what_does_not_stand_cannot_slide_and_rising_is_no_slide():
    way = np.arange(FRAMES)[:, None] * np.array((0.01, 0.0, 0.0))
    assert measure_motion(moved(standing_still(contacts=0.0), way)).foot_slide_mm == 0.0
    assert measure_motion(moved(standing_still(), way[:, ::-1])).foot_slide_mm == pytest.approx(0.0, abs=1e-9)


def test_trembling_is_the_root_mean_square_about_the_smoothed_path():
    noise = np.random.default_rng(0).normal(0, 0.004, (FRAMES, 3))
    quality = measure_motion(moved(standing_still(contacts=0.0), noise + (0, 0, 0.5)))
    assert quality.jitter_mm == pytest.approx(4 * np.sqrt(3) * 0.85, rel=0.15)
    assert quality.grade == "green"
    worse = measure_motion(moved(standing_still(contacts=0.0), 2 * noise + (0, 0, 0.5)))
    assert worse.jitter_mm == pytest.approx(2 * quality.jitter_mm)
    assert worse.grade == "amber" and "trembles" in worse.advice


def test_the_worst_figure_gives_the_grade_and_the_word():
    way = np.arange(FRAMES)[:, None] * np.array((0.01, 0.0, 0.0))           # amber
    quality = measure_motion(moved(standing_still(), way + sunk(20, 0.1)))
    assert quality.grade == "red" and "sink" in quality.advice


def test_a_body_that_stands_under_the_floor_all_the_time_is_measured():
    quality = measure_motion(moved(standing_still(), (0, 0, -0.05)))
    assert quality.floor_penetration_mm == pytest.approx(50, abs=0.1) and quality.grade == "amber"


def test_bare_feet_stand_lower_by_a_shoe():
    barefoot = replace(moved(standing_still(), (0, 0, -0.02)), is_shod=False)
    assert measure_motion(barefoot).floor_penetration_mm < 1e-6
    assert measure_motion(replace(barefoot, is_shod=True)).floor_penetration_mm == pytest.approx(20, abs=0.1)


def test_a_slide_counts_as_far_as_the_foot_is_taken_to_stand():
    way = np.zeros((FRAMES, 3))
    way[50:, 0] = 0.1 * np.clip(np.arange(50), 0, 10)       # for ten frames a decimetre a frame, 3 m/s
    contacts = np.ones((FRAMES, 4))
    contacts[50:61] = 0.2                                   # and the foot is thought to fly; 11 steps lie beside doubtful frames
    body = replace(moved(standing_still(), way), contacts=contacts)
    assert measure_motion(body).foot_slide_mm_per_second == pytest.approx(3000 * 10 * 0.2 / (87 + 12 * 0.2))


def test_feet_that_are_never_likely_to_stand_have_no_slide():
    way = np.arange(FRAMES)[:, None] * np.array((0.05, 0.0, 0.0))
    assert measure_motion(moved(standing_still(contacts=0.45), way)).foot_slide_mm_per_second == 0.0
    assert measure_motion(moved(standing_still(contacts=0.55), way)).foot_slide_mm_per_second == pytest.approx(1500)


def test_what_happens_in_a_gap_between_frames_is_no_slide():
    body = standing_still()
    late = np.where(np.arange(FRAMES) < 50, 0.0, 1.0)
    apart = replace(moved(body, late[:, None] * (2.0, 0, 0)), timestamps=body.timestamps + 5 * late)
    assert measure_motion(apart).foot_slide_mm_per_second == 0.0


@pytest.mark.parametrize(("figures", "grade", "word"), [
    ({"visible_share": 0.91}, "green", ""), ({"visible_share": 0.9}, "amber", "Hidden"),
    ({"visible_share": 0.5}, "red", "Hidden"),
    ({"reprojection_error_percent": 2.999}, "green", ""), ({"reprojection_error_percent": 3.0}, "amber", "picture"),
    ({"reprojection_error_percent": 6.1}, "red", "picture"), ({"feet_off_picture_percent": 5.999}, "green", ""),
    ({"feet_off_picture_percent": 6.0}, "amber", "Feet lie beside"),
    ({"feet_off_picture_percent": 12.0}, "red", "Feet lie beside"), ({"sides_repaired_frames": 4}, "green", ""),
    ({"sides_repaired_frames": 5}, "amber", "Left and right"), ({"sides_repaired_frames": 20}, "red", "Left and right"),
    ({"visible_share": 0.8, "jitter_mm": 20.0}, "red", "trembles"), ({"visible_share": 0.8, "jitter_mm": 9.0}, "amber", "Hidden"),
    ({"lean_degrees": 11.9}, "green", ""), ({"lean_degrees": 12.0}, "amber", "leans"), ({"lean_degrees": 24.5}, "red", "leans"),
    ({"visible_share": float(np.float32(0.9))}, "amber", "Hidden")])        # as a .blend keeps it
def test_the_worst_of_what_is_known_gives_grade_and_word(figures, grade, word):
    verdict = grade_quality(Quality(**figures), 100)
    assert verdict.grade == grade and word in verdict.advice and (verdict.advice == "") == (grade == "green")
    assert replace(verdict, grade="", advice="") == Quality(**figures)

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from backend.engines.engine import CapturedPerson
from backend.output.quality import describe_quality, measure_quality, round_quality
from backend.world.placing import PlacedPerson
from mpsnet_blender.motion.base.smpl_motion import WorldMotion
from mpsnet_blender.motion.base.soles import sole_points, usual_ankle_height
from mpsnet_blender.motion.cleanup.motion_quality import measure_motion
from mpsnet_blender.shared.capture_listing import Quality
from mpsnet_blender.shared.smpl_skeleton import forward_kinematics
from tests.backend.made_people import INTRINSICS, person_track, seen_from, walker

SHOT = SimpleNamespace(intrinsics=INTRINSICS)


def standing_walker(frame_count=90, lift=0.0, sway=None):
    """Return a walker in the world, perfectly seen, soles on the floor but for `lift` metres, moved by `sway` (T, 3)."""
    person = walker(frame_count)
    rest = person.body.rest_joints
    posed = forward_kinematics(person.rotmats, rest, person.transl)
    lowest = sole_points(rest, usual_ankle_height(person.body.stature), *posed)[..., 2].min(1)
    transl = person.transl + (lift - lowest)[:, None] * (0, 0, 1.0) + (0 if sway is None else sway)
    world_from_cam = np.array(((1.0, 0, 0, 0), (0, 0, 1, 0), (0, -1, 0, 1.4), (0, 0, 0, 1)))
    in_world = WorldMotion(person.rotmats, transl, person.body.rest_joints, person.timestamps, np.zeros((frame_count, 4)))
    before_camera = person.motion.with_pose(*in_world.pose_in(np.linalg.inv(world_from_cam)))
    seen = person_track(replace(seen_from(person), rotmats=before_camera.rotmats, transl=before_camera.transl))
    captured = CapturedPerson(seen, person.body, before_camera, frame_count, 0)
    return PlacedPerson(captured, in_world)


def test_a_good_capture_is_green_and_needs_no_advice():
    quality = measure_quality(standing_walker(), SHOT)
    assert (quality.grade, quality.advice) == ("green", "")
    assert quality.reprojection_error_px < 1e-6 and quality.visible_share == 1.0 and quality.floor_penetration_mm < 1e-6


def test_feet_under_the_floor_are_measured_in_millimetres():
    quality = measure_quality(standing_walker(lift=-0.06), SHOT)
    assert quality.floor_penetration_mm == pytest.approx(60, abs=1) and quality.grade == "amber" and "sink" in quality.advice
    assert measure_quality(standing_walker(lift=-0.15), SHOT).grade == "red"


def test_figures_of_the_motion_are_those_of_clean_up():
    person = standing_walker(lift=-0.05)
    in_contact = replace(person.in_world, contacts=np.full((90, 4), 0.8))
    quality, measured = measure_quality(replace(person, in_world=in_contact), SHOT), measure_motion(in_contact)
    assert quality.grade == "red" and "slide" in quality.advice and quality.foot_slide_mm_per_second > 600
    for name in ("foot_slide_mm", "foot_slide_mm_per_second", "floor_penetration_mm", "jitter_mm", "lean_degrees",
                 "grade", "advice"):
        assert getattr(quality, name) == getattr(measured, name)


def test_a_body_beside_the_picture_and_hidden_frames_are_measured():
    person = standing_walker()
    track = replace(person.person.track, xy=person.person.track.xy + (30.0, 0))
    beside = measure_quality(replace(person, person=replace(person.person, track=track)), SHOT)
    assert beside.reprojection_error_px == pytest.approx(30, abs=0.1) and beside.grade == "red"
    assert beside.reprojection_error_percent == pytest.approx(100 * 30 / (1200 * 1.7 / 4.9), rel=0.25)
    hidden = measure_quality(replace(person, person=replace(person.person, seen_frames=40)), SHOT)
    assert hidden.visible_share == pytest.approx(40 / 90) and "Hidden" in hidden.advice


def test_the_listing_shows_three_decimals():
    quality = measure_quality(standing_walker(lift=-0.0612345), SHOT)
    shown = round_quality(quality)
    assert quality.jitter_mm != shown.jitter_mm == round(quality.jitter_mm, 3)
    assert (shown.sides_repaired_frames, shown.grade, shown.advice) == (0, quality.grade, quality.advice)


def test_the_log_has_grade_figures_and_advice():
    quality = Quality(1.23, 36.9, 12.3, 4.56, 8.4, 7.89, 2.34, 0.995, 0, "amber", "Feet slide.")
    assert describe_quality(quality) == ("amber: feet slide 37 mm/s (1.2 mm/frame), sink 12 mm, jitter 4.6 mm, lean 8 degrees, "
                                         "7.9 px off the picture (2.3 % of the height), seen 100%. Feet slide.")

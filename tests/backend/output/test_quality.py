from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from backend.engines.engine import CapturedPerson
from backend.output.quality import describe_quality, measure_quality, round_quality
from backend.people.landmarks import LANDMARK
from backend.world.placing import PlacedPerson, WorldCamera
from mpsnet_blender.motion.base.smpl_motion import WorldMotion
from mpsnet_blender.motion.base.soles import ANKLES, sole_points, usual_ankle_height
from mpsnet_blender.motion.cleanup.motion_quality import measure_motion
from mpsnet_blender.shared.capture_listing import Quality
from mpsnet_blender.shared.hands.poses import make_hand_poses
from mpsnet_blender.shared.smpl_skeleton import forward_kinematics
from tests.backend.made_people import IMAGE_SIZE, INTRINSICS, person_track, seen_from, walker, world_from_camera

SHOT = SimpleNamespace(span=SimpleNamespace(size=IMAGE_SIZE), intrinsics=INTRINSICS,
                       clock=SimpleNamespace(frame_index=np.arange(90)))
CAMERA = WorldCamera(world_from_camera()[None], 0.0, 0.0)


def standing_walker(frame_count=90, lift=0.0, sway=None):
    """Return a walker in the world, perfectly seen, soles on the floor but for `lift` metres, moved by `sway` (T, 3)."""
    person = walker(frame_count)
    rest = person.body.rest_joints
    posed = forward_kinematics(person.rotmats, rest, person.transl, turned=ANKLES)
    lowest = sole_points(rest, usual_ankle_height(person.body.stature), *posed)[..., 2].min(1)
    transl = person.transl + (lift - lowest)[:, None] * (0, 0, 1.0) + (0 if sway is None else sway)
    in_world = WorldMotion(person.rotmats, transl, person.body.rest_joints, person.timestamps, np.zeros((frame_count, 4)))
    before_camera = person.motion.with_pose(*in_world.pose_in(np.linalg.inv(CAMERA.world_from_cam[0])))
    seen = person_track(replace(seen_from(person), rotmats=before_camera.rotmats, transl=before_camera.transl))
    captured = CapturedPerson(seen, person.body, before_camera, frame_count, 0)
    return PlacedPerson(captured, in_world)


def test_a_good_capture_is_green_and_needs_no_advice():
    quality = measure_quality(standing_walker(), SHOT, CAMERA)
    assert (quality.grade, quality.advice) == ("green", "")
    assert quality.reprojection_error_px < 1e-6 and quality.visible_share == 1.0 and quality.floor_penetration_mm < 1e-6


def test_how_much_of_the_time_each_hands_fingers_were_seen_is_told():
    person = standing_walker()
    confidence = np.zeros((90, 2))
    confidence[:45, 0], confidence[:9, 1] = 0.9, 0.5
    hands = make_hand_poses(np.zeros((90, 30, 3)), confidence)
    quality = measure_quality(replace(person, in_world=replace(person.in_world, hands=hands)), SHOT, CAMERA)
    assert (quality.left_hand_seen_share, quality.right_hand_seen_share) == pytest.approx((0.5, 0.1))
    assert "seen 100%, left fingers 50%, right 10%." in describe_quality(quality)
    assert measure_quality(person, SHOT, CAMERA).left_hand_seen_share is None


def test_feet_under_the_floor_are_measured_in_millimetres():
    quality = measure_quality(standing_walker(lift=-0.06), SHOT, CAMERA)
    assert quality.floor_penetration_mm == pytest.approx(60, abs=1) and quality.grade == "amber" and "sink" in quality.advice
    assert measure_quality(standing_walker(lift=-0.15), SHOT, CAMERA).grade == "red"


def test_figures_of_the_motion_are_those_of_clean_up():
    person = standing_walker(lift=-0.05)
    in_contact = replace(person.in_world, contacts=np.full((90, 4), 0.8))
    quality, measured = measure_quality(replace(person, in_world=in_contact), SHOT, CAMERA), measure_motion(in_contact)
    assert quality.grade == "red" and "slide" in quality.advice and quality.foot_slide_mm_per_second > 600
    for name in ("foot_slide_mm", "foot_slide_mm_per_second", "floor_penetration_mm", "jitter_mm", "lean_degrees",
                 "grade", "advice"):
        assert getattr(quality, name) == getattr(measured, name)


def test_a_body_beside_the_picture_and_hidden_frames_are_measured():
    person = standing_walker()
    track = replace(person.person.track, xy=person.person.track.xy + (30.0, 0))
    beside = measure_quality(replace(person, person=replace(person.person, track=track)), SHOT, CAMERA)
    assert beside.reprojection_error_px == pytest.approx(30, abs=0.1) and beside.grade == "red"
    assert beside.reprojection_error_percent == pytest.approx(100 * 30 / (1200 * 1.7 / 4.9), rel=0.25)
    hidden = measure_quality(replace(person, person=replace(person.person, seen_frames=40)), SHOT, CAMERA)
    assert hidden.visible_share == pytest.approx(40 / 90) and "Hidden" in hidden.advice


def test_feet_outside_the_picture_are_not_compared_with_it():
    person = standing_walker()
    assert measure_quality(person, SHOT, CAMERA).feet_off_picture_percent < 1e-6

    def measure(frames):
        xy = person.person.track.xy.copy()
        xy[frames, LANDMARK["left_knee"]:, 1] = IMAGE_SIZE[1] + 10.0       # guessed, with a high score
        track = replace(person.person.track, xy=xy)
        return measure_quality(replace(person, person=replace(person.person, track=track)), SHOT, CAMERA)

    assert measure(slice(0, 80)).feet_off_picture_percent < 1e-6
    assert measure(slice(0, 85)).feet_off_picture_percent is None      # seen in 5 of 90 frames: slips of the model


def test_the_listing_shows_three_decimals():
    quality = measure_quality(standing_walker(lift=-0.0612345), SHOT, CAMERA)
    shown = round_quality(quality)
    assert quality.jitter_mm != shown.jitter_mm == round(quality.jitter_mm, 3)
    assert (shown.sides_repaired_frames, shown.grade, shown.advice) == (0, quality.grade, quality.advice)


def test_the_log_has_grade_figures_and_advice():
    quality = Quality(1.23, 36.9, 12.3, 4.56, 8.4, 7.89, 2.34, 3.21, 0.995, 0, "amber", "Feet slide.")
    assert describe_quality(quality) == ("amber: feet slide 37 mm/s (1.2 mm/frame), sink 12 mm, jitter 4.6 mm, lean 8 degrees, "
                                         "7.9 px off the picture (2.3 % of the height, feet 3.2 %), seen 100%. Feet slide.")
    without_feet = describe_quality(replace(quality, feet_off_picture_percent=None))
    assert "(2.3 % of the height), seen" in without_feet


def test_feet_beside_those_in_the_picture_are_measured_in_shares_of_the_height():
    person = standing_walker()
    assert measure_quality(person, SHOT, CAMERA).feet_off_picture_percent < 1e-3
    aside = replace(person, in_world=replace(person.in_world, transl=person.in_world.transl + (0.17, 0, 0)))
    quality = measure_quality(aside, SHOT, CAMERA)
    assert quality.feet_off_picture_percent == pytest.approx(10.5, abs=0.5)         # a tenth; more for the foot that is nearer
    assert quality.grade == "amber" and "beside those in the picture" in quality.advice


def test_feet_that_are_never_seen_have_no_distance_from_the_picture():
    person = standing_walker()
    hidden = replace(person.person.track, score=np.full_like(person.person.track.score, 0.4))
    unseen = measure_quality(replace(person, person=replace(person.person, track=hidden)), SHOT, CAMERA)
    assert unseen.feet_off_picture_percent is None and unseen.grade == "green"

from dataclasses import replace

import numpy as np
import pytest

from mpsnet_blender.motion.base.rotations import rotmat_from_rotvec
from mpsnet_blender.motion.base.smpl_motion import WorldMotion
from mpsnet_blender.motion.cleanup.cleanup import CleanupSettings, clean_motion
from mpsnet_blender.motion.cleanup.limb_smoothing import LIMBS, find_limb_joints, smooth_limbs
from mpsnet_blender.motion.cleanup.looping import close_loop, find_loop
from mpsnet_blender.motion.cleanup.measured_contacts import measure_contacts
from mpsnet_blender.motion.cleanup.motion_quality import measure_motion
from mpsnet_blender.motion.cleanup.root_placement import keep_in_place, start_at_origin
from mpsnet_blender.motion.cleanup.spikes import repair_spikes
from mpsnet_blender.motion.cleanup.stored_motion import StoredMotionError, make_stored_motion, motion_bytes, motion_from_bytes
from mpsnet_blender.shared.motion_file import new_motion
from mpsnet_blender.shared.smpl_skeleton import JOINT, generic_rest_joints
from tests.motion.walkers import FPS, STRIDE_METRES, STRIDE_SECONDS, UPRIGHT, disturbed, slide_millimetres, walker

WRIST = JOINT["right_wrist"]


def boxer(frames: int = 150, punches=(30, 61, 77, 112)) -> WorldMotion:
    """Return somebody who stands, sways slowly and punches with the right arm, in an eighth of a second each."""
    return boxer_at(np.arange(frames) / FPS, punches)


def boxer_at(times: np.ndarray, punches=(30, 61, 77, 112)) -> WorldMotion:
    """Return the same boxer filmed at times (T,) s."""
    frames = len(times)
    bend = np.full(frames, 1.9)
    for punch in punches:
        bend -= 1.8 * np.exp(-0.5 * ((times - punch / FPS) / 0.055) ** 2)
    rotvecs = np.zeros((frames, 24, 3))
    rotvecs[:, JOINT["right_elbow"], 1] = bend
    rotvecs[:, JOINT["spine2"], 1] = 0.2 * np.sin(2 * np.pi * 0.5 * times)
    rotmats = rotmat_from_rotvec(rotvecs)
    rotmats[:, 0] = UPRIGHT
    return WorldMotion(rotmats, np.tile((0, 0, 0.9), (frames, 1)), generic_rest_joints(1.7), times, np.zeros((frames, 4)))


def trembling(body: WorldMotion, degrees: float = 1.5) -> WorldMotion:
    noise = np.random.default_rng(0).normal(size=(len(body.transl), 24, 3))
    return body.with_pose(body.rotmats @ rotmat_from_rotvec(np.radians(degrees) * noise), body.transl)


def acceleration_error(body: WorldMotion, truth: WorldMotion) -> float:
    return float(np.linalg.norm(np.diff(body.pose()[1] - truth.pose()[1], n=2, axis=0), axis=-1).mean() * 1000)


def wrist_peaks(body: WorldMotion, at=(30, 61, 77, 112)) -> np.ndarray:
    speed = np.linalg.norm(np.diff(body.pose()[1][:, WRIST], axis=0), axis=1) * FPS
    return np.array([speed[frame - 5:frame + 6].max() for frame in at])


@pytest.mark.parametrize("amount", [0.3, 0.6])
def test_smoothing_takes_the_trembling_and_leaves_the_punches(amount):
    truth, body = boxer(), trembling(boxer())
    after = smooth_limbs(body, dict.fromkeys(LIMBS, amount))
    errors = [acceleration_error(own, truth) for own in (body, after)]
    ratios = wrist_peaks(after) / wrist_peaks(truth)
    print(f"amount {amount}: acceleration error {errors[0]:.1f} -> {errors[1]:.1f} mm/frame^2, peaks {ratios.round(2)}")
    assert errors[1] < 0.25 * errors[0]
    assert (np.abs(ratios - 1) < 0.12).all()


def test_at_the_sliders_end_punches_are_smoothed_too():
    ratios = [(wrist_peaks(smooth_limbs(boxer(), {"arms": amount})) / wrist_peaks(boxer())).mean() for amount in (0.6, 0.8, 1.0)]
    assert ratios[0] > 0.88 and 0.3 < ratios[1] < 0.7 and ratios[2] < 0.25


def test_at_the_sliders_end_standing_feet_stay():
    body = trembling(walker(150), 1.0)
    for amount in (0.3, 1.0):
        cleaned = clean_motion(body, CleanupSettings(smooth_trunk=amount, smooth_arms=amount, smooth_legs=amount))
        assert cleaned.quality.foot_slide_mm_per_second < 30 and cleaned.quality.floor_penetration_mm < 5


def test_each_step_of_the_slider_moves_the_body_more():
    body = trembling(walker(150), 0.5)
    moved = [np.linalg.norm(smooth_limbs(body, dict.fromkeys(LIMBS, amount)).pose()[1] - body.pose()[1], axis=-1).mean()
             for amount in (0.1, 0.3, 0.6, 0.8, 1.0)]
    assert moved[0] > 0.0005 and (np.diff(moved) > 0.001).all()


def test_smoothing_has_no_lag_and_leaves_slow_motion_alone():
    truth = boxer(punches=())
    after = smooth_limbs(truth, dict.fromkeys(LIMBS, 0.5))
    assert np.linalg.norm(after.pose()[1] - truth.pose()[1], axis=-1).max() < 0.001


def test_a_limbs_slider_moves_that_limb_alone():
    body = trembling(boxer())
    assert sorted(joint for limb in LIMBS for joint in find_limb_joints(limb)) == list(range(54))
    for limb in LIMBS[:-1]:
        after = smooth_limbs(body, dict.fromkeys(LIMBS, 0.0) | {limb: 0.5})
        changed = set(np.flatnonzero(np.abs(after.rotmats - body.rotmats).max(axis=(0, 2, 3)) > 1e-6))
        assert changed == set(find_limb_joints(limb))


def test_the_path_is_smoothed_with_the_trunk_alone():
    body = boxer(punches=())
    shaken = body.with_pose(body.rotmats, body.transl + np.random.default_rng(0).normal(0, 0.01, (150, 3)))
    calm = {limb: smooth_limbs(shaken, {limb: 0.5}).transl for limb in LIMBS}
    for limb in ("head", "arms", "legs"):
        np.testing.assert_array_equal(calm[limb], shaken.transl)
    trembles = [np.abs(np.diff(transl, n=2, axis=0)).mean() for transl in (calm["trunk"], shaken.transl)]
    assert trembles[0] < 0.25 * trembles[1]


def test_spikes_are_repaired_and_punches_are_none():
    truth = boxer()
    assert repair_spikes(truth) is truth
    spiky = truth.with_pose(truth.rotmats.copy(), truth.transl.copy())
    spiky.rotmats[50:52, JOINT["left_hip"]] = rotmat_from_rotvec(np.array((1.2, 0, 0)))
    spiky.transl[90] += (0.4, 0.1, 0)
    after = repair_spikes(spiky)
    assert np.linalg.norm(after.pose()[1] - truth.pose()[1], axis=-1).max() < 0.005


def test_from_origin_walks_along_y_and_in_place_goes_nowhere():
    body = walker()
    turned = body.with_pose(body.rotmats.copy(), body.transl + (3, 2, 0))
    yaw = rotmat_from_rotvec(np.array((0, 0, 0.7)))
    turned.rotmats[:, 0] = yaw @ turned.rotmats[:, 0]
    turned = turned.with_pose(turned.rotmats, turned.transl @ yaw.T)
    after = start_at_origin(turned)
    path = after.rest_joints[0] + after.transl
    np.testing.assert_allclose(path[0, :2], 0, atol=1e-9)
    np.testing.assert_allclose(path[-1, :2], (0, STRIDE_METRES / STRIDE_SECONDS * 149 / FPS), atol=1e-6)
    np.testing.assert_allclose(path[:, 2], (body.rest_joints[0] + body.transl)[:, 2], atol=1e-9)
    ahead = after.rotmats[:, 0] @ (0, 0, 1.0)
    np.testing.assert_allclose(ahead, np.tile((0, 1.0, 0), (150, 1)), atol=1e-6)
    spot = keep_in_place(body)
    assert np.abs(spot.transl[:, :2] - spot.transl[0, :2]).max() < 0.02
    np.testing.assert_array_equal(spot.rotmats, body.rotmats)


def test_a_loop_is_whole_cycles_and_closes():
    body = trembling(walker(150), 0.3)
    first, last = find_loop(body)
    cycles = (last - first) / FPS / STRIDE_SECONDS
    assert abs(cycles - round(cycles)) < 0.05 and round(cycles) >= 1
    loop = close_loop(body)
    np.testing.assert_allclose(loop.rotmats[-1], loop.rotmats[0], atol=1e-9)
    way = (loop.transl[-1] - loop.transl[0])[1]
    assert way == pytest.approx(-round(cycles) * STRIDE_METRES, rel=0.06)


def test_speed_and_floor_offset_are_what_they_say():
    body = walker(61)
    cleaned = clean_motion(body, CleanupSettings(foot_lock=0.0, speed=2.0, floor_offset=0.25))
    np.testing.assert_allclose(cleaned.seconds, np.arange(61) / FPS / 2)
    np.testing.assert_allclose(cleaned.body.transl, body.transl + (0, 0, 0.25))
    assert cleaned.keys.count == 25 * 61


def test_seconds_are_counted_from_the_part_that_is_left_and_its_start_from_the_raw_one():
    late = replace(walker(150), timestamps=7.0 + walker(150).timestamps)
    whole = clean_motion(late, CleanupSettings(foot_lock=0.0, speed=0.5))
    np.testing.assert_allclose(whole.seconds, np.arange(150) / FPS * 2, atol=1e-9)
    assert whole.start_seconds == 0.0
    part = clean_motion(late, CleanupSettings(foot_lock=0.0, loop=True))
    first, last = find_loop(late)
    assert first > 0 and part.start_seconds == pytest.approx(first / FPS)
    np.testing.assert_allclose(part.seconds, np.arange(last - first + 1) / FPS, atol=1e-9)


@pytest.mark.parametrize("tolerance", [2.0, 10.0])
def test_reduced_keys_keep_every_joint_within_the_tolerance(tolerance):
    body = smooth_limbs(trembling(disturbed(walker(300)), 0.3), dict.fromkeys(LIMBS, 0.4))
    cleaned = clean_motion(body, CleanupSettings(key_tolerance=tolerance))
    drawn = drawn_between_keys(cleaned.body, cleaned.keys)
    worst = np.linalg.norm(drawn.pose()[1] - cleaned.body.pose()[1], axis=-1).max() * 1000
    print(f"{tolerance} mm: {cleaned.keys.count} of {25 * 300} keys, {worst:.2f} mm off at worst")
    assert worst <= tolerance
    assert cleaned.keys.count < {2.0: 0.75, 10.0: 0.4}[tolerance] * 25 * 300


def drawn_between_keys(body: WorldMotion, keys) -> WorldMotion:
    """Return the motion as straight lines between its keys draw it, done one joint at a time with numpy's interp."""
    from mpsnet_blender.motion.base.rotations import continuous_quat, quat_from_rotmat, rotmat_from_quat
    frames = np.arange(len(body.transl))
    quats = continuous_quat(quat_from_rotmat(body.rotmats))
    for joint, own in enumerate(keys.rotations):
        for part in range(4):
            quats[:, joint, part] = np.interp(frames, own, quats[own, joint, part])
    transl = np.stack([np.interp(frames, keys.location, column[keys.location]) for column in body.transl.T], axis=1)
    return body.with_pose(rotmat_from_quat(quats / np.linalg.norm(quats, axis=-1, keepdims=True)), transl)


def test_a_motion_without_contacts_has_them_measured_and_locked():
    truth, body = walker(), disturbed(walker())
    found_contacts = measure_contacts(truth) > 0.5
    agreement = (found_contacts == (truth.contacts > 0.5)).mean()
    print(f"contacts measured: {agreement:.0%} as they are")
    assert agreement > 0.85
    stored = make_stored_motion(new_motion(body.poses, body.transl, FPS, rest_joints=body.rest_joints))
    after = clean_motion(stored.raw, CleanupSettings()).body
    assert slide_millimetres(replace(after, contacts=body.contacts)) < 0.5 * slide_millimetres(body)


def test_figures_fall_and_the_grade_rises_by_clean_up():
    bad = trembling(disturbed(walker()), 2.0)
    before = measure_motion(bad)
    good = clean_motion(bad, CleanupSettings(smooth_trunk=0.5, smooth_head=0.5, smooth_arms=0.5, smooth_legs=0.5)).body
    after = measure_motion(good)
    assert after.foot_slide_mm < 0.2 * before.foot_slide_mm and after.jitter_mm < 0.5 * before.jitter_mm
    assert before.grade in ("amber", "red") and before.advice and after.grade == "green" and not after.advice
    assert measure_motion(good.with_pose(good.rotmats, good.transl - (0, 0, 0.1))).floor_penetration_mm > 100


@pytest.mark.parametrize("frames", [1, 2, 3])
def test_the_shortest_motions_pass_all_of_it(frames):
    everything = CleanupSettings(0.5, 0.5, 0.5, 0.5, True, 1.0, 0.1, True, True, True, 0.5, 3.0)
    cleaned = clean_motion(walker(frames), everything)
    assert np.isfinite(cleaned.body.rotmats).all() and len(cleaned.seconds) == len(cleaned.body.transl) == frames


def test_a_kept_motion_comes_back_from_its_bytes():
    raw, locked = disturbed(walker(20)), walker(20)
    motion = new_motion(locked.poses, locked.transl, FPS, rest_joints=raw.rest_joints, contacts=raw.contacts, raw_poses=raw.poses,
                    raw_trans=raw.transl)
    back = motion_from_bytes(motion_bytes(make_stored_motion(motion)))
    for own, wanted in ((back.raw, raw), (back.imported, locked)):
        np.testing.assert_allclose(own.rotmats, wanted.rotmats, atol=1e-6)
        np.testing.assert_allclose(own.transl, wanted.transl, atol=1e-6)
    np.testing.assert_array_equal(back.raw.contacts, raw.contacts)
    with pytest.raises(StoredMotionError, match="Import the motion file again"):
        motion_from_bytes(motion_bytes(make_stored_motion(motion))[:-200])

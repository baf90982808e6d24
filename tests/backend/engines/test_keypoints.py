"""The default engine on a walker that was seen perfectly: the shipped network, the analytic solve, the fit to the picture."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from backend.base.pinhole import project
from backend.engines import keypoints
from backend.engines.engine import Shot
from backend.engines.keypoints import KeypointsEngine
from backend.engines.lifter import WEIGHTS, TemporalLifter
from backend.engines.lifter_inputs import INPUT_SIZE, LifterInputs, window_indices
from backend.people.gaps import Clock, fill_gaps
from backend.people.landmarks import LANDMARK
from backend.video.frames import VideoSpan
from tests.backend.angles import angle_between
from tests.backend.made_people import IMAGE_SIZE, INTRINSICS, person_track, seen_from, walker
from tests.backend.quiet_reporter import QuietReporter


@pytest.fixture(scope="module")
def person():
    return seen_from(walker(frame_count=90), pitch_degrees=5)


def solved(person, track=None, clock=None, **options):
    track = track or person_track(person)
    shot = Shot(VideoSpan(Path("walker.mp4"), IMAGE_SIZE, 30.0, 90), clock or Clock(track.frame_index, track.timestamps, 30.0),
                INTRINSICS, person.body.stature)
    return KeypointsEngine(**options).solve([track], shot, QuietReporter())[0]


def joint_angles(captured, person):
    ours, truth = (rotmats[:, 1:22].reshape(-1, 3, 3) for rotmats in (captured.motion.rotmats, person.rotmats))
    return np.degrees(angle_between(ours, truth))


@pytest.mark.parametrize("lifter", ["trained", "analytic"])
def test_a_perfectly_seen_walker_comes_back(person, lifter):
    captured = solved(person, lifter=lifter)
    assert joint_angles(captured, person).mean() < 12
    assert np.degrees(angle_between(captured.motion.rotmats[:, 0], person.rotmats[:, 0])).mean() < 12
    assert np.abs(captured.motion.transl[:, 2] / person.transl[:, 2] - 1).mean() < 0.05


def with_feet_unseen(track, frames):
    score = track.score.copy()
    score[frames, LANDMARK["left_ankle"]:] = 0.01       # ankles, heels, toes: the last landmarks
    return replace(track, score=score)


def test_only_people_whose_feet_the_picture_does_not_show_need_the_weights_for_them(person, monkeypatch):
    monkeypatch.setattr(keypoints, "CLOSE_WEIGHTS", Path("missing.npz"))
    solved(person)
    with pytest.raises(FileNotFoundError):
        solved(person, with_feet_unseen(person_track(person), slice(None)))


def test_a_walker_filmed_to_the_shins_comes_back_and_the_weights_change_without_a_jump(person, monkeypatch):
    track = with_feet_unseen(person_track(person), slice(45, 90))
    ours = solved(person, track, refine=False).motion.rotmats
    error = np.degrees(angle_between(ours[60:, :22].reshape(-1, 3, 3), person.rotmats[60:, :22].reshape(-1, 3, 3)))
    assert error.mean() < 12
    monkeypatch.setattr(keypoints, "CLOSE_WEIGHTS", WEIGHTS)
    usual = solved(person, track, refine=False).motion.rotmats
    np.testing.assert_allclose(ours[:12], usual[:12], atol=1e-3)
    added = (ours @ usual.swapaxes(-1, -2))[:, :22]
    apart = np.degrees(angle_between(added.reshape(-1, 3, 3), np.eye(3))).reshape(90, -1)
    steps = np.degrees(angle_between(added[1:].reshape(-1, 3, 3), added[:-1].reshape(-1, 3, 3)))
    assert apart[60:].max() > 2 and steps.max() < 2


def test_the_fit_brings_the_body_nearer_to_the_landmarks(person):
    captured = solved(person)
    assert captured.reprojection_error(INTRINSICS) < 0.8 * captured.unrefined_reprojection_error
    assert solved(person, refine=False).unrefined_reprojection_error is None


def test_hidden_landmarks_go_with_the_stepping_body_as_far_from_it_as_where_they_were_seen():
    person = seen_from(walker(frame_count=210, start=(-2.0, 5.0), velocity=(0.6, 0.0), heading_degrees=90))
    whole = person_track(person)
    hidden = np.arange(90, 120)
    clock, seen = Clock(whole.frame_index, whole.timestamps, 30.0), np.delete(np.arange(210), hidden)
    parts = {name: getattr(whole, name)[seen] for name in ("frame_index", "timestamps", "xy", "world", "score", "boxes")}
    track = replace(whole, **parts)
    captured = solved(person, track, clock, lifter="analytic", refine=False)
    drawn = project(captured.body.posed_landmarks(*captured.motion.pose()), INTRINSICS)
    off = captured.track.xy - drawn
    assert np.abs(off[[89, 120]]).max() > 8         # else it would not matter
    np.testing.assert_array_equal(captured.track.xy[seen], track.xy)
    share = (np.arange(90, 120) - 89)[:, None, None] / 31
    np.testing.assert_allclose(off[hidden], (1 - share) * off[89] + share * off[120], atol=1e-6)
    assert np.abs(captured.track.xy - fill_gaps(track, clock).xy)[hidden].max() > 20      # steps, and no straight line


def test_the_shipped_network_is_small_and_takes_parts_of_a_clip_as_the_whole(person):
    assert WEIGHTS.stat().st_size < 4e6
    lifter, rng = TemporalLifter(), np.random.default_rng(0)
    inputs = made_inputs(rng, 700)
    times = np.arange(700) / 30
    whole = lifter.run(inputs, times, np.empty(0, int))
    part = LifterInputs(inputs.frames[:60], inputs.start[:60], inputs.towards[:60])
    alone = lifter.run(part, times[:60], np.empty(0, int))
    np.testing.assert_allclose(alone.rotmats[:50], whole.rotmats[:50], atol=1e-4)
    products = whole.rotmats @ np.swapaxes(whole.rotmats, -1, -2)
    np.testing.assert_allclose(products, np.broadcast_to(np.eye(3), products.shape), atol=1e-6)


def made_inputs(rng, count):
    start = np.tile(np.eye(3)[:, :2].reshape(6), (count, 24)).astype(np.float32)
    return LifterInputs(rng.normal(0, 0.5, (count, INPUT_SIZE)).astype(np.float32), start, np.tile(np.eye(3), (count, 1, 1)))


def test_windows_do_not_reach_over_a_gap():
    windows = window_indices(np.concatenate([np.arange(20), np.arange(40, 60)]) / 30, np.array([20]))
    assert (windows[:20] < 20).all() and (windows[20:] >= 20).all()
    assert windows[10].tolist() == list(range(2, 18))


def test_windows_are_half_a_second_long_at_any_rate():
    windows = window_indices(np.arange(120) / 60, np.empty(0, int))
    assert windows[60].tolist() == list(range(44, 76, 2))
    windows = window_indices(np.arange(60) / 15, np.empty(0, int))
    assert windows[30].min() == 26 and windows[30].max() == 33 and windows[30, 8] == 30

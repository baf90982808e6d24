"""Hands over time: rotations in SMPL-H's order, fades where they were not seen, nothing where nothing was."""

import numpy as np
import pytest

from backend.fingers.hand_shape import JOINTS_OF
from backend.fingers.ownership import OwnHand
from backend.fingers.solving import Forearms, compute_rotvecs, solve_hands
from mpsnet_blender.motion.base.hand_shapes import RELAXED_DEGREES, bend_fingers
from tests.backend.fingers.made_hands import FIST, INTRINSICS, OPEN, angles_of, degrees_between, make_hand

FRAMES = 60
TIMES = np.arange(FRAMES) / 30
UNSEEN = OwnHand(np.zeros((FRAMES, 21, 2)), np.zeros((FRAMES, 21, 3)), np.zeros(FRAMES))
RELAXED = bend_fingers(RELAXED_DEGREES, "left")


def solve(left, right=UNSEEN, forearm=None, distance=1.5, times=TIMES):
    rotmats = np.tile(np.eye(3), (FRAMES, 2, 1, 1)) if forearm is None else np.repeat(forearm[:, None], 2, axis=1)
    return solve_hands((left, right), Forearms(np.full((FRAMES, 2), distance), rotmats), times, INTRINSICS)


def test_a_bent_index_finger_turns_about_minus_z_on_the_left_and_about_z_on_the_right():
    angles = angles_of(index=(0, 70, 90, 50))[None]
    for is_right, sign in ((False, -1.0), (True, 1.0)):
        index = np.degrees(compute_rotvecs(angles, is_right)[0, JOINTS_OF["index"]])
        assert index[:, 2] == pytest.approx(sign * np.array((70, 90, 50)), abs=1)
        assert np.abs(index[:, 1]).max() < 1e-9
    assert not compute_rotvecs(angles, False)[0, JOINTS_OF["pinky"]].any()


def test_a_fist_and_an_open_hand_are_told_apart():
    bends = {}
    for name, angles in (("fist", FIST), ("open", OPEN)):
        hand = make_hand(angles, FRAMES)
        rotvecs = solve(hand.own(), forearm=hand.palm).rotvecs[FRAMES // 2, JOINTS_OF["middle"]]
        bends[name] = np.degrees(np.linalg.norm(rotvecs, axis=-1)).sum()
    assert bends["fist"] > 170      # of 232
    assert bends["open"] < 60       # of 13


def test_the_palm_is_in_the_camera_s_axes():
    hand = make_hand(OPEN, FRAMES, is_right=True)
    solved = solve(UNSEEN, hand.own(), forearm=hand.palm)
    assert degrees_between(solved.palms[FRAMES // 2, 1], hand.palm[0]) < 20


def test_a_hand_that_is_hidden_for_a_while_relaxes_and_comes_back():
    hand = make_hand(FIST, FRAMES)
    presence = np.where((np.arange(FRAMES) >= 20) & (np.arange(FRAMES) < 45), 0.1, 0.99)
    solved = solve(hand.own(presence), forearm=hand.palm)
    seen = solved.confidence[:, 0] >= 0.5
    assert seen[:20].all() and seen[45:].all() and not seen[25:40].any()
    away = np.degrees(np.linalg.norm(solved.rotvecs[:, :15] - RELAXED, axis=-1).max(1))
    assert away[32] < 1 and away[5] > 40 and away[55] > 40
    assert np.abs(np.diff(away)).max() < 25      # no jump: it fades
    assert not solved.confidence[:, 1].any()


@pytest.mark.parametrize(("fps", "frames_between"), [(30, 3), (60, 6), (25, 2)])
def test_a_hand_that_is_read_ten_times_a_second_is_seen_all_the_time(fps, frames_between):
    hand, times = make_hand(FIST, FRAMES), np.arange(FRAMES) / fps
    sparse = np.where(np.arange(FRAMES) % frames_between == 0, 0.99, 0.0)
    every, some = (solve(hand.own(presence), forearm=hand.palm, times=times) for presence in (0.99, sparse))
    read = slice(0, np.flatnonzero(sparse)[-1] + 1)
    assert (some.confidence[read, 0] >= 0.5).all()
    assert np.abs(some.rotvecs[read, :15] - every.rotvecs[read, :15]).max() < np.radians(3)


def test_a_hand_of_a_single_frame_is_false():
    hand = make_hand(FIST, FRAMES)
    presence = np.zeros(FRAMES)
    presence[30] = 0.99
    assert solve(hand.own(presence), forearm=hand.palm) is None


@pytest.mark.parametrize(("best", "frames", "is_seen"), [(0.85, 12, False), (0.95, 12, True), (0.85, 20, True)])
def test_a_hand_is_seen_where_a_reading_is_sure_or_many_follow_one_another(best, frames, is_seen):
    hand = make_hand(FIST, FRAMES)
    presence = np.where((np.arange(FRAMES) >= 20) & (np.arange(FRAMES) < 20 + frames), 0.8, 0.1)
    presence[25] = best
    solved = solve(hand.own(presence), forearm=hand.palm)
    assert (solved is not None and (solved.confidence[20:20 + frames, 0] >= 0.5).all()) == is_seen


def test_doubtful_readings_after_a_seen_hand_do_not_prolong_it():
    """As of a hand that goes onto a hip, where the model still takes a sleeve for one now and then."""
    hand = make_hand(FIST, FRAMES)
    presence = np.where(np.arange(FRAMES) <= 20, 0.98, 0.1)
    presence[[24, 28, 30]] = 0.85
    assert np.flatnonzero(solve(hand.own(presence), forearm=hand.palm).confidence[:, 0] >= 0.5).tolist() == list(range(21))
    presence[24] = 0.98         # a sure one, after one that was bad
    assert solve(hand.own(presence), forearm=hand.palm).confidence[22, 0] >= 0.5


def test_a_palm_no_wrist_could_turn_to_is_a_wrong_reading():
    hand = make_hand(OPEN, FRAMES)
    across = hand.palm @ np.array(((-1.0, 0, 0), (0, 1, 0), (0, 0, -1)))     # the forearm lies where the fingers are
    assert solve(hand.own(), forearm=across) is None


def test_without_hands_there_is_nothing():
    assert solve(UNSEEN) is None

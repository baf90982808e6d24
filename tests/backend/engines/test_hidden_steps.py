import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from backend.engines import hidden_steps
from backend.engines.hidden_steps import fill_hidden_steps
from mpsnet_blender.shared.smpl_skeleton import JOINT, JOINT_COUNT

FPS = 30
TIMES = np.arange(8 * FPS) / FPS
HIDDEN = slice(100, 131)        # a second
LEGS = [JOINT[f"{side}_{name}"] for side in ("left", "right") for name in ("hip", "knee")]


def moving(phase, knee=0.8):
    """Return rotations (T, 24, 3, 3) of legs that swing at a phase (T,) in radians."""
    turns = np.zeros((len(phase), JOINT_COUNT, 3))
    for side, own in (("left", phase), ("right", phase + np.pi)):
        turns[:, JOINT[f"{side}_hip"], 0] = -0.45 * np.sin(own)
        turns[:, JOINT[f"{side}_knee"], 0] = 0.1 + knee * np.maximum(np.cos(own), 0)
        turns[:, JOINT[f"{side}_shoulder"], 0] = 0.4 * np.sin(own)
    turns[:, 0, 1] = 0.3 * np.arange(len(phase)) / FPS
    return Rotation.from_rotvec(turns.reshape(-1, 3)).as_matrix().reshape(len(phase), JOINT_COUNT, 3, 3)


def hide(rotmats, hidden=HIDDEN):
    """Return rotations interpolated over the hidden frames, as they are after gaps were filled, and which frames were seen."""
    seen = np.ones(len(rotmats), bool)
    seen[hidden] = False
    share = ((TIMES[hidden] - TIMES[hidden.start - 1]) / (TIMES[hidden.stop] - TIMES[hidden.start - 1]))[:, None, None]
    first, last = (Rotation.from_matrix(rotmats[row]).as_rotvec() for row in (hidden.start - 1, hidden.stop))
    between = ((1 - share) * first + share * last).reshape(-1, 3)
    filled = rotmats.copy()
    filled[hidden] = Rotation.from_rotvec(between).as_matrix().reshape(-1, JOINT_COUNT, 3, 3)
    return filled, seen


def angles(first, second):
    """Return degrees (..., J) between rotations (..., J, 3, 3)."""
    cosine = (np.trace(np.swapaxes(first, -1, -2) @ second, axis1=-2, axis2=-1) - 1) / 2
    return np.degrees(np.arccos(np.clip(cosine, -1, 1)))


def legs_error(rotmats, truth, hidden=HIDDEN):
    return angles(rotmats[hidden][:, LEGS], truth[hidden][:, LEGS]).mean()


def at_pace(period):
    return 2 * np.pi * TIMES / period


@pytest.mark.parametrize("period", [0.7, 1.03, 1.11, 1.4])
def test_who_walks_before_and_after_walks_on_while_hidden(period):
    truth = moving(at_pace(period))
    filled, seen = hide(truth)
    stepped = fill_hidden_steps(filled, TIMES, seen)
    assert legs_error(filled, truth) > 12
    assert legs_error(stepped, truth) < legs_error(filled, truth) / 3
    np.testing.assert_array_equal(stepped[seen], truth[seen])
    np.testing.assert_array_equal(stepped[:, 0], filled[:, 0])


def test_a_pace_that_changes_meanwhile_is_followed():
    truth = moving(2 * np.pi * np.cumsum(np.linspace(0.86, 0.98, len(TIMES))) / FPS)
    filled, seen = hide(truth)
    assert legs_error(fill_hidden_steps(filled, TIMES, seen), truth) < legs_error(filled, truth) / 3


def test_steps_of_one_side_do_where_the_other_is_too_short():
    truth = moving(at_pace(1.03))
    for hidden in (slice(len(TIMES) - 42, len(TIMES) - 12), slice(12, 42)):
        filled, seen = hide(truth, hidden)
        assert legs_error(fill_hidden_steps(filled, TIMES, seen), truth, hidden) < legs_error(filled, truth, hidden) / 3


def test_the_ends_do_not_jump_even_where_steps_differ():
    truth = moving(at_pace(1.03))
    truth[HIDDEN.stop:] = moving(at_pace(1.03) + 0.3, knee=0.7)[HIDDEN.stop:]
    filled, seen = hide(truth)
    stepped = fill_hidden_steps(filled, TIMES, seen)
    assert legs_error(stepped, filled) > 8
    walking = angles(truth[:90, LEGS], truth[1:91, LEGS]).max()
    assert angles(stepped[HIDDEN.start - 1:HIDDEN.stop, LEGS], stepped[HIDDEN.start:HIDDEN.stop + 1, LEGS]).max() < 2 * walking


def test_an_instant_of_sight_within_is_no_end():
    truth = moving(at_pace(1.03))
    filled, seen = hide(truth)
    seen[115:117] = True
    assert legs_error(fill_hidden_steps(filled, TIMES, seen), truth) < legs_error(filled, truth) / 3


@pytest.mark.parametrize("phase", [
    np.zeros(len(TIMES)),
    0.05 * np.sin(at_pace(1.1)),
    np.cumsum(np.random.default_rng(3).normal(0, 0.5, len(TIMES))),
    np.where(TIMES < 3.8, at_pace(1.1), at_pace(1.1)[114]),
], ids=["stands", "sways", "fidgets", "comes to a stop"])
def test_who_does_not_walk_on_both_sides_is_left_alone(phase):
    filled, seen = hide(moving(phase))
    np.testing.assert_array_equal(fill_hidden_steps(filled, TIMES, seen), filled)


@pytest.mark.parametrize("hidden", [slice(100, 103), slice(90, 170)], ids=["a moment", "too long"])
def test_spans_of_other_lengths_are_left_alone(hidden):
    filled, seen = hide(moving(at_pace(1.1)), hidden)
    np.testing.assert_array_equal(fill_hidden_steps(filled, TIMES, seen), filled)


@pytest.mark.parametrize("frames", [5, 7])
def test_a_sixth_of_a_second_is_stepped_through_already(frames):
    truth = moving(at_pace(0.9))
    filled, seen = hide(truth, slice(100, 100 + frames))
    assert angles(fill_hidden_steps(filled, TIMES, seen), filled).max() > 1.0


@pytest.mark.parametrize("seconds", [0.62, 0.8, 1.1, 1.58])
def test_the_period_of_two_steps_is_told_to_a_fiftieth_of_a_second(seconds):
    times = 0.02 * np.arange(125)           # samples of 2.5 s
    swing = np.stack([0.5 + 0.4 * np.sin(2 * np.pi * times / seconds), 0.6 * np.cos(2 * np.pi * times / seconds)], axis=1)
    assert hidden_steps._find_period(swing) == pytest.approx(seconds, abs=0.02)


@pytest.mark.parametrize("swing", [
    np.linspace(0, 1, 125)[:, None] * (1.0, 1.0), np.ones((125, 2)),
    np.random.default_rng(0).normal(size=(125, 2)), np.sin(np.arange(125) * 0.02 * 2 * np.pi / 3)[:, None] * (1.0, 1.0),
], ids=["drifts", "lasts", "fidgets", "sways once in three seconds"])
def test_what_does_not_change_legs_half_a_period_on_has_no_period(swing):
    assert hidden_steps._find_period(swing) == 0.0


def test_the_swing_is_how_far_the_left_leg_is_bent_more_than_the_right():
    bends = np.radians(((20.0, -10.0), (70.0, 30.0)))            # hips, knees; left, right
    legs = Rotation.from_euler("x", bends.reshape(-1, 1)).as_matrix().reshape(1, 2, 2, 3, 3)
    np.testing.assert_allclose(np.degrees(hidden_steps._leg_swing(legs)), ((30.0, 40.0),), atol=1e-9)


def test_legs_seen_on_one_side_are_taken_whole_periods_away_and_never_beyond_what_was_seen():
    rotmats = moving(at_pace(1.0))
    beside = hidden_steps._VisibleSpan(rotmats[:60], TIMES[:60], True, 1.0)
    later = np.array((2.0, 2.5, 3.9))
    expected = rotmats[[30, 45, 57]]                # the nearest moments whole seconds earlier: 1.0, 1.5 and 1.9
    np.testing.assert_allclose(beside.at(later, 1.0), expected, atol=1e-9)
    after = hidden_steps._VisibleSpan(rotmats[120:180], TIMES[120:180], True, 1.0)
    np.testing.assert_allclose(after.at(np.array((3.5, 2.2)), 1.0), rotmats[[135, 126]], atol=1e-9)
    np.testing.assert_allclose(beside.interpolate(np.array((0.5 / 30, 10.5 / 30))),
                               (rotmats[[0, 10]] + rotmats[[1, 11]]) / 2, atol=1e-9)

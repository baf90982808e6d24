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
    for side, side_phase in (("left", phase), ("right", phase + np.pi)):
        turns[:, JOINT[f"{side}_hip"], 0] = -0.45 * np.sin(side_phase)
        turns[:, JOINT[f"{side}_knee"], 0] = 0.1 + knee * np.maximum(np.cos(side_phase), 0)
        turns[:, JOINT[f"{side}_shoulder"], 0] = 0.4 * np.sin(side_phase)
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
def test_a_person_who_walks_before_and_after_also_walks_while_hidden(period):
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
def test_a_person_who_does_not_walk_on_both_sides_is_not_changed(phase):
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
def test_the_period_of_two_steps_is_found_to_a_fiftieth_of_a_second(seconds):
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
    np.testing.assert_allclose(np.degrees(hidden_steps._compute_leg_swing(legs)), ((30.0, 40.0),), atol=1e-9)


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


def bent(degrees):
    """Return rotations (T, 24, 3, 3) of which all but the pelvis are bent by so many degrees (T,) about the x axis."""
    rotmats = np.tile(np.eye(3), (len(degrees), JOINT_COUNT, 1, 1))
    rotmats[:, 1:] = Rotation.from_euler("x", np.asarray(degrees, float)[:, None], degrees=True).as_matrix()[:, None]
    return rotmats


def degrees_of(rotmats):
    return np.degrees(np.arctan2(rotmats[:, 5, 2, 1], rotmats[:, 5, 1, 1]))


def kept(degrees, times, period):
    """Return a side of a hidden span on which a pose is kept that counts as one of steps with that period, 0 for none."""
    return hidden_steps._VisibleSpan(bent(np.full(len(times), degrees)), np.asarray(times), True, period)


BEFORE, AFTER = np.linspace(4.0, 6.0, 61), np.linspace(7.0, 9.0, 61)        # seconds seen; hidden for one


def test_steps_before_pass_gently_into_steps_after():
    times = np.array((6.2, 6.5, 6.9))
    walked = hidden_steps._fill_with_steps(kept(10.0, BEFORE, 1.0), kept(40.0, AFTER, 1.0), times, 1.0)
    share = times - 6.0
    ease = 3 * share ** 2 - 2 * share ** 3
    low, high = np.radians((10.0, 40.0))
    expected = np.arctan2((1 - ease) * np.sin(low) + ease * np.sin(high), (1 - ease) * np.cos(low) + ease * np.cos(high))
    np.testing.assert_allclose(degrees_of(walked), np.degrees(expected), atol=1e-6)


@pytest.mark.parametrize("steps_after", [True, False])
@pytest.mark.parametrize(("until", "fade"), [(7.0, 0.2), (6.3, 0.15)])
def test_where_one_side_has_steps_they_fade_into_the_other_sides_pose_in_a_fifth_of_a_second(steps_after, until, fade):
    """Over half of the span, where the span is shorter than two fifths of a second."""
    before, after = kept(10.0, BEFORE, 0.0 if steps_after else 1.0), kept(40.0, AFTER - 7 + until, 1.0 if steps_after else 0.0)
    times = np.linspace(6.0, until, 23)[1:-1]
    away = times - 6.0 if steps_after else until - times
    share = np.clip(away / fade, 0, 1)
    left = 1 - 3 * share ** 2 + 2 * share ** 3
    steps, other = (40.0, 10.0) if steps_after else (10.0, 40.0)
    walked = hidden_steps._fill_with_steps(before, after, times, 1.0)
    np.testing.assert_allclose(degrees_of(walked), steps + left * (other - steps), atol=1e-6)


@pytest.mark.parametrize(("amplitude", "moves"), [(0.07, False), (0.1, True)])
@pytest.mark.parametrize("is_after", [False, True])
def test_legs_swing_where_one_hip_is_bent_more_than_the_other_by_an_eighth(amplitude, moves, is_after):
    """As a root mean square, in the eight tenths of a second next to the span: hips swing by 0.7 of twice the amplitude."""
    turns = np.zeros((60, JOINT_COUNT, 3))
    near = np.arange(60) < 30 if is_after else np.arange(60) >= 30
    swing = np.where(near, amplitude, 0.5 - amplitude) * np.sin(at_pace(0.8)[:60])
    turns[:, JOINT["left_hip"], 0], turns[:, JOINT["right_hip"], 0] = swing, -swing
    rotmats = Rotation.from_rotvec(turns.reshape(-1, 3)).as_matrix().reshape(60, JOINT_COUNT, 3, 3)
    assert hidden_steps._read_span(rotmats, TIMES, np.arange(60), is_after).moves == moves


@pytest.mark.parametrize(("frames", "period"), [(46, 1.0), (44, 0.0)])
def test_steps_must_be_seen_for_a_second_and_a_half(frames, period):
    seen = hidden_steps._read_span(moving(at_pace(1.0)), TIMES, np.arange(10, 10 + frames))
    assert seen.moves and seen.period == pytest.approx(period, abs=0.02)


def test_two_frames_give_no_steps():
    seen = hidden_steps._read_span(moving(at_pace(1.0)), TIMES, np.arange(2))
    assert not seen.moves and seen.period == 0.0


@pytest.mark.parametrize(("measured", "true"), [(1.0, 1.0), (0.95, 1.0), (1.05, 1.0)])
def test_the_period_by_which_both_sides_agree_is_found_though_it_was_measured_wrongly(measured, true):
    rotmats = moving(at_pace(true))
    before, after = (hidden_steps._VisibleSpan(rotmats[rows], TIMES[rows], True, measured) for rows in (
        slice(40, 100), slice(131, 200)))
    assert hidden_steps._find_common_period(before, after, TIMES[100:131]) == pytest.approx(true, abs=0.025)


def test_sides_that_are_half_a_step_apart_have_no_common_period():
    rotmats = moving(at_pace(1.0))
    rotmats[131:] = moving(at_pace(1.0) + np.pi)[131:]
    before, after = (hidden_steps._VisibleSpan(rotmats[rows], TIMES[rows], True, 1.0) for rows in (
        slice(40, 100), slice(131, 200)))
    assert hidden_steps._find_common_period(before, after, TIMES[100:131]) == 0.0


def test_runs_of_fewer_frames_are_taken_out_of_a_mask():
    mask = np.array((1, 1, 0, 1, 1, 1, 0, 0, 1), bool)
    assert hidden_steps._remove_short_runs(mask, 3).tolist() == [False] * 3 + [True] * 3 + [False] * 3
    assert hidden_steps._remove_short_runs(mask, 2).tolist() == [True, True, False, True, True, True, False, False, False]

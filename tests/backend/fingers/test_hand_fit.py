"""The hand that is fitted to perfect landmarks is the hand that was seen."""

import numpy as np
import pytest

from backend.fingers.hand_fit import fit_hand, see_hand
from backend.fingers.hand_shape import list_turns, make_rest_points
from backend.fingers.palm_choice import choose_palms, measure_excess
from mpsnet_blender.shared.capture_request import DEFAULT_STATURE
from tests.backend.fingers.made_hands import (
    FIST,
    INTRINSICS,
    MIRROR,
    OPEN,
    PALM_TO_CAMERA,
    degrees_between,
    make_hand,
    rotation_about,
)

TILTED = rotation_about("x", 35) @ rotation_about("y", 30) @ PALM_TO_CAMERA


def fit(hand, is_right=False):
    seen, towards = see_hand(hand.xy, hand.points - hand.points[:, :1], hand.distance, INTRINSICS, is_right)
    return fit_hand(seen, 5.0), towards, seen


@pytest.mark.parametrize("is_right", [False, True])
@pytest.mark.parametrize("angles", [OPEN, FIST], ids=["open", "fist"])
def test_angles_and_palm_of_either_hand_are_found(angles, is_right):
    hand = make_hand(angles, is_right=is_right, palm=TILTED)
    fitted, towards, _ = fit(hand, is_right)
    assert np.abs(np.degrees(fitted.angles - angles)).max() < 6
    palm = MIRROR[:, None] * fitted.palm * MIRROR if is_right else fitted.palm
    assert degrees_between(towards @ palm, hand.palm)[0] < 2
    assert np.linalg.norm(fitted.missed, axis=-1).mean() < 0.02


def test_a_hand_that_is_a_tenth_larger_has_the_same_pose():
    hand = make_hand(OPEN, palm=TILTED)
    larger = type(hand)(hand.points[:, :1] + 1.1 * (hand.points - hand.points[:, :1]), hand.palm, hand.rotvecs)
    fitted, _, _ = fit(larger)
    assert np.abs(np.degrees(fitted.angles - OPEN)).max() < 6


def test_joints_stay_within_what_joints_can_do():
    backwards = OPEN.copy()
    backwards[[7, 8]] = np.radians((-60, -40))      # the index finger's middle and last joint
    fitted, _, _ = fit(make_hand(backwards, palm=TILTED))
    low, high = np.radians([turn.degrees[:2] for turn in list_turns()]).T
    assert (fitted.angles >= low - 1e-9).all() and (fitted.angles <= high + 1e-9).all()
    assert fitted.angles[0, 7] == 0.0


def test_the_hand_is_as_long_as_people_s_hands_are():
    points = make_rest_points()
    assert np.linalg.norm(points[12] - points[0]) / DEFAULT_STATURE == pytest.approx(0.108, abs=0.002)  # Drillis and Contini


def test_a_palm_that_was_taken_for_its_other_side_is_turned_back_by_the_forearm():
    edge_on = rotation_about("y", 80) @ PALM_TO_CAMERA
    hand = make_hand(OPEN, palm=edge_on)
    reversed_depth = (hand.points - hand.points[:, :1]) * (1.0, 1.0, -1.0)
    seen, towards = see_hand(hand.xy, reversed_depth, hand.distance, INTRINSICS, False)
    fitted = fit_hand(seen)
    chosen, excess = choose_palms(seen, fitted, edge_on[None])
    assert degrees_between(towards @ fitted.palm, hand.palm)[0] > 90
    assert degrees_between(towards @ chosen.palm, hand.palm)[0] < 15
    assert excess[0] == 0.0


def test_only_what_wrists_cannot_do_is_in_excess():
    forearm = np.eye(3)[None]
    assert measure_excess(rotation_about("z", -60)[None], forearm)[0] == 0.0
    assert np.degrees(measure_excess(rotation_about("z", -105)[None], forearm)[0]) == pytest.approx(25)
    assert np.degrees(measure_excess(rotation_about("x", 150)[None], forearm)[0]) == pytest.approx(40)

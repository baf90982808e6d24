"""What the corrections' network is given and gives: hands alike have inputs alike, and joints stay within what they can do."""

import numpy as np
import pytest

from backend.fingers.corrections import correct, make_inputs
from backend.fingers.hand_fit import fit_hand, see_hand
from backend.fingers.hand_shape import list_turns
from tests.backend.fingers.made_hands import FIST, INTRINSICS, OPEN, PALM_TO_CAMERA, make_hand, rotation_about

AHEAD = (0.0, 0.0, 1.5)         # in the middle of the picture, where a turn about the line of sight is one about z


def fit(angles, turned_degrees, is_right=False):
    hand = make_hand(angles, is_right=is_right, place=AHEAD, palm=rotation_about("z", turned_degrees) @ PALM_TO_CAMERA)
    seen, _ = see_hand(hand.xy, hand.points - hand.points[:, :1], hand.distance, INTRINSICS, is_right)
    return fit_hand(seen), seen


@pytest.mark.parametrize("degrees", [40, 130, -100])
def test_a_hand_turned_in_the_picture_has_the_same_inputs(degrees):
    upright, turned = (make_inputs(*fit(OPEN, angle))[0] for angle in (0, degrees))
    assert np.abs(turned - upright).max() < 0.02
    other = make_inputs(*fit(FIST, degrees))[0]
    assert np.abs(other - upright).max() > 0.5


def test_a_right_hand_has_the_inputs_of_its_mirror_image():
    left, right = (make_inputs(*fit(FIST, 0, is_right))[0] for is_right in (False, True))
    assert np.abs(right - left).max() < 1e-3


@pytest.mark.parametrize("angles", [OPEN, FIST], ids=["open", "fist"])
def test_a_corrected_hand_keeps_its_limits_and_what_it_does(angles):
    fitted, seen = fit(angles, 0)
    corrected = correct(fitted, seen)
    low, high = np.radians([turn.degrees[:2] for turn in list_turns()]).T
    assert (corrected.angles >= low).all() and (corrected.angles <= high).all()
    middle = [number for number, turn in enumerate(list_turns()) if turn.pivot > 4 and turn.pivot % 4 == 2]
    assert (corrected.angles[0, middle] > np.radians(60)).all() == (angles is FIST)
    assert np.linalg.det(corrected.palm[0]) == pytest.approx(1)


def test_a_fist_that_was_read_too_open_is_closed_further():
    half = OPEN + 0.75 * (FIST - OPEN)
    fitted, seen = fit(half, 0)
    bends = [number for number, turn in enumerate(list_turns()) if turn.pivot > 4 and turn.axis[2] != 0]
    assert correct(fitted, seen).angles[0, bends].sum() > fitted.angles[0, bends].sum() + np.radians(40)

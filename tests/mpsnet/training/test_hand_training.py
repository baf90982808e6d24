"""Hands' corrections learn what hands' bones tell: directions relative to the palm, through which torch differentiates."""

import numpy as np
import pytest
import torch

from backend.training.hand_bones import HandBones, find_bones, find_palm_axes
from backend.training.hand_corrections import make_examples
from mpsnet_blender.shared.capture_request import DEFAULT_STATURE
from tests.backend.fingers.made_hands import FIST, INTRINSICS, OPEN, PALM_TO_CAMERA, make_hand, rotation_about

TILTED = rotation_about("x", 20) @ PALM_TO_CAMERA


@pytest.mark.parametrize("angles", [OPEN, FIST], ids=["open", "fist"])
def test_bones_of_angles_are_those_of_the_posed_hand_s_points(angles):
    posed = make_hand(angles, palm=TILTED)
    bones = HandBones()(torch.tensor(angles[None], dtype=torch.float32)).numpy()
    assert bones.shape == (1, 15, 3)
    assert np.abs(bones - find_bones(posed.points)).max() < 1e-5


def test_an_open_hand_s_middle_finger_points_along_the_palm_and_a_fist_s_last_bone_back():
    along = [find_bones(make_hand(angles).points)[0, 6:9, 0] for angles in (OPEN, FIST)]    # the middle finger's
    assert (along[0] > 0.9).all()
    assert along[1][0] < 0.4 and along[1][1] < -0.9


def test_palm_axes_turn_with_the_palm():
    turn = rotation_about("y", 70)
    points = make_hand(OPEN).points
    assert np.abs(find_palm_axes(points @ turn.T) - turn @ find_palm_axes(points)).max() < 1e-9


@pytest.mark.parametrize("is_right", [False, True])
def test_a_hand_that_was_read_rightly_needs_no_turn_of_its_palm_and_one_read_back_to_front_is_left_out(is_right):
    hand = make_hand(OPEN, is_right=is_right, place=(0.0, 0.0, 1.5), palm=TILTED)
    world = hand.points - hand.points[:, :1]
    depths_reversed = world * (1, 1, -8)        # so far that they outweigh what the picture shows
    read = {"xy": np.repeat(hand.xy, 2, axis=0), "world": np.concatenate([world, depths_reversed]),
            "truth": np.repeat(hand.points, 2, axis=0), "stature": np.full(2, DEFAULT_STATURE),
            "focal": np.full(2, INTRINSICS[0, 0]), "size": np.array([(1280, 720)] * 2), "number": np.array([4, 5])}
    examples = make_examples(read, is_right)
    assert examples.number.tolist() == [4]
    assert np.degrees(np.linalg.norm(examples.turns[0])) < 10
    assert np.abs(examples.bones - find_bones(hand.points * ((-1, 1, 1) if is_right else 1))).max() < 0.1

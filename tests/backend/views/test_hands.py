"""Of several views' hands, those of the view that sees them count, in each frame and for each hand."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from backend.views.hands import ViewedPerson, interpolate_hands, join_hands
from mpsnet_blender.shared.hands.poses import make_hand_poses
from mpsnet_blender.shared.smpl_skeleton import JOINT
from tests.backend.views.made_views import first_from_cam, make_view

FRAMES = 30
TIMES = np.arange(FRAMES) / 30


def viewed(turn_degrees, bend, left, right):
    """Return the dancer of a view with all fingers bent by radians, and the confidence of both hands."""
    person = make_view("view", turn_degrees, frames=FRAMES).people[0]
    rotvecs = np.zeros((FRAMES, 30, 3))
    rotvecs[..., 2] = bend
    confidence = np.stack([np.broadcast_to(left, FRAMES), np.broadcast_to(right, FRAMES)], axis=1)
    person = replace(person, hands=make_hand_poses(rotvecs, confidence))
    return ViewedPerson(person, TIMES, first_from_cam(turn_degrees)[None, :3, :3])


def test_each_hand_is_that_of_the_view_that_sees_it():
    first, other = viewed(0, 0.3, 0.0, 1.0), viewed(90, 0.9, 1.0, 0.0)
    _, hands = join_hands([first, other], first.person.motion)
    assert hands.rotvecs[:, :15, 2] == pytest.approx(0.9, abs=1e-4)
    assert hands.rotvecs[:, 15:, 2] == pytest.approx(0.3, abs=1e-4)
    assert hands.hand_confidence == pytest.approx(1.0)


def test_wrists_are_turned_as_the_other_camera_sees_them():
    first, other = viewed(0, 0.3, 0.0, 0.0), viewed(90, 0.9, 1.0, 1.0)
    plain = first.person.motion
    rotmats = plain.rotmats.copy()
    rotmats[:, JOINT["left_wrist"]] = Rotation.from_rotvec((0.9, 0, 0)).as_matrix()
    turned, _ = join_hands([replace(first, person=replace(first.person, motion=plain.with_pose(rotmats, plain.transl))), other],
                           plain)
    left = JOINT["left_wrist"]
    apart = np.swapaxes(turned.pose()[0][:, left], 1, 2) @ plain.pose()[0][:, left]      # the dancer's own, which the other sees
    assert np.degrees(Rotation.from_matrix(apart).magnitude()).max() < 2


def test_views_without_hands_change_nothing():
    person = make_view("view", frames=FRAMES).people[0]
    motion, hands = join_hands([ViewedPerson(person, TIMES, np.eye(3)[None])], person.motion)
    assert motion is person.motion and hands is None


def test_hands_between_and_beyond_a_view_s_frames():
    hands = viewed(0, np.linspace(0, 1, FRAMES)[:, None], 1.0, 1.0).person.hands
    between = interpolate_hands(hands, TIMES, np.array((0.5 / 30, 5.0)))
    assert between.rotvecs[0, 0, 2] == pytest.approx(0.5 / 29, abs=1e-6)
    assert between.hand_confidence.tolist() == [[1, 1], [0, 0]]

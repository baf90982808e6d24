import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from backend.engines.unseen_legs import straighten_unseen_legs
from backend.people.landmarks import LANDMARK
from mpsnet_blender.shared.smpl_skeleton import JOINT

FRAMES = 150
TIMES = np.arange(FRAMES) / 30
ANGLES = np.random.default_rng(0).normal(scale=0.6, size=(FRAMES * 24, 3))
BENT = Rotation.from_rotvec(ANGLES).as_matrix().reshape(FRAMES, 24, 3, 3)
LEFT, RIGHT = ([JOINT[f"{side}_{name}"] for name in ("hip", "knee", "ankle", "foot")] for side in ("left", "right"))
OTHERS = [joint for joint in range(24) if joint not in LEFT + RIGHT]
SEEN = np.full(FRAMES, True)


def score_of_legs(left, right):
    """Return scores (T, 33): of the left and right knee, ankle, heel and foot as given, of all others 1."""
    score = np.ones((FRAMES, 33))
    for side, value in (("left", left), ("right", right)):
        for name in ("knee", "ankle", "heel", "foot_index"):
            score[:, LANDMARK[f"{side}_{name}"]] = value
    return score


def test_legs_outside_the_picture_stand_and_all_other_joints_stay():
    standing = straighten_unseen_legs(BENT, score_of_legs(0.05, 0.02), SEEN, TIMES)
    np.testing.assert_allclose(standing[:, LEFT + RIGHT], np.broadcast_to(np.eye(3), (FRAMES, 8, 3, 3)), atol=1e-12)
    np.testing.assert_array_equal(standing[:, OTHERS], BENT[:, OTHERS])


def test_each_leg_is_judged_by_itself():
    standing = straighten_unseen_legs(BENT, score_of_legs(0.05, 0.4), SEEN, TIMES)
    np.testing.assert_allclose(standing[:, LEFT], np.broadcast_to(np.eye(3), (FRAMES, 4, 3, 3)), atol=1e-12)
    np.testing.assert_array_equal(standing[:, RIGHT + OTHERS], BENT[:, RIGHT + OTHERS])


@pytest.mark.parametrize("hidden", [slice(0, 0), slice(60, 66)], ids=["never", "for a fifth of a second"])
def test_legs_that_are_seen_but_for_a_moment_stay(hidden):
    legs = np.full(FRAMES, 0.8)
    legs[hidden] = 0.01
    np.testing.assert_array_equal(straighten_unseen_legs(BENT, score_of_legs(legs, legs), SEEN, TIMES), BENT)


def test_legs_of_somebody_who_is_hidden_are_left_to_the_filling_of_steps():
    is_seen = (np.arange(FRAMES) < 30) | (np.arange(FRAMES) > 120)
    legs = np.where(is_seen, 0.8, 0.0)
    np.testing.assert_array_equal(straighten_unseen_legs(BENT, score_of_legs(legs, legs), is_seen, TIMES), BENT)


def test_legs_that_leave_the_picture_are_straightened_without_a_jump():
    legs, still = np.where(np.arange(FRAMES) < 75, 0.8, 0.02), np.repeat(BENT[:1], FRAMES, axis=0)
    standing = straighten_unseen_legs(still, score_of_legs(legs, legs), SEEN, TIMES)
    np.testing.assert_array_equal(standing[:30], still[:30])
    np.testing.assert_allclose(standing[-20:, LEFT], np.broadcast_to(np.eye(3), (20, 4, 3, 3)), atol=0.01)
    steps = Rotation.from_matrix((standing[1:] @ standing[:-1].swapaxes(-1, -2)).reshape(-1, 3, 3)).magnitude()
    assert np.degrees(steps.max()) < np.degrees(np.abs(ANGLES[:24]).max()) / 5

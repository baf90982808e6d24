from dataclasses import replace

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from backend.world.balance import find_balanced, find_upright
from mpsnet_blender.shared.smpl_skeleton import JOINT
from tests.backend.made_people import seen_from, walker


def standing(tilt_degrees=0.0, leg_degrees=0.0, frames=60):
    """Return a standing body before a level camera, leaning to the picture's right, with the left leg held to its side."""
    person = seen_from(walker(frames, velocity=(0, 0), heading_degrees=0), 0)
    rotmats = np.tile(np.eye(3), (frames, 24, 1, 1))
    rotmats[:, 0] = Rotation.from_euler("z", tilt_degrees, degrees=True).as_matrix() @ np.diag((-1.0, -1.0, 1.0))
    rotmats[:, JOINT["left_hip"]] = Rotation.from_euler("z", leg_degrees, degrees=True).as_matrix()
    rotmats[:, JOINT["left_shoulder"]] = Rotation.from_euler("z", -75, degrees=True).as_matrix()
    rotmats[:, JOINT["right_shoulder"]] = Rotation.from_euler("z", 75, degrees=True).as_matrix()
    return replace(person, rotmats=rotmats).motion


def rolls(directions):
    return np.degrees(np.arctan2(-directions[:, 0], -directions[:, 1]))


@pytest.mark.parametrize("degrees", (-12, 0, 20))
def test_a_body_that_leans_in_the_picture_shows_that_the_camera_is_rolled(degrees):
    on_both_feet = np.ones((60, 4))
    np.testing.assert_allclose(rolls(find_balanced(standing(degrees), on_both_feet)), -degrees, atol=0.1)
    np.testing.assert_allclose(rolls(find_balanced(standing(degrees))), -degrees, atol=0.5)


def test_a_leg_lifted_to_the_side_moves_the_centre_of_mass_off_the_foot_that_carries():
    on_both, on_right = find_balanced(standing()), find_balanced(standing(leg_degrees=50))
    # The right foot, 9 cm at the picture's left of the middle, carries all, and the left leg's mass moves the other way.
    assert abs(rolls(on_both).mean()) < 0.5 and 5 < abs(rolls(on_right).mean()) < 15


def test_contacts_say_which_foot_carries():
    motion = standing()
    left, right = np.zeros((60, 4)), np.zeros((60, 4))
    left[:, :2], right[:, 2:] = 1.0, 1.0
    over_left, over_right = (rolls(find_balanced(motion, contacts)).mean() for contacts in (left, right))
    # Ankles are 17.6 cm apart, and the centre of mass is 0.95 m above the soles.
    assert abs(over_left - over_right) == pytest.approx(2 * np.degrees(np.arctan(0.088 / 0.95)), abs=1.0)


def test_nobody_who_sits_or_flies_says_where_down_is():
    motion = standing()
    sitting = motion.rotmats.copy()
    for side in ("left", "right"):
        sitting[:, JOINT[f"{side}_hip"]] = Rotation.from_euler("x", -90, degrees=True).as_matrix()
        sitting[:, JOINT[f"{side}_knee"]] = Rotation.from_euler("x", 90, degrees=True).as_matrix()
    assert len(find_balanced(motion.with_pose(sitting, motion.transl))) == 0
    assert len(find_balanced(motion, np.zeros((60, 4)))) == 0
    assert find_upright([motion], [np.zeros((60, 4))], np.ones(1)) is None


def test_people_count_by_their_votes_and_by_how_steadily_they_stand():
    leaning, straight = standing(10), standing(0)
    swaying = standing(0)
    sway = Rotation.from_euler("z", 25 * np.sin(np.linspace(0, 12 * np.pi, 60))[:, None]).as_matrix()
    rotmats = swaying.rotmats.copy()
    rotmats[:, 0] = sway @ rotmats[:, 0]
    swaying = swaying.with_pose(rotmats, swaying.transl)

    def roll(people, votes):
        return np.degrees(find_upright(people, None, np.array(votes)).roll)

    assert roll([leaning, straight], (1.0, 1.0)) == pytest.approx(-5, abs=0.5)
    assert roll([leaning, straight], (1.0, 0.0)) == pytest.approx(-10, abs=0.5)
    assert roll([leaning, straight], (1.0, 0.2)) < -8
    assert roll([leaning, swaying], (1.0, 1.0)) < -7
    sure, unsure = (find_upright([person], None, np.ones(1)).sigma for person in (straight, swaying))
    np.testing.assert_allclose(np.degrees(sure), (4, 2), atol=0.01)
    assert unsure[1] > 2 * sure[1]

"""Rotations of a spine shared out over more bones or fewer."""

import numpy as np
import pytest

from mpsnet_blender.motion.base.rotations import quat_from_rotvec, rotvec_from_quat
from mpsnet_blender.motion.retarget.chain_sharing import share_rotations


@pytest.mark.parametrize(("turns", "count", "expected"), [
    ((0, 30, 60, 90), 3, (30, 60, 90)), ((0, 30, 60, 90), 1, (90,)), ((0, 30, 60, 90), 2, (45, 90)),
    ((0, 30, 60, 90), 6, (15, 30, 45, 60, 75, 90)), ((10, 40), 3, (20, 30, 40)), ((10, 10, 70), 4, (10, 10, 40, 70)),
    ((10, 50, 0), 3, (10 + 40 * 2 / 3, 50 / 1.5, 0)),
])
def test_bones_turn_as_those_whose_places_they_take_the_last_as_the_last(turns, count, expected):
    """Of the parent and the bones that are shared, the turns about one axis in degrees."""
    quats = [quat_from_rotvec(np.radians(((degrees, 0.0, 0.0), (0.0, 0.0, degrees)))) for degrees in turns]
    found = [np.degrees(rotvec_from_quat(quat)) for quat in share_rotations(quats, count)]
    np.testing.assert_allclose(found, [((degrees, 0, 0), (0, 0, degrees)) for degrees in expected], atol=1e-9)

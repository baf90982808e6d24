"""What lies where in the vector of a bundle's unknowns."""

import numpy as np
import pytest

from backend.views.bundle_state import Layout


def test_the_zero_vector_is_the_first_guess():
    layout = Layout([False, False], [False, True, False], drifts=True, people=2)
    found = layout.read(np.zeros(layout.size))
    assert layout.size == 7 * 2 + 3 + 2 + 2 + 2 + 1
    for part in (found.turns, found.moves, found.delays, found.gains, found.tilt):
        assert not part.any()
    for part in (found.zooms, found.scales, found.statures):
        assert (part == 1).all()
    assert found.turns.shape == found.moves.shape == (2, 3) and found.zooms.shape == found.scales.shape == (3,)


def test_each_number_belongs_to_one_unknown():
    layout = Layout([False, True], [True, False, True], drifts=True, people=2)
    found = layout.read(np.ones(layout.size))
    np.testing.assert_allclose(found.turns, 0.1)
    np.testing.assert_allclose(found.moves, 0.3)
    np.testing.assert_allclose(found.delays, (0.01, 0))         # the time of the last view is known
    np.testing.assert_allclose(found.gains, (1e-4, 0))
    np.testing.assert_allclose(np.log(found.scales), (0.3, 0, 0.3))     # the second camera does not travel
    np.testing.assert_allclose(np.log(found.statures), 0.07)


@pytest.mark.parametrize(("drifts", "people", "travels", "size"), [
    (False, 1, (False, False), 11), (True, 1, (False, False), 12), (False, 3, (False, False), 14), (False, 1, (True, True), 13)])
def test_what_is_not_looked_for_has_no_place(drifts, people, travels, size):
    layout = Layout([False], travels, drifts, people)
    found = layout.read(np.ones(size))
    assert layout.size == size
    assert found.gains.any() == drifts and (len(found.statures), (found.statures != 1).any()) == (people, people > 1)
    assert ((found.scales != 1) == travels).all()

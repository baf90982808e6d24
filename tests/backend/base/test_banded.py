import numpy as np
import pytest

from backend.base.banded import banded_product, solve_frames, squared_accelerations

TIMES = np.array((0.0, 0.1, 0.2, 0.4, 0.5, 0.6, 0.7))       # a frame was left out after the third
FRAMES = np.array((0, 1, 2, 3, 4, 5, 6))


def dense(diagonals):
    """Return the symmetric matrix (T, T) with these diagonals (3, T)."""
    count = diagonals.shape[1]
    matrix = np.diag(diagonals[0])
    for offset in (1, 2):
        matrix += np.diag(diagonals[offset, :count - offset], offset) + np.diag(diagonals[offset, :count - offset], -offset)
    return matrix


def test_a_parabolas_acceleration_is_what_it_is_at_uneven_times_and_a_lines_nothing():
    matrix = dense(squared_accelerations(TIMES, FRAMES))
    parabola, line = 3.0 * TIMES ** 2 - TIMES, 2.0 - 5 * TIMES
    assert parabola @ matrix @ parabola == pytest.approx(5 * 6.0 ** 2)       # five inner frames, 6 metres a second^2 each
    assert line @ matrix @ line == pytest.approx(0.0, abs=1e-6)
    np.testing.assert_allclose(matrix @ line, 0.0, atol=1e-6)


def test_nothing_is_joined_across_a_gap():
    gap = np.array((0, 1, 2, 10, 11, 12, 13))
    matrix = dense(squared_accelerations(TIMES, gap))
    step = np.where(FRAMES < 3, 0.0, 1.0) + TIMES * (FRAMES >= 3)       # leaps where the gap is, straight on both sides
    assert step @ matrix @ step == pytest.approx(0.0, abs=1e-6)
    assert not matrix[:3, 3:].any()
    bent = TIMES ** 2 * (FRAMES < 3)
    assert bent @ matrix @ bent == pytest.approx(2.0 ** 2)                  # one inner frame is left there


@pytest.mark.parametrize("count", [1, 2])
def test_two_frames_have_no_acceleration(count):
    assert squared_accelerations(TIMES[:count], FRAMES[:count]).tolist() == [[0.0] * count] * 3


def test_the_product_is_that_of_the_whole_matrix():
    diagonals = squared_accelerations(TIMES, FRAMES)
    values = np.random.default_rng(0).normal(size=(7, 4))
    np.testing.assert_allclose(banded_product(diagonals, values), dense(diagonals) @ values, rtol=1e-9)


@pytest.mark.parametrize("count", [1, 2, 3, 7])
def test_the_solution_is_that_of_the_whole_system(count):
    generator = np.random.default_rng(count)
    halves = generator.normal(size=(count, 3, 3))
    blocks = halves @ np.swapaxes(halves, 1, 2) + np.eye(3)
    diagonals = squared_accelerations(TIMES[:count], FRAMES[:count])
    stiffness, right = np.array((0.0, 1e-3, 2.0)), generator.normal(size=(count, 3))
    whole = np.kron(dense(diagonals) if count > 2 else np.zeros((count, count)), np.diag(stiffness))
    for frame in range(count):
        whole[3 * frame:3 * frame + 3, 3 * frame:3 * frame + 3] += blocks[frame]
    solved = solve_frames(blocks, diagonals, stiffness, right)
    np.testing.assert_allclose(solved.ravel(), np.linalg.solve(whole, right.ravel()), rtol=1e-6, atol=1e-9)

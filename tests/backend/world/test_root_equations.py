"""The equations of a root's path, each by itself: what they say of somebody seen exactly, what they weigh, and their solution."""

from dataclasses import replace

import numpy as np
import pytest

from backend.world import root_solve
from backend.world.root_solve import Sight

FRAMES, LANDMARKS = 5, 6
TIMES = np.array((0.0, 0.1, 0.2, 0.3, 0.5))
SECONDS = np.array((0.1, 0.1, 0.1, 0.15, 0.2))          # for which each frame stands
FEET = np.array((2, 3, 4, 5))
ROOT = np.column_stack((np.linspace(0, 1, FRAMES), np.full(FRAMES, 4.0), np.full(FRAMES, 0.9)))


def camera(pitch=0.3):
    """Return world_from_cam (T, 4, 4) of a camera at 1.4 m that looks along +y and down, and goes to the right."""
    poses = np.tile(np.eye(4), (FRAMES, 1, 1))
    poses[:, :3, :3] = np.column_stack(((1, 0, 0), (0, -np.sin(pitch), -np.cos(pitch)), (0, np.cos(pitch), -np.sin(pitch))))
    poses[:, :3, 3] = np.column_stack((np.linspace(0, 0.4, FRAMES), np.zeros(FRAMES), np.full(FRAMES, 1.4)))
    return poses


def seen(sole_heights=-0.9):
    """Return the exact sight of six landmarks, four of them at the feet: heels 55 and toes 25 mm over their soles."""
    generator = np.random.default_rng(0)
    landmarks = generator.normal(0, 0.3, (FRAMES, LANDMARKS, 3))
    soles = generator.normal(0, 0.2, (FRAMES, 4, 3))
    soles[..., 2] = sole_heights
    landmarks[:, FEET] = soles + np.array((0.055, 0.025, 0.055, 0.025))[:, None] * (0, 0, 1) + generator.normal(
        0, 0.01, (FRAMES, 4, 3)) * (1, 1, 0)
    poses = camera()
    there = landmarks + ROOT[:, None] - poses[:, None, :3, 3]
    before = np.einsum("tji,tkj->tki", poses[:, :3, :3], there)
    weights = generator.uniform(0.2, 1.0, (FRAMES, LANDMARKS))
    return Sight(landmarks, soles, np.full(FRAMES, -0.5), before / before[..., 2:], weights, FEET, poses, TIMES)


def misses(row, path=ROOT):
    """Return how far (T,) a path is from fulfilling equations, in metres."""
    return (row.direction * path).sum(1) - row.aim


def test_a_person_who_is_seen_exactly_lies_on_the_mean_ray_by_25_millimetres_for_each_tenth_of_a_second():
    sight = seen()
    across, down = root_solve._picture_rows(sight, SECONDS)
    for row, aside in ((across, (1.0, 0, 0)), (down, (0, -np.sin(0.3), -np.cos(0.3)))):
        np.testing.assert_allclose(misses(row), 0, atol=1e-9)
        np.testing.assert_allclose(misses(row, ROOT + 0.1 * np.array(aside)), 0.1, atol=1e-9)
        np.testing.assert_allclose(row.weight, sight.weights.mean(1) / 0.025 ** 2 * SECONDS / 0.1)
        np.testing.assert_array_equal(row.trust(ROOT + 5), 1.0)          # never doubted


def test_the_size_gives_the_distance_to_25_thousandths_for_each_four_tenths_of_a_second():
    sight = seen()
    row = root_solve._size_rows(sight, SECONDS)
    forward = np.array((0, np.cos(0.3), -np.sin(0.3)))
    distance = (ROOT - sight.world_from_cam[:, :3, 3]) @ forward
    np.testing.assert_allclose(misses(row), 0, atol=1e-6)
    np.testing.assert_allclose(misses(row, ROOT + 0.3 * forward), 0.3, atol=1e-6)
    np.testing.assert_allclose(row.weight, sight.weights.mean(1) / (0.025 * distance) ** 2 * SECONDS / 0.4)
    np.testing.assert_allclose(row.trust(ROOT + 3 * 0.025 * distance[:, None] * forward), 0.5, rtol=1e-5)   # three sigmas


def test_for_the_size_a_landmark_counts_as_two_of_half_its_weight():
    sight = seen()
    rays = sight.rays + np.random.default_rng(2).normal(0, 0.02, sight.rays.shape) * (1, 1, 0)
    twice = np.array((0, 1, 1, 2, 3, 4, 5))
    halved = np.where(twice == 1, 0.5, 1.0) * sight.weights[:, twice]
    once = root_solve._size_rows(replace(sight, rays=rays), SECONDS)
    split = root_solve._size_rows(
        replace(sight, landmarks=sight.landmarks[:, twice], rays=rays[:, twice], weights=halved), SECONDS)
    assert np.abs(misses(once)).max() > 0.01
    np.testing.assert_allclose(split.aim, once.aim, atol=1e-6)


def test_planted_soles_are_on_the_floor_and_on_their_landmarks_rays():
    sight, contacts = seen(), np.random.default_rng(1).uniform(size=(FRAMES, 4))
    rows = root_solve._foot_rows(sight, contacts, SECONDS)
    assert len(rows) == 12
    for column in range(4):
        floor, *rays = rows[3 * column:3 * column + 3]
        np.testing.assert_allclose(misses(floor), 0, atol=1e-9)
        np.testing.assert_allclose(misses(floor, ROOT + (0, 0, 0.06)), 0.06, atol=1e-9)
        np.testing.assert_allclose(floor.weight, contacts[:, column] / 2 / 0.02 ** 2 * SECONDS / 0.15)
        np.testing.assert_allclose(floor.trust(ROOT + (0, 0, 0.06)), 0.5)
        for row, aside in zip(rays, ((1.0, 0, 0), (0, -np.sin(0.3), -np.cos(0.3)))):
            np.testing.assert_allclose(misses(row), 0, atol=1e-9)
            np.testing.assert_allclose(misses(row, ROOT + 0.06 * np.array(aside)), 0.06, atol=1e-9)
            seen_weight = sight.weights[:, FEET[column]]
            np.testing.assert_allclose(row.weight, contacts[:, column] / 2 * seen_weight / 0.02 ** 2 * SECONDS / 0.2)
            np.testing.assert_allclose(row.trust(ROOT + 0.06 * np.array(aside)), 0.5)


def test_the_lowest_part_is_on_the_floor():
    row = root_solve._over_floor_rows(seen(), SECONDS)
    np.testing.assert_allclose(misses(row), 0.4)           # half a metre under a root at 0.9 m
    np.testing.assert_allclose(row.weight, SECONDS / 0.15 / 0.02 ** 2)
    np.testing.assert_array_equal(row.trust(ROOT), 1.0)


def test_planted_soles_hold_the_root_across_the_view_and_five_times_less_along_it():
    sight = seen()
    contacts = np.array(((0, 0, 0, 0), (1, 1, 0, 0), (1, 1, 1, 1), (0.5, 0, 0, 0), (1, 0, 0, 0)), float)
    moved, weights = root_solve._slide_rows(sight, contacts)
    steps = np.diff(TIMES)
    both = contacts[1:] * contacts[:-1]
    for frame in range(FRAMES - 1):
        stands = both[frame].sum()
        expected = (both[frame][:, None] * (sight.soles[frame] - sight.soles[frame + 1])).sum(0) / max(stands, 1e-9)
        np.testing.assert_allclose(moved[frame], expected, atol=1e-9)
        whole = min(stands, 2.0) / 2 / (0.25 * steps[frame]) ** 2 * steps[frame] / 0.1
        np.testing.assert_allclose(weights[frame], np.diag((whole, 0.2 * whole, 0.0)), atol=1e-9)


def test_over_a_gap_soles_do_not_hold():
    sight = seen()
    _, weights = root_solve._slide_rows(replace(sight, timestamps=TIMES + (0, 0, 0, 0, 1.0)), np.ones((FRAMES, 4)))
    assert weights[:3].any(axis=(1, 2)).all() and not weights[3].any()


def test_the_path_is_the_least_squares_solution_of_all_equations():
    """The same equations as dense ones, solved by numpy: rows, changes of speed, and steps between frames."""
    generator = np.random.default_rng(3)
    rows = [root_solve._Rows(generator.normal(size=(FRAMES, 3)), generator.normal(size=FRAMES), generator.uniform(1, 2, FRAMES),
                             np.ones(FRAMES)) for _ in range(4)]
    strengths = [generator.uniform(0.2, 1, FRAMES) for _ in rows]
    factors = generator.normal(size=(2, FRAMES, 3, 3))
    heavy, held = factors @ np.swapaxes(factors, -1, -2)
    coefficients, moved = generator.normal(size=(FRAMES - 2, 3)), generator.normal(size=(FRAMES - 1, 3))
    path = root_solve._solve(rows, strengths, (coefficients, heavy[2:]), (moved, held[1:]), FRAMES)
    matrix, right = 1e-6 * np.eye(3 * FRAMES), np.zeros(3 * FRAMES)
    for row, strength in zip(rows, strengths):
        for frame in range(FRAMES):
            equation = np.zeros(3 * FRAMES)
            equation[3 * frame:3 * frame + 3] = row.direction[frame]
            matrix += row.weight[frame] * strength[frame] * np.outer(equation, equation)
            right += row.weight[frame] * strength[frame] * equation * row.aim[frame]
    for frame, weight in enumerate(heavy[2:]):
        change = np.concatenate([np.eye(3) * (coefficients[frame][other - frame] if 0 <= other - frame < 3 else 0)
                                 for other in range(FRAMES)], axis=1)
        matrix += change.T @ weight @ change
    for frame, weight in enumerate(held[1:]):
        step = np.concatenate([np.eye(3) * ((other == frame + 1) - (other == frame)) for other in map(float, range(FRAMES))],
                              axis=1)
        matrix += step.T @ weight @ step
        right += step.T @ weight @ moved[frame]
    np.testing.assert_allclose(path.ravel(), np.linalg.solve(matrix, right), atol=1e-9)


@pytest.mark.parametrize(("sigmas", "trust"), [(0.0, 1.0), (3.0, 0.5), (-6.0, 0.2)])
def test_an_equation_counts_half_where_it_is_three_sigmas_off(sigmas, trust):
    row = root_solve._Rows(np.tile((0.0, 0.0, 1.0), (FRAMES, 1)), np.zeros(FRAMES), np.ones(FRAMES), np.full(FRAMES, 0.2))
    np.testing.assert_allclose(row.trust(np.tile((7.0, 7.0, 0.2 * sigmas), (FRAMES, 1))), trust)

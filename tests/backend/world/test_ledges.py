"""Heights of the lower foot over time, and what somebody stood on meanwhile."""

import numpy as np
import pytest

from backend.world.ledges import find_ledges

FPS = 30
NOISE = 0.04 * np.sin(7.3 * np.arange(600))         # metres, as of a man on a roof, 6 m from the camera


def found(*parts, fps=FPS):
    """Return the parts' ledges, each as an array; parts are heights in metres."""
    heights = np.concatenate(parts)
    heights = heights + NOISE[:len(heights)]
    return np.split(find_ledges(heights, np.arange(len(heights)) / fps), np.cumsum([len(part) for part in parts])[:-1])


def standing(height, seconds, fps=FPS):
    return np.full(round(seconds * fps), height)


def flight(seconds, start, end, fps=FPS):
    """Return a free fall, which begins with as high a leap as takes so long."""
    times = np.arange(1, round(seconds * fps)) / fps
    return start + (end - start) / seconds * times + 9.81 / 2 * times * (seconds - times)


def test_who_leaps_off_a_roof_stood_on_the_roof_and_then_on_the_floor():
    roof, fall, floor = found(standing(2.0, 5.0), flight(1.2, 2.0, 0.0), standing(0.0, 2.0))
    assert (np.abs(roof - 2.0) < 0.03).all() and len(set(roof)) == 1
    assert not fall[2:].any() and not floor.any()       # the first moment is still near the roof


@pytest.mark.parametrize("seconds", [0.8, 1.2, 1.6])
def test_a_flight_however_high_is_no_ledge(seconds):
    assert not any(part.any() for part in found(standing(0.0, 1.0), flight(seconds, 0.0, 0.0), standing(0.0, 1.0)))


@pytest.mark.parametrize(("height", "seconds", "is_ledge"), [
    (0.45, 2.0, True), (0.28, 2.0, False), (0.45, 1.1, True), (0.45, 0.9, False)])
def test_a_ledge_is_higher_than_two_stairs_and_stood_on_for_a_second(height, seconds, is_ledge):
    _, ledge, _ = found(standing(0.0, 1.0), standing(height, seconds), standing(0.0, 1.0))
    assert ledge.all() == ledge.any() == is_ledge


def test_stairs_are_left_to_the_footprints():
    stairs = [standing(0.17 * number, 0.5) for number in range(12)]
    assert not any(part.any() for part in found(*stairs))


def test_who_jumps_on_a_ledge_comes_down_on_it():
    before, leap, after = found(standing(2.0, 1.5), flight(0.9, 2.0, 2.0), standing(2.0, 1.5))
    assert {*before, *leap, *after} == {before[0]} and before[0] == pytest.approx(2.0, abs=0.03)


def test_from_one_ledge_to_another_without_the_floor_between():
    first, _, second = found(standing(2.0, 2.0), flight(0.7, 2.0, 1.0), standing(1.0, 2.0))
    assert np.abs(first - 2.0).max() < 0.03 and np.abs(second - 1.0).max() < 0.03


@pytest.mark.parametrize("fps", [10, 60])
def test_seconds_count_not_frames(fps):
    for seconds, is_ledge in ((0.8, False), (1.3, True)):
        _, ledge, _ = found(standing(0.0, 1.0, fps), standing(0.9, seconds, fps), standing(0.0, 1.0, fps), fps=fps)
        assert ledge.any() == is_ledge

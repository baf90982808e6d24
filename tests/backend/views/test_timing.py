"""The time between two views by how people move: found in short and long videos, with pauses, and for several people."""

import time
from dataclasses import replace

import numpy as np
import pytest

from backend.views.sightlines import Sightlines
from backend.views.timing import find_timings

RNG = np.random.default_rng(16)
JOINTS = RNG.normal(size=(24, 3))


def moving(seed: int, times: np.ndarray, later: float = 0.0) -> Sightlines:
    """Return somebody who moves aperiodically; the video begins `later` s after the motion."""
    rng = np.random.default_rng(seed)
    pace, phase = rng.uniform(0.3, 1.5, (2, 24, 3, 6))
    joints = JOINTS + 0.4 * np.sin(2 * np.pi * (pace * (times + later)[:, None, None, None] + phase)).sum(-1)
    return Sightlines(times, np.zeros((len(times), 33, 2)), np.ones((len(times), 33)), joints, np.zeros((len(times), 33, 3)))


@pytest.mark.parametrize(("later", "fps"), [(0.5, 30.0), (-1.25, 24.0), (2.0, 60.0)])
def test_the_offset_of_the_most_likely_timing_is_the_true_one(later, fps):
    first, other = moving(1, np.arange(240) / 60), moving(1, np.arange(round(4 * fps)) / fps, later)
    best, *others = find_timings([first], [other])
    assert best.offset == pytest.approx(-later, abs=1 / 120) and best.pairs == ((0, 0),)
    assert best.likeness > 1.5 * others[0].likeness
    assert all(abs(a.offset - b.offset) > 0.049 for a in (best, *others) for b in (best, *others) if a is not b)


def test_a_given_offset_alone_is_compared_between_the_steps_too():
    first, other = moving(1, np.arange(240) / 60), moving(1, np.arange(240) / 60, 0.5)
    (given,) = find_timings([first], [other], -0.5071)
    likeness = [find_timings([first], [other], -0.5 - steps / 60)[0].likeness for steps in (0, 1)]
    assert given.offset == -0.5071 and likeness[0] > given.likeness > likeness[1]
    assert likeness[0] == pytest.approx(find_timings([first], [other])[0].likeness)


def test_what_is_seen_in_one_view_alone_does_not_count():
    times = np.arange(300) / 30
    first, other = moving(1, times), moving(1, times, 0.5)
    weights, joints = other.weights.copy(), other.joints.copy()
    weights[100:200], joints[101:199] = 0.0, 50 * RNG.normal(size=(98, 24, 3))
    best = find_timings([first], [replace(other, weights=weights, joints=joints)])[0]
    assert best.offset == pytest.approx(-0.5, abs=1 / 120)
    assert best.likeness == pytest.approx(find_timings([first], [other])[0].likeness * np.sqrt(185 / 285), rel=0.1)


def test_people_are_paired_by_their_motion():
    times = np.arange(240) / 30
    ours, theirs = [moving(seed, times) for seed in (1, 2, 3)], [moving(seed, times, 0.4) for seed in (3, 1)]
    assert find_timings(ours, theirs)[0].pairs == ((0, 1), (2, 0))


def test_views_that_hardly_overlap_have_no_timing():
    assert find_timings([moving(1, np.arange(10) / 30)], [moving(1, np.arange(10) / 30)]) == []


def test_the_time_of_ten_minutes_takes_seconds():
    started = time.perf_counter()
    best = find_timings([moving(1, np.arange(18_000) / 30)], [moving(1, np.arange(18_000) / 30, 77.5)])[0]
    assert best.offset == pytest.approx(-77.5, abs=1 / 120) and time.perf_counter() - started < 60      # 2400 s by comparing all

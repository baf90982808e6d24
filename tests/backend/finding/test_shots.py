import numpy as np
import pytest

from backend.camera.scenery import SeenScenery, Trails, UprightLines
from backend.finding.shots import find_shots, take_clock, take_scenery, take_tracks
from backend.people.gaps import Clock
from tests.backend.made_people import person_track, seen_from, walker

CLOCK = Clock(np.arange(100, 160), np.arange(60) / 30, 30.0)       # two seconds of a video, from its frame 100 on


@pytest.mark.parametrize(("cuts", "shots"), [
    ([], [slice(0, 60)]), ([20 / 30], [slice(0, 20), slice(20, 60)]),
    ([0.0, 0.5, 1.0], [slice(0, 15), slice(15, 30), slice(30, 60)])])
def test_a_shot_begins_at_each_cut(cuts, shots):
    assert find_shots(cuts, CLOCK) == shots


def test_a_shot_has_its_own_times_points_and_lines():
    row = np.repeat(np.arange(60), 2)
    lines = UprightLines(np.arange(12.0).reshape(3, 4), np.array((0, 20, 20)), 2)
    scenery = SeenScenery(Trails(row, np.arange(120), np.random.default_rng(0).uniform(0, 99, (120, 2))), lines, [20 / 30])
    rows = slice(20, 60)
    part, clock = take_scenery(scenery, rows), take_clock(CLOCK, rows)
    assert clock.frame_index[0] == 120 and clock.timestamps[0] == 20 / 30 and clock.nominal_fps == 30.0
    np.testing.assert_array_equal(part.trails.row, np.repeat(np.arange(40), 2))
    np.testing.assert_array_equal(part.trails.point, np.arange(40, 120))
    np.testing.assert_array_equal(part.trails.xy, scenery.trails.xy[40:])
    np.testing.assert_array_equal(part.lines.lines, lines.lines[1:])
    assert part.lines.row.tolist() == [0, 0] and part.lines.pictures == 1 and part.cuts == []


def test_somebody_seen_before_and_after_a_cut_is_in_both_shots_and_who_is_seen_for_a_moment_in_none():
    track = person_track(seen_from(walker(60)))
    track.frame_index[:] = CLOCK.frame_index
    before, after = (take_clock(CLOCK, rows) for rows in find_shots([55 / 30], CLOCK))
    (part,) = take_tracks([track, track.at(slice(50, 60))], before)
    assert part.frame_index.tolist() == list(range(100, 155))
    np.testing.assert_array_equal(part.xy, track.xy[:55])
    assert take_tracks([track], after) == []        # five frames


def test_frames_just_before_and_after_a_cut_that_were_not_read_hold_what_was_seen_next_to_them():
    track = person_track(seen_from(walker(60)))
    track.frame_index[:] = CLOCK.frame_index
    clock = take_clock(CLOCK, slice(20, 60))
    (part,) = take_tracks([track.at(slice(22, 58))], clock)
    np.testing.assert_array_equal(part.frame_index, clock.frame_index)
    np.testing.assert_array_equal(part.timestamps, clock.timestamps)
    np.testing.assert_array_equal(part.xy, track.xy[[22, 22, *range(22, 58), 57, 57]])
    (gone,) = take_tracks([track.at(slice(20, 56))], clock)
    assert gone.frame_index[-1] == 155, "who is gone for more than frames that rest is not held"


def test_the_most_present_in_a_shot_come_first():
    near, far = (person_track(seen_from(walker(60, start=(0.0, distance)))) for distance in (3.0, 6.0))
    for track in (near, far):
        track.frame_index[:] = CLOCK.frame_index
    first, second = (take_clock(CLOCK, rows) for rows in find_shots([1.0], CLOCK))
    shown = take_tracks([far, near], first)
    assert [np.ptp(track.xy[0, :, 1]) for track in shown] == sorted((np.ptp(track.xy[0, :, 1]) for track in shown), reverse=True)
    shown = take_tracks([near.at(slice(0, 41)), far], second)       # far is there for three times as long
    assert [len(track.timestamps) for track in shown] == [30, 11]

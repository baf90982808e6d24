from dataclasses import replace

import numpy as np
import pytest

from backend.people.gaps import Clock, fill_gaps, fill_rests, span_starts
from tests.backend.made_people import person_track, seen_from, walker

CLOCK = Clock(np.arange(150), np.arange(150) / 30, 30.0)
WHOLE = person_track(seen_from(walker(150)))


def without(track, *hidden):
    kept = np.setdiff1d(np.arange(len(track.timestamps)), np.concatenate([np.arange(a, b) for a, b in hidden]))
    arrays = {name: getattr(track, name)[kept] for name in ("frame_index", "timestamps", "xy", "world", "score", "boxes")}
    return replace(track, **arrays)


def test_a_track_without_gaps_is_left_alone():
    filled = fill_gaps(WHOLE, CLOCK)
    np.testing.assert_array_equal(filled.frame_index, WHOLE.frame_index)
    np.testing.assert_allclose(filled.xy, WHOLE.xy)
    np.testing.assert_array_equal(filled.score, WHOLE.score)


def test_a_short_gap_is_filled_between_its_ends_at_score_nought():
    filled = fill_gaps(without(WHOLE, (50, 80)), CLOCK)
    np.testing.assert_array_equal(filled.frame_index, np.arange(150))
    np.testing.assert_array_equal(filled.timestamps, CLOCK.timestamps)
    assert (filled.score[50:80] == 0).all() and (filled.score[:50] > 0).all() and (filled.score[80:] > 0).all()
    np.testing.assert_allclose(filled.xy[59], WHOLE.xy[49] + (WHOLE.xy[80] - WHOLE.xy[49]) * 10 / 31)
    np.testing.assert_array_equal(filled.xy[:50], WHOLE.xy[:50])


def test_frames_that_were_not_read_lie_between_those_that_were():
    filled = fill_rests(without(WHOLE, (50, 51), (53, 54), (70, 72)), CLOCK)
    np.testing.assert_array_equal(filled.frame_index, np.setdiff1d(np.arange(150), (70, 71)))
    for name in ("xy", "world", "score", "boxes", "timestamps"):
        values, whole = getattr(filled, name), getattr(WHOLE, name)
        np.testing.assert_allclose(values[[50, 53]], (whole[[49, 52]] + whole[[51, 54]]) / 2, err_msg=name)
        np.testing.assert_array_equal(values[60:70], whole[60:70])


@pytest.mark.parametrize(("fps", "filled"), [(120, 9), (60, 4), (25, 1), (24, 1), (20, 0)])
def test_frames_between_readings_85_milliseconds_apart_are_filled(fps, filled):
    for hidden in (filled, filled + 1):
        clock = Clock(np.arange(150), np.round(np.arange(150) / fps, 3), fps)
        track = replace(without(WHOLE, (50, 50 + hidden)), timestamps=np.delete(clock.timestamps, slice(50, 50 + hidden)))
        assert len(fill_rests(track, clock).frame_index) == 150 - (hidden if hidden > filled else 0)


def test_a_track_goes_on_after_each_gap():
    assert span_starts(WHOLE).tolist() == []
    assert span_starts(without(WHOLE, (3, 7), (9, 12), (140, 150))).tolist() == [3, 5]


def test_a_long_gap_is_left_out():
    filled = fill_gaps(without(WHOLE, (40, 100)), CLOCK)
    np.testing.assert_array_equal(filled.frame_index, np.r_[0:40, 100:150])
    assert (np.diff(filled.timestamps) > 0).all()


def test_the_longest_gap_that_is_filled_lasts_a_second_and_a_half():
    assert len(fill_gaps(without(WHOLE, (40, 84)), CLOCK).frame_index) == 150
    assert len(fill_gaps(without(WHOLE, (40, 86)), CLOCK).frame_index) == 104


def test_frames_before_and_after_the_person_stay_out():
    filled = fill_gaps(without(WHOLE, (0, 30), (60, 65), (140, 150)), CLOCK)
    np.testing.assert_array_equal(filled.frame_index, np.arange(30, 140))


def test_a_span_that_begins_late_keeps_the_videos_frame_numbers():
    late = Clock(np.arange(600, 750), 20 + np.arange(150) / 30, 30.0)
    track = without(replace(WHOLE, frame_index=late.frame_index, timestamps=late.timestamps), (20, 30))
    filled = fill_gaps(track, late)
    np.testing.assert_array_equal(filled.frame_index, late.frame_index)
    np.testing.assert_array_equal(filled.timestamps, late.timestamps)


def test_a_gap_in_a_variable_frame_rate_is_filled_by_time():
    times = np.concatenate([np.arange(75) / 30, 2.5 + np.arange(75) / 15])
    track = replace(WHOLE, timestamps=times, xy=np.broadcast_to(times[:, None, None], WHOLE.xy.shape))
    filled = fill_gaps(without(track, (70, 85)), Clock(np.arange(150), times, 30.0))
    np.testing.assert_allclose(filled.xy[:, 0, 0], times)


def test_a_track_of_one_frame():
    one = without(WHOLE, (1, 150))
    assert fill_gaps(one, CLOCK).frame_index.tolist() == [0]


@pytest.mark.parametrize(("step", "nominal", "fps"), [
    (1 / 30, 30.0, 30.0), (1001 / 30000, 29.97, 29.97), (1 / 15, 30.0, 15.0)])
def test_the_rate_is_the_files_unless_its_timestamps_say_otherwise(step, nominal, fps):
    assert Clock(np.arange(20), np.arange(20) * step, nominal).fps == pytest.approx(fps)
    assert Clock(np.arange(1), np.zeros(1), nominal).fps == nominal

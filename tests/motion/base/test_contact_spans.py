import numpy as np
import pytest

from mpsnet_blender.motion.base.contact_spans import Spans, continue_end_speeds, detect_standing, fade_outside_spans, find_spans

FPS = 30


def spans(*pairs, count=30):
    """Return spans from and to before frames, 30 a second."""
    starts, ends = zip(*pairs) if pairs else ((), ())
    return Spans(np.array(starts, int), np.array(ends, int), np.arange(count) / FPS)


def confidence(words):
    """Return confidences: S stands, . does not, ? is in doubt."""
    return np.array([{"S": 0.9, ".": 0.1, "?": 0.35}[letter] for letter in words])


def stands(words, fps=FPS):
    found = detect_standing(confidence(words), np.arange(len(words)) / fps)
    return "".join("S" if one else "." for one in found)


@pytest.mark.parametrize(("given", "found"), [
    ("..SSSSSS..", "..SSSSSS.."),
    ("..SSSS????..", "..SSSSSSSS.."),          # in doubt a foot that stands goes on standing
    ("..????SSSS..", "......SSSS.."),          # and one that does not goes on not to
    ("..SSS.SSSS..", "..SSSSSSSS.."),          # one frame at 30 a second is no step
    ("..SSS..SSS..", "..SSS..SSS.."),          # two are
    ("....S.......", "............"),          # nor is one frame a stand
    ("....SS......", "....SS......"),
    ("S...........", "............"),          # not at the clip's start either
    (".SSSSS", ".SSSSS"),                      # but the clip's first and last frames are no gaps
    ("SSSSS.", "SSSSS."),
    ("??SSS", "..SSS"),
])
def test_a_foot_stands_and_lifts_as_feet_do(given, found):
    assert stands(given) == found


def test_what_is_too_short_is_so_in_seconds_whatever_the_frame_rate():
    assert stands("....SSSSSS.SSSS....", fps=120) == "....SSSSSSSSSSS...."
    assert stands(".......SSSSSSS.......", fps=120) == "." * 21          # 7 frames are 58 ms
    assert stands(".......SSSSSSSS.......", fps=120) == ".......SSSSSSSS......."
    assert stands("..S..", fps=10) == "..S.."


def test_no_frames_have_no_stand():
    assert detect_standing(np.zeros(0), np.zeros(0)).shape == (0,)


def test_it_lands_at_four_tenths_and_lifts_below_three():
    times = np.arange(12) / FPS
    rising = detect_standing(np.repeat((0.0, 0.39, 0.41, 0.31), 3), times)
    assert rising.tolist() == [False] * 6 + [True] * 6
    assert detect_standing(np.repeat((0.9, 0.31, 0.29, 0.0), 3), times).tolist() == [True] * 6 + [False] * 6


def test_spans_of_a_mask_and_back():
    mask = np.array((1, 1, 0, 0, 1, 0, 1), bool)
    found = find_spans(mask, np.arange(7) / FPS)
    assert found.starts.tolist() == [0, 4, 6] and found.ends.tolist() == [2, 5, 7] and found.lengths.tolist() == [2, 1, 1]
    assert found.mask().tolist() == mask.tolist()
    np.testing.assert_allclose(found.seconds * FPS, (2, 1, 1))
    assert found.frames().tolist() == [0, 1, 4, 6] and found.numbers().tolist() == [0, 0, 1, 2]


def test_each_span_has_its_mean_over_time():
    values = np.arange(12.0).reshape(6, 2)
    found = Spans(np.array((0, 3)), np.array((2, 6)), np.array((0.0, 0.1, 0.4, 0.5, 0.6, 0.7)))
    np.testing.assert_allclose(found.seconds, (0.3, 0.3))
    means = found.means(values)                 # the first two frames stand for 0.1 and 0.2 s
    np.testing.assert_allclose(means, ((4 / 3, 7 / 3), (8, 9)))
    np.testing.assert_allclose(found.spread_over_frames(means), (means[0], means[0], (0, 0), means[1], means[1], means[1]))


def test_outside_a_span_what_was_held_fades_gently():
    values = np.zeros(30)
    values[10:15] = (1.0, 2, 3, 4, 5)
    faded = fade_outside_spans(values, spans((10, 15)), 4 / FPS)
    np.testing.assert_allclose(faded[10:15], values[10:15])
    ease = [1 - 3 * x ** 2 + 2 * x ** 3 for x in (0.2, 0.4, 0.6, 0.8)]      # four frames, gone at the fifth
    np.testing.assert_allclose(faded[15:20], [*(5 * share for share in ease), 0], atol=1e-12)
    np.testing.assert_allclose(faded[5:10], [0, *(1 * share for share in reversed(ease))], atol=1e-12)
    assert not faded[20:].any() and not faded[:5].any()


def test_places_and_turns_fade_each_column_as_a_single_one_does():
    values = np.random.default_rng(0).normal(size=(30, 3, 2))
    whole = fade_outside_spans(values, spans((5, 10), (18, 25)), 4), continue_end_speeds(values, spans((5, 10), (18, 25)), 3.0)
    for row, column in ((0, 0), (2, 1)):
        one = values[:, row, column]
        np.testing.assert_allclose(whole[0][:, row, column], fade_outside_spans(one, spans((5, 10), (18, 25)), 4))
        np.testing.assert_allclose(whole[1][:, row, column], continue_end_speeds(one, spans((5, 10), (18, 25)), 3.0))


def test_between_near_spans_the_one_passes_into_the_other():
    values = np.where(np.arange(30) < 12, 2.0, 6.0)
    faded = fade_outside_spans(values, spans((5, 10), (13, 20)), 3.0)
    assert faded[9] == 2.0 and faded[13] == 6.0
    share = np.arange(1, 4) / 4
    np.testing.assert_allclose(faded[10:13], 2 + 4 * (3 * share ** 2 - 2 * share ** 3))


def test_without_spans_nothing_is_faded_or_continued():
    values = np.ones((30, 3))
    assert not fade_outside_spans(values, spans(), 5).any() and not continue_end_speeds(values, spans(), 5).any()


def test_the_speed_at_a_spans_ends_carries_on_and_dies_away():
    values = np.zeros(60)
    values[20:30] = 0.5 * np.arange(10)
    gained = continue_end_speeds(values, spans((20, 30), count=60), 3 / FPS)
    assert not gained[20:30].any()
    after = np.arange(1, 31)
    np.testing.assert_allclose(gained[30:], 0.5 * after * np.exp(-after / 3), atol=1e-9)
    before = np.arange(20, 0, -1)
    np.testing.assert_allclose(gained[:20], -0.5 * before * np.exp(-before / 3), atol=1e-9)


@pytest.mark.filterwarnings("error")
def test_within_a_stand_of_an_hour_no_speed_is_added():
    hour = 3600 * FPS
    stands = spans((20, hour), (hour + 5, hour + 60), count=hour + 60)
    gained = continue_end_speeds(np.linspace(0.0, 9.0, hour + 60), stands, 0.05)
    assert np.isfinite(gained).all() and gained[:20].any() and gained[hour:hour + 5].any()
    assert not gained[20:hour].any() and not gained[hour + 5:].any()


def test_in_a_short_gap_the_speed_carries_on_over_a_quarter_of_it():
    values = np.zeros(30)
    values[5:10] = 1.0 * np.arange(5)
    gained = continue_end_speeds(values, spans((5, 10), (17, 25)), 2.0)         # the gap's 7 frames lie within 8 steps
    steps = np.arange(1, 8)
    np.testing.assert_allclose(gained[10:17], steps * np.exp(-steps / 2), atol=1e-9)


def test_frames_more_or_fewer_change_neither_fades_nor_speeds():
    even = np.arange(60) / FPS
    more = np.sort(np.concatenate((even, even[[3, 17, 31, 44]] + 0.011)))
    fewer = np.delete(even, (5, 15, 24, 33))        # the span from frame 20 to 29 keeps its ends
    for correct in (lambda values, stands: fade_outside_spans(values, stands, 0.2),
                    lambda values, stands: continue_end_speeds(values, stands, 0.05)):
        expected, *corrected = (correct(0.3 * times, find_spans((times > 0.66) & (times < 0.97), times))
                                for times in (even, more, fewer))
        assert np.abs(expected).max() > 0.003
        for times, values in zip((more, fewer), corrected):
            np.testing.assert_allclose(values[np.isin(times, even)], expected[np.isin(even, times)], atol=1e-9)


def test_a_span_lasts_long_enough_though_its_times_are_whole_milliseconds():
    for seconds, is_kept in ((0.0595, True), (0.0585, False)):
        times = np.arange(10) * seconds / 2             # two frames stand for so long
        assert len(Spans(np.array((4,)), np.array((6,)), times).drop_shorter(0.06).starts) == is_kept


def test_the_speed_at_an_end_is_that_over_a_tenth_of_a_second_within_the_span():
    """Of a parabola, of which every step is at another speed; times are rounded to milliseconds."""
    times = np.round(np.arange(60) / 30, 3)
    values = np.where((np.arange(60) >= 20) & (np.arange(60) < 30), (times - times[20]) ** 2, 0.0)
    gained = continue_end_speeds(values, spans((20, 30), count=60), 0.1)
    gained_rounded = continue_end_speeds(values, Spans(np.array((20,)), np.array((30,)), times), 0.1)
    coming, leaving = values[23] / 0.1, (values[29] - values[26]) / 0.1
    for found in (gained, gained_rounded):
        assert found[33] == pytest.approx(leaving * (4 / 30) * np.exp(-4 / 3), rel=0.02)
        assert found[17] == pytest.approx(-coming * 0.1 * np.exp(-1), rel=0.02)
    short = continue_end_speeds(values, spans((28, 30), count=60), 0.1)         # two frames: the speed between them
    assert short[30] == pytest.approx((values[29] - values[28]) * np.exp(-1 / 3), rel=0.02)
    assert short[27] == pytest.approx(-(values[29] - values[28]) * np.exp(-1 / 3), rel=0.02)


def test_of_three_spans_each_passes_into_the_next():
    values = np.zeros(30)
    values[2:5], values[9:12], values[20:24] = 1.0, 3.0, 7.0
    faded = fade_outside_spans(values, spans((2, 5), (9, 12), (20, 24)), 1.0)
    share = np.arange(1, 5) / 5
    np.testing.assert_allclose(faded[5:9], 1 + 2 * (3 * share ** 2 - 2 * share ** 3))
    share = np.arange(1, 9) / 9
    np.testing.assert_allclose(faded[12:20], 3 + 4 * (3 * share ** 2 - 2 * share ** 3))
    assert faded[24] < 7.0 and faded[29] > 0

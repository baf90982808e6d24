import threading
import time

import cv2
import numpy as np
import pytest

from backend.video import frames as frames_module
from backend.video.frames import open_span, read_frames
from backend.video.movie_file import PictureClock
from backend.video.picture import Picture
from tests.backend.videos import grey_pictures, number_of, slow_down_second_half, turn_a_quarter, write_video


def decoders():
    return [thread for thread in threading.enumerate() if thread.name == "video decoder"]


def test_every_frame_comes_in_order_with_its_time(tmp_path):
    span = open_span(write_video(tmp_path / "clip.mp4", grey_pictures(25), fps=25))
    frames = list(read_frames(span))
    assert (span.size, span.fps, span.frame_count, span.expected_frames) == ((64, 48), 25.0, 25, 25)
    assert [frame.index for frame in frames] == list(range(25)) == [number_of(frame.image) for frame in frames]
    np.testing.assert_allclose([frame.timestamp for frame in frames], np.arange(25) / 25, atol=1e-6)


@pytest.mark.parametrize(("start", "end", "first", "last"), [
    (0.4, None, 10, 24), (0.0, 0.4, 0, 9), (0.41, 0.79, 11, 19), (0.4, 99.0, 10, 24), (0.96, None, 24, 24)])
def test_a_span_keeps_the_frames_shown_from_its_start_to_before_its_end(tmp_path, start, end, first, last):
    span = open_span(write_video(tmp_path / "clip.mp4", grey_pictures(25), fps=25), start, end)
    frames = list(read_frames(span))
    assert [frame.index for frame in frames] == list(range(first, last + 1))
    assert [number_of(frame.image) for frame in frames] == list(range(first, last + 1))
    np.testing.assert_allclose([frame.timestamp for frame in frames], np.arange(first, last + 1) / 25, atol=1e-6)
    assert abs(span.expected_frames - len(frames)) <= 1


def test_a_phones_video_comes_upright(tmp_path):
    picture = np.zeros((48, 64, 3), np.uint8)
    picture[:24, :32] = 255      # the corner at the top left of the sensor is at the top right of the upright picture
    path = write_video(tmp_path / "phone.mp4", [picture] * 3)
    turn_a_quarter(path, coded_height=48)
    span = open_span(path)
    image = next(read_frames(span)).image
    assert span.size == (48, 64) and image.shape == (64, 48, 3)
    assert image[:30, 26:].mean() > 235 and image[:30, :22].mean() < 20 and image[34:].mean() < 20


def test_a_variable_frame_rate_is_read_by_timestamps(tmp_path):
    path = write_video(tmp_path / "variable.mp4", grey_pictures(20), fps=20)
    slow_down_second_half(path, 20)
    frames = list(read_frames(open_span(path)))
    expected = np.concatenate([np.arange(10) * 0.05, 0.5 + np.arange(10) * 0.1])
    np.testing.assert_allclose([frame.timestamp for frame in frames], expected, atol=1e-3)
    assert [number_of(frame.image) for frame in frames] == list(range(20))


class ExchangedTimes:
    """A movie whose pictures have times of display that fall now and then, as those of DivX and Xvid in an AVI."""
    fps, frame_count = 24.0, 20
    ticks = [1, 2, 3, 5, 4, 6, 8, 7, 9, 11, 10, 12, 14, 13, 15, 17, 16, 18, 20, 19]

    def __init__(self, picture):
        self.clock, self.picture = PictureClock(), picture

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass

    def pictures(self):
        for number, ticks in enumerate(self.ticks):
            chosen = self.clock.choose(ticks, number + 1 if number < len(self.ticks) - 1 else None)
            yield Picture(chosen / self.fps, lambda: self.picture)

    def require_complete(self, _last_seconds):
        pass

    def damage(self):
        return ""


def test_times_of_display_that_fall_again_and_again_give_way_to_those_of_decoding(tmp_path, monkeypatch):
    span = open_span(write_video(tmp_path / "clip.mp4", grey_pictures(20), fps=24))
    monkeypatch.setattr(frames_module, "open_movie", lambda *_: ExchangedTimes(grey_pictures(1)[0]))
    times = 24 * np.array([frame.timestamp for frame in read_frames(span)])
    # Before the first one falls nothing tells, so that one step is too long: by the times of display alone there are seven.
    np.testing.assert_allclose(times, [1, 2, 3, *range(5, 22)], atol=1e-6)


def test_a_time_that_rises_by_a_rounding_error_does_not_rise(tmp_path, monkeypatch):
    movie = ExchangedTimes(grey_pictures(1)[0])
    movie.ticks = [1, 2, 2 + 1e-9, 3 + 2e-9, 5]
    span = open_span(write_video(tmp_path / "clip.mp4", grey_pictures(20), fps=24))
    monkeypatch.setattr(frames_module, "open_movie", lambda *_: movie)
    np.testing.assert_allclose([24 * frame.timestamp for frame in read_frames(span)], [1, 2, 3, 4, 5], atol=1e-6)


def test_a_span_of_a_variable_frame_rate_is_cut_by_timestamps(tmp_path):
    path = write_video(tmp_path / "variable.mp4", grey_pictures(20), fps=20)
    slow_down_second_half(path, 20)
    frames = list(read_frames(open_span(path, 0.25, 0.85)))
    assert [frame.index for frame in frames] == [5, 6, 7, 8, 9, 10, 11, 12, 13]


@pytest.mark.parametrize("name", ["with spaces.mp4", "Bewegung läuft 动作.mp4", "it's 100% [1] #2.mp4", "%03d.mp4"])
def test_any_file_name_is_read(tmp_path, name):
    path = tmp_path / name
    write_video(tmp_path / "plain.mp4", grey_pictures(4)).rename(path)
    assert len(list(read_frames(open_span(path)))) == 4


def test_a_numbered_name_means_that_file_and_no_sequence(tmp_path):
    for number in (1, 2):
        write_video(tmp_path / "plain.mp4", grey_pictures(3 * number)).rename(tmp_path / f"clip_{number}.mp4")
    assert len(list(read_frames(open_span(tmp_path / "clip_1.mp4")))) == 3


@pytest.mark.parametrize("size", [(63, 47), (64, 47), (63, 48), (64, 48)])
def test_odd_sizes_keep_every_pixel(tmp_path, size):
    path = write_video(tmp_path / "clip.avi", grey_pictures(6, *size), fourcc="MJPG", writer_backend=cv2.CAP_OPENCV_MJPEG)
    span = open_span(path)
    frames = list(read_frames(span))
    assert span.size == size
    assert [frame.image.shape for frame in frames] == [(size[1], size[0], 3)] * 6
    assert [number_of(frame.image) for frame in frames] == list(range(6))


def test_a_video_of_one_frame_has_one_frame(tmp_path):
    span = open_span(write_video(tmp_path / "still.mp4", grey_pictures(1)))
    frames = list(read_frames(span))
    assert [(frame.index, frame.timestamp) for frame in frames] == [(0, 0.0)]
    assert span.expected_frames == 1


def test_a_grey_video_comes_in_three_equal_channels(tmp_path):
    pictures = [picture[..., 0] for picture in grey_pictures(5)]
    frames = list(read_frames(open_span(write_video(tmp_path / "grey.avi", pictures, fourcc="FFV1"))))
    assert [number_of(frame.image) for frame in frames] == list(range(5))
    assert all(frame.image.shape == (48, 64, 3) and np.ptp(frame.image, axis=2).max() <= 2 for frame in frames)


def test_frames_are_decoded_only_a_few_ahead(tmp_path, monkeypatch):
    decoded = []

    def counted(span, first_wanted, decode=frames_module._decode):
        for frame in decode(span, first_wanted):
            decoded.append(frame.index)
            yield frame

    monkeypatch.setattr(frames_module, "_decode", counted)
    frames = read_frames(open_span(write_video(tmp_path / "clip.mp4", grey_pictures(25))))
    next(frames)
    time.sleep(0.3)
    assert len(decoded) <= 7
    frames.close()


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_an_error_of_any_kind_in_the_decoder_ends_the_reading(tmp_path, monkeypatch):
    def broken(span, first_wanted):
        raise ZeroDivisionError("no such thing")
        yield

    span = open_span(write_video(tmp_path / "clip.mp4", grey_pictures(5)))
    monkeypatch.setattr(frames_module, "_decode", broken)
    with pytest.raises(RuntimeError, match="decoder ended unexpectedly"):
        next(read_frames(span))
    assert decoders() == []


def test_the_decoder_ends_when_its_reader_stops_early(tmp_path):
    frames = read_frames(open_span(write_video(tmp_path / "clip.mp4", grey_pictures(25))))
    next(frames)
    assert len(decoders()) == 1
    frames.close()
    assert decoders() == []


def test_two_readers_of_one_video_do_not_disturb_each_other(tmp_path):
    span = open_span(write_video(tmp_path / "clip.mp4", grey_pictures(10)))
    pairs = list(zip(read_frames(span), read_frames(span), strict=True))
    assert [(number_of(a.image), number_of(b.image)) for a, b in pairs] == [(number, number) for number in range(10)]

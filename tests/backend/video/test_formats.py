"""Videos of many kinds come whole, upright, in their proportions and with the times that they were recorded at."""

import itertools
import math
import os
import sys
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
import pytest

from backend.base.errors import VideoError
from backend.video.frames import open_span, read_frames
from tests.backend.coded_videos import Coding, code_video
from tests.backend.videos import grey_pictures, number_of


def read(path):
    """Return a video's span, frames and warnings."""
    warnings = []
    span = open_span(path)
    return span, list(read_frames(span, warnings.append)), warnings


def resident_megabytes():
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2 ** 20


def detailed_pictures(count, width=64, height=48):
    """Return smooth coloured pictures that move."""
    small = np.random.default_rng(0).integers(0, 256, (height // 8, width // 8, 3), np.uint8)
    picture = cv2.resize(small, (width, height), interpolation=cv2.INTER_CUBIC)
    return [np.roll(picture, number, axis=1) for number in range(count)]


@pytest.mark.parametrize(("name", "coding"), [
    ("clip.mts", Coding(container="mpegts")), ("clip.webm", Coding("libvpx-vp9", options={"deadline": "realtime"})),
    ("clip.mkv", Coding()), ("clip.mov", Coding("mjpeg", "yuvj420p")), ("clip.ts", Coding("mpeg2video", options={"qmin": "1"})),
    ("clip.mp4", Coding("libsvtav1", options={"preset": "12", "crf": "10", "svtav1-params": "log-level=0"})),
    ("clip.mp4", Coding("libx265", options={"x265-params": "log-level=none"})), ("clip.mp4", Coding(pixels="yuv420p10le")),
    ("clip.mkv", Coding("ffv1", "gray")), ("clip.gif", Coding("gif", "rgb8", 20)), ("clip.flv", Coding())])
def test_every_format_gives_every_picture_at_its_time(tmp_path, name, coding):
    span, frames, warnings = read(code_video(tmp_path / name, grey_pictures(20, step=10), coding))
    assert [frame.index for frame in frames] == list(range(20)) == [number_of(frame.image, step=10) for frame in frames]
    np.testing.assert_allclose([frame.timestamp for frame in frames], np.arange(20) / coding.fps, atol=1e-3)
    assert span.fps == pytest.approx(coding.fps) and span.size == (64, 48) and not warnings


@pytest.mark.parametrize("coding", [
    Coding(), Coding(tags={"colorspace": 1}), Coding(tags={"color_range": 2}), Coding(pixels="yuv444p"),
    Coding(pixels="yuv420p10le"), Coding("mjpeg", "yuvj420p")], ids=["plain", "bt709", "full", "444", "10-bit", "mjpeg"])
def test_images_are_those_of_opencvs_reader_bit_for_bit(tmp_path, coding):
    path = code_video(tmp_path / "clip.mov", detailed_pictures(5), coding)
    reader = cv2.VideoCapture(str(path))
    for frame in read(path)[1]:
        np.testing.assert_array_equal(frame.image, reader.read()[1])


def test_sound_that_outlasts_the_pictures_is_no_damage(tmp_path):
    path = code_video(tmp_path / "clip.mkv", grey_pictures(20), Coding(sound_seconds=4.0))
    _, frames, warnings = read(path)
    assert len(frames) == 20 and frames[-1].timestamp == pytest.approx(19 / 30, abs=1e-3) and not warnings


@pytest.mark.parametrize("name", ["clip.mov", "clip.mp4"])
def test_a_track_of_data_beside_the_pictures_is_left_alone(tmp_path, name):
    path = code_video(tmp_path / name, grey_pictures(20), Coding(timecode="01:00:00:00", sound_seconds=0.5))
    with av.open(str(path)) as video:
        assert [stream.type for stream in video.streams] == ["video", "audio", "data"]
    _, frames, warnings = read(path)
    assert [frame.index for frame in frames] == list(range(20)) and not warnings


@pytest.mark.parametrize("name", ["clip.mkv", "clip.ts", "clip.webm"])
def test_times_that_start_late_count_from_the_first_picture(tmp_path, name):
    codec = "libvpx-vp9" if name.endswith("webm") else "libx264"
    coding = Coding(codec, times=[3000 + 100 * number for number in range(20)], unit=1000, fps=10)
    _, frames, warnings = read(code_video(tmp_path / name, grey_pictures(20), coding))
    np.testing.assert_allclose([frame.timestamp for frame in frames], np.arange(20) / 10, atol=1e-3)
    assert len(frames) == 20 and not warnings


def test_pictures_that_were_dropped_leave_gaps_and_the_nominal_rate(tmp_path):
    kept = [number for number in range(24) if number not in (7, 15)]
    pictures = grey_pictures(24)
    path = code_video(tmp_path / "clip.mp4", [pictures[number] for number in kept],
                      Coding(times=[3000 * number for number in kept], unit=90000, options={"bf": "0"}))
    span, frames, _ = read(path)
    assert span.fps == 30.0
    np.testing.assert_allclose([frame.timestamp for frame in frames], np.array(kept) / 30, atol=1e-6)


def test_a_rate_that_counts_fields_is_not_taken_for_the_frames_rate(tmp_path):
    times = [512 * number for number in (0, 1, *range(2, 40, 2))]     # a 60th of a second once, then 30 a second
    span, frames, _ = read(code_video(tmp_path / "clip.mp4", grey_pictures(len(times), step=5),
                                      Coding(times=times, unit=30720, fps=60, options={"bf": "0"})))
    assert span.fps == pytest.approx(len(times) / (40 / 60), rel=0.05)
    np.testing.assert_allclose([frame.timestamp for frame in frames], np.array(times) / 30720, atol=1e-6)


@pytest.mark.parametrize(("aspect", "size"), [
    (Fraction(2), (128, 48)), (Fraction(64, 45), (91, 48)), (Fraction(8, 9), (64, 54)), (Fraction(1280, 1281), (64, 48)),
    (Fraction(50), (64, 48))])
def test_pixels_become_square_and_no_side_becomes_shorter(tmp_path, aspect, size):
    picture = np.zeros((48, 64, 3), np.uint8)
    picture[12:36, 16:48] = 255
    span, frames, _ = read(code_video(tmp_path / "clip.mp4", [picture] * 2, Coding(pixel_aspect=aspect)))
    assert span.size == size and frames[0].image.shape == (size[1], size[0], 3)
    rows, columns = np.nonzero(frames[0].image[..., 1] > 128)
    assert columns.max() - columns.min() + 1 == pytest.approx(size[0] / 2, abs=1)
    assert rows.max() - rows.min() + 1 == pytest.approx(size[1] / 2, abs=1)


@pytest.mark.parametrize("turn", [90, 180, -90])
def test_a_turned_video_comes_upright_by_its_display_matrix(tmp_path, turn):
    upright = np.zeros((48, 64, 3), np.uint8)
    upright[:20, :20] = 255
    lying = np.rot90(upright, -turn // 90)
    span, frames, _ = read(code_video(tmp_path / "clip.mp4", [lying] * 2, Coding(turn=turn)))
    assert span.size == (64, 48)
    assert np.abs(frames[0].image.astype(int) - upright)[2:-2, 2:-2].mean() < 4


def test_a_turned_video_with_wide_pixels_is_stretched_before_the_turn(tmp_path):
    span, _, _ = read(code_video(tmp_path / "clip.mp4", grey_pictures(2), Coding(turn=90, pixel_aspect=Fraction(2))))
    assert span.size == (48, 128)


def test_interlaced_pictures_become_whole_ones_at_the_same_times(tmp_path):
    pictures = []
    for number in range(12):      # a bar that moves by 8 px between the two fields of a picture
        fields = [np.full((96, 128, 3), 30, np.uint8) for _ in range(2)]
        for later, field in enumerate(fields):
            left = 8 * (2 * number + later) % 100
            field[:, left:left + 20] = 220
        woven = fields[0].copy()
        woven[1::2] = fields[1][1::2]
        pictures.append(woven)
    options = {"x264-params": "interlaced=1:tff=1", "bf": "0"}
    span, frames, _ = read(code_video(tmp_path / "clip.mp4", pictures, Coding(fps=25, options=options)))
    assert [frame.index for frame in frames] == list(range(12)) and span.size == (128, 96)
    np.testing.assert_allclose([frame.timestamp for frame in frames], np.arange(12) / 25, atol=1e-6)
    for number, frame in enumerate(frames[1:-1], start=1):
        lines = frame.image[..., 1].astype(int)
        assert np.abs(lines[10:-10:2] - lines[11:-9:2]).mean() < 0.3 * np.abs(
            pictures[number][10:-10:2, :, 1].astype(int) - pictures[number][11:-9:2, :, 1]).mean()


def test_white_of_an_hdr_video_is_white_and_grey_stays_grey(tmp_path):
    def code_of(nits):      # SMPTE ST 2084, its inverse EOTF
        part = (nits / 10000) ** (2610 / 16384)
        return ((3424 / 4096 + 2413 / 128 * part) / (1 + 2392 / 128 * part)) ** (2523 / 32)
    levels = [round(255 * code_of(nits)) for nits in (0.0, 203 * 0.18, 203.0, 4000.0)]
    picture = np.repeat(np.array(levels, np.uint8), 32)[None, :, None].repeat(48, 0).repeat(3, 2)
    path = code_video(tmp_path / "clip.mp4", [picture] * 2,
                      Coding(pixels="yuv420p10le", tags={"color_trc": 16, "color_primaries": 9, "colorspace": 9}))
    shown = read(path)[1][0].image[24, 16::32, 1].astype(int)
    grey = 255 * (1.055 * 0.18 ** (1 / 2.4) - 0.055)
    assert shown[0] == 0 and math.isclose(shown[1], grey, abs_tol=4) and 225 < shown[2] < 250 < shown[3]


@pytest.mark.skipif(sys.platform != "linux", reason="only there does /proc tell the memory")
@pytest.mark.parametrize("turn", [0, 90])
def test_memory_does_not_grow_with_the_frames(tmp_path, turn):
    path = code_video(tmp_path / "clip.mp4", [np.zeros((720, 1280, 3), np.uint8)] * 150, Coding(turn=turn))
    frames = read_frames(open_span(path))
    before = [resident_megabytes() for _ in itertools.islice(frames, 20)][-1]
    after = [resident_megabytes() for _ in frames][-1]
    assert after - before < 60      # a decoded picture takes 1.4 MB


def test_odd_sizes_and_a_single_picture(tmp_path):
    span, frames, _ = read(code_video(tmp_path / "clip.mkv", grey_pictures(1, 63, 47), Coding("ffv1", "bgr0")))
    assert span.size == (63, 47) and [(frame.index, frame.timestamp) for frame in frames] == [(0, 0.0)]


@pytest.mark.parametrize("name", ["clip.mkv", "clip.webm", "clip.avi"])
def test_a_file_that_was_cut_tells_how_many_frames_are_there(tmp_path, name):
    codec = {"clip.webm": "libvpx-vp9", "clip.mkv": "libx264", "clip.avi": "mjpeg"}[name]
    noise = np.random.default_rng(0).integers(0, 256, (60, 48, 64, 3), np.uint8)
    path = code_video(tmp_path / name, list(noise), Coding(codec, "yuvj420p" if codec == "mjpeg" else "yuv420p"))
    path.write_bytes(path.read_bytes()[:path.stat().st_size // 2])
    with pytest.raises(VideoError, match=r"truncated: only [23]\d of 60 frames can be read") as caught:
        open_span(path)
    end = float(caught.value.advice.rpartition("--end ")[2].rstrip("."))
    count = int(str(caught.value).partition("only ")[2].split()[0])
    assert len(list(read_frames(open_span(path, 0.0, end)))) in (count - 1, count)


def test_a_transport_stream_that_was_cut_is_read_with_a_warning(tmp_path):
    noise = np.random.default_rng(0).integers(0, 256, (60, 48, 64, 3), np.uint8)
    path = code_video(tmp_path / "clip.ts", list(noise), Coding(options={"bf": "0"}))
    path.write_bytes(path.read_bytes()[:path.stat().st_size // 2])
    _, frames, warnings = read(path)
    assert 25 <= len(frames) <= 35
    assert len(warnings) == 1 and f"of {len(frames)} pictures of clip.ts are damaged" in warnings[0]

"""Numbered pictures, animated WebP and animated GIF are read as videos."""

import struct
from pathlib import Path

import cv2
import numpy as np
import pytest

from backend.base.errors import VideoError
from backend.video.frames import open_span, read_frames
from backend.video.picture_files import read_picture_size
from tests.backend.videos import grey_pictures, number_of


def write_pictures(folder, pictures, first=1, suffix=".png", name="shot_{:04d}"):
    folder.mkdir(exist_ok=True)
    for number, picture in enumerate(pictures, start=first):
        assert cv2.imwrite(str(folder / f"{name.format(number)}{suffix}"), picture)
    return folder


def read(path, *span, **options):
    return list(read_frames(open_span(path, *span, **options)))


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".tif", ".bmp", ".webp"])
def test_numbered_pictures_are_frames_at_their_rate(tmp_path, suffix):
    folder = write_pictures(tmp_path / "100% #1", grey_pictures(6), first=7, suffix=suffix)
    span = open_span(folder, picture_fps=24.0)
    assert (span.size, span.fps, span.frame_count) == ((64, 48), 24.0, 6)
    frames = list(read_frames(span))
    assert [number_of(frame.image) for frame in frames] == [frame.index for frame in frames] == list(range(6))
    np.testing.assert_allclose([frame.timestamp for frame in frames], np.arange(6) / 24, atol=1e-6)


@pytest.mark.parametrize("name", ["shot_%04d.png", "shot_####.png", "shot_0001.png"])
def test_a_pattern_and_the_first_picture_are_read_too(tmp_path, name):
    folder = write_pictures(tmp_path / "shots", grey_pictures(4))
    assert [number_of(frame.image) for frame in read(folder / name)] == [0, 1, 2, 3]


def test_a_rate_that_is_no_whole_number_is_kept(tmp_path):
    frames = read(write_pictures(tmp_path / "shots", grey_pictures(5)), picture_fps=24000 / 1001)
    assert frames[4].timestamp == pytest.approx(4 * 1001 / 24000, abs=1e-6)


def test_a_span_of_seconds_is_read(tmp_path):
    folder = write_pictures(tmp_path / "shots", grey_pictures(20))
    assert [frame.index for frame in read(folder, 0.5, 1.0, picture_fps=10.0)] == [5, 6, 7, 8, 9]


def test_sixteen_bits_transparency_and_grey_become_usual_images(tmp_path):
    colour = np.zeros((48, 64, 4), np.uint8)
    colour[..., :] = (10, 100, 200, 255)
    for number, picture in enumerate((colour, colour.astype(np.uint16) * 257)):
        folder = write_pictures(tmp_path / str(number), [picture] * 2)
        np.testing.assert_allclose(read(folder)[1].image, np.broadcast_to(colour[..., :3], (48, 64, 3)), atol=1)
    grey = write_pictures(tmp_path / "grey", [np.full((48, 64), 77, np.uint8)] * 2)
    assert read(grey)[0].image.shape == (48, 64, 3) and abs(read(grey)[0].image - 77.0).max() <= 1


def error_of(path):
    with pytest.raises(VideoError) as caught:
        read(path)
    assert caught.value.advice
    return str(caught.value)


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".bmp"])
def test_pictures_of_different_sizes_are_refused(tmp_path, suffix):
    folder = write_pictures(tmp_path / "shots", [*grey_pictures(3), *grey_pictures(1, 32, 24), *grey_pictures(1)], suffix=suffix)
    assert error_of(folder) == f"{folder}/shot_0004{suffix} has 32 x 24 px, the pictures before it have 64 x 48."


def test_missing_numbers_and_single_pictures_are_refused(tmp_path):
    folder = write_pictures(tmp_path / "shots", grey_pictures(5))
    (folder / "shot_0003.png").unlink()
    assert "numbers are missing: 3." in error_of(folder)
    write_pictures(tmp_path / "one", grey_pictures(1))
    assert "is a picture, not a video" in error_of(tmp_path / "one" / "shot_0001.png")


def test_a_damaged_picture_is_told_and_the_others_are_read(tmp_path):
    folder = write_pictures(tmp_path / "shots", grey_pictures(5), suffix=".jpg")
    (folder / "shot_0003.jpg").write_bytes(b"no picture")
    warnings = []
    frames = list(read_frames(open_span(folder), warnings.append))
    assert [number_of(frame.image) for frame in frames] == [0, 1, 3, 4] and "1 of 5 pictures" in warnings[0]
    np.testing.assert_allclose([frame.timestamp for frame in frames], np.array((0, 1, 3, 4)) / 30, atol=1e-6)


@pytest.mark.parametrize("suffix", [".png", ".jpg"])
def test_the_size_in_a_header_is_that_of_the_picture(tmp_path, suffix):
    write_pictures(tmp_path, [np.random.default_rng(0).integers(0, 255, (33, 70, 3), np.uint8)], suffix=suffix)
    assert read_picture_size(tmp_path / f"shot_0001{suffix}") == (70, 33)


@pytest.mark.parametrize(("orientation", "place"), [(1, (0, 0)), (6, (0, 1)), (8, (1, 0)), (3, (1, 1))])
def test_photographs_are_turned_as_their_orientation_says(tmp_path, orientation, place):
    picture = np.zeros((48, 64, 3), np.uint8)
    picture[:24, :32] = 255     # its upper left quarter; `place`: row and column of the quarter where that is shown
    folder = write_pictures(tmp_path / "shots", [picture] * 2, suffix=".jpg")
    exif = b"Exif\0\0II*\0" + struct.pack("<IHHHIHHI", 8, 1, 0x0112, 3, 1, orientation, 0, 0)
    for path in folder.iterdir():
        content = path.read_bytes()
        path.write_bytes(content[:2] + b"\xff\xe1" + struct.pack(">H", len(exif) + 2) + exif + content[2:])
    for frame in read(folder):
        height, width = frame.image.shape[:2]
        quarters = frame.image[..., 0].reshape(2, height // 2, 2, width // 2).mean((1, 3))
        assert np.unravel_index(quarters.argmax(), (2, 2)) == place
        assert (height, width) == ((48, 64) if orientation in (1, 3) else (64, 48))


def write_animation(path: Path, frames, milliseconds):
    animation = cv2.Animation()
    animation.frames, animation.durations = frames, milliseconds
    lossless = [cv2.IMWRITE_WEBP_QUALITY, 101] if path.suffix == ".webp" else []
    assert cv2.imwriteanimation(str(path), animation, lossless)
    return path


@pytest.mark.parametrize("suffix", [".webp", ".gif"])
def test_animations_are_read_with_their_times(tmp_path, suffix):
    path = write_animation(tmp_path / f"loop{suffix}", grey_pictures(5), [40, 40, 80, 40, 40])
    span = open_span(path)
    frames = list(read_frames(span))
    assert span.size == (64, 48) and [number_of(frame.image) for frame in frames] == list(range(5))
    np.testing.assert_allclose([frame.timestamp for frame in frames], (0, 0.04, 0.08, 0.16, 0.2), atol=1e-6)


def test_an_animated_webp_is_composed_of_changed_parts_as_its_own_library_does(tmp_path):
    random = np.random.default_rng(0)
    frames = [random.integers(0, 255, (48, 64, 3), np.uint8)]
    for number in range(1, 6):      # a square moves over a still background: the file holds only what changes
        frames.append(frames[0].copy())
        frames[-1][10:20, 6 * number:6 * number + 10] = 255
    with_alpha = [cv2.cvtColor(frame, cv2.COLOR_BGR2BGRA) for frame in frames]
    path = write_animation(tmp_path / "loop.webp", with_alpha, [50] * 6)
    assert path.stat().st_size < 2.2 * 48 * 64 * 3
    for frame, expected in zip(read(path), frames, strict=True):
        np.testing.assert_array_equal(frame.image, expected)
    assert open_span(path).fps == pytest.approx(20)


@pytest.mark.parametrize("share", [0.3, 0.6, 0.95])
def test_an_animated_webp_that_was_cut_is_refused(tmp_path, share):
    content = write_animation(tmp_path / "loop.webp", grey_pictures(5), [40] * 5).read_bytes()
    (tmp_path / "cut.webp").write_bytes(content[:int(share * len(content))])
    assert "truncated or damaged" in error_of(tmp_path / "cut.webp")


def test_a_single_webp_or_gif_picture_is_no_video(tmp_path):
    cv2.imwrite(str(tmp_path / "still.webp"), grey_pictures(1)[0])
    assert "is a picture, not a video" in error_of(tmp_path / "still.webp")

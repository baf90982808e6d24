import struct

import numpy as np
import pytest

from backend.base.errors import OptionError, VideoError
from backend.video.frames import open_span, read_frames
from tests.backend.videos import grey_pictures, write_video


def noisy_pictures(count):
    generator = np.random.default_rng(0)
    return [generator.integers(0, 256, (48, 64, 3), np.uint8) for _ in range(count)]


def error_of(path, *span):
    """Return the one error that reading a video to its end gives; it names the file and says what to do."""
    with pytest.raises(VideoError) as caught:
        list(read_frames(open_span(path, *span)))
    assert str(path) in str(caught.value) and caught.value.advice
    return str(caught.value)


def test_a_missing_file(tmp_path):
    assert "There is no file" in error_of(tmp_path / "nowhere.mp4")


def test_a_folder(tmp_path):
    folder = tmp_path / "clips.mp4"
    folder.mkdir()
    assert "is a folder" in error_of(folder)


def test_an_empty_file(tmp_path):
    (tmp_path / "empty.mp4").touch()
    assert "is empty" in error_of(tmp_path / "empty.mp4")


@pytest.mark.parametrize("content", [b"Dear diary,\n" * 500, b"x", b"\x00" * 4096, b"<html>404</html>", b"%PDF-1.7\n"])
def test_something_else_that_is_named_mp4(tmp_path, content):
    (tmp_path / "text.mp4").write_bytes(content)
    assert "is not a video" in error_of(tmp_path / "text.mp4")


def test_an_mp4_that_lost_its_index(tmp_path):
    path = write_video(tmp_path / "clip.mp4", noisy_pictures(30))
    path.write_bytes(path.read_bytes()[:path.stat().st_size // 2])
    assert "truncated" in error_of(path)


def test_an_avi_that_was_cut_in_half_is_not_taken_for_a_short_one(tmp_path):
    path = write_video(tmp_path / "clip.avi", noisy_pictures(60), fourcc="MJPG")
    path.write_bytes(path.read_bytes()[:path.stat().st_size // 2])
    assert "truncated" in error_of(path)


def test_what_a_cut_file_still_holds_can_be_captured_with_end(tmp_path):
    path = write_video(tmp_path / "clip.avi", noisy_pictures(60), fourcc="MJPG")
    path.write_bytes(path.read_bytes()[:path.stat().st_size // 2])
    with pytest.raises(VideoError) as caught:
        list(read_frames(open_span(path)))
    end = float(caught.value.advice.rpartition("--end ")[2].rstrip("."))
    assert len(list(read_frames(open_span(path, 0.0, end)))) >= 20


def test_an_mp4_whose_index_points_beyond_its_end(tmp_path):
    path = write_video(tmp_path / "clip.mp4", noisy_pictures(60))
    content = path.read_bytes()
    pictures, index = content.find(b"mdat") - 4, content.find(b"moov") - 4
    # The index in front, as web videos have it, its offsets moved with the pictures; then the download breaks off.
    moved = bytearray(content[index:])
    table = moved.find(b"stco") + 8
    for entry in range(struct.unpack_from(">I", moved, table)[0]):
        place = table + 4 + 4 * entry
        struct.pack_into(">I", moved, place, struct.unpack_from(">I", moved, place)[0] + len(moved))
    whole = content[:pictures] + bytes(moved) + content[pictures:index]
    path.write_bytes(whole)
    assert len(list(read_frames(open_span(path)))) == 60
    path.write_bytes(whole[:len(whole) // 2])
    assert "truncated" in error_of(path)


def test_a_video_without_frames(tmp_path):
    path = tmp_path / "none.avi"
    content = bytearray(write_video(path, grey_pictures(2), fourcc="MJPG").read_bytes())
    movie = content.find(b"movi")
    del content[movie + 4:]
    struct.pack_into("<I", content, movie - 4, 4)
    struct.pack_into("<I", content, 4, len(content) - 8)
    path.write_bytes(content)
    error_of(path)


def test_pictures_without_a_size(tmp_path):
    path = tmp_path / "flat.y4m"
    path.write_bytes(b"YUV4MPEG2 W0 H0 F30:1 Ip C420\n" + b"FRAME\n" * 10)
    error_of(path)


def test_pictures_that_cannot_be_decoded(tmp_path):
    path = write_video(tmp_path / "clip.mp4", noisy_pictures(30))
    content = bytearray(path.read_bytes())
    start, end = content.find(b"mdat") + 4, content.find(b"moov") - 4
    content[start:end] = b"\x00" * (end - start)
    path.write_bytes(content)
    error_of(path)


def test_a_sound_file_holds_no_video(tmp_path):
    samples = b"\x00\x00" * 8000
    header = struct.pack("<4sI4s4sIHHIIHH4sI", b"RIFF", 36 + len(samples), b"WAVE", b"fmt ", 16, 1, 1, 8000, 16000, 2, 16,
                         b"data", len(samples))
    (tmp_path / "sound.wav").write_bytes(header + samples)
    assert "no video stream" in error_of(tmp_path / "sound.wav")


def test_a_start_after_the_end_of_the_video(tmp_path):
    path = write_video(tmp_path / "clip.mp4", grey_pictures(25), fps=25)
    assert "1.00 s long" in error_of(path, 1.0)


@pytest.mark.parametrize("span", [(2.0, 1.0), (1.0, 1.0), (-1.0, 1.0), (0.0, float("nan"))])
def test_a_span_that_is_empty(tmp_path, span):
    with pytest.raises(OptionError, match="empty"):
        open_span(write_video(tmp_path / "clip.mp4", grey_pictures(2)), *span)


def test_a_span_between_two_frames_has_no_frames(tmp_path):
    path = write_video(tmp_path / "clip.mp4", grey_pictures(25), fps=25)
    assert "no frames between" in error_of(path, 0.41, 0.43)


def test_a_file_that_may_not_be_read(tmp_path):
    path = write_video(tmp_path / "clip.mp4", grey_pictures(2))
    path.chmod(0)
    try:
        path.open("rb").close()
    except PermissionError:
        assert "Permission denied" in error_of(path)
    else:
        pytest.skip("root may read everything")

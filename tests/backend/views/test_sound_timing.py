"""The time between two videos by their sound: recordings of one room, and of two."""

from fractions import Fraction

import av
import numpy as np
import pytest

from backend.video.sound import Sound, read_sound
from backend.views.sound_timing import find_sound_offset
from backend.views.view import OtherView, hear_offsets
from tests.backend.videos import grey_pictures, write_video

RATE = 48_000


def record(path, room, rate=RATE, late=0.0):
    """Write a room's sound (N,) at 48,000 samples a second as a video with sound; late: seconds before it of pictures alone."""
    samples = np.interp(np.arange(int(len(room) * rate / RATE)) * RATE / rate, np.arange(len(room)), room).astype(np.float32)
    with av.open(str(path), "w") as container:
        pictures, sound = container.add_stream("libx264", rate=25), container.add_stream("aac", rate=rate)
        pictures.width, pictures.height, pictures.pix_fmt, sound.layout = 64, 48, "yuv420p", "mono"
        for number in range(int((len(room) / RATE + late) * 25)):
            picture = av.VideoFrame.from_ndarray(np.full((48, 64, 3), number % 200, np.uint8), format="rgb24")
            picture.pts, picture.time_base = number, Fraction(1, 25)
            container.mux(pictures.encode(picture))
        container.mux(pictures.encode())
        for start in range(0, len(samples) - 1023, 1024):
            piece = av.AudioFrame.from_ndarray(samples[None, start:start + 1024], format="fltp", layout="mono")
            piece.rate, piece.pts, piece.time_base = rate, start + round(late * rate), Fraction(1, rate)
            container.mux(sound.encode(piece))
        container.mux(sound.encode())
    return path


def make_room(seed, seconds=24):
    """Return the sound of a room in which something is heard three times in two seconds."""
    rng = np.random.default_rng(seed)
    room = np.zeros(int(seconds * RATE))
    for start in (rng.uniform(0, seconds - 0.2, int(1.5 * seconds)) * RATE).astype(int):
        fading = np.exp(-np.arange(int(0.15 * RATE)) / (0.02 * RATE))
        room[start:start + len(fading)] += rng.normal(size=len(fading)) * fading * rng.uniform(0.05, 0.4)
    return room


def heard(room, start, seconds, seed, loudness=1.0):
    """Return what a phone hears of a room from a second on, with noise."""
    part = room[int(start * RATE):int((start + seconds) * RATE)]
    return loudness * part + np.random.default_rng(seed).normal(size=len(part)) * 0.006


@pytest.mark.parametrize(("start", "rate", "late", "suffix"), [(5.31, 44_100, 0.0, "mp4"), (3.17, 48_000, 0.25, "mkv")])
def test_the_offset_of_two_recordings_of_one_room_is_found_within_four_milliseconds(tmp_path, start, rate, late, suffix):
    room = make_room(1)
    first = read_sound(record(tmp_path / "a.mp4", heard(room, 4, 10, 7)))
    other = read_sound(record(tmp_path / f"b.{suffix}", heard(room, start, 9, 8, 0.4), rate, late))
    assert find_sound_offset(first, other) == pytest.approx(4 - start + late, abs=0.004)


def rises(room):
    """Return a room's sound as it is read, without a file."""
    power = (room[::6][:len(room) // 240 * 40].reshape(-1, 40) ** 2).mean(1)
    loudness = np.log(np.sqrt(power) + 1e-3)
    return Sound(np.maximum(np.diff(loudness, prepend=loudness[0]), 0), 0.0)


@pytest.mark.parametrize("seed", range(20))
def test_recordings_of_two_rooms_have_no_offset(seed):
    first, other = (rises(heard(make_room(number), 0, 20, number)) for number in (100 + seed, 900 + seed))
    assert find_sound_offset(first, other) is None


def test_beats_that_repeat_do_not_tell_the_offset():
    beats = np.tile(make_room(3, 1), 20)
    assert find_sound_offset(rises(heard(beats, 0, 12, 1)), rises(heard(beats, 3, 12, 2))) is None


def test_one_bang_in_each_is_not_taken_for_the_same():
    bang = np.zeros(10 * RATE)
    bang[4 * RATE:4 * RATE + 4000] = 0.5
    assert find_sound_offset(rises(heard(bang, 0, 10, 1)), rises(heard(np.roll(bang, 9000), 0, 10, 2))) is None


def test_a_video_without_sound_is_not_heard_and_a_given_offset_stays(tmp_path):
    silent = write_video(tmp_path / "silent.mp4", grey_pictures(5))
    loud = record(tmp_path / "loud.mp4", heard(make_room(1), 0, 6, 1))
    assert read_sound(silent) is None
    heard_of = [other.heard for other in hear_offsets(loud, [OtherView(loud), OtherView(loud, 0.5), OtherView(silent)])]
    assert heard_of == [pytest.approx(0.0, abs=1e-6), None, None]

"""The focal length in a phone's video, written box by box."""

import math
import struct

import pytest

from backend.base.pinhole import camera_matrix
from backend.video.lens_tags import fov_from_focal_length, read_focal_length_35mm

KEY = b"com.apple.quicktime.camera.focal_length.35mm_equivalent"


def box(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I4s", 8 + len(content), kind) + content


def video(tmp_path, value: bytes, kind: int = 21, key: bytes = KEY, meta_header: bytes = b""):
    names = (b"com.apple.quicktime.make", key)
    keys = box(b"keys", struct.pack(">II", 0, len(names)) + b"".join(box(b"mdta", name) for name in names))
    make = struct.pack(">II", 8 + 16 + 5, 1) + box(b"data", struct.pack(">II", 1, 0) + b"Maker")
    focal = struct.pack(">II", 8 + 16 + len(value), 2) + box(b"data", struct.pack(">II", kind, 0) + value)
    meta = box(b"meta", meta_header + box(b"hdlr", bytes(24)) + keys + box(b"ilst", make + focal))
    path = tmp_path / "phone.mov"
    path.write_bytes(box(b"ftyp", b"qt  ") + box(b"mdat", bytes(1000)) + box(b"moov", box(b"mvhd", bytes(100)) + meta))
    return path


@pytest.mark.parametrize(("value", "kind"), [(struct.pack(">i", 26), 21), (b"26", 1), (struct.pack(">f", 26.0), 23)])
def test_focal_length_is_read_as_integer_text_or_float(tmp_path, value, kind):
    assert read_focal_length_35mm(video(tmp_path, value, kind)) == 26.0


def test_mp4_meta_box_with_version_is_read_too(tmp_path):
    assert read_focal_length_35mm(video(tmp_path, struct.pack(">i", 26), meta_header=bytes(4))) == 26.0


@pytest.mark.parametrize("value", [struct.pack(">i", 0), struct.pack(">i", 90000), b""])
def test_impossible_focal_length_counts_as_none(tmp_path, value):
    assert read_focal_length_35mm(video(tmp_path, value)) is None


def test_other_keys_give_nothing(tmp_path):
    assert read_focal_length_35mm(video(tmp_path, struct.pack(">i", 26), key=b"com.apple.quicktime.model")) is None


def test_any_cut_or_foreign_file_gives_nothing(tmp_path, sample_clip):
    assert read_focal_length_35mm(sample_clip) is None
    whole = video(tmp_path, struct.pack(">i", 26)).read_bytes()
    path = tmp_path / "cut.mov"
    for length in range(0, len(whole) - 1, 7):
        path.write_bytes(whole[:length])
        assert read_focal_length_35mm(path) is None


def test_full_frame_lens_of_26_mm_sees_its_angle_across_the_long_side():
    fov = fov_from_focal_length(26.0, (3600, 2400))
    assert fov == pytest.approx(math.degrees(2 * math.atan(18 / 26)))
    assert camera_matrix((3600, 2400), fov)[0, 0] == pytest.approx(2600)

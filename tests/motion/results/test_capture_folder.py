from dataclasses import replace

import numpy as np
import pytest

from mpsnet_blender.motion.results.capture_folder import open_capture, read_motions
from mpsnet_blender.shared.capture_listing import CaptureListing, ListedPerson, write_listing
from mpsnet_blender.shared.motion_file import MotionFileError, new_motion, write_motion


def _write_capture(folder, starts=(0.5, 2.0), **changes):
    people = []
    for number, start in enumerate(starts, start=1):
        motion = new_motion(poses=np.zeros((4, 72)), trans=np.zeros((4, 3)), mocap_framerate=30.0,
                        timestamps=start + np.arange(4) / 30)
        write_motion(folder / f"person_{number:02d}.npz", motion)
        people.append(ListedPerson(number, f"person_{number:02d}.npz", f"person_{number:02d}.jpg",
                                   start_seconds=start, end_seconds=start + 0.1))
    listing = CaptureListing(video="/videos/clip.mp4", fps=30.0, people=tuple(people))
    write_listing(folder / "people.json", replace(listing, **changes))


def test_a_folder_gives_people_video_and_missing_thumbnails(tmp_path):
    _write_capture(tmp_path)
    capture = open_capture(tmp_path)
    assert (capture.name, capture.listing.fps) == ("clip", 30.0)
    assert [capture.motion_path(person) for person in capture.people] == [tmp_path / "person_01.npz", tmp_path / "person_02.npz"]
    (tmp_path / "person_02.jpg").write_bytes(b"any picture")
    assert [capture.thumbnail(person) for person in capture.people] == [None, tmp_path / "person_02.jpg"]
    assert open_capture(tmp_path / "people.json") == capture


def test_people_imported_one_by_one_keep_the_captures_clock(tmp_path):
    _write_capture(tmp_path)
    read = read_motions(open_capture(tmp_path), person_ids={2})
    assert [person.person_id for person, _ in read.motions] == [2]
    assert read.origin_seconds == 0.5


def test_the_capture_gives_the_times_of_all_pictures_with_a_person(tmp_path):
    _write_capture(tmp_path)
    np.testing.assert_array_equal(read_motions(open_capture(tmp_path), person_ids={2}).picture_times,
                                  np.concatenate((0.5 + np.arange(4) / 30, 2.0 + np.arange(4) / 30)))


def test_one_broken_file_leaves_the_others(tmp_path):
    _write_capture(tmp_path)
    (tmp_path / "person_01.npz").write_bytes(b"PK\x03\x04 cut off")
    read = read_motions(open_capture(tmp_path))
    assert [person.person_id for person, _ in read.motions] == [2]
    assert len(read.failures) == 1 and "person_01.npz" in read.failures[0]


def test_a_single_file_learns_of_the_video_from_the_listing_beside_it(tmp_path):
    _write_capture(tmp_path)
    capture = open_capture(tmp_path / "person_02.npz")
    assert len(capture.people) == 1 and capture.listing.video == "/videos/clip.mp4"
    assert read_motions(capture).origin_seconds == 2.0


def test_a_folder_without_listing_gives_its_motion_files(tmp_path):
    _write_capture(tmp_path)
    (tmp_path / "people.json").unlink()
    capture = open_capture(tmp_path)
    assert [capture.motion_path(person).name for person in capture.people] == ["person_01.npz", "person_02.npz"]
    assert capture.name == tmp_path.name


def test_a_capture_of_an_unnamed_video_is_called_like_its_folder(tmp_path):
    _write_capture(tmp_path, video="")
    assert open_capture(tmp_path).name == tmp_path.name


@pytest.mark.parametrize("content", ["", '{"format_version": 2}', '{"format_version": 1, "people": [{}]}', "[" * 100_000])
def test_a_damaged_listing_is_a_clear_error_and_blocks_no_file(tmp_path, content):
    _write_capture(tmp_path)
    (tmp_path / "people.json").write_text(content)
    with pytest.raises(MotionFileError, match=r"people\.json .* Import the \.npz files one by one"):
        open_capture(tmp_path)
    capture = open_capture(tmp_path / "person_02.npz")
    assert (capture.name, capture.listing.video) == ("person_02", "")
    assert read_motions(capture).origin_seconds == 2.0


def test_nothing_there_is_a_clear_error(tmp_path):
    with pytest.raises(MotionFileError, match="holds no capture"):
        open_capture(tmp_path)
    with pytest.raises(MotionFileError, match="no file or folder"):
        open_capture(tmp_path / "missing")

import json

import numpy as np
import pytest

from mpsnet_blender.motion.formats.capture_folder import open_capture, read_motions
from mpsnet_blender.shared.motion_file import Motion, MotionFileError, write_motion


def _write_capture(folder, starts=(0.5, 2.0), **changes):
    people = []
    for number, start in enumerate(starts, start=1):
        motion = Motion(poses=np.zeros((4, 72)), trans=np.zeros((4, 3)), mocap_framerate=30.0,
                        timestamps=start + np.arange(4) / 30)
        write_motion(folder / f"person_{number:02d}.npz", motion)
        people.append({"id": number, "file": f"person_{number:02d}.npz", "start_seconds": start, "end_seconds": start + 0.1,
                       "thumbnail": f"person_{number:02d}.jpg"})
    listing = {"format_version": 1, "video": "/videos/clip.mp4", "fps": 30.0, "people": people, **changes}
    (folder / "people.json").write_text(json.dumps(listing))


def test_a_folder_tells_people_video_and_missing_thumbnails(tmp_path):
    _write_capture(tmp_path)
    capture = open_capture(tmp_path)
    assert (capture.name, capture.video_fps) == ("clip", 30.0)
    assert [person.person_id for person in capture.people] == [1, 2]
    assert capture.people[0].thumbnail is None
    assert open_capture(tmp_path / "people.json") == capture


def test_people_imported_one_by_one_keep_the_captures_clock(tmp_path):
    _write_capture(tmp_path)
    read = read_motions(open_capture(tmp_path), person_ids={2})
    assert [person.person_id for person, _ in read.motions] == [2]
    assert read.origin_seconds == 0.5


def test_one_broken_file_leaves_the_others(tmp_path):
    _write_capture(tmp_path)
    (tmp_path / "person_01.npz").write_bytes(b"PK\x03\x04 cut off")
    read = read_motions(open_capture(tmp_path))
    assert [person.person_id for person, _ in read.motions] == [2]
    assert len(read.failures) == 1 and "person_01.npz" in read.failures[0]


def test_a_single_file_learns_of_the_video_from_the_listing_beside_it(tmp_path):
    _write_capture(tmp_path)
    capture = open_capture(tmp_path / "person_02.npz")
    assert len(capture.people) == 1 and capture.video.name == "clip.mp4"
    assert read_motions(capture).origin_seconds == 2.0


def test_a_folder_without_listing_gives_its_motion_files(tmp_path):
    _write_capture(tmp_path)
    (tmp_path / "people.json").unlink()
    assert len(open_capture(tmp_path).people) == 2


@pytest.mark.parametrize("changes", [
    {"format_version": 2}, {"people": []}, {"people": [{}]}, {"people": None}, {"fps": "x"}])
def test_a_damaged_listing_is_a_clear_error(tmp_path, changes):
    _write_capture(tmp_path, **changes)
    with pytest.raises(MotionFileError, match=r"people\.json"):
        open_capture(tmp_path)


def test_nothing_there_is_a_clear_error(tmp_path):
    with pytest.raises(MotionFileError, match="holds no capture"):
        open_capture(tmp_path)
    with pytest.raises(MotionFileError, match="no file or folder"):
        open_capture(tmp_path / "missing")


def test_a_captures_own_judgement_is_read_where_there_is_one(tmp_path):
    _write_capture(tmp_path)
    listing = json.loads((tmp_path / "people.json").read_text())
    listing["people"][0]["quality"] = {"grade": "amber", "advice": "Feet slide.", "foot_slide_mm": 9.5}
    listing["people"][1]["quality"] = None
    (tmp_path / "people.json").write_text(json.dumps(listing))
    first, second = open_capture(tmp_path).people
    assert (first.grade, first.advice) == ("amber", "Feet slide.")
    assert (second.grade, second.advice) == ("", "")

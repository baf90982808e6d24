"""`people.json`: what is written is read back, and everything else is one clear error."""

import json
import os
from dataclasses import fields, replace

import pytest

from mpsnet_blender.shared.capture_listing import (
    MOST_TURNS,
    CaptureListing,
    ListedPerson,
    ListedView,
    ListingError,
    Quality,
    is_capture_file,
    motion_name,
    read_listing,
    thumbnail_name,
    write_listing,
)

QUALITY = Quality(5.81, 174.3, 12.0, 3.25, 8.5, 4.12, 0.9, 2.6, 0.97, 2, "amber", "Feet slide.")
PERSON = ListedPerson(1, "person_01.npz", "person_01.jpg", 3, 299, 0.1, 9.967, 1.72, 0.9733, 2, 4.12, QUALITY, 6.3)
LISTING = CaptureListing("keypoints", "best", "/videos/Tänzerin 动作.mp4", 29.97, (960, 720), 300, 1.7, -4.25, 0.5, False,
                         "preview.mp4", people=(PERSON, replace(PERSON, person_id=2, file="person_02.npz", thumbnail=None)))


@pytest.fixture
def path(tmp_path):
    return tmp_path / "people.json"


def written(path, **changes):
    """Write a good listing with some keys changed, or without those that are `...`; return its path."""
    contents = {"format_version": 1, "video": "/clip.mp4", "people": [{"id": 1, "file": "person_01.npz"}], **changes}
    path.write_text(json.dumps({key: value for key, value in contents.items() if value is not ...}))
    return path


def with_person(path, **changes):
    """Write a good listing whose second person has some keys changed, or lacks those that are `...`."""
    person = {"id": 2, "file": "person_02.npz", **changes}
    kept = {key: value for key, value in person.items() if value is not ...}
    return written(path, people=[{"id": 1, "file": "person_01.npz"}, kept])


def test_a_listing_comes_back_as_it_was_written(path):
    write_listing(path, LISTING)
    assert read_listing(path) == LISTING


def test_the_file_has_the_keys_that_scripts_rely_on(path):
    write_listing(path, LISTING)
    contents = json.loads(path.read_text(encoding="ascii"))
    assert list(contents) == ["format_version", "engine", "landmark_quality", "video", "fps", "image_size", "frame_count",
                              "stature", "camera_pitch_degrees", "camera_roll_degrees", "camera_moves", "preview", "people",
                              "views"]
    assert list(contents["people"][0]) == [
        "id", "file", "thumbnail", "first_frame", "last_frame", "start_seconds", "end_seconds", "stature", "visible_share",
        "sides_repaired_frames", "reprojection_error_px", "quality", "unrefined_reprojection_error_px"]
    assert list(contents["people"][0]["quality"]) == [item.name for item in fields(Quality)]
    assert (contents["format_version"], contents["image_size"], contents["people"][1]["thumbnail"]) == (1, [960, 720], None)


def test_missing_keys_of_earlier_versions_and_added_ones_of_later_versions_are_no_error(path):
    listing = read_listing(with_person(path, quality=None, colour="red"))
    assert listing.people[1] == ListedPerson(2, "person_02.npz") and listing.people[1].quality.grade == ""
    assert (listing.video, listing.fps, listing.image_size, listing.preview) == ("/clip.mp4", None, None, None)
    partly = read_listing(with_person(path, quality={"grade": "red", "foot_slide_mm": 9})).people[1].quality
    assert partly == Quality(foot_slide_mm=9.0, grade="red")


@pytest.mark.parametrize("version", [..., None, 0, 2, "1", 1.0, True, [1]])
def test_another_version_is_reported(path, version):
    with pytest.raises(ListingError, match=r"people\.json is of another version\. Update the add-on"):
        read_listing(written(path, format_version=version))


@pytest.mark.parametrize("content", [b"", b"{", b"\xff\xfe", b"PK\x03\x04", b'{"format_version": ' + b"1" * 5000 + b"}"])
def test_text_that_is_no_json_is_reported(path, content):
    path.write_bytes(content)
    with pytest.raises(ListingError, match=r"people\.json is damaged: "):
        read_listing(path)


@pytest.mark.parametrize("content", ["[]", "null", "1", '"people"'])
def test_json_that_is_no_object_is_reported(path, content):
    path.write_text(content)
    with pytest.raises(ListingError, match="it must be an object, not"):
        read_listing(path)


@pytest.mark.parametrize("opening", ["[", '{"people":'])
def test_deep_nesting_is_reported(path, opening):
    path.write_text(opening * 100_000)
    with pytest.raises(ListingError, match="nested too deep"):
        read_listing(path)


def test_a_file_too_large_for_a_listing_is_not_read(path):
    with open(path, "wb") as stream:
        stream.truncate(2 ** 40)
    with pytest.raises(ListingError, match="too large for a listing"):
        read_listing(path)


def test_a_missing_file_a_folder_and_a_pipe_are_reported(path):
    with pytest.raises(ListingError, match="There is no file"):
        read_listing(path)
    os.mkfifo(path)
    with pytest.raises(ListingError, match="There is no file"):
        read_listing(path)
    with pytest.raises(ListingError, match="There is no file"):
        read_listing(path.parent)


@pytest.mark.parametrize(("changes", "words"), [
    ({"people": ...}, "it lacks people"), ({"people": None}, "it lacks people"), ({"people": []}, "it names no people"),
    ({"people": {}}, "people must be a list, not {}"), ({"people": [7]}, r"people\[0\] must be an object, not 7"),
    ({"people": [{"file": "a.npz"}]}, r"people\[0\] lacks id"), ({"people": [{"id": 1}]}, r"people\[0\] lacks file"),
    ({"video": 5}, "video must be a text, not 5"), ({"video": "a\0b"}, "video must be a text"),
    ({"video": "\ud800"}, "video must be a text"), ({"engine": ["keypoints"]}, "engine must be a text"),
    ({"fps": "x"}, "fps must be a finite number of usual size, not 'x'"), ({"fps": 0}, "fps is 0, not above 0"),
    ({"fps": -30}, "fps is -30"), ({"fps": 1e9}, "fps is 1e"), ({"fps": float("inf")}, "fps must be a finite number"),
    ({"fps": 10 ** 400}, "fps must be a finite number"), ({"fps": True}, "fps must be a finite number"),
    ({"stature": float("nan")}, "stature must be a finite number .*, not nan"),
    ({"image_size": [960]}, "image_size must have 2 entries, not 1"), ({"image_size": 960}, "image_size must be a list"),
    ({"image_size": [960, -1]}, r"image_size\[1\] must be a whole number from 0"),
    ({"frame_count": 1.5}, "frame_count must be a whole number"), ({"camera_moves": 1}, "camera_moves must be true or false"),
    ({"preview": "../preview.mp4"}, "'../preview.mp4' is not a plain file name")])
def test_a_wrong_value_is_reported_with_its_key(path, changes, words):
    with pytest.raises(ListingError, match=rf"people\.json is damaged: {words}"):
        read_listing(written(path, **changes))


@pytest.mark.parametrize(("changes", "words"), [
    ({"id": 2 ** 31}, r"people\[1\]\.id must be a whole number from 0 to 2147483647"), ({"id": "2"}, r"people\[1\]\.id"),
    ({"id": 1}, "two people have one id, or one file"), ({"file": "person_01.npz"}, "two people have one id, or one file"),
    ({"file": 3}, r"people\[1\]\.file must be a text, not 3"), ({"end_seconds": 1e300}, r"people\[1\]\.end_seconds"),
    ({"last_frame": -1}, r"people\[1\]\.last_frame"), ({"visible_share": "all"}, r"people\[1\]\.visible_share"),
    ({"quality": "good"}, r"people\[1\]\.quality must be an object"),
    ({"quality": {"jitter_mm": float("nan")}}, r"people\[1\]\.quality\.jitter_mm must be a finite number"),
    ({"quality": {"grade": "blue"}}, "the grade 'blue' is none of green, amber, red")])
def test_a_wrong_value_of_a_person_is_reported_with_its_key(path, changes, words):
    with pytest.raises(ListingError, match=rf"people\.json is damaged: {words}"):
        read_listing(with_person(path, **changes))


@pytest.mark.parametrize("name", [
    "", ".", "..", "../person_02.npz", "/etc/passwd", "takes/person_02.npz", "takes\\person_02.npz", "C:person_02.npz",
    "person\n02.npz", "p" * 256])
def test_only_plain_file_names_are_read(path, name):
    for key in ("file", "thumbnail"):
        with pytest.raises(ListingError, match="is not a plain file name"):
            read_listing(with_person(path, **{key: name}))


def test_a_long_wrong_value_makes_a_short_message(path):
    with pytest.raises(ListingError) as caught:
        read_listing(written(path, fps="x" * 100_000))
    assert len(str(caught.value)) < len(str(path)) + 150


@pytest.mark.parametrize("listing", [
    replace(LISTING, people=()), replace(LISTING, fps=float("nan")), replace(LISTING, people=(replace(PERSON, file="../x"),))])
def test_what_could_not_be_read_back_is_not_written(path, listing):
    write_listing(path, LISTING)
    with pytest.raises(ListingError):
        write_listing(path, listing)
    assert read_listing(path) == LISTING


def test_a_write_that_fails_leaves_the_listing_before(path, monkeypatch):
    write_listing(path, LISTING)

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(OSError, match="No space left"):
        write_listing(path, replace(LISTING, video="/another.mp4"))
    assert read_listing(path) == LISTING and os.listdir(path.parent) == ["people.json"]


def test_of_what_a_listing_names_only_what_captures_make_is_a_captures_file():
    assert LISTING.files() == {"people.json", "preview.mp4", "person_01.npz", "person_01.jpg", "person_02.npz"}
    foreign = CaptureListing(preview="holiday.mov", people=(ListedPerson(1, "thesis.doc", "person_01.png"),))
    assert foreign.files() == {"people.json"}
    assert (motion_name(7), thumbnail_name(123)) == ("person_07.npz", "person_123.jpg")
    assert all(map(is_capture_file, (motion_name(1), thumbnail_name(1000), "preview.mp4", "people.json")))
    others = ("person_1.npz", "person_in_hat.npz", "person_01.npz.bak", "Preview.mp4", "person_0\u0661.npz")
    assert not any(map(is_capture_file, others))


VIEW = ListedView("/videos/b.mp4", 25.0, (1080, 1920), -0.25, camera_matrix=tuple(float(number) for number in range(1, 10)),
                  world_from_cam=tuple(float(number) for number in range(16)), reprojection_error_px=7.5,
                  picture_numbers=(0, 40, 99), picture_seconds=(0.0, 1.6, 4.2), clock_rate=1.0001,
                  turn_seconds=(0.25, 0.29), turn_vectors=(0.0, 0.0, 0.0, 0.01, -0.02, 0.0),
                  turn_places=(0.0, 0.0, 0.0, 0.5, -0.125, 0.0))


def test_the_cameras_of_several_views_are_read_back(path):
    write_listing(path, replace(LISTING, views=(VIEW, replace(VIEW, video="/videos/a.mp4", reprojection_error_px=None))))
    assert read_listing(path).views == (VIEW, replace(VIEW, video="/videos/a.mp4", reprojection_error_px=None))
    assert read_listing(written(path)).views == ()


def test_four_views_with_all_the_times_and_turns_that_are_listed_are_read_back(path):
    numbers, steps = tuple(range(0, 40_000, 4)), range(MOST_TURNS)
    turning = replace(VIEW, picture_numbers=numbers, picture_seconds=tuple(round(1234 + number / 29.97, 5) for number in numbers),
                      turn_seconds=tuple(round(1234 + step / 29.97, 5) for step in steps),
                      turn_vectors=tuple(round(-1 - step / 1e5, 5) for step in steps for _ in range(3)))
    turning = replace(turning, turn_places=turning.turn_vectors)
    still = replace(turning, turn_seconds=(), turn_vectors=(), turn_places=())
    write_listing(path, replace(LISTING, views=(still, turning, turning, turning)))
    assert read_listing(path).views == (still, turning, turning, turning)


@pytest.mark.parametrize("change", [
    {"turn_vectors": (0.0,) * 5}, {"turn_places": (0.0,) * 3}, {"turn_seconds": (0.29, 0.29)}, {"turn_seconds": (0.25, 1e12)},
    {"picture_numbers": (0, 5), "picture_seconds": (1e12, 1e12 + 1)},
    {"camera_matrix": (1.0,) * 8}, {"world_from_cam": (1.0,) * 12}, {"fps": 0.0}, {"clock_rate": 0.0},
    {"picture_numbers": (0, 5)}, {"picture_numbers": (0, 5), "picture_seconds": (0.0, 0.0)},
    {"picture_numbers": (5, 0), "picture_seconds": (0.0, 1.0)},
    {"picture_numbers": (0, 2 ** 31 - 1), "picture_seconds": (0.0, 1.0)},
    {"image_size": (0, 1920)}, {"camera_matrix": (0.0, *VIEW.camera_matrix[1:])}, {"offset_seconds": -1e9}])
def test_a_view_without_a_whole_camera_is_refused(path, change):
    with pytest.raises(ListingError, match=r"the camera of the view '/videos/b\.mp4' is incomplete, or its times are impossible"):
        write_listing(path, replace(LISTING, views=(replace(VIEW, **change),)))

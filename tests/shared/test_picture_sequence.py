"""Numbered pictures: what a folder, a pattern or a picture stands for, and one clear error where it is no video."""

import pytest

from mpsnet_blender.shared.picture_sequence import (
    PictureSequence,
    SequenceError,
    find_sequence,
    is_picture,
    join_pictures,
    list_sequences,
    video_name,
)


def write(folder, *names):
    folder.mkdir(exist_ok=True)
    for name in names:
        (folder / name).write_bytes(b"")
    return folder


@pytest.fixture
def shots(tmp_path):
    return write(tmp_path / "shots", "shot_0003.png", "shot_0004.png", "shot_0005.png", "notes.txt", ".shot_0009.png")


@pytest.mark.parametrize("name", ["", "shot_%04d.png", "shot_####.png", "shot_0003.png"])
def test_a_folder_a_pattern_and_the_first_picture_stand_for_the_same(shots, name):
    sequence = find_sequence(shots / name if name else shots)
    assert sequence == PictureSequence(shots, "shot_", ".png", 4, 3, 3)
    assert sequence.path_of(2) == shots / "shot_0005.png" and sequence.pattern == shots / "shot_####.png"


def test_a_later_picture_begins_the_sequence(shots):
    assert find_sequence(shots / "shot_0004.png") == PictureSequence(shots, "shot_", ".png", 4, 4, 2)


def test_numbers_without_leading_zeros_are_one_sequence(tmp_path):
    write(tmp_path, *(f"frame{number}.jpg" for number in range(8, 12)))
    sequence = PictureSequence(tmp_path, "frame", ".jpg", 1, 8, 4)
    assert find_sequence(tmp_path) == find_sequence(tmp_path / "frame%d.jpg") == sequence
    assert find_sequence(tmp_path / "frame8.jpg") == sequence
    assert [sequence.path_of(index).name for index in range(4)] == ["frame8.jpg", "frame9.jpg", "frame10.jpg", "frame11.jpg"]


def test_numbers_that_outgrow_their_digits_go_on(tmp_path):
    write(tmp_path, "a_98.png", "a_99.png", "a_100.png")
    assert find_sequence(tmp_path) == PictureSequence(tmp_path, "a_", ".png", 2, 98, 3)


def test_the_last_number_of_a_name_counts(tmp_path):
    write(tmp_path, "take2_cam3_01_left.tif", "take2_cam3_02_left.tif")
    assert find_sequence(tmp_path) == PictureSequence(tmp_path, "take2_cam3_", "_left.tif", 2, 1, 2)


@pytest.mark.parametrize(("names", "path", "words"), [
    (("a_1.png", "a_2.png", "a_4.png", "a_7.png"), "", r"a_#\.png, numbers are missing: 3, 5 to 6\."),
    (("a_1.png", "a_3.png"), "a_1.png", r"missing: 2\."),
    (("a_1.png", "a_3.png"), "a_#.png", r"missing: 2\."),
    (("a_1.png", "b.png"), "", "holds no numbered pictures"),
    (("a_1.png",), "a_1.png", "is a picture, not a video"),
    (("a_1.png",), "a_#.png", "Only one picture is named like"),
    (("cover.jpg",), "cover.jpg", "is a picture, not a video"),
    (("a_1.png", "a_2.png"), "a_2.png", "is a picture, not a video"),
    (("a_1.png", "a_2.png", "b_1.png", "b_2.png"), "", r"holds 2 sequences of pictures: a_#\.png, b_#\.png"),
    (("a_1.png", "a_2.png"), "b_#.png", "No picture is named like"),
    (("a_01.png", "a_02.png"), "a_####.png", "No picture is named like")])
def test_what_is_no_sequence_is_one_error_with_advice(tmp_path, names, path, words):
    write(tmp_path, *names)
    with pytest.raises(SequenceError, match=words) as caught:
        find_sequence(tmp_path / path if path else tmp_path)
    assert caught.value.advice


def test_a_long_list_of_gaps_is_cut(tmp_path):
    write(tmp_path, *(f"a_{number:03d}.png" for number in range(0, 40, 2)))
    with pytest.raises(SequenceError, match="missing: 1, 3, 5, 7, 9 and 14 more"):
        find_sequence(tmp_path)


@pytest.mark.parametrize("name", ["clip.mp4", "clip#1.mp4", "nowhere.mp4", "nowhere.png", "loop.gif", "a\0b.png"])
def test_videos_and_missing_files_are_no_sequence(tmp_path, name):
    if name in ("clip.mp4", "clip#1.mp4", "loop.gif"):
        write(tmp_path, name)
    assert find_sequence(tmp_path / name) is None


def test_only_an_animated_webp_is_a_video(tmp_path):
    (tmp_path / "loop.webp").write_bytes(b"RIFF\x00\x00\x00\x00WEBPVP8X\x0a\x00\x00\x00\x02" + bytes(9))
    (tmp_path / "still.webp").write_bytes(b"RIFF\x00\x00\x00\x00WEBPVP8 \x0a\x00\x00\x00\x02" + bytes(9))
    assert not is_picture(tmp_path / "loop.webp") and is_picture(tmp_path / "still.webp")
    assert find_sequence(tmp_path / "loop.webp") is None


def test_all_sequences_of_a_folder_are_listed_by_name(shots):
    write(shots, "b_1.jpg", "b_2.jpg", "single_1.jpg")
    assert [sequence.pattern.name for sequence in list_sequences(shots)] == ["b_#.jpg", "shot_####.png"]


def test_names_for_captures_leave_the_number_out(shots):
    assert video_name(shots) == "shots" and video_name(shots / "shot_####.png") == "shot"
    assert video_name(shots / "shot_%04d.png") == "shot" and video_name(shots / "%04d.png") == "shots"
    assert video_name(shots / "clip.v2.mp4") == "clip.v2" and video_name(shots / "shot_0003.png") == "shot_0003"


def test_chosen_pictures_of_one_sequence_are_one_video(shots):
    write(shots, "clip.mp4", "b_1.png", "b_2.png", "single.png")
    chosen = [shots / name for name in ("shot_0004.png", "clip.mp4", "shot_0003.png", "b_2.png", "clip.mp4")]
    assert [path.name for path in join_pictures(chosen)] == ["shot_####.png", "clip.mp4", "b_#.png"]
    with pytest.raises(SequenceError, match=r"single\.png is a picture"):
        join_pictures([shots / "single.png"])

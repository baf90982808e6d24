"""The command line: no abbreviated options, and the same parser for `mocap.py` and the backend."""

from pathlib import Path

import pytest

from mpsnet_blender.shared.capture_request import OPTIONS, OtherVideo, other_view_words
from mpsnet_blender.shared.command_line import UsageError, command_line_parser, find_profile, make_request, other_views

FLAGS = [option.flag for option in OPTIONS.values()]
# Each command with what it cannot do without, and all the options that it has.
COMMANDS = {
    ("capture", "clip.mp4", "--output", "out"): ["--output", "--also", "--offset", "--no-refine", *FLAGS],
    ("batch", "videos", "--output", "out"): ["--output", "--recursive", "--again", "--no-refine", *FLAGS],
    ("convert", "person_01.npz", "walk.bvh"): ["--format", "--fps", "--scale"],
    ("evaluate", "--dataset", "3dpw", "--data", "sets"): ["--dataset", "--data", "--models", "--device", "--release-batching"],
}
ABBREVIATIONS = [(command, flag) for command, flags in COMMANDS.items() for flag in flags]


PARSER = command_line_parser()


def parsed(*words):
    return PARSER.parse_args(words)


@pytest.mark.parametrize(("command", "flag"), ABBREVIATIONS)
def test_an_abbreviated_option_is_refused_with_the_word_that_was_meant(command, flag):
    for length in range(len("--") + 1, len(flag)):
        if flag[:length] in COMMANDS[command]:      # "--data" of "--dataset"
            continue
        for words in ([f"{flag[:length]}=1"], [flag[:length], "1"], [flag[:length]]):
            with pytest.raises(UsageError) as refused:
                parsed(*command, *words)
            assert str(refused.value).startswith(f"There is no option {flag[:length]}: write ")
            assert f"{flag} " in str(refused.value) and refused.value.advice.startswith("usage: mocap.py")


@pytest.mark.parametrize("flag", ["--terminal", "--models", "--checkpoints", "--kept-in"])
def test_the_programs_options_before_the_command_are_not_abbreviated_either(flag):
    for length in range(len("--") + 1, len(flag)):
        with pytest.raises(UsageError, match=f"^There is no option {flag[:length]}: write {flag} in full"):
            parsed(f"{flag[:length]}=1", "doctor")


def test_what_is_no_option_at_all_is_refused_with_the_commands_usage():
    with pytest.raises(UsageError, match=r"^There is no option --magic\.$") as refused:
        parsed("capture", "clip.mp4", "--output", "out", "--magic")
    assert "--engine {auto,keypoints,mpsnet,spin,vibe,tcmr,meva}" in refused.value.advice
    with pytest.raises(UsageError, match=r"^'more\.mp4' is one word too many\.$"):
        parsed("capture", "clip.mp4", "more.mp4", "--output", "out")
    with pytest.raises(UsageError, match=r"^There is no option --verbose\.$"):
        parsed("models", "list", "--verbose")
    with pytest.raises(UsageError, match=r"^There is no option --quick\.$"):
        parsed("doctor", "--quick")


@pytest.mark.parametrize(("words", "profile"), [
    ("capture v --output o", "keypoints"),
    ("capture v --output o --engine auto", "keypoints"),
    ("capture v --output o --engine keypoints", "keypoints"),
    ("capture v --output o --engine mpsnet", "mpsnet"),
    ("capture v --output o --engine=mpsnet", "mpsnet"),
    ("capture --engine mpsnet v --output o", "mpsnet"),
    ("capture --engine=mpsnet --output=o v", "mpsnet"),
    ("capture --engine mpsnet v --output o --engine keypoints", "keypoints"),
    ("--terminal --models m capture v --output o --engine mpsnet", "mpsnet"),
    ("batch v w --output o --engine mpsnet", "mpsnet"),
    ("batch --engine=mpsnet --output o v", "mpsnet"),
    ("batch v --output o", "keypoints"),
    ("models add mpsnet", "mpsnet"),
    ("models list", "keypoints"),
    ("evaluate --dataset 3dpw --data d", "mpsnet"),
    ("score mpsnet truth.npz", "keypoints"),
    ("convert mpsnet out.bvh", "keypoints"),
    ("doctor", "keypoints"),
    ("doctor --engine mpsnet", "mpsnet"),
    ("setup --quality best", "keypoints"),
    ("setup --engine=mpsnet", "mpsnet"),
    # The word is a file's name here, and no engine's:
    ("capture mpsnet --output --engine=mpsnet", None),
    ("capture mpsnet --output=--engine", "keypoints"),
    ("capture --output o -- mpsnet", "keypoints"),
    ("capture --output o -- --engine=mpsnet", "keypoints"),
])
def test_the_environment_is_that_of_the_engine_or_command_that_was_asked_for(words, profile):
    if profile is None:
        with pytest.raises(UsageError, match="Argument --output: expected one argument"):
            parsed(*words.split())
        return
    assert find_profile(parsed(*words.split())) == profile


def test_a_video_may_have_a_name_that_looks_like_an_option():
    asked = parsed("capture", "--output=--out", "--end", "2", "--", "--preview")
    assert (str(asked.video), str(asked.output)) == ("--preview", "--out")
    assert make_request(asked).end_seconds == 2.0 and make_request(asked).preview is False
    asked = parsed("capture", "my --engine mpsnet.mp4", "--output", "out")
    assert str(asked.video) == "my --engine mpsnet.mp4" and find_profile(asked) == "keypoints"


@pytest.mark.parametrize(("words", "said"), [
    (("--start", "-1"), "Argument --start: '-1' is not a time in seconds from 0 to 1e"),
    (("--people", "0"), "Argument --people: '0' is not a number of people (1 or more)"),
    (("--people", "2.5"), "Argument --people: '2.5' is not a number of people (1 or more)"),
    (("--people", "²"), "Argument --people: '²' is not a number of people (1 or more)"),
    (("--height", "nan"), "Argument --height: 'nan' is not a height in metres from 0.3 to 3"),
    (("--end", "inf"), "Argument --end: 'inf' is not a time in seconds from 0 to 1e"),
    (("--engine", "magic"), "Argument --engine: 'magic' is none of auto, keypoints, mpsnet"),
    (("--engine", "key"), "Argument --engine: 'key' is none of auto, keypoints, mpsnet"),
    (("--device", "gpu"), "Argument --device: 'gpu' is none of auto, cpu, cuda, mps"),
])
def test_a_wrong_value_is_reported_with_the_possible_ones(words, said):
    with pytest.raises(UsageError) as refused:
        parsed("capture", "v", "--output", "o", *words)
    assert said in str(refused.value)


def test_where_the_test_sets_are_measured_is_a_choice_like_a_captures():
    asked = parsed("evaluate", "--dataset", "3dpw", "--data", "d", "--device", "cuda", "--models", "m", "--release-batching", "8")
    assert (asked.device, str(asked.checkpoints), asked.release_batching) == ("cuda", "m", 8)
    assert parsed("evaluate", "--dataset", "3dpw", "--data", "d").device == "auto"


@pytest.mark.parametrize("also", [["a.mp4"], ["b.mp4", "{folder}/b.mp4"]])
def test_a_video_that_is_two_views_is_refused(tmp_path, monkeypatch, also):
    monkeypatch.chdir(tmp_path)
    words = [word for video in also for word in ("--also", video.format(folder=tmp_path))]
    with pytest.raises(UsageError, match=r"[ab]\.mp4 is given twice"):
        other_views(parsed("capture", "a.mp4", "--output", "o", *words))


def test_other_views_have_their_offsets_in_order_and_none_where_not_given():
    words = ["capture", "a.mp4", "--output", "o", "--also", "b.mp4", "--also", "c.mp4", "--offset", "-1.5"]
    assert other_views(parsed(*words)) == [OtherVideo(Path("b.mp4"), -1.5), OtherVideo(Path("c.mp4"))]
    assert [view.late_seconds for view in other_views(parsed(*words[:-1], "auto", "--offset", "2"))] == [None, 2.0]
    assert other_views(parsed("capture", "a.mp4", "--output", "o")) == []


@pytest.mark.parametrize("offsets", [(), (None, None), (-0.0000125, None), (None, 12.5, 0.0), (1234.567, None, -3.0)])
def test_further_views_come_back_from_the_words_that_the_panel_makes_of_them(offsets):
    views = [OtherVideo(Path(f"/v/{number}.mp4"), offset) for number, offset in enumerate(offsets)]
    words = other_view_words(views)
    assert other_views(parsed("capture", "a.mp4", "--output", "o", *words)) == views
    assert any("--offset" in word for word in words) == any(offset is not None for offset in offsets)


@pytest.mark.parametrize("more", ["--also b --offset 1 --offset 2", "--also b --also c --also d --also e", "--offset 1"])
def test_more_views_or_offsets_than_there_can_be_are_refused(more):
    with pytest.raises(UsageError, match="--also"):
        other_views(parsed("capture", "a.mp4", "--output", "o", *more.split()))

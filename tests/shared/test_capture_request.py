"""The declaration of a capture's options: a request written as arguments and parsed again is unchanged."""

import math
import random
from dataclasses import asdict
from pathlib import Path

import pytest

from mpsnet_blender.shared.capture_request import (
    OPTIONS,
    CaptureRequest,
    Choice,
    Number,
    Switch,
    capture_arguments,
    engines_using,
    options_of,
)
from mpsnet_blender.shared.command_line import UsageError, command_line_parser, make_request
from mpsnet_blender.shared.engines.table import ENGINES, find_engine

VIDEO, FOLDER = Path("/v/clip.mp4"), Path("/out")
NUMBERS = {name: option for name, option in OPTIONS.items() if isinstance(option, Number)}


PARSER = command_line_parser()


def parsed(words):
    return PARSER.parse_args(words)


def asked_with(*words):
    return make_request(parsed(["capture", "clip.mp4", "--output", "out", *words]))


def some_value(option, generator):
    """Return any value that an option may have, its ends and its default more often than others."""
    if isinstance(option, Switch):
        return generator.random() < 0.5
    if isinstance(option, Choice):
        return generator.choice(option.entries).name
    high = min(option.high, 1e6)
    if option.unit.is_whole:
        return generator.choice([option.default, int(option.low), int(high), generator.randint(int(option.low), int(high))])
    return generator.choice([option.default, option.low, high, generator.uniform(option.low, high)])


def test_a_request_is_the_same_after_it_was_said_in_words():
    generator = random.Random(0)
    requests = [CaptureRequest(**{name: some_value(option, generator) for name, option in OPTIONS.items()}) for _ in range(500)]
    for request in requests:
        asked = parsed(capture_arguments(VIDEO, FOLDER, request))
        assert (asked.command, asked.video, asked.output, make_request(asked)) == ("capture", VIDEO, FOLDER, request)
    for name in OPTIONS:
        values = {getattr(request, name) for request in requests}
        assert OPTIONS[name].default in values and len(values) > 1


def test_a_request_by_default_needs_no_words():
    assert capture_arguments(VIDEO, FOLDER, CaptureRequest()) == ["capture", "/v/clip.mp4", "--output", "/out"]
    assert asked_with() == CaptureRequest()
    assert asdict(CaptureRequest()) == {
        "engine": "keypoints", "quality": "fast", "lifter": "trained", "device": "auto", "people": None, "stature": 1.7,
        "fov_degrees": None, "start_seconds": 0.0, "end_seconds": None, "foot_lock": 1.0, "refine": True, "preview": False,
        "picture_fps": 30.0, "hands": True, "cache": True}


def test_paths_are_said_whole_since_the_backend_works_in_another_folder():
    words = capture_arguments(Path("clip.mp4"), Path("out"), CaptureRequest())
    assert words == ["capture", str(Path.cwd() / "clip.mp4"), "--output", str(Path.cwd() / "out")]


@pytest.mark.parametrize("name", NUMBERS)
def test_a_number_is_taken_up_to_its_bounds_and_not_beyond(name):
    option = NUMBERS[name]
    step = 1 if option.unit.is_whole else 0.01
    for bound, beyond in ((option.low, option.low - step), (option.high, option.high + step)):
        if bound == math.inf:
            continue
        assert getattr(asked_with(option.flag, str(bound)), name) == bound
        with pytest.raises(UsageError, match=f"Argument {option.flag}: '{beyond}' is not {option.unit.words}"):
            asked_with(option.flag, str(beyond))


def test_the_bounds_are_those_that_a_capture_can_use():
    bounds = {option.flag: (option.low, option.high) for option in NUMBERS.values()}
    assert bounds == {"--people": (1, math.inf), "--height": (0.3, 3.0), "--fov": (5.0, 170.0), "--start": (0.0, 1e7),
                      "--end": (0.0, 1e7), "--fps": (1.0, 1000.0), "--foot-lock": (0.0, 1.0)}


def test_the_words_of_the_shell_stay():
    assert [option.flag for option in OPTIONS.values()] == [
        "--engine", "--quality", "--lifter", "--device", "--people", "--height", "--fov", "--start", "--end", "--fps",
        "--foot-lock", "--refine", "--hands", "--preview", "--cache"]


@pytest.mark.parametrize("command", ["capture", "batch"])
def test_every_option_is_in_the_help_with_its_description_and_default(command, capsys):
    with pytest.raises(SystemExit):
        parsed([command, "--help"])
    help_text = " ".join(capsys.readouterr().out.split())
    for option in OPTIONS.values():
        assert option.flag in help_text and option.description[1:] in help_text
    assert "{auto,keypoints,mpsnet,spin,vibe,tcmr,meva}" in help_text and "--refine, --no-refine" in help_text
    assert "(in metres; default: 1.7)" in help_text and "default: to its end)" in help_text and "default: everybody)" in help_text
    assert "(only for the engine mpsnet, spin, vibe, tcmr, meva; default: auto)" in help_text
    assert help_text.count("(default: on)") == 3


@pytest.mark.parametrize("engine", ENGINES)
def test_an_engine_is_chosen_by_its_name(engine):
    assert asked_with("--engine", engine.name).engine == engine.name


def test_the_automatic_engine_is_the_first():
    assert asked_with("--engine", "auto").engine == asked_with().engine == ENGINES[0].name


def test_an_option_of_one_engine_is_none_of_another():
    names = {engine.name: {option.name for option in options_of(engine.name)} for engine in ENGINES}
    assert names["keypoints"] == OPTIONS.keys() - {"device"} and names["mpsnet"] == OPTIONS.keys() - {"lifter"}
    assert engines_using(OPTIONS["lifter"]) == ["keypoints"]
    assert engines_using(OPTIONS["people"]) == [engine.name for engine in ENGINES]


def test_engines_have_different_names_and_name_options_that_exist():
    assert len({engine.name for engine in ENGINES}) == len(ENGINES)
    assert all(set(engine.options) <= OPTIONS.keys() for engine in ENGINES)
    with pytest.raises(KeyError):
        find_engine("magic")

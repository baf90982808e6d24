"""What may be chosen for a capture, each thing declared once: the command line, Blender's settings and the panel are made of it.

Needs the standard library only: `mocap.py` reads this before anything is installed.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, field, fields, replace
from math import inf
from pathlib import Path
from typing import Any

from .engines.table import AUTOMATIC_ENGINE, DEFAULT_ENGINE, ENGINES, find_engine, number_of
from .picture_sequence import DEFAULT_FPS

# Values assumed for a video where neither the user nor the file gives them.
DEFAULT_STATURE = 1.70  # metres, about an adult's: a video cannot tell size from distance
# Field of view across the picture's long side of a phone or camera with its usual lens.
DEFAULT_FOV_DEGREES = 55.0


@dataclass(frozen=True)
class Unit:
    """What a number measures: its sign in the shell's help, what it is, in which unit, and whether it has no fractions."""
    metavar: str
    quantity: str
    name: str = ""
    is_whole: bool = False

    @property
    def words(self) -> str:
        """What the number is, with its unit."""
        return f"{self.quantity} in {self.name}" if self.name else self.quantity


METRES = Unit("M", "a height", "metres")
DEGREES = Unit("DEG", "an angle", "degrees")
SECONDS = Unit("S", "a time", "seconds")
SHARE = Unit("0..1", "a number")
FPS = Unit("FPS", "a frame rate", "frames a second")
PEOPLE = Unit("N", "a number of people", is_whole=True)


@dataclass(frozen=True, kw_only=True)
class Option:
    """One choice. `name` is its field in a request, `flag` its word in the shell, `property_name` its name in `Scene.mpsnet`."""
    flag: str
    label: str
    description: str
    default: Any
    name: str = ""
    property_name: str = ""


@dataclass(frozen=True)
class LeftOpen:
    """What a number that is None means, as the panel's word and in a sentence, and the check mark in `Scene.mpsnet` before it.

    Checked, the number begins with `first_value`, counted from the option `after` where one is named.
    """
    word: str
    meaning: str
    check_mark: str
    check_mark_label: str
    first_value: float
    after: str = ""


@dataclass(frozen=True, kw_only=True)
class Number(Option):
    """A number from `low` to `high`, both included; where it may be left open, its default is None."""
    unit: Unit
    low: float
    high: float
    left_open: LeftOpen | None = None

    @property
    def bounds(self) -> str:
        """The bounds in words."""
        return f"({self.low:g} or more)" if self.high == inf else f"from {self.low:g} to {self.high:g}"


@dataclass(frozen=True)
class Entry:
    """One of the words of a `Choice`, what the panel says of it, and the number that Blender saves for it; None: its place."""
    name: str
    label: str
    description: str
    number: int | None = None


@dataclass(frozen=True, kw_only=True)
class Choice(Option):
    """One word of several. `automatic` is a further word of the shell for the default."""
    entries: Sequence[Entry]
    automatic: str = ""


@dataclass(frozen=True, kw_only=True)
class Switch(Option):
    """On or off."""


def _declared(option: Option) -> Any:
    """Return a request's field with the option's default, which keeps the option."""
    return field(default=option.default, metadata={"option": option})


MOST_OTHER_VIEWS = 3        # videos of one moment beside the first one: more were not tried
AUTOMATIC_OFFSET = "auto"   # the word of --offset for a view whose time the capture finds out
FAST, BEST = "fast", "best"
QUALITIES = (FAST, BEST)


@dataclass(frozen=True)
class CaptureRequest:
    """How to capture a video. None: left open, the capture finds it out. Metres, degrees, seconds of the video."""
    engine: str = _declared(Choice(
        flag="--engine", label="Engine", description="What finds the motion", default=DEFAULT_ENGINE.name,
        automatic=AUTOMATIC_ENGINE,
        entries=[Entry(engine.name, engine.label, engine.description, number_of(engine)) for engine in ENGINES]))
    quality: str = _declared(Choice(
        flag="--quality", label="Quality", description="How carefully people are looked at", default=FAST,
        entries=(Entry(FAST, "Fast", "A quick landmark model reads the frames in which people move"),
                 Entry(BEST, "Best", "It reads every frame, and so does a larger one, fetched once (41 MB). "
                       "Takes up to 3.5 times as long"))))
    lifter: str = _declared(Choice(
        flag="--lifter", label="Pose From", description="Where joint rotations come from", default="trained",
        entries=(Entry("trained", "Trained Network", "Our network makes joint rotations of the landmarks: the more accurate way"),
                 Entry("analytic", "Geometry", "Joint rotations are solved from the landmarks by geometry alone"))))
    device: str = _declared(Choice(
        flag="--device", label="Compute On", description="Where the network is computed", default="auto",
        entries=(Entry("auto", "Automatic", "On a GPU where there is one"), Entry("cpu", "CPU", "On the processor"),
                 Entry("cuda", "CUDA", "On a GPU with CUDA"), Entry("mps", "Metal", "On the GPU of a Mac"))))
    people: int | None = _declared(Number(
        flag="--people", label="People", description="Keep only so many people, those seen longest", default=None,
        unit=PEOPLE, low=1, high=inf, left_open=LeftOpen("Everybody", "everybody", "limits_people", "Limit People", 1)))
    stature: float = _declared(Number(
        flag="--height", label="Height (m)", description="Body height of the people: it gives the scene its scale",
        property_name="height", default=DEFAULT_STATURE, unit=METRES, low=0.3, high=3.0))
    fov_degrees: float | None = _declared(Number(
        flag="--fov", label="Field of View", property_name="fov", default=None, unit=DEGREES, low=5.0, high=170.0,
        description="The camera's field of view across the picture's long side, where you know it",
        left_open=LeftOpen("Automatic", "measured where the video tells it, otherwise "
                           f"{DEFAULT_FOV_DEGREES:g} degrees are assumed", "knows_fov", "Known Field of View",
                           DEFAULT_FOV_DEGREES)))
    start_seconds: float = _declared(Number(
        flag="--start", label="Start", description="Capture from this second of the video on", default=0.0,
        unit=SECONDS, low=0.0, high=1e7))
    end_seconds: float | None = _declared(Number(
        flag="--end", label="End", description="Capture up to this second of the video", default=None,
        unit=SECONDS, low=0.0, high=1e7,
        left_open=LeftOpen("Video's end", "to its end", "ends_early", "End Early", 10.0, after="start_seconds")))
    picture_fps: float = _declared(Number(
        flag="--fps", label="Picture Rate", description="Frames a second of numbered pictures. Videos have their rates",
        default=DEFAULT_FPS, unit=FPS, low=1.0, high=1000.0))
    foot_lock: float = _declared(Number(
        flag="--foot-lock", label="Foot Lock", default=1.0, unit=SHARE, low=0.0, high=1.0,
        description="How firmly standing feet, and hands on the floor, are held in place. Clean-up can change it later"))
    refine: bool = _declared(Switch(
        flag="--refine", label="Fit to Picture", default=True,
        description="At the end, fit the body to the landmarks in the picture. Off: the engine's pose stays as it is"))
    hands: bool = _declared(Switch(
        flag="--hands", label="Hands", default=True,
        description="Read the fingers of hands that are large enough, 40 pixels long or more. Off: hands are relaxed, and people "
                    "are found faster"))
    preview: bool = _declared(Switch(
        flag="--preview", label="Preview Video", default=False,
        description="Also write preview.mp4 into the capture's folder: skeletons, numbers and boxes over the footage"))
    cache: bool = _declared(Switch(
        flag="--cache", label="Keep What Is Found", default=True,
        description="Keep the people found in the video for a while, so that an interrupted capture goes on where it was, and "
                    "one with other options need not read the video again"))


def _named(name: str, option: Option) -> Option:
    return replace(option, name=name, property_name=option.property_name or name)


OPTIONS: dict[str, Option] = {item.name: _named(item.name, item.metadata["option"]) for item in fields(CaptureRequest)}


def engines_using(option: Option) -> list[str]:
    """Return the names of the engines that use an option: those that name it, or all where none does."""
    return [engine.name for engine in ENGINES if option.name in engine.options] or [engine.name for engine in ENGINES]


def options_of(engine_name: str) -> list[Option]:
    """Return the options that an engine uses, in their order. Raises KeyError where there is no such engine."""
    name = find_engine(engine_name).name
    return [option for option in OPTIONS.values() if name in engines_using(option)]


def capture_arguments(video: Path, folder: Path, request: CaptureRequest) -> list[str]:
    """Return the backend's arguments for a capture of `video` into `folder`: what is as by default is not said."""
    return ["capture", str(video.absolute()), "--output", str(folder.absolute()), *option_words(request)]


@dataclass(frozen=True)
class OtherVideo:
    """A further video of the moment that a capture's video shows. late_seconds: by how many seconds its recording begins later
    than that of the capture's video; None: the capture finds it out."""
    video: Path
    late_seconds: float | None = None


def find_repeated_view(videos: Sequence[Path]) -> str:
    """Return a sentence on the video that stands twice among the views of one moment; empty where each is another file."""
    places = [os.path.realpath(video) for video in videos]
    repeated = next((video for number, video in enumerate(videos) if places[number] in places[:number]), None)
    return "" if repeated is None else f"{repeated.name} is given twice: each view is the video of another camera."


def other_view_words(views: Sequence[OtherVideo]) -> list[str]:
    """Return the words of the command line for further videos of the same moment."""
    words = [word for view in views for word in ("--also", str(view.video.absolute()))]
    if all(view.late_seconds is None for view in views):
        return words
    return words + [f"--offset={AUTOMATIC_OFFSET if view.late_seconds is None else f'{view.late_seconds:.7g}'}" for view in views]


def option_words(request: CaptureRequest) -> list[str]:
    """Return the words of the command line for a request's options that are not as by default."""
    chosen = [(option, getattr(request, option.name)) for option in OPTIONS.values()]
    return [word for option, value in chosen if value != option.default for word in _words(option, value)]


def _words(option: Option, value: Any) -> list[str]:
    if isinstance(option, Switch):
        return [option.flag if value else f"--no-{option.flag.removeprefix('--')}"]
    return [option.flag, str(value)]

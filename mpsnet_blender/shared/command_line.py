"""The command line of `mocap.py` and of the backend, checked before any work begins.

`mocap.py` parses the arguments to choose the environment, and passes them to the backend, which parses them with this module
again. Needs only the standard library.
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

from .capture_request import (
    AUTOMATIC_OFFSET,
    MOST_OTHER_VIEWS,
    OPTIONS,
    CaptureRequest,
    Choice,
    Number,
    Option,
    OtherVideo,
    Switch,
    engines_using,
    find_repeated_view,
)
from .engines.declaration import WITH_TORCH, WITHOUT_TORCH
from .engines.table import ENGINES, find_engine

# Engines that `evaluate` can measure: the test sets hold image features.
_FEATURE_ENGINES = [engine.name for engine in ENGINES if engine.module == "image_features"]


class UsageError(Exception):
    """The command line is wrong. `str()` is the message, `advice` the command's usage."""

    def __init__(self, message: str, advice: str):
        super().__init__(message)
        self.advice = advice


class _Parser(argparse.ArgumentParser):
    """Accepts no abbreviated options. Raises UsageError instead of ending the program, so that a message can report it."""

    def __init__(self, **settings: Any):
        super().__init__(allow_abbrev=False, **settings)

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        """Raise UsageError for unknown arguments here, in the command's parser, so that the error shows that command's usage."""
        parsed, unknown = super().parse_known_args(args, namespace)
        if unknown:
            self.error(self._describe_unknown(unknown[0]))
        return parsed, []

    def _describe_unknown(self, argument: str) -> str:
        if not argument.startswith("-"):
            return f"{argument!r} is one word too many"
        flag = argument.split("=")[0]
        similar = [name for name in self._option_string_actions if name.startswith(flag)]
        return f"there is no option {flag}" + (f": write {' or '.join(similar)} in full" if similar else "")

    def error(self, message: str) -> NoReturn:
        raise UsageError(f"{message[:1].upper()}{message[1:]}.", self.format_usage().strip())


def command_line_parser(epilog: str = "") -> argparse.ArgumentParser:
    """Return the parser of `python3 mocap.py` and of `python -m backend`; `epilog` is the last paragraph of its help."""
    root = _Parser(prog="mocap.py", description="Motion capture from ordinary video: people's SMPL motion as files for Blender.",
                   epilog=epilog, formatter_class=argparse.RawDescriptionHelpFormatter)
    root.set_defaults(profile=WITHOUT_TORCH)
    root.add_argument("--terminal", action="store_true", help=argparse.SUPPRESS)
    root.add_argument("--models", type=Path, help=argparse.SUPPRESS)
    root.add_argument("--checkpoints", type=Path, help=argparse.SUPPRESS)
    root.add_argument("--kept-in", type=Path, dest="cache_folder", help=argparse.SUPPRESS)
    commands = root.add_subparsers(dest="command", required=True, metavar="COMMAND")
    _add_capture(commands.add_parser("capture", help="capture everybody in a video"))
    _add_batch(commands.add_parser("batch", help="capture many videos, each into a separate folder"))
    _add_convert(commands.add_parser("convert", help="write motion files as BVH or as plain AMASS .npz"))
    _add_score(commands.add_parser("score", help="measure a capture against a truth file"))
    _add_evaluate(commands.add_parser("evaluate", help="measure a network on a preprocessed test set"))
    _add_models(commands.add_parser("models", help="add, or list, the authors' files that engines need"))
    _add_cache(commands.add_parser("cache", help="show how much captures keep of their work, or remove it"))
    _add_setup(commands.add_parser("setup", help="install what captures need, or repair it where it is damaged"))
    _add_setup(commands.add_parser("doctor", help="check all that captures need, and say how to mend what is wrong"))
    return root


def find_profile(parsed: argparse.Namespace) -> str:
    """Return the environment that a command runs in, a key of `client.backend_environment.PROFILES`."""
    return find_engine(parsed.engine).profile if "engine" in parsed else parsed.profile


def make_request(parsed: argparse.Namespace) -> CaptureRequest:
    """Return the request that the options of a `capture` or a `batch` command make."""
    return CaptureRequest(**{name: getattr(parsed, name) for name in OPTIONS})


def other_views(parsed: argparse.Namespace) -> list[OtherVideo]:
    """Return the further videos of a `capture` command.

    Raises UsageError.
    """
    offsets = [*parsed.offset, *[None] * (len(parsed.also) - len(parsed.offset))]
    if len(parsed.also) > MOST_OTHER_VIEWS or len(offsets) > len(parsed.also):
        raise UsageError(f"There are {len(parsed.also)} --also and {len(parsed.offset)} --offset.",
                         f"Give up to {MOST_OTHER_VIEWS} --also, and no more --offset than those.")
    if repeated := find_repeated_view([parsed.video, *parsed.also]):
        raise UsageError(repeated, "Give the video of another camera, or leave this --also out.")
    return [OtherVideo(video, offset) for video, offset in zip(parsed.also, offsets, strict=True)]


def _add_capture(command: argparse.ArgumentParser) -> None:
    command.add_argument("video", type=Path, metavar="VIDEO",
                         help="a video, or numbered pictures: their folder, a pattern such as shot_####.png, or the first one")
    command.add_argument("--output", type=Path, required=True, metavar="DIR", help="the capture's folder")
    command.add_argument("--also", type=Path, action="append", default=[], metavar="VIDEO",
                         help="another video of the same moment, from another place: up to three, each with --also. Two views "
                         "show the depth that one must guess")
    command.add_argument("--offset", type=_parse_offset, action="append", default=[], metavar="S",
                         help="by how many seconds later than VIDEO the recording of --also begins: one for each --also, in "
                         f"their order (default, and {AUTOMATIC_OFFSET}: found from sound and from how people move)")
    _add_capture_options(command)


def _add_setup(command: argparse.ArgumentParser) -> None:
    for name in ("engine", "quality"):
        _add_option(command, OPTIONS[name])


def _add_batch(command: argparse.ArgumentParser) -> None:
    command.add_argument("sources", type=Path, nargs="+", metavar="FOLDER_OR_FILE", help="videos, and folders of videos")
    command.add_argument("--output", type=Path, required=True, metavar="DIR", help="the folder for the captures' folders")
    command.add_argument("--recursive", action="store_true", help="also videos in the folders' subfolders")
    command.add_argument("--again", action="store_true", help="also capture videos that are captured already, or that failed")
    command.add_argument("--retry", action="store_true",
                         help="also try videos that failed for a lasting reason, with the same options, before")
    command.add_argument("--ray", metavar="ADDRESS",
                         help="capture on the Ray cluster at this address (HOST:6379, or auto), to which this machine belongs; "
                              "all its machines must have the videos, the output folder and this program under the same paths")
    _add_capture_options(command)


def _add_capture_options(command: argparse.ArgumentParser) -> None:
    for option in OPTIONS.values():
        _add_option(command, option)


def _add_option(command: argparse.ArgumentParser, option: Option) -> None:
    """Add an option of a capture to a command; its parsed value has the name of the request's field."""
    settings: dict[str, Any] = {"dest": option.name, "default": option.default, "help": _make_help(option)}
    if isinstance(option, Switch):
        action = argparse.BooleanOptionalAction if option.default else "store_true"
        command.add_argument(option.flag, action=action, **settings).help = settings["help"]  # Python 3.11 adds the default twice
    elif isinstance(option, Choice):
        words = {option.automatic: option.default} if option.automatic else {}
        words |= {entry.name: entry.name for entry in option.entries}
        command.add_argument(option.flag, type=_make_word_type(words), metavar=f"{{{','.join(words)}}}", **settings)
    elif isinstance(option, Number):
        command.add_argument(option.flag, type=_make_option_type(option), metavar=option.unit.metavar, **settings)


def _make_help(option: Option) -> str:
    """Return an option's help text: description, entries, the engines that use it, unit, default."""
    text = option.description[:1].lower() + option.description[1:]
    if isinstance(option, Choice):
        text += ": " + "; ".join(f"{entry.name} ({entry.description[:1].lower()}{entry.description[1:]})"
                                 for entry in option.entries)
    using = engines_using(option)
    notes = [f"only for the engine {', '.join(using)}"] if len(using) < len(ENGINES) else []
    notes += [f"in {option.unit.name}"] if isinstance(option, Number) and option.unit.name else []
    return f"{text} ({'; '.join([*notes, f'default: {_describe_default(option)}'])})"


def _describe_default(option: Option) -> str:
    if isinstance(option, Switch):
        return "on" if option.default else "off"
    if isinstance(option, Number):
        return option.left_open.meaning if option.left_open else f"{option.default:g}"
    return str(option.default)


def _make_word_type(words: dict[str, str]) -> Callable[[str], str]:
    def parse(text: str) -> str:
        if text not in words:
            raise argparse.ArgumentTypeError(f"{text!r} is none of {', '.join(words)}")
        return words[text]
    return parse


def _make_option_type(option: Number) -> Callable[[str], float]:
    return _make_number_type(option.low, option.high, option.unit.words, option.bounds, int if option.unit.is_whole else float)


def _parse_offset(text: str) -> float | None:
    return None if text == AUTOMATIC_OFFSET else _make_number_type(-1e7, 1e7, "a time in seconds")(text)


def _make_number_type(low: float, high: float, noun: str, bounds: str = "", kind: type = float) -> Callable[[str], float]:
    def parse(text: str) -> float:
        try:
            value = kind(text)
        except ValueError:
            value = math.nan
        if not low <= value <= high:
            raise argparse.ArgumentTypeError(f"{text!r} is not {noun} {bounds or f'from {low:g} to {high:g}'}")
        return value
    return parse


def _add_convert(command: argparse.ArgumentParser) -> None:
    command.add_argument("source", type=Path,
                         help="a motion file (ours, AMASS of any body model, or its variants), or a capture's folder")
    command.add_argument("destination", type=Path,
                         help="a file (.bvh: BVH, Y up; .npz: plain AMASS), or for a capture a folder: one file a person")
    command.add_argument("--format", choices=("bvh", "amass"), help="what to write (default: by the destination's name, or bvh)")
    command.add_argument("--fps", type=_make_number_type(1.0, 1000.0, "a frame rate"), metavar="N",
                         help="frames a second (default: the motion's frame rate)")
    command.add_argument("--up", choices=("auto", "y", "z"), default="auto",
                         help="which axis is up in files of other programs (default: auto, the one along which the body stands)")
    command.add_argument("--source-fps", type=_make_number_type(1.0, 1000.0, "a frame rate"), metavar="N",
                         help="the frame rate of files that tell none (default: 30)")
    command.add_argument("--scale", type=_make_number_type(1e-6, 1e6, "a scale"), default=1.0, metavar="S",
                         help="BVH units a metre: 100 writes centimetres (default: 1, metres, as Blender reads it)")


def _add_score(command: argparse.ArgumentParser) -> None:
    command.add_argument("capture", type=Path, metavar="CAPTURE_DIR", help="a capture's folder")
    command.add_argument("truth", type=Path, metavar="TRUTH", help="a truth file (.npz) with K, KL, f and cam")


def _add_evaluate(command: argparse.ArgumentParser) -> None:
    command.add_argument("--engine", choices=_FEATURE_ENGINES, default=_FEATURE_ENGINES[0],
                         help="whose network (default: %(default)s)")
    command.add_argument("--dataset", choices=("3dpw", "mpii3d", "h36m"), required=True)
    command.add_argument("--data", type=Path, required=True, metavar="FOLDER", help="folder of the authors' preprocessed sets")
    command.add_argument("--models", type=Path, dest="checkpoints", default=argparse.SUPPRESS, metavar="DIR",
                         help="the models folder (default: the one that `models add` fills)")
    _add_option(command, OPTIONS["device"])
    command.add_argument("--release-batching", metavar="N",
                         type=_make_number_type(1, math.inf, "a number of windows", "(1 or more)", int),
                         help="repeat what the published code's batches of N do: mpsnet mixes N windows (published: 8), vibe "
                              "forgets the past every N frames (published: 16)")


def _add_cache(command: argparse.ArgumentParser) -> None:
    command.add_argument("--clear", action="store_true", help="remove what captures have kept, except of those that are running")


def _add_models(command: argparse.ArgumentParser) -> None:
    actions = command.add_subparsers(dest="action", required=True, metavar="ACTION")
    add = actions.add_parser("add", help="check and convert downloaded files: a folder, a zip, or single files")
    add.set_defaults(profile=WITH_TORCH)
    add.add_argument("source", type=Path, metavar="PATH")
    actions.add_parser("list", help="list the files that are there, those that are missing, and where to get them")

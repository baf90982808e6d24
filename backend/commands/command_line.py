"""The command line: what may be asked of the backend, checked before any work begins."""

from __future__ import annotations

import argparse
import math
from pathlib import Path

from mpsnet_blender.shared.smpl_skeleton import DEFAULT_STATURE

from ..base.errors import UsageError
from ..base.pinhole import DEFAULT_FOV_DEGREES


class _Parser(argparse.ArgumentParser):
    """Raises UsageError instead of ending the program, so that a parent hears of it in a message."""

    def error(self, message: str):
        raise UsageError(f"{message[:1].upper()}{message[1:]}.", self.format_usage().strip())


def parser() -> argparse.ArgumentParser:
    """Return the parser of `python3 mocap.py` (and of `python -m backend`)."""
    root = _Parser(
        prog="mocap.py", description="Motion capture from ordinary video: people's SMPL motion as files for Blender.")
    root.add_argument("--terminal", action="store_true", help=argparse.SUPPRESS)
    root.add_argument("--models", type=Path, required=True, help=argparse.SUPPRESS)
    root.add_argument("--checkpoints", type=Path, help=argparse.SUPPRESS)
    commands = root.add_subparsers(dest="command", required=True, metavar="COMMAND")
    _add_capture(commands.add_parser("capture", help="capture everybody in a video"))
    _add_batch(commands.add_parser("batch", help="capture many videos, each into a folder of its own"))
    _add_convert(commands.add_parser("convert", help="write motion files as BVH or as plain AMASS .npz"))
    _add_score(commands.add_parser("score", help="measure a capture against a truth file"))
    _add_evaluate(commands.add_parser("evaluate", help="measure the paper's network on a preprocessed test set"))
    _add_models(commands.add_parser("models", help="take in, or list, the files that the mpsnet engine needs"))
    commands.add_parser("doctor", help="check what the capture needs, and say what is missing")
    return root


def _add_capture(command: argparse.ArgumentParser) -> None:
    command.add_argument("video", type=Path, help="a video: anything that OpenCV opens")
    command.add_argument("--output", type=Path, required=True, metavar="DIR", help="the capture's folder")
    _add_capture_options(command)


def _add_batch(command: argparse.ArgumentParser) -> None:
    command.add_argument("sources", type=Path, nargs="+", metavar="FOLDER_OR_FILE", help="videos, and folders of videos")
    command.add_argument("--output", type=Path, required=True, metavar="DIR", help="the folder for the captures' folders")
    command.add_argument("--again", action="store_true", help="capture those too that are captured already")
    command.set_defaults(capture_options=_add_capture_options(command))


def _add_convert(command: argparse.ArgumentParser) -> None:
    command.add_argument("source", type=Path, help="a motion file (ours or AMASS), or a capture's folder")
    command.add_argument("destination", type=Path,
                         help="a file (.bvh: BVH, Y up; .npz: plain AMASS), or for a capture a folder: one file a person")
    command.add_argument("--format", choices=("bvh", "amass"), help="what to write (default: by the destination's name, or bvh)")
    command.add_argument("--fps", type=_framerate, metavar="N", help="frames a second (default: the motion's own)")
    command.add_argument("--scale", type=_scale, default=1.0, metavar="S",
                         help="BVH units a metre: 100 writes centimetres (default: 1, metres, as Blender reads it)")


def _add_capture_options(command: argparse.ArgumentParser) -> tuple[argparse.Action, ...]:
    """Add what may be chosen for a capture; return it, for `capture_command`."""
    add = command.add_argument
    return (
        add("--engine", choices=("auto", "keypoints", "mpsnet"), default="auto",
            help="what finds the motion: landmarks alone, or the paper's network with its authors' files "
            "(default: auto, which is keypoints)"),
        add("--people", type=_positive_integer, metavar="N", help="keep the N most present (default: all)"),
        add("--height", type=_height, default=DEFAULT_STATURE, metavar="M",
            help=f"how tall the people are, in metres (default: {DEFAULT_STATURE:.2f})"),
        add("--fov", type=_angle, metavar="DEG",
            help=f"the camera's field of view across the picture's long side (default: measured "
            f"where the video tells it, otherwise {DEFAULT_FOV_DEGREES:g})"),
        add("--start", type=_seconds, default=0.0, metavar="S", help="begin S seconds into the video"),
        add("--end", type=_seconds, default=math.inf, metavar="S", help="end S seconds into the video"),
        add("--device", choices=("auto", "cpu", "cuda", "mps"), default="auto",
            help="where the mpsnet engine computes (default: auto, a GPU where there is one)"),
        add("--lifter", choices=("trained", "analytic"), default="trained",
            help="how the keypoints engine turns landmarks into rotations: by our trained network, or by the analytic "
            "solve alone (default: trained)"),
        add("--refine", action=argparse.BooleanOptionalAction, default=True,
            help="fit the body to the landmarks in the picture at last (default: on)"),
        add("--foot-lock", type=_share, default=1.0, metavar="0..1",
            help="how firmly standing feet and hands on the floor are held; the file keeps the raw motion (default: 1)"),
        add("--preview", action="store_true", help="also write preview.mp4: the skeletons over the footage"),
    )


def capture_command(arguments: argparse.Namespace, video: Path, output: Path) -> list[str]:
    """Return the words that ask for a capture of `video` with the options that `arguments` of a batch hold."""
    words = ["capture", str(video), "--output", str(output)]
    for option in arguments.capture_options:
        value = getattr(arguments, option.dest)
        if value == option.default:
            continue
        if option.nargs == 0:  # a switch: its last name, where it has two, turns it off
            words.append(option.option_strings[0 if value else -1])
        else:
            words += [option.option_strings[0], str(value)]
    return words


def _add_score(command: argparse.ArgumentParser) -> None:
    command.add_argument("capture", type=Path, metavar="CAPTURE_DIR", help="a capture's folder")
    command.add_argument("truth", type=Path, metavar="TRUTH", help="a truth file (.npz) with K, KL, f and cam")


def _add_evaluate(command: argparse.ArgumentParser) -> None:
    command.add_argument("--dataset", choices=("3dpw", "mpii3d", "h36m"), required=True)
    command.add_argument("--data", type=Path, required=True, metavar="FOLDER", help="where the authors' preprocessed sets are")
    command.add_argument("--models", type=Path, dest="checkpoints", default=argparse.SUPPRESS, metavar="DIR",
                         help="the models folder (default: where `models add` keeps them)")
    command.add_argument("--device", choices=("auto", "cpu", "cuda", "mps"), default="auto",
                         help="where to compute (default: auto, a GPU where there is one)")
    command.add_argument("--release-batching", type=_positive_integer, metavar="N",
                         help="repeat the published code's mixing of windows in batches of N (it evaluates with 8)")


def _add_models(command: argparse.ArgumentParser) -> None:
    actions = command.add_subparsers(dest="action", required=True, metavar="ACTION")
    add = actions.add_parser("add", help="check and convert downloaded files: a folder, a zip, or single files")
    add.add_argument("source", type=Path, metavar="PATH")
    actions.add_parser("list", help="tell what is there, what is missing, and where to get it")


def _number(low: float, high: float, what: str):
    def parse(text: str) -> float:
        try:
            value = float(text)
        except ValueError:
            value = math.nan
        if not low <= value <= high:
            raise argparse.ArgumentTypeError(f"{text!r} is not {what} from {low:g} to {high:g}")
        return value
    return parse


_height = _number(0.3, 3.0, "a height in metres")
_angle = _number(5.0, 170.0, "an angle in degrees")
_seconds = _number(0.0, 1e7, "a time in seconds")
_framerate = _number(1.0, 1000.0, "a frame rate")
_share = _number(0.0, 1.0, "a number")
_scale = _number(1e-6, 1e6, "a scale")


def _positive_integer(text: str) -> int:
    if not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of people (1 or more)")
    return int(text)

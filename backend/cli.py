"""The command line: what may be asked of the backend, checked before any work begins."""

from __future__ import annotations

import argparse
import math
from pathlib import Path

from .body import DEFAULT_STATURE
from .camera import DEFAULT_FOV_DEGREES
from .errors import UsageError


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
    _add_score(commands.add_parser("score", help="measure a capture against a truth file"))
    _add_models(commands.add_parser("models", help="take in, or list, the files that the mpsnet engine needs"))
    commands.add_parser("doctor", help="check what the capture needs, and say what is missing")
    return root


def _add_capture(command: argparse.ArgumentParser) -> None:
    command.add_argument("video", type=Path, help="a video: anything that OpenCV opens")
    command.add_argument("--output", type=Path, required=True, metavar="DIR", help="the capture's folder")
    command.add_argument("--engine", choices=("auto", "keypoints", "mpsnet"), default="auto",
                         help="what finds the motion: landmarks alone, or the paper's network with its authors' files "
                         "(default: auto, which is keypoints)")
    command.add_argument("--people", type=_positive_integer, metavar="N", help="keep the N most present (default: all)")
    command.add_argument("--height", type=_height, default=DEFAULT_STATURE, metavar="M",
                         help=f"how tall the people are, in metres (default: {DEFAULT_STATURE:.2f})")
    command.add_argument("--fov", type=_angle, metavar="DEG",
                         help=f"the camera's field of view across the picture's long side (default: {DEFAULT_FOV_DEGREES:g})")
    command.add_argument("--start", type=_seconds, default=0.0, metavar="S", help="begin S seconds into the video")
    command.add_argument("--end", type=_seconds, default=math.inf, metavar="S", help="end S seconds into the video")
    command.add_argument("--device", choices=("auto", "cpu", "cuda", "mps"), default="auto",
                         help="where the mpsnet engine computes (default: auto, a GPU where there is one)")
    command.add_argument("--refine", action=argparse.BooleanOptionalAction, default=True,
                         help="place the mpsnet engine's bodies by the landmarks (default: on)")
    command.add_argument("--preview", action="store_true", help="also write preview.mp4: the skeletons over the footage")


def _add_score(command: argparse.ArgumentParser) -> None:
    command.add_argument("capture", type=Path, metavar="CAPTURE_DIR", help="a capture's folder")
    command.add_argument("truth", type=Path, metavar="TRUTH", help="a truth file (.npz) with K, KL, f and cam")


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


def _positive_integer(text: str) -> int:
    if not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of people (1 or more)")
    return int(text)

"""Converts motion files to the formats of other programs. Needs numpy only."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np

from mpsnet_blender.motion.formats.amass import make_amass_arrays
from mpsnet_blender.motion.formats.bvh import format_bvh, make_bvh_of_motion
from mpsnet_blender.motion.formats.even_rate import resample_evenly
from mpsnet_blender.motion.formats.smpl_rows import RowsOptions
from mpsnet_blender.motion.results.capture_folder import Capture, open_capture, read_motions
from mpsnet_blender.shared.capture_listing import ListedPerson
from mpsnet_blender.shared.motion_file import Motion, MotionFileError
from mpsnet_blender.shared.protocol import Result
from mpsnet_blender.shared.whole_file import open_whole_file

from ..base.errors import ConversionError, OptionError, OutputError

_SUFFIXES = {"bvh": ".bvh", "amass": ".npz"}


def convert(source: Path, destination: Path, format_name: str | None, framerate: float | None, scale: float,
            rows: RowsOptions | None = None) -> Result:
    """Write a motion file, or all people of a capture's folder, in another format, with `scale` BVH units a metre.

    `format_name` is "bvh", "amass", or None: then the destination's name decides. `rows` says what files of other programs may
    not tell. Raises ConversionError, OptionError, OutputError; each file is written whole or not at all, and one that cannot be
    read does not stop the others.
    """
    try:
        capture = open_capture(source)
    except MotionFileError as error:
        raise ConversionError(str(error)) from None
    format_name = format_name or _find_format(destination)
    if format_name == "amass" and scale != 1.0:
        raise OptionError("--scale is for BVH: AMASS files are in metres.", "Omit --scale.")
    targets = _plan_targets(capture, source.is_dir(), destination, _SUFFIXES[format_name])
    written = []
    try:
        read = read_motions(capture, options=rows)
    except MotionFileError as error:
        raise ConversionError(str(error), f"0 of {len(targets)} files were written.") from None
    motions, failures = {person.person_id: motion for person, motion in read.motions}, [*read.failures]
    for person, target in targets:
        if person.person_id not in motions:
            continue
        try:
            motion = resample_evenly(motions.pop(person.person_id), framerate)
        except MotionFileError as error:
            failures.append(str(error))
            continue
        _write(motion, capture.motion_path(person), target, format_name, scale)
        written.append(f"{target.name}: {motion.frame_count} frames, {motion.mocap_framerate:.6g} a second")
    if failures:
        raise ConversionError(" ".join(failures), f"{len(written)} of {len(targets)} files were written.")
    return Result(str(destination.absolute()), "\n".join((*written, *dict.fromkeys(read.notes))))


def _find_format(destination: Path) -> str:
    """Return the format by a name's suffix; BVH for a name without one, as a folder's."""
    suffix = destination.suffix.lower()
    for format_name, format_suffix in _SUFFIXES.items():
        if suffix == format_suffix:
            return format_name
    if suffix and not destination.is_dir():
        raise OptionError(f"{destination.name} has no suffix of a format that can be written.",
                          "End it in .bvh (BVH) or .npz (AMASS), or name the format with --format.")
    return "bvh"


def _plan_targets(capture: Capture, is_folder: bool, destination: Path, suffix: str) -> list[tuple[ListedPerson, Path]]:
    """Return the people to read, each with the file to write."""
    people = capture.people
    if destination.suffix.lower() == suffix and not destination.is_dir():
        if len(people) > 1:
            raise OptionError(f"The capture holds {len(people)} people, and {destination.name} is one file.",
                              "Give a folder as the destination, or one person's motion file as the source.")
        return [(people[0], destination)]
    if not is_folder and len(people) == 1 and not destination.is_dir():
        return [(people[0], destination)]
    return [(person, destination / f"{capture.motion_name(person)}{suffix}") for person in people]


def _write(motion: Motion, source: Path, target: Path, format_name: str, scale: float) -> None:
    if target.exists() and target.samefile(source):
        raise OutputError(f"{target} is the motion file itself.", "Choose another destination: it holds more than AMASS's keys.")
    contents = _make_bvh_bytes(motion, scale) if format_name == "bvh" else _make_amass_bytes(motion)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with open_whole_file(target) as stream:
            stream.write(contents)
    except OSError as error:
        raise OutputError(f"Cannot write {target}: {error.strerror}.",
                          "Choose another destination, or make room there.") from None


def _make_bvh_bytes(motion: Motion, scale: float) -> bytes:
    return format_bvh(make_bvh_of_motion(motion, scale)).encode("ascii")


def _make_amass_bytes(motion: Motion) -> bytes:
    archive = io.BytesIO()
    np.savez_compressed(archive, **make_amass_arrays(motion))  # type: ignore[arg-type]  # no key is named allow_pickle
    return archive.getvalue()

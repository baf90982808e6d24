"""Writing of all people's motion files and pictures, and of their entries in the listing."""

from __future__ import annotations

from pathlib import Path

from mpsnet_blender.shared.arrays.large_arrays import let_go
from mpsnet_blender.shared.capture_listing import ListedPerson, Quality, motion_name, thumbnail_name
from mpsnet_blender.shared.motion_file import Motion, write_motion

from ..engines.engine import CapturedPerson
from .quality import round_quality


def write_people(folder: Path, people: list[CapturedPerson], motions: list[Motion],
                 qualities: list[Quality]) -> tuple[ListedPerson, ...]:
    """Write all people's motion files and pictures; return their entries for the listing."""
    for number, (person, motion) in enumerate(zip(people, motions, strict=True), start=1):
        write_motion(folder / motion_name(number), motion)
        let_go()
        if person.track.thumbnail:
            (folder / thumbnail_name(number)).write_bytes(person.track.thumbnail)
    numbers = range(1, len(people) + 1)
    return tuple(_make_entry(*person) for person in zip(numbers, people, motions, qualities, strict=True))


def _make_entry(number: int, person: CapturedPerson, motion: Motion, quality: Quality) -> ListedPerson:
    return ListedPerson(
        number, motion_name(number), thumbnail_name(number) if person.track.thumbnail else None,
        first_frame=int(motion.frame_index[0]), last_frame=int(motion.frame_index[-1]),
        start_seconds=float(motion.timestamps[0]), end_seconds=float(motion.timestamps[-1]),
        stature=round(person.motion.stature, 3), visible_share=_round_value(quality.visible_share, 4),
        sides_repaired_frames=quality.sides_repaired_frames,
        reprojection_error_px=_round_value(quality.reprojection_error_px, 2), quality=round_quality(quality),
        unrefined_reprojection_error_px=_round_value(person.unrefined_reprojection_error, 2))


def _round_value(value: float | None, digits: int) -> float | None:
    return None if value is None else round(value, digits)

"""Drawing of the preview: the footage with skeletons, boxes and ids over it, to check the motion by eye."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from mpsnet_blender.shared.smpl_skeleton import JOINT_NAMES, PARENTS

from ..base.errors import OutputError, VideoError
from ..video.frames import VideoSpan, read_frames
from ..video.movie_file import MovieFile

_MAX_WIDTH = 1280           # px, for time and file size
_LEFT, _RIGHT, _MIDDLE = (60, 160, 255), (255, 150, 50), (220, 220, 220)     # BGR
_BOX_COLOURS = ((80, 220, 80), (80, 80, 240), (240, 170, 60), (60, 220, 240), (220, 80, 220), (220, 220, 80))
_HIDDEN_SHADE, _HIDDEN_CONFIDENCE = 0.5, 0.3    # bones of joints with less confidence are drawn darker


@dataclass(frozen=True)
class PreviewPerson:
    """One person's drawing: joints (T, 24, 2) px, confidence (T, 24), boxes (T, 4) xyxy px, by frame_index (T,).

    fingers (T, 2, 5, 5, 2) px: left and right, each finger from the wrist to the tip; NaN where a hand was not seen.
    """
    person_id: int
    frame_index: np.ndarray
    joints: np.ndarray
    confidence: np.ndarray
    boxes: np.ndarray
    fingers: np.ndarray | None = None


def write_preview(path: Path, span: VideoSpan, fps: float, people: list[PreviewPerson],
                  on_frame: Callable[[int], None]) -> None:
    """Write an MP4 of the span, at most 1280 px wide, with all people drawn over it. Raises OutputError."""
    scale = min(1.0, _MAX_WIDTH / span.size[0])
    size = tuple(max(2, int(side * scale) // 2 * 2) for side in span.size)
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"mp4v"), fps, size)
    if not writer.isOpened():
        raise OutputError(f"OpenCV cannot write {path.name}.", "Capture without --preview.")
    rows = [dict(zip(person.frame_index.tolist(), range(len(person.frame_index)))) for person in people]
    count = 0
    try:
        for count, frame in enumerate(read_frames(span), start=1):
            picture = cv2.resize(frame.image, size, interpolation=cv2.INTER_AREA) if scale < 1 else \
                frame.image[:size[1], :size[0]].copy()
            for person, row_of in zip(people, rows):
                if frame.index in row_of:
                    _draw_person(picture, person, row_of[frame.index], scale)
            writer.write(picture)
            on_frame(count)
    finally:
        writer.release()
    _require_written(path, count)


def _require_written(path: Path, frame_count: int) -> None:
    """Raise OutputError where a preview is not whole: OpenCV does not say that a disk is full."""
    try:
        with MovieFile(path) as movie:
            written = movie.frame_count
    except VideoError:
        written = 0
    if written < frame_count:
        raise OutputError(f"only {written} of {frame_count} frames could be written.", "Free some space on the disk.")


def _draw_person(picture: np.ndarray, person: PreviewPerson, row: int, scale: float) -> None:
    box = np.round(person.boxes[row] * scale).astype(int)
    colour = _BOX_COLOURS[(person.person_id - 1) % len(_BOX_COLOURS)]
    thickness = max(1, round((box[3] - box[1]) / 160))
    cv2.rectangle(picture, tuple(box[:2].tolist()), tuple(box[2:].tolist()), colour, 1, cv2.LINE_AA)
    label = (int(box[0]), max(14, int(box[1]) - 5))
    cv2.putText(picture, f"{person.person_id}", label, cv2.FONT_HERSHEY_SIMPLEX, 0.6, colour, 2, cv2.LINE_AA)
    limit = 4 * max(picture.shape)
    joints = np.clip(np.round(person.joints[row] * scale), -limit, limit).astype(int)
    for joint, parent in enumerate(PARENTS):
        if parent < 0:
            continue
        shade = 1.0 if person.confidence[row, joint] > _HIDDEN_CONFIDENCE else _HIDDEN_SHADE
        cv2.line(picture, tuple(joints[parent].tolist()), tuple(joints[joint].tolist()),
                 tuple(shade * value for value in _bone_colour(joint)), thickness, cv2.LINE_AA)
    if person.fingers is not None:
        _draw_fingers(picture, person.fingers[row] * scale)


def _draw_fingers(picture: np.ndarray, fingers: np.ndarray) -> None:
    """Draw the fingers (2, 5, 5, 2) px of both hands."""
    limit = 4 * max(picture.shape)
    for hand, colour in zip(fingers, (_LEFT, _RIGHT), strict=True):
        if np.isfinite(hand).all():
            lines = np.clip(np.round(hand), -limit, limit).astype(np.int32)
            cv2.polylines(picture, list(lines), False, colour, 1, cv2.LINE_AA)


def _bone_colour(joint: int) -> tuple[int, int, int]:
    name = JOINT_NAMES[joint]
    return _LEFT if name.startswith("left") else _RIGHT if name.startswith("right") else _MIDDLE

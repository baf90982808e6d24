"""A motion as bytes, to be kept inside a .blend: the raw one that clean-up starts from, and the one that was imported."""

from __future__ import annotations

import io
import zipfile
from dataclasses import dataclass, replace

import numpy as np

from ...shared.motion_file import Motion
from ...shared.smpl_skeleton import JOINT_COUNT
from ..base.rest_pose import relaxed_hands
from ..base.rotations import rotmat_from_rotvec
from ..base.smpl_motion import WorldMotion, raw_motion
from .measured_contacts import measured_contacts

_FORMAT = 1


class StoredMotionError(Exception):
    """Bytes that hold no motion: the message says what to do."""


@dataclass(frozen=True)
class StoredMotion:
    """The motion to clean up, and the one that was imported (the same but for poses and path)."""
    raw: WorldMotion
    imported: WorldMotion


def stored_motion(motion: Motion, relax_hands: bool) -> StoredMotion:
    """Return what is kept of a file's motion; contacts are measured where it tells none at all, as AMASS files do."""
    raw = raw_motion(motion)
    raw = raw if raw.contacts.any() else replace(raw, contacts=measured_contacts(raw))
    imported = replace(raw_motion(replace(motion, raw_poses=None, raw_trans=None)), contacts=raw.contacts)
    return StoredMotion(*(_relaxed(body) if relax_hands else body for body in (raw, imported)))


def motion_bytes(stored: StoredMotion) -> bytes:
    """Return the motion as bytes: an .npz, not compressed, as Blender compresses its files itself where it is told to."""
    stream = io.BytesIO()
    raw, imported = stored.raw, stored.imported
    np.savez(stream, format=np.array(_FORMAT), raw_poses=raw.poses.astype(np.float32), raw_trans=raw.transl.astype(np.float32),
             poses=imported.poses.astype(np.float32), trans=imported.transl.astype(np.float32),
             rest_joints=raw.rest_joints, timestamps=raw.timestamps, contacts=raw.contacts.astype(np.float16))
    return stream.getvalue()


def motion_from_bytes(content: bytes) -> StoredMotion:
    """Return the motion that `motion_bytes` made bytes of. Raises StoredMotionError."""
    try:
        with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
            if int(arrays["format"]) != _FORMAT:
                raise ValueError("another format")
            rest, times, contacts = (arrays[name].astype(np.float64) for name in ("rest_joints", "timestamps", "contacts"))
            raw, imported = (WorldMotion(rotmat_from_rotvec(arrays[f"{kind}poses"].reshape(-1, JOINT_COUNT, 3)),
                                         arrays[f"{kind}trans"].astype(np.float64), rest, times, contacts)
                             for kind in ("raw_", ""))
    except (ValueError, KeyError, OSError, EOFError, zipfile.BadZipFile) as error:
        raise StoredMotionError(f"The motion kept in this file cannot be read ({error}). Import the motion file again.") from None
    return StoredMotion(raw, imported)


def _relaxed(body: WorldMotion) -> WorldMotion:
    return body.with_pose(rotmat_from_rotvec(relaxed_hands(body.poses)), body.transl)

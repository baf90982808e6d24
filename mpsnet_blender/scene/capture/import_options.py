"""The user's choices for an import."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class ImportOptions:
    """The user's choices. With the defaults, the import only adds to the scene."""
    start_frame: int = 1
    set_scene_fps: bool = False
    extend_scene_range: bool = False
    match_resolution: bool = False
    with_camera: bool = True
    with_body: bool = True
    only_while_seen: bool = True
    relax_hands: bool = True

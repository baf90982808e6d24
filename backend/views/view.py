"""One of several views: what a camera saw, and the people whom an engine solved in it."""

from __future__ import annotations

from dataclasses import dataclass

from ..camera.viewpoint import Viewpoint
from ..engines.engine import CapturedPerson, Shot


@dataclass(frozen=True)
class View:
    """A video's shot and camera, the people solved in its axes, and whether its lens was given or read from the file."""
    shot: Shot
    viewpoint: Viewpoint
    people: list[CapturedPerson]
    lens_is_known: bool

    @property
    def name(self) -> str:
        return self.shot.span.path.name

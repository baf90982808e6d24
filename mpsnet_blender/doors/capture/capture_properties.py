"""How to capture: the choices of the panel, made of what `shared.capture_request` declares."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any

import bpy

from ...shared.capture_request import (
    DEGREES,
    METRES,
    OPTIONS,
    SECONDS,
    SHARE,
    CaptureRequest,
    Choice,
    LeftOpen,
    Number,
    Option,
    options_of,
)

# Not METRES: Blender converts a "LENGTH" by the scene's Unit Scale, and the people of a video keep their height in any scene.
_HOW_SHOWN = {DEGREES: {"subtype": "ANGLE"}, SECONDS: {"unit": "TIME_ABSOLUTE"}, SHARE: {"subtype": "FACTOR"}}
_FLOAT_DIGITS = 7  # that are sure in the single precision of Blender's numbers: 1.8 and no 1.7999999523


def _properties_of(option: Option) -> Iterator[tuple[str, Any]]:
    """Yield the names and declarations of an option's properties: the choice, and the check mark where it has one."""
    words = {"name": option.label, "description": option.description}
    if isinstance(option, Choice):
        entries = [(entry.name, entry.label, entry.description) for entry in option.entries]
        yield option.property_name, bpy.props.EnumProperty(items=entries, default=option.default, **words)
    elif not isinstance(option, Number):
        yield option.property_name, bpy.props.BoolProperty(default=option.default, **words)
    elif option.left_open is None:
        words["description"] += ". In metres, whatever the scene's unit" if option.unit == METRES else ""
        default, least = _shown(option, option.default), _shown(option, option.low)
        yield option.property_name, _number(option, default=default, min=least, **words)
    else:
        yield option.left_open.check_mark, _check_mark(option, option.left_open)
        words["description"] += f". 0: {option.left_open.meaning}"
        yield option.property_name, _number(option, default=0, min=0, update=_keep_above(option), **words)


def _number(option: Number, **settings: Any) -> Any:
    settings |= {"soft_min": _shown(option, option.low), **_HOW_SHOWN.get(option.unit, {})}
    if option.high != math.inf:
        settings["max"] = _shown(option, option.high)
    return (bpy.props.IntProperty if option.unit.is_whole else bpy.props.FloatProperty)(**settings)


def _check_mark(option: Number, left_open: LeftOpen) -> Any:
    """Return the check mark before a number that is 0 where it is left open: taken away, it sets the 0, and it is nothing that is
    saved besides."""
    name = option.property_name

    def is_on(self) -> bool:
        return getattr(self, name) > 0

    def switch(self, wanted: bool) -> None:
        if wanted != is_on(self):
            before = getattr(self, OPTIONS[left_open.after].property_name) if left_open.after else 0
            setattr(self, name, before + _shown(option, left_open.first_value) if wanted else 0)

    return bpy.props.BoolProperty(name=left_open.check_mark_label, get=is_on, set=switch,
                                  description=f"{option.description}. Off: {left_open.meaning}")


def _keep_above(option: Number) -> Callable[[Any, Any], None]:
    """Return what raises a number between 0, left open, and the least one that a capture takes."""
    least, name = _shown(option, option.low), option.property_name

    def raise_it(self, _context) -> None:
        if 0 < getattr(self, name) < least and not math.isclose(getattr(self, name), least, rel_tol=1e-6):
            setattr(self, name, least)

    return raise_it


def _shown(option: Number, value: float) -> float:
    """Return a number in the unit that Blender keeps it in: angles in radians."""
    return math.radians(value) if option.unit == DEGREES else value


def _requested(option: Option, value: Any) -> Any:
    """Return a property's value as a request has it."""
    if not isinstance(option, Number):
        return value
    if option.left_open and value == 0:
        return None
    if option.unit.is_whole:
        return value
    number = float(f"{math.degrees(value) if option.unit == DEGREES else value:.{_FLOAT_DIGITS}g}")
    return min(max(number, option.low), option.high)


class CaptureProperties:
    """The choices of a capture. A number that may be left open is 0 then, and has a check mark that says so."""
    __annotations__ = {name: declaration for option in OPTIONS.values() for name, declaration in _properties_of(option)}

    def capture_request(self: bpy.types.PropertyGroup) -> CaptureRequest:
        """Return the choices that the chosen engine uses, all else as by default."""
        used = options_of(self.engine)
        return CaptureRequest(**{option.name: _requested(option, getattr(self, option.property_name)) for option in used})

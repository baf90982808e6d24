"""Blender properties for the options of a capture, made from the declarations in `shared.capture_request`."""

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
from ..common.engine_choice import chosen_engine

# METRES are missing, because Blender converts a "LENGTH" by the scene's Unit Scale, and a person's height does not depend on it.
_SUBTYPES = {DEGREES: {"subtype": "ANGLE"}, SECONDS: {"unit": "TIME_ABSOLUTE"}, SHARE: {"subtype": "FACTOR"}}
_FLOAT_DIGITS = 7  # significant digits of Blender's 32-bit numbers: 1.8 instead of 1.7999999523


def _make_properties(option: Option) -> Iterator[tuple[str, Any]]:
    """Yield names and declarations of an option's properties: its value, and its check mark if it has one."""
    words = {"name": option.label, "description": option.description}
    if isinstance(option, Choice):
        entries = [(entry.name, entry.label, entry.description, "NONE", place if entry.number is None else entry.number)
                   for place, entry in enumerate(option.entries)]
        yield option.property_name, bpy.props.EnumProperty(items=entries, default=option.default, **words)
    elif not isinstance(option, Number):
        yield option.property_name, bpy.props.BoolProperty(default=option.default, **words)
    elif option.left_open is None:
        words["description"] += ". In metres, whatever the scene's unit" if option.unit == METRES else ""
        default, least = _convert_to_property(option, option.default), _convert_to_property(option, option.low)
        yield option.property_name, _make_number(option, default=default, min=least, **words)
    else:
        yield option.left_open.check_mark, _make_check_mark(option, option.left_open)
        words["description"] += f". 0: {option.left_open.meaning}"
        yield option.property_name, _make_number(option, default=0, min=0, update=_make_number_update(option), **words)


def _make_number(option: Number, **settings: Any) -> Any:
    settings |= {"soft_min": _convert_to_property(option, option.low), **_SUBTYPES.get(option.unit, {})}
    if option.high != math.inf:
        settings["max"] = _convert_to_property(option, option.high)
    return (bpy.props.IntProperty if option.unit.is_whole else bpy.props.FloatProperty)(**settings)


def _make_check_mark(option: Number, left_open: LeftOpen) -> Any:
    """Return the check mark before a number that may be left open: on while the number is above 0; unchecking sets it to 0. It is
    computed from the number, so nothing else is saved."""
    name = option.property_name

    def is_on(self) -> bool:
        return getattr(self, name) > 0

    def switch(self, wanted: bool) -> None:
        if wanted != is_on(self):
            before = getattr(self, OPTIONS[left_open.after].property_name) if left_open.after else 0
            setattr(self, name, before + _convert_to_property(option, left_open.first_value) if wanted else 0)

    return bpy.props.BoolProperty(name=left_open.check_mark_label, get=is_on, set=switch,
                                  description=f"{option.description}. Off: {left_open.meaning}")


def _make_number_update(option: Number) -> Callable[[Any, Any], None]:
    """Return the function that Blender calls after a change: it raises numbers between 0 (left open) and the option's minimum."""
    least, name = _convert_to_property(option, option.low), option.property_name

    def raise_to_minimum(self, _context) -> None:
        if 0 < getattr(self, name) < least and not math.isclose(getattr(self, name), least, rel_tol=1e-6):
            setattr(self, name, least)

    return raise_to_minimum


def _convert_to_property(option: Number, value: float) -> float:
    """Return a number in the unit of its Blender property: angles in radians."""
    return math.radians(value) if option.unit == DEGREES else value


def _convert_to_request(option: Option, value: Any) -> Any:
    """Return a property's value in the form of a CaptureRequest: None for a number left open, angles in degrees."""
    if not isinstance(option, Number):
        return value
    if option.left_open and value == 0:
        return None
    if option.unit.is_whole:
        return value
    number = float(f"{math.degrees(value) if option.unit == DEGREES else value:.{_FLOAT_DIGITS}g}")
    return min(max(number, option.low), option.high)


class CaptureProperties:
    """The options of a capture. A number that is left open is 0; a check mark switches it on and off."""
    __annotations__ = {name: declaration for option in OPTIONS.values() for name, declaration in _make_properties(option)}

    def capture_request(self: bpy.types.PropertyGroup) -> CaptureRequest:
        """Return the options that the chosen engine uses, and defaults for all others."""
        return CaptureRequest(**{option.name: _convert_to_request(option, getattr(self, option.property_name))
                                 for option in options_of(chosen_engine(self).name)})
